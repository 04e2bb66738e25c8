"""VaR, ES and their backtests: every reference case, limits, bad input, and simulations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from terminal.quant import value_at_risk, var_backtest
from terminal.quant.value_at_risk import TailRisk
from terminal.quant.var_backtest import Zone

Case = dict[str, Any]


def close(found: Any, expected: Any, tol: dict[str, float]) -> bool:
    off = np.abs(np.asarray(found) - np.asarray(expected))
    return bool(np.all(off <= np.maximum(tol.get("abs", 0.0), tol.get("rel", 0.0) * np.abs(expected))))


def parametric(inputs: Case) -> TailRisk:
    confidence = inputs["alpha"]
    if inputs["dist"] == "normal":
        return value_at_risk.normal(inputs["mu"], inputs["sigma"], confidence)
    if inputs["dist"] == "student-t":
        return value_at_risk.student_t(inputs["loc"], inputs["scale"], inputs["df"], confidence)
    assert inputs["dist"] == "student-t standardised to unit variance"
    scale = value_at_risk.student_scale(inputs["sigma"], inputs["df"])
    return value_at_risk.student_t(inputs["mu"], scale, inputs["df"], confidence)


def risk_case(case: Case) -> dict[str, Any]:
    """What the library says of a case's expectations, by their names."""
    name, inputs = case["id"], case["inputs"]
    if "dist" in inputs:
        found = parametric(inputs)
        return {"VaR": found.var, "ES": found.es}
    if name.startswith("cornish-fisher"):
        mu, sigma, skew, kurtosis = (inputs[each] for each in ("mu", "sigma", "skew", "excess_kurtosis"))
        var = value_at_risk.cornish_fisher(mu, sigma, skew, kurtosis, 1.0 - inputs["p"]).var
        return {"": var, "VaR": var, "z_cf": -var}
    if name.startswith("historical"):
        history = value_at_risk.historical(inputs["returns"], inputs["alpha"])
        return {"VaR": history.var, "ES": history.es, "CVaR": history.cvar}
    if name == "component-var":
        vols = np.array(inputs["vols"])
        parts = value_at_risk.components(inputs["weights"], np.outer(vols, vols) * inputs["corr"], inputs["alpha"])
        whole = bool(np.isclose(parts.component.sum(), parts.var, rtol=1e-14))
        return {"sigma_p": parts.deviation, "VaR": parts.var, "marginal": parts.marginal,
                "component": parts.component, "component_sum_equals_VaR": whole}  # fmt: skip
    assert name == "gpd-0.999"
    tail = [inputs[each] for each in ("xi", "beta", "u", "n", "n_exceed", "alpha")]
    found = value_at_risk.peaks_over_threshold(*tail)
    return {"VaR": found.var, "ES": found.es}


def backtest_case(case: Case) -> dict[str, Any]:
    name, inputs = case["id"], case["inputs"]
    if name.startswith("kupiec-region"):
        low, high = var_backtest.kupiec_region(inputs["n"], inputs["p"], inputs["test_level"])
        return {"accept_min": low, "accept_max": high}
    if name.startswith("kupiec"):
        verdict = var_backtest.kupiec(inputs["n"], inputs["exceptions"], inputs["p"])
        return {"LR": verdict.statistic, "p_value": verdict.p_value}
    if name.startswith("basel"):
        light = var_backtest.traffic_light(inputs["exceptions"], inputs["n"], inputs["alpha"])
        return {"zone": light.zone.value, "multiplier": light.multiplier}
    counts = inputs
    if "hits" in inputs:
        seen = var_backtest.transitions(inputs["hits"])
        counts = {"N00": seen.n00, "N01": seen.n01, "N10": seen.n10, "N11": seen.n11}
    verdict = var_backtest.independence(*(counts[each] for each in ("N00", "N01", "N10", "N11")))
    return {"LR_ind": verdict.statistic, "p_ind": verdict.p_value, **counts}


def test_reference(shared_reference: Path) -> None:
    cases: list[Case] = json.loads((shared_reference / "risk.json").read_text())
    assert len(cases) >= 38
    for case in cases:
        is_backtest = case["id"].split("-")[0] in {"kupiec", "christoffersen", "basel"}
        found = backtest_case(case) if is_backtest else risk_case(case)
        expected = case["expected"] if isinstance(case["expected"], dict) else {"": case["expected"]}
        for name, value in expected.items():
            if isinstance(value, str | bool):
                assert found[name] == value, (case["id"], name)
            else:
                assert close(found[name], value, case["tol"]), (case["id"], name, found[name], value)


