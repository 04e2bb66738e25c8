"""Books by order: every resting order in a queue by price, found by its id; the levels above are their sums.

An id belongs to one book. Orders and queues are found through hash tables with linear probing, whose entries move up
when one is taken out (Knuth, The Art of Computer Programming vol. 3, 6.4, algorithm R), so that no tombstones pile up.

A message is first planned (:func:`plan_order`: which levels change, and what then happens to the order), then its
levels are set, which may need room, and only then the order follows (:func:`finish_order`).
"""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.core.messages import MESSAGE, ORDER_ID, ORDER_PX, ORDER_SIDE, ORDER_SIZE, Kind
from terminal.market.book_level_kernel import (
    DONE,
    LEVELS,
    NO_ROOM,
    ORDERS,
    PART,
    REFUSED,
    TOO_MANY,
    get_level,
    highest_bit,
)
from terminal.market.book_rows import (
    ADDS,
    BOOK_ROW,
    FREE_ORDERS,
    LARGEST_PX,
    LARGEST_SIZE,
    LIST_KEY,
    MOVES,
    NO_ORDER,
    ORDERS_USED,
    PLAN_ACT,
    PLAN_CHANGE,
    PLAN_CHANGES,
    PLAN_ID,
    PLAN_PLACE,
    PLAN_SIZE,
    QUEUE_ROW,
    REMOVES,
    SHRINKS,
    WANT_ORDERS,
    WANTED,
    WORDS,
)
from terminal.market.kernel_options import INNER, OUTER

_message = nb.from_dtype(MESSAGE)
_row = nb.from_dtype(BOOK_ROW)
_ADD, _MODIFY = int(Kind.ORDER_ADD), int(Kind.ORDER_MODIFY)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_NOTHING = np.uint64(0)


@nb.njit(**PART)
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


@nb.njit(**PART)
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


@nb.njit(**PART)
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


@nb.njit(**PART)
def _free_order(levels, pool, row):  # type: ignore[no-untyped-def]
    state = levels.state
    pool[row]["book"] = -1
    pool[row]["behind"] = state[FREE_ORDERS]
    state[FREE_ORDERS] = row


@nb.njit(**PART)
def _plan_level(plan, at, key, size, count):  # type: ignore[no-untyped-def]
    change = PLAN_CHANGE + 4 * plan[PLAN_CHANGES]
    plan[change] = at
    plan[change + 1] = key
    plan[change + 2] = size
    plan[change + 3] = count
    plan[PLAN_CHANGES] += 1


@nb.njit(nb.int64(_row, LEVELS, ORDERS, nb.int64, _message), **INNER)
def plan_order(row, levels, orders, slot, message):  # type: ignore[no-untyped-def]
    """Writes into the plan what an order's message does; nothing is changed yet but the counters of a refusal.

    DONE: carry it out. A new order's level comes first in the plan, since it alone may find no room.
    """
    pool, places, plan, state = orders.pool, orders.places, orders.plan, levels.state
    kind, order_side, px = message["kind"], message[ORDER_SIDE], message[ORDER_PX]
    size, order_id = message[ORDER_SIZE], message[ORDER_ID]
    plan[PLAN_CHANGES] = 0
    plan[PLAN_ID] = order_id
    place = order_place(orders, slot, order_id)
    found = np.int64(places[place])
    plan[PLAN_PLACE] = place
    is_wrong = size < 0 or size > LARGEST_SIZE
    if kind == _ADD:
        is_wrong |= size == 0 or abs(order_side) != 1
    if (kind == _ADD or (kind == _MODIFY and found >= 0)) and (px > LARGEST_PX or px < -LARGEST_PX):
        is_wrong = True
    if is_wrong:
        row["refused"] += 1
        return REFUSED
    if kind == _ADD and found >= 0:
        row["doubled"] += 1
        return REFUSED
    at, old_key, old_size = np.int64(0), np.int64(0), np.int64(0)
    if kind == _ADD:
        if state[FREE_ORDERS] < 0 and state[ORDERS_USED] >= len(pool):
            state[WANTED] |= WANT_ORDERS
            return NO_ROOM
        at = np.int64(0 if order_side > 0 else 1)
        plan[PLAN_ACT] = ADDS
    elif found < 0:
        row["strangers"] += 1
        return REFUSED
    else:
        at, old_key, old_size = np.int64(pool[found]["side"]), pool[found]["key"], pool[found]["size"]
    key = px if at == 0 else -px
    if kind > _MODIFY:
        row["overdone"] += size > old_size
        key = old_key
        size = old_size - size if 0 < size < old_size else 0
    plan[PLAN_SIZE] = size
    if kind != _ADD:
        shrinks = key == old_key and size <= old_size
        plan[PLAN_ACT] = REMOVES if size == 0 else (SHRINKS if shrinks else MOVES)
    if size > 0 and (kind == _ADD or key != old_key):
        there, count = get_level(levels, slot, at, key)
        if there + size > LARGEST_SIZE:
            return TOO_MANY
        _plan_level(plan, at, key, there + size, count + 1)
    if kind != _ADD:
        there, count = get_level(levels, slot, at, old_key)
        stays = size > 0 and key == old_key
        there += size - old_size if stays else -old_size
        if there > LARGEST_SIZE:
            return TOO_MANY
        _plan_level(plan, at, old_key, there, count if stays else count - 1)
    return DONE


@nb.njit(nb.void(LEVELS, ORDERS, nb.int64), **INNER)
def finish_order(levels, orders, slot):  # type: ignore[no-untyped-def]
    """Does to the order what was planned, its levels being set."""
    pool, places, plan, state = orders.pool, orders.places, orders.plan, levels.state
    act, place = plan[PLAN_ACT], plan[PLAN_PLACE]
    if act == ADDS:
        row = state[FREE_ORDERS]
        if row >= 0:
            state[FREE_ORDERS] = pool[row]["behind"]
        else:
            row = state[ORDERS_USED]
            state[ORDERS_USED] = row + 1
        places[place] = row
        pool[row]["id"] = plan[PLAN_ID]
        pool[row]["book"] = slot
        pool[row]["side"] = plan[PLAN_CHANGE]
    else:
        row = np.int64(places[place])
    if act in (REMOVES, MOVES):
        _leave_queue(orders, row)
    if act == REMOVES:
        _drop_order_place(orders, place)
        _free_order(levels, pool, row)
        return
    pool[row]["size"] = plan[PLAN_SIZE]
    if act != SHRINKS:
        pool[row]["key"] = plan[PLAN_CHANGE + 1]
        _join_queue(orders, row)


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
