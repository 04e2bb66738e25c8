"""Numbers as a trader reads them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app import ages, formats
from terminal.core.clock import NS_PER_S, at_ns
from terminal.core.instruments import Instrument, InstrumentKind, SessionProduct
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from tests.app.days import DAY

STOCK = Instrument(0, "ACME", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
OPTION = Instrument(1, "X", InstrumentKind.OPTION, SessionProduct.EQUITY_OPTION, TickClass.PENNY_PROGRAM)
PERPETUAL = Instrument(
    3, "BTCUSDT", InstrumentKind.CRYPTO_PERPETUAL, SessionProduct.CRYPTO, TickClass.FINEST, "USDT", price_scale=10
)
FUTURE = Instrument(
    4, "ESU4", InstrumentKind.FUTURE, SessionProduct.FOREIGN, TickClass.EVERY_25, multiplier=50, price_scale=100
)
FINE = Instrument(2, "Y", InstrumentKind.FX_PAIR, SessionProduct.FX, TickClass.FINEST)


@pytest.mark.parametrize(
    ("px", "instrument", "text"),
    [
        (16_000, OPTION, "1.60"),
        (31_500, OPTION, "3.15"),
        (7_484_000, STOCK, "748.40"),
        (12_345_678_900, STOCK, "1,234,567.89"),
        (4_321, STOCK, "0.4321"),
        (11_234, FINE, "1.1234"),
        (618_002, PERPETUAL, "61,800.2"),
        (561_975, FUTURE, "5,619.75"),
        (0, STOCK, "0.0000"),
        (0, OPTION, "0.00"),
        (-500, OPTION, "\u22120.05"),
        (ABSENT_PX, STOCK, "\u2013"),
        (None, STOCK, "\u2013"),
    ],
)
def test_a_price_has_the_decimals_of_its_tick(px: int | None, instrument: Instrument, text: str) -> None:
    assert formats.price(px, instrument) == text


@pytest.mark.parametrize(
    ("size", "instrument", "text"),
    [
        (290_900_000, PERPETUAL, "2.909"),
        (123_456_789_000, PERPETUAL, "1,234.568"),
        (600_000, PERPETUAL, "0.006"),
        (12_000, PERPETUAL, "0.00012"),
        (1, PERPETUAL, "0.00000001"),
        (0, PERPETUAL, "0"),
        (None, PERPETUAL, "\u2013"),
        (1_200, FUTURE, "1,200"),
        (1_200, STOCK, "1,200"),
    ],
)
def test_sizes_are_read_in_contracts_shares_or_coins(size: int | None, instrument: Instrument, text: str) -> None:
    assert formats.quantity(size, instrument) == text


@given(st.integers(-(10**15), 10**15), st.sampled_from([1, 100, 10_000, 100_000_000]), st.integers(0, 6))
def test_fixed_decimals_are_the_exact_number_rounded_half_to_even(px: int, scale: int, decimals: int) -> None:
    text = formats.fixed(px, scale, decimals)
    exact = (Decimal(px) / scale).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    assert Decimal(text.replace(",", "").replace("\u2212", "-")) == exact
    assert "-" not in text
    assert not (exact == 0 and text.startswith("\u2212"))


def test_a_mark_always_has_one_place_more_than_the_tick() -> None:
    assert formats.mark_price(15_150, OPTION) == "1.515"
    assert formats.mark_price(15_100, OPTION) == "1.510"
    assert formats.mark_price(None, OPTION) == formats.MISSING


def test_an_average_off_the_tick_shows_two_more_places() -> None:
    assert formats.average_price(16_000, OPTION) == "1.60"
    assert formats.average_price(16_033, OPTION) == "1.6033"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5432, "0.543"), (-0.012345, "\u22120.0123"), (12.345, "12.3"), (123.4, "123"), (1234.5, "1,230"), (0.0, "0"),
     (0.9996, "1.00"), (math.nan, "\u2013"), (math.inf, "\u2013"), (None, "\u2013"), (1e-9, "0"), (99.96, "100")],
)  # fmt: skip
def test_a_greek_has_three_significant_digits(value: float | None, text: str) -> None:
    assert formats.greek(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_greek_is_never_further_off_than_half_its_last_digit(value: float) -> None:
    shown = float(formats.greek(value).replace(",", "").replace("\u2212", "-"))
    assert abs(shown - value) <= max(5e-7, abs(value) * 0.00501)


def test_money_and_signs() -> None:
    assert formats.money(1_234_567_890) == "123,456.79"
    assert formats.money_overview(1_234_567_890) == "123,457"
    assert formats.money_overview(999_999_900) == "99,999.99"
    assert formats.money(-500_000, sign=True) == "\u221250.00"
    assert formats.money(500_000, sign=True) == "+50.00"
    assert formats.money(0, sign=True) == "0.00"
    assert formats.money(None) == "\u2013"
    assert formats.signed_size(5) == "+5"
    assert formats.signed_size(-1_200) == "\u22121,200"
    assert formats.size(0) == "0"
    assert formats.size(None) == "\u2013"


def test_changes_percents_and_vols() -> None:
    assert formats.change(1_200, STOCK) == "+0.12"
    assert formats.change(-1_200, STOCK) == "\u22120.12"
    assert formats.change(0, STOCK) == "0.00"
    assert formats.percent(0.01234) == "+1.23%"
    assert formats.percent(-0.000001) == "0.00%"
    assert formats.percent(math.nan) == "\u2013"
    assert formats.iv_points(0.234) == "23.4"
    assert formats.iv_points(None) == "\u2013"
    assert formats.ratio(-0.001) == "0.00"


def test_ages_and_countdowns() -> None:
    assert ages.age(None) == "\u2013"
    assert ages.age(-5) == "0.0 s"
    assert ages.age(430_000_000) == "0.4 s"
    assert ages.age(12 * NS_PER_S) == "12 s"
    assert ages.age(185 * NS_PER_S) == "3 m 05 s"
    assert ages.age(7_800 * NS_PER_S) == "2 h 10 m"
    assert ages.age(4 * 86_400 * NS_PER_S) == "4 d"
    assert ages.countdown(1) == "0:01"
    assert ages.countdown(0) == "\u2013"
    assert ages.countdown(23_335 * NS_PER_S) == "6:28:55"
    assert ages.countdown(76 * 3_600 * NS_PER_S) == "3 d 04 h"


def test_times_are_the_exchange_s() -> None:
    assert ages.time_of_day(at_ns(DAY, 9, 31, 5)) == "09:31:05"
    assert ages.time_of_day(at_ns(DAY, 9, 31, 5) + 120_000_000, millis=True) == "09:31:05.120"
    assert ages.day_text(at_ns(DAY, 9, 31, 5)) == "Mon 2026-01-05"


@pytest.mark.parametrize(
    ("units", "instrument", "short"),
    [
        (0, STOCK, "0"),
        (9_999, STOCK, "9,999"),
        (99_999, STOCK, "99.9k"),
        (999_999, STOCK, "999k"),
        (1_234_567, STOCK, "1.2M"),
        (-12_345, STOCK, "\u221212.3k"),
        (100_000, PERPETUAL, "0.001"),
        (5, PERPETUAL, "<0.001"),
        (123_456_789, PERPETUAL, "1.235"),
        (123_456_789_012, PERPETUAL, "1,235"),
        (2_345_678_901_200, PERPETUAL, "23.4k"),
    ],
)
def test_short_sizes(units: int, instrument: Instrument, short: str) -> None:
    assert formats.short_size(units, instrument) == short


@given(st.integers(0, 10**12 - 1), st.sampled_from((STOCK, PERPETUAL)))
def test_a_short_size_has_at_most_six_characters(units: int, instrument: Instrument) -> None:
    assert len(formats.short_size(units, instrument)) <= 6
