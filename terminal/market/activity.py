"""Tick, volume and dollar bars of the instruments that somebody looks at."""

from __future__ import annotations

import threading
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


_Key = tuple[int, ActivityKind, float]


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
        self._places: dict[_Key, int] = {}
        """Ordered by when they were last read, the oldest first."""

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

    def _open(self, key: _Key) -> None:
        instrument, kind, size = key
        if len(self._places) < SERIES:
            place = len(self._places)
        else:
            oldest = next(iter(self._places))
            place = self._places.pop(oldest)
            self._unlink(oldest[0], place)
        row = self.arrays.series[place]
        row["size"], row["unit"], row["kind"] = size, self._unit_of[instrument], kind
        row["progress"], row["count"] = 0.0, 0
        row["next"] = self.arrays.head_of[instrument]
        self.arrays.head_of[instrument] = place
        self._places[key] = place
        series_of_prints(self.arrays, place, self._prints.copy_of_one(instrument, 0, PRINTS_KEPT), int(Flag.OFF_BOOK))

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
