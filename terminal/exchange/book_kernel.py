"""Kernels of a limit order book with price-time priority.

The book is a few arrays that the caller owns. Prices are slots: whole ticks above ``header[BASE]``. Every level is a
doubly linked queue through the order pool, so adding and cancelling take the same time however deep the book is.
``header[BID_CHANGES]`` and ``header[ASK_CHANGES]`` count what has happened to each side.
"""

from __future__ import annotations

import numba as nb
import numpy as np

HEADER_FIELDS = 8
BASE, BEST_BID, BEST_ASK, FREE, LIVE, GENERATION, BID_CHANGES, ASK_CHANGES = range(8)
BID_SIDE, ASK_SIDE = 1, -1
NO_SLOT = -1

LEVEL = np.dtype([("size", "i8"), ("head", "i4"), ("tail", "i4"), ("orders", "i4"), ("unused", "i4")])
"""One price of one side: total size, first and last order of its queue (-1: none), number of orders."""

ORDER = np.dtype(
    [("id", "i8"), ("size", "i8"), ("slot", "i4"), ("owner", "i4"), ("before", "i4"), ("after", "i4"), ("side", "i4")]
)
"""One row of the pool. ``id`` 0 marks a free row, whose ``after`` is the next free one."""

FILL = np.dtype([("ticks", "i8"), ("size", "i8"), ("maker_id", "i8"), ("maker", "i4"), ("is_complete", "i4")])
"""One execution against a resting order: price in ticks, size, and whether the resting order is done."""

_header = nb.int64[::1]
_level = nb.from_dtype(LEVEL)
_order = nb.from_dtype(ORDER)
_fill = nb.from_dtype(FILL)


@nb.njit(nb.void(_header, _level[:, ::1], _order[::1], nb.int64), nogil=True, cache=True)
def clear(header, levels, orders, base_ticks):  # type: ignore[no-untyped-def]
    """Empties the book and puts its lowest price at ``base_ticks``; old order ids stay dead."""
    for side in range(2):
        for slot in range(levels.shape[1]):
            level = levels[side, slot]
            level["size"] = 0
            level["orders"] = 0
            level["head"] = NO_SLOT
            level["tail"] = NO_SLOT
    for row in range(len(orders)):
        orders[row]["id"] = 0
        orders[row]["after"] = row + 1 if row + 1 < len(orders) else NO_SLOT
    header[BASE] = base_ticks
    header[BEST_BID] = NO_SLOT
    header[BEST_ASK] = NO_SLOT
    header[FREE] = 0
    header[LIVE] = 0
    header[BID_CHANGES] += 1
    header[ASK_CHANGES] += 1


@nb.njit(nb.int64(_order[::1], nb.int64), nogil=True, cache=True)
def find(orders, order_id):  # type: ignore[no-untyped-def]
    """Row of a live order, or -1."""
    if order_id <= 0:
        return NO_SLOT
    row = order_id % len(orders)
    return row if orders[row]["id"] == order_id else NO_SLOT


@nb.njit(nb.void(_header, _level[:, ::1], nb.int64), nogil=True, cache=True)
def _find_best(header, levels, side):  # type: ignore[no-untyped-def]
    """Moves the best price of a side outwards to the next level that holds orders."""
    if side == BID_SIDE:
        slot = header[BEST_BID]
        while slot >= 0 and levels[0, slot]["orders"] == 0:
            slot -= 1
        header[BEST_BID] = slot
        return
    slot = header[BEST_ASK]
    while slot < levels.shape[1] and levels[1, slot]["orders"] == 0:
        slot += 1
    header[BEST_ASK] = slot if slot < levels.shape[1] else NO_SLOT


@nb.njit(nb.void(_header, _level[:, ::1], _order[::1], nb.int64), nogil=True, cache=True)
def _remove(header, levels, orders, row):  # type: ignore[no-untyped-def]
    """Takes an order out of its queue and gives its row back."""
    order = orders[row]
    side = order["side"]
    level = levels[0 if side == BID_SIDE else 1, order["slot"]]
    before, after = order["before"], order["after"]
    if before == NO_SLOT:
        level["head"] = after
    else:
        orders[before]["after"] = after
    if after == NO_SLOT:
        level["tail"] = before
    else:
        orders[after]["before"] = before
    level["size"] -= order["size"]
    level["orders"] -= 1
    order["id"] = 0
    order["after"] = header[FREE]
    header[FREE] = row
    header[LIVE] -= 1
    header[BID_CHANGES if side == BID_SIDE else ASK_CHANGES] += 1
    if level["orders"] == 0 and order["slot"] == header[BEST_BID if side == BID_SIDE else BEST_ASK]:
        _find_best(header, levels, side)


@nb.njit(nb.int64(_header, _level[:, ::1], nb.int64, nb.int64), nogil=True, cache=True)
def crosses(header, levels, side, ticks):  # type: ignore[no-untyped-def]
    """1 when an order of ``side`` at ``ticks`` would trade at once, else 0."""
    slot = ticks - header[BASE]
    if side == BID_SIDE:
        return 1 if header[BEST_ASK] != NO_SLOT and slot >= header[BEST_ASK] else 0
    return 1 if header[BEST_BID] != NO_SLOT and slot <= header[BEST_BID] else 0


