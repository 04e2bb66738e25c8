"""Option symbols of the OCC's Options Symbology Initiative (2010), both ways.

21 characters: root left-justified in 6, expiry YYMMDD, C or P, strike in 1/1000 in 8 digits. The padding may be
missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum

_OSI_LENGTH = 21
_OSI = re.compile(r"([A-Z][A-Z0-9.]{0,5}) *(\d{2})(\d{2})(\d{2})([CP])(\d{8})")
_SPOKEN = re.compile(r"([A-Z][A-Z0-9.]{0,5}) +(\d{4})-(\d{2})-(\d{2}) +(\d+(?:\.\d{1,3})?) *([CP])")


class SymbolError(ValueError):
    """A text that names no instrument."""


class Right(IntEnum):
    """Call or put; the value is the sign of the payoff's slope."""

    CALL = 1
    PUT = -1

    @property
    def letter(self) -> str:
        """``C`` or ``P``."""
        return "C" if self is Right.CALL else "P"


@dataclass(frozen=True, slots=True)
class OptionSymbol:
    """What an OSI symbol says; ``strike_mills`` is the strike in 1/1000 of the currency."""

    root: str
    expiry: date
    right: Right
    strike_mills: int

    @property
    def strike(self) -> Decimal:
        """The strike in currency."""
        return Decimal(self.strike_mills) / 1000

    def osi(self) -> str:
        """The 21-character symbol."""
        return f"{self.root:<6}{self.compact()[len(self.root) :]}"

    def compact(self) -> str:
        """The symbol without padding, as brokers' interfaces write it."""
        return f"{self.root}{self.expiry:%y%m%d}{self.right.letter}{self.strike_mills:08d}"

    def spoken(self) -> str:
        """As a person writes it: ``GOOG 2015-12-24 750 C``."""
        return f"{self.root} {self.expiry:%Y-%m-%d} {self.strike.normalize():f} {self.right.letter}"


def make_option_symbol(root: str, expiry: date, right: Right, strike_mills: int) -> OptionSymbol:
    """A checked symbol; SymbolError when a part does not fit the 21 characters."""
    if not re.fullmatch(r"[A-Z][A-Z0-9.]{0,5}", root):
        raise SymbolError(f"{root!r} is not an option root: one to six capital letters and digits")
    if not 0 < strike_mills < 100_000_000:
        raise SymbolError(f"strike {Decimal(strike_mills) / 1000} is outside 0.001 to 99999.999")
    if not 2000 <= expiry.year <= 2099:
        raise SymbolError(f"expiry {expiry} is outside 2000 to 2099, which two digits of a year can say")
    return OptionSymbol(root, expiry, right, strike_mills)


def parse_typed_symbol(text: str) -> OptionSymbol:
    """Like :func:`parse_option_symbol` for what a person typed: in small letters too, and with any number of spaces."""
    squeezed = " ".join(text.upper().split())
    return parse_option_symbol(squeezed if _SPOKEN.fullmatch(squeezed) else squeezed.replace(" ", ""))


def parse_option_symbol(text: str) -> OptionSymbol:
    """Reads an OSI symbol, padded to 21 characters or not at all, or ``ROOT YYYY-MM-DD STRIKE C``; else SymbolError."""
    found = _OSI.fullmatch(text.strip())
    if found and " " in text.strip() and len(text) != _OSI_LENGTH:
        raise SymbolError(f"{text!r} is padded to {len(text)} characters; an OSI symbol has {_OSI_LENGTH}")
    if found:
        root, year, month, day, letter, strike = found.groups()
        full_year, mills = 2000 + int(year), int(strike)
    else:
        found = _SPOKEN.fullmatch(text.strip())
        if not found:
            raise SymbolError(f"{text!r} is not an option symbol like SPXW  260417P06000000 or GOOG 2015-12-24 750 C")
        root, year, month, day, price, letter = found.groups()
        full_year, mills = int(year), int(Decimal(price) * 1000)
    try:
        expiry = date(full_year, int(month), int(day))
    except ValueError:
        raise SymbolError(f"{text!r} names a day that does not exist") from None
    return make_option_symbol(root, expiry, Right.CALL if letter == "C" else Right.PUT, mills)
