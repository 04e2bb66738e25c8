"""American Greeks against high-order differences, and what holds at the boundary and beyond it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import american, european
from tests.quant.test_american import random_rows

NAMES = european.GREEK_NAMES


def difference(of: Callable[..., Any], rows: list[Any], axis: int, width: Any) -> tuple[Any, Any]:
    """First and second derivative by five points."""

    def at(steps: int) -> Any:
        moved = list(rows)
        moved[axis] = rows[axis] + steps * width
        return of(*moved)

    near, far, here = (at(1), at(-1)), (at(2), at(-2)), at(0)
    first = (8 * (near[0] - near[1]) - (far[0] - far[1])) / (12 * width)
    second = (16 * (near[0] + near[1]) - (far[0] + far[1]) - 30 * here) / (12 * width**2)
    return first, second


def test_greeks_are_derivatives() -> None:
    rows = random_rows(150, 21)
    rows[1] = np.ones(150)
    found = american.greeks(*rows)
    assert found.price.tolist() == pytest.approx(american.price(*rows).tolist(), abs=1e-14)
    # Differences that reach over the boundary see its kink: keep a distance.
    boundary = american.exercise_boundary(rows[2], *[rows[axis] for axis in (1, 3, 4, 5, 6)])
    away = (rows[0] > 1.05 * boundary) | (rows[0] < boundary / 1.05)
    assert away.sum() > 120

    def delta(*moved: Any) -> Any:
        return american.greeks(*moved).delta

    vol, time = 2e-3 * rows[3], 2e-3 * rows[2]
    expected = {
        "delta": (difference(american.price, rows, 0, 1e-3 * rows[0])[0], 1e-8),
        "gamma": (difference(american.price, rows, 0, 2e-3 * rows[0])[1], 2e-6),
        "vega": (difference(american.price, rows, 3, vol)[0], 1e-8),
        "volga": (difference(american.price, rows, 3, vol)[1], 2e-5),
        "theta": (-difference(american.price, rows, 2, time)[0], 1e-8),
        "rho": (difference(american.price, rows, 4, 1e-4)[0], 2e-6),
        "vanna": (difference(delta, rows, 3, vol)[0], 1e-6),
        "charm": (-difference(delta, rows, 2, time)[0], 1e-6),
    }
    for name, (value, tolerance) in expected.items():
        missed = np.abs(getattr(found, name) - value)[away]
        assert missed.max() < tolerance, (name, missed.max())


def test_the_pricing_equation_holds_next_to_the_boundary() -> None:
    for rate, dividend in ((0.05, 0.02), (0.03, 0.06)):
        edge = american.exercise_boundary(0.7, 100.0, 0.3, rate, dividend, False)
        spot = edge * np.array([1 + 1e-9, 1 + 1e-6, 1.001, 1.01, 1.1, 1.5])
        found = american.greeks(spot, 100.0, 0.7, 0.3, rate, dividend, False)
        flow = found.theta + (rate - dividend) * spot * found.delta + 0.5 * 0.09 * spot**2 * found.gamma
        assert np.abs(flow - rate * found.price).max() < 1e-7
        # Smooth fit; theta vanishes there, so gamma is known: r K - q B = sigma^2 B^2 gamma / 2.
        assert found.delta[0] == pytest.approx(-1.0, abs=1e-8)
        assert found.theta[0] == pytest.approx(0.0, abs=1e-5)
        assert found.gamma[0] == pytest.approx(2 * (rate * 100 - dividend * edge) / (0.09 * edge**2), rel=1e-6)
        beyond = american.greeks(edge * 0.999, 100.0, 0.7, 0.3, rate, dividend, False)
        assert [getattr(beyond, name) for name in NAMES[1:]] == [-1.0] + [0.0] * 7
        assert beyond.price == 100.0 - edge * 0.999


def test_never_exercised_has_european_greeks() -> None:
    arguments = (100.0, 95.0, 1.3, 0.3, 0.05, 0.0, True)
    found, expected = american.greeks(*arguments), european.greeks(*arguments)
    for name in NAMES:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.7, 0.7), st.floats(0.003, 3.0), st.floats(0.05, 1.0), st.floats(0.0, 0.1), st.floats(0.0, 0.1))
def test_a_call_is_a_put_seen_from_the_other_side(
    log_spot: float, time: float, vol: float, rate: float, dividend: float
) -> None:
    spot = float(np.exp(log_spot))
    call = american.greeks(spot, 1.0, time, vol, rate, dividend, True)
    put = american.greeks(1.0, spot, time, vol, dividend, rate, False)
    assert call.vega == pytest.approx(put.vega, abs=1e-11)
    assert call.theta == pytest.approx(put.theta, abs=1e-11)
    assert call.volga == pytest.approx(put.volga, abs=1e-9)
    # Homogeneous of degree one in spot and strike.
    assert call.price == pytest.approx(spot * call.delta + put.delta, abs=1e-11)
    assert -1e-12 <= call.delta <= 1.0 + 1e-12
    assert call.gamma >= -1e-9
    assert call.vega >= -1e-12


def test_limits() -> None:
    spot = np.array([90.0, 100.0, 110.0])
    put = american.greeks(spot, 100.0, 0.0, 0.2, 0.05, 0.02, False)
    assert put.price.tolist() == [10.0, 0.0, 0.0]
    assert put.delta.tolist() == [-1.0, -0.5, 0.0]
    # Without vol a falling spot is waited for: exercise when r K e^(-r t) = q S e^(-q t).
    found = american.greeks(120.0, 100.0, 30.0, 0.0, 0.02, 0.1, False)
    near = american.greeks(120.0, 100.0, 30.0, 1e-7, 0.02, 0.1, False)
    for name in ("price", "delta", "gamma", "rho", "vega", "theta", "charm", "vanna", "volga"):
        assert getattr(found, name) == pytest.approx(getattr(near, name), rel=1e-4, abs=1e-3), name
    worthless = american.greeks(0.0, 100.0, 1.0, 0.2, 0.05, 0.02, True)
    assert [getattr(worthless, name) for name in NAMES] == [0.0] * 9
    assert american.greeks(0.0, 100.0, 1.0, 0.2, 0.05, 0.02, False).delta == -1.0
    assert np.isnan(american.greeks(np.nan, 100.0, 1.0, 0.2, 0.05, 0.02, True).gamma)