@nb.njit(nb.int64(_header, _level[:, ::1], _order[::1], nb.int64, nb.int64, nb.int64, nb.int64), nogil=True, cache=True)
def post(header, levels, orders, side, ticks, size, owner):  # type: ignore[no-untyped-def]
    """Rests an order at the end of its price's queue and gives its id.

    0 when it would trade at once, its size is not above zero, its price is outside the book, or the pool is full.
    """
    slot = ticks - header[BASE]
    row = header[FREE]
    if size <= 0 or slot < 0 or slot >= levels.shape[1] or row == NO_SLOT or crosses(header, levels, side, ticks):
        return 0
    header[FREE] = orders[row]["after"]
    header[GENERATION] += 1
    order = orders[row]
    order["id"] = header[GENERATION] * len(orders) + row
    order["size"] = size
    order["slot"] = slot
    order["owner"] = owner
    order["side"] = side
    order["after"] = NO_SLOT
    level = levels[0 if side == BID_SIDE else 1, slot]
    order["before"] = level["tail"]
    if level["tail"] == NO_SLOT:
        level["head"] = row
    else:
        orders[level["tail"]]["after"] = row
    level["tail"] = row
    level["size"] += size
    level["orders"] += 1
    header[LIVE] += 1
    header[BID_CHANGES if side == BID_SIDE else ASK_CHANGES] += 1
    if side == BID_SIDE:
        header[BEST_BID] = max(header[BEST_BID], slot)
    elif header[BEST_ASK] == NO_SLOT or slot < header[BEST_ASK]:
        header[BEST_ASK] = slot
    return order["id"]


@nb.njit(
    nb.int64(_header, _level[:, ::1], _order[::1], _fill[::1], nb.int64, nb.int64, nb.int64), nogil=True, cache=True
)
def match(header, levels, orders, fills, side, limit_ticks, size):  # type: ignore[no-untyped-def]
    """Trades up to ``size`` against the other side at ``limit_ticks`` or better, best price first, oldest first.

    Writes one FILL a resting order touched and gives their number; a full ``fills`` stops early. What is left of
    ``size`` is the caller's to rest or drop.
    """
    other = 1 if side == BID_SIDE else 0
    count = 0
    while size > 0 and count < len(fills) and crosses(header, levels, side, limit_ticks):
        slot = header[BEST_ASK] if side == BID_SIDE else header[BEST_BID]
        level = levels[other, slot]
        row = level["head"]
        order = orders[row]
        traded = min(size, order["size"])
        fill = fills[count]
        fill["ticks"] = header[BASE] + slot
        fill["size"] = traded
        fill["maker_id"] = order["id"]
        fill["maker"] = order["owner"]
        fill["is_complete"] = 1 if traded == order["size"] else 0
        count += 1
        size -= traded
        if traded == order["size"]:
            _remove(header, levels, orders, row)
        else:
            order["size"] -= traded
            level["size"] -= traded
            header[ASK_CHANGES if side == BID_SIDE else BID_CHANGES] += 1
    return count


@nb.njit(nb.int64(_header, _level[:, ::1], _order[::1], nb.int64), nogil=True, cache=True)
def cancel(header, levels, orders, order_id):  # type: ignore[no-untyped-def]
    """Takes a resting order out and gives the size it still had; 0 when it is not there any more."""
    row = find(orders, order_id)
    if row == NO_SLOT:
        return 0
    size = orders[row]["size"]
    _remove(header, levels, orders, row)
    return size


@nb.njit(nb.int64(_header, _level[:, ::1], _order[::1], nb.int64, nb.int64), nogil=True, cache=True)
def reduce(header, levels, orders, order_id, size):  # type: ignore[no-untyped-def]
    """Lowers a resting order to ``size`` in its place in the queue (0 or less cancels); gives the size taken away.

    A size that is not lower changes nothing: more size belongs to the end of the queue.
    """
    row = find(orders, order_id)
    if row == NO_SLOT:
        return 0
    if size <= 0:
        return cancel(header, levels, orders, order_id)
    order = orders[row]
    taken = order["size"] - size
    if taken <= 0:
        return 0
    order["size"] = size
    header[BID_CHANGES if order["side"] == BID_SIDE else ASK_CHANGES] += 1
    levels[0 if order["side"] == BID_SIDE else 1, order["slot"]]["size"] -= taken
    return taken


@nb.njit(nb.int64(_header, _level[:, ::1], nb.int64, nb.int64[:, ::1]), nogil=True, cache=True)
def depth(header, levels, side, out):  # type: ignore[no-untyped-def]
    """Best levels of a side outwards into ``out`` rows (ticks, size, orders); gives how many there are."""
    count = 0
    if side == BID_SIDE:
        slot = header[BEST_BID]
        while slot >= 0 and count < len(out):
            level = levels[0, slot]
            if level["orders"] > 0:
                out[count, 0] = header[BASE] + slot
                out[count, 1] = level["size"]
                out[count, 2] = level["orders"]
                count += 1
            slot -= 1
        return count
    slot = header[BEST_ASK]
    while slot != NO_SLOT and slot < levels.shape[1] and count < len(out):
        level = levels[1, slot]
        if level["orders"] > 0:
            out[count, 0] = header[BASE] + slot
            out[count, 1] = level["size"]
            out[count, 2] = level["orders"]
            count += 1
        slot += 1
    return count
