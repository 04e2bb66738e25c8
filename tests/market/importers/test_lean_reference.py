"""Ticker changes, splits, rates, tick classes and wall clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.clock import CHICAGO, NEW_YORK, to_ns
from terminal.core.osi import OptionSymbol, Right, parse_option_symbol
from terminal.core.ticks import TickClass
from terminal.market.importers.lean.catalog import Catalog
from terminal.market.importers.lean.contracts import infer_tick_class, underlying_of_root
from terminal.market.importers.lean.reference import (
    ReferenceUnreadable,
    adjusted_contract,
    adjusted_px,
    read_factor_file,
    read_interest_rates,
    read_map_file,
)
from terminal.market.importers.lean.wall_time import to_utc_ns


def test_google_was_another_ticker_before(lean: Path) -> None:
    tickers = read_map_file(lean / "equity/usa/map_files/goog.csv")
    assert tickers.ticker_on(date(2014, 4, 2)) == "goocv"
    assert tickers.ticker_on(date(2014, 4, 3)) == "goog"
    assert tickers.ticker_on(date(2013, 1, 2)) is None
    powershares = read_map_file(lean / "equity/usa/map_files/qqq.csv")
    assert [powershares.ticker_on(date(year, 6, 1)) for year in (2004, 2008, 2012)] == ["qqq", "qqqq", "qqq"]


def test_splits_are_ratios_of_whole_numbers_and_dividends_do_not_count(lean: Path) -> None:
    apple = read_factor_file(lean / "equity/usa/factor_files/aapl.csv")
    assert apple.split_between(date(2014, 6, 6), date(2014, 6, 9)) == Fraction(1, 7)
    assert apple.split_between(date(2014, 6, 5), date(2014, 6, 6)) == 1
    assert apple.split_between(date(2014, 5, 7), date(2014, 5, 8)) == 1
    assert apple.split_between(date(2020, 8, 28), date(2020, 8, 31)) == Fraction(1, 4)
    assert adjusted_px(6_455_700, Fraction(1, 7)) == 922_243


@pytest.mark.parametrize(
    ("strike", "factor", "expected", "quantity", "shares", "multiplier"),
    [
        ("695", 7, "99.29", 7, 100, 100),
        ("690", Fraction(7), "98.57", 7, 100, 100),
        ("500", 2, "250", 2, 100, 100),
        ("90", Fraction(3, 2), "60", 1, 150, 150),
        ("10", Fraction(1, 10), "10", 1, 10, 100),
        ("10", 1, "10", 1, 100, 100),
    ],
)
def test_a_contract_after_a_split(
    strike: str, factor: Fraction | int, expected: str, quantity: int, shares: int, multiplier: int
) -> None:
    before = parse_option_symbol(f"AAPL 2014-06-21 {strike} C")
    after = adjusted_contract(before, factor)
    assert after.symbol == parse_option_symbol(f"AAPL 2014-06-21 {expected} C")
    assert (after.quantity, after.shares, after.multiplier) == (quantity, shares, multiplier)


def test_a_factor_of_nothing_is_no_split() -> None:
    with pytest.raises(ValueError, match="above zero"):
        adjusted_contract(OptionSymbol("A", date(2024, 1, 19), Right.CALL, 1000), 0)


def test_the_new_apple_strikes_are_the_old_ones_by_seven(lean: Path) -> None:
    """Every contract of the day after the split that is no new listing is an old one, adjusted."""
    catalog = Catalog(lean)
    file = next(each for each in catalog.files if each.name.path.startswith("option/usa/hour/aapl_2014_quote"))
    assert set(catalog.days_in(file)) == {date(2014, 6, 6), date(2014, 6, 9)}
    assert adjusted_contract(parse_option_symbol("AAPL 2014-06-13 695 P"), 7).symbol.strike == Decimal("99.29")


def test_interest_rates_are_decimals(lean: Path) -> None:
    rates = read_interest_rates(lean / "alternative/interest-rate/usa/interest-rate.csv")
    assert rates[0] == (date(2003, 1, 9), Decimal("0.0225"))
    assert rates[-1] == (date(2023, 7, 27), Decimal("0.055"))
    assert list(rates) == sorted(rates)


def test_a_missing_reference_file_is_empty_and_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "acme.csv"
    assert read_map_file(path).ticker_on(date(2024, 1, 2)) is None
    assert read_factor_file(path).split_between(date(2024, 1, 2), date(2024, 1, 3)) == 1
    assert read_interest_rates(path) == ()
    path.write_text("20240101,1,0.5,10\n20240102,1,nan,10\n")
    with pytest.raises(ReferenceUnreadable, match=r"acme\.csv, line 2, cannot be read"):
        read_factor_file(path)
    path.write_text("20241301,acme\n")
    with pytest.raises(ReferenceUnreadable, match="line 1"):
        read_map_file(path)
    path.write_text("DATE,RATE\n2024-01-01\n")
    with pytest.raises(ReferenceUnreadable, match="line 2"):
        read_interest_rates(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReferenceUnreadable, match="cannot be read"):
        read_map_file(path)


def test_tick_classes_show_in_the_quotes() -> None:
    def of(*dollars: str) -> TickClass:
        return infer_tick_class(np.array([int(Decimal(each) * 10_000) for each in dollars], np.int64))

    assert of("0.05", "2.95", "3.10", "155.20") is TickClass.NICKEL_DIME
    assert of("0.05", "2.95", "3.15") is TickClass.PENNY_PROGRAM
    assert of("0.01", "3.10") is TickClass.PENNY_PROGRAM
    assert of("0.01", "3.11") is TickClass.PENNY
    assert of() is TickClass.PENNY_PROGRAM
    assert of("0") is TickClass.PENNY_PROGRAM
    assert of(*["0.05"] * 2000, "0.07") is TickClass.NICKEL_DIME


def test_roots_belong_to_their_index() -> None:
    assert [underlying_of_root(root) for root in ("spxw", "SPX", "NDXP", "GOOG")] == ["SPX", "SPX", "NDX", "GOOG"]


@given(
    st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), max_size=30),
    st.sampled_from([NEW_YORK, CHICAGO, ZoneInfo("UTC")]),
)
def test_wall_clocks_become_utc_as_the_standard_library_says(walls: list[datetime], zone: ZoneInfo) -> None:
    wall_ns = np.array([to_ns(each.replace(tzinfo=UTC)) for each in walls], np.int64)
    assert to_utc_ns(wall_ns, zone).tolist() == [to_ns(each.replace(tzinfo=zone)) for each in walls]
