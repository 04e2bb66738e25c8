"""Kernels that solve the early exercise boundary of a put with strike 1.

The unknowns are ``g = -ln B`` at the nodes of :mod:`terminal.quant.american_rules`. The equation is smooth pasting, the
derivative of the early exercise representation with respect to spot at the boundary (Kim 1990; Andersen, Lake &
Offengenden 2016, fixed point system A), divided by what makes it free of the strike's discounting:

    0 = e^(-q tau) Phi(d+(tau, B)) + int_0^tau e^(-q t) [q Phi(d+) - (r / B(u) - q) phi(d+) / (sigma sqrt(t))] du

with ``t = tau - u`` and ``d+`` of ``B(tau) / B(u)``. It is solved by Newton's method on all nodes together, whose
matrix costs no further exponential, from a coarse level to a fine one: the coarse one starts from QD+ (Li 2010).
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_rules import Codes
from terminal.quant.columns import Floats
from terminal.quant.normal_kernel import INV_SQRT_2PI, vector_exp, vector_mills

BLOCK = 2816
"""Room for nodes times points of the finest level."""
MOST_NODES = 64
_ROUNDS = 30
_F = nb.float64
_F1 = nb.float64[::1]
_CODES = nb.int64[:, ::1]


@nb.njit(nb.types.UniTuple(_F, 2)(_F, _F, _F), nogil=True, cache=True, error_model="numpy")
def boundary_ends(vol: float, rate: float, dividend_yield: float) -> tuple[float, float]:
    """-ln B just before expiry, and for a perpetual put (infinite where it is never exercised)."""
    start = math.log(dividend_yield / rate) if dividend_yield > rate > 0.0 else 0.0
    variance = vol * vol
    bend = 0.5 * variance - (rate - dividend_yield)
    root = math.sqrt(bend * bend + 2.0 * rate * variance)
    # gamma = (bend - root) / variance < 0 and B = gamma / (gamma - 1), without the cancellation of bend and root.
    size = 2.0 * rate / (root + bend) if bend > 0.0 else (root - bend) / variance
    return start, math.log1p(1.0 / size) if size > 0.0 else np.inf


@nb.njit(nb.void(_F, _F, _F, _F, _F1, nb.int64, _F1), nogil=True, cache=True, error_model="numpy")
def qd_plus(
    time: float, vol: float, rate: float, dividend_yield: float, relative: Floats, rounds: int, g: Floats
) -> None:
    """-ln B at times to expiry ``time * relative`` into ``g``, by the QD+ approximation (Li 2010, eqs. 26 to 31)."""
    first, last = boundary_ends(vol, rate, dividend_yield)
    variance = vol * vol
    omega, alpha = 2.0 * (rate - dividend_yield) / variance, 2.0 / variance
    n = relative.size
    work = np.empty(8 * MOST_NODES)
    root_time, drift, paid = work[0:n], work[MOST_NODES : MOST_NODES + n], work[2 * MOST_NODES : 2 * MOST_NODES + n]
    held, factor = work[3 * MOST_NODES : 3 * MOST_NODES + n], work[4 * MOST_NODES : 4 * MOST_NODES + n]
    pull, at = work[5 * MOST_NODES : 5 * MOST_NODES + n], work[6 * MOST_NODES : 6 * MOST_NODES + n]
    for i in range(n):
        tau = time * relative[i]
        v = vol * math.sqrt(tau)
        rt = rate * tau
        root_time[i] = v
        drift[i] = (rate - dividend_yield) * tau
        paid[i] = vector_exp(-rt)
        # h / r of the paper, an annuity, by its series where the rate is next to nothing
        annuity = (1.0 - paid[i]) / rate if abs(rt) > 1e-5 else tau * (1.0 - 0.5 * rt * (1.0 - rt / 3.0))
        root = math.sqrt((omega - 1.0) * (omega - 1.0) + 4.0 * alpha / annuity)
        power = -0.5 * ((omega - 1.0) + root)
        slope = alpha / (annuity * annuity * root)  # r times the derivative of the power with respect to h
        held[i] = vector_exp(-dividend_yield * tau)
        # c0 of the paper times K - S - p: linear in the gain and in theta, so nothing is divided by a gain near zero
        pull[i] = -alpha / root
        factor[i] = power - pull[i] * paid[i] * (1.0 / annuity - slope / root)
        at[i] = min(first + 1.25 * v / (1.0 + 0.6 * v / max(last - first, 1e-300)), last, first + 20.0 * v)
    for _ in range(rounds):
        for i in range(n):
            v, away = root_time[i], at[i]
            spot = vector_exp(-away)
            d1 = (drift[i] - away) / v + 0.5 * v
            d2 = d1 - v
            y1, y2 = min(abs(d1), 39.0), min(abs(d2), 39.0)
            density = INV_SQRT_2PI * vector_exp(-0.5 * y1 * y1)
            tail1 = density * vector_mills(y1)
            tail2 = INV_SQRT_2PI * vector_exp(-0.5 * y2 * y2) * vector_mills(y2)
            n1 = held[i] * (tail1 if d1 > 0.0 else 1.0 - tail1)
            n2 = paid[i] * (tail2 if d2 > 0.0 else 1.0 - tail2)
            density *= held[i] / v
            theta = rate * n2 - dividend_yield * spot * n1 - 0.5 * variance * spot * density
            gain = (1.0 - spot) - (n2 - spot * n1)
            value = (1.0 - n1) * spot + factor[i] * gain + pull[i] * theta
            theta_slope = density * (dividend_yield - rate - 0.5 * variance * (1.0 - d1 / v)) - dividend_yield * n1
            steep = (1.0 - n1) * (1.0 - factor[i]) + density + pull[i] * theta_slope
            step = value / (steep * spot)
            bound = 0.5 * (away - first) + 0.25 * v
            step = min(max(step, -bound), bound)
            moved = max(away + step, first + 0.05 * (away - first))
            at[i] = min(moved, last, first + 20.0 * v)
    g[:n] = at


@nb.njit(nb.boolean(nb.float64[:, ::1], nb.int64, nb.int64[::1]), nogil=True, cache=True, error_model="numpy")
def factorise(matrix: Floats, n: int, order: Codes) -> bool:
    """``matrix`` (its first n rows and columns) into L and U in place with row pivots; False where it is singular."""
    for k in range(n):
        pivot, most = k, abs(matrix[k, k])
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > most:
                pivot, most = i, abs(matrix[i, k])
        order[k] = pivot
        if not most > 0.0:
            return False
        if pivot != k:
            for j in range(n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
        inverse = 1.0 / matrix[k, k]
        row = matrix[k]
        for i in range(k + 1, n):
            below = matrix[i]
            share = below[k] * inverse
            below[k] = share
            for j in range(k + 1, n):
                below[j] -= share * row[j]
    return True


@nb.njit(nb.void(nb.float64[:, ::1], nb.int64, nb.int64[::1], _F1), nogil=True, cache=True, error_model="numpy")
def solve(matrix: Floats, n: int, order: Codes, x: Floats) -> None:
    """The right-hand side ``x`` becomes the solution, ``matrix`` and ``order`` being from :func:`factorise`."""
    for k in range(n):
        pivot = order[k]
        if pivot != k:
            x[k], x[pivot] = x[pivot], x[k]
    for k in range(n):
        value = x[k]
        row = matrix[k]
        for j in range(k):
            value -= row[j] * x[j]
        x[k] = value
    for k in range(n - 1, -1, -1):
        value = x[k]
        row = matrix[k]
        for j in range(k + 1, n):
            value -= row[j] * x[j]
        x[k] = value / row[k]


@nb.njit(
    nb.void(_F, _F, _F, _F, _F, nb.int64, nb.int64, _F1, _F1, _F1, _F1, nb.float64[:, ::1], nb.boolean),
    nogil=True,
    cache=True,
    error_model="numpy",
    fastmath={"contract"},
)
def residual(
    time: float, vol: float, rate: float, dividend_yield: float, start: float, n: int, points: int, table: Floats,
    g: Floats, work: Floats, out: Floats, matrix: Floats, with_matrix: bool,
) -> None:  # fmt: skip
    """The smooth-pasting residuals at one level into ``out``, and their derivatives by ``g`` into ``matrix``.

    ``table`` is the level's part of the tables; ``work`` (6 BLOCK) holds in its first block what
    :func:`level_weights` made.
    """
    size = n * points
    times, roots = table[n : n + size], table[n + size : n + 2 * size]
    reciprocals = table[n + 3 * size : n + 4 * size]
    by_node = table[n + 4 * size : n + 4 * size + n * size]
    by_point = table[n + 4 * size + n * size : n + 4 * size + 2 * n * size]
    paid, past, here = work[0:size], work[BLOCK : BLOCK + size], work[2 * BLOCK : 2 * BLOCK + size]
    first, second = work[3 * BLOCK : 3 * BLOCK + size], work[4 * BLOCK : 4 * BLOCK + size]
    third = work[5 * BLOCK : 5 * BLOCK + size]
    scale, carry = vol * math.sqrt(time), (rate - dividend_yield) * time
    per_scale = 1.0 / scale
    floor = max(start * start, 1e-12 * scale * scale)
    past[:] = start * start
    for j in range(n):
        rise = g[j] * g[j] - start * start
        column = by_node[j * size : (j + 1) * size]
        for m in range(size):
            past[m] += column[m] * rise
    for i in range(n):
        here[i * points : (i + 1) * points] = g[i]
    for m in range(size):
        far = math.sqrt(max(past[m], floor))
        inverse = per_scale * reciprocals[m]
        d = ((far - here[m]) + carry * times[m]) * inverse + 0.5 * scale * roots[m]
        y = min(abs(d), 39.0)
        density = INV_SQRT_2PI * vector_exp(-0.5 * y * y)
        tail = density * vector_mills(y)
        below = 1.0 - tail if d > 0.0 else tail
        earned = rate * vector_exp(far)
        density *= inverse * paid[m]
        first[m] = dividend_yield * below * paid[m] - (earned - dividend_yield) * density
        by_here = density * (dividend_yield + (earned - dividend_yield) * d * inverse)
        second[m] = by_here
        third[m] = (by_here - earned * density) / far
    for i in range(n):
        tau = time * table[i]
        v = vol * math.sqrt(tau)
        d = (carry * table[i] - g[i]) / v + 0.5 * v
        y = min(abs(d), 39.0)
        density = INV_SQRT_2PI * vector_exp(-0.5 * y * y)
        tail = density * vector_mills(y)
        held = vector_exp(-dividend_yield * tau)
        a0 = a1 = b0 = b1 = 0.0
        for m in range(i * points, (i + 1) * points, 2):
            a0 += first[m]
            a1 += first[m + 1]
            b0 += second[m]
            b1 += second[m + 1]
        out[i] = held * (1.0 - tail if d > 0.0 else tail) + (a0 + a1)
        if not with_matrix:
            continue
        row = matrix[i]
        for j in range(n):
            row[j] = 0.0
        for m in range(i * points, (i + 1) * points, 4):
            c0, c1, c2, c3 = third[m], third[m + 1], third[m + 2], third[m + 3]
            p0, p1 = by_point[m * n : (m + 1) * n], by_point[(m + 1) * n : (m + 2) * n]
            p2, p3 = by_point[(m + 2) * n : (m + 3) * n], by_point[(m + 3) * n : (m + 4) * n]
            for j in range(n):
                row[j] += (c0 * p0[j] + c1 * p1[j]) + (c2 * p2[j] + c3 * p3[j])
        for j in range(n):
            row[j] *= g[j]
        row[i] -= held * density / v + (b0 + b1)


@nb.njit(nb.void(_F, _F, nb.int64, nb.int64, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def level_weights(time: float, dividend_yield: float, n: int, points: int, table: Floats, work: Floats) -> None:
    """The quadrature's weights times e^(-q t) at one level, into the first block of ``work``."""
    size = n * points
    for m in range(size):
        work[m] = time * table[n + 2 * size + m] * vector_exp(-dividend_yield * time * table[n + m])


