"""Kernels that read prices and slopes off the grids of :mod:`terminal.quant.american_dividends_kernel` row by row."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_dividends_exact_kernel import one_dividend, without_vol
from terminal.quant.american_dividends_kernel import (
    AT_EX_TIMES,
    FIELDS,
    LANES,
    LIMIT,
    RATE,
    SHIFT,
    SIGN,
    STRIKE,
    TIME,
    VOL,
    YIELD,
    Ints,
    lay_out,
    solve,
)  # fmt: skip
from terminal.quant.columns import Floats

RESULTS = 5
PRICE, DELTA, GAMMA, SPEED, EXERCISED = range(RESULTS)
"""Rows of a table of results; the last is 1 where the option is worth exercising at once."""
_POINTS = 6
_HELD, _STOPPED, _OUTSIDE = range(3)
_SPOTS = 7
_SPREAD = 0.1
"""Distance of the spots between which an integral is differentiated, in standard deviations to the ex time."""
_F = nb.float64
_F1 = nb.float64[::1]
_FA = nb.float64[:]
_F2 = nb.float64[:, ::1]
_I = nb.int64
_I1 = nb.int64[::1]


@nb.njit(nb.void(_F1, _F1, _F, _F1), nogil=True, cache=True, error_model="numpy")
def _polynomial(at: Floats, values: Floats, x: float, out: Floats) -> None:
    """The interpolating polynomial's value and first three slopes at ``x`` (Fornberg 1988)."""
    size = at.size
    weights = np.zeros((4, size))
    weights[0, 0] = 1.0
    product = 1.0
    offset = at[0] - x
    for i in range(1, size):
        highest = min(i, 3)
        product_here = 1.0
        offset_before = offset
        offset = at[i] - x
        for j in range(i):
            gap = at[i] - at[j]
            product_here *= gap
            if j == i - 1:
                for order in range(highest, 0, -1):
                    change = order * weights[order - 1, i - 1] - offset_before * weights[order, i - 1]
                    weights[order, i] = product * change / product_here
                weights[0, i] = -product * offset_before * weights[0, i - 1] / product_here
            for order in range(highest, 0, -1):
                weights[order, j] = (offset * weights[order, j] - order * weights[order - 1, j]) / gap
            weights[0, j] = offset * weights[0, j] / gap
        product = product_here
    for order in range(4):
        out[order] = 0.0
        for i in range(size):
            out[order] += weights[order, i] * values[i]


@nb.njit(_I(_F2, _F2, _F2, _I, _F, _F1), nogil=True, cache=True, error_model="numpy")
def _read(grid: Floats, values: Floats, exercise: Floats, lane: int, forward: float, out: Floats) -> int:
    """Undiscounted value and slopes at ``forward``, from nodes where the option is held only."""
    last = grid.shape[0] - 1
    rising = grid[last, lane] > grid[0, lane]
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if (grid[middle, lane] <= forward) == rising:
            low = middle
        else:
            high = middle
    if forward < min(grid[0, lane], grid[last, lane]) or forward > max(grid[0, lane], grid[last, lane]):
        return _OUTSIDE
    slope, level, carried = exercise[0, lane], exercise[1, lane], exercise[2, lane]
    tiny = 1e-13 * abs(level) if math.isfinite(level) else 0.0
    held = np.empty(2 * _POINTS, np.bool_)
    begin = max(low - _POINTS + 1, 0)
    end = min(low + _POINTS, last)
    for i in range(begin, end + 1):
        line = max(grid[i, lane] + carried, 0.0) * slope + level
        held[i - begin] = values[i, lane] > line + tiny
    if not held[low - begin] and not held[high - begin]:
        return _STOPPED
    first = final = low if held[low - begin] else high
    while final - first < _POINTS - 1:
        can_fall = first > begin and held[first - 1 - begin]
        can_rise = final < end and held[final + 1 - begin]
        if can_rise and (not can_fall or final - high < low - first):
            final += 1
        elif can_fall:
            first -= 1
        else:
            break
    count = final - first + 1
    at, known = np.empty(count), np.empty(count)
    scale = abs(grid[high, lane] - grid[low, lane])
    for i in range(count):
        at[i], known[i] = (grid[first + i, lane] - forward) / scale, values[first + i, lane]
    _polynomial(at, known, 0.0, out)
    for order in range(1, 4):
        out[order] /= scale**order
    if out[0] <= max(forward + carried, 0.0) * slope + level:
        return _STOPPED
    return _HELD


