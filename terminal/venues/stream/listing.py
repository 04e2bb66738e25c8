"""A feed's instruments in the desk's table, and the way from its numbers to ours."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import (
    Delivery,
    Instrument,
    InstrumentKind,
    InstrumentTable,
    SessionProduct,
    Style,
    usual_size_scale,
)
from terminal.core.instruments import SettlementTime as Settlement
from terminal.core.osi import SymbolError, parse_option_symbol
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UserFacingError
from terminal.venues.stream.protocol import Listed, ListedOption

_SESSIONS = {
    InstrumentKind.FX_PAIR: SessionProduct.FX,
    InstrumentKind.CRYPTO_SPOT: SessionProduct.CRYPTO,
    InstrumentKind.CRYPTO_PERPETUAL: SessionProduct.CRYPTO,
}
_TICKS = {
    InstrumentKind.EQUITY: TickClass.EQUITY,
    InstrumentKind.ETF: TickClass.EQUITY,
    InstrumentKind.OPTION: TickClass.NICKEL_DIME,
}


class Listing:
    """``ids``: by the feed's number, our id, or -1. ``problems``: sentences on what could not be listed."""

    def __init__(self, table: InstrumentTable, calendars: Calendars) -> None:
        self.table = table
        self.ids: npt.NDArray[np.int32] = np.full(1, -1, np.int32)
        self.problems: list[str] = []
        self.products: set[SessionProduct] = set()
        self._calendars = calendars

    def begin(self, listed: Iterable[Listed]) -> int:
        """Forgets the feed's numbers and lists anew, after a new hello; gives how many were refused."""
        self.ids = np.full(1, -1, np.int32)
        return self.add(listed)

    def add(self, listed: Iterable[Listed]) -> int:
        """Lists more; gives how many were refused."""
        refused = 0
        for each in listed:
            try:
                row = self._list(each)
            except (ValueError, LookupError, UserFacingError) as problem:
                refused += 1
                if len(self.problems) < 100:
                    self.problems.append(f"{each.symbol} was not listed: {problem}")
                continue
            if each.id >= len(self.ids):
                more = max(each.id + 1, 2 * len(self.ids)) - len(self.ids)
                self.ids = np.concatenate((self.ids, np.full(more, -1, np.int32)))
            self.ids[each.id] = row.id
            self.products.add(row.session)
        return refused

    def _list(self, each: Listed) -> Instrument:
        kind = InstrumentKind[each.kind.upper()]
        if kind is InstrumentKind.OPTION:
            if each.option is None:
                raise ValueError("an option needs its terms")
            return self._list_option(each, each.option)
        if each.option is not None:
            raise ValueError("only an option has the terms of one")
        session = SessionProduct(each.session) if each.session else _SESSIONS.get(kind, SessionProduct.EQUITY)
        if (session is SessionProduct.FOREIGN) != bool(each.calendar):
            raise ValueError("a foreign session, and only that, names its calendar")
        size_scale = each.size_scale or usual_size_scale(kind)
        if size_scale != 1 and usual_size_scale(kind) == 1:
            raise ValueError("only coins have sizes in parts")
        symbol = " ".join(each.symbol.upper().split())
        return self.table.add(
            symbol,
            kind,
            session,
            TickClass[each.tick.upper()] if each.tick else _TICKS.get(kind, TickClass.FINEST),
            currency=each.currency,
            multiplier=each.multiplier or 1,
            price_scale=each.price_scale,
            calendar=each.calendar,
            name=each.name,
            size_scale=size_scale,
        )

    def _list_option(self, each: Listed, terms: ListedOption) -> Instrument:
        if each.size_scale not in {None, 1}:
            raise ValueError("only coins have sizes in parts")
        symbol = parse_option_symbol(each.symbol)
        underlying = self.table.find(terms.underlying)
        if underlying.option is not None:
            raise SymbolError(f"{terms.underlying} is an option itself")
        settlement = Settlement(terms.settlement)
        return self.table.add_option(
            symbol,
            underlying.id,
            self._calendars.expiry_ns(symbol.expiry, settlement),
            style=Style(terms.style),
            delivery=Delivery(terms.delivery),
            settlement=settlement,
            tick_class=TickClass[each.tick.upper()] if each.tick else TickClass.NICKEL_DIME,
            multiplier=each.multiplier or 100,
        )
