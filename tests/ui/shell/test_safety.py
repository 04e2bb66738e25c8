"""What must never go wrong: modes, arming, order keys, failures that stay where they are."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from terminal.app.arming import ArmState
from terminal.app.ports import DeskMode
from terminal.ui.shell.confirm import Confirm
from terminal.ui.shell.main_window import MainWindow
from tests.ui.face import FaceDesk, Position
from tests.ui.sample_panels import ListPanel, TicketPanel
from tests.ui.shell.hands import ALT, CTRL, SHIFT, OpenWindow, desk_of, panel_of, press


@pytest.mark.parametrize("mode", list(DeskMode))
def test_the_window_says_where_its_prices_come_from(open_window: OpenWindow, qtbot: QtBot, mode: DeskMode) -> None:
    window = open_window(FaceDesk(mode))
    qtbot.waitUntil(lambda: mode.word in window.windowTitle())
    assert mode.word in window._frame.strip.text
    qtbot.waitUntil(lambda: mode.word in window.status.text())
    assert (window.playback_bar is None) == (mode is DeskMode.LIVE)
    picture = window.grab().toImage()
    frame = window.themes.theme.colour(f"mode_{mode.value}").name()
    height, width = picture.height(), picture.width()
    middle_x, middle_y = width // 2, height // 2
    for point in (QPoint(1, middle_y), QPoint(width - 2, middle_y), QPoint(middle_x, height - 2), QPoint(100, 5)):
        assert picture.pixelColor(point).name() == frame


def test_the_armed_desk_says_so_everywhere_and_a_key_disarms_it(window: MainWindow, qtbot: QtBot) -> None:
    desk = desk_of(window)
    ticket = panel_of(window, TicketPanel)
    press(qtbot, ticket, Qt.Key.Key_A, CTRL, ALT)
    assert desk.arming.state is ArmState.ARMED_PAPER
    qtbot.waitUntil(lambda: "ARMED" in window.windowTitle())
    assert window._frame.frame_token == "armed"
    picture = window.grab().toImage()
    assert picture.pixelColor(1, 400).name() == window.themes.theme.colour("armed").name()
    qtbot.waitUntil(lambda: "| ARMED |" in window.status.text())
    press(qtbot, ticket, Qt.Key.Key_A, CTRL, ALT)
    qtbot.waitUntil(lambda: "ARMED" not in window.windowTitle())


def test_another_workspace_disarms_and_comes_by_key(window: MainWindow, qtbot: QtBot) -> None:
    desk_of(window).arming.arm()
    press(qtbot, panel_of(window, TicketPanel), Qt.Key.Key_2, CTRL)
    assert window.switcher.name == "Options"
    assert not desk_of(window).arming.is_armed
    qtbot.waitUntil(lambda: any("workspace changed" in text for text in window.toasts.shown()))
    first = panel_of(window, ListPanel)
    with qtbot.waitActive(window):
        qtbot.keyClick(window, Qt.Key.Key_1, CTRL)
    assert window.switcher.name == "Market"
    assert not first.isVisible()


def test_cancel_all_works_disarmed_and_flatten_asks_first(open_window: OpenWindow, qtbot: QtBot) -> None:
    desk = FaceDesk()
    desk.trading.positions = (Position(0, 5),)
    window = open_window(desk)
    ticket = panel_of(window, TicketPanel)
    press(qtbot, ticket, Qt.Key.Key_Backspace, CTRL)
    assert desk.trading.calls == ["cancel_all"]
    press(qtbot, ticket, Qt.Key.Key_F, CTRL, SHIFT)
    assert desk.trading.calls == ["cancel_all"]
    question = next(each for each in window.findChildren(Confirm))
    qtbot.keyClick(question, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not question.isVisible())
    assert desk.trading.calls == ["cancel_all"]
    window.act.trade.flatten()
    question = [each for each in window.findChildren(Confirm) if each.isVisible()][-1]
    qtbot.mouseClick(question.yes_button, Qt.MouseButton.LeftButton)
    assert desk.trading.calls == ["cancel_all", "flatten"]
    desk.arming.arm()
    window.act.trade.flatten()
    assert desk.trading.calls == ["cancel_all", "flatten", "flatten"]


def test_a_live_account_is_armed_only_after_a_question(open_window: OpenWindow, qtbot: QtBot) -> None:
    desk = FaceDesk(DeskMode.LIVE)
    desk.trading.account.is_paper = False
    desk.arming.set_account(is_paper=False)
    window = open_window(desk)
    window.act.trade.arm_or_disarm()
    assert not desk.arming.is_armed
    question = next(each for each in window.findChildren(Confirm))
    qtbot.mouseClick(question.yes_button, Qt.MouseButton.LeftButton)
    assert desk.arming.state is ArmState.ARMED_LIVE


def test_an_editor_keeps_its_letters(window: MainWindow, qtbot: QtBot) -> None:
    ticket = panel_of(window, TicketPanel)
    ticket.editor.setFocus()
    qtbot.keyClicks(ticket.editor, "bx")
    assert ticket.editor.text() == "bx"
    assert not window.symbol_entry.isVisible()
    assert ticket.joined == 0


def test_an_order_key_works_in_its_panel_alone_and_never_repeats(window: MainWindow, qtbot: QtBot) -> None:
    ticket, watch = panel_of(window, TicketPanel), panel_of(window, ListPanel)
    press(qtbot, ticket, Qt.Key.Key_B)
    assert ticket.joined == 1
    press(qtbot, watch.table, Qt.Key.Key_B)
    assert ticket.joined == 1
    assert window.symbol_entry.isVisible()
    qtbot.keyClick(window.symbol_entry.editor, Qt.Key.Key_Escape)
    assert not window.symbol_entry.isVisible()
    order = [each for each in ticket._shortcuts if each.property("command_id") == "ticket.join"]
    assert [each.autoRepeat() for each in order] == [False]
    assert [each.autoRepeat() for each in ticket._shortcuts if each not in order] == [True]
    for (command_id, _), shortcut in window._bindings._shortcuts.items():
        assert shortcut.autoRepeat() == desk_of(window).commands.get(command_id).repeats


def test_a_panel_that_fails_fails_alone_and_can_start_again(window: MainWindow, qtbot: QtBot) -> None:
    ticket, watch = panel_of(window, TicketPanel), panel_of(window, ListPanel)
    ticket.fails = True
    ticket.mark_dirty()
    qtbot.waitUntil(lambda: ticket.is_quarantined)
    view = ticket._failed
    assert view is not None
    assert view.isVisible()
    assert "the ticket has a fault" in view._details
    before = window.clock.statistics.summary().frames
    watch.mark_dirty()
    qtbot.waitUntil(lambda: window.clock.statistics.summary().frames > before + 3)
    assert not watch.is_quarantined
    assert not desk_of(window).commands.get("ticket.join").enabled()
    ticket.fails = False
    ticket.start_again()
    qtbot.waitUntil(lambda: not ticket.is_quarantined)


def test_a_command_that_fails_is_told_and_the_window_goes_on(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> int:
        raise RuntimeError("no line to the venue")

    monkeypatch.setattr(desk_of(window).trading, "cancel_all", broken)
    assert window.run("trade.cancel_all") is False
    qtbot.waitUntil(lambda: any("no line to the venue" in text for text in window.toasts.shown()))