@nb.njit(
    nb.int64(_F, _F, _F, _F, _CODES, _F1, _F, _F1, nb.float64[:, ::1], nb.int64[::1], _F1),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def solve_boundary(
    time: float, vol: float, rate: float, dividend_yield: float, levels: Codes, table: Floats, tolerance: float,
    work: Floats, matrix: Floats, order: Codes, g: Floats,
) -> int:  # fmt: skip
    """``g = -ln B`` at the finest level's nodes for a put with strike 1; the number of rounds, -1 where none sufficed.

    ``work`` (6 BLOCK + 2 MOST_NODES), ``matrix`` (MOST_NODES, MOST_NODES) and ``order`` (MOST_NODES) are scratch.
    A level is left when the step, weighted by the root of a node's relative time, falls below the square root of
    ``tolerance``, the last one below ``tolerance``.
    """
    start, last = boundary_ends(vol, rate, dividend_yield)
    step, old = work[6 * BLOCK : 6 * BLOCK + MOST_NODES], work[6 * BLOCK + MOST_NODES :]
    cap = last + 0.05 * (last - start)  # rounding may carry a boundary that has come to rest past its end
    coarse, done = 0, 0
    for level in range(levels.shape[0]):
        n, points = levels[level, 0], levels[level, 1]
        part = table[levels[level, 2] :]
        size = n * points
        if level == 0:
            qd_plus(time, vol, rate, dividend_yield, part[:n], 5 if levels.shape[0] > 1 else 20, g)
        else:
            old[:coarse] = g[:coarse]
            rise = part[n + 4 * size + 2 * n * size :]
            for i in range(n):
                total = start * start
                for j in range(coarse):
                    total += rise[i * coarse + j] * (old[j] * old[j] - start * start)
                g[i] = math.sqrt(max(total, start * start, 1e-300))
        level_weights(time, dividend_yield, n, points, part, work)
        enough = tolerance if level == levels.shape[0] - 1 else math.sqrt(tolerance)
        fresh, before = True, np.inf
        found = False
        for _ in range(_ROUNDS):
            done += 1
            residual(time, vol, rate, dividend_yield, start, n, points, part, g, work, step, matrix, fresh)
            missed = 0.0
            for i in range(n):
                missed = max(missed, abs(step[i]) * math.sqrt(part[i]))
            if fresh and not factorise(matrix, n, order):
                return -1
            solve(matrix, n, order, step)
            largest = 0.0
            for i in range(n):
                to = g[i] - step[i]
                if not to > start:
                    to = start + 0.3 * (g[i] - start)
                if to > cap:
                    to = 0.5 * (g[i] + cap)
                largest = max(largest, abs(to - g[i]) * math.sqrt(part[i]))
                g[i] = to
            # A Newton step leaves its square, a step with an old matrix a hundredth of itself at least.
            if largest <= (max(enough, 0.5 * math.sqrt(enough)) if fresh else enough) and missed <= math.sqrt(enough):
                found = True
                break
            # The old matrix serves while it gains two digits a step.
            fresh = largest > 1e-3 or largest > 0.01 * before
            before = largest
        if not found and level == levels.shape[0] - 1:
            return -1
        coarse = n
    return done
