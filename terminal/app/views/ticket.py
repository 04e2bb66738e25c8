"""The order ticket: what is being written, what it would cost, and the two steps to send it once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from terminal.app import formats
from terminal.app.ports import OrderDraft, OrderRow
from terminal.app.views.ladder_keys import describe
from terminal.app.views.order_words import action_words, price_words, state_words
from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX, notional_e4
from terminal.core.orders import Effect, OrderState, OrderType, Side, TimeInForce
from terminal.market.rows import Quality
from terminal.risk.pretrade import Verdict


class Judge(Protocol):
    """Says what the gate would say, without sending."""

    def judge(self, draft: OrderDraft) -> Verdict:
        """The verdict on a draft now."""
        ...


class Stage(Enum):
    """Where the ticket stands. Only PREVIEW can send, and sending leaves it."""

    EDIT = "edit"
    PREVIEW = "preview"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a draft would do; None is unknown. ``cost_e4`` is what is paid (negative: received) before fees."""

    action: str = ""
    cost_e4: int | None = None
    fees_e4: int | None = None
    buying_power_e4: int | None = None
    buying_power_after_e4: int | None = None
    problem: str = ""

    @property
    def cost_words(self) -> str:
        """``pay 160.00``, ``receive 110.00`` or a dash."""
        if self.cost_e4 is None:
            return formats.MISSING
        return f"{'pay' if self.cost_e4 >= 0 else 'receive'} {formats.money(abs(self.cost_e4))}"


class TicketModel:
    """One order at a time: edit, preview, sent once. UI thread only; the panel sends what :meth:`confirm` gives."""

    def __init__(self) -> None:
        self.instrument: Instrument | None = None
        self.side = Side.BUY
        self.quantity = 1
        self.order_type = OrderType.LIMIT
        self.limit_px: int | None = None
        self.time_in_force = TimeInForce.DAY
        self.effect: Effect | None = None
        self.follows = True
        """The limit is where a fresh ticket would start, and moves with the market until a person writes one."""
        self.stage = Stage.EDIT
        self.order_id = ""
        self._held: OrderDraft | None = None

    def show(self, instrument: Instrument, quote: np.void) -> None:
        """Another instrument: the price starts from its market and a preview is dropped."""
        self.instrument = instrument
        self.effect = None
        self.follows = True
        self.limit_px = default_limit(instrument, self.side, quote)
        self.drop()

    def take(self, draft: OrderDraft, instrument: Instrument, quote: np.void) -> None:
        """Fills the ticket from a draft made elsewhere; it still has to be previewed and confirmed."""
        self.instrument = instrument
        self.side, self.quantity, self.order_type = draft.side, draft.quantity, draft.order_type
        self.time_in_force, self.effect = draft.time_in_force, draft.effect
        self.follows = draft.limit_px is None
        self.limit_px = default_limit(instrument, self.side, quote) if self.follows else draft.limit_px
        self.drop()

    def follow(self, quote: np.void) -> bool:
        """Moves a limit that nobody wrote with the market, while the ticket is being written; True when it moved."""
        if self.instrument is None or not self.follows or self.stage is not Stage.EDIT:
            return False
        px = default_limit(self.instrument, self.side, quote)
        moved, self.limit_px = px != self.limit_px, px
        return moved

    @property
    def draft(self) -> OrderDraft | None:
        """What is written now; None while a part is missing."""
        if self.instrument is None or self.quantity < 1:
            return None
        is_limit = self.order_type is OrderType.LIMIT
        if is_limit and self.limit_px is None:
            return None
        return OrderDraft(
            self.instrument.id, self.side, self.quantity, self.order_type,
            self.limit_px if is_limit else None, self.time_in_force, self.effect,
        )  # fmt: skip

    def missing(self) -> str:
        """What is not written yet, as a sentence; empty when the draft is whole."""
        if self.instrument is None:
            return "Choose a symbol: click a price in the chain or the ladder, or type it."
        if not self.instrument.is_tradable:
            return f"{self.instrument.label} is an index and cannot be bought or sold; choose one of its options."
        if self.quantity < 1:
            return "The quantity must be a whole number above zero."
        if self.order_type is OrderType.LIMIT and self.limit_px is None:
            return "Write a limit price on the tick."
        return ""

    def preview(self) -> bool:
        """Holds the draft as it is written now, for one send; False when it is not whole."""
        self._held = None if self.missing() else self.draft
        self.stage = Stage.PREVIEW if self._held is not None else Stage.EDIT
        return self._held is not None

    @property
    def held(self) -> OrderDraft | None:
        """What the preview shows and :meth:`confirm` would send."""
        return self._held

    def sentence(self, effect: Effect | None) -> str:
        """``BTO 1 GOOG 2015-12-24 750 C at 1.60, day``, of the held draft or of what is written."""
        draft = self._held or self.draft
        if draft is None or self.instrument is None:
            return ""
        text = describe(self.instrument, draft)
        action = action_words(draft.side, effect or draft.effect, self.instrument)
        return f"{action}{text.removeprefix(draft.side.name)}, {draft.time_in_force.value}"

    def short(self, effect: Effect | None) -> str:
        """``BTO 1 @ 1.60``: what a button has room for."""
        draft = self._held or self.draft
        if draft is None or self.instrument is None:
            return ""
        price = price_words(draft.order_type, draft.limit_px, self.instrument)
        action = action_words(draft.side, effect or draft.effect, self.instrument)
        return f"{action} {formats.size(draft.quantity)} @ {price}"

    def confirm(self) -> OrderDraft | None:
        """The held draft, once: a second call gives None until the next preview."""
        if self.stage is not Stage.PREVIEW:
            return None
        draft, self._held = self._held, None
        self.stage = Stage.SENT
        return draft

    def sent(self, order_id: str) -> None:
        """The desk's id of what was sent, to follow it."""
        self.order_id = order_id

    def drop(self) -> None:
        """Back to editing; nothing is sent."""
        self._held = None
        self.stage = Stage.EDIT

    def edited(self) -> None:
        """A field was changed: what was previewed is no longer what is written."""
        if self.stage is not Stage.EDIT:
            self.drop()


