"""One European option at a time, for the rows that the vector loop leaves: limits, far wings, extreme scales.

Inputs and outputs are columns of the arrays of :mod:`terminal.quant.european_vector_kernel`. Discount factors come from
the same exponential as there: a price without time value is the same double on every road, and its implied vol tells.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from terminal.quant.black_kernel import (
    INV_SQRT_2PI,
    log_moneyness,
    mills_difference,
    mills_ratio,
    normal_cdf,
)
from terminal.quant.normal_kernel import vector_exp

_F = nb.float64
_MOST_S = 1e4
"""An s above it changes nothing: the call is worth its asset."""
_FAR = 1e5
"""Deviations beyond which nothing is left of the density, at any scale: such an option is at its limit."""
_NINE, _EIGHT = nb.types.UniTuple(_F, 9), nb.types.UniTuple(_F, 8)
Nine = tuple[float, float, float, float, float, float, float, float, float]
Eight = tuple[float, float, float, float, float, float, float, float]


def _jit(signature: Any) -> Any:
    return nb.njit(signature, nogil=True, cache=True, error_model="numpy")


@_jit(nb.boolean(_F, _F, _F, _F, _F, _F))
def is_priceable(spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float) -> bool:
    """Whether all inputs are finite and none of those that must not be is negative."""
    if not (math.isfinite(spot) and math.isfinite(strike) and math.isfinite(time) and math.isfinite(vol)):
        return False
    if not (math.isfinite(rate) and math.isfinite(dividend_yield)):
        return False
    return spot >= 0.0 and strike >= 0.0 and time >= 0.0 and vol >= 0.0


@_jit(nb.types.UniTuple(_F, 6)(_F, _F, _F, _F, nb.boolean))
def parts(
    held: float, paid: float, x: float, s: float, is_call: bool
) -> tuple[float, float, float, float, float, float]:
    """Of an option with ``x = ln(held / paid)`` and ``s`` > 0: the value of the out-of-the-money one of call and put,
    the money density ``held phi(d1) = paid phi(d2)``, the values of its own asset and cash leg, d1 and d2."""
    near = held if x <= 0.0 else paid
    far = paid if x <= 0.0 else held
    h, t = -abs(x) / s, 0.5 * s
    d1, d2 = x / s + t, x / s - t
    half = math.exp(-0.25 * (h + t) * (h + t))  # squared in two steps: a huge ``near`` may save it from underflow
    density = near * half * half * INV_SQRT_2PI
    if h + t > 1.0:
        sign = 1.0 if is_call else -1.0
        value = near * normal_cdf(h + t) - far * normal_cdf(h - t)
        return value, density, held * normal_cdf(sign * d1), paid * normal_cdf(sign * d2), d1, d2
    value = density * mills_difference(h, t)
    near_leg, far_leg = density * mills_ratio(h + t), density * mills_ratio(h - t)
    asset, cash = (near_leg, far_leg) if x <= 0.0 else (far_leg, near_leg)
    if (x <= 0.0) != is_call:
        asset, cash = held - asset, paid - cash
    return value, density, asset, cash, d1, d2


@_jit(_F(_F, _F, _F, _F, _F, _F, nb.boolean))
def price_row(
    spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float, is_call: bool
) -> float:
    """The price of one option; NaN for bad input."""
    if not is_priceable(spot, strike, time, vol, rate, dividend_yield):
        return np.nan
    held, paid = spot * vector_exp(-dividend_yield * time), strike * vector_exp(-rate * time)
    gain = held - paid if is_call else paid - held
    s = min(vol * math.sqrt(time), _MOST_S)
    if s == 0.0 or held == 0.0 or paid == 0.0:
        return max(gain, 0.0)
    x = log_moneyness(spot, strike, (rate - dividend_yield) * time)
    if abs(x) > _FAR * s:
        return max(gain, 0.0)
    value = parts(held, paid, x, s, is_call)[0]
    if (x <= 0.0) != is_call:
        value = max(gain + value, 0.0)
    return min(value, held if is_call else paid)


@_jit(_F(_F, _F, _F, nb.boolean))
def payoff_weight(spot: float, strike: float, gain: float, is_call: bool) -> float:
    """The share of the payoff's slope that counts: 1 in, 0 out, one half at the kink."""
    if spot == 0.0 and strike > 0.0:
        return 0.0 if is_call else 1.0  # vol scales a zero spot away: no kink there
    return 1.0 if gain > 0.0 else (0.5 if gain == 0.0 else 0.0)


