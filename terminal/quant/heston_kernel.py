"""Kernels of Heston prices and Greeks over flat columns: rows of one expiry and one model share their contours."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.black_kernel import log_moneyness
from terminal.quant.columns import Flags, Floats
from terminal.quant.heston_contour_kernel import MODEL, Model, expected_variance
from terminal.quant.heston_integral_kernel import DERIVATIVES, Codes, Status, solve_expiry

_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I1 = nb.int64[::1]
_GROUPS = nb.types.Tuple((_I1, _I1))
_TABLE = nb.uint64[:, ::1]

_SOLVED, _INVALID = int(Status.SOLVED), int(Status.INVALID)
_LEAST_KAPPA = 1e-30
_LEAST_VARIANCE = 1e-50  # a price of 1e-25 of the spot
_MOST_CARRY = 700.0  # above, a discount factor is not a number

MODEL_ROWS = 6
"""Rows of the table of models: time, v0, kappa, theta, sigma, rho."""
GREEKS = 10
"""Rows of Greeks: price, delta, gamma, theta, rho, then the derivatives by v0, kappa, theta, sigma and rho."""


@nb.njit(nb.boolean(_F, _F, _F, _F, MODEL), nogil=True, cache=True, error_model="numpy")
def _is_valid(spot: float, strike: float, rate: float, dividend_yield: float, model: Model) -> bool:
    """Whether all is finite, nothing below zero that must not be, and the correlation within [-1, 1]."""
    time, v0, kappa, theta, sigma, rho = model
    total = spot + strike + rate + dividend_yield + time + v0 + kappa + theta + sigma + rho
    is_signed = spot >= 0.0 and strike >= 0.0 and time >= 0.0 and v0 >= 0.0 and kappa >= 0.0 and theta >= 0.0
    is_signed = is_signed and sigma >= 0.0 and abs(rho) <= 1.0
    return is_signed and math.isfinite(total) and max(abs(rate), abs(dividend_yield)) * time < _MOST_CARRY


@nb.njit(nb.boolean(_TABLE, nb.int64, nb.int64), nogil=True, cache=True, error_model="numpy")
def _is_same(models: npt.NDArray[np.uint64], i: int, j: int) -> bool:
    same = True
    for row in range(models.shape[0]):
        same = same and models[row, i] == models[row, j]
    return same


@nb.njit(_GROUPS(_TABLE, nb.boolean[::1]), nogil=True, cache=True, error_model="numpy")
def _group(models: npt.NDArray[np.uint64], is_wanted: Flags) -> tuple[Codes, Codes]:
    """Wanted rows ordered by group, and where each group of rows of equal bits begins, then the end."""
    count = is_wanted.size
    group = np.empty(count, np.int64)
    heads = np.empty(count, np.int64)
    slots = 16
    while slots < 2 * count:
        slots *= 2
    table = np.full(slots, -1, np.int64)
    groups, last = 0, -1
    for i in range(count):
        group[i] = -1
        if not is_wanted[i]:
            continue
        if last >= 0 and _is_same(models, i, last):
            group[i] = group[last]
            last = i
            continue
        last = i
        mixed = np.uint64(0)
        for row in range(models.shape[0]):
            mixed = (mixed ^ models[row, i]) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        slot = np.int64(mixed & np.uint64(slots - 1))
        while table[slot] >= 0 and not _is_same(models, i, heads[table[slot]]):
            slot = (slot + 1) & (slots - 1)
        if table[slot] < 0:
            table[slot] = groups
            heads[groups] = i
            groups += 1
        group[i] = table[slot]
    begins = np.zeros(groups + 1, np.int64)
    for i in range(count):
        if group[i] >= 0:
            begins[group[i] + 1] += 1
    for i in range(groups):
        begins[i + 1] += begins[i]
    order = np.empty(begins[groups], np.int64)
    following = begins[:groups].copy()
    for i in range(count):
        if group[i] >= 0:
            order[following[group[i]]] = i
            following[group[i]] += 1
    return order, begins


@nb.njit(
    nb.void(nb.int64, _F, _F, _F, _F, _F, nb.boolean, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _payoff(
    i: int, spot: float, strike: float, time: float, rate: float, dividend_yield: float, is_call: bool, out: Floats
) -> None:
    """One row whose spot at expiry is certain: the discounted payoff; at the kink the mean of its two sides."""
    carry, discount = math.exp(-dividend_yield * time), math.exp(-rate * time)
    held, paid = spot * carry, strike * discount
    sign = 1.0 if is_call else -1.0
    gain = sign * (held - paid)
    out[0, i] = max(gain, 0.0)
    if out.shape[0] == 1:
        return
    weight = 1.0 if gain > 0.0 else (0.5 if gain == 0.0 else 0.0)
    if spot == 0.0 and strike > 0.0:
        weight = 0.0 if is_call else 1.0
    for row in range(1, out.shape[0]):
        out[row, i] = 0.0
    out[1, i] = sign * weight * carry
    out[3, i] = sign * weight * (dividend_yield * held - rate * paid)
    out[4, i] = sign * weight * time * paid


@nb.njit(
    nb.void(nb.int64, nb.int64, _F, _F, _F, _F, _F, nb.boolean, _F, _F2, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def _finish(
    i: int, j: int, spot: float, strike: float, time: float, rate: float, dividend_yield: float, is_call: bool,
    k: float, found: Floats, out: Floats,
) -> None:  # fmt: skip
    """Row ``i`` of ``out`` from column ``j`` of ``found``, the out-of-the-money solution, by put-call parity where the
    option is in the money."""
    carry, discount = math.exp(-dividend_yield * time), math.exp(-rate * time)
    held, paid = spot * carry, strike * discount
    is_out = is_call == (k >= 0.0)
    sign = 1.0 if is_call else -1.0
    most = held if is_call else paid
    value = min(paid * found[0, j], held, paid)
    value = max(value, 0.0)
    price = value if is_out else min(sign * (held - paid) + value, most)
    out[0, i] = price
    if out.shape[0] == 1:
        return
    delta = paid * found[1, j] / spot
    if not is_out:
        delta += sign * carry
    out[1, i] = delta
    out[2, i] = paid * found[2, j] / (spot * spot)
    out[3, i] = rate * price - (rate - dividend_yield) * spot * delta - paid * found[3, j]
    out[4, i] = time * (spot * delta - price)
    for column in range(4, DERIVATIVES):
        out[column + 1, i] = paid * found[column, j]


@nb.njit(
    nb.void(_F1, _F1, _F1, _F1, nb.boolean[::1], _F2, _F2, _I1),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def solve_columns(
    spot: Floats, strike: Floats, rate: Floats, dividend_yield: Floats, is_call: Flags, models: Floats, out: Floats,
    status: Codes,
) -> None:  # fmt: skip
    """Prices (``out`` of 1 row) or Greeks (``out`` of GREEKS rows) of flat columns, NaN where ``status`` is not 0."""
    count = spot.size
    is_wanted = np.zeros(count, np.bool_)
    k = np.empty(count)
    for i in range(count):
        model = (models[0, i], models[1, i], models[2, i], models[3, i], models[4, i], models[5, i])
        for row in range(out.shape[0]):
            out[row, i] = np.nan
        status[i] = _INVALID
        if not _is_valid(spot[i], strike[i], rate[i], dividend_yield[i], model):
            continue
        status[i] = _SOLVED
        time = model[0]
        is_fixed = spot[i] == 0.0 or strike[i] == 0.0 or expected_variance(model) < _LEAST_VARIANCE
        if is_fixed:
            _payoff(i, spot[i], strike[i], time, rate[i], dividend_yield[i], is_call[i], out)
        else:
            is_wanted[i] = True
            k[i] = -log_moneyness(spot[i], strike[i], (rate[i] - dividend_yield[i]) * time)
    order, begins = _group(models.view(np.uint64), is_wanted)
    columns = 1 if out.shape[0] == 1 else DERIVATIVES
    for group in range(begins.size - 1):
        first, end = begins[group], begins[group + 1]
        head = order[first]
        model = (
            models[0, head], models[1, head], max(models[2, head], _LEAST_KAPPA), models[3, head], models[4, head],
            models[5, head],
        )  # fmt: skip
        codes = np.empty(end - first, np.int64)
        moneyness, found = np.empty(end - first), np.empty((columns, end - first))
        for j in range(end - first):
            moneyness[j] = k[order[first + j]]
        solve_expiry(moneyness, model, codes, found)
        for j in range(end - first):
            i = order[first + j]
            status[i] = codes[j]
            if codes[j] == _SOLVED:
                _finish(i, j, spot[i], strike[i], model[0], rate[i], dividend_yield[i], is_call[i], k[i], found, out)
