"""Books by order: every resting order in a queue by price, found by its id; the levels above are their sums.

An id belongs to one book. Orders and queues are found through hash tables with linear probing, whose entries move up
when one is taken out (Knuth, The Art of Computer Programming vol. 3, 6.4, algorithm R), so that no tombstones pile up.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.market.book_layout_kernel import set_level
from terminal.market.book_level_kernel import (
    DONE,
    INNER,
    LEVELS,
    NO_ROOM,
    ORDERS,
    OUTER,
    TOO_MANY,
    get_level,
    highest_bit,
)
from terminal.market.book_rows import (
    FREE_ORDERS,
    LARGEST_SIZE,
    LIST_KEY,
    NO_ORDER,
    ORDER_ROW,
    ORDERS_USED,
    QUEUE_ROW,
    WANT_ORDERS,
    WANTED,
    WORDS,
)

_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(nb.int64(nb.int64, nb.int64, nb.int64), **INNER, forceinline=True)
def _hash(first, second, places):  # type: ignore[no-untyped-def]
    """A place in a table of ``places``, a power of two (finaliser of splitmix64: Steele, Lea and Flood 2014)."""
    mixed = (np.uint64(first) + np.uint64(second) * _MIX) * _MIX
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.int64(mixed & np.uint64(places - 1))


@nb.njit(nb.int64(ORDERS, nb.int64, nb.int64), **INNER)
def order_place(orders, slot, order_id):  # type: ignore[no-untyped-def]
    """Place in the hash table of a book's order, or the free one where it would stand."""
    pool, places = orders.pool, orders.places
    at = _hash(order_id, slot, len(places))
    for _ in range(len(places)):
        row = places[at]
        if row < 0 or (pool[row]["id"] == order_id and pool[row]["book"] == slot):
            break
        at = (at + 1) & (len(places) - 1)
    return at


@nb.njit(nb.int64(ORDERS, nb.int64, nb.int64, nb.int64), **INNER)
def queue_place(orders, slot, side, key):  # type: ignore[no-untyped-def]
    """Place in the hash table of the queue of one price, or the free one where it would stand."""
    queues = orders.queues
    at = _hash(key, 2 * slot + side, len(queues))
    for _ in range(len(queues)):
        row = queues[at]
        if row["book"] < 0 or (row["key"] == key and row["book"] == slot and row["side"] == side):
            break
        at = (at + 1) & (len(queues) - 1)
    return at


@nb.njit(nb.void(ORDERS, nb.int64), **INNER)
def _drop_order_place(orders, at):  # type: ignore[no-untyped-def]
    pool, places = orders.pool, orders.places
    last = len(places) - 1
    hole = at
    look = (at + 1) & last
    while places[look] >= 0:
        row = places[look]
        home = _hash(pool[row]["id"], pool[row]["book"], len(places))
        if (look - home) & last >= (look - hole) & last:
            places[hole] = row
            hole = look
        look = (look + 1) & last
    places[hole] = NO_ORDER


@nb.njit(nb.void(ORDERS, nb.int64), **INNER)
def _drop_queue_place(orders, at):  # type: ignore[no-untyped-def]
    queues = orders.queues
    last = len(queues) - 1
    hole = at
    look = (at + 1) & last
    while queues[look]["book"] >= 0:
        row = queues[look]
        home = _hash(row["key"], 2 * row["book"] + row["side"], len(queues))
        if (look - home) & last >= (look - hole) & last:
            queues[hole] = row
            hole = look
        look = (look + 1) & last
    queues[hole]["book"] = -1


@nb.njit(nb.void(ORDERS, nb.int64), **INNER)
def _join_queue(orders, row):  # type: ignore[no-untyped-def]
    pool, queues = orders.pool, orders.queues
    order = pool[row]
    queue = queues[queue_place(orders, order["book"], order["side"], order["key"])]
    order["behind"] = NO_ORDER
    if queue["book"] < 0:
        queue["book"] = order["book"]
        queue["side"] = order["side"]
        queue["key"] = order["key"]
        queue["first"] = row
        order["ahead"] = NO_ORDER
    else:
        order["ahead"] = queue["last"]
        pool[queue["last"]]["behind"] = row
    queue["last"] = row


@nb.njit(nb.void(ORDERS, nb.int64), **INNER)
def _leave_queue(orders, row):  # type: ignore[no-untyped-def]
    pool, queues = orders.pool, orders.queues
    order = pool[row]
    place = queue_place(orders, order["book"], order["side"], order["key"])
    queue = queues[place]
    ahead, behind = order["ahead"], order["behind"]
    if ahead >= 0:
        pool[ahead]["behind"] = behind
    else:
        queue["first"] = behind
    if behind >= 0:
        pool[behind]["ahead"] = ahead
    else:
        queue["last"] = ahead
    if queue["first"] < 0:
        _drop_queue_place(orders, place)


@nb.njit(nb.void(LEVELS, nb.from_dtype(ORDER_ROW)[::1], nb.int64), **INNER, forceinline=True)
def _free_order(levels, pool, row):  # type: ignore[no-untyped-def]
    state = levels.state
    pool[row]["book"] = -1
    pool[row]["behind"] = state[FREE_ORDERS]
    state[FREE_ORDERS] = row


