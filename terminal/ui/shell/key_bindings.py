"""One shortcut a key of a window-wide command; panels hold their own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from terminal.app.commands import CommandRegistry


class KeyBindings(QObject):
    """Follows the registry. Shortcuts reach floating windows too; a single letter is never among them."""

    def __init__(self, commands: CommandRegistry, run: Callable[[str], object], window: QWidget) -> None:
        super().__init__(window)
        self._commands, self._run, self._window = commands, run, window
        self._shortcuts: dict[tuple[str, str], QShortcut] = {}
        self._unsubscribe = commands.subscribe(self.rebuild)
        self.rebuild()

    def rebuild(self) -> None:
        """Adds and takes away shortcuts until they match the commands."""
        wanted = {(each.id, key): each for each in self._commands.all() if not each.scope for key in each.keys}
        for place in set(self._shortcuts) - set(wanted):
            shortcut = self._shortcuts.pop(place)
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        for (command_id, key), command in wanted.items():
            if (command_id, key) in self._shortcuts:
                continue
            shortcut = QShortcut(QKeySequence(key), self._window)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            shortcut.setAutoRepeat(command.repeats)
            shortcut.setProperty("command_id", command_id)
            shortcut.activated.connect(self._pressed)
            self._shortcuts[command_id, key] = shortcut

    def close(self) -> None:
        """Ends following the registry."""
        self._unsubscribe()

    @Slot()
    def _pressed(self) -> None:
        sender = self.sender()
        if sender is not None:
            self._run(str(sender.property("command_id")))
