"""The risk-neutral distribution that a smile implies (Breeden and Litzenberger 1978).

In log-moneyness ``k`` its density is ``g(k) phi(d2) / sqrt(w)`` with Durrleman's ``g`` (Gatheral and Jacquier 2014,
Section 2.2) and the probability to end above the strike ``Phi(d2) - phi(d2) w' / (2 sqrt(w))``; ``d2 = -k / sqrt(w) -
sqrt(w) / 2``. Both come from the smile's own derivatives: nothing is differenced. NaN where the total variance is not
positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from terminal.quant.columns import Floats
from terminal.quant.surface import SurfaceFit
from terminal.quant.svi_shape import Smile, g_of

SmileFunction = Callable[[Floats], Smile]

_INV_SQRT_2PI = 0.3989422804014327
_REACH, _POINTS = 26.0, 4001


@dataclass(frozen=True, slots=True)
class Distribution:
    """Densities and the probability to end at or below, each a float or an array of the arguments' shape."""

    density: Any
    below: Any


@dataclass(frozen=True, slots=True)
class Moments:
    """Of one expiry's density: ``mass`` (1) and ``mean`` over the forward (1) tell how well it is a distribution;
    ``log_mean``, ``log_variance``, ``skewness`` and ``kurtosis`` (3 for a normal one) are of the log return."""

    mass: float
    mean: float
    log_mean: float
    log_variance: float
    skewness: float
    kurtosis: float


def of_smile(smile: Smile) -> Distribution:
    """Per unit of log-moneyness."""
    k, w, slope = (np.asarray(each, np.float64) for each in (smile.k, smile.w, smile.dw))
    with np.errstate(all="ignore"):
        root = np.sqrt(np.where(w > 0.0, w, np.nan))
        d2 = -k / root - 0.5 * root
        peak = _INV_SQRT_2PI * np.exp(-0.5 * d2 * d2) / root
        density, below = g_of(smile) * peak, ndtr(-d2) + 0.5 * slope * peak
    return Distribution(_result(density), _result(below))


def of_surface(fitted: SurfaceFit, strike: Any, t: Any, forward: Any = None) -> Distribution:
    """Per unit of the underlying's price at ``strike``, ``t`` years on; ``forward`` is the surface's unless given.

    Raises ValueError when the shapes do not broadcast.
    """
    strike, t = np.broadcast_arrays(np.asarray(strike, np.float64), np.asarray(t, np.float64))
    forward = fitted.forward(t) if forward is None else forward
    with np.errstate(all="ignore"):
        k = np.log(strike / forward)
    found = of_smile(fitted.smile(k, t))
    with np.errstate(all="ignore"):
        return Distribution(_result(np.asarray(found.density / strike)), found.below)


def moments(fitted: SurfaceFit, t: float) -> Moments:
    """Of the surface's smile at ``t``; all NaN when there is none. A wing of Lee's steepest slope has no mean."""
    return moments_of(lambda k: fitted.smile(k, t))


def moments_of(smile: SmileFunction) -> Moments:
    """The same of any smile, a function of log-moneyness."""
    k, step = whole_line(smile)
    found = smile(k)
    with np.errstate(all="ignore"):
        root = np.sqrt(found.w)
        d2 = -k / root - 0.5 * root
        d1 = d2 + root
        weight = step * g_of(found) * _INV_SQRT_2PI / root
        plain, lifted = weight * np.exp(-0.5 * d2 * d2), weight * np.exp(-0.5 * d1 * d1)
        mass, mean = float(plain.sum()), float(lifted.sum())
        centre = float((plain * k).sum())
        powers = [float((plain * (k - centre) ** power).sum()) for power in (2, 3, 4)]
        skewness, kurtosis = powers[1] / powers[0] ** 1.5, powers[2] / powers[0] ** 2
    return Moments(mass, mean, centre, powers[0], skewness, kurtosis)


def whole_line(smile: SmileFunction) -> tuple[Floats, Floats]:
    """``(k, dk)`` of a trapezoid over the whole line: ``k = s sinh(x)`` with the deviation ``s`` at the money, which
    meets both the middle and wings that fall slowly, and converges faster than any power of the step."""
    at = float(np.sqrt(np.asarray(smile(np.zeros(1)).w)[0]))
    x = np.linspace(-_REACH, _REACH, _POINTS)
    return at * np.sinh(x), at * np.cosh(x) * (x[1] - x[0])


def _result(values: Any) -> Any:
    return float(values) if np.ndim(values) == 0 else values
