"""Calibration of one raw SVI slice to quoted total variances.

The quasi-explicit method of Zeliade Systems (De Marco and Martini, "Quasi-explicit calibration of Gatheral's SVI
model", 2009): for given ``m`` and ``sigma`` the slice is linear in ``(a, d = b rho sigma, c = b sigma)``, so five
parameters become a search over two; its best point starts a bounded least squares over all five. Where the result
admits a butterfly, the search is repeated with Durrleman's ``g`` kept above zero on a fine grid by a penalty that
grows, and the exact test has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from terminal.quant.columns import Floats
from terminal.quant.svi_arbitrage import butterfly
from terminal.quant.svi_shape import g_of, smile_of

_FEWEST = 5
_SMALLEST_SIGMA = 1e-4
_ROUNDS = ((1e1, 1e-3), (1e3, 1e-3), (1e4, 2e-3), (1e5, 1e-2))
"""Penalty, and how far above zero it holds ``g`` on its grid, so that the exact test finds nothing in between."""


class SliceStatus(IntEnum):
    """How the calibration of a slice ended."""

    FITTED = 0
    TOO_FEW_QUOTES = 1
    NOT_CONVERGED = 2
    BUTTERFLY_ARBITRAGE = 3


@dataclass(frozen=True, slots=True)
class SliceFit:
    """A fitted slice: its parameters (NaN when ``status`` is TOO_FEW_QUOTES or NOT_CONVERGED) and its quality.

    ``rms_vol`` and ``worst_vol`` are errors in square roots of total variance over the quotes used; ``min_g`` is the
    least of Durrleman's function over the whole line.
    """

    a: float
    b: float
    rho: float
    m: float
    sigma: float
    status: SliceStatus
    used: int
    rms_vol: float
    worst_vol: float
    min_g: float

    @property
    def parameters(self) -> tuple[float, float, float, float, float]:
        """``(a, b, rho, m, sigma)``, as the functions of :mod:`terminal.quant.svi` take them."""
        return self.a, self.b, self.rho, self.m, self.sigma


def calibrate(k: Any, total_variance: Any, weight: Any = 1.0, *, free_of_butterflies: bool = True) -> SliceFit:
    """The slice nearest to ``total_variance`` at ``k`` in weighted least squares of ``sqrt(w)``.

    Arguments broadcast to one dimension; rows that are not finite, of negative variance or without weight are left
    out. With ``free_of_butterflies`` the result passes the exact test or its status is BUTTERFLY_ARBITRAGE.
    Raises ValueError when the shapes do not broadcast.
    """
    k, w, weight = (np.asarray(each, np.float64).reshape(-1) for each in np.broadcast_arrays(k, total_variance, weight))
    good = np.isfinite(k + w + weight) & (w > 0.0) & (weight > 0.0)
    k, w, weight = k[good], w[good], np.sqrt(weight[good] / weight[good].max(initial=1e-300))
    if np.unique(k).size < _FEWEST:
        return _no_fit(SliceStatus.TOO_FEW_QUOTES, k.size)
    start = _quasi_explicit(k, w, weight)
    found, converged = _polish(start, k, w, weight, 0.0, 0.0)
    if not converged:
        return _no_fit(SliceStatus.NOT_CONVERGED, k.size)
    verdict = butterfly(*found)
    if free_of_butterflies:
        for penalty, margin in _ROUNDS:
            if verdict.is_free:
                break
            found, converged = _polish(found, k, w, weight, penalty, margin)
            verdict = butterfly(*found)
    status = SliceStatus.FITTED if verdict.is_free or not free_of_butterflies else SliceStatus.BUTTERFLY_ARBITRAGE
    error = np.sqrt(np.maximum(smile_of(k, *found).w, 0.0)) - np.sqrt(w)
    rms, worst = float(np.sqrt(np.mean(error**2))), float(np.abs(error).max())
    a, b, rho, m, sigma = (float(each) for each in found)
    return SliceFit(a, b, rho, m, sigma, status, k.size, rms, worst, verdict.min_g)


def _no_fit(status: SliceStatus, used: int) -> SliceFit:
    nan = np.nan
    return SliceFit(nan, nan, nan, nan, nan, status, used, nan, nan, nan)


def _quasi_explicit(k: Floats, w: Floats, weight: Floats) -> Floats:
    """The best of a coarse search over ``(m, sigma)``, each with its linear optimum in Zeliade's box."""
    from scipy.optimize import lsq_linear  # noqa: PLC0415 - 24 MB that the desk's own surface has no use for

    span = float(k.max() - k.min())
    scale = weight / np.sqrt(w)
    best, found = np.inf, np.array([w.min(), 0.1, 0.0, 0.0, 0.1])
    for m in np.linspace(k.min() - 0.25 * span, k.max() + 0.25 * span, 9):
        for sigma in span * np.array([0.02, 0.07, 0.2, 0.5, 1.2]):
            y = (k - m) / sigma
            root = np.hypot(y, 1.0)
            # In p = (c + d) / 2 and q = (c - d) / 2 the box is 0 <= p, q <= 2 sigma.
            matrix = np.column_stack([np.ones_like(y), root + y, root - y]) * scale[:, None]
            answer = lsq_linear(matrix, w * scale, bounds=([0.0, 0.0, 0.0], [w.max(), 2.0 * sigma, 2.0 * sigma]))
            if answer.cost < best:
                best = answer.cost
                a, p, q = answer.x
                c = max(p + q, 1e-12)
                found = np.array([a, c / sigma, (p - q) / c, m, sigma])
    return found


def _polish(start: Floats, k: Floats, w: Floats, weight: Floats, penalty: float, margin: float) -> tuple[Floats, bool]:
    """Bounded least squares over the five parameters; ``penalty`` weighs negative ``g`` and variance."""
    target = np.sqrt(w)
    scale = weight / max(float(np.median(target)), 1e-12)
    reach = 4.0 * max(float(np.abs(k).max()), 0.05)
    grid = reach * np.sinh(np.linspace(-4.0, 4.0, 161)) / np.sinh(4.0)
    top = float(w.max())

    def residual(x: Floats) -> Floats:
        variance = smile_of(k, *x).w
        below = np.minimum(variance, 0.0)
        out = (np.sqrt(np.maximum(variance, 0.0)) - target + below / target) * scale
        if penalty == 0.0:
            return out
        g = np.nan_to_num(g_of(smile_of(grid, *x)), nan=-1.0)
        _, b, rho, _, _ = x
        wings = np.maximum(b * (1.0 + np.array([rho, -rho])) - 2.0 * (1.0 - margin), 0.0)
        return np.concatenate([out, penalty * np.minimum(g - margin, 0.0), penalty * wings])

    span = float(k.max() - k.min())
    low = np.array([-top - 4.0 * span, 0.0, -0.9999, k.min() - 2.0 * span, _SMALLEST_SIGMA * span])
    high = np.array([2.0 * top, 4.0, 0.9999, k.max() + 2.0 * span, 10.0 * span])
    inside = np.clip(start, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
    from scipy.optimize import least_squares  # noqa: PLC0415 - see _quasi_explicit

    answer = least_squares(residual, inside, bounds=(low, high), x_scale="jac", max_nfev=400, xtol=1e-13, ftol=1e-13)
    return answer.x, bool(np.isfinite(answer.cost) and answer.status >= 0)
