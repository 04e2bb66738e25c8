"""The memory of the books: pools that double when the kernel asks, up to a bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.market.book_rows import (
    BOOK_ROW,
    FREE_ORDERS,
    FREE_PAGES,
    FULL,
    HEAD_ROW,
    LIST_SIZES,
    NO_ORDER,
    ORDER_ROW,
    PAGE_TICKS,
    PAGES,
    QUEUE_ROW,
    SIDE_ROW,
    STATE_FIELDS,
    WANT_BOOKS,
    WANT_LISTS,
    WANT_ORDERS,
    WANT_PAGES,
    WANTED,
    WORDS,
    BookArrays,
)
from terminal.market.order_book_kernel import place_orders_again
from terminal.market.rows import LEVEL_ROW

_FIRST_BOOKS, _FIRST_PAGES, _FIRST_LISTS, _FIRST_ORDERS = 16, 256, 1024, 256
MOST_BOOKS = 1 << 13
MOST_PAGES = 1 << 17
MOST_LIST_LEVELS = 1 << 21
MOST_ORDERS = 1 << 21
"""Bounds of the pools: 71 MB of books, 135 MB of pages, 50 MB of lists and 200 MB of orders at the most."""

STEP = 250_000_000
"""Nanoseconds of market time between two samples of a watched book."""
SAMPLES = 23_040
LEVELS_KEPT = 64
"""A ring holds 96 minutes of 64 levels a side in 36 MB."""


def fresh_arrays(slot_of: npt.NDArray[np.int32]) -> BookArrays:
    """No books yet; ``slot_of`` holds -1 for every instrument."""
    state = np.zeros(STATE_FIELDS, np.int64)
    state[FREE_ORDERS] = NO_ORDER
    state[FREE_PAGES] = _FIRST_PAGES - 1
    return BookArrays(
        slot_of=slot_of,
        rows=np.zeros(_FIRST_BOOKS, BOOK_ROW),
        sides=np.zeros((_FIRST_BOOKS, 2), SIDE_ROW),
        words=np.zeros((_FIRST_BOOKS, 2, WORDS), np.uint64),
        directory=np.zeros((_FIRST_BOOKS, 2, PAGES), np.int32),
        bits=np.zeros(_FIRST_PAGES, np.uint64),
        cells=np.zeros((_FIRST_PAGES, PAGE_TICKS, 2), np.int64),
        free_pages=_unused_pages(_FIRST_PAGES, 1),
        lists=np.zeros((_FIRST_LISTS, 3), np.int64),
        list_free=np.full(LIST_SIZES, -1, np.int64),
        orders=np.zeros(_FIRST_ORDERS, ORDER_ROW),
        order_place=np.full(2 * _FIRST_ORDERS, NO_ORDER, np.int32),
        queues=_free_queues(2 * _FIRST_ORDERS),
        state=state,
        clock=np.array([STEP, 0, 0], np.int64),
        watched=np.full(0, -1, np.int32),
        history_heads=np.zeros((0, SAMPLES), HEAD_ROW),
        history_distances=np.zeros((0, SAMPLES, 2, LEVELS_KEPT), np.int32),
        history_sizes=np.zeros((0, SAMPLES, 2, LEVELS_KEPT), np.int64),
        history_taken=np.zeros(0, np.int64),
        scratch=np.zeros(LEVELS_KEPT, LEVEL_ROW),
    )


def with_history(old: BookArrays, watched: int) -> BookArrays:
    """The same books with empty rings for ``watched`` instruments; memory is used as they fill."""
    return old._replace(
        watched=np.full(watched, -1, np.int32),
        history_heads=np.zeros((watched, SAMPLES), HEAD_ROW),
        history_distances=np.zeros((watched, SAMPLES, 2, LEVELS_KEPT), np.int32),
        history_sizes=np.zeros((watched, SAMPLES, 2, LEVELS_KEPT), np.int64),
        history_taken=np.zeros(watched, np.int64),
    )


def grow(old: BookArrays) -> BookArrays:
    """The same books with twice the room in every pool that was asked for; one at its bound is marked FULL instead."""
    state = old.state.copy()
    changed: dict[str, Any] = {"state": state}
    wanted = int(state[WANTED])
    state[WANTED] = 0
    if wanted & WANT_BOOKS and not _mark_full(state, WANT_BOOKS, len(old.rows), MOST_BOOKS):
        changed |= {name: _doubled(getattr(old, name)) for name in ("rows", "sides", "words", "directory")}
    if wanted & WANT_PAGES and not _mark_full(state, WANT_PAGES, len(old.bits), MOST_PAGES):
        changed |= {name: _doubled(getattr(old, name)) for name in ("bits", "cells")}
        free = np.zeros(2 * len(old.bits), np.int32)
        more = _unused_pages(2 * len(old.bits), len(old.bits))[: len(old.bits)]
        used = int(state[FREE_PAGES])
        free[: len(more)], free[len(more) : len(more) + used] = more, old.free_pages[:used]
        state[FREE_PAGES] += len(more)
        changed["free_pages"] = free
    if wanted & WANT_LISTS and not _mark_full(state, WANT_LISTS, len(old.lists), MOST_LIST_LEVELS):
        changed["lists"] = _doubled(old.lists)
    if wanted & WANT_ORDERS and not _mark_full(state, WANT_ORDERS, len(old.orders), MOST_ORDERS):
        changed["orders"] = _doubled(old.orders)
        changed["order_place"] = np.full(4 * len(old.orders), NO_ORDER, np.int32)
        changed["queues"] = _free_queues(4 * len(old.orders))
    grown = old._replace(**changed)
    if "orders" in changed:
        place_orders_again(grown, old.queues)
    return grown


def _mark_full(state: npt.NDArray[np.int64], pool: int, size: int, most: int) -> bool:
    if size >= most:
        state[FULL] |= pool
    return size >= most


def _doubled(old: npt.NDArray[Any]) -> npt.NDArray[Any]:
    new = np.zeros((2 * len(old), *old.shape[1:]), old.dtype)
    new[: len(old)] = old
    return new


def _unused_pages(pages: int, first: int) -> npt.NDArray[np.int32]:
    """Page numbers from the last one down to ``first``, so that low ones are taken first; 0 stands for none."""
    stack = np.zeros(pages, np.int32)
    stack[: pages - first] = np.arange(pages - 1, first - 1, -1)
    return stack


def _free_queues(count: int) -> npt.NDArray[np.void]:
    queues = np.zeros(count, QUEUE_ROW)
    queues["book"] = -1
    return queues
