"""One leg of a strategy, and the shape of all of them together: what is left when size and prices are taken away."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

ROUND_LOT = 100
"""Shares that one option contract delivers."""


class Kind(Enum):
    """What a leg is."""

    STOCK = "S"
    CALL = "C"
    PUT = "P"


@dataclass(frozen=True, slots=True)
class StrategyLeg:
    """``quantity``: contracts, or shares of the stock; negative when sold. ``strike`` in currency and ``expires_ns``
    are 0 for the stock. ``instrument``: its id, -1 where it has none yet."""

    quantity: int
    kind: Kind
    strike: float = 0.0
    expires_ns: int = 0
    instrument: int = -1


Place = tuple[int, str, int, int]
"""Ratio, kind's letter, rank of the strike and rank of the expiry, -1 for the stock."""
Shape = tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Shaped:
    """``units``: how many times ``shape`` was built. ``strikes``: the distinct ones, ascending."""

    units: int
    shape: Shape
    strikes: tuple[float, ...]
    expiries: tuple[int, ...]


def units_of(legs: Iterable[StrategyLeg]) -> int:
    """How many times the smallest whole combination was built; shares that make no round lot make it 1."""
    found = 0
    for leg in legs:
        if leg.kind is Kind.STOCK and leg.quantity % ROUND_LOT:
            return 1
        found = math.gcd(found, leg.quantity // ROUND_LOT if leg.kind is Kind.STOCK else leg.quantity)
    return max(found, 1)


def shape_of(legs: Sequence[StrategyLeg]) -> Shaped | None:
    """The shape, whatever the order and the size; None without legs and for shares that make no round lot.

    Legs of one contract are added up first.
    """
    sums: dict[tuple[Kind, float, int], int] = {}
    for leg in legs:
        key = (leg.kind, leg.strike, leg.expires_ns)
        sums[key] = sums.get(key, 0) + leg.quantity
    sums = {key: quantity for key, quantity in sums.items() if quantity}
    if not sums or any(key[0] is Kind.STOCK and quantity % ROUND_LOT for key, quantity in sums.items()):
        return None
    units = units_of(StrategyLeg(quantity, *key) for key, quantity in sums.items())
    options = [key for key in sums if key[0] is not Kind.STOCK]
    strikes = tuple(sorted({strike for _, strike, _ in options}))
    expiries = tuple(sorted({expires_ns for _, _, expires_ns in options}))
    places: list[Place] = []
    for (kind, strike, expires_ns), quantity in sums.items():
        if kind is Kind.STOCK:
            places.append((quantity // ROUND_LOT // units, kind.value, -1, -1))
        else:
            places.append((quantity // units, kind.value, strikes.index(strike), expiries.index(expires_ns)))
    return Shaped(units, tuple(sorted(places)), strikes, expiries)
