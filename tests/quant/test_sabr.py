"""The SABR smile against published and 40-digit values, its limits, its density and its calibration."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from terminal.quant import european, sabr
from terminal.quant.sabr_kernel import stretch

PARAMETERS = ("alpha", "beta", "nu", "rho")


def cases(folder: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((folder / "sabr.json").read_text())
    return loaded


def is_close(found: float, expected: float, tol: dict[str, float]) -> bool:
    return abs(found - expected) <= max(tol.get("abs", 0.0), tol.get("rel", 0.0) * abs(expected))


def test_reference_values(shared_reference: Path) -> None:
    seen = 0
    for case in cases(shared_reference):
        inputs, expected, tol = case["inputs"], case["expected"], case["tol"]
        if "quantity" in inputs:
            assert inputs["rho"] == 0.0
            call = sabr.uncorrelated_call(*(inputs[name] for name in ("F", "K", "T", "alpha", "beta", "nu")))
            assert is_close(call, expected, tol), case["id"]
            seen += 1
            continue
        model = [inputs[name] for name in PARAMETERS]
        strikes = {"": inputs["K"]} if "K" in inputs else {key: inputs["F"] * float(key) for key in expected}
        for key, strike in strikes.items():
            found = sabr.implied_vol(inputs["F"], strike, inputs["T"], *model)
            assert isinstance(found, float)
            assert is_close(found, expected[key] if key else expected, tol), (case["id"], key)
            seen += 1
    assert seen >= 60


def test_reference_calibrations(shared_reference: Path) -> None:
    """Le Floc'h and Kennedy's table: three vols give the parameters back, free or held on the at-the-money vol."""
    seen = 0
    for case in cases(shared_reference):
        inputs, expected = case["inputs"], case["expected"]
        if not isinstance(expected, dict):
            continue
        strikes = inputs["F"] * np.array([0.95, 1.0, 1.05])
        vols = [expected["0.95"], expected["1"], expected["1.05"]]
        for atm_vol in (None, expected["1"]):
            fit = sabr.calibrate(inputs["F"], strikes, inputs["T"], vols, inputs["beta"], atm_vol=atm_vol)
            assert fit.status == sabr.SabrStatus.CONVERGED
            for name in ("alpha", "nu", "rho"):
                assert getattr(fit, name) == pytest.approx(inputs[name], abs=1e-8), (case["id"], name)
            assert fit.rmse < 1e-10
        seen += 1
    assert seen == 6


def printed_formula(forward: Any, strike: Any, time: Any, alpha: Any, beta: Any, nu: Any, rho: Any) -> Any:
    """Hagan's eq. 2.17 as it stands, away from the money."""
    log, mean = np.log(forward / strike), (forward * strike) ** ((1.0 - beta) / 2.0)
    z = nu / alpha * mean * log
    x = np.log((np.sqrt(1.0 - 2.0 * rho * z + z * z) + z - rho) / (1.0 - rho))
    widening = 1.0 + (1.0 - beta) ** 2 / 24.0 * log**2 + (1.0 - beta) ** 4 / 1920.0 * log**4
    growth = (1.0 - beta) ** 2 * alpha**2 / (24.0 * mean**2) + rho * beta * nu * alpha / (4.0 * mean)
    growth += (2.0 - 3.0 * rho**2) * nu**2 / 24.0
    return alpha / (mean * widening) * z / x * (1.0 + growth * time)


smiles = st.tuples(st.floats(0.02, 1.0), st.floats(0.0, 1.0), st.floats(0.01, 3.0), st.floats(-0.99, 0.99))


@settings(max_examples=150, deadline=None)
@given(smiles, st.floats(0.01, 2.0), st.floats(0.01, 1e4))
def test_agrees_with_the_printed_formula(model: tuple[float, ...], time: float, forward: float) -> None:
    level, beta, nu, rho = model
    strike = forward * np.exp(np.array([-2.0, -1.0, -0.3, 0.3, 1.0, 2.0]))
    at = (forward, strike, time, level * forward ** (1.0 - beta), beta, nu, rho)
    found, printed = sabr.implied_vol(*at), printed_formula(*at)
    is_vol = printed > 0.0
    assert found[is_vol] == pytest.approx(printed[is_vol], rel=1e-9)
    assert np.isnan(found[~is_vol]).all()


