"""Kernels of the normal model: price and implied normal vol, one option at a time."""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from terminal.quant.black_kernel import INV_SQRT_2PI, SQRT_2PI
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol_kernel import Status
from terminal.quant.normal_kernel import vector_mills_slope, vector_pdf

_SOLVED, _BELOW, _ZERO = float(Status.SOLVED), float(Status.BELOW_INTRINSIC), float(Status.ZERO_TIME_VALUE)
_EXPIRED, _INVALID, _NOT_CONVERGED = float(Status.EXPIRED), float(Status.INVALID_INPUT), float(Status.NOT_CONVERGED)
_FARTHEST = 38.9
"""Moneyness in deviations beyond which the price is below the smallest double times the deviation."""
_F = nb.float64
_F1, _F2 = nb.float64[::1], nb.float64[:, ::1]
_COLUMNS = nb.void(_F1, _F1, _F1, _F1, _F1, nb.boolean[::1], _F2, nb.int64)


def _jit(signature: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy")


@_jit(_COLUMNS)
def price_columns(
    forward: Floats, strike: Floats, time: Floats, vol: Floats, discount: Floats, is_call: Flags, out: Floats, at: int
) -> None:
    """Prices into ``out[0]`` from column ``at`` on."""
    for i in range(forward.size):
        total = forward[i] - strike[i] + time[i] + vol[i] + discount[i]
        if not math.isfinite(total) or time[i] < 0.0 or vol[i] < 0.0 or discount[i] < 0.0:
            out[0, at + i] = np.nan
            continue
        gain = forward[i] - strike[i] if is_call[i] else strike[i] - forward[i]
        s = vol[i] * math.sqrt(time[i])
        value = 0.0
        if s > 0.0 and abs(gain) < _FARTHEST * s:
            # s [phi(y) - y Phi(-y)], whose difference Mills' ratio's slope gives without cancellation.
            y = abs(gain) / s
            value = s * vector_pdf(y) * vector_mills_slope(y)
        out[0, at + i] = discount[i] * (value + max(gain, 0.0))


@_jit(nb.types.UniTuple(_F, 2)(_F, _F))
def _solve(value: float, distance: float) -> tuple[float, float]:
    """Deviation ``s`` of the out-of-the-money value ``value`` at ``distance`` from the money, and the status.

    Halley's method for ln(value / distance) as a function of y = distance / s.
    """
    if distance == 0.0:
        return value * SQRT_2PI, _SOLVED
    log_value = math.log(value) - math.log(distance)
    if log_value > -2.5:
        y = INV_SQRT_2PI / (math.exp(log_value) + 0.5)
    else:
        square = -2.0 * (log_value + math.log(SQRT_2PI))
        y = math.sqrt(max(square - 3.0 * math.log(max(square, 2.0)), 0.5))
    for _ in range(50):
        y = min(y, _FARTHEST)
        slope = vector_mills_slope(y)
        miss = math.log(vector_pdf(y)) + math.log(slope) - math.log(y) - log_value
        # d ln(value / distance) / dy = -1 / (y slope), and the second derivative over the first.
        newton = miss * y * slope
        ratio = (1.0 - slope) / y
        bend = -(slope + y * (y * slope - ratio)) / (y * slope)
        step = newton / max(1.0 + 0.5 * newton * bend, 0.25)
        y = max(y + step, 0.1 * y)
        if abs(step) <= 1e-6 * y:
            return distance / y, _SOLVED
    return np.nan, _NOT_CONVERGED


@_jit(_COLUMNS)
def implied_vol_columns(
    price: Floats, forward: Floats, strike: Floats, time: Floats, discount: Floats, is_call: Flags, out: Floats, at: int
) -> None:
    """Normal vols into ``out[0]`` and statuses into ``out[1]``, from column ``at`` on."""
    for i in range(price.size):
        j = at + i
        out[0, j] = np.nan
        total = price[i] + forward[i] - strike[i] + time[i] + discount[i]
        gain = forward[i] - strike[i] if is_call[i] else strike[i] - forward[i]
        if not math.isfinite(total) or price[i] < 0.0 or time[i] < 0.0 or discount[i] <= 0.0:
            out[1, j] = _INVALID
        elif time[i] == 0.0:
            out[1, j] = _EXPIRED
        elif price[i] < discount[i] * gain:
            out[1, j] = _BELOW
        else:
            # The price's own product comes first: where there is no time value it leaves exactly 0.
            value = (price[i] - discount[i] * max(gain, 0.0)) / discount[i]
            if value <= 0.0:
                out[1, j] = _ZERO
            else:
                s, out[1, j] = _solve(value, abs(gain))
                out[0, j] = s / math.sqrt(time[i])
