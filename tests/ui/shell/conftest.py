"""Windows for tests of the shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from terminal.app.workspaces import WorkspaceStore
from terminal.ui.shell.main_window import MainWindow
from terminal.ui.theme.theme import ThemeSwitch
from tests.ui import sample_panels
from tests.ui.face import FaceDesk
from tests.ui.shell.hands import OpenWindow


@pytest.fixture
def open_window(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenWindow]:
    """Opens windows on the workspaces of one folder, shown and active."""
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
    """One simulated desk's window."""
    return open_window()
