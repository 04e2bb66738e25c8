"""Kernels that bring option rows into the form that the boundary solver knows, and find those that share a boundary.

A call on spot S and strike K with rate r and yield q is worth a put on spot K and strike S with rate q and yield r
(McDonald & Schroder 1998), so everything becomes a put with strike 1 and spot ``x``, times ``scale``.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Flags, Floats
from terminal.quant.european_kernel import is_priceable

Kinds = npt.NDArray[np.int8]
Indices = npt.NDArray[np.int64]

INVALID, LIMIT, EUROPEAN, SINGLE, DOUBLE = 0, 1, 2, 3, 4
"""Not a number; no time, vol, spot or strike; never exercised early; below one boundary; between two boundaries."""
_NO_DEVIATION = 1e-9
"""vol sqrt(T) below it counts as none: powers of the perpetual put overflow, and the price moves by 4e-10 of strike."""
_NO_RATE = 1e-13
"""A rate below it is taken as zero: it moves a price by less than that share of strike or spot, times T."""
_F = nb.float64
_F1 = nb.float64[::1]


@nb.njit(nb.void(*[_F1] * 6, nb.boolean[::1], nb.int8[::1], *[_F1] * 5), nogil=True, cache=True, error_model="numpy")
def normalise(
    spot: Floats, strike: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats, is_call: Flags,
    kind: Kinds, x: Floats, scale: Floats, gain: Floats, put_rate: Floats, put_yield: Floats,
) -> None:  # fmt: skip
    """Kind, spot over strike, strike, gain of exercise, rate and yield of the put that each row is worth."""
    for i in range(kind.size):
        if not is_priceable(spot[i], strike[i], time[i], vol[i], rate[i], dividend_yield[i]):
            kind[i] = INVALID
            continue
        if is_call[i]:
            near, scale[i], put_rate[i], put_yield[i] = strike[i], spot[i], dividend_yield[i], rate[i]
        else:
            near, scale[i], put_rate[i], put_yield[i] = spot[i], strike[i], rate[i], dividend_yield[i]
        if abs(put_rate[i]) < _NO_RATE:
            put_rate[i] = 0.0
        if abs(put_yield[i]) < _NO_RATE:
            put_yield[i] = 0.0
        r, q = put_rate[i], put_yield[i]
        gain[i] = scale[i] - near
        x[i] = near / scale[i] if scale[i] > 0.0 else np.inf
        if vol[i] * math.sqrt(time[i]) < _NO_DEVIATION or not 0.0 < x[i] < np.inf:
            kind[i] = LIMIT
        elif r > 0.0 or (r == 0.0 and q < 0.0):
            kind[i] = SINGLE
        elif q < r:
            kind[i] = DOUBLE
        else:
            kind[i] = EUROPEAN


@nb.njit(nb.types.UniTuple(_F, 2)(_F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def certain_exercise(x: float, time: float, rate: float, dividend_yield: float) -> tuple[float, float]:
    """Value of the put without any vol, and the best time to exercise: the most of e^(-r t) - x e^(-q t).

    Infinite ``x`` (a strike of zero) is worth nothing; zero ``x`` the strike, at the better end.
    """
    if x == np.inf:
        return 0.0, 0.0
    best, at = max(1.0 - x, 0.0), 0.0
    end = math.exp(-rate * time) - x * math.exp(-dividend_yield * time)
    if end > best:
        best, at = end, time
    growth = dividend_yield - rate
    turn = x * dividend_yield / rate if rate != 0.0 else 0.0
    if growth != 0.0 and 0.0 < turn < np.inf:
        stop = math.log(turn) / growth
        if 0.0 < stop < time:
            value = math.exp(-rate * stop) - x * math.exp(-dividend_yield * stop)
            if value > best:
                best, at = value, stop
    return best, at


@nb.njit(nb.int64(nb.int64, nb.int64), nogil=True, cache=True, error_model="numpy", inline="always")
def _mixed(seed: int, bits: int) -> Any:
    """A hash of the two (the finaliser of Steele, Lea & Flood 2014, on their sum)."""
    z = np.uint64(seed) + np.uint64(bits) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64(z ^ (z >> np.uint64(31)))


@nb.njit(
    nb.int64(nb.int8[::1], nb.boolean, *[_F1] * 4, nb.int64[::1], nb.int64[::1]),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def group_rows(
    kind: Kinds, by_vol: bool, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    order: Indices, starts: Indices,
) -> int:  # fmt: skip
    """Rows with a single boundary, put side by side in ``order`` where all four parameters (vol if asked) are equal.

    Gives the number of groups; group g is ``order[starts[g] : starts[g + 1]]``. ``starts`` has one more place than
    there are rows.
    """
    size = kind.size
    slots = 16
    while slots < 2 * size:
        slots *= 2
    table = np.full(slots, -1, np.int64)
    group = np.empty(size, np.int64)
    starts[:] = 0
    groups = 0
    first = np.empty(size, np.int64)
    for i in range(size):
        if kind[i] != SINGLE:
            group[i] = -1
            continue
        key = _mixed(np.float64(time[i]).view(np.int64), np.float64(rate[i]).view(np.int64))
        key = _mixed(key, np.float64(dividend_yield[i]).view(np.int64))
        if by_vol:
            key = _mixed(key, np.float64(vol[i]).view(np.int64))
        slot = key & (slots - 1)
        while True:
            at = table[slot]
            if at < 0:
                table[slot], first[groups], group[i] = groups, i, groups
                groups += 1
                break
            j = first[at]
            same = time[i] == time[j] and rate[i] == rate[j] and dividend_yield[i] == dividend_yield[j]
            if same and (not by_vol or vol[i] == vol[j]):
                group[i] = at
                break
            slot = (slot + 1) & (slots - 1)
        starts[group[i] + 1] += 1
    for g in range(groups):
        first[g] = starts[g]
        starts[g + 1] += starts[g]
    for i in range(size):
        if group[i] >= 0:
            order[first[group[i]]] = i
            first[group[i]] += 1
    return groups
