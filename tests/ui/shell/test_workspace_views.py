"""Workspaces and panels as they come, go and come back."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from terminal.app.layouts import DEFAULTS
from terminal.app.workspaces import WorkspaceStore
from terminal.ui.shell.main_window import MainWindow
from tests.ui.face import FaceDesk
from tests.ui.sample_panels import ListPanel, TicketPanel
from tests.ui.shell.hands import ALT, CTRL, OpenWindow, desk_of, panel_of, press


def test_a_workspace_comes_back_as_it_was_left(open_window: OpenWindow, qtbot: QtBot) -> None:
    window = open_window()
    watch, ticket = panel_of(window, ListPanel), panel_of(window, TicketPanel)
    watch.table.setColumnHidden(2, True)
    ticket.set_link_group(4)
    ticket.choose(desk_of(window).table.find("BOLT").id)
    window.act.add_panel("ticket")
    assert len(window.switcher.view.panels) == 3
    window.close()
    again = open_window(FaceDesk())
    assert sorted(again.switcher.view.panels) == ["ticket-1", "ticket-2", "watchlist-1"]
    panels = again.switcher.view.panels
    assert panel_of(again, ListPanel).table.isColumnHidden(2)
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
    number = len(DEFAULTS) + 1
    window.act.save_as("Scalps")
    assert window.switcher.name == "Scalps"
    assert desk_of(window).commands.get(f"workspace.go_{number}").keys == (f"Ctrl+{number}",)
    press(qtbot, window, Qt.Key.Key_1, CTRL)
    press(qtbot, window, Qt.Key(Qt.Key.Key_0 + number), CTRL)
    assert window.switcher.name == "Scalps"
    window.act.save_as("x" * 100)
    qtbot.waitUntil(lambda: any("at most" in text for text in window.toasts.shown()))


def test_a_panel_can_leave_the_window_and_keys_still_reach_the_desk(window: MainWindow, qtbot: QtBot) -> None:
    view, ticket = window.switcher.view, panel_of(window, TicketPanel)
    view.docks.float(ticket.panel_id)
    qtbot.waitUntil(lambda: ticket.window() is not window)
    floating = ticket.window()
    qtbot.wait(100)
    floating.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is floating)
    press(qtbot, ticket, Qt.Key.Key_A, CTRL, ALT)
    assert desk_of(window).arming.is_armed
    press(qtbot, ticket, Qt.Key.Key_B)
    assert ticket.joined == 1
    window.switch_workspace("Options")
    assert not floating.isVisible()
    window.switch_workspace("Market")
    assert floating.isVisible()


def test_closing_a_panel_ends_its_work(window: MainWindow, qtbot: QtBot) -> None:
    ticket = panel_of(window, TicketPanel)
    window.switcher.view._dock_closed(ticket.panel_id)
    assert ticket.panel_id not in window.switcher.view.panels
    desk_of(window).links.choose(1, 1)
    assert ticket.instrument != 1
    window.open_panel("ticket", 2)
    assert panel_of(window, TicketPanel).instrument == 2


def test_exports_say_as_of_when(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    watch = panel_of(window, ListPanel)
    qtbot.waitUntil(lambda: bool(watch.table.table_model.keys))
    window.switcher.view.export(watch, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["# Watchlist ACME, as of 2026-01-05 10:15:00 New York, SIMULATED"]
    assert lines[1] == ["Symbol", "Bid", "Ask", "Size", "Chg"]
    assert lines[2] == ["ACME", "100.00", "100.10", "10", "-3.00%"]
    window.switcher.view.export(watch, tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
    window.switcher.view.export(watch, tmp_path / "none" / "out.csv")
    qtbot.waitUntil(lambda: any("Nothing was saved" in text for text in window.toasts.shown()))


def test_an_export_keeps_words_and_numbers_as_they_are(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = panel_of(window, ListPanel)
    words = ['denied: 1,000 is too much, "really"', "two\nlines", "Acme, Inc."]
    heads = ("Reason, why", "Note", "Name", "Cash", "Move", "None")
    monkeypatch.setattr(
        ListPanel, "export_rows", lambda _self: (heads, [[*words, "1,234,567.50", "▼ \u22121.25", "–"]])
    )
    window.switcher.view.export(watch, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        _, found_heads, row = list(csv.reader(file))
    assert tuple(found_heads) == heads
    assert row == [*words, "1234567.50", "-1.25", ""]


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
    qtbot.waitUntil(again.switcher.view.panels["ticket-2"].isVisible)
