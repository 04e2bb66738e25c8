"""The bars of one chart in one growing array, with their pyramid: a tick changes the newest bar and nothing else."""

from __future__ import annotations

import numpy as np

from terminal.market.pyramid import BarPyramid, Columns
from terminal.market.rows import BAR_ROW, Rows

KEPT = 1 << 20
"""Bars kept at most; the oldest sixteenth goes when there are more."""
_SPARE = KEPT // 16
_LEAST_ROOM = 4096


class BarSeries:
    """Ascending bars (BAR_ROW). One thread only."""

    def __init__(self) -> None:
        self._room: Rows = np.empty(_LEAST_ROOM, BAR_ROW)
        self._count = 0
        self._pyramid = BarPyramid(_LEAST_ROOM)
        self.first_change = 0
        """Bars from this place on are new or different since the last call that changed anything."""
        self.dropped = 0
        """Bars that the last call took away at the old end: places have moved down by as many."""
        self.changes = 0
        """Grows with every call that changed anything."""
        self.generation = 0
        """Grows whenever bars before the newest ones may be different."""

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> Rows:
        """All bars; a view of the series' memory, so neither keep nor change it."""
        return self._room[: self._count]

    def clear(self) -> None:
        """No bars."""
        self._count, self.first_change, self.dropped = 0, 0, 0
        self.generation += 1
        self.changes += 1

    def replace(self, rows: Rows) -> None:
        """Other bars in place of all."""
        self.clear()
        self._take(0, rows[-KEPT:])

    def join(self, tail: Rows) -> bool:
        """Takes the newest bars, the first of which is known already; False, and nothing changed, when they do not
        fit: there is a gap, or time went back."""
        place = self._place_of(tail)
        if place < 0 or self._count - place > len(tail):
            return False
        known = self._room[place : self._count]
        same = known == tail[: len(known)]
        kept = len(known) if bool(same.all()) else int(np.argmin(same))
        self.dropped = 0
        if kept < len(tail):
            self._take(place + kept, tail[kept:])
        else:
            self.first_change = self._count
        return True

    def join_before(self, older: Rows) -> None:
        """Takes bars before the first one, in whose place the last of them stands where it begins with it. ``dropped``
        is negative: places have moved up by as many."""
        count, known = self._count, self.rows
        if count and len(older) and older["ts_ns"][-1] == known["ts_ns"][0]:
            known = known[1:]
        self.replace(np.concatenate((older, known)))
        self.dropped = count - self._count

    def columns(self, first: int, last: int, group: int) -> Columns:
        """The bars ``first`` to ``last`` joined by ``group`` (see :class:`BarPyramid`)."""
        return self._pyramid.columns(self.rows, first, last, min(group, self._pyramid.widest()))

    def _place_of(self, tail: Rows) -> int:
        """Place of the tail's first bar, -1 for none. Bars made of trades may begin at one instant and even be alike:
        then all finished bars must be those of the tail."""
        if not self._count or not len(tail):
            return -1
        stamps = self.rows["ts_ns"]
        begin = int(np.searchsorted(stamps, tail["ts_ns"][0]))
        end = int(np.searchsorted(stamps, tail["ts_ns"][0], side="right"))
        if end - begin <= 1:
            return begin if end > begin else -1
        for place in range(begin, end):
            known = self._room[place : self._count - 1]
            if len(known) < len(tail) and bool(np.all(known == tail[: len(known)])):
                return place
        return -1

    def _take(self, place: int, rows: Rows) -> None:
        self.changes += 1
        count = place + len(rows)
        if count > KEPT + _SPARE:
            cut = count - KEPT
            kept = self._room[cut:place].copy()
            self.dropped = cut
            self.generation += 1
            self._room[: len(kept)] = kept
            place, count = len(kept), KEPT
            self._count = place
        if count > len(self._room):
            room = np.empty(min(KEPT + _SPARE, max(2 * len(self._room), count)), BAR_ROW)
            room[:place] = self._room[:place]
            self._room = room
            self._pyramid = BarPyramid(len(room))
            self._room[place:count] = rows
            self._count, self.first_change = count, place
            self._pyramid.update(self.rows, 0)
            return
        self._room[place:count] = rows
        self._count = count
        self.first_change = 0 if self.dropped else place
        self._pyramid.update(self.rows, self.first_change)
