"""American and European options on a spot that drops by cash dividends, and European ones on escrowed dividends.

Spot jump: between ex times the spot is a geometric Brownian motion; at each ex time S becomes max(S - D, 0). A dividend
at expiry itself is paid before the payoff is, one at time 0 or after expiry is ignored. Exercise just before an ex time
gets the spot that still holds the dividend.

Three methods. Where exercise can pay only just before an ex time (European options; calls with rate >= 0 and yield <=
0; puts with rate <= 0 and yield >= 0) one dividend leaves a single integral (Haug, Haug and Lewis 2003), exact to about
1e-12 of the strike. All else is solved by finite differences in the forward net of dividends, where nothing jumps, with
Richardson extrapolation. Without vol or time the best moment on the only path decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant import european
from terminal.quant.american_dividends_rows import (
    AMERICAN,
    EUROPEAN,
    FAST,
    FINE,
    STANDARD,
    VARIANTS,
    Dividends,
    Exercise,
    Resolution,
    Rows,
    sorted_schedule,
)  # fmt: skip
from terminal.quant.american_dividends_rows_kernel import PRICE
from terminal.quant.american_dividends_vol import solve_vols
from terminal.quant.columns import float_columns, shaped
from terminal.quant.european import Greeks

__all__ = [
    "AMERICAN", "EUROPEAN", "FAST", "FINE", "STANDARD", "Dividends", "Exercise", "Resolution",
    "escrowed_price", "escrowed_spot", "greeks", "implied_vol", "price",
]  # fmt: skip
_CHUNK = 1 << 17


def price(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any, dividends: Dividends,
    exercise: Exercise = AMERICAN, resolution: Resolution = STANDARD,
) -> Any:  # fmt: skip
    """The price in currency: a float for scalars, else an array of the common shape.

    ``dividends``: pairs of ex time in years and cash, one schedule for all rows. Rows that differ in the
    spot only share one grid. NaN for bad rows, and where vol sqrt(T) is above 8. Raises ValueError for a schedule that
    is not finite or pays less than nothing.
    """
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    schedule = sorted_schedule(dividends)
    out = np.full(calls.size, np.nan)
    for begin in range(0, calls.size, _CHUNK):
        part = slice(begin, begin + _CHUNK)
        rows = Rows([column[part] for column in columns], calls[part], schedule, exercise)
        out[part] = rows.value(resolution)[PRICE]
    return shaped(out, shape)


def greeks(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any, dividends: Dividends,
    exercise: Exercise = AMERICAN, resolution: Resolution = STANDARD,
) -> Greeks:  # fmt: skip
    """Price and Greeks; where exercise at once is best, those of the payoff.

    Theta and charm are per year of calendar time passing, which brings the dividends nearer too; both come from the
    pricing equation. Vega, volga, vanna and rho are central differences on one grid.
    """
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    schedule = sorted_schedule(dividends)
    out = np.empty((len(european.GREEK_NAMES), calls.size))
    for begin in range(0, calls.size, _CHUNK // VARIANTS):
        part = slice(begin, begin + _CHUNK // VARIANTS)
        rows = Rows([column[part] for column in columns], calls[part], schedule, exercise)
        out[:, part] = rows.greeks(resolution)
    return Greeks(*(shaped(row, shape) for row in out))


def implied_vol(
    price: Any, spot: Any, strike: Any, time: Any, rate: Any, dividend_yield: Any, is_call: Any, dividends: Dividends,
    exercise: Exercise = AMERICAN, resolution: Resolution = STANDARD,
) -> tuple[Any, Any]:  # fmt: skip
    """``(vol, status)``: the vol at which :func:`price` gives ``price``, NaN where ``status`` is not 0.

    The statuses are those of :class:`terminal.quant.implied_vol.Status`. A price at which the option is worth its value
    without vol, such as that of exercise at once, has no single vol: ZERO_TIME_VALUE. Never raises for a bad row.
    """
    columns, calls, shape = float_columns((price, spot, strike, time, rate, dividend_yield), is_call)
    schedule = sorted_schedule(dividends)
    vol, status = np.empty(calls.size), np.empty(calls.size, np.int8)
    for begin in range(0, calls.size, _CHUNK):
        part = slice(begin, begin + _CHUNK)
        found = solve_vols([column[part] for column in columns], calls[part], schedule, exercise, resolution)
        vol[part], status[part] = found
    return shaped(vol, shape), int(status[0]) if shape == () else status.reshape(shape)


def escrowed_spot(spot: Any, time: Any, rate: Any, dividends: Dividends) -> Any:
    """The spot less the present value of the dividends in (0, T], not below 0."""
    (spots, times, rates), _, shape = float_columns((spot, time, rate), True)
    left = spots.copy()
    for ex_time, cash in zip(*sorted_schedule(dividends), strict=True):
        left -= np.where(ex_time <= times, cash * np.exp(-rates * ex_time), 0.0)
    return shaped(np.where(spots < 0.0, np.nan, np.maximum(left, 0.0)), shape)


def escrowed_price(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any, dividends: Dividends
) -> Any:
    """European price when only the spot without its dividends moves: Black-Scholes-Merton on :func:`escrowed_spot`.

    Another model than the spot jump, in which the spot itself has a lower vol (Hull 2021, section 15.12).
    """
    return european.price(escrowed_spot(spot, time, rate, dividends), strike, time, vol, rate, dividend_yield, is_call)
