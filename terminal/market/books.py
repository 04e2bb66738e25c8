"""Level-2 books in memory: absolute sizes by price, sorted from the best outwards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY
from terminal.market.rows import LEVEL_ROW, Rows
from terminal.market.sequence_lock import SequenceLock

SLOTS = 64
LEVELS_KEPT = 256


class BookStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies."""

    def __init__(self, lock: SequenceLock) -> None:
        self._lock = lock
        self.slot_of: npt.NDArray[np.int32] = np.full(CAPACITY, -1, np.int32)
        self.levels = np.zeros((SLOTS, 2, LEVELS_KEPT), LEVEL_ROW)
        self.count = np.zeros((SLOTS, 2, 1), np.int64)
        self._used = 0

    def open_slot(self, instrument: int) -> bool:
        """Starts a book for an instrument; False when all slots are taken."""
        if self.slot_of[instrument] >= 0:
            return True
        if self._used == SLOTS:
            return False
        self.slot_of[instrument] = self._used
        self._used += 1
        return True

    def clear(self) -> None:
        """Empties all books; the slots stay."""
        self.count[:] = 0

    def read(self, instrument: int, most: int = 50) -> tuple[Rows, Rows]:
        """(bids, asks), each from the best price outwards; empty without a book."""
        slot = int(self.slot_of[instrument])
        if slot < 0:
            return np.empty(0, LEVEL_ROW), np.empty(0, LEVEL_ROW)
        return self._lock.copy(lambda: self._sides(slot, most))

    def _sides(self, slot: int, most: int) -> tuple[Rows, Rows]:
        bids, asks = (int(self.count[slot, side, 0]) for side in (0, 1))
        return self.levels[slot, 0, : min(bids, most)].copy(), self.levels[slot, 1, : min(asks, most)].copy()
