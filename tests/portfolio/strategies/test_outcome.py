"""Positions against closed forms and dense scans."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import Style
from terminal.market.analytics.chain_values import ChainValues
from terminal.portfolio.strategies.catalog import BY_ID, STRATEGIES, Strategy
from terminal.portfolio.strategies.construct import construct
from terminal.portfolio.strategies.legs import StrategyLeg
from terminal.portfolio.strategies.outcome import outcome, profit_at_horizon
from terminal.portfolio.strategies.position import Position, Shift, Unpriced, position_of
from terminal.quant import european
from tests.market.analytics.chains import CARRY, RATE, SPOT
from tests.portfolio.strategies.scenes import STRIKES, leg, reckoned

EUROPEAN = reckoned()
TIME = float(EUROPEAN.time[1])


def _position(legs: list[StrategyLeg], values: ChainValues = EUROPEAN, entries: list[float] | None = None) -> Position:
    return position_of(legs, values, [math.nan] * len(legs) if entries is None else entries)


def _legs(*texts: tuple[int, str, float, int]) -> list[StrategyLeg]:
    return [leg(EUROPEAN, *each) for each in texts]


def test_a_long_call_in_closed_form() -> None:
    legs = _legs((2, "C", 100.0, 1))
    found = outcome(position := _position(legs, entries=[3.0]), EUROPEAN)
    assert found.breakevens == pytest.approx((103.0,))
    assert (found.most, found.least, found.is_exact) == (math.inf, -600.0, True)
    spots = np.array([90.0, 100.0, 103.0, 120.0])
    np.testing.assert_allclose(position.profit(spots, (position.horizon,))[0], [-600.0, -600.0, 0.0, 3400.0], atol=1e-9)
    row = int(np.flatnonzero(EUROPEAN.contracts.ids == legs[0].instrument)[0])
    vol = float(EUROPEAN.values["mid_vol"][row])
    rate, carry = float(EUROPEAN.carry.rate[1]), float(EUROPEAN.carry.carry_yield[1])
    for elapsed, up in ((0.0, 0.0), (0.5 * TIME, 0.03)):
        today = position.values(spots, (elapsed,), Shift(vol=up))[0]
        closed = european.price(spots, 100.0, TIME - elapsed, vol + up, rate, carry, np.ones(4, bool))
        np.testing.assert_allclose(today, 200.0 * closed, rtol=1e-10)


def test_short_stock_and_puts_have_their_ends() -> None:
    short = outcome(_position(_legs((-100, "S", 0.0, 0)), entries=[100.0]), EUROPEAN)
    assert (short.breakevens, short.most, short.least) == ((100.0,), 10_000.0, -math.inf)
    assert math.isnan(short.profit_probability)
    put = outcome(_position(_legs((-1, "P", 90.0, 1)), entries=[2.5]), EUROPEAN)
    assert put.breakevens == pytest.approx((87.5,))
    assert (put.most, put.least) == (250.0, -8750.0)


def test_an_iron_condor_in_closed_form() -> None:
    legs = _legs((1, "P", 86.0, 1), (-1, "P", 90.0, 1), (-1, "C", 110.0, 1), (1, "C", 114.0, 1))
    found = outcome(_position(legs, entries=[0.5, 1.0, 0.9, 0.3]), EUROPEAN)
    assert found.breakevens == pytest.approx((88.9, 111.1))
    assert (found.most, found.least) == pytest.approx((110.0, -290.0))
    assert 0.6 < found.profit_probability < 0.95


@pytest.mark.parametrize("name", ["conversion", "reversal"])
def test_put_call_parity_of_a_conversion(name: str) -> None:
    legs = list(construct(BY_ID[name], EUROPEAN))
    position = _position(legs)
    sign = 1.0 if name == "conversion" else -1.0
    strike = max(each.strike for each in legs)
    np.testing.assert_allclose(position.payoff(np.array([0.0, 50.0, 100.0, 300.0])), sign * strike * 100.0)
    discounted = strike * math.exp(-RATE * TIME) + SPOT * (1.0 - math.exp(-CARRY * TIME))
    assert position.cost == pytest.approx(sign * 100.0 * discounted, abs=1.0)
    assert outcome(position, EUROPEAN).expected == pytest.approx(0.0, abs=1.5)


def test_a_box_is_worth_its_discounted_width() -> None:
    legs = list(construct(BY_ID["long_box"], EUROPEAN))
    position = _position(legs)
    width = max(each.strike for each in legs) - min(each.strike for each in legs)
    np.testing.assert_allclose(position.payoff(np.linspace(0.0, 300.0, 31)), 100.0 * width, rtol=1e-12)
    assert position.cost == pytest.approx(100.0 * width * math.exp(-RATE * TIME), abs=0.5)
    found = outcome(position, EUROPEAN)
    assert found.breakevens == ()
    assert found.profit_probability == 1.0
    assert found.expected == pytest.approx(0.0, abs=1e-2)


@pytest.mark.parametrize("strategy", [each for each in STRATEGIES if each.expiries == 1], ids=lambda each: each.id)
def test_a_fair_position_expects_little(strategy: Strategy) -> None:
    """Bought at what the surface says, a position is expected to bring nothing: the density is that of the surface."""
    legs = list(construct(strategy, EUROPEAN))
    position = _position(legs)
    found = outcome(position, EUROPEAN)
    gross = float(np.abs(position.weight) @ np.abs(position.entry))
    assert abs(found.expected) < max(0.002 * gross, 2.0)


_LEGS = st.lists(
    st.tuples(
        st.integers(-3, 3).filter(bool), st.sampled_from("CP"), st.sampled_from(STRIKES[5:-5]), st.floats(0.0, 12.0)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(_LEGS, st.integers(-2, 2))
def test_one_expiry_agrees_with_a_dense_scan(rows: list[tuple[int, str, int, float]], lots: int) -> None:
    legs = [leg(EUROPEAN, quantity, kind, float(strike)) for quantity, kind, strike, _ in rows]
    entries = [entry for *_, entry in rows]
    if lots:
        legs.append(leg(EUROPEAN, 100 * lots, "S"))
        entries.append(99.5)
    position = _position(legs, entries=entries)
    found = outcome(position, EUROPEAN)
    dense = np.unique(np.concatenate([np.linspace(0.0, 400.0, 40_001), position.strike]))
    profits = position.payoff(dense) - position.cost
    if math.isinf(found.most):
        assert profits[-1] > profits[-2]
    else:
        assert found.most == pytest.approx(profits.max(), abs=1e-6)
    if math.isinf(found.least):
        assert profits[-1] < profits[-2]
    else:
        assert found.least == pytest.approx(profits.min(), abs=1e-6)
    for each in found.breakevens:
        assert abs(float(position.payoff(each)) - position.cost) < 1e-6
    turns = np.flatnonzero(np.sign(profits[:-1]) * np.sign(profits[1:]) < 0)
    for turn in turns:
        if abs(profits[turn]) > 1e-6 and abs(profits[turn + 1]) > 1e-6:
            assert any(dense[turn] - 1e-6 <= each <= dense[turn + 1] + 1e-6 for each in found.breakevens)
    assert 0.0 <= found.profit_probability <= 1.0
    # Straight between the strikes.
    edges = np.unique(np.concatenate([[0.0], position.strike[~position.is_stock], [400.0]]))
    middles = 0.5 * (edges[:-1] + edges[1:])
    mean = 0.5 * (position.payoff(edges[:-1]) + position.payoff(edges[1:]))
    np.testing.assert_allclose(position.payoff(middles), mean, atol=1e-8)
    np.testing.assert_allclose(profit_at_horizon(position, found, dense), profits, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(_LEGS)
def test_what_is_bought_and_what_is_sold_add_up_to_nothing(rows: list[tuple[int, str, int, float]]) -> None:
    legs = [leg(EUROPEAN, quantity, kind, float(strike)) for quantity, kind, strike, _ in rows]
    sold = [leg(EUROPEAN, -quantity, kind, float(strike)) for quantity, kind, strike, _ in rows]
    entries = [entry for *_, entry in rows]
    one = outcome(_position(legs, entries=entries), EUROPEAN)
    other = outcome(_position(sold, entries=entries), EUROPEAN)
    assert one.most == pytest.approx(-other.least)
    assert one.expected == pytest.approx(-other.expected, abs=1e-6)
    assert one.breakevens == pytest.approx(other.breakevens)
    flat = any(np.all(each.curve[1][i : i + 2] == 0.0) for each in (one,) for i in range(len(one.curve[1]) - 1))
    if not flat:
        assert one.profit_probability + other.profit_probability == pytest.approx(1.0, abs=1e-9)


def test_a_calendar_is_solved_and_agrees_with_a_dense_scan() -> None:
    values = reckoned(Style.AMERICAN)
    legs = list(construct(BY_ID["call_calendar"], values))
    position = position_of(legs, values, [math.nan] * 2)
    found = outcome(position, values)
    assert not found.is_exact
    dense = np.linspace(60.0, 160.0, 2_001)
    profits = position.profit(dense, (position.horizon,))[0]
    assert found.most == pytest.approx(profits.max(), rel=2e-3)
    assert len(found.breakevens) == 2
    np.testing.assert_allclose(position.profit(np.array(found.breakevens), (position.horizon,))[0], 0.0, atol=0.05)
    assert found.least >= -position.cost - 1.0
    assert 0.0 < found.profit_probability < 1.0
    # Higher vols lift what goes on beyond the nearest expiry.
    assert outcome(position, values, Shift(vol=0.05)).most > found.most


def test_the_probability_is_that_of_the_density() -> None:
    legs = _legs((-1, "P", 90.0, 1))
    found = outcome(_position(legs, entries=[0.0]), EUROPEAN)
    assert found.profit_probability == 0.0  # nothing was earned
    put = int(np.flatnonzero(EUROPEAN.contracts.ids == legs[0].instrument)[0])
    paid = outcome(_position(legs, entries=[1e-7]), EUROPEAN)
    above = 1.0 - float(EUROPEAN.values["in_the_money"][put])
    assert paid.profit_probability == pytest.approx(above, abs=1e-6)


def test_a_tilt_lifts_strikes_below_and_lowers_those_above() -> None:
    low, high = _position(_legs((1, "P", 80.0, 1))), _position(_legs((1, "C", 120.0, 1)))
    at = np.array([SPOT])
    shift = Shift(tilt=0.02)
    assert low.values(at, (0.0,), shift)[0, 0] > low.values(at, (0.0,))[0, 0]
    assert high.values(at, (0.0,), shift)[0, 0] < high.values(at, (0.0,))[0, 0]


def test_what_cannot_be_valued_says_which_leg() -> None:
    with pytest.raises(Unpriced, match="no legs"):
        _position([])
    gone = leg(EUROPEAN, 1, "C", 100.0)
    with pytest.raises(Unpriced, match="not in the chain"):
        _position([StrategyLeg(1, gone.kind, 100.0, gone.expires_ns, 60_000)])
