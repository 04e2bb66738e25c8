"""Volatility that was realised, from closes or from whole bars, and its exponentially weighted average.

Prices run along the last axis, oldest first; volatilities are per year of ``periods`` bars (252 days unless told). With
a ``window`` a series comes out, each place from the last ``window`` bars and NaN before there are so many; without one
a figure for the whole. Bars that cannot be (NaN, a price not above zero, a close outside of high and low) are left
out. The range estimators see nothing of the gap between a close and the next open, except Yang and Zhang's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant.columns import Flags, Floats, floats

TRADING_DAYS = 252.0
_GARMAN_KLASS = 2.0 * np.log(2.0) - 1.0


@dataclass(frozen=True, slots=True)
class _Bars:
    """Logarithms: of high, low and close above the open; of the open and of the close above the close before."""

    up: Floats
    down: Floats
    through: Floats
    gap: Floats
    total: Floats


def ewma(returns: Any, decay: float = 0.94, *, periods: float = TRADING_DAYS) -> Any:
    """The volatility that is expected after each return: the root of the weighted mean of the squares so far.

    Weights fall by ``decay`` a return (RiskMetrics 1996: 0.94 for days) and add up to one from the first return on, so
    that the variance is unbiased when the mean is zero. A NaN return changes nothing. Raises ValueError unless
    ``0 < decay < 1``.
    """
    if not 0.0 < decay < 1.0:
        raise ValueError(f"the decay of weights lies between 0 and 1, not at {decay}")
    made = _series(returns)
    known = np.isfinite(made)
    if known.all():
        return _ewma(made, decay, periods)
    # A missing return leaves the sums as they are, so that each row is that of its known ones.
    out = np.full(made.shape, np.nan)
    for row in np.ndindex(made.shape[:-1]):
        found = _ewma(made[row][known[row]], decay, periods)
        since = np.cumsum(known[row]) - 1
        out[row][since >= 0] = found[since[since >= 0]]
    return out


def _ewma(returns: Floats, decay: float, periods: float) -> Floats:
    from scipy.signal import lfilter  # noqa: PLC0415 - 20 MB that a desk without this average does without

    squares = lfilter([1.0 - decay], [1.0, -decay], returns**2, axis=-1)
    weight = -np.expm1(np.arange(1, returns.shape[-1] + 1) * np.log(decay))
    return np.sqrt(periods * squares / weight)


def close_to_close(close: Any, window: int | None = None, *, periods: float = TRADING_DAYS) -> Any:
    """The sample standard deviation of log returns (its mean taken off, n - 1 below)."""
    prices = _series(close)
    with np.errstate(all="ignore"):
        logs = np.log(np.where(np.isfinite(prices) & (prices > 0.0), prices, np.nan))
    return _annual(_variance(np.diff(logs, axis=-1), _returns_of(window)), periods, prices, window)


def parkinson(high: Any, low: Any, window: int | None = None, *, periods: float = TRADING_DAYS) -> Any:
    """From ranges: ``mean ln(H/L)^2 / (4 ln 2)`` (Parkinson 1980); five times as sharp as closes; biased by drift."""
    top, bottom = _together(high, low)
    with np.errstate(all="ignore"):
        span = np.where((bottom > 0.0) & (top >= bottom) & np.isfinite(top), np.log(top / bottom), np.nan)
    return _annual(_mean(span * span / (4.0 * np.log(2.0)), window), periods, top, window)


def garman_klass(
    open_: Any, high: Any, low: Any, close: Any, window: int | None = None, *, periods: float = TRADING_DAYS
) -> Any:
    """``mean 0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2`` (Garman and Klass 1980, practical form); biased by drift."""
    bars = _bars(open_, high, low, close)
    terms = 0.5 * (bars.up - bars.down) ** 2 - _GARMAN_KLASS * bars.through**2
    return _annual(_mean(terms, window), periods, terms, window)


def rogers_satchell(
    open_: Any, high: Any, low: Any, close: Any, window: int | None = None, *, periods: float = TRADING_DAYS
) -> Any:
    """``mean ln(H/O) ln(H/C) + ln(L/O) ln(L/C)`` (Rogers and Satchell 1991): right whatever the drift."""
    terms = _rogers_satchell(_bars(open_, high, low, close))
    return _annual(_mean(terms, window), periods, terms, window)


def yang_zhang(
    open_: Any, high: Any, low: Any, close: Any, window: int | None = None, *, periods: float = TRADING_DAYS
) -> Any:
    """Overnight and open-to-close variance and Rogers-Satchell's, weighted for the least error (Yang and Zhang 2000).

    Right whatever the drift and the gaps at the open: of whole days. Its first bar serves as the close before the
    second, so that a window of n bars has n - 1 of them.
    """
    bars = _bars(open_, high, low, close)
    span = _returns_of(window)
    inside = np.where(np.isnan(bars.gap), np.nan, bars.through)[..., 1:]
    terms = np.where(np.isnan(bars.gap), np.nan, _rogers_satchell(bars))[..., 1:]
    gap = bars.gap[..., 1:]
    count = _sums(np.isfinite(inside).astype(np.float64), span)
    with np.errstate(all="ignore"):
        share = 0.34 / (1.34 + (count + 1.0) / (count - 1.0))
    found = _variance(gap, span) + share * _variance(inside, span) + (1.0 - share) * _mean(terms, span)
    return _annual(found, periods, bars.up, window)


def _bars(open_: Any, high: Any, low: Any, close: Any) -> _Bars:
    first, top, bottom, last = _together(open_, high, low, close)
    with np.errstate(all="ignore"):
        sound: Flags = (bottom > 0.0) & (bottom <= np.minimum(first, last)) & np.isfinite(top)
        sound &= np.maximum(first, last) <= top
        logs = [np.where(sound, np.log(each), np.nan) for each in (first, top, bottom, last)]
    before = np.concatenate((np.full((*first.shape[:-1], 1), np.nan), logs[3][..., :-1]), axis=-1)[
        ..., : first.shape[-1]
    ]
    start = logs[0]
    return _Bars(logs[1] - start, logs[2] - start, logs[3] - start, start - before, logs[3] - before)


def _rogers_satchell(bars: _Bars) -> Floats:
    found: Floats = bars.up * (bars.up - bars.through) + bars.down * (bars.down - bars.through)
    return found


def _series(values: Any) -> Floats:
    series = floats(values)
    if series.ndim == 0:
        raise ValueError("prices and returns come as series, not as one number")
    return series


def _together(*values: Any) -> list[Floats]:
    return list(np.broadcast_arrays(*(_series(each) for each in values)))


def _returns_of(window: int | None) -> int | None:
    """How many returns are between so many prices."""
    return None if window is None else window - 1


def _sums(values: Floats, window: int | None) -> Floats:
    """Sums of the finite ones: of all, or of each ``window`` in a row."""
    plain = np.where(np.isfinite(values), values, 0.0)
    if window is None:
        total: Floats = plain.sum(axis=-1)
        return total
    if window < 1:
        raise ValueError("the window is too short for this estimator")
    if window > plain.shape[-1]:
        return np.zeros((*plain.shape[:-1], 0))
    sums = np.concatenate((np.zeros((*plain.shape[:-1], 1)), np.cumsum(plain, axis=-1)), axis=-1)
    return sums[..., window:] - sums[..., :-window]


def _mean(values: Floats, window: int | None) -> Floats:
    with np.errstate(all="ignore"):
        found: Floats = _sums(values, window) / _sums(np.isfinite(values).astype(np.float64), window)
    return found


def _variance(values: Floats, window: int | None) -> Floats:
    """The sample variance with n - 1 below; NaN of fewer than two."""
    count = _sums(np.isfinite(values).astype(np.float64), window)
    # Around the mean of all, so that a common drift cancels no digits.
    with np.errstate(all="ignore"):
        known = np.isfinite(values)
        centre = np.sum(np.where(known, values, 0.0), axis=-1, keepdims=True) / known.sum(axis=-1, keepdims=True)
        off = values - centre
        total, squares = _sums(off, window), _sums(off * off, window)
        return np.where(count > 1.0, np.maximum(squares - total * total / count, 0.0) / (count - 1.0), np.nan)


def _annual(variance: Floats, periods: float, like: Floats, window: int | None) -> Any:
    """The volatility per year; with a window as a series as long as ``like``."""
    with np.errstate(all="ignore"):
        found = np.sqrt(np.maximum(variance, 0.0) * periods)
    if window is not None:
        early = np.full((*like.shape[:-1], like.shape[-1] - found.shape[-1]), np.nan)
        return np.concatenate((early, found), axis=-1)
    return float(found) if found.ndim == 0 else found
