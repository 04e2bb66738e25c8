"""Kernels of the Black-Scholes-Merton formulas over rows of inputs (Merton 1973).

A vector loop without a branch prices everything ordinary: the out-of-the-money option as ``m [M(y) - M(y + s)]`` with
``s = vol sqrt(T)``, ``y = |x| / s - s / 2``, ``x = ln(F / K)``, ``m = min(S e^-qT, K e^-rT) phi(y)`` and Mills'
ratio M, which loses no digit however far out or near the money it is; the in-the-money one by parity. Rows outside its
range (limits, bad input, prices below 1e-280 of the scale, scales beyond 1e20, s so large that y < -1.3) are marked and
redone one by one in :mod:`terminal.quant.european_kernel`.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from terminal.quant.columns import Flags, Floats
from terminal.quant.european_kernel import greeks_row, higher_row, price_row
from terminal.quant.normal_kernel import vector_exp, vector_log_ratio, vector_mills_pair, vector_pdf

SPOT, STRIKE, TIME, VOL, RATE, YIELD, CALL = range(7)
"""The inputs of a block; the last is 1 for a call, 0 for a put."""
PRICE, MAIN, ALL, HIGHER = range(4)
"""What is asked for, in rows of the output: the price; and delta, gamma, vega, theta, rho; and vanna, volga, charm; or
speed, colour, zomma, ultima, veta, phi, dual delta, dual gamma."""
BLOCK = 256
"""Rows at a time: the block's columns stay in the first-level cache, at offsets that the compiler knows."""
_X, _S, _Y, _INVERSE_S, _INVERSE_SPOT, _HELD, _PAID, _FLAG = (BLOCK * row for row in range(8))
_PRICE, _DENSITY, _ASSET, _CASH, _D1, _D2, _A, _B, SIZE = (BLOCK * row for row in range(8, 17))
_UNIT = 2.0**800
_POWERS, _HIGHER_POWERS = (1, 0, -1, 1, 1, 1, 0, 1, 0), (-2, -1, -1, 1, 1, 1, 0, -1)
"""Of the currency unit in each output: a price has one, a gamma one below the line."""
_F = nb.float64
_F1, _F2 = nb.float64[::1], nb.float64[:, ::1]
_ROWS = nb.types.UniTuple(_F1, 7)
_Rows = tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]


