"""Prices and money as integers.

A price is an int64 in units of ``1 / price_scale`` of its currency (suffix ``_px``, FIX's word for price); US products
use ``PRICE_SCALE`` = 10,000. Money is an int in 1/10,000 of its currency (suffix ``_e4``). Decimal text exists at the
edges only.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

PRICE_SCALE = 10_000
MONEY_SCALE = 10_000
ABSENT_PX = -(2**63)
"""A side that was never quoted. It is not zero: a zero bid is a quote."""


class MoneyError(ValueError):
    """A price or an amount that cannot be held exactly."""


def parse_px(text: str, scale: int = PRICE_SCALE) -> int:
    """The integer price of decimal ``text``; MoneyError when it is no number or finer than ``1 / scale``."""
    try:
        value = Decimal(text.strip()) * scale
    except InvalidOperation:
        raise MoneyError(f"{text!r} is not a price; write it like 1.60") from None
    if not value.is_finite() or value != value.to_integral_value() or abs(value) >= 2**62:
        raise MoneyError(f"{text!r} is not a price in steps of {Decimal(1) / scale}")
    return int(value)


def format_px(px: int, scale: int = PRICE_SCALE, decimals: int = 2) -> str:
    """Decimal text of an integer price, with at least ``decimals`` places and never a rounded digit."""
    value = Decimal(px) / scale
    text = f"{value:.{decimals}f}"
    return text if Decimal(text) == value else f"{value.normalize():f}"


def parse_money(text: str) -> int:
    """The amount of decimal ``text`` in 1/10,000; MoneyError when it is no amount."""
    try:
        return parse_px(text, MONEY_SCALE)
    except MoneyError:
        raise MoneyError(f"{text!r} is not an amount of money; write it like 100000.00") from None


def format_money(amount_e4: int) -> str:
    """Decimal text of an amount, rounded half to even to the cent."""
    cents = (Decimal(amount_e4) / MONEY_SCALE).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"{cents:.2f}"


def notional_e4(px: int, quantity: int, multiplier: int, price_scale: int = PRICE_SCALE) -> int:
    """Value of ``quantity`` at ``px`` in 1/10,000 of the currency; half units round to even, so sums stay unbiased."""
    product = px * quantity * multiplier * MONEY_SCALE
    quotient, remainder = divmod(product, price_scale)
    twice = 2 * remainder
    if twice > price_scale or (twice == price_scale and quotient % 2):
        quotient += 1
    return quotient
