"""The seeded options that the figures are taken with; every peer gets the same columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant import european

Columns = dict[str, npt.NDArray[Any]]
Market = tuple[Any, Any, Any, Any, Any, Any, Any]
DAYS_A_YEAR = 365.0
NAMES = ("spot", "strike", "time", "vol", "rate", "dividend_yield", "is_call")


def market(columns: Columns) -> Market:
    """The columns in the order of our pricing functions' arguments."""
    spot, strike, time, vol, rate, carry, is_call = (columns[name] for name in NAMES)
    return spot, strike, time, vol, rate, carry, is_call


def options(count: int, seed: int = 1) -> Columns:
    """``count`` random options: vol 5-100%, 1 day to 3 years, r -1..10%, q 0-10%, spot / strike 0.5-2, both rights."""
    chance = np.random.default_rng(seed)
    days = np.floor(np.exp(chance.uniform(np.log(1.0), np.log(3 * DAYS_A_YEAR + 1.0), count)))
    return {
        "spot": np.full(count, 100.0) * np.exp(chance.uniform(np.log(0.5), np.log(2.0), count)),
        "strike": np.full(count, 100.0),
        "time": days / DAYS_A_YEAR,
        "vol": chance.uniform(0.05, 1.0, count),
        "rate": chance.uniform(-0.01, 0.10, count),
        "dividend_yield": chance.uniform(0.0, 0.10, count),
        "is_call": chance.random(count) < 0.5,
        "days": days,
    }


def chain(strikes: int, expiries: int = 1, seed: int = 2) -> Columns:
    """A chain as a desk has it: one spot and rate, a smile, ``strikes`` of both rights for each of ``expiries``."""
    chance = np.random.default_rng(seed)
    spot, rate, carry = 100.0, 0.04, 0.01
    days = np.unique(np.round(np.geomspace(2.0, 730.0, expiries))) if expiries > 1 else np.array([30.0])
    if days.size != expiries:
        days = np.arange(1.0, expiries + 1.0) * 7.0
    time = np.repeat(days / DAYS_A_YEAR, strikes)
    calls = np.tile(np.arange(strikes) % 2 == 0, expiries)
    width = np.tile(np.linspace(-2.5, 2.5, strikes), expiries)
    strike = spot * np.exp(width * 0.2 * np.sqrt(time))
    vol = 0.2 * (1.0 - 0.06 * width + 0.02 * width**2) + chance.uniform(0.0, 1e-3, time.size)
    return {
        "spot": np.full(time.size, spot),
        "strike": strike,
        "time": time,
        "vol": vol,
        "rate": np.full(time.size, rate),
        "dividend_yield": np.full(time.size, carry),
        "is_call": calls,
        "days": np.repeat(days, strikes),
    }


def one_expiry(columns: Columns) -> tuple[Any, ...]:
    """:func:`market` of one expiry as a desk asks for it: spot, time, rate and yield are numbers, not columns."""
    spot, strike, time, vol, rate, carry, is_call = market(columns)
    return float(spot[0]), strike, float(time[0]), vol, float(rate[0]), float(carry[0]), is_call


def with_prices(columns: Columns, keep: float = 1e-6) -> Columns:
    """``columns`` with European prices; options whose vega is under ``keep`` of the spot are left out: they hold
    no vol that could be compared."""
    found = european.greeks(*market(columns))
    rows = found.vega > keep * columns["spot"]
    return {name: column[rows] for name, column in {**columns, "price": found.price}.items()}


def hard_cases() -> Columns:
    """Out-of-the-money options over |ln(F / K)| 1e-12 to 20 and vol sqrt(T) 1e-6 to 30 whose price is a normal double
    and holds the vol (vega over price above 1e-2 a relative unit)."""
    grid = np.meshgrid(np.concatenate(([0.0], np.geomspace(1e-12, 20.0, 60))), np.geomspace(1e-6, 30.0, 80))
    x, s = (axis.reshape(-1) for axis in grid)
    count = x.size
    is_call = np.arange(count) % 2 == 0
    columns: Columns = {
        "spot": np.ones(count),
        "strike": np.exp(np.where(is_call, x, -x)),
        "time": np.ones(count),
        "vol": s,
        "rate": np.zeros(count),
        "dividend_yield": np.zeros(count),
        "is_call": is_call,
    }
    found = european.greeks(*market(columns))
    holds = (found.price > 1e-250) & (found.vega * s > 1e-2 * found.price)
    return {name: column[holds] for name, column in {**columns, "price": found.price}.items()}
