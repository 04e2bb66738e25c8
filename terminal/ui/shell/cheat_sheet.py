"""F1: every key, by group, read from the commands as they are now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from terminal.app.commands import Command, CommandRegistry

_COLUMNS = 3


class CheatSheet(QDialog):
    """A window of its own; Esc closes it."""

    def __init__(self, commands: CommandRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(min(920, parent.width() - 80), min(620, parent.height() - 80))
        groups = {name: [each for each in members if each.keys] for name, members in commands.groups().items()}
        self._inner = QWidget()
        grid = QGridLayout(self._inner)
        grid.setContentsMargins(18, 14, 18, 14)
        grid.setHorizontalSpacing(36)
        heights = [0] * _COLUMNS
        columns = [QVBoxLayout() for _ in range(_COLUMNS)]
        for place, column in enumerate(columns):
            column.setSpacing(3)
            grid.addLayout(column, 0, place)
        for name, members in sorted(groups.items(), key=lambda pair: -len(pair[1])):
            if members:
                place = heights.index(min(heights))
                heights[place] += len(members) + 2
                columns[place].addWidget(self._group(name, members))
        hint = QLabel("Type letters anywhere to name a symbol. Keys of a panel work while the focus is in it.")
        hint.setProperty("role", "faint")
        for column in columns:
            column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.addWidget(scroll, 1)
        layout.addWidget(hint, 0, Qt.AlignmentFlag.AlignHCenter)

    @staticmethod
    def _group(name: str, members: list[Command]) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 4, 0, 10)
        grid.setVerticalSpacing(3)
        heading = QLabel(name)
        heading.setProperty("role", "heading")
        grid.addWidget(heading, 0, 0, 1, 2)
        for row, command in enumerate(members, 1):
            keys, title = QLabel("  ".join(command.keys)), QLabel(command.title)
            keys.setProperty("role", "label")
            title.setProperty("role", "value")
            grid.addWidget(title, row, 0)
            grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)
        return box
