"""The workspaces' names beside the menu; the one in use is marked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget


class WorkspaceTabs(QWidget):
    """A row of buttons; ``wanted`` carries a name."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 0, 6, 0)
        self._row.setSpacing(2)
        self._buttons: dict[str, QToolButton] = {}

    def set_names(self, names: list[str], current: str) -> None:
        """Shows these names; the first nine have the keys Ctrl+1 to Ctrl+9."""
        if list(self._buttons) != names:
            for button in self._buttons.values():
                self._row.removeWidget(button)
                button.hide()
                button.deleteLater()
            self._buttons = {}
            for place, name in enumerate(names):
                self._buttons[name] = self._button(name, place)
        for name, button in self._buttons.items():
            button.setChecked(name == current)

    def _button(self, name: str, place: int) -> QToolButton:
        button = QToolButton()
        button.setText(name)
        button.setCheckable(True)
        button.setProperty("role", "flat")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(f"Workspace {name}" + (f" (Ctrl+{place + 1})" if place < 9 else ""))
        button.clicked.connect(self._clicked)
        self._row.addWidget(button)
        return button

    @Slot()
    def _clicked(self) -> None:
        sender = self.sender()
        for name, button in self._buttons.items():
            if button is sender:
                button.setChecked(True)
                self.wanted.emit(name)
