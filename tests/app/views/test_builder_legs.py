"""Legs moved on what is listed."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from terminal.app.leg_draft import DraftLeg
from terminal.app.views import builder_legs
from terminal.app.views.builder_reckoning import round_step
from terminal.portfolio.strategies.legs import Kind
from tests.market.analytics import chains

TABLE, STOCK, CONTRACTS = chains.listed()
CALLS = [int(each) for each in CONTRACTS.ids[CONTRACTS.is_call & (CONTRACTS.expiry_row == 0)]]
LATER = [int(each) for each in CONTRACTS.ids[CONTRACTS.is_call & (CONTRACTS.expiry_row == 1)]]


def test_a_leg_steps_over_the_strike_of_another() -> None:
    legs = (DraftLeg(CALLS[3], 1), DraftLeg(CALLS[4], -1))
    assert builder_legs.stepped_strike(TABLE, legs, 0, 1)[0].instrument == CALLS[5]
    assert builder_legs.stepped_strike(TABLE, legs, 0, -1)[0].instrument == CALLS[2]
    end = (DraftLeg(CALLS[-1], 1),)
    assert builder_legs.stepped_strike(TABLE, end, 0, 1) == end
    stock = (DraftLeg(STOCK.id, 100),)
    assert builder_legs.stepped_strike(TABLE, stock, 0, 1) == stock
    assert builder_legs.stepped_strike(TABLE, legs, 7, 1) == legs


def test_all_legs_step_together_or_not_at_all() -> None:
    legs = (DraftLeg(STOCK.id, 100), DraftLeg(CALLS[3], 1), DraftLeg(CALLS[-1], -1))
    assert builder_legs.all_stepped(TABLE, legs, 1) == legs
    down = builder_legs.all_stepped(TABLE, legs, -1)
    assert [each.instrument for each in down] == [STOCK.id, CALLS[2], CALLS[-2]]


def test_a_drag_snaps_to_the_nearest_strike_that_is_free() -> None:
    legs = (DraftLeg(CALLS[3], 1), DraftLeg(CALLS[5], -1))
    strikes = [builder_legs.strategy_legs(TABLE, (DraftLeg(each, 1),))[0].strike for each in CALLS]
    assert builder_legs.dragged(TABLE, legs, 0, strikes[7] + 1.0)[0].instrument == CALLS[7]
    assert builder_legs.dragged(TABLE, legs, 0, strikes[5] - 0.4)[0].instrument == CALLS[4]
    assert builder_legs.dragged(TABLE, legs, 0, -5.0)[0].instrument == CALLS[0]


def test_expiries_step_with_the_strike_and_stop_at_the_last() -> None:
    legs = (DraftLeg(CALLS[3], 1), DraftLeg(STOCK.id, 100))
    later = builder_legs.stepped_expiry(TABLE, legs, range(2), 1)
    assert later == (DraftLeg(LATER[3], 1), DraftLeg(STOCK.id, 100))
    assert builder_legs.stepped_expiry(TABLE, legs, (0,), -1) == legs
    # Two legs that would be one contract stay where they are.
    calendar = (DraftLeg(CALLS[3], -1), DraftLeg(LATER[3], 1))
    assert builder_legs.stepped_expiry(TABLE, calendar, (0,), 1) == calendar


@given(st.integers(1, 9), st.integers(1, 9))
def test_units_flips_and_what_is_saved(units: int, more: int) -> None:
    legs = (DraftLeg(CALLS[3], units), DraftLeg(CALLS[4], -2 * units), DraftLeg(STOCK.id, 100 * units))
    scaled = builder_legs.scaled(legs, units, more)
    assert [each.quantity for each in scaled] == [more, -2 * more, 100 * more]
    assert builder_legs.flipped(builder_legs.flipped(legs)) == legs
    assert builder_legs.flipped(legs, 1)[1].quantity == 2 * units
    assert builder_legs.restored(TABLE, STOCK.id, builder_legs.saved(TABLE, legs)) == legs


def test_what_was_saved_wrongly_is_left_out() -> None:
    symbol = TABLE.get(CALLS[0]).symbol
    for bad in (None, [], "x", [[symbol]], [[symbol, 0]], [[symbol, "1"]], [["NOBODY", 1]], [[7, 1]]):
        assert builder_legs.restored(TABLE, STOCK.id, bad) is None
    nine = [[TABLE.get(each).symbol, 1] for each in CALLS[:9]]
    assert builder_legs.restored(TABLE, STOCK.id, nine) is None, "more than a strategy has"
    assert builder_legs.restored(TABLE, STOCK.id, nine[:8]) is not None
    assert builder_legs.restored(TABLE, STOCK.id + 999, [[symbol, 1]]) is None
    kinds = [each.kind for each in builder_legs.strategy_legs(TABLE, (DraftLeg(STOCK.id, 5), DraftLeg(CALLS[0], 1)))]
    assert kinds == [Kind.STOCK, Kind.CALL]


@given(st.floats(1e-3, 1e6))
def test_round_steps(least: float) -> None:
    step = round_step(least)
    assert step >= least * (1.0 - 1e-9) or step == 0.01
    digits = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert any(abs(digits - each) < 1e-9 for each in (1.0, 2.0, 2.5, 5.0, 10.0))
