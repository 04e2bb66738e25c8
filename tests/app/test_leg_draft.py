"""Legs that chain, surface and builder share."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.leg_draft import MOST_LEGS, DraftLeg, LegsRefused, SharedLegs
from terminal.core.clock import at_ns
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass

_DAY = date(2026, 1, 16)


def _market() -> tuple[InstrumentTable, Instrument, list[Instrument]]:
    table = InstrumentTable()
    stock = table.add("XYZ", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    options = [
        table.add_option(make_option_symbol("XYZ", _DAY, Right.CALL, strike * 1000), stock.id, at_ns(_DAY, 16))
        for strike in range(90, 90 + MOST_LEGS + 1)
    ]
    return table, stock, options


def test_legs_of_one_contract_add_up_and_what_comes_to_nothing_goes() -> None:
    _, stock, options = _market()
    legs, heard = SharedLegs(), list[int]()
    leave = legs.subscribe(heard.append)
    legs.add(options[0], 1)
    legs.add(stock, 100)
    legs.add(options[0], 2)
    assert legs.legs(stock.id) == (DraftLeg(options[0].id, 3), DraftLeg(stock.id, 100))
    legs.add(options[0], -3)
    assert legs.legs(stock.id) == (DraftLeg(stock.id, 100),)
    leave()
    legs.clear(stock.id)
    assert legs.legs(stock.id) == ()
    assert heard == [stock.id] * 4


def test_each_underlying_has_its_own_legs() -> None:
    table, stock, options = _market()
    other = table.add("ABC", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    legs = SharedLegs()
    legs.add(options[0], -1)
    legs.add(other, 200)
    legs.clear(stock.id)
    assert (legs.legs(stock.id), legs.legs(other.id)) == ((), (DraftLeg(other.id, 200),))


def test_a_ninth_leg_an_index_and_a_coin_are_refused_with_a_sentence() -> None:
    table, stock, options = _market()
    index = table.add("IDX", InstrumentKind.INDEX, SessionProduct.EQUITY, TickClass.FINEST)
    coin = table.add("BTCUSDT", InstrumentKind.CRYPTO_SPOT, SessionProduct.CRYPTO, TickClass.FINEST)
    legs = SharedLegs()
    for each in options[:MOST_LEGS]:
        legs.add(each, 1)
    before = legs.legs(stock.id)
    for refused, words in ((options[MOST_LEGS], "at most 8 legs"), (index, "is an index"), (coin, "in coins")):
        with pytest.raises(LegsRefused, match=words):
            legs.add(refused, 1)
    legs.add(options[0], 1)
    assert [each.instrument for each in legs.legs(stock.id)] == [each.instrument for each in before]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3)), max_size=30))
def test_the_sum_of_what_was_added_is_what_stands_there(steps: list[tuple[int, int]]) -> None:
    _, stock, options = _market()
    legs = SharedLegs()
    sums = [0] * 5
    for place, quantity in steps:
        legs.add(options[place], quantity)
        sums[place] += quantity
        held = {each.instrument: each.quantity for each in legs.legs(stock.id)}
        assert held == {options[i].id: total for i, total in enumerate(sums) if total}