@_jit(_NINE(_F, _F, _F, _F, _F, _F, nb.boolean))
def _limit_greeks(
    spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float, is_call: bool
) -> Nine:
    """Where the option is its discounted payoff: no time, no vol, or nothing on one side."""
    carry, discount = vector_exp(-dividend_yield * time), vector_exp(-rate * time)
    held, paid = spot * carry, strike * discount
    sign = 1.0 if is_call else -1.0
    gain = sign * (held - paid)
    weight = payoff_weight(spot, strike, gain, is_call)
    delta = sign * weight * carry
    theta = sign * weight * (dividend_yield * held - rate * paid)
    vega = vanna = 0.0
    if gain == 0.0 and held > 0.0:
        # Vol 0 at the forward: vega and vanna have limits that are not zero.
        vega = held * math.sqrt(time) * INV_SQRT_2PI
        vanna = 0.5 * carry * math.sqrt(time) * INV_SQRT_2PI if vol == 0.0 else 0.0
    rho = sign * weight * time * paid
    return max(0.0, gain), delta, 0.0, vega, theta, rho, vanna, 0.0, dividend_yield * delta


@_jit(_NINE(_F, _F, _F, _F, _F, _F, nb.boolean))
def greeks_row(
    spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float, is_call: bool
) -> Nine:
    """Price, delta, gamma, vega, theta, rho, vanna, volga, charm of one option; NaN for bad input."""
    if not is_priceable(spot, strike, time, vol, rate, dividend_yield):
        nan = np.nan
        return nan, nan, nan, nan, nan, nan, nan, nan, nan
    held, paid = spot * vector_exp(-dividend_yield * time), strike * vector_exp(-rate * time)
    root = math.sqrt(time)
    s = min(vol * root, _MOST_S)
    if s == 0.0 or held == 0.0 or paid == 0.0:
        return _limit_greeks(spot, strike, time, vol, rate, dividend_yield, is_call)
    x = log_moneyness(spot, strike, (rate - dividend_yield) * time)
    if abs(x) > _FAR * s:
        return _limit_greeks(spot, strike, time, vol, rate, dividend_yield, is_call)
    _, density, asset, cash, d1, d2 = parts(held, paid, x, s, is_call)
    sign = 1.0 if is_call else -1.0
    delta = sign * asset / spot
    per_spot = density / spot
    vega = density * root
    theta = -0.5 * density * vol / root + sign * (dividend_yield * asset - rate * cash)
    charm = dividend_yield * delta - per_spot * ((rate - dividend_yield) / s - 0.5 * d2 / time)
    price = price_row(spot, strike, time, vol, rate, dividend_yield, is_call)
    return (
        price, delta, per_spot / (spot * s), vega, theta, sign * time * cash,
        -per_spot * d2 / vol, vega * d1 * d2 / vol, charm,
    )  # fmt: skip


@_jit(_EIGHT(_F, _F, _F, _F, _F, _F, nb.boolean))
def higher_row(
    spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float, is_call: bool
) -> Eight:
    """Speed, colour, zomma, ultima, veta, phi, dual delta, dual gamma of one option; NaN for bad input."""
    if not is_priceable(spot, strike, time, vol, rate, dividend_yield):
        nan = np.nan
        return nan, nan, nan, nan, nan, nan, nan, nan
    discount = vector_exp(-rate * time)
    held, paid = spot * vector_exp(-dividend_yield * time), strike * discount
    root = math.sqrt(time)
    s = min(vol * root, _MOST_S)
    sign = 1.0 if is_call else -1.0
    x = log_moneyness(spot, strike, (rate - dividend_yield) * time) if spot > 0.0 and strike > 0.0 else 0.0
    if s == 0.0 or held == 0.0 or paid == 0.0 or abs(x) > _FAR * s:
        weight = payoff_weight(spot, strike, sign * (held - paid), is_call)
        return 0.0, 0.0, 0.0, 0.0, 0.0, -sign * weight * time * held, -sign * weight * discount, 0.0
    _, density, asset, cash, d1, d2 = parts(held, paid, x, s, is_call)
    gamma = density / spot / (spot * s)
    vega, product = density * root, d1 * d2
    drift = d1 * ((rate - dividend_yield) / s - 0.5 * d2 / time)
    return (
        -gamma / spot * (d1 / s + 1.0), gamma * (dividend_yield + drift + 0.5 / time), gamma * (product - 1.0) / vol,
        -vega / (vol * vol) * (product * (1.0 - product) + d1 * d1 + d2 * d2),
        vega * (dividend_yield + drift - 0.5 / time),
        -sign * time * asset, -sign * cash / strike, density / strike / (strike * s),
    )  # fmt: skip
