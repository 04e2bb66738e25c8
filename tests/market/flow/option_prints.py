"""A stock with options and prints in them, as the desk's ring gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from terminal.core.clock import at_ns
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.market.rows import PRINT_ROW, Rows

DAY = date(2026, 1, 5)
OPEN_NS = at_ns(DAY, 10)
STRIKES = tuple(range(80, 125, 5))
EXPIRIES = (date(2026, 1, 9), date(2026, 6, 18))
STOCK, FUND = 0, 1


def listed() -> InstrumentTable:
    """XYZ (a stock, id 0) and FND (a fund, id 1), and options on both."""
    table = InstrumentTable()
    table.add("XYZ", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    table.add("FND", InstrumentKind.ETF, SessionProduct.EQUITY, TickClass.EQUITY)
    for at, root in enumerate(("XYZ", "FND")):
        for expiry in EXPIRIES:
            for strike in STRIKES:
                for right in Right:
                    symbol = make_option_symbol(root, expiry, right, strike * 1000)
                    table.add_option(symbol, at, at_ns(expiry, 16))
    return table


def option(table: InstrumentTable, strike: int, right: Right, *, of: str = "XYZ", far: bool = False) -> int:
    """A contract's id."""
    return table.find(make_option_symbol(of, EXPIRIES[far], right, strike * 1000).osi()).id


@dataclass(frozen=True, slots=True)
class One:
    """One print: ``ms`` after 10:00, prices in 1/10,000; at the ask of a market of 1.00 at 1.10."""

    ms: float
    instrument: int
    size: int = 10
    side: int = 1
    px: int = 11_000
    venue: int = 1
    flags: int = 0
    estimated: int = 1


def prints(trades: Sequence[One], first: int = 1) -> Rows:
    """As PRINT_ROW."""
    rows = np.zeros(len(trades), PRINT_ROW)
    for number, (row, one) in enumerate(zip(rows, trades, strict=True), start=first):
        row["number"], row["ts_ns"], row["instrument"] = number, OPEN_NS + int(one.ms * 1e6), one.instrument
        row["px"], row["size"], row["aggressor"], row["venue"] = one.px, one.size, one.side, one.venue
        row["flags"], row["estimated"] = one.flags, one.estimated
        row["bid_px"], row["ask_px"] = 10_000, 11_000
    return rows
