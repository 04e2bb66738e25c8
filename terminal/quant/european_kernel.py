"""Kernels of the Black-Scholes-Merton formulas over flat columns (Merton 1973; corners as limits)."""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.black_kernel import black, log_moneyness, normal_cdf, normal_pdf
from terminal.quant.columns import Flags, Floats

_F = nb.float64
_F1 = nb.float64[::1]
_ROW = nb.void(_F, _F, _F, _F, _F, _F, nb.boolean, nb.float64[:])
_PRICES = nb.void(_F1, _F1, _F1, _F1, _F1, _F1, nb.boolean[::1], _F1)
_GREEKS = nb.void(_F1, _F1, _F1, _F1, _F1, _F1, nb.boolean[::1], nb.float64[:, ::1])


@nb.njit(nb.boolean(_F, _F, _F, _F, _F, _F), nogil=True, cache=True, error_model="numpy")
def is_priceable(spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float) -> bool:
    """Whether all inputs are finite and none of those that must not be is negative."""
    total = spot + strike + time + vol + rate + dividend_yield
    return math.isfinite(total) and spot >= 0.0 and strike >= 0.0 and time >= 0.0 and vol >= 0.0


@nb.njit(_ROW, nogil=True, cache=True, error_model="numpy")
def _limit_row(
    spot: float,
    strike: float,
    time: float,
    vol: float,
    rate: float,
    dividend_yield: float,
    is_call: bool,
    out: Floats,
) -> None:
    """Where the option is its discounted payoff: no time, no vol, or nothing on one side."""
    carry, discount = math.exp(-dividend_yield * time), math.exp(-rate * time)
    held, paid = spot * carry, strike * discount
    sign = 1.0 if is_call else -1.0
    gain = sign * (held - paid)
    weight = 1.0 if gain > 0.0 else (0.5 if gain == 0.0 else 0.0)
    if spot == 0.0 and strike > 0.0:
        weight = 0.0 if is_call else 1.0  # vol scales a zero spot away: no kink there
    out[:] = 0.0
    out[0] = max(0.0, gain)
    out[1] = sign * weight * carry
    out[4] = sign * weight * (dividend_yield * held - rate * paid)
    out[5] = sign * weight * time * paid
    out[8] = sign * weight * dividend_yield * carry
    if gain == 0.0 and held > 0.0:
        # Vol 0 at the forward: vega and vanna have limits that are not zero.
        out[3] = held * math.sqrt(time) * normal_pdf(0.0)
        out[6] = 0.5 * carry * math.sqrt(time) * normal_pdf(0.0) if vol == 0.0 else 0.0


@nb.njit(_ROW, nogil=True, cache=True, error_model="numpy")
def _greeks_row(
    spot: float,
    strike: float,
    time: float,
    vol: float,
    rate: float,
    dividend_yield: float,
    is_call: bool,
    out: Floats,
) -> None:
    carry, discount = math.exp(-dividend_yield * time), math.exp(-rate * time)
    held, paid = spot * carry, strike * discount
    sign = 1.0 if is_call else -1.0
    root = math.sqrt(time)
    s = vol * root
    if s == 0.0 or held == 0.0 or paid == 0.0:
        _limit_row(spot, strike, time, vol, rate, dividend_yield, is_call, out)
        return
    x = log_moneyness(spot, strike, (rate - dividend_yield) * time)
    d1, d2 = x / s + 0.5 * s, x / s - 0.5 * s
    density = carry * normal_pdf(d1)
    delta = sign * carry * normal_cdf(sign * d1)
    exercised = sign * paid * normal_cdf(sign * d2)
    vega = spot * density * root
    out[0] = black(held, paid, x, s, is_call)
    out[1] = delta
    out[2] = density / (spot * s)
    out[3] = vega
    out[4] = -0.5 * vega * vol / time + dividend_yield * spot * delta - rate * exercised
    out[5] = time * exercised
    out[6] = -density * d2 / vol
    out[7] = vega * d1 * d2 / vol
    out[8] = dividend_yield * delta - density * ((rate - dividend_yield) / s - 0.5 * d2 / time)


@nb.njit(_PRICES, nogil=True, cache=True, error_model="numpy")
def price_column(
    spot: Floats, strike: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    is_call: Flags, out: Floats,
) -> None:  # fmt: skip
    """Prices of flat columns of one length into ``out``."""
    for i in range(out.size):
        if not is_priceable(spot[i], strike[i], time[i], vol[i], rate[i], dividend_yield[i]):
            out[i] = np.nan
            continue
        held = spot[i] * math.exp(-dividend_yield[i] * time[i])
        paid = strike[i] * math.exp(-rate[i] * time[i])
        if held == 0.0 or paid == 0.0:
            out[i] = max(held - paid if is_call[i] else paid - held, 0.0)
            continue
        x = log_moneyness(spot[i], strike[i], (rate[i] - dividend_yield[i]) * time[i])
        out[i] = black(held, paid, x, vol[i] * math.sqrt(time[i]), is_call[i])


@nb.njit(_GREEKS, nogil=True, cache=True, error_model="numpy")
def greeks_columns(
    spot: Floats, strike: Floats, time: Floats, vol: Floats, rate: Floats, dividend_yield: Floats,
    is_call: Flags, out: Floats,
) -> None:  # fmt: skip
    """Price and Greeks of flat columns into the rows of ``out``, shape (9, n), in the order of GREEK_NAMES."""
    for i in range(is_call.size):
        if not is_priceable(spot[i], strike[i], time[i], vol[i], rate[i], dividend_yield[i]):
            out[:, i] = np.nan
            continue
        _greeks_row(spot[i], strike[i], time[i], vol[i], rate[i], dividend_yield[i], is_call[i], out[:, i])
