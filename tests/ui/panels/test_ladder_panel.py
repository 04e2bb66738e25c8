"""The ladder panel: what the mouse and the keys do, armed and not."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from terminal.app.arming import DisarmReason
from terminal.core.orders import OrderState, Origin, Side
from terminal.ui.panels.ladder.canvas import Zone
from terminal.ui.panels.ladder.panel import LadderPanel
from tests.ui.panels.panel_desk import Bench


def ladder(bench: Bench) -> LadderPanel:
    panel: LadderPanel = bench.make(LadderPanel, 320, 620)
    bench.context.links.choose(1, bench.market.acme.id)
    panel.layout().activate()
    bench.frame(2)
    return panel


def click(panel: LadderPanel, px: int, zone: Zone) -> None:
    assert panel._rows is not None
    row = panel._view.row_of(panel._rows, px, Side.BUY)
    assert row >= 0
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=panel.canvas.cell_rect(row, zone).center())


def test_the_cell_under_the_pointer_is_the_one_that_is_painted(bench: Bench) -> None:
    canvas = ladder(bench).canvas
    for row in range(canvas.row_count()):
        for zone in Zone:
            rect = canvas.cell_rect(row, zone)
            if rect.width():
                spot = canvas.spot_at(QPointF(rect.center()))
                assert spot is not None
                assert (spot.row, spot.zone) == (row, zone)
    assert canvas.spot_at(QPointF(10, 3)) is None


def test_a_disarmed_click_drafts_and_an_armed_one_sends_once(bench: Bench) -> None:
    panel = ladder(bench)
    panel.quantity.setValue(25)
    click(panel, 999_900, Zone.BIDS)
    draft = bench.context.draft.draft
    assert bench.desk.trading.submitted == []
    assert draft is not None
    assert (draft.side, draft.quantity, draft.limit_px, draft.origin) == (Side.BUY, 25, 999_900, Origin.LADDER)
    bench.desk.arming.arm()
    bench.frame()
    click(panel, 1_000_300, Zone.ASKS)
    assert [(sent.side, sent.limit_px) for sent in bench.desk.trading.submitted] == [(Side.SELL, 1_000_300)]


def test_a_double_click_sends_one_order(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    assert panel._rows is not None
    row = panel._view.row_of(panel._rows, 999_900, Side.BUY)
    spot = panel.canvas.cell_rect(row, Zone.BIDS).center()
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(panel.canvas, Qt.MouseButton.LeftButton, pos=spot)
    sent = len(bench.desk.trading.submitted)
    assert sent <= 2, "a click and a double click: the second press of the double click counts for nothing"


def test_an_armed_click_that_would_trade_goes_to_the_ticket(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    click(panel, 1_000_100, Zone.BIDS)
    assert bench.desk.trading.submitted == []
    assert bench.context.draft.draft is not None
    assert "would trade at once" in panel.note.text()
    assert bench.shell.opened[-1][0] == "ticket"


def test_own_orders_are_cancelled_by_a_click_even_disarmed(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    click(panel, 999_900, Zone.BIDS)
    bench.desk.arming.disarm(DisarmReason.PERSON)
    bench.frame()
    click(panel, 999_900, Zone.OWN_BUYS)
    assert bench.desk.trading.cancelled == ["o-1"]
    assert bench.desk.trading.orders[0].state is OrderState.PENDING_CANCEL


def test_a_key_previews_arrows_edit_enter_sends_once(bench: Bench) -> None:
    panel = ladder(bench)
    bench.shell.run("ladder.join_bid")
    assert panel.has_preview()
    bench.shell.run("ladder.send")
    assert bench.desk.trading.submitted == []
    assert "Arm the account" in panel.note.text()
    bench.desk.arming.arm()
    bench.shell.run("ladder.down")
    bench.shell.run("ladder.more")
    bench.shell.run("ladder.send")
    bench.shell.run("ladder.send")
    (sent,) = bench.desk.trading.submitted
    assert (sent.side, sent.limit_px, sent.quantity, sent.origin) == (Side.BUY, 999_800, 2, Origin.HOTKEY)
    bench.shell.run("ladder.take_bid")
    bench.shell.run("ladder.drop")
    assert not panel.has_preview()
    bench.shell.run("ladder.cancel_last")
    assert bench.desk.trading.cancelled == ["o-1"]


def test_another_symbol_drops_the_preview(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    bench.shell.run("ladder.join_bid")
    bench.context.links.choose(1, bench.market.options[0])
    bench.frame()
    bench.shell.run("ladder.send")
    assert not panel.has_preview()
    assert bench.desk.trading.submitted == []


def test_rows_hold_still_while_the_pointer_is_on_them(bench: Bench) -> None:
    panel = ladder(bench)
    assert panel._rows is not None
    before = panel._rows.prices.tolist()
    panel.canvas._set_hover(panel.canvas.spot_at(QPointF(100, 200)))
    bench.market.quote(bench.market.acme.id, 1_099_900, 1_100_100)
    for level in range(10):
        bench.market.depth(bench.market.acme.id, 1, 999_900 - 100 * level, 0)
        bench.market.depth(bench.market.acme.id, -1, 1_000_100 + 100 * level, 0)
    bench.frame()
    assert panel._rows.prices.tolist() == before
    panel.canvas._set_hover(None)
    bench.frame()
    assert 1_100_000 in panel._rows.prices.tolist()


def test_quantities_and_steps_by_key_and_their_settings(bench: Bench) -> None:
    panel = ladder(bench)
    bench.shell.run("ladder.quantity4")
    panel.step.setCurrentIndex(panel.step.findData(5))
    bench.frame()
    assert panel._rows is not None
    assert panel._rows.prices[0] - panel._rows.prices[1] == 500
    assert panel.save_settings() == {"quantity": 10, "step": 5}
    panel.restore_settings({"quantity": -1, "step": 3})
    assert panel.save_settings() == {"quantity": 10, "step": 5}


def test_it_paints_in_both_themes_and_says_when_there_is_no_depth(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    for name in ("light", "dark"):
        bench.themes.choose(name)
        bench.frame()
        picture = panel.canvas.grab().toImage()
        assert len({picture.pixel(x, 200) for x in range(picture.width())}) > 3
    bench.context.links.choose(1, bench.market.options[0])
    bench.frame()
    assert "no depth" in panel.note.text()
    assert panel.canvas.accessibleDescription().startswith("ACME 2026-01-05")
    QTest.mouseMove(panel.canvas, QPoint(2, 2))
