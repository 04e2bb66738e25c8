"""What a capture holds: which market and symbols, the ticks of their prices, and from when to when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch, Kind
from terminal.core.ticks import TickClass
from terminal.market.importers.binance.decode import BinanceMarket, StreamDecoder, StreamSymbol
from terminal.market.importers.binance.lines import read_lines, split_line
from terminal.market.importers.binance.messages import Event
from terminal.market.importers.binance.refusals import NUMBER_FAULTS, NumberFault
from terminal.market.importers.streams import CutOff, Refused, UnreadableStream

PERPETUAL_SUFFIX = ".P"
"""Spot and perpetual have the same symbol at Binance; here the perpetual is told by this ending."""
_FINEST_DIGITS = 8
_LINES_LOOKED_AT = 20_000
_PRICES_WANTED = 1_000
"""So many prices show the tick; from fewer it could only be guessed, and too coarse a guess would refuse prices."""
_LINES_TO_BELIEVE = 20
_FINEST_SIZE_DIGITS = 8
_LARGEST_SCALED = 10**13
"""The largest size seen, scaled, is at most this: a day's volume is some ten thousand times as much, and must fit."""
_QUOTED_IN = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USD", "EUR", "TRY", "BRL", "JPY", "BTC", "ETH", "BNB")
_MANTISSAS = {each.table.increment(0): each for each in TickClass if each.name.startswith(("FINEST", "EVERY"))}


@dataclass(frozen=True, slots=True)
class SymbolTerms:
    """A symbol's market, the increment of its prices (``increment`` / 10**price_digits), and the parts of a coin that
    sizes are counted in (10**-size_digits, never coarser than 10**-least_size_digits, which sizes have shown)."""

    symbol: str
    market: BinanceMarket
    price_digits: int
    tick_class: TickClass
    size_digits: int
    least_size_digits: int

    @property
    def name(self) -> str:
        """Its symbol in our table."""
        return self.symbol + (PERPETUAL_SUFFIX if self.market is BinanceMarket.FUTURES else "")

    @property
    def currency(self) -> str:
        """What its prices are in; the symbol itself where its ending is not known."""
        return next((each for each in _QUOTED_IN if self.symbol.endswith(each)), self.symbol)

    def add_to(self, table: InstrumentTable) -> Instrument:
        """Its row, made if it is new; ValueError when the table holds it with other terms."""
        is_spot = self.market is BinanceMarket.SPOT
        return table.add(
            self.name,
            InstrumentKind.CRYPTO_SPOT if is_spot else InstrumentKind.CRYPTO_PERPETUAL,
            SessionProduct.CRYPTO,
            self.tick_class,
            currency=self.currency,
            price_scale=10**self.price_digits,
            name=f"Binance {'spot' if is_spot else 'perpetual'} {self.symbol}",
            size_scale=10**self.size_digits,
        )


@dataclass(frozen=True, slots=True)
class CaptureTerms:
    """``first_ns``, ``last_ns``: receive times of the first and the last line that has one."""

    path: Path
    market: BinanceMarket
    symbols: tuple[SymbolTerms, ...]
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class _Seen:
    """What the lines at the beginning say."""

    symbols: dict[str, list[bytes]] = field(default_factory=dict)
    market: BinanceMarket | None = None
    lines: int = 0
    read: int = 0


def is_capture(path: Path) -> bool:
    """Whether one of the first lines of a file is a message with its receive time."""
    parser = StreamDecoder(())
    for line in islice(_lines(path), _LINES_TO_BELIEVE):
        try:
            _, body = split_line(line)
            parser.parse(body)
        except Refused:
            continue
        return True
    return False


