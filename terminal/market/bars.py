"""Bars in memory: two rings an instrument (seconds and minutes), every other time frame made from them on reading."""

from __future__ import annotations

import threading
from datetime import datetime

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NEW_YORK, NS_PER_S, from_ns
from terminal.core.instruments import CAPACITY
from terminal.market.rows import BAR_ROW, Rows
from terminal.market.sequence_lock import SequenceLock

SLOTS = 64
SECONDS_KEPT = 1 << 15
MINUTES_KEPT = 1 << 15
DAY_S = 86_400


class BarStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies."""

    def __init__(self, lock: SequenceLock) -> None:
        self._lock = lock
        # The engine opens slots for underlyings, and whoever reads a chart first opens its instrument's.
        self._opening = threading.Lock()
        # Untouched pages of these arrays cost no memory, so every slot may have room for weeks.
        self.slot_of: npt.NDArray[np.int32] = np.full(CAPACITY, -1, np.int32)
        self.seconds = np.zeros((SLOTS, SECONDS_KEPT), BAR_ROW)
        self.seconds_count = np.zeros((SLOTS, 1), np.int64)
        self.minutes = np.zeros((SLOTS, MINUTES_KEPT), BAR_ROW)
        self.minutes_count = np.zeros((SLOTS, 1), np.int64)
        self._minutes_before: dict[int, Rows] = {}
        self._days_before: dict[int, Rows] = {}
        self._used = 0

    def open_slot(self, instrument: int) -> bool:
        """Starts bars for an instrument; False when all slots are taken."""
        if self.slot_of[instrument] >= 0:
            return True
        with self._opening:
            if self.slot_of[instrument] >= 0:
                return True
            if self._used == SLOTS:
                return False
            self.slot_of[instrument] = self._used
            self._used += 1
            return True

    def load(self, instrument: int, minutes: Rows, days: Rows | None = None) -> None:
        """Puts history before the first live bar: one-minute bars and, for the time before them, daily ones.

        Both ascend and have the fields of BAR_ROW; minutes that are too many are cut at the old end.
        """
        if not self.open_slot(instrument):
            return
        slot = int(self.slot_of[instrument])
        self._minutes_before[slot] = minutes[-MINUTES_KEPT:].copy()
        if days is not None and len(days):
            kept = np.empty(len(days), BAR_ROW)
            for name in BAR_ROW.names or ():
                kept[name] = days[name]
            kept["ts_ns"] = bar_starts(kept["ts_ns"], DAY_S)
            self._days_before[slot] = kept
        self._put_history(slot)

    def _put_history(self, slot: int) -> None:
        minutes = self._minutes_before[slot]
        self.minutes[slot, : len(minutes)] = minutes
        self.minutes_count[slot, 0] = len(minutes)

    def clear(self) -> None:
        """Forgets all bars but the history; the slots stay."""
        self.seconds_count[:] = 0
        self.minutes_count[:] = 0
        for slot in self._minutes_before:
            self._put_history(slot)

    def read(self, instrument: int, seconds_per_bar: int, most: int = 1000) -> Rows:
        """The newest ``most`` bars of ``seconds_per_bar`` seconds, ascending; a day is New York's.

        Frames of half an hour and more begin at 09:30 New York, where the session does. An option's bars start with
        the first call; without a free slot there are none.
        """
        if not self.open_slot(instrument):
            return np.empty(0, BAR_ROW)
        slot = int(self.slot_of[instrument])
        merged = merge_bars(self._lock.copy(lambda: self._finer(slot, seconds_per_bar, most)), seconds_per_bar)
        if seconds_per_bar == DAY_S and slot in self._days_before:
            merged = _after_days(self._days_before[slot], merged)
        return merged[-most:]

    def _finer(self, slot: int, seconds_per_bar: int, most: int) -> Rows:
        whole_minutes = seconds_per_bar % 60 == 0
        ring, count = (
            (self.minutes[slot], int(self.minutes_count[slot, 0]))
            if whole_minutes
            else (self.seconds[slot], int(self.seconds_count[slot, 0]))
        )
        base = 60 if whole_minutes else 1
        # One more than asked for, since the oldest may be cut by where the reading begins.
        wanted = min(count, len(ring), (most + 1) * max(1, seconds_per_bar // base))
        order = np.arange(count - wanted, count) % len(ring)
        finer: Rows = ring[order]
        return finer


def _after_days(days: Rows, merged: Rows) -> Rows:
    """Known whole days before those that minutes make; the oldest of these may be cut, so the known one is taken."""
    if len(merged) == 0:
        return days
    before = days[days["ts_ns"] <= merged["ts_ns"][0]]
    replaces = len(before) > 0 and before["ts_ns"][-1] == merged["ts_ns"][0]
    joined: Rows = np.concatenate((before, merged[1:] if replaces else merged))
    return joined


def merge_bars(bars: Rows, seconds_per_bar: int) -> Rows:
    """Coarser bars from finer ones (BAR_ROW, ascending): first open, extremes, last close, summed volume."""
    if len(bars) == 0:
        return bars.copy()
    starts = bar_starts(bars["ts_ns"], seconds_per_bar)
    first = np.flatnonzero(np.r_[True, starts[1:] != starts[:-1]])
    last = np.r_[first[1:], len(bars)] - 1
    merged = np.empty(len(first), BAR_ROW)
    merged["ts_ns"] = starts[first]
    merged["open"] = bars["open"][first]
    merged["close"] = bars["close"][last]
    merged["high"] = np.maximum.reduceat(bars["high"], first)
    merged["low"] = np.minimum.reduceat(bars["low"], first)
    merged["volume"] = np.add.reduceat(bars["volume"], first)
    return merged


def bar_starts(ts_ns: npt.NDArray[np.int64], seconds_per_bar: int) -> npt.NDArray[np.int64]:
    """Start of the bar that each time falls into."""
    frame_ns = seconds_per_bar * NS_PER_S
    if seconds_per_bar < 1800:
        return ts_ns - ts_ns % frame_ns
    # The zone's offset changes at most twice a year, never inside a session: one look-up a UTC day is enough.
    days, where = np.unique(ts_ns // (DAY_S * NS_PER_S), return_inverse=True)
    offsets = np.array([_new_york_offset_ns(int(day) * DAY_S * NS_PER_S + DAY_S * NS_PER_S // 2) for day in days])
    anchor = (9 * 3600 + 1800) * NS_PER_S if seconds_per_bar < DAY_S else 0
    local = ts_ns + offsets[where] - anchor
    starts: npt.NDArray[np.int64] = local - local % frame_ns + anchor - offsets[where]
    return starts


def _new_york_offset_ns(ts_ns: int) -> int:
    moment: datetime = from_ns(ts_ns, NEW_YORK)
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * NS_PER_S
