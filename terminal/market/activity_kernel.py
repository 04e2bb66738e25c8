"""Bars that close by activity and not by the clock: after so many trades, so much volume, so much money."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.market.kernel_options import HOT, INNER, OUTER
from terminal.market.rows import ACTIVITY_ROW, PRINT_ROW, Rows

SERIES = 64
ACTIVITY_KEPT = 1 << 13
TICK, VOLUME, DOLLAR = 1, 2, 3

SERIES_ROW = np.dtype(
    [("size", "f8"), ("unit", "f8"), ("progress", "f8"), ("count", "i8"), ("next", "i4"), ("kind", "u1")], align=True
)
"""One series: its bars close at ``size`` of what ``kind`` counts, in which one unit of price times size is worth
``unit``; the growing bar has ``progress`` of it (0: closed). ``count``: bars ever made. ``next``: the instrument's next
series, -1 for none."""


class ActivityArrays(NamedTuple):
    """``head_of``: first series by instrument, -1 for none. ``series``: SERIES_ROW. ``bars``: (series, kept)."""

    head_of: npt.NDArray[np.int32]
    series: Rows
    bars: Rows


_series = nb.from_dtype(SERIES_ROW)
_bar = nb.from_dtype(ACTIVITY_ROW)
_print = nb.from_dtype(PRINT_ROW)
ACTIVITY_ARRAYS = nb.types.NamedTuple((nb.int32[::1], _series[::1], _bar[:, ::1]), ActivityArrays)
_TICK, _VOLUME, _MOST = TICK, VOLUME, 1 << 62


@nb.njit(nb.void(ACTIVITY_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def grow_series(activity, number, ts_ns, px, size, side):  # type: ignore[no-untyped-def]
    """Adds one trade to one series. The trade that fills a bar belongs to it whole, so no volume is split or lost."""
    series = activity.series[number]
    ring = activity.bars[number]
    if series["progress"] == 0.0:
        bar = ring[series["count"] % len(ring)]
        series["count"] += 1
        bar["ts_ns"] = ts_ns
        bar["open"] = px
        bar["high"] = px
        bar["low"] = px
        bar["volume"] = 0
        bar["bought"] = 0
        bar["sold"] = 0
        bar["trades"] = 0
    bar = ring[(series["count"] - 1) % len(ring)]
    bar["end_ns"] = ts_ns
    bar["high"] = max(bar["high"], px)
    bar["low"] = min(bar["low"], px)
    bar["close"] = px
    # A bar may be open for more than one day, and each day's volume may be as large as can be.
    bar["volume"] = min(bar["volume"] + size, _MOST)
    bar["trades"] += 1
    if side > 0:
        bar["bought"] = min(bar["bought"] + size, _MOST)
    elif side < 0:
        bar["sold"] = min(bar["sold"] + size, _MOST)
    if series["kind"] == _TICK:
        filled = float(bar["trades"])
    elif series["kind"] == _VOLUME:
        filled = float(bar["volume"])
    else:
        # A bar is open from its first trade on, also where that was worth nothing.
        filled = max(series["progress"], 1e-300) + float(px) * float(size) * series["unit"]
    series["progress"] = 0.0 if filled >= series["size"] else max(filled, 1e-300)


@nb.njit(nb.void(ACTIVITY_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **HOT)
def grow_activity(activity, instrument, ts_ns, px, size, side):  # type: ignore[no-untyped-def]
    """Adds one trade to every series of its instrument."""
    number = activity.head_of[instrument]
    while number >= 0:
        grow_series(activity, number, ts_ns, px, size, side)
        number = activity.series[number]["next"]


@nb.njit(nb.void(ACTIVITY_ARRAYS, nb.int64, _print[::1], nb.int64), **OUTER)
def series_of_prints(activity, number, prints, off_book):  # type: ignore[no-untyped-def]
    """Adds prints, ascending, to one series; those with the flag ``off_book`` make no bars."""
    for i in range(len(prints)):
        row = prints[i]
        if not row["flags"] & off_book:
            grow_series(activity, number, row["ts_ns"], row["px"], row["size"], row["aggressor"])
