"""A straight line through points of known tolerance of which some are wrong: Theil-Sen start, bisquare finish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_BISQUARE = 4.685
"""Tuning constant of 95% efficiency at the normal distribution (Beaton and Tukey 1974)."""
_MAD_TO_SIGMA = 1.4826
_USUAL_SCALE, _USUAL_COUNT = 0.5, 4.0
"""The noise as a part of the tolerance that is expected, and how many points that weighs: few may agree by chance."""
_MOST_SCALE = 2.0
"""What looks wilder hides outliers."""
_MOST_ITERATIONS = 50
_MOST_POINTS = 120
"""The start compares all pairs of this many points, the most exact ones."""


@dataclass(frozen=True, slots=True)
class Line:
    """``y = level + slope (x - centre)`` with the covariance of (level, slope) and the points it stands on."""

    centre: float
    level: float
    slope: float
    covariance: Floats
    is_used: Flags

    @property
    def zero(self) -> float | None:
        """Where a falling line meets 0, None when it does not fall or not to the right of 0."""
        if not self.slope < 0.0:
            return None
        at = self.centre - self.level / self.slope
        return at if at > 0.0 and np.isfinite(at) else None


def fit(x: Floats, y: Floats, tolerance: Floats, slope: float, slope_error: float) -> Line:
    """The line through ``(x, y)``, each y known within its positive ``tolerance``, given that the slope is expected to
    be ``slope`` give or take ``slope_error`` (0: it is known exactly); needs one point or more.

    Start: weighted medians of the slopes of all pairs and of the levels (Theil 1950, Sen 1968). Finish: iteratively
    reweighted least squares with Tukey's bisquare, its noise from the start's median residual, and the expected slope
    as one more observation. A point is used when it lies within its tolerance, or within 4.685 times the noise.
    """
    unit = float(np.min(tolerance))
    weight = (unit / tolerance) ** 2
    centre = float(np.sum(weight * x) / np.sum(weight))
    lever = x - centre
    level, tilt = _start(lever, y, weight, slope, slope_error)
    scaled = np.abs(y - level - tilt * lever) / tolerance
    seen = min(_MAD_TO_SIGMA * float(np.median(scaled)), _MOST_SCALE)
    total = _USUAL_COUNT * _USUAL_SCALE**2 + len(y) * seen**2
    scale = float(np.sqrt(total / (_USUAL_COUNT + len(y))))
    cut = max(1.0, _BISQUARE * scale)
    precision = 0.0 if slope_error == 0.0 else (scale * unit / slope_error) ** 2
    for _ in range(_MOST_ITERATIONS):
        apart = np.minimum(np.abs(y - level - tilt * lever) / (tolerance * cut), 1.0)
        each = weight * (1.0 - apart**2) ** 2
        if not each.any():
            break
        before = level, tilt
        level, tilt = _least_squares(lever, y, each, slope, slope_error, precision)
        moved = abs(level - before[0]) + np.max(np.abs(lever)) * abs(tilt - before[1])
        if moved <= 1e-12 * (abs(level) + float(np.max(np.abs(y)))):
            break
    is_used: Flags = np.abs(y - level - tilt * lever) <= cut * tolerance
    return Line(centre, level, tilt, _covariance(lever, weight * is_used, scale * unit, slope_error), is_used)


def weighted_median(values: Floats, weight: Floats) -> float:
    """The value at which half of the weight is reached."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(total, 0.5 * total[-1])]])


def _start(lever: Floats, y: Floats, weight: Floats, slope: float, slope_error: float) -> tuple[float, float]:
    tilt = slope
    if slope_error > 0.0 and len(y) > 2:
        best = np.argsort(-weight, kind="stable")[:_MOST_POINTS]
        one, two = np.triu_indices(len(best), 1)
        one, two = best[one], best[two]
        run = lever[two] - lever[one]
        apart = run != 0.0
        one, two, run = one[apart], two[apart], run[apart]
        if len(run):
            # The error of a pair's slope falls with the distance of the two.
            exact = np.abs(run) * np.sqrt(weight[one] * weight[two] / (weight[one] + weight[two]))
            found = weighted_median((y[two] - y[one]) / run, exact)
            tilt = float(np.clip(found, slope - 3.0 * slope_error, slope + 3.0 * slope_error))
    return weighted_median(y - tilt * lever, np.sqrt(weight)), tilt


def _least_squares(
    lever: Floats, y: Floats, weight: Floats, slope: float, slope_error: float, precision: float
) -> tuple[float, float]:
    total = weight.sum()
    mean_x, mean_y = (weight * lever).sum() / total, (weight * y).sum() / total
    if slope_error == 0.0:
        return float(mean_y - slope * mean_x), slope
    spread = (weight * (lever - mean_x) ** 2).sum() + precision
    tilt = ((weight * (lever - mean_x) * (y - mean_y)).sum() + precision * slope) / spread
    return float(mean_y - tilt * mean_x), float(tilt)


def _covariance(lever: Floats, weight: Floats, noise: float, slope_error: float) -> Floats:
    """Of level and slope: the inverse of their information."""
    level, both, tilt = (float(np.sum(weight * lever**power)) / noise**2 for power in (0, 1, 2))
    if slope_error == 0.0:
        return np.array([[np.divide(1.0, level), 0.0], [0.0, 0.0]])
    tilt += slope_error**-2.0
    return np.array([[tilt, -both], [-both, level]]) / np.float64(level * tilt - both * both)
