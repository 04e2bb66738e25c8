"""The window as a person uses it: real keys, real clicks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from terminal.app.arming import ArmState
from terminal.app.keymap import Keymap
from terminal.app.ports import DeskMode
from terminal.app.workspaces import WorkspaceStore
from terminal.ui.panel import Panel
from terminal.ui.shell.confirm import Confirm
from terminal.ui.shell.main_window import MainWindow
from terminal.ui.theme.theme import ThemeSwitch
from tests.ui import sample_panels
from tests.ui.face import FaceDesk, Position
from tests.ui.sample_panels import ListPanel, TicketPanel

_P = TypeVar("_P", bound=Panel)
OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def open_window(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenWindow]:
    windows: list[MainWindow] = []

    def make(desk: FaceDesk | None = None, **named: Any) -> MainWindow:
        themes = ThemeSwitch()
        themes.apply()
        store = WorkspaceStore(tmp_path / "ws")
        window = MainWindow(desk or FaceDesk(), sample_panels.registry(), sample_panels.CLASSES, store, themes, **named)
        windows.append(window)
        window.resize(1280, 800)
        window.show()
        with qtbot.waitActive(window):
            window.activateWindow()
        qtbot.wait(30)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(open_window: OpenWindow) -> MainWindow:
    return open_window()


def _desk(window: MainWindow) -> FaceDesk:
    assert isinstance(window.desk, FaceDesk)
    return window.desk


def _panel(window: MainWindow, kind: type[_P]) -> _P:
    return next(panel for panel in window.switcher.view.panels.values() if isinstance(panel, kind))


def _press(qtbot: QtBot, widget: QWidget, key: Qt.Key, *held: Qt.KeyboardModifier) -> None:
    modifiers = Qt.KeyboardModifier.NoModifier
    for each in held:
        modifiers |= each
    widget.setFocus()
    qtbot.keyClick(widget, key, modifiers)


_HELD = Qt.KeyboardModifier
CTRL, SHIFT, ALT = _HELD.ControlModifier, _HELD.ShiftModifier, _HELD.AltModifier


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
    desk = _desk(window)
    ticket = _panel(window, TicketPanel)
    _press(qtbot, ticket, Qt.Key.Key_A, CTRL, ALT)
    assert desk.arming.state is ArmState.ARMED_PAPER
    qtbot.waitUntil(lambda: "ARMED" in window.windowTitle())
    assert window._frame.frame_token == "armed"
    picture = window.grab().toImage()
    assert picture.pixelColor(1, 400).name() == window.themes.theme.colour("armed").name()
    qtbot.waitUntil(lambda: "| ARMED |" in window.status.text())
    _press(qtbot, ticket, Qt.Key.Key_A, CTRL, ALT)
    qtbot.waitUntil(lambda: "ARMED" not in window.windowTitle())


def test_another_workspace_disarms_and_comes_by_key(window: MainWindow, qtbot: QtBot) -> None:
    _desk(window).arming.arm()
    _press(qtbot, _panel(window, TicketPanel), Qt.Key.Key_2, CTRL)
    assert window.switcher.name == "Options"
    assert not _desk(window).arming.is_armed
    qtbot.waitUntil(lambda: any("workspace changed" in text for text in window.toasts.shown()))
    first = _panel(window, ListPanel)
    with qtbot.waitActive(window):
        qtbot.keyClick(window, Qt.Key.Key_1, CTRL)
    assert window.switcher.name == "Market"
    assert not first.isVisible()


def test_cancel_all_works_disarmed_and_flatten_asks_first(open_window: OpenWindow, qtbot: QtBot) -> None:
    desk = FaceDesk()
    desk.trading.positions = (Position(0, 5),)
    window = open_window(desk)
    ticket = _panel(window, TicketPanel)
    _press(qtbot, ticket, Qt.Key.Key_Backspace, CTRL)
    assert desk.trading.calls == ["cancel_all"]
    _press(qtbot, ticket, Qt.Key.Key_F, CTRL, SHIFT)
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


def test_typing_anywhere_names_a_symbol_and_the_group_follows(window: MainWindow, qtbot: QtBot) -> None:
    ticket, watch = _panel(window, TicketPanel), _panel(window, ListPanel)
    table = watch.table
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_E)
    entry = window.symbol_entry
    assert entry.isVisible()
    qtbot.keyClicks(entry.editor, "cho")
    assert entry.editor.text() == "Echo"
    assert [choice.title for choice in entry.choices()] == ["ECHO"]
    qtbot.keyClick(entry.editor, Qt.Key.Key_Return)
    assert not entry.isVisible()
    echo = _desk(window).table.find("ECHO").id
    assert (ticket.instrument, watch.instrument, _desk(window).links.instrument(1)) == (echo, echo, echo)
    assert ticket.symbol.text() == "ECHO"


def test_an_editor_keeps_its_letters(window: MainWindow, qtbot: QtBot) -> None:
    ticket = _panel(window, TicketPanel)
    ticket.editor.setFocus()
    qtbot.keyClicks(ticket.editor, "bx")
    assert ticket.editor.text() == "bx"
    assert not window.symbol_entry.isVisible()
    assert ticket.joined == 0


def test_an_order_key_works_in_its_panel_alone_and_never_repeats(window: MainWindow, qtbot: QtBot) -> None:
    ticket, watch = _panel(window, TicketPanel), _panel(window, ListPanel)
    _press(qtbot, ticket, Qt.Key.Key_B)
    assert ticket.joined == 1
    _press(qtbot, watch.table, Qt.Key.Key_B)
    assert ticket.joined == 1
    assert window.symbol_entry.isVisible()
    qtbot.keyClick(window.symbol_entry.editor, Qt.Key.Key_Escape)
    assert not window.symbol_entry.isVisible()
    order = [each for each in ticket._shortcuts if each.property("command_id") == "ticket.join"]
    assert [each.autoRepeat() for each in order] == [False]
    assert [each.autoRepeat() for each in ticket._shortcuts if each not in order] == [True]
    for (command_id, _), shortcut in window._bindings._shortcuts.items():
        assert shortcut.autoRepeat() == _desk(window).commands.get(command_id).repeats


def test_the_palette_finds_and_runs_and_gives_the_focus_back(window: MainWindow, qtbot: QtBot) -> None:
    ticket = _panel(window, TicketPanel)
    _press(qtbot, ticket.editor, Qt.Key.Key_K, CTRL)
    palette = window.palette_overlay
    assert palette.isVisible()
    assert palette.width() == 640
    assert palette.y() < window.height() / 3
    qtbot.keyClicks(palette.editor, "write")
    assert [choice.title for choice in palette.choices()] == ["Write a note"]
    assert palette.choices()[0].right == "Ctrl+Shift+N"
    qtbot.keyClick(palette.editor, Qt.Key.Key_Return)
    assert ticket.editor.text() == "note"
    assert window.focusWidget() is ticket.editor
    window.act.show_palette()
    qtbot.keyClicks(palette.editor, "qqqq")
    assert palette.choices() == []
    assert "No command matches" in palette.empty.text()
    qtbot.keyClick(palette.editor, Qt.Key.Key_Return)
    assert palette.isVisible()
    qtbot.keyClick(palette.editor, Qt.Key.Key_Escape)


def test_a_panel_that_fails_fails_alone_and_can_start_again(window: MainWindow, qtbot: QtBot) -> None:
    ticket, watch = _panel(window, TicketPanel), _panel(window, ListPanel)
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
    assert not _desk(window).commands.get("ticket.join").enabled()
    ticket.fails = False
    ticket.start_again()
    qtbot.waitUntil(lambda: not ticket.is_quarantined)


def test_a_command_that_fails_is_told_and_the_window_goes_on(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> int:
        raise RuntimeError("no line to the venue")

    monkeypatch.setattr(_desk(window).trading, "cancel_all", broken)
    assert window.run("trade.cancel_all") is False
    qtbot.waitUntil(lambda: any("no line to the venue" in text for text in window.toasts.shown()))


def test_a_workspace_comes_back_as_it_was_left(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window()
    watch, ticket = _panel(window, ListPanel), _panel(window, TicketPanel)
    watch.table.setColumnHidden(2, True)
    ticket.set_link_group(4)
    ticket.choose(_desk(window).table.find("BOLT").id)
    window.act.add_panel("ticket")
    assert len(window.switcher.view.panels) == 3
    window.close()
    again = open_window(FaceDesk())
    assert sorted(again.switcher.view.panels) == ["ticket-1", "ticket-2", "watchlist-1"]
    panels = again.switcher.view.panels
    assert _panel(again, ListPanel).table.isColumnHidden(2)
    assert panels["ticket-1"].link_group == 4
    assert panels["ticket-1"].subtitle() == "BOLT"
    again.act.reset_workspace()
    assert sorted(again.switcher.view.panels) == ["ticket-1", "watchlist-1"]


def test_a_broken_workspace_file_is_told_and_the_default_opens(
    open_window: OpenWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    store = WorkspaceStore(tmp_path / "ws")
    (tmp_path / "ws").mkdir()
    store.path_of("Market").write_text("{", encoding="utf-8")
    window = open_window()
    assert sorted(window.switcher.view.panels) == ["ticket-1", "watchlist-1"]
    qtbot.waitUntil(lambda: any("the default is used" in text for text in window.toasts.shown()))


def test_a_new_workspace_gets_a_tab_and_a_key(window: MainWindow, qtbot: QtBot) -> None:
    window.act.save_as("Scalps")
    assert window.switcher.name == "Scalps"
    assert _desk(window).commands.get("workspace.go_4").keys == ("Ctrl+4",)
    _press(qtbot, window, Qt.Key.Key_1, CTRL)
    _press(qtbot, window, Qt.Key.Key_4, CTRL)
    assert window.switcher.name == "Scalps"
    window.act.save_as("x" * 100)
    qtbot.waitUntil(lambda: any("at most" in text for text in window.toasts.shown()))


def test_a_panel_can_leave_the_window_and_keys_still_reach_the_desk(window: MainWindow, qtbot: QtBot) -> None:
    view, ticket = window.switcher.view, _panel(window, TicketPanel)
    view.docks.float(ticket.panel_id)
    qtbot.waitUntil(lambda: ticket.window() is not window)
    floating = ticket.window()
    qtbot.wait(100)
    floating.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is floating)
    _press(qtbot, ticket, Qt.Key.Key_A, CTRL, ALT)
    assert _desk(window).arming.is_armed
    _press(qtbot, ticket, Qt.Key.Key_B)
    assert ticket.joined == 1
    window.switch_workspace("Options")
    assert not floating.isVisible()
    window.switch_workspace("Market")
    assert floating.isVisible()


def test_closing_a_panel_ends_its_work(window: MainWindow, qtbot: QtBot) -> None:
    ticket = _panel(window, TicketPanel)
    window.switcher.view._dock_closed(ticket.panel_id)
    assert ticket.panel_id not in window.switcher.view.panels
    _desk(window).links.choose(1, 1)
    assert ticket.instrument != 1
    window.open_panel("ticket", 2)
    assert _panel(window, TicketPanel).instrument == 2


def test_exports_say_as_of_when(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    watch = _panel(window, ListPanel)
    qtbot.waitUntil(lambda: bool(watch.table.table_model.keys))
    window.switcher.view.export(watch, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# Watchlist")
    assert "2026-01-05 10:15:00 New York, SIMULATED" in lines[0]
    assert lines[1] == "Symbol,Bid,Ask,Size,Chg"
    assert lines[2] == "ACME,100.00,100.10,10,-3.00%"
    window.switcher.view.export(watch, tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
    window.switcher.view.export(watch, tmp_path / "none" / "out.csv")
    qtbot.waitUntil(lambda: any("Nothing was saved" in text for text in window.toasts.shown()))


def test_work_shows_its_progress_and_a_click_cancels_it(window: MainWindow, qtbot: QtBot) -> None:
    task = _desk(window).tasks.open("Compiling kernels")
    task.report(0.4, "12 of 30")
    status = window.status
    qtbot.waitUntil(lambda: status._task is not None)
    window.grab()
    qtbot.mouseClick(status, Qt.MouseButton.LeftButton, pos=status._cancel_rect.center())
    assert task.cancel_asked
    _desk(window).tasks.close(task)
    qtbot.waitUntil(lambda: status._task is None)


@pytest.mark.parametrize("width", [900, 1280, 2560])
def test_the_status_bar_drops_the_least_important_first_and_never_overlaps(
    window: MainWindow, qtbot: QtBot, width: int
) -> None:
    window.resize(width, 700)
    status = window.status
    qtbot.waitUntil(lambda: bool(status.shown_keys()))
    rects = [place.rect for place in status._places]
    assert all(left.right() < right.left() for left, right in itertools.pairwise(rects))
    assert rects[-1].right() <= status.width()
    assert {"mode", "armed", "time"} <= set(status.shown_keys())
    if width >= 1280:
        assert len(status.shown_keys()) == 13


def test_ready_starts_the_count(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "starting" in window.status.text())
    window.ready()
    assert window.is_ready
    qtbot.waitUntil(lambda: "ready" in window.status.text())
    qtbot.waitUntil(lambda: window.frame_summary().frames > 2)


def test_what_comes_after_the_run_is_not_counted(window: MainWindow, qtbot: QtBot) -> None:
    window.ready()
    qtbot.waitUntil(lambda: window.frame_summary().frames > 2)
    window.stop_counting()
    counted = window.frame_summary()
    time.sleep(0.15)
    window.clock.tick()
    assert window.frame_summary() == counted
    assert window.clock.statistics.summary().longest_gap_ms >= 150


def test_playback_is_driven_from_bar_and_keys(window: MainWindow, qtbot: QtBot) -> None:
    playback, bar = _desk(window).playback, window.playback_bar
    qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    assert playback.paused
    _press(qtbot, window, Qt.Key.Key_Period, CTRL)
    assert playback.calls == ["step"]
    window.run("playback.faster")
    assert playback.speed == 2.0
    qtbot.waitUntil(lambda: bar.speed.currentText().startswith("2"))
    window.run("playback.slower")
    window.run("playback.slower")
    assert playback.speed == 0.5
    bar.slider.setValue(500)
    bar._seek()
    assert playback.calls[-1] == playback.first_ns + (playback.last_ns - playback.first_ns) // 2


def test_keys_help_and_lists_open_and_close(window: MainWindow, qtbot: QtBot) -> None:
    _press(qtbot, window, Qt.Key.Key_F1)
    window.act.show_about()
    window.notify("Something.")
    window.act.show_alerts()
    window.act.copy_workspace()
    dialogs = [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]
    assert len(dialogs) == 4
    for dialog in dialogs:
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert _desk(window).alerts.unread == 0


def test_a_person_s_keys_replace_the_defaults(open_window: OpenWindow, qtbot: QtBot, tmp_path: Path) -> None:
    text = '[keys]\n"desk.palette" = ["Ctrl+J"]\n"ticket.join" = ["J"]\n'
    (tmp_path / "keys.toml").write_text(text, encoding="utf-8")
    window = open_window(keymap=Keymap(tmp_path / "keys.toml"))
    ticket = _panel(window, TicketPanel)
    _press(qtbot, ticket, Qt.Key.Key_J)
    assert ticket.joined == 1
    _press(qtbot, ticket, Qt.Key.Key_J, CTRL)
    assert window.palette_overlay.isVisible()


def test_themes_switch_under_the_open_window(window: MainWindow, qtbot: QtBot) -> None:
    dark = window.grab().toImage().pixelColor(640, 760).lightness()
    window.run("view.light")
    window.run("view.colour_blind")
    window.run("view.comfortable")
    light = window.grab().toImage().pixelColor(640, 760).lightness()
    assert light > 200 > 60 > dark
    assert _panel(window, ListPanel).table.verticalHeader().defaultSectionSize() == 24
    window.run("view.dark")


def test_a_prepared_workspace_opens_as_saved(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window()
    window.switch_workspace("Trade")
    qtbot.wait(30)
    window.act.add_panel("ticket")
    window.switch_workspace("Market")
    window.switch_workspace("Trade")
    window.close()
    again = open_window(workspace="Market")
    again.switcher.prepare(["Market", "Options", "Trade"])
    assert len(again.switcher.views()) == 3
    hidden = [panel for view in again.switcher.views() if view.name != "Market" for panel in view.panels.values()]
    assert hidden
    assert not any(panel.isVisible() for panel in hidden)
    again.switch_workspace("Trade")
    qtbot.waitUntil(lambda: again.switcher.view.panels["ticket-2"].isVisible())