@nb.njit(nb.void(_F2, _F1, _F1, _F1, nb.boolean, _I, _I, _I, _I1, _F2), nogil=True, cache=True, error_model="numpy")
def _grid_rows(
    problems: Floats, ex_times: Floats, cash: Floats, spots: Floats, american: bool, kind: int, nodes: int, steps: int,
    offsets: Ints, out: Floats,
) -> None:  # fmt: skip
    """All rows of a batch of LANES problems; two grids, the second of every other node and step, and Richardson."""
    fine, coarse = np.empty((nodes + 1, LANES)), np.empty((nodes // 2 + 1, LANES))
    fine_values, coarse_values = np.empty((nodes + 1, LANES)), np.empty((nodes // 2 + 1, LANES))
    line, coarse_line = np.empty((3, LANES)), np.empty((3, LANES))
    solve(problems, ex_times, cash, american, kind, steps, 1, fine, fine_values, line)
    solve(problems, ex_times, cash, american, kind, steps, 2, coarse, coarse_values, coarse_line)
    best, rough = np.empty(4), np.empty(4)
    for lane in range(LANES):
        rate, time, sign = problems[RATE, lane], problems[TIME, lane], problems[SIGN, lane]
        growth = math.exp((rate - problems[YIELD, lane]) * time)
        discount = math.exp(-rate * time)
        for row in range(offsets[lane], offsets[lane + 1]):
            at_once = sign * (spots[row] - problems[STRIKE, lane])
            forward = spots[row] * growth - line[2, lane]
            state = _read(fine, fine_values, line, lane, forward, best)
            if state == _OUTSIDE:
                without_vol(problems[:, lane], spots[row], ex_times, cash, american, out[:, row])
            elif state == _STOPPED:
                out[PRICE, row], out[DELTA, row], out[EXERCISED, row] = at_once, sign, 1.0
                out[GAMMA, row], out[SPEED, row] = 0.0, 0.0
            else:
                if _read(coarse, coarse_values, coarse_line, lane, forward, rough) == _HELD:
                    for order in range(4):
                        best[order] += (best[order] - rough[order]) / 3.0
                out[PRICE, row] = max(best[0] * discount, at_once if american else 0.0, 0.0)
                out[DELTA, row] = best[1] * discount * growth
                out[GAMMA, row] = best[2] * discount * growth**2
                out[SPEED, row] = best[3] * discount * growth**3
                out[EXERCISED, row] = 0.0


@nb.njit(nb.void(_FA, _F, _F, _F, nb.boolean, nb.boolean, _FA), nogil=True, cache=True, error_model="numpy")
def _integral_row(
    problem: Floats, spot: float, ex_time: float, cash: float, american: bool, slopes: bool, out: Floats
) -> None:
    """One row by the single integral; its slopes from seven spots, between which it is as smooth as a Gaussian."""
    for i in range(RESULTS):
        out[i] = 0.0
    at_once = problem[SIGN] * (spot - problem[STRIKE])
    if not slopes:
        out[PRICE] = one_dividend(problem, spot, ex_time, cash, american)
    else:
        at, values, found = np.empty(_SPOTS), np.empty(_SPOTS), np.empty(4)
        spread = min(_SPREAD * problem[VOL] * math.sqrt(ex_time), 0.1)
        for j in range(_SPOTS):
            at[j] = math.expm1((j - _SPOTS // 2) * spread) / spread
            values[j] = one_dividend(problem, spot * (1.0 + at[j] * spread), ex_time, cash, american)
        _polynomial(at, values, 0.0, found)
        out[PRICE] = values[_SPOTS // 2]
        for order in range(1, 4):
            out[order] = found[order] / (spread * spot) ** order
    if american and at_once >= out[PRICE]:
        out[PRICE], out[DELTA], out[GAMMA], out[SPEED] = at_once, problem[SIGN], 0.0, 0.0
        out[EXERCISED] = 1.0


@nb.njit(
    nb.void(_F2, _I1, _I1, _I1, _I1, _I, _F1, _F1, _F1, nb.boolean, nb.boolean, _I, _I, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def value_rows(
    problems: Floats, batches: Ints, kinds: Ints, counts: Ints, offsets: Ints, group: int,
    spots: Floats, ex_times: Floats, cash: Floats, american: bool, slopes: bool, nodes: int, steps: int, out: Floats,
) -> None:  # fmt: skip
    """Results of shape (RESULTS, rows) into ``out``.

    Batch b holds problems ``batches[b]`` to ``batches[b + 1]``, LANES at most, all of one kind and with the first
    ``counts`` dividends before expiry; problem p has the spots ``offsets[p]`` to ``offsets[p + 1]``, and the grid of
    the first of its ``group``.
    """
    lanes, bounds = np.empty((FIELDS, LANES)), np.empty(LANES + 1, np.int64)
    for b in range(batches.size - 1):
        begin, end = batches[b], batches[b + 1]
        kind, count = kinds[b], counts[b]
        times, paid = ex_times[:count], cash[:count]
        if kind == LIMIT or (kind == AT_EX_TIMES and count == 1):
            for p in range(begin, end):
                for row in range(offsets[p], offsets[p + 1]):
                    if kind == LIMIT:
                        without_vol(problems[:, p], spots[row], times, paid, american, out[:, row])
                    else:
                        _integral_row(problems[:, p], spots[row], times[0], paid[0], american, slopes, out[:, row])
            continue
        for lane in range(LANES):
            p = min(begin + lane, end - 1)
            owner = p - p % group
            if p == owner and begin + lane < end:
                lowest = highest = spots[offsets[p]]
                for row in range(offsets[p], offsets[p + 1]):
                    lowest, highest = min(lowest, spots[row]), max(highest, spots[row])
                lay_out(problems, p, lowest, highest, times, paid, nodes)
            for field in range(FIELDS):
                lanes[field, lane] = problems[field, p if field < SHIFT else owner]
            bounds[lane] = offsets[min(begin + lane, end)]
        bounds[LANES] = offsets[end]
        _grid_rows(lanes, times, paid, spots, american, kind, nodes, steps, bounds, out)
