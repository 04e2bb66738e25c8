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
    PREVIOUS_SEQUENCE,
    Flag,
    Kind,
)
from terminal.market.book_layout_kernel import set_level
from terminal.market.book_level_kernel import BOOKS, DONE, NO_ROOM, PART, REFUSED, clear_side, get_level
from terminal.market.book_rows import (
    BOOKS_USED,
    FULL,
    LARGEST_PX,
    LARGEST_SIZE,
    NO_KEY,
    PLAN_CHANGE,
    PLAN_CHANGES,
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
from terminal.market.kernel_options import INNER
from terminal.market.order_book_kernel import finish_order, free_queues, plan_order
from terminal.market.rows import BookStatus

_DEPTH, _DEPTH_CHANGE, _UPDATE = int(Kind.DEPTH), int(Kind.DEPTH_CHANGE), int(Kind.BOOK_UPDATE)
_ADD, _FILL, _CLEAR = int(Kind.ORDER_ADD), int(Kind.ORDER_FILL), int(Kind.BOOK_CLEAR)
_SNAPSHOT, _PART_OR_LAST = int(Flag.SNAPSHOT), int(Flag.SNAPSHOT | Flag.LAST)
_S_NONE, _S_OK, _S_BUILDING = int(BookStatus.NONE), int(BookStatus.OK), int(BookStatus.BUILDING)
_S_GAP, _S_CROSSED = int(BookStatus.GAP), int(BookStatus.CROSSED)
_IGNORED, _OVERLAPS = 1, 2

_message = nb.from_dtype(MESSAGE)


@nb.njit(**PART)
def book_status(row):  # type: ignore[no-untyped-def]
    """The BookStatus of a book once market time is past its last message."""
    if row["stage"] == STAGE_GAP:
        return _S_GAP
    if row["stage"] == STAGE_BUILDING:
        return _S_BUILDING
    if row["is_crossed"]:
        return _S_CROSSED
    return _S_OK if row["heard"] else _S_NONE


@nb.njit(**PART)
def _lose(row):  # type: ignore[no-untyped-def]
    """Something is missing or wrong: the book is no longer believed."""
    row["gaps"] += 1
    row["stage"] = STAGE_GAP


@nb.njit(**PART)
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


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
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
    row["begun"] = 1
    row["is_partial"] = 0
    row["stage"] = STAGE_GOOD


@nb.njit(**PART)
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
        row["begun"] = 1
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


@nb.njit(**PART)
def _plan_level(row, levels, plan, slot, message):  # type: ignore[no-untyped-def]
    """Judges a level's message and writes its place, size and orders into the plan: DONE or REFUSED."""
    side, px = message[BOOK_SIDE], message[BOOK_PX]
    size, orders = message[BOOK_SIZE], message[BOOK_ORDERS]
    if row["sort"] == SORT_ORDERS:
        row["refused"] += 1
        return REFUSED
    # A level that cannot be is one that the book does not know.
    if abs(side) != 1 or px > LARGEST_PX or px < -LARGEST_PX:
        row["refused"] += 1
        _lose(row)
        return REFUSED
    at, key = (0, px) if side > 0 else (1, -px)
    if message["kind"] == _DEPTH_CHANGE:
        if row["stage"] != STAGE_GOOD:
            return REFUSED
        is_wrong = row["ignoring"] == _OVERLAPS or abs(size) > LARGEST_SIZE or abs(orders) > LARGEST_SIZE
        if not is_wrong:
            resting, count = get_level(levels, slot, at, key)
            size += resting
            orders = max(orders + count, 0)
        # More was taken away than ever came: the book was wrong before.
        if is_wrong or size < 0 or size > LARGEST_SIZE:
            row["refused"] += 1
            _lose(row)
            return REFUSED
    elif size < 0 or size > LARGEST_SIZE or orders < 0 or orders > LARGEST_SIZE:
        row["refused"] += 1
        _lose(row)
        return REFUSED
    plan[PLAN_CHANGES] = 1
    plan[PLAN_CHANGE] = at
    plan[PLAN_CHANGE + 1] = key
    plan[PLAN_CHANGE + 2] = size
    plan[PLAN_CHANGE + 3] = orders
    return DONE


@nb.njit(nb.int64(BOOKS, nb.int64, _message), **INNER)
def _begin_other(books, slot, message):  # type: ignore[no-untyped-def]
    """A message that sets no level by itself: an update's begin, a clear, an order, which is planned here."""
    row, plan = books.rows[slot], books.orders.plan
    kind = message["kind"]
    if kind == _UPDATE:
        _begin_update(books, slot, message)
        return REFUSED
    if row["ignoring"] == _IGNORED:
        return REFUSED
    if kind == _CLEAR:
        _clear_book(books, slot)
        plan[PLAN_CHANGES] = 0
        if not row["sequenced"]:
            row["stage"] = STAGE_GOOD
            row["begun"] = 1
        return DONE
    if kind < _ADD or kind > _FILL:
        return REFUSED
    if row["ignoring"] == _OVERLAPS:
        row["refused"] += 1
        _lose(row)
        return REFUSED
    if row["sort"] == SORT_LEVELS:
        row["refused"] += 1
        return REFUSED
    strangers, wrong = row["strangers"], row["refused"] + row["overdone"] + row["doubled"]
    done = plan_order(row, books.levels, books.orders, slot, message)
    is_strange = row["strangers"] != strangers
    if row["stage"] != STAGE_GAP and (is_strange or row["refused"] + row["overdone"] + row["doubled"] != wrong):
        # The orders here are not the venue's any more. Only where a book began in the middle, one that it does not
        # know may have rested before: nothing was lost, but levels are missing.
        if is_strange and not row["begun"]:
            row["stage"] = STAGE_BUILDING
        else:
            _lose(row)
    return done


@nb.njit(**PART)
def _slot_for(books, instrument):  # type: ignore[no-untyped-def]
    """The slot of an instrument's book, which is made when there is none; -1 where there is no room."""
    state, rows, slot_of = books.levels.state, books.rows, books.slot_of
    slot = np.int64(slot_of[instrument])
    if slot < 0 and state[BOOKS_USED] < len(rows):
        slot = state[BOOKS_USED]
        state[BOOKS_USED] = slot + 1
        slot_of[instrument] = slot
        rows[slot]["instrument"] = instrument
    elif slot < 0:
        state[WANTED] |= WANT_BOOKS
        state[UNHOUSED] += state[FULL] & WANT_BOOKS != 0
    return slot


@nb.njit(**PART)
def _carry_out(row, levels, orders, slot, is_level):  # type: ignore[no-untyped-def]
    """Sets the levels of the plan, and lets the order follow: DONE, NO_ROOM or TOO_MANY (then nothing changed)."""
    plan = orders.plan
    done = DONE
    for change in range(plan[PLAN_CHANGES]):
        at = PLAN_CHANGE + 4 * change
        done = set_level(levels, slot, plan[at], plan[at + 1], plan[at + 2], plan[at + 3])
        if done != DONE:
            break
    if done == DONE and is_level:
        row["sort"] = SORT_LEVELS
    elif done == DONE and plan[PLAN_CHANGES] > 0:
        row["sort"] = SORT_ORDERS
        finish_order(levels, orders, slot)
    return done


@nb.njit(nb.boolean(_message, BOOKS, nb.int64), **INNER, forceinline=True)
def apply_book_message(message, books, ts_ns):  # type: ignore[no-untyped-def]
    """Applies one message of the kinds DEPTH, DEPTH_CHANGE, BOOK_UPDATE, ORDER_* and BOOK_CLEAR, of an id in range.

    ``ts_ns``: the market time that it has reached, its own stamp unless that steps back.

    False when the pools must grow first: nothing was changed, and the same message must come again.
    """
    rows, state = books.rows, books.levels.state
    slot = _slot_for(books, message["instrument"])
    if slot < 0:
        return state[FULL] & WANT_BOOKS != 0
    row = rows[slot]
    kind = message["kind"]
    row["is_partial"] = message["flags"] & _PART_OR_LAST == _SNAPSHOT
    if row["is_crossed"] and not row["is_counted"] and (ts_ns != row["crossed_ns"] or kind == _UPDATE):
        row["is_counted"] = 1
        row["crossed"] += 1
    row["ts_ns"] = ts_ns
    is_level = kind in (_DEPTH, _DEPTH_CHANGE)
    if not is_level:
        done = _begin_other(books, slot, message)
    elif row["ignoring"] == _IGNORED:
        done = REFUSED
    else:
        done = _plan_level(row, books.levels, books.orders.plan, slot, message)
    if done == DONE:
        done = _carry_out(row, books.levels, books.orders, slot, is_level)
    if done == REFUSED:
        return True
    if done != DONE:
        if done == NO_ROOM and state[WANTED] & ~state[FULL]:
            return False
        row["lost"] += 1
        _lose(row)
    row["heard"] = 1
    row["updates"] += 1
    _show_touch(books, slot)
    row["imbalance_sum"] += row["imbalance"]
    return True
