"""Applies the messages of books: levels, orders, and the sequence numbers that say whether a book can be believed."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.core.messages import (
    BOOK_ORDERS,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    FIRST_SEQUENCE,
    LAST_SEQUENCE,
    MESSAGE,
    NO_SEQUENCE,
    ORDER_ID,
    ORDER_PX,
    ORDER_SIDE,
    ORDER_SIZE,
    PREVIOUS_SEQUENCE,
    Flag,
    Kind,
)
from terminal.market.book_layout_kernel import set_level_here
from terminal.market.book_level_kernel import BOOKS, DONE, INNER, NO_ROOM, OUTER, REFUSED, clear_side, get_level
from terminal.market.book_rows import (
    BOOK_ROW,
    BOOKS_USED,
    FULL,
    LARGEST_PX,
    LARGEST_SIZE,
    NO_KEY,
    SORT_LEVELS,
    SORT_OPEN,
    SORT_ORDERS,
    STAGE_BUILDING,
    STAGE_GAP,
    STAGE_GOOD,
    UNHOUSED,
    WANT_BOOKS,
    WANTED,
)
from terminal.market.order_book_kernel import (
    add_order,
    change_order,
    free_queues,
    order_place,
    remove_order,
    shrink_order,
)
from terminal.market.rows import BookStatus

_DEPTH, _DEPTH_CHANGE, _UPDATE = int(Kind.DEPTH), int(Kind.DEPTH_CHANGE), int(Kind.BOOK_UPDATE)
_ADD, _MODIFY, _CANCEL = int(Kind.ORDER_ADD), int(Kind.ORDER_MODIFY), int(Kind.ORDER_CANCEL)
_FILL, _CLEAR = int(Kind.ORDER_FILL), int(Kind.BOOK_CLEAR)
_SNAPSHOT = int(Flag.SNAPSHOT)
_S_NONE, _S_OK, _S_BUILDING = int(BookStatus.NONE), int(BookStatus.OK), int(BookStatus.BUILDING)
_S_GAP, _S_CROSSED = int(BookStatus.GAP), int(BookStatus.CROSSED)
_IGNORED, _OVERLAPS = 1, 2

_message = nb.from_dtype(MESSAGE)
_row = nb.from_dtype(BOOK_ROW)


@nb.njit(nb.uint8(_row), **INNER, forceinline=True)
def book_status(row):  # type: ignore[no-untyped-def]
    """The BookStatus of a book."""
    if row["stage"] == STAGE_GAP:
        return _S_GAP
    if row["stage"] == STAGE_BUILDING:
        return _S_BUILDING
    if row["is_crossed"]:
        return _S_CROSSED
    return _S_OK if row["heard"] else _S_NONE


@nb.njit(nb.void(_row), **INNER, forceinline=True)
def _lose(row):  # type: ignore[no-untyped-def]
    """Something is missing or wrong: the book is no longer believed."""
    row["gaps"] += 1
    row["stage"] = STAGE_GAP


@nb.njit(nb.void(BOOKS, nb.int64), **INNER, forceinline=True)
def _show_touch(books, slot):  # type: ignore[no-untyped-def]
    """Takes over the best levels of both sides where they changed, and what follows from them."""
    row, sides = books.rows[slot], books.levels.sides
    bid, ask = sides[slot, 0], sides[slot, 1]
    bid_key, ask_key = bid["best_key"], ask["best_key"]
    bid_size, ask_size = bid["best_size"], ask["best_size"]
    if (
        bid_key == row["bid_key"] and ask_key == row["ask_key"]
        and bid_size == row["bid_size"] and ask_size == row["ask_size"]
    ):  # fmt: skip
        return
    row["bid_key"] = bid_key
    row["ask_key"] = ask_key
    row["bid_size"] = bid_size
    row["ask_size"] = ask_size
    if NO_KEY in (bid_key, ask_key):
        row["imbalance"] = 0.0
        row["is_crossed"] = 0
        return
    row["imbalance"] = (bid_size - ask_size) / (bid_size + ask_size)
    if bid_key <= -ask_key:
        row["is_crossed"] = 0
    elif not row["is_crossed"]:
        row["is_crossed"] = 1
        row["is_counted"] = 0
        row["crossed_ns"] = row["ts_ns"]


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _clear_book(books, slot):  # type: ignore[no-untyped-def]
    """Takes all levels and orders away."""
    row = books.rows[slot]
    for at in range(2):
        if row["sort"] == SORT_ORDERS:
            free_queues(books.levels, books.orders, slot, at)
        clear_side(books.levels, slot, at)
    row["sort"] = SORT_OPEN
    _show_touch(books, slot)


@nb.njit(nb.void(BOOKS, nb.int64), **OUTER)
def begin_day(books, instrument):  # type: ignore[no-untyped-def]
    """Empties the book of an instrument, if it has one, and forgets its sequence: the venue's may start again."""
    slot = books.slot_of[instrument]
    if slot < 0:
        return
    row = books.rows[slot]
    _clear_book(books, slot)
    row["sequence"] = NO_SEQUENCE
    row["sequenced"] = 0
    row["ignoring"] = 0
    row["stage"] = STAGE_GOOD


