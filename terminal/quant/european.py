"""Black-Scholes-Merton price and Greeks of European options (Merton 1973), exact at the corners.

Arguments broadcast; ``spot``, ``strike`` in currency, ``time`` in years, ``vol``, ``rate``, ``dividend_yield`` as
continuous decimals. A zero spot, strike, time or vol is a limit and gives it (time 0: the payoff; at a kink the mean of
the two sides). Negative spot, strike, time or vol, NaN and infinities give NaN in that place. Shapes that do not
broadcast raise ValueError.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from terminal.quant.columns import Floats, evaluate
from terminal.quant.european_vector_kernel import (
    ALL,
    HIGHER,
    MAIN,
    PRICE,
    european_chain,
    european_columns,
)

GREEK_NAMES = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
_ARRAY, _FLOAT, _BOOL = np.ndarray, np.dtype(np.float64), np.dtype(np.bool_)


class MainGreeks(NamedTuple):
    """Price and first Greeks, each a float or an array of the arguments' common shape; units as in :class:`Greeks`."""

    price: Any
    delta: Any
    gamma: Any
    vega: Any
    theta: Any
    rho: Any


class Greeks(NamedTuple):
    """Price and plain derivatives, each a float or an array of the arguments' common shape.

    Vega, volga and vanna are per 1.00 of vol, rho per 1.00 of rate, theta and charm per year of calendar time passing.
    """

    price: Any
    delta: Any
    gamma: Any
    vega: Any
    theta: Any
    rho: Any
    vanna: Any
    volga: Any
    charm: Any


class HigherGreeks(NamedTuple):
    """Plain derivatives of the price V(S, K, T, vol, r, q), each a float or an array of the arguments' common shape.

    ``speed = d3V/dS3``; ``colour = -d3V/dS2 dT``, the change of gamma per year of calendar time passing;
    ``zomma = d3V/dS2 dvol``; ``ultima = d3V/dvol3``; ``veta = -d2V/dvol dT``, per year of calendar time passing;
    ``phi = dV/dq``; ``dual_delta = dV/dK`` (``e^(-rT)`` times the risk-neutral probability of exercise, with a minus
    for a call); ``dual_gamma = d2V/dK2`` (``e^(-rT)`` times the risk-neutral density at the strike).
    """

    speed: Any
    colour: Any
    zomma: Any
    ultima: Any
    veta: Any
    phi: Any
    dual_delta: Any
    dual_gamma: Any


def price(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any,
    *, out: Floats | None = None,
) -> Any:  # fmt: skip
    """The price in currency: a float for scalars, else an array of the common shape; ``out`` itself if given."""
    found = _rows((spot, strike, time, vol, rate, dividend_yield, is_call), 1, PRICE, out)
    return found[0] if out is None else out


def main_greeks(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any,
    *, out: Floats | None = None,
) -> MainGreeks:  # fmt: skip
    """Price, delta, gamma, vega, theta and rho: what a chain wants at every tick. ``out``, if given, has shape
    (6, *common shape) and holds the result."""
    found = _rows((spot, strike, time, vol, rate, dividend_yield, is_call), 6, MAIN, out)
    # By index: iterating over an array takes four times as long.
    return MainGreeks(found[0], found[1], found[2], found[3], found[4], found[5])


def greeks(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any,
    *, out: Floats | None = None,
) -> Greeks:  # fmt: skip
    """Price and Greeks as :class:`Greeks`; at a kink those of the two sides are averaged, so gamma there is 0.
    ``out``, if given, has shape (9, *common shape) and holds the result."""
    found = _rows((spot, strike, time, vol, rate, dividend_yield, is_call), 9, ALL, out)
    return Greeks(
        found[0], found[1], found[2], found[3], found[4], found[5], found[6], found[7], found[8]
    )  # fmt: skip


def higher_greeks(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any
) -> HigherGreeks:
    """Third derivatives and those by yield and strike; at a kink the derivatives that are infinite there are 0."""
    found = _rows((spot, strike, time, vol, rate, dividend_yield, is_call), 8, HIGHER, None)
    return HigherGreeks(found[0], found[1], found[2], found[3], found[4], found[5], found[6], found[7])


def _rows(values: tuple[Any, ...], rows: int, what: int, out: Floats | None) -> Any:
    """The kernel's rows in the common shape; floats for scalars."""
    if out is None:
        found = _straight(values, rows, what)
        if found is not None:
            return found
    result, shape = evaluate(european_columns, values, rows, out, what)
    if shape == ():
        return [float(value) for value in result[:, 0]]
    return result if len(shape) == 1 else result.reshape(rows, *shape)


def _straight(values: tuple[Any, ...], rows: int, what: int) -> Floats | None:
    """The two calls that are made most, plain columns and a chain of one expiry, at half the overhead of the general
    road; None for any other."""
    spot, strike, time, vol, rate, dividend_yield, is_call = values
    if type(is_call) is not _ARRAY or is_call.dtype is not _BOOL or is_call.ndim != 1 or not is_call.flags.carray:
        return None
    shape = is_call.shape
    is_chain = isinstance(spot, float)
    if is_chain and not (isinstance(time, float) and isinstance(rate, float) and isinstance(dividend_yield, float)):
        return None
    for column in (strike, vol) if is_chain else (strike, vol, spot, time, rate, dividend_yield):
        if type(column) is not _ARRAY or column.dtype is not _FLOAT or column.shape != shape or not column.flags.carray:
            return None
    result = np.empty((rows, shape[0]))
    if is_chain:
        european_chain(spot, strike, time, vol, rate, dividend_yield, is_call, result, what)
    else:
        european_columns(spot, strike, time, vol, rate, dividend_yield, is_call, result, 0, what)
    return result
