"""Covariances that can be inverted: shrinkage of the sample's towards a target that few observations can tell.

Returns are (days, series). Days on which any series is NaN or infinite are left out; with fewer than three
days, which do not tell how noisy they are, the matrices are NaN. Covariances are per period of the returns, around
the sample mean with the number of days below, as the papers have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant.columns import Floats, floats

_FEWEST_DAYS = 3
_MOST_ITERATIONS = 1000


@dataclass(frozen=True, slots=True)
class Shrunk:
    """``intensity``: the weight of the target, from 0 (the sample) to 1. ``observations``: the days that were whole."""

    covariance: Floats
    intensity: float
    observations: int

    @property
    def correlation(self) -> Floats:
        """The same as a correlation matrix."""
        return to_correlation(self.covariance)


def ledoit_wolf_identity(returns: Any) -> Shrunk:
    """Towards the mean variance times the identity (Ledoit and Wolf 2004, "A well-conditioned estimator for
    large-dimensional covariance matrices", Lemma 3.2 to 3.4)."""
    days = _whole_days(returns)
    if len(days) < _FEWEST_DAYS:
        return _unknown(days)
    sample = days.T @ days / len(days)
    target = np.trace(sample) / len(sample) * np.eye(len(sample))
    distance = np.sum((sample - target) ** 2)
    squares = days**2
    noise = (np.sum(squares.T @ squares) / len(days) - np.sum(sample**2)) / len(days)
    return _mixed(sample, target, noise, distance, len(days))


def ledoit_wolf_constant_correlation(returns: Any) -> Shrunk:
    """Towards the sample's variances with its mean correlation everywhere (Ledoit and Wolf 2004, "Honey, I shrunk the
    sample covariance matrix", Appendix B). A series that does not move has correlation 0."""
    days = _whole_days(returns)
    if len(days) < _FEWEST_DAYS:
        return _unknown(days)
    count, width = days.shape
    sample = days.T @ days / count
    deviation = np.sqrt(np.diagonal(sample))
    inverse = np.divide(1.0, deviation, out=np.zeros(width), where=deviation > 0.0)
    apart = ~np.eye(width, dtype=np.bool_)
    moving = apart & np.outer(deviation > 0.0, deviation > 0.0)
    correlations = (sample * np.outer(inverse, inverse))[moving]
    usual = float(correlations.mean()) if correlations.size else 0.0
    target = np.where(apart, usual * np.outer(deviation, deviation), sample)
    squares = days**2
    noise = squares.T @ squares / count - sample**2
    # Covariance of s_ii and s_ij, for all i and j: what target and sample share.
    shared = (days**3).T @ days / count - np.diagonal(sample)[:, None] * sample
    common = np.trace(noise) + usual * np.sum((np.outer(inverse, deviation) * shared)[apart])
    return _mixed(sample, target, np.sum(noise) / count - common / count, np.sum((target - sample) ** 2), count)


def oracle_approximating(returns: Any) -> Shrunk:
    """Towards the mean variance times the identity, for normal returns (OAS: Chen, Wiesel, Eldar and Hero 2010,
    equation 23)."""
    days = _whole_days(returns)
    if len(days) < _FEWEST_DAYS:
        return _unknown(days)
    count, width = days.shape
    sample = days.T @ days / count
    own, cross = np.trace(sample) ** 2, np.sum(sample**2)
    target = np.trace(sample) / width * np.eye(width)
    above = (1.0 - 2.0 / width) * cross + own
    below = (count + 1.0 - 2.0 / width) * (cross - own / width)
    return _mixed(sample, target, above, below, count)


def ewma_covariance(returns: Any, decay: float = 0.94) -> Floats:
    """The exponentially weighted covariance around zero (RiskMetrics 1996); weights fall by ``decay`` a day and add up
    to one. Raises ValueError unless ``0 < decay < 1``."""
    if not 0.0 < decay < 1.0:
        raise ValueError(f"the decay of weights lies between 0 and 1, not at {decay}")
    days = _whole_days(returns, centred=False)
    if len(days) == 0:
        return np.full((days.shape[1],) * 2, np.nan)
    weights = decay ** np.arange(len(days) - 1, -1, -1.0)
    found: Floats = (days * (weights / weights.sum())[:, None]).T @ days
    return found


def to_correlation(covariance: Any) -> Floats:
    """The correlations of a covariance matrix, in [-1, 1], ones on the diagonal; NaN beside a variance not above 0."""
    matrix = _square(covariance)
    variance = np.diagonal(matrix)
    with np.errstate(all="ignore"):
        deviation = np.sqrt(np.where(variance > 0.0, variance, np.nan))
        found = np.clip(matrix / np.outer(deviation, deviation), -1.0, 1.0)
    np.fill_diagonal(found, np.where(variance > 0.0, 1.0, np.nan))
    return found


def is_positive_definite(matrix: Any) -> bool:
    """Whether a symmetric matrix has a Cholesky factor; False for NaN."""
    square = _square(matrix)
    if not np.isfinite(square).all():
        return False
    try:
        np.linalg.cholesky(square)
    except np.linalg.LinAlgError:
        return False
    return True


def nearest_correlation(matrix: Any, least_eigenvalue: float = 1e-8) -> Floats:
    """The correlation matrix nearest in the Frobenius norm to a symmetric one, by Higham's (2002) alternating
    projections with Dykstra's correction; its eigenvalues are not below ``least_eigenvalue`` by more than rounding.
    NaN where the matrix holds one, or when the projections do not settle."""
    square = _square(matrix)
    if not np.isfinite(square).all():
        return np.full(square.shape, np.nan)
    found = 0.5 * (square + square.T)
    np.fill_diagonal(found, 1.0)
    correction = np.zeros_like(found)
    for _ in range(_MOST_ITERATIONS):
        values, vectors = np.linalg.eigh(found - correction)
        lifted = (vectors * np.maximum(values, least_eigenvalue)) @ vectors.T
        correction = lifted - (found - correction)
        before = found
        found = lifted.copy()
        np.fill_diagonal(found, 1.0)
        if np.linalg.norm(found - before) <= 1e-12 * len(found):
            break
    else:
        return np.full(square.shape, np.nan)
    # The last step set the diagonal; scaling to it instead keeps the eigenvalues above zero.
    scale = 1.0 / np.sqrt(np.diagonal(lifted))
    result: Floats = np.clip(lifted * np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(result, 1.0)
    return 0.5 * (result + result.T)


def _mixed(sample: Floats, target: Floats, noise: float, distance: float, count: int) -> Shrunk:
    """A distance of rounding errors: the sample is the target already."""
    is_apart = distance > 1e-24 * np.sum(sample**2)
    intensity = float(np.clip(noise / distance, 0.0, 1.0)) if is_apart else 1.0
    return Shrunk(intensity * target + (1.0 - intensity) * sample, intensity, count)


def _whole_days(returns: Any, *, centred: bool = True) -> Floats:
    made = floats(returns)
    if made.ndim != 2 or made.shape[1] == 0:
        raise ValueError(f"returns come as (days, series), not in the shape {made.shape}")
    whole: Floats = made[np.isfinite(made).all(axis=1)]
    if not centred or not len(whole):
        return whole
    # The mean of equal numbers may miss them by a digit, which would then be all that the series tells.
    return np.where(np.ptp(whole, axis=0) == 0.0, 0.0, whole - whole.mean(axis=0))


def _unknown(days: Floats) -> Shrunk:
    return Shrunk(np.full((days.shape[1],) * 2, np.nan), float("nan"), len(days))


def _square(matrix: Any) -> Floats:
    square = np.asarray(matrix, np.float64)
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        raise ValueError(f"a matrix of the shape {square.shape} is not square")
    return square
