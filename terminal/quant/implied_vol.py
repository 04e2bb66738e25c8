"""Implied vol of European options, to the last digits that the price holds.

Jaeckel, "Let's Be Rational" (2015): a rational first guess in four branches, then Householder's method of third order
on an objective that fits the branch; two steps are enough nearly everywhere, and a bracket guards every one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant import european as european_formula
from terminal.quant.columns import evaluate
from terminal.quant.european import Greeks
from terminal.quant.implied_vol_kernel import Codes, Status
from terminal.quant.implied_vol_vector_kernel import implied_vol_columns

__all__ = ["Status", "european", "with_greeks"]


def european(
    price: Any, spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any
) -> tuple[Any, Any]:
    """``(vol, status)``: vol as a decimal, NaN where ``status`` is not 0 (see :class:`Status`).

    Scalars give a float and an int, arrays arrays of the common shape (status int8). Never raises for a bad row;
    raises ValueError for shapes that do not broadcast.
    """
    values = (price, spot, strike, time, rate, dividend_yield, is_call)
    result, shape = evaluate(implied_vol_columns, values, 2, None)
    if shape == ():
        return float(result[0, 0]), int(result[1, 0])
    status: Codes = result[1].reshape(shape).astype(np.int8)
    return result[0].reshape(shape), status


def with_greeks(
    price: Any, spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any
) -> tuple[Any, Any, Greeks]:
    """``(vol, status, greeks)``: the implied vol as :func:`european`, and price and Greeks at it, NaN where there is
    none."""
    vol, status = european(price, spot, strike, time, rate, dividend_yield, is_call)
    return vol, status, european_formula.greeks(spot, strike, time, vol, rate, dividend_yield, is_call)
