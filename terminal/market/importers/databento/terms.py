"""What a DBN record's instrument number means: a symbol and its terms, from the files' heads and definitions."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import databento_dbn as dbn

from terminal.core.clock import UTC_ZONE, at_ns, from_ns
from terminal.core.instruments import (
    Delivery,
    Instrument,
    InstrumentKind,
    InstrumentTable,
    SessionProduct,
    SettlementTime,
    Style,
    UnknownInstrumentError,
)
from terminal.core.osi import SymbolError, parse_typed_symbol
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.infra.session_table import CalendarRange
from terminal.market.importers.databento import refusals
from terminal.market.importers.lean.contracts import INDEX_ROOTS, underlying_of_root
from terminal.market.importers.streams import Refused

NANO = dbn.FIXED_PRICE_SCALE
_UNDEFINED = dbn.UNDEF_PRICE
_OPTIONS = "OPRA"
_CALENDARS = {"GLBX": "CMES", "IFEU": "IEPA", "IFUS": "IEPA", "IFLL": "IEPA", "NDEX": "IEPA", "XEUR": "XEUR"}
"""Exchange calendars of the datasets of futures, by the first part of their names."""
_MANTISSAS = {each.table.increment(0): each for each in TickClass if each.name.startswith(("FINEST", "EVERY"))}
_FINEST_DIGITS = 8
_FOUR_DECIMALS = 10**5
_PRICES_WANTED = 200
_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?\Z")
_FUTURE = re.compile(r"(.+?)[FGHJKMNQUVXZ]\d{1,2}\Z")


@dataclass(slots=True)
class Sample:
    """Prices (1e-9) that an instrument was seen at, to learn its tick where no definition says it."""

    prices: set[int] = field(default_factory=set)

    @property
    def is_enough(self) -> bool:
        """Whether more would teach nothing."""
        return len(self.prices) >= 2 * _PRICES_WANTED

    @property
    def increment(self) -> int:
        """The tick in 1e-9; from few prices only how many decimals they have, four at least."""
        return math.gcd(*self.prices, 0 if len(self.prices) >= _PRICES_WANTED else _FOUR_DECIMALS)


@dataclass(frozen=True, slots=True)
class Interval:
    """A number means a symbol from one day (UTC) up to another."""

    start: date
    end: date
    symbol: str


class SymbolMap:
    """Symbols by instrument number and day."""

    def __init__(self, metadata: Any) -> None:
        self._intervals: dict[int, list[Interval]] = {}
        self._always: dict[int, str] = {}
        by_number = str(metadata.stype_out) == "instrument_id"
        for symbol, intervals in metadata.mappings.items():
            for each in intervals:
                # Mapped the other way round the head names the numbers and the intervals the symbols.
                number, name = (each["symbol"], symbol) if by_number else (symbol, each["symbol"])
                if str(number).isdigit():
                    found = Interval(each["start_date"], each["end_date"], str(name))
                    self._intervals.setdefault(int(number), []).append(found)

    def learn(self, number: int, symbol: str) -> None:
        """What a mapping record of a live session, or a definition, says."""
        self._always[number] = symbol

    def names(self) -> set[str]:
        """Every symbol that is known."""
        return {each.symbol for intervals in self._intervals.values() for each in intervals} | set(
            self._always.values()
        )

    def find(self, number: int, ts_ns: int) -> str | None:
        """The symbol of a number at a time; an interval that just misses the day is better than none."""
        known = self._intervals.get(number)
        if not known:
            return self._always.get(number)
        if len(known) == 1:
            return known[0].symbol
        day = from_ns(ts_ns, UTC_ZONE).date()
        return next((each.symbol for each in known if each.start <= day < each.end), known[-1].symbol)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a definition says: the tick (1e-9), currency, money per 1.00 of price, and the sort of instrument."""

    increment: int = 0
    currency: str = "USD"
    multiplier: int = 1
    instrument_class: str = ""
    expires_ns: int = 0

    @staticmethod
    def of(definition: Any) -> Terms:
        """Undefined fields become the defaults."""
        increment = _defined(definition.min_price_increment)
        amount = _defined(definition.min_price_increment_amount)
        multiplier = amount // increment if increment > 0 and amount > 0 and amount % increment == 0 else 1
        currency = str(definition.currency).strip("\0 ")
        expires = int(definition.expiration)
        return Terms(
            increment=max(0, increment),
            currency=currency if currency.isalpha() and len(currency) == 3 else "USD",
            multiplier=multiplier,
            instrument_class=str(definition.instrument_class),
            expires_ns=expires if 0 < expires < 2**62 else 0,
        )


def _defined(price: int) -> int:
    return 0 if price == _UNDEFINED else int(price)


