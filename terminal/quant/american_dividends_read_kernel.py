"""Kernels that read values and slopes off a grid, at a spot today or across an ex time that is near."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.black_kernel import normal_pdf
from terminal.quant.columns import Floats

HELD, STOPPED, OUTSIDE = range(3)
"""Whether the option is held at a spot, exercised, or the grid does not reach there."""
_POINTS = 6
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_TAIL = 7.0
_PANELS = 8
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I = nb.int64


@nb.njit(nb.void(_F1, _F1, _F, _F1), nogil=True, cache=True, error_model="numpy")
def polynomial(at: Floats, values: Floats, x: float, out: Floats) -> None:
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
def read(grid: Floats, values: Floats, exercise: Floats, lane: int, forward: float, out: Floats) -> int:
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
        return OUTSIDE
    slope, level, carried = exercise[0, lane], exercise[1, lane], exercise[2, lane]
    tiny = 1e-13 * abs(level) if math.isfinite(level) else 0.0
    held = np.empty(2 * _POINTS, np.bool_)
    begin = max(low - _POINTS + 1, 0)
    end = min(low + _POINTS, last)
    for i in range(begin, end + 1):
        line = max(grid[i, lane] + carried, 0.0) * slope + level
        held[i - begin] = values[i, lane] > line + tiny
    if not held[low - begin] and not held[high - begin]:
        return STOPPED
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
    polynomial(at, known, 0.0, out)
    for order in range(1, 4):
        out[order] /= scale**order
    if out[0] <= max(forward + carried, 0.0) * slope + level:
        return STOPPED
    return HELD


@nb.njit(nb.types.UniTuple(_F, 2)(_F2, _F2, _F2, _F2, _I, _F, _F1), nogil=True, cache=True, error_model="numpy")
def _before_ex_time(
    grid: Floats, values: Floats, exercise: Floats, never: Floats, lane: int, spot: float, out: Floats
) -> tuple[float, float]:
    """The greater of holding and exercise just before an ex time, and what exercise gains; ``out`` its slopes too.

    ``spot``, carried to expiry, is with the dividend, and the grid without it.
    """
    ends = grid[0, lane], grid[grid.shape[0] - 1, lane]
    forward = min(max(spot - exercise[2, lane], min(ends[0], ends[1])), max(ends[0], ends[1]))
    read(grid, values, never, lane, forward, out)
    line = spot * exercise[0, lane] + exercise[1, lane]
    gain = line - out[0]
    if gain > 0.0:
        out[0], out[1], out[2], out[3] = line, exercise[0, lane], 0.0, 0.0
    return out[0], gain


@nb.njit(nb.void(_F2, _F2, _F2, _I, _F, _F, _F1), nogil=True, cache=True, error_model="numpy")
def leap(grid: Floats, values: Floats, exercise: Floats, lane: int, spot: float, deviation: float, out: Floats) -> None:
    """Undiscounted value and slopes at ``spot``, carried to expiry, from the values after an ex time that is near.

    The expectation over the little time to it, ``deviation`` in the log spot, by Gauss-Legendre panels that end at the
    kinks; a jump of the slope at G* adds a delta function to the second derivative, and so on.
    """
    never = np.zeros((3, exercise.shape[1]))
    for j in range(exercise.shape[1]):
        never[1, j], never[2, j] = -np.inf, exercise[2, j]
    found, other = np.empty(4), np.empty(4)
    for order in range(4):
        out[order] = 0.0
    drift = -0.5 * deviation * deviation
    low = -_TAIL
    _, first = _before_ex_time(grid, values, exercise, never, lane, spot * math.exp(deviation * low + drift), found)
    for panel in range(_PANELS):
        high = -_TAIL + 2.0 * _TAIL * (panel + 1) / _PANELS
        at = spot * math.exp(deviation * high + drift)
        _, final = _before_ex_time(grid, values, exercise, never, lane, at, found)
        middle = high
        if first * final < 0.0:
            below, above = low, high
            for _ in range(50):
                middle = 0.5 * (below + above)
                at = spot * math.exp(deviation * middle + drift)
                _, gain = _before_ex_time(grid, values, exercise, never, lane, at, found)
                if gain * first > 0.0:
                    below = middle
                else:
                    above = middle
            kink = spot * math.exp(deviation * middle + drift)
            _before_ex_time(grid, values, exercise, never, lane, kink * (1.0 - 1e-12), found)
            _before_ex_time(grid, values, exercise, never, lane, kink * (1.0 + 1e-12), other)
            ratio = kink / spot
            density = normal_pdf(middle) / (deviation * kink)
            jump = (other[1] - found[1]) * ratio * ratio * density
            out[2] += jump
            out[3] += jump * (middle / deviation - 2.0) / spot
            out[3] += (other[2] - found[2]) * ratio * ratio * ratio * density
        for part in range(2):
            a, b = (low, middle) if part == 0 else (middle, high)
            half = 0.5 * (b - a)
            if half <= 0.0:
                continue
            for node in range(_NODES.size):
                z = a + half * (1.0 + _NODES[node])
                ratio = math.exp(deviation * z + drift)
                weight = half * _WEIGHTS[node] * normal_pdf(z)
                _before_ex_time(grid, values, exercise, never, lane, spot * ratio, found)
                for order in range(4):
                    out[order] += weight * found[order]
                    weight *= ratio
        low, first = high, final
