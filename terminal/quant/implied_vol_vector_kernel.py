"""Implied vols by vector loops: the ordinary rows of :mod:`terminal.quant.implied_vol_kernel`, by the same method
without a branch. Rows outside its range, and those whose second step was not small, are marked and solved one by one.

Both of a branch's formulas are computed and one is taken; see :mod:`terminal.quant.rational_kernel` for what they mean.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from terminal.quant.black_kernel import INV_SQRT_2PI, SQRT_2PI
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol_kernel import implied_vol_row
from terminal.quant.normal_kernel import (
    vector_exp,
    vector_log,
    vector_log_ratio,
    vector_mills,
    vector_mills_pair,
    vector_pdf,
)
from terminal.quant.rational_kernel import vector_upper_quantile

_BLOCK = 256
_X, _HELD, _PAID, _VALUE, _BETA, _LOG_BETA, _SCALE, _CENTRE = (_BLOCK * row for row in range(8))
_SIDE, _B_CENTRE, _B_SIDE, _V_CENTRE, _V_SIDE, _S, _STEP, _FLAG, _SIZE = (_BLOCK * row for row in range(8, 17))
_F = nb.float64
_F1, _F2 = nb.float64[::1], nb.float64[:, ::1]
_ROWS = nb.types.UniTuple(_F1, 7)
_Rows = tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]
_PI, _SQRT_3 = 3.141592653589793, 1.7320508075688772
_LOWER_SCALE = 1.2091995761561452  # 2 pi / sqrt(27)
_SMALL_STEP = 1e-5
"""After a relative step of this size what is left is of its fourth power."""


def _jit(signature: Any, **more: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy", fastmath={"contract"}, **more)


@_jit(nb.void(_ROWS, _F1))
def _normalise(rows: _Rows, work: Floats) -> None:
    """x, the time value and the normalised price; the flag is 1 for an ordinary row."""
    prices, spots, strikes, times, rates, yields, calls = rows
    count = prices.size
    for i in range(count):
        work[_X + i] = vector_log_ratio(spots[i], strikes[i]) + (rates[i] - yields[i]) * times[i]
    for i in range(count):
        work[_HELD + i] = spots[i] * vector_exp(-yields[i] * times[i])
    for i in range(count):
        work[_PAID + i] = strikes[i] * vector_exp(-rates[i] * times[i])
    for i in range(count):
        held, paid, price = work[_HELD + i], work[_PAID + i], prices[i]
        gain = held - paid if calls[i] != 0.0 else paid - held
        value = price - max(gain, 0.0)
        scale = math.sqrt(held * paid)
        beta = value / scale
        work[_VALUE + i] = value
        work[_SCALE + i] = scale
        work[_BETA + i] = beta
        work[_FLAG + i] = 1.0 if (price > 0.0) & (beta > 1e-250) & (value < min(held, paid)) else 0.0
    for i in range(count):
        spot, strike, time = spots[i], strikes[i], times[i]
        is_ordinary = (
            (spot >= 1e-20) & (spot <= 1e20) & (strike >= 1e-20) & (strike <= 1e20) & (time > 0.0)
            & (abs(yields[i] * time) <= 10.0) & (abs(rates[i] * time) <= 10.0)
        )  # fmt: skip
        flag = work[_FLAG + i]
        work[_FLAG + i] = flag if is_ordinary else 0.0
    for i in range(count):
        work[_LOG_BETA + i] = vector_log(work[_BETA + i])


@_jit(nb.void(nb.int64, _F1))
def _cuts(count: int, work: Floats) -> None:
    """s and price at the inflection, and at the cut on the price's side of it."""
    for i in range(count):
        x = abs(work[_X + i])
        centre = math.sqrt(2.0 * x)
        _, ratio = vector_mills_pair(0.0, centre)
        slope = INV_SQRT_2PI * min(work[_HELD + i], work[_PAID + i]) / work[_SCALE + i]
        b_centre = ratio * slope
        work[_CENTRE + i] = centre
        work[_V_CENTRE + i] = slope
        work[_B_CENTRE + i] = b_centre
        work[_SIDE + i] = centre - ratio if work[_BETA + i] < b_centre else centre + (SQRT_2PI - ratio)
    for i in range(count):
        s = work[_SIDE + i]
        h, t = abs(work[_X + i]) / s, 0.5 * s
        _, ratio = vector_mills_pair(h - t, s)
        slope = INV_SQRT_2PI * vector_exp(-0.5 * (h * h + t * t))
        work[_V_SIDE + i] = slope
        work[_B_SIDE + i] = ratio * slope


