"""Where a chart's bars come from: the market's readers, joined to what is known, in any time frame."""

from __future__ import annotations

import numpy as np

from terminal.app.market_port import Market, Rows
from terminal.app.views.chart_axes import new_york_days
from terminal.app.views.chart_frames import DAY_S, WEEK_S, ChartFrame, FrameUnit
from terminal.core.clock import NS_PER_DAY
from terminal.core.instruments import Instrument
from terminal.market.activity import ActivityKind
from terminal.market.bar_series import KEPT, BarSeries
from terminal.market.bars import merge_bars
from terminal.market.rows import BAR_ROW

_TAIL = 4
_ACTIVITY_TAIL = 256
"""Several trades may fall on one instant at one price: only a long tail says for sure where it belongs."""


_KINDS = {
    FrameUnit.TRADES: ActivityKind.TICK,
    FrameUnit.VOLUME: ActivityKind.VOLUME,
    FrameUnit.TURNOVER: ActivityKind.DOLLAR,
}


class ChartBars:
    """The bars of one instrument and frame. UI thread only."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.series = BarSeries()

    def clear(self) -> None:
        """No bars: another instrument or frame."""
        self.series.clear()

    def refresh(self, instrument: Instrument, frame: ChartFrame) -> bool:
        """Reads new bars; True when anything is different. The series says from where."""
        series = self.series
        if len(series):
            tail = self._read(instrument, frame, _TAIL if frame.unit is FrameUnit.TIME else _ACTIVITY_TAIL)
            if len(tail) and series.join(tail):
                return series.first_change < len(series)
        bars = self._read(instrument, frame, KEPT)
        if len(bars) == len(series) and bool(np.all(bars == series.rows)):
            return False
        series.replace(bars)
        return True

    def _read(self, instrument: Instrument, frame: ChartFrame, most: int) -> Rows:
        reader = self._market.bars
        if frame.unit is not FrameUnit.TIME:
            size = float(frame.size * instrument.size_scale if frame.unit is FrameUnit.VOLUME else frame.size)
            return _plain(reader.read_activity(instrument.id, _KINDS[frame.unit], size, most))
        if frame.seconds == WEEK_S:
            return _weeks(reader.read(instrument.id, DAY_S, min(KEPT, 7 * most)), most)
        return reader.read(instrument.id, frame.seconds, most)


def _plain(bars: Rows) -> Rows:
    """The fields of BAR_ROW."""
    found = np.empty(len(bars), BAR_ROW)
    for name in BAR_ROW.names or ():
        found[name] = bars[name]
    return found


def _weeks(days: Rows, most: int) -> Rows:
    """The newest ``most`` weeks from Monday, out of daily bars; the first of all may be a part of its week."""
    if not len(days):
        return days
    # Day 0 of the epoch was a Thursday.
    weeks = (new_york_days(days["ts_ns"]) + 3) // 7
    starts = np.flatnonzero(np.r_[True, weeks[1:] != weeks[:-1]])
    merged = merge_bars(_stamped(days, weeks), 1)
    merged["ts_ns"] = days["ts_ns"][starts]
    return merged[-most:]


def _stamped(days: Rows, weeks: np.ndarray) -> Rows:
    stamped = days.copy()
    stamped["ts_ns"] = weeks * 7 * NS_PER_DAY
    return stamped
