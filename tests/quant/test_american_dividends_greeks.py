"""Greeks with cash dividends against differences of prices, and implied vols against the vols that priced."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from terminal.quant import american_dividends as dividends
from terminal.quant import european
from terminal.quant.american_dividends import AMERICAN, EUROPEAN, FAST, FINE, Exercise
from terminal.quant.implied_vol import Status

SCHEDULE = ((0.15, 1.0), (0.4, 1.5))
SPOTS = np.array([85.0, 95.0, 100.0, 108.0, 125.0])
NAMES = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")


def differences(is_call: bool, schedule: tuple[tuple[float, float], ...], exercise: Exercise) -> dict[str, Any]:
    """What the Greeks should be, from values on a fine grid."""
    base = {"time": 0.7, "vol": 0.3, "rate": 0.05, "dividend_yield": 0.0 if is_call else 0.01}

    def at(spot: float = 0.0, later: float = 0.0, **changes: float) -> Any:
        where = {**base, **changes}
        where["time"] -= later
        moved = [(ex - later, cash) for ex, cash in schedule]
        return dividends.greeks(
            SPOTS + spot, 100.0, is_call=is_call, dividends=moved, exercise=exercise, resolution=FINE, **where
        )

    up, down = at(vol=0.302), at(vol=0.298)
    right, left = at(spot=0.4), at(spot=-0.4)
    after, before = at(later=1e-3), at(later=-1e-3)
    dear, cheap = at(rate=0.052), at(rate=0.048)
    return {
        "delta": (right.price - left.price) / 0.8,
        "gamma": (right.delta - left.delta) / 0.8,
        "vega": (up.price - down.price) / 0.004,
        "theta": (after.price - before.price) / 2e-3,
        "rho": (dear.price - cheap.price) / 0.004,
        "vanna": (up.delta - down.delta) / 0.004,
        "volga": (up.vega - down.vega) / 0.004,
        "charm": (after.delta - before.delta) / 2e-3,
    }


@pytest.mark.parametrize(
    ("is_call", "schedule", "exercise"),
    [
        (False, SCHEDULE, AMERICAN),
        (True, SCHEDULE, AMERICAN),
        (False, SCHEDULE, EUROPEAN),
        (True, SCHEDULE[:1], AMERICAN),
        (False, SCHEDULE[:1], EUROPEAN),
    ],
)
def test_greeks_are_derivatives(is_call: bool, schedule: tuple[tuple[float, float], ...], exercise: Exercise) -> None:
    found = dividends.greeks(SPOTS, 100.0, 0.7, 0.3, 0.05, 0.0 if is_call else 0.01, is_call, schedule, exercise)
    for name, expected in differences(is_call, schedule, exercise).items():
        scale = max(1e-2, float(np.abs(expected).max()))
        error = np.abs(getattr(found, name) - expected).max() / scale
        assert error < (2e-2 if name == "volga" else 3e-3), (name, error)


def test_no_dividend_leaves_the_closed_forms() -> None:
    exact = european.greeks(SPOTS, 100.0, 0.7, 0.3, 0.05, 0.01, False)
    found = dividends.greeks(SPOTS, 100.0, 0.7, 0.3, 0.05, 0.01, False, (), EUROPEAN)
    tiny = dividends.greeks(SPOTS, 100.0, 0.7, 0.3, 0.05, 0.01, False, [(0.3, 1e-9)], EUROPEAN)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(found, name), getattr(exact, name))
        scale = float(np.abs(getattr(exact, name)).max())
        np.testing.assert_allclose(getattr(tiny, name), getattr(exact, name), atol=2e-4 * scale, err_msg=name)


def test_where_exercise_is_best_the_greeks_are_the_payoffs() -> None:
    found = dividends.greeks(np.array([20.0, 95.0]), 100.0, 0.7, 0.3, 0.08, 0.0, False, [(0.6, 0.5)])
    assert found.price[0] == 80.0
    assert found.delta[0] == -1.0
    for name in NAMES[1:]:
        assert getattr(found, name)[0] == 0.0
        assert getattr(found, name)[1] != 0.0


@pytest.mark.parametrize("exercise", [AMERICAN, EUROPEAN])
def test_price_of_the_found_vol_is_the_price(exercise: Exercise) -> None:
    random = np.random.default_rng(11)
    count = 60
    strike = 100.0 * np.exp(random.uniform(-0.25, 0.25, count))
    time, vol = random.choice([0.1, 0.3, 0.8], count), random.uniform(0.1, 0.8, count)
    is_call = random.random(count) < 0.5
    price = dividends.price(100.0, strike, time, vol, 0.04, 0.01, is_call, SCHEDULE, exercise, FAST)
    found, status = dividends.implied_vol(price, 100.0, strike, time, 0.04, 0.01, is_call, SCHEDULE, exercise, FAST)
    assert set(status.tolist()) <= {Status.SOLVED, Status.ZERO_TIME_VALUE}
    solved = status == Status.SOLVED
    assert solved.sum() > 50
    back = dividends.price(100.0, strike, time, found, 0.04, 0.01, is_call, SCHEDULE, exercise, FAST)
    assert np.abs(back - price)[solved].max() < 1e-6
    vega = dividends.greeks(100.0, strike, time, vol, 0.04, 0.01, is_call, SCHEDULE, exercise, FAST).vega
    assert np.abs(found - vol)[solved & (vega > 2.0)].max() < 1e-6


def test_scalars_give_a_float_and_an_int() -> None:
    vol, status = dividends.implied_vol(8.0, 100.0, 100.0, 0.7, 0.04, 0.0, False, SCHEDULE)
    assert isinstance(vol, float)
    assert isinstance(status, int)
    assert status == Status.SOLVED
    assert dividends.price(100.0, 100.0, 0.7, vol, 0.04, 0.0, False, SCHEDULE) == pytest.approx(8.0, abs=1e-8)
    assert isinstance(dividends.greeks(100.0, 100.0, 0.7, 0.2, 0.04, 0.0, False, SCHEDULE).charm, float)


@pytest.mark.parametrize(("spot", "vol"), [(1e300, 0.2), (100.0, 1e-300)])
def test_absurd_rows_warn_of_nothing_and_leave_their_neighbours(spot: float, vol: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = dividends.greeks([100.0, spot], 95.0, 1.0, [0.2, vol], 0.03, 0.01, True, [(0.4, 1.0)])
    alone = dividends.greeks(100.0, 95.0, 1.0, 0.2, 0.03, 0.01, True, [(0.4, 1.0)])
    assert found.volga[0] == pytest.approx(alone.volga, rel=1e-2)
