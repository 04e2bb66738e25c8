"""Resting orders of books by order: which there are, and where in its queue one stands."""

from __future__ import annotations

import numpy as np

from terminal.market.book_read_kernel import ahead_in_queue, copy_queue
from terminal.market.book_rows import SORT_ORDERS
from terminal.market.books import BookStore, slot_in
from terminal.market.rows import Rows
from terminal.market.sequence_lock import SequenceLock

RESTING_ROW = np.dtype([("order_id", "i8"), ("size", "i8")])


class OrderQueues:
    """Readers get copies; the orders themselves live in the arrays of the books."""

    def __init__(self, lock: SequenceLock, books: BookStore) -> None:
        self._lock = lock
        self._books = books

    def has(self, instrument: int) -> bool:
        """Whether the instrument's book is told order by order, so that queues are known."""
        row = self._books.row(instrument)
        return row is not None and row["sort"] == SORT_ORDERS

    def queue(self, instrument: int, order_id: int) -> tuple[int, int] | None:
        """(size, orders) that stand before an order of its price; None for an order that is not in the book."""

        def copy() -> tuple[int, int] | None:
            arrays = self._books.arrays
            slot = slot_in(arrays, instrument)
            size, orders = (-1, -1) if slot < 0 else ahead_in_queue(arrays.orders, slot, order_id)
            return None if orders < 0 else (int(size), int(orders))

        return self._lock.copy(copy)

    def at_price(self, instrument: int, side: int, px: int, most: int = 100) -> Rows:
        """The first ``most`` orders of one price, next to be filled first: order_id, size. ``side``: 1 bid, -1 ask."""

        def copy() -> Rows:
            arrays = self._books.arrays
            slot = slot_in(arrays, instrument)
            found = np.empty((most, 2), np.int64)
            filled = 0 if slot < 0 else copy_queue(arrays.orders, slot, 0 if side > 0 else 1, px * side, found)
            rows = np.empty(filled, RESTING_ROW)
            rows["order_id"], rows["size"] = found[:filled, 0], found[:filled, 1]
            return rows

        return self._lock.copy(copy)
