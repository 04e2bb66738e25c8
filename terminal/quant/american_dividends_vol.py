"""Implied vol on a dividend-paying spot: bracketed secant steps on many rows at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from terminal.quant import european
from terminal.quant import implied_vol as european_vol
from terminal.quant.american_dividends_rows import AMERICAN, FAST, WIDEST, Exercise, Resolution, Rows
from terminal.quant.american_dividends_rows_kernel import PRICE
from terminal.quant.columns import Flags, Floats
from terminal.quant.implied_vol_kernel import Codes, Status

_ROUNDS = 60
_TOLERANCE, _ROUGH = 1e-8, 1e-4
"""Of the last secant step, relative to the vol: what is left after it is far smaller."""
_LOWEST, _FIRST = 1e-4, 0.3
_TOLD_APART, _WRONG = 1e-9, 1e-7
"""Of spot plus strike: time value above the first has a vol, a price further below than the second is refused."""


def solve_vols(
    columns: list[Floats], calls: Flags, schedule: tuple[Floats, Floats], exercise: Exercise, resolution: Resolution
) -> tuple[Floats, Codes]:
    """Vols and statuses of flat columns price, spot, strike, time, rate, dividend yield."""
    price, spot, strike, time, rate, carry = columns
    vol, status = np.full(calls.size, np.nan), np.full(calls.size, int(Status.NOT_CONVERGED), np.int8)
    rest = [spot, strike, time, rate, carry]

    def value(rows: npt.NDArray[np.intp], vols: Floats, at_resolution: Resolution) -> Floats:
        at = [column[rows] for column in rest]
        options = Rows([*at[:3], vols, *at[3:]], calls[rows], schedule, exercise)
        return options.value(at_resolution)[PRICE]

    everyone = np.arange(calls.size)
    lowest = value(everyone, np.zeros(calls.size), resolution)
    highest = _highest(columns, calls, schedule, exercise)
    with np.errstate(invalid="ignore"):
        bad = ~np.isfinite(price + spot + strike + time + rate + carry) | (price < 0.0) | (time < 0.0)
        bad |= (spot <= 0.0) | (strike <= 0.0)
        status[price <= lowest + _TOLD_APART * (spot + strike)] = Status.ZERO_TIME_VALUE
        status[price < lowest - _WRONG * (spot + strike)] = Status.BELOW_INTRINSIC
        status[price >= highest] = Status.ABOVE_MAXIMUM
        status[time == 0.0] = Status.EXPIRED
        status[bad] = Status.INVALID_INPUT
    open_rows = np.flatnonzero(status == Status.NOT_CONVERGED)
    if open_rows.size:
        start, slope = _guess([column[open_rows] for column in columns], calls[open_rows], schedule)
        ceiling = WIDEST / np.sqrt(time[open_rows])

        def excess(rows: npt.NDArray[np.intp], vols: Floats, at_resolution: Resolution) -> Floats:
            return value(open_rows[rows], vols, at_resolution) - price[open_rows[rows]]

        if resolution.nodes > FAST.nodes:
            # The first steps on a coarse grid: the vols differ in the fifth digit.
            near, steep = _search(lambda rows, vols: excess(rows, vols, FAST), start, slope, ceiling, _ROUGH)
            start, slope = np.where(np.isfinite(near), near, start), np.where(np.isfinite(near), steep, slope)
        found, _ = _search(lambda rows, vols: excess(rows, vols, resolution), start, slope, ceiling, _TOLERANCE)
        vol[open_rows] = found
        status[open_rows[np.isfinite(found)]] = Status.SOLVED
    return vol, status


def _highest(columns: list[Floats], calls: Flags, schedule: tuple[Floats, Floats], exercise: Exercise) -> Floats:
    """The price that vol without bound tends to: the spot is then worth as much, and almost surely near zero."""
    _, spot, strike, time, rate, carry = columns
    with np.errstate(invalid="ignore", over="ignore"):
        held, paid = spot * np.exp(-carry * time), strike * np.exp(-rate * time)
        if exercise is AMERICAN:
            held, paid = np.maximum(spot, held), np.maximum(strike, paid)
        return np.where(calls, held, paid)


def _guess(columns: list[Floats], calls: Flags, schedule: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """A first vol, that of a European option on the spot without its dividends, and the slope of the price there."""
    price, spot, strike, time, rate, carry = columns
    left = spot.copy()
    for ex_time, cash in zip(*schedule, strict=True):
        left -= np.where(ex_time <= time, cash * np.exp(-rate * ex_time), 0.0)
    left = np.maximum(left, 0.2 * spot)
    vol, _ = european_vol.european(price, left, strike, time, rate, carry, calls)
    # The whole spot moves, not what is left of it.
    vol = np.clip(np.where(np.isfinite(vol), vol * left / spot, _FIRST), 0.02, 3.0)
    return vol, european.greeks(left, strike, time, vol, rate, carry, calls).vega


def _search(
    excess: Callable[[npt.NDArray[np.intp], Floats], Floats], start: Floats, slope: Floats, ceiling: Floats,
    tolerance: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """The vols at which ``excess(rows, vols)`` is zero, and its slopes there.

    NaN where they were not found, or are not below ``ceiling``.
    """
    low, high = np.full(start.size, 0.0), np.full(start.size, np.inf)
    found, slope = np.full(start.size, np.nan), slope.copy()
    rows = np.arange(start.size)
    here, before, before_value = np.minimum(start, 0.9 * ceiling), np.full(start.size, np.nan), np.empty(start.size)
    for _ in range(_ROUNDS):
        at = here[rows]
        value = excess(rows, at)
        low[rows] = np.where(value < 0.0, np.maximum(low[rows], at), low[rows])
        high[rows] = np.where(value >= 0.0, np.minimum(high[rows], at), high[rows])
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = (value - before_value[rows]) / (at - before[rows])
            slope[rows] = np.where(np.isfinite(secant) & (secant > 0.0), secant, slope[rows])
            following = at - value / slope[rows]
        inside = (following > low[rows]) & (following < high[rows])
        halfway = np.where(np.isfinite(high[rows]), np.sqrt(np.maximum(low[rows], _LOWEST) * high[rows]), 2.0 * at)
        following = np.where(inside, following, halfway)
        following = np.minimum(following, np.minimum(4.0 * at, ceiling[rows]))
        done = (value == 0.0) | (np.abs(following - at) <= tolerance * at) | (high[rows] - low[rows] <= tolerance * at)
        lost = ((at >= ceiling[rows]) & (value < 0.0)) | (at < 0.5 * _LOWEST)
        final = done & ~lost
        found[rows[final]] = np.where(value == 0.0, at, following)[final]
        before[rows], before_value[rows] = at, value
        here[rows] = following
        rows = rows[~(done | lost)]
        if not rows.size:
            break
    return found, slope
