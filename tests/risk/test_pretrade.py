"""Verdicts: each reason is reached, its sentence has the figures, and getting out is never blocked by size or money."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.instruments import SessionProduct
from terminal.core.messages import Phase
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import DenyReason, Effect, Leg, OrderIntent, OrderType, Origin, Side, TimeInForce
from terminal.portfolio.position import Position
from terminal.risk.effects import effect_word
from terminal.risk.holdings import Holdings, WorkingLeg
from terminal.risk.limits import Limits
from terminal.risk.pretrade import PreTrade, Verdict
from tests.trading.rig import CASH_E4, CLOSE_NS, Market, px


class Case:
    def __init__(self, limits: Limits | None = None) -> None:
        self.market = Market(limits)
        self.market.open()
        self.ids = self.market.ids
        self.holdings = Holdings("paper", CASH_E4, {}, [])

    def hold(self, **quantities: int) -> None:
        positions = {
            getattr(self.ids, name): Position(getattr(self.ids, name), quantity)
            for name, quantity in quantities.items()
        }
        self.holdings = replace(self.holdings, positions=positions)

    def work(self, instrument: int, side: Side, effect: Effect, quantity: int, limit: str) -> None:
        leg = WorkingLeg("w1", instrument, side, effect, quantity, OrderType.LIMIT, px(limit))
        self.holdings = replace(self.holdings, working=[*self.holdings.working, leg])

    def judge(
        self, side: Side, quantity: int, instrument: int, limit: str | None = None,
        tif: TimeInForce = TimeInForce.DAY, effect: Effect | None = None, origin: Origin = Origin.TICKET,
    ) -> Verdict:  # fmt: skip
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        intent = OrderIntent(
            "o", "paper", (Leg(instrument, side, 1, effect),), quantity, kind, tif, origin, 0,
            None if limit is None else px(limit),
        )  # fmt: skip
        return self.market.pretrade.judge(intent, self.holdings, self.market.clock.now_ns())

    def buy(self, quantity: int, instrument: int, limit: str | None = None, **more: object) -> Verdict:
        return self.judge(Side.BUY, quantity, instrument, limit, **more)  # type: ignore[arg-type]

    def sell(self, quantity: int, instrument: int, limit: str | None = None, **more: object) -> Verdict:
        return self.judge(Side.SELL, quantity, instrument, limit, **more)  # type: ignore[arg-type]


@pytest.fixture
def case() -> Case:
    return Case()


def test_a_sound_order_passes_with_the_money_before_and_after(case: Case) -> None:
    verdict = case.buy(2, case.ids.call)
    assert verdict.ok
    assert verdict.cash_before_e4 == verdict.buying_power_before_e4 == CASH_E4
    assert verdict.cash_after_e4 == verdict.buying_power_after_e4 == CASH_E4 - 320 * MONEY_SCALE - 13_000
    assert verdict.intent.only_leg.effect is Effect.OPEN


@pytest.mark.parametrize("quantity", [0, -1])
def test_bad_quantity(case: Case, quantity: int) -> None:
    assert case.buy(quantity, case.ids.call).reason is DenyReason.BAD_QUANTITY


def test_unknown_and_untradable(case: Case) -> None:
    assert case.buy(1, 9_999).reason is DenyReason.UNKNOWN_INSTRUMENT
    verdict = case.buy(1, case.ids.spx)
    assert (verdict.reason, verdict.sentence) == (
        DenyReason.NOT_TRADABLE,
        "SPX is an index and cannot be bought or sold.",
    )


def test_off_tick_names_the_neighbours(case: Case) -> None:
    verdict = case.buy(1, case.ids.spxw, "10.03")
    assert verdict.reason is DenyReason.OFF_TICK
    assert verdict.sentence == "10.03 is not on the tick of 0.10; the nearest are 10.00 and 10.10."


@pytest.mark.parametrize("limit", ["0.00", "-1.00", "99999999999.00"])
def test_bad_price(case: Case, limit: str) -> None:
    assert case.buy(1, case.ids.call, limit).reason is DenyReason.BAD_PRICE


def test_a_market_order_has_no_price_and_a_limit_order_has_one(case: Case) -> None:
    leg = (Leg(case.ids.call, Side.BUY),)
    for kind, limit_px in ((OrderType.MARKET, 100), (OrderType.LIMIT, None)):
        intent = OrderIntent("o", "paper", leg, 1, kind, TimeInForce.DAY, Origin.TICKET, 0, limit_px)
        verdict = case.market.pretrade.judge(intent, case.holdings, case.market.clock.now_ns())
        assert verdict.reason is DenyReason.BAD_PRICE


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.CLOSED])
@pytest.mark.parametrize("origin", [Origin.TICKET, Origin.SCRIPT, Origin.FLATTEN])
def test_a_market_order_never_waits_overnight(case: Case, phase: Phase, origin: Origin) -> None:
    case.market.phase(phase)
    verdict = case.buy(1, case.ids.call, tif=TimeInForce.GTC, origin=origin)
    assert verdict.reason is DenyReason.NOT_SUPPORTED
    assert verdict.sentence.startswith("A market order cannot be gtc: ")
    assert verdict.sentence.endswith("make it day or ioc, or give it a limit.")


def test_expired(case: Case) -> None:
    case.market.clock.advance(CLOSE_NS)
    assert case.buy(1, case.ids.call, "1.00").reason is DenyReason.EXPIRED_CONTRACT


@pytest.mark.parametrize(
    ("phase", "limit", "tif", "passes"),
    [
        (Phase.PRE_MARKET, None, TimeInForce.DAY, False),
        (Phase.PRE_MARKET, "1.50", TimeInForce.DAY, True),
        (Phase.PRE_MARKET, "1.50", TimeInForce.IOC, False),
        (Phase.HALTED, None, TimeInForce.DAY, False),
        (Phase.HALTED, "1.50", TimeInForce.DAY, True),
        (Phase.CLOSED, "1.50", TimeInForce.DAY, False),
        (Phase.CLOSED, "1.50", TimeInForce.GTC, True),
        (Phase.AFTER_HOURS, "1.50", TimeInForce.DAY, False),
        (Phase.CURB, None, TimeInForce.DAY, False),
        (Phase.CURB, "1.50", TimeInForce.IOC, True),
    ],
)
def test_hours(case: Case, phase: Phase, limit: str | None, tif: TimeInForce, passes: bool) -> None:
    case.market.phase(phase)
    if phase is Phase.PRE_MARKET:
        case.market.quote(case.ids.call, "1.40", "1.60")
    verdict = case.buy(1, case.ids.call, limit, tif=tif)
    assert verdict.reason is (None if passes else DenyReason.MARKET_CLOSED), verdict.sentence


def test_only_the_products_own_session_counts(case: Case) -> None:
    case.market.phase(Phase.CLOSED, SessionProduct.EQUITY_OPTION)
    assert case.buy(1, case.ids.call).reason is DenyReason.MARKET_CLOSED
    assert case.buy(1, case.ids.spxw).ok


def test_no_quote(case: Case) -> None:
    case.market.quote(case.ids.call, "-", "1.60")
    verdict = case.sell(1, case.ids.call)
    assert (verdict.reason, verdict.sentence) == (
        DenyReason.NO_QUOTE,
        "GOOG 2015-12-24 750 C has no bid to sell at; a limit order can wait for one.",
    )
    assert case.buy(1, case.ids.spx_am, "1.00").reason in {DenyReason.NO_QUOTE, DenyReason.EXPIRED_CONTRACT}
    case.market.quote(case.ids.call, "0.00", "0.05")
    assert case.sell(1, case.ids.call).reason is DenyReason.NO_QUOTE


def test_a_silent_feed_is_stale_and_an_unchanged_contract_is_not(case: Case) -> None:
    case.market.step(3600)
    verdict = case.buy(1, case.ids.call)
    assert verdict.reason is DenyReason.STALE_QUOTE
    assert "silent for 3600.0 s (limit 5.0 s)" in verdict.sentence
    case.market.quote(case.ids.put, "3.30", "3.60")
    assert case.buy(1, case.ids.call).ok, "the channel has spoken, though not of this contract"


@pytest.mark.parametrize(("bid", "ask", "word"), [("1.70", "1.60", "crossed"), ("0.00", "0.00", "zero")])
def test_bad_quotes(case: Case, bid: str, ask: str, word: str) -> None:
    case.market.quote(case.ids.call, bid, ask)
    verdict = case.buy(1, case.ids.call)
    assert verdict.reason is DenyReason.BAD_QUOTE
    assert f"{bid} x {ask}: it is {word}" in verdict.sentence
    case.hold(call=1)
    assert case.sell(1, case.ids.call, "2.00").ok, "a closing limit may wait"


def test_the_collar(case: Case) -> None:
    assert case.buy(1, case.ids.call, "1.76").ok
    verdict = case.buy(1, case.ids.call, "1.77")
    assert (verdict.reason, verdict.sentence) == (
        DenyReason.OUTSIDE_COLLAR,
        "1.77 is too far through the market of 1.40 x 1.60; the collar ends at 1.76.",
    )
    assert case.sell(1, case.ids.call, "1.26").ok
    assert case.sell(1, case.ids.call, "1.25").reason is DenyReason.OUTSIDE_COLLAR
    assert case.buy(1, case.ids.call, "0.01").ok, "far behind the market is only patient"


def test_the_collar_of_a_cheap_option_is_counted_in_ticks(case: Case) -> None:
    case.market.quote(case.ids.call, "0.01", "0.03")
    assert case.buy(1, case.ids.call, "0.13").ok
    assert case.buy(1, case.ids.call, "0.14").reason is DenyReason.OUTSIDE_COLLAR


def test_shares_have_a_collar_of_their_own() -> None:
    case = Case(Limits(share_collar_basis_points=500))
    case.holdings = replace(case.holdings, cash_e4=10**12)
    assert case.buy(1, case.ids.goog, "785.00").ok
    assert case.buy(1, case.ids.goog, "786.00").reason is DenyReason.OUTSIDE_COLLAR
    assert case.buy(1, case.ids.call, "1.76").ok


def test_sizes(case: Case) -> None:
    assert case.buy(501, case.ids.call).sentence == "501 contracts are more than the limit of 500."
    assert case.buy(50_001, case.ids.goog).reason is DenyReason.TOO_LARGE
    case.holdings = replace(case.holdings, cash_e4=10**15)
    verdict = case.buy(10_000, case.ids.goog)
    assert verdict.sentence == "The order is worth 7482000.00, more than the limit of 5000000.00."


def test_buying_power_has_the_figures(case: Case) -> None:
    case.holdings = replace(case.holdings, cash_e4=100 * MONEY_SCALE)
    verdict = case.buy(1, case.ids.call)
    assert verdict.reason is DenyReason.BUYING_POWER
    assert verdict.sentence == "The order needs 160.65 and the account has 100.00 of buying power."
    case.holdings = replace(case.holdings, cash_e4=1_606_500)
    assert case.buy(1, case.ids.call).ok, "to the last cent"


def test_working_orders_count(case: Case) -> None:
    case.holdings = replace(case.holdings, cash_e4=300 * MONEY_SCALE)
    case.work(case.ids.call, Side.BUY, Effect.OPEN, 1, "1.50")
    verdict = case.buy(1, case.ids.call)
    assert verdict.sentence == "The order needs 160.65 and the account has 149.35 of buying power."


def test_closing_is_never_blocked_by_size_or_money() -> None:
    case = Case(Limits(max_contracts=1, max_notional_e4=1))
    case.hold(call=-900, put=800)
    case.holdings = replace(case.holdings, cash_e4=-(10**12))
    assert case.buy(900, case.ids.call).ok
    assert case.sell(800, case.ids.put).ok
    assert case.buy(1, case.ids.spxw).reason is DenyReason.TOO_LARGE


def test_flatten_works_on_a_silent_feed(case: Case) -> None:
    case.hold(call=1)
    case.market.step(3600)
    assert case.sell(1, case.ids.call).reason is DenyReason.STALE_QUOTE
    assert case.sell(1, case.ids.call, origin=Origin.FLATTEN).ok
    assert case.buy(1, case.ids.put, origin=Origin.FLATTEN).reason is DenyReason.STALE_QUOTE


@pytest.mark.parametrize(
    ("held", "side", "stated", "word"),
    [
        (0, Side.BUY, None, "BTO"),
        (0, Side.SELL, None, "STO"),
        (2, Side.SELL, None, "STC"),
        (-2, Side.BUY, None, "BTC"),
        (2, Side.BUY, None, "BTO"),
        (-2, Side.SELL, Effect.OPEN, "STO"),
    ],
)
def test_effects(case: Case, held: int, side: Side, stated: Effect | None, word: str) -> None:
    case.hold(put=held)
    verdict = case.judge(side, 1, case.ids.put, effect=stated)
    assert verdict.ok, verdict.sentence
    assert effect_word(side, verdict.intent.only_leg.effect or Effect.OPEN) == word


@pytest.mark.parametrize(
    ("held", "side", "quantity", "stated", "reason"),
    [
        (0, Side.SELL, 1, Effect.CLOSE, DenyReason.WRONG_EFFECT),
        (2, Side.BUY, 1, Effect.CLOSE, DenyReason.WRONG_EFFECT),
        (2, Side.SELL, 1, Effect.OPEN, DenyReason.WRONG_EFFECT),
        (2, Side.SELL, 3, None, DenyReason.CLOSES_TOO_MUCH),
        (2, Side.SELL, 3, Effect.CLOSE, DenyReason.CLOSES_TOO_MUCH),
        (-1, Side.BUY, 2, None, DenyReason.CLOSES_TOO_MUCH),
    ],
)
def test_no_position_is_turned_over(
    case: Case, held: int, side: Side, quantity: int, stated: Effect | None, reason: DenyReason
) -> None:
    case.hold(put=held)
    assert case.judge(side, quantity, case.ids.put, effect=stated).reason is reason


def test_an_opening_order_on_the_other_side_must_go_first(case: Case) -> None:
    case.work(case.ids.put, Side.BUY, Effect.OPEN, 5, "3.00")
    verdict = case.sell(1, case.ids.put)
    assert verdict.reason is DenyReason.WRONG_EFFECT
    assert "w1" in verdict.sentence


@given(
    st.integers(-5, 5),
    st.lists(st.integers(1, 3), max_size=3),
    st.sampled_from(Side),
    st.integers(1, 8),
    st.sampled_from([None, Effect.OPEN, Effect.CLOSE]),
)
def test_whatever_passes_can_not_turn_the_position_over(
    held: int, closing: list[int], side: Side, quantity: int, stated: Effect | None
) -> None:
    case = _shared
    case.hold(put=held)
    other = Side.SELL if held > 0 else Side.BUY
    case.holdings = replace(case.holdings, working=[])
    if held:
        for number in closing:
            case.work(case.ids.put, other, Effect.CLOSE, number, "3.50")
    verdict = case.judge(side, quantity, case.ids.put, effect=stated)
    if not verdict.ok:
        return
    effect = verdict.intent.only_leg.effect
    assert stated in {None, effect}
    if effect is Effect.CLOSE:
        assert held * side < 0
        assert quantity + sum(closing) <= abs(held)
    else:
        assert held * side >= 0


_shared = Case()


def test_judging_needs_only_the_protocols(case: Case) -> None:
    fresh = PreTrade(case.market.table, case.market.state, Limits(), lambda row, quantity: 0)
    assert fresh.judge(case.buy(1, case.ids.call).intent, case.holdings, case.market.clock.now_ns()).ok


def test_a_long_leg_is_not_sold_from_under_its_short_one(case: Case) -> None:
    case.hold(low_call=1, call=-1)
    case.holdings = replace(case.holdings, cash_e4=8_000 * MONEY_SCALE)
    for limit in (None, "8.00", "800.00"):
        verdict = case.sell(1, case.ids.low_call, limit)
        assert verdict.reason is DenyReason.BUYING_POWER, limit
        # 14,932.00 for the bare call; 8,000.00 and the bid of 8.00 less 0.65 of fees pay for a part of it.
        assert verdict.sentence == (
            "What is sold covers the short GOOG 2015-12-24 750 C, which would need 14932.00 more and leave -6132.65 of "
            "buying power; buy the short back first."
        )
    assert case.buy(1, case.ids.call).ok, "the short leg first"
    assert case.sell(1, case.ids.low_call, origin=Origin.FLATTEN).ok, "getting flat is never blocked"
    case.holdings = replace(case.holdings, cash_e4=15_000 * MONEY_SCALE)
    verdict = case.sell(1, case.ids.low_call)
    assert verdict.ok
    assert verdict.buying_power_after_e4 == (15_000 + 800 - 14_932) * MONEY_SCALE - 6_500


def test_shares_that_cover_a_call_are_sold_only_when_what_they_bring_pays_for_it(case: Case) -> None:
    case.hold(goog=100, call=-1)
    case.holdings = replace(case.holdings, cash_e4=0)
    verdict = case.sell(100, case.ids.goog)
    assert verdict.ok
    assert (verdict.buying_power_after_e4 or 0) // MONEY_SCALE in range(59_860, 59_869), "74,800 less 14,932 and fees"
    case.holdings = replace(case.holdings, cash_e4=8_000 * MONEY_SCALE)
    verdict = case.sell(1, case.ids.goog)
    assert verdict.reason is DenyReason.BUYING_POWER, "one share less and the call is bare"
    assert "covers the short GOOG 2015-12-24 750 C, which would need 14932.00 more" in verdict.sentence
    case.hold(goog=200, call=-1)
    assert case.sell(100, case.ids.goog).ok, "a hundred others cover it still"


def test_both_legs_of_a_spread_are_closed_together_whatever_the_account_has(case: Case) -> None:
    case.hold(low_call=1, call=-1)
    case.holdings = replace(case.holdings, cash_e4=-1_000 * MONEY_SCALE)
    legs = (Leg(case.ids.low_call, Side.SELL), Leg(case.ids.call, Side.BUY))
    intent = OrderIntent("o", "paper", legs, 1, OrderType.LIMIT, TimeInForce.DAY, Origin.TICKET, 0, px("6.00"))
    verdict = case.market.pretrade.judge(intent, case.holdings, case.market.clock.now_ns())
    assert verdict.ok, verdict.sentence


@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 3), st.integers(-20_000, 20_000), st.booleans())
def test_a_closing_order_passes_when_it_needs_no_more_or_the_account_can_pay(
    call: int, low_call: int, hundreds: int, dollars: int, sells_call: bool
) -> None:
    case = _shared
    case.hold(call=call, low_call=low_call, goog=100 * hundreds)
    case.holdings = replace(case.holdings, cash_e4=dollars * MONEY_SCALE, working=[])
    name, held = ("call", call) if sells_call else ("low_call", low_call)
    if not held:
        return
    verdict = case.judge(Side.SELL if held > 0 else Side.BUY, abs(held), getattr(case.ids, name))
    margin, before = case.market.pretrade.margin, case.holdings
    case.hold(**{"call": call, "low_call": low_call, "goog": 100 * hundreds, name: 0})
    more_e4 = margin.buying_power(case.holdings).requirement_e4 - margin.buying_power(before).requirement_e4
    if more_e4 <= 0:
        assert verdict.ok, verdict.sentence
    if verdict.ok and more_e4 > 0:
        assert (verdict.buying_power_after_e4 or 0) >= min(0, verdict.buying_power_before_e4 or 0)
