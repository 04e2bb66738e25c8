"""Dragging an order to another price, as far as today's order road goes: a cancel and, once it is sure, a new order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from terminal.app import formats
from terminal.app.ports import OrderDraft, OrderRow
from terminal.app.views.ladder_keys import describe, would_trade, wrong_with
from terminal.core.instruments import Instrument
from terminal.core.orders import OrderState, OrderType, Origin, Side

PATIENCE_NS = 5_000_000_000
"""How long a move waits for its cancel; after that nothing new is sent."""


@dataclass(frozen=True, slots=True)
class MoveStep:
    """What to do next: ask for ``cancels``, or send ``draft``, or put it into the ticket; and what to say."""

    sentence: str
    cancels: tuple[str, ...] = ()
    draft: OrderDraft | None = None
    sends: bool = False


@dataclass(frozen=True, slots=True)
class _Move:
    order_id: str
    to_px: int
    since_ns: int


class OrderMoves:
    """The moves under way of one ladder. Never two orders at once: the new one waits until the old one is cancelled."""

    def __init__(self) -> None:
        self._moves: list[_Move] = []
        self._instrument: Instrument | None = None

    @property
    def are_waiting(self) -> bool:
        """Whether a cancel is awaited."""
        return bool(self._moves)

    def drop(self) -> None:
        """Sends nothing new for the moves under way; their cancels stand."""
        self._moves = []

    def start(
        self,
        instrument: Instrument,
        orders: Sequence[OrderRow],
        to_px: int,
        quote: np.void,
        *,
        is_armed: bool,
        wall_ns: int,
    ) -> MoveStep:
        """Begins to move limit orders of one side to a price, or says why not."""
        if not orders:
            return MoveStep("There is no order to move.")
        if not is_armed:
            return MoveStep(
                "Disarmed: nothing was moved. Arm the account (Ctrl+Alt+A), or click the order to cancel it."
            )
        wrong = wrong_with(instrument, to_px)
        if wrong:
            return MoveStep(wrong)
        price, side = formats.price(to_px, instrument), orders[0].side
        if would_trade(side, to_px, quote):
            return MoveStep(f"At {price} it would trade at once; cancel it and use the ticket.")
        if any(order.state not in {OrderState.WORKING, OrderState.PARTIALLY_FILLED} for order in orders):
            return MoveStep("The order is not sure yet; wait for the venue's answer.")
        self._instrument = instrument
        ids = tuple(order.order_id for order in orders)
        moving = {each.order_id for each in self._moves}
        self._moves += [_Move(each, to_px, wall_ns) for each in ids if each not in moving]
        return MoveStep(f"Moving to {price}: cancel asked for, the new order follows.", ids)

    def step(self, orders: Iterable[OrderRow], quote: np.void, *, is_armed: bool, wall_ns: int) -> list[MoveStep]:
        """What the venue's answers allow now."""
        if not self._moves or self._instrument is None:
            return []
        by_id = {order.order_id: order for order in orders}
        steps, waiting = [], []
        for move in self._moves:
            found = self._next(self._instrument, move, by_id.get(move.order_id), quote, is_armed, wall_ns)
            if found is None:
                waiting.append(move)
            else:
                steps.append(found)
        self._moves = waiting
        return steps

    @staticmethod
    def _next(
        instrument: Instrument, move: _Move, order: OrderRow | None, quote: np.void, is_armed: bool, wall_ns: int
    ) -> MoveStep | None:
        late = wall_ns - move.since_ns > PATIENCE_NS
        if order is not None and order.state is OrderState.CANCELLED and order.filled < order.quantity and not late:
            draft = OrderDraft(
                order.instrument, Side(order.side), order.quantity - order.filled, OrderType.LIMIT, move.to_px,
                order.time_in_force, order.effect, Origin.LADDER,
            )  # fmt: skip
            text = describe(instrument, draft)
            if not is_armed:
                return MoveStep(
                    f"Disarmed meanwhile: {text} is in the ticket, the old order is cancelled.", draft=draft
                )
            if would_trade(draft.side, move.to_px, quote):
                return MoveStep(f"{text} would trade at once by now; confirm it in the ticket.", draft=draft)
            return MoveStep(f"Moved: {text}.", draft=draft, sends=True)
        if order is None or order.state.is_terminal:
            word = "gone" if order is None else order.state.value
            return MoveStep(f"Not moved: the order is {word}; nothing new was sent.")
        if late:
            return MoveStep("Not moved: the cancel has no answer yet; nothing new was sent.")
        return None