@settings(max_examples=80, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(0.0, 2.0), st.floats(0.5, 0.9999), st.floats(1.5, 200.0))
def test_shortfall_is_beyond_var_and_scales(mean: float, deviation: float, confidence: float, degrees: float) -> None:
    for risk in (
        value_at_risk.normal(mean, deviation, confidence),
        value_at_risk.student_t(mean, deviation, degrees, confidence),
        value_at_risk.cornish_fisher(mean, deviation, 0.0, 0.0, confidence),
    ):
        assert isinstance(risk.var, float)
        assert risk.es >= risk.var - 1e-9 * (1.0 + abs(mean))
    plain = value_at_risk.normal(mean, deviation, confidence)
    bent = value_at_risk.cornish_fisher(mean, deviation, 0.0, 0.0, confidence)
    assert (bent.var, bent.es) == pytest.approx((plain.var, plain.es), rel=1e-9, abs=1e-9)
    assert value_at_risk.normal(0.0, 3.0, confidence).var == pytest.approx(
        3.0 * value_at_risk.normal(0.0, 1.0, confidence).var
    )


def test_shortfall_is_the_mean_of_the_quantiles_beyond() -> None:
    # ES = mean of VaR over confidences above, by the midpoint rule in the tail's probability.
    tail = (np.arange(200_000) + 0.5) / 200_000 * 0.05
    for es, var in (
        (value_at_risk.normal(0.01, 0.3, 0.95).es, value_at_risk.normal(0.01, 0.3, 1.0 - tail).var),
        (value_at_risk.student_t(0.01, 0.3, 4.0, 0.95).es, value_at_risk.student_t(0.01, 0.3, 4.0, 1.0 - tail).var),
        (
            value_at_risk.cornish_fisher(0.01, 0.3, -0.5, 2.0, 0.95).es,
            value_at_risk.cornish_fisher(0.01, 0.3, -0.5, 2.0, 1.0 - tail).var,
        ),
    ):
        assert np.mean(var) == pytest.approx(es, rel=1e-4)


def test_where_the_expansion_is_a_quantile() -> None:
    assert value_at_risk.cornish_fisher_holds(0.0, 0.0) is True
    assert value_at_risk.cornish_fisher_holds(-0.5, 2.0) is True
    assert value_at_risk.cornish_fisher_holds([2.0, 0.0, np.nan], [3.0, 9.0, 1.0]).tolist() == [False, False, False]
    z = np.linspace(-40.0, 40.0, 8001)
    for skew, kurtosis in ((-0.5, 2.0), (1.0, 3.0), (2.0, 3.0), (0.0, 8.0), (0.0, 8.1), (0.3, -0.1)):
        quantile = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
        assert value_at_risk.cornish_fisher_holds(skew, kurtosis) is bool(np.all(np.diff(quantile) > 0.0))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 400), st.integers(1, 999), st.integers(0, 100))
def test_history_by_its_definition(n: int, thousandths: int, seed: int) -> None:
    returns = np.random.default_rng(seed).standard_t(3, n)
    found = value_at_risk.historical(np.append(returns, [np.nan, np.inf]), thousandths / 1000)
    tail, rest = divmod(n * (1000 - thousandths), 1000)
    count = tail + (rest > 0)
    worst = np.sort(returns)
    assert found.observations == n
    assert found.var == -worst[count - 1]
    assert found.es == pytest.approx(-worst[:count].mean(), rel=1e-9, abs=1e-12)
    share = np.append(np.ones(tail), rest / 1000)[:n]
    assert found.cvar == pytest.approx(-np.average(worst[: len(share)], weights=share), rel=1e-9, abs=1e-12)


def test_history_of_a_known_distribution() -> None:
    returns = np.random.default_rng(11).normal(0.001, 0.02, 400_000)
    found = value_at_risk.historical(returns, [0.95, 0.99])
    exact = value_at_risk.normal(0.001, 0.02, [0.95, 0.99])
    assert found.var == pytest.approx(exact.var, rel=1e-2)
    assert found.es == pytest.approx(exact.es, rel=1e-2)
    moments = value_at_risk.sample_moments(returns)
    assert (moments.mean, moments.deviation) == pytest.approx((0.001, 0.02), rel=0.05)
    assert (moments.skew, moments.excess_kurtosis) == pytest.approx((0.0, 0.0), abs=0.02)


