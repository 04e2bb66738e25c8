"""Alerts of unusual option orders: what they say, and that a rush is told in one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from terminal.app.alerts import Alerts, Level
from terminal.app.flow_alerts import QUIET_S, FlowAlerts, money
from terminal.core.osi import Right
from terminal.market.flow.tape import FlowTape
from terminal.market.rows import Rows
from tests.market.flow.option_prints import STOCK, One, listed, option, prints

TABLE = listed()


def orders(*sizes: int) -> Rows:
    tape = FlowTape(TABLE, interest=lambda instrument: 1_000)
    call = option(TABLE, 105, Right.CALL)
    tape.add(
        prints([One(0, STOCK, px=1_000_000), *(One(100.0 + at * 900, call, size) for at, size in enumerate(sizes))])
    )
    return tape.orders.copy()


def test_an_alert_says_what_was_traded_and_that_the_side_is_estimated() -> None:
    alerts = Alerts()
    FlowAlerts(TABLE, alerts).tell(orders(5_000))
    said = alerts.history()[0]
    assert said.level is Level.WARN
    assert said.text.startswith("Unusual options: XYZ 2026-01-09 105 C: 5,000 bought (estimated), $550K premium, block")
    assert "volume 5.0x open interest" in said.text
    assert "score" in said.text


def test_a_rush_is_told_in_one_alert_and_none_is_forgotten() -> None:
    now_s = [100.0]
    alerts = Alerts()
    told = FlowAlerts(TABLE, alerts, lambda: now_s[0])
    told.tell(orders(5_000, 6_000))
    told.tell(orders(7_000))
    assert len(alerts.history()) == 1
    assert "1 more since" in alerts.history()[0].text
    now_s[0] += QUIET_S
    told.tell(orders(8_000))
    assert "8,000 bought" in alerts.history()[1].text
    assert "1 more since" in alerts.history()[1].text
    told.is_on = False
    now_s[0] += QUIET_S
    told.tell(orders(9_000))
    assert len(alerts.history()) == 2
    assert not np.isnan(orders(9_000)["premium"]).any()


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (800, "$800"),
        (-45_000, "−$45.0K"),
        (1_234_567, "$1.23M"),
        (999_900, "$1.00M"),
        (123e6, "$123M"),
        (math.nan, "–"),
    ],
)
def test_money_in_few_digits(amount: float, text: str) -> None:
    assert money(amount) == text
