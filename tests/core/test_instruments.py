"""The instrument table: one id a symbol, chains in order, clear errors."""

from __future__ import annotations

from datetime import date

import pytest

from terminal.core.instruments import (
    InstrumentKind,
    InstrumentTable,
    SessionProduct,
    UnknownInstrumentError,
)
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass

EXPIRY = date(2015, 12, 24)


def table_with_chain() -> InstrumentTable:
    table = InstrumentTable()
    stock = table.add("GOOG", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    for strike in (760, 740, 750):
        for right in (Right.PUT, Right.CALL):
            table.add_option(make_option_symbol("GOOG", EXPIRY, right, strike * 1000), stock.id, 1)
    return table


def test_a_symbol_is_found_in_every_spelling() -> None:
    table = table_with_chain()
    wanted = table.find("GOOG 2015-12-24 750 C")
    for text in ("GOOG  151224C00750000", "GOOG151224C00750000", "goog 2015-12-24 750 c", " GOOG 151224C00750000 "):
        assert table.find(text) is wanted
    assert table.find("goog").kind is InstrumentKind.EQUITY
    assert wanted.label == "GOOG 2015-12-24 750 C"
    assert wanted.multiplier == 100


@pytest.mark.parametrize("text", ["", "XYZ", "GOOG 2015-12-24 755 C", "GOOG 2015-13-24 750 C"])
def test_an_unknown_symbol_is_named(text: str) -> None:
    with pytest.raises(UnknownInstrumentError, match="check the spelling"):
        table_with_chain().find(text)


def test_a_chain_comes_by_strike_with_calls_first() -> None:
    table = table_with_chain()
    rows = table.chain(0, EXPIRY)
    assert [row.label for row in rows][:3] == [
        "GOOG 2015-12-24 740 C",
        "GOOG 2015-12-24 740 P",
        "GOOG 2015-12-24 750 C",
    ]
    assert table.expiries(0) == [EXPIRY]
    assert all(table.underlying_of[row.id] == 0 for row in rows)
    assert [row.symbol for row in table.underlyings()] == ["GOOG"]


def test_adding_twice_gives_the_same_row_and_other_terms_are_refused() -> None:
    table = table_with_chain()
    again = table.add("GOOG", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    assert again.id == 0
    with pytest.raises(ValueError, match="other terms"):
        table.add("GOOG", InstrumentKind.ETF, SessionProduct.EQUITY, TickClass.EQUITY)


def test_other_kinds_fit_without_new_fields() -> None:
    table = InstrumentTable()
    coin = table.add(
        "BTCUSDT",
        InstrumentKind.CRYPTO_PERPETUAL,
        SessionProduct.CRYPTO,
        TickClass.FINEST,
        currency="USDT",
        price_scale=10**8,
    )
    pair = table.add("EURUSD", InstrumentKind.FX_PAIR, SessionProduct.FX, TickClass.FINEST)
    share = table.add(
        "SAP", InstrumentKind.EQUITY, SessionProduct.FOREIGN, TickClass.PENNY, currency="EUR", calendar="XETR"
    )
    assert [coin.id, pair.id, share.id] == [0, 1, 2]
    assert not table.add("SPX", InstrumentKind.INDEX, SessionProduct.INDEX_OPTION, TickClass.PENNY).is_tradable


def test_an_id_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UnknownInstrumentError):
        InstrumentTable().get(0)
