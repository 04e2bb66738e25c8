"""Kernels of American implied vol: the boundary as a function of vol, and Newton's method on each row's price.

Rows that share time, rate and yield share boundaries that differ in the vol only. Over each octave of vol the boundary
at the premium's points is interpolated in ln(vol) from eight Chebyshev points, so that a price and its derivatives at
any vol cost one quadrature and no solution. An octave is solved when a row first comes to it.
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
from terminal.quant.american_price_kernel import FAMILIES, european_put, family_of, outlasted, total
from terminal.quant.american_rows_greeks_kernel import perpetual_sums, to_greeks
from terminal.quant.american_rows_kernel import Indices, certain_exercise
from terminal.quant.american_rules import Codes
from terminal.quant.black_kernel import log_moneyness
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol_kernel import Codes as Statuses
from terminal.quant.implied_vol_kernel import Status
from terminal.quant.normal_kernel import INV_SQRT_2PI, vector_exp, vector_mills

VOLS = 8
OCTAVES = 18
_LOWEST = -12
"""Vols from 2^-12 to 2^6."""
_ANGLES = np.pi * (2.0 * np.arange(VOLS) + 1.0) / (2.0 * VOLS)
_POLYNOMIALS = np.cos(np.arange(VOLS)[:, None] * _ANGLES) * np.where(np.arange(VOLS) == 0, 1.0, 2.0)[:, None] / VOLS
_SOLVED, _BELOW, _ABOVE = int(Status.SOLVED), int(Status.BELOW_INTRINSIC), int(Status.ABOVE_MAXIMUM)
_ZERO, _NOT_CONVERGED = int(Status.ZERO_TIME_VALUE), int(Status.NOT_CONVERGED)
_ROUNDS = 60
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_F3 = nb.float64[:, :, ::1]
_F4 = nb.float64[:, :, :, ::1]


@nb.njit(nb.int64(_F), nogil=True, cache=True, error_model="numpy")
def _octave(vol: float) -> int:
    return min(max(int(math.floor(math.log2(vol))) - _LOWEST, 0), OCTAVES - 1)


@nb.njit(nb.void(_F, nb.int64, _F2), nogil=True, cache=True, error_model="numpy")
def _cardinals(vol: float, octave: int, shares: Floats) -> None:
    """The share of each of an octave's vols in what is interpolated at ``vol``, and its first two derivatives."""
    s = 2.0 * (math.log2(vol) - (octave + _LOWEST)) - 1.0
    pace = 2.0 / (vol * 0.6931471805599453)
    shares[:] = 0.0
    here, before = 1.0, 0.0
    slope, slope_before = 0.0, 0.0
    bend, bend_before = 0.0, 0.0
    for n in range(VOLS):
        for j in range(VOLS):
            factor = _POLYNOMIALS[n, j]
            shares[0, j] += factor * here
            shares[1, j] += factor * slope * pace
            shares[2, j] += factor * (bend * pace * pace - slope * pace / vol)
        twice = 1.0 if n == 0 else 2.0
        following = twice * s * here - before
        slope_following = twice * (here + s * slope) - slope_before
        bend_following = twice * (2.0 * slope + s * bend) - bend_before
        before, slope_before, bend_before = here, slope, bend
        here, slope, bend = following, slope_following, bend_following


