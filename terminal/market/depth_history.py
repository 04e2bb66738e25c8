"""Books over time: the samples that the kernel takes of watched instruments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.market.book_pools import LEVELS_KEPT, SAMPLES, STEP, history_of
from terminal.market.books import BookStore
from terminal.market.rows import Rows
from terminal.market.sequence_lock import SequenceLock

MOST_WATCHED = 4
LATEST_NS = 2**62

SAMPLE_HEAD = np.dtype([("ts_ns", "i8"), ("status", "u1"), ("bids", "i4"), ("asks", "i4")])
"""One sample: its time, the BookStatus then, and the levels used of each side."""
SAMPLE_LEVEL = np.dtype([("px", "i8"), ("size", "i8")])


class DepthHistory:
    """Rings of the last 96 minutes of up to MOST_WATCHED books, 64 levels a side, a sample every ``step_ns``.

    A sample holds everything stamped up to its time. Silences of more than ten minutes are not filled.
    """

    def __init__(self, lock: SequenceLock, books: BookStore) -> None:
        self._lock = lock
        self._books = books
        self._watched: list[int] = []

    @property
    def step_ns(self) -> int:
        """Market time between two samples."""
        return STEP

    def watch(self, instrument: int) -> bool:
        """Starts sampling (idempotent, kept until the run ends); False when all places are taken. Any thread."""
        with self._lock.writing():
            if instrument in self._watched:
                return True
            if len(self._watched) == MOST_WATCHED:
                return False
            self._watched.append(instrument)
            if len(self._watched) == 1:
                self._books.arrays = self._books.arrays._replace(history=history_of(MOST_WATCHED))
            self._books.arrays.history.watched[len(self._watched) - 1] = instrument
        return True

    def clear(self) -> None:
        """Drops all samples and goes on watching; after the books were cleared, by whom holds the lock."""
        if self._watched:
            self._books.arrays = self._books.arrays._replace(history=history_of(MOST_WATCHED))
            self._books.arrays.history.watched[: len(self._watched)] = self._watched

    def read(
        self, instrument: int, after_ns: int = 0, most: int = 2000, until_ns: int = LATEST_NS
    ) -> tuple[Rows, Rows]:
        """The newest ``most`` samples after a time and up to another, ascending: (heads, levels).

        ``heads``: SAMPLE_HEAD; ``levels``: SAMPLE_LEVEL of shape (samples, 2, 64), from the best outwards, side 0 bids;
        levels that are not used are 0.
        """
        if instrument not in self._watched:
            return np.empty(0, SAMPLE_HEAD), np.empty((0, 2, LEVELS_KEPT), SAMPLE_LEVEL)
        place = self._watched.index(instrument)
        return self._lock.copy(lambda: self._copy(place, after_ns, most, until_ns))

    def _copy(self, place: int, after_ns: int, most: int, until_ns: int) -> tuple[Rows, Rows]:
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
