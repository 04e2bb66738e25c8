"""Books over time: the samples that the kernel takes of watched instruments."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.market.book_pools import LEVELS_KEPT, SAMPLES, STEP, history_of
from terminal.market.book_rows import BOOKS_USED, HEAD_ROW
from terminal.market.books import BookStore
from terminal.market.rows import Rows
from terminal.market.sequence_lock import SequenceLock

MOST_WATCHED = 4
"""Books that are sampled where nobody says how much memory there is."""
BOOK_BYTES = SAMPLES * (HEAD_ROW.itemsize + 2 * LEVELS_KEPT * 12)
"""What one book's ring takes once it is full."""
LATEST_NS = 2**62

SAMPLE_HEAD = np.dtype([("ts_ns", "i8"), ("status", "u1"), ("bids", "i4"), ("asks", "i4")])
"""One sample: its time, the BookStatus then, and the levels used of each side."""
SAMPLE_LEVEL = np.dtype([("px", "i8"), ("size", "i8")])


class DepthHistory:
    """Rings of the last 64 minutes of up to ``most`` books, 64 levels a side, a sample every ``step_ns``.

    A sample holds everything stamped up to its time. Silences of more than ten minutes are not filled.
    """

    def __init__(self, lock: SequenceLock, books: BookStore, most: int = MOST_WATCHED) -> None:
        self._lock = lock
        self._books = books
        self._most = max(most, 1)
        self._watched: list[int] = []
        self._reads = 0
        self._read_at: dict[int, int] = {}
        """By instrument, the number of the last read; without one it was never shown."""
        self._books_seen = 0

    @property
    def memory(self) -> tuple[npt.NDArray[Any], ...]:
        """The rings, which fill while books are watched; empty arrays before the first one is."""
        history = self._books.arrays.history
        return history.heads, history.distances, history.sizes

    @property
    def step_ns(self) -> int:
        """Market time between two samples."""
        return STEP

    def watch(self, instrument: int) -> bool:
        """Starts sampling (idempotent); True, since where all places are taken the book that was read longest ago gives
        its place up. Any thread."""
        with self._lock.writing():
            self._note_read(instrument)
            if instrument not in self._watched:
                self._put(instrument)
        return True

    def watch_new_books(self) -> None:
        """Starts sampling books that were made since the last call, as long as places are free."""
        arrays = self._books.arrays
        used = int(arrays.levels.state[BOOKS_USED])
        if used == self._books_seen:
            return
        first, self._books_seen = min(self._books_seen, used), used
        if len(self._watched) == self._most:
            return
        with self._lock.writing():
            for instrument in arrays.rows["instrument"][first:used].tolist():
                if len(self._watched) < self._most and instrument not in self._watched:
                    self._put(instrument)

    def _put(self, instrument: int) -> None:
        """Into a free place, or that of the book read longest ago; under the lock."""
        if len(self._watched) < self._most:
            place = len(self._watched)
            self._watched.append(instrument)
        else:
            place = min(range(self._most), key=lambda each: self._read_at.get(self._watched[each], 0))
            self._read_at.pop(self._watched[place], None)
            self._watched[place] = instrument
        if len(self._books.arrays.history.watched) == 0:
            self._books.arrays = self._books.arrays._replace(history=history_of(self._most))
        self._books.arrays.history.taken[place] = 0
        self._books.arrays.history.watched[place] = instrument

    def _note_read(self, instrument: int) -> None:
        self._reads += 1
        self._read_at[instrument] = self._reads

    def clear(self) -> None:
        """Drops all samples and goes on watching; after the books were cleared, by whom holds the lock."""
        self._books_seen = 0
        if self._watched:
            self._books.arrays = self._books.arrays._replace(history=history_of(self._most))
            self._books.arrays.history.watched[: len(self._watched)] = self._watched

    def read(
        self, instrument: int, after_ns: int = 0, most: int = 2000, until_ns: int = LATEST_NS
    ) -> tuple[Rows, Rows]:
        """The newest ``most`` samples after a time and up to another, ascending: (heads, levels).

        ``heads``: SAMPLE_HEAD; ``levels``: SAMPLE_LEVEL of shape (samples, 2, 64), from the best outwards, side 0 bids;
        levels that are not used are 0.
        """
        if instrument in self._watched:
            self._note_read(instrument)
        return self._lock.copy(lambda: self._copy(instrument, after_ns, most, until_ns))

    def _copy(self, instrument: int, after_ns: int, most: int, until_ns: int) -> tuple[Rows, Rows]:
        # Another book may be given this one's place at any time, so the place is part of what is copied.
        if instrument not in self._watched:
            return np.empty(0, SAMPLE_HEAD), np.empty((0, 2, LEVELS_KEPT), SAMPLE_LEVEL)
        place = self._watched.index(instrument)
        history = self._books.arrays.history
        taken = int(history.taken[place])
        oldest = max(taken - SAMPLES, 0)
        if until_ns < LATEST_NS:
            stamps = history.heads[place]["ts_ns"][np.arange(oldest, taken) % SAMPLES]
            taken = oldest + int(np.searchsorted(stamps, until_ns, side="right"))
        numbers = np.arange(max(taken - most, oldest), taken) % SAMPLES
        kept = history.heads[place][numbers]
        after = int(np.searchsorted(kept["ts_ns"], after_ns, side="right"))
        kept, numbers = kept[after:], numbers[after:]
        heads = np.empty(len(kept), SAMPLE_HEAD)
        for name in ("ts_ns", "status", "bids", "asks"):
            heads[name] = kept[name]
        levels = np.empty((len(kept), 2, LEVELS_KEPT), SAMPLE_LEVEL)
        distances = history.distances[place][numbers]
        levels["px"][:, 0] = kept["bid_px"][:, None] - distances[:, 0]
        levels["px"][:, 1] = kept["ask_px"][:, None] + distances[:, 1]
        levels["size"] = history.sizes[place][numbers]
        unused = _unused(heads)
        levels["px"][unused] = 0
        levels["size"][unused] = 0
        return heads, levels


def _unused(heads: Rows) -> npt.NDArray[np.bool_]:
    used = np.stack([heads["bids"], heads["asks"]], axis=1)
    return np.arange(LEVELS_KEPT) >= used[:, :, None]
