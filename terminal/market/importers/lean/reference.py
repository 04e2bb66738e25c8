"""What Lean keeps beside the prices: ticker changes, splits and dividends, interest rates."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

from terminal.core.osi import OptionSymbol
from terminal.infra.failures import WorkFailed
from terminal.market.importers.lean.layout import parse_day

_SHARES = 100
_LARGEST_RATIO = 40
"""Splits are ratios of small numbers; factor files write them with seven digits."""


class ReferenceUnreadable(WorkFailed):
    """A map, factor or rate file that cannot be trusted."""


@dataclass(frozen=True, slots=True)
class MapFile:
    """Tickers of one security over time: each row's ticker holds up to and including its day."""

    rows: tuple[tuple[date, str], ...] = ()

    def ticker_on(self, day: date) -> str | None:
        """The lower-case ticker on ``day``; None outside the security's life, or when nothing is known."""
        if not self.rows or day < self.rows[0][0]:
            return None
        at = bisect_left([last for last, _ in self.rows], day)
        return self.rows[at][1] if at < len(self.rows) else None


@dataclass(frozen=True, slots=True)
class FactorRow:
    """Factors for prices up to and including ``day``; prices are multiplied by them to be today's.

    ``reference_price``: the close of ``day``; None where the file does not tell it.
    """

    day: date
    price_factor: Decimal
    split_factor: Decimal
    reference_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FactorFile:
    """A security's adjustments, ascending by day."""

    rows: tuple[FactorRow, ...] = ()

    def split_between(self, before: date, after: date) -> Fraction:
        """What a price of ``before`` is multiplied by to be in the terms of ``after``: 1/7 across a 7:1 split.

        Dividends do not count: the exchange's prior close is not adjusted for them.
        """
        ratio = Fraction(self._split_factor(before)) / Fraction(self._split_factor(after))
        whole = ratio.limit_denominator(_LARGEST_RATIO)
        close = abs(whole - ratio) <= ratio / 100_000
        return whole if close and whole > 0 else ratio

    def _split_factor(self, day: date) -> Decimal:
        at = bisect_left([row.day for row in self.rows], day)
        return self.rows[at].split_factor if at < len(self.rows) else Decimal(1)


@dataclass(frozen=True, slots=True)
class AdjustedContract:
    """What became of one contract in a split: ``quantity`` new contracts, each delivering ``shares``."""

    symbol: OptionSymbol
    quantity: int
    shares: int
    multiplier: int


def adjusted_contract(symbol: OptionSymbol, factor: Fraction | Decimal | int) -> AdjustedContract:
    """The contract after a split of ``factor`` new shares for one old.

    A whole ratio divides the strike, rounded to the cent, and multiplies the quantity (695.00 becomes seven of 99.29
    after 7:1). Any other ratio above 1 divides the strike and changes shares and multiplier; a reverse split changes
    the delivered shares only (OCC By-Laws, Article VI, section 11A). Raises ValueError for a factor not above 0.
    """
    ratio = Fraction(factor)
    if ratio <= 0:
        raise ValueError(f"a split ratio must be above zero, was {factor}")
    shares = int(_SHARES * ratio)
    if ratio < 1:
        return AdjustedContract(symbol, 1, shares, _SHARES)
    strike = Decimal(symbol.strike_mills * ratio.denominator) / Decimal(ratio.numerator * 10)
    mills = int(strike.quantize(Decimal(1), ROUND_HALF_UP)) * 10
    changed = replace(symbol, strike_mills=mills)
    if ratio.denominator == 1:
        return AdjustedContract(changed, ratio.numerator, _SHARES, _SHARES)
    return AdjustedContract(changed, 1, shares, shares)


def adjusted_px(px: int, ratio: Fraction) -> int:
    """An integer price times ``ratio``, rounded half up."""
    product = px * ratio
    return (2 * product.numerator + product.denominator) // (2 * product.denominator)


def read_map_file(path: Path) -> MapFile:
    """Rows ``YYYYMMDD,ticker[,exchange]``; a file that is not there is an empty one. Raises ReferenceUnreadable."""
    rows = []
    for number, fields in _lines(path):
        day = parse_day(fields[0])
        if day is None or len(fields) < 2 or not fields[1]:
            raise _unreadable(path, number)
        rows.append((day, fields[1].lower()))
    return MapFile(tuple(sorted(rows)))


def read_factor_file(path: Path) -> FactorFile:
    """Rows ``YYYYMMDD,price_factor,split_factor[,reference_price]``; missing: empty. Raises ReferenceUnreadable."""
    rows = []
    for number, fields in _lines(path):
        day = parse_day(fields[0])
        if day is None or len(fields) < 3:
            raise _unreadable(path, number)
        price_factor, split_factor = _decimal(fields[1]), _decimal(fields[2])
        if price_factor is None or split_factor is None or split_factor <= 0 or price_factor <= 0:
            raise _unreadable(path, number)
        reference = _decimal(fields[3]) if len(fields) > 3 else None
        rows.append(FactorRow(day, price_factor, split_factor, reference if reference and reference > 0 else None))
    return FactorFile(tuple(sorted(rows, key=lambda row: row.day)))


def read_interest_rates(path: Path) -> tuple[tuple[date, Decimal], ...]:
    """Rates as decimals (0.055 is 5.5 %) from ``YYYY-MM-DD,percent`` rows under a heading, ascending by day.

    Lean's file holds the Federal Reserve's primary credit rate; each holds from its day on. Raises ReferenceUnreadable.
    """
    rates = []
    for number, fields in _lines(path):
        if number == 1 and fields[0].upper() == "DATE":
            continue
        day = parse_day(fields[0].replace("-", ""))
        percent = _decimal(fields[1]) if len(fields) > 1 else None
        if day is None or percent is None:
            raise _unreadable(path, number)
        rates.append((day, percent / 100))
    return tuple(sorted(rates))


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ReferenceUnreadable(f"{path} cannot be read; fetch it again or remove it.") from error
    return [
        (number, [field.strip() for field in line.split(",")])
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < 10**9 else None


def _unreadable(path: Path, line: int) -> ReferenceUnreadable:
    return ReferenceUnreadable(f"{path}, line {line}, cannot be read; fetch the file again or remove it.")
