"""A flatten that waits: it closes when the last order has ended, and never as a surprise much later."""

from __future__ import annotations

import time

import pytest

from terminal.core.orders import ExecutionReport, OrderIntent, OrderState, OrderType, Origin, ReportKind
from terminal.trading.closing import PendingFlatten
from terminal.trading.ports import VenueUnclear
from tests.trading.rig import Desk

_S = 10**9


@pytest.fixture
def unclear_id(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an order of which nobody knows whether it works, beside a long position of three calls."""
    desk.buy(3, desk.market.ids.call)
    submit = desk.paper.submit

    def unclear(intent: OrderIntent) -> None:
        if intent.order_type is OrderType.LIMIT:
            raise VenueUnclear("the line went dead")
        submit(intent)

    monkeypatch.setattr(desk.paper, "submit", unclear)
    monkeypatch.setattr(desk.paper, "query", lambda order_id: None)
    monkeypatch.setattr(desk.paper, "cancel", lambda order_id: None)
    order = desk.buy(1, desk.market.ids.put, "3.00")
    assert order.state is OrderState.UNKNOWN
    return order.order_id


def _end(desk: Desk, order_id: str) -> None:
    now_ns = desk.market.clock.now_ns()
    desk.road.report(ExecutionReport(ReportKind.REJECTED, order_id, now_ns, reason="Never received."))


def test_a_flatten_goes_on_as_soon_as_the_last_order_has_ended(desk: Desk, unclear_id: str) -> None:
    desk.road.flatten("panic")
    desk.market.step(30)
    assert desk.book().account.position(desk.market.ids.call).quantity == 3, "an order may still fill"
    _end(desk, unclear_id)
    assert desk.book().account.open_positions == ()


def test_a_flatten_that_waited_too_long_is_given_up_and_named(desk: Desk, unclear_id: str) -> None:
    desk.road.flatten("panic")
    desk.book()
    desk.market.step(31)
    _end(desk, unclear_id)
    book = desk.book()
    assert book.account.position(desk.market.ids.call).quantity == 3
    assert [order for order in book.orders if order.intent.origin is Origin.FLATTEN] == []
    (problem,) = (each for each in book.problems if "flatten" in each)
    assert problem.startswith("The flatten was given up: ")
    assert problem.endswith("flatten again to close them.")
    desk.road.flatten("again")
    assert desk.book().account.open_positions == ()


def test_it_is_given_up_without_anything_else_happening(desk: Desk, unclear_id: str) -> None:
    desk.road.flatten("panic")
    desk.book()
    desk.market.step(31)
    found: list[str] = []
    for _ in range(1000):
        found = [each for each in desk.road.snapshot().problems if "flatten" in each]
        if found:
            break
        time.sleep(0.02)
    (problem,) = found
    assert f"{unclear_id} (unknown)" in problem


@pytest.mark.parametrize(
    ("market_s", "wall_s", "is_late"), [(0, 0.0, False), (30, 30.0, False), (31, 0.1, True), (0, 30.1, True)]
)
def test_either_clock_makes_it_late(market_s: int, wall_s: float, is_late: bool) -> None:
    pending = PendingFlatten("panic", 5 * _S, 100.0)
    assert pending.is_late((5 + market_s) * _S, 100.0 + wall_s) is is_late
