"""The fold: the same at run time and at recovery, conserving every contract and cent."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.events import EventKind, JournalEvent, intent_body, report_body
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Phase
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import (
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
from terminal.trading.book_of_record import BookOfRecord, Books
from terminal.trading.road import fold_session
from tests.trading.rig import CASH_E4, CLOSE_NS, Desk, Market

_names = st.sampled_from(["goog", "call", "put", "low_call"])
_actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("order"),
            _names,
            st.sampled_from(Side),
            st.integers(1, 15),
            st.sampled_from(["near", "far", None]),
            st.sampled_from(TimeInForce),
        ),
        st.tuples(st.just("quote"), _names, st.integers(-5, 5), st.integers(1, 12)),
        st.tuples(st.just("cancel"), st.integers(1, 8)),
        st.tuples(st.just("flatten")),
        st.tuples(st.just("restart")),
    ),
    min_size=1,
    max_size=14,
)
_MIDDLES = {"goog": 7_481_000, "call": 15_000, "put": 34_500, "low_call": 82_000}


def _act(desk: Desk, action: tuple[object, ...]) -> None:
    ids = desk.market.ids
    if action[0] == "order":
        _, name, side, quantity, where, tif = action
        middle = _MIDDLES[str(name)]
        away = {"near": 0, "far": -1_000, None: 0}[where] * int(side)  # type: ignore[index, call-overload]
        cents = (middle + away) // 100
        limit = None if where is None else f"{cents // 100}.{cents % 100:02d}"
        desk.order(side, quantity, getattr(ids, str(name)), limit, tif=tif)  # type: ignore[arg-type]
    elif action[0] == "quote":
        _, name, shift, size = action
        middle = _MIDDLES[str(name)] + int(shift) * 100  # type: ignore[call-overload]
        desk.market.step()
        bid, ask = ((middle + edge) // 100 for edge in (-1_000, 1_000))
        words = [f"{cents // 100}.{cents % 100:02d}" for cents in (bid, ask)]
        desk.market.quote(getattr(ids, str(name)), words[0], words[1], int(size), int(size))  # type: ignore[call-overload]
        desk.match()
    elif action[0] == "cancel":
        desk.road.cancel(f"S1-{action[1]}")
        desk.book()
    elif action[0] == "flatten":
        desk.road.flatten()
        desk.book()
    else:
        desk.restart()


def _conserved(desk: Desk, book: BookOfRecord) -> None:
    held: dict[int, int] = {}
    spent_e4 = 0
    for fill in book.fills:
        held[fill.instrument] = held.get(fill.instrument, 0) + fill.side * fill.quantity
        multiplier = desk.market.table.get(fill.instrument).multiplier
        spent_e4 += fill.side * fill.quantity * fill.price_px * multiplier + fill.fee_e4
    for settlement in book.settlements:
        held[settlement.instrument] -= settlement.quantity
        if settlement.delivered >= 0:
            held[settlement.delivered] = held.get(settlement.delivered, 0) + settlement.delivered_quantity
        spent_e4 += settlement.fee_e4 - settlement.cash_e4
    assert {position.instrument: position.quantity for position in book.account.positions} == held
    assert book.account.cash_e4 == CASH_E4 - spent_e4
    for order in book.orders:
        assert order.filled == sum(fill.quantity for fill in book.fills if fill.order_id == order.order_id)
        assert (order.state is OrderState.FILLED) == (order.filled == order.quantity)


@given(_actions)
@settings(deadline=None, max_examples=40)
def test_the_fold_of_the_journal_is_the_live_state_at_every_moment(actions: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.market.open()
        pictures: dict[int, BookOfRecord] = {}
        try:
            for action in actions:
                _act(desk, action)
                pictures[desk.journal.last_seq] = desk.book()
            desk.market.clock.advance(CLOSE_NS)
            desk.phase(Phase.CLOSED)
            desk.market.official(desk.market.ids.goog, "752.00")
            desk.expire()
            pictures[desk.journal.last_seq] = final = desk.book()
            _conserved(desk, final)
            records = list(desk.journal.records())
            assert desk.journal.verify().ok
        finally:
            desk.stop()
        books = Books("S1", desk.market.table)
        for record in records:
            books.apply(record.event)
            if record.seq in pictures:
                _same(books.snapshot(), pictures[record.seq])
        elsewhere = _by_symbol(fold_session(desk.journal, "S1", table := InstrumentTable()).snapshot(), table)
        assert elsewhere == _by_symbol(final, desk.market.table), "the journal alone is enough"


def _same(folded: BookOfRecord, live: BookOfRecord) -> None:
    for name in ("orders", "fills", "settlements", "account", "market_ns", "trading_day", "is_closed"):
        assert getattr(folded, name) == getattr(live, name), name


def _by_symbol(book: BookOfRecord, table: InstrumentTable) -> list[object]:
    positions = [
        (table.get(each.instrument).symbol, each.quantity, each.cost_e4, each.realised_e4, each.fees_e4)
        for each in book.account.positions
    ]
    orders = [(order.order_id, order.state, order.filled, table.get(order.instrument).symbol) for order in book.orders]
    fills = [(fill.execution_id, table.get(fill.instrument).symbol, fill.price_px) for fill in book.fills]
    return [positions, orders, fills, book.account.cash_e4]


def _started(market: Market) -> Books:
    books = Books("S", market.table)
    body = {"account": "paper", "cash_e4": CASH_E4, "currency": "USD", "day": "2015-12-24"}
    books.apply(JournalEvent(EventKind.SESSION_STARTED, "S", 1, body))
    return books


def _working(desk: Desk, quantity: int = 2) -> str:
    return desk.buy(quantity, desk.market.ids.call, "1.45").order_id


def _fill(order_id: str, execution_id: str, quantity: int = 1, price_px: int = 14_500) -> ExecutionReport:
    return ExecutionReport(
        ReportKind.FILL, order_id, 5, execution_id=execution_id, quantity=quantity, price_px=price_px
    )


def test_a_fill_counts_once_by_account_and_execution_id(desk: Desk) -> None:
    order_id = _working(desk)
    for _ in range(3):
        desk.road.report(_fill(order_id, "x1"))
    assert desk.book().account.position(desk.market.ids.call).quantity == 1
    desk.restart()
    desk.road.report(_fill(order_id, "x1"))
    assert desk.book().account.position(desk.market.ids.call).quantity == 1


def test_a_late_fill_wins_over_a_cancel(desk: Desk) -> None:
    order_id = _working(desk)
    desk.road.cancel(order_id)
    assert desk.settled(order_id).state is OrderState.CANCELLED
    desk.road.report(_fill(order_id, "x1"))
    partly = desk.settled(order_id)
    assert (partly.state, partly.filled) == (OrderState.CANCELLED, 1)
    desk.road.report(_fill(order_id, "x2"))
    assert desk.settled(order_id).state is OrderState.FILLED


def test_an_overfill_is_refused_and_said(desk: Desk) -> None:
    order_id = _working(desk)
    desk.road.report(_fill(order_id, "x1", 3))
    book = desk.book()
    assert book.fills == ()
    assert "the overfill is not booked, ask the venue" in book.problems[0]


def test_reports_that_make_no_sense_are_said_and_change_nothing(desk: Desk) -> None:
    order_id = _working(desk)
    for report in (
        _fill(order_id, ""),
        _fill(order_id, "x2", 0),
        _fill(order_id, "x3", price_px=-1),
        ExecutionReport(ReportKind.FILL, order_id, 5, execution_id="x4", leg=1, quantity=1, price_px=1),
        _fill("nobody", "x5"),
    ):
        desk.road.report(report)
    book = desk.book()
    assert book.fills == ()
    assert len(book.problems) == 5
    assert desk.settled(order_id).state is OrderState.WORKING


def test_events_of_other_sessions_change_nothing() -> None:
    books = _started(Market())
    before = books.snapshot()
    body = report_body(_fill("S-1", "x"))
    books.apply(JournalEvent(EventKind.REPORT, "other", 9, body))
    assert books.snapshot() is before


def test_a_multiplier_that_changed_since_is_said() -> None:
    market = Market()
    books = _started(market)
    row = market.table.get(market.ids.call)
    body = {
        "about": "instrument", "symbol": row.symbol, "kind": "OPTION", "session": row.session.value,
        "tick_class": "PENNY", "currency": "USD", "multiplier": 10, "price_scale": 10_000, "calendar": "", "name": "",
        "option": None,
    }  # fmt: skip
    books.apply(JournalEvent(EventKind.NOTE, "S", 2, body))
    assert "has a multiplier of 100 now and had 10" in books.snapshot().problems[0]


def test_the_view_of_an_order_has_what_a_row_of_the_blotter_shows(desk: Desk) -> None:
    desk.market.quote(desk.market.ids.call, "1.40", "1.60", 10, 2)
    order_id = desk.buy(3, desk.market.ids.call).order_id
    desk.market.step()
    desk.market.quote(desk.market.ids.call, "1.40", "1.65")
    desk.match()
    order = desk.settled(order_id)
    assert (order.quantity, order.filled, order.remaining, order.fill_count) == (3, 3, 0, 2)
    assert order.average_px == round((2 * 16_000 + 16_500) / 3)
    assert (order.side, order.effect, order.action, order.fees_e4) == (Side.BUY, Effect.OPEN, "BTO", 3 * 6_500)
    assert desk.sell(1, desk.market.ids.call).action == "STC"
    assert desk.buy(0, desk.market.ids.call).action == "BUY"
    assert order.updated_ns > order.created_ns
    assert desk.book().account.cash_e4 == CASH_E4 - (485 - 140) * MONEY_SCALE - 4 * 6_500


def test_a_combo_is_filled_when_every_leg_is() -> None:
    market = Market()
    books = _started(market)
    legs = (Leg(market.ids.low_call, Side.BUY, 1, Effect.OPEN), Leg(market.ids.call, Side.SELL, 2, Effect.OPEN))
    intent = OrderIntent("S-1", "paper", legs, 2, OrderType.LIMIT, TimeInForce.DAY, Origin.TICKET, 0, 50_000)
    symbols = [market.table.get(leg.instrument).symbol for leg in legs]
    books.apply(JournalEvent(EventKind.INTENT, "S", 2, intent_body(intent, symbols)))

    def fill(number: int, leg: int, quantity: int, price_px: int) -> None:
        report = ExecutionReport(
            ReportKind.FILL, "S-1", number, execution_id=f"x{number}", leg=leg, quantity=quantity, price_px=price_px,
            fee_e4=6_500 * quantity,
        )  # fmt: skip
        books.apply(JournalEvent(EventKind.REPORT, "S", number, report_body(report)))

    fill(3, 0, 2, 84_000)
    order = books.order("S-1")
    assert order is not None
    assert (order.state, order.filled, order.has_fills) == (OrderState.PARTIALLY_FILLED, 0, True)
    assert [(leg.instrument, leg.remaining) for leg in order.working_legs()] == [(market.ids.call, 4)]
    fill(4, 1, 3, 14_000)
    fill(5, 1, 2, 14_000)
    assert "overfill" in books.snapshot().problems[0]
    fill(6, 1, 1, 14_000)
    order = books.order("S-1")
    assert order is not None
    assert (order.state, order.filled, order.fees_e4) == (OrderState.FILLED, 2, 6 * 6_500)
    assert books.account.held(market.ids.low_call) == 2
    assert books.account.held(market.ids.call) == -4
    assert books.account.cash_e4 == CASH_E4 - (1_680 - 560) * MONEY_SCALE - 6 * 6_500
