"""The paper exchange: orders match what is visible, and nothing else.

An order fills at the quote that it meets, up to the visible size, and a visible size fills once until that side of the
quote changes. Crossed, zero, absent and closed quotes fill nothing, nor do a bar's high and low.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.clock import Clock, from_ns
from terminal.core.instruments import CAPACITY, Instrument, InstrumentTable
from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX
from terminal.core.orders import (
    DenyReason,
    ExecutionReport,
    Fill,
    OrderIntent,
    OrderType,
    ReportKind,
    Side,
    TimeInForce,
)
from terminal.exchange.fees import FeeSchedule
from terminal.market.rows import Quality
from terminal.portfolio.valuation import QuoteReader
from terminal.trading.order_view import OrderView
from terminal.trading.ports import ReportSink

_OVER = frozenset({Phase.CLOSED, Phase.AFTER_HOURS})


@dataclass(slots=True)
class _Resting:
    """An order at the exchange; ``rank`` is the order of arrival, which also decides among equal prices."""

    intent: OrderIntent
    remaining: int
    rank: int
    fills: int

    @property
    def instrument(self) -> int:
        return self.intent.only_leg.instrument

    @property
    def side(self) -> Side:
        return self.intent.only_leg.side


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was taken from one side of a quote: of the price ``px`` that has stood since ``side_ts_ns``."""

    px: int
    side_ts_ns: int
    size: int


