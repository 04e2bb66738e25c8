"""Another symbol on a chart: its closes, rebased so that both start at one point at the left edge of the view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Market
from terminal.app.views.chart import ChartView
from terminal.app.views.chart_bars import ChartBars
from terminal.core.instruments import Instrument

MOST_COMPARED = 4


@dataclass(frozen=True, slots=True)
class RebasedLine:
    """``places``: on the chart's axis, ascending; ``px``: the other's close in the chart's own prices; ``change``: of
    the other since the left edge, a ratio."""

    places: npt.NDArray[np.float64]
    px: npt.NDArray[np.float64]
    change: float


class CompareError(ValueError):
    """A symbol that cannot be compared: the message is one sentence."""


class Comparison:
    """One compared instrument; UI thread only."""

    def __init__(self, market: Market, instrument: Instrument) -> None:
        self.instrument = instrument
        self._bars = ChartBars(market)

    def refresh(self, view: ChartView) -> bool:
        """Reads the other's new bars in the chart's time frame; True when anything is different."""
        if view.has_activity_bars:
            # Bars that trades end do not begin at the same times.
            return False
        return self._bars.refresh(self.instrument, view.frame_now)

    def line(self, view: ChartView, most: int) -> RebasedLine | None:
        """What to draw over the bars in view, at most about ``most`` points; None where the two have no time in common.

        The base is the last close of each at or before the first bar in view that both have.
        """
        own, other = view.bars, self._bars.series.rows
        first, last = view.visible()
        if view.has_activity_bars or last <= first or not len(other):
            return None
        stamps = other["ts_ns"]
        begin, end = int(own["ts_ns"][first]), int(own["ts_ns"][last - 1])
        left = max(0, int(np.searchsorted(stamps, begin, "right")) - 1)
        right = int(np.searchsorted(stamps, end, "right"))
        if right <= left:
            return None
        chosen = np.unique(np.linspace(left, right - 1, min(max(2, most), right - left)).astype(np.int64))
        times = np.maximum(stamps[chosen], begin)
        places = first + np.searchsorted(own["ts_ns"][first:last], times, "right") - 1.0
        closes = other["close"][chosen].astype(np.float64)
        base_place = int(places[0])
        base, own_base = closes[0], float(own["close"][base_place])
        if base <= 0 or own_base <= 0:
            return None
        return RebasedLine(places, closes * (own_base / base), float(closes[-1] / base - 1.0))


class ComparisonSet:
    """The compared symbols of one chart, in the order in which they were added. UI thread only."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.items: list[Comparison] = []

    def add(self, instrument: Instrument, own: Instrument | None) -> None:
        """Adds one; raises CompareError when it is there already, is the chart's own, or one too many."""
        if own is not None and instrument.id == own.id:
            raise CompareError(f"{instrument.label} is this chart's own symbol.")
        if any(each.instrument.id == instrument.id for each in self.items):
            raise CompareError(f"{instrument.label} is compared already.")
        if len(self.items) >= MOST_COMPARED:
            raise CompareError(f"A chart compares {MOST_COMPARED} symbols at the most; remove one first.")
        self.items.append(Comparison(self._market, instrument))

    def remove(self, instrument: int) -> None:
        """Takes one away."""
        self.items = [each for each in self.items if each.instrument.id != instrument]

    def clear(self) -> None:
        """Compares nothing."""
        self.items = []

    def follow(self, view: ChartView) -> bool:
        """Reads everybody's new bars; True when anything is different."""
        changed = [each.refresh(view) for each in self.items]
        return any(changed)

    def symbols(self) -> list[str]:
        """For the workspace."""
        return [each.instrument.symbol for each in self.items]
