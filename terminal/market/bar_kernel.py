"""Bars of trades: the growing minute of every instrument, a ring of the market's closed minutes, one of the bars that
came longer than a minute, and for some instruments rings of their own with seconds."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.market.kernel_options import HOT, INNER, OUTER
from terminal.market.rows import BAR_ROW, PRINT_ROW, Rows

CLOSED_KEPT = 1 << 21
_MASK = CLOSED_KEPT - 1

CLOSED_ROW = np.dtype([*((name, "i8") for name in BAR_ROW.names or ()), ("number", "i8"), ("before", "i8")])
"""A minute that is over: BAR_ROW, its number in the market's ring, and the number of its instrument's one before."""

COARSE_KEPT = 1 << 16
_COARSE_MASK = COARSE_KEPT - 1
_LONGER_BETWEEN = 8
"""So many longer bars may stand between two of the same length; there are hours and days, and hardly more."""
COARSE_ROW = np.dtype([*((name, "i8") for name in CLOSED_ROW.names or ()), ("length_ns", "i8")])
"""A bar that came whole and is longer than a minute: a CLOSED_ROW and its length."""


class BarArrays(NamedTuple):
    """``growing``: BAR_ROW by instrument, the minute at hand (``ts_ns`` -1: none). ``closed``: CLOSED_ROW, number n at
    n modulo its length. ``newest_of``: by instrument, its newest closed number. ``last``: [the newest of all].
    ``slot_of``: row of the rings by instrument, -1 for none. ``seconds``, ``minutes``: (slot, kept) BAR_ROW;
    ``*_count``: (slot, 1) bars ever made. ``coarse``, ``newest_coarse_of``, ``last_coarse``: as of ``closed``."""

    growing: Rows
    closed: Rows
    newest_of: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    slot_of: npt.NDArray[np.int32]
    seconds: Rows
    seconds_count: npt.NDArray[np.int64]
    minutes: Rows
    minutes_count: npt.NDArray[np.int64]
    coarse: Rows
    newest_coarse_of: npt.NDArray[np.int64]
    last_coarse: npt.NDArray[np.int64]


_bar = nb.from_dtype(BAR_ROW)
_closed = nb.from_dtype(CLOSED_ROW)
_coarse = nb.from_dtype(COARSE_ROW)
_print = nb.from_dtype(PRINT_ROW)
BAR_ARRAYS = nb.types.NamedTuple(
    (
        _bar[::1], _closed[::1], nb.int64[::1], nb.int64[::1], nb.int32[::1],
        _bar[:, ::1], nb.int64[:, ::1], _bar[:, ::1], nb.int64[:, ::1], _coarse[::1], nb.int64[::1], nb.int64[::1],
    ),
    BarArrays,
)  # fmt: skip
_NS = NS_PER_S
_MINUTE_NS = 60 * NS_PER_S


@nb.njit(nb.void(_bar[::1], nb.int64[::1], nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def grow_ring(ring, count, start_ns, open_px, high_px, low_px, close_px, volume):  # type: ignore[no-untyped-def]
    """Adds a print or a finer bar to the bar that starts at ``start_ns``; ``count`` is [bars ever made]."""
    last = (count[0] - 1) % len(ring)
    if count[0] > 0 and ring[last]["ts_ns"] >= start_ns:
        bar = ring[last]
        bar["high"] = max(bar["high"], high_px)
        bar["low"] = min(bar["low"], low_px)
        bar["close"] = close_px
        bar["volume"] += volume
        return
    bar = ring[count[0] % len(ring)]
    bar["ts_ns"] = start_ns
    bar["open"] = open_px
    bar["high"] = high_px
    bar["low"] = low_px
    bar["close"] = close_px
    bar["volume"] = volume
    count[0] += 1


@nb.njit(nb.void(BAR_ARRAYS, nb.int64), **INNER)
def _close_minute(bars, instrument):  # type: ignore[no-untyped-def]
    bar = bars.growing[instrument]
    number = bars.last[0] + 1
    bars.last[0] = number
    row = bars.closed[number & _MASK]
    row["ts_ns"] = bar["ts_ns"]
    row["open"] = bar["open"]
    row["high"] = bar["high"]
    row["low"] = bar["low"]
    row["close"] = bar["close"]
    row["volume"] = bar["volume"]
    row["number"] = number
    row["before"] = bars.newest_of[instrument]
    bars.newest_of[instrument] = number


@nb.njit(nb.void(BAR_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def _grow_slot(bars, slot, ts_ns, minute_ns, open_px, high_px, low_px, close_px, volume):  # type: ignore[no-untyped-def]
    second_ns = ts_ns - ts_ns % _NS
    grow_ring(bars.seconds[slot], bars.seconds_count[slot], second_ns, open_px, high_px, low_px, close_px, volume)
    grow_ring(bars.minutes[slot], bars.minutes_count[slot], minute_ns, open_px, high_px, low_px, close_px, volume)


@nb.njit(nb.void(BAR_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **HOT)
def grow_bars(bars, instrument, ts_ns, open_px, high_px, low_px, close_px, volume):  # type: ignore[no-untyped-def]
    """Adds a print, or a bar of at most a minute that lies at ``ts_ns``, to all bars of its instrument."""
    minute_ns = ts_ns - ts_ns % _MINUTE_NS
    bar = bars.growing[instrument]
    if bar["ts_ns"] >= minute_ns:
        bar["high"] = max(bar["high"], high_px)
        bar["low"] = min(bar["low"], low_px)
        bar["close"] = close_px
        bar["volume"] += volume
    else:
        if bar["ts_ns"] >= 0:
            _close_minute(bars, instrument)
        bar["ts_ns"] = minute_ns
        bar["open"] = open_px
        bar["high"] = high_px
        bar["low"] = low_px
        bar["close"] = close_px
        bar["volume"] = volume
    slot = bars.slot_of[instrument]
    if slot >= 0:
        _grow_slot(bars, slot, ts_ns, minute_ns, open_px, high_px, low_px, close_px, volume)


@nb.njit(
    nb.boolean(BAR_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER
)  # fmt: skip
def keep_coarse(bars, instrument, start_ns, length_ns, open_px, high_px, low_px, close_px, volume):  # type: ignore[no-untyped-def]
    """Keeps a bar longer than a minute; False where its trades, or some of them, came in shorter bars already."""
    before = bars.newest_coarse_of[instrument]
    is_first = bars.growing[instrument]["ts_ns"] < start_ns
    look = before
    for _ in range(_LONGER_BETWEEN):
        known = bars.coarse[look & _COARSE_MASK]
        if look <= 0 or known["number"] != look:
            break
        if known["length_ns"] <= length_ns:
            is_first = is_first and known["ts_ns"] + known["length_ns"] <= start_ns
            break
        look = known["before"]
    number = bars.last_coarse[0] + 1
    bars.last_coarse[0] = number
    bars.newest_coarse_of[instrument] = number
    row = bars.coarse[number & _COARSE_MASK]
    row["ts_ns"] = start_ns
    row["open"] = open_px
    row["high"] = high_px
    row["low"] = low_px
    row["close"] = close_px
    row["volume"] = volume
    row["number"] = number
    row["before"] = before
    row["length_ns"] = length_ns
    return is_first


@nb.njit(nb.int64(BAR_ARRAYS, nb.int64, nb.int64, _coarse[::1]), **OUTER)
def newest_coarse(bars, instrument, longest_ns, found):  # type: ignore[no-untyped-def]
    """Fills ``found`` from its end with an instrument's newest coarse bars of at most that length; gives how many."""
    oldest = max(bars.last_coarse[0] - len(bars.coarse), 0)
    number = bars.newest_coarse_of[instrument]
    count = 0
    while number > oldest and count < len(found):
        row = bars.coarse[number & _COARSE_MASK]
        if row["number"] != number or row["before"] >= number:
            break  # Read while it was written: the sequence lock sends the reader here again.
        if row["length_ns"] <= longest_ns:
            count += 1
            found[len(found) - count] = row
        number = row["before"]
    return count


