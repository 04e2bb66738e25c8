"""The order ticket: nothing is sent before it was shown, and then once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.app.ports import OrderDraft
from terminal.core.orders import OrderState, OrderType, Side, TimeInForce
from terminal.ui.panels.ticket import panel as ticket_module
from terminal.ui.panels.ticket.panel import TicketPanel
from tests.ui.panels.panel_desk import Bench


@pytest.fixture
def ticket(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> TicketPanel:
    monkeypatch.setattr(ticket_module, "_LEAST_LOOK_NS", 0)
    panel: TicketPanel = bench.make(TicketPanel, 300, 220)
    bench.context.draft.propose(OrderDraft(bench.market.options[0], Side.BUY, 3, OrderType.LIMIT))
    bench.frame()
    return panel


def test_an_option_starts_at_the_mid_on_its_tick_and_follows_it_until_a_price_is_written(
    bench: Bench, ticket: TicketPanel
) -> None:
    option = bench.market.options[0]
    assert ticket.form.limit.px == 20_500
    bench.market.quote(option, 20_100, 21_200)
    ticket._judged_ns = 0
    bench.frame()
    assert ticket.form.limit.px == 20_600
    ticket.form.limit.stepBy(1)
    assert ticket.form.limit.px == 20_700
    bench.market.quote(option, 15_000, 16_000)
    ticket._judged_ns = 0
    bench.frame()
    assert ticket.form.limit.px == 20_700
    bench.shell.run("ticket.mid")
    assert ticket.form.limit.px == 15_500


def test_enter_previews_and_only_then_sends_once(bench: Bench, ticket: TicketPanel) -> None:
    bench.desk.arming.arm()
    bench.shell.run("ticket.go")
    assert bench.desk.trading.submitted == []
    assert ticket.form.go.text() == "Send BUY 3 @ 2.05"
    bench.frame()
    assert ticket.form.sentence.text().startswith("BUY 3 ACME 2026-01-05 95 C at 2.05, day. Enter sends it once")
    bench.shell.run("ticket.go")
    bench.shell.run("ticket.drop")
    (sent,) = bench.desk.trading.submitted
    assert (sent.quantity, sent.limit_px, sent.time_in_force) == (3, 20_500, TimeInForce.DAY)
    assert bench.context.draft.draft is None


def test_disarmed_it_says_how_to_arm_and_sends_nothing(bench: Bench, ticket: TicketPanel) -> None:
    bench.shell.run("ticket.go")
    bench.shell.run("ticket.go")
    assert bench.desk.trading.submitted == []
    assert "Ctrl+Alt+A" in ticket.form.sentence.text()
    bench.desk.arming.arm()
    bench.shell.run("ticket.go")
    assert len(bench.desk.trading.submitted) == 1


def test_a_double_click_on_preview_does_not_send(bench: Bench) -> None:
    panel = bench.make(TicketPanel, 300, 220)
    bench.context.draft.propose(OrderDraft(bench.market.options[0], Side.BUY, 3, OrderType.LIMIT))
    bench.desk.arming.arm()
    QTest.mouseClick(panel.form.go, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(panel.form.go, Qt.MouseButton.LeftButton)
    assert bench.desk.trading.submitted == []


@pytest.mark.parametrize("change", ["quantity", "side", "symbol", "escape", "draft"])
def test_any_change_drops_the_preview(bench: Bench, ticket: TicketPanel, change: str) -> None:
    bench.desk.arming.arm()
    bench.shell.run("ticket.go")
    if change == "quantity":
        ticket.form.quantity.setValue(9)
    elif change == "side":
        bench.shell.run("ticket.side")
    elif change == "symbol":
        bench.context.links.choose(1, bench.market.acme.id)
    elif change == "escape":
        bench.shell.run("ticket.drop")
    else:
        bench.context.draft.propose(OrderDraft(bench.market.options[1], Side.SELL, 1, OrderType.LIMIT))
    assert ticket.form.go.text() == "Preview"
    assert bench.desk.trading.submitted == []


def test_a_denial_is_shown_as_its_sentence(bench: Bench, ticket: TicketPanel) -> None:
    bench.desk.arming.arm()
    bench.shell.run("ticket.go")
    bench.shell.run("ticket.go")
    order = bench.desk.trading.orders[0]
    order.state, order.reason = OrderState.DENIED, "The account has not enough buying power."
    bench.frame()
    assert ticket.form.sentence.text() == "The account has not enough buying power."


def test_a_price_off_the_tick_is_said_and_not_sent(bench: Bench, ticket: TicketPanel) -> None:
    bench.desk.arming.arm()
    ticket.form.limit.selectAll()
    QTest.keyClicks(ticket.form.limit, "2.055")
    bench.shell.run("ticket.go")
    bench.shell.run("ticket.go")
    assert bench.desk.trading.submitted == []
    assert "not on the tick" in ticket.form.sentence.text()


def test_a_market_order_has_no_limit(bench: Bench, ticket: TicketPanel) -> None:
    bench.desk.arming.arm()
    ticket.form.kind.setCurrentIndex(1)
    assert not ticket.form.limit.isEnabled()
    bench.frame()
    assert ticket.form.cost.text() == "pay 630.00"
    bench.shell.run("ticket.go")
    bench.shell.run("ticket.go")
    assert bench.desk.trading.submitted[0].limit_px is None


def test_a_market_order_cannot_be_asked_to_rest_overnight(ticket: TicketPanel) -> None:
    form = ticket.form
    gtc = form.tif.findData(TimeInForce.GTC)
    form.tif.setCurrentIndex(gtc)
    form.kind.setCurrentIndex(form.kind.findData(OrderType.MARKET))
    assert form.tif.currentData() is TimeInForce.DAY
    enabled = Qt.ItemFlag.ItemIsEnabled
    assert not form.tif.model().flags(form.tif.model().index(gtc, 0)) & enabled
    form.kind.setCurrentIndex(form.kind.findData(OrderType.LIMIT))
    assert form.tif.model().flags(form.tif.model().index(gtc, 0)) & enabled


def test_an_index_cannot_be_bought(bench: Bench, ticket: TicketPanel) -> None:
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame()
    assert "is an index" in ticket.form.sentence.text()
    assert not ticket.form.go.isEnabled()


def test_no_button_is_a_default_and_none_repeats(ticket: TicketPanel) -> None:
    for button in (ticket.form.go, ticket.form.back, ticket.form.buy, ticket.form.sell):
        assert not button.isDefault()
        assert not button.autoDefault()
        assert not button.autoRepeat()


def test_everything_is_reached_by_tab_and_has_a_name(ticket: TicketPanel) -> None:
    form = ticket.form
    order = [form.buy, form.sell, form.quantity, form.kind, form.tif, form.limit, form.go]
    for first, second in pairwise(order):
        widget = first.nextInFocusChain()
        while widget is not second and widget is not first:
            assert widget not in order
            widget = widget.nextInFocusChain()
        assert widget is second
    for field in (form.quantity, form.kind, form.tif, form.limit):
        assert field.accessibleName()
