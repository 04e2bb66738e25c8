"""Books by order: every resting order in a queue by price, found by its id; the levels above are their sums.

An id belongs to one book. Orders and queues are found through hash tables with linear probing, whose entries move up
when one is taken out (Knuth, The Art of Computer Programming vol. 3, 6.4, algorithm R), so that no tombstones pile up.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.market.book_layout_kernel import set_level
from terminal.market.book_level_kernel import (
    BOOKS,
    DONE,
    INNER,
    NO_ROOM,
    OUTER,
    TOO_MANY,
    clear_side,
    get_level,
    highest_bit,
)
from terminal.market.book_rows import (
    FREE_ORDERS,
    LARGEST_SIZE,
    LIST_KEY,
    NO_ORDER,
    ORDERS_USED,
    QUEUE_ROW,
    WANT_ORDERS,
    WANTED,
    WORDS,
)

_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(nb.int64(nb.int64, nb.int64, nb.int64), **INNER)
def _hash(first, second, places):  # type: ignore[no-untyped-def]
    """A place in a table of ``places``, a power of two (finaliser of splitmix64: Steele, Lea and Flood 2014)."""
    mixed = (np.uint64(first) + np.uint64(second) * _MIX) * _MIX
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.int64(mixed & np.uint64(places - 1))


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64), **INNER)
def order_place(books, slot, order_id):  # type: ignore[no-untyped-def]
    """Place in the hash table of a book's order, or the free one where it would stand."""
    table = books.order_place
    at = _hash(order_id, slot, len(table))
    for _ in range(len(table)):
        row = table[at]
        if row < 0 or (books.orders[row]["id"] == order_id and books.orders[row]["book"] == slot):
            break
        at = (at + 1) & (len(table) - 1)
    return at


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def queue_place(books, slot, side, key):  # type: ignore[no-untyped-def]
    """Place in the hash table of the queue of one price, or the free one where it would stand."""
    table = books.queues
    at = _hash(key, 2 * slot + side, len(table))
    for _ in range(len(table)):
        row = table[at]
        if row["book"] < 0 or (row["key"] == key and row["book"] == slot and row["side"] == side):
            break
        at = (at + 1) & (len(table) - 1)
    return at


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _drop_order_place(books, at):  # type: ignore[no-untyped-def]
    table = books.order_place
    last = len(table) - 1
    hole = at
    look = at
    while True:
        look = (look + 1) & last
        row = table[look]
        if row < 0:
            break
        home = _hash(books.orders[row]["id"], books.orders[row]["book"], len(table))
        if (look - home) & last >= (look - hole) & last:
            table[hole] = row
            hole = look
    table[hole] = NO_ORDER


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _drop_queue_place(books, at):  # type: ignore[no-untyped-def]
    table = books.queues
    last = len(table) - 1
    hole = at
    look = at
    while True:
        look = (look + 1) & last
        row = table[look]
        if row["book"] < 0:
            break
        home = _hash(row["key"], 2 * row["book"] + row["side"], len(table))
        if (look - home) & last >= (look - hole) & last:
            table[hole] = row
            hole = look
    table[hole]["book"] = -1


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _join_queue(books, row):  # type: ignore[no-untyped-def]
    order = books.orders[row]
    queue = books.queues[queue_place(books, order["book"], order["side"], order["key"])]
    order["behind"] = NO_ORDER
    if queue["book"] < 0:
        queue["book"] = order["book"]
        queue["side"] = order["side"]
        queue["key"] = order["key"]
        queue["first"] = row
        order["ahead"] = NO_ORDER
    else:
        order["ahead"] = queue["last"]
        books.orders[queue["last"]]["behind"] = row
    queue["last"] = row


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _leave_queue(books, row):  # type: ignore[no-untyped-def]
    order = books.orders[row]
    place = queue_place(books, order["book"], order["side"], order["key"])
    queue = books.queues[place]
    ahead, behind = order["ahead"], order["behind"]
    if ahead >= 0:
        books.orders[ahead]["behind"] = behind
    else:
        queue["first"] = behind
    if behind >= 0:
        books.orders[behind]["ahead"] = ahead
    else:
        queue["last"] = ahead
    if queue["first"] < 0:
        _drop_queue_place(books, place)


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _free_order(books, row):  # type: ignore[no-untyped-def]
    order = books.orders[row]
    order["book"] = -1
    order["behind"] = books.state[FREE_ORDERS]
    books.state[FREE_ORDERS] = row


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def add_order(books, slot, side, key, size, order_id):  # type: ignore[no-untyped-def]
    """Puts a new order at the end of its price's queue: DONE, NO_ROOM, or TOO_MANY levels. Its id is not there yet."""
    row = books.state[FREE_ORDERS]
    if row < 0 and books.state[ORDERS_USED] >= len(books.orders):
        books.state[WANTED] |= WANT_ORDERS
        return NO_ROOM
    resting, orders = get_level(books, slot, side, key)
    if resting + size > LARGEST_SIZE:
        return TOO_MANY
    done = set_level(books, slot, side, key, resting + size, orders + 1)
    if done != DONE:
        return done
    if row >= 0:
        books.state[FREE_ORDERS] = books.orders[row]["behind"]
    else:
        row = books.state[ORDERS_USED]
        books.state[ORDERS_USED] = row + 1
    order = books.orders[row]
    order["id"] = order_id
    order["book"] = slot
    order["side"] = side
    order["key"] = key
    order["size"] = size
    books.order_place[order_place(books, slot, order_id)] = row
    _join_queue(books, row)
    return DONE


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def remove_order(books, place):  # type: ignore[no-untyped-def]
    """Takes out the order at a place of the table, and its size out of its level."""
    row = books.order_place[place]
    order = books.orders[row]
    resting, orders = get_level(books, order["book"], order["side"], order["key"])
    left = resting - order["size"] if orders > 1 else 0
    set_level(books, order["book"], order["side"], order["key"], left, orders - 1)
    _leave_queue(books, row)
    _drop_order_place(books, place)
    _free_order(books, row)


