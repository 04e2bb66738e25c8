"""Levels of one side of a book: set, get, best, clear. :mod:`terminal.market.book_rows` says how they are kept.

Small pieces are written into their callers by Numba (PART), so that they are compiled once and cost no call.
"""

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
    HistoryArrays,
    LevelArrays,
    OrderArrays,
)
from terminal.market.kernel_options import INNER
from terminal.market.rows import LEVEL_ROW

DONE, REFUSED, NO_ROOM, TOO_MANY = range(4)
"""Of a change: made; impossible and counted; a pool must grow first; no more can be held. All but the first changed
nothing."""

LEVEL = nb.from_dtype(LEVEL_ROW)
_side = nb.from_dtype(SIDE_ROW)
LEVELS = nb.types.NamedTuple(
    (
        _side[:, ::1], nb.uint64[:, :, ::1], nb.int32[:, :, ::1], nb.uint64[::1], nb.int64[:, :, ::1], nb.int32[::1],
        nb.int64[:, ::1], nb.int64[::1], nb.int64[::1],
    ),
    LevelArrays,
)  # fmt: skip
ORDERS = nb.types.NamedTuple(
    (nb.from_dtype(ORDER_ROW)[::1], nb.int32[::1], nb.from_dtype(QUEUE_ROW)[::1], nb.int64[::1]), OrderArrays
)  # fmt: skip
HISTORY = nb.types.NamedTuple(
    (
        nb.int64[::1], nb.int32[::1], nb.from_dtype(HEAD_ROW)[:, ::1], nb.int32[:, :, :, ::1],
        nb.int64[:, :, :, ::1], nb.int64[::1], LEVEL[::1],
    ),
    HistoryArrays,
)  # fmt: skip
BOOKS = nb.types.NamedTuple((nb.int32[::1], nb.from_dtype(BOOK_ROW)[::1], LEVELS, ORDERS, HISTORY), BookArrays)
"""Numba's types of the named tuples."""

PART = {"inline": "always"}
"""Options of a piece of others: Numba puts its statements there, and never compiles it alone."""

_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(**PART)
def highest_bit(word):  # type: ignore[no-untyped-def]
    """Number of the highest set bit of a word that is not 0."""
    return np.int64(63) - np.int64(leading_zeros(word))


@nb.njit(**PART)
def _block_class(levels):  # type: ignore[no-untyped-def]
    """The smallest class of list block that holds ``levels``."""
    return max(SMALLEST_BLOCK, highest_bit(np.uint64(max(levels - 1, 1))) + 1)


@nb.njit(nb.int64(LEVELS, _side, nb.int64), **INNER)
def list_room(levels, side, wanted):  # type: ignore[no-untyped-def]
    """Makes the side's list block large enough for ``wanted`` levels: DONE, NO_ROOM or TOO_MANY."""
    lists, list_free, state = levels.lists, levels.list_free, levels.state
    if wanted <= side["list_room"]:
        return DONE
    size_class = _block_class(wanted)
    if size_class > LARGEST_BLOCK:
        return TOO_MANY
    start = list_free[size_class]
    if start >= 0:
        list_free[size_class] = lists[start, LIST_KEY]
    else:
        start = state[LIST_END]
        if start + (1 << size_class) > len(lists):
            state[WANTED] |= WANT_LISTS
            return NO_ROOM
        state[LIST_END] = start + (1 << size_class)
    old = side["list_start"]
    for i in range(side["list_count"]):
        for column in range(3):
            lists[start + i, column] = lists[old + i, column]
    if side["list_room"] > 0:
        old_class = _block_class(side["list_room"])
        lists[old, LIST_KEY] = list_free[old_class]
        list_free[old_class] = old
    side["list_start"] = start
    side["list_room"] = 1 << size_class
    return DONE


@nb.njit(**PART)
def list_place(lists, side, key):  # type: ignore[no-untyped-def]
    """Place in the pool of the first level of the list whose key is not below ``key``."""
    low = side["list_start"]
    high = low + side["list_count"]
    while low < high:
        middle = (low + high) >> 1
        if lists[middle, LIST_KEY] < key:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(**PART)
def find_best(levels, slot, at):  # type: ignore[no-untyped-def]
    """Sets the side's best level from its grid and its list."""
    side, lists, cells, directory = levels.sides[slot, at], levels.lists, levels.cells, levels.directory
    tick = side["best_tick"]
    key = NO_KEY if tick == NO_TICK else side["base_key"] + tick * side["step"]
    if key > side["list_best"]:
        side["best_key"] = key
        side["best_size"] = cells[directory[slot, at, tick >> 6], tick & 63, 0]
    elif side["list_count"] > 0:
        last = side["list_start"] + side["list_count"] - 1
        side["best_key"] = lists[last, LIST_KEY]
        side["best_size"] = lists[last, LIST_SIZE]
    else:
        side["best_key"] = NO_KEY
        side["best_size"] = 0


@nb.njit(**PART)
def _highest_tick(levels, slot, at, page):  # type: ignore[no-untyped-def]
    """The highest occupied tick in the directory's pages up to ``page``, or NO_TICK."""
    words, directory, bits = levels.words, levels.directory, levels.bits
    for word in range(page >> 6, -1, -1):
        used = words[slot, at, word]
        if used != _NOTHING:
            found = (word << 6) + highest_bit(used)
            return (found << 6) + highest_bit(bits[directory[slot, at, found]])
    return NO_TICK


