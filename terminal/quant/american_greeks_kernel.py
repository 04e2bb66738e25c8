"""Kernels of the derivatives of American puts with strike 1, all from one solved boundary.

The premium is an integral of ``f = r e^(-r t) Phi(-d2) - q x e^(-q t) Phi(-d1)`` over the boundary B(u), with
``t = T - u``. Its derivatives by spot, vol, rate and yield are those of f under the integral, the boundary's own change
included, which follows from the boundary's equation F(g; sigma, r, q) = 0: ``J dg = -dF``. Time is not differentiated:
the value depends on sigma^2 T, r T and q T only, so ``T V_T = sigma V_sigma / 2 + r V_r + q V_q``.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_boundary_kernel import (
    BLOCK,
    MOST_NODES,
    boundary_ends,
    factorise,
    level_weights,
    residual,
    solve,
)
from terminal.quant.american_rules import Codes
from terminal.quant.columns import Floats
from terminal.quant.normal_kernel import INV_SQRT_2PI, vector_exp, vector_mills

MOST_POINTS = 1024
SUMS = 10
"""Value, and derivatives by x, xx, vol, x vol, vol vol, rate, yield, x rate, x yield, in this order."""
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_CODES = nb.int64[:, ::1]


@nb.njit(
    nb.boolean(_F, _F, _F, _F, _CODES, _F1, _F1, _F2, nb.int64[::1], _F1, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def boundary_slopes(
    time: float, vol: float, rate: float, dividend_yield: float, levels: Codes, table: Floats,
    work: Floats, matrix: Floats, order: Codes, g: Floats, slopes: Floats,
) -> bool:  # fmt: skip
    """Derivatives of the solved ``g`` by vol, vol twice, rate and yield into the rows of ``slopes``, (4, nodes).

    The equation's own derivatives are central differences, of a function that is exact to the last digits.
    """
    n, points = levels[-1, 0], levels[-1, 1]
    part = table[levels[-1, 2] :]
    spare = work[6 * BLOCK : 6 * BLOCK + MOST_NODES]
    here = np.empty(n)
    level_weights(time, dividend_yield, n, points, part, work)
    start = boundary_ends(vol, rate, dividend_yield)[0]
    residual(time, vol, rate, dividend_yield, start, n, points, part, g, work, spare, matrix, True)
    here[:] = spare[:n]
    if not factorise(matrix, n, order):
        return False
    moved = np.empty(MOST_NODES)
    for kind in range(4):
        step = (1e-5, 1e-3, 1e-5, 1e-5)[kind] * (vol if kind < 2 else max(abs(rate), abs(dividend_yield)))
        row = slopes[kind]
        for i in range(n):
            row[i] = -2.0 * here[i] if kind == 1 else 0.0
        for side in (1.0, -1.0):
            s, r, q = vol, rate, dividend_yield
            if kind < 2:
                s += side * step
            elif kind == 2:
                r += side * step
            else:
                q += side * step
            for i in range(n):
                moved[i] = g[i] + (side * step * slopes[0, i] if kind == 1 else 0.0)
            begin = boundary_ends(s, r, q)[0]
            if kind == 3:
                level_weights(time, q, n, points, part, work)
            residual(time, s, r, q, begin, n, points, part, moved, work, spare, matrix, False)
            sign = 1.0 if kind == 1 else side
            for i in range(n):
                row[i] += sign * spare[i]
        for i in range(n):
            row[i] *= -1.0 / (step * step) if kind == 1 else -0.5 / step
        solve(matrix, n, order, row)
    return True


@nb.njit(nb.void(_F, _F, _F, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def fixed_path(time: float, rate: float, dividend_yield: float, premium: Floats, fixed: Floats) -> None:
    """Times to expiry, their roots, weights, e^(-r t) and e^(-q t) at the premium's points, rows of ``fixed``."""
    for k in range(premium.shape[1]):
        t = time * premium[0, k]
        fixed[0, k] = t
        fixed[1, k] = math.sqrt(time) * premium[1, k]
        fixed[2, k] = time * premium[2, k]
        fixed[3, k] = vector_exp(-rate * t)
        fixed[4, k] = vector_exp(-dividend_yield * t)


