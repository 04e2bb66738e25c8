"""Tick, volume and dollar bars of the instruments that somebody looks at."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY
from terminal.core.messages import Flag
from terminal.market.activity_kernel import (
    ACTIVITY_KEPT,
    DOLLAR,
    SERIES,
    SERIES_ROW,
    TICK,
    VOLUME,
    ActivityArrays,
    series_of_prints,
)
from terminal.market.print_kernel import PRINTS_KEPT
from terminal.market.prints import PrintStore
from terminal.market.rows import ACTIVITY_ROW, Rows
from terminal.market.sequence_lock import SequenceLock


class ActivityKind(IntEnum):
    """What fills a bar."""

    TICK = TICK
    """Trades."""
    VOLUME = VOLUME
    """Size, in the units of messages."""
    DOLLAR = DOLLAR
    """Price times size times the contract's multiplier, in whole units of the currency."""


SeriesKey = tuple[int, ActivityKind, float]
_LEFT_OUT = PRINTS_KEPT >> 4
"""Of a full ring of prints a new series leaves the oldest out, so that the state of a moment ago or of a moment later
can begin the same series with the same trade."""


class ActivityStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies.

    A series begins when it is first read, with the instrument's trades that ``prints`` still has, and grows with every
    trade from then on. SERIES of them are kept: a new one takes the place of that read longest ago.
    """

    def __init__(self, lock: SequenceLock, prints: PrintStore) -> None:
        self._lock = lock
        self._prints = prints
        self._opening = threading.Lock()
        self._unit_of: npt.NDArray[np.float64] = np.full(CAPACITY, np.nan)
        self.arrays = ActivityArrays(
            np.full(CAPACITY, -1, np.int32),
            np.zeros(SERIES, SERIES_ROW),
            np.zeros((SERIES, ACTIVITY_KEPT), ACTIVITY_ROW),
        )
        self._places: dict[SeriesKey, int] = {}
        """Ordered by when they were last read, the oldest first."""
        self._begins: dict[SeriesKey, int] = {}

    def begins(self) -> dict[SeriesKey, int]:
        """The open series, and the number of the trade with which each began (see :class:`PrintStore`)."""
        with self._opening:
            return self._begins.copy()

    def open_as(self, begins: Mapping[SeriesKey, int]) -> None:
        """Opens what another state has open, from the same trades on; what begins later than this state is left out."""
        with self._opening:
            for key, first in begins.items():
                if key not in self._places and first <= self._prints.last_number:
                    with self._lock.writing():
                        self._open(key, first)

    def set_unit(self, instrument: int, unit: float) -> None:
        """Says what one unit of price times one unit of an instrument's size is worth in its currency.

        Series that were read before it was known take it too. The caller does not hold the lock.
        """
        with self._lock.writing():
            self._unit_of[instrument] = unit
            place = int(self.arrays.head_of[instrument])
            while place >= 0:
                self.arrays.series["unit"][place] = unit
                place = int(self.arrays.series["next"][place])

    def clear(self) -> None:
        """Empties all series. Under the lock."""
        self.arrays.series["count"] = 0
        self.arrays.series["progress"] = 0.0
        self._begins = dict.fromkeys(self._begins, 1)

    def read(self, instrument: int, kind: ActivityKind, size: float, most: int) -> Rows:
        """The newest ``most`` bars (ACTIVITY_ROW) of ``size`` each, ascending; the last one may still grow.

        The trade that fills a bar belongs to it whole. Raises ValueError for a size of 0 or less.
        """
        if not size > 0:
            raise ValueError(f"a bar holds more than nothing, was asked for {size}")
        if not 0 <= instrument < CAPACITY:
            return np.empty(0, ACTIVITY_ROW)
        key = (instrument, kind, float(size))
        with self._opening:
            if key in self._places:
                self._places[key] = self._places.pop(key)
            else:
                with self._lock.writing():
                    self._open(key)
            place = self._places[key]
            return self._lock.copy(lambda: self._copy(place, most))

    def _copy(self, place: int, most: int) -> Rows:
        count = int(self.arrays.series["count"][place])
        wanted = np.arange(max(0, count - min(most, ACTIVITY_KEPT)), count) % ACTIVITY_KEPT
        bars: Rows = self.arrays.bars[place][wanted]
        return bars

    def _open(self, key: SeriesKey, first: int = 1) -> None:
        instrument, kind, size = key
        if len(self._places) < SERIES:
            place = len(self._places)
        else:
            oldest = next(iter(self._places))
            place = self._places.pop(oldest)
            del self._begins[oldest]
            self._unlink(oldest[0], place)
        row = self.arrays.series[place]
        row["size"], row["unit"], row["kind"] = size, self._unit_of[instrument], kind
        row["progress"], row["count"] = 0.0, 0
        row["next"] = self.arrays.head_of[instrument]
        self.arrays.head_of[instrument] = place
        self._places[key] = place
        last = self._prints.last_number
        if last > PRINTS_KEPT:
            first = max(first, last - PRINTS_KEPT + 1 + (_LEFT_OUT if first == 1 else 0))
        self._begins[key] = first
        prints = self._prints.copy_of_one(instrument, first - 1, PRINTS_KEPT)
        series_of_prints(self.arrays, place, prints, int(Flag.OFF_BOOK))

    def _unlink(self, instrument: int, place: int) -> None:
        series, head_of = self.arrays.series, self.arrays.head_of
        after = int(series["next"][place])
        if head_of[instrument] == place:
            head_of[instrument] = after
            return
        before = int(head_of[instrument])
        while series["next"][before] != place:
            before = int(series["next"][before])
        series["next"][before] = after
