"""Greeks of a whole chain from a few exercise boundaries: those of an expiry at Chebyshev points of its vols.

A strike's boundary belongs to its own vol, and to solve it costs ten times what its integral does. But a boundary is
smooth in the logarithm of vol, and so are its derivatives: those of a strike are interpolated between the points, and
only its integral is its own.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_boundary_kernel import BLOCK, MOST_NODES, boundary_ends, solve_boundary
from terminal.quant.american_greeks_kernel import (
    MOST_POINTS,
    SUMS,
    add_european,
    boundary_lines,
    boundary_slopes,
    fixed_path,
    premium_sums,
)
from terminal.quant.american_price_kernel import FAMILIES, NO_PREMIUM, family_of, outlasted
from terminal.quant.american_rows_greeks_kernel import exercised_greeks, perpetual_sums, to_greeks
from terminal.quant.american_rows_kernel import Indices
from terminal.quant.american_rules import Codes
from terminal.quant.black_kernel import log_moneyness
from terminal.quant.columns import Flags, Floats

MOST_VOLS = 24
"""Points in vol that a group may have; rows of wider groups are left to their own boundaries."""
FEWEST_VOLS = 5
VOLS_PER_E = 5.0
"""Further points for each factor of e between the lowest and the highest vol."""
_HARD = 2
_LINES = 5
_SAME = 1e-9
"""Logarithms of vols that differ by less are the same vol: where all of a group are one, so are its points."""
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]


@nb.njit(nb.int64(_F, _F), nogil=True, cache=True, error_model="numpy")
def vols_needed(low: float, high: float) -> int:
    """How many points the vols from ``low`` to ``high`` take."""
    return FEWEST_VOLS + int(math.ceil(VOLS_PER_E * math.log(high / low)))


@nb.njit(nb.void(_F, _F1, nb.int64, _F1), nogil=True, cache=True, error_model="numpy")
def barycentric(at: float, points: Floats, count: int, weights: Floats) -> None:
    """Weights of the values at Chebyshev ``points`` of the second kind (Berrut and Trefethen 2004, eq. 4.2)."""
    total = 0.0
    for j in range(count):
        away = at - points[j]
        if abs(away) < _SAME:
            weights[:count] = 0.0
            weights[j] = 1.0
            return
        weight = 1.0 / away
        if j % 2:
            weight = -weight
        if j == 0 or j == count - 1:
            weight *= 0.5
        weights[j] = weight
        total += weight
    for j in range(count):
        weights[j] /= total


@nb.njit(
    nb.int64(_F, _F, _F, _F, _F, FAMILIES, _F, _F1, _F2, nb.int64[::1], _F1, _F2, _F2, _F1, nb.float64[:, :, ::1], _F1),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def solve_vols(
    time: float, low: float, high: float, rate: float, dividend_yield: float,
    families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float,
    work: Floats, matrix: Floats, pivots: Indices, g: Floats, slopes: Floats, fixed: Floats,
    points: Floats, lines: Floats, edges: Floats,
) -> int:  # fmt: skip
    """Boundaries at Chebyshev ``points`` of ln(vol): their ``lines``, and ``edges`` at the whole time; how many.

    0 where one of them could not be solved.
    """
    count = vols_needed(low, high)
    middle, half = 0.5 * math.log(high * low), 0.5 * math.log(high / low)
    for j in range(count):
        points[j] = middle - half * math.cos(math.pi * j / (count - 1))
        vol = min(max(math.exp(points[j]), low), high)
        levels, table, premium = families[family_of(time, vol, rate, dividend_yield)]
        if solve_boundary(time, vol, rate, dividend_yield, levels, table, tolerance, work, matrix, pivots, g) < 0:
            return 0
        if not boundary_slopes(time, vol, rate, dividend_yield, levels, table, work, matrix, pivots, g, slopes):
            return 0
        # Both easy families have the same points of the premium, so that their lines may be mixed.
        fixed_path(time, rate, dividend_yield, premium, fixed)
        boundary_lines(vol, rate, dividend_yield, premium, levels[-1, 0], g, slopes, lines[j])
        edges[j] = -g[levels[-1, 0] - 1]
    return count


@nb.njit(
    nb.void(nb.int64[::1], nb.int64[::1], nb.int64, nb.boolean[::1], *[_F1] * 7, FAMILIES, _F, _F2, nb.boolean[::1]),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def chain_greeks(
    order: Indices, starts: Indices, groups: int, is_call: Flags,
    x: Floats, scale: Floats, gain: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float, out: Floats, is_left: Flags,
) -> None:  # fmt: skip
    """Greeks of groups that share time, rate and yield into the columns of ``out``, (9, rows). ``is_left`` marks rows
    that are better off with boundaries of their own: few in a group, or hard ones."""
    work = np.empty(6 * BLOCK + 2 * MOST_NODES)
    matrix = np.empty((MOST_NODES, MOST_NODES))
    pivots = np.empty(MOST_NODES, np.int64)
    g, slopes = np.empty(MOST_NODES), np.empty((4, MOST_NODES))
    fixed, own = np.empty((_LINES, MOST_POINTS)), np.empty((_LINES, MOST_POINTS))
    lines = np.empty((MOST_VOLS, _LINES, MOST_POINTS))
    scratch, sums = np.empty(SUMS * MOST_POINTS), np.empty(SUMS)
    at, edges, weights = np.empty(MOST_VOLS), np.empty(MOST_VOLS), np.empty(MOST_VOLS)
    width = families[0][2].shape[1]
    for group in range(groups):
        first, past = starts[group], starts[group + 1]
        t, r, q = time[order[first]], rate[order[first]], dividend_yield[order[first]]
        low, high, rows = np.inf, 0.0, 0
        for m in range(first, past):
            i = order[m]
            s = vol[i]
            is_left[i] = False
            log_x = log_moneyness(x[i], 1.0, 0.0)
            value, power = outlasted(x[i], log_x, boundary_ends(s, r, q)[1], t, s, r, q)
            if not math.isnan(power):
                perpetual_sums(x[i], value, power, s, r, q, sums)
                to_greeks(x[i], scale[i], t, s, r, q, is_call[i], False, sums, out[:, i])
            elif not math.isnan(value):
                exercised_greeks(gain[i], 1.0, is_call[i], out[:, i])
            else:
                is_left[i] = True
                is_hard = (r + max(-q, 0.0) * x[i]) * t < NO_PREMIUM or family_of(t, s, r, q) == _HARD
                if not is_hard:
                    low, high, rows = min(low, s), max(high, s), rows + 1
        if rows <= FEWEST_VOLS or vols_needed(low, high) > min(rows, MOST_VOLS):
            continue
        count = solve_vols(
            t, low, high, r, q, families, tolerance, work, matrix, pivots, g, slopes, fixed, at, lines, edges
        )
        if count == 0:
            continue
        for m in range(first, past):
            i = order[m]
            s = vol[i]
            if not is_left[i] or (r + max(-q, 0.0) * x[i]) * t < NO_PREMIUM or family_of(t, s, r, q) == _HARD:
                continue
            is_left[i] = False
            log_x = log_moneyness(x[i], 1.0, 0.0)
            barycentric(math.log(s), at, count, weights)
            edge = 0.0
            own[:, :width] = 0.0
            for j in range(count):
                weight = weights[j]
                edge += weight * edges[j]
                for line in range(_LINES):
                    for k in range(width):
                        own[line, k] += weight * lines[j, line, k]
            if log_x <= edge:
                exercised_greeks(gain[i], 1.0, is_call[i], out[:, i])
                continue
            premium_sums(x[i], log_x, s, r, q, fixed, own, width, scratch, sums)
            add_european(x[i], log_x, t, s, r, q, sums)
            near = log_x - edge < 0.4 * s * math.sqrt(t)
            to_greeks(x[i], scale[i], t, s, r, q, is_call[i], near, sums, out[:, i])
            out[0, i] = max(out[0, i], gain[i])
