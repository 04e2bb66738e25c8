"""What the builder's pictures and sums are made of, reckoned on a thread of its own: American prices are no work for a
frame. The option models are imported there, once the analytics have shown that they are compiled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from terminal.core.money import MONEY_SCALE
from terminal.market.analytics.chain_values import ChainValues
from terminal.portfolio.strategies.combination import NetGreeks, net_greeks
from terminal.portfolio.strategies.legs import StrategyLeg
from terminal.risk.margin import BuyingPower, UnpricedError

if TYPE_CHECKING:
    from terminal.portfolio.strategies.outcome import Outcome
    from terminal.portfolio.strategies.position import Position, Shift

Floats = npt.NDArray[np.float64]
Trades = Sequence[tuple[int, int, int]]
IfTraded = Callable[[Trades], tuple[BuyingPower, BuyingPower]]
"""Buying power before and after trades; raises UnpricedError."""

CURVE_POINTS = 121
TABLE_PRICES, TABLE_DATES = 15, 7
_DEVIATIONS, _LEAST_PART = 3.0, 0.02
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the sliders say. ``part``: of the way to the nearest expiry, 0 today, 1 at the expiry. ``vol`` and ``tilt``:
    decimals, see :class:`terminal.portfolio.strategies.position.Shift`."""

    part: float = 0.5
    vol: float = 0.0
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """One position at one moment under one scenario. ``entries``: what a share of each leg is bought or sold at, NaN
    takes the model's value. ``if_traded`` is None where margin has no meaning, as in the past."""

    legs: tuple[StrategyLeg, ...]
    values: ChainValues
    entries: tuple[float, ...]
    scenario: Scenario
    if_traded: IfTraded | None = None


@dataclass(frozen=True, slots=True)
class Curves:
    """Profits at ``spots``, currency."""

    spots: Floats
    expiry: Floats
    today: Floats
    chosen: Floats


@dataclass(frozen=True, slots=True)
class Grid:
    """Profits of prices (rows, descending) by years from now (columns), currency."""

    prices: Floats
    elapsed: Floats
    profits: Floats


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The answer to a request; ``problem`` says why there is none, and then nothing else is set.

    ``horizon``: years to the nearest expiry. ``deviation``: one standard deviation of the underlying by then, currency,
    NaN without a surface. ``margin_e4``: what the position takes from the buying power, ``margin_problem`` why that is
    not known. ``at_model``: whether a leg without a middle was taken at the model's value.
    """

    request: Request
    problem: str = ""
    horizon: float = math.nan
    spot: float = math.nan
    deviation: float = math.nan
    outcome: Outcome | None = None
    curves: Curves | None = None
    grid: Grid | None = None
    greeks: NetGreeks | None = None
    margin_e4: int | None = None
    margin_problem: str = ""
    at_model: bool = False
    cost: float = math.nan


def reckon(request: Request) -> Reckoned:
    """Everything the builder shows beside the quotes; never raises for what a leg or the chain lacks."""
    from terminal.portfolio.strategies.outcome import outcome  # noqa: PLC0415 - see the head of this module
    from terminal.portfolio.strategies.position import Shift, Unpriced, position_of  # noqa: PLC0415

    scenario, values = request.scenario, request.values
    shift = Shift(scenario.vol, scenario.tilt)
    try:
        position = position_of(request.legs, values, request.entries)
        found = outcome(position, values, shift)
        deviation = values.expected_move(position.horizon_row) if position.horizon_row >= 0 else math.nan
        low, high = _window(position, deviation)
        curves = _curves(position, found, scenario, shift, low, high)
        grid = _grid(position, shift, low, high)
    except Unpriced as unpriced:
        return Reckoned(request, str(unpriced))
    margin_e4, margin_problem = _margin(request, position)
    return Reckoned(
        request, "", position.horizon, position.spot, deviation, found, curves, grid,
        net_greeks(request.legs, values, position), margin_e4, margin_problem,
        bool(np.isnan(request.entries).any()), position.cost,
    )  # fmt: skip


def _window(position: Position, deviation: float) -> tuple[float, float]:
    """The prices worth looking at: three deviations either way, and all strikes with some room."""
    part = deviation / position.spot
    if not math.isfinite(part):
        part = float(position.vol.max(initial=0.0)) * math.sqrt(position.horizon)
    part = max(part, _LEAST_PART)
    low, high = position.spot * math.exp(-_DEVIATIONS * part), position.spot * math.exp(_DEVIATIONS * part)
    strikes = position.strike[~position.is_stock]
    if len(strikes):
        room = 0.06 * (max(high, float(strikes.max())) - min(low, float(strikes.min())))
        low, high = min(low, float(strikes.min()) - room), max(high, float(strikes.max()) + room)
    return max(low, 0.0), high


def _curves(position: Position, found: Outcome, scenario: Scenario, shift: Shift, low: float, high: float) -> Curves:
    from terminal.portfolio.strategies.outcome import profit_at_horizon  # noqa: PLC0415

    corners = [*position.strike[~position.is_stock], *found.breakevens, position.spot]
    corners = [each for each in corners if low < each < high]
    spots = np.unique(np.concatenate([np.linspace(low, high, CURVE_POINTS), corners]))
    at_expiry = profit_at_horizon(position, found, spots)
    if scenario.part >= 1.0:
        today = position.profit(spots, (0.0,), shift)[0]
        return Curves(spots, at_expiry, today, at_expiry)
    chosen = position.profit(spots, (0.0, scenario.part * position.horizon), shift)
    return Curves(spots, at_expiry, chosen[0], chosen[1])


def _grid(position: Position, shift: Shift, low: float, high: float) -> Grid:
    step = round_step((high - low) / TABLE_PRICES)
    middle = round(position.spot / step)
    places = np.arange(middle + TABLE_PRICES // 2, middle - TABLE_PRICES // 2 - 1, -1, dtype=np.float64)
    prices = places[places >= 0] * step
    elapsed = np.linspace(0.0, position.horizon, TABLE_DATES)
    profits = position.profit(prices, elapsed, shift)
    return Grid(prices, elapsed, np.ascontiguousarray(profits.T))


def round_step(least: float) -> float:
    """The round number next above: 1, 2, 2.5 or 5 times a power of ten; no less than a cent."""
    if not least > 0.01:
        return 0.01
    power = 10.0 ** math.floor(math.log10(least))
    return next(each * power for each in _STEPS if each * power >= least * (1.0 - 1e-12))


def _margin(request: Request, position: Position) -> tuple[int | None, str]:
    if request.if_traded is None:
        return None, ""
    trades = [
        (leg.instrument, leg.quantity, round(weight * entry * MONEY_SCALE))
        for leg, weight, entry in zip(request.legs, position.weight.tolist(), position.entry.tolist(), strict=True)
    ]
    try:
        before, after = request.if_traded(trades)
    except UnpricedError as unpriced:
        return None, f"{unpriced}."
    return before.available_e4 - after.available_e4, ""
