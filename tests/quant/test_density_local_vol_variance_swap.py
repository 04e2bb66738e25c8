"""What is read from a fitted surface: densities that are distributions, Dupire's vol, fair variance and its strip."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from terminal.quant import density, european, local_vol, ssvi, surface, variance_swap
from terminal.quant.surface import SurfaceFit
from terminal.quant.svi_shape import Smile
from tests.quant.surface_quotes_samples import index_chain


@pytest.fixture(scope="module")
def fitted() -> SurfaceFit:
    return surface.fit(index_chain(np.array([0.01, 0.05, 0.2, 0.7, 2.0]), strikes=50, half_spread=0.05)[0])


@pytest.fixture(scope="module")
def flat() -> SurfaceFit:
    """A surface of one vol, 0.2, to a few digits: no skew is fitted where there is none."""
    time, k = np.repeat([0.1, 0.5, 1.0], 9), np.tile(np.linspace(-0.3, 0.3, 9), 3)
    return surface.fit(surface.from_vols(time, 100.0, 100.0 * np.exp(k), 0.2, 0.2))


TIMES = (0.001, 0.01, 0.1, 0.7, 1.1, 6.0)


@pytest.mark.parametrize("t", TIMES)
def test_the_density_is_a_distribution(fitted: SurfaceFit, t: float) -> None:
    found = density.moments(fitted, t)
    assert found.mass == pytest.approx(1.0, abs=1e-10)
    assert found.mean == pytest.approx(1.0, abs=1e-10)
    assert found.skewness < 0.0
    assert found.log_mean == pytest.approx(-0.5 * variance_swap.fair_variance(fitted, t) * t, rel=1e-9)


def test_density_and_probability_agree_with_prices(fitted: SurfaceFit) -> None:
    """Breeden and Litzenberger: the second and first strike derivatives of the undiscounted call."""
    t, forward = 0.3, fitted.forward(0.3)
    strike = forward * np.exp(np.linspace(-0.5, 0.3, 23))
    found = density.of_surface(fitted, strike, t)

    def call(at: np.ndarray) -> np.ndarray:
        return np.asarray(european.price(forward, at, t, fitted.implied_vol(at, t), 0.0, 0.0, True))

    h = 2e-4 * forward
    up, here, down = call(strike + h), call(strike), call(strike - h)
    np.testing.assert_allclose(found.density, (up - 2 * here + down) / h**2, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(found.below, 1.0 + (up - down) / (2 * h), atol=1e-6)
    assert (np.diff(found.below) > 0.0).all()
    per_k = density.of_smile(fitted.smile(np.log(strike / forward), t))
    np.testing.assert_allclose(per_k.density / strike, found.density)


@settings(max_examples=50, deadline=None)
@given(st.floats(-7.0, 0.5), st.floats(0.01, 0.99), st.floats(-0.95, 0.95))
def test_any_free_slice_is_a_distribution(log_theta: float, size: float, rho: float) -> None:
    theta = 10.0**log_theta
    phi = size * min(3.5 / (theta * (1 + abs(rho))), 2.0 / np.sqrt(theta * (1 + abs(rho))))

    def smile(k: np.ndarray) -> Smile:
        return ssvi.derivatives(k, theta, rho, phi)

    found = density.moments_of(smile)
    assert found.mass == pytest.approx(1.0, abs=1e-8)
    assert found.mean == pytest.approx(1.0, abs=1e-8)
    assert variance_swap.total_variance_of(smile) == pytest.approx(-2.0 * found.log_mean, rel=1e-7)


def test_moments_are_integrals_of_the_density() -> None:
    def smile(k: np.ndarray) -> Smile:
        return ssvi.derivatives(k, 0.06, -0.6, 1.5)

    found = density.moments_of(smile)

    def moment(power: int) -> float:
        def integrand(k: float) -> float:
            return float(density.of_smile(smile(np.array([k]))).density[0]) * (k - found.log_mean) ** power

        return float(quad(integrand, -12.0, 6.0, points=[-1.0, 0.0, 1.0], epsabs=1e-12, limit=400)[0])

    deviation = found.log_variance**0.5
    assert found.log_variance == pytest.approx(moment(2), rel=1e-6)
    assert found.skewness == pytest.approx(moment(3) / deviation**3, rel=1e-5)
    assert found.kurtosis == pytest.approx(moment(4) / deviation**4, rel=1e-5)


def test_flat_surface(flat: SurfaceFit) -> None:
    k, t = np.linspace(-0.4, 0.4, 9), np.array([[0.0], [0.05], [0.3], [2.0]])
    np.testing.assert_allclose(local_vol.dupire(flat, k, t), 0.2, rtol=2e-4)
    np.testing.assert_allclose(variance_swap.fair_variance(flat, t[:, 0]), 0.04, rtol=4e-4)
    assert density.moments(flat, 1.0).kurtosis == pytest.approx(3.0, abs=0.02)


def test_local_vol_is_dupires_in_prices(fitted: SurfaceFit) -> None:
    t = np.array([0.005, 0.03, 0.1, 0.4, 1.5, 3.0])[:, None]
    k = np.linspace(-0.8, 0.8, 9) * np.sqrt(fitted.total_variance(0.0, t)) * 2.0

    def call(k: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Over the forward, at a constant ratio of strike to forward."""
        return np.asarray(european.price(1.0, np.exp(k), 1.0, np.sqrt(fitted.total_variance(k, t)), 0.0, 0.0, k > 0.0))

    h = 2e-3 * np.sqrt(fitted.total_variance(0.0, t))
    dt = 1e-4 * t
    grown = (call(k, t + dt) - call(k, t - dt)) / (2 * dt)

    def full(at: np.ndarray) -> np.ndarray:
        return np.where(at > 0.0, call(at, t), call(at, t) + 1.0 - np.exp(at))

    first = (full(k + h) - full(k - h)) / (2 * h)
    second = (full(k + h) - 2 * full(k) + full(k - h)) / h**2
    expected = np.sqrt(2.0 * grown / (second - first))  # x^2 c_xx = c_kk - c_k
    np.testing.assert_allclose(local_vol.dupire(fitted, k, t), expected, rtol=2e-3)
    spot = fitted.forward(0.4) * np.exp(0.1)
    assert local_vol.dupire_at(fitted, spot, 0.4) == pytest.approx(local_vol.dupire(fitted, 0.1, 0.4))


