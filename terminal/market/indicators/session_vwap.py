"""Volume weighted average price since the day's first bar, with bands of its own standard deviation.

The typical price (high + low + close) / 3 of each bar stands for its trades; the variance is that of these prices,
weighted by volume. A day is New York's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from terminal.core.clock import NS_PER_DAY, NS_PER_S, from_ns
from terminal.market.indicators.computation import BarColumns, BarValues, Floats, Ints
from terminal.market.indicators.spec import IndicatorSpec, OutputSpec, OutputStyle, ParameterSpec, Settings

VWAP_SPEC = IndicatorSpec(
    "VWAP",
    "Volume weighted average price, from the day's first bar",
    "Averages and bands",
    "hlcv",
    (ParameterSpec("bands", "Bands, deviations", 1.0, 0.0, 10.0),),
    (
        OutputSpec("upper", "upper", OutputStyle.UPPER),
        OutputSpec("vwap", "", OutputStyle.LINE),
        OutputSpec("lower", "lower", OutputStyle.LOWER),
    ),
    is_overlay=True,
)


def _offset_ns(utc_day: int) -> int:
    moment = from_ns(utc_day * NS_PER_DAY + NS_PER_DAY // 2)
    return int((moment.utcoffset() or timedelta()).total_seconds()) * NS_PER_S


class SessionVwap:
    """Sums of volume, volume x price, and squares about the day's first price (which keeps the digits)."""

    def __init__(self, settings: Settings) -> None:
        self._bands = float(settings["bands"])
        self._offsets: dict[int, int] = {}
        self._clear(-1, 0.0)

    def _clear(self, day: int, base: float) -> None:
        self._day, self._base = day, base
        self._sums = (0.0, 0.0, 0.0)

    def _day_of(self, ts_ns: int) -> int:
        utc_day = ts_ns // NS_PER_DAY
        offset = self._offsets.get(utc_day)
        if offset is None:
            offset = self._offsets[utc_day] = _offset_ns(utc_day)
        return (ts_ns + offset) // NS_PER_DAY

    def _days(self, stamps: Ints) -> Ints:
        utc_days, where = np.unique(stamps // NS_PER_DAY, return_inverse=True)
        offsets = np.array([_offset_ns(int(each)) for each in utc_days], np.int64)
        days: Ints = (stamps + offsets[where]) // NS_PER_DAY
        return days

    def fill(self, bars: BarColumns) -> Sequence[Floats]:
        """See :class:`Computation`."""
        self._clear(-1, 0.0)
        count = len(bars)
        middle = np.full(count, np.nan)
        deviation = np.full(count, np.nan)
        if count:
            typical = (bars.high + bars.low + bars.close) / 3
            days = self._days(bars.ts_ns)
            starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]])
            for first, last in zip(starts.tolist(), [*starts[1:].tolist(), count], strict=True):
                base = float(typical[first])
                away = typical[first:last] - base
                volume = bars.volume[first:last]
                sums = np.cumsum(volume), np.cumsum(volume * away), np.cumsum(volume * away * away)
                with np.errstate(invalid="ignore", divide="ignore"):
                    mean = sums[1] / sums[0]
                    variance = np.maximum(0.0, sums[2] / sums[0] - mean * mean)
                middle[first:last] = base + mean
                deviation[first:last] = np.sqrt(variance)
                self._clear(int(days[first]), base)
                self._sums = (float(sums[0][-1]), float(sums[1][-1]), float(sums[2][-1]))
        return middle + self._bands * deviation, middle, middle - self._bands * deviation

    def _with(self, bar: BarValues) -> tuple[int, float, tuple[float, float, float]]:
        typical = (bar.high + bar.low + bar.close) / 3
        day = self._day_of(bar.ts_ns)
        base, (weight, first, second) = (self._base, self._sums) if day == self._day else (typical, (0.0, 0.0, 0.0))
        away = typical - base
        return day, base, (
            weight + bar.volume, first + bar.volume * away, second + bar.volume * away * away,
        )  # fmt: skip

    def _answer(self, base: float, sums: tuple[float, float, float]) -> Sequence[float]:
        if sums[0] == 0:
            return math.nan, math.nan, math.nan
        mean = sums[1] / sums[0]
        deviation = self._bands * math.sqrt(max(0.0, sums[2] / sums[0] - mean * mean))
        return base + mean + deviation, base + mean, base + mean - deviation

    def update(self, bar: BarValues) -> Sequence[float]:
        """See :class:`Computation`."""
        self._day, self._base, self._sums = self._with(bar)
        return self._answer(self._base, self._sums)

    def peek(self, bar: BarValues) -> Sequence[float]:
        """See :class:`Computation`."""
        _, base, sums = self._with(bar)
        return self._answer(base, sums)
