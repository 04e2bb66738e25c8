"""The normal model on a forward (Bachelier 1900): price and implied normal vol, also below zero.

Arguments broadcast; ``forward`` and ``strike`` are in currency and may be negative, ``time`` is in years, ``vol`` in
currency per square root of a year, ``discount`` the price today of 1 paid at expiry. The value out of the money is
``s phi(y) [1 - y M(y)]`` with ``s = vol sqrt(T)``, ``y = |F - K| / s`` and Mills' ratio M, which has its digits however
far out (Jaeckel, "Implied Normal Volatility", 2017, has the same product under another name).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant.bachelier_kernel import implied_vol_columns, price_columns
from terminal.quant.columns import evaluate, shaped
from terminal.quant.implied_vol_kernel import Codes


def price(forward: Any, strike: Any, time: Any, vol: Any, discount: Any, is_call: Any) -> Any:
    """The price in currency: a float for scalars, else an array of the common shape.

    No time or no vol gives the discounted payoff; NaN, infinite or negative time, vol or discount give NaN in that
    place. Raises ValueError for shapes that do not broadcast.
    """
    result, shape = evaluate(price_columns, (forward, strike, time, vol, discount, is_call), 1, None)
    return shaped(result[0], shape)


def implied_vol(price: Any, forward: Any, strike: Any, time: Any, discount: Any, is_call: Any) -> tuple[Any, Any]:
    """``(vol, status)``: the normal vol of ``price`` by Halley's method on the log of the time value, NaN where
    ``status`` (of :class:`terminal.quant.implied_vol.Status`) is not 0. There is no highest price."""
    result, shape = evaluate(implied_vol_columns, (price, forward, strike, time, discount, is_call), 2, None)
    if shape == ():
        return float(result[0, 0]), int(result[1, 0])
    status: Codes = result[1].reshape(shape).astype(np.int8)
    return result[0].reshape(shape), status
