"""Simulated quotes for the tests of the surface: a smile that no slice has exactly, in ticks, with a bid and an ask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.quant import european, surface

Floats = npt.NDArray[np.float64]
YEAR_MINUTES = 365.0 * 24.0 * 60.0


def skewed_vol(k: Floats, time: Floats | float) -> Floats:
    """A smile of the index kind: steep for puts, a call wing that turns up, flatter with time."""
    y = k / np.sqrt(time)
    return np.asarray(0.16 + 0.03 * np.sqrt(time) - 0.085 * np.tanh(1.2 * y) + 0.02 * np.log1p(4.0 * y * y))


def index_chain(
    times: Floats, *, forward: float = 5000.0, strikes: int = 100, tick: float = 0.05, half_spread: float = 0.02,
    noise: float = 0.0, seed: int = 1,
) -> tuple[surface.SurfaceQuotes, Floats, Floats]:  # fmt: skip
    """Out-of-the-money quotes around :func:`skewed_vol`, and the bid and ask prices; ``half_spread`` is a part of the
    price, at least one tick; ``noise`` is the standard deviation of an error in vol."""
    chance = np.random.default_rng(seed)
    time = np.repeat(times, strikes)
    forwards = forward * np.exp(0.03 * time)
    width = np.minimum(6.0 * 0.18 * np.sqrt(time), 1.2)
    k = np.tile(np.linspace(-1.0, 0.6, strikes), times.size) * width
    strike = np.round(forwards * np.exp(k) / 5.0) * 5.0
    vol = skewed_vol(np.log(strike / forwards), time) + noise * chance.standard_normal(time.size)
    is_call = strike > forwards
    discount = np.exp(-0.04 * time)
    price = discount * european.price(forwards, strike, time, np.maximum(vol, 0.01), 0.0, 0.0, is_call)
    half = np.maximum(half_spread * price, tick)
    bid = np.floor(np.maximum(price - half, 0.0) / tick) * tick
    ask = np.ceil((price + half) / tick) * tick
    return surface.from_prices(time, forwards, discount, strike, bid, ask, is_call), bid, ask