@nb.njit(nb.void(BOOKS, nb.int64, _message), **INNER)
def _begin_update(books, slot, message):  # type: ignore[no-untyped-def]
    row = books.rows[slot]
    first, last, previous = message[FIRST_SEQUENCE], message[LAST_SEQUENCE], message[PREVIOUS_SEQUENCE]
    row["heard"] = 1
    row["ignoring"] = 0
    if first == NO_SEQUENCE:
        first = last
    if last < NO_SEQUENCE or first < 0 < last or first > last:
        row["refused"] += 1
        _lose(row)
    elif message["flags"] & _SNAPSHOT:
        _clear_book(books, slot)
        row["healed"] += row["stage"] == STAGE_GAP
        row["stage"] = STAGE_GOOD
        row["sequence"] = last
        row["sequenced"] = 1
    elif last == NO_SEQUENCE:
        return
    elif not row["sequenced"]:
        row["sequenced"] = 1
        row["sequence"] = last
        if row["stage"] == STAGE_GOOD:
            row["stage"] = STAGE_BUILDING
    elif last <= row["sequence"]:
        row["duplicates"] += 1
        row["ignoring"] = _IGNORED
    else:
        follows = previous == row["sequence"] or row["sequence"] == NO_SEQUENCE
        if not follows and first <= row["sequence"]:
            row["ignoring"] = _OVERLAPS
        elif not follows and first != row["sequence"] + 1:
            _lose(row)
        row["sequence"] = last


@nb.njit(nb.int64(BOOKS, nb.int64, _message), **INNER, forceinline=True)
def _apply_level(books, slot, message):  # type: ignore[no-untyped-def]
    row = books.rows[slot]
    side, px = message[BOOK_SIDE], message[BOOK_PX]
    size, orders = message[BOOK_SIZE], message[BOOK_ORDERS]
    if abs(side) != 1 or px > LARGEST_PX or px < -LARGEST_PX or row["sort"] == SORT_ORDERS:
        row["refused"] += 1
        return REFUSED
    at, key = (0, px) if side > 0 else (1, -px)
    if message["kind"] == _DEPTH_CHANGE:
        if row["stage"] != STAGE_GOOD:
            return REFUSED
        if row["ignoring"] == _OVERLAPS or abs(size) > LARGEST_SIZE or abs(orders) > LARGEST_SIZE:
            row["refused"] += 1
            _lose(row)
            return REFUSED
        resting, count = get_level(books.levels, slot, at, key)
        size += resting
        orders = max(orders + count, 0) if size != 0 else 0
        if size < 0 or size > LARGEST_SIZE:
            # More was taken away than ever came: the book was wrong before.
            row["refused"] += 1
            _lose(row)
            return REFUSED
    elif size < 0 or size > LARGEST_SIZE or orders < 0 or orders > LARGEST_SIZE:
        row["refused"] += 1
        return REFUSED
    done = set_level_here(books.levels, slot, at, key, size, orders)
    if done == DONE:
        row["sort"] = SORT_LEVELS
    return done


