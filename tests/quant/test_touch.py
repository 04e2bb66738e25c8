"""The probability of touch against simulation, its limits, and the bound that the probability of ending beyond sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from terminal.quant import touch

positive = st.floats(0.01, 3.0)
carry = st.floats(-0.1, 0.15)


@pytest.mark.parametrize(
    ("barrier", "time", "vol", "rate", "dividend_yield"),
    [
        (110.0, 0.5, 0.25, 0.03, 0.0),
        (90.0, 0.5, 0.25, 0.03, 0.0),
        (130.0, 2.0, 0.3, -0.02, 0.05),
        (97.0, 0.02, 0.6, 0.0, 0.0),
    ],
)
def test_against_simulated_paths(barrier: float, time: float, vol: float, rate: float, dividend_yield: float) -> None:
    """Paths in steps, with the chance that a Brownian bridge touched between them: no error of the step."""
    chance = np.random.default_rng(5)
    paths, steps = 60_000, 50
    step = time / steps
    moves = (rate - dividend_yield - 0.5 * vol * vol) * step + vol * np.sqrt(step) * chance.standard_normal(
        (paths, steps)
    )
    log = np.concatenate([np.zeros((paths, 1)), np.cumsum(moves, axis=1)], axis=1)
    way = np.log(barrier / 100.0)
    from_, to = (np.sign(way) * (way - each) for each in (log[:, :-1], log[:, 1:]))
    missed = np.where((from_ > 0.0) & (to > 0.0), -np.expm1(-2.0 * from_ * to / (vol * vol * step)), 0.0)
    simulated = 1.0 - np.prod(np.maximum(missed, 0.0), axis=1)
    error = 4.0 * simulated.std() / np.sqrt(paths)
    assert touch.probability(100.0, barrier, time, vol, rate, dividend_yield) == pytest.approx(
        simulated.mean(), abs=error
    )


@settings(max_examples=200, deadline=None)
@given(positive, positive, positive, carry, carry)
def test_it_lies_between_ending_beyond_and_one(
    moneyness: float, time: float, vol: float, rate: float, dividend_yield: float
) -> None:
    found = touch.probability(100.0, 100.0 * moneyness, time, vol, rate, dividend_yield)
    d2 = (np.log(1.0 / moneyness) + (rate - dividend_yield - 0.5 * vol * vol) * time) / (vol * np.sqrt(time))
    beyond = ndtr(d2) if moneyness > 1.0 else ndtr(-d2)
    if moneyness == 1.0:
        beyond = 1.0
    assert beyond - 1e-12 <= found <= 1.0


def test_longer_and_wilder_touches_more() -> None:
    times = touch.probability(100.0, 120.0, np.linspace(0.01, 5.0, 50), 0.3, 0.02, 0.02)
    assert (np.diff(times) > 0.0).all()
    vols = touch.probability(100.0, 80.0, 0.5, np.linspace(0.01, 0.9, 50), 0.0, 0.0)
    assert (np.diff(vols) >= 0.0).all()


def test_limits_and_bad_rows() -> None:
    assert touch.probability(100.0, 100.0, 0.5, 0.2, 0.0, 0.0) == 1.0
    assert touch.probability(100.0, 110.0, 0.0, 0.2, 0.0, 0.0) == 0.0
    assert touch.probability(100.0, 101.0, 1.0, 0.0, 0.05, 0.0) == 1.0, "the forward goes there by itself"
    assert touch.probability(100.0, 99.0, 1.0, 0.0, 0.05, 0.0) == 0.0
    assert touch.probability(100.0, 1e6, 0.1, 0.05, 0.05, 0.0) == 0.0
    bad = touch.probability(
        [-1.0, 100.0, 100.0, np.nan], [100.0, 0.0, 110.0, 1.0], [1.0, 1.0, -1.0, 1.0], 0.2, 0.0, 0.0
    )
    assert np.isnan(bad).all()
    assert isinstance(touch.probability(100.0, 110.0, 0.5, 0.2, 0.0, 0.0), float)
