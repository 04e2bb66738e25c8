"""The ladder panel: what the mouse and the keys do, armed and not."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from terminal.app.arming import DisarmReason
from terminal.app.views import ladder_keys
from terminal.app.views.ladder_columns import Choice, Zone
from terminal.app.views.ladder_rows import changed_rows
from terminal.core.messages import Flag, Kind
from terminal.core.orders import OrderState, Origin, Side
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
            if not rect.isEmpty():
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
    panel.canvas.held.emit(True)
    bench.market.quote(bench.market.acme.id, 1_099_900, 1_100_100)
    for level in range(10):
        bench.market.depth(bench.market.acme.id, 1, 999_900 - 100 * level, 0)
        bench.market.depth(bench.market.acme.id, -1, 1_000_100 + 100 * level, 0)
    bench.frame()
    assert panel._rows.prices.tolist() == before
    assert panel._rows.waits
    panel.canvas.held.emit(False)
    bench.frame()
    assert 1_100_000 in panel._rows.prices.tolist()


def test_quantities_and_steps_by_key_and_their_settings(bench: Bench) -> None:
    panel = ladder(bench)
    bench.shell.run("ladder.quantity4")
    panel.step.setCurrentIndex(panel.step.findData(5))
    bench.frame()
    assert panel._rows is not None
    assert panel._rows.prices[0] - panel._rows.prices[1] == 500
    bench.shell.run("ladder.follow")
    bench.shell.run("ladder.ticks")
    bench.shell.run("ladder.column_trades")
    bench.shell.run("ladder.column_volume")
    settings = panel.save_settings()
    assert settings == {
        "quantity": 10, "step": 5, "columns": ["trades", "sums", "recent", "profit"], "follow": "never",
        "in_ticks": True,
    }  # fmt: skip
    panel.restore_settings({"quantity": -1, "step": 3, "columns": "all", "follow": 1, "in_ticks": "yes"})
    wanted = {"columns": ["volume", "sums", "recent", "profit"], "follow": "market", "in_ticks": False}
    assert panel.save_settings() == {**settings, **wanted}
    panel.restore_settings(settings)
    assert panel.save_settings() == settings
    assert not panel.controls.follow.isChecked()


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


def test_a_stop_and_a_bracket_say_that_they_come_later(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    assert panel._rows is not None
    row = panel._view.row_of(panel._rows, 1_000_300, Side.BUY)
    point = panel.canvas.cell_rect(row, Zone.BIDS).center()
    QTest.mouseClick(panel.canvas, Qt.MouseButton.RightButton, pos=point)
    assert "BUY 1 ACME STOP at 100.03: stop orders come with a venue" in panel.note.text()
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier, point)
    assert "brackets come with a venue" in panel.note.text()
    # Without this QTest goes on holding Alt.
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=panel.canvas.cell_rect(row, Zone.PRICE).center())
    assert bench.desk.trading.submitted == []
    assert bench.context.draft.draft is None


def test_the_ghost_says_what_a_click_would_do(bench: Bench) -> None:
    panel = ladder(bench)
    assert panel._rows is not None
    row = panel._view.row_of(panel._rows, 999_900, Side.BUY)
    QTest.mouseMove(panel.canvas, panel.canvas.cell_rect(row, Zone.BIDS).center())
    bench.frame()
    assert panel.canvas._ghost == "BUY +1 LMT 99.99 to ticket"
    bench.desk.arming.arm()
    bench.frame()
    assert (panel.canvas._ghost, panel.canvas._ghost_sends) == ("BUY +1 LMT 99.99", True)
    panel.canvas.alt_changed.emit(True)
    assert panel.canvas._ghost == "BUY +1 BRACKET 99.99"
    panel.canvas.alt_changed.emit(False)
    row = panel._view.row_of(panel._rows, 999_800, Side.SELL)
    QTest.mouseMove(panel.canvas, panel.canvas.cell_rect(row, Zone.ASKS).center())
    assert panel.canvas._ghost == "SELL \u22121 LMT 99.98 to ticket · right: STOP 99.98"


def drag(panel: LadderPanel, from_px: int, to_px: int, zone: Zone = Zone.OWN_BUYS, *, lets_go: bool = True) -> None:
    assert panel._rows is not None
    start, end = (
        panel.canvas.cell_rect(panel._view.row_of(panel._rows, px, Side.BUY), zone).center() for px in (from_px, to_px)
    )
    QTest.mousePress(panel.canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(panel.canvas, end)
    if lets_go:
        QTest.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, pos=end)


def test_a_dragged_order_is_cancelled_first_and_sent_again_once_that_is_sure(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    panel.quantity.setValue(7)
    click(panel, 999_900, Zone.BIDS)
    bench.frame()
    drag(panel, 999_900, 999_700)
    bench.frame()
    assert bench.desk.trading.cancelled == ["o-1"]
    assert len(bench.desk.trading.submitted) == 1
    bench.desk.trading.orders[0].state = OrderState.CANCELLED
    bench.desk.trading.orders[0].filled = 2
    bench.desk.trading.version += 1
    bench.frame(3)
    (_, again) = bench.desk.trading.submitted
    assert (again.side, again.limit_px, again.quantity, again.origin) == (Side.BUY, 999_700, 5, Origin.LADDER)
    assert panel.note.text() == "Moved: BUY 5 ACME at 99.97."


def test_a_drag_is_refused_disarmed_and_taken_back_by_escape(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    click(panel, 999_900, Zone.BIDS)
    bench.frame()
    drag(panel, 999_900, 999_700, lets_go=False)
    assert panel.can_drop()
    bench.shell.run("ladder.drop")
    QTest.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 300))
    bench.desk.arming.disarm(DisarmReason.PERSON)
    drag(panel, 999_900, 999_700)
    assert "Disarmed: nothing was moved" in panel.note.text()
    bench.desk.arming.arm()
    drag(panel, 999_900, 1_000_200)
    assert "would trade at once" in panel.note.text()
    assert bench.desk.trading.cancelled == []


def test_cancels_by_side_and_of_this_symbol_alone(bench: Bench) -> None:
    panel = ladder(bench)
    bench.desk.arming.arm()
    for px, zone in ((999_900, Zone.BIDS), (999_800, Zone.BIDS), (1_000_300, Zone.ASKS)):
        click(panel, px, zone)
    bench.desk.trading.orders[1].instrument = bench.market.options[0]
    bench.desk.arming.disarm(DisarmReason.PERSON)
    panel.foot.bids.click()
    assert bench.desk.trading.cancelled == ["o-1"]
    bench.shell.run("ladder.cancel_sells")
    assert bench.desk.trading.cancelled == ["o-1", "o-3"]
    bench.shell.run("ladder.cancel_here")
    assert "2 orders" in panel.note.text()


def test_presets_subtract_with_shift_and_add_with_control(bench: Bench) -> None:
    assert ladder_keys.preset(10, 25, adds=False, subtracts=False) == 25
    assert ladder_keys.preset(10, 25, adds=True, subtracts=False) == 35
    assert ladder_keys.preset(30, 25, adds=False, subtracts=True) == 5
    assert ladder_keys.preset(10, 25, adds=True, subtracts=True) == 1


def test_only_rows_that_changed_are_painted_again(bench: Bench) -> None:
    panel = ladder(bench)
    assert panel._rows is not None
    before = panel._rows
    bench.market.depth(bench.market.acme.id, 1, 999_700, 333)
    bench.frame()
    changed = changed_rows(before, panel._rows)
    row = panel._view.row_of(panel._rows, 999_700, Side.BUY)
    assert changed is not None
    assert row in changed
    # The sums of the bids below change as well, the asks do not.
    assert min(changed) >= row - 1
    assert changed_rows(panel._rows, panel._rows) == []
    whole = panel.canvas.grab().toImage()
    panel.canvas.repaint()
    assert panel.canvas.grab().toImage() == whole


def test_a_book_that_is_not_good_is_never_shown_as_the_market(bench: Bench) -> None:
    panel = ladder(bench)
    acme = bench.market.acme.id
    assert panel.frame_facts() == {
        "bid_px": 999_900,
        "ask_px": 1_000_100,
        "status": "OK",
        "doubt": "",
        "sequence": None,
    }
    good = panel.canvas.grab().toImage()
    bench.market.send(Kind.BOOK_UPDATE, acme, 10, 20, 9, flags=int(Flag.SNAPSHOT))
    for level in range(5):
        bench.market.depth(acme, 1, 999_900 - 100 * level, 300)
        bench.market.depth(acme, -1, 1_000_100 + 100 * level, 300)
    bench.market.send(Kind.BOOK_UPDATE, acme, 30, 31, 29)
    bench.frame()
    assert panel.frame_facts()["status"] == "GAP"
    assert panel._rows is not None
    assert panel._rows.warning.startswith("GAP")
    assert "GAP" in panel.canvas.accessibleDescription()
    assert panel.canvas.grab().toImage() != good


def test_columns_come_and_go_with_room_and_choice(bench: Bench) -> None:
    panel = ladder(bench)
    panel.canvas.resize(900, 500)
    for choice in Choice:
        panel._column_chosen(choice, True)
    assert set(panel.canvas.columns()) == set(Zone)
    panel._column_chosen(Choice.SUMS, False)
    assert Zone.BID_SUMS not in panel.canvas.columns()
    panel.canvas.resize(230, 500)
    assert {Zone.BIDS, Zone.PRICE, Zone.ASKS, Zone.OWN_BUYS, Zone.OWN_SELLS} <= set(panel.canvas.columns())
    assert Zone.VOLUME not in panel.canvas.columns()
