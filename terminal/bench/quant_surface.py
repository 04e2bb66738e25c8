"""The volatility surface of 30 expiries by 100 strikes from bid and ask prices, cold and from an earlier one."""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.bench.quant_compare import figure, on_one_core, seconds
from terminal.bench.result import Benchmark, Result
from terminal.quant import heston, surface
from terminal.quant.surface import QuoteStatus, SurfaceFit, SurfaceQuotes

EXPIRIES, STRIKES = 30, 100
COLD_GOAL_MS, WARM_GOAL_MS = 20.0, 5.0
MODEL = {"v0": 0.03, "kappa": 2.0, "theta": 0.045, "sigma": 0.8, "rho": -0.75}
RATE, CARRY, TICK, HALF_SPREAD, OFF_MIDDLE = 0.04, 0.013, 0.05, 0.01, 0.3
Prices = tuple[Any, ...]


def prices(spot: float, v0: float, seed: int = 6) -> Prices:
    """``time, forward, discount, strike, bid, ask, is_call`` of an index's out-of-the-money options in ticks.

    The market is Heston's, which no slice has exactly; a half-spread is 1% of the price or a tick, and the middle is up
    to 30% of it off.
    """
    chance = np.random.default_rng(seed)
    days = np.unique(np.round(np.geomspace(1.0, 1000.0, 2 * EXPIRIES)))[-EXPIRIES:]
    time = np.repeat(days / 365.0, STRIKES)
    forward = spot * np.exp((RATE - CARRY) * time)
    width = np.tile(np.linspace(-3.5, 2.2, STRIKES), days.size) * 0.2 * np.sqrt(time)
    strike = np.round(forward * np.exp(width) / 5.0) * 5.0
    is_call = strike > forward
    price = heston.price(spot, strike, time, RATE, CARRY, is_call, **{**MODEL, "v0": v0})
    half = np.maximum(TICK, HALF_SPREAD * price)
    middle = price + OFF_MIDDLE * half * chance.uniform(-1.0, 1.0, price.size)
    bid = np.floor(np.maximum(middle - half, 0.0) / TICK) * TICK
    ask = np.ceil((middle + half) / TICK) * TICK
    return time, forward, np.exp(-RATE * time), strike, bid, ask, is_call


def quotes(columns: Prices) -> SurfaceQuotes:
    """The prices as the surface takes them: this inverts both sides of every quote."""
    time, forward, discount, strike, bid, ask, is_call = columns
    return surface.from_prices(time, forward, discount, strike, bid, ask, is_call)


def worst_arbitrage(fitted: SurfaceFit) -> tuple[float, float]:
    """The least of Durrleman's ``g`` and of ``dw/dt`` over ``w/t`` on a grid of every node and the middles between."""
    times = np.sort(np.concatenate([fitted.times, 0.5 * (fitted.times[1:] + fitted.times[:-1])]))[:, None]
    k = np.sinh(np.linspace(-5.0, 5.0, 801)) * np.sqrt(fitted.total_variance(0.0, times))
    slope = fitted.time_slope(k, times) * times / fitted.total_variance(k, times)
    return float(np.min(fitted.durrleman_g(k, times))), float(np.min(slope))


def _surface(_long: bool) -> list[Result]:
    before, now = prices(5000.0, MODEL["v0"]), prices(5010.0, 1.02 * MODEL["v0"], seed=7)
    earlier = surface.fit(quotes(before))
    cold, warm = surface.fit(quotes(now)), surface.fit(quotes(now), earlier)
    for fitted in (cold, warm):
        g, slope = worst_arbitrage(fitted)
        if g < 0.0 or slope < 0.0:
            raise AssertionError(f"the surface has arbitrage: least g {g:.1e}, least slope in time {slope:.1e}")
    own = seconds(lambda: surface.fit(quotes(now)), lambda: surface.fit(quotes(now), earlier), lambda: quotes(now))
    rows = []
    for name, fitted, taken, goal in (("cold", cold, own[0], COLD_GOAL_MS), ("warm", warm, own[1], WARM_GOAL_MS)):
        inside = np.count_nonzero(fitted.report.status == QuoteStatus.INSIDE) / fitted.report.status.size
        share = f"{fitted.report.share_inside():.1%} of two-sided quotes inside, {inside:.1%} of all"
        note = f"{EXPIRIES} x {STRIKES}, {own[2] * 1e3:.1f} ms of it implied vols; {share}; no arbitrage on a fine grid"
        rows.append(figure(f"surface_{name}", taken * 1e3, "ms", better="lower", goal=goal, note=note))
    return rows


BENCHMARKS: list[Benchmark] = [on_one_core("surface", _surface)]
