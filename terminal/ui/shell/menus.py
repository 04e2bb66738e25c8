"""The menu bar, filled from the registry each time it opens."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from terminal.app.commands import Command, CommandRegistry

MENUS = ("Desk", "View", "Panels", "Workspace", "Trade", "Playback", "Help")
"""Groups of commands that are menus, in this order. Commands of panels are in the panels' own menus."""


class MainMenu(QMenuBar):
    """Entries carry no shortcuts of their own, only their text: a disabled entry must never deaden a key."""

    def __init__(self, commands: CommandRegistry, run: Callable[[str], object], parent: QWidget) -> None:
        super().__init__(parent)
        self._commands, self._run = commands, run
        self.setNativeMenuBar(False)
        groups = commands.groups()
        for name in MENUS:
            if name in groups:
                menu = self.addMenu(name)
                menu.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        menu = self.sender()
        if not isinstance(menu, QMenu):
            return
        menu.clear()
        for command in self._commands.groups().get(menu.title(), []):
            self._entry(menu, command)

    def _entry(self, menu: QMenu, command: Command) -> None:
        key = command.keys[0] if command.keys else ""
        action = menu.addAction(f"{command.title}\t{key}" if key else command.title)
        action.setEnabled(command.enabled())
        action.setToolTip(command.help)
        action.setProperty("command_id", command.id)
        if command.is_on is not None:
            action.setCheckable(True)
            action.setChecked(command.is_on())
        action.triggered.connect(self._chosen)

    @Slot()
    def _chosen(self) -> None:
        action = self.sender()
        if action is not None:
            self._run(str(action.property("command_id")))
