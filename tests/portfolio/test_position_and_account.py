"""Exact positions: whatever is traded, cost, realised, cash and fees always add up."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.events import Settlement, SettlementKind
from terminal.core.money import MONEY_SCALE
from terminal.core.orders import Fill, Side
from terminal.portfolio.account import Account
from terminal.portfolio.currency import MissingRateError, Rate, RateTable
from terminal.portfolio.position import Position, divide_rounded
from tests.trading.rig import CASH_E4, CLOSE_NS, OPEN_NS, Market, px


def test_average_cost_and_realised_over_a_few_trades() -> None:
    position = Position(1).traded(2, 3_2000).traded(1, 1_9000)
    assert (position.quantity, position.cost_e4, position.realised_e4) == (3, 5_1000, 0)
    assert position.average_px(1, 10_000) == 17_000
    position = position.traded(-2, -4_0000, fee_e4=130)
    assert (position.quantity, position.cost_e4, position.realised_e4, position.fees_e4) == (1, 1_7000, 6000, 130)
    position = position.traded(-1, -1_0000)
    assert (position.quantity, position.cost_e4, position.realised_e4) == (0, 0, -1000)
    assert position.average_px(1, 10_000) == 0


def test_a_trade_through_zero_closes_at_cost_and_opens_the_other_side_at_its_own_price() -> None:
    position = Position(1).traded(2, 2_0000).traded(-3, -3_3000)
    assert (position.quantity, position.cost_e4, position.realised_e4) == (-1, -1_1000, 2000)
    assert position.average_px(1, 10_000) == 11_000


def test_a_cost_that_does_not_divide_keeps_its_last_unit() -> None:
    position = Position(1).traded(3, 10)
    parts = [position := position.traded(-1, 0) for _ in range(3)]
    assert parts[-1].cost_e4 == 0
    assert parts[-1].realised_e4 == -10


_trades = st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(0, 500_000)), max_size=30)


@given(_trades)
def test_cost_and_realised_are_the_money_that_moved(trades: list[tuple[int, int]]) -> None:
    position, spent_e4 = Position(1), 0
    for quantity, price in trades:
        position = position.traded(quantity, quantity * price)
        spent_e4 += quantity * price
        assert position.cost_e4 - position.realised_e4 == spent_e4
        if position.quantity == 0:
            assert position.cost_e4 == 0
        else:
            assert position.cost_e4 * position.quantity >= 0
    assert position.quantity == sum(quantity for quantity, _ in trades)


@given(st.integers(-(10**30), 10**30), st.integers(-(10**20), 10**20).filter(bool))
def test_rounding_is_half_to_even_for_any_size(numerator: int, denominator: int) -> None:
    assert divide_rounded(numerator, denominator) == round(Fraction(numerator, denominator))


_fills = st.lists(
    st.tuples(
        st.sampled_from(["goog", "call", "put", "spxw"]),
        st.sampled_from(Side),
        st.integers(1, 9),
        st.integers(1, 20_000),
        st.integers(0, 99_999),
    ),
    max_size=30,
)


@given(_fills, st.integers(0, 30))
def test_positions_are_the_sum_of_fills_and_cash_is_what_they_cost(
    fills: list[tuple[str, Side, int, int, int]], roll_at: int
) -> None:
    market = Market()
    account = Account(market.table, "paper", CASH_E4)
    held: dict[int, int] = {}
    spent_e4 = fees_e4 = 0
    for number, (name, side, quantity, cents, fee_e4) in enumerate(fills):
        if number == roll_at:
            account.roll_day({})
        instrument = getattr(market.ids, name)
        account.apply_fill(Fill(str(number), "o", "paper", instrument, side, quantity, cents * 100, fee_e4, 0))
        held[instrument] = held.get(instrument, 0) + side * quantity
        spent_e4 += side * quantity * cents * 100 * market.table.get(instrument).multiplier
        fees_e4 += fee_e4
    view = account.view()
    assert view.cash_e4 == CASH_E4 - spent_e4 - fees_e4
    assert view.fees_e4 == fees_e4 == sum(position.fees_e4 for position in view.positions)
    assert {position.instrument: position.quantity for position in view.positions} == held
    cost_e4 = sum(position.cost_e4 for position in view.positions)
    assert view.cash_e4 - CASH_E4 == view.realised_e4 - cost_e4 - fees_e4


@given(st.integers(-5, 5).filter(bool), st.integers(1, 90_000), st.integers(-300, 300), st.integers(-200, 200))
def test_a_delivery_moves_the_premium_and_loses_no_money(
    contracts: int, premium_px: int, shares: int, settled: int
) -> None:
    market = Market()
    account = Account(market.table, "paper", CASH_E4)
    side = Side.BUY if contracts > 0 else Side.SELL
    account.apply_fill(Fill("1", "o", "paper", market.ids.call, side, abs(contracts), premium_px, 0, 0))
    if shares:
        side = Side.BUY if shares > 0 else Side.SELL
        account.apply_fill(Fill("2", "o", "paper", market.ids.goog, side, abs(shares), px("740.00"), 0, 0))
    part = max(1, min(abs(contracts), abs(settled))) * (1 if contracts > 0 else -1)
    before_e4 = account.cash_e4
    paid_e4 = -part * 75_000 * MONEY_SCALE
    account.apply_settlement(
        Settlement(
            "x", "paper", market.ids.call, part, SettlementKind.EXERCISED, px("760.00"), paid_e4, 100, CLOSE_NS,
            market.ids.goog, part * 100, px("750.00"),
        )
    )  # fmt: skip
    view = account.view()
    assert view.cash_e4 == before_e4 + paid_e4 - 100
    assert account.held(market.ids.call) == contracts - part
    assert account.held(market.ids.goog) == shares + part * 100
    cost_e4 = sum(position.cost_e4 for position in view.positions)
    assert view.cash_e4 - CASH_E4 == view.realised_e4 - cost_e4 - view.fees_e4


def test_foreign_cash_stands_apart() -> None:
    market = Market()
    table = market.table
    row = table.get(market.ids.goog)
    foreign = table.add("SAP", row.kind, row.session, row.tick_class, currency="EUR")
    account = Account(table, "paper", CASH_E4)
    account.apply_fill(Fill("1", "o", "paper", foreign.id, Side.BUY, 10, px("100.00"), 0, OPEN_NS))
    assert dict(account.view().cash_by_currency) == {"USD": CASH_E4, "EUR": -1000 * MONEY_SCALE}


def test_a_rate_holds_from_its_day_until_the_next_and_is_never_guessed() -> None:
    rates = RateTable("USD", [Rate("EUR", date(2026, 1, 5), 110_000_000), Rate("EUR", date(2026, 1, 8), 120_000_000)])
    assert rates.to_base_e4(10_000, "EUR", date(2026, 1, 7)) == 11_000
    assert rates.to_base_e4(10_000, "EUR", date(2026, 1, 8)) == 12_000
    assert rates.to_base_e4(10_000, "USD", date(1990, 1, 1)) == 10_000
    with pytest.raises(MissingRateError, match="EUR/USD rate is known on 2026-01-04"):
        rates.to_base_e4(1, "EUR", date(2026, 1, 4))
    with pytest.raises(ValueError, match="above zero"):
        RateTable("USD", [Rate("EUR", date(2026, 1, 5), 0)])