@_jit(_F(_F, _F, _F, _F, _F, _F, _F, _F), forceinline=True)
def _cubic(
    x: float, x_left: float, x_right: float, y_left: float, y_right: float, d_left: float, d_right: float, r: float
) -> float:
    """Rational cubic interpolation (Delbourgo and Gregory 1985, eq. 2.4)."""
    h = x_right - x_left
    t = (x - x_left) / h
    u = 1.0 - t
    top = (y_right * t + (r * y_right - h * d_right) * u) * t * t + ((r * y_left + h * d_left) * t + y_left * u) * u * u
    return top / (1.0 + (r - 3.0) * t * u)


@_jit(nb.void(nb.int64, _F1))
def _guess(count: int, work: Floats) -> None:
    """Between the cuts: s is concave in the price below the inflection and convex above, so the shape is known."""
    for i in range(count):
        is_low = work[_BETA + i] < work[_B_CENTRE + i]
        b_side, b_centre, s_side, s_centre = work[_B_SIDE + i], work[_B_CENTRE + i], work[_SIDE + i], work[_CENTRE + i]
        d_side, d_centre = 1.0 / work[_V_SIDE + i], 1.0 / work[_V_CENTRE + i]
        b_left, b_right = (b_side if is_low else b_centre), (b_centre if is_low else b_side)
        s_left, s_right = (s_side if is_low else s_centre), (s_centre if is_low else s_side)
        d_left, d_right = (d_side if is_low else d_centre), (d_centre if is_low else d_side)
        slope = (s_right - s_left) / (b_right - b_left)
        bend = d_right - d_left
        r = max((d_left + d_right) / slope, abs(bend / (d_right - slope)), abs(bend / (slope - d_left)))
        s = _cubic(work[_BETA + i], b_left, b_right, s_left, s_right, d_left, d_right, r)
        work[_S + i] = s
        # Above the upper cut a row is not ordinary.
        flag = work[_FLAG + i]
        work[_FLAG + i] = flag if (work[_BETA + i] <= b_side) | is_low else 0.0


@_jit(nb.void(nb.int64, _F1))
def _tail_guess(count: int, work: Floats) -> None:
    """Below the lower cut."""
    for i in range(count):
        x, s, b, beta = abs(work[_X + i]), work[_SIDE + i], work[_B_SIDE + i], work[_BETA + i]
        z = x / (_SQRT_3 * s)
        y, s2, mills = z * z, s * s, vector_mills(z)
        below = vector_pdf(z) * mills
        growth = vector_exp(y + 0.125 * s2)
        f = _LOWER_SCALE * x * below * below * below
        d = 2.0 * _PI * y * below * below * growth
        curve = 8.0 * _SQRT_3 * s * x + (3.0 * s2 * (s2 - 8.0) - 8.0 * x * x) * mills
        second = _PI / 6.0 * y / (s2 * s) * below * curve * growth * growth
        slope = f / b
        fitted = (0.5 * b * second + (d - 1.0)) / (d - slope)
        bent = max(abs((d - 1.0) / (d - slope)), abs((d - 1.0) / (slope - 1.0)))
        is_bent = (slope >= 1.0) & (slope <= d) | (slope <= 1.0) & (slope >= d)
        r = max(fitted, (1.0 + d) / slope, bent if is_bent else 0.0)
        value = _cubic(beta, 0.0, b, 0.0, f, 1.0, d, min(r, 1e15))
        quantile = vector_upper_quantile((vector_log(value) - vector_log(_LOWER_SCALE * x)) / 3.0)
        guess = x / (_SQRT_3 * quantile)
        is_tail = (beta < work[_B_CENTRE + i]) & (beta < b)
        between = work[_S + i]
        work[_S + i] = guess if is_tail else between


