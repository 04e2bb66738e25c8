"""The paper exchange against a real market state: what fills, at what price, how much, and what never does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_DAY
from terminal.core.instruments import SessionProduct
from terminal.core.messages import Phase
from terminal.core.orders import (
    DenyReason,
    ExecutionReport,
    Leg,
    OrderIntent,
    OrderType,
    Origin,
    ReportKind,
    Side,
    TimeInForce,
)
from terminal.exchange.paper import PaperExchange
from tests.trading.rig import CLOSE_NS, Market, px


class Pit:
    """A paper exchange whose reports are collected."""

    def __init__(self) -> None:
        self.market = Market()
        self.market.open()
        self.reports: list[ExecutionReport] = []
        self.numbers = itertools.count(1)
        self.paper = PaperExchange(
            self.market.table, self.market.state, self.market.clock, self.market.fees,
            self.reports.append,  # type: ignore[arg-type]
        )  # fmt: skip

    def send(
        self, side: Side, quantity: int, limit: str | None = None, tif: TimeInForce = TimeInForce.DAY,
        instrument: int | None = None,
    ) -> str:  # fmt: skip
        order_id = f"o{next(self.numbers)}"
        leg = Leg(self.market.ids.call if instrument is None else instrument, side)
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        now_ns = self.market.clock.now_ns()
        self.paper.submit(
            OrderIntent(order_id, "paper", (leg,), quantity, kind, tif, Origin.TICKET, now_ns, limit and px(limit))  # type: ignore[arg-type]
        )
        return order_id

    def requote(self, bid: str, ask: str, bid_size: int = 10, ask_size: int = 10) -> None:
        self.market.step()
        self.market.quote(self.market.ids.call, bid, ask, bid_size, ask_size)
        self.instant()

    def instant(self) -> None:
        self.paper.on_instant(self.market.clock.now_ns(), [self.market.ids.call])

    def fills(self, order_id: str | None = None) -> list[tuple[int, int]]:
        return [
            (report.quantity, report.price_px)
            for report in self.reports
            if report.kind is ReportKind.FILL and order_id in {None, report.order_id}
        ]

    def kinds(self, order_id: str) -> list[str]:
        return [report.kind.value for report in self.reports if report.order_id == order_id]


@pytest.fixture
def pit() -> Pit:
    return Pit()


def test_a_market_order_meets_the_far_side(pit: Pit) -> None:
    assert pit.fills(pit.send(Side.BUY, 3)) == [(3, 16_000)]
    assert pit.fills(pit.send(Side.SELL, 2)) == [(2, 14_000)]
    assert pit.reports[1].fee_e4 == 3 * 6500
    assert [report.execution_id for report in pit.reports if report.execution_id] == ["o1:1", "o2:1"]


def test_shares_are_free(pit: Pit) -> None:
    order = pit.send(Side.BUY, 100, instrument=pit.market.ids.goog)
    assert pit.fills(order) == [(100, 7_482_000)]
    assert pit.reports[-1].fee_e4 == 0


def test_a_limit_fills_at_the_quote_when_that_is_better(pit: Pit) -> None:
    assert pit.fills(pit.send(Side.BUY, 1, "1.75")) == [(1, 16_000)]
    assert pit.fills(pit.send(Side.SELL, 1, "1.30")) == [(1, 14_000)]


def test_a_limit_rests_until_the_quote_comes_to_it(pit: Pit) -> None:
    order = pit.send(Side.BUY, 1, "1.50")
    assert pit.kinds(order) == ["accepted"]
    assert pit.paper.watched[pit.market.ids.call]
    pit.requote("1.40", "1.55")
    assert pit.fills() == []
    pit.requote("1.40", "1.49")
    assert pit.fills(order) == [(1, 14_900)]
    assert not pit.paper.watched.any()


def test_visible_size_fills_once_until_that_side_changes(pit: Pit) -> None:
    order = pit.send(Side.BUY, 25)
    assert pit.fills(order) == [(10, 16_000)]
    pit.instant()
    pit.requote("1.45", "1.60")
    assert pit.fills(order) == [(10, 16_000)], "only the bid has changed"
    pit.requote("1.45", "1.65", ask_size=4)
    assert pit.fills(order) == [(10, 16_000), (4, 16_500)]
    pit.requote("1.45", "1.65", ask_size=100)
    assert pit.fills(order) == [(10, 16_000), (4, 16_500), (11, 16_500)]


def test_two_orders_share_what_is_visible_by_price_and_then_by_time(pit: Pit) -> None:
    low = pit.send(Side.BUY, 6, "1.45")
    first = pit.send(Side.BUY, 6, "1.50")
    second = pit.send(Side.BUY, 6, "1.50")
    pit.requote("1.30", "1.40", ask_size=9)
    assert (pit.fills(first), pit.fills(second), pit.fills(low)) == ([(6, 14_000)], [(3, 14_000)], [])


def test_ioc_takes_what_there_is_and_cancels_the_rest(pit: Pit) -> None:
    order = pit.send(Side.BUY, 15, "1.60", TimeInForce.IOC)
    assert pit.kinds(order) == ["accepted", "fill", "cancelled"]
    assert pit.kinds(pit.send(Side.BUY, 1, "1.50", TimeInForce.IOC)) == ["accepted", "cancelled"]
    assert not pit.paper.resting_ids()


@pytest.mark.parametrize(
    ("bid", "ask"),
    [("1.70", "1.60"), ("0.00", "0.00"), ("-", "-"), ("1.40", "-")],
    ids=["crossed", "zero", "none", "bid"],
)
def test_a_quote_that_is_no_market_fills_no_buyer(pit: Pit, bid: str, ask: str) -> None:
    pit.market.quote(pit.market.ids.call, bid, ask)
    order = pit.send(Side.BUY, 1)
    pit.instant()
    assert pit.kinds(order) == ["accepted"]
    pit.requote("1.40", "1.60")
    assert pit.fills(order) == [(1, 16_000)]


def test_a_bid_of_zero_buys_nothing_from_a_seller(pit: Pit) -> None:
    pit.market.quote(pit.market.ids.call, "0.00", "0.05")
    assert pit.fills(pit.send(Side.SELL, 1)) == []
    assert pit.fills(pit.send(Side.BUY, 1)) == [(1, 500)]


def test_a_locked_market_fills(pit: Pit) -> None:
    pit.market.quote(pit.market.ids.call, "1.50", "1.50")
    assert pit.fills(pit.send(Side.BUY, 1)) == [(1, 15_000)]


def test_trades_and_bars_fill_nothing(pit: Pit) -> None:
    order = pit.send(Side.BUY, 1, "1.00")
    pit.market.step()
    pit.market.trade(pit.market.ids.call, "0.50", 100)
    pit.instant()
    assert pit.fills(order) == []


def test_nothing_fills_at_quotes_that_become_visible_after_the_close(pit: Pit) -> None:
    day = pit.send(Side.BUY, 1, "1.00")
    gtc = pit.send(Side.BUY, 1, "1.00", TimeInForce.GTC, instrument=pit.market.ids.goog)
    pit.market.clock.advance(CLOSE_NS)
    pit.market.phase(Phase.CLOSED)
    pit.paper.on_phase(CLOSE_NS)
    assert pit.kinds(day) == ["accepted", "expired"]
    assert pit.kinds(gtc) == ["accepted"]
    pit.requote("0.50", "0.60")
    pit.market.quote(pit.market.ids.goog, "0.80", "0.90")
    pit.paper.on_instant(pit.market.clock.now_ns(), [pit.market.ids.goog])
    late = pit.send(Side.BUY, 1)
    assert pit.kinds(late) == ["rejected"]
    assert pit.fills() == []


def test_at_the_instant_of_the_close_the_phase_decides(pit: Pit) -> None:
    order = pit.send(Side.BUY, 1, "1.50", instrument=pit.market.ids.goog)
    pit.market.clock.advance(CLOSE_NS)
    pit.market.quote(pit.market.ids.goog, "1.40", "1.45")
    pit.market.phase(Phase.CLOSED)
    pit.paper.on_instant(CLOSE_NS, [pit.market.ids.goog])
    assert pit.fills(order) == []


def test_an_expired_contract_fills_nothing_while_its_market_is_open(pit: Pit) -> None:
    order = pit.send(Side.BUY, 1, "9.00", TimeInForce.GTC, instrument=pit.market.ids.spxw)
    pit.market.clock.advance(CLOSE_NS)
    pit.market.quote(pit.market.ids.spxw, "8.00", "8.50")
    pit.paper.on_instant(CLOSE_NS, [pit.market.ids.spxw])
    assert pit.fills(order) == []
    pit.paper.on_phase(CLOSE_NS)
    assert pit.kinds(order) == ["accepted", "expired"]
    assert pit.kinds(pit.send(Side.BUY, 1, instrument=pit.market.ids.spxw)) == ["rejected"]


@pytest.mark.parametrize("phase", [Phase.PRE_MARKET, Phase.HALTED, Phase.CURB, Phase.CLOSED, Phase.AFTER_HOURS])
def test_market_orders_are_refused_outside_the_regular_session(pit: Pit, phase: Phase) -> None:
    pit.market.phase(phase)
    assert pit.kinds(pit.send(Side.BUY, 1)) == ["rejected"]
    assert phase.name.replace("_", " ").lower() in pit.reports[-1].reason


def test_a_limit_order_waits_through_a_halt_and_the_night(pit: Pit) -> None:
    pit.market.phase(Phase.PRE_MARKET)
    order = pit.send(Side.BUY, 1, "1.60")
    pit.requote("1.40", "1.50")
    assert pit.fills(order) == []
    pit.market.phase(Phase.OPEN)
    pit.paper.on_phase(pit.market.clock.now_ns())
    assert pit.fills(order) == [(1, 15_000)]


def test_limits_trade_in_the_curb_session_of_index_options(pit: Pit) -> None:
    pit.market.phase(Phase.CURB, SessionProduct.INDEX_OPTION)
    assert pit.fills(pit.send(Side.BUY, 1, "10.40", instrument=pit.market.ids.spxw)) == [(1, 104_000)]


def test_cancel_and_query_answer_for_what_rests_and_for_what_does_not(pit: Pit) -> None:
    order = pit.send(Side.BUY, 1, "1.00")
    pit.paper.query(order)
    pit.paper.cancel(order)
    pit.paper.cancel(order)
    pit.paper.query("never")
    assert pit.kinds(order) == ["accepted", "accepted", "cancelled", "cancel_rejected"]
    assert pit.kinds("never") == ["rejected"]


def test_the_same_order_twice_is_taken_once(pit: Pit) -> None:
    leg = Leg(pit.market.ids.call, Side.BUY)
    intent = OrderIntent("same", "paper", (leg,), 1, OrderType.LIMIT, TimeInForce.DAY, Origin.TICKET, 0, px("1.00"))
    pit.paper.submit(intent)
    pit.paper.submit(intent)
    assert pit.kinds("same") == ["accepted"]


def test_combos_are_not_taken_yet(pit: Pit) -> None:
    legs = (Leg(pit.market.ids.call, Side.BUY), Leg(pit.market.ids.low_call, Side.SELL))
    combo = OrderIntent("c", "paper", legs, 1, OrderType.LIMIT, TimeInForce.DAY, Origin.TICKET, 0, px("-6.00"))
    assert pit.paper.supports(combo) is DenyReason.NOT_SUPPORTED
    index = OrderIntent(
        "i", "paper", (Leg(pit.market.ids.spx, Side.BUY),), 1, OrderType.MARKET, TimeInForce.DAY, Origin.TICKET, 0
    )
    assert pit.paper.supports(index) is DenyReason.NOT_SUPPORTED


_prices = st.sampled_from(["1.00", "1.10", "1.20", "1.30", "1.40", "-"])
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), _prices, _prices, st.integers(1, 9), st.integers(1, 9)),
        st.tuples(
            st.just("order"),
            st.sampled_from(Side),
            st.integers(1, 15),
            st.sampled_from(["1.00", "1.10", "1.20", "1.30", None]),
            st.sampled_from(TimeInForce),
        ),
        st.tuples(st.just("cancel"), st.integers(1, 10)),
    ),
    max_size=25,
)


@given(_steps)
@settings(deadline=None)
def test_fills_are_never_worse_than_the_limit_nor_larger_than_what_was_shown(steps: list[tuple[object, ...]]) -> None:
    pit = Pit()
    ordered: dict[str, tuple[Side, int, int | None]] = {}
    shown = {Side.BUY: 10, Side.SELL: 10}
    standing = {Side.BUY: ("1.60", 10), Side.SELL: ("1.40", 10)}
    for step in steps:
        before = len(pit.reports)
        if step[0] == "quote":
            _, bid, ask, bid_size, ask_size = step
            pit.requote(bid, ask, bid_size, ask_size)  # type: ignore[arg-type]
            for side, price, size in ((Side.BUY, ask, ask_size), (Side.SELL, bid, bid_size)):
                fresh = ("-", 0) if price == "-" else (price, size)
                if fresh != standing[side]:
                    standing[side], shown[side] = fresh, fresh[1]  # type: ignore[assignment]
        elif step[0] == "order":
            _, wish, quantity, limit, tif = step
            order_id = pit.send(wish, quantity, limit, tif)  # type: ignore[arg-type]
            ordered[order_id] = (Side(wish), quantity, px(limit) if limit else None)  # type: ignore[assignment, arg-type]
        else:
            pit.paper.cancel(f"o{step[1]}")
        for report in pit.reports[before:]:
            if report.kind is ReportKind.FILL:
                side, quantity, limit_px = ordered[report.order_id]
                assert report.price_px == px(standing[side][0])
                assert limit_px is None or (report.price_px - limit_px) * side <= 0
                shown[side] -= report.quantity
                assert shown[side] >= 0
    for order_id, (_, quantity, _) in ordered.items():
        filled = sum(size for size, _ in pit.fills(order_id))
        assert filled <= quantity
        ended = {"cancelled", "rejected", "expired"} & set(pit.kinds(order_id))
        resting = order_id in pit.paper.resting_ids()
        assert resting == (not ended and filled < quantity)
    executions = [report.execution_id for report in pit.reports if report.execution_id]
    assert len(executions) == len(set(executions))


def test_a_day_order_does_not_outlive_its_day_whoever_forgot_to_say_that_it_is_over(pit: Pit) -> None:
    goog = pit.market.ids.goog
    order = pit.send(Side.BUY, 1, "1.00", instrument=goog)
    gtc = pit.send(Side.BUY, 1, "1.00", TimeInForce.GTC, instrument=goog)
    pit.market.clock.advance(CLOSE_NS + 4 * NS_PER_DAY)
    pit.market.quote(goog, "0.50", "0.90")
    pit.paper.on_instant(pit.market.clock.now_ns(), [goog])
    assert (pit.fills(order), pit.fills(gtc)) == ([], [(1, px("0.90"))])
    pit.paper.on_phase(pit.market.clock.now_ns())
    assert pit.kinds(order) == ["accepted", "expired"]
