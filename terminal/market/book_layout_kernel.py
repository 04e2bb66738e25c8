"""Lays a side of a book out: which price step its grid has, where it begins, which levels stand in the list."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.market.book_level_kernel import (
    DONE,
    LEVELS,
    PART,
    find_best,
    free_page,
    highest_bit,
    list_room,
    new_page,
    set_in_grid,
    set_in_list,
)
from terminal.market.book_rows import (
    FIRST_LAYOUT,
    FREE_PAGES,
    GRID_TICKS,
    LIST_KEY,
    LIST_ORDERS,
    LIST_SIZE,
    NO_KEY,
    NO_TICK,
    PAGE_TICKS,
    STRAYS,
    WANT_PAGES,
    WANTED,
    WORDS,
)
from terminal.market.kernel_options import INNER

_PAGES_BELOW = 640
"""Pages of the grid up to the best level's: most levels stand behind it, and it may move both ways."""
_LOOKED_AT = 64
"""Levels from the best whose prices tell the step."""
_LARGEST_STEP = 2**40
_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(**PART)
def _base_key(best_key, step):  # type: ignore[no-untyped-def]
    page = step * PAGE_TICKS
    return (best_key // page - _PAGES_BELOW) * page


@nb.njit(**PART)
def _levels_on(lists, start, count, step):  # type: ignore[no-untyped-def]
    """How many of the levels a grid of ``step`` around the best one would take."""
    if step <= 0 or step > _LARGEST_STEP:
        return 0
    base = _base_key(lists[start + count - 1, LIST_KEY], step)
    taken = 0
    for i in range(start + count - 1, start - 1, -1):
        offset = lists[i, LIST_KEY] - base
        if offset < 0:
            break
        if offset % step == 0:
            taken += 1
    return taken


@nb.njit(**PART)
def _choose_step(lists, start, count, old_step):  # type: ignore[no-untyped-def]
    """The step that takes most levels, 0 for none: the old one, the prices' common divisor, or the usual distance.

    The last one stands against a few prices off the tick, which would make the divisor too fine.
    """
    end = start + count
    first = max(start, end - _LOOKED_AT)
    divisor = np.int64(0)
    usual = np.int64(0)
    most = 0
    for i in range(first, end):
        other = abs(lists[i, LIST_KEY])
        while other != 0:
            divisor, other = other, divisor % other
        if i == first:
            continue
        distance = lists[i, LIST_KEY] - lists[i - 1, LIST_KEY]
        times = 0
        for j in range(first + 1, i):
            times += lists[j, LIST_KEY] - lists[j - 1, LIST_KEY] == distance
        if times > most or usual == 0:
            usual, most = distance, times
    chosen, taken = np.int64(0), FIRST_LAYOUT // 2 - 1
    for step in (old_step, usual, divisor):
        found = _levels_on(lists, start, count, step)
        if found > taken or (found == taken and step > chosen > 0):
            chosen, taken = step, found
    return chosen


@nb.njit(**PART)
def _count_grid(levels, slot, at):  # type: ignore[no-untyped-def]
    words, directory, bits = levels.words, levels.directory, levels.bits
    count = 0
    for word in range(WORDS):
        used = words[slot, at, word]
        while used != _NOTHING:
            page = (word << 6) + highest_bit(used)
            used &= ~(_ONE << np.uint64(page & 63))
            left = bits[directory[slot, at, page]]
            while left != _NOTHING:
                left &= left - _ONE
                count += 1
    return count


@nb.njit(**PART)
def _merge_into_list(levels, slot, at, count):  # type: ignore[no-untyped-def]
    """Moves the grid's levels into the list, whose block has room for all ``count``; from the highest key down."""
    side, lists, cells = levels.sides[slot, at], levels.lists, levels.cells
    words, directory, bits = levels.words, levels.directory, levels.bits
    start = side["list_start"]
    left = start + side["list_count"] - 1
    to = start + count - 1
    for word in range(WORDS - 1, -1, -1):
        used = words[slot, at, word]
        while used != _NOTHING:
            page = (word << 6) + highest_bit(used)
            used &= ~(_ONE << np.uint64(page & 63))
            number = directory[slot, at, page]
            ticks = bits[number]
            while ticks != _NOTHING:
                bit = highest_bit(ticks)
                ticks &= ~(_ONE << np.uint64(bit))
                key = side["base_key"] + ((page << 6) + bit) * side["step"]
                while left >= start and lists[left, LIST_KEY] > key:
                    for column in range(3):
                        lists[to, column] = lists[left, column]
                    left -= 1
                    to -= 1
                lists[to, LIST_KEY] = key
                lists[to, LIST_SIZE] = cells[number, bit, 0]
                lists[to, LIST_ORDERS] = cells[number, bit, 1]
                to -= 1
            free_page(levels, slot, at, page)
    side["list_count"] = count
    side["best_tick"] = NO_TICK


@nb.njit(**PART)
def _pages_for(lists, start, count, base, step):  # type: ignore[no-untyped-def]
    pages, before = 0, np.int64(-1)
    for i in range(start, start + count):
        offset = lists[i, LIST_KEY] - base
        if 0 <= offset < step * GRID_TICKS and offset % step == 0:
            page = offset // (step * PAGE_TICKS)
            pages += page != before
            before = page
    return pages


@nb.njit(**PART)
def _spread_over_grid(levels, slot, at):  # type: ignore[no-untyped-def]
    """Moves the levels that the grid takes from the list into it; there are pages enough."""
    side, lists, cells = levels.sides[slot, at], levels.lists, levels.cells
    directory, bits = levels.directory, levels.bits
    start, step = side["list_start"], side["step"]
    kept = start
    for i in range(start, start + side["list_count"]):
        offset = lists[i, LIST_KEY] - side["base_key"]
        if 0 <= offset < side["span"] and offset % step == 0:
            tick = offset // step
            number = np.int64(directory[slot, at, tick >> 6])
            if number == 0:
                number = new_page(levels, slot, at, tick >> 6)
            bits[number] |= _ONE << np.uint64(tick & 63)
            cells[number, tick & 63, 0] = lists[i, LIST_SIZE]
            cells[number, tick & 63, 1] = lists[i, LIST_ORDERS]
            side["best_tick"] = tick
        else:
            for column in range(3):
                lists[kept, column] = lists[i, column]
            kept += 1
    side["list_count"] = kept - start


@nb.njit(nb.void(LEVELS, nb.int64, nb.int64), **INNER)
def lay_out(levels, slot, at):  # type: ignore[no-untyped-def]
    """Chooses the side's step and range anew and moves every level to where it then belongs.

    Without room for it the side stays as it is, or in its list alone, until the pools have grown: it is right all the
    same, only slower.
    """
    side, lists, state = levels.sides[slot, at], levels.lists, levels.state
    side["strays"] = 0
    count = side["list_count"] + _count_grid(levels, slot, at)
    side["next_layout"] = 2 * count + FIRST_LAYOUT
    side["most_strays"] = max(STRAYS, count >> 3)
    if list_room(levels, side, count) != DONE:
        return
    _merge_into_list(levels, slot, at, count)
    start = side["list_start"]
    step = _choose_step(lists, start, count, side["step"])
    side["span"] = 0
    if step > 0:
        base = _base_key(lists[start + count - 1, LIST_KEY], step)
        if _pages_for(lists, start, count, base, step) <= state[FREE_PAGES]:
            side["step"] = step
            side["per_step"] = 1.0 / step
            side["base_key"] = base
            side["span"] = step * GRID_TICKS
            _spread_over_grid(levels, slot, at)
            side["next_layout"] = 2 * side["list_count"] + FIRST_LAYOUT
        else:
            state[WANTED] |= WANT_PAGES
    kept = side["list_count"]
    side["list_best"] = lists[start + kept - 1, LIST_KEY] if kept > 0 else NO_KEY
    find_best(levels, slot, at)


@nb.njit(**PART)
def set_level(levels, slot, at, key, size, orders):  # type: ignore[no-untyped-def]
    """Gives a level its size and orders, 0 takes it away: DONE, NO_ROOM or TOO_MANY (then nothing changed)."""
    side = levels.sides[slot, at]
    offset = key - side["base_key"]
    if 0 <= offset < side["span"]:
        tick = np.int64(offset * side["per_step"] + 0.5)
        if tick * side["step"] == offset:
            return set_in_grid(levels, slot, at, tick, size, orders)
    done = set_in_list(levels, slot, at, key, size, orders)
    if side["list_count"] >= side["next_layout"] or side["strays"] >= side["most_strays"]:
        lay_out(levels, slot, at)
    return done
