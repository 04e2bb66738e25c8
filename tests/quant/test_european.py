"""European prices and Greeks against published and 60-digit values, and at the corners."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import bachelier, black76, european

AXES = ("S", "K", "T", "vol", "r", "q")
SPELLINGS = {"color": "colour"}


def cases(folder: Path, name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((folder / name).read_text())
    return loaded


def is_close(found: float, expected: float, tol: dict[str, float]) -> bool:
    return abs(found - expected) <= max(tol.get("abs", 0.0), tol.get("rel", 0.0) * abs(expected))


def reference_price(case: dict[str, Any]) -> Any:
    inputs = case["inputs"]
    is_call = inputs["type"] == "call"
    if "model" not in case:
        return european.price(*[*(inputs[axis] for axis in AXES), is_call])
    discount = math.exp(-inputs["r"] * inputs["T"])
    if case["model"] == "black76":
        return black76.price(inputs["F"], inputs["K"], inputs["T"], inputs["vol"], discount, is_call)
    assert case["model"] == "bachelier"
    return bachelier.price(inputs["F"], inputs["K"], inputs["T"], inputs["normal_vol"], discount, is_call)


def test_reference_prices(shared_reference: Path) -> None:
    every = cases(shared_reference, "bs_prices.json")
    assert len(every) >= 35
    for case in every:
        found = reference_price(case)
        assert isinstance(found, float)
        assert is_close(found, case["expected"], case["tol"]), (case["id"], found, case["expected"])


def test_reference_greeks(shared_reference: Path) -> None:
    seen = 0
    for case in cases(shared_reference, "bs_greeks.json"):
        inputs = case["inputs"]
        if "type" not in inputs:
            continue
        arguments = [*(inputs[axis] for axis in AXES), inputs["type"] == "call"]
        found = european.greeks(*arguments)._asdict() | european.higher_greeks(*arguments)._asdict()
        found["theta_per_day"] = found["theta"] / 365
        expected = case["expected"]
        if not isinstance(expected, dict):
            expected = {inputs["greek"]: expected}
        for name, value in expected.items():
            assert is_close(found[SPELLINGS.get(name, name)], value, case["tol"]), (case["id"], name)
            seen += 1
    assert seen >= 219


def test_reference_identities(shared_reference: Path) -> None:
    relations = {case["id"]: case for case in cases(shared_reference, "bs_greeks.json") if "relation" in case["inputs"]}
    inputs = relations["identity-put-call"]["inputs"]
    arguments = [inputs[axis] for axis in AXES]
    call, put = european.greeks(*[*arguments, True]), european.greeks(*[*arguments, False])
    for key, value in relations["identity-put-call"]["expected"].items():
        name = key.removesuffix("_diff")
        assert getattr(call, name) - getattr(put, name) == pytest.approx(value, rel=1e-13, abs=1e-13)
    spot, _, _, vol, rate, dividend = arguments
    for side in (call, put):
        drift = (rate - dividend) * spot * side.delta + 0.5 * vol**2 * spot**2 * side.gamma
        assert side.theta + drift - rate * side.price == pytest.approx(0.0, abs=1e-12)


positive = st.floats(0.01, 1e5)
rates = st.floats(-0.2, 0.4)


@settings(max_examples=300, deadline=None)
@given(positive, st.floats(-2.5, 2.5), st.floats(1e-6, 30.0), st.floats(1e-4, 6.0), rates, rates)
def test_parity_and_bounds(
    spot: float, log_strike: float, time: float, vol: float, rate: float, dividend: float
) -> None:
    strike = spot * np.exp(log_strike)
    call, put = (european.price(spot, strike, time, vol, rate, dividend, side) for side in (True, False))
    held, paid = spot * np.exp(-dividend * time), strike * np.exp(-rate * time)
    assert call - put == pytest.approx(held - paid, abs=1e-12 * (held + paid))
    assert max(held - paid, 0.0) - 1e-12 * (held + paid) <= call <= held * (1 + 1e-12)
    assert max(paid - held, 0.0) - 1e-12 * (held + paid) <= put <= paid * (1 + 1e-12)


@settings(max_examples=100, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(0.05, 3.0), st.floats(0.1, 1.0), rates, rates, st.booleans())
def test_greeks_are_derivatives(
    log_strike: float, time: float, vol: float, rate: float, dividend: float, is_call: bool
) -> None:
    at = [100.0, 100.0 * np.exp(log_strike), time, vol, rate, dividend]
    found = european.greeks(*[*at, is_call])

    def slope(name: str, axis: int, width: float) -> float:
        up, down = list(at), list(at)
        up[axis] += width
        down[axis] -= width
        high, low = european.greeks(*[*up, is_call]), european.greeks(*[*down, is_call])
        return float((getattr(high, name) - getattr(low, name)) / (2 * width))

    for name, (of, axis, sign, width) in {
        "delta": ("price", 0, 1, 1e-2), "gamma": ("delta", 0, 1, 1e-2), "vega": ("price", 3, 1, 1e-4),
        "theta": ("price", 2, -1, 1e-5), "rho": ("price", 4, 1, 1e-5), "vanna": ("delta", 3, 1, 1e-4),
        "volga": ("vega", 3, 1, 1e-4), "charm": ("delta", 2, -1, 1e-5),
    }.items():  # fmt: skip
        assert getattr(found, name) == pytest.approx(sign * slope(of, axis, width), rel=2e-4, abs=2e-4), name


def test_expiry_is_the_payoff_and_its_kink_the_mean() -> None:
    spot = np.array([90.0, 100.0, 110.0])
    call, put = (european.greeks(spot, 100.0, 0.0, 0.2, 0.05, 0.02, side) for side in (True, False))
    assert call.price.tolist() == [0.0, 0.0, 10.0]
    assert put.price.tolist() == [10.0, 0.0, 0.0]
    assert call.delta.tolist() == [0.0, 0.5, 1.0]
    assert put.delta.tolist() == [-1.0, -0.5, 0.0]
    assert not call.gamma.any()
    assert not call.vega.any()


def test_limits_meet_the_formula() -> None:
    """Next to each zero the formula gives what the limit says at it."""
    for corner, near in (
        ((0.0, 100.0, 1.0, 0.2), (1e-200, 100.0, 1.0, 0.2)),
        ((100.0, 0.0, 1.0, 0.2), (100.0, 1e-200, 1.0, 0.2)),
        ((100.0, 90.0, 1.0, 0.0), (100.0, 90.0, 1.0, 1e-6)),
        ((100.0, 110.0, 0.0, 0.2), (100.0, 110.0, 1e-14, 0.2)),
    ):
        for is_call in (True, False):
            at, beside = (european.greeks(*where, 0.03, 0.01, is_call) for where in (corner, near))
            for name in ("price", "delta", "gamma", "vega", "rho", "vanna", "volga", "theta", "charm"):
                assert getattr(at, name) == pytest.approx(getattr(beside, name), abs=1e-9), (corner, is_call, name)


@pytest.mark.parametrize(("time", "vol"), [(1.0, 1e-160), (1.0, 1e-310), (2.3e-308, 0.2), (1e-300, 1e-300)])
def test_next_to_no_deviation_is_the_limit(time: float, vol: float) -> None:
    for is_call in (True, False):
        at, beside = (european.greeks(1.0, 2.0, time, v, 0.03, 0.01, is_call) for v in (0.0, vol))
        assert at == beside
        assert european.price(1.0, 2.0, time, vol, 0.03, 0.01, is_call) == at.price
        assert all(np.isfinite(european.higher_greeks(1.0, 2.0, time, vol, 0.03, 0.01, is_call)))


def test_zero_vol_at_the_forward_has_a_vega() -> None:
    at = european.greeks(100.0, 100.0, 1.0, 0.0, 0.02, 0.02, True)
    beside = european.greeks(100.0, 100.0, 1.0, 1e-9, 0.02, 0.02, True)
    assert at.vega == pytest.approx(beside.vega)
    assert at.delta == pytest.approx(beside.delta)
    assert at.vanna == pytest.approx(beside.vanna)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("axis", range(4))
def test_bad_input_is_nan_in_its_place_only(bad: float, axis: int) -> None:
    columns = [np.full(3, value) for value in (100.0, 100.0, 1.0, 0.2)]
    columns[axis][1] = bad
    for row in (
        european.price(*[*columns, 0.01, 0.0, True]),
        european.greeks(*[*columns, 0.01, 0.0, True]).charm,
    ):
        assert np.isnan(row).tolist() == [False, True, False]


def test_broadcasting_shapes() -> None:
    grid = european.price(100.0, np.array([90.0, 110.0]), 1.0, 0.2, 0.0, 0.0, np.array([[True], [False]]))
    assert grid.shape == (2, 2)
    assert european.greeks(np.ones((4, 1)), np.ones(3), 1, 0.2, 0, 0, True).vega.shape == (4, 3)
    assert european.price(np.empty(0), 1.0, 1.0, 0.2, 0.0, 0.0, True).shape == (0,)
    with pytest.raises(ValueError, match="broadcast"):
        european.price(np.ones(2), np.ones(3), 1.0, 0.2, 0.0, 0.0, True)