class Listing:
    """Rows of the table by symbol, made when they are first met.

    ``definitions`` and ``samples``: by symbol, from all files that are read together.
    """

    def __init__(self, table: InstrumentTable, calendars: Calendars, underlying: str | None) -> None:
        self.table = table
        self.definitions: dict[str, Terms] = {}
        self.samples: dict[str, Sample] = {}
        self._calendars = calendars
        self._wanted = None if underlying is None else " ".join(underlying.upper().split())
        self._rows: dict[str, Instrument] = {}

    def row(self, symbol: str, dataset: str) -> Instrument:
        """The instrument of a symbol. Raises Refused for one that is not wanted or cannot be held."""
        found = self._rows.get(symbol)
        if found is None:
            found = self._rows[symbol] = self._make(symbol, dataset)
        return found

    def try_row(self, symbol: str, dataset: str) -> None:
        """Makes the row, if the symbol is wanted and can be held."""
        with contextlib.suppress(Refused):
            self.row(symbol, dataset)

    def wants(self, symbol: str, dataset: str) -> bool:
        """Whether ``symbol`` is, or belongs to, what was asked for."""
        if self._wanted is None:
            return True
        plain = " ".join(symbol.upper().split())
        if plain == self._wanted:
            return True
        if dataset.startswith(_OPTIONS):
            return underlying_of_root(plain.partition(" ")[0]) == self._wanted
        future = _FUTURE.match(plain)
        return future is not None and future[1].strip() == self._wanted

    def _make(self, symbol: str, dataset: str) -> Instrument:
        if not self.wants(symbol, dataset):
            raise Refused(refusals.OTHER_SYMBOL)
        if not _PRINTABLE.match(symbol):
            raise Refused(refusals.NO_SYMBOL)
        terms = self.definitions.get(symbol, Terms())
        try:
            if dataset.startswith(_OPTIONS):
                return self._option(symbol)
            calendar = _CALENDARS.get(dataset.partition(".")[0])
            return self._share(symbol) if calendar is None else self._future(symbol, terms, calendar)
        except ValueError:
            raise Refused(refusals.NO_SYMBOL) from None

    def _share(self, symbol: str) -> Instrument:
        try:
            return self.table.find(symbol)
        except UnknownInstrumentError:
            return self.table.add(symbol.upper(), InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)

    def _future(self, symbol: str, terms: Terms, calendar: str) -> Instrument:
        if terms.instrument_class in {"C", "P"} or re.search(r" [CP]\d", symbol):
            raise Refused(refusals.OPTION_ON_FUTURE)
        increment = terms.increment or self.samples.get(symbol, Sample()).increment
        digits, tick_class = _scale_of(increment)
        return self.table.add(
            " ".join(symbol.upper().split()),
            InstrumentKind.FUTURE,
            SessionProduct.FOREIGN,
            tick_class,
            currency=terms.currency,
            multiplier=terms.multiplier,
            price_scale=10**digits,
            calendar=calendar,
        )

    def _option(self, text: str) -> Instrument:
        try:
            symbol = parse_typed_symbol(text)
        except SymbolError:
            raise Refused(refusals.NO_SYMBOL) from None
        index = underlying_of_root(symbol.root)
        is_index = index in INDEX_ROOTS
        if is_index:
            underlying = self.table.add(index, InstrumentKind.INDEX, SessionProduct.INDEX_OPTION, TickClass.PENNY)
        else:
            underlying = self._share(index)
        settlement = (
            SettlementTime.AM if is_index and symbol.root in {"SPX", "NDX", "RUT", "VIX", "DJX"} else SettlementTime.PM
        )
        try:
            expires_ns = self._calendars.expiry_ns(symbol.expiry, settlement)
        except CalendarRange:
            expires_ns = at_ns(symbol.expiry, 9, 30) if settlement is SettlementTime.AM else at_ns(symbol.expiry, 16)
        return self.table.add_option(
            symbol,
            underlying.id,
            expires_ns,
            style=Style.EUROPEAN if is_index and index != "OEX" else Style.AMERICAN,
            delivery=Delivery.CASH if is_index else Delivery.PHYSICAL,
            settlement=settlement,
            tick_class=TickClass.PENNY,
        )


def _scale_of(increment: int) -> tuple[int, TickClass]:
    """Decimals and tick class of a tick in 1e-9; the finest where it is not known or too fine."""
    mantissa, digits = increment, 9
    while digits > 0 and mantissa and mantissa % 10 == 0:
        mantissa //= 10
        digits -= 1
    if not increment or digits > _FINEST_DIGITS:
        return _FINEST_DIGITS, TickClass.FINEST
    return digits, _MANTISSAS.get(mantissa, TickClass.FINEST)


def scaled(price: int, row: Instrument) -> int:
    """A price in 1e-9 at the instrument's scale. Raises Refused when it is finer than that or absurd."""
    if price == _UNDEFINED:
        raise Refused(refusals.NO_PRICE)
    if abs(price) >= 10**18:
        raise Refused(refusals.TOO_LARGE)
    px, rest = divmod(price * row.price_scale, NANO)
    if rest:
        raise Refused(refusals.TOO_FINE)
    return px
