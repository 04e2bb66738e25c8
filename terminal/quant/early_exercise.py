"""Put-call parity of American options: the line of European parity under what early exercise adds to call and put.

American calls and puts of a strike differ from ``discount (forward - strike)`` by what the right to exercise early is
worth to the one less what it is worth to the other. Both follow from the forward, the discount and the volatility of
the strike, and these from quotes without that worth; so they are found together, round by round.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from terminal.quant import american, american_dividends, european, implied_vol, robust_line
from terminal.quant.robust_line import Flags, Floats, Line

_MOST_ROUNDS = 30
_SETTLED, _SETTLED_ERROR = 1e-7, 0.01
"""Of the spot, and of the standard error of the line: what moves less has settled."""
_LEAST_TIME_VALUE = 0.1
"""Of a pair's tolerance: with less, the side in the money is worth its exercise whatever the forward is."""
_FREE_ROUNDS = 3
"""Afterwards pairs drop out for good, so that those that stay can settle."""
_NODES = np.cos(np.pi * np.array([0.125, 0.375, 0.625, 0.875]))
_USUAL_REACH = 4.0
"""How many median deviations from the median the volatilities of a smile reach; evenly spread ones reach 2."""
_BOTH = np.array([[True], [False]])


@dataclass(frozen=True, slots=True)
class AmericanPairs:
    """Middles of calls and puts by strike, each difference known within ``tolerance``; times in years."""

    strike: Floats
    call: Floats
    put: Floats
    tolerance: Floats
    spot: float
    time: float
    ex_times: Floats


@dataclass(frozen=True, slots=True)
class AmericanLine:
    """``line``: European parity through the pairs that tell anything (``is_alive``), None when it did not settle.
    ``premium``: what early exercise adds to call minus put of those pairs."""

    line: Line | None
    is_alive: Flags
    premium: Floats


def fit_line(pairs: AmericanPairs, slope: float, slope_error: float) -> AmericanLine:
    """The line as :func:`robust_line.fit` finds it once early exercise is taken off, by American prices at the
    volatility of each strike's side out of the money, with dividends in equal parts at ``ex_times`` or as a yield.

    The rounds start from the expected slope and are accelerated by Anderson's (1965) mixing of the last two.
    """
    allowed = np.ones(len(pairs.strike), np.bool_)
    is_alive, premium = allowed, np.zeros(len(pairs.strike))
    start = robust_line.fit(pairs.strike, pairs.call - pairs.put, pairs.tolerance, slope, 0.0)
    at = np.array([start.level + start.slope * (pairs.spot - start.centre), start.slope])
    vol = np.full(len(pairs.strike), np.nan)
    least = np.array([pairs.spot, 1.0])
    seen: list[tuple[Floats, Floats]] = []
    for turn in range(_MOST_ROUNDS):
        is_alive, premium, vol = _exercise(pairs, at, vol)
        if turn >= _FREE_ROUNDS:
            is_alive &= allowed
            allowed = is_alive
        if not is_alive.any():
            return AmericanLine(None, is_alive, np.empty(0))
        plain = (pairs.call - pairs.put - premium)[is_alive]
        line = robust_line.fit(pairs.strike[is_alive], plain, pairs.tolerance[is_alive], slope, slope_error)
        found = np.array([line.level + line.slope * (pairs.spot - line.centre), line.slope])
        near = np.maximum(_SETTLED * least, _SETTLED_ERROR * _errors(line, pairs.spot))
        if turn > 0 and np.all(np.abs(found - at) <= near):
            return AmericanLine(line, is_alive, premium[is_alive])
        seen = [*seen[-2:], (at, found)]
        at = _mixed(seen) if turn >= _FREE_ROUNDS else found
    return AmericanLine(None, is_alive, premium[is_alive])


