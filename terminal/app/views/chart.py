"""The chart's window on the bars: which are in view, at which prices, with which marks on the axes. Bars have a place
(0, 1, 2...) and no gaps, so nights and week-ends take no room."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Market, Rows
from terminal.core.clock import NS_PER_S, from_ns
from terminal.core.instruments import Instrument
from terminal.market.rows import BAR_ROW

FRAMES = {"5s": 5, "15s": 15, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86_400}
"""Seconds a bar, by name."""
KEPT = 3_000
_TAIL = 4
_LEAST_IN_VIEW, _MOST_IN_VIEW = 10.0, float(KEPT)
_NICE_TOPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
_ROOM_RIGHT = 3.0
"""Empty bars between the newest bar and the price axis."""
_PADDING = 0.06


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark on an axis: where (price, or place of a bar), and its text. ``is_major``: a new day."""

    at: float
    text: str
    is_major: bool = False


class ChartView:
    """Bars of one instrument and time frame, and the part of them that is on the screen. UI thread only."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.instrument: Instrument | None = None
        self.frame = "5m"
        self.bars: Rows = np.empty(0, BAR_ROW)
        self.first_change = 0
        """Bars from this place on are new since the last :meth:`refresh`."""
        self.right = 0.0
        """Place at the right edge of the plot; the bar ``n`` fills ``n - 0.5`` to ``n + 0.5``."""
        self.in_view = 120.0
        self.follows = True
        self.fixed_prices: tuple[float, float] | None = None
        """Lowest and highest price in view when a person has set them, else None."""

    @property
    def seconds(self) -> int:
        """Seconds a bar."""
        return FRAMES[self.frame]

    def show(self, instrument: Instrument) -> None:
        """Another instrument."""
        self.instrument = instrument
        self._clear()

    def set_frame(self, frame: str) -> None:
        """Another time frame; KeyError for an unknown one."""
        if frame == self.frame:
            return
        FRAMES[frame]
        self.frame = frame
        self._clear()

    def _clear(self) -> None:
        self.bars = np.empty(0, BAR_ROW)
        self.first_change = 0
        self.reset()

    def refresh(self) -> bool:
        """Reads new bars; True when anything is different. ``first_change`` says from where."""
        if self.instrument is None:
            return False
        if len(self.bars):
            tail = self._market.bars.read(self.instrument.id, self.seconds, _TAIL)
            if len(tail) and self._join(tail):
                return self.first_change < len(self.bars)
        bars = self._market.bars.read(self.instrument.id, self.seconds, KEPT)
        changed = len(bars) != len(self.bars) or bool(np.any(bars != self.bars))
        self.bars = bars
        self.first_change = 0 if changed else len(bars)
        if changed:
            self._follow()
        return changed

    def _join(self, tail: Rows) -> bool:
        """Puts the newest bars in place; False when there is a gap or time went back."""
        place = int(np.searchsorted(self.bars["ts_ns"], tail["ts_ns"][0]))
        if place >= len(self.bars) or self.bars["ts_ns"][place] != tail["ts_ns"][0]:
            return False
        known = self.bars[place:]
        if len(known) > len(tail):
            return False
        same = known == tail[: len(known)]
        first = place + (int(np.argmin(same)) if not same.all() else len(known))
        grown = len(tail) - len(known)
        self.first_change = first
        if first < place + len(tail):
            self.bars = np.concatenate((self.bars[:place], tail))
            cut = max(0, len(self.bars) - KEPT)
            if cut:
                self.bars = self.bars[cut:]
                self.first_change, self.right = 0, self.right - cut
        if grown:
            self._follow()
        return True

    # What is in view.

    def visible(self) -> tuple[int, int]:
        """First and one past the last place of the bars in view."""
        first = max(0, math.floor(self.right - self.in_view))
        return min(first, len(self.bars)), max(0, min(len(self.bars), math.ceil(self.right + 1)))

    def prices(self) -> tuple[float, float]:
        """Lowest and highest price of the plot, as integers' scale."""
        if self.fixed_prices is not None:
            return self.fixed_prices
        first, last = self.visible()
        if first >= last:
            return 0.0, 1.0
        low, high = float(self.bars["low"][first:last].min()), float(self.bars["high"][first:last].max())
        tick = 1.0 if self.instrument is None else float(self.instrument.tick_class.table.increment(int(high)))
        padding = max((high - low) * _PADDING, 2 * tick)
        return low - padding, high + padding

    def most_volume(self) -> int:
        """Top of the volume scale: the largest in view, rounded up so that a growing bar does not move it each time."""
        first, last = self.visible()
        most = int(self.bars["volume"][first:last].max()) if first < last else 1
        if most <= 10:
            return 10
        power: int = 10 ** (len(str(most)) - 2)
        leading = -(-most // power)
        return int(next((nice for nice in _NICE_TOPS if nice >= leading), 100) * power)

    def reset(self) -> None:
        """Follows the newest bar at prices that fit."""
        self.follows = True
        self.fixed_prices = None
        self._follow()

    def _follow(self) -> None:
        if self.follows:
            self.right = len(self.bars) - 1 + _ROOM_RIGHT

    def pan(self, bars: float) -> None:
        """Moves to later (positive) or earlier bars; coming to the newest again follows it."""
        newest = len(self.bars) - 1 + _ROOM_RIGHT
        self.right = min(max(self.right + bars, min(newest, self.in_view * 0.2)), newest + self.in_view * 0.6)
        self.follows = abs(self.right - newest) < 0.5

    def zoom(self, factor: float, at: float) -> None:
        """Shows ``factor`` times as many bars, keeping the place ``at`` where it is."""
        before = self.in_view
        self.in_view = min(max(before * factor, _LEAST_IN_VIEW), _MOST_IN_VIEW)
        if not self.follows:
            self.right = at + (self.right - at) * self.in_view / before

    def zoom_prices(self, factor: float) -> None:
        """Stretches the prices around the middle; they stay so until a reset."""
        low, high = self.prices()
        middle, half = (low + high) / 2, (high - low) / 2 * factor
        self.fixed_prices = (middle - half, middle + half)

    def pan_prices(self, by: float) -> None:
        """Moves the prices, only once a person has fixed them."""
        if self.fixed_prices is not None:
            self.fixed_prices = (self.fixed_prices[0] + by, self.fixed_prices[1] + by)

    def place_of(self, ts_ns: int) -> int:
        """The bar that holds an instant: the last that starts at or before it; -1 before the first."""
        return int(np.searchsorted(self.bars["ts_ns"], ts_ns, side="right")) - 1

    # Axes.

    def day_breaks(self) -> list[int]:
        """Places in view whose bar is the first of a New York day; none for daily bars."""
        first, last = self.visible()
        if self.seconds >= 86_400 or last - first < 2:
            return []
        days = new_york_days(self.bars["ts_ns"][max(0, first - 1) : last])
        offset = max(0, first - 1)
        return [int(place) + offset + 1 for place in np.flatnonzero(days[1:] != days[:-1])]

    def time_marks(self, most: int) -> list[Mark]:
        """At most about ``most`` marks: times of day, with dates where a day begins."""
        first, last = self.visible()
        if first >= last or most < 1:
            return []
        stamps = self.bars["ts_ns"][first:last]
        if self.seconds >= 86_400:
            return _date_marks(stamps, first, most)
        local = stamps + new_york_offsets(stamps)
        span_s = int(max(1, len(stamps))) * self.seconds
        step_s = next((step for step in _STEPS_S if span_s / step <= most), _STEPS_S[-1])
        slots = local // (step_s * NS_PER_S)
        begins = np.flatnonzero(np.r_[False, slots[1:] != slots[:-1]])
        days = local // (86_400 * NS_PER_S)
        least = max(1, (last - first) // (2 * most))
        marks: list[Mark] = []
        for place in begins.tolist():
            moment = from_ns(int(stamps[place]))
            new_day = bool(days[place] != days[place - 1])
            if marks and place + first - marks[-1].at < least:
                if not new_day:
                    continue
                marks.pop()
            text = f"{moment:%d %b}" if new_day else f"{moment:%H:%M:%S}" if step_s < 60 else f"{moment:%H:%M}"
            marks.append(Mark(float(place + first), text, new_day))
        return marks

    def price_marks(self, most: int) -> list[float]:
        """Round prices in view, at most about ``most``, as integers' scale."""
        low, high = self.prices()
        if most < 1 or high <= low:
            return []
        least = 1.0 if self.instrument is None else float(self.instrument.tick_class.table.increment(int(abs(low))))
        raw = max((high - low) / most, least)
        power = 10 ** math.floor(math.log10(raw))
        step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw)
        step = max(least, round(step / least) * least)
        return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


_STEPS_S = (
    15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 4 * 3600, 86_400, 7 * 86_400, 30 * 86_400,
)  # fmt: skip


def new_york_offsets(stamps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """UTC offsets of New York in ns, looked up once a UTC day (it changes on week-ends only)."""
    days, where = np.unique(stamps // (86_400 * NS_PER_S), return_inverse=True)
    found = []
    for day in days.tolist():
        offset = from_ns(day * 86_400 * NS_PER_S + 43_200 * NS_PER_S).utcoffset() or timedelta()
        found.append(int(offset.total_seconds()) * NS_PER_S)
    offsets: npt.NDArray[np.int64] = np.array(found, np.int64)[where]
    return offsets


def new_york_days(stamps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Number of the New York day of each instant."""
    days: npt.NDArray[np.int64] = (stamps + new_york_offsets(stamps)) // (86_400 * NS_PER_S)
    return days


def _date_marks(stamps: npt.NDArray[np.int64], first: int, most: int) -> list[Mark]:
    step = max(1, math.ceil(len(stamps) / most))
    marks = []
    for place in range(0, len(stamps), step):
        moment = from_ns(int(stamps[place]))
        marks.append(Mark(float(place + first), f"{moment:%d %b %y}"))
    return marks
