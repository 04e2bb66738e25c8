"""American options with continuous carry: price by spectral collocation of the exercise boundary.

After Andersen, Lake & Offengenden, "High-performance American option pricing" (2016), with Newton's method in place of
their fixed-point iteration. Arguments broadcast; ``spot``, ``strike`` in currency, ``time`` in years, ``vol``,
``rate``, ``dividend_yield`` as continuous decimals. Zero spot, strike, time or vol are limits and give it; negative
ones, NaN and infinities give NaN in that place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant.american_price_kernel import price_groups, price_without_boundary
from terminal.quant.american_rows_kernel import group_rows, normalise
from terminal.quant.american_rules import Accuracy, families
from terminal.quant.columns import Flags, Floats, float_columns, shaped

__all__ = ["Accuracy", "price"]

_CHUNK = 65536
"""Rows at a time, so that what is kept per row does not grow with their number."""


def price(
    spot: Any,
    strike: Any,
    time: Any,
    vol: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    *,
    accuracy: Accuracy = Accuracy.PRECISE,
) -> Any:
    """The price in currency: a float for scalars, else an array of the common shape.

    Rows of one call that share time, right, vol, rate and yield share one boundary, whatever their strikes and spots.
    """
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty(calls.size)
    for first in range(0, calls.size, _CHUNK):
        rows = slice(first, first + _CHUNK)
        _price_rows([column[rows] for column in columns], calls[rows], accuracy, out[rows])
    return shaped(out, shape)


def _price_rows(columns: list[Floats], calls: Flags, accuracy: Accuracy, out: Floats) -> None:
    size = calls.size
    kind = np.empty(size, np.int8)
    x, scale, gain, rate, dividend_yield = np.zeros((5, size))
    normalise(*columns, calls, kind, x, scale, gain, rate, dividend_yield)
    time, vol = columns[2], columns[3]
    price_without_boundary(kind, x, scale, gain, time, vol, rate, dividend_yield, out)
    order, starts = np.empty(size, np.int64), np.empty(size + 1, np.int64)
    groups = group_rows(kind, True, time, vol, rate, dividend_yield, order, starts)
    if groups:
        tolerance = 1e-9 if accuracy is Accuracy.FAST else 1e-12
        price_groups(
            order, starts, groups, x, scale, gain, time, vol, rate, dividend_yield, families(accuracy), tolerance, out
        )