def _exercise(pairs: AmericanPairs, at: Floats, vol: Floats) -> tuple[Flags, Floats, Floats]:
    """At a line of this height at the spot and this slope: which pairs tell anything, what early exercise adds to
    call minus put, and the next volatilities (NaN: none yet)."""
    height, slope = at
    if not (slope < 0.0 and height - slope * pairs.spot > 0.0):
        return np.zeros(len(vol), np.bool_), vol, vol
    discount = -slope
    forward = pairs.spot + height / discount
    rate = float(-np.log(discount) / pairs.time)
    carry_yield = rate - float(np.log(forward / pairs.spot)) / pairs.time
    is_call = pairs.strike >= forward
    outside = np.where(is_call, pairs.call, pairs.put)
    contract = (pairs.spot, pairs.strike, pairs.time)
    first, _ = implied_vol.european(outside, *contract, rate, carry_yield, is_call)
    vol = np.where(np.isnan(vol), first, vol)
    prices = _prices(pairs, vol, rate, carry_yield, pairs.spot - forward * discount)
    # One step of Newton's method a round, with the vega of the European option.
    vega = european.greeks(*contract, vol, rate, carry_yield, is_call).vega
    step = (outside - np.where(is_call, *prices)) / vega
    better = vol + np.clip(step, -0.5 * vol, vol)
    time_value = np.where(is_call, prices[1], prices[0]) - np.abs(pairs.strike - pairs.spot)
    # Where carry is worth nothing against the tolerance, it does not matter that exercise is near.
    carry = pairs.strike * abs(1.0 - discount) + abs(pairs.spot - forward * discount)
    dead = (time_value <= _LEAST_TIME_VALUE * pairs.tolerance) & (carry > _LEAST_TIME_VALUE * pairs.tolerance)
    premium = prices[0] - prices[1] - discount * (forward - pairs.strike)
    return np.isfinite(premium) & ~dead, premium, better


def _prices(pairs: AmericanPairs, vol: Floats, rate: float, carry_yield: float, cash: float) -> Floats:
    """American calls and puts. ``cash``: the present value of the dividends, paid in equal parts where their times are
    known, else by the yield that is worth as much."""
    ex_times = pairs.ex_times[(pairs.ex_times > 0.0) & (pairs.ex_times <= pairs.time)]
    contract = (pairs.spot, pairs.strike, pairs.time, vol, rate)
    if not len(ex_times) or cash <= 0.0:
        plain: Floats = european.price(*contract, carry_yield, _BOTH)
        return plain + _premiums(pairs, vol, rate, carry_yield)
    part = cash / float(np.sum(np.exp(-rate * ex_times)))
    schedule = [(each, part) for each in ex_times]
    with_cash: Floats = american_dividends.price(*contract, 0.0, _BOTH, schedule, resolution=american_dividends.FAST)
    return with_cash


def _premiums(pairs: AmericanPairs, vol: Floats, rate: float, carry_yield: float) -> Floats:
    """What early exercise adds to calls and puts: from its values at a few volatilities, each of which has one exercise
    boundary for all strikes, by the polynomial through Chebyshev's nodes."""
    known = vol[np.isfinite(vol)]
    if not len(known):
        return np.full((2, len(vol)), np.nan)
    if rate < 0.0 and carry_yield < 0.0:
        # Two boundaries or none: exercise is worth a few cents in 100 at most, and such rates are passed by, not meant.
        return np.where(np.isfinite(vol), np.zeros((2, 1)), np.nan)
    # The volatility of a bad quote is cut: it shall not draw the nodes apart.
    usual = np.median(known)
    reach = _USUAL_REACH * np.median(np.abs(known - usual))
    low, high = max(known.min(), usual - reach), min(known.max(), usual + reach)
    at = np.clip(vol, low, high)
    nodes = 0.5 * (low + high) + 0.5 * (high - low) * _NODES if high > low else np.array([low])
    contract = (pairs.spot, pairs.strike, pairs.time, nodes[:, None, None], rate, carry_yield, _BOTH)
    extra = american.price(*contract, accuracy=american.Accuracy.FAST) - european.price(*contract)
    weights = np.ones((len(nodes), len(at)))
    for one, other in itertools.permutations(range(len(nodes)), 2):
        weights[one] *= (at - nodes[other]) / (nodes[one] - nodes[other])
    found: Floats = np.einsum("nk,nrk->rk", weights, extra)
    return found


def _errors(line: Line, spot: float) -> Floats:
    """Standard errors of the height at the spot and of the slope."""
    reach = np.array([1.0, spot - line.centre])
    return np.sqrt([reach @ line.covariance @ reach, line.covariance[1, 1]])


def _mixed(seen: list[tuple[Floats, Floats]]) -> Floats:
    """Where the rounds head for: the mean of their results, weighted so that their steps cancel."""
    starts, ends = (np.array(each) for each in zip(*seen, strict=True))
    steps = ends - starts
    if not np.isfinite(steps).all():
        return ends[-1]
    share, *_ = np.linalg.lstsq((steps[-1] - steps[:-1]).T, steps[-1], rcond=1e-10)
    return ends[-1] - share @ (ends[-1] - ends[:-1])
