"""Fair variance of a variance swap: from the fitted smile, and by a strip of listed options.

Without jumps the swap is worth a static portfolio, the log contract (Neuberger 1990). Both functions give annualised
variance; its square root is the strike as it is quoted. Dividends paid in cash and the discreteness of sampling are
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant.columns import Floats
from terminal.quant.density import SmileFunction, whole_line
from terminal.quant.surface import SurfaceFit

_INV_SQRT_2PI = 0.3989422804014327


@dataclass(frozen=True, slots=True)
class Strip:
    """A replication: ``variance`` (annualised), and the rows of options that make it up, in the order of strikes: the
    strike where puts give way to calls is there twice. ``weight`` is options per unit of variance."""

    variance: float
    strike: Floats
    is_call: Any
    weight: Floats


def fair_variance(fitted: SurfaceFit, t: Any) -> Any:
    """Annualised fair variance of the surface's smile at ``t`` years (scalar or array); NaN where there is none.

    ``integral of phi(z) w(k(z)) dz`` with ``z = d2(k)`` (Gatheral 2006, eq. 11.5, after Chriss and Morokoff 1999).
    """
    times = np.asarray(t, np.float64)
    found = np.array([_one(fitted, when) for when in times.reshape(-1).tolist()])
    return float(found[0]) if times.ndim == 0 else found.reshape(times.shape)


def _one(fitted: SurfaceFit, t: float) -> float:
    if not fitted.times.size or not np.isfinite(t) or t < 0.0:
        return np.nan
    # Before the first expiry total variance is in proportion to time; its limit at 0 is that of a very short time.
    when = max(t, 1e-9 * float(fitted.times[0]))
    return total_variance_of(lambda k: fitted.smile(k, when)) / when


def total_variance_of(smile: SmileFunction) -> float:
    """The fair total variance of any smile without butterflies, a function of log-moneyness."""
    k, step = whole_line(smile)
    found = smile(k)
    with np.errstate(all="ignore"):
        root = np.sqrt(found.w)
        d2 = -k / root - 0.5 * root
        falls = (1.0 - 0.5 * k * found.dw / found.w) / root + 0.25 * found.dw / root
        return float((step * _INV_SQRT_2PI * np.exp(-0.5 * d2 * d2) * found.w * falls).sum())


def replicate(
    strike: Any, put: Any, call: Any, forward: float, discount: float, time: float, split: float | None = None
) -> Strip:
    """The strip of Demeterfi, Derman, Kamal and Zou, "More than you ever wanted to know about volatility swaps" (1999),
    Appendix A: puts up to ``split``, calls from there on, with the weights that make their payoff the broken line
    through the log contract's at the strikes.

    ``put`` and ``call`` are prices at the strikes; of the puts above ``split`` and the calls below none is read.
    Strikes with no usable price are left out, of one
    that is given twice the later rows. ``split`` is the last strike not above the forward unless given. The
    outermost strike of either side only bounds the next weight. NaN with fewer than two strikes on a side, or bad
    scalars.
    Raises ValueError when the shapes do not broadcast.
    """
    strike, put, call = (np.asarray(each, np.float64).reshape(-1) for each in np.broadcast_arrays(strike, put, call))
    strike, order = np.unique(strike, return_index=True)
    put, call = put[order], call[order]
    none = Strip(np.nan, np.empty(0), np.empty(0, bool), np.empty(0))
    if not np.isfinite(forward + discount + time) or min(forward, discount, time) <= 0.0:
        return none
    valid = np.isfinite(strike) & (strike > 0.0)
    with np.errstate(invalid="ignore"):
        below = strike[valid & (strike <= forward) & (put >= 0.0) & (call >= 0.0)]
        if split is None:
            if not below.size:
                return none
            split = float(below[-1])
        puts = valid & (strike <= split) & (put >= 0.0)
        calls = valid & (strike >= split) & (call >= 0.0)
    sides = [(strike[puts][::-1], put[puts][::-1], False), (strike[calls], call[calls], True)]
    if any(np.unique(at).size < 2 or at[0] != split for at, _, _ in sides):
        return none
    legs = [(at[:-1], price[:-1], _weights(at, split, time), side) for at, price, side in sides]
    cost = sum(float(weight @ price) for _, price, weight, _ in legs) / discount
    variance = 2.0 / time * (np.log(forward / split) - (forward / split - 1.0)) + cost
    strikes = np.concatenate([legs[0][0][::-1], legs[1][0]])
    weights = np.concatenate([legs[0][2][::-1], legs[1][2]])
    is_call = np.repeat([False, True], [legs[0][0].size, legs[1][0].size])
    return Strip(float(variance), strikes, is_call, weights)


def _weights(strike: Floats, split: float, time: float) -> Floats:
    """Ibid., eqs. A7 and A8, for strikes that go away from ``split``."""
    payoff = 2.0 / time * ((strike - split) / split - np.log(strike / split))
    slope = np.diff(payoff) / np.abs(np.diff(strike))
    return np.diff(slope, prepend=0.0)
