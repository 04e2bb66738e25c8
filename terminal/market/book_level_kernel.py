"""Levels of one side of a book: set, get, best, clear. :mod:`terminal.market.book_rows` says how they are kept."""

from __future__ import annotations

import numba as nb
import numpy as np
from numba.cpython.unsafe.numbers import leading_zeros

from terminal.market.book_rows import (
    BOOK_ROW,
    FIRST_LAYOUT,
    FREE_PAGES,
    GRID_TICKS,
    HEAD_ROW,
    LARGEST_BLOCK,
    LIST_END,
    LIST_KEY,
    LIST_ORDERS,
    LIST_SIZE,
    NO_KEY,
    NO_TICK,
    ORDER_ROW,
    QUEUE_ROW,
    SIDE_ROW,
    SMALLEST_BLOCK,
    STRAYS,
    WANT_LISTS,
    WANT_PAGES,
    WANTED,
    WORDS,
    BookArrays,
)
from terminal.market.rows import LEVEL_ROW

DONE, REFUSED, NO_ROOM, TOO_MANY = range(4)
"""Of a change: made; impossible and counted; a pool must grow first; no more can be held. All but the first changed
nothing."""

_row = nb.from_dtype(BOOK_ROW)
_side = nb.from_dtype(SIDE_ROW)
LEVEL = nb.from_dtype(LEVEL_ROW)
BOOKS = nb.types.NamedTuple(
    (
        nb.int32[::1], _row[::1], _side[:, ::1], nb.uint64[:, :, ::1], nb.int32[:, :, ::1], nb.uint64[::1],
        nb.int64[:, :, ::1], nb.int32[::1], nb.int64[:, ::1], nb.int64[::1],
        nb.from_dtype(ORDER_ROW)[::1], nb.int32[::1], nb.from_dtype(QUEUE_ROW)[::1], nb.int64[::1],
        nb.int64[::1], nb.int32[::1], nb.from_dtype(HEAD_ROW)[:, ::1], nb.int32[:, :, :, ::1],
        nb.int64[:, :, :, ::1], nb.int64[::1], LEVEL[::1],
    ),
    BookArrays,
)  # fmt: skip
"""Numba's type of BookArrays."""

