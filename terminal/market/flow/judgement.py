"""What a large order probably is, how much stands behind it, and what it does to dealers' gamma: by stated rules.

All of it is inference from public prints; nobody but the trader knows. The rules are in ``docs/options.md`` too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from terminal.core.clock import NS_PER_MS, NS_PER_S
from terminal.market.analytics.chain_values import ChainValues
from terminal.market.flow.rows import Mark, TradeClass


@dataclass(frozen=True, slots=True)
class FlowRules:
    """Every threshold. Premiums in currency."""

    sweep_within_ns: int = 25 * NS_PER_MS
    """Prints of one order follow each other within this."""
    order_span_ns: int = 500 * NS_PER_MS
    """An order's last print is within this of its first."""
    sweep_prints: int = 3
    """From so many prints on an order over venues or prices, or over so many strikes, is a sweep."""
    strike_steps: int = 2
    """A neighbouring strike is this many listed strikes away at most."""
    block_contracts: int = 250
    block_premium: float = 1_000_000.0
    """A single print of so many contracts, or so much premium, is a block."""
    large_premium: float = 100_000.0
    """From here on an order is classed and scored; a sweep or a block always is."""
    pair_within_ns: int = NS_PER_S
    pair_share: float = 0.8
    """A pair's smaller side has this share of the larger one's contracts, at least."""
    alert_score: int = 50
    """An unusual order has this score at least, and more volume in the day than open interest, or is a block or a
    sweep."""


_EVENT_RATIO = 1.5
_EVENT_DAYS = 21.0
_LONG_DAYS, _AT_THE_MONEY = 90.0, 0.05
_PUT_DAYS_STOCK, _CALL_DAYS = 30.0, 7.0
_TOP_PREMIUM = 5_000_000.0
_ONE_PERCENT = 0.01


def trade_class(order: np.void, *, is_fund: bool) -> TradeClass:
    """The first of these rules that holds, of an order that is large:

    unknown: no side. Earnings: on a stock, within three weeks of expiry, and the vols price an event just before that
    (``events`` at 1.5 or more). Volatility: a call and a put were traded together, or more than 90 days are left and
    the strike is within 5 % of the spot. Hedge: puts bought out of the money on an index or fund, or on a stock with 30
    days or more left; or calls sold out of the money with a week or more left. Else directional.
    """
    if not order["side"]:
        return TradeClass.UNKNOWN
    if not is_fund and order["days"] <= _EVENT_DAYS and order["events"] >= _EVENT_RATIO:
        return TradeClass.EARNINGS
    strike = (order["low_strike_px"] + order["high_strike_px"]) / 20_000.0
    away = strike / order["spot"] - 1.0
    if order["marks"] & Mark.PAIR or (order["days"] > _LONG_DAYS and abs(away) <= _AT_THE_MONEY):
        return TradeClass.VOLATILITY
    is_put, is_bought = order["right"] < 0, order["side"] > 0
    if is_put and is_bought and away < 0.0 and (is_fund or order["days"] >= _PUT_DAYS_STOCK):
        return TradeClass.HEDGE
    if not is_put and not is_bought and away > 0.0 and order["days"] >= _CALL_DAYS:
        return TradeClass.HEDGE
    return TradeClass.DIRECTIONAL


def conviction(order: np.void, rules: FlowRules) -> int:
    """0 to 100, added up from: premium (30, by its logarithm from ``large_premium`` to 5 million), how far it crossed
    the spread (20; half of it at the quote), sweep (15), block (10), the day's volume against open interest (20; full
    at twice, none where nobody told it), nearness (5 within a week)."""
    low = math.log(rules.large_premium)
    premium = max(float(order["premium"]), 1.0)
    points = 30.0 * _unit((math.log(premium) - low) / (math.log(_TOP_PREMIUM) - low))
    points += 20.0 * float(order["aggression"]) / premium
    points += 15.0 * bool(order["marks"] & Mark.sweep()) + 10.0 * bool(order["marks"] & Mark.BLOCK)
    if order["open_interest"] > 0:
        points += 20.0 * _unit(order["volume"] / order["open_interest"] / 2.0)
    points += 5.0 * (order["days"] <= 7.0)
    return round(100.0 * _unit(points / 100.0))


def gamma_effect(side: int, gamma: float, contracts: float, multiplier: int, spot: float) -> float:
    """What dealers' gamma changes by when they took the other side: currency of delta per 1 % move of the underlying.

    Who buys an option leaves its dealer short gamma, whether it is a call or a put.
    """
    return -side * gamma * contracts * multiplier * spot * spot * _ONE_PERCENT if side else math.nan


def event_ratio(values: ChainValues, expires_ns: int) -> float:
    """Forward variance of the time just before an expiry over that of the time after it: well above 1 where the market
    prices an event before this expiry and after the one before. NaN where the surface does not tell.

    Of the first expiry, its whole variance stands for the time before it.
    """
    alive = [row for row, each in enumerate(values.contracts.expiries) if values.time[row] > 0.0]
    here = [place for place, row in enumerate(alive) if values.contracts.expiries[row].expires_ns == expires_ns]
    if values.surface is None or not here:
        return math.nan
    place = here[0]
    chosen = alive[max(0, place - 1) : place + 1]
    own_ns = expires_ns
    after = next((row for row in alive[place + 1 :] if values.contracts.expiries[row].expires_ns > own_ns), None)
    if after is None:
        return math.nan
    times = [0.0] * (place == 0) + [float(values.time[row]) for row in (*chosen, after)]
    totals = [0.0] * (place == 0) + [_variance(values, row) for row in (*chosen, after)]
    before_rate = (totals[1] - totals[0]) / (times[1] - times[0]) if times[1] > times[0] else math.nan
    after_rate = (totals[2] - totals[1]) / (times[2] - times[1])
    return before_rate / after_rate if after_rate > 0.0 else math.nan


def _variance(values: ChainValues, row: int) -> float:
    return values.at_the_money_vol(row) ** 2 * float(values.time[row])


def _unit(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)
