"""Numbers as a trader reads them: fixed decimals, a true minus, a dash for what is missing. Pure functions."""

from __future__ import annotations

import math

from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX, MONEY_SCALE, PRICE_SCALE
from terminal.core.ticks import TickClass

MINUS = "\u2212"
MISSING = "\u2013"
COARSE_MONEY_E4 = 100_000 * MONEY_SCALE
"""Above this an overview shows no cents."""


def price_decimals(tick_class: TickClass, px: int, scale: int = PRICE_SCALE) -> int:
    """Decimals that the tick at ``px`` needs; at least 2 where prices are dollars and cents, at scale 10,000."""
    increment = tick_class.table.increment(px)
    decimals = 0
    while decimals < 12 and (increment * 10**decimals) % scale:
        decimals += 1
    return max(2, decimals) if scale == PRICE_SCALE else decimals


def fixed(px: int, scale: int, decimals: int) -> str:
    """``px`` / ``scale`` with exactly ``decimals`` places, rounded half to even, thousands separated, true minus."""
    numerator = abs(px) * 10**decimals
    quotient, remainder = divmod(numerator, scale)
    twice = 2 * remainder
    if twice > scale or (twice == scale and quotient % 2):
        quotient += 1
    whole, part = divmod(quotient, 10**decimals)
    text = f"{whole:,}" + (f".{part:0{decimals}d}" if decimals else "")
    return f"{MINUS}{text}" if px < 0 and quotient else text


def price(px: int | None, instrument: Instrument) -> str:
    """A price of an instrument, with the decimals of its tick; a dash when absent. A zero bid is a quote: 0.00."""
    if px is None or px == ABSENT_PX:
        return MISSING
    return fixed(px, instrument.price_scale, price_decimals(instrument.tick_class, px, instrument.price_scale))


def average_price(px: int | None, instrument: Instrument) -> str:
    """An average, which need not lie on a tick: two places more than the tick when it is off it."""
    if px is None or px == ABSENT_PX:
        return MISSING
    decimals = price_decimals(instrument.tick_class, px, instrument.price_scale)
    exact = (px * 10**decimals) % instrument.price_scale == 0
    return fixed(px, instrument.price_scale, decimals if exact else decimals + 2)


def mark_price(px: int | None, instrument: Instrument) -> str:
    """A mid, which may lie half a tick off: always one place more than the tick, so that it never jumps about."""
    if px is None or px == ABSENT_PX:
        return MISSING
    decimals = price_decimals(instrument.tick_class, px, instrument.price_scale)
    return fixed(px, instrument.price_scale, decimals + 1)


def change(px: int | None, instrument: Instrument) -> str:
    """A price difference with its sign, at least two decimals."""
    if px is None or px == ABSENT_PX:
        return MISSING
    scale = instrument.price_scale
    decimals = price_decimals(instrument.tick_class, max(abs(px), scale), scale)
    return _with_plus(fixed(px, scale, decimals), px)


def percent(ratio: float | None, decimals: int = 2) -> str:
    """A ratio as signed per cent: 0.0123 is ``+1.23%``."""
    if ratio is None or not math.isfinite(ratio):
        return MISSING
    text = f"{abs(ratio) * 100:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return f"{text}%"
    return f"{'+' if ratio > 0 else MINUS}{text}%"


def size(quantity: int | None, *, zero: str = "0") -> str:
    """Contracts or shares as a whole number; a dash when unknown."""
    if quantity is None:
        return MISSING
    if quantity == 0:
        return zero
    return f"{quantity:,}" if quantity > 0 else f"{MINUS}{-quantity:,}"


def quantity(size_units: int | None, instrument: Instrument, *, zero: str = "0") -> str:
    """A size of ``instrument`` in contracts, shares or coins; parts of coins with up to 3 decimals, less than one
    exactly (to 8)."""
    scale = instrument.size_scale
    if size_units is None or size_units == 0 or scale == 1:
        return size(size_units, zero=zero)
    decimals = min(3, _decimals_of(scale))
    while abs(size_units) < scale and decimals < 8 and size_units * 10**decimals % scale:
        decimals = min(8, decimals + 2)
    return fixed(size_units, scale, decimals)


def short_size(size_units: int, instrument: Instrument) -> str:
    """The same in at most six characters: ``9,999``, ``12.3k``, ``4.5M``; coins ``0.012``, ``1.234``, ``123.4``."""
    scale = instrument.size_scale
    whole = abs(size_units) / scale
    sign = MINUS if size_units < 0 else ""
    if whole >= 10_000:
        for limit, unit in ((1e5, 1e3), (1e6, 1e3), (1e8, 1e6), (1e9, 1e6), (math.inf, 1e9)):
            if whole < limit:
                letter = {1e3: "k", 1e6: "M", 1e9: "B"}[unit]
                exact = limit in {1e6, 1e9}
                # Cut, not rounded: 999,999 must not read 1000k.
                return f"{sign}{int(whole / unit)}{letter}" if exact else f"{sign}{int(whole / unit * 10) / 10}{letter}"
    if scale == 1:
        return size(size_units)
    if 0 < whole < 0.001:
        return f"{sign}<0.001"
    decimals = 3 if whole < 99.9995 else 1 if whole < 999.95 else 0
    return fixed(size_units, scale, min(decimals, _decimals_of(scale)))


def _decimals_of(scale: int) -> int:
    """Decimals that one part of ``scale`` needs."""
    return len(str(scale - 1)) if scale > 1 else 0


def signed_size(quantity: int | None) -> str:
    """A position: with its sign."""
    if quantity is None:
        return MISSING
    return _with_plus(size(quantity), quantity)


def iv_points(vol: float | None) -> str:
    """A vol of 0.234 as points with one decimal: ``23.4``."""
    if vol is None or not math.isfinite(vol):
        return MISSING
    return _minus(f"{vol * 100:,.1f}")


def greek(value: float | None, digits: int = 3) -> str:
    """A Greek with ``digits`` significant digits, without an exponent; tiny values are 0."""
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) < 5e-7:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    decimals = max(0, digits - 1 - exponent)
    rounded = round(value, digits - 1 - exponent)
    if rounded and math.floor(math.log10(abs(rounded))) > exponent:
        decimals = max(0, decimals - 1)
    return _minus(f"{rounded:,.{decimals}f}")


def ratio(value: float | None, decimals: int = 2) -> str:
    """A plain number with fixed decimals."""
    if value is None or not math.isfinite(value):
        return MISSING
    return _minus(f"{value:,.{decimals}f}")


def money(amount_e4: int | None, *, sign: bool = False) -> str:
    """Money with cents, as the blotter shows it."""
    if amount_e4 is None:
        return MISSING
    text = fixed(amount_e4, MONEY_SCALE, 2)
    return _with_plus(text, amount_e4) if sign else text


def money_overview(amount_e4: int | None, *, sign: bool = False) -> str:
    """Money as overviews show it: no cents from 100,000 up."""
    if amount_e4 is None:
        return MISSING
    text = fixed(amount_e4, MONEY_SCALE, 0 if abs(amount_e4) >= COARSE_MONEY_E4 else 2)
    return _with_plus(text, amount_e4) if sign else text


def _with_plus(text: str, value: int) -> str:
    has_digit = any(c in "123456789" for c in text)
    return f"+{text}" if value > 0 and has_digit else text


def _minus(text: str) -> str:
    if not text.startswith("-"):
        return text
    return f"{MINUS}{text[1:]}" if any(c in "123456789" for c in text) else text[1:]
