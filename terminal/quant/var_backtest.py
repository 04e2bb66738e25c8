"""Whether a value at risk was right: how many losses exceeded it, and whether they came in clusters.

``p`` is the share of exceptions that is promised, 1 - confidence. Statistics that make no sense (more exceptions than
days, a share outside [0, 1]) are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from terminal.quant.columns import Flags, Floats, floats, shaped

_BASEL_DAYS, _BASEL_CONFIDENCE = 250, 0.99
_BASEL_ADDED = (0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.50, 0.65, 0.75, 0.85, 1.0)
_YELLOW_FROM, _RED_FROM = 0.95, 0.9999
"""Probabilities of that many exceptions or fewer at which the zones begin, and what is added to the multiplier of 3:
Basel Committee, Supervisory Framework for the Use of Backtesting (1996), Table 2."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A likelihood ratio and the probability of one as large when the VaR is right: floats or arrays."""

    statistic: Any
    p_value: Any


@dataclass(frozen=True, slots=True)
class Transitions:
    """How often a day without (0) or with (1) an exception was followed by one without or with."""

    n00: int
    n01: int
    n10: int
    n11: int


class Zone(Enum):
    """Basel's traffic light."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """``multiplier``: that of the capital charge, defined for 250 days at 99% and NaN otherwise."""

    zone: Zone
    multiplier: float


def exceptions(returns: Any, var: Any) -> Flags:
    """The days on which the loss exceeded the VaR forecast for it, in order; days on which either is NaN are left out.

    Raises ValueError when the shapes do not fit together.
    """
    made, forecast = np.broadcast_arrays(floats(returns), floats(var))
    known = ~(np.isnan(made) | np.isnan(forecast))
    hits: Flags = -made[known] > forecast[known]
    return hits


def kupiec(observations: Any, exceptions: Any, p: Any) -> Verdict:
    """Proportion of failures (Kupiec 1995): does the share of exceptions differ from ``p``? Chi-square, 1 degree."""
    n, x, share = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (observations, exceptions, p)))
    with np.errstate(all="ignore"):
        sound = (n > 0.0) & (x >= 0.0) & (x <= n) & (share >= 0.0) & (share <= 1.0) & np.isfinite(n)
        seen = np.where(sound, x / n, np.nan)
        promised = special.xlog1py(n - x, -share) + special.xlogy(x, share)
        statistic = 2.0 * (special.xlog1py(n - x, -seen) + special.xlogy(x, seen) - promised)
    return _verdict(np.where(sound, statistic, np.nan), 1)


def kupiec_region(observations: int, p: float, test_level: float = 0.05) -> tuple[int, int]:
    """The least and the greatest number of exceptions that :func:`kupiec` does not reject; (-1, -1) if none."""
    if observations < 1:
        return -1, -1
    accepted = np.flatnonzero(np.asarray(kupiec(observations, np.arange(observations + 1), p).p_value) >= test_level)
    return (int(accepted[0]), int(accepted[-1])) if len(accepted) else (-1, -1)


def transitions(hits: npt.ArrayLike) -> Transitions:
    """Counts of a sequence of exceptions, day by day."""
    series = np.asarray(hits, np.bool_).reshape(-1)
    before, after = series[:-1], series[1:]
    return Transitions(*(int(np.count_nonzero((before == one) & (after == two))) for one in (0, 1) for two in (0, 1)))


def independence(n00: Any, n01: Any, n10: Any, n11: Any) -> Verdict:
    """Do exceptions follow exceptions (Christoffersen 1998, equation 14)? Chi-square, 1 degree of freedom.

    0 ln 0 is 0: without exceptions on two days there is no evidence of clusters, and the ratio is 0.
    """
    a, b, c, d = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (n00, n01, n10, n11)))
    with np.errstate(all="ignore"):
        sound = (np.minimum(np.minimum(a, b), np.minimum(c, d)) >= 0.0) & (a + b + c + d > 0.0)
        split = _binomial(a, b) + _binomial(c, d)
        statistic = 2.0 * (split - _binomial(a + c, b + d))
    return _verdict(np.where(sound & np.isfinite(statistic), statistic, np.nan), 1)


def conditional_coverage(hits: npt.ArrayLike, p: float) -> Verdict:
    """Right in number and independent at once (Christoffersen 1998, equation 16): the sum of the two ratios, 2 degrees.

    The number is judged by all days, the independence by all but the first.
    """
    series = np.asarray(hits, np.bool_).reshape(-1)
    counted = transitions(series)
    both = (
        kupiec(len(series), np.count_nonzero(series), p).statistic
        + independence(counted.n00, counted.n01, counted.n10, counted.n11).statistic
    )
    return _verdict(np.asarray(both), 2)


def traffic_light(
    exceptions: int, observations: int = _BASEL_DAYS, confidence: float = _BASEL_CONFIDENCE
) -> TrafficLight:
    """Basel's zone of a number of exceptions, by its cumulative probability when the VaR is right.

    Raises ValueError for counts that cannot be.
    """
    if not (0 <= exceptions <= observations and observations > 0 and 0.0 < confidence < 1.0):
        raise ValueError(f"{exceptions} exceptions on {observations} days at {confidence} cannot be")
    reached = stats.binom.cdf(exceptions, observations, 1.0 - confidence)
    zone = Zone.GREEN if reached < _YELLOW_FROM else Zone.YELLOW if reached < _RED_FROM else Zone.RED
    is_basel = observations == _BASEL_DAYS and confidence == _BASEL_CONFIDENCE
    added = _BASEL_ADDED[min(exceptions, len(_BASEL_ADDED) - 1)] if is_basel else np.nan
    return TrafficLight(zone, 3.0 + added)


def _binomial(misses: Floats, hits: Floats) -> Floats:
    """The greatest log likelihood of so many hits, 0 for no days at all."""
    days = misses + hits
    share = hits / np.where(days == 0.0, 1.0, days)
    likelihood: Floats = special.xlog1py(misses, -share) + special.xlogy(hits, share)
    return likelihood


def _verdict(statistic: Floats, degrees: int) -> Verdict:
    # What is left of zero after cancelling may have either sign.
    ratio = np.maximum(np.asarray(statistic, np.float64), 0.0)
    chance = stats.chi2.sf(ratio, degrees)
    return Verdict(shaped(ratio.reshape(-1), ratio.shape), shaped(np.asarray(chance).reshape(-1), ratio.shape))
