"""Black's formula on a forward (Black 1976): price, Greeks and implied vol, exact at the corners.

Arguments broadcast; ``forward``, ``strike`` in currency, ``time`` in years, ``vol`` a decimal, ``discount`` the price
today of 1 paid at expiry. All is the Black-Scholes-Merton value at no rate and no yield, times the discount; limits and
bad input are as in :mod:`terminal.quant.european`, and a negative or infinite discount gives NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant import european
from terminal.quant import implied_vol as european_vol
from terminal.quant.columns import floats
from terminal.quant.european import Greeks


def price(forward: Any, strike: Any, time: Any, vol: Any, discount: Any, is_call: Any) -> Any:
    """The price in currency: a float for scalars, else an array of the common shape.

    Raises ValueError for shapes that do not broadcast.
    """
    return _times(european.price(forward, strike, time, vol, 0.0, 0.0, is_call), _factor(discount))


def greeks(forward: Any, strike: Any, time: Any, vol: Any, discount: Any, is_call: Any) -> Greeks:
    """Price and Greeks with respect to the forward: ``delta = dV/dF``, ``gamma``, ``vanna`` and ``charm`` likewise.

    The rate behind the discount, ``-ln(discount) / T`` (0 at expiry and where the discount is 0), is what theta and
    charm hold fixed while calendar time passes, and what ``rho = -T V`` moves while the forward stays.
    """
    factor = _factor(discount)
    found = european.greeks(forward, strike, time, vol, 0.0, 0.0, is_call)
    value, delta, gamma, vega, theta, _, vanna, volga, charm = (_times(row, factor) for row in found)
    years = floats(time)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where((years > 0.0) & (factor > 0.0), -np.log(factor) / years, 0.0)
        return Greeks(
            value, delta, gamma, vega, _plus(theta, rate * value), _times(value, -years), vanna, volga,
            _plus(charm, rate * delta),
        )  # fmt: skip


def implied_vol(price: Any, forward: Any, strike: Any, time: Any, discount: Any, is_call: Any) -> tuple[Any, Any]:
    """``(vol, status)`` as :func:`terminal.quant.implied_vol.european`."""
    factor = _factor(discount)
    paid, first, second = (floats(each) for each in (price, forward, strike))
    with np.errstate(all="ignore"):
        undiscounted = np.where(factor > 0.0, paid / factor, np.nan)
        # A quotient is not always what was multiplied: a price at a bound must not seem to be beside it.
        least = np.maximum(np.where(is_call, first - second, second - first), 0.0)
        for bound in (least, np.where(is_call, first, second)):
            undiscounted = np.where((factor > 0.0) & (paid == bound * factor), bound, undiscounted)
    return european_vol.european(undiscounted, forward, strike, time, 0.0, 0.0, is_call)


def _factor(discount: Any) -> Any:
    factor = floats(discount)
    return np.where((factor >= 0.0) & (factor < np.inf), factor, np.nan)


def _times(value: Any, factor: Any) -> Any:
    result = np.multiply(value, factor)
    return float(result) if np.ndim(result) == 0 else result


def _plus(value: Any, more: Any) -> Any:
    result = np.add(value, more)
    return float(result) if np.ndim(result) == 0 else result
