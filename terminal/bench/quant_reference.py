"""What the figures are held against: the plain NumPy formula, and the price in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from terminal.bench.quant_inputs import Columns

_FURTHEST = 13.0
"""Beyond it the normal tail is under 1e-38 of one: nothing on the price's scale."""


def numpy_greeks(spot: Any, strike: Any, time: Any, vol: Any, rate: Any, carry: Any, is_call: Any) -> Columns:
    """Price and five Greeks as anyone would write them with NumPy and scipy.special.ndtr."""
    sign = np.where(is_call, 1.0, -1.0)
    root = np.sqrt(time)
    s = vol * root
    held, paid = np.exp(-carry * time), strike * np.exp(-rate * time)
    d1 = (np.log(spot / strike) + (rate - carry) * time) / s + 0.5 * s
    d2 = d1 - s
    delta = sign * held * ndtr(sign * d1)
    exercised = sign * paid * ndtr(sign * d2)
    density = held * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
    vega = spot * density * root
    return {
        "price": spot * delta - exercised,
        "delta": delta,
        "gamma": density / (spot * s),
        "vega": vega,
        "theta": -0.5 * vega * vol / time + carry * spot * delta - rate * exercised,
        "rho": time * exercised,
    }


def has_extended_precision() -> bool:
    """Whether this machine's long double holds more than a double."""
    return bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)


def price_errors(columns: Columns, prices: Any) -> Any:
    """|price - exact| over the price's scale, the larger of discounted spot and strike; exact to 1e-18."""
    extended = {name: column.astype(np.longdouble) for name, column in columns.items() if name != "is_call"}
    time, vol = extended["time"], extended["vol"]
    held = extended["spot"] * np.exp(-extended["dividend_yield"] * time)
    paid = extended["strike"] * np.exp(-extended["rate"] * time)
    s = vol * np.sqrt(time)
    d1 = np.log(held / paid) / s + s / 2
    call = held * _normal_cdf(d1) - paid * _normal_cdf(d1 - s)
    exact = np.where(columns["is_call"], call, call - held + paid)
    return (np.abs(prices - exact) / np.maximum(held, paid)).astype(np.float64)


def _normal_cdf(z: Any) -> Any:
    """Phi by the power series of Marsaglia, "Evaluating the Normal Distribution" (2004): all terms of one sign."""
    x = np.clip(z, -_FURTHEST, _FURTHEST)
    square, term, order = x * x, x.copy(), 1
    total = term.copy()
    while np.any(np.abs(term) > 1e-21 * np.abs(total)):
        order += 2
        term *= square / order
        total += term
    half = np.longdouble(1) / 2
    root = np.sqrt(8 * np.arctan(np.longdouble(1)))
    return half + np.exp(-half * square) / root * total


def heston_price(
    spot: Any, strike: Any, time: Any, rate: Any, carry: Any, is_call: Any,
    v0: float, kappa: float, theta: float, sigma: float, rho: float,
) -> Any:  # fmt: skip
    """European prices under Heston by brute force: Lewis (2001), eq. 3.11, on 12,800 Gauss-Legendre nodes.

    The characteristic function in the form without a branch cut of Albrecher et al., "The Little Heston Trap" (2007).
    """
    nodes, weights = np.polynomial.legendre.leggauss(64)
    edges = 4.0 * np.linspace(0.0, 1.0, 201) ** 2 * 1000.0
    half = 0.5 * np.diff(edges)[:, None]
    u = (0.5 * (edges[:-1] + edges[1:])[:, None] + half * nodes).reshape(-1)
    weight = (half * weights).reshape(-1)
    prices = np.empty(strike.size)
    xi = u - 0.5j
    pull = kappa - 1j * rho * sigma * xi
    d = np.sqrt(pull**2 + sigma**2 * (xi * xi + 1j * xi))
    ratio = (pull - d) / (pull + d)
    for years in np.unique(time):
        fall = np.exp(-d * years)
        first = kappa * theta / sigma**2 * ((pull - d) * years - 2.0 * np.log((1.0 - ratio * fall) / (1.0 - ratio)))
        second = v0 / sigma**2 * (pull - d) * (1.0 - fall) / (1.0 - ratio * fall)
        density = weight * np.exp(first + second) / (u * u + 0.25)
        rows = time == years
        held, paid = spot[rows] * np.exp(-carry[rows] * years), strike[rows] * np.exp(-rate[rows] * years)
        k = np.log(held / paid)
        integral = np.array([float(np.sum((np.exp(1j * u * each) * density).real)) for each in k])
        call = held - np.sqrt(held * paid) / np.pi * integral
        prices[rows] = np.where(is_call[rows], call, call - held + paid)
    return prices
