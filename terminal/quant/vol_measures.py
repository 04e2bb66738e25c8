"""What a day's volatility is told by: vols at constant maturities, skew, butterfly, and where a day stands in them.

No kernels are imported in here: smiles come as functions of log-moneyness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Flags, Floats

TENORS_DAYS = (7, 30, 60, 90, 180, 365)
"""Constant maturities in calendar days."""
WINDOWS_DAYS = (10, 20, 60, 252)
"""Trading days that a realised vol is taken over."""
ESTIMATORS = ("cc", "park", "yz")
"""Close to close, Parkinson, Yang and Zhang."""
LEAST_DAYS = 20
"""Fewer days tell no rank."""
YEAR_DAYS = 252
"""Trading days that ranks, percentiles and cones look back."""
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
BEYOND = 0.25
"""A maturity is told up to so much (of it) before the first or after the last expiry, at the vol of that one."""
_QUARTER_D1 = 0.6744897501960817
"""The normal quantile of 0.75."""
_STEPS, _CLOSE = 60, 1e-10

TotalVariance = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class SmilePoints:
    """By maturity, decimals: the vol at the forward, those of the put of delta -0.25 and of the call of delta 0.25
    (forward deltas). NaN where the smile has none."""

    at_the_money: Floats
    put: Floats
    call: Floats

    @property
    def skew(self) -> Floats:
        """Put above call: positive where downside is dearer."""
        return self.put - self.call

    @property
    def butterfly(self) -> Floats:
        """Mean of both wings above the money."""
        return 0.5 * (self.put + self.call) - self.at_the_money


def smile_points(total_variance: TotalVariance, years: Floats) -> SmilePoints:
    """``total_variance`` takes log-moneyness, one a maturity, and gives as many; ``years`` of each maturity."""
    with np.errstate(all="ignore"):
        middle = np.sqrt(total_variance(np.zeros(len(years))) / years)
        put, call = (
            np.sqrt(total_variance(_at_d1(total_variance, d1, len(years))) / years)
            for d1 in (_QUARTER_D1, -_QUARTER_D1)
        )
    return SmilePoints(middle, put, call)


def _at_d1(total_variance: TotalVariance, d1: float, count: int) -> Floats:
    """Log-moneyness at which ``d1`` has a value: ``k = w / 2 - d1 sqrt(w)``, by going there again and again."""
    k, step = np.zeros(count), np.zeros(count)
    for _ in range(_STEPS):
        w = total_variance(k)
        moved = 0.5 * w - d1 * np.sqrt(w)
        step, k = moved - k, moved
        if not np.any(np.abs(step) > _CLOSE):
            return k
    return np.where(np.abs(step) < 1e-4, k, np.nan)


def reachable(days: Any, first_days: float, last_days: float) -> Flags:
    """Which maturities lie between the first and the last expiry, or beyond by at most ``BEYOND`` of themselves."""
    wanted = np.asarray(days, np.float64)
    found: Flags = (wanted * (1.0 + BEYOND) >= first_days) & (wanted * (1.0 - BEYOND) <= last_days)
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the last of ``days`` values stands among them; None with fewer than LEAST_DAYS.

    ``rank``: between the least (0) and the greatest (100). ``percentile``: percent of the earlier days that were below.
    """

    rank: float | None
    percentile: float | None
    days: int


def standing(values: npt.ArrayLike) -> Standing:
    """Of the last value among the last YEAR_DAYS known ones, itself among them; none where the last is not known."""
    series = np.asarray(values, np.float64)
    known = series[np.isfinite(series)][-YEAR_DAYS:]
    if len(known) < LEAST_DAYS or not np.isfinite(series[-1]):
        return Standing(None, None, len(known))
    low, high, last = float(known.min()), float(known.max()), float(known[-1])
    rank = 100.0 * (last - low) / (high - low) if high > low else None
    return Standing(rank, 100.0 * float(np.mean(known[:-1] < last)), len(known))


def standings(values: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Rank and percentile of every value as :func:`standing` gives them for the days up to it; NaN where it gives
    none."""
    series = np.asarray(values, np.float64)
    rank, percentile = np.full(len(series), np.nan), np.full(len(series), np.nan)
    there = np.flatnonzero(np.isfinite(series))
    if len(there) < LEAST_DAYS:
        return rank, percentile
    known = series[there]
    padded = np.concatenate((np.full(YEAR_DAYS - 1, np.nan), known))
    windows = np.lib.stride_tricks.sliding_window_view(padded, YEAR_DAYS)
    count = np.minimum(np.arange(1, len(known) + 1), YEAR_DAYS)
    low, high = np.fmin.reduce(windows, axis=1), np.fmax.reduce(windows, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(high > low, 100.0 * (known - low) / (high - low), np.nan)
        below = 100.0 * np.count_nonzero(windows[:, :-1] < known[:, None], axis=1) / (count - 1)
    enough = count >= LEAST_DAYS
    rank[there[enough]], percentile[there[enough]] = found[enough], below[enough]
    return rank, percentile


def cone(series: dict[int, Floats]) -> dict[int, Floats | None]:
    """QUANTILES of realised vol by horizon, of the last YEAR_DAYS values; None with fewer than LEAST_DAYS."""
    found: dict[int, Floats | None] = {}
    for window, values in series.items():
        known = values[np.isfinite(values)][-YEAR_DAYS:]
        found[window] = np.quantile(known, QUANTILES) if len(known) >= LEAST_DAYS else None
    return found
