"""What the mouse does on a ladder: words before a click, orders by a click, moves by a drag."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QObject, Slot

from terminal.app.looking_back import NO_ORDERS, looks_back
from terminal.app.ports import OrderDraft, OrderRow
from terminal.app.views import ladder_keys
from terminal.app.views.ladder_keys import Doing, LadderAction, Wish
from terminal.app.views.ladder_moves import MoveStep, OrderMoves
from terminal.app.views.ladder_rows import LadderRows, OwnOrder
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.panel import PanelContext
from terminal.ui.panels.ladder.canvas import OWN, LadderCanvas, Spot


class LadderHands(QObject):
    """Connects a canvas with the desk. ``say`` shows a sentence, ``propose`` fills the ticket."""

    def __init__(
        self,
        context: PanelContext,
        canvas: LadderCanvas,
        quantity: Callable[[], int],
        say: Callable[[str], None],
        propose: Callable[[OrderDraft], None],
    ) -> None:
        super().__init__(canvas)
        self._context, self._canvas = context, canvas
        self._quantity, self._say, self._propose = quantity, say, propose
        self._moves = OrderMoves()
        self._rows: LadderRows | None = None
        self._instrument: Instrument | None = None
        self._wall_ns = 0
        self.spot: Spot | None = None
        self._alt = False
        canvas.pressed.connect(self._pressed)
        canvas.dragged.connect(self._dragged)
        canvas.hovered.connect(self._hovered)
        canvas.alt_changed.connect(self._alt_changed)

    def show(self, instrument: Instrument) -> None:
        """Another instrument: what is under way ends."""
        self._instrument, self._rows = instrument, None
        self.drop()

    def drop(self) -> bool:
        """What is under way ends: an order in the hand goes back to its price; True when a move had begun."""
        had_begun = self._moves.are_waiting
        self._moves.drop()
        self._canvas.drop_drag()
        return had_begun

    def refresh(self, rows: LadderRows, orders: Sequence[OrderRow], wall_ns: int) -> bool:
        """Goes on with moves; True while a cancel is awaited."""
        self._rows, self._wall_ns = rows, wall_ns
        instrument = self._instrument
        if instrument is not None and self._moves.are_waiting:
            for step in self._moves.step(orders, self.quote(instrument), is_armed=self._is_armed, wall_ns=wall_ns):
                self._take(step)
        self.write_ghost()
        return self._moves.are_waiting

    def quote(self, instrument: Instrument) -> np.void:
        """The quote now."""
        found: np.void = self._context.desk.market.read(np.array([instrument.id], np.int32))[0]
        return found

    def write_ghost(self) -> None:
        """What a click here would do, before it is done."""
        spot, instrument, rows = self.spot, self._instrument, self._rows
        if spot is None or spot.side is None or instrument is None or rows is None or spot.row >= len(rows.prices):
            return
        if self._is_past:
            self._canvas.show_ghost("", False)
            return
        text, sends = ladder_keys.ghost_words(
            instrument, spot.side, int(rows.prices[spot.row]), self._quantity(), self.quote(instrument),
            is_armed=self._is_armed, alt=self._alt,
        )  # fmt: skip
        self._canvas.show_ghost(text, sends)

    @property
    def _is_past(self) -> bool:
        return looks_back(self._context.desk.past)

    @property
    def _is_armed(self) -> bool:
        return bool(self._context.desk.arming.is_armed)

    @Slot(object)
    def _hovered(self, spot: Spot | None) -> None:
        self.spot = spot
        self.write_ghost()

    @Slot(bool)
    def _alt_changed(self, alt: bool) -> None:
        if alt != self._alt:
            self._alt = alt
            self.write_ghost()

    @Slot(object, object)
    def _pressed(self, spot: Spot, wish: Wish) -> None:
        instrument, rows = self._instrument, self._rows
        if instrument is None or rows is None or spot.side is None or spot.row >= len(rows.prices):
            return
        if spot.zone in OWN:
            self._cancel([order for order in rows.own[spot.row] if order.side is spot.side])
            return
        if self._is_past:
            self._say(NO_ORDERS)
            return
        self._do(
            ladder_keys.action_of_wish(
                instrument, wish, spot.side, int(rows.prices[spot.row]), self._quantity(), self.quote(instrument),
                is_armed=self._is_armed,
            )
        )  # fmt: skip

    @Slot(int, int, object)
    def _dragged(self, from_px: int, row: int, side: Side) -> None:
        instrument, rows = self._instrument, self._rows
        if instrument is None or rows is None or row >= len(rows.prices):
            return
        places = np.flatnonzero(rows.prices == from_px)
        ids = {order.order_id for place in places.tolist() for order in rows.own[place] if order.side is side}
        orders = [order for order in self._context.desk.trading.snapshot().orders if order.order_id in ids]
        step = self._moves.start(
            instrument, orders, int(rows.prices[row]), self.quote(instrument), is_armed=self._is_armed,
            wall_ns=self._wall_ns,
        )  # fmt: skip
        self._take(step)

    def _do(self, action: LadderAction) -> None:
        if action.draft is not None and action.doing is Doing.SEND:
            self._context.desk.trading.submit(action.draft)
        elif action.draft is not None:
            self._propose(action.draft)
        self._say(action.sentence)

    def _take(self, step: MoveStep) -> None:
        for each in step.cancels:
            self._context.desk.trading.cancel(each)
        if step.draft is not None and step.sends:
            self._context.desk.trading.submit(step.draft)
        elif step.draft is not None:
            self._propose(step.draft)
        self._say(step.sentence)

    def _cancel(self, mine: list[OwnOrder]) -> None:
        for order in mine:
            self._context.desk.trading.cancel(order.order_id)
        if mine:
            self._say(f"Cancel asked for {len(mine)} order{'' if len(mine) == 1 else 's'}.")
