"""Takes samples of watched books at every multiple of a step of market time, whatever the batches are."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.market.book_kernel import book_status
from terminal.market.book_level_kernel import BOOKS, PART
from terminal.market.book_read_kernel import copy_side
from terminal.market.book_rows import BEGUN, LONGEST_FILL, NEXT_NS, STEP_NS
from terminal.market.kernel_options import INNER
from terminal.market.rows import BookStatus

_FARTHEST = 2**31 - 1
_NONE = int(BookStatus.NONE)


@nb.njit(**PART)
def _take(books, place, ts_ns):  # type: ignore[no-untyped-def]
    """Writes the book as it is into the next row of its ring."""
    history, slot_of, rows = books.history, books.slot_of, books.rows
    heads, distances, sizes = history.heads, history.distances, history.sizes
    scratch, taken = history.scratch, history.taken
    at = taken[place] % heads.shape[1]
    head = heads[place, at]
    slot = np.int64(slot_of[history.watched[place]])
    head["ts_ns"] = ts_ns
    head["status"] = book_status(rows[slot]) if slot >= 0 else _NONE
    for side in range(2):
        used = copy_side(books.levels, slot, side, scratch) if slot >= 0 else 0
        best_px = scratch[0]["px"] if used > 0 else 0
        kept = 0
        while kept < used and abs(scratch[kept]["px"] - best_px) <= _FARTHEST:
            distances[place, at, side, kept] = abs(scratch[kept]["px"] - best_px)
            sizes[place, at, side, kept] = scratch[kept]["size"]
            kept += 1
        if side == 0:
            head["bid_px"] = best_px
            head["bids"] = kept
        else:
            head["ask_px"] = best_px
            head["asks"] = kept
    taken[place] += 1


@nb.njit(nb.void(BOOKS, nb.int64), **INNER)
def _cross(books, ts_ns):  # type: ignore[no-untyped-def]
    clock, watched = books.history.clock, books.history.watched
    step = clock[STEP_NS]
    if not clock[BEGUN]:
        clock[BEGUN] = 1
        clock[NEXT_NS] = (ts_ns + step - 1) // step * step
        return
    silent = False
    while ts_ns > clock[NEXT_NS]:
        for place in range(len(watched)):
            if watched[place] >= 0:
                _take(books, place, clock[NEXT_NS])
        clock[NEXT_NS] += step
        if not silent and (ts_ns - clock[NEXT_NS]) // step > LONGEST_FILL:
            silent = True
            clock[NEXT_NS] = (ts_ns - 1) // step * step


@nb.njit(**PART)
def cross_time(books, ts_ns):  # type: ignore[no-untyped-def]
    """Market time is about to become ``ts_ns``: first takes the samples of the steps that end before it.

    The sample of a multiple of the step holds everything stamped up to it. A silence of more than LONGEST_FILL steps is
    not filled: it gets its first and its last sample. Time that goes back is no news.
    """
    clock = books.history.clock
    if ts_ns > clock[NEXT_NS]:
        _cross(books, ts_ns)