class PaperExchange:
    """A venue's order side without a venue; implements ``trading.ports.VenueOrders``.

    ``watched``: by instrument id, True where an order rests, for the engine. Orders are submitted on the orders
    thread and matched on the engine thread; a lock keeps the two apart.
    """

    name = "paper"

    def __init__(
        self,
        table: InstrumentTable,
        quotes: QuoteReader,
        clock: Clock,
        fees: FeeSchedule,
        sink: ReportSink,
    ) -> None:
        self.watched: npt.NDArray[np.bool_] = np.zeros(CAPACITY, np.bool_)
        self._table = table
        self._quotes = quotes
        self._clock = clock
        self._fees = fees
        self._sink = sink
        self._lock = threading.RLock()
        self._orders: dict[str, _Resting] = {}
        self._by_instrument: dict[int, dict[str, _Resting]] = {}
        self._taken: dict[tuple[int, Side], _Taken] = {}
        self._old_fills: list[Fill] = []
        self._ranks = 0
        self._not_before_ns = 0

    def supports(self, intent: OrderIntent) -> DenyReason | None:
        """Single-leg orders in instruments that can be traded, in dollars."""
        if len(intent.legs) != 1:
            return DenyReason.NOT_SUPPORTED
        row = self._table.get(intent.only_leg.instrument)
        return None if row.is_tradable and row.currency == "USD" else DenyReason.NOT_SUPPORTED

    def submit(self, intent: OrderIntent) -> None:
        """Takes an order: answers ACCEPTED or REJECTED, then matches it against the quote of this instant."""
        now_ns = self._clock.now_ns()
        with self._lock:
            if intent.order_id in self._orders:
                return
            row = self._table.get(intent.only_leg.instrument)
            quote = self._quotes.read_one(row.id)
            refusal = self._refusal(intent, row, quote, now_ns)
            if refusal:
                self._sink(ExecutionReport(ReportKind.REJECTED, intent.order_id, now_ns, reason=refusal))
                return
            order = self._add(intent, intent.quantity * intent.only_leg.ratio, 0)
            self._report(order, ReportKind.ACCEPTED, now_ns)
            self._match(row, quote, [order], now_ns)
            if order.remaining and intent.time_in_force is TimeInForce.IOC:
                self._end(order, ReportKind.CANCELLED, now_ns, "What could not be filled at once was cancelled (ioc).")

    def cancel(self, order_id: str) -> None:
        """Cancels what rests; an order that does not rest is answered with CANCEL_REJECTED."""
        now_ns = self._clock.now_ns()
        with self._lock:
            order = self._orders.get(order_id)
            if order is not None:
                self._end(order, ReportKind.CANCELLED, now_ns, "")
                return
        reason = "The order is not working at the exchange."
        self._sink(ExecutionReport(ReportKind.CANCEL_REJECTED, order_id, now_ns, reason=reason))

    def query(self, order_id: str) -> None:
        """Answers ACCEPTED for what rests and REJECTED for what the exchange does not have."""
        now_ns = self._clock.now_ns()
        with self._lock:
            order = self._orders.get(order_id)
            if order is not None:
                self._report(order, ReportKind.ACCEPTED, now_ns)
                return
        reason = "The exchange never received the order."
        self._sink(ExecutionReport(ReportKind.REJECTED, order_id, now_ns, reason=reason))

    def restore(self, orders: Sequence[OrderView], fills: Sequence[Fill], market_ns: int) -> None:
        """After a restart: takes the orders of the book of record back, in their order, with what was filled.

        The market that runs up to ``market_ns`` again is the past: nothing fills or ends in it. Orders without a
        clear answer never reached this exchange, since it went down with the desk.
        """
        with self._lock:
            self._old_fills = list(fills)
            self._not_before_ns = market_ns
            for view in orders:
                if view.venue_order_id and len(view.intent.legs) == 1 and view.order_id not in self._orders:
                    left = view.quantity * view.intent.only_leg.ratio - view.leg_filled[0]
                    self._add(view.intent, left, view.fill_count)

    def on_instant(self, ts_ns: int, instruments: Iterable[int]) -> None:
        """Matches resting orders in ``instruments`` (numbers or an array of ids) after all data of an instant."""
        with self._lock:
            if ts_ns < self._not_before_ns:
                return
            for instrument in sorted({int(each) for each in instruments}):
                resting = self._by_instrument.get(instrument)
                if resting:
                    row = self._table.get(instrument)
                    self._match(row, self._quotes.read_one(instrument), list(resting.values()), ts_ns)

    def on_phase(self, ts_ns: int) -> None:
        """After a phase of trading has begun or a contract has stopped trading: ends what is over, matches what may.

        Call it at every open, close, halt and expiry, after the data of that instant.
        """
        with self._lock:
            if ts_ns < self._not_before_ns:
                return
            for instrument in sorted(self._by_instrument):
                row = self._table.get(instrument)
                quote = self._quotes.read_one(instrument)
                orders = list(self._by_instrument[instrument].values())
                for order in orders:
                    reason = _over(order.intent, row, quote, ts_ns)
                    if reason:
                        self._end(order, ReportKind.EXPIRED, ts_ns, reason)
                self._match(row, quote, [each for each in orders if each.intent.order_id in self._orders], ts_ns)

    def resting_ids(self) -> list[str]:
        """Ids of the orders that rest here, oldest first."""
        with self._lock:
            return list(self._orders)

    def _refusal(self, intent: OrderIntent, row: Instrument, quote: Any, now_ns: int) -> str:
        phase = Phase(int(quote["phase"]))
        if row.option is not None and now_ns >= row.option.expires_ns:
            return f"{row.label} has stopped trading."
        at_once = intent.order_type is OrderType.MARKET or intent.time_in_force is TimeInForce.IOC
        is_over = phase in _OVER and intent.time_in_force is not TimeInForce.GTC
        if is_over or (at_once and not _trades(intent, phase)):
            return f"The market for {row.label} is {phase.name.replace('_', ' ').lower()}."
        return ""

    def _match(self, row: Instrument, quote: Any, orders: list[_Resting], ts_ns: int) -> None:
        """Fills ``orders`` of one instrument, market orders first, then by price, then by arrival."""
        if row.option is not None and ts_ns >= row.option.expires_ns:
            return
        if not Quality(int(quote["quality"])).fills:
            return
        phase = Phase(int(quote["phase"]))
        for order in sorted(orders, key=_priority):
            if not _trades(order.intent, phase) or _is_of_an_earlier_day(order.intent, ts_ns):
                continue
            is_buy = order.side is Side.BUY
            px = int(quote["ask_px" if is_buy else "bid_px"])
            limit_px = order.intent.limit_px
            if px == ABSENT_PX or px <= 0 or (limit_px is not None and (px - limit_px) * order.side > 0):
                continue
            size = self._left(row, quote, order.side, px)
            quantity = min(order.remaining, size)
            if quantity > 0:
                self._take(row, quote, order.side, px, quantity)
                self._fill(order, row, quantity, px, ts_ns)

    def _left(self, row: Instrument, quote: Any, side: Side, px: int) -> int:
        """The visible size that nobody here has taken yet."""
        names = ("ask_size", "ask_ts_ns") if side is Side.BUY else ("bid_size", "bid_ts_ns")
        size, side_ts_ns = int(quote[names[0]]), int(quote[names[1]])
        return size - self._taken_at(row.id, side, px, side_ts_ns)

    def _taken_at(self, instrument: int, side: Side, px: int, side_ts_ns: int) -> int:
        taken = self._taken.get((instrument, side))
        if taken is not None:
            return taken.size if (taken.px, taken.side_ts_ns) == (px, side_ts_ns) else 0
        return sum(
            fill.quantity
            for fill in self._old_fills
            if (fill.instrument, fill.side, fill.price_px) == (instrument, side, px) and fill.ts_ns >= side_ts_ns
        )

    def _take(self, row: Instrument, quote: Any, side: Side, px: int, quantity: int) -> None:
        side_ts_ns = int(quote["ask_ts_ns" if side is Side.BUY else "bid_ts_ns"])
        before = self._taken_at(row.id, side, px, side_ts_ns)
        self._taken[row.id, side] = _Taken(px, side_ts_ns, before + quantity)

    def _fill(self, order: _Resting, row: Instrument, quantity: int, px: int, ts_ns: int) -> None:
        order.remaining -= quantity
        order.fills += 1
        order_id = order.intent.order_id
        self._sink(
            ExecutionReport(
                ReportKind.FILL,
                order_id,
                ts_ns,
                venue_order_id=_venue_id(order_id),
                execution_id=f"{order_id}:{order.fills}",
                quantity=quantity,
                price_px=px,
                fee_e4=self._fees.trade_e4(row, quantity),
            )
        )
        if order.remaining == 0:
            self._remove(order)

    def _add(self, intent: OrderIntent, remaining: int, fills: int) -> _Resting:
        self._ranks += 1
        order = _Resting(intent, remaining, self._ranks, fills)
        self._orders[intent.order_id] = order
        self._by_instrument.setdefault(order.instrument, {})[intent.order_id] = order
        self.watched[order.instrument] = True
        return order

    def _remove(self, order: _Resting) -> None:
        del self._orders[order.intent.order_id]
        others = self._by_instrument[order.instrument]
        del others[order.intent.order_id]
        if not others:
            del self._by_instrument[order.instrument]
            self.watched[order.instrument] = False

    def _end(self, order: _Resting, kind: ReportKind, ts_ns: int, reason: str) -> None:
        self._remove(order)
        self._report(order, kind, ts_ns, reason)

    def _report(self, order: _Resting, kind: ReportKind, ts_ns: int, reason: str = "") -> None:
        order_id = order.intent.order_id
        self._sink(ExecutionReport(kind, order_id, ts_ns, venue_order_id=_venue_id(order_id), reason=reason))


