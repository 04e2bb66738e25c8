"""The order state machine against its table, and against a venue that delays, drops, repeats and reorders."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from terminal.core.events import EventKind, JournalEvent, intent_body, report_body
from terminal.core.instruments import InstrumentTable
from terminal.core.orders import (
    ExecutionReport,
    Leg,
    OrderIntent,
    OrderState,
    OrderType,
    Origin,
    ReportKind,
    Side,
    TimeInForce,
)
from terminal.trading.book_of_record import ABOUT_UNCLEAR, Books
from terminal.trading.order_states import LIVE, TRANSITIONS, after_fill, after_report
from tests.trading.rig import CASH_E4, DAY, Listed

_NO_FILL = [kind for kind in ReportKind if kind is not ReportKind.FILL]


@pytest.mark.parametrize(("state", "kind"), list(itertools.product(OrderState, _NO_FILL)))
@pytest.mark.parametrize("filled", [0, 1])
def test_every_pair_has_one_answer(state: OrderState, kind: ReportKind, filled: int) -> None:
    after = after_report(state, kind, filled)
    if state.is_terminal:
        assert after in {None, state}, "an ended order comes back to life by no report"
    elif after is not None:
        assert after is not OrderState.FILLED
        assert not (after is OrderState.REJECTED and filled), "what was filled was not refused"
        assert (after is OrderState.PARTIALLY_FILLED) <= bool(filled)
        assert (state, kind) in TRANSITIONS


@pytest.mark.parametrize("state", [state for state in OrderState if state is not OrderState.DENIED])
def test_fills_count_in_every_state(state: OrderState) -> None:
    assert after_fill(state, 5, 5) is OrderState.FILLED
    partly = after_fill(state, 1, 5)
    assert partly is not None
    assert (partly in LIVE) == (state in LIVE)


def test_what_was_never_sent_is_not_filled() -> None:
    assert after_fill(OrderState.DENIED, 1, 1) is None


@pytest.mark.parametrize("state", [OrderState.CANCELLED, OrderState.EXPIRED, OrderState.FILLED])
def test_late_and_repeated_answers_are_harmless(state: OrderState) -> None:
    for kind in (ReportKind.ACCEPTED, ReportKind.CANCEL_REJECTED, ReportKind.CANCELLED, ReportKind.EXPIRED):
        assert after_report(state, kind, 0) is state
    assert after_report(state, ReportKind.REJECTED, 0) is None


@dataclass
class Truth:
    """One order as the venue sees it."""

    intent: OrderIntent
    state: OrderState = OrderState.WORKING
    filled: int = 0
    said: list[ExecutionReport] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.state is OrderState.WORKING


class HostileVenue(RuleBasedStateMachine):
    """The venue's truth moves on; its reports reach the book late, twice, in any order, or not before a query."""

    def __init__(self) -> None:
        super().__init__()
        self.table = InstrumentTable()
        self.call = Listed(self.table).call
        self.books = Books("S", self.table)
        self.truth: dict[str, Truth] = {}
        self.wire: list[ExecutionReport] = []
        self.numbers = itertools.count(1)
        self.clock = itertools.count(1)
        body = {"account": "paper", "cash_e4": CASH_E4, "currency": "USD", "day": DAY.isoformat()}
        self.put(EventKind.SESSION_STARTED, body)

    def put(self, kind: EventKind, body: dict[str, object]) -> None:
        self.books.apply(JournalEvent(kind, "S", next(self.clock), body))

    def say(self, truth: Truth, kind: ReportKind, **more: object) -> None:
        order_id = truth.intent.order_id
        report = ExecutionReport(kind, order_id, next(self.clock), **more)  # type: ignore[arg-type]
        truth.said.append(report)
        self.wire.append(report)

    @rule(
        quantity=st.integers(1, 6),
        side=st.sampled_from(Side),
        answer=st.sampled_from(["accepted", "rejected", "unclear", "unclear but there"]),
    )
    def send(self, quantity: int, side: Side, answer: str) -> None:
        order_id = f"S-{next(self.numbers)}"
        leg = Leg(self.call, side)
        intent = OrderIntent(
            order_id, "paper", (leg,), quantity, OrderType.LIMIT, TimeInForce.DAY, Origin.TICKET, 0, 10_000
        )
        self.put(EventKind.INTENT, intent_body(intent, [self.table.get(leg.instrument).symbol]))
        self.put(EventKind.SENT, {"order_id": order_id, "venue": "hostile"})
        truth = self.truth[order_id] = Truth(intent)
        if answer.startswith("unclear"):
            self.put(EventKind.NOTE, {"about": ABOUT_UNCLEAR, "order_id": order_id, "text": "time-out"})
        if answer in {"rejected", "unclear"}:
            truth.state = OrderState.REJECTED
            if answer == "rejected":
                self.say(truth, ReportKind.REJECTED)
        else:
            self.say(truth, ReportKind.ACCEPTED)

    def pick(self, data: st.DataObject) -> Truth:
        return data.draw(st.sampled_from([truth for truth in self.truth.values() if truth.is_live]))

    @precondition(lambda self: any(truth.is_live for truth in self.truth.values()))
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        truth = self.pick(data)
        quantity = data.draw(st.integers(1, truth.intent.quantity - truth.filled))
        truth.filled += quantity
        if truth.filled == truth.intent.quantity:
            truth.state = OrderState.FILLED
        number = len(truth.said)
        execution_id = f"{truth.intent.order_id}:{number}"
        self.say(
            truth,
            ReportKind.FILL,
            execution_id=execution_id,
            quantity=quantity,
            price_px=10_000,
            fee_e4=6_500 * quantity,
        )

    @precondition(lambda self: any(truth.is_live for truth in self.truth.values()))
    @rule(data=st.data(), ends=st.sampled_from([ReportKind.CANCELLED, ReportKind.EXPIRED]))
    def end(self, data: st.DataObject, ends: ReportKind) -> None:
        truth = self.pick(data)
        truth.state = OrderState(ends.value)
        self.say(truth, ends)

    @precondition(lambda self: bool(self.truth))
    @rule(data=st.data())
    def ask_to_cancel(self, data: st.DataObject) -> None:
        truth = data.draw(st.sampled_from(list(self.truth.values())))
        order = self.books.order(truth.intent.order_id)
        assert order is not None
        if not order.is_live:
            return
        self.put(EventKind.CANCEL_REQUESTED, {"order_id": order.order_id, "reason": ""})
        if truth.is_live:
            truth.state = OrderState.CANCELLED
            self.say(truth, ReportKind.CANCELLED)
        else:
            self.say(truth, ReportKind.CANCEL_REJECTED)

    @precondition(lambda self: bool(self.wire))
    @rule(data=st.data(), what=st.sampled_from(["deliver", "deliver", "repeat", "drop"]))
    def wire_moves(self, data: st.DataObject, what: str) -> None:
        at = data.draw(st.integers(0, len(self.wire) - 1))
        report = self.wire[at]
        if what != "repeat":
            del self.wire[at]
        if what != "drop":
            self.put(EventKind.REPORT, report_body(report))

    @rule()
    def restart(self) -> None:
        self.put(EventKind.SESSION_RESUMED, {})

    @precondition(lambda self: bool(self.truth))
    @rule()
    def reconcile(self) -> None:
        """Ask about everything: the answers come whole, and then book and venue agree."""
        self.wire.clear()
        for truth in self.truth.values():
            kinds = {OrderState.WORKING: ReportKind.ACCEPTED, OrderState.REJECTED: ReportKind.REJECTED}
            answers = [report for report in truth.said if report.kind is ReportKind.FILL]
            if truth.state is not OrderState.FILLED:
                kind = kinds.get(truth.state) or ReportKind(truth.state.value)
                answers.append(ExecutionReport(kind, truth.intent.order_id, next(self.clock)))
            for report in answers:
                self.put(EventKind.REPORT, report_body(report))
        for truth in self.truth.values():
            order = self.books.order(truth.intent.order_id)
            assert order is not None
            assert order.filled == truth.filled
            if truth.is_live:
                assert order.is_live
            else:
                assert order.state in {truth.state, OrderState.CANCELLED, OrderState.EXPIRED}
                assert (order.state is OrderState.FILLED) == (truth.state is OrderState.FILLED)

    @invariant()
    def the_book_never_holds_more_than_happened(self) -> None:
        held = 0
        for truth in self.truth.values():
            order = self.books.order(truth.intent.order_id)
            assert order is not None
            assert order.filled <= truth.filled
            assert (order.state is OrderState.FILLED) == (order.filled == order.quantity)
            held += truth.intent.only_leg.side * order.filled
            if truth.is_live:
                assert order.state is not OrderState.REJECTED
        assert self.books.account.held(self.call) == held
        traded = sum(order.filled for order in self.books.snapshot().orders)
        assert self.books.account.cash_e4 == CASH_E4 - held * 100 * 10_000 - traded * 6_500
        assert {order.order_id for order in self.books.live_orders()} == {
            order.order_id for order in self.books.snapshot().orders if order.state in LIVE
        }


TestHostileVenue = HostileVenue.TestCase
TestHostileVenue.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
