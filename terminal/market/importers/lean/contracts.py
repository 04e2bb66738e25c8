"""Instruments for what a folder holds: underlyings, and option series with the terms that their root implies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.clock import at_ns
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
from terminal.core.osi import OptionSymbol
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.infra.failures import WorkFailed
from terminal.infra.session_table import CalendarRange
from terminal.market.importers.lean.layout import Asset, FileName

INDEX_ROOTS: dict[str, tuple[str, ...]] = {
    "SPX": ("SPX", "SPXW"),
    "NDX": ("NDX", "NDXP"),
    "RUT": ("RUT", "RUTW"),
    "VIX": ("VIX", "VIXW"),
    "XSP": ("XSP",),
    "DJX": ("DJX",),
    "OEX": ("OEX",),
    "XEO": ("XEO",),
}
"""Option roots of an index; an index that is not here has one root of its own name."""

_AM_ROOTS = frozenset({"SPX", "NDX", "RUT", "VIX", "VIXW", "DJX"})
"""Series settled on the opening prices of the expiry day (Cboe and Nasdaq contract specifications)."""

_ETFS = frozenset(
    "SPY QQQ QQQQ IWM EEM DIA EFA GLD SLV TLT HYG LQD XLF XLE XLK XLV XLI XLP XLU XLY XLB XBI XOP SMH VXX UVXY USO UNG "
    "VTI VOO VEA VWO VNQ AGG BND IVV IJR MDY TQQQ SQQQ ARKK GDX GDXJ KRE FXI EWZ EWJ".split()
)
"""Tickers of exchange traded funds: Lean's files do not tell them from shares."""

_STRAY_SHARE = 1000
"""A class quotes in cents when more than one quote in this many could not be quoted otherwise."""


def underlying_of_root(root: str) -> str:
    """The index that an index option's root belongs to, itself when it is no known root."""
    wanted = root.upper()
    return next((index for index, roots in INDEX_ROOTS.items() if wanted in roots), wanted)


def infer_tick_class(prices_px: npt.NDArray[np.int64]) -> TickClass:
    """The option tick class that quoted prices (scale 10,000) show: cents, the penny program, or nickels and dimes.

    Prices from 3.00 that are no multiples of 0.05 mean cents at any price; prices below 3.00 that are no multiples of
    0.05, or above that are no dimes, mean the penny program. Lean's files do not say it. A class without quotes gets
    the penny program, as the most active classes do.
    """
    priced = prices_px[prices_px > 0]
    if len(priced) == 0:
        return TickClass.PENNY_PROGRAM
    low, high = priced[priced < 30_000], priced[priced >= 30_000]
    few = len(priced) // _STRAY_SHARE
    if np.count_nonzero(high % 500) > few:
        return TickClass.PENNY
    if np.count_nonzero(low % 500) + np.count_nonzero(high % 1000) > few:
        return TickClass.PENNY_PROGRAM
    return TickClass.NICKEL_DIME


class Contracts:
    """Adds what files name to one table; the same name gives the same row on every day.

    ``tick_classes``: by option root, what the first quotes of the class showed.
    """

    def __init__(self, table: InstrumentTable, calendars: Calendars) -> None:
        self.table = table
        self.calendars = calendars
        self.tick_classes = {row.option.symbol.root: row.tick_class for row in table if row.option is not None}

    def underlying(self, asset: Asset, ticker: str) -> Instrument:
        """The row of a share, fund or index; of the underlying when ``asset`` is a sort of option."""
        symbol = ticker.upper()
        try:
            return self.table.find(symbol)
        except UnknownInstrumentError:
            pass
        if asset in {Asset.INDEX, Asset.INDEX_OPTION}:
            # An index has no auction of its own; it is open while its options are.
            return self._add(symbol, InstrumentKind.INDEX, SessionProduct.INDEX_OPTION, TickClass.PENNY)
        kind = InstrumentKind.ETF if symbol in _ETFS else InstrumentKind.EQUITY
        return self._add(symbol, kind, SessionProduct.EQUITY, TickClass.EQUITY)

    def learn_ticks(self, root: str, quoted_px: npt.NDArray[np.int64]) -> None:
        """Infers the tick class of ``root`` from its quoted prices unless it is known; none above 0 teach nothing."""
        if root not in self.tick_classes and np.any(quoted_px > 0):
            self.tick_classes[root] = infer_tick_class(quoted_px)

    def option(self, symbol: OptionSymbol, file: FileName, underlying: Instrument) -> Instrument:
        """The row of one contract of an option file. Raises WorkFailed when the table is full or terms differ."""
        is_index = file.asset is Asset.INDEX_OPTION
        settlement = SettlementTime.AM if is_index and symbol.root in _AM_ROOTS else SettlementTime.PM
        try:
            return self.table.add_option(
                symbol,
                underlying.id,
                self._expires_ns(symbol, settlement),
                style=file.style or Style.AMERICAN,
                delivery=Delivery.CASH if is_index else Delivery.PHYSICAL,
                settlement=settlement,
                tick_class=self.tick_class(symbol.root, file.asset),
            )
        except ValueError as error:
            raise WorkFailed(f"{file.path} cannot be taken in: {error}.") from error

    def tick_class(self, root: str, asset: Asset) -> TickClass:
        """The tick class of an option root; index options quote in nickels and dimes."""
        if asset is Asset.INDEX_OPTION:
            return TickClass.NICKEL_DIME
        return self.tick_classes.setdefault(root, TickClass.PENNY_PROGRAM)

    def _expires_ns(self, symbol: OptionSymbol, settlement: SettlementTime) -> int:
        try:
            return self.calendars.expiry_ns(symbol.expiry, settlement)
        except CalendarRange:
            # Holidays are not known that far ahead; the usual hours are the best that can be said.
            is_am = settlement is SettlementTime.AM
            return at_ns(symbol.expiry, 9, 30) if is_am else at_ns(symbol.expiry, 16)

    def _add(self, symbol: str, kind: InstrumentKind, session: SessionProduct, ticks: TickClass) -> Instrument:
        try:
            return self.table.add(symbol, kind, session, ticks)
        except ValueError as error:
            raise WorkFailed(f"{symbol} cannot be taken in: {error}.") from error