def inspect_capture(path: Path) -> CaptureTerms:
    """Reads the beginning of a capture for its terms and all of it for its end. Raises UnreadableStream."""
    try:
        seen = _look(path)
        if seen.read == 0 or not seen.symbols:
            raise UnreadableStream(f"{path} holds no message of Binance's streams with its receive time.")
        market = seen.market or BinanceMarket.SPOT
        symbols = tuple(_terms(symbol, market, bodies) for symbol, bodies in sorted(seen.symbols.items()))
        first_ns, last_ns = _span(path)
    except OSError as problem:
        raise UnreadableStream(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    return CaptureTerms(path, market, symbols, first_ns, last_ns)


def _lines(path: Path) -> Iterator[bytes]:
    """As far as they can be read."""
    try:
        for lines in read_lines(path):
            yield from lines
    except (CutOff, OSError):
        return


def _look(path: Path) -> _Seen:
    seen = _Seen()
    parser = StreamDecoder(())
    for line in islice(_lines(path), _LINES_LOOKED_AT):
        try:
            _, body = split_line(line)
            envelope, event = parser.parse(body)
        except Refused:
            continue
        symbol = event.s or envelope.stream.partition("@")[0].upper()
        seen.market = seen.market or _market_of(event)
        seen.read += 1
        if symbol.isascii() and symbol.isalnum() and len(symbol) <= _LINES_TO_BELIEVE:
            seen.symbols.setdefault(symbol, []).append(body)
        elif event.is_snapshot and len(seen.symbols) == 1:
            next(iter(seen.symbols.values())).append(body)
    return seen


def _market_of(event: Event) -> BinanceMarket | None:
    """What only one of the two markets sends; None where both could have."""
    if event.e == "depthUpdate":
        return BinanceMarket.FUTURES if event.pu >= 0 else BinanceMarket.SPOT
    if event.is_best:
        return BinanceMarket.FUTURES if event.e else BinanceMarket.SPOT
    return None


def _terms(symbol: str, market: BinanceMarket, bodies: list[bytes]) -> SymbolTerms:
    """The tick is the greatest common divisor of the prices."""
    fine = StreamDecoder([StreamSymbol(symbol, market, 0, _FINEST_DIGITS, _FINEST_SIZE_DIGITS)])
    whole = StreamDecoder([StreamSymbol(symbol, market, 0, _FINEST_DIGITS, 0)])
    for body in bodies:
        try:
            fine.feed(body, 0)
        except Refused as bad:
            if bad.reason == NUMBER_FAULTS[NumberFault.TOO_LARGE]:
                with suppress(Refused):
                    whole.feed(body, 0)
    rows, coins = fine.take(), whole.take()
    prices = _prices(np.concatenate((rows, coins)))
    increment = math.gcd(*prices.tolist()) if len(prices) >= _PRICES_WANTED else 1
    increment, digits = _without_zeros(increment, _FINEST_DIGITS)
    sizes = _sizes(rows) | {each * 10**_FINEST_SIZE_DIGITS for each in _sizes(coins)}
    tick_class = _MANTISSAS.get(increment, TickClass.FINEST)
    return SymbolTerms(symbol, market, digits, tick_class, *_size_digits(sizes))


def _prices(rows: Batch) -> npt.NDArray[np.int64]:
    levels, trades, quotes = (rows[rows["kind"] == kind] for kind in (Kind.DEPTH, Kind.TRADE, Kind.QUOTE))
    prices = np.unique(np.concatenate((levels["v1"], trades["v0"], quotes["v0"], quotes["v1"])))
    return prices[prices > 0]


def _sizes(rows: Batch) -> set[int]:
    levels, trades, quotes = (rows[rows["kind"] == kind] for kind in (Kind.DEPTH, Kind.TRADE, Kind.QUOTE))
    return set(np.unique(np.concatenate((levels["v2"], trades["v1"], quotes["v2"], quotes["v3"]))).tolist()) - {0}


def _size_digits(sizes: set[int]) -> tuple[int, int]:
    """The digits to take, and those that sizes (in 1e-8 coins) have shown.

    As fine as 1e-8, coarser only where a day's volume would not fit, and never so coarse that a size seen is lost.
    """
    _, least = _without_zeros(math.gcd(*sizes), _FINEST_SIZE_DIGITS) if sizes else (0, 0)
    digits, largest = _FINEST_SIZE_DIGITS, max(sizes, default=0)
    while digits > least and largest > _LARGEST_SCALED:
        largest //= 10
        digits -= 1
    return digits, least


def _without_zeros(number: int, digits: int) -> tuple[int, int]:
    while digits > 0 and number % 10 == 0:
        number //= 10
        digits -= 1
    return number, digits


def _span(path: Path) -> tuple[int, int]:
    first_ns, last_ns = 0, 0
    lines: list[bytes] = []
    try:
        for lines in read_lines(path):
            for line in lines if not first_ns else reversed(lines):
                stamp = _stamp(line)
                if stamp:
                    first_ns = first_ns or stamp
                    last_ns = max(last_ns, stamp)
                    break
    except CutOff:
        pass
    last_ns = max([last_ns, *map(_stamp, lines)])
    return first_ns, last_ns


def _stamp(line: bytes) -> int:
    try:
        return split_line(line)[0]
    except Refused:
        return 0
