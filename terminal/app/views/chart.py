"""The chart's window on the bars: which are in view, at which prices, with which marks on the axes. Bars have a place
(0, 1, 2...) and no gaps, so nights and week-ends take no room."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from terminal.app.market_port import Market, Rows, StoredBars
from terminal.app.views import chart_axes
from terminal.app.views.chart_axes import Mark
from terminal.app.views.chart_bars import ChartBars
from terminal.app.views.chart_frames import FRAMES, ChartFrame, FrameUnit, frame
from terminal.app.views.chart_history import ChartHistory
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument
from terminal.market.bar_series import KEPT, BarSeries
from terminal.market.heikin_ashi import HeikinAshi
from terminal.market.pyramid import Columns, group_for

__all__ = ["FRAMES", "KEPT", "ChartKind", "ChartView", "Mark"]

_LEAST_IN_VIEW, _MOST_IN_VIEW = 10.0, float(KEPT)
_NICE_TOPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
_ROOM_RIGHT = 3.0
"""Empty bars between the newest bar and the price axis, or a thirtieth of the view if that is more."""
_PADDING = 0.06
_LOOKED_AT = 2_048
"""Columns of bars that are read for the extremes of the view."""


class ChartKind(Enum):
    """How bars are drawn."""

    CANDLES = "candles"
    HOLLOW = "hollow"
    BARS = "bars"
    LINE = "line"
    AREA = "area"
    HEIKIN_ASHI = "heikin_ashi"

    @property
    def is_line(self) -> bool:
        """Whether neighbours are joined by a line."""
        return self in {ChartKind.LINE, ChartKind.AREA}


class ChartView:
    """Bars of one instrument and time frame, and the part of them that is on the screen. UI thread only."""

    def __init__(self, market: Market, stored: StoredBars | None = None) -> None:
        """``stored``: where bars are that memory does not hold any more."""
        self._bars = ChartBars(market, stored)
        self._averaged = HeikinAshi()
        self.instrument: Instrument | None = None
        self.frame_now: ChartFrame = frame("5m")
        self.kind = ChartKind.CANDLES
        self.is_log = False
        self.right = 0.0
        """Place at the right edge of the plot; the bar ``n`` fills ``n - 0.5`` to ``n + 0.5``."""
        self.in_view = 120.0
        self.follows = True
        self.fixed_prices: tuple[float, float] | None = None
        """Lowest and highest price in view when a person has set them, else None."""

    @property
    def frame(self) -> str:
        """The time frame's name."""
        return self.frame_now.name

    @property
    def seconds(self) -> int:
        """Seconds a bar; 0 when the clock does not end it."""
        return self.frame_now.seconds

    @property
    def series(self) -> BarSeries:
        """The bars as traded."""
        return self._bars.series

    @property
    def history(self) -> ChartHistory:
        """What is older than memory."""
        return self._bars.history

    @property
    def shown(self) -> BarSeries:
        """The bars as drawn: Heikin-Ashi are averaged."""
        return self._averaged.series if self.kind is ChartKind.HEIKIN_ASHI else self._bars.series

    @property
    def bars(self) -> Rows:
        """The bars as traded; a view that is not to be kept."""
        return self._bars.series.rows

    @property
    def has_bars(self) -> bool:
        """Whether there is anything to draw."""
        return len(self._bars.series) > 0

    @property
    def first_change(self) -> int:
        """Bars from this place on are new since the last :meth:`refresh`."""
        return self._bars.series.first_change

    def show(self, instrument: Instrument) -> None:
        """Another instrument."""
        self.instrument = instrument
        self._clear()

    def set_frame(self, name: str) -> None:
        """Another time frame; FrameError for a text that is none."""
        wanted = frame(name)
        if wanted != self.frame_now:
            self.frame_now = wanted
            self._clear()

    def set_kind(self, kind: ChartKind) -> None:
        """Draws the bars otherwise."""
        self.kind = kind
        self._averaged = HeikinAshi()
        if kind is ChartKind.HEIKIN_ASHI:
            self._averaged.follow(self.series)

    def _clear(self) -> None:
        self._bars.clear()
        self._averaged = HeikinAshi()
        self.reset()

    def refresh(self) -> bool:
        """Reads new bars; True when anything is different. ``first_change`` says from where."""
        if self.instrument is None:
            return False
        series = self.series
        before, generation = len(series), series.generation
        has_older = self._bars.take_older()
        if has_older:
            self.right -= series.dropped
        older = series.generation
        changed = self._bars.refresh(self.instrument, self.frame_now) or has_older
        if changed and self.kind is ChartKind.HEIKIN_ASHI:
            self._averaged.follow(series)
        if series.dropped and series.generation != older:
            self.right -= series.dropped
        if len(series) != before or series.generation != generation:
            self._follow()
        if self.right - 1.5 * self.in_view < 0:
            self.history.want(self.instrument, self.frame_now, series.rows)
        return changed

    # What is in view.

    def visible(self) -> tuple[int, int]:
        """First and one past the last place of the bars in view."""
        count = len(self.series)
        first = max(0, math.floor(self.right - self.in_view))
        return min(first, count), max(0, min(count, math.ceil(self.right + 1)))

    def columns(self, most: int) -> Columns:
        """The bars in view as drawn, joined so that there are about ``most`` at the most (twice as many at worst)."""
        first, last = self.visible()
        return self.shown.columns(first, last, group_for(max(1.0, self.in_view / max(1, most))))

    def tick(self, px: float) -> float:
        """The price increment at ``px``."""
        return 1.0 if self.instrument is None else float(self.instrument.tick_class.table.increment(int(px)))

    def prices(self) -> tuple[float, float]:
        """Lowest and highest price of the plot, as integers' scale."""
        if self.fixed_prices is not None:
            return self.fixed_prices
        columns = self.columns(_LOOKED_AT)
        if not len(columns):
            return 0.0, 1.0
        low, high = float(columns.low.min()), float(columns.high.max())
        return self.padded(low, high)

    def padded(self, low: float, high: float) -> tuple[float, float]:
        """Prices with some air above and below them."""
        if self.is_log and low > 0:
            factor = max((high / low) ** _PADDING, 1 + 2 * self.tick(high) / high)
            return low / factor, high * factor
        padding = max((high - low) * _PADDING, 2 * self.tick(high))
        return low - padding, high + padding

    def most_volume(self, most_columns: int = _LOOKED_AT) -> int:
        """Top of the volume scale: the largest of the columns that :meth:`columns` gives for ``most_columns``, rounded
        up so that a growing bar does not move it each time."""
        columns = self.columns(most_columns)
        return nice_top(int(columns.volume.max()) if len(columns) else 1)

    def reset(self) -> None:
        """Follows the newest bar at prices that fit."""
        self.follows = True
        self.fixed_prices = None
        self._follow()

    @property
    def newest(self) -> float:
        """Place of the right edge that shows the newest bar with some room beside it."""
        return len(self.series) - 1 + max(_ROOM_RIGHT, self.in_view / 30)

    def _follow(self) -> None:
        if self.follows:
            self.right = self.newest

    def pan(self, bars: float) -> None:
        """Moves to later (positive) or earlier bars; coming to the newest again follows it."""
        newest = self.newest
        self.right = min(max(self.right + bars, min(newest, self.in_view * 0.2)), newest + self.in_view * 0.6)
        self.follows = abs(self.right - newest) < max(0.5, self.in_view / 1000)

    def zoom(self, factor: float, at: float) -> None:
        """Shows ``factor`` times as many bars, keeping the place ``at`` where it is."""
        before = self.in_view
        self.in_view = min(max(before * factor, _LEAST_IN_VIEW), _MOST_IN_VIEW)
        if self.follows:
            self._follow()
        else:
            self.right = at + (self.right - at) * self.in_view / before

    def zoom_prices(self, factor: float) -> None:
        """Stretches the prices around the middle; they stay so until a reset."""
        low, high = self.prices()
        if self.is_log and low > 0:
            middle, half = math.sqrt(low * high), math.sqrt(high / low) ** factor
            self.fixed_prices = (middle / half, middle * half)
            return
        middle, half_px = (low + high) / 2, (high - low) / 2 * factor
        self.fixed_prices = (middle - half_px, middle + half_px)

    def pan_prices(self, share: float) -> None:
        """Moves the prices by a share of the plot's height, only once a person has fixed them."""
        if self.fixed_prices is None:
            return
        low, high = self.fixed_prices
        if self.is_log and low > 0:
            factor = (high / low) ** share
            self.fixed_prices = (low * factor, high * factor)
        else:
            by = share * (high - low)
            self.fixed_prices = (low + by, high + by)

    # Time and places.

    def place_of(self, ts_ns: int) -> int:
        """The bar that holds an instant: the last that starts at or before it; -1 before the first."""
        return int(np.searchsorted(self.bars["ts_ns"], ts_ns, side="right")) - 1

    def place_at(self, ts_ns: int) -> float:
        """The place of an instant as a fraction: between two bars' starts by the time between them, and beyond the
        first and the last by the usual length of a bar. 0.0 without bars."""
        stamps = self.bars["ts_ns"]
        if not len(stamps):
            return 0.0
        at = self.place_of(ts_ns)
        length = self.bar_ns()
        if at < 0:
            return (ts_ns - int(stamps[0])) / length
        start = int(stamps[at])
        if at == len(stamps) - 1:
            return at + (ts_ns - start) / length
        # A night is longer than its bar; within the bar's own length time runs as it does elsewhere.
        share = (ts_ns - start) / min(length, int(stamps[at + 1]) - start)
        return at + min(share, 1.0 - 1e-9)

    def ts_at(self, place: float) -> int:
        """The instant of a place, the way back of :meth:`place_at`; 0 without bars."""
        stamps = self.bars["ts_ns"]
        if not len(stamps):
            return 0
        at = min(max(math.floor(place), 0), len(stamps) - 1)
        length = self.bar_ns()
        if at < len(stamps) - 1 and place >= 0:
            length = min(length, int(stamps[at + 1]) - int(stamps[at]))
        return int(stamps[at]) + round((place - at) * length)

    def bar_ns(self) -> int:
        """The length of a bar: the frame's, or the median one of those that the clock does not end; at least 1."""
        if self.seconds:
            return self.seconds * NS_PER_S
        gaps = np.diff(self.bars["ts_ns"][-256:])
        return max(1, int(np.median(gaps))) if len(gaps) else NS_PER_S

    def ends_ns(self) -> int | None:
        """When the newest bar ends; None when the clock does not end it, or it is a day or longer."""
        if not len(self.bars) or not 0 < self.seconds < 86_400:
            return None
        return int(self.bars["ts_ns"][-1]) + self.seconds * NS_PER_S

    # Axes.

    def day_breaks(self) -> list[int]:
        """Places in view whose bar is the first of a New York day; none for daily bars."""
        if self.seconds >= 86_400:
            return []
        return chart_axes.day_breaks(self.bars["ts_ns"], *self.visible())

    def time_marks(self, most: int) -> list[Mark]:
        """At most about ``most`` marks: times of day, with dates where a day begins."""
        return chart_axes.time_marks(self.bars["ts_ns"], *self.visible(), most, self.seconds)

    def price_marks(self, most: int) -> list[float]:
        """Round prices in view, at most about ``most``, as integers' scale."""
        return self.price_marks_of(*self.prices(), most)

    def price_marks_of(self, low: float, high: float, most: int) -> list[float]:
        """Round prices between two, at most about ``most``."""
        least = self.tick(abs(low))
        if self.is_log and low > 0:
            return chart_axes.log_marks(low, high, most, least)
        return chart_axes.price_marks(low, high, most, least)

    @property
    def has_activity_bars(self) -> bool:
        """Whether trades, volume or turnover end the bars."""
        return self.frame_now.unit is not FrameUnit.TIME


def nice_top(most: int) -> int:
    """A round number at or a little above ``most``, at least 10."""
    if most <= 10:
        return 10
    power: int = 10 ** (len(str(most)) - 2)
    leading = -(-most // power)
    return int(next((nice for nice in _NICE_TOPS if nice >= leading), 100) * power)
