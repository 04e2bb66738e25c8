"""One question, never modal for the event loop, whose default answer does nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget


class Confirm(QDialog):
    """``yes`` runs after a click on its button; Enter and Esc both mean no."""

    def __init__(self, title: str, question: str, yes_text: str, yes: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._yes = yes
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading, text = QLabel(title), QLabel(question)
        heading.setProperty("role", "heading")
        text.setObjectName("sentence")
        text.setWordWrap(True)
        text.setMinimumWidth(380)
        self.yes_button = QPushButton(yes_text)
        self.yes_button.setProperty("role", "danger")
        self.yes_button.setAutoDefault(False)
        self.no_button = QPushButton("Leave it")
        self.no_button.setDefault(True)
        buttons = QDialogButtonBox()
        buttons.addButton(self.no_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.yes_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        buttons.accepted.connect(self._accepted)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        for each in (heading, text, buttons):
            column.addWidget(each)

    def _accepted(self) -> None:
        self.accept()
        self._yes()
