"""Splits and dividends out of Lean's factor files, as events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise

from terminal.core.clock import midnight_ns
from terminal.infra.session_table import CalendarRange
from terminal.market.importers.lean.reference import FactorFile
from terminal.store.events import EventKind, MarketEvent

LAYOUT = "lean"
_LEAST_CASH = 0.0005


def factor_events(symbol: str, factors: FactorFile, next_session: Callable[[date], date]) -> list[MarketEvent]:
    """What changed between two rows goes ex on the session after the earlier one's day. A file does not tell when it
    was announced, so an event is known from its own day on.

    A row's factors are those of prices up to its day, so a dividend is ``reference price * (1 - factor / next factor)``
    and a split ``next split factor / split factor`` new shares for one old. Rows without a reference price tell no
    dividend.
    """
    found = []
    for row, after in pairwise(factors.rows):
        try:
            ex = next_session(row.day)
        except CalendarRange:
            continue  # older than any day that can be looked at
        known_ns = midnight_ns(ex)
        if row.split_factor != after.split_factor:
            ratio = float(after.split_factor / row.split_factor)
            # Seven digits in the file: 7.0000001 is 7.
            ratio = round(ratio, 4) if ratio >= 1.0 else 1.0 / round(1.0 / ratio, 4)
            found.append(_event(symbol, EventKind.SPLIT, ex, ratio, known_ns))
        if row.reference_price is not None:
            cash = float(row.reference_price * (1 - row.price_factor / after.price_factor))
            if cash >= _LEAST_CASH:
                found.append(_event(symbol, EventKind.DIVIDEND, ex, round(cash, 4), known_ns))
    return found


def _event(symbol: str, kind: EventKind, day: date, amount: float, known_ns: int) -> MarketEvent:
    uid = f"{symbol} {kind.value} {day}"
    return MarketEvent(f"{LAYOUT} {symbol}", uid, symbol, kind, day, amount=amount, known_ns=known_ns)
