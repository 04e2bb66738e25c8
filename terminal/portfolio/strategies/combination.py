"""What a combination costs as one: natural, mid and far price, and its net Greeks in the house's units.

Prices are per unit and share, as combinations are quoted: positive is paid, negative received, on the tick of 0.01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.core.ticks import TickClass
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.rows import Quality, Rows
from terminal.portfolio.strategies.legs import ROUND_LOT, Kind, StrategyLeg, units_of

if TYPE_CHECKING:
    from terminal.portfolio.strategies.position import Position

DAYS_PER_YEAR = 365.0
_POINT = 0.01


@dataclass(frozen=True, slots=True)
class CombinationPrice:
    """At scale 10,000, None where a leg lacks that side. ``natural_px``: every leg crosses its spread; ``far_px``:
    every leg is filled at its own side, the best one can hope for. ``oldest_ts_ns``: when the oldest side of all
    legs last changed, 0 where one was never quoted."""

    natural_px: int | None
    mid_px: int | None
    far_px: int | None
    oldest_ts_ns: int


@dataclass(frozen=True, slots=True)
class NetGreeks:
    """Of the whole position: ``delta`` in shares, ``delta_cash`` in currency; ``gamma`` by 1.00 of the underlying and
    ``gamma_percent`` by 1 % of it, in shares; ``theta`` by calendar day, ``vega`` and ``rho`` by point, currency."""

    delta: float
    delta_cash: float
    gamma: float
    gamma_percent: float
    theta: float
    vega: float
    rho: float


def combination_price(legs: Sequence[StrategyLeg], rows: Sequence[Instrument], quotes: Rows) -> CombinationPrice:
    """From the legs' instruments and their QUOTE_ROWs, of the same order. A bid of zero is a price."""
    units = units_of(legs)
    totals: list[float | None] = [0.0, 0.0, 0.0]
    for leg, row, quote in zip(legs, rows, quotes, strict=True):
        shares = 1.0 if leg.kind is Kind.STOCK else ROUND_LOT
        ratio = leg.quantity * shares / ROUND_LOT / units
        bid, ask = sides(quote, row)
        middle = None if bid is None or ask is None else 0.5 * (bid + ask)
        far_sides = (ask, middle, bid) if ratio > 0 else (bid, middle, ask)
        for place, px in enumerate(far_sides):
            total = totals[place]
            totals[place] = None if total is None or px is None else total + ratio * px
    stamps = [min(int(quote["bid_ts_ns"]), int(quote["ask_ts_ns"])) for quote in quotes]
    natural, mid, far = (None if each is None else _on_tick(each) for each in totals)
    return CombinationPrice(natural, mid, far, min(stamps, default=0))


def sides(quote: np.void, row: Instrument) -> tuple[float | None, float | None]:
    """Bid and ask at scale 10,000; None where there is none, or where the quote is no market (crossed, zero).

    The bid of an option may be zero: nobody pays for it. What stands after the close is given too; its age says so.
    """
    if quote["quality"] in (Quality.CROSSED, Quality.ZERO):
        return None, None
    scale = PRICE_SCALE / row.price_scale
    bid, ask = int(quote["bid_px"]), int(quote["ask_px"])
    has_ask = ask != ABSENT_PX and ask > 0
    if bid == ABSENT_PX and has_ask and row.option is not None and quote["bid_ts_ns"]:
        bid = 0
    return None if bid == ABSENT_PX else bid * scale, ask * scale if has_ask else None


def _on_tick(px: float) -> int:
    return TickClass.COMBO.table.nearest(round(px))


def net_greeks(legs: Sequence[StrategyLeg], values: ChainValues, position: Position) -> NetGreeks:
    """Sums of the chain's own Greeks, which are those of one moment; NaN where a leg has none."""
    names = ("delta", "gamma", "theta", "vega", "rho")
    sums = dict.fromkeys(names, 0.0)
    for leg, weight in zip(legs, position.weight.tolist(), strict=True):
        if leg.kind is Kind.STOCK:
            sums["delta"] += weight
            continue
        row = np.flatnonzero(values.contracts.ids == leg.instrument)
        for name in names:
            sums[name] += weight * float(values.values[name][row[0]]) if len(row) else np.nan
    spot = position.spot
    return NetGreeks(
        sums["delta"],
        sums["delta"] * spot,
        sums["gamma"],
        sums["gamma"] * spot / 100.0,
        sums["theta"] / DAYS_PER_YEAR,
        sums["vega"] * _POINT,
        sums["rho"] * _POINT,
    )