def _jit(signature: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


@_jit(nb.int64(_ROWS, _F1, nb.boolean))
def _prepare(rows: _Rows, work: Floats, is_chain: bool) -> int:
    """What price and Greeks of a block are made of, into ``work``: the values of the asset and the cash leg with the
    option's sign, the money density ``held phi(d1)``, d1, d2 and others. Gives how many rows are not ordinary: their
    flag is 0 and their other entries mean nothing."""
    count = rows[0].size
    spots, strikes, times, vols, rates, yields, calls = rows
    for i in range(count):
        spot, time = spots[i], times[i]
        s = vols[i] * math.sqrt(time)
        inverse = 1.0 / (spot * s)
        work[_X + i] = vector_log_ratio(spot, strikes[i]) + (rates[i] - yields[i]) * time
        work[_S + i] = s
        work[_INVERSE_S + i] = inverse * spot
        work[_INVERSE_SPOT + i] = inverse * s
    if is_chain:
        carry, discount = vector_exp(-yields[0] * times[0]), vector_exp(-rates[0] * times[0])
        for i in range(count):
            work[_HELD + i] = spots[i] * carry
            work[_PAID + i] = strikes[i] * discount
    else:
        for i in range(count):
            work[_HELD + i] = spots[i] * vector_exp(-yields[i] * times[i])
        for i in range(count):
            work[_PAID + i] = strikes[i] * vector_exp(-rates[i] * times[i])
    left = 0
    for i in range(count):
        spot, strike, time, s = spots[i], strikes[i], times[i], work[_S + i]
        y = abs(work[_X + i]) * work[_INVERSE_S + i] - 0.5 * s
        ordinary = (
            (spot >= 1e-20) & (spot <= 1e20) & (strike >= 1e-20) & (strike <= 1e20)
            & (abs(yields[i] * time) <= 10.0) & (abs(rates[i] * time) <= 10.0)
            & (s >= 1e-100) & (y >= -1.3) & ((y + s <= 37.0) | ((y >= 48.0) & (y <= 1e100)))
        )  # fmt: skip
        left += 0 if ordinary else 1
        work[_FLAG + i] = 1.0 if ordinary else 0.0
        work[_Y + i] = y
    for i in range(count):
        held, paid = work[_HELD + i], work[_PAID + i]  # both loaded: a load that hangs on a condition stays scalar
        work[_DENSITY + i] = (held if work[_X + i] <= 0.0 else paid) * vector_pdf(work[_Y + i])
    for i in range(count):
        near, difference = vector_mills_pair(work[_Y + i], work[_S + i])
        work[_A + i] = near * work[_DENSITY + i]
        work[_B + i] = difference * work[_DENSITY + i]
    for i in range(count):
        held, paid, x, s = work[_HELD + i], work[_PAID + i], work[_X + i], work[_S + i]
        near_leg, outside = work[_A + i], work[_B + i]
        far_leg = near_leg - outside
        is_low = x <= 0.0  # the call is out of the money
        asset, cash = (near_leg if is_low else far_leg), (far_leg if is_low else near_leg)
        sign = 1.0 if calls[i] != 0.0 else -1.0
        is_outside = is_low == (sign > 0.0)
        work[_PRICE + i] = outside if is_outside else max(sign * (held - paid) + outside, 0.0)
        work[_ASSET + i] = sign * (asset if is_outside else held - asset)
        work[_CASH + i] = sign * (cash if is_outside else paid - cash)
        d1 = x * work[_INVERSE_S + i] + 0.5 * s
        work[_D1 + i] = d1
        work[_D2 + i] = d1 - s
    return left


@_jit(nb.void(_ROWS, _F1, _F2, nb.int64))
def _main(rows: _Rows, work: Floats, out: Floats, at: int) -> None:
    """Delta, gamma, vega, theta, rho. One loop a row of ``out``: of many stores in one, LLVM cannot tell that they are
    apart."""
    count = rows[0].size
    end = at + count
    times, vols, rates, yields = rows[TIME], rows[VOL], rows[RATE], rows[YIELD]
    row = out[1, at:end]
    for i in range(count):
        row[i] = work[_ASSET + i] * work[_INVERSE_SPOT + i]
    row = out[2, at:end]
    for i in range(count):
        inverse_spot = work[_INVERSE_SPOT + i]
        row[i] = work[_DENSITY + i] * inverse_spot * work[_INVERSE_S + i] * inverse_spot
    row = out[3, at:end]
    for i in range(count):
        row[i] = work[_DENSITY + i] * math.sqrt(times[i])
    row = out[4, at:end]
    for i in range(count):
        vol = vols[i]
        decay = 0.5 * work[_DENSITY + i] * vol * vol * work[_INVERSE_S + i]
        row[i] = yields[i] * work[_ASSET + i] - rates[i] * work[_CASH + i] - decay
    row = out[5, at:end]
    for i in range(count):
        row[i] = times[i] * work[_CASH + i]


@_jit(nb.void(_ROWS, _F1, _F2, nb.int64))
def _cross(rows: _Rows, work: Floats, out: Floats, at: int) -> None:
    """Vanna, volga, charm."""
    count = rows[0].size
    end = at + count
    times, vols, rates, yields = rows[TIME], rows[VOL], rows[RATE], rows[YIELD]
    row = out[6, at:end]
    for i in range(count):
        per_vol = math.sqrt(times[i]) * work[_INVERSE_S + i]
        row[i] = -(work[_DENSITY + i] * work[_INVERSE_SPOT + i]) * work[_D2 + i] * per_vol
    row = out[7, at:end]
    for i in range(count):
        curve = work[_D1 + i] * work[_D2 + i]
        row[i] = work[_DENSITY + i] * times[i] * work[_INVERSE_S + i] * curve
    row = out[8, at:end]
    for i in range(count):
        inverse_s = work[_INVERSE_S + i]
        per_root = vols[i] * inverse_s
        drift = (rates[i] - yields[i]) * inverse_s - 0.5 * work[_D2 + i] * per_root * per_root
        gain = yields[i] * work[_ASSET + i] - work[_DENSITY + i] * drift
        row[i] = gain * work[_INVERSE_SPOT + i]


@_jit(nb.void(_ROWS, _F1, _F2, nb.int64))
def _higher(rows: _Rows, work: Floats, out: Floats, at: int) -> None:
    """Speed, colour, zomma, ultima, veta, phi, dual delta, dual gamma. _A: gamma, _B: d ln(gamma) / -dT - 1 / 2T."""
    count = rows[0].size
    end = at + count
    strikes, times, vols, rates, yields = rows[STRIKE], rows[TIME], rows[VOL], rows[RATE], rows[YIELD]
    for i in range(count):
        inverse_s, inverse_spot = work[_INVERSE_S + i], work[_INVERSE_SPOT + i]
        work[_A + i] = work[_DENSITY + i] * inverse_spot * inverse_s * inverse_spot
        per_root = vols[i] * inverse_s
        drift = (rates[i] - yields[i]) * inverse_s - 0.5 * work[_D2 + i] * per_root * per_root
        work[_B + i] = yields[i] + work[_D1 + i] * drift
    row = out[0, at:end]
    for i in range(count):
        slope = work[_D1 + i] * work[_INVERSE_S + i] + 1.0
        row[i] = -work[_A + i] * work[_INVERSE_SPOT + i] * slope
    row = out[1, at:end]
    for i in range(count):
        per_root = vols[i] * work[_INVERSE_S + i]
        row[i] = work[_A + i] * (work[_B + i] + 0.5 * per_root * per_root)
    row = out[2, at:end]
    for i in range(count):
        per_vol = math.sqrt(times[i]) * work[_INVERSE_S + i]
        row[i] = work[_A + i] * (work[_D1 + i] * work[_D2 + i] - 1.0) * per_vol
    row = out[3, at:end]
    for i in range(count):
        time, d1, d2 = times[i], work[_D1 + i], work[_D2 + i]
        curve = d1 * d2 * (1.0 - d1 * d2) + d1 * d1 + d2 * d2
        inverse_s = work[_INVERSE_S + i]
        row[i] = -work[_DENSITY + i] * math.sqrt(time) * time * inverse_s * inverse_s * curve
    row = out[4, at:end]
    for i in range(count):
        per_root = vols[i] * work[_INVERSE_S + i]
        vega = work[_DENSITY + i] * math.sqrt(times[i])
        row[i] = vega * (work[_B + i] - 0.5 * per_root * per_root)
    row = out[5, at:end]
    for i in range(count):
        row[i] = -times[i] * work[_ASSET + i]
    row = out[6, at:end]
    for i in range(count):
        row[i] = -work[_CASH + i] / strikes[i]
    row = out[7, at:end]
    for i in range(count):
        strike = strikes[i]
        row[i] = work[_DENSITY + i] / (strike * strike) * work[_INVERSE_S + i]


@_jit(nb.void(_ROWS, nb.int64, _F2, nb.int64, nb.int64))
def _exact(rows: _Rows, i: int, out: Floats, at: int, what: int) -> None:
    """One row that is not ordinary."""
    spot, strike, time, vol = rows[SPOT][i], rows[STRIKE][i], rows[TIME][i], rows[VOL][i]
    rate, dividend_yield, is_call = rows[RATE][i], rows[YIELD][i], rows[CALL][i] != 0.0
    scale = 1.0
    if spot < 1e-100 and strike < 1e-100:
        # In a bigger currency unit, a power of 2: nothing may underflow on the way to a gamma of 1e200.
        scale = _UNIT
        spot *= scale
        strike *= scale
    if what == PRICE:
        out[0, at] = price_row(spot, strike, time, vol, rate, dividend_yield, is_call) / scale
    elif what == HIGHER:
        third = higher_row(spot, strike, time, vol, rate, dividend_yield, is_call)
        for row in range(8):
            value, power = third[row], _HIGHER_POWERS[row]
            for _ in range(abs(power)):  # the square of the unit is no double
                value = value * scale if power < 0 else value / scale
            out[row, at] = value
    else:
        values = greeks_row(spot, strike, time, vol, rate, dividend_yield, is_call)
        for row in range(6 if what == MAIN else 9):
            out[row, at] = values[row] / scale ** _POWERS[row]


@_jit(nb.void(_ROWS, _F1, _F2, nb.int64, nb.int64, nb.boolean))
def european_block(rows: _Rows, work: Floats, out: Floats, at: int, what: int, is_chain: bool) -> None:
    """``what`` of at most BLOCK rows into ``out`` from its column ``at`` on; ``work`` has SIZE entries; in a chain
    time, rate and yield are the same in all rows."""
    left = _prepare(rows, work, is_chain)
    count = rows[0].size
    if what == HIGHER:
        _higher(rows, work, out, at)
    else:
        prices = out[0, at : at + count]
        for i in range(count):
            prices[i] = work[_PRICE + i]
        if what != PRICE:
            _main(rows, work, out, at)
        if what == ALL:
            _cross(rows, work, out, at)
    if left > 0:
        for i in range(count):
            if work[_FLAG + i] == 0.0:
                _exact(rows, i, out, at + i, what)


@_jit(nb.void(_F1, _F1, _F1, _F1, _F1, _F1, nb.boolean[::1], _F2, nb.int64, nb.int64))
def european_columns(
    spots: Floats, strikes: Floats, times: Floats, vols: Floats, rates: Floats, yields: Floats, is_call: Flags,
    out: Floats, at: int, what: int,
) -> None:  # fmt: skip
    """``what`` of columns of one length into ``out`` from its column ``at`` on."""
    work, calls = np.empty(SIZE), np.empty(BLOCK)
    for start in range(0, strikes.size, BLOCK):
        stop = min(start + BLOCK, strikes.size)
        flags = is_call[start:stop]
        for i in range(flags.size):
            calls[i] = 1.0 if flags[i] else 0.0
        rows = (
            spots[start:stop], strikes[start:stop], times[start:stop], vols[start:stop],
            rates[start:stop], yields[start:stop], calls[: flags.size],
        )  # fmt: skip
        european_block(rows, work, out, at + start, what, False)


@_jit(nb.void(_F, _F1, _F, _F1, _F, _F, nb.boolean[::1], _F2, nb.int64))
def european_chain(
    spot: float, strikes: Floats, time: float, vols: Floats, rate: float, dividend_yield: float, is_call: Flags,
    out: Floats, what: int,
) -> None:  # fmt: skip
    """``what`` of the options on one spot of one expiry into ``out``."""
    work = np.empty(SIZE)
    fixed = np.empty((5, BLOCK))
    for i in range(BLOCK):
        fixed[0, i], fixed[1, i], fixed[2, i], fixed[3, i] = spot, time, rate, dividend_yield
    for start in range(0, strikes.size, BLOCK):
        stop = min(start + BLOCK, strikes.size)
        calls = is_call[start:stop]
        count = calls.size
        for i in range(count):
            fixed[4, i] = 1.0 if calls[i] else 0.0
        rows = (
            fixed[0, :count], strikes[start:stop], fixed[1, :count], vols[start:stop],
            fixed[2, :count], fixed[3, :count], fixed[4, :count],
        )  # fmt: skip
        european_block(rows, work, out, start, what, True)
