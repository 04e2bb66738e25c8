"""The command palette: every command by a few letters, with its key beside it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from terminal.app.commands import CommandRegistry
from terminal.ui.shell.overlay import Choice, Overlay
from terminal.ui.theme.theme import ThemeSwitch


class CommandPalette(Overlay):
    """Lists the commands that can run now; recent ones first."""

    chosen = Signal(str)
    """Carries the command's id, once the palette is closed and the focus is back."""

    def __init__(self, commands: CommandRegistry, themes: ThemeSwitch, parent: QWidget) -> None:
        super().__init__("palette", "Type a command", themes, parent)
        self._commands = commands

    def matches(self, text: str) -> list[Choice]:
        """Commands that match."""
        return [
            Choice(each.command.id, each.command.title, each.command.group, "  ".join(each.command.keys),
                   each.match.places)
            for each in self._commands.search(text)
        ]  # fmt: skip

    def choose(self, choice: Choice) -> None:
        """Runs it."""
        self.chosen.emit(str(choice.key))

    def nothing(self, text: str) -> str:
        """Says so."""
        return f"No command matches {text!r}."