@settings(max_examples=100, deadline=None)
@given(st.floats(-1.0, 1.0), st.sampled_from([0.05, -0.05]))
def test_no_seam_where_the_series_takes_over(rho: float, z: float) -> None:
    inside, outside = (stretch(z * (1.0 + side * 1e-14), rho) for side in (-1.0, 1.0))
    for order, close in enumerate((1e-14, 1e-12, 1e-10)):
        assert inside[order] == pytest.approx(outside[order], rel=close, abs=close)


def test_limits() -> None:
    strike = np.array([60.0, 99.999999999, 100.0, 140.0])
    assert sabr.implied_vol(100.0, strike, 2.0, 0.2, 1.0, 0.0, 0.5).tolist() == [0.2] * 4  # Black itself
    assert sabr.implied_vol(100.0, strike, 2.0, 0.0, 0.5, 0.4, 0.5).tolist() == [0.0] * 4
    for change, value, beside in (("nu", 0.0, 1e-12), ("time", 0.0, 1e-12), ("rho", 1.0, 1.0 - 1e-13)):
        at = {"time": 1.0, "alpha": 2.0, "beta": 0.5, "nu": 0.1, "rho": 0.3}
        corner, near = (sabr.implied_vol(100.0, strike, **{**at, change: new}) for new in (value, beside))
        assert corner == pytest.approx(near, rel=1e-9), change
    at_money = sabr.implied_vol(100.0, 100.0, 1.5, 2.0, 0.5, 0.7, -0.4)
    near_money = sabr.implied_vol(100.0, 100.0 * (1.0 + np.array([-1e-15, 1e-14, 1e-9])), 1.5, 2.0, 0.5, 0.7, -0.4)
    assert near_money == pytest.approx(at_money, rel=1e-9)
    assert sabr.alpha_from_atm(100.0, 1.5, at_money, 0.5, 0.7, -0.4) == pytest.approx(2.0, rel=1e-13)


@settings(max_examples=60, deadline=None)
@given(smiles, st.floats(0.05, 3.0))
def test_density_is_the_second_derivative(model: tuple[float, ...], time: float) -> None:
    level, beta, nu, rho = model
    strike = np.exp(np.array([-1.0, -0.3, -1e-3, 0.0, 0.2, 0.9]) * min(1.0, 2.0 * level * np.sqrt(time)))
    width = 2e-3 * strike * min(1.0, level * np.sqrt(time))
    found = sabr.density(1.0, strike, time, level, beta, nu, rho)
    calls = []
    for steps in range(-3, 4):
        at = strike + steps * width
        vol = sabr.implied_vol(1.0, at, time, level, beta, nu, rho)
        calls.append(european.price(1.0, at, time, vol, 0.0, 0.0, True))
    weights = np.array([2.0, -27.0, 270.0, -490.0, 270.0, -27.0, 2.0]) / 180.0
    second = weights @ np.array(calls) / width**2
    known = np.isfinite(second) & np.isfinite(found)
    scale = max(np.abs(found[known]).max(initial=0.0), 1.0)
    assert found[known] == pytest.approx(second[known], abs=2e-5 * scale)


def test_density_holds_mass_and_mean_and_says_where_it_turns_negative() -> None:
    tame = (0.5, 0.2, 1.0, 0.4, -0.3)
    assert np.isnan(sabr.first_negative_strike(100.0, *tame, least_share=0.01))
    mass = quad(lambda at: sabr.density(100.0, at, *tame), 1.0, 600.0, limit=300)[0]
    mean = quad(lambda at: at * sabr.density(100.0, at, *tame), 1.0, 600.0, limit=300)[0]
    assert mass == pytest.approx(1.0, abs=1e-9)
    assert mean == pytest.approx(100.0, abs=1e-6)
    wild = (20.0, 0.3, 0.5, 0.4, -0.3)
    strike = sabr.first_negative_strike(1.0, *wild)
    assert 0.1 < strike < 1.0
    below, above = sabr.density(1.0, strike * np.array([1.0 - 1e-6, 1.0 + 1e-6]), *wild)
    assert below < 0.0 < above
    at = strike * np.array([0.99, 0.995, 1.0]) - 1e-3
    calls = european.price(1.0, at, wild[0], sabr.implied_vol(1.0, at, *wild), 0.0, 0.0, True)
    slope = np.diff(calls) / np.diff(at)
    assert slope[1] < slope[0]  # a butterfly that pays one to own


