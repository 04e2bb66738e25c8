"""Kernels of the chart's pyramids: cells that hold the extremes of more and more bars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import float64, int64, njit, void

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BARS_PER_CELL = 8
"""Bars in a cell of the lowest level; every level above joins two cells."""
VALUES_PER_CELL = 16
"""The same for a line of values, of which there are more and whose cells are read only from far away."""


@njit(
    void(int64[:], int64[:], int64[:], int64[:], int64[:], int64[:, ::1], int64[::1], int64, int64),
    nogil=True,
    cache=True,
)
def climb_bars(
    opens: Ints,
    highs: Ints,
    lows: Ints,
    closes: Ints,
    volumes: Ints,
    cells: Ints,
    offsets: Ints,
    first: int,
    count: int,
) -> None:
    """Makes the cells over the bars ``first`` to ``count`` again; rows of ``cells``: open, high, low, close, volume."""
    if first >= count:
        return
    begin, end = first // BARS_PER_CELL, (count - 1) // BARS_PER_CELL + 1
    for cell in range(begin, end):
        at = cell * BARS_PER_CELL
        stop = min(count, at + BARS_PER_CELL)
        high, low, volume = highs[at], lows[at], volumes[at]
        for bar in range(at + 1, stop):
            high = max(high, highs[bar])
            low = min(low, lows[bar])
            volume += volumes[bar]
        cells[0, cell] = opens[at]
        cells[1, cell] = high
        cells[2, cell] = low
        cells[3, cell] = closes[stop - 1]
        cells[4, cell] = volume
    below, used = 0, end
    for level in range(1, len(offsets)):
        here = offsets[level]
        begin, end = begin // 2, (used - 1) // 2 + 1
        for cell in range(begin, end):
            left = below + 2 * cell
            right = left + 1 if 2 * cell + 1 < used else left
            cells[0, here + cell] = cells[0, left]
            cells[1, here + cell] = max(cells[1, left], cells[1, right])
            cells[2, here + cell] = min(cells[2, left], cells[2, right])
            cells[3, here + cell] = cells[3, right]
            cells[4, here + cell] = cells[4, left] + (cells[4, right] if right != left else 0)
        below, used = here, end


@njit(void(float64[::1], float64[:, ::1], int64[::1], int64, int64), nogil=True, cache=True)
def climb_line(values: Floats, cells: Floats, offsets: Ints, first: int, count: int) -> None:
    """Makes the cells over the values ``first`` to ``count`` again; rows of ``cells``: least and most, NaN for none."""
    if first >= count:
        return
    begin, end = first // VALUES_PER_CELL, (count - 1) // VALUES_PER_CELL + 1
    for cell in range(begin, end):
        at = cell * VALUES_PER_CELL
        low, high = np.nan, np.nan
        for place in range(at, min(count, at + VALUES_PER_CELL)):
            value = values[place]
            if not np.isnan(value):
                if not low <= value:
                    low = value
                if not high >= value:
                    high = value
        cells[0, cell] = low
        cells[1, cell] = high
    below, used = 0, end
    for level in range(1, len(offsets)):
        here = offsets[level]
        begin, end = begin // 2, (used - 1) // 2 + 1
        for cell in range(begin, end):
            left = below + 2 * cell
            right = left + 1 if 2 * cell + 1 < used else left
            low, high = cells[0, left], cells[1, left]
            if cells[0, right] == cells[0, right] and not low <= cells[0, right]:
                low = cells[0, right]
            if cells[1, right] == cells[1, right] and not high >= cells[1, right]:
                high = cells[1, right]
            cells[0, here + cell] = low
            cells[1, here + cell] = high
        below, used = here, end