def default_limit(instrument: Instrument, side: Side, quote: np.void) -> int | None:
    """Where a limit starts: the mid on the tick for an option, the own side for shares; the only side, or the last."""
    bid, ask = int(quote["bid_px"]), int(quote["ask_px"])
    table = instrument.tick_class.table
    quality = Quality(int(quote["quality"]))
    if quality in {Quality.OK, Quality.LOCKED}:
        if instrument.option is not None:
            return max(table.nearest((bid + ask) // 2), table.increment(0))
        return bid if side is Side.BUY else ask
    if quality is Quality.BID_ONLY:
        return table.nearest(bid)
    if quality is Quality.ASK_ONLY and bid == 0 and instrument.option is not None:
        return max(table.nearest(ask // 2), table.increment(0))
    if quality is Quality.ASK_ONLY:
        return table.nearest(ask)
    last = int(quote["last_px"])
    return None if last == ABSENT_PX or last <= 0 else table.nearest(last)


def estimate(draft: OrderDraft, instrument: Instrument, quote: np.void, judge: Judge | None) -> Estimate:
    """What ``draft`` would do: the gate's own verdict where there is one, else price times quantity alone."""
    px = draft.limit_px
    if px is None:
        px = int(quote["ask_px"] if draft.side is Side.BUY else quote["bid_px"])
    cost_e4 = None
    if px != ABSENT_PX:
        cost_e4 = notional_e4(px, draft.side * draft.quantity, instrument.multiplier, instrument.price_scale)
    if judge is None:
        return Estimate(action_words(draft.side, draft.effect, instrument), cost_e4)
    verdict = judge.judge(draft)
    leg = verdict.intent.only_leg
    fees_e4 = None
    if verdict.cash_after_e4 is not None and cost_e4 is not None:
        fees_e4 = verdict.cash_before_e4 - verdict.cash_after_e4 - cost_e4
    return Estimate(
        action_words(leg.side, leg.effect, instrument), cost_e4, fees_e4,
        verdict.buying_power_before_e4, verdict.buying_power_after_e4, verdict.sentence,
    )  # fmt: skip


def effect_of(judge: Judge | None, draft: OrderDraft) -> Effect | None:
    """Whether the draft opens or closes, as the gate infers it; None while nobody can say."""
    if draft.effect is not None or judge is None:
        return draft.effect
    return judge.judge(draft).intent.only_leg.effect


def outcome(order: OrderRow, instrument: Instrument) -> str:
    """What became of the order that the ticket sent, in a sentence."""
    if order.state in {OrderState.DENIED, OrderState.REJECTED}:
        return order.reason or f"The order was {state_words(order.state)}."
    text = f"{formats.size(order.quantity)} {instrument.label}: {state_words(order.state)}"
    if order.average_px is not None and order.filled:
        text += f", {formats.size(order.filled)} at {formats.average_price(order.average_px, instrument)}"
    return f"{text}."
