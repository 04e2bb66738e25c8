"""Implied vol of European options, to the last digits that the price holds.

Newton's method with third-order correction (Halley) on the logarithm of the time value, or of what is missing to the
highest possible price, whichever is smaller: both are nearly parabolas, of ``1 / s`` and of ``s``, whose inverse starts
the iteration. A bracket guards every step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant.columns import float_columns, shaped
from terminal.quant.implied_vol_kernel import Status, vol_column

__all__ = ["Status", "european"]


def european(
    price: Any, spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any
) -> tuple[Any, Any]:
    """``(vol, status)``: vol as a decimal, NaN where ``status`` is not 0 (see :class:`Status`).

    Scalars give a float and an int, arrays arrays of the common shape (status int8). Never raises for a bad row.
    """
    columns, calls, shape = float_columns((price, spot, strike, time, rate, dividend_yield), is_call)
    vol = np.empty(calls.size)
    status = np.empty(calls.size, np.int8)
    vol_column(*columns, calls, vol, status)
    if shape == ():
        return shaped(vol, shape), int(status[0])
    return vol.reshape(shape), status.reshape(shape)
