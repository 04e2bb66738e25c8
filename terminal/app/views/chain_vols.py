"""Implied vol and delta for the rows on the screen, with an honest name: Black-Scholes on the spot at one rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import Rows
from terminal.app.views.cells import ABSENT
from terminal.core.instruments import Style
from terminal.core.money import PRICE_SCALE
from terminal.market.rows import Quality
from terminal.quant import european, implied_vol

NS_PER_YEAR = 365 * 86_400 * 1_000_000_000

Floats = npt.NDArray[np.float64]
Solve = Callable[[Floats, float, Floats, float, float, npt.NDArray[np.bool_]], tuple[Floats, Floats]]
"""(price, spot, strike, years, rate, is_call) to (vol, delta); NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Vols:
    """Implied vols and deltas in 1/1000, [rows, 2] (calls, puts); ABSENT where none."""

    iv: npt.NDArray[np.int64]
    delta: npt.NDArray[np.int64]


def solve_black_scholes(
    price: Floats, spot: float, strike: Floats, years: float, rate: float, is_call: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Vols by the compiled kernels, and deltas at them."""
    vol, _status = implied_vol.european(price, spot, strike, years, rate, 0.0, is_call)
    greeks = european.greeks(spot, strike, years, vol, rate, 0.0, is_call)
    return np.asarray(vol), np.asarray(greeks.delta)


def chain_vols(
    quotes: Rows, listed: npt.NDArray[np.bool_], strikes_px: npt.NDArray[np.int64], spot_px: int | None,
    years: float, rate: float, solve: Solve = solve_black_scholes,
) -> Vols:  # fmt: skip
    """Vols of quotes [rows, 2] at their mid. Only two-sided, uncrossed quotes have a mid; the rest stay absent."""
    shape = quotes.shape
    iv, delta = np.full(shape, ABSENT, np.int64), np.full(shape, ABSENT, np.int64)
    priced = listed & ((quotes["quality"] == Quality.OK) | (quotes["quality"] == Quality.LOCKED))
    if spot_px is None or spot_px <= 0 or years <= 0 or not priced.any():
        return Vols(iv, delta)
    mid = (quotes["bid_px"][priced] + quotes["ask_px"][priced]) / (2 * PRICE_SCALE)
    strike = np.broadcast_to(strikes_px[:, None] / PRICE_SCALE, shape)[priced]
    is_call = np.broadcast_to(np.array([True, False]), shape)[priced]
    vol, slope = solve(mid, spot_px / PRICE_SCALE, strike, years, rate, is_call)
    iv[priced] = _thousandths(vol)
    delta[priced] = np.where(np.isfinite(vol), _thousandths(slope), ABSENT)
    return Vols(iv, delta)


def years_left(now_ns: int, expires_ns: int) -> float:
    """Calendar time to the last instant of trading in years of 365 days; 0 after it."""
    return max(0, expires_ns - now_ns) / NS_PER_YEAR


def method_name(rate: float, style: Style) -> str:
    """What the column is, for its head: ``IV (BS, r=4.00%)`` and, where it matters, the American caveat."""
    name = f"Implied vol of the mid (Black-Scholes, r = {rate * 100:.2f}%, no dividends), points"
    if style is Style.AMERICAN:
        name += "; American contracts are priced as European, so deep in-the-money puts read too high"
    return name


def _thousandths(values: Floats) -> npt.NDArray[np.int64]:
    finite = np.isfinite(values)
    return np.where(finite, np.rint(np.where(finite, values, 0.0) * 1000), ABSENT).astype(np.int64)
