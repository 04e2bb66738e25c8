"""Longstaff and Schwartz's (2001) least-squares Monte Carlo: American prices from below, without grid or boundary.

One set of paths teaches the rule when to exercise, another, independent one prices it, so that the estimate is a lower
bound and not biased by foresight. What is regressed is the premium of holding over the European value, on polynomials
of the spot where exercise would pay; the European value at the time of exercise, whose mean is known, is the control
variate too (Rasmussen 2005), which leaves about a tenth of the standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial

from terminal.quant import european, monte_carlo
from terminal.quant.columns import Floats
from terminal.quant.monte_carlo import Draws, Estimate, GeometricBrownian, Paths, Sampling

_TRAINING_SHARE = 4
"""One training path for so many pricing paths."""
_DRAWS = Draws()


@dataclass(frozen=True, slots=True)
class _Option:
    model: GeometricBrownian
    strike: float
    time: float
    is_call: bool

    def gain(self, spots: Floats) -> Floats:
        """What exercise pays."""
        return np.maximum(spots - self.strike if self.is_call else self.strike - spots, 0.0)

    def held(self, spots: Floats, at: float) -> Floats:
        """European values at time ``at``."""
        model = self.model
        return european.price(
            spots, self.strike, self.time - at, model.vol, model.rate, model.dividend_yield, self.is_call
        )

    def carried(self, at: float) -> float:
        """What money at time ``at`` has become at expiry."""
        return float(np.exp(self.model.rate * (self.time - at)))


@dataclass(frozen=True, slots=True)
class _Rule:
    """The regressions, date by date; as a payoff, what the rule earns beyond the European option, at expiry."""

    option: _Option
    premiums: list[Polynomial | None]

    def exercised(self, date: int, at: float, spots: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Where the rule stops at ``date``, the last of which is expiry."""
        gain = self.option.gain(spots)
        premium = self.premiums[date]
        stops = np.zeros(spots.size, np.bool_)
        if premium is None:
            return stops
        inside = np.flatnonzero(gain > 0.0)
        known = np.clip(spots[inside], *premium.domain)
        stops[inside] = gain[inside] >= self.option.held(spots[inside], at) + premium(known)
        return stops

    def __call__(self, paths: Paths) -> Floats:
        """One amount a path."""
        option = self.option
        amounts, open_paths = np.zeros(len(paths.spot)), np.ones(len(paths.spot), np.bool_)
        for date, at in enumerate(paths.times[1:-1], 1):
            spots = paths.spot[:, date]
            rows = np.flatnonzero(open_paths)
            rows = rows[self.exercised(date, at, spots[rows])]
            beyond = option.gain(spots[rows]) - option.held(spots[rows], at)
            amounts[rows] = beyond * option.carried(at)
            open_paths[rows] = False
        return amounts


def price(
    spot: float, strike: float, time: float, vol: float, rate: float, dividend_yield: float, is_call: bool,
    draws: Draws = _DRAWS, dates: int = 100, degree: int = 4,
) -> Estimate:  # fmt: skip
    """A lower bound of the American price, up to its standard error, from exercise at ``dates`` equal steps of time.

    Few dates leave out a little: about the price's change over half a step of time at the boundary. Raises ValueError
    for numbers no such option has.
    """
    if not (strike > 0.0 and time > 0.0 and np.isfinite(strike + time)) or dates < 2 or degree < 1:
        raise ValueError("strike and time are positive, with two dates and a polynomial of the first degree at least")
    option = _Option(GeometricBrownian(spot, vol, rate, dividend_yield), strike, time, is_call)
    times = np.linspace(0.0, time, dates + 1)[1:]
    lesson = Draws(max(1024, draws.paths // _TRAINING_SHARE), draws.seed + 1_000_003, Sampling.ANTITHETIC)
    rule = _learned(option, monte_carlo.paths(option.model, times, lesson), degree)
    premium = monte_carlo.price(option.model, times, rule, draws)
    value = premium.value + float(option.held(np.array([spot]), 0.0)[0])
    at_once = float(option.gain(np.array([spot]))[0])
    if at_once >= value:
        return Estimate(at_once, 0.0, premium.paths)
    return Estimate(value, premium.standard_error, premium.paths)


def _learned(option: _Option, paths: Paths, degree: int) -> _Rule:
    """Backward induction over the training paths; ``earned`` is what the rule so far gets beyond the European value."""
    dates = len(paths.times) - 1
    rule = _Rule(option, [None] * (dates + 1))
    earned = np.zeros(len(paths.spot))
    for date in range(dates - 1, 0, -1):
        at = float(paths.times[date])
        spots = paths.spot[:, date]
        inside = np.flatnonzero(option.gain(spots) > 0.0)
        if inside.size > 10 * (degree + 1) and np.ptp(spots[inside]) > 0.0:
            # In money of this date, as the European value is.
            known = earned[inside] / option.carried(at)
            rule.premiums[date] = Polynomial.fit(spots[inside], known, degree)
        stops = rule.exercised(date, at, spots)
        beyond = option.gain(spots[stops]) - option.held(spots[stops], at)
        earned[stops] = beyond * option.carried(at)
    return rule
