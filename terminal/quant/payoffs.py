"""Payoffs of whole paths for :mod:`terminal.quant.monte_carlo`, and the closed form that checks one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from terminal.quant import european
from terminal.quant.columns import Floats
from terminal.quant.monte_carlo import Paths
from terminal.quant.monte_carlo_kernel import survival


@dataclass(frozen=True, slots=True)
class EuropeanPayoff:
    """What the last spot is worth against ``strike``."""

    strike: float
    is_call: bool

    def __call__(self, paths: Paths) -> Floats:
        """One amount a path."""
        return _gain(paths.spot[:, -1], self.strike, self.is_call)


class Average(Enum):
    """How an Asian option averages the spots at the dates, today's not among them."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


@dataclass(frozen=True, slots=True)
class AsianPayoff:
    """What the average spot is worth against ``strike``."""

    strike: float
    is_call: bool
    average: Average = Average.ARITHMETIC

    def __call__(self, paths: Paths) -> Floats:
        """One amount a path."""
        spots = paths.spot[:, 1:]
        mean = spots.mean(axis=1) if self.average is Average.ARITHMETIC else np.exp(np.log(spots).mean(axis=1))
        return _gain(mean, self.strike, self.is_call)


class Knock(Enum):
    """What crossing the barrier does; the direction comes from the side on which the spot starts."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class BarrierPayoff:
    """A European payoff that needs the barrier untouched (OUT) or touched (IN).

    The barrier is watched at the dates, today included. With ``continuous_vol``, the vol of a geometric Brownian
    motion, it is watched at all times: each path then counts by its chance of not crossing between dates.
    """

    strike: float
    is_call: bool
    barrier: float
    knock: Knock = Knock.OUT
    continuous_vol: float = 0.0

    def __call__(self, paths: Paths) -> Floats:
        """One amount a path."""
        alive = np.empty(len(paths.spot))
        is_up = bool(self.barrier > paths.spot[0, 0])
        survival(paths.spot, np.diff(paths.times), self.barrier, is_up, self.continuous_vol, alive)
        weight = alive if self.knock is Knock.OUT else 1.0 - alive
        return weight * _gain(paths.spot[:, -1], self.strike, self.is_call)


def _gain(level: Floats, strike: float, is_call: bool) -> Floats:
    return np.maximum(level - strike if is_call else strike - level, 0.0)


def geometric_asian_price(
    spot: float, strike: float, times: Sequence[float] | Floats, vol: float, rate: float, dividend_yield: float,
    is_call: bool,
) -> float:  # fmt: skip
    """Price of the option on the geometric mean of the spots at ``times``, in years (Kemna and Vorst 1990, discrete).

    The log of the mean is normal: its variance is that of the mean of a Brownian motion at the dates. Raises ValueError
    unless these are finite and rise from 0 or above.
    """
    dates = np.asarray(times, np.float64)
    if dates.size == 0 or not np.isfinite(dates).all() or (np.diff(dates, prepend=0.0) < 0.0).any():
        raise ValueError("times are finite and rise from 0")
    count = dates.size
    # The increment before date i is in the mean count - i times.
    increments = np.diff(dates, prepend=0.0)
    share = np.arange(count, 0, -1) / count
    variance = vol**2 * float((share**2 * increments).sum())
    forward = spot * np.exp((rate - dividend_yield - 0.5 * vol**2) * dates.mean() + 0.5 * variance)
    last = float(dates[-1])
    undiscounted = european.price(forward, strike, 1.0, np.sqrt(variance), 0.0, 0.0, is_call)
    return float(undiscounted * np.exp(-rate * last))
