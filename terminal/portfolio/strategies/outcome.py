"""What a position can bring: breakevens, the most it gains and loses, and by the market's own density how likely.

Breakevens, most and least are those at the nearest expiry: exact where all options end together, since the payoff is
straight between the strikes; else solved on the model's values of the legs that go on.

Probability and expectation are risk-neutral, by the density of the fitted surface (Breeden and Litzenberger 1978, see
:mod:`terminal.quant.density`): what the quotes price, not what will happen. The expected profit is
``e^(-rT) E[worth at T] - cost``; shares count with what they earn on the way, so a fair stock has none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from terminal.market.analytics.chain_values import ChainValues
from terminal.portfolio.strategies.position import Position, Shift
from terminal.quant import density
from terminal.quant.columns import Floats

_POINTS, _FINE = 240, 33
_SPREAD, _WIDEST = 4.0, 4.0
_NOTHING = 1e-9
_LEAST_WEIGHT = 1e-14


@dataclass(frozen=True, slots=True)
class Outcome:
    """Currency. ``most`` is infinite and ``least`` minus infinite without an end. ``is_exact``: one expiry."""

    breakevens: tuple[float, ...]
    most: float
    least: float
    is_exact: bool
    profit_probability: float = math.nan
    expected: float = math.nan
    curve: tuple[Floats, Floats] = field(default=(np.empty(0), np.empty(0)))
    """Spots and profits at the nearest expiry, what the rest was read from."""


def outcome(position: Position, values: ChainValues | None, shift: Shift | None = None) -> Outcome:
    """Everything at the nearest expiry; probability and expectation are NaN without a fitted surface.

    ``shift`` moves the vols of legs that go on beyond it, and not the density.
    """
    spots = _nodes(position)
    profits = _profits(position, spots, shift)
    breakevens = _breakevens(position, spots, profits, shift)
    slope = position.upside
    most = math.inf if slope > _NOTHING else float(profits.max())
    least = -math.inf if slope < -_NOTHING else float(profits.min())
    chance, expected = math.nan, math.nan
    if values is not None and values.surface is not None and position.horizon_row >= 0:
        chance = _chance(position, values, breakevens, spots, profits)
        expected = _expected(position, values, spots, profits)
    return Outcome(breakevens, most, least, position.is_one_expiry, chance, expected, (spots, profits))


def profit_at_horizon(position: Position, found: Outcome, spots: Floats) -> Floats:
    """Profits at the nearest expiry at ``spots``, from the nodes of ``found``: straight between and beyond them."""
    return _between(position, spots, *found.curve)


def _nodes(position: Position) -> Floats:
    strikes = position.strike[~position.is_stock]
    if position.is_one_expiry:
        top = max(float(strikes.max(initial=0.0)), position.spot) * 2.0
        return np.unique(np.concatenate([[0.0], strikes, [top]]))
    vol, time = float(position.vol.max()), position.horizon
    spread = max(_SPREAD * vol * math.sqrt(time), 0.05)
    top = position.spot * max(_WIDEST, math.exp(2.0 * spread), 2.0 * float(strikes.max()) / position.spot)
    near = position.spot * np.exp(np.linspace(-spread, spread, _POINTS))
    return np.unique(np.concatenate([np.linspace(0.0, top, _POINTS), near, strikes]))


def _profits(position: Position, spots: Floats, shift: Shift | None) -> Floats:
    found = (
        position.payoff(spots) - position.cost
        if position.is_one_expiry
        else position.profit(spots, (position.horizon,), shift)[0]
    )
    scale = max(float(np.abs(position.weight) @ np.abs(position.entry)), 1.0)
    return np.where(np.abs(found) < _NOTHING * scale, 0.0, found)


def _breakevens(position: Position, spots: Floats, profits: Floats, shift: Shift | None) -> tuple[float, ...]:
    found: list[float] = []
    signs = np.sign(profits)
    for low in np.flatnonzero(signs[:-1] * signs[1:] < 0):
        a, b = float(spots[low]), float(spots[low + 1])
        if position.is_one_expiry:
            found.append(_crossing(np.array([a, b]), profits[low : low + 2]))
        else:
            inner = np.linspace(a, b, _FINE)
            found.append(_crossing(inner, _profits(position, inner, shift)))
    # A zero at a node: one breakeven where the sign turns there, both ends of a stretch that is nothing.
    zero = np.flatnonzero(signs == 0)
    for node in zero:
        before, after = (signs[node - 1] if node else 0), (signs[node + 1] if node + 1 < len(signs) else 0)
        if (before or after) and before != after:
            found.append(float(spots[node]))
    last, slope = float(profits[-1]), position.upside
    if last * slope < 0.0:
        found.append(float(spots[-1]) - last / slope)
    return tuple(sorted(found))


def _crossing(spots: Floats, profits: Floats) -> float:
    """Where the line through the points is zero, by the first change of sign."""
    signs = np.sign(profits)
    at = int(np.flatnonzero(signs[:-1] * signs[1:] <= 0)[0])
    rise = float(profits[at + 1] - profits[at])
    return float(spots[at]) if rise == 0.0 else float(spots[at] - profits[at] * (spots[at + 1] - spots[at]) / rise)


def _between(position: Position, at: Floats, spots: Floats, profits: Floats) -> Floats:
    inside = np.interp(at, spots, profits)
    return np.where(at > spots[-1], profits[-1] + position.upside * (at - spots[-1]), inside)


def _chance(
    position: Position, values: ChainValues, breakevens: tuple[float, ...], spots: Floats, profits: Floats
) -> float:
    """The probability of all stretches between breakevens where there is a profit."""
    fitted, row = values.surface, position.horizon_row
    if fitted is None:
        return math.nan
    edges = np.array([0.0, *breakevens, np.inf])
    inner = edges[1:-1]
    below = np.zeros(len(edges))
    below[-1] = 1.0
    if len(inner):
        time, forward = float(values.time[row]), float(values.forward[row])
        found = density.of_surface(fitted, np.maximum(inner, 1e-9), time, forward).below
        below[1:-1] = np.maximum.accumulate(np.clip(np.nan_to_num(found, nan=0.0), 0.0, 1.0))
        if not np.isfinite(found).all():
            return math.nan
    top = max(2.0 * float(edges[-2]), 2.0 * float(spots[-1]))
    middles = 0.5 * (edges[:-1] + np.append(inner, top))
    is_profit = _between(position, middles, spots, profits) > 0.0
    return float(np.clip(np.diff(below)[is_profit].sum(), 0.0, 1.0))


def _expected(position: Position, values: ChainValues, spots: Floats, profits: Floats) -> float:
    fitted, row = values.surface, position.horizon_row
    if fitted is None:
        return math.nan
    time, forward, rate = float(values.time[row]), float(values.forward[row]), float(values.carry.rate[row])
    k, step = density.whole_line(lambda each: fitted.smile(each, time))
    with np.errstate(all="ignore"):
        weight = density.of_smile(fitted.smile(k, time)).density * step
        matters = np.isfinite(weight) & (np.abs(weight) * (1.0 + np.exp(np.minimum(k, 700.0))) > _LEAST_WEIGHT)
    ends = forward * np.exp(k[matters])
    worth = _between(position, ends, spots, profits) + position.cost
    shares = float(position.weight[position.is_stock].sum())
    earned = math.exp(float(values.carry.carry_yield[row]) * time) - 1.0
    found = float(weight[matters] @ (worth + shares * earned * ends))
    return math.exp(-rate * time) * found - position.cost
