"""What a combination would take from buying power, leg by leg worked out by hand; the stock is at 100.00."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from terminal.app.trading_desk import TradingDesk
from terminal.core.clock import at_ns
from terminal.core.money import MONEY_SCALE
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from tests.trading.rig import CASH_E4, DAY, Desk

_LATER = DAY + timedelta(days=28)
_FAR = DAY + timedelta(days=56)
_CENTS = {"P90": 100, "P95": 200, "P100": 500, "P110": 1100, "C100": 500, "C105": 300, "C115": 180, "C90": 1100}
"""Middles; every option is quoted four cents wide."""


class Scene:
    """An account of cash alone before a trade."""

    def __init__(self, desk: Desk) -> None:
        self._desk, market = desk, desk.market
        self._ids = {"S": market.ids.goog}
        market.quote(market.ids.goog, "99.99", "100.01")
        for expiry, mark in ((_LATER, ""), (_FAR, "+")):
            for name, cents in _CENTS.items():
                symbol = make_option_symbol(
                    "GOOG", expiry, Right.CALL if name[0] == "C" else Right.PUT, int(name[1:]) * 1000
                )
                row = market.table.add_option(symbol, market.ids.goog, at_ns(expiry, 16), tick_class=TickClass.PENNY)
                market.quote(row.id, f"{(cents - 2) / 100:.2f}", f"{(cents + 2) / 100:.2f}")
                self._ids[name + mark] = row.id
        self.trading = TradingDesk(
            desk.road, market.pretrade, market.table, market.state, market.clock, lambda: False
        )  # fmt: skip

    def takes(self, *legs: tuple[int, str]) -> float:
        """Dollars of buying power, every leg done at its middle."""
        trades = []
        for quantity, name in legs:
            dollars = 100 * quantity if name == "S" else _CENTS[name.rstrip("+")] * quantity
            trades.append((self._ids[name], quantity, dollars * MONEY_SCALE))
        before, after = self.trading.if_traded(trades)
        assert before.available_e4 == CASH_E4
        return (before.available_e4 - after.available_e4) / MONEY_SCALE


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    desk = Desk(tmp_path)
    desk.market.open()
    yield Scene(desk)
    desk.stop()


def test_what_is_bought_takes_what_it_costs(scene: Scene) -> None:
    assert scene.takes((2, "C100")) == 1_000
    assert scene.takes((1, "C100"), (-1, "C105")) == 200, "a debit vertical has nothing more to lose"


def test_a_naked_put_takes_a_fifth_of_the_stock_less_what_it_is_out_of_the_money(scene: Scene) -> None:
    # 20 - 10 = 10.00, more than a tenth of the strike, 9.00; its value at the ask is 2 cents over the premium.
    assert scene.takes((-1, "P90")) == 1_000 + 2
    # 20 - 5 = 15.00
    assert scene.takes((-2, "P95")) == 2 * (1_500 + 2)


def test_a_credit_vertical_takes_its_width_less_the_credit(scene: Scene) -> None:
    assert scene.takes((-1, "P95"), (1, "P90")) == 500 - 100
    assert scene.takes((1, "C115"), (-1, "C105")) == 1_000 - 120
    assert scene.takes((-3, "C105"), (3, "C115")) == 3 * (1_000 - 120)


def test_an_iron_condor_takes_its_wider_side_less_all_credit(scene: Scene) -> None:
    condor = ((1, "P90"), (-1, "P95"), (-1, "C105"), (1, "C115"))
    assert scene.takes(*condor) == 1_000 - 100 - 120
    assert scene.takes(*condor[::-1]) == 1_000 - 100 - 120
    # Two put spreads beside one call spread: one of the two stands alone.
    assert scene.takes((2, "P90"), (-2, "P95"), *condor[2:]) == 1_000 + 500 - 200 - 120


def test_spreads_that_can_both_lose_both_count(scene: Scene) -> None:
    # At 100 the call spread loses 10.00 of 90/100 and the put spread 10.00 of 110/100.
    assert scene.takes((-1, "C90"), (1, "C100"), (-1, "P110"), (1, "P100")) == 2_000 - 600 - 600
    # The calls end later: the stock may fall first and rise then.
    assert scene.takes((1, "P90"), (-1, "P95"), (-1, "C105+"), (1, "C115+")) == 1_500 - 100 - 120


def test_a_covered_call_takes_the_shares_less_the_premium(scene: Scene) -> None:
    assert scene.takes((100, "S"), (-1, "C105")) == 10_000 - 300
    # A lot short of shares is bare: 20 - 5 = 15.00.
    assert scene.takes((100, "S"), (-2, "C105")) == 10_000 - 300 + 1_500 + 2


def test_a_straddle_takes_both_of_its_requirements(scene: Scene) -> None:
    assert scene.takes((-1, "C100"), (-1, "P100")) == 2 * (2_000 + 2)


def test_a_calendar_takes_its_debit(scene: Scene) -> None:
    assert scene.takes((-1, "C100"), (1, "C100+")) == 0, "both cost the same here"
    # The other way round nothing stands behind the later one.
    assert scene.takes((1, "C100"), (-1, "C100+")) == 2_000 + 502, "what the one costs the other brings"
