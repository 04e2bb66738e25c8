"""Tasks of the Black-Scholes peers, run by peer_child.py in the environment of each; each in its fastest interface.

Answers are plain derivatives as in our own convention; a conversion that a peer's units ask for is timed with the rest
only where it is one multiplication of a column.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Columns = dict[str, Any]
Work = Callable[[], Columns]
DAYS = 365.0


def _flags(columns: Columns) -> Any:
    return np.where(columns["is_call"], "c", "p")


def _market(columns: Columns) -> tuple[Any, ...]:
    return tuple(columns[name] for name in ("spot", "strike", "time", "rate"))


def volr_greeks(columns: Columns) -> Work:
    """pyvolr: price and Greeks are two calls; the flags are given as numbers, which is its quicker way."""
    bs = importlib.import_module("pyvolr").bs
    flag = np.where(columns["is_call"], 1, -1).astype(np.int8)
    market, vol, carry = _market(columns), columns["vol"], columns["dividend_yield"]

    def work() -> Columns:
        return {"price": bs.price(flag, *market, vol, carry), **bs.greeks(flag, *market, vol, carry)}

    return work


def volr_implied_vol(columns: Columns) -> Work:
    """pyvolr's implied vol."""
    bs = importlib.import_module("pyvolr").bs
    flag = np.where(columns["is_call"], 1, -1).astype(np.int8)
    market, price, carry = _market(columns), columns["price"], columns["dividend_yield"]
    return lambda: {"vol": bs.implied_vol(price, flag, *market, carry, on_error="ignore")}


def _in_our_units(price: Any, greeks: Any) -> Columns:
    factors = {"delta": 1.0, "gamma": 1.0, "vega": 100.0, "theta": DAYS, "rho": 100.0}
    return {"price": price, **{name: np.asarray(greeks[name]) * factor for name, factor in factors.items()}}


def vectorized_greeks(columns: Columns) -> Work:
    """py_vollib_vectorized: Greeks by finite differences."""
    peer = importlib.import_module("py_vollib_vectorized")
    flag, market = _flags(columns), _market(columns)
    vol, carry = columns["vol"], columns["dividend_yield"]

    def work() -> Columns:
        price = peer.vectorized_black_scholes_merton(flag, *market, vol, carry, return_as="numpy")
        greeks = peer.api.get_all_greeks(flag, *market, vol, carry, model="black_scholes_merton", return_as="dict")
        return _in_our_units(price, greeks)

    return work


def vectorized_implied_vol(columns: Columns) -> Work:
    """py_vollib_vectorized's implied vol."""
    peer = importlib.import_module("py_vollib_vectorized")
    flag, market = _flags(columns), _market(columns)
    price, carry = columns["price"], columns["dividend_yield"]
    how = {"model": "black_scholes_merton", "return_as": "numpy", "on_error": "ignore"}
    return lambda: {"vol": peer.vectorized_implied_volatility(price, *market, flag, carry, **how)}


def fastvollib_greeks(columns: Columns) -> Work:
    """fast-vollib with its Numba backend, its quickest on a processor."""
    peer = importlib.import_module("fast_vollib")
    flag, market = _flags(columns), _market(columns)
    vol, carry = columns["vol"], columns["dividend_yield"]

    def work() -> Columns:
        price = peer.fast_black_scholes_merton(flag, *market, vol, carry, return_as="numpy", backend="numba")
        greeks = peer.get_all_greeks(
            flag, *market, vol, carry, model="black_scholes_merton", return_as="dict", backend="numba"
        )
        return _in_our_units(price, greeks)

    return work


def fastvollib_implied_vol(columns: Columns) -> Work:
    """fast-vollib's implied vol with its Numba backend."""
    peer = importlib.import_module("fast_vollib")
    flag, market = _flags(columns), _market(columns)
    price, carry = columns["price"], columns["dividend_yield"]
    how = {"model": "black_scholes_merton", "return_as": "numpy", "on_error": "ignore", "backend": "numba"}
    return lambda: {"vol": peer.fast_implied_volatility(price, *market, flag, carry, **how)}


def _rows(columns: Columns, *names: str) -> list[tuple[Any, ...]]:
    flags = ["c" if each else "p" for each in columns["is_call"]]
    return list(zip(flags, *(columns[name].tolist() for name in names), strict=True))


def vollib_greeks(columns: Columns) -> Work:
    """vollib: one option a call."""
    price = importlib.import_module("vollib.black_scholes_merton").black_scholes_merton
    greek = importlib.import_module("vollib.black_scholes_merton.greeks.analytical")
    names = ("delta", "gamma", "vega", "theta", "rho")
    functions = [price, *(getattr(greek, name) for name in names)]
    rows = _rows(columns, "spot", "strike", "time", "rate", "vol", "dividend_yield")

    def work() -> Columns:
        table = np.array([[function(*row) for function in functions] for row in rows])
        return _in_our_units(table[:, 0], dict(zip(names, table[:, 1:].T, strict=True)))

    return work


def vollib_implied_vol(columns: Columns) -> Work:
    """vollib: one option a call; NaN where it raises."""
    solve = importlib.import_module("vollib.black_scholes_merton.implied_volatility").implied_volatility
    rows = _rows(columns, "price", "spot", "strike", "time", "rate", "dividend_yield")

    def one(row: tuple[Any, ...]) -> float:
        flag, price, spot, strike, time, rate, carry = row
        try:
            return float(solve(price, spot, strike, time, rate, carry, flag))
        except Exception:  # noqa: BLE001 - a peer's refusal is an answer
            return float("nan")

    return lambda: {"vol": np.array([one(row) for row in rows])}


warnings.simplefilter("ignore")
TASKS = {
    "volr_greeks": volr_greeks,
    "volr_implied_vol": volr_implied_vol,
    "vectorized_greeks": vectorized_greeks,
    "vectorized_implied_vol": vectorized_implied_vol,
    "fastvollib_greeks": fastvollib_greeks,
    "fastvollib_implied_vol": fastvollib_implied_vol,
    "vollib_greeks": vollib_greeks,
    "vollib_implied_vol": vollib_implied_vol,
}
