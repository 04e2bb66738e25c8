"""Shrinkage: the papers' sums written out one by one, closeness to the truth, positive definiteness."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.quant import correlation
from terminal.quant.columns import Floats


def market(count: int, width: int, seed: int) -> tuple[Floats, Floats]:
    """Returns with a common factor, and their true covariance."""
    random = np.random.default_rng(seed)
    loads, own = random.uniform(0.5, 1.5, width), random.uniform(0.5, 2.0, width)
    truth = np.outer(loads, loads) + np.diag(own)
    return random.multivariate_normal(np.zeros(width), truth, count), truth


def test_identity_target_by_its_definition() -> None:
    returns, _ = market(25, 6, 1)
    days = returns - returns.mean(axis=0)
    sample = sum(np.outer(day, day) for day in days) / 25
    mean = np.trace(sample) / 6
    distance = np.linalg.norm(sample - mean * np.eye(6)) ** 2 / 6
    noise = sum(np.linalg.norm(np.outer(day, day) - sample) ** 2 / 6 for day in days) / 25**2
    share = min(noise, distance) / distance
    found = correlation.ledoit_wolf_identity(returns)
    assert found.intensity == pytest.approx(share, rel=1e-12)
    assert found.covariance == pytest.approx(share * mean * np.eye(6) + (1 - share) * sample, rel=1e-12)


def test_constant_correlation_target_by_its_definition() -> None:
    returns, _ = market(40, 4, 2)
    days = returns - returns.mean(axis=0)
    sample = days.T @ days / 40
    root = np.sqrt(np.diagonal(sample))
    pairs = list(itertools.permutations(range(4), 2))
    usual = np.mean([sample[i, j] / (root[i] * root[j]) for i, j in pairs])

    def covaries(i: int, j: int, k: int, m: int) -> float:
        return float(np.mean((days[:, i] * days[:, j] - sample[i, j]) * (days[:, k] * days[:, m] - sample[k, m])))

    pi = sum(covaries(i, j, i, j) for i in range(4) for j in range(4))
    rho = sum(covaries(i, i, i, i) for i in range(4)) + sum(
        usual / 2 * (root[j] / root[i] * covaries(i, i, i, j) + root[i] / root[j] * covaries(j, j, i, j))
        for i, j in pairs
    )
    gamma = sum((usual * root[i] * root[j] - sample[i, j]) ** 2 for i, j in pairs)
    found = correlation.ledoit_wolf_constant_correlation(returns)
    assert found.intensity == pytest.approx(np.clip((pi - rho) / gamma / 40, 0.0, 1.0), rel=1e-12)
    assert np.diagonal(found.covariance) == pytest.approx(np.diagonal(sample), rel=1e-14)


def test_shrinking_brings_the_truth_nearer() -> None:
    gained = {"identity": 0.0, "constant": 0.0, "oracle": 0.0}
    for seed in range(60):
        returns, truth = market(30, 15, seed)
        plain = np.linalg.norm(np.cov(returns.T, bias=True) - truth)
        for name, shrink in (
            ("identity", correlation.ledoit_wolf_identity),
            ("constant", correlation.ledoit_wolf_constant_correlation),
            ("oracle", correlation.oracle_approximating),
        ):
            gained[name] += float(np.linalg.norm(shrink(returns).covariance - truth) / plain) / 60
    assert gained["identity"] < 0.99
    assert gained["oracle"] < 0.98
    assert gained["constant"] < 0.9


def test_oracle_finds_the_identity() -> None:
    returns = np.random.default_rng(3).normal(size=(20, 40))
    assert correlation.oracle_approximating(returns).intensity > 0.95
    many = correlation.ledoit_wolf_identity(np.random.default_rng(3).normal(size=(20_000, 3)) * [1.0, 2.0, 3.0])
    assert many.intensity < 0.01


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 30), st.integers(1, 20), st.integers(0, 1000), st.floats(1e-6, 1e3))
def test_matrices_are_sound(count: int, width: int, seed: int, scale: float) -> None:
    returns, _ = market(count, width, seed)
    for shrink in (
        correlation.ledoit_wolf_identity,
        correlation.ledoit_wolf_constant_correlation,
        correlation.oracle_approximating,
    ):
        found = shrink(returns * scale)
        assert 0.0 <= found.intensity <= 1.0
        assert np.allclose(found.covariance, found.covariance.T, rtol=1e-12, atol=0.0)
        assert np.linalg.eigvalsh(found.covariance).min() > -1e-12 * np.trace(found.covariance)
        assert np.all(np.abs(found.correlation) <= 1.0)
        assert shrink(returns).intensity == pytest.approx(found.intensity, rel=1e-6, abs=1e-9)
    assert correlation.is_positive_definite(correlation.ledoit_wolf_identity(returns).covariance)


def test_days_with_holes_are_left_out() -> None:
    returns, _ = market(30, 4, 5)
    holed = returns.copy()
    holed[3, 1], holed[7, 2] = np.nan, np.inf
    found = correlation.ledoit_wolf_constant_correlation(holed)
    whole = correlation.ledoit_wolf_constant_correlation(np.delete(returns, [3, 7], axis=0))
    assert found.observations == 28
    assert np.array_equal(found.covariance, whole.covariance)
    still = returns.copy()
    still[:, 0] = 0.25
    flat = correlation.ledoit_wolf_constant_correlation(still)
    assert np.isfinite(flat.covariance).all()
    assert not flat.covariance[0].any()
    assert np.isnan(flat.correlation[0]).all()
    nothing = correlation.ledoit_wolf_identity(np.full((5, 3), np.nan))
    assert np.isnan(nothing.covariance).all()
    assert nothing.observations == 0


def test_a_series_that_does_not_move_tells_nothing() -> None:
    """Nor does rounding: the mean of equal numbers may miss them by a digit."""
    moving = 0.01 * np.random.default_rng(5).normal(size=(60, 2))
    with_cash = np.column_stack((moving, np.full(60, 0.1)))
    assert (with_cash[:, 2] - with_cash[:, 2].mean()).any()
    found = correlation.ledoit_wolf_constant_correlation(with_cash)
    assert not found.covariance[2].any()
    pair = np.asarray(np.corrcoef(moving.T))[0, 1]
    assert found.correlation[0, 1] == pytest.approx(pair, rel=1e-12)


def test_ewma_covariance() -> None:
    returns, _ = market(60, 3, 6)
    weights = 0.9 ** np.arange(60)[::-1]
    expected = np.einsum("t,ti,tj->ij", weights / weights.sum(), returns, returns)
    assert correlation.ewma_covariance(returns, 0.9) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(correlation.ewma_covariance(np.empty((0, 2)), 0.9)).all()


def test_nearest_correlation_is_highams() -> None:
    # Higham (2002), section 4: the tridiagonal matrix of order 3; its nearest correlation to four digits.
    found = correlation.nearest_correlation([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]], 0.0)
    assert found == pytest.approx(
        np.array([[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]), abs=5e-5
    )
    sound = np.array([[1.0, 0.3], [0.3, 1.0]])
    assert correlation.nearest_correlation(sound) == pytest.approx(sound, abs=1e-12)
    random = np.random.default_rng(7)
    rough = random.uniform(-1.0, 1.0, (12, 12))
    near = correlation.nearest_correlation(0.5 * (rough + rough.T))
    assert correlation.is_positive_definite(near)
    assert np.all(np.diagonal(near) == 1.0)
    assert np.isnan(correlation.nearest_correlation([[1.0, np.nan], [np.nan, 1.0]])).all()


def test_bad_shapes_are_named() -> None:
    assert not correlation.is_positive_definite([[1.0, 2.0], [2.0, 1.0]])
    assert not correlation.is_positive_definite([[np.nan]])
    with pytest.raises(ValueError, match="days"):
        correlation.ledoit_wolf_identity(np.ones(3))
    with pytest.raises(ValueError, match="square"):
        correlation.to_correlation(np.ones((2, 3)))
    with pytest.raises(ValueError, match="decay"):
        correlation.ewma_covariance(np.ones((3, 2)), 0.0)
