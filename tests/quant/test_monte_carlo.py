"""Monte Carlo against closed forms, and the same paths on any number of threads."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from terminal.quant import european, heston, monte_carlo
from terminal.quant.monte_carlo import Draws, Estimate, GeometricBrownian, Heston, Merton, Model, Paths, Sampling
from terminal.quant.monte_carlo_kernel import bridge
from terminal.quant.payoffs import (
    AsianPayoff,
    Average,
    BarrierPayoff,
    EuropeanPayoff,
    Knock,
    geometric_asian_price,
)

MONTHS = np.arange(1, 13) / 12
BROWNIAN = GeometricBrownian(100.0, 0.25, 0.03, 0.01)
JUMPS = Merton(100.0, 0.2, 0.03, 0.01, 1.5, -0.08, 0.15)
SMILE = Heston(100.0, 0.02, 0.0, 0.04, 1.5, 0.05, 0.6, -0.7)


def assert_near(found: Estimate, expected: float, bias: float = 0.0, errors: float = 4.5) -> None:
    assert abs(found.value - expected) <= errors * found.standard_error + bias, (found, expected)


@pytest.mark.parametrize("sampling", Sampling)
@pytest.mark.parametrize("model", [BROWNIAN, JUMPS, SMILE])
def test_paths_are_the_same_on_any_number_of_threads(model: Model, sampling: Sampling) -> None:
    first, *others = (monte_carlo.paths(model, MONTHS, Draws(9000, 7, sampling, threads)) for threads in (1, 2, 4))
    assert first.spot.shape == (16384 if sampling is Sampling.SOBOL else 9000, 13)
    for other in others:
        np.testing.assert_array_equal(first.spot, other.spot)
        if first.variance is not None:
            np.testing.assert_array_equal(first.variance, other.variance)
    elsewhere = monte_carlo.paths(model, MONTHS, Draws(9000, 8, sampling))
    assert not np.array_equal(first.spot, elsewhere.spot)
    fewer = monte_carlo.price(model, MONTHS, EuropeanPayoff(100.0, True), Draws(9000, 7, sampling))
    more = monte_carlo.price(model, MONTHS, EuropeanPayoff(100.0, True), Draws(9000, 7, sampling, 4))
    assert fewer == more


@pytest.mark.parametrize("sampling", Sampling)
@pytest.mark.parametrize("is_call", [True, False])
def test_brownian_paths_give_the_european_price(sampling: Sampling, is_call: bool) -> None:
    found = monte_carlo.price(BROWNIAN, MONTHS, EuropeanPayoff(105.0, is_call), Draws(32768, 3, sampling))
    assert_near(found, european.price(100.0, 105.0, 1.0, 0.25, 0.03, 0.01, is_call))
    assert found.standard_error < {Sampling.PSEUDO: 0.1, Sampling.ANTITHETIC: 0.08, Sampling.SOBOL: 0.01}[sampling]


@pytest.mark.parametrize("sampling", Sampling)
def test_standard_errors_are_honest(sampling: Sampling) -> None:
    """Over 40 seeds the errors, in standard errors, have a mean square near 1."""
    expected = european.price(100.0, 105.0, 1.0, 0.25, 0.03, 0.01, True)
    scores = []
    for seed in range(40):
        found = monte_carlo.price(BROWNIAN, [0.5, 1.0], EuropeanPayoff(105.0, True), Draws(2048, seed, sampling))
        scores.append((found.value - expected) / found.standard_error)
    assert 0.5 < float(np.mean(np.square(scores))) < 1.9


def test_geometric_average_has_its_closed_form() -> None:
    for is_call in (True, False):
        payoff = AsianPayoff(100.0, is_call, Average.GEOMETRIC)
        found = monte_carlo.price(BROWNIAN, MONTHS, payoff, Draws(32768, 5))
        exact = geometric_asian_price(100.0, 100.0, MONTHS, 0.25, 0.03, 0.01, is_call)
        assert_near(found, exact)
        assert found.standard_error < 0.005
    once = geometric_asian_price(100.0, 95.0, [0.7], 0.25, 0.03, 0.01, True)
    assert once == pytest.approx(european.price(100.0, 95.0, 0.7, 0.25, 0.03, 0.01, True), rel=1e-12)


def test_arithmetic_average_lies_between_its_bounds() -> None:
    """Above the geometric one, and not above the mean of European calls at the dates."""
    draws = Draws(32768, 5)
    arithmetic = monte_carlo.price(BROWNIAN, MONTHS, AsianPayoff(100.0, True), draws)
    geometric = geometric_asian_price(100.0, 100.0, MONTHS, 0.25, 0.03, 0.01, True)
    each = european.price(100.0, 100.0, MONTHS, 0.25, 0.03, 0.01, True) * np.exp(-0.03 * (1.0 - MONTHS))
    assert geometric + 0.05 < arithmetic.value < float(each.mean())


@pytest.mark.parametrize(("barrier", "is_call"), [(85.0, True), (120.0, False)])
def test_barrier_watched_at_all_times_has_its_closed_form(barrier: float, is_call: bool) -> None:
    """Reflection (Reiner and Rubinstein 1991): out = price - (S / B)^(1 - 2 b / vol^2) price from B^2 / S."""
    vol, rate, carry, strike = 0.25, 0.03, 0.01, 100.0
    draws = Draws(32768, 9)
    out = BarrierPayoff(strike, is_call, barrier, Knock.OUT, vol)
    plain = european.price(100.0, strike, 1.0, vol, rate, carry, is_call)
    mirrored = european.price(barrier**2 / 100.0, strike, 1.0, vol, rate, carry, is_call)
    exact = plain - (100.0 / barrier) ** (1.0 - 2.0 * (rate - carry) / vol**2) * mirrored
    found = monte_carlo.price(BROWNIAN, MONTHS, out, draws)
    assert_near(found, exact)
    back = monte_carlo.price(BROWNIAN, MONTHS, BarrierPayoff(strike, is_call, barrier, Knock.IN, vol), draws)
    whole = monte_carlo.price(BROWNIAN, MONTHS, EuropeanPayoff(strike, is_call), draws)
    assert found.value + back.value == pytest.approx(whole.value, rel=1e-12)
    seldom = monte_carlo.price(BROWNIAN, MONTHS, BarrierPayoff(strike, is_call, barrier), draws)
    assert seldom.value > found.value + 0.05


def test_jumps_give_mertons_series() -> None:
    """Merton (1976), eq. 19: a Poisson mixture of Black-Scholes prices."""
    model, strike, time = JUMPS, 95.0, 1.0
    growth = math.exp(model.jump_mean + 0.5 * model.jump_deviation**2)
    for is_call in (True, False):
        exact = 0.0
        for count in range(60):
            chance = math.exp(-model.intensity * time) * (model.intensity * time) ** count / math.factorial(count)
            spot = model.spot * math.exp(-model.intensity * (growth - 1.0) * time) * growth**count
            vol = math.sqrt(model.vol**2 + count * model.jump_deviation**2 / time)
            exact += chance * european.price(spot, strike, time, vol, model.rate, model.dividend_yield, is_call)
        for sampling in (Sampling.PSEUDO, Sampling.SOBOL):
            found = monte_carlo.price(model, MONTHS, EuropeanPayoff(strike, is_call), Draws(32768, 2, sampling))
            assert_near(found, exact)


def test_heston_reference_prices(shared_reference: Path) -> None:
    seen = 0
    for case in json.loads((shared_reference / "heston.json").read_text()):
        inputs = case["inputs"]
        if not case["id"].startswith(("lewis", "broadie-kaya-bk1", "ql-cached")):
            continue
        names = ("S", "r", "q", "v0", "kappa", "theta", "sigma", "rho")
        model = Heston(*(float(inputs[name]) for name in names))
        dates = np.arange(1, 25) / 24 * inputs["T"]
        payoff = EuropeanPayoff(inputs["K"], inputs["type"] == "call")
        found = monte_carlo.price(model, dates, payoff, Draws(16384, 4))
        assert_near(found, case["expected"], bias=1e-4 * inputs["S"])
        seen += 1
    assert seen >= 7


@pytest.mark.parametrize(
    ("v0", "kappa", "theta", "sigma", "rho", "years"),
    [(0.04, 0.5, 0.04, 1.0, -0.9, 10), (0.09, 1.0, 0.09, 1.0, -0.3, 5)],
)
def test_andersens_hard_cases(v0: float, kappa: float, theta: float, sigma: float, rho: float, years: int) -> None:
    """Cases I and III of Andersen (2008), where the variance sits at zero most of the time, with four steps a year."""
    model = Heston(100.0, 0.0, 0.0, v0, kappa, theta, sigma, rho)
    dates = np.arange(1, 4 * years + 1) / 4
    for strike in (70.0, 100.0, 140.0):
        exact = heston.price(100.0, strike, float(years), 0.0, 0.0, False, v0, kappa, theta, sigma, rho)
        found = monte_carlo.price(model, dates, EuropeanPayoff(strike, False), Draws(16384, 1))
        assert_near(found, exact, bias=0.05)
    forward = monte_carlo.price(model, dates, lambda paths: paths.spot[:, -1], Draws(16384, 1))
    assert_near(forward, 100.0)
    mean = monte_carlo.price(model, dates, lambda paths: _variance(paths)[:, -1], Draws(16384, 1))
    assert_near(mean, theta + (v0 - theta) * math.exp(-kappa * years))


def _variance(paths: Paths) -> np.ndarray:
    assert paths.variance is not None
    assert (paths.variance >= 0.0).all()
    return paths.variance


@pytest.mark.parametrize("sigma", [0.0, 1e-15, 1e-9, 1e-8, 1e-6])
def test_heston_without_vol_of_vol_is_black_scholes(sigma: float) -> None:
    """Next to nothing included, where the variance hardly moves, yet all that ties it to the spot is in how it does."""
    model = Heston(100.0, 0.03, 0.01, 0.04, 2.0, 0.04, sigma, -0.9)
    found = monte_carlo.price(model, MONTHS, EuropeanPayoff(105.0, True), Draws(16384, 1))
    assert_near(found, european.price(100.0, 105.0, 1.0, 0.2, 0.03, 0.01, True))


def test_antithetic_paths_come_in_mirrored_pairs() -> None:
    spots = monte_carlo.paths(BROWNIAN, MONTHS, Draws(1001, 1, Sampling.ANTITHETIC)).spot
    logs = np.log(spots[:, -1] / 100.0) - (0.02 - 0.5 * 0.25**2)
    np.testing.assert_allclose(logs[:1000:2], -logs[1:1001:2], atol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 5, 12])
def test_the_bridge_only_turns_the_draws(steps: int) -> None:
    """From independent normals to independent increments is a rotation, and the first draw is the path's end."""
    dates = np.concatenate([[0.0], np.cumsum(np.linspace(0.1, 0.4, steps))])
    lengths = np.diff(dates)
    turned = np.empty((steps, steps))
    order, weights = monte_carlo._bridge_plan(dates)
    bridge(np.eye(steps), order, weights, lengths, turned)
    np.testing.assert_allclose(turned @ turned.T, np.eye(steps), atol=1e-14)
    np.testing.assert_allclose(turned @ np.sqrt(lengths), np.sqrt(dates[-1]) * np.eye(steps)[0], atol=1e-14)


