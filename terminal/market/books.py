"""All books: levels and orders of as many instruments as send depth, and whether each can be believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY
from terminal.core.messages import NO_SEQUENCE
from terminal.market.book_pools import fresh_arrays, grow
from terminal.market.book_read_kernel import add_up_rows, copy_side
from terminal.market.book_rows import BOOKS_USED, FULL, STAGE_BUILDING, STAGE_GAP, UNHOUSED, WANTED, BookArrays
from terminal.market.rows import LEVEL_ROW, BookStatus, Rows
from terminal.market.sequence_lock import SequenceLock

MOST_ROWS = 1 << 20
"""Price rows that a window may have."""


@dataclass(frozen=True, slots=True)
class BookHealth:
    """What became of one book's messages since the start; ``sequence`` -1: its venue sends no numbers."""

    status: BookStatus
    sequence: int
    updates: int
    gaps: int
    healed: int
    duplicates: int
    refused: int
    crossed: int
    strangers: int
    overdone: int
    doubled: int
    lost: int


@dataclass(frozen=True, slots=True)
class BookTotals:
    """The counters of all books, for the feed's health row; ``in_gap`` and the two after it count books as they are.

    ``unhoused``: messages of instruments for whose book there was no memory.
    """

    books: int
    in_gap: int
    building: int
    crossed_now: int
    updates: int
    gaps: int
    healed: int
    duplicates: int
    refused: int
    crossed: int
    strangers: int
    overdone: int
    doubled: int
    lost: int
    unhoused: int


_WORDS = {
    "gaps": "gaps in books",
    "duplicates": "old book updates",
    "refused": "impossible book messages",
    "crossed": "crossed books",
    "strangers": "changes of unknown orders",
    "overdone": "cancels of too much",
    "doubled": "orders added twice",
    "lost": "levels without room",
    "unhoused": "messages of books without room",
}
_COUNTERS = (
    "updates",
    "gaps",
    "healed",
    "duplicates",
    "refused",
    "crossed",
    "strangers",
    "overdone",
    "doubled",
    "lost",
)


def _status(row: np.void, reached_ns: int) -> BookStatus:
    if row["stage"] == STAGE_GAP:
        return BookStatus.GAP
    if row["stage"] == STAGE_BUILDING or (row["is_partial"] and row["ts_ns"] >= reached_ns):
        return BookStatus.BUILDING
    if row["is_crossed"]:
        return BookStatus.CROSSED
    return BookStatus.OK if row["heard"] else BookStatus.NONE


def slot_in(arrays: BookArrays, instrument: int) -> int:
    """Slot of an instrument's book in ``arrays``, -1 for none.

    ``slot_of`` is shared with the arrays that these have grown into: a book made there has no place here, and the
    sequence lock sends who reads it here again.
    """
    slot = int(arrays.slot_of[instrument])
    return slot if slot < len(arrays.rows) else -1


class BookStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies.

    A book is made by the first message for it. Memory grows with what the books hold, up to a bound; what finds no room
    then is counted and leaves its book in a gap.
    """

    def __init__(self, lock: SequenceLock, reached_ns: Callable[[], int] = lambda: 0) -> None:
        """``reached_ns``: gives the market time, clocks counted."""
        self._lock = lock
        self._reached_ns = reached_ns
        self.slot_of: npt.NDArray[np.int32] = np.full(CAPACITY, -1, np.int32)
        self.arrays: BookArrays = fresh_arrays(self.slot_of)

    def clear(self) -> None:
        """Forgets all books; the caller holds the lock."""
        self.slot_of = np.full(CAPACITY, -1, np.int32)
        self.arrays = fresh_arrays(self.slot_of)

    def make_room(self) -> None:
        """Grows the pools that the kernel asked for; the caller holds the lock."""
        self.arrays = grow(self.arrays)

    @property
    def wants_room(self) -> bool:
        """Whether the kernel asked for more than it has, and may get it."""
        state = self.arrays.levels.state
        return bool(state[WANTED] & ~state[FULL])

    def read(self, instrument: int, levels: int = 50) -> tuple[Rows, Rows]:
        """(bids, asks), each from the best price outwards; empty without a book."""

        def copy() -> tuple[Rows, Rows]:
            arrays = self.arrays
            slot = slot_in(arrays, instrument)
            if slot < 0:
                return np.empty(0, LEVEL_ROW), np.empty(0, LEVEL_ROW)
            bids, asks = np.empty(levels, LEVEL_ROW), np.empty(levels, LEVEL_ROW)
            return bids[: copy_side(arrays.levels, slot, 0, bids)], asks[: copy_side(arrays.levels, slot, 1, asks)]

        return self._lock.copy(copy)

    def window(
        self, instrument: int, low_px: int, step_px: int, rows: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(bids, asks): sizes added up in price rows; row i holds the prices from ``low_px + i * step_px``, without the
        next row's. Raises ValueError for rows that cannot be.
        """
        if step_px <= 0 or not 0 <= rows <= MOST_ROWS:
            raise ValueError(f"a window has 0 to {MOST_ROWS} rows of a positive step, was {rows} rows of {step_px}")

        def copy() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
            arrays = self.arrays
            bids, asks = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
            slot = slot_in(arrays, instrument)
            if slot >= 0 and rows:
                add_up_rows(arrays.levels, slot, 0, low_px, step_px, bids)
                add_up_rows(arrays.levels, slot, 1, low_px, step_px, asks)
            return bids, asks

        return self._lock.copy(copy)

    def row(self, instrument: int) -> np.void | None:
        """A copy of one book's BOOK_ROW: touch, imbalance, counters; None without a book."""
        return self._row(instrument)[0]

    def _row(self, instrument: int) -> tuple[np.void | None, int]:
        """The row, and the market time of the same moment."""

        def copy() -> tuple[np.void | None, int]:
            arrays = self.arrays
            slot = slot_in(arrays, instrument)
            return None if slot < 0 else arrays.rows[slot].copy(), self._reached_ns()

        return self._lock.copy(copy)

    def status(self, instrument: int) -> BookStatus:
        """Whether the book can be believed."""
        row, reached_ns = self._row(instrument)
        return BookStatus.NONE if row is None else _status(row, reached_ns)

    def moment(self, instrument: int) -> tuple[int, int]:
        """(changes so far, sequence of the newest update): what is read between two equal ones is of one moment.

        The sequence is NO_SEQUENCE where there is no book, or one whose venue does not number its updates.
        """
        row = self.row(instrument)
        if row is None:
            return 0, NO_SEQUENCE
        return int(row["updates"]) + int(row["gaps"]) + int(row["healed"]), int(row["sequence"])

    def health(self, instrument: int) -> BookHealth:
        """Status and counters of one book."""
        row, reached_ns = self._row(instrument)
        if row is None:
            return BookHealth(BookStatus.NONE, -1, *(0 for _ in _COUNTERS))
        return BookHealth(_status(row, reached_ns), int(row["sequence"]), *(int(row[name]) for name in _COUNTERS))

    def totals(self) -> BookTotals:
        """The counters of all books together."""

        def copy() -> tuple[Rows, int]:
            arrays = self.arrays
            return arrays.rows[: arrays.levels.state[BOOKS_USED]].copy(), int(arrays.levels.state[UNHOUSED])

        rows, unhoused = self._lock.copy(copy)
        stages = rows["stage"]
        sums = {name: int(rows[name].sum()) for name in _COUNTERS}
        return BookTotals(
            books=len(rows),
            in_gap=int((stages == STAGE_GAP).sum()),
            building=int((stages == STAGE_BUILDING).sum()),
            crossed_now=int(rows["is_crossed"].sum()),
            unhoused=unhoused,
            **sums,
        )

    def troubles(self) -> dict[str, int]:
        """What was refused or went wrong in all books, by reason, in words."""
        totals = self.totals()
        return {words: count for name, words in _WORDS.items() if (count := getattr(totals, name))}
