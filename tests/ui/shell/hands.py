"""A person's hands, for tests of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from terminal.ui.panel import Panel
from terminal.ui.shell.main_window import MainWindow
from tests.ui.face import FaceDesk

_P = TypeVar("_P", bound=Panel)
OpenWindow = Callable[..., MainWindow]
_HELD = Qt.KeyboardModifier
CTRL, SHIFT, ALT = _HELD.ControlModifier, _HELD.ShiftModifier, _HELD.AltModifier


def desk_of(window: MainWindow) -> FaceDesk:
    """The desk behind a window."""
    assert isinstance(window.desk, FaceDesk)
    return window.desk


def panel_of(window: MainWindow, kind: type[_P]) -> _P:
    """The first panel of a class in the workspace in front."""
    return next(panel for panel in window.switcher.view.panels.values() if isinstance(panel, kind))


def press(qtbot: QtBot, widget: QWidget, key: Qt.Key, *held: Qt.KeyboardModifier) -> None:
    """Focuses a widget and presses a key."""
    modifiers = Qt.KeyboardModifier.NoModifier
    for each in held:
        modifiers |= each
    widget.setFocus()
    qtbot.keyClick(widget, key, modifiers)