@nb.njit(nb.void(_F, _F, _F, _F2, nb.int64, _F1, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def boundary_lines(
    vol: float, rate: float, dividend_yield: float, premium: Floats, nodes: int, g: Floats, slopes: Floats,
    lines: Floats,
) -> None:  # fmt: skip
    """-ln B and its derivatives by vol, vol twice, rate and yield at the premium's points, rows of ``lines``."""
    start = boundary_ends(vol, rate, dividend_yield)[0]
    start_rate = start / rate if start > 0.0 else 0.0  # start times its own slope, the latter being -1 / r, 1 / q
    start_yield = start / dividend_yield if start > 0.0 else 0.0
    points = premium.shape[1]
    lines[0, :points] = start * start
    lines[1, :points] = 0.0
    lines[2, :points] = 0.0
    lines[3, :points] = -start_rate
    lines[4, :points] = start_yield
    for j in range(nodes):
        rise, by_vol = g[j] * g[j] - start * start, g[j] * slopes[0, j]
        by_vol2 = slopes[0, j] * slopes[0, j] + g[j] * slopes[1, j]
        by_rate, by_yield = g[j] * slopes[2, j] + start_rate, g[j] * slopes[3, j] - start_yield
        row = premium[3 + j]
        for k in range(points):
            m = row[k]
            lines[0, k] += m * rise
            lines[1, k] += m * by_vol
            lines[2, k] += m * by_vol2
            lines[3, k] += m * by_rate
            lines[4, k] += m * by_yield
    for k in range(points):
        root = math.sqrt(max(lines[0, k], start * start, 1e-300))
        lines[0, k] = root
        lines[1, k] /= root
        lines[2, k] = (lines[2, k] - lines[1, k] * lines[1, k]) / root
        lines[3, k] /= root
        lines[4, k] /= root


@nb.njit(
    nb.void(_F, _F, _F, _F, _F, _F2, _F2, nb.int64, _F1, _F1),
    nogil=True,
    cache=True,
    error_model="numpy",
    fastmath={"contract"},
)
def premium_sums(
    x: float, log_x: float, vol: float, rate: float, dividend_yield: float, fixed: Floats, lines: Floats, points: int,
    work: Floats, sums: Floats,
) -> None:  # fmt: skip
    """The premium and its derivatives, in the order of SUMS; ``work`` is scratch of SUMS * MOST_POINTS."""
    carry, inverse_vol = rate - dividend_yield, 1.0 / vol
    for k in range(points):
        t, v = fixed[0, k], vol * fixed[1, k]
        inverse = 1.0 / v
        far = lines[0, k]
        by_vol, by_vol2 = -lines[1, k], -lines[2, k]  # of ln B
        by_rate, by_yield = -lines[3, k], -lines[4, k]
        d1 = (log_x + far + carry * t) * inverse + 0.5 * v
        d2 = d1 - v
        y1, y2 = min(abs(d1), 39.0), min(abs(d2), 39.0)
        density = vector_exp(-0.5 * y1 * y1) * INV_SQRT_2PI
        tail1 = density * vector_mills(y1)
        tail2 = vector_exp(-0.5 * y2 * y2) * INV_SQRT_2PI * vector_mills(y2)
        n1 = tail1 if d1 > 0.0 else 1.0 - tail1
        n2 = tail2 if d2 > 0.0 else 1.0 - tail2
        paid, held = fixed[2, k] * fixed[3, k], fixed[2, k] * fixed[4, k]
        spread = held * density  # the weight times e^(-q t) phi(d1)
        growth = vector_exp(far)
        earned = rate * growth
        a = earned - dividend_yield
        level = x * spread * a * inverse  # f by ln B
        tilt = -spread * a * d2 * inverse * inverse  # f by x and ln B
        pull = earned * d1 - dividend_yield * d2
        work[k] = rate * paid * n2 - dividend_yield * x * held * n1
        work[MOST_POINTS + k] = -spread * a * inverse - dividend_yield * held * n1
        work[2 * MOST_POINTS + k] = spread / x * inverse * (a * d1 * inverse + dividend_yield)
        work[3 * MOST_POINTS + k] = x * spread * inverse_vol * pull + level * by_vol
        work[4 * MOST_POINTS + k] = (
            spread * inverse_vol * (a * (1.0 - d1 * d2) * inverse - dividend_yield * d2) + tilt * by_vol
        )
        bent = x * spread * inverse_vol * inverse_vol * ((d1 * d2 - 1.0) * pull - earned * d2 + dividend_yield * d1)
        mixed = level * (d1 * d2 - 1.0) * inverse_vol
        twice = x * spread * inverse * (a * d1 * inverse - earned)
        work[5 * MOST_POINTS + k] = bent + 2.0 * mixed * by_vol + twice * by_vol * by_vol + level * by_vol2
        work[6 * MOST_POINTS + k] = paid * (1.0 - rate * t) * n2 + level * (by_rate - t)
        work[7 * MOST_POINTS + k] = -x * held * (1.0 - dividend_yield * t) * n1 + level * (by_yield + t)
        work[8 * MOST_POINTS + k] = (
            spread * inverse * (a * d1 * t * inverse - growth + dividend_yield * t) + tilt * by_rate
        )
        work[9 * MOST_POINTS + k] = (
            spread * inverse * (1.0 - dividend_yield * t - a * t * d2 * inverse)
            - held * (1.0 - dividend_yield * t) * n1
            + tilt * by_yield
        )
    for m in range(SUMS):
        first = second = 0.0
        for k in range(m * MOST_POINTS, m * MOST_POINTS + points, 2):
            first += work[k]
            second += work[k + 1]
        sums[m] = first + second


@nb.njit(nb.void(_F, _F, _F, _F, _F, _F, _F1), nogil=True, cache=True, error_model="numpy")
def add_european(
    x: float, log_x: float, time: float, vol: float, rate: float, dividend_yield: float, sums: Floats
) -> None:
    """Adds the European put's value and derivatives to ``sums``."""
    root = math.sqrt(time)
    v = vol * root
    d1 = (log_x + (rate - dividend_yield) * time) / v + 0.5 * v
    d2 = d1 - v
    paid, held = math.exp(-rate * time), math.exp(-dividend_yield * time)
    density = held * INV_SQRT_2PI * math.exp(-0.5 * d1 * d1)
    n1, n2 = 0.5 * math.erfc(d1 * 0.7071067811865476), 0.5 * math.erfc(d2 * 0.7071067811865476)
    vega = x * density * root
    sums[0] += paid * n2 - x * held * n1
    sums[1] -= held * n1
    sums[2] += density / (x * v)
    sums[3] += vega
    sums[4] -= density * d2 / vol
    sums[5] += vega * d1 * d2 / vol
    sums[6] -= time * paid * n2
    sums[7] += time * x * held * n1
    sums[8] += density * root / vol
    sums[9] += time * held * n1 - density * root / vol