@_jit(nb.void(nb.int64, _F1))
def _improve(count: int, work: Floats) -> None:
    """A step of Householder's method of third order (Jaeckel 2015, section 5)."""
    for i in range(count):
        x, s, beta, log_beta = abs(work[_X + i]), work[_S + i], work[_BETA + i], work[_LOG_BETA + i]
        is_tail = (beta < work[_B_CENTRE + i]) & (beta < work[_B_SIDE + i])
        per_s = 1.0 / s
        h, t = x * per_s, 0.5 * s
        _, ratio = vector_mills_pair(h - t, s)
        density = INV_SQRT_2PI * vector_exp(-0.5 * (h * h + t * t))
        log_b = vector_log(ratio * density)
        per_log = 1.0 / log_b
        slope = 1.0 / ratio
        bend = h * h * per_s - 0.5 * t
        third = bend * bend - 3.0 * (h * per_s) * (h * per_s) - 0.25
        twice = slope * (1.0 + 2.0 * per_log)
        more = third + 2.0 * slope * slope * (1.0 + 3.0 * per_log * (1.0 + per_log)) - 3.0 * bend * twice
        tail_newton = (log_beta - log_b) * (log_b / log_beta) * ratio
        newton = tail_newton if is_tail else beta / density - ratio
        halley = bend - twice if is_tail else bend
        third = more if is_tail else third
        step = newton * (1.0 + 0.5 * halley * newton) / (1.0 + newton * (halley + third * newton / 6.0))
        work[_S + i] = s + step
        work[_STEP + i] = step * per_s


@_jit(nb.int64(_ROWS, _F1, _F1))
def _finish(rows: _Rows, work: Floats, vols: Floats) -> int:
    """Vols of the rows that are done; gives how many are not."""
    times = rows[3]
    left = 0
    for i in range(vols.size):
        s = work[_S + i]
        y = abs(work[_X + i]) / s - 0.5 * s
        is_done = (work[_FLAG + i] == 1.0) & (abs(work[_STEP + i]) <= _SMALL_STEP) & (s > 0.0)
        is_done = is_done & (y >= -1.3) & (y + s < 39.0)
        left += 0 if is_done else 1
        work[_FLAG + i] = 1.0 if is_done else 0.0
        vols[i] = s / math.sqrt(times[i])
    return left


@_jit(nb.void(_F1, _F1, _F1, _F1, _F1, _F1, nb.boolean[::1], _F2, nb.int64))
def implied_vol_columns(
    prices: Floats, spots: Floats, strikes: Floats, times: Floats, rates: Floats, yields: Floats,
    is_call: Flags, out: Floats, at: int,
) -> None:  # fmt: skip
    """Implied vols into ``out[0]`` and statuses into ``out[1]``, from column ``at`` on."""
    work, calls = np.empty(_SIZE), np.empty(_BLOCK)
    for start in range(0, prices.size, _BLOCK):
        stop = min(start + _BLOCK, prices.size)
        flags = is_call[start:stop]
        count = flags.size
        for i in range(count):
            calls[i] = 1.0 if flags[i] else 0.0
        rows = (
            prices[start:stop], spots[start:stop], strikes[start:stop], times[start:stop],
            rates[start:stop], yields[start:stop], calls[:count],
        )  # fmt: skip
        vols, status = out[0, at + start : at + stop], out[1, at + start : at + stop]
        _normalise(rows, work)
        _cuts(count, work)
        _guess(count, work)
        _tail_guess(count, work)
        _improve(count, work)
        _improve(count, work)
        status[:] = 0.0
        if _finish(rows, work, vols) > 0:
            for i in range(count):
                if work[_FLAG + i] == 0.0:
                    vols[i], status[i] = implied_vol_row(
                        rows[0][i], rows[1][i], rows[2][i], rows[3][i], rows[4][i], rows[5][i], flags[i]
                    )