def _venue_id(order_id: str) -> str:
    return f"paper:{order_id}"


def _trades(intent: OrderIntent, phase: Phase) -> bool:
    """Market orders meet quotes in the regular session only, limit orders in the curb session too."""
    return phase is Phase.OPEN or (phase is Phase.CURB and intent.order_type is OrderType.LIMIT)


def _over(intent: OrderIntent, row: Instrument, quote: Any, ts_ns: int) -> str:
    """Why an order's time is over, or nothing."""
    if row.option is not None and ts_ns >= row.option.expires_ns:
        return f"{row.label} has stopped trading."
    is_over = Phase(int(quote["phase"])) in _OVER and intent.time_in_force is not TimeInForce.GTC
    return "The trading day is over." if is_over or _is_of_an_earlier_day(intent, ts_ns) else ""


def _is_of_an_earlier_day(intent: OrderIntent, ts_ns: int) -> bool:
    """A close that nobody told the exchange of must not carry an order into a day for which it was not meant."""
    return intent.time_in_force is not TimeInForce.GTC and from_ns(intent.created_ns).date() < from_ns(ts_ns).date()


def _priority(order: _Resting) -> tuple[int, int, int]:
    limit_px = order.intent.limit_px
    return (0, 0, order.rank) if limit_px is None else (1, -limit_px * order.side, order.rank)
