"""Legs as columns of one moment: what they are worth at other prices, dates and vols.

Every leg is valued anew in every cell by :mod:`terminal.quant.scenarios`: American options with early exercise. A leg's
vol is that of the middle of its own quote, so that the position as it stands is worth what its quotes say; where there
is no such vol it is the surface's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.market.analytics.chain_values import ChainValues, ValueStatus
from terminal.portfolio.strategies.legs import Kind, StrategyLeg
from terminal.quant import scenarios
from terminal.quant.columns import Flags, Floats
from terminal.quant.scenarios import Book, Style

TENTH_DOWN = -math.log(0.9)
LEAST_VOL = 0.01
_STOCK_DAYS = 30.0
_NO_SHARES = 0.01


class Unpriced(LookupError):
    """A position that cannot be valued; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What the trader thinks of the vols, decimals. ``tilt``: what a strike a tenth below the forward gets on top, and
    one as far above (in log-moneyness) loses."""

    vol: float = 0.0
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class Position:
    """One row a leg. ``weight``: shares it stands for, negative when sold. ``entry``: what a share of it was bought or
    sold at, currency. ``time`` in years, infinite for the stock. ``horizon``: years to the nearest expiry.
    ``horizon_row``: its row in the chain, -1 for stock alone."""

    spot: float
    weight: Floats
    is_stock: Flags
    is_call: Flags
    is_american: Flags
    strike: Floats
    time: Floats
    vol: Floats
    rate: Floats
    carry: Floats
    forward: Floats
    entry: Floats
    horizon: float
    horizon_row: int

    @property
    def cost(self) -> float:
        """What was paid for all of it, currency; negative when it brought money."""
        return float(self.weight @ self.entry)

    @property
    def is_one_expiry(self) -> bool:
        """Whether all options end together, so that the payoff has corners and is straight between them."""
        return bool(np.all(self.is_stock | (self.time == self.horizon)))

    @property
    def upside(self) -> float:
        """Shares held when the underlying is far above all strikes."""
        return float(self.weight[self.is_stock | self.is_call].sum())

    def values(self, spots: Any, elapsed: Any, shift: Shift | None = None) -> Floats:
        """What it is worth at ``spots`` (currency) after ``elapsed`` years, shape (elapsed, spots), currency."""
        spots = np.asarray(spots, np.float64)
        found = scenarios.revalue(self._book(shift or Shift()), spots / self.spot - 1.0, time_shifts=elapsed)
        if found.missing_base or found.missing.any():
            raise Unpriced("The model has no value for one of the legs.")
        return found.base_value + found.pnl[:, :, 0]

    def profit(self, spots: Any, elapsed: Any, shift: Shift | None = None) -> Floats:
        """The same less what it cost."""
        return self.values(spots, elapsed, shift) - self.cost

    def payoff(self, spots: Any) -> Floats:
        """Worth at the end of the one expiry, currency, exactly. Only for :attr:`is_one_expiry`."""
        spots = np.asarray(spots, np.float64)[..., None]
        sign = np.where(self.is_call, 1.0, -1.0)
        each = np.where(self.is_stock, spots, np.maximum(sign * (spots - self.strike), 0.0))
        worth: Floats = each @ self.weight
        return worth

    def _book(self, shift: Shift) -> Book:
        vol = self.vol
        if shift != Shift():
            with np.errstate(divide="ignore", invalid="ignore"):
                lean = np.where(self.is_stock, 0.0, -np.log(self.strike / self.forward) / TENTH_DOWN)
            vol = np.where(self.is_stock, 0.0, np.maximum(self.vol + shift.vol + shift.tilt * lean, LEAST_VOL))
        style = np.where(self.is_stock, Style.LINEAR, np.where(self.is_american, Style.AMERICAN, Style.EUROPEAN))
        time = np.where(self.is_stock, 0.0, self.time)
        return Book(
            self.spot, self.strike, time, vol, self.rate, self.carry, self.is_call, self.weight, style=style
        )  # fmt: skip


def position_of(
    legs: Sequence[StrategyLeg], values: ChainValues, entries: Sequence[float], multiplier: float = 100.0
) -> Position:
    """``legs`` at the moment of ``values``; ``entries``: what a share of each is bought or sold at, NaN takes the
    model's value.

    Raises Unpriced, with a sentence, for a leg that is not in the chain, has expired or has no vol.
    """
    if not legs:
        raise Unpriced("There are no legs.")
    if not math.isfinite(values.spot.price):
        raise Unpriced("The underlying has no price.")
    rows = [_row_of(leg, values) for leg in legs]
    is_stock = np.array([each.kind is Kind.STOCK for each in legs])
    place = np.array([values.contracts.expiry_row[row] if row >= 0 else 0 for row in rows], np.int64)
    row = np.maximum(rows, 0)
    chain = values.values[row] if values.contracts.count else np.zeros(len(legs), values.values.dtype)
    vol = np.where(np.isfinite(chain["mid_vol"]), chain["mid_vol"], chain["vol"])
    _check(legs, chain, vol)

    def by_expiry(column: Floats) -> Floats:
        return np.where(is_stock, 0.0, column[place] if len(column) else 0.0)

    rate, carry = by_expiry(values.carry.rate), by_expiry(values.carry.carry_yield)
    time = np.where(is_stock, np.inf, by_expiry(values.time))
    model = np.where(is_stock, values.spot.price, chain["value"])
    entry = np.where(np.isfinite(entries), entries, model)
    weight = np.array([each.quantity * (1.0 if each.kind is Kind.STOCK else multiplier) for each in legs])
    nearest = int(np.argmin(time))
    # The same as the chain's own values: two rates below zero are priced without early exercise.
    is_american = np.array([r >= 0 and bool(values.contracts.is_american[r]) for r in rows])
    return Position(
        values.spot.price, weight, is_stock, np.array([each.kind is Kind.CALL for each in legs]),
        is_american & ~((rate < 0.0) & (carry < 0.0)), np.array([each.strike for each in legs]), time,
        np.where(is_stock, 0.0, vol), rate, carry, np.where(is_stock, values.spot.price, by_expiry(values.forward)),
        entry, _STOCK_DAYS / 365.0 if is_stock.all() else float(time[nearest]),
        -1 if is_stock.all() else int(place[nearest]),
    )  # fmt: skip


def _row_of(leg: StrategyLeg, values: ChainValues) -> int:
    if leg.kind is Kind.STOCK:
        return -1
    found = np.flatnonzero(values.contracts.ids == leg.instrument)
    if not len(found):
        raise Unpriced(f"The {leg.strike:g} {leg.kind.name.lower()} is not in the chain.")
    return int(found[0])


def _check(legs: Sequence[StrategyLeg], chain: Any, vol: Floats) -> None:
    for leg, row, known in zip(legs, chain, np.isfinite(vol), strict=True):
        if leg.kind is Kind.STOCK:
            continue
        name = f"The {leg.strike:g} {leg.kind.name.lower()}"
        if row["status"] == ValueStatus.EXPIRED:
            raise Unpriced(f"{name} has expired; remove it or move it to another expiry.")
        if row["status"] == ValueStatus.ADJUSTED:
            raise Unpriced(f"{name} delivers something else than 100 shares and is not valued.")
        if not known or not np.isfinite(row["value"]):
            raise Unpriced(f"{name} has no vol: no sound quote, and no surface that reaches it.")