def test_what_cannot_be_simulated_raises() -> None:
    for bad in (
        lambda: GeometricBrownian(-1.0, 0.2, 0.0),
        lambda: GeometricBrownian(100.0, np.nan, 0.0),
        lambda: Merton(100.0, 0.2, 0.0, 0.0, -1.0, 0.0, 0.1),
        lambda: Heston(100.0, 0.0, 0.0, 0.04, 1.0, 0.04, 0.5, 1.5),
    ):
        with pytest.raises(ValueError, match="finite"):
            bad()
    for times in ([], [0.0, 1.0], [0.5, 0.5], [np.inf]):
        with pytest.raises(ValueError, match="rise"):
            monte_carlo.paths(BROWNIAN, times, Draws(16))
    with pytest.raises(ValueError, match="two paths"):
        Draws(1)
    with pytest.raises(ValueError, match="two paths"):
        Draws(2, sampling=Sampling.ANTITHETIC)  # one pair tells no error
    crowd = Merton(100.0, 0.2, 0.0, 0.0, 900.0, 0.0, 0.005)
    with pytest.raises(ValueError, match="jumps between two dates"):
        monte_carlo.paths(crowd, [1.0], Draws(16))
    assert monte_carlo.paths(crowd, [0.5, 1.0], Draws(32)).spot.std() > 0.0
    for times in ([], [1.0, 0.5], [-1.0, 1.0], [np.nan]):
        with pytest.raises(ValueError, match="rise"):
            geometric_asian_price(100.0, 100.0, times, 0.2, 0.05, 0.0, True)
