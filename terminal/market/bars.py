"""Bars in memory: two rings an instrument (seconds and minutes), every other time frame made from them on reading."""

from __future__ import annotations

import threading
from datetime import datetime

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NEW_YORK, NS_PER_S, from_ns
from terminal.core.instruments import CAPACITY
from terminal.core.messages import Flag
from terminal.market.activity import ActivityKind, ActivityStore
from terminal.market.bar_kernel import (
    CLOSED_KEPT,
    CLOSED_ROW,
    COARSE_KEPT,
    COARSE_ROW,
    BarArrays,
    newest_coarse,
    newest_minutes,
    seconds_of_prints,
)
from terminal.market.print_kernel import PRINTS_KEPT
from terminal.market.prints import PrintStore
from terminal.market.rows import BAR_ROW, Rows
from terminal.market.sequence_lock import SequenceLock

SLOTS = 64
SLOTS_FOR_READERS = 16
SECONDS_KEPT = 1 << 15
MINUTES_KEPT = 1 << 15
DAY_S = 86_400
MOST_SUM = 1 << 62
"""Volumes that are added up stop there instead of turning negative."""


class BarStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies.

    Every instrument has minutes: the newest CLOSED_KEPT of the whole market. Those in a slot have seconds too, and many
    more minutes. SLOTS_FOR_READERS slots are kept free of what nobody has read; when all are taken, the one that was
    read longest ago is given up.
    """

    def __init__(self, lock: SequenceLock, prints: PrintStore) -> None:
        self._lock = lock
        self._prints = prints
        self.activity = ActivityStore(lock, prints)
        self._opening = threading.RLock()
        # Untouched pages of these arrays cost no memory, so every slot may have room for weeks.
        self.arrays = BarArrays(
            growing=np.zeros(CAPACITY, BAR_ROW),
            closed=np.zeros(CLOSED_KEPT, CLOSED_ROW),
            newest_of=np.zeros(CAPACITY, np.int64),
            last=np.zeros(1, np.int64),
            slot_of=np.full(CAPACITY, -1, np.int32),
            seconds=np.zeros((SLOTS, SECONDS_KEPT), BAR_ROW),
            seconds_count=np.zeros((SLOTS, 1), np.int64),
            minutes=np.zeros((SLOTS, MINUTES_KEPT), BAR_ROW),
            minutes_count=np.zeros((SLOTS, 1), np.int64),
            coarse=np.zeros(COARSE_KEPT, COARSE_ROW),
            newest_coarse_of=np.zeros(CAPACITY, np.int64),
            last_coarse=np.zeros(1, np.int64),
        )
        self.arrays.growing["ts_ns"] = -1
        self._minutes_before: dict[int, Rows] = {}
        self._days_before: dict[int, Rows] = {}
        self._slots: dict[int, int] = {}
        """Slot by instrument, ordered by when it was last read, the oldest first."""

    def open_slot(self, instrument: int) -> bool:
        """Starts seconds for an instrument that nobody reads yet; False when no slot is left for such."""
        with self._opening:
            if instrument not in self._slots and len(self._slots) >= SLOTS - SLOTS_FOR_READERS:
                return False
            self._slot(instrument)
            return True

    def _slot(self, instrument: int) -> int:
        """The instrument's slot, made if need be out of what the market's rings still have."""
        with self._opening:
            slot = self._slots.pop(instrument, None)
            if slot is None:
                slot = len(self._slots)
                if slot == SLOTS:
                    oldest = next(iter(self._slots))
                    slot = self._slots.pop(oldest)
                with self._lock.writing():
                    self._fill(slot, instrument)
            self._slots[instrument] = slot
            return slot

    def _fill(self, slot: int, instrument: int) -> None:
        bars = self.arrays
        bars.slot_of[bars.slot_of == slot] = -1
        bars.seconds_count[slot] = 0
        prints = self._prints.copy_of_one(instrument, 0, PRINTS_KEPT)
        seconds_of_prints(prints, int(Flag.OFF_BOOK), bars.seconds[slot], bars.seconds_count[slot])
        self._fill_minutes(slot, instrument)
        bars.slot_of[instrument] = slot

    def _fill_minutes(self, slot: int, instrument: int) -> None:
        """The history of before the first live bar, then the market's own minutes that are still there."""
        known = self._newest_minutes(instrument, MINUTES_KEPT)
        history = self._minutes_before.get(instrument, known[:0])
        if len(known):
            history = history[history["ts_ns"] < known["ts_ns"][0]]
        minutes = np.concatenate((history, known))[-MINUTES_KEPT:]
        self.arrays.minutes[slot, : len(minutes)] = minutes
        self.arrays.minutes_count[slot, 0] = len(minutes)

    def _newest_minutes(self, instrument: int, most: int) -> Rows:
        room = np.empty(min(most, CLOSED_KEPT, int(self.arrays.last[0])) + 1, BAR_ROW)
        found: Rows = room[len(room) - newest_minutes(self.arrays, instrument, room) :]
        return found[-most:]

    def load(self, instrument: int, minutes: Rows, days: Rows | None = None) -> None:
        """Puts history before the first live bar: one-minute bars and, for the time before them, daily ones.

        Both ascend and have the fields of BAR_ROW; minutes that are too many are cut at the old end.
        """
        with self._opening:
            self._minutes_before[instrument] = minutes[-MINUTES_KEPT:].copy()
            if days is not None and len(days):
                kept = np.empty(len(days), BAR_ROW)
                for name in BAR_ROW.names or ():
                    kept[name] = days[name]
                kept["ts_ns"] = bar_starts(kept["ts_ns"], DAY_S)
                self._days_before[instrument] = kept
            slot = self._slot(instrument)
            with self._lock.writing():
                self._fill_minutes(slot, instrument)

    def clear(self) -> None:
        """Forgets all bars but the history; the slots stay. Under the lock."""
        self.arrays.growing["ts_ns"] = -1
        self.arrays.newest_of[:] = 0
        self.arrays.last[:] = 0
        self.arrays.newest_coarse_of[:] = 0
        self.arrays.last_coarse[:] = 0
        self.arrays.seconds_count[:] = 0
        self.arrays.minutes_count[:] = 0
        # Not by the slots' own dictionary, which other threads reorder without this lock.
        for instrument in np.flatnonzero(self.arrays.slot_of >= 0).tolist():
            self._fill_minutes(int(self.arrays.slot_of[instrument]), instrument)
        self.activity.clear()

    def read(self, instrument: int, seconds_per_bar: int, most: int = 1000) -> Rows:
        """The newest ``most`` bars of ``seconds_per_bar`` seconds, ascending; a day is New York's.

        Frames of half an hour and more begin at 09:30 New York, where the session does. Frames that are no whole
        minutes begin, for an instrument without a slot, with the trades that the market's ring of prints still has.
        """
        if not 0 <= instrument < CAPACITY:
            return np.empty(0, BAR_ROW)
        if seconds_per_bar % 60 or instrument in self._slots or instrument in self._minutes_before:
            self._slot(instrument)
        finer, coarse = self._lock.copy(
            lambda: (self._finer(instrument, seconds_per_bar, most), self._coarse(instrument, seconds_per_bar, most))
        )
        merged = merge_bars(_with_coarse(finer, coarse), seconds_per_bar)
        if seconds_per_bar == DAY_S and instrument in self._days_before:
            merged = _after_days(self._days_before[instrument], merged)
        return merged[-most:]

    def read_activity(self, instrument: int, kind: ActivityKind, size: float, most: int = 1000) -> Rows:
        """The newest ``most`` tick, volume or dollar bars, ascending: see :meth:`ActivityStore.read`."""
        return self.activity.read(instrument, kind, size, most)

    def _coarse(self, instrument: int, seconds_per_bar: int, most: int) -> Rows:
        """Bars that came longer than a minute and fit the frame."""
        kept = int(self.arrays.last_coarse[0]) if self.arrays.newest_coarse_of[instrument] else 0
        # A day has at most 24 of the shortest that any feed sends.
        room = np.empty(min(kept, COARSE_KEPT, (most + 1) * max(1, seconds_per_bar // 3600)), COARSE_ROW)
        found: Rows = room[len(room) - newest_coarse(self.arrays, instrument, seconds_per_bar * NS_PER_S, room) :]
        return found

    def _finer(self, instrument: int, seconds_per_bar: int, most: int) -> Rows:
        whole_minutes = seconds_per_bar % 60 == 0
        base = 60 if whole_minutes else 1
        # One more than asked for, since the oldest may be cut by where the reading begins.
        wanted = (most + 1) * max(1, seconds_per_bar // base)
        slot = int(self.arrays.slot_of[instrument])
        if slot < 0:
            return self._newest_minutes(instrument, wanted) if whole_minutes else np.empty(0, BAR_ROW)
        ring, count = (
            (self.arrays.minutes[slot], int(self.arrays.minutes_count[slot, 0]))
            if whole_minutes
            else (self.arrays.seconds[slot], int(self.arrays.seconds_count[slot, 0]))
        )
        wanted = min(count, len(ring), wanted)
        order = np.arange(count - wanted, count) % len(ring)
        finer: Rows = ring[order]
        return finer


def _with_coarse(finer: Rows, coarse: Rows) -> Rows:
    """Bars by their start, the coarse ones only for times that nothing finer tells of."""
    if len(coarse) == 0:
        return finer
    rows = np.zeros(len(finer), COARSE_ROW)
    for name in BAR_ROW.names or ():
        rows[name] = finer[name]
    for length_ns in np.unique(coarse["length_ns"]):
        # The last of those that came twice, so that what was sent again replaces what was before.
        each = coarse[coarse["length_ns"] == length_ns][::-1]
        each = each[np.unique(each["ts_ns"], return_index=True)[1]]
        at = np.searchsorted(rows["ts_ns"], [each["ts_ns"], each["ts_ns"] + length_ns])
        told = np.r_[rows["ts_ns"] + rows["length_ns"], 0]
        rows = np.concatenate((rows, each[(at[0] == at[1]) & (told[at[0] - 1] <= each["ts_ns"])]))
        rows = rows[np.argsort(rows["ts_ns"], kind="stable")]
    bars = np.empty(len(rows), BAR_ROW)
    for name in BAR_ROW.names or ():
        bars[name] = rows[name]
    # A venue's day may begin in the evening before ours; most of it is in the day that its middle is in.
    bars["ts_ns"] += np.where(rows["length_ns"] >= DAY_S * NS_PER_S, rows["length_ns"] // 2, 0)
    return bars


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
    if int(bars["volume"].max()) > MOST_SUM // len(bars):
        total = np.add.reduceat(bars["volume"].astype(np.float64), first)
        merged["volume"] = np.where(total < MOST_SUM, merged["volume"], MOST_SUM)
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
