"""What dealers hold, under a named assumption, and how their hedges move: gamma, vanna and charm by strike.

Gamma exposure is the currency of underlying that dealers' delta changes by when it moves 1 %: gamma times spot squared
times 0.01, times contracts and multiplier. Vanna: the same for one point of vol; charm: for one calendar day. Where
dealers are short gamma they buy what rises and sell what falls; the flip level is the spot at which their gamma in all
strikes together crosses zero, each contract's vol staying what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from terminal.market.analytics.chain_values import ChainValues
from terminal.market.analytics.contracts import STANDARD_SHARES
from terminal.quant import european
from terminal.quant.columns import Floats

REACH, STEPS = 0.15, 61
"""The flip level is looked for this far around the spot, at so many levels."""
DAYS_PER_YEAR = 365.0


class Holding(Enum):
    """What customers are taken to hold; dealers hold the other side."""

    CALLS_SOLD = "calls sold, puts bought"
    """Of all open interest: they overwrite with calls and insure with puts."""
    CALLS_BOUGHT = "calls bought, puts sold"
    """Of all open interest."""
    BY_SIDE = "today's trades by estimated side"
    """Contracts bought less contracts sold since the session began; open interest says nothing about sides."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Dealers' exposure of one underlying. ``strikes``: ascending, currency; ``gamma`` (per 1 % move), ``vanna`` (per
    point of vol), ``charm`` (per calendar day): (2, strikes), calls then puts, currency of delta. ``flip``: NaN where
    gamma crosses zero nowhere within REACH. ``counted``, ``left_out``: contracts with a position that have Greeks, and
    that have none. ``now_ns``: of the Greeks."""

    underlying: int
    holding: Holding
    now_ns: int
    spot: float
    strikes: Floats
    gamma: Floats
    vanna: Floats
    charm: Floats
    flip: float
    counted: int
    left_out: int

    @property
    def total_gamma(self) -> float:
        """Of all strikes."""
        return float(self.gamma.sum())


def exposure(
    values: ChainValues, interest: npt.NDArray[np.int64], bought: npt.NDArray[np.int64], holding: Holding
) -> Exposure:
    """``interest``: open interest, ``bought``: contracts bought less sold today; both by contract of the chain."""
    contracts, rows = values.contracts, values.values
    held = dealer_contracts(contracts.is_call, interest, bought, holding)
    alive = (held != 0.0) & (values.time[contracts.expiry_row] > 0.0)
    known = alive & np.isfinite(rows["gamma"]) & np.isfinite(rows["vanna"]) & np.isfinite(rows["charm"])
    strikes, place = np.unique(contracts.strike[known], return_inverse=True)
    units = held[known] * STANDARD_SHARES
    spot = values.spot.price
    side = np.where(contracts.is_call[known], 0, 1)

    def summed(each: Floats) -> Floats:
        found = np.zeros((2, len(strikes)))
        np.add.at(found, (side, place), each)
        return found

    return Exposure(
        contracts.underlying, holding, values.now_ns, spot, strikes,
        summed(units * rows["gamma"][known] * spot * spot * 0.01),
        summed(units * rows["vanna"][known] * spot * 0.01),
        summed(units * rows["charm"][known] * spot / DAYS_PER_YEAR),
        flip_level(values, held, known), int(known.sum()), int((alive & ~known).sum()),
    )  # fmt: skip


def dealer_contracts(
    is_call: npt.NDArray[np.bool_], interest: npt.NDArray[np.int64], bought: npt.NDArray[np.int64], holding: Holding
) -> Floats:
    """Contracts that dealers are long (negative: short), by contract."""
    if holding is Holding.BY_SIDE:
        return -bought.astype(np.float64)
    sign = np.where(is_call, 1.0, -1.0) if holding is Holding.CALLS_SOLD else np.where(is_call, -1.0, 1.0)
    found: Floats = sign * interest
    return found


def flip_level(values: ChainValues, held: Floats, known: npt.NDArray[np.bool_]) -> float:
    """The spot nearest to this one at which dealers' gamma is zero; NaN for none."""
    spot, contracts = values.spot.price, values.contracts
    rows = np.flatnonzero(known & np.isfinite(values.values["vol"]) & (values.values["vol"] > 0.0))
    if not len(rows) or not spot > 0.0:
        return float("nan")
    place = contracts.expiry_row[rows]
    levels = spot * np.linspace(1.0 - REACH, 1.0 + REACH, STEPS)
    totals = np.empty(STEPS)
    for at, level in enumerate(levels):
        gamma = european.greeks(
            np.full(len(rows), level), contracts.strike[rows], values.time[place], values.values["vol"][rows],
            values.carry.rate[place], values.carry.carry_yield[place], contracts.is_call[rows],
        ).gamma  # fmt: skip
        totals[at] = float(np.nansum(gamma * held[rows])) * level * level
    # Levels at which the gamma of all contracts is too small for a number have no sign, and are no crossing.
    told = np.flatnonzero(totals)
    low, high = told[:-1], told[1:]
    is_crossed = np.sign(totals[low]) != np.sign(totals[high])
    low, high = low[is_crossed], high[is_crossed]
    if not len(low):
        return float("nan")
    share = totals[low] / (totals[low] - totals[high])
    flips = levels[low] + share * (levels[high] - levels[low])
    return float(flips[np.argmin(np.abs(flips - spot))])
