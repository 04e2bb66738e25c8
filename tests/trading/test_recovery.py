"""After a crash, over an expiry and into the next day: the road goes on with what the journal holds."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from terminal.core.clock import at_ns
from terminal.core.events import EventKind, JournalEvent
from terminal.core.messages import Phase
from terminal.core.orders import (
    Effect,
    OrderState,
    Side,
    TimeInForce,
)
from terminal.store.journal import JournalBrokenError
from terminal.trading.road import close_crashed, fold_session
from tests.trading.rig import CLOSE_NS, Desk


def test_a_restart_finds_orders_fills_and_positions_and_goes_on(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(3, ids.call)
    resting = desk.sell(2, ids.call, "2.00")
    gtc = desk.buy(1, ids.put, "3.00", tif=TimeInForce.GTC)
    before = desk.book()
    desk.restart()
    after = desk.book()
    assert (after.orders, after.fills, after.account) == (before.orders, before.fills, before.account)
    assert set(desk.paper.resting_ids()) == {resting.order_id, gtc.order_id}
    desk.market.step()
    desk.market.quote(ids.call, "2.05", "2.20")
    assert desk.match().order(resting.order_id).average_px == 20_500  # type: ignore[union-attr]
    assert desk.buy(1, ids.call).order_id == "S1-4"
    desk.restart()
    desk.restart()
    assert desk.book().account.position(ids.call).quantity == 2
    assert desk.journal.verify().ok


def test_an_order_that_was_on_its_way_is_asked_for_and_not_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.paper, "submit", lambda intent: None)
    order = desk.buy(1, desk.market.ids.call)
    assert order.state is OrderState.PENDING_NEW
    desk.restart()
    resolved = desk.settled(order.order_id)
    assert resolved.state is OrderState.REJECTED
    assert resolved.reason == "The exchange never received the order."
    assert desk.book().fills == ()


def test_a_cancel_that_was_on_its_way_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = desk.buy(1, desk.market.ids.call, "1.45")
    monkeypatch.setattr(desk.paper, "cancel", lambda order_id: None)
    desk.road.cancel(order.order_id)
    assert desk.settled(order.order_id).state is OrderState.PENDING_CANCEL
    desk.restart()
    assert desk.settled(order.order_id).state is OrderState.CANCELLED


def test_day_orders_of_a_past_day_expire_at_recovery(desk: Desk) -> None:
    day_order = desk.buy(1, desk.market.ids.goog, "700.00")
    gtc = desk.buy(1, desk.market.ids.goog, "700.00", tif=TimeInForce.GTC)
    desk.market.clock.advance(at_ns(date(2015, 12, 28), 9, 30))
    desk.restart(date(2015, 12, 28))
    book = desk.book()
    assert book.order(day_order.order_id).state is OrderState.EXPIRED  # type: ignore[union-attr]
    assert book.order(gtc.order_id).state is OrderState.WORKING  # type: ignore[union-attr]
    assert book.trading_day == date(2015, 12, 28)


def test_visible_size_taken_before_a_restart_is_not_there_after_it(desk: Desk) -> None:
    ids = desk.market.ids
    desk.market.quote(ids.call, "1.40", "1.60", 10, 2)
    desk.buy(2, ids.call)
    desk.restart()
    waiting = desk.buy(1, ids.call)
    assert waiting.state is OrderState.WORKING
    desk.market.step()
    desk.market.quote(ids.call, "1.40", "1.55", 10, 2)
    assert desk.match().order(waiting.order_id).average_px == 15_500  # type: ignore[union-attr]


def test_crashed_sessions_are_closed_and_kept(desk: Desk) -> None:
    desk.buy(1, desk.market.ids.call)
    assert close_crashed(desk.journal) == ["S1"]
    assert close_crashed(desk.journal) == []
    assert fold_session(desk.journal, "S1", desk.market.table).is_closed
    with pytest.raises(LookupError, match="S9"):
        fold_session(desk.journal, "S9", desk.market.table)


def test_an_event_that_cannot_be_booked_is_left_out_and_named_and_the_session_goes_on(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(3, ids.call)
    now_ns = desk.market.clock.now_ns()
    desk.book()
    desk.journal.append(
        [
            JournalEvent(EventKind.REPORT, "S1", now_ns, {"order_id": "S1-1", "kind": "shrug"}),
            JournalEvent(EventKind.DAY_ROLLED, "S1", now_ns, {"day": "2015-12-24", "marks_px": {"NEWCO": 1}}),
        ]
    )
    desk.restart()
    book = desk.book()
    assert book.account.position(ids.call).quantity == 3
    report, rolled = book.problems
    assert report.startswith("The report of order S1-1 in the journal, market time 2015-12-24 09:30:00, cannot be")
    assert report.endswith("check the positions.")
    assert rolled.startswith("The day_rolled in the journal")
    assert "NEWCO" in rolled
    assert desk.sell(3, ids.call).state is OrderState.FILLED


def test_a_session_without_a_readable_beginning_does_not_go_on(desk: Desk) -> None:
    desk.journal.append([JournalEvent(EventKind.SESSION_STARTED, "S2", 1, {"account": "paper"})])
    with pytest.raises(JournalBrokenError, match=r"S2 cannot go on.*start a new session"):
        fold_session(desk.journal, "S2", desk.market.table)


def test_a_desk_closed_while_it_catches_up_sends_nothing_at_past_quotes(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(3, ids.call)
    resting = desk.buy(1, ids.put, "3.00", tif=TimeInForce.GTC)
    kept = desk.buy(1, ids.put, "2.90", tif=TimeInForce.GTC)
    cash_e4 = desk.book().account.cash_e4
    road = desk.recovered()
    orders = [desk.intent(Side.BUY, 1, ids.call), desk.intent(Side.SELL, 3, ids.call, "1.40")]
    for intent in orders:
        road.submit(intent)
    road.cancel(resting.order_id)
    assert road.close()
    book = road.snapshot()
    for intent in orders:
        denied = book.order(intent.order_id)
        assert denied is not None
        assert (denied.state, denied.is_sent) == (OrderState.DENIED, False)
        assert (
            denied.reason == "The desk was closed before it had caught up with the market, so the order was not sent."
        )
    assert book.order(resting.order_id).state is OrderState.CANCELLED  # type: ignore[union-attr]
    assert book.order(kept.order_id).state is OrderState.WORKING  # type: ignore[union-attr]
    assert (len(book.fills), book.account.cash_e4, book.is_closed) == (1, cash_e4, True)
    (problem,) = book.problems
    assert problem == (
        "Not sent, because the desk was closed before it had caught up with the market: S1-4, S1-5. Ask again when the "
        "desk is back."
    )
    sent = [event.body["order_id"] for event in desk.journal.read("S1") if event.kind is EventKind.SENT]
    assert sent == ["S1-1", "S1-2", "S1-3"]
    desk.restart()
    assert desk.book().problems == book.problems, "what was not sent is said when the desk is back"
    assert desk.buy(1, ids.call).order_id == "S1-6"


def test_a_flatten_asked_for_while_the_desk_catches_up_closes_nothing_when_it_is_closed(desk: Desk) -> None:
    desk.buy(3, desk.market.ids.call)
    road = desk.recovered()
    road.flatten("panic")
    assert road.close()
    book = road.snapshot()
    assert book.account.position(desk.market.ids.call).quantity == 3
    assert [order.state for order in book.orders] == [OrderState.FILLED, OrderState.DENIED]
    assert any("with the market: a flatten. " in problem for problem in book.problems)


def test_a_750_call_held_to_the_half_days_close_settles_on_748_40_worthless(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(1, ids.call)
    cash_e4 = desk.book().account.cash_e4
    desk.market.clock.advance(CLOSE_NS)
    desk.phase(Phase.CLOSED)
    (problem,) = desk.expire()
    assert (
        problem == "GOOG 2015-12-24 750 C has expired, but the official close of GOOG is missing; the position stays."
    )
    assert desk.book().account.position(ids.call).quantity == 1
    desk.market.official(ids.goog, "748.40")
    assert desk.expire() == ()
    assert desk.expire() == ()
    book = desk.book()
    (settlement,) = book.settlements
    assert (settlement.kind.value, settlement.official_px, settlement.cash_e4) == ("worthless", 7_484_000, 0)
    assert book.account.open_positions == ()
    assert book.account.cash_e4 == cash_e4
    assert book.account.realised_e4 == -160_0000
    assert desk.journal.verify().ok


def test_a_closing_order_goes_when_the_position_is_delivered_away(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(100, ids.goog)
    desk.sell(1, ids.low_call)
    closing = desk.sell(100, ids.goog, "760.00", tif=TimeInForce.GTC)
    assert closing.effect is Effect.CLOSE
    desk.market.clock.advance(CLOSE_NS)
    desk.phase(Phase.CLOSED)
    desk.market.official(ids.goog, "748.40")
    assert desk.expire() == ()
    book = desk.book()
    assert book.account.open_positions == ()
    cancelled = book.order(closing.order_id)
    assert cancelled is not None
    assert (cancelled.state, cancelled.reason) == (
        OrderState.CANCELLED,
        "The position that it was to close has shrunk.",
    )


def test_the_day_roll_marks_positions_and_survives_a_restart(desk: Desk) -> None:
    ids = desk.market.ids
    desk.buy(10, ids.goog)
    desk.road.roll_day(date(2015, 12, 28), {ids.goog: 7_484_000})
    position = desk.book().account.position(ids.goog)
    assert (position.day_start_px, position.day_start_value_e4, position.day_flow_e4) == (7_484_000, 74_840_000, 0)
    desk.restart(date(2015, 12, 28))
    assert desk.book().account.position(ids.goog) == position


def test_the_market_that_runs_up_to_a_restart_again_fills_nothing(desk: Desk) -> None:
    ids = desk.market.ids
    resting = desk.buy(1, ids.call, "1.45")
    desk.market.step(60)
    desk.market.quote(ids.call, "1.50", "1.70")
    desk.road.heartbeat(desk.market.clock.now_ns())
    desk.book()
    desk.restart()
    past_ns = desk.market.clock.now_ns() - 10**9
    desk.market.quote(ids.call, "1.30", "1.40")
    desk.paper.on_instant(past_ns, [ids.call])
    desk.market.phase(Phase.CLOSED)
    desk.paper.on_phase(past_ns)
    assert desk.settled(resting.order_id).state is OrderState.WORKING
    desk.market.phase(Phase.OPEN)
    desk.paper.on_instant(past_ns + 10**9, [ids.call])
    assert desk.settled(resting.order_id).average_px == 14_000


def test_the_same_requests_give_the_same_events_however_the_threads_run(tmp_path: Path) -> None:
    journals = []
    for name, pause_s in (("a", 0.0), ("b", 0.002)):
        (tmp_path / name).mkdir()
        desk = Desk(tmp_path / name)
        desk.market.open()
        ids = desk.market.ids
        desk.market.quote(ids.call, "1.40", "1.60", 100, 100)
        for side, quantity in ((Side.BUY, 3), (Side.SELL, 2), (Side.BUY, 1), (Side.SELL, 3), (Side.SELL, 2)):
            desk.road.submit(desk.intent(side, quantity, ids.call))
            time.sleep(pause_s)
        desk.road.flatten()
        desk.book()
        journals.append([record.hash for record in desk.journal.records()])
        desk.stop()
    assert journals[0] == journals[1]