def test_uncorrelated_call_is_the_expansion_for_short_times() -> None:
    for beta in (0.3, 0.5, 0.8):
        strike = np.array([0.9, 1.0, 1.15])
        exact = sabr.uncorrelated_call(1.0, strike, 0.05, 0.25, beta, 0.6)
        vol = sabr.implied_vol(1.0, strike, 0.05, 0.25, beta, 0.6, 0.0)
        assert exact == pytest.approx(european.price(1.0, strike, 0.05, vol, 0.0, 0.0, True), abs=3e-7)
    assert np.isnan(sabr.uncorrelated_call(1.0, [1.0, -1.0], 1.0, 0.2, 1.0, 0.3)).all()


@settings(max_examples=40, deadline=None)
@given(smiles, st.floats(0.05, 1.5), st.floats(1.0, 5e3))
def test_calibration_gives_its_own_smile_back(model: tuple[float, ...], time: float, forward: float) -> None:
    level, beta, nu, rho = model
    reach = min(1.0, 2.5 * level * np.sqrt(time))
    strikes = forward * np.exp(np.linspace(-reach, reach, 15))
    vols = sabr.implied_vol(forward, strikes, time, level * forward ** (1.0 - beta), beta, nu, rho)
    if not (np.isfinite(vols).all() and vols.min() > 0.01):
        return
    fit = sabr.calibrate(forward, strikes, time, vols, beta)
    assert fit.rmse <= 1e-6, fit


def test_calibration_reports_what_it_left_out() -> None:
    strikes = np.array([80.0, 90.0, 100.0, 110.0, 120.0, -5.0, 95.0])
    vols = sabr.implied_vol(100.0, np.abs(strikes), 0.5, 0.2, 1.0, 0.8, -0.4)
    vols[6] = np.nan
    fit = sabr.calibrate(100.0, strikes, 0.5, vols, 1.0, weights=[1, 1, 3, 1, 0, 1, 1])
    assert fit.status == sabr.SabrStatus.CONVERGED
    assert fit.rejected == (4, 5, 6)
    assert np.isnan(fit.errors).tolist() == [False] * 4 + [True] * 3
    assert fit.nu == pytest.approx(0.8, abs=1e-6)
    few = sabr.calibrate(100.0, strikes[:2], 0.5, vols[:2], 1.0)
    assert few.status == sabr.SabrStatus.TOO_FEW_QUOTES
    assert np.isnan(few.alpha)
    assert sabr.calibrate(-1.0, strikes, 0.5, vols, 1.0).status == sabr.SabrStatus.INVALID


@pytest.mark.parametrize("bad", [-2.0, np.nan, np.inf])
@pytest.mark.parametrize("axis", range(7))
def test_bad_input_is_nan_in_its_place_only(bad: float, axis: int) -> None:
    at = [np.full(3, value) for value in (100.0, 110.0, 1.0, 0.2, 0.9, 0.5, -0.3)]
    at[axis][1] = bad
    assert np.isnan(sabr.implied_vol(*at)).tolist() == [False, True, False]
    assert np.isnan(sabr.density(*at)).tolist() == [False, True, False]


def test_shapes_and_threads() -> None:
    assert sabr.implied_vol(100, np.ones((4, 1)) * 90, [1, 2], 0.2, 1, 0.3, 0).shape == (4, 2)
    assert sabr.implied_vol(np.empty(0), 1.0, 1.0, 0.2, 1.0, 0.3, 0.0).shape == (0,)
    with pytest.raises(ValueError, match="broadcast"):
        sabr.implied_vol(np.ones(2), np.ones(3), 1.0, 0.2, 1.0, 0.3, 0.0)
    strike = np.linspace(50.0, 200.0, 20_000)
    expected = sabr.implied_vol(100.0, strike, 1.0, 2.0, 0.5, 0.6, -0.3)
    found: list[Any] = [None] * 4

    def work(place: int) -> None:
        found[place] = sabr.implied_vol(100.0, strike, 1.0, 2.0, 0.5, 0.6, -0.3)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(each, expected) for each in found)
