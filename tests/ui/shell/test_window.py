"""The window as a person uses it: real keys, real clicks."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from terminal.app.keymap import Keymap
from terminal.ui.shell.main_window import MainWindow
from tests.ui.sample_panels import ListPanel, TicketPanel
from tests.ui.shell.hands import CTRL, OpenWindow, desk_of, panel_of, press


def test_typing_anywhere_names_a_symbol_and_the_group_follows(window: MainWindow, qtbot: QtBot) -> None:
    ticket, watch = panel_of(window, TicketPanel), panel_of(window, ListPanel)
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
    echo = desk_of(window).table.find("ECHO").id
    assert (ticket.instrument, watch.instrument, desk_of(window).links.instrument(1)) == (echo, echo, echo)
    assert ticket.symbol.text() == "ECHO"


def test_the_palette_finds_and_runs_and_gives_the_focus_back(window: MainWindow, qtbot: QtBot) -> None:
    ticket = panel_of(window, TicketPanel)
    press(qtbot, ticket.editor, Qt.Key.Key_K, CTRL)
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


def test_work_shows_its_progress_and_a_click_cancels_it(window: MainWindow, qtbot: QtBot) -> None:
    task = desk_of(window).tasks.open("Compiling kernels")
    task.report(0.4, "12 of 30")
    status = window.status
    qtbot.waitUntil(lambda: status._task is not None)
    window.grab()
    qtbot.mouseClick(status, Qt.MouseButton.LeftButton, pos=status._cancel_rect.center())
    assert task.cancel_asked
    desk_of(window).tasks.close(task)
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
    playback, bar = desk_of(window).playback, window.playback_bar
    qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    assert playback.paused
    press(qtbot, window, Qt.Key.Key_Period, CTRL)
    assert playback.calls == ["step"]
    window.run("playback.faster")
    assert playback.speed == 2.0
    qtbot.waitUntil(lambda: bar.speed.currentText().startswith("2"))
    window.run("playback.slower")
    window.run("playback.slower")
    assert playback.speed == 0.5
    middle = bar.bar.rect().center()
    qtbot.mouseClick(bar.bar, Qt.MouseButton.LeftButton, pos=middle)
    assert playback.calls[-1] == bar.bar.time_at(middle.x())
    assert playback.first_ns < bar.bar.time_at(middle.x()) < playback.last_ns


def test_keys_help_and_lists_open_and_close(window: MainWindow, qtbot: QtBot) -> None:
    press(qtbot, window, Qt.Key.Key_F1)
    window.act.show_about()
    window.notify("Something.")
    window.act.show_alerts()
    window.act.copy_workspace()
    dialogs = [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]
    assert len(dialogs) == 4
    for dialog in dialogs:
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert desk_of(window).alerts.unread == 0


def test_a_person_s_keys_replace_the_defaults(open_window: OpenWindow, qtbot: QtBot, tmp_path: Path) -> None:
    text = '[keys]\n"desk.palette" = ["Ctrl+J"]\n"ticket.join" = ["J"]\n'
    (tmp_path / "keys.toml").write_text(text, encoding="utf-8")
    window = open_window(keymap=Keymap(tmp_path / "keys.toml"))
    ticket = panel_of(window, TicketPanel)
    press(qtbot, ticket, Qt.Key.Key_J)
    assert ticket.joined == 1
    press(qtbot, ticket, Qt.Key.Key_J, CTRL)
    assert window.palette_overlay.isVisible()


def test_themes_switch_under_the_open_window(window: MainWindow, qtbot: QtBot) -> None:
    dark = window.grab().toImage().pixelColor(640, 760).lightness()
    window.run("view.light")
    window.run("view.colour_blind")
    window.run("view.comfortable")
    light = window.grab().toImage().pixelColor(640, 760).lightness()
    assert light > 200 > 60 > dark
    assert panel_of(window, ListPanel).table.verticalHeader().defaultSectionSize() == 24
    window.run("view.dark")
