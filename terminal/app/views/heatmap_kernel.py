"""From sampled books to the cells and pixels of the heatmap. Compiled: a zoom maps a million levels within a frame."""

from __future__ import annotations

import math

import numba as nb

from terminal.market.rows import BookStatus

EMPTY, BOOK, NO_BOOK = 0, 1, 2
"""What a column is: before the first sample or after now, a book, or a book that cannot be believed."""

_OK, _CROSSED = int(BookStatus.OK), int(BookStatus.CROSSED)
_i8, _u1, _u4, _f8 = nb.int64, nb.uint8, nb.uint32, nb.float64


@nb.njit(
    nb.void(
        _i8, _i8[::1], _i8[::1], _u1[::1], _i8[:, ::1], _i8[:, :, ::1], _i8[:, :, ::1], _i8, _i8,
        _i8[:, ::1], _u1[::1], _i8[::1],
    ),
    nogil=True, cache=True,
)  # fmt: skip
def put_columns(column, first, after, status, used, px, size, row_px, low_row, cells, state, scratch):  # type: ignore[no-untyped-def]
    """Fills the ring's columns from the number ``column`` on; column i has the samples ``first[i]`` to ``after[i]``.

    ``px`` and ``size``: [samples, 2, levels], ``used``: [samples, 2]. A cell is the size of all levels in its row of
    ``row_px`` (row numbers from ``low_row`` up), both sides together, at the sample where that sum was greatest: a wall
    that stood for a moment is not averaged away. ``first`` below 0: nothing is known. One sample of a lost or
    unfinished book makes its column NO_BOOK; a crossed one does only when the column has no good one. ``scratch``: a
    zero for each row, and zeros again afterwards.
    """
    width, rows = cells.shape
    for i in range(len(first)):
        slot = (column + i) % width
        for row in range(rows):
            cells[slot, row] = 0
        if first[i] < 0:
            state[slot] = EMPTY
            continue
        good, lost = 0, 0
        for at in range(first[i], after[i]):
            if status[at] == _OK:
                good += 1
            elif status[at] != _CROSSED:
                lost += 1
        if lost > 0 or good == 0:
            state[slot] = NO_BOOK
            continue
        state[slot] = BOOK
        for at in range(first[i], after[i]):
            if status[at] != _OK:
                continue
            for side in range(2):
                for level in range(used[at, side]):
                    row = px[at, side, level] // row_px - low_row
                    if 0 <= row < rows:
                        scratch[row] += size[at, side, level]
            for side in range(2):
                for level in range(used[at, side]):
                    row = px[at, side, level] // row_px - low_row
                    if 0 <= row < rows and scratch[row] != 0:
                        cells[slot, row] = max(cells[slot, row], scratch[row])
                        scratch[row] = 0


@nb.njit(nb.void(_i8, _i8, _i8[:, ::1], _u1[::1], _f8, _f8, nb.boolean, _u4[::1], _u4[:, ::1]), nogil=True, cache=True)
def paint_columns(column, count, cells, state, low, high, is_log, colours, image):  # type: ignore[no-untyped-def]
    """Colours ``count`` columns from the number ``column`` on into ``image``, [rows, ring], highest price first.

    ``colours[0]`` is the ground; a size of ``low`` or less gets ``colours[1]``, of ``high`` or more the last one.
    """
    width, rows = cells.shape
    steps = len(colours) - 2
    start = math.log(max(low, 1.0)) if is_log else low
    end = math.log(max(high, 1.0)) if is_log else high
    per_step = steps / (end - start) if end > start else 0.0
    for i in range(count):
        slot = (column + i) % width
        is_book = state[slot] == BOOK
        for row in range(rows):
            value = cells[slot, row]
            if not is_book or value <= 0:
                image[rows - 1 - row, slot] = colours[0]
                continue
            place = ((math.log(value) if is_log else float(value)) - start) * per_step
            image[rows - 1 - row, slot] = colours[1 + int(min(max(place, 0.0), float(steps)))]
