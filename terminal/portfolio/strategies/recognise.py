"""What was built: its name, else what it holds. The order of the legs plays no part, nor how many units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from terminal.portfolio.strategies.catalog import STRATEGIES, Strategy, Widths
from terminal.portfolio.strategies.legs import Kind, Shape, Shaped, StrategyLeg, shape_of, units_of

_SAME_WIDTH = 1e-9
_BY_SHAPE: dict[Shape, list[Strategy]] = {}
for _each in STRATEGIES:
    _BY_SHAPE.setdefault(_each.shape, []).append(_each)


@dataclass(frozen=True, slots=True)
class Recognised:
    """``strategy`` is None for what has no name in the catalog; ``name`` says what it is all the same."""

    name: str
    units: int
    strategy: Strategy | None = None


def recognise(legs: Sequence[StrategyLeg]) -> Recognised:
    """The name of ``legs``; of none it is empty."""
    legs = [each for each in legs if each.quantity]
    if not legs:
        return Recognised("", 0)
    shaped = shape_of(legs)
    if shaped is None:
        return Recognised(described(legs), units_of(legs))
    for strategy in _BY_SHAPE.get(shaped.shape, ()):
        if fits(strategy, shaped.strikes):
            return Recognised(strategy.name, shaped.units, strategy)
    return Recognised(_ratio_name(shaped) or described(legs), shaped.units)


def fits(strategy: Strategy, strikes: Sequence[float]) -> bool:
    """Whether the distances of the strikes are those of the strategy."""
    if strategy.widths is Widths.ANY:
        return True
    low, high = strikes[1] - strikes[0], strikes[-1] - strikes[-2]
    is_equal = math.isclose(low, high, rel_tol=_SAME_WIDTH)
    return is_equal == (strategy.widths is Widths.EQUAL)


def described(legs: Sequence[StrategyLeg]) -> str:
    """``Custom: +2 calls, -1 put, +100 shares``, net by kind."""
    parts = []
    for kind, word in ((Kind.CALL, "call"), (Kind.PUT, "put"), (Kind.STOCK, "share")):
        held = [each.quantity for each in legs if each.kind is kind]
        for sign in (1, -1):
            count = sum(each for each in held if each * sign > 0)
            if count:
                parts.append(f"{'+' if sign > 0 else '−'}{abs(count)} {word}{'s' * (abs(count) != 1)}")
    return f"Custom: {', '.join(parts)}"


def _ratio_name(shaped: Shaped) -> str:
    """Two options of one kind and expiry at another ratio than those in the catalog: ``Call ratio spread 2:3``."""
    if len(shaped.shape) != 2 or len(shaped.strikes) != 2 or len(shaped.expiries) != 1:
        return ""
    # The leg nearer to the money of a call spread is the lower strike, of a put spread the higher one.
    low, high = sorted(shaped.shape, key=lambda each: each[2])
    if low[1] != high[1] or low[0] * high[0] > 0:
        return ""
    near, far = (low, high) if low[1] == Kind.CALL.value else (high, low)
    if abs(near[0]) >= abs(far[0]):
        return ""
    word = "ratio spread" if near[0] > 0 else "backspread"
    return f"{'Call' if near[1] == Kind.CALL.value else 'Put'} {word} {abs(near[0])}:{abs(far[0])}"