@nb.njit(nb.int64(LEVELS, ORDERS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def add_order(levels, orders, slot, side, key, size, order_id):  # type: ignore[no-untyped-def]
    """Puts a new order at the end of its price's queue: DONE, NO_ROOM, or TOO_MANY levels. Its id is not there yet."""
    state, pool, places = levels.state, orders.pool, orders.places
    row = state[FREE_ORDERS]
    if row < 0 and state[ORDERS_USED] >= len(pool):
        state[WANTED] |= WANT_ORDERS
        return NO_ROOM
    resting, count = get_level(levels, slot, side, key)
    if resting + size > LARGEST_SIZE:
        return TOO_MANY
    done = set_level(levels, slot, side, key, resting + size, count + 1)
    if done != DONE:
        return done
    if row >= 0:
        state[FREE_ORDERS] = pool[row]["behind"]
    else:
        row = state[ORDERS_USED]
        state[ORDERS_USED] = row + 1
    order = pool[row]
    order["id"] = order_id
    order["book"] = slot
    order["side"] = side
    order["key"] = key
    order["size"] = size
    places[order_place(orders, slot, order_id)] = row
    _join_queue(orders, row)
    return DONE


@nb.njit(nb.void(LEVELS, ORDERS, nb.int64), **INNER)
def remove_order(levels, orders, place):  # type: ignore[no-untyped-def]
    """Takes out the order at a place of the table, and its size out of its level."""
    pool, places = orders.pool, orders.places
    row = np.int64(places[place])
    order = pool[row]
    slot, side, key = order["book"], order["side"], order["key"]
    resting, count = get_level(levels, slot, side, key)
    set_level(levels, slot, side, key, resting - order["size"] if count > 1 else 0, count - 1)
    _leave_queue(orders, row)
    _drop_order_place(orders, place)
    _free_order(levels, pool, row)


@nb.njit(nb.void(LEVELS, ORDERS, nb.int64, nb.int64), **INNER)
def shrink_order(levels, orders, row, size):  # type: ignore[no-untyped-def]
    """Makes an order smaller, to ``size`` above 0; it keeps its place in the queue."""
    pool = orders.pool
    order = pool[row]
    slot, side, key = order["book"], order["side"], order["key"]
    resting, count = get_level(levels, slot, side, key)
    set_level(levels, slot, side, key, resting - order["size"] + size, count)
    order["size"] = size


@nb.njit(nb.int64(LEVELS, ORDERS, nb.int64, nb.int64, nb.int64), **INNER)
def change_order(levels, orders, place, key, size):  # type: ignore[no-untyped-def]
    """A new price or a larger size, at the end of the queue: DONE, NO_ROOM or TOO_MANY (then nothing changed)."""
    pool, places = orders.pool, orders.places
    row = np.int64(places[place])
    order = pool[row]
    slot, side, old_key, old_size = order["book"], order["side"], order["key"], order["size"]
    there, count = get_level(levels, slot, side, key)
    if key == old_key:
        there -= old_size
        count -= 1
    if there + size > LARGEST_SIZE:
        return TOO_MANY
    done = set_level(levels, slot, side, key, there + size, count + 1)
    if done != DONE:
        return done
    if key != old_key:
        resting, count = get_level(levels, slot, side, old_key)
        set_level(levels, slot, side, old_key, resting - old_size if count > 1 else 0, count - 1)
    _leave_queue(orders, row)
    order["key"] = key
    order["size"] = size
    _join_queue(orders, row)
    return DONE


@nb.njit(nb.void(LEVELS, ORDERS, nb.int64, nb.int64, nb.int64), **INNER)
def _free_queue(levels, orders, slot, at, key):  # type: ignore[no-untyped-def]
    pool, queues = orders.pool, orders.queues
    place = queue_place(orders, slot, at, key)
    row = np.int64(queues[place]["first"])
    while row >= 0:
        behind = np.int64(pool[row]["behind"])
        _drop_order_place(orders, order_place(orders, slot, pool[row]["id"]))
        _free_order(levels, pool, row)
        row = behind
    _drop_queue_place(orders, place)


@nb.njit(nb.void(LEVELS, ORDERS, nb.int64, nb.int64), **INNER)
def free_queues(levels, orders, slot, at):  # type: ignore[no-untyped-def]
    """Takes out every order of one side of a book; its levels stay, to be cleared next."""
    side, lists, words = levels.sides[slot, at], levels.lists, levels.words
    directory, bits = levels.directory, levels.bits
    for i in range(side["list_start"], side["list_start"] + side["list_count"]):
        _free_queue(levels, orders, slot, at, lists[i, LIST_KEY])
    for word in range(WORDS):
        used = words[slot, at, word]
        while used != _NOTHING:
            page = (word << 6) + highest_bit(used)
            used &= ~(_ONE << np.uint64(page & 63))
            left = bits[directory[slot, at, page]]
            while left != _NOTHING:
                tick = (page << 6) + highest_bit(left)
                left &= ~(_ONE << np.uint64(tick & 63))
                _free_queue(levels, orders, slot, at, side["base_key"] + tick * side["step"])


@nb.njit(nb.void(LEVELS, ORDERS, nb.from_dtype(QUEUE_ROW)[::1]), **OUTER)
def place_orders_again(levels, orders, old_queues):  # type: ignore[no-untyped-def]
    """Fills empty hash tables with all orders and with the used queues of the table before."""
    pool, places, queues = orders.pool, orders.places, orders.queues
    for row in range(levels.state[ORDERS_USED]):
        if pool[row]["book"] >= 0:
            places[order_place(orders, pool[row]["book"], pool[row]["id"])] = row
    for i in range(len(old_queues)):
        old = old_queues[i]
        if old["book"] >= 0:
            queues[queue_place(orders, old["book"], old["side"], old["key"])] = old
