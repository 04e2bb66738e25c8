"""Symbols by what a trader types, and what the window opens with."""

from __future__ import annotations

from datetime import date

import pytest

from terminal.app.opening_symbols import opening_symbols
from terminal.app.symbol_search import search
from terminal.core.clock import at_ns
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass


@pytest.fixture
def table() -> InstrumentTable:
    made = InstrumentTable()
    for symbol, kind, name in (
        ("BOLT", InstrumentKind.EQUITY, "Bolt and Nut"),
        ("GOOG", InstrumentKind.EQUITY, "Goog Incorporated"),
        ("GO", InstrumentKind.EQUITY, "Go"),
        ("SIMX", InstrumentKind.INDEX, "Simulated index"),
        ("SIMY", InstrumentKind.ETF, "Fund"),
    ):
        made.add(symbol, kind, SessionProduct.EQUITY, TickClass.EQUITY, name=name)
    for underlying, root in ((1, "GOOG"), (3, "SIMX"), (4, "SIMY")):
        for day in (date(2015, 12, 24), date(2016, 1, 15)):
            for strike in (745_000, 750_000, 752_500):
                for right in Right:
                    made.add_option(make_option_symbol(root, day, right, strike), underlying, at_ns(day, 16))
    return made


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("go", "GO", 2),
        ("goog 750 c", "GOOG 2015-12-24 750 C", 2),
        ("goog 12-24 750c", "GOOG 2015-12-24 750 C", 1),
        ("GOOG 2016 put 752", "GOOG 2016-01-15 752.5 P", 1),
        ("GOOG151224C00750000", "GOOG 2015-12-24 750 C", 1),
        ("nut", "BOLT", 1),
    ],
)
def test_what_is_typed_is_found_best_first(table: InstrumentTable, text: str, first: str, count: int) -> None:
    found = search(table, text)
    assert found[0].label == first
    assert len(found) == count


def test_a_full_ticker_is_first_and_lists_its_contracts(table: InstrumentTable) -> None:
    found = search(table, "goog")
    assert found[0].symbol == "GOOG"
    assert len(found) == 13
    assert search(table, "zzz") == []
    assert search(table, "  ") == []
    assert len(search(table, "goog", most=3)) == 3


def test_the_desk_opens_on_what_can_be_traded_and_has_options(table: InstrumentTable) -> None:
    symbols = {group: table.get(instrument).symbol for group, instrument in opening_symbols(table).items()}
    assert symbols == {1: "SIMY", 2: "SIMX", 3: "SIMY", 4: "GOOG", 5: "SIMX", 6: "BOLT"}
    assert opening_symbols(InstrumentTable()) == {}
