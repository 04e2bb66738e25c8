"""Volume by price: a window of price steps an instrument, cut out of one pool; volume is never lost.

A price outside the window moves the window, or gives it twice the room. Where an instrument has the most room or the
pool has no more, its step is doubled instead, so that memory is bounded whatever prices come.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.market.kernel_options import INNER, OUTER
from terminal.market.rows import Rows

FIRST_STEPS = 64
MOST_STEPS = 1 << 14
SIZES = 9
POOL_STEPS = 1 << 21
BOUGHT, SOLD, UNSIDED = 0, 1, 2

WINDOW_ROW = np.dtype(
    [
        ("low_px", "i8"),
        ("step_px", "i8"),
        ("start", "i8"),
        ("steps", "i8"),
        ("first", "i8"),
        ("last", "i8"),
    ]
)
"""One instrument's window. ``low_px``: lower end of its first step, ``start``: that step's place in the pool,
``steps``: how many it has (0: none yet), ``first`` and ``last``: those in use, ``first`` above ``last`` for none."""


class VolumeArrays(NamedTuple):
    """``windows``: WINDOW_ROW by instrument. ``cells``: (step, 3) volumes of the pool. ``ticks``: (instrument, 3) price
    step below a price, that price, step from it on. ``free``: [steps ever given out, windows ever opened, then the
    first free block of each size or -1]; a free block's first cell names the next."""

    windows: Rows
    cells: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    free: npt.NDArray[np.int64]


_window = nb.from_dtype(WINDOW_ROW)
VOLUME_ARRAYS = nb.types.NamedTuple((_window[::1], nb.int64[:, ::1], nb.int64[:, ::1], nb.int64[::1]), VolumeArrays)
_FIRST, _MOST, _SIZES = FIRST_STEPS, MOST_STEPS, SIZES


@nb.njit(nb.int64(VOLUME_ARRAYS, nb.int64), **INNER)
def _take_block(arrays, size):  # type: ignore[no-untyped-def]
    """The start of a zeroed block of FIRST_STEPS doubled ``size`` times; -1 when there is none to spare.

    A first block for every instrument that has none yet is always kept back.
    """
    free = arrays.free
    start = free[2 + size]
    if start >= 0:
        free[2 + size] = arrays.cells[start, 0]
        arrays.cells[start, 0] = 0
        return start
    steps = _FIRST << size
    kept_back = 0 if size == 0 else _FIRST * (len(arrays.windows) - free[1])
    if free[0] + steps + kept_back > len(arrays.cells):
        return -1
    start = free[0]
    free[0] += steps
    return start


@nb.njit(nb.void(VOLUME_ARRAYS, _window, nb.int64), **INNER)
def _shift(arrays, window, by):  # type: ignore[no-untyped-def]
    """Moves what is in use ``by`` steps up inside its block, and the window's prices with it."""
    cells, start = arrays.cells, window["start"]
    count = window["last"] - window["first"] + 1
    for number in range(count):
        at = start + (window["last"] - number if by > 0 else window["first"] + number)
        for side in range(3):
            moved = cells[at, side]
            cells[at, side] = 0
            cells[at + by, side] = moved
    window["first"] += by
    window["last"] += by
    window["low_px"] -= by * window["step_px"]


