"""The heatmap's scales: which sizes the colours stand for, steps of time and price, and marks on the axes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S

PERCENTILES = (90.0, 95.0, 98.0, 99.5)
_LOW_PERCENTILE = 5.0
_MOST_CELLS = 20_000
_TOLERANCE = 0.15
"""An automatic end moves only when it is wrong by more than this share, so that the picture does not flicker."""


@dataclass(frozen=True, slots=True)
class ColourRange:
    """Sizes from ``low`` (first colour) to ``high`` (last colour).

    ``percentile``: of the sizes in view, where the last colour begins; None when a person has set the ends.
    """

    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    percentile: float | None = 98.0

    def fixed(self, low: float, high: float) -> ColourRange:
        """The ends as a person wants them; ValueError when they are no range."""
        if not 0 <= low < high:
            raise ValueError("the colours go from a size of at least 0 to a greater one")
        return replace(self, low=float(low), high=float(high), percentile=None)

    def with_log(self, is_log: bool) -> ColourRange:
        """The same ends on the other scale."""
        return replace(self, is_log=is_log)

    def automatic(self, percentile: float = PERCENTILES[2]) -> ColourRange:
        """Ends that follow the sizes in view; one that follows them already stays as it is."""
        return self if self.percentile is not None else replace(self, percentile=percentile)

    def follow(self, cells: npt.NDArray[np.int64]) -> ColourRange:
        """Fits the ends to the sizes in view; the same range when it is fixed or still right."""
        if self.percentile is None:
            return self
        sizes = cells[cells > 0]
        if not len(sizes):
            return self
        sizes = sizes[:: max(1, len(sizes) // _MOST_CELLS)]
        low, high = np.percentile(sizes, [_LOW_PERCENTILE, self.percentile])
        low = float(low) if self.is_log else 0.0
        high = max(float(high), low + 1.0)
        if _is_near(self.low, low) and _is_near(self.high, high):
            return self
        return replace(self, low=low, high=high)

    def place(self, size: float) -> float:
        """Where a size stands on the scale, 0 to 1."""
        low, high, at = self.low, self.high, size
        if self.is_log:
            low, high, at = (float(np.log(max(each, 1.0))) for each in (low, high, at))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.0

    def size_at(self, place: float) -> float:
        """The size that stands at a place of the scale."""
        if not self.is_log:
            return self.low + place * (self.high - self.low)
        low, high = max(self.low, 1.0), max(self.high, 1.0)
        return float(low * (high / low) ** place)


def _is_near(was: float, now: float) -> bool:
    return abs(was - now) <= _TOLERANCE * max(abs(was), abs(now))


@dataclass(frozen=True, slots=True)
class TimeZoom:
    """One step of the time zoom: ``steps`` samples a column that is ``column_px`` wide."""

    steps: int
    column_px: int


@dataclass(frozen=True, slots=True)
class PriceZoom:
    """One step of the price zoom: ``ticks`` a row that is ``row_px`` high, never below 1."""

    ticks: int
    row_px: int


TIME_ZOOMS = (
    *(TimeZoom(1, px) for px in (24, 16, 12, 8, 6, 4, 3, 2, 1)),
    *(TimeZoom(steps, 1) for steps in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 240, 480)),
)
"""From the nearest to the widest."""

PRICE_ZOOMS = (
    *(PriceZoom(1, px) for px in (28, 24, 20, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1)),
    *(
        PriceZoom(ticks * ten, px)
        for ten in (1, 10, 100, 1000, 10_000)
        for ticks, px in ((2, 1), (5, 2), (5, 1), (10, 1))
    ),
)  # fmt: skip
"""From the nearest to the widest. The height of a row is a whole number of pixels."""

_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)


def time_step_ns(ns_per_px: float, least_px: float) -> int:
    """The least round step of time that is at least ``least_px`` wide."""
    for seconds in _TIME_STEPS_S:
        if seconds * NS_PER_S / ns_per_px >= least_px:
            return seconds * NS_PER_S
    return _TIME_STEPS_S[-1] * NS_PER_S


def price_step(tick: int, price_per_px: float, least_px: float) -> int:
    """The least round number of ticks (1, 2, 5, 10, ...), as a price, that is at least ``least_px`` high."""
    ten = 1
    while True:
        for each in (1, 2, 5):
            if each * ten * tick / price_per_px >= least_px:
                return each * ten * tick
        ten *= 10