def test_local_vol_exists_everywhere_and_names_bad_rows(fitted: SurfaceFit) -> None:
    k = np.linspace(-3.0, 3.0, 61)
    found = local_vol.dupire(fitted, k, np.array([0.0, 1e-6, 0.01, 0.05, 0.3, 2.0, 10.0])[:, None])
    assert np.isfinite(found).all()
    assert (found > 0.0).all()
    bad = local_vol.dupire(fitted, [0.0, np.nan, 0.0], [0.1, 0.1, -0.1])
    assert np.isnan(bad).tolist() == [False, True, True]
    nothing = surface.fit(surface.from_vols([], [], [], [], []))
    assert np.isnan(local_vol.dupire(nothing, 0.0, 0.1))
    assert np.isnan(variance_swap.fair_variance(nothing, 0.1))
    assert np.isnan(density.of_surface(nothing, 100.0, 0.1).density)


def test_fair_variance_is_the_log_contract(fitted: SurfaceFit) -> None:
    t = 0.25

    def integrand(k: float) -> float:
        value = european.price(1.0, np.exp(k), t, np.sqrt(fitted.total_variance(k, t) / t), 0.0, 0.0, k > 0.0)
        return float(value * np.exp(-k))

    cuts = (-8.0, -1.0, 0.0, 1.0, 8.0)
    area = sum(quad(integrand, low, high, epsabs=1e-13, limit=200)[0] for low, high in pairwise(cuts))
    assert variance_swap.fair_variance(fitted, t) == pytest.approx(2.0 * area / t, rel=1e-8)
    assert (
        variance_swap.fair_variance(fitted, [0.0, np.nan, -1.0, t]).tolist()[3]
        > fitted.implied_vol(fitted.forward(t), t) ** 2
    )
    assert np.isnan(variance_swap.fair_variance(fitted, [0.0, np.nan, -1.0])).tolist() == [False, True, True]


def test_the_published_strip() -> None:
    """Demeterfi, Derman, Kamal and Zou (1999), Table 1: 90 days, skew of one vol point per 5 of strike; the portfolio
    costs 419.8671 in squared vol points and its first weight is 163.04."""
    time, rate = 90.0 / 365.0, 0.05
    strike = np.arange(45.0, 145.0, 5.0)
    vol = 0.2 - 0.01 * (strike - 100.0) / 5.0
    put, call = (european.price(100.0, strike, time, vol, rate, 0.0, side) for side in (False, True))
    grown = np.exp(rate * time)
    found = variance_swap.replicate(strike, put, call, 100.0 * grown, 1.0 / grown, time, split=100.0)
    price = np.where(
        found.is_call, call[np.searchsorted(strike, found.strike)], put[np.searchsorted(strike, found.strike)]
    )
    assert 1e4 * found.weight @ price == pytest.approx(419.8671, abs=1e-4)
    assert 1e4 * found.weight[0] == pytest.approx(163.04, abs=5e-3)
    assert found.strike.tolist() == [*np.arange(50.0, 101.0, 5.0), *np.arange(100.0, 136.0, 5.0)]


@pytest.mark.parametrize("split", [80.0, 100.0, 125.0, None])
def test_a_strip_of_one_vol_is_its_square_wherever_puts_give_way_to_calls(split: float | None) -> None:
    strike = np.arange(20.0, 401.0, 0.25)
    put, call = (0.98 * european.price(100.0, strike, 0.5, 0.2, 0.0, 0.0, side) for side in (False, True))
    found = variance_swap.replicate(strike, put, call, 100.0, 0.98, 0.5, split)
    assert found.variance == pytest.approx(0.04, rel=2e-4)
    assert found.strike[found.is_call][0] == found.strike[~found.is_call][-1] == (split or 100.0)


def test_a_fine_strip_meets_the_smile(fitted: SurfaceFit) -> None:
    t = 0.2
    forward, discount = fitted.forward(t), 0.99
    strike = forward * np.exp(np.linspace(-2.5, 1.5, 4001))
    vol = fitted.implied_vol(strike, t)
    put, call = (discount * european.price(forward, strike, t, vol, 0.0, 0.0, side) for side in (False, True))
    found = variance_swap.replicate(strike, put, call, forward, discount, t)
    assert found.variance == pytest.approx(variance_swap.fair_variance(fitted, t), rel=2e-4)
    strikes, puts, calls = (np.repeat(each, 2) for each in (strike, put, call))
    assert variance_swap.replicate(strikes, puts, calls, forward, discount, t).variance == found.variance
    put[::7] = np.nan
    strike[11] = -1.0
    assert variance_swap.replicate(strike, put, call, forward, discount, t).variance == pytest.approx(
        found.variance, rel=1e-3
    )
    assert np.isnan(variance_swap.replicate([90.0, 100.0], 1.0, 1.0, 99.0, 1.0, 0.5).variance)
    assert np.isnan(variance_swap.replicate(strike, put, call, -1.0, 1.0, 0.5).variance)
    with pytest.raises(ValueError, match="broadcast"):
        variance_swap.replicate(np.ones(2), np.ones(3), 1.0, 99.0, 1.0, 0.5)
