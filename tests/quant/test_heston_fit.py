"""Calibration of Heston's model: parameters come back from their own prices, and the report tells the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import european, heston

TIME = np.array([0.05, 0.25, 0.5, 1.0, 2.0])[:, None]
TRUTH = (0.04, 2.0, 0.06, 0.7, -0.65)


def strikes(v0: float, reach: float = 2.0) -> Any:
    return 100.0 * np.exp(np.linspace(-reach, reach, 9) * np.sqrt(v0 * TIME))


@settings(max_examples=15, deadline=None)
@given(
    st.floats(0.01, 0.3), st.floats(0.3, 6.0), st.floats(0.01, 0.3), st.floats(0.2, 1.5), st.floats(-0.9, 0.5),
    st.booleans(),
)  # fmt: skip
def test_parameters_come_back(v0: float, kappa: float, theta: float, sigma: float, rho: float, is_call: bool) -> None:
    model = (v0, kappa, theta, sigma, rho)
    at = (100.0, strikes(v0), TIME, 0.03, 0.01, is_call)
    fit = heston.calibrate(*at, price=heston.price(*at, *model))
    assert fit.status == heston.FitStatus.CONVERGED
    assert fit.rmse < 1e-9, fit
    assert heston.price(*at, *fit.parameters) == pytest.approx(heston.price(*at, *model), abs=1e-6)
    assert (fit.v0, fit.theta, fit.rho) == pytest.approx((v0, theta, rho), abs=1e-5)
    assert fit.feller_ratio == pytest.approx(2.0 * kappa * theta / sigma**2, rel=1e-3)


def test_the_report_tells_errors_by_expiry() -> None:
    chance = np.random.default_rng(5)
    at = (100.0, strikes(0.04), TIME, 0.03, 0.01)
    vols = heston.implied_vol(*at, *TRUTH)[0] + chance.normal(0.0, 0.002, (5, 9))
    vols[2] += 0.01
    fit = heston.calibrate(*at, True, vol=vols)
    assert fit.status == heston.FitStatus.CONVERGED
    assert fit.errors.shape == (5, 9)
    model = heston.implied_vol(*at, *fit.parameters)[0]
    assert fit.errors == pytest.approx(model - vols, abs=1e-12)
    assert fit.rmse == pytest.approx(np.sqrt(np.mean(fit.errors**2)))
    assert [expiry.time for expiry in fit.expiries] == TIME[:, 0].tolist()
    worst = min(fit.expiries, key=lambda expiry: expiry.bias)
    assert worst.time == 0.5
    assert worst.bias == pytest.approx(fit.errors[2].mean())
    assert abs(worst.largest) == np.abs(fit.errors[2]).max()
    assert not fit.at_bounds
    assert not fit.rejected
    # A minimum: no step in any direction does better in prices over vega.
    black = (100.0, strikes(0.04), TIME, vols, 0.03, 0.01, True)
    vega = european.greeks(*black).vega

    def cost(model: tuple[float, ...]) -> float:
        return float(np.sum(((heston.price(*at, True, *model) - european.price(*black)) / vega) ** 2))

    for place in range(5):
        for factor in (0.99, 1.01):
            moved = [*fit.parameters]
            moved[place] *= factor
            assert cost(tuple(moved)) > cost(fit.parameters)


def test_weights_start_and_bounds_are_heeded() -> None:
    at = (100.0, strikes(0.04), TIME, 0.03, 0.01)
    vols = heston.implied_vol(*at, *TRUTH)[0]
    spoilt = vols.copy()
    spoilt[3] += 0.03
    weight = np.ones((5, 1))
    weight[3] = 1e-9
    fit = heston.calibrate(*at, False, vol=spoilt, weight=weight, start=TRUTH)
    assert fit.parameters == pytest.approx(TRUTH, abs=1e-6)
    held = heston.calibrate(*at, True, vol=vols, bounds={"kappa": (3.0, 3.0 + 1e-12), "rho": (-0.5, 0.5)})
    assert held.kappa == pytest.approx(3.0)
    assert held.rho == pytest.approx(-0.5, abs=1e-3)
    assert "rho" in held.at_bounds
    assert held.rmse > 0.005


def test_bad_quotes_are_listed_not_raised() -> None:
    at: list[Any] = [np.broadcast_to(value, (5, 9)).copy() for value in (100.0, strikes(0.04), TIME, 0.03, 0.01, True)]
    prices = heston.price(*[*at, *TRUTH])
    weight = np.ones((5, 9))
    prices[0, 0], prices[1, 1], prices[2, 2] = np.nan, 1e-9, 101.0
    at[1][3, 3], weight[4, 4] = -90.0, 0.0
    spot, strike, time, rate, dividend, is_call = at
    fit = heston.calibrate(spot, strike, time, rate, dividend, is_call, price=prices, weight=weight)
    assert fit.status == heston.FitStatus.CONVERGED
    assert fit.parameters == pytest.approx(TRUTH, abs=1e-6)
    assert {quote.place: quote.reason for quote in fit.rejected} == {
        0: "not finite",
        10: "no implied vol: below intrinsic",
        20: "no implied vol: above maximum",
        30: "spot, strike and time must be positive",
        40: "no weight",
    }
    assert np.flatnonzero(np.isnan(fit.errors)).tolist() == [0, 10, 20, 30, 40]


def test_too_few_quotes_and_misuse() -> None:
    fit = heston.calibrate(100.0, [90.0, 100.0, 110.0], 1.0, 0.0, 0.0, True, vol=[0.2, np.nan, 0.2])
    assert fit.status == heston.FitStatus.TOO_FEW_QUOTES
    assert np.isnan(fit.parameters).all()
    assert [quote.place for quote in fit.rejected] == [1]
    with pytest.raises(ValueError, match="price or as vol"):
        heston.calibrate(100.0, 100.0, 1.0, 0.0, 0.0, True)
    with pytest.raises(ValueError, match="broadcast"):
        heston.calibrate(100.0, np.ones(3), 1.0, 0.0, 0.0, True, vol=np.ones(2))
