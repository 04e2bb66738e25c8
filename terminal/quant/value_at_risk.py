"""Value at risk and expected shortfall: from distributions, from history, and by parts of a portfolio.

Losses are positive: VaR is minus the (1 - confidence) quantile of the return, ES the mean loss beyond it, both over the
horizon of the mean and deviation or of the returns that are given. Arguments broadcast; a confidence outside (0, 1), a
negative deviation or scale, NaN and infinities give NaN in that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from terminal.quant.columns import Floats, floats, shaped

_SNAP = 1e-9
"""20 * (1 - 0.95) is 1.0000000000000009 and means 1."""


@dataclass(frozen=True, slots=True)
class TailRisk:
    """VaR and ES of a distribution: floats, or arrays of the arguments' common shape."""

    var: Any
    es: Any


@dataclass(frozen=True, slots=True)
class HistoricalRisk:
    """``var``: minus the k-th smallest return, k the least number not below n (1 - confidence); ``es``: the mean of the
    k worst; ``cvar``: the mean of the worst n (1 - confidence), the last one counted in part (Rockafellar and Uryasev
    2002). ``observations``: n, the returns that are numbers.
    """

    var: Any
    es: Any
    cvar: Any
    observations: int


@dataclass(frozen=True, slots=True)
class ComponentRisk:
    """A portfolio's deviation and normal VaR; ``marginal``: the change of VaR for one more of each weight;
    ``component``: weight times marginal, which add up to VaR (Euler's theorem)."""

    deviation: float
    var: float
    marginal: Floats
    component: Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Of a sample: unbiased variance, and the plain (Fisher-Pearson) skew and excess kurtosis, as Zangari uses them."""

    mean: float
    deviation: float
    skew: float
    excess_kurtosis: float


def normal(mean: Any, deviation: Any, confidence: Any) -> TailRisk:
    """Of a normal return: ``z deviation - mean`` and ``phi(z) / (1 - confidence) deviation - mean``.

    McNeil, Frey and Embrechts, Quantitative Risk Management (2015), examples 2.11 and 2.14.
    """
    mu, sigma, level = _columns(mean, deviation, confidence)
    _spoil(sigma, level)
    with np.errstate(all="ignore"):
        z = -special.ndtri(1.0 - level)
        tail = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) / (1.0 - level)
        return _tail_risk(sigma * z - mu, sigma * tail - mu)


def student_t(location: Any, scale: Any, degrees: Any, confidence: Any) -> TailRisk:
    """Of a return ``location + scale T``, T Student's t of ``degrees`` of freedom; ES is infinite for 1 or fewer.

    McNeil, Frey and Embrechts (2015), examples 2.11 and 2.15. For a return of given standard deviation the scale is
    :func:`student_scale`.
    """
    mu, sigma, nu, level = _columns(location, scale, degrees, confidence)
    _spoil(sigma, level)
    nu[~(nu > 0.0)] = np.nan
    with np.errstate(all="ignore"):
        t = -special.stdtrit(nu, 1.0 - level)
        tail = stats.t.pdf(t, nu) / (1.0 - level) * (nu + t * t) / (nu - 1.0)
        return _tail_risk(sigma * t - mu, np.where(nu <= 1.0, np.inf, sigma * tail - mu))


def student_scale(deviation: Any, degrees: Any) -> Any:
    """The scale of a Student t of more than 2 degrees of freedom that has this standard deviation."""
    sigma, nu = _columns(deviation, degrees)
    with np.errstate(all="ignore"):
        return _out(np.where(nu > 2.0, sigma * np.sqrt((nu - 2.0) / nu), np.nan))


def cornish_fisher(mean: Any, deviation: Any, skew: Any, excess_kurtosis: Any, confidence: Any) -> TailRisk:
    """The modified VaR of a return of these four moments, and the ES of the same expansion of the quantile.

    Quantile: Zangari (1996), ``z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36``; ES: its mean over the tail. The
    expansion is a quantile only where :func:`cornish_fisher_holds`; elsewhere it is what the formula gives.
    """
    mu, sigma, s, k, level = _columns(mean, deviation, skew, excess_kurtosis, confidence)
    _spoil(sigma, level)
    with np.errstate(all="ignore"):
        p = 1.0 - level
        z = special.ndtri(p)
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        # Means of z, z^2 - 1 and z^3 over the tail below z.
        one, two, three = -density / p, -z * density / p, -(z * z + 2.0) * density / p

        def expansion(first: Floats, second: Floats, third: Floats) -> Floats:
            curved: Floats = (third - 3.0 * first) * k / 24.0 - (2.0 * third - 5.0 * first) * s * s / 36.0
            return first + second * s / 6.0 + curved

        return _tail_risk(-mu - sigma * expansion(z, z * z - 1.0, z**3), -mu - sigma * expansion(one, two, three))


def cornish_fisher_holds(skew: Any, excess_kurtosis: Any) -> Any:
    """Whether the expansion rises everywhere, so that it is a quantile (Maillard 2012, its domain of validity)."""
    s, k = np.broadcast_arrays(np.asarray(skew, np.float64), np.asarray(excess_kurtosis, np.float64))
    # Its slope in z is curve z^2 + tilt z + least.
    curve, tilt, least = k / 8.0 - s * s / 6.0, s / 3.0, 1.0 - k / 8.0 + 5.0 * s * s / 36.0
    with np.errstate(invalid="ignore"):
        holds = np.where(
            curve > 0.0, tilt * tilt <= 4.0 * curve * least, (curve == 0.0) & (tilt == 0.0) & (least > 0.0)
        )
    return bool(holds) if holds.shape == () else holds


def sample_moments(returns: Any) -> Moments:
    """Mean, deviation, skew and excess kurtosis of the returns that are numbers; NaN for what too few cannot tell."""
    known = _known(returns)
    if len(known) < 2:
        return Moments(float(known.mean()) if len(known) else np.nan, np.nan, np.nan, np.nan)
    deviation = float(known.std(ddof=1))
    if deviation == 0.0:
        return Moments(float(known.mean()), 0.0, np.nan, np.nan)
    return Moments(float(known.mean()), deviation, float(stats.skew(known)), float(stats.kurtosis(known)))


def historical(returns: Any, confidence: Any) -> HistoricalRisk:
    """From past returns, NaN and infinities left out; ``confidence`` may be an array. NaN without any return."""
    ordered = np.sort(_known(returns))
    (level,) = _columns(confidence)
    _spoil(np.ones_like(level), level)
    n = len(ordered)
    out = np.full((3, *level.shape), np.nan)
    if n:
        sums = np.concatenate(([0.0], np.cumsum(ordered)))
        tail = np.where(np.isfinite(level), n * (1.0 - level), 1.0)
        tail = np.where(np.abs(tail - np.rint(tail)) <= _SNAP * tail, np.rint(tail), tail)
        count = np.clip(np.ceil(tail), 1, n).astype(np.int64)
        whole = np.minimum(np.floor(tail).astype(np.int64), n - 1)
        part = np.where(tail < 1.0, ordered[0], (sums[whole] + (tail - whole) * ordered[whole]) / np.maximum(tail, 1.0))
        out[:] = -ordered[count - 1], -sums[count] / count, -part
        out[:, np.isnan(level)] = np.nan
    return HistoricalRisk(_out(out[0]), _out(out[1]), _out(out[2]), n)


def peaks_over_threshold(
    shape: Any, scale: Any, threshold: Any, observations: Any, exceedances: Any, confidence: Any
) -> TailRisk:
    """From a generalised Pareto tail of losses above ``threshold`` (McNeil, Frey and Embrechts 2015, 5.18 and 5.19).

    ``shape`` xi (0 is the exponential tail; ES is infinite from 1 on), ``scale`` beta; NaN where the quantile lies
    below the threshold, of which the tail says nothing.
    """
    xi, beta, u, n, many, level = _columns(shape, scale, threshold, observations, exceedances, confidence)
    _spoil(beta, level)
    with np.errstate(all="ignore"):
        ratio = many / (n * (1.0 - level))
        # (ratio^xi - 1) / xi, which is the logarithm for xi = 0.
        grown = np.where(xi == 0.0, np.log(ratio), np.expm1(xi * np.log(ratio)) / np.where(xi == 0.0, 1.0, xi))
        var = np.where(ratio >= 1.0, u + beta * grown, np.nan)
        es = np.where(xi < 1.0, var / (1.0 - xi) + (beta - xi * u) / (1.0 - xi), np.inf)
        return _tail_risk(var, np.where(np.isnan(var), np.nan, es))


def components(weights: Any, covariance: Any, confidence: float) -> ComponentRisk:
    """The normal VaR (mean zero) of positions ``weights`` (n) with a return ``covariance`` (n, n), and its parts.

    A portfolio without risk has zeros and NaN marginals. Raises ValueError when the shapes do not fit together.
    """
    held, matrix = np.asarray(weights, np.float64), np.asarray(covariance, np.float64)
    if held.ndim != 1 or matrix.shape != (len(held), len(held)):
        raise ValueError(f"weights of shape {held.shape} do not fit a covariance of shape {matrix.shape}")
    z = float(-special.ndtri(1.0 - confidence)) if 0.0 < confidence < 1.0 else np.nan
    pull = matrix @ held
    with np.errstate(all="ignore"):
        deviation = float(np.sqrt(held @ pull))
        marginal = z * pull / deviation if deviation > 0.0 else np.full(len(held), np.nan)
    component = held * marginal if deviation > 0.0 else np.zeros(len(held)) * deviation
    return ComponentRisk(deviation, z * deviation, marginal, component)


def _columns(*values: Any) -> list[Floats]:
    """Fresh float arrays of the common shape; raises ValueError when there is none."""
    return [np.array(each) for each in np.broadcast_arrays(*(floats(value) for value in values))]


def _spoil(deviation: Floats, confidence: Floats) -> None:
    """NaN where no answer can be."""
    deviation[~((deviation >= 0.0) & np.isfinite(deviation))] = np.nan
    confidence[~((confidence > 0.0) & (confidence < 1.0))] = np.nan


def _known(returns: Any) -> Floats:
    values = floats(returns).reshape(-1)
    return values[np.isfinite(values)]


def _out(values: Floats) -> Any:
    return shaped(values.reshape(-1), values.shape)


def _tail_risk(var: Floats, es: Floats) -> TailRisk:
    spoiled = ~np.isfinite(var) | np.isnan(es)
    return TailRisk(_out(np.where(spoiled, np.nan, var)), _out(np.where(spoiled, np.nan, es)))
