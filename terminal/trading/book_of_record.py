"""The book of record: orders, fills, positions and cash as a fold over the journal.

The same fold runs while the desk trades and when it starts again; it reads nothing but events and instrument terms.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from terminal.core.clock import from_ns
from terminal.core.events import (
    Body,
    EventKind,
    JournalEvent,
    Settlement,
    intent_from_body,
    report_from_body,
    settlement_from_body,
)
from terminal.core.instruments import InstrumentTable, UnknownInstrumentError
from terminal.core.orders import (
    ExecutionReport,
    Fill,
    OrderIntent,
    OrderState,
    ReportKind,
    TimeInForce,
)
from terminal.portfolio.account import Account, AccountView
from terminal.risk.holdings import Holdings, WorkingLeg
from terminal.trading.instrument_terms import ABOUT, introduce
from terminal.trading.order_states import after_fill, after_report
from terminal.trading.order_view import OrderView

log = logging.getLogger(__name__)

ABOUT_UNCLEAR = "unclear"
"""A NOTE with this word and an ``order_id``: the send ended without a clear answer."""


@dataclass(frozen=True, slots=True)
class BookOfRecord:
    """An immutable picture; ``version`` grows with every event. ``problems`` are sentences a person should read."""

    version: int
    session: str
    account: AccountView
    orders: tuple[OrderView, ...]
    fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    problems: tuple[str, ...]
    market_ns: int
    trading_day: date | None
    is_closed: bool

    def order(self, order_id: str) -> OrderView | None:
        """The order with that id."""
        return next((order for order in self.orders if order.order_id == order_id), None)

    @property
    def live_orders(self) -> tuple[OrderView, ...]:
        """Orders that may still fill."""
        return tuple(order for order in self.orders if order.is_live)


class Books:
    """The fold. One thread applies events; :meth:`snapshot` may be called by it alone."""

    def __init__(self, session: str, table: InstrumentTable) -> None:
        self.session = session
        self.account = Account(table, "", 0)
        self.version = 0
        self.market_ns = 0
        self.is_closed = False
        self.trading_day: date | None = None
        self.introduced: set[str] = set()
        self.highest_number = 0
        self._table = table
        self._orders: dict[str, OrderView] = {}
        self._live: dict[str, list[WorkingLeg]] = {}
        self._fills: list[Fill] = []
        self._executions: set[tuple[str, str]] = set()
        self._settlements: dict[str, Settlement] = {}
        self._problems: list[str] = []
        self._snapshot: BookOfRecord | None = None
        self._apply: dict[EventKind, Callable[[JournalEvent], None]] = {
            EventKind.SESSION_STARTED: self._on_started,
            EventKind.SESSION_RESUMED: self._on_resumed,
            EventKind.SESSION_CLOSED: self._on_closed,
            EventKind.INTENT: self._on_intent,
            EventKind.DENIED: self._on_denied,
            EventKind.SENT: self._on_sent,
            EventKind.REPORT: lambda event: self._on_report(report_from_body(event.body)),
            EventKind.CANCEL_REQUESTED: self._on_cancel_requested,
            EventKind.SETTLEMENT: self._on_settlement,
            EventKind.DAY_ROLLED: self._on_day_rolled,
            EventKind.MARKET_TIME: lambda event: None,
            EventKind.NOTE: self._on_note,
        }

    def apply(self, event: JournalEvent) -> None:
        """Folds one event of this session in; events of other sessions change nothing."""
        if event.session != self.session:
            return
        self.version += 1
        self.market_ns = max(self.market_ns, event.ts_ns)
        self._snapshot = None
        self._apply[event.kind](event)

    def book(self, event: JournalEvent) -> None:
        """:meth:`apply` that never raises: an event that cannot be folded in is left out and named as a problem."""
        try:
            self.apply(event)
        except Exception as problem:
            order_id = event.body.get("order_id")
            what = f"The {event.kind.value}{f' of order {order_id}' if order_id else ''} in the journal"
            sentence = (
                f"{what}, market time {from_ns(event.ts_ns):%Y-%m-%d %H:%M:%S}, cannot be booked and is left out "
                f"({type(problem).__name__}: {problem}); check the positions."
            )
            log.exception("%s", sentence)
            self._problems.append(sentence)
            self._snapshot = None

    def order(self, order_id: str) -> OrderView | None:
        """The order with that id."""
        return self._orders.get(order_id)

    def live_orders(self) -> list[OrderView]:
        """Orders that may still fill, oldest first."""
        return [self._orders[order_id] for order_id in self._live]

    def fills(self) -> list[Fill]:
        """All fills, oldest first."""
        return list(self._fills)

    def holdings(self) -> Holdings:
        """What a verdict needs to know; shares the positions with the fold, so use it before the next event."""
        working = [leg for legs in self._live.values() for leg in legs]
        return Holdings(self.account.account, self.account.cash_e4, self.account.positions, working)

    def snapshot(self) -> BookOfRecord:
        """An immutable picture; the same object until the next event."""
        if self._snapshot is None:
            self._snapshot = BookOfRecord(
                self.version,
                self.session,
                self.account.view(),
                tuple(self._orders.values()),
                tuple(self._fills),
                tuple(self._settlements.values()),
                tuple(self._problems),
                self.market_ns,
                self.trading_day,
                self.is_closed,
            )
        return self._snapshot

    def _put(self, order: OrderView) -> None:
        self._orders[order.order_id] = order
        if order.is_live:
            self._live[order.order_id] = order.working_legs()
        else:
            self._live.pop(order.order_id, None)

    def _on_started(self, event: JournalEvent) -> None:
        body = event.body
        self.account = Account(self._table, body["account"], body["cash_e4"], body["currency"])
        self.trading_day = date.fromisoformat(body["day"])

    def _on_resumed(self, event: JournalEvent) -> None:
        """What was on its way when the desk went down may or may not have arrived."""
        self.is_closed = False
        for order in self.live_orders():
            if order.state is OrderState.PENDING_NEW:
                reason = "The desk stopped before the venue answered."
                self._put(replace(order, state=OrderState.UNKNOWN, reason=reason, updated_ns=event.ts_ns))

    def _on_closed(self, _event: JournalEvent) -> None:
        self.is_closed = True

    def _on_intent(self, event: JournalEvent) -> None:
        legs = [self._find(leg["symbol"]) for leg in event.body["legs"]]
        intent = intent_from_body(event.body, legs)
        if intent.order_id in self._orders:
            self._problems.append(f"Order {intent.order_id} stands in the journal twice; the second is ignored.")
            return
        nothing = (0,) * len(legs)
        self._put(OrderView(intent, OrderState.PENDING_NEW, "", event.ts_ns, nothing, nothing))
        self.highest_number = max(self.highest_number, _number(intent, self.session))

    def _on_denied(self, event: JournalEvent) -> None:
        order = self._known(event.body["order_id"], "a refusal")
        if order is not None and order.state is OrderState.PENDING_NEW:
            reason = event.body["sentence"]
            self._put(replace(order, state=OrderState.DENIED, reason=reason, updated_ns=event.ts_ns, is_sent=False))

    def _on_sent(self, event: JournalEvent) -> None:
        order = self._known(event.body["order_id"], "a send")
        if order is not None:
            self._put(replace(order, is_sent=True, updated_ns=event.ts_ns))

    def _on_cancel_requested(self, event: JournalEvent) -> None:
        order = self._known(event.body["order_id"], "a cancel")
        if order is not None and order.is_live and order.state is not OrderState.UNKNOWN:
            reason = event.body.get("reason") or order.reason
            self._put(replace(order, state=OrderState.PENDING_CANCEL, reason=reason, updated_ns=event.ts_ns))

    def _on_report(self, report: ExecutionReport) -> None:
        order = self._known(report.order_id, f"a report ({report.kind.value})")
        if order is None:
            return
        if report.venue_order_id:
            order = replace(order, venue_order_id=report.venue_order_id)
        if report.kind is ReportKind.FILL:
            self._on_fill(order, report)
            return
        state = after_report(order.state, report.kind, int(order.has_fills))
        if state is None:
            self._problems.append(
                f"The venue says {report.kind.value} of order {order.order_id}, which is {order.state.value}: ignored."
            )
            return
        reason = report.reason or order.reason
        if state in {OrderState.WORKING, OrderState.PARTIALLY_FILLED} and report.kind is ReportKind.ACCEPTED:
            reason = ""
        self._put(replace(order, state=state, reason=reason, updated_ns=max(order.updated_ns, report.ts_ns)))

    def _on_fill(self, order: OrderView, report: ExecutionReport) -> None:
        intent = order.intent
        key = (intent.account, report.execution_id)
        if key in self._executions:
            return
        problem = _fill_problem(order, report)
        if problem:
            self._problems.append(problem)
            return
        self._executions.add(key)
        leg = intent.legs[report.leg]
        fill = Fill(
            report.execution_id, order.order_id, intent.account, leg.instrument, leg.side,
            report.quantity, report.price_px, report.fee_e4, report.ts_ns,
        )  # fmt: skip
        self._fills.append(fill)
        self.account.apply_fill(fill)
        filled = _add_at(order.leg_filled, report.leg, report.quantity)
        order = replace(
            order,
            leg_filled=filled,
            leg_value=_add_at(order.leg_value, report.leg, report.quantity * report.price_px),
            fees_e4=order.fees_e4 + report.fee_e4,
            fill_count=order.fill_count + 1,
            updated_ns=max(order.updated_ns, report.ts_ns),
        )
        state = after_fill(order.state, order.filled, order.quantity)
        self._put(replace(order, state=state or order.state, reason="" if state is OrderState.FILLED else order.reason))

    def _on_settlement(self, event: JournalEvent) -> None:
        body = event.body
        delivered = self._find(body["delivered_symbol"]) if body["delivered_symbol"] else -1
        settlement = settlement_from_body(body, self._find(body["symbol"]), delivered)
        if settlement.settlement_id in self._settlements:
            return
        held = self.account.held(settlement.instrument)
        if settlement.quantity == 0 or held * settlement.quantity < 0 or abs(settlement.quantity) > abs(held):
            self._problems.append(
                f"Settlement {settlement.settlement_id} ends {settlement.quantity:+d} of {body['symbol']}, but the "
                f"account holds {held:+d}: ignored."
            )
            return
        self._settlements[settlement.settlement_id] = settlement
        self.account.apply_settlement(settlement)

    def _on_day_rolled(self, event: JournalEvent) -> None:
        """Begins a trading day; day orders of an earlier one are over, whatever was heard of them."""
        day = date.fromisoformat(event.body["day"])
        self.trading_day = day
        self.account.roll_day({self._find(symbol): px for symbol, px in event.body["marks_px"].items()})
        for order in self.live_orders():
            is_old = from_ns(order.created_ns).date() < day
            if is_old and order.time_in_force is not TimeInForce.GTC and order.state is not OrderState.UNKNOWN:
                reason = "The trading day of the order is over."
                self._put(replace(order, state=OrderState.EXPIRED, reason=reason, updated_ns=event.ts_ns))

    def _on_note(self, event: JournalEvent) -> None:
        body = event.body
        if body.get("about") == ABOUT:
            self._introduce(body)
        elif body.get("about") == ABOUT_UNCLEAR:
            order = self._known(body["order_id"], "an unclear send")
            if order is not None and order.state is OrderState.PENDING_NEW:
                state, reason = OrderState.UNKNOWN, body["text"]
                self._put(replace(order, state=state, reason=reason, updated_ns=event.ts_ns))
        elif body.get("about") == "problem":
            self._problems.append(body["text"])

    def _introduce(self, body: Body) -> None:
        self.introduced.add(body["symbol"])
        try:
            introduce(body, self._table)
        except ValueError as problem:
            self._problems.append(f"{problem}.")

    def _find(self, symbol: str) -> int:
        try:
            return self._table.find(symbol).id
        except UnknownInstrumentError as problem:
            raise ValueError(f"the journal names {symbol} without its terms") from problem

    def _known(self, order_id: str, what: str) -> OrderView | None:
        order = self._orders.get(order_id)
        if order is None:
            self._problems.append(f"The journal holds {what} for order {order_id}, which this session does not know.")
        return order


def _fill_problem(order: OrderView, report: ExecutionReport) -> str:
    """Why a fill cannot be booked, or nothing."""
    says = f"The venue reports a fill of {report.quantity} for order {order.order_id}"
    if not report.execution_id:
        return f"{says} without an execution id; it is not booked, ask the venue."
    if not 0 <= report.leg < len(order.intent.legs) or report.quantity <= 0:
        return f"{says}, leg {report.leg}, which makes no sense; it is not booked, ask the venue."
    if len(order.intent.legs) == 1 and report.price_px < 0:
        return f"{says} at a price below zero; it is not booked, ask the venue."
    if order.state is OrderState.DENIED:
        return f"{says}, which was never sent; it is not booked, ask the venue."
    ordered = order.quantity * order.intent.legs[report.leg].ratio
    done = order.leg_filled[report.leg]
    if done + report.quantity > ordered:
        return f"{says}, of which {done} of {ordered} were filled already; the overfill is not booked, ask the venue."
    return ""


def _add_at(values: tuple[int, ...], at: int, amount: int) -> tuple[int, ...]:
    return (*values[:at], values[at] + amount, *values[at + 1 :])


def _number(intent: OrderIntent, session: str) -> int:
    prefix, _, number = intent.order_id.rpartition("-")
    return int(number) if prefix == session and number.isdecimal() else 0
