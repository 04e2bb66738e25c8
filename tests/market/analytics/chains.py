"""Chains whose truth is known: priced by a flat or a skewed vol, quoted around it, as rows of market state."""

from __future__ import annotations

from datetime import date

import numpy as np

from terminal.core.clock import at_ns
from terminal.core.instruments import Delivery, Instrument, InstrumentKind, InstrumentTable, SessionProduct, Style
from terminal.core.money import ABSENT_PX, PRICE_SCALE
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.market.analytics.chain_values import Spot, SpotSource
from terminal.market.analytics.contracts import ChainContracts, chain_contracts
from terminal.market.rows import QUOTE_ROW, Quality, Rows
from terminal.quant import american, european, expiry_time
from terminal.quant.columns import Floats

DAY = date(2026, 1, 5)
NOW_NS = at_ns(DAY, 12)
EXPIRIES = (date(2026, 1, 16), date(2026, 2, 20), date(2026, 6, 18))
SPOT, RATE, CARRY = 100.0, 0.04, 0.01
STRIKES = tuple(range(70, 135, 5))


def listed(
    *, style: Style = Style.AMERICAN, expiries: tuple[date, ...] = EXPIRIES, strikes: tuple[int, ...] = STRIKES,
    shares: int = 100,
) -> tuple[InstrumentTable, Instrument, ChainContracts]:  # fmt: skip
    """A stock and its options."""
    table = InstrumentTable()
    stock = table.add("XYZ", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    for expiry in expiries:
        for strike in strikes:
            for right in (Right.CALL, Right.PUT):
                symbol = make_option_symbol("XYZ", expiry, right, strike * 1000)
                delivery = Delivery.CASH if style is Style.EUROPEAN else Delivery.PHYSICAL
                table.add_option(symbol, stock.id, at_ns(expiry, 16), style=style, delivery=delivery, shares=shares,
                                 tick_class=TickClass.PENNY)  # fmt: skip
    return table, stock, chain_contracts(table, stock.id)


def smile(contracts: ChainContracts, now_ns: int = NOW_NS, level: float = 0.25) -> Floats:
    """A true vol for every contract: a skew that flattens with time, the same for calls and puts."""
    time = np.maximum(expiry_time.years_to(contracts.expires_ns, now_ns), 1e-6)
    k = np.log(contracts.strike / (SPOT * np.exp((RATE - CARRY) * time)))
    vol: Floats = level - 0.015 * k / np.sqrt(np.maximum(time, 0.02))
    return vol


def fair(contracts: ChainContracts, vol: Floats, now_ns: int = NOW_NS, spot: float = SPOT
         ) -> Floats:  # fmt: skip
    """What every contract is worth."""
    time = expiry_time.years_to(contracts.expires_ns, now_ns)
    terms = (spot, contracts.strike, time, vol, RATE, CARRY, contracts.is_call)
    early = american.price(*terms, accuracy=american.Accuracy.FAST)
    worth: Floats = np.where(contracts.is_american, early, european.price(*terms))
    return worth


def quoted(worth: Floats, half: float = 0.01, ts_ns: int = NOW_NS) -> Rows:
    """Two-sided quotes ``half`` around ``worth``, not rounded to ticks of a cent but to 1/10,000."""
    rows = np.zeros(len(worth), QUOTE_ROW)
    bid = np.maximum(worth - half, 0.0)
    rows["bid_px"] = np.where(bid > 0.0, np.rint(bid * PRICE_SCALE), ABSENT_PX)
    rows["ask_px"] = np.rint((worth + half) * PRICE_SCALE)
    rows["quality"] = np.where(bid > 0.0, Quality.OK, Quality.ASK_ONLY)
    rows["bid_ts_ns"] = rows["ask_ts_ns"] = rows["ts_ns"] = ts_ns
    rows["last_px"] = ABSENT_PX
    return rows


def blank(count: int) -> Rows:
    """Rows that were never quoted."""
    rows = np.zeros(count, QUOTE_ROW)
    for name in ("bid_px", "ask_px", "last_px"):
        rows[name] = ABSENT_PX
    return rows


def spot(price: float = SPOT, ts_ns: int = NOW_NS) -> Spot:
    """A sound market in the underlying."""
    return Spot(price, ts_ns, SpotSource.MID)
