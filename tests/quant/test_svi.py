"""Raw SVI against the reference values, its butterfly test against a dense scan, and its calibration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from terminal.quant import ssvi, svi

NAMES = ("a", "b", "rho", "m", "sigma")
VOGT = (-0.041, 0.1331, 0.306, 0.3586, 0.4153)


def close(found: float, expected: float, tol: dict[str, float]) -> bool:
    return abs(found - expected) <= max(tol.get("abs", 0.0), tol.get("rel", 0.0) * abs(expected))


def answer(inputs: dict[str, Any], name: str) -> Any:
    if "v_tilde" in inputs:
        jw = svi.repaired_jump_wings(**inputs)
        if name != "arbitrage_free":
            return {"c_prime": jw.c, "v_tilde_prime": jw.v_tilde}[name]
        raw = svi.jump_wings_to_raw(jw.v, jw.psi, jw.p, jw.c, jw.v_tilde, 1.0)
        return not svi.has_butterfly_arbitrage(raw.a, raw.b, raw.rho, raw.m, raw.sigma)
    if "theta" in inputs:
        if name == "w":
            return ssvi.total_variance(inputs["k"], inputs["theta"], inputs["rho"], inputs["phi"])
        theta, phi, rho = inputs["theta"], inputs["phi"], inputs["rho"]
        if name == "sufficient_conditions_hold":
            return ssvi.is_surely_free_of_butterflies(theta, rho, phi)
        bounds = dict(
            zip(("theta_phi_1p_absrho", "theta_phi2_1p_absrho"), ssvi.butterfly_terms(theta, rho, phi), strict=True)
        )
        return bounds[name] if name in bounds else getattr(ssvi.to_raw(theta, rho, phi), name)
    a, b, rho, m, sigma = (inputs[each] for each in NAMES)
    at = (a, b, rho, m, sigma)
    if "k" in inputs:
        smile = svi.derivatives(inputs["k"], *at)
        assert smile.w == svi.total_variance(inputs["k"], *at)
        return {"w": smile.w, "dw": smile.dw, "d2w": smile.d2w, "g": svi.durrleman_g(inputs["k"], *at)}[name]
    verdict = svi.butterfly(*at)
    assert verdict.is_free is not svi.has_butterfly_arbitrage(*at)
    return {
        "arbitrage_free": verdict.is_free,
        "min_g": verdict.min_g,
        "argmin_k": verdict.argmin_k if not verdict.is_free else svi.minimum_g(*at, low=-2.0, high=2.0)[1],
        "min_g_on_pm2": svi.minimum_g(*at, low=-2.0, high=2.0)[0],
        "min_variance_positive": verdict.least_variance > 0.0,
        "wing_slope": inputs["b"] * (1.0 + abs(inputs["rho"])),
    }[name]


def test_reference_cases(shared_reference: Path) -> None:
    cases = json.loads((shared_reference / "svi.json").read_text())
    assert len(cases) >= 16
    for case in cases:
        expected = case["expected"] if isinstance(case["expected"], dict) else {"w": case["expected"]}
        for name, value in expected.items():
            if name == "g_negative_interval":
                (interval,) = svi.butterfly(*VOGT).negative
                assert interval == pytest.approx(value, abs=case["tol"]["abs"])
                continue
            found = answer(case["inputs"], name)
            if isinstance(value, bool):
                assert found is value, (case["id"], name)
            else:
                assert close(found, value, case["tol"]), (case["id"], name, found, value)


slices = st.tuples(
    st.floats(0.0, 1.0), st.floats(1e-3, 1.3), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(-3.0, 0.5)
)


def raw_of(draw: tuple[float, ...]) -> tuple[float, float, float, float, float]:
    lift, b, rho, m, log_sigma = draw
    sigma = 10.0**log_sigma
    return 0.3 * lift**3 - 0.9 * b * sigma * np.sqrt(1 - rho * rho) * (lift > 0.3), b, rho, m, sigma


@settings(max_examples=150, deadline=None)
@given(slices)
@example((0.0, 1.0, 1.0, 0.0, 0.0))
def test_verdict_agrees_with_a_dense_scan(draw: tuple[float, ...]) -> None:
    raw = raw_of(draw)
    a, b, rho, m, sigma = raw
    k = m + sigma * np.sinh(np.linspace(-18.0, 18.0, 20001))
    g = svi.durrleman_g(k, *raw)
    verdict = svi.butterfly(*raw)
    if a + b * sigma * np.sqrt(1 - rho * rho) <= 0.0:
        return
    if not verdict.is_free:
        for low, high in verdict.negative:
            inside = np.clip(0.5 * (low + high) if np.isfinite(low + high) else max(low, min(high, 0.0)), -1e6, 1e6)
            inside = inside + (1.0 if low == inside else -1.0 if high == inside else 0.0) * 1e5
            assert svi.durrleman_g(inside, *raw) < 1e-9
    else:
        assert g[~np.isnan(g)].min() > -1e-9
    if np.nanmin(g) < -1e-9:
        assert not verdict.is_free
        assert verdict.min_g <= np.nanmin(g) + 1e-9


def test_narrow_dips_and_wings_are_found() -> None:
    assert svi.has_butterfly_arbitrage(0.0, 2.0 / 1.3 + 1e-9, -0.3, 0.0, 0.5)  # Lee's bound, passed by a hair
    assert not svi.has_butterfly_arbitrage(0.04, 0.0, 0.5, 0.1, 0.2)  # flat
    assert not svi.has_butterfly_arbitrage(0.0, 1.0, 0.0, 0.0, 2.0)
    thin = (1e-7, 0.4, 0.0, 0.2, 1e-4)  # w nearly touches zero at k = 0.2
    assert svi.has_butterfly_arbitrage(*thin)
    assert svi.has_butterfly_arbitrage(0.04, 2.1, 0.0, 0.0, 0.0)  # two lines, both too steep
    assert not svi.has_butterfly_arbitrage(0.04, 0.1, 0.0, 0.0, 0.0)
    assert svi.has_butterfly_arbitrage(-0.5, 0.1, 0.0, 0.0, 0.1)  # negative variance
    bad = svi.has_butterfly_arbitrage([0.04, np.nan, 0.04, 0.04], [0.1, 0.1, -0.1, 0.1], [0, 0, 0, 2], 0.0, 0.1)
    assert bad.tolist() == [False, True, True, True]


@settings(max_examples=100, deadline=None)
@given(slices, st.floats(0.01, 5.0))
def test_conversions_come_back(draw: tuple[float, ...], time: float) -> None:
    raw = raw_of(draw)
    k = np.linspace(-1.0, 1.0, 21)
    w = svi.total_variance(k, *raw)
    if abs(raw[2]) < 0.999:
        natural = svi.raw_to_natural(*raw)
        back = svi.natural_to_raw(natural.delta, natural.mu, natural.rho, natural.omega, natural.zeta)
        there = svi.total_variance(k, back.a, back.b, back.rho, back.m, back.sigma)
        np.testing.assert_allclose(there, w, rtol=1e-9, atol=1e-9)
    jw = svi.raw_to_jump_wings(*raw, time)
    if np.isnan(jw.v) or abs(jw.psi) < 1e-3 or abs(raw[2]) > 0.99 or raw[4] < 0.01:
        return
    back = svi.jump_wings_to_raw(jw.v, jw.psi, jw.p, jw.c, jw.v_tilde, time)
    there = svi.total_variance(k, back.a, back.b, back.rho, back.m, back.sigma)
    np.testing.assert_allclose(there, w, rtol=1e-6, atol=1e-6 * (1 + raw[1]))


def test_calibration_recovers_a_slice_and_refuses_butterflies() -> None:
    k = np.linspace(-0.6, 0.4, 41)
    true = (0.01, 0.12, -0.55, 0.03, 0.12)
    found = svi.calibrate(k, svi.total_variance(k, *true))
    assert found.status is svi.SliceStatus.FITTED
    assert found.parameters == pytest.approx(true, rel=1e-5)
    assert found.worst_vol < 1e-8
    k = np.linspace(-1.5, 1.5, 61)
    w = svi.total_variance(k, *VOGT)
    free = svi.calibrate(k, w)
    assert free.status is svi.SliceStatus.FITTED
    assert not svi.has_butterfly_arbitrage(*free.parameters)
    assert free.min_g >= 0.0
    assert free.rms_vol < 0.01
    loose = svi.calibrate(k, w, free_of_butterflies=False)
    assert loose.worst_vol < 1e-6
    assert svi.has_butterfly_arbitrage(*loose.parameters)


def test_calibration_leaves_bad_rows_out() -> None:
    k = np.linspace(-0.5, 0.5, 21)
    w = svi.total_variance(k, 0.01, 0.1, -0.4, 0.0, 0.1)
    spoiled = w.copy()
    spoiled[[2, 9]] = np.nan, -1.0
    assert svi.calibrate(k, spoiled).worst_vol < 1e-6
    few = svi.calibrate(k[:4], w[:4])
    assert few.status is svi.SliceStatus.TOO_FEW_QUOTES
    assert np.isnan(few.a)
    with pytest.raises(ValueError, match="broadcast"):
        svi.calibrate(np.ones(3), np.ones(4))


def test_bad_input_is_nan_in_its_place_only() -> None:
    w = svi.total_variance([0.0, np.nan, np.inf, 0.1], 0.04, 0.1, -0.3, 0.0, [0.1, 0.1, 0.1, -0.1])
    assert np.isnan(w).tolist() == [False, True, True, True]
    assert isinstance(svi.total_variance(0.0, *VOGT), float)
    assert svi.total_variance(np.empty(0), *VOGT).shape == (0,)
    with pytest.raises(ValueError, match="broadcast"):
        svi.total_variance(np.ones(2), np.ones(3), 0.1, 0.0, 0.0, 0.1)


def test_a_bend_too_narrow_for_a_double_is_a_kink() -> None:
    """The verdict does not depend on how narrow the bend is, and no size of a parameter raises."""
    for sigma in (1e-8, 1e-14, 1e-30, 1e-80, 1e-160, 1e-300, 0.0):
        assert svi.has_butterfly_arbitrage(0.04, 1.9, 0.3, 0.0, sigma)
        assert svi.has_butterfly_arbitrage(0.0, 0.1, 0.3, 0.0, sigma)
        assert not svi.has_butterfly_arbitrage(0.04, 0.1, 0.3, 0.0, sigma)
        assert svi.minimum_g(0.04, 0.1, -0.3, 0.2, sigma)[0] == pytest.approx(0.24894375)
    assert svi.has_butterfly_arbitrage(0.04, [1e170, 0.1], 0.0, 0.0, [0.1, 1e200]).tolist() == [True, True]


def test_the_sufficient_conditions_end_where_the_theorem_ends() -> None:
    """theta phi (1 + |rho|) below 4 and theta phi^2 (1 + |rho|) at most 4, either side of each bound."""
    free = ssvi.is_surely_free_of_butterflies
    assert free(0.04, 0.0, [9.999, 10.0, 10.001]).tolist() == [True, True, False]
    assert free(16.0, 0.0, [0.2499, 0.25]).tolist() == [True, False]
    assert free(0.04, [-0.5, 0.5], np.sqrt(4.0 / 0.06) * np.array([[0.999], [1.001]])).tolist() == [
        [True] * 2,
        [False] * 2,
    ]
