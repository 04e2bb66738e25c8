"""Kernels that turn the derivatives of the normalised put into the Greeks of option rows."""

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
from terminal.quant.american_rows_kernel import LIMIT, Indices, Kinds, certain_exercise
from terminal.quant.american_rules import Codes
from terminal.quant.black_kernel import log_moneyness
from terminal.quant.columns import Flags, Floats

_NEXT_TO_NO_VOL = 1e-6
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]


@nb.njit(
    nb.void(_F, _F, _F, _F, _F, _F, nb.boolean, nb.boolean, _F1, nb.float64[:]),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def to_greeks(
    x: float, scale: float, time: float, vol: float, rate: float, dividend_yield: float, is_call: bool,
    near_boundary: bool, sums: Floats, out: Floats,
) -> None:  # fmt: skip
    """The nine Greeks of a row from the sums of its put; next to the boundary gamma from the pricing equation, whose
    terms have no layer there."""
    value, slope, bend = sums[0], sums[1], sums[2]
    by_time = by_time_slope = 0.0
    if time > 0.0:
        by_time = (0.5 * vol * sums[3] + rate * sums[6] + dividend_yield * sums[7]) / time
        by_time_slope = (0.5 * vol * sums[4] + rate * sums[8] + dividend_yield * sums[9]) / time
    if near_boundary:
        bend = 2.0 * (by_time + rate * value - (rate - dividend_yield) * x * slope) / (vol * vol * x * x)
    out[0] = scale * value
    out[3] = scale * sums[3]
    out[4] = -scale * by_time
    out[7] = scale * sums[5]
    if is_call:
        # S P(K / S): what the put calls its rate is the call's yield, and the other way round
        out[1] = value - x * slope
        out[2] = x * x * bend / scale
        out[5] = scale * sums[7]
        out[6] = sums[3] - x * sums[4]
        out[8] = x * by_time_slope - by_time
    else:
        out[1] = slope
        out[2] = bend / scale
        out[5] = scale * sums[6]
        out[6] = sums[4]
        out[8] = -by_time_slope


@nb.njit(nb.void(_F, _F, nb.boolean, nb.float64[:]), nogil=True, cache=True, error_model="numpy")
def exercised_greeks(gain: float, weight: float, is_call: bool, out: Floats) -> None:
    """The payoff's, times ``weight``."""
    out[:] = 0.0
    out[0] = max(gain, 0.0)
    out[1] = weight if is_call else -weight


@nb.njit(nb.void(_F, _F, _F, _F, _F, _F, _F1), nogil=True, cache=True, error_model="numpy")
def perpetual_sums(
    x: float, value: float, power: float, vol: float, rate: float, dividend_yield: float, sums: Floats
) -> None:
    """Of the perpetual put (McKean 1965), V = (x / B)^-m / (1 + m) with m = -power, B = m / (1 + m)."""
    m = -power
    above = math.log(x) + math.log1p(1.0 / m)
    slope = vol * vol * (m + 0.5) - (rate - dividend_yield)
    by_vol, by_rate, by_yield = -vol * m * (m + 1.0) / slope, (m + 1.0) / slope, -m / slope
    by_vol2 = -(m * (m + 1.0) + 2.0 * vol * (2.0 * m + 1.0) * by_vol + vol * vol * by_vol * by_vol) / slope
    by_m, by_m2 = -above * value, value * (above * above + 1.0 / (m * (m + 1.0)))
    by_x_m = -value * (1.0 - m * above) / x
    sums[0], sums[1], sums[2] = value, -m * value / x, m * (m + 1.0) * value / (x * x)
    sums[3], sums[4] = by_m * by_vol, by_x_m * by_vol
    sums[5] = by_m2 * by_vol * by_vol + by_m * by_vol2
    sums[6], sums[7] = by_m * by_rate, by_m * by_yield
    sums[8], sums[9] = by_x_m * by_rate, by_x_m * by_yield


@nb.njit(nb.void(nb.int8[::1], nb.boolean[::1], *[_F1] * 6, _F2), nogil=True, cache=True, error_model="numpy")
def limit_greeks(
    kind: Kinds, is_call: Flags, x: Floats, scale: Floats, gain: Floats, time: Floats, rate: Floats,
    dividend_yield: Floats, out: Floats,
) -> None:  # fmt: skip
    """Greeks of the rows without time, vol, spot or strike; those of the best moment to exercise, which is certain."""
    sums = np.empty(SUMS)
    for i in range(kind.size):
        if kind[i] != LIMIT:
            continue
        r, q, t = rate[i], dividend_yield[i], time[i]
        value, moment = certain_exercise(x[i], t, r, q)
        if value == 0.0 or moment == 0.0:
            exercised_greeks(gain[i], 1.0 if gain[i] > 0.0 else (0.5 if gain[i] == 0.0 < scale[i] else 0.0), is_call[i],
                             out[:, i])  # fmt: skip
            if t == 0.0 and 0.0 < x[i] < 1.0:
                out[4, i] = -scale[i] * max(q * x[i] - r, 0.0)
            continue
        paid, held = math.exp(-r * moment), math.exp(-q * moment)
        sums[:] = 0.0
        if 0.0 < moment < t and x[i] > 0.0:
            # Vega goes to zero with vol, volga does not: expiry plays no part, so it is the perpetual put's.
            last = boundary_ends(_NEXT_TO_NO_VOL, r, q)[1]
            power = -1.0 / math.expm1(last)
            perpetual_sums(x[i], value, power, _NEXT_TO_NO_VOL, r, q, sums)
            bend = sums[5]
            sums[:] = 0.0
            sums[5] = bend
        sums[0], sums[1] = value, -held
        sums[6], sums[7] = -moment * paid, moment * x[i] * held
        if moment == t:
            sums[9] = t * held
        elif x[i] > 0.0:
            sums[2] = q * held / (x[i] * (q - r))
        to_greeks(x[i], scale[i], t, 0.0, r, q, is_call[i], False, sums, out[:, i])


@nb.njit(
    nb.void(
        nb.int64[::1], nb.int64[::1], nb.int64, nb.boolean[::1], *[_F1] * 7, FAMILIES, _F, _F2
    ),
    nogil=True,
    cache=True,
    error_model="numpy",
)  # fmt: skip
def greeks_groups(
    order: Indices, starts: Indices, groups: int, is_call: Flags,
    x: Floats, scale: Floats, gain: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    families: tuple[tuple[Codes, Floats, Floats], ...], tolerance: float, out: Floats,
) -> None:  # fmt: skip
    """Greeks of the rows in ``order``, group by group, into the columns of ``out``, (9, rows)."""
    work = np.empty(6 * BLOCK + 2 * MOST_NODES)
    matrix = np.empty((MOST_NODES, MOST_NODES))
    pivots = np.empty(MOST_NODES, np.int64)
    g = np.empty(MOST_NODES)
    slopes = np.empty((4, MOST_NODES))
    fixed, lines = np.empty((5, MOST_POINTS)), np.empty((5, MOST_POINTS))
    scratch = np.empty(SUMS * MOST_POINTS)
    sums = np.empty(SUMS)
    for group in range(groups):
        i = order[starts[group]]
        t, s, r, q = time[i], vol[i], rate[i], dividend_yield[i]
        last = boundary_ends(s, r, q)[1]
        solved, edge = 0, 0.0
        which = family_of(t, s, r, q)
        for m in range(starts[group], starts[group + 1]):
            i = order[m]
            log_x = log_moneyness(x[i], 1.0, 0.0)
            value, power = outlasted(x[i], log_x, last, t, s, r, q)
            if not math.isnan(power):
                perpetual_sums(x[i], value, power, s, r, q, sums)
                to_greeks(x[i], scale[i], t, s, r, q, is_call[i], False, sums, out[:, i])
                continue
            if not math.isnan(value):
                exercised_greeks(gain[i], 1.0, is_call[i], out[:, i])
                continue
            if (r + max(-q, 0.0) * x[i]) * t < NO_PREMIUM:
                sums[:] = 0.0
                add_european(x[i], log_x, t, s, r, q, sums)
                if scale[i] * sums[0] > gain[i]:
                    to_greeks(x[i], scale[i], t, s, r, q, is_call[i], False, sums, out[:, i])
                else:
                    exercised_greeks(gain[i], 1.0, is_call[i], out[:, i])
                continue
            while solved == 0:
                levels, table, premium = families[which]
                nodes, points = levels[-1, 0], premium.shape[1]
                near_enough = max(tolerance, 1e-8) if which == 2 else tolerance
                solved = solve_boundary(t, s, r, q, levels, table, near_enough, work, matrix, pivots, g)
                if solved > 0 and boundary_slopes(t, s, r, q, levels, table, work, matrix, pivots, g, slopes):
                    fixed_path(t, r, q, premium, fixed)
                    boundary_lines(s, r, q, premium, nodes, g, slopes, lines)
                    edge = -g[nodes - 1]
                elif which == 2:
                    solved = -1
                else:
                    which, solved = 2, 0
            if solved < 0:
                out[:, i] = np.nan
            elif log_x <= edge:
                exercised_greeks(gain[i], 1.0, is_call[i], out[:, i])
            else:
                points = families[which][2].shape[1]
                premium_sums(x[i], log_x, s, r, q, fixed, lines, points, scratch, sums)
                add_european(x[i], log_x, t, s, r, q, sums)
                near = log_x - edge < 0.4 * s * math.sqrt(t)
                to_greeks(x[i], scale[i], t, s, r, q, is_call[i], near, sums, out[:, i])
                out[0, i] = max(out[0, i], gain[i])
