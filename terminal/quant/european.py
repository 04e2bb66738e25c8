"""Black-Scholes-Merton price and Greeks of European options (Merton 1973), exact at the corners.

Arguments broadcast; ``spot``, ``strike`` in currency, ``time`` in years, ``vol``, ``rate``, ``dividend_yield`` as
continuous decimals. A zero spot, strike, time or vol is a limit and gives it (time 0: the payoff; at a kink the mean of
the two sides). Negative spot, strike, time or vol, NaN and infinities give NaN in that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant.columns import float_columns, shaped
from terminal.quant.european_kernel import greeks_columns, price_column

GREEK_NAMES = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")


@dataclass(frozen=True, slots=True)
class Greeks:
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


def price(spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any) -> Any:
    """The price in currency: a float for scalars, else an array of the common shape."""
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty(calls.size)
    price_column(*columns, calls, out)
    return shaped(out, shape)


def greeks(spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any) -> Greeks:
    """Price and Greeks as :class:`Greeks`; at a kink those of the two sides are averaged, so gamma there is 0."""
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty((len(GREEK_NAMES), calls.size))
    greeks_columns(*columns, calls, out)
    return Greeks(*(shaped(row, shape) for row in out))
