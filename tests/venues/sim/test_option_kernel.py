"""Rounding of quotes to the tick tables, against the tables themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.ticks import TickClass
from terminal.venues.sim.option_kernel import ceil_px, floor_px

CLASSES = [TickClass.PENNY, TickClass.PENNY_PROGRAM, TickClass.NICKEL_DIME]


@pytest.mark.parametrize("tick_class", CLASSES)
@given(px=st.integers(-20_000, 5_000_000))
def test_whole_prices_round_as_the_tables_say(tick_class: TickClass, px: int) -> None:
    steps = tick_class.table.steps
    low, high = steps[0][1], steps[-1][1]
    price = px / 10_000.0
    assert floor_px(price, low, high) == max(tick_class.table.floor(px), 0)
    assert ceil_px(price, low, high) == max(tick_class.table.ceil(px), low)


@pytest.mark.parametrize("tick_class", CLASSES)
@given(price=st.floats(0.0, 500.0))
def test_bid_and_ask_hold_the_price_between_them_on_tick(tick_class: TickClass, price: float) -> None:
    steps = tick_class.table.steps
    low, high = steps[0][1], steps[-1][1]
    bid, ask = floor_px(price, low, high), ceil_px(price, low, high)
    assert tick_class.table.is_on_tick(bid)
    assert tick_class.table.is_on_tick(ask)
    assert bid <= price * 10_000 + 1e-6
    assert price * 10_000 <= ask + 1e-6
    assert ask - bid <= high