@nb.njit(**PART)
def free_page(levels, slot, at, page):  # type: ignore[no-untyped-def]
    """Takes one page of the directory out of use."""
    state, free_pages, directory, words = levels.state, levels.free_pages, levels.directory, levels.words
    free = state[FREE_PAGES]
    free_pages[free] = directory[slot, at, page]
    state[FREE_PAGES] = free + 1
    directory[slot, at, page] = 0
    words[slot, at, page >> 6] &= ~(_ONE << np.uint64(page & 63))


@nb.njit(**PART)
def new_page(levels, slot, at, page):  # type: ignore[no-untyped-def]
    """An empty page for a place of the directory, or 0 when there is none left."""
    state, free_pages, directory, words = levels.state, levels.free_pages, levels.directory, levels.words
    bits = levels.bits
    free = state[FREE_PAGES] - 1
    if free < 0:
        state[WANTED] |= WANT_PAGES
        return 0
    state[FREE_PAGES] = free
    number = np.int64(free_pages[free])
    bits[number] = _NOTHING
    directory[slot, at, page] = number
    words[slot, at, page >> 6] |= _ONE << np.uint64(page & 63)
    return number


@nb.njit(**PART)
def _unset_last(levels, slot, at, tick):  # type: ignore[no-untyped-def]
    """The page of ``tick`` is empty: frees it, and finds the best tick again if it was there."""
    side = levels.sides[slot, at]
    free_page(levels, slot, at, tick >> 6)
    if tick == side["best_tick"]:
        side["best_tick"] = _highest_tick(levels, slot, at, tick >> 6)


@nb.njit(**PART)
def set_in_grid(levels, slot, at, tick, size, orders):  # type: ignore[no-untyped-def]
    """Sets one tick of the grid, and the side's best: DONE or NO_ROOM."""
    side, directory, bits, cells = levels.sides[slot, at], levels.directory, levels.bits, levels.cells
    number = np.int64(directory[slot, at, tick >> 6])
    bit = _ONE << np.uint64(tick & 63)
    if size == 0:
        if number == 0:
            return DONE
        left = bits[number] & ~bit
        bits[number] = left
        if left == _NOTHING:
            _unset_last(levels, slot, at, tick)
        elif tick == side["best_tick"]:
            side["best_tick"] = (tick & ~63) + highest_bit(left)
        else:
            return DONE
        find_best(levels, slot, at)
        return DONE
    if number == 0:
        number = new_page(levels, slot, at, tick >> 6)
        if number == 0:
            return NO_ROOM
    bits[number] |= bit
    cells[number, tick & 63, 0] = size
    cells[number, tick & 63, 1] = orders
    if tick >= side["best_tick"]:
        side["best_tick"] = tick
        key = side["base_key"] + tick * side["step"]
        if key > side["list_best"]:
            side["best_key"] = key
            side["best_size"] = size
    return DONE


@nb.njit(nb.int64(LEVELS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def set_in_list(levels, slot, at, key, size, orders):  # type: ignore[no-untyped-def]
    """Sets one level of the list: DONE, NO_ROOM or TOO_MANY. Whether the side should be laid out, its counters say."""
    side, lists = levels.sides[slot, at], levels.lists
    start = side["list_start"]
    place = list_place(lists, side, key)
    end = start + side["list_count"]
    found = place < end and lists[place, LIST_KEY] == key
    if size == 0:
        if not found:
            return DONE
        for i in range(place, end - 1):
            for column in range(3):
                lists[i, column] = lists[i + 1, column]
        side["list_count"] -= 1
        side["list_best"] = lists[end - 2, LIST_KEY] if side["list_count"] > 0 else NO_KEY
        find_best(levels, slot, at)
        return DONE
    if not found:
        room = list_room(levels, side, side["list_count"] + 1)
        if room != DONE:
            return room
        place += side["list_start"] - start
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
    find_best(levels, slot, at)
    return DONE


@nb.njit(nb.types.UniTuple(nb.int64, 2)(LEVELS, nb.int64, nb.int64, nb.int64), **INNER)
def get_level(levels, slot, at, key):  # type: ignore[no-untyped-def]
    """Size and orders of one level, 0 and 0 where there is none."""
    side, directory, bits = levels.sides[slot, at], levels.directory, levels.bits
    cells, lists = levels.cells, levels.lists
    offset = key - side["base_key"]
    if 0 <= offset < side["span"]:
        tick = np.int64(offset * side["per_step"] + 0.5)
        if tick * side["step"] == offset:
            number = directory[slot, at, tick >> 6]
            if number == 0 or not bits[number] & (_ONE << np.uint64(tick & 63)):
                return 0, 0
            return cells[number, tick & 63, 0], cells[number, tick & 63, 1]
    place = list_place(lists, side, key)
    if place < side["list_start"] + side["list_count"] and lists[place, LIST_KEY] == key:
        return lists[place, LIST_SIZE], lists[place, LIST_ORDERS]
    return 0, 0


@nb.njit(nb.void(LEVELS, nb.int64, nb.int64), **INNER)
def clear_side(levels, slot, at):  # type: ignore[no-untyped-def]
    """Takes all levels away; the price step and the grid's place stay for the levels that follow."""
    side, words = levels.sides[slot, at], levels.words
    for word in range(WORDS):
        used = words[slot, at, word]
        while used != _NOTHING:
            bit = highest_bit(used)
            used &= ~(_ONE << np.uint64(bit))
            free_page(levels, slot, at, (word << 6) + bit)
    side["best_tick"] = NO_TICK
    side["best_key"] = NO_KEY
    side["best_size"] = 0
    side["list_best"] = NO_KEY
    side["list_count"] = 0
    side["next_layout"] = FIRST_LAYOUT
    side["strays"] = 0
    side["most_strays"] = STRAYS
