"""Kernel of the implied vol of European options; the method is told in :mod:`terminal.quant.implied_vol`."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.black_kernel import LN_SQRT_2PI, log_moneyness, mills_ratio
from terminal.quant.normal_kernel import vector_exp
from terminal.quant.rational_kernel import first_guess, price_over_vega

Codes = npt.NDArray[np.int8]


class Status(IntEnum):
    """Why there is, or is no, implied vol."""

    SOLVED = 0
    BELOW_INTRINSIC = 1
    ABOVE_MAXIMUM = 2
    ZERO_TIME_VALUE = 3
    EXPIRED = 4
    INVALID_INPUT = 5
    NOT_CONVERGED = 6


_SOLVED, _BELOW, _ABOVE = float(Status.SOLVED), float(Status.BELOW_INTRINSIC), float(Status.ABOVE_MAXIMUM)
_ZERO, _EXPIRED = float(Status.ZERO_TIME_VALUE), float(Status.EXPIRED)
_INVALID, _NOT_CONVERGED = float(Status.INVALID_INPUT), float(Status.NOT_CONVERGED)
_F = nb.float64
_HIGHEST_S = 76.0
"""Above it the price and its highest value are the same double."""
_SMALL_STEP = 1e-5
"""After a relative step of this size what is left is of its fourth power."""
_MOST_STEPS = 60


def _jit(signature: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy")


@_jit(_F(_F, _F, _F))
def _householder(newton: float, halley: float, third: float) -> float:
    """The step of Householder's method of third order from f / -f', f'' / f', f''' / f'."""
    step = newton * (1.0 + 0.5 * halley * newton) / (1.0 + newton * (halley + third * newton / 6.0))
    # Far from the root the correction may turn the step around; Newton's does not.
    return step if step * newton > 0.0 and abs(step) < 4.0 * abs(newton) else newton


@_jit(nb.types.Tuple((_F, nb.boolean))(_F, _F, _F, _F, _F))
def solve_normalised(x: float, beta: float, log_beta: float, missing: float, b_most: float) -> tuple[float, bool]:
    """``s = vol sqrt(T)`` of the normalised price ``beta``, and whether the iteration converged. ``log_beta`` and
    ``missing = b_most - beta`` are known on their own: ``beta`` may have no digits left, or only those of ``b_most``.

    Householder's method of third order on 1 / ln b below the lower cut, on b between the cuts and on the log of what is
    missing to the highest price above the upper one (Jaeckel 2015, section 5), held in a bracket.
    """
    s, b_low, b_high = first_guess(x, beta, log_beta, b_most)
    s = min(s, _HIGHEST_S) if s > 0.0 else math.sqrt(2.0 * x) + 1e-300
    is_low, is_high = beta < b_low, beta > b_high
    log_missing = math.log(missing) if is_high else 0.0
    low, high = 0.0, 2.0 * _HIGHEST_S
    for _ in range(_MOST_STEPS):
        h, t = x / s, 0.5 * s
        exponent = -0.5 * (h * h + t * t) - LN_SQRT_2PI
        bend = h * h / s - 0.5 * t  # b'' / b'
        third = bend * bend - 3.0 * (h / s) * (h / s) - 0.25  # b''' / b'
        if is_low:
            ratio = price_over_vega(x, s)
            log_b = exponent + math.log(ratio)
            slope = 1.0 / ratio
            newton = (log_beta - log_b) * (log_b / log_beta) * ratio
            twice = 1.0 + 2.0 / log_b
            halley = bend - slope * twice
            more = third + 2.0 * slope * slope * (1.0 + 3.0 / log_b * (1.0 + 1.0 / log_b)) - 3.0 * bend * slope * twice
        elif is_high:
            ratio = mills_ratio(h - t) + mills_ratio(-h - t)
            slope = 1.0 / ratio
            newton = (exponent + math.log(ratio) - log_missing) * ratio
            halley = bend + slope
            more = third + slope * (2.0 * slope + 3.0 * bend)
        else:
            newton = beta / math.exp(exponent) - price_over_vega(x, s)
            halley, more = bend, third
        if newton == 0.0:
            return s, True
        if newton < 0.0:
            high = s
        else:
            low = s
        step = _householder(newton, halley, more)
        if abs(step) <= _SMALL_STEP * s:
            return s + step, True
        following = s + step
        if not low < following < high:
            following = 0.5 * (low + min(high, 2.0 * s + 1.0)) if low > 0.0 else 0.5 * s
        s = following
    return s, False


@_jit(nb.types.UniTuple(_F, 2)(_F, _F, _F, _F, _F, _F, nb.boolean))
def implied_vol_row(
    price: float, spot: float, strike: float, time: float, rate: float, dividend_yield: float, is_call: bool
) -> tuple[float, float]:
    """Vol and status of one option."""
    is_finite = math.isfinite(price) and math.isfinite(spot) and math.isfinite(strike)
    is_finite = is_finite and math.isfinite(time) and math.isfinite(rate) and math.isfinite(dividend_yield)
    if not is_finite or price < 0.0 or spot <= 0.0 or strike <= 0.0 or time < 0.0:
        return np.nan, _INVALID
    if time == 0.0:
        return np.nan, _EXPIRED
    # The exponential of the prices: its last digit decides whether there is a time value.
    held, paid = spot * vector_exp(-dividend_yield * time), strike * vector_exp(-rate * time)
    gain = held - paid if is_call else paid - held
    if price < gain:
        return np.nan, _BELOW
    if price >= (held if is_call else paid):
        return np.nan, _ABOVE
    value = price - max(gain, 0.0)
    if value <= 0.0:
        return np.nan, _ZERO
    missing = min(held, paid) - value
    if missing <= 0.0:
        return np.nan, _ABOVE
    x = abs(log_moneyness(spot, strike, (rate - dividend_yield) * time))
    scale = math.sqrt(held) * math.sqrt(paid)
    beta = value / scale
    log_beta = math.log(beta) if beta > 1e-290 else math.log(value) - math.log(scale)
    s, is_found = solve_normalised(x, beta, log_beta, missing / scale, math.exp(-0.5 * x))
    return (s / math.sqrt(time), _SOLVED) if is_found else (np.nan, _NOT_CONVERGED)
