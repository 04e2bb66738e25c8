"""Heston prices and Greeks against published values, an independent slow integration, and the laws of no arbitrage."""

from __future__ import annotations

import json
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from terminal.quant import european, heston

AXES = ("S", "K", "T", "r", "q")
MODEL = ("v0", "kappa", "theta", "sigma", "rho")
GREEKS = ("price", "delta", "gamma", "theta", "rho", "by_v0", "by_kappa", "by_theta", "by_sigma", "by_rho")
NORMAL = (0.04, 1.5, 0.06, 0.5, -0.6)


def cases(folder: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((folder / "heston.json").read_text())
    return loaded


def is_close(found: float, expected: float, tol: dict[str, float]) -> bool:
    return abs(found - expected) <= max(tol.get("abs", 0.0), tol.get("rel", 0.0) * abs(expected))


def test_reference_prices_and_greeks(shared_reference: Path) -> None:
    seen = 0
    for case in cases(shared_reference):
        inputs, expected = case["inputs"], case["expected"]
        if "S" not in inputs:
            continue
        at = [*(inputs[axis] for axis in AXES), inputs["type"] == "call", *(inputs[name] for name in MODEL)]
        found = heston.price(*at)
        assert isinstance(found, float)
        if isinstance(expected, dict):
            greeks = heston.greeks(*at)
            for name, value in expected.items():
                ours = getattr(greeks, "by_v0" if name == "dV_dv0" else name)
                assert is_close(ours, value, case["tol"]), (case["id"], name)
        else:
            assert is_close(found, expected, case["tol"]), (case["id"], found, expected)
        seen += 1
    assert seen >= 44


def test_reference_implied_vols(shared_reference: Path) -> None:
    seen = 0
    for case in cases(shared_reference):
        inputs = case["inputs"]
        if inputs.get("quantity") == "Black implied vol":
            model = [inputs[name] for name in MODEL]
            vol, status = heston.implied_vol(inputs["F"], inputs["K"], inputs["T"], 0.0, 0.0, *model)
            assert status == 0
            assert is_close(vol, case["expected"], case["tol"]), case["id"]
            seen += 1
    assert seen >= 14


def slow_price(spot: float, strike: float, time: float, is_call: bool, model: tuple[float, ...]) -> float:
    """Zero-rate price by SciPy's adaptive quadrature of Lewis's integral, with the little trap as it is printed."""
    v0, kappa, theta, sigma, rho = model
    k = np.log(strike / spot)

    def integrand(u: float) -> float:
        xi = u - 0.5j
        beta = kappa - 1j * rho * sigma * xi
        d = np.sqrt(beta**2 + sigma**2 * (xi**2 + 1j * xi))
        g = (beta - d) / (beta + d)
        decay = np.exp(-d * time)
        log_phi = kappa * theta / sigma**2 * ((beta - d) * time - 2.0 * np.log((1.0 - g * decay) / (1.0 - g)))
        log_phi += v0 / sigma**2 * (beta - d) * (1.0 - decay) / (1.0 - g * decay)
        return float(np.real(np.exp(log_phi - 1j * u * k)) / (u * u + 0.25))

    # In pieces: the integrand has a peak at 0 and a long tail.
    edges = [0.0, *np.geomspace(0.5, 2.0**18, 20)]
    options = {"limit": 200, "epsabs": 1e-13, "epsrel": 1e-11, "full_output": 1}  # which keeps it from warning
    total = sum(quad(integrand, *piece, **options)[0] for piece in pairwise(edges))
    covered = np.sqrt(spot * strike) / np.pi * total
    return float((spot if is_call else strike) - covered)


models = st.tuples(
    st.floats(0.005, 0.8), st.floats(0.05, 8.0), st.floats(0.005, 0.6), st.floats(0.05, 2.5), st.floats(-0.98, 0.98)
)


@settings(max_examples=60, deadline=None)
@given(models, st.floats(0.02, 30.0), st.floats(-1.5, 1.5), st.booleans())
def test_agrees_with_slow_integration(model: tuple[float, ...], time: float, log_strike: float, is_call: bool) -> None:
    strike = 100.0 * np.exp(log_strike)
    found, status = heston.price_with_status(100.0, strike, time, 0.0, 0.0, is_call, *model)
    assert status == heston.Status.SOLVED
    assert found == pytest.approx(slow_price(100.0, strike, time, is_call, model), abs=2e-9)


wide = st.tuples(
    st.floats(0.0, 4.0), st.floats(0.0, 20.0), st.floats(0.0, 2.0), st.floats(0.0, 6.0), st.floats(-1.0, 1.0)
)


@settings(max_examples=100, deadline=None)
@given(wide, st.floats(1e-5, 30.0), st.floats(-0.1, 0.2), st.floats(-0.1, 0.2))
def test_parity_bounds_and_shape(model: tuple[float, ...], time: float, rate: float, dividend: float) -> None:
    """Whatever the model: all rows solved, parity, bounds, falling and convex in strike, whatever the grouping."""
    v0, kappa, theta, _, _ = model
    total = v0 * time + 0.5 * kappa * theta * time * time
    assume(total == 0.0 or total > 1e-6)  # below, one row in a hundred thousand is NaN and says so
    strike = 100.0 * np.exp(np.linspace(-3.0, 3.0, 25))
    sides = np.array([[True], [False]])
    both, status = heston.price_with_status(100.0, strike, time, rate, dividend, sides, *model)
    assert not status.any()
    call, put = both
    held, paid = 100.0 * np.exp(-dividend * time), strike * np.exp(-rate * time)
    scale = held + paid
    assert np.abs(call - put - (held - paid)).max() <= 4e-16 * scale.max()
    assert (call >= np.maximum(held - paid, 0.0) - 1e-13).all()
    assert (call <= held + 1e-13).all()
    slope = np.diff(call) / np.diff(strike)
    assert (slope <= 1e-12).all()
    assert (slope >= -np.exp(-rate * time) - 1e-12).all()
    assert (np.diff(slope) >= -1e-12).all()
    alone = [heston.price(100.0, at, time, rate, dividend, True, *model) for at in strike[::6]]
    assert call[::6] == pytest.approx(alone, rel=1e-11, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(models, st.floats(0.01, 10.0), st.floats(1e-8, 1e8), st.booleans())
def test_homogeneity(model: tuple[float, ...], time: float, factor: float, is_call: bool) -> None:
    strike = np.linspace(40.0, 250.0, 8)
    here = heston.price(100.0, strike, time, 0.03, 0.01, is_call, *model)
    there = heston.price(100.0 * factor, strike * factor, time, 0.03, 0.01, is_call, *model)
    assert there / factor == pytest.approx(here, rel=1e-10)


@settings(max_examples=40, deadline=None)
@given(models, st.floats(0.02, 10.0), st.floats(0.1, 3.0), st.booleans())
def test_greeks_are_derivatives(model: tuple[float, ...], time: float, deviations: float, is_call: bool) -> None:
    v0, _, theta, _, _ = model
    reach = deviations * np.sqrt(max(v0, theta) * time)
    at: list[Any] = [100.0, 100.0 * np.exp(np.array([-reach, 0.0, reach])), time, 0.03, 0.01, is_call, *model]
    found = heston.greeks(*at)
    for name, of, axis, sign, width in (
        ("delta", "price", 0, 1, 1e-2), ("gamma", "delta", 0, 1, 1e-2), ("theta", "price", 2, -1, 1e-4 * time),
        ("rho", "price", 3, 1, 1e-5), ("by_v0", "price", 6, 1, 1e-3 * v0), ("by_kappa", "price", 7, 1, 1e-4 * model[1]),
        ("by_theta", "price", 8, 1, 1e-4 * theta), ("by_sigma", "price", 9, 1, 1e-4 * model[3]),
        ("by_rho", "price", 10, 1, 1e-4),
    ):  # fmt: skip
        values = []
        for steps in (-2, -1, 1, 2):
            moved = list(at)
            moved[axis] = moved[axis] + steps * width
            values.append(getattr(heston.greeks(*moved), of))
        slope = sign * (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * width)
        assert getattr(found, name) == pytest.approx(slope, rel=2e-5, abs=2e-5 * (1.0 + np.abs(slope).max())), name


def test_without_vol_of_variance_it_is_black() -> None:
    """sigma = 0: the variance is certain, and Black-Scholes-Merton holds with its mean; near 0 nothing jumps."""
    strike = np.array([50.0, 80.0, 100.0, 101.0, 130.0, 300.0])
    for v0, kappa, theta, time in (
        (0.04, 2.0, 0.09, 1.5),
        (0.0, 1.0, 0.04, 0.1),
        (0.04, 0.0, 0.3, 2.0),
        (0.1, 5.0, 0.0, 9),
    ):
        shrink = -np.expm1(-kappa * time) / (kappa * time) if kappa else 1.0
        vol = np.sqrt(theta + (v0 - theta) * shrink)
        for is_call in (True, False):
            black = european.price(100.0, strike, time, vol, 0.03, 0.01, is_call)
            for sigma, close in ((0.0, 1e-12), (1e-9, 1e-7), (1e-6, 1e-4)):
                found = heston.price(100.0, strike, time, 0.03, 0.01, is_call, v0, kappa, theta, sigma, -0.7)
                assert found == pytest.approx(black, rel=close, abs=1e-12), (v0, kappa, sigma)


def test_corners_meet_their_neighbours() -> None:
    strike = np.array([80.0, 100.0, 125.0])
    for name, corner, beside, close in (
        ("v0", 0.0, 1e-13, 1e-9), ("kappa", 0.0, 1e-12, 1e-9), ("theta", 0.0, 1e-13, 1e-9),
        ("rho", 1.0, 1.0 - 1e-12, 1e-9), ("rho", -1.0, -1.0 + 1e-12, 1e-9),
    ):  # fmt: skip
        model = dict(zip(MODEL, NORMAL, strict=True))
        at, near = (
            heston.price(100.0, strike, 1.0, 0.02, 0.01, True, **{**model, name: value}) for value in (corner, beside)
        )
        assert np.isfinite(at).all(), name
        assert at == pytest.approx(near, rel=close), name
    payoff = heston.greeks(np.array([90.0, 100.0, 110.0]), 100.0, 0.0, 0.05, 0.02, True, *NORMAL)
    assert payoff.price.tolist() == [0.0, 0.0, 10.0]
    assert payoff.delta.tolist() == [0.0, 0.5, 1.0]
    assert heston.price(0.0, 100.0, 1.0, 0.05, 0.0, False, *NORMAL) == pytest.approx(100.0 * np.exp(-0.05))
    assert heston.price(100.0, 0.0, 1.0, 0.05, 0.0, True, *NORMAL) == 100.0
    assert heston.price(100.0, 90.0, 1.0, 0.0, 0.0, True, 0.0, 1.0, 0.0, 0.5, 0.0) == 10.0


def test_beyond_the_support_the_price_is_nothing() -> None:
    """With rho = +-1 the log of the spot is bounded on one side; from beyond it no quadrature error may show."""
    strike = 100.0 * np.exp(np.linspace(-6.0, -0.5, 12) * 3.03e-6)
    value = heston.price(100.0, strike, 0.03864, 0.0, 0.0, False, 0.0, 0.0010549, 1.164e-5, 0.02011, 1.0)
    assert (np.diff(value) >= 0.0).all()
    assert value[-1] < 1e-40
    assert (
        heston.price(100.0, 100.0 * np.exp(-2.5), 0.404, 0, 0, False, 1.862e-4, 4.074e-4, 1.292, 0.01427, -1.0) == 0.0
    )
    above = heston.price(100.0, [115.0, 140.0, 400.0], 1.0, 0.0, 0.0, True, 0.04, 1.0, 0.04, 1.0, -1.0)
    assert above.tolist() == [0.0, 0.0, 0.0]


def test_no_jump_in_time() -> None:
    """A sweep to 30 years, where the log of a careless characteristic function would change its branch."""
    time = np.linspace(0.01, 30.0, 3000)
    for model in (NORMAL, (0.16, 1.0, 0.16, 2.0, -0.8), (0.04, 0.5, 0.04, 1.0, -0.9), (0.04, 0.2, 0.09, 1.5, 0.9)):
        value = heston.price(100.0, np.array([[60.0], [100.0], [170.0]]), time, 0.0, 0.0, True, *model)
        change = np.diff(value, axis=1)
        assert (change > -1e-12).all()  # calendar spreads cost something
        assert np.abs(np.diff(change, axis=1)[:, 20:]).max() < 5e-3


def test_deep_wings_keep_their_digits(shared_reference: Path) -> None:
    """The reference's multiprecision tails, to seven digits down to 1e-48 and to twelve above 1e-25."""
    tails = {case["id"]: case for case in cases(shared_reference)}
    for name, close in (
        ("ql-expfit-1D-09", 1e-12), ("ql-expfit-1M-10", 1e-12), ("ql-expfit-1Y-00", 1e-11), ("ql-expfit-1M-00", 1e-6),
    ):  # fmt: skip
        inputs = tails[name]["inputs"]
        at = [*(inputs[axis] for axis in AXES), inputs["type"] == "call", *(inputs[key] for key in MODEL)]
        assert heston.price(*at) == pytest.approx(tails[name]["expected"], rel=close, abs=0.0), name


@pytest.mark.parametrize("bad", [-1.5, np.nan, np.inf])
@pytest.mark.parametrize("axis", [0, 1, 2, 6, 7, 8, 9, 10])
def test_bad_input_is_nan_in_its_place_only(bad: float, axis: int) -> None:
    at: list[Any] = [np.full(3, value) for value in (100.0, 100.0, 1.0, 0.02, 0.01)] + [True]
    at += [np.full(3, value) for value in NORMAL]
    whole = heston.price(*at)
    at[axis][1] = bad
    found, status = heston.price_with_status(*at)
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[::2].tolist() == whole[::2].tolist()
    assert status.tolist() == [0, heston.Status.INVALID, 0]
    assert np.isnan(heston.greeks(*at).by_sigma).tolist() == [False, True, False]


def test_shapes() -> None:
    grid = heston.price(100.0, np.array([90, 110]), 1, 0.0, 0.0, np.array([[True], [False]]), *NORMAL)
    assert grid.shape == (2, 2)
    sigma = np.linspace(0.1, 1.0, 6)[::2].astype(np.float32)
    assert heston.greeks(100, 100, 1, 0, 0, True, 0.04, 1, 0.04, sigma, -0.5).by_rho.shape == (3,)
    assert heston.price(np.empty(0), 1.0, 1.0, 0.0, 0.0, True, *NORMAL).shape == (0,)
    with pytest.raises(ValueError, match="broadcast"):
        heston.price(np.ones(2), np.ones(3), 1.0, 0.0, 0.0, True, *NORMAL)


def test_mixed_rows_are_priced_as_alone() -> None:
    """Rows of many expiries and models in any order: the grouping puts every answer in its own place."""
    chance = np.random.default_rng(3)
    count = 400
    at: list[Any] = [
        chance.uniform(80.0, 120.0, count), chance.uniform(60.0, 150.0, count), chance.choice([0.1, 0.5, 2.0], count),
        0.02, 0.01, chance.random(count) < 0.5, chance.choice([0.03, 0.08], count), 1.5, 0.05,
        chance.choice([0.0, 0.4, 1.1], count), chance.choice([-0.7, 0.3], count),
    ]  # fmt: skip
    whole = heston.price(*at)
    alone = [heston.price(*(np.broadcast_to(value, count)[i] for value in at)) for i in range(0, count, 7)]
    assert whole[::7] == pytest.approx(alone, rel=1e-11)


def test_four_threads_agree() -> None:
    strike = np.linspace(50.0, 200.0, 40)
    time = np.linspace(0.05, 3.0, 30)[:, None]
    expected = heston.price(100.0, strike, time, 0.02, 0.0, True, *NORMAL)
    found: list[Any] = [None] * 4

    def work(place: int) -> None:
        found[place] = heston.price(100.0, strike, time, 0.02, 0.0, True, *NORMAL)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(each, expected) for each in found)


def test_a_right_that_is_no_boolean_is_refused_or_unknown() -> None:
    model = (0.04, 2.0, 0.04, 0.5, -0.5)
    with pytest.raises(TypeError, match="boolean"):
        heston.price(100.0, 100.0, 1.0, 0.0, 0.0, "P", *model)
    found = heston.price(
        100.0, np.ma.masked_equal([100.0, 90.0, 80.0], 90.0), 1.0, 0.0, 0.0, [1.0, 1.0, np.nan], *model
    )
    assert np.isnan(found).tolist() == [False, True, True]
