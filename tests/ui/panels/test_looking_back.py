"""While the past is shown nothing of now looks like it, and nothing of it can be sent."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.app.looking_back import NO_ORDERS
from terminal.app.ports import OrderDraft
from terminal.app.views.ladder import PAST_NOTE
from terminal.app.views.ladder_columns import Zone
from terminal.core.clock import NS_PER_S
from terminal.core.orders import Fill, OrderType, Side
from terminal.ui.panel import Panel
from terminal.ui.panels.chain.panel import ChainPanel
from terminal.ui.panels.chart.panel import ChartPanel
from terminal.ui.panels.ladder.panel import LadderPanel
from terminal.ui.panels.orders import OrdersPanel
from terminal.ui.panels.positions import PositionsPanel
from terminal.ui.panels.ticket import panel as ticket_module
from terminal.ui.panels.ticket.panel import TicketPanel
from tests.app.views.small_market import SmallMarket, opened_market
from tests.ui.panels.panel_desk import Bench
from tests.ui.panels.test_tables import Position

PAST_BID, PAST_ASK = 949_900, 950_100


def earlier(bench: Bench) -> SmallMarket:
    """The same instruments, when ACME stood at 95."""
    market = opened_market()
    market.quote(market.acme.id, PAST_BID, PAST_ASK, 7, 8)
    market.trade(market.acme.id, 950_000, 5)
    for option in market.options:
        market.quote(option, 10_000, 11_000, 1, 1)
    return market


def look_back(bench: Bench) -> None:
    market = earlier(bench)
    bench.desk.past.show(market.state, market.ts_ns)
    bench.frame(2)


def back(bench: Bench) -> None:
    bench.desk.past.live()
    bench.frame(2)


@pytest.mark.parametrize("kind", [PositionsPanel, OrdersPanel, TicketPanel])
def test_what_stays_of_now_says_so_in_one_way(bench: Bench, kind: type[Panel]) -> None:
    panel = bench.make(kind)
    bench.frame()
    assert not panel.now_mark.isVisible()
    look_back(bench)
    assert panel.now_mark.isVisible()
    assert panel.now_mark.text() == "NOW · SIMULATED · not the past that is shown"
    colours = {panel.now_mark.grab().toImage().pixelColor(2, 2).name() for _ in range(2)}
    assert colours == {bench.themes.theme.colour("mode_sim").name()}
    back(bench)
    assert not panel.now_mark.isVisible()


@pytest.mark.parametrize("kind", [LadderPanel, ChartPanel, ChainPanel])
def test_what_shows_the_past_has_no_mark_of_now(bench: Bench, kind: type[Panel]) -> None:
    panel = bench.make(kind)
    look_back(bench)
    assert not panel.now_mark.isVisible()


def test_the_ticket_shows_the_price_of_now_and_refuses_in_a_sentence(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_module, "_LEAST_LOOK_NS", 0)
    ticket = bench.make(TicketPanel, 300, 240)
    bench.context.links.choose(1, bench.market.acme.id)
    look_back(bench)
    assert ticket.form.market.text().startswith("99.99 × 100.01")
    assert ticket.form.limit.px == 999_900
    assert ticket.form.sentence.text() == NO_ORDERS
    bench.desk.arming.arm()  # Even if the desk were armed.
    QTest.keyClick(ticket.form.go, Qt.Key.Key_Return)
    bench.shell.run("ticket.go")
    bench.shell.run("ticket.go")
    assert bench.desk.trading.submitted == []
    assert ticket.form.go.text() == "Preview"


def test_a_preview_does_not_outlive_a_look_at_the_past(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_module, "_LEAST_LOOK_NS", 0)
    ticket = bench.make(TicketPanel, 300, 240)
    ladder = bench.make(LadderPanel, 320, 620)
    bench.context.links.choose(1, bench.market.acme.id)
    bench.frame()
    bench.shell.run("ticket.go")
    bench.shell.run("ladder.join_bid")
    assert ladder.has_preview()
    look_back(bench)
    back(bench)
    bench.desk.arming.arm()
    assert not ladder.has_preview()
    bench.shell.run("ladder.send")
    bench.shell.run("ticket.go")
    assert bench.desk.trading.submitted == []
    assert ticket.form.go.text() == "Send BUY 1 @ 99.99"


@pytest.mark.parametrize("key", ["ladder.join_bid", "ladder.take_ask", "ladder.join_ask"])
def test_the_ladder_previews_no_price_of_the_past(bench: Bench, key: str) -> None:
    ladder = bench.make(LadderPanel, 320, 620)
    bench.context.links.choose(1, bench.market.acme.id)
    look_back(bench)
    bench.shell.run(key)
    assert not ladder.has_preview()
    assert ladder.note.text() == NO_ORDERS


def test_a_click_on_the_ladder_of_the_past_drafts_nothing(bench: Bench) -> None:
    ladder = bench.make(LadderPanel, 320, 620)
    bench.context.links.choose(1, bench.market.acme.id)
    look_back(bench)
    assert ladder._rows is not None
    row = ladder._view.row_of(ladder._rows, PAST_BID, Side.BUY)
    QTest.mouseClick(ladder.canvas, Qt.MouseButton.LeftButton, pos=ladder.canvas.cell_rect(row, Zone.BIDS).center())
    assert bench.context.draft.draft is None
    assert bench.desk.trading.submitted == []
    assert ladder.note.text() == NO_ORDERS


def test_a_click_in_the_chain_of_the_past_drafts_nothing(bench: Bench) -> None:
    chain = bench.make(ChainPanel, 900, 400)
    bench.context.links.choose(1, bench.market.acme.id)
    look_back(bench)
    chain.propose(OrderDraft(bench.market.options[0], Side.BUY, 1, OrderType.LIMIT))
    assert bench.context.draft.draft is None
    assert bench.shell.said == [NO_ORDERS]


def test_a_position_of_now_can_still_be_closed_from_its_panel(bench: Bench) -> None:
    positions = bench.make(PositionsPanel)
    bench.desk.trading.positions = [Position(bench.market.acme.id, 100)]
    look_back(bench)
    positions.table.choose_key(bench.market.acme.id)
    positions.close_chosen()
    draft = bench.context.draft.draft
    assert draft is not None
    assert (draft.side, draft.quantity) == (Side.SELL, 100)


def test_own_orders_and_positions_are_not_put_into_the_past(bench: Bench) -> None:
    ladder, chart = bench.make(LadderPanel, 320, 620), bench.make(ChartPanel)
    bench.context.links.choose(1, bench.market.acme.id)
    bench.desk.trading.submit(OrderDraft(bench.market.acme.id, Side.BUY, 10, OrderType.LIMIT, PAST_BID))
    bench.desk.trading.positions = [Position(bench.market.acme.id, 100, average_px=950_000)]
    later_ns = bench.market.ts_ns + 3600 * NS_PER_S
    bench.desk.trading.fills = [
        Fill("e-1", "o-1", "PAPER", bench.market.acme.id, Side.BUY, 1, 950_000, 0, later_ns),
    ]
    bench.desk.trading.version += 1
    bench.frame(2)
    assert len(chart.order_layer.lines) == 2
    look_back(bench)
    assert ladder._rows is not None
    assert not any(ladder._rows.own)
    assert ladder._rows.position is None
    assert ladder.note.text() == PAST_NOTE
    assert list(chart.order_layer.lines) == []
    assert list(chart.fill_layer.trades) == []
    back(bench)
    assert len(chart.order_layer.lines) == 2


def test_the_queue_estimate_is_not_fed_with_the_past(bench: Bench) -> None:
    ladder = bench.make(LadderPanel, 320, 620)
    bench.context.links.choose(1, bench.market.acme.id)
    bench.desk.trading.submit(OrderDraft(bench.market.acme.id, Side.BUY, 10, OrderType.LIMIT, 999_900))
    bench.frame(2)

    def ahead() -> int | None:
        rows = ladder._rows
        assert rows is not None
        return next((order.ahead for mine in rows.own for order in mine), None)

    before = ahead()
    assert before == 300
    look_back(bench)
    back(bench)
    assert ahead() == before


def test_the_chart_marks_the_moment_that_is_shown_and_nothing_of_now(bench: Bench) -> None:
    panel = bench.make(ChartPanel)
    bench.context.links.choose(1, bench.market.acme.id)
    bench.frame(2)
    accent = bench.themes.theme.colour("accent").name()

    def marked() -> bool:
        picture = panel.canvas.grab().toImage()
        row = picture.height() // 2
        return accent in {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(row, row + 9)}

    assert not panel.moment_layer.is_shown
    assert not marked()
    look_back(bench)
    assert panel.moment_layer.is_shown
    assert marked()
    back(bench)
    assert not panel.moment_layer.is_shown
    assert not marked()
