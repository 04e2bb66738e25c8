"""The newest trades of the whole market in memory, read by instrument without a scan."""

from __future__ import annotations

import numpy as np

from terminal.core.instruments import CAPACITY
from terminal.market.print_kernel import PRINTS_KEPT, PrintArrays, newest_prints
from terminal.market.rows import PRINT_ROW, Rows
from terminal.market.sequence_lock import SequenceLock


class PrintStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies.

    The last PRINTS_KEPT trades of all instruments together are kept, prints off the book with them: their message flags
    have OFF_BOOK.
    """

    def __init__(self, lock: SequenceLock) -> None:
        self._lock = lock
        self.arrays = PrintArrays(
            np.zeros(PRINTS_KEPT, PRINT_ROW), np.zeros(CAPACITY, np.int64), np.zeros(1, np.int64)
        )  # fmt: skip

    @property
    def memory(self) -> Rows:
        """The ring itself, which any session fills."""
        return self.arrays.ring

    @property
    def last_number(self) -> int:
        """Number of the newest trade; 0 before the first."""
        return int(self.arrays.last[0])

    def clear(self) -> None:
        """Forgets every trade; numbers begin at 1 again. Under the lock."""
        self.arrays.newest_of[:] = 0
        self.arrays.last[0] = 0

    def read(self, instrument: int | None, after: int = 0, most: int = 1000) -> Rows:
        """The newest ``most`` trades of one instrument (None: of all) with a number above ``after``, ascending."""
        most = min(most, PRINTS_KEPT)
        if instrument is None:
            return self._lock.copy(lambda: self._of_all(after, most))
        if not 0 <= instrument < CAPACITY:
            return np.empty(0, PRINT_ROW)
        return self._lock.copy(lambda: self.copy_of_one(instrument, after, most))

    def copy_of_one(self, instrument: int, after: int, most: int) -> Rows:
        room = np.empty(max(0, min(most, self.last_number - after)), PRINT_ROW)
        count = newest_prints(self.arrays, instrument, after, room)
        return room[len(room) - count :]

    def _of_all(self, after: int, most: int) -> Rows:
        last = self.last_number
        first = max(after + 1, last - most + 1, last - PRINTS_KEPT + 1, 1)
        wanted = np.arange(first, last + 1) & (PRINTS_KEPT - 1)
        rows: Rows = self.arrays.ring[wanted]
        return rows
