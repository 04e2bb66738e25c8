"""The ring of the whole market's newest trades: one writer, and a walk back along one instrument's trades."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.market.kernel_options import HOT, OUTER
from terminal.market.rows import PRINT_ROW, Rows

PRINTS_KEPT = 1 << 19
_MASK = PRINTS_KEPT - 1


class PrintArrays(NamedTuple):
    """``ring``: PRINT_ROW, number n at n modulo its length. ``newest_of``: by instrument, its newest number. ``last``:
    [the newest number of all]."""

    ring: Rows
    newest_of: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


_print = nb.from_dtype(PRINT_ROW)
PRINT_ARRAYS = nb.types.NamedTuple((_print[::1], nb.int64[::1], nb.int64[::1]), PrintArrays)


@nb.njit(
    nb.void(
        PRINT_ARRAYS, nb.int32, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.uint16, nb.int64, nb.uint8,
        nb.int64,
    ), **HOT)  # fmt: skip
def add_print(  # type: ignore[no-untyped-def]
    prints, instrument, ts_ns, px, size, bid_px, ask_px, venue, aggressor, flags, estimated
):
    """Puts one trade in the place of the oldest and links it to the one before of its instrument."""
    number = prints.last[0] + 1
    prints.last[0] = number
    before = prints.newest_of[instrument]
    prints.newest_of[instrument] = number
    row = prints.ring[number & _MASK]
    row["ts_ns"] = ts_ns
    row["number"] = number
    row["px"] = px
    row["size"] = size
    row["bid_px"] = bid_px
    row["ask_px"] = ask_px
    row["instrument"] = instrument
    row["venue"] = venue
    row["aggressor"] = aggressor
    row["flags"] = flags
    row["back"] = number - before if before > 0 and number - before < PRINTS_KEPT else 0
    row["estimated"] = estimated


@nb.njit(nb.int64(PRINT_ARRAYS, nb.int64, nb.int64, _print[::1]), **OUTER)
def newest_prints(prints, instrument, after, found):  # type: ignore[no-untyped-def]
    """Fills ``found`` from its end with an instrument's newest trades of a number above ``after``; gives how many."""
    oldest = max(after, prints.last[0] - PRINTS_KEPT)
    number = prints.newest_of[instrument]
    count = 0
    while number > oldest and count < len(found):
        row = prints.ring[number & _MASK]
        if row["number"] != number:
            break  # Read while it was written: the sequence lock sends the reader here again.
        count += 1
        found[len(found) - count] = row
        if row["back"] <= 0:
            break
        number -= row["back"]
    return count
