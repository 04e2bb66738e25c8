"""Kernel of the implied vol of European options; the method is told in :mod:`terminal.quant.implied_vol`."""

from __future__ import annotations

import math
from enum import IntEnum

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.black_kernel import LN_SQRT_2PI, log_moneyness, log_time_value, mills_ratio
from terminal.quant.columns import Flags, Floats

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


_SOLVED, _BELOW, _ABOVE = int(Status.SOLVED), int(Status.BELOW_INTRINSIC), int(Status.ABOVE_MAXIMUM)
_ZERO, _EXPIRED = int(Status.ZERO_TIME_VALUE), int(Status.EXPIRED)
_INVALID, _NOT_CONVERGED = int(Status.INVALID_INPUT), int(Status.NOT_CONVERGED)
_F1 = nb.float64[::1]
_HIGHEST_S = 76.0
"""Above it the price and its highest value are the same double."""


@nb.njit(nb.float64(nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def _log_missing(x: float, s: float) -> float:
    """ln of exp(-x / 2) less the time value over sqrt(F K): exp(-x / 2) Phi(-d1) + exp(x / 2) Phi(d2)."""
    h, t = -x / s, 0.5 * s
    both = mills_ratio(-h - t) + mills_ratio(h - t)
    return math.log(both) - 0.5 * (h * h + t * t) - LN_SQRT_2PI


@nb.njit(nb.float64(nb.float64, nb.float64, nb.float64), nogil=True, cache=True, error_model="numpy")
def _first_guess(x: float, log_value: float, log_missing: float) -> float:
    """From the point of greatest slope, s = sqrt(2 x), along the tails' leading terms."""
    turn = math.sqrt(2.0 * x)
    if turn < 0.1:
        if log_value < log_missing:
            return max(min(math.exp(log_value) / 0.3989422804014327, 4.0), 0.05 * turn, 1e-12)
        turn = 0.1
    at_turn = log_time_value(x, turn)
    if log_value < at_turn:
        h_squared = x * x / (turn * turn) + 2.0 * (at_turn - log_value)
        return x / math.sqrt(h_squared)
    t_squared = 0.25 * turn * turn + 2.0 * max(_log_missing(x, turn) - log_missing, 0.0)
    return min(2.0 * math.sqrt(t_squared), 0.9 * _HIGHEST_S)


@nb.njit(
    nb.types.Tuple((nb.float64, nb.boolean))(nb.float64, nb.float64, nb.float64),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _solve(x: float, log_value: float, log_missing: float) -> tuple[float, bool]:
    """``s`` whose log time value is ``log_value``; ``log_missing`` is the log of the complement to exp(-x / 2)."""
    by_missing = log_missing < log_value
    s = _first_guess(x, log_value, log_missing)
    low, high = 0.0, _HIGHEST_S
    for _ in range(100):
        if by_missing:
            here = _log_missing(x, s)
            residual = log_missing - here
        else:
            here = log_time_value(x, s)
            residual = here - log_value
        slope = math.exp(-0.5 * (x * x / (s * s) + 0.25 * s * s) - LN_SQRT_2PI - here)
        if residual == 0.0:
            return s, True
        if residual > 0.0:
            high = s
        else:
            low = s
        newton = -residual / slope
        # f'' / f' of the log: (x^2 / s^3 - s / 4) less (or plus, for the complement) the slope itself.
        bend = x * x / (s * s * s) - 0.25 * s + (slope if by_missing else -slope)
        halley = 1.0 + 0.5 * newton * bend
        step = newton / halley if halley > 0.2 else newton
        following = s + step
        if abs(step) <= 1e-8 * s:
            return following, True  # of third order: the next correction would be below the last digit
        if not low < following < high:
            following = 0.5 * (low + high) if low > 0.0 else 0.5 * s
            if high - low <= 4.5e-16 * high:
                return following, True
        s = following
    return s, False


@nb.njit(
    nb.types.Tuple((nb.float64, nb.int64))(
        nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, nb.boolean
    ),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _solve_row(
    price: float, spot: float, strike: float, time: float, rate: float, dividend_yield: float, is_call: bool
) -> tuple[float, int]:
    finite = math.isfinite(price + spot + strike + time + rate + dividend_yield)
    if not finite or price < 0.0 or spot <= 0.0 or strike <= 0.0 or time < 0.0:
        return np.nan, _INVALID
    if time == 0.0:
        return np.nan, _EXPIRED
    held, paid = spot * math.exp(-dividend_yield * time), strike * math.exp(-rate * time)
    gain = held - paid if is_call else paid - held
    most = held if is_call else paid
    if price < gain:
        return np.nan, _BELOW
    if price >= most:
        return np.nan, _ABOVE
    value = price - max(gain, 0.0)
    if value <= 0.0:
        return np.nan, _ZERO
    x = abs(log_moneyness(spot, strike, (rate - dividend_yield) * time))
    # In units of sqrt(F K); a time value above half of the highest is told by what is missing to it.
    scale = 0.5 * (math.log(held) + math.log(paid))
    missing = min(held, paid) - value
    if missing <= 0.0:
        return np.nan, _ABOVE
    s, found = _solve(x, math.log(value) - scale, math.log(missing) - scale)
    return (s / math.sqrt(time), _SOLVED) if found else (np.nan, _NOT_CONVERGED)


@nb.njit(
    nb.void(_F1, _F1, _F1, _F1, _F1, _F1, nb.boolean[::1], _F1, nb.int8[::1]),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def vol_column(
    price: Floats, spot: Floats, strike: Floats, time: Floats, rate: Floats, dividend_yield: Floats,
    is_call: Flags, vol: Floats, status: Codes,
) -> None:  # fmt: skip
    """Implied vols of flat columns of one length into ``vol`` and ``status``."""
    for i in range(vol.size):
        vol[i], status[i] = _solve_row(price[i], spot[i], strike[i], time[i], rate[i], dividend_yield[i], is_call[i])