@nb.njit(
    nb.boolean(_F, _F, _F, nb.int64, nb.int64, FAMILIES, _F, nb.boolean, _F2, _F4),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _solve_octave(
    time: float, rate: float, dividend_yield: float, octave: int, which: int,
    families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float, with_rates: bool,
    edges: Floats, store: Floats,
) -> bool:  # fmt: skip
    """Boundaries of an octave's vols: -ln B and its slopes by rate and yield into ``store``, at T into ``edges``."""
    work = np.empty(6 * BLOCK + 2 * MOST_NODES)
    matrix = np.empty((MOST_NODES, MOST_NODES))
    pivots = np.empty(MOST_NODES, np.int64)
    g, slopes = np.empty(MOST_NODES), np.zeros((4, MOST_NODES))
    lines = np.empty((5, MOST_POINTS))
    levels, table, premium = families[which]
    nodes, points = levels[-1, 0], premium.shape[1]
    for j in range(VOLS):
        vol = 2.0 ** (octave + _LOWEST + 0.5 + 0.5 * math.cos(_ANGLES[j]))
        if solve_boundary(time, vol, rate, dividend_yield, levels, table, tolerance, work, matrix, pivots, g) < 0:
            return False
        if with_rates and not boundary_slopes(
            time, vol, rate, dividend_yield, levels, table, work, matrix, pivots, g, slopes
        ):
            return False
        boundary_lines(vol, rate, dividend_yield, premium, nodes, g, slopes, lines)
        edges[octave, j] = g[nodes - 1]
        store[octave, 0, j, :points] = lines[0, :points]
        if with_rates:
            store[octave, 1, j, :points] = lines[3, :points]
            store[octave, 2, j, :points] = lines[4, :points]
    return True


@nb.njit(
    nb.types.UniTuple(_F, 2)(_F, _F, _F, _F, _F, _F2, _F2, nb.int64, _F1),
    nogil=True,
    cache=True,
    error_model="numpy",
    fastmath={"contract"},
)
def _premium_and_vega(
    x: float, log_x: float, vol: float, rate: float, dividend_yield: float, fixed: Floats, lines: Floats, points: int,
    work: Floats,
) -> tuple[float, float]:  # fmt: skip
    carry = rate - dividend_yield
    for k in range(points):
        v = vol * fixed[1, k]
        inverse = 1.0 / v
        far = lines[0, k]
        d1 = (log_x + far + carry * fixed[0, k]) * inverse + 0.5 * v
        d2 = d1 - v
        y1, y2 = min(abs(d1), 39.0), min(abs(d2), 39.0)
        density = vector_exp(-0.5 * y1 * y1) * INV_SQRT_2PI
        tail1 = density * vector_mills(y1)
        tail2 = vector_exp(-0.5 * y2 * y2) * INV_SQRT_2PI * vector_mills(y2)
        n1 = tail1 if d1 > 0.0 else 1.0 - tail1
        n2 = tail2 if d2 > 0.0 else 1.0 - tail2
        held = fixed[2, k] * fixed[4, k] * x
        earned = rate * vector_exp(far)
        work[k] = rate * fixed[2, k] * fixed[3, k] * n2 - dividend_yield * held * n1
        work[MOST_POINTS + k] = (
            held
            * density
            * ((earned * d1 - dividend_yield * d2) / vol - (earned - dividend_yield) * inverse * lines[1, k])
        )
    return total(work[:points]), total(work[MOST_POINTS : MOST_POINTS + points])


@nb.njit(nb.void(_F3, nb.int64, _F2, nb.int64, nb.int64, _F1), nogil=True, cache=True, error_model="numpy")
def _blend(octave: Floats, kind: int, shares: Floats, derivative: int, points: int, line: Floats) -> None:
    line[:points] = 0.0
    for j in range(VOLS):
        share = shares[derivative, j]
        row = octave[kind, j]
        for k in range(points):
            line[k] += share * row[k]


@nb.njit(
    nb.void(
        nb.int64[::1], nb.int64[::1], nb.int64, nb.boolean[::1], *[_F1] * 8, FAMILIES, _F, nb.boolean,
        _F1, nb.int8[::1], _F2,
    ),
    nogil=True,
    cache=True,
    error_model="numpy",
)  # fmt: skip
def vol_groups(
    order: Indices, starts: Indices, groups: int, is_call: Flags,
    price: Floats, x: Floats, scale: Floats, gain: Floats, time: Floats, rate: Floats, dividend_yield: Floats,
    first_vol: Floats, families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float, with_greeks: bool,
    vol: Floats, status: Statuses, out: Floats,
) -> None:  # fmt: skip
    """Implied vols of the rows in ``order``, and their Greeks into the columns of ``out`` if asked.

    ``first_vol`` is the European implied vol of the same price, which is never too low; NaN where there is none.
    """
    store = np.empty((OCTAVES, 3, VOLS, MOST_POINTS))
    edges = np.empty((OCTAVES, VOLS))
    state, tables = np.empty(OCTAVES, np.int8), np.empty(OCTAVES, np.int64)
    fixed = np.empty((3, 5, MOST_POINTS))
    fixed_done = np.empty(3, np.bool_)
    shares = np.empty((3, VOLS))
    lines = np.empty((5, MOST_POINTS))
    scratch, sums = np.empty(SUMS * MOST_POINTS), np.empty(SUMS)
    for group in range(groups):
        i = order[starts[group]]
        t, r, q = time[i], rate[i], dividend_yield[i]
        state[:] = 0
        fixed_done[:] = False
        for m in range(starts[group], starts[group + 1]):
            i = order[m]
            vol[i] = np.nan
            least = max(certain_exercise(x[i], t, r, q)[0], 0.0)
            least = max(least, gain[i] / scale[i])
            target = price[i] / scale[i]
            above = target - least
            if target >= max(1.0, math.exp(-r * t)):
                status[i] = _ABOVE
                continue
            if above <= 1e-15 * least:
                status[i] = _BELOW if above < -1e-13 * least else _ZERO
                continue
            log_x = log_moneyness(x[i], 1.0, 0.0)
            status[i] = _NOT_CONVERGED
            low, high = 2.0**_LOWEST, 2.0 ** (_LOWEST + OCTAVES)
            s = min(max(first_vol[i], low), high) if first_vol[i] > 0.0 else 0.5
            value, power, edge = np.nan, np.nan, 0.0
            octave, which, points = -1, 0, 0
            for _ in range(_ROUNDS):
                last = boundary_ends(s, r, q)[1]
                value, power = outlasted(x[i], log_x, last, t, s, r, q)
                vega = 0.0
                octave = -1
                if not math.isnan(power):
                    perpetual_sums(x[i], value, power, s, r, q, sums)
                    vega = sums[3]
                elif math.isnan(value):
                    octave = _octave(s)
                    if state[octave] == 0:
                        middle = 2.0 ** (octave + _LOWEST + 0.5)
                        which = family_of(t, middle, r, q)
                        if family_of(t, middle * 0.70710678, r, q) == 2 or family_of(t, middle * 1.41421356, r, q) == 2:
                            which = 2
                        state[octave] = 2
                        for _ in range(2):
                            if _solve_octave(t, r, q, octave, which, families, tolerance, with_greeks, edges, store):
                                state[octave] = 1
                                break
                            which = 2
                        tables[octave] = which
                        if not fixed_done[which]:
                            fixed_path(t, r, q, families[which][2], fixed[which])
                            fixed_done[which] = True
                    if state[octave] == 2:
                        break
                    which = tables[octave]
                    points = families[which][2].shape[1]
                    _cardinals(s, octave, shares)
                    edge = 0.0
                    for j in range(VOLS):
                        edge += shares[0, j] * edges[octave, j]
                    value = 1.0 - x[i]
                    if log_x > -edge:
                        _blend(store[octave], 0, shares, 0, points, lines[0])
                        _blend(store[octave], 0, shares, 1, points, lines[1])
                        more, vega = _premium_and_vega(x[i], log_x, s, r, q, fixed[which], lines, points, scratch)
                        v = s * math.sqrt(t)
                        d1 = (log_x + (r - q) * t) / v + 0.5 * v
                        vega += x[i] * math.exp(-q * t - 0.5 * d1 * d1) * INV_SQRT_2PI * math.sqrt(t)
                        value = european_put(x[i], log_x, t, s, r, q) + more
                over = value - least
                if value > target:
                    high = min(high, s)
                else:
                    low = max(low, s)
                # Newton's step on the logarithm of the time value, which is nearly a parabola of 1 / vol
                to = np.nan
                if over > 0.0 and vega > 0.0:
                    distance = math.log(above / over) * over / (vega * s)
                    if distance < 0.5 and abs(value - target) > 1e-3 * target:
                        to = s / (1.0 - distance)
                    else:
                        to = s * (1.0 + (target - value) / (vega * s))
                if not low < to < high:
                    if abs(to - s) <= 1e-11 * s or high - low <= 1e-12 * high:
                        status[i] = _SOLVED
                        break
                    to = math.sqrt(low * high)
                moved = abs(to - s)
                s = to
                if moved <= 1e-8 * s:
                    status[i] = _SOLVED
                    break
            if status[i] != _SOLVED:
                continue
            vol[i] = s
            if not with_greeks:
                continue
            if octave < 0:
                perpetual_sums(x[i], value, power, s, r, q, sums)
            else:
                _cardinals(s, octave, shares)
                for k in range(3):
                    _blend(store[octave], 0, shares, k, points, lines[k])
                _blend(store[octave], 1, shares, 0, points, lines[3])
                _blend(store[octave], 2, shares, 0, points, lines[4])
                premium_sums(x[i], log_x, s, r, q, fixed[which], lines, points, scratch, sums)
                add_european(x[i], log_x, t, s, r, q, sums)
            near = octave >= 0 and log_x + edge < 0.4 * s * math.sqrt(t)
            to_greeks(x[i], scale[i], t, s, r, q, is_call[i], near, sums, out[:, i])