def test_tail_limits() -> None:
    shapes = np.array([-1e-9, 0.0, 1e-9])
    found = value_at_risk.peaks_over_threshold(shapes, 0.01, 0.02, 1000, 50, 0.999)
    assert found.var == pytest.approx(0.02 + 0.01 * np.log(50.0), rel=1e-8)
    assert found.es == pytest.approx(0.03 + 0.01 * np.log(50.0), rel=1e-8)
    assert value_at_risk.peaks_over_threshold(1.0, 0.01, 0.02, 1000, 50, 0.999).es == np.inf
    assert np.isnan(value_at_risk.peaks_over_threshold(0.2, 0.01, 0.02, 1000, 50, 0.5).var)
    assert value_at_risk.student_t(0.0, 1.0, 1.0, 0.99).es == np.inf
    assert value_at_risk.student_t(0.0, 1.0, 1e8, 0.99).var == pytest.approx(stats.norm.ppf(0.99), rel=1e-7)


def test_bad_input_spoils_its_own_place() -> None:
    found = value_at_risk.normal([0.0, np.nan, 0.0, 0.0, np.inf], [1.0, 1.0, -1.0, 1.0, 1.0], [0.9, 0.9, 0.9, 1.0, 0.9])
    assert np.isnan(found.var).tolist() == [False, True, True, True, True]
    assert np.isnan(value_at_risk.student_t(0.0, 1.0, -1.0, 0.9).es)
    assert np.isnan(value_at_risk.historical([], 0.9).var)
    assert np.isnan(value_at_risk.historical([0.1, -0.1], [0.9, 1.5, np.nan]).es).tolist() == [False, True, True]
    assert np.isnan(value_at_risk.sample_moments([]).mean)
    assert value_at_risk.sample_moments([1.0, 1.0]).deviation == 0.0
    with pytest.raises(ValueError, match="shape"):
        value_at_risk.normal(np.ones(2), np.ones(3), 0.9)
    with pytest.raises(ValueError, match="shape"):
        value_at_risk.components(np.ones(2), np.eye(3), 0.9)


def test_parts_of_a_portfolio_are_derivatives() -> None:
    random = np.random.default_rng(2)
    roots = random.normal(size=(6, 6))
    covariance, weights = roots @ roots.T, random.normal(size=6)
    found = value_at_risk.components(weights, covariance, 0.975)
    for place in range(6):
        step = np.zeros(6)
        step[place] = 1e-5
        high, low = (value_at_risk.components(weights + sign * step, covariance, 0.975).var for sign in (1, -1))
        assert found.marginal[place] == pytest.approx((high - low) / 2e-5, rel=1e-6)
    flat = value_at_risk.components(np.zeros(6), covariance, 0.975)
    assert (flat.var, flat.component.tolist()) == (0.0, [0.0] * 6)


def test_backtests_reject_as_often_as_they_say() -> None:
    random = np.random.default_rng(8)
    runs = random.random((3000, 1000)) < 0.05
    number = var_backtest.kupiec(1000, runs.sum(axis=1), 0.05).p_value
    clusters = np.array([var_backtest.conditional_coverage(run, 0.05).p_value for run in runs])
    assert np.mean(number < 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(clusters < 0.05) == pytest.approx(0.05, abs=0.02)
    # Exceptions that breed exceptions are found out though their number is right.
    clustered = np.repeat(random.random((200, 250)) < 0.05, 4, axis=1)
    found = [var_backtest.conditional_coverage(run, 0.05).p_value for run in clustered]
    assert np.mean(np.array(found) < 0.05) > 0.95


def test_backtest_corners() -> None:
    hits = var_backtest.exceptions([-0.05, 0.01, np.nan, -0.02, -0.03], [0.02, 0.02, 0.02, 0.02, np.nan])
    assert hits.tolist() == [True, False, False]
    assert np.isnan(var_backtest.kupiec([10, 0, 5], [11, 0, -1], 0.05).statistic).all()
    assert var_backtest.kupiec(100, 0, 0.0).statistic == 0.0
    assert var_backtest.kupiec(100, 1, 0.0).p_value == 0.0
    assert var_backtest.kupiec_region(0, 0.05) == (-1, -1)
    assert var_backtest.independence(250, 0, 0, 0).statistic == 0.0
    assert np.isnan(var_backtest.independence(0, 0, 0, 0).p_value)
    assert np.isnan(var_backtest.conditional_coverage([], 0.05).p_value)
    zones = [var_backtest.traffic_light(count).zone for count in range(12)]
    assert zones == [Zone.GREEN] * 5 + [Zone.YELLOW] * 5 + [Zone.RED] * 2
    assert np.isnan(var_backtest.traffic_light(4, 500).multiplier)
    with pytest.raises(ValueError, match="cannot be"):
        var_backtest.traffic_light(5, 4)
