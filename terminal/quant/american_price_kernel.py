"""Kernels of American prices: the European value and the early exercise premium (Kim 1990) over the solved boundary."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.american_boundary_kernel import BLOCK, MOST_NODES, boundary_ends, solve_boundary
from terminal.quant.american_rows_kernel import EUROPEAN, LIMIT, Indices, Kinds, certain_exercise
from terminal.quant.american_rules import Codes
from terminal.quant.black_kernel import black, log_moneyness
from terminal.quant.columns import Floats
from terminal.quant.normal_kernel import INV_SQRT_2PI, vector_exp, vector_mills

MOST_POINTS = 1024
NO_PREMIUM = 1e-12
"""Where r T, and what a negative yield adds, is below it, the premium is less than that of the strike."""
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
FAMILIES = nb.types.UniTuple(nb.types.Tuple((nb.int64[:, ::1], _F1, _F2)), 3)


@nb.njit(nb.void(_F, _F, _F, _F, _F2, nb.int64, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def premium_path(
    time: float, vol: float, rate: float, dividend_yield: float, premium: Floats, nodes: int, g: Floats, path: Floats
) -> None:
    """What the premium's integrand needs of a boundary at the quadrature's points, into the rows of ``path``.

    ``-ln B(u) + (r - q) t``, ``sigma sqrt(t)``, its inverse, and the weights times ``r e^(-r t)`` and ``q e^(-q t)``.
    """
    start = boundary_ends(vol, rate, dividend_yield)[0]
    points = premium.shape[1]
    path[0, :points] = start * start
    for j in range(nodes):
        rise = g[j] * g[j] - start * start
        row = premium[3 + j]
        for k in range(points):
            path[0, k] += rise * row[k]
    scale = vol * math.sqrt(time)
    for k in range(points):
        t, weight = time * premium[0, k], time * premium[2, k]
        path[0, k] = math.sqrt(max(path[0, k], start * start)) + (rate - dividend_yield) * t
        v = scale * premium[1, k]
        path[1, k] = v
        path[2, k] = 1.0 / v
        path[3, k] = weight * rate * vector_exp(-rate * t)
        path[4, k] = weight * dividend_yield * vector_exp(-dividend_yield * t)


@nb.njit(_F(_F1), nogil=True, cache=True, error_model="numpy")
def total(terms: Floats) -> float:
    """The sum of a number of terms that is divisible by four, in four strands."""
    a = b = c = d = 0.0
    for k in range(0, terms.size, 4):
        a += terms[k]
        b += terms[k + 1]
        c += terms[k + 2]
        d += terms[k + 3]
    return (a + b) + (c + d)


@nb.njit(_F(_F, _F, _F2, nb.int64, _F1), nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def premium_value(x: float, log_x: float, path: Floats, points: int, terms: Floats) -> float:
    """int_0^T [r e^(-r t) Phi(-d-) - q x e^(-q t) Phi(-d+)] dt for a spot ``x`` above the boundary."""
    for k in range(points):
        v = path[1, k]
        d1 = (log_x + path[0, k]) * path[2, k] + 0.5 * v
        d2 = d1 - v
        y1, y2 = min(abs(d1), 39.0), min(abs(d2), 39.0)
        tail1 = vector_exp(-0.5 * y1 * y1) * vector_mills(y1) * INV_SQRT_2PI
        tail2 = vector_exp(-0.5 * y2 * y2) * vector_mills(y2) * INV_SQRT_2PI
        n1 = tail1 if d1 > 0.0 else 1.0 - tail1
        n2 = tail2 if d2 > 0.0 else 1.0 - tail2
        terms[k] = path[3, k] * n2 - path[4, k] * x * n1
    return total(terms[:points])


@nb.njit(_F(_F, _F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def european_put(x: float, log_x: float, time: float, vol: float, rate: float, dividend_yield: float) -> float:
    """The European put with strike 1."""
    held, paid = x * math.exp(-dividend_yield * time), math.exp(-rate * time)
    return black(held, paid, log_x + (rate - dividend_yield) * time, vol * math.sqrt(time), False)


@nb.njit(nb.void(nb.int8[::1], *[_F1] * 8), nogil=True, cache=True, error_model="numpy")
def price_without_boundary(
    kind: Kinds,
    x: Floats,
    scale: Floats,
    gain: Floats,
    time: Floats,
    vol: Floats,
    rate: Floats,
    dividend_yield: Floats,
    out: Floats,
) -> None:
    """Prices of the rows that need no boundary, NaN for the others."""
    for i in range(out.size):
        out[i] = np.nan
        if kind[i] == LIMIT:
            value, moment = certain_exercise(x[i], time[i], rate[i], dividend_yield[i])
            out[i] = scale[i] * value if moment > 0.0 else max(gain[i], 0.0)
        elif kind[i] == EUROPEAN:
            log_x = log_moneyness(x[i], 1.0, 0.0)
            value = european_put(x[i], log_x, time[i], vol[i], rate[i], dividend_yield[i])
            out[i] = max(scale[i] * value, gain[i])


@nb.njit(nb.types.UniTuple(_F, 2)(_F, _F, _F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def outlasted(
    x: float, log_x: float, last: float, time: float, vol: float, rate: float, dividend_yield: float
) -> tuple[float, float]:
    """Value and power of the perpetual put where expiry plays no part, else NaN; ``last`` is its -ln B.

    The two differ by no more than what the perpetual one earns after expiry, E[e^(-r t); t > T] at its hitting time.
    """
    variance = vol * vol
    drift = rate - dividend_yield - 0.5 * variance
    above = log_x + last
    if above <= 0.0:
        return 1.0 - x, np.nan
    end = above + drift * time
    spread = variance * time
    if drift > 0.0:
        unlikely = 0.5 * end * end / spread if above < drift * time else 2.0 * drift * above / variance
    else:
        unlikely = 0.5 * end * end / spread if end < 0.0 else 0.0
    if unlikely + rate * time < 34.0:
        return np.nan, np.nan
    ratio = math.expm1(last)
    return -math.expm1(-last) * math.exp(-above / ratio), -1.0 / ratio


@nb.njit(nb.int64(_F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def family_of(time: float, vol: float, rate: float, dividend_yield: float) -> int:
    """Which of the tables of :func:`terminal.quant.american_rules.families` the boundary is to be solved with."""
    scale = vol * math.sqrt(time)
    if scale > 3.0 or abs(rate - dividend_yield) * time > 4.5 * scale:
        return 2
    return 0 if dividend_yield > rate > 0.0 and math.log(dividend_yield / rate) > 0.01 * scale else 1


@nb.njit(
    nb.void(nb.int64[::1], nb.int64[::1], nb.int64, *[_F1] * 7, FAMILIES, _F, _F1),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def price_groups(
    order: Indices, starts: Indices, groups: int,
    x: Floats, scale: Floats, gain: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float, out: Floats,
) -> None:  # fmt: skip
    """Prices of the rows in ``order``, group by group: one boundary for all rows of a group."""
    work = np.empty(6 * BLOCK + 2 * MOST_NODES)
    matrix = np.empty((MOST_NODES, MOST_NODES))
    pivots = np.empty(MOST_NODES, np.int64)
    g = np.empty(MOST_NODES)
    path = np.empty((5, MOST_POINTS))
    terms = np.empty(MOST_POINTS)
    for group in range(groups):
        i = order[starts[group]]
        t, s, r, q = time[i], vol[i], rate[i], dividend_yield[i]
        last = boundary_ends(s, r, q)[1]
        levels, table, premium = families[family_of(t, s, r, q)]
        nodes, points = levels[-1, 0], premium.shape[1]
        solved = 0
        for m in range(starts[group], starts[group + 1]):
            i = order[m]
            log_x = log_moneyness(x[i], 1.0, 0.0)
            value = outlasted(x[i], log_x, last, t, s, r, q)[0]
            if math.isnan(value) and (r + max(-q, 0.0) * x[i]) * t < NO_PREMIUM:
                value = max(european_put(x[i], log_x, t, s, r, q), 1.0 - x[i])  # the premium cannot be more than that
            if not math.isnan(value):
                out[i] = max(scale[i] * value, gain[i])
                continue
            if solved == 0:
                solved = solve_boundary(t, s, r, q, levels, table, tolerance, work, matrix, pivots, g)
                if solved < 0:
                    levels, table, premium = families[2]
                    nodes, points = levels[-1, 0], premium.shape[1]
                    solved = solve_boundary(t, s, r, q, levels, table, max(tolerance, 1e-8), work, matrix, pivots, g)
                if solved > 0:
                    premium_path(t, s, r, q, premium, nodes, g, path)
            if solved < 0:
                continue
            out[i] = gain[i]
            if log_x > -g[nodes - 1]:
                value = european_put(x[i], log_x, t, s, r, q) + premium_value(x[i], log_x, path, points, terms)
                out[i] = max(scale[i] * value, gain[i])
