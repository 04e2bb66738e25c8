"""From intent to position on the real road: journal, gate, paper exchange and book."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from terminal.core.events import EventKind, JournalEvent
from terminal.core.orders import (
    DenyReason,
    Effect,
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
from terminal.risk.kill_switch import KillState
from terminal.store.journal import JournalDownError
from terminal.trading.ports import VenueUnclear
from terminal.trading.road import fold_session
from tests.trading.rig import CASH_E4, Desk


def test_bought_at_160_and_sold_at_110_costs_50_and_130_of_fees(desk: Desk) -> None:
    bought = desk.buy(1, desk.market.ids.call)
    assert (bought.state, bought.average_px, bought.effect) == (OrderState.FILLED, 16_000, Effect.OPEN)
    assert desk.book().account.cash_e4 == CASH_E4 - 160_0000 - 6500
    desk.market.step()
    desk.market.quote(desk.market.ids.call, "1.10", "1.30")
    sold = desk.sell(1, desk.market.ids.call)
    assert (sold.state, sold.average_px, sold.effect) == (OrderState.FILLED, 11_000, Effect.CLOSE)
    account = desk.book().account
    assert account.cash_e4 - CASH_E4 == -50_0000 - 1_3000
    assert account.fees_e4 == 1_3000
    assert account.realised_e4 == -50_0000
    assert account.open_positions == ()


def test_every_fact_is_in_the_journal_before_it_is_shown(desk: Desk) -> None:
    desk.buy(1, desk.market.ids.call)
    kinds = [event.kind for event in desk.journal.read("S1")]
    assert kinds == [
        EventKind.SESSION_STARTED, EventKind.NOTE, EventKind.NOTE, EventKind.INTENT, EventKind.SENT,
        EventKind.REPORT, EventKind.REPORT,
    ]  # fmt: skip
    assert desk.journal.verify().ok


def test_selling_more_than_is_held_is_refused_with_the_way_to_split_it(desk: Desk) -> None:
    desk.buy(2, desk.market.ids.call)
    refused = desk.sell(3, desk.market.ids.call)
    assert refused.state is OrderState.DENIED
    assert refused.reason == (
        "The account holds +2 GOOG 2015-12-24 750 C; sell 3 would turn the position over: sell 2 to close, and when "
        "that is filled 1 to open."
    )
    assert desk.book().account.position(desk.market.ids.call).quantity == 2


def test_two_closing_orders_cannot_close_the_same_contract(desk: Desk) -> None:
    desk.buy(2, desk.market.ids.call)
    first = desk.sell(1, desk.market.ids.call, "2.00")
    assert (first.state, first.effect) == (OrderState.WORKING, Effect.CLOSE)
    refused = desk.sell(2, desk.market.ids.call, "2.00", effect=Effect.CLOSE)
    assert refused.state is OrderState.DENIED
    assert "orders for 1 of them are working" in refused.reason
    assert desk.sell(1, desk.market.ids.call, "2.00").state is OrderState.WORKING
    assert "cancel those first" in desk.sell(1, desk.market.ids.call, "2.00").reason


def test_an_unarmed_account_sends_nothing_but_cancels(desk: Desk) -> None:
    resting = desk.buy(1, desk.market.ids.call, "1.45")
    desk.armed = False
    assert desk.buy(1, desk.market.ids.call).reason == DenyReason.NOT_ARMED.sentence
    desk.road.cancel(resting.order_id)
    assert desk.settled(resting.order_id).state is OrderState.CANCELLED


def test_the_kill_switch_stops_sends_and_lets_cancels_pass(desk: Desk) -> None:
    resting = desk.buy(1, desk.market.ids.call, "1.45")
    desk.kill = KillState.STOP
    assert desk.buy(1, desk.market.ids.call).reason == DenyReason.KILL_SWITCH.sentence
    desk.road.cancel_all()
    assert desk.settled(resting.order_id).state is OrderState.CANCELLED


def test_the_kill_flag_is_read_again_after_the_journal_and_before_the_send(desk: Desk) -> None:
    reads: list[KillState] = []

    def flips() -> KillState:
        reads.append(KillState.CLEAR if not reads else KillState.STOP)
        return reads[-1]

    desk.road._clerk._gate._kill_state = flips
    order = desk.buy(1, desk.market.ids.call)
    assert len(reads) == 2
    assert (order.state, order.reason) == (OrderState.DENIED, DenyReason.KILL_SWITCH.sentence)
    assert desk.paper.resting_ids() == []
    assert desk.book().fills == ()


def test_flatten_cancels_first_and_then_closes_long_and_short(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(3, ids.call)
    desk.sell(2, ids.put)
    desk.sell(1, ids.call, "2.00")
    desk.road.flatten("panic")
    book = desk.book()
    assert book.account.open_positions == ()
    assert book.live_orders == ()
    closing = [order for order in book.orders if order.intent.origin is Origin.FLATTEN]
    assert [(order.instrument, order.side, order.quantity) for order in closing] == [
        (ids.put, Side.BUY, 2),
        (ids.call, Side.SELL, 3),
    ]


def test_a_flatten_passes_the_kill_switch_only_when_the_switch_says_so(desk: Desk) -> None:
    desk.buy(1, desk.market.ids.call)
    desk.kill = KillState.STOP
    desk.road.flatten()
    assert desk.book().account.position(desk.market.ids.call).quantity == 1
    desk.kill = KillState.FLATTEN
    desk.road.flatten()
    assert desk.book().account.open_positions == ()
    assert desk.buy(1, desk.market.ids.call).state is OrderState.DENIED


def test_the_same_id_twice_is_sent_once(desk: Desk) -> None:
    intent = desk.intent(Side.BUY, 1, desk.market.ids.call)
    desk.road.submit(intent)
    desk.road.submit(intent)
    book = desk.book()
    assert len(book.orders) == 1
    assert len(book.fills) == 1
    assert any("asked for twice" in problem for problem in book.problems)


def test_a_journal_that_cannot_be_written_means_that_nothing_is_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = desk.buy(1, desk.market.ids.call, "1.45")
    append, down = desk.journal.append, True

    def failing(events: list[JournalEvent]) -> None:
        if down:
            raise JournalDownError("The disk is full: free some space.")
        append(events)

    monkeypatch.setattr(desk.journal, "append", failing)
    refused = desk.buy(1, desk.market.ids.call)
    assert refused.state is OrderState.DENIED
    assert refused.reason == "The disk is full: free some space."
    assert "The disk is full: free some space." in desk.book().problems
    assert desk.paper.resting_ids() == [resting.order_id]
    desk.road.cancel(resting.order_id)
    assert desk.settled(resting.order_id).state is OrderState.WORKING, "not shown before it is durable"
    assert desk.paper.resting_ids() == [], "a cancel passes all the same"
    down = False
    accepted = desk.buy(1, desk.market.ids.call)
    assert accepted.state is OrderState.FILLED
    book = desk.book()
    assert book.order(resting.order_id).state is OrderState.CANCELLED  # type: ignore[union-attr]
    assert book.order(refused.order_id).state is OrderState.DENIED  # type: ignore[union-attr]
    assert not any("full" in problem for problem in book.problems)
    assert fold_session(desk.journal, "S1", desk.market.table).snapshot().orders == book.orders


def test_a_venue_that_raises_leaves_the_order_unknown_until_it_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unclear(intent: OrderIntent) -> None:
        raise VenueUnclear("the line went dead")

    asked: list[str] = []
    monkeypatch.setattr(desk.paper, "submit", unclear)
    monkeypatch.setattr(desk.paper, "query", asked.append)
    order = desk.buy(1, desk.market.ids.call)
    assert order.state is OrderState.UNKNOWN
    assert "the line went dead" in order.reason
    assert asked == [order.order_id]
    report = ExecutionReport(ReportKind.FILL, order.order_id, 1, execution_id="x1", quantity=1, price_px=16_000)
    desk.road.report(report)
    desk.road.report(report)
    book = desk.book()
    assert book.order(order.order_id).state is OrderState.FILLED  # type: ignore[union-attr]
    assert len(book.fills) == 1


def test_a_gate_or_a_listener_that_raises_is_named_and_the_road_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[EventKind] = []

    def bad_listener(event: JournalEvent) -> None:
        raise ZeroDivisionError("listener")

    desk.road.subscribe(bad_listener)
    desk.road.subscribe(lambda event: seen.append(event.kind))
    assert desk.buy(1, desk.market.ids.call).state is OrderState.FILLED
    assert EventKind.REPORT in seen
    judge = desk.market.pretrade.judge
    monkeypatch.setattr(desk.market.pretrade, "judge", lambda *_: 1 / 0)
    broken = desk.buy(1, desk.market.ids.call)
    assert broken.state is OrderState.DENIED
    assert "ZeroDivisionError" in broken.reason
    monkeypatch.setattr(desk.market.pretrade, "judge", judge)
    assert desk.buy(1, desk.market.ids.call).state is OrderState.FILLED
    assert sum("bad_listener" in problem for problem in desk.book().problems) == 1


def test_a_price_that_is_no_integer_is_refused_at_the_door(desk: Desk) -> None:
    intent = OrderIntent(
        "S1-99", "paper", (Leg(desk.market.ids.call, Side.BUY),), 1, OrderType.LIMIT, TimeInForce.DAY,
        Origin.TICKET, 0, 1.5,  # type: ignore[arg-type]
    )  # fmt: skip
    with pytest.raises(TypeError, match="must be an int"):
        desk.road.submit(intent)


def test_one_correlation_id_runs_through_the_logs(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    desk.buy(1, desk.market.ids.call)
    messages = [record.message for record in caplog.records if getattr(record, "correlation", "") == "key-1"]
    assert any("sent" in message for message in messages)
    assert any("filled" in message for message in messages)


def test_a_heartbeat_is_journaled_once_a_quiet_minute(desk: Desk) -> None:
    start_ns = desk.market.clock.now_ns()
    for second in range(1, 182):
        desk.road.heartbeat(start_ns + second * 10**9)
    book = desk.book()
    beats = [event.ts_ns for event in desk.journal.read("S1") if event.kind is EventKind.MARKET_TIME]
    assert beats == [start_ns + minute * 60 * 10**9 for minute in (1, 2, 3)]
    assert book.market_ns == beats[-1]


def test_the_close_of_a_session_is_the_last_event(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.market.open()
    desk.buy(1, desk.market.ids.call)
    assert desk.road.close("the day is done")
    (row,) = desk.journal.sessions()
    assert (row.session, row.is_closed, row.details["account"]) == ("S1", True, "paper")
    desk.journal.close()


def test_many_threads_may_ask_at_once(desk: Desk) -> None:
    desk.market.quote(desk.market.ids.call, "1.40", "1.60", 1000, 1000)

    def trader() -> None:
        for _ in range(10):
            desk.road.submit(desk.intent(Side.BUY, 1, desk.market.ids.call))

    threads = [threading.Thread(target=trader) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book = desk.book()
    assert len(book.fills) == 40
    assert book.account.position(desk.market.ids.call).quantity == 40
    assert len({order.order_id for order in book.orders}) == 40


def test_unconducted_orders_that_wait_share_a_commit_and_are_judged_one_after_the_other(tmp_path: Path) -> None:
    desk = Desk(tmp_path, conducted=False, cash_e4=400_0000)
    desk.market.open()
    appended: list[int] = []
    append = desk.journal.append

    def counting(events: list[JournalEvent]) -> None:
        appended.append(sum(event.kind is EventKind.INTENT for event in events))
        append(events)

    desk.journal.append = counting  # type: ignore[method-assign, assignment]
    intents = [desk.intent(Side.BUY, 1, desk.market.ids.call, "1.45") for _ in range(4)]
    with desk.road._wake:
        for intent in intents:
            desk.road.submit(intent)
    states = [order.state for order in desk.book().orders]
    assert 4 in appended
    assert states == [OrderState.WORKING] * 2 + [OrderState.DENIED] * 2, "145.65 each and 400.00 in all"
    desk.stop()


def test_an_instrument_that_is_not_in_the_market_is_refused_and_stays_on_the_screen(desk: Desk) -> None:
    refused = desk.buy(1, 9_999)
    assert (refused.state, refused.reason) == (OrderState.DENIED, DenyReason.UNKNOWN_INSTRUMENT.sentence)
    assert desk.buy(1, desk.market.ids.call).state is OrderState.FILLED
    assert desk.settled(refused.order_id).state is OrderState.DENIED
    assert desk.journal.verify().ok


def test_a_bad_request_is_named_and_the_others_are_taken(desk: Desk) -> None:
    desk.road.note({"about": "remark", "weight": 1.5})
    desk.road.cancel("nobody")
    desk.road.note({"about": "problem", "text": "The official close is late."})
    assert desk.buy(1, desk.market.ids.call).state is OrderState.FILLED
    problems = desk.book().problems
    assert any("1.5 is a float" in problem for problem in problems)
    assert "There is no order nobody to cancel." in problems
    assert "The official close is late." in problems


def test_a_venue_that_fails_at_a_cancel_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = desk.buy(1, desk.market.ids.call, "1.45")
    monkeypatch.setattr(desk.paper, "cancel", lambda order_id: 1 / 0)
    desk.road.cancel(order.order_id)
    assert desk.settled(order.order_id).state is OrderState.PENDING_CANCEL
    assert any("Asking paper about order" in problem for problem in desk.book().problems)
    monkeypatch.undo()
    desk.road.cancel(order.order_id)
    assert desk.settled(order.order_id).state is OrderState.CANCELLED, "asking again is harmless"


def test_the_orders_thread_does_not_wait_for_itself(desk: Desk) -> None:
    caught: list[str] = []

    def waits(event: JournalEvent) -> None:
        try:
            desk.road.quiesce()
        except RuntimeError as problem:
            caught.append(str(problem))

    desk.road.subscribe(waits)
    desk.buy(1, desk.market.ids.call)
    assert set(caught) == {"the orders thread cannot wait for itself"}


def test_a_report_that_cannot_be_written_is_named_and_the_others_are_booked(desk: Desk) -> None:
    order = desk.buy(2, desk.market.ids.call, "1.45")
    good = ExecutionReport(ReportKind.FILL, order.order_id, 1, execution_id="x1", quantity=1, price_px=14_500)
    bad = ExecutionReport(ReportKind.FILL, order.order_id, 1, execution_id="x2", quantity=1, price_px=14_500.5)  # type: ignore[arg-type]
    with desk.road._wake:
        desk.road.report(bad)
        desk.road.report(good)
    book = desk.book()
    assert [fill.execution_id for fill in book.fills] == ["x1"]
    assert any("14500.5 is a float" in problem for problem in book.problems)


def test_an_order_that_cannot_be_booked_is_not_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.road._clerk.books._apply, EventKind.INTENT, lambda event: 1 / 0)
    desk.road.submit(desk.intent(Side.BUY, 1, desk.market.ids.call, "1.45"))
    assert any("was not sent" in problem for problem in desk.book().problems)
    assert desk.paper.resting_ids() == []