INNER = {"nogil": True, "cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Options of kernels that only other kernels call: a wrapper for Python takes longer to compile than the kernel."""
OUTER = {"nogil": True, "cache": True, "no_cfunc_wrapper": True}

_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(nb.int64(nb.uint64), **INNER, forceinline=True)
def highest_bit(word):  # type: ignore[no-untyped-def]
    """Number of the highest set bit of a word that is not 0."""
    return np.int64(63) - np.int64(leading_zeros(word))


@nb.njit(nb.int64(nb.int64), **INNER)
def block_class(levels):  # type: ignore[no-untyped-def]
    """The smallest class of list block that holds ``levels``."""
    return max(SMALLEST_BLOCK, highest_bit(np.uint64(max(levels - 1, 1))) + 1)


@nb.njit(nb.int64(BOOKS, nb.int64), **INNER)
def take_block(books, size_class):  # type: ignore[no-untyped-def]
    """Start of an unused list block, or -1 when the pool has none."""
    start = books.list_free[size_class]
    if start >= 0:
        books.list_free[size_class] = books.lists[start, LIST_KEY]
        return start
    start = books.state[LIST_END]
    if start + (1 << size_class) > len(books.lists):
        books.state[WANTED] |= WANT_LISTS
        return -1
    books.state[LIST_END] = start + (1 << size_class)
    return start


@nb.njit(nb.void(BOOKS, nb.int64, nb.int64), **INNER)
def give_block(books, start, size_class):  # type: ignore[no-untyped-def]
    """Gives a list block back."""
    books.lists[start, LIST_KEY] = books.list_free[size_class]
    books.list_free[size_class] = start


@nb.njit(nb.int64(BOOKS, _side, nb.int64), **INNER)
def list_room(books, side, levels):  # type: ignore[no-untyped-def]
    """Makes the side's list block large enough for ``levels``: DONE, NO_ROOM or TOO_MANY."""
    if levels <= side["list_room"]:
        return DONE
    size_class = block_class(levels)
    if size_class > LARGEST_BLOCK:
        return TOO_MANY
    start = take_block(books, size_class)
    if start < 0:
        return NO_ROOM
    old = side["list_start"]
    for i in range(side["list_count"]):
        for column in range(3):
            books.lists[start + i, column] = books.lists[old + i, column]
    if side["list_room"] > 0:
        give_block(books, old, block_class(side["list_room"]))
    side["list_start"] = start
    side["list_room"] = 1 << size_class
    return DONE


@nb.njit(nb.int64(BOOKS, _side, nb.int64), **INNER)
def list_place(books, side, key):  # type: ignore[no-untyped-def]
    """Place in the pool of the first level of the list whose key is not below ``key``."""
    low = side["list_start"]
    high = low + side["list_count"]
    while low < high:
        middle = (low + high) >> 1
        if books.lists[middle, LIST_KEY] < key:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(nb.void(BOOKS, nb.int64, nb.int64), **INNER)
def find_best(books, slot, at):  # type: ignore[no-untyped-def]
    """Sets the side's best level from its grid and its list."""
    side = books.sides[slot, at]
    tick = side["best_tick"]
    key = NO_KEY if tick == NO_TICK else side["base_key"] + tick * side["step"]
    if key > side["list_best"]:
        side["best_key"] = key
        side["best_size"] = books.cells[books.directory[slot, at, tick >> 6], tick & 63, 0]
    elif side["list_count"] > 0:
        last = side["list_start"] + side["list_count"] - 1
        side["best_key"] = books.lists[last, LIST_KEY]
        side["best_size"] = books.lists[last, LIST_SIZE]
    else:
        side["best_key"] = NO_KEY
        side["best_size"] = 0


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def highest_tick(books, slot, at, page):  # type: ignore[no-untyped-def]
    """The highest occupied tick in the directory's pages up to ``page``, or NO_TICK."""
    for word in range(page >> 6, -1, -1):
        used = books.words[slot, at, word]
        if used != _NOTHING:
            found = (word << 6) + highest_bit(used)
            return (found << 6) + highest_bit(books.bits[books.directory[slot, at, found]])
    return NO_TICK


@nb.njit(nb.void(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def free_page(books, slot, at, page):  # type: ignore[no-untyped-def]
    """Takes one page of the directory out of use."""
    free = books.state[FREE_PAGES]
    books.free_pages[free] = books.directory[slot, at, page]
    books.state[FREE_PAGES] = free + 1
    books.directory[slot, at, page] = 0
    books.words[slot, at, page >> 6] &= ~(_ONE << np.uint64(page & 63))


@nb.njit(nb.int32(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def new_page(books, slot, at, page):  # type: ignore[no-untyped-def]
    """An empty page for a place of the directory, or 0 when there is none left."""
    free = books.state[FREE_PAGES] - 1
    if free < 0:
        books.state[WANTED] |= WANT_PAGES
        return 0
    books.state[FREE_PAGES] = free
    number = books.free_pages[free]
    books.bits[number] = _NOTHING
    books.directory[slot, at, page] = number
    books.words[slot, at, page >> 6] |= _ONE << np.uint64(page & 63)
    return number


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER, forceinline=True)
def set_in_grid(books, slot, at, tick, size, orders):  # type: ignore[no-untyped-def]
    """Sets one tick of the grid: DONE or NO_ROOM. The side's best is right afterwards if its list is empty."""
    side = books.sides[slot, at]
    number = books.directory[slot, at, tick >> 6]
    bit = _ONE << np.uint64(tick & 63)
    if size == 0:
        if number == 0:
            return DONE
        left = books.bits[number] & ~bit
        books.bits[number] = left
        if left == _NOTHING:
            free_page(books, slot, at, tick >> 6)
        if tick == side["best_tick"]:
            if left != _NOTHING:
                side["best_tick"] = (tick & ~63) + highest_bit(left)
            else:
                side["best_tick"] = highest_tick(books, slot, at, tick >> 6)
            find_best(books, slot, at)
        return DONE
    if number == 0:
        number = new_page(books, slot, at, tick >> 6)
        if number == 0:
            return NO_ROOM
    books.bits[number] |= bit
    books.cells[number, tick & 63, 0] = size
    books.cells[number, tick & 63, 1] = orders
    if tick >= side["best_tick"]:
        side["best_tick"] = tick
        key = side["base_key"] + tick * side["step"]
        if key > side["list_best"]:
            side["best_key"] = key
            side["best_size"] = size
    return DONE


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def set_in_list(books, slot, at, key, size, orders):  # type: ignore[no-untyped-def]
    """Sets one level of the list: DONE, NO_ROOM or TOO_MANY. Whether the side should be laid out, its counters say."""
    side = books.sides[slot, at]
    lists = books.lists
    place = list_place(books, side, key)
    end = side["list_start"] + side["list_count"]
    found = place < end and lists[place, LIST_KEY] == key
    if size == 0:
        if not found:
            return DONE
        for i in range(place, end - 1):
            for column in range(3):
                lists[i, column] = lists[i + 1, column]
        side["list_count"] -= 1
        side["list_best"] = lists[end - 2, LIST_KEY] if side["list_count"] > 0 else NO_KEY
        find_best(books, slot, at)
        return DONE
    if not found:
        room = list_room(books, side, side["list_count"] + 1)
        if room != DONE:
            return room
        place = list_place(books, side, key)
        end = side["list_start"] + side["list_count"]
        for i in range(end, place, -1):
            for column in range(3):
                lists[i, column] = lists[i - 1, column]
        lists[place, LIST_KEY] = key
        side["list_count"] += 1
        side["list_best"] = lists[end, LIST_KEY]
        is_low = side["best_tick"] < GRID_TICKS >> 2
        if side["span"] > 0 and (key > side["base_key"] or is_low):
            side["strays"] += 1
    lists[place, LIST_SIZE] = size
    lists[place, LIST_ORDERS] = orders
    find_best(books, slot, at)
    return DONE


@nb.njit(nb.types.UniTuple(nb.int64, 2)(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def get_level(books, slot, at, key):  # type: ignore[no-untyped-def]
    """Size and orders of one level, 0 and 0 where there is none."""
    side = books.sides[slot, at]
    offset = key - side["base_key"]
    if offset >= 0 and offset < side["span"]:
        tick = np.int64(offset * side["per_step"] + 0.5)
        if tick * side["step"] == offset:
            number = books.directory[slot, at, tick >> 6]
            if number == 0 or not books.bits[number] & (_ONE << np.uint64(tick & 63)):
                return 0, 0
            return books.cells[number, tick & 63, 0], books.cells[number, tick & 63, 1]
    place = list_place(books, side, key)
    if place < side["list_start"] + side["list_count"] and books.lists[place, LIST_KEY] == key:
        return books.lists[place, LIST_SIZE], books.lists[place, LIST_ORDERS]
    return 0, 0


@nb.njit(nb.void(BOOKS, nb.int64, nb.int64), **INNER)
def clear_side(books, slot, at):  # type: ignore[no-untyped-def]
    """Takes all levels away; the price step and the grid's place stay for the levels that follow."""
    side = books.sides[slot, at]
    for word in range(WORDS):
        used = books.words[slot, at, word]
        while used != _NOTHING:
            bit = highest_bit(used)
            used &= ~(_ONE << np.uint64(bit))
            free_page(books, slot, at, (word << 6) + bit)
    side["best_tick"] = NO_TICK
    side["best_key"] = NO_KEY
    side["best_size"] = 0
    side["list_best"] = NO_KEY
    side["list_count"] = 0
    side["next_layout"] = FIRST_LAYOUT
    side["strays"] = 0
    side["most_strays"] = STRAYS
