"""Buying power: what short options and shares tie up, against figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.money import MONEY_SCALE
from terminal.core.orders import Effect, OrderType, Side
from terminal.portfolio.position import Position
from terminal.risk.holdings import Holdings, WorkingLeg
from terminal.risk.margin import Margin, UnpricedError
from tests.trading.rig import CASH_E4, Market, px


@pytest.fixture
def market() -> Market:
    market = Market()
    market.open()
    return market


@pytest.fixture
def required(market: Market) -> Callable[..., int]:
    def reckon(*working: WorkingLeg, **quantities: int) -> int:
        positions = {}
        for name, quantity in quantities.items():
            positions[getattr(market.ids, name)] = Position(getattr(market.ids, name), quantity)
        power = Margin(market.table, market.state, lambda row, quantity: 0).buying_power(
            Holdings("paper", CASH_E4, positions, working)
        )
        assert power.available_e4 == CASH_E4 - power.requirement_e4 - power.reserved_e4
        return power.requirement_e4 + power.reserved_e4

    return reckon


def test_longs_need_nothing(required: Callable[..., int]) -> None:
    assert required(call=5, goog=100, put=1) == 0


def test_a_bare_short_call(required: Callable[..., int]) -> None:
    # 20 % of 748.10 is 149.62, less 1.90 out of the money: 147.72, and its value at the ask of 1.60.
    assert required(call=-1) == 14_932 * MONEY_SCALE
    assert required(call=-3) == 3 * 14_932 * MONEY_SCALE


def test_a_short_call_far_out_of_the_money_needs_a_tenth_of_the_underlying(
    market: Market, required: Callable[..., int]
) -> None:
    market.quote(market.ids.goog, "600.00", "600.00")
    market.quote(market.ids.call, "0.05", "0.10")
    assert required(call=-1) == (6_000 + 10) * MONEY_SCALE


def test_a_short_put_needs_a_tenth_of_its_strike_and_never_more_than_the_strike(
    market: Market, required: Callable[..., int]
) -> None:
    # 20 % of 748.10, in the money, and its value at the ask of 3.60.
    assert required(put=-1) == (14_962 + 360) * MONEY_SCALE
    market.quote(market.ids.goog, "1000.00", "1000.00")
    assert required(put=-1) == (7_500 + 360) * MONEY_SCALE
    market.quote(market.ids.goog, "2.00", "2.00")
    market.quote(market.ids.put, "747.00", "749.00")
    assert required(put=-1) == 75_000 * MONEY_SCALE
    market.quote(market.ids.put, "748.00", "749.90")
    assert required(put=-1) == 75_000 * MONEY_SCALE


def test_an_index_option_needs_15_percent(required: Callable[..., int]) -> None:
    # 15 % of 2060.00 is 309.00, in the money, and its value at the ask of 10.40.
    assert required(spxw=-1) == (30_900 + 1_040) * MONEY_SCALE


def test_shares_cover_calls_and_each_share_only_once(required: Callable[..., int]) -> None:
    assert required(goog=100, call=-1) == 0
    assert required(goog=199, call=-2) == required(call=-1)
    bare = required(low_call=-1)
    assert required(goog=100, call=-1, low_call=-1) in {bare, required(call=-1)}
    assert required(goog=100, put=-1) == required(put=-1), "shares cover no put"


def test_a_working_short_call_uses_the_cover_too(market: Market, required: Callable[..., int]) -> None:
    working = WorkingLeg("w", market.ids.call, Side.SELL, Effect.OPEN, 1, OrderType.LIMIT, px("1.60"))
    assert required(working, goog=100) == 0
    assert required(working, goog=100, call=-1) == 14_772 * MONEY_SCALE, "its premium is not in the cash yet"


def test_short_shares_need_half_beside_the_proceeds(market: Market, required: Callable[..., int]) -> None:
    assert required(goog=-100) == 112_215 * MONEY_SCALE
    working = WorkingLeg("w", market.ids.goog, Side.SELL, Effect.OPEN, 100, OrderType.LIMIT, px("748.00"))
    assert required(working) == 37_405 * MONEY_SCALE


def test_working_buys_are_reserved_at_their_limit_and_market_ones_at_the_ask(
    market: Market, required: Callable[..., int]
) -> None:
    limit = WorkingLeg("w", market.ids.call, Side.BUY, Effect.OPEN, 2, OrderType.LIMIT, px("1.50"))
    at_market = WorkingLeg("w", market.ids.call, Side.BUY, Effect.OPEN, 2, OrderType.MARKET, None)
    closing = WorkingLeg("w", market.ids.put, Side.BUY, Effect.CLOSE, 2, OrderType.LIMIT, px("3.00"))
    assert required(limit) == 300 * MONEY_SCALE
    assert required(at_market) == 320 * MONEY_SCALE
    assert required(closing) == 0


def test_a_requirement_without_a_price_is_not_guessed(market: Market, required: Callable[..., int]) -> None:
    row = market.table.get(market.ids.goog)
    silent = market.table.add("NEWCO", row.kind, row.session, row.tick_class)
    margin = Margin(market.table, market.state, lambda row, quantity: 0)
    with pytest.raises(UnpricedError, match="NEWCO"):
        margin.buying_power(Holdings("paper", CASH_E4, {silent.id: Position(silent.id, -1)}, []))


def test_a_short_option_whose_quote_is_gone_is_valued_at_its_last_price_or_intrinsic(
    market: Market, required: Callable[..., int]
) -> None:
    market.quote(market.ids.low_call, "-", "-")
    assert required(low_call=-1) == (14_962 + 810) * MONEY_SCALE
    market.trade(market.ids.low_call, "9.00")
    assert required(low_call=-1) == (14_962 + 900) * MONEY_SCALE


def test_a_long_option_behind_a_short_one_limits_what_is_needed(required: Callable[..., int]) -> None:
    assert required(low_call=1, call=-1) == 0, "a debit spread is paid for"
    assert required(call=1, low_call=-1) == 1_000 * MONEY_SCALE, "ten dollars wide"
    assert required(call=1, low_call=-3) == 1_000 * MONEY_SCALE + 2 * required(low_call=-1)
    assert required(put=5, call=-1) == required(call=-1), "a put stands behind no call"


def test_what_is_being_sold_covers_nothing(market: Market, required: Callable[..., int]) -> None:
    ids = market.ids
    shares = WorkingLeg("w", ids.goog, Side.SELL, Effect.CLOSE, 60, OrderType.LIMIT, px("760.00"))
    option = WorkingLeg("w", ids.low_call, Side.SELL, Effect.CLOSE, 1, OrderType.LIMIT, px("9.00"))
    assert required(shares, goog=100, call=-1) == required(call=-1)
    assert required(shares, goog=160, call=-1) == 0
    assert required(option, low_call=1, call=-1) == required(call=-1)


_held = st.integers(-3, 3)


@given(_held, _held, _held, st.integers(0, 300))
def test_cover_never_needs_more_than_no_cover_and_never_less_than_the_worst_loss(
    call: int, low_call: int, put: int, shares: int
) -> None:
    def reckon(**quantities: int) -> int:
        positions = {getattr(_ids, name): Position(getattr(_ids, name), held) for name, held in quantities.items()}
        return _margin.buying_power(Holdings("paper", CASH_E4, positions, [])).requirement_e4

    whole = reckon(call=call, low_call=low_call, put=put, goog=shares)
    shorts = {"call": min(call, 0), "low_call": min(low_call, 0), "put": min(put, 0)}
    assert whole <= reckon(**shorts)
    if shares == 0 and call + low_call >= 0 and put >= 0:
        strikes = (((750, call), (740, low_call)), range(0, 2000, 10))
        worst = min(sum(100 * held * max(0, spot - strike) for strike, held in strikes[0]) for spot in strikes[1])
        assert whole >= -worst * MONEY_SCALE


_market = Market()
_market.open()
_ids = _market.ids
_margin = Margin(_market.table, _market.state, lambda row, quantity: 0)
