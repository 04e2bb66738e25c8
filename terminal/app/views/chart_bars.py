"""Where a chart's bars come from: the market's readers, joined to what is known, in any time frame."""

from __future__ import annotations

import numpy as np

from terminal.app.market_port import Market, Rows, StoredBars
from terminal.app.views.chart_frames import DAY_S, WEEK_S, ChartFrame, FrameUnit
from terminal.app.views.chart_history import ChartHistory, merge_weeks
from terminal.core.instruments import Instrument
from terminal.market.activity import ActivityKind
from terminal.market.bar_series import KEPT, BarSeries
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

    def __init__(self, market: Market, stored: StoredBars | None = None) -> None:
        self._market = market
        self.series = BarSeries()
        self.history = ChartHistory(stored)

    def clear(self) -> None:
        """No bars: another instrument or frame."""
        self.series.clear()
        self.history.forget()

    def take_older(self) -> bool:
        """Puts a page of older bars that has come before the others; ``series.dropped`` says how places have moved."""
        page = self.history.take(self.series.rows)
        if page is None:
            return False
        self.series.join_before(page)
        return True

    def refresh(self, instrument: Instrument, frame: ChartFrame) -> bool:
        """Reads new bars; True when anything is different. The series says from where."""
        series = self.series
        if len(series):
            tail = self._read(instrument, frame, _TAIL if frame.unit is FrameUnit.TIME else _ACTIVITY_TAIL)
            tail = self.history.mended(tail)
            if len(tail) and series.join(tail):
                return series.first_change < len(series)
        bars = self.history.before(self._read(instrument, frame, KEPT))
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
            return merge_weeks(reader.read(instrument.id, DAY_S, min(KEPT, 7 * most)))[-most:]
        return reader.read(instrument.id, frame.seconds, most)


def _plain(bars: Rows) -> Rows:
    """The fields of BAR_ROW."""
    found = np.empty(len(bars), BAR_ROW)
    for name in BAR_ROW.names or ():
        found[name] = bars[name]
    return found
