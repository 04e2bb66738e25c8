"""The one table of instruments: integer ids inside, symbols as text at the edges."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, IntEnum

import numpy as np
import numpy.typing as npt

from terminal.core.money import PRICE_SCALE
from terminal.core.osi import OptionSymbol, Right, SymbolError, parse_typed_symbol
from terminal.core.ticks import TickClass

CAPACITY = 1 << 16
"""Ids that the state arrays have room for."""
COIN = 10**8
"""Parts of a coin that sizes of crypto instruments are counted in where nothing else is said: 1e-8."""


class InstrumentKind(IntEnum):
    """What sort of thing is traded."""

    EQUITY = 1
    ETF = 2
    INDEX = 3
    OPTION = 4
    FUTURE = 5
    FX_PAIR = 6
    CRYPTO_SPOT = 7
    CRYPTO_PERPETUAL = 8


_COINS = frozenset({InstrumentKind.CRYPTO_SPOT, InstrumentKind.CRYPTO_PERPETUAL})


def usual_size_scale(kind: InstrumentKind) -> int:
    """What sizes are counted in where nobody says otherwise: whole contracts and shares, coins in ``COIN`` parts."""
    return COIN if kind in _COINS else 1


class Style(Enum):
    """When an option may be exercised."""

    AMERICAN = "american"
    EUROPEAN = "european"


class Delivery(Enum):
    """What an exercised option delivers."""

    PHYSICAL = "physical"
    CASH = "cash"


class SettlementTime(Enum):
    """Which price an expiring option settles on: the opening one (AM) or the close (PM)."""

    AM = "am"
    PM = "pm"


class SessionProduct(Enum):
    """Which trading hours apply; ``FOREIGN`` instruments name an exchange calendar in ``calendar``."""

    EQUITY = "equity"
    EQUITY_OPTION = "equity_option"
    INDEX_OPTION = "index_option"
    CRYPTO = "crypto"
    FX = "fx"
    FOREIGN = "foreign"


SESSION_CODES = {product: code for code, product in enumerate(SessionProduct, start=1)}
"""The number of each product in PHASE_CHANGE messages; 0 means all."""


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """What makes an instrument an option.

    ``expires_ns``: last instant of trading or, for AM settlement, the open that settles it.
    ``shares``: units of the underlying that one contract delivers (not 100 after some corporate actions).
    """

    symbol: OptionSymbol
    underlying: int
    style: Style
    delivery: Delivery
    settlement: SettlementTime
    expires_ns: int
    shares: int = 100

    @property
    def strike_px(self) -> int:
        """The strike at scale 10,000."""
        return self.symbol.strike_mills * (PRICE_SCALE // 1000)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing. ``multiplier``: units of currency per 1.00 of price and one contract or share.

    ``size_scale``: parts of a contract, share or coin that sizes are integers of; 0 takes the usual one of the kind.
    Cheap coins have few: 1e13 of them a day would not fit 64 bits in 1e-8 parts.
    """

    id: int
    symbol: str
    kind: InstrumentKind
    session: SessionProduct
    tick_class: TickClass
    currency: str = "USD"
    multiplier: int = 1
    price_scale: int = PRICE_SCALE
    calendar: str = ""
    option: OptionTerms | None = None
    name: str = ""
    size_scale: int = 0

    def __post_init__(self) -> None:
        if self.size_scale == 0:
            object.__setattr__(self, "size_scale", usual_size_scale(self.kind))

    @property
    def is_coin(self) -> bool:
        """Whether it is counted in coins, whole ones or parts."""
        return self.kind in _COINS

    @property
    def is_tradable(self) -> bool:
        """An index is a number, not something one can buy."""
        return self.kind is not InstrumentKind.INDEX

    @property
    def label(self) -> str:
        """What a person reads: the ticker, or ``GOOG 2015-12-24 750 C``."""
        return self.option.symbol.spoken() if self.option else self.symbol


class UnknownInstrumentError(LookupError):
    """A symbol or id that the table does not hold."""