@nb.njit(nb.void(VOLUME_ARRAYS, _window), **INNER)
def _coarsen(arrays, window):  # type: ignore[no-untyped-def]
    """Doubles the step: every two neighbours become one."""
    cells, start, step_px = arrays.cells, window["start"], window["step_px"]
    odd = (window["low_px"] // step_px) & 1
    first, last = window["first"], window["last"]
    for at in range(first, last + 1):
        to = (at + odd) // 2
        for side in range(3):
            moved = cells[start + at, side]
            cells[start + at, side] = 0
            cells[start + to, side] += moved
    window["low_px"] -= odd * step_px
    window["step_px"] = 2 * step_px
    window["first"] = (first + odd) // 2
    window["last"] = (last + odd) // 2


@nb.njit(nb.boolean(VOLUME_ARRAYS, _window), **INNER)
def _grow(arrays, window):  # type: ignore[no-untyped-def]
    """Twice the room, with what is in use at its middle; False where there is none."""
    steps = window["steps"]
    if steps >= _MOST:
        return False
    size = 0
    while _FIRST << size < steps:
        size += 1
    start = _take_block(arrays, size + 1)
    if start < 0:
        return False
    by = steps // 2
    cells, old = arrays.cells, window["start"]
    for at in range(window["first"], window["last"] + 1):
        for side in range(3):
            cells[start + at + by, side] = cells[old + at, side]
            cells[old + at, side] = 0
    cells[old, 0] = arrays.free[2 + size]
    arrays.free[2 + size] = old
    window["start"] = start
    window["steps"] = 2 * steps
    window["first"] += by
    window["last"] += by
    window["low_px"] -= by * window["step_px"]
    return True


@nb.njit(nb.void(VOLUME_ARRAYS, nb.int64, nb.int64), **INNER)
def _open(arrays, instrument, px):  # type: ignore[no-untyped-def]
    """The day's first volume of an instrument at ``px``: its window is around that price."""
    window = arrays.windows[instrument]
    if window["steps"] == 0:
        window["start"] = _take_block(arrays, 0)
        window["steps"] = _FIRST
        arrays.free[1] += 1
    # A price may fall to where the tick is finer; half of it is far enough below to say which tick the day needs.
    ticks = arrays.ticks[instrument]
    step_px = max(ticks[0] if px // 2 < ticks[1] else ticks[2], 1)
    middle = window["steps"] // 2
    window["step_px"] = step_px
    window["low_px"] = (px // step_px - middle) * step_px
    window["first"] = middle
    window["last"] = middle


@nb.njit(nb.void(VOLUME_ARRAYS, _window, nb.int64), **INNER)
def _make_room(arrays, window, px):  # type: ignore[no-untyped-def]
    """Moves, grows or coarsens the window until ``px`` is in it."""
    while True:
        at = (px - window["low_px"]) // window["step_px"]
        low, high = min(window["first"], at), max(window["last"], at)
        if low >= 0 and high < window["steps"]:
            return
        used = high - low + 1
        if 2 * used <= window["steps"]:
            _shift(arrays, window, (window["steps"] - used) // 2 - low)
            return
        if _grow(arrays, window):
            continue
        if used <= window["steps"]:
            _shift(arrays, window, (window["steps"] - used) // 2 - low)
            return
        _coarsen(arrays, window)


@nb.njit(nb.void(VOLUME_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64), **OUTER, forceinline=True)
def add_volume(arrays, instrument, px, size, side):  # type: ignore[no-untyped-def]
    """Adds ``size`` at ``px`` to what was bought (``side`` 1), sold (-1) or neither (0)."""
    if size == 0:
        return
    window = arrays.windows[instrument]
    if window["first"] > window["last"] or window["steps"] == 0:
        _open(arrays, instrument, px)
    at = (px - window["low_px"]) // window["step_px"]
    if at < 0 or at >= window["steps"]:
        _make_room(arrays, window, px)
        at = (px - window["low_px"]) // window["step_px"]
    window["first"] = min(window["first"], at)
    window["last"] = max(window["last"], at)
    arrays.cells[window["start"] + at, 0 if side > 0 else (1 if side < 0 else 2)] += size


@nb.njit(nb.void(VOLUME_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def spread_volume(arrays, instrument, low_px, high_px, close_px, volume):  # type: ignore[no-untyped-def]
    """Adds a bar's volume evenly to the steps that it ranged over, without a side; the rest goes to its close."""
    if volume == 0:
        return
    # Both ends first, so that the step is what it will stay.
    add_volume(arrays, instrument, low_px, 1, 0)
    add_volume(arrays, instrument, high_px, 1, 0)
    window = arrays.windows[instrument]
    first = (low_px - window["low_px"]) // window["step_px"]
    last = (high_px - window["low_px"]) // window["step_px"]
    cells, start = arrays.cells, window["start"]
    cells[start + first, 2] -= 1
    cells[start + last, 2] -= 1
    each = volume // (last - first + 1)
    for at in range(first, last + 1):
        cells[start + at, 2] += each
    add_volume(arrays, instrument, close_px, volume - each * (last - first + 1), 0)


@nb.njit(nb.void(VOLUME_ARRAYS, nb.int64), **OUTER)
def clear_volume(arrays, instrument):  # type: ignore[no-untyped-def]
    """A new day: nothing at any price. The window keeps its room."""
    window = arrays.windows[instrument]
    if window["steps"] == 0:
        return
    for at in range(window["first"], window["last"] + 1):
        for side in range(3):
            arrays.cells[window["start"] + at, side] = 0
    window["first"] = 0
    window["last"] = -1