@nb.njit(nb.int64(BOOKS, nb.int64, _message), **INNER)
def _apply_order(books, slot, message):  # type: ignore[no-untyped-def]
    row = books.rows[slot]
    kind, side, px = message["kind"], message[ORDER_SIDE], message[ORDER_PX]
    size, order_id = message[ORDER_SIZE], message[ORDER_ID]
    if row["ignoring"] == _OVERLAPS:
        row["refused"] += 1
        _lose(row)
        return REFUSED
    if row["sort"] == SORT_LEVELS or size < 0 or size > LARGEST_SIZE:
        row["refused"] += 1
        return REFUSED
    levels, orders = books.levels, books.orders
    place = order_place(orders, slot, order_id)
    found = np.int64(orders.places[place])
    if kind == _ADD:
        if found >= 0 or size == 0 or abs(side) != 1 or px > LARGEST_PX or px < -LARGEST_PX:
            row["refused"] += 1
            return REFUSED
        at, key = (0, px) if side > 0 else (1, -px)
        done = add_order(levels, orders, slot, at, key, size, order_id)
        if done == DONE:
            row["sort"] = SORT_ORDERS
        return done
    if found < 0:
        row["strangers"] += 1
        return REFUSED
    order = orders.pool[found]
    if kind == _MODIFY:
        if px > LARGEST_PX or px < -LARGEST_PX:
            row["refused"] += 1
            return REFUSED
        key = px if order["side"] == 0 else -px
        if size == 0:
            remove_order(levels, orders, place)
        elif key == order["key"] and size <= order["size"]:
            shrink_order(levels, orders, found, size)
        else:
            return change_order(levels, orders, place, key, size)
        return DONE
    row["overdone"] += size > order["size"]
    if size == 0 or size >= order["size"]:
        remove_order(levels, orders, place)
    else:
        shrink_order(levels, orders, found, order["size"] - size)
    return DONE


@nb.njit(nb.int64(BOOKS, nb.int64), **INNER)
def _open_book(books, instrument):  # type: ignore[no-untyped-def]
    """The slot of a new book, or -1 where there is no room."""
    state, rows, slot_of = books.levels.state, books.rows, books.slot_of
    slot = state[BOOKS_USED]
    if slot >= len(rows):
        state[WANTED] |= WANT_BOOKS
        state[UNHOUSED] += state[FULL] & WANT_BOOKS != 0
        return -1
    state[BOOKS_USED] = slot + 1
    slot_of[instrument] = slot
    rows[slot]["instrument"] = instrument
    rows[slot]["sequence"] = NO_SEQUENCE
    _clear_book(books, slot)
    return slot


@nb.njit(nb.int64(BOOKS, nb.int64, _message), **INNER)
def _apply_other(books, slot, message):  # type: ignore[no-untyped-def]
    """A message that sets no level: an update's begin, an order, a clear."""
    row, kind = books.rows[slot], message["kind"]
    if kind == _UPDATE:
        _begin_update(books, slot, message)
        return REFUSED
    if row["ignoring"] == _IGNORED:
        return REFUSED
    row["ts_ns"] = message["ts_ns"]
    if kind == _CLEAR:
        _clear_book(books, slot)
        if not row["sequenced"]:
            row["stage"] = STAGE_GOOD
        return DONE
    return _apply_order(books, slot, message) if _ADD <= kind <= _FILL else REFUSED


@nb.njit(nb.boolean(_message, BOOKS), **INNER, forceinline=True)
def apply_book_message(message, books):  # type: ignore[no-untyped-def]
    """Applies one message of the kinds DEPTH, DEPTH_CHANGE, BOOK_UPDATE, ORDER_* and BOOK_CLEAR.

    False when the pools must grow first: nothing was changed, and the same message must come again.
    """
    slot_of, rows, state = books.slot_of, books.rows, books.levels.state
    instrument = message["instrument"]
    if instrument < 0 or instrument >= len(slot_of):
        return True
    slot = np.int64(slot_of[instrument])
    if slot < 0:
        slot = _open_book(books, instrument)
        if slot < 0:
            return state[FULL] & WANT_BOOKS != 0
    row = rows[slot]
    kind, ts_ns = message["kind"], message["ts_ns"]
    if row["is_crossed"] and not row["is_counted"] and (ts_ns != row["crossed_ns"] or kind == _UPDATE):
        row["is_counted"] = 1
        row["crossed"] += 1
    if kind not in (_DEPTH, _DEPTH_CHANGE):
        done = _apply_other(books, slot, message)
    elif row["ignoring"] == _IGNORED:
        return True
    else:
        row["ts_ns"] = ts_ns
        done = _apply_level(books, slot, message)
    if done != DONE:
        if done == REFUSED:
            return True
        if done == NO_ROOM and state[WANTED] & ~state[FULL]:
            return False
        row["lost"] += 1
        _lose(row)
    row["heard"] = 1
    row["updates"] += 1
    _show_touch(books, slot)
    row["imbalance_sum"] += row["imbalance"]
    return True
