"""Prices, money and tick tables as exact integers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.money import MoneyError, format_money, format_px, notional_e4, parse_money, parse_px
from terminal.core.ticks import TickClass

prices = st.integers(-(10**9), 10**9)
classes = st.sampled_from(TickClass)


@given(prices)
def test_a_price_reads_back_from_its_text(px: int) -> None:
    assert parse_px(format_px(px)) == px


@pytest.mark.parametrize("text", ["", "abc", "1.00005", "nan", "inf", "1e40", "1,5"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_px(text)


def test_money_is_shown_in_cents_rounded_half_to_even() -> None:
    assert format_money(parse_money("100000.00")) == "100000.00"
    assert format_money(-1_250) == "-0.12"
    assert format_money(1_350) == "0.14"


@given(prices, st.integers(1, 10_000), st.integers(1, 100), st.sampled_from([100, 10_000, 10**8]))
def test_a_notional_is_within_half_a_unit_of_the_exact_value(
    px: int, quantity: int, multiplier: int, scale: int
) -> None:
    exact = Fraction(px * quantity * multiplier * 10_000, scale)
    assert abs(notional_e4(px, quantity, multiplier, scale) - exact) <= Fraction(1, 2)


@given(prices, classes)
def test_rounding_brackets_a_price_with_valid_neighbours(px: int, tick_class: TickClass) -> None:
    table = tick_class.table
    low, high, nearest = table.floor(px), table.ceil(px), table.nearest(px)
    assert low <= px <= high
    assert table.is_on_tick(low)
    assert table.is_on_tick(high)
    assert nearest in {low, high}
    assert abs(nearest - px) == min(px - low, high - px)
    assert table.is_on_tick(px) == (low == high == px)


@given(prices, classes)
def test_one_step_up_and_down_moves_to_the_next_valid_price(px: int, tick_class: TickClass) -> None:
    table = tick_class.table
    up, down = table.up(px), table.down(px)
    assert down < px < up
    assert table.is_on_tick(up)
    assert table.is_on_tick(down)
    assert table.floor(up - 1) <= px
    assert table.ceil(down + 1) >= px


def test_the_option_grid_changes_at_three_dollars() -> None:
    table = TickClass.NICKEL_DIME.table
    assert table.is_on_tick(parse_px("2.95"))
    assert not table.is_on_tick(parse_px("3.05"))
    assert table.up(parse_px("2.95")) == parse_px("3.00")
    assert table.up(parse_px("3.00")) == parse_px("3.10")
    assert table.down(parse_px("3.00")) == parse_px("2.95")
    assert not TickClass.COMBO.table.is_on_tick(parse_px("0.005"))


def test_classes_with_the_same_steps_stay_different_classes() -> None:
    assert len(set(TickClass)) == len(TickClass.__members__) == 14
