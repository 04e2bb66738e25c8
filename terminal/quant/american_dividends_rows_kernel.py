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
    SCALE,
    SHIFT,
    SIGN,
    STEP,
    STRIKE,
    TIME,
    VOL,
    YIELD,
    Ints,
    lay_out,
    solve,
)  # fmt: skip
from terminal.quant.american_dividends_read_kernel import HELD, OUTSIDE, STOPPED, leap, polynomial, read
from terminal.quant.columns import Floats

RESULTS = 5
PRICE, DELTA, GAMMA, SPEED, EXERCISED = range(RESULTS)
"""Rows of a table of results; the last is 1 where the option is worth exercising at once."""
_SPOTS = 7
_SPREAD = 0.1
"""Distance of the spots between which an integral is differentiated, in standard deviations to the ex time."""
_CLOSEST = 1e-5
"""Of the spot: any closer and rounding would show."""
_F = nb.float64
_F1 = nb.float64[::1]
_FA = nb.float64[:]
_F2 = nb.float64[:, ::1]
_I = nb.int64
_I1 = nb.int64[::1]


@nb.njit(nb.boolean(_F2, _F1, _I), nogil=True, cache=True, error_model="numpy")
def _is_near(problems: Floats, ex_times: Floats, kind: int) -> bool:
    """Whether the spot moves too little before the first ex time for the grid's nodes to follow it.

    Exercise is then looked at now and just before the ex time, and where it could pay in between less time is near.
    """
    if ex_times.size == 0:
        return False
    for lane in range(LANES):
        cells = 6.0 if kind == AT_EX_TIMES else 2.0
        if problems[VOL, lane] * math.sqrt(ex_times[0]) < cells * problems[SCALE, lane] * problems[STEP, lane]:
            return True
    return False


@nb.njit(nb.void(_F2, _F1, _F1, _F1, nb.boolean, _I, _I, _I, _I1, _F2), nogil=True, cache=True, error_model="numpy")
def _grid_rows(
    problems: Floats, ex_times: Floats, cash: Floats, spots: Floats, american: bool, kind: int, nodes: int, steps: int,
    offsets: Ints, out: Floats,
) -> None:  # fmt: skip
    """All rows of a batch of LANES problems; two grids, the second of every other node and step, and Richardson."""
    fine, coarse = np.empty((nodes + 1, LANES)), np.empty((nodes // 2 + 1, LANES))
    fine_values, coarse_values = np.empty((nodes + 1, LANES)), np.empty((nodes // 2 + 1, LANES))
    line, coarse_line = np.empty((3, LANES)), np.empty((3, LANES))
    near = american and _is_near(problems, ex_times, kind)
    solve(problems, ex_times, cash, american, kind, steps, 1, near, fine, fine_values, line)
    solve(problems, ex_times, cash, american, kind, steps, 2, near, coarse, coarse_values, coarse_line)
    best, rough = np.empty(4), np.empty(4)
    for lane in range(LANES):
        rate, time, sign = problems[RATE, lane], problems[TIME, lane], problems[SIGN, lane]
        growth = math.exp((rate - problems[YIELD, lane]) * time)
        discount = math.exp(-rate * time)
        for row in range(offsets[lane], offsets[lane + 1]):
            at_once = sign * (spots[row] - problems[STRIKE, lane])
            carried = spots[row] * growth
            state = read(fine, fine_values, line, lane, carried - line[2, lane], best)
            if near and state != OUTSIDE:
                deviation = problems[VOL, lane] * math.sqrt(ex_times[0])
                leap(fine, fine_values, line, lane, carried, deviation, best)
                leap(coarse, coarse_values, coarse_line, lane, carried, deviation, rough)
                state = HELD
            elif (
                state == HELD and read(coarse, coarse_values, coarse_line, lane, carried - line[2, lane], rough) != HELD
            ):
                for order in range(4):
                    rough[order] = best[order]
            for order in range(4):
                best[order] += (best[order] - rough[order]) / 3.0
            if near and state == HELD and best[0] * discount <= at_once:
                state = STOPPED
            if state == OUTSIDE:
                without_vol(problems[:, lane], spots[row], ex_times, cash, american, out[:, row])
            elif state == STOPPED:
                out[PRICE, row], out[DELTA, row], out[EXERCISED, row] = at_once, sign, 1.0
                out[GAMMA, row], out[SPEED, row] = 0.0, 0.0
            else:
                lowest = max(at_once, 0.0) if american else 0.0
                if sign > 0.0:
                    # A call is convex in the spot even where that may fall to zero, so vol only adds to it.
                    without_vol(problems[:, lane], spots[row], ex_times, cash, american, out[:, row])
                    lowest = max(lowest, out[PRICE, row])
                out[PRICE, row] = max(best[0] * discount, lowest)
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
        spread = min(max(_SPREAD * problem[VOL] * math.sqrt(ex_time), _CLOSEST), 0.1)
        for j in range(_SPOTS):
            at[j] = math.expm1((j - _SPOTS // 2) * spread) / spread
            values[j] = one_dividend(problem, spot * (1.0 + at[j] * spread), ex_time, cash, american)
        polynomial(at, values, 0.0, found)
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
