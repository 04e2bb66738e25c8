"""The memory of the books: pools that double when the kernel asks, up to a bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.messages import NO_SEQUENCE
from terminal.market.book_rows import (
    BOOK_ROW,
    FIRST_LAYOUT,
    FREE_ORDERS,
    FREE_PAGES,
    FULL,
    HEAD_ROW,
    LIST_SIZES,
    NO_KEY,
    NO_ORDER,
    NO_TICK,
    ORDER_ROW,
    PAGE_TICKS,
    PAGES,
    PLAN_FIELDS,
    QUEUE_ROW,
    SIDE_ROW,
    STATE_FIELDS,
    STRAYS,
    WANT_BOOKS,
    WANT_LISTS,
    WANT_ORDERS,
    WANT_PAGES,
    WANTED,
    WORDS,
    BookArrays,
    HistoryArrays,
    LevelArrays,
    OrderArrays,
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
SAMPLES = 15_360
LEVELS_KEPT = 64
"""A ring holds 64 minutes of 64 levels a side in 24 MB."""


def fresh_arrays(slot_of: npt.NDArray[np.int32]) -> BookArrays:
    """No books yet; ``slot_of`` holds -1 for every instrument."""
    state = np.zeros(STATE_FIELDS, np.int64)
    state[FREE_ORDERS] = NO_ORDER
    state[FREE_PAGES] = _FIRST_PAGES - 1
    return BookArrays(
        slot_of,
        _empty_rows(_FIRST_BOOKS),
        LevelArrays(
            sides=_empty_sides(_FIRST_BOOKS),
            words=np.zeros((_FIRST_BOOKS, 2, WORDS), np.uint64),
            directory=np.zeros((_FIRST_BOOKS, 2, PAGES), np.int32),
            bits=np.zeros(_FIRST_PAGES, np.uint64),
            cells=np.zeros((_FIRST_PAGES, PAGE_TICKS, 2), np.int64),
            free_pages=_unused_pages(_FIRST_PAGES, 1),
            lists=np.zeros((_FIRST_LISTS, 3), np.int64),
            list_free=np.full(LIST_SIZES, -1, np.int64),
            state=state,
        ),
        _no_orders(_FIRST_ORDERS),
        history_of(0),
    )


def history_of(watched: int) -> HistoryArrays:
    """Empty rings for ``watched`` instruments; their memory is used as they fill."""
    return HistoryArrays(
        clock=np.array([STEP, 0, 0], np.int64),
        watched=np.full(watched, -1, np.int32),
        heads=np.zeros((watched, SAMPLES), HEAD_ROW),
        distances=np.zeros((watched, SAMPLES, 2, LEVELS_KEPT), np.int32),
        sizes=np.zeros((watched, SAMPLES, 2, LEVELS_KEPT), np.int64),
        taken=np.zeros(watched, np.int64),
        scratch=np.zeros(LEVELS_KEPT, LEVEL_ROW),
    )


def grow(old: BookArrays) -> BookArrays:
    """The same books with twice the room in every pool that was asked for; one at its bound is marked FULL instead."""
    state = old.levels.state.copy()
    wanted = int(state[WANTED])
    state[WANTED] = 0
    rows, levels, orders = old.rows, old.levels._replace(state=state), old.orders
    if wanted & WANT_BOOKS and not _mark_full(state, WANT_BOOKS, len(rows), MOST_BOOKS):
        rows = np.concatenate([rows, _empty_rows(len(rows))])
        levels = levels._replace(
            sides=np.concatenate([levels.sides, _empty_sides(len(levels.sides))]),
            words=_doubled(levels.words),
            directory=_doubled(levels.directory),
        )
    if wanted & WANT_PAGES and not _mark_full(state, WANT_PAGES, len(levels.bits), MOST_PAGES):
        pages, used = len(levels.bits), int(state[FREE_PAGES])
        free = _unused_pages(2 * pages, pages)
        free[pages : pages + used] = levels.free_pages[:used]
        state[FREE_PAGES] += pages
        levels = levels._replace(bits=_doubled(levels.bits), cells=_doubled(levels.cells), free_pages=free)
    if wanted & WANT_LISTS and not _mark_full(state, WANT_LISTS, len(levels.lists), MOST_LIST_LEVELS):
        levels = levels._replace(lists=_doubled(levels.lists))
    if wanted & WANT_ORDERS and not _mark_full(state, WANT_ORDERS, len(orders.pool), MOST_ORDERS):
        orders = _no_orders(2 * len(orders.pool))._replace(pool=_doubled(orders.pool))
        place_orders_again(levels, orders, old.orders.queues)
    return old._replace(rows=rows, levels=levels, orders=orders)


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


def _empty_rows(count: int) -> npt.NDArray[np.void]:
    rows = np.zeros(count, BOOK_ROW)
    rows["sequence"] = NO_SEQUENCE
    rows["bid_key"] = rows["ask_key"] = NO_KEY
    return rows


def _empty_sides(count: int) -> npt.NDArray[np.void]:
    sides = np.zeros((count, 2), SIDE_ROW)
    sides["best_tick"] = NO_TICK
    sides["best_key"] = sides["list_best"] = NO_KEY
    sides["next_layout"], sides["most_strays"] = FIRST_LAYOUT, STRAYS
    return sides


def _no_orders(room: int) -> OrderArrays:
    queues = np.zeros(2 * room, QUEUE_ROW)
    queues["book"] = -1
    return OrderArrays(
        np.zeros(room, ORDER_ROW), np.full(2 * room, NO_ORDER, np.int32), queues, np.zeros(PLAN_FIELDS, np.int64)
    )