@nb.njit(nb.void(BOOKS, nb.int64, nb.int64), **INNER)
def shrink_order(books, row, size):  # type: ignore[no-untyped-def]
    """Makes an order smaller, to ``size`` above 0; it keeps its place in the queue."""
    order = books.orders[row]
    resting, orders = get_level(books, order["book"], order["side"], order["key"])
    set_level(books, order["book"], order["side"], order["key"], resting - order["size"] + size, orders)
    order["size"] = size


@nb.njit(nb.int64(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def change_order(books, place, key, size):  # type: ignore[no-untyped-def]
    """A new price or a larger size, at the end of the queue: DONE, NO_ROOM or TOO_MANY (then nothing changed)."""
    row = books.order_place[place]
    order = books.orders[row]
    resting, orders = get_level(books, order["book"], order["side"], order["key"])
    if key != order["key"]:
        there, count = get_level(books, order["book"], order["side"], key)
        if there + size > LARGEST_SIZE:
            return TOO_MANY
        done = set_level(books, order["book"], order["side"], key, there + size, count + 1)
        if done != DONE:
            return done
        left = resting - order["size"] if orders > 1 else 0
        set_level(books, order["book"], order["side"], order["key"], left, orders - 1)
    else:
        if resting - order["size"] + size > LARGEST_SIZE:
            return TOO_MANY
        set_level(books, order["book"], order["side"], key, resting - order["size"] + size, orders)
    _leave_queue(books, row)
    order["key"] = key
    order["size"] = size
    _join_queue(books, row)
    return DONE


@nb.njit(nb.void(BOOKS, nb.int64, nb.int64, nb.int64), **INNER)
def _free_queue(books, slot, at, key):  # type: ignore[no-untyped-def]
    place = queue_place(books, slot, at, key)
    row = np.int64(books.queues[place]["first"])
    while row >= 0:
        behind = np.int64(books.orders[row]["behind"])
        _drop_order_place(books, order_place(books, slot, books.orders[row]["id"]))
        _free_order(books, row)
        row = behind
    _drop_queue_place(books, place)


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def clear_orders(books, slot):  # type: ignore[no-untyped-def]
    """Takes out every order of a book, with its levels."""
    for at in range(2):
        side = books.sides[slot, at]
        for i in range(side["list_start"], side["list_start"] + side["list_count"]):
            _free_queue(books, slot, at, books.lists[i, LIST_KEY])
        for word in range(WORDS):
            used = books.words[slot, at, word]
            while used != _NOTHING:
                page = (word << 6) + highest_bit(used)
                used &= ~(_ONE << np.uint64(page & 63))
                bits = books.bits[books.directory[slot, at, page]]
                while bits != _NOTHING:
                    tick = (page << 6) + highest_bit(bits)
                    bits &= ~(_ONE << np.uint64(tick & 63))
                    _free_queue(books, slot, at, side["base_key"] + tick * side["step"])
        clear_side(books, slot, at)


@nb.njit(nb.void(BOOKS, nb.from_dtype(QUEUE_ROW)[::1]), **OUTER)
def place_orders_again(books, queues):  # type: ignore[no-untyped-def]
    """Fills empty hash tables with all orders and with the used ``queues`` of the tables before."""
    for row in range(books.state[ORDERS_USED]):
        if books.orders[row]["book"] >= 0:
            books.order_place[order_place(books, books.orders[row]["book"], books.orders[row]["id"])] = row
    for i in range(len(queues)):
        if queues[i]["book"] >= 0:
            place = queue_place(books, queues[i]["book"], queues[i]["side"], queues[i]["key"])
            books.queues[place] = queues[i]
