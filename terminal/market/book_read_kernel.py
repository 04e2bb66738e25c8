"""Copies out of books: best levels, sizes by price row, places in a queue.

Readers run while the engine may be writing, and read again when it was. What they see in between may be torn, so every
index is checked and every walk ends.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.market.book_level_kernel import LEVEL, LEVELS, ORDERS, PART, highest_bit
from terminal.market.book_rows import LIST_KEY, LIST_ORDERS, LIST_SIZE, NO_KEY, NO_TICK, PAGES
from terminal.market.kernel_options import OUTER
from terminal.market.order_book_kernel import order_place, queue_place

_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(**PART)
def _tick_at_or_below(levels, slot, at, tick):  # type: ignore[no-untyped-def]
    """The highest occupied tick of a grid that is not above ``tick``, or NO_TICK."""
    words, directory, bits = levels.words, levels.directory, levels.bits
    if tick < 0:
        return NO_TICK
    page = min(tick >> 6, PAGES - 1)
    number = directory[slot, at, page]
    if 0 < number < len(bits):
        # Twice, because a shift by 64 is no shift.
        below = bits[number] & ~((~_NOTHING << np.uint64(tick & 63)) << _ONE)
        if below != _NOTHING:
            return (page << 6) + highest_bit(below)
    used = words[slot, at, page >> 6] & ~(~_NOTHING << np.uint64(page & 63))
    for word in range(page >> 6, -1, -1):
        if word < page >> 6:
            used = words[slot, at, word]
        if used != _NOTHING:
            found = (word << 6) + highest_bit(used)
            number = directory[slot, at, found]
            if number <= 0 or number >= len(bits) or bits[number] == _NOTHING:
                return NO_TICK
            return (found << 6) + highest_bit(bits[number])
    return NO_TICK


@nb.njit(nb.int64(LEVELS, nb.int64, nb.int64, LEVEL[::1]), **OUTER)
def copy_side(levels, slot, at, out):  # type: ignore[no-untyped-def]
    """Fills ``out`` with the side's levels from the best outwards and returns how many there are in it."""
    side, lists, cells, directory = levels.sides[slot, at], levels.lists, levels.cells, levels.directory
    sign = 1 if at == 0 else -1
    tick = side["best_tick"]
    first = side["list_start"]
    place = min(first + side["list_count"], len(lists)) - 1
    filled = 0
    while filled < len(out):
        grid_key = NO_KEY if tick == NO_TICK else side["base_key"] + tick * side["step"]
        list_key = lists[place, LIST_KEY] if place >= first else NO_KEY
        if grid_key == NO_KEY and list_key == NO_KEY:
            break
        level = out[filled]
        filled += 1
        if list_key > grid_key:
            level["px"] = sign * list_key
            level["size"] = lists[place, LIST_SIZE]
            level["orders"] = lists[place, LIST_ORDERS]
            place -= 1
            continue
        number = directory[slot, at, tick >> 6]
        if number >= len(cells):
            break
        level["px"] = sign * grid_key
        level["size"] = cells[number, tick & 63, 0]
        level["orders"] = cells[number, tick & 63, 1]
        tick = _tick_at_or_below(levels, slot, at, tick - 1)
    return filled


@nb.njit(nb.void(LEVELS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64[::1]), **OUTER)
def add_up_rows(levels, slot, at, low_px, step_px, sizes):  # type: ignore[no-untyped-def]
    """Adds the side's sizes to price rows: row i holds prices from ``low_px`` + i steps up to the next row's."""
    side, lists, cells, directory = levels.sides[slot, at], levels.lists, levels.cells, levels.directory
    sign = 1 if at == 0 else -1
    rows = len(sizes)
    first = side["list_start"]
    for place in range(first, min(first + side["list_count"], len(lists))):
        row = (sign * lists[place, LIST_KEY] - low_px) // step_px
        if 0 <= row < rows:
            sizes[row] = min(sizes[row] + lists[place, LIST_SIZE], 2**62)
    if side["span"] <= 0 or side["step"] <= 0:
        return
    last_px = low_px + rows * step_px - 1
    highest, lowest = (last_px, low_px) if at == 0 else (-low_px, -last_px)
    if highest < side["base_key"]:
        return
    tick = (min(highest, side["base_key"] + side["span"] - 1) - side["base_key"]) // side["step"]
    while True:
        tick = _tick_at_or_below(levels, slot, at, tick)
        key = side["base_key"] + tick * side["step"]
        if tick == NO_TICK or key < lowest:
            break
        number = directory[slot, at, tick >> 6]
        row = (sign * key - low_px) // step_px
        if number < len(cells) and 0 <= row < rows:
            sizes[row] = min(sizes[row] + cells[number, tick & 63, 0], 2**62)
        tick -= 1


@nb.njit(nb.types.UniTuple(nb.int64, 2)(ORDERS, nb.int64, nb.int64), **OUTER)
def ahead_in_queue(orders, slot, order_id):  # type: ignore[no-untyped-def]
    """Size and number of the orders before one of its price; -1 and -1 for an unknown one."""
    pool, places = orders.pool, orders.places
    row = np.int64(places[order_place(orders, slot, order_id)])
    if row < 0 or row >= len(pool):
        return -1, -1
    size, count = 0, 0
    ahead = np.int64(pool[row]["ahead"])
    while 0 <= ahead < len(pool) and count < len(pool):
        size = min(size + pool[ahead]["size"], 2**62)
        count += 1
        ahead = np.int64(pool[ahead]["ahead"])
    return size, count


@nb.njit(nb.int64(ORDERS, nb.int64, nb.int64, nb.int64, nb.int64[:, ::1]), **OUTER)
def copy_queue(orders, slot, at, key, out):  # type: ignore[no-untyped-def]
    """Fills ``out`` with (order id, size) of the orders of one price, first in the queue first; returns how many."""
    pool, queues = orders.pool, orders.queues
    queue = queues[queue_place(orders, slot, at, key)]
    if queue["book"] < 0:
        return 0
    row = np.int64(queue["first"])
    filled = 0
    while 0 <= row < len(pool) and filled < len(out):
        out[filled, 0] = pool[row]["id"]
        out[filled, 1] = pool[row]["size"]
        filled += 1
        row = np.int64(pool[row]["behind"])
    return filled