class InstrumentTable:
    """Append-only; safe to read from any thread while another adds."""

    def __init__(self) -> None:
        self._rows: list[Instrument] = []
        self._by_symbol: dict[str, int] = {}
        self._chains: dict[int, dict[date, list[int]]] = {}
        self._lock = threading.Lock()
        self.underlying_of: npt.NDArray[np.int32] = np.full(CAPACITY, -1, np.int32)
        """By id: the underlying's id of an option, else -1."""
        self.kind_of: npt.NDArray[np.uint8] = np.zeros(CAPACITY, np.uint8)
        """By id: the InstrumentKind."""
        self.session_of: npt.NDArray[np.uint8] = np.zeros(CAPACITY, np.uint8)
        """By id: the code of the SessionProduct."""
        self.venue_names: Mapping[int, str] = {}
        """Names of the venue numbers in messages, where the feed says them; put in place whole."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(tuple(self._rows))

    def add(
        self,
        symbol: str,
        kind: InstrumentKind,
        session: SessionProduct,
        tick_class: TickClass,
        *,
        currency: str = "USD",
        multiplier: int = 1,
        price_scale: int = PRICE_SCALE,
        calendar: str = "",
        option: OptionTerms | None = None,
        name: str = "",
        size_scale: int = 0,
    ) -> Instrument:
        """The row of ``symbol``, made if it is new. An option's ``symbol`` is its 21-character OSI form.

        Raises ValueError when the symbol is there with other terms, or the table is full.
        """
        with self._lock:
            known = self._by_symbol.get(symbol)
            new_id = len(self._rows) if known is None else known
            row = Instrument(
                new_id,
                symbol,
                kind,
                session,
                tick_class,
                currency,
                multiplier,
                price_scale,
                calendar,
                option,
                name,
                size_scale,
            )
            if known is not None:
                if self._rows[known] != row:
                    raise ValueError(f"{symbol} is already known with other terms")
                return self._rows[known]
            if new_id >= CAPACITY:
                raise ValueError(f"more than {CAPACITY} instruments in one session; narrow the universe")
            self.kind_of[new_id] = kind
            self.session_of[new_id] = SESSION_CODES[session]
            if option is not None:
                self.underlying_of[new_id] = option.underlying
                self._chains.setdefault(option.underlying, {}).setdefault(option.symbol.expiry, []).append(new_id)
            self._rows.append(row)
            self._by_symbol[symbol] = new_id
            return row

    def add_option(
        self,
        symbol: OptionSymbol,
        underlying: int,
        expires_ns: int,
        *,
        style: Style = Style.AMERICAN,
        delivery: Delivery = Delivery.PHYSICAL,
        settlement: SettlementTime = SettlementTime.PM,
        tick_class: TickClass = TickClass.NICKEL_DIME,
        multiplier: int = 100,
        shares: int = 100,
    ) -> Instrument:
        """The row of a listed option, made if it is new. Cash delivery means index option hours."""
        terms = OptionTerms(symbol, underlying, style, delivery, settlement, expires_ns, shares)
        session = SessionProduct.INDEX_OPTION if delivery is Delivery.CASH else SessionProduct.EQUITY_OPTION
        return self.add(symbol.osi(), InstrumentKind.OPTION, session, tick_class, multiplier=multiplier, option=terms)

    def get(self, instrument: int) -> Instrument:
        """The row of an id; UnknownInstrumentError when there is none."""
        if not 0 <= instrument < len(self._rows):
            raise UnknownInstrumentError(f"no instrument has the id {instrument}")
        return self._rows[instrument]

    def find(self, text: str) -> Instrument:
        """The row that ``text`` names: a ticker, an OSI symbol with or without padding, ``GOOG 2015-12-24 750 C``.

        Raises UnknownInstrumentError with the text when the table does not hold it.
        """
        wanted = " ".join(text.upper().split())
        known = self._by_symbol.get(wanted)
        if known is None:
            try:
                known = self._by_symbol.get(parse_typed_symbol(text).osi())
            except SymbolError:
                known = None
        if known is None:
            raise UnknownInstrumentError(f"{text.strip()!r} is not in today's market; check the spelling")
        return self._rows[known]

    def expiries(self, underlying: int) -> list[date]:
        """Expiries listed on an underlying, ascending."""
        return sorted(self._chains.get(underlying, {}))

    def chain(self, underlying: int, expiry: date) -> list[Instrument]:
        """The options of one expiry, by root, strike, calls before puts."""
        rows = [self._rows[i] for i in tuple(self._chains.get(underlying, {}).get(expiry, ()))]
        return sorted(rows, key=_chain_order)

    def options(self, underlying: int) -> list[Instrument]:
        """All options on an underlying, by expiry, root, strike, calls before puts."""
        return [row for expiry in self.expiries(underlying) for row in self.chain(underlying, expiry)]

    def underlyings(self) -> list[Instrument]:
        """Everything that is not an option, by symbol."""
        rows = (row for row in tuple(self._rows) if row.option is None)
        return sorted(rows, key=lambda row: row.symbol)


def _chain_order(row: Instrument) -> tuple[str, int, int]:
    if row.option is None:
        raise ValueError(f"{row.symbol} is no option")
    symbol = row.option.symbol
    return symbol.root, symbol.strike_mills, 0 if symbol.right is Right.CALL else 1