@nb.njit(nb.int64(BAR_ARRAYS, nb.int64, _bar[::1]), **OUTER)
def newest_minutes(bars, instrument, found):  # type: ignore[no-untyped-def]
    """Fills ``found`` from its end with an instrument's newest minutes, the growing one last; gives how many."""
    if len(found) == 0 or bars.growing[instrument]["ts_ns"] < 0:
        return 0
    found[len(found) - 1] = bars.growing[instrument]
    count = 1
    oldest = max(bars.last[0] - len(bars.closed), 0)
    number = bars.newest_of[instrument]
    while number > oldest and count < len(found):
        row = bars.closed[number & _MASK]
        if row["number"] != number or row["before"] >= number:
            break  # Read while it was written: the sequence lock sends the reader here again.
        count += 1
        bar = found[len(found) - count]
        bar["ts_ns"] = row["ts_ns"]
        bar["open"] = row["open"]
        bar["high"] = row["high"]
        bar["low"] = row["low"]
        bar["close"] = row["close"]
        bar["volume"] = row["volume"]
        number = row["before"]
    return count


@nb.njit(nb.void(_print[::1], nb.int64, _bar[::1], nb.int64[::1]), **OUTER)
def seconds_of_prints(prints, off_book, ring, count):  # type: ignore[no-untyped-def]
    """Adds prints, ascending, to a ring of seconds; those with the flag ``off_book`` make no bars."""
    for i in range(len(prints)):
        row = prints[i]
        if not row["flags"] & off_book:
            px = row["px"]
            grow_ring(ring, count, row["ts_ns"] - row["ts_ns"] % _NS, px, px, px, px, row["size"])
