"""A question inside the panel that asks it: one sentence, do it or keep things as they are. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class ConfirmBar(QWidget):
    """Hidden until :meth:`ask`. The focus goes to "Keep", so that a held Enter does nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._action: Callable[[], object] | None = None
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.do_it = QPushButton()
        self.do_it.setProperty("role", "danger")
        self.do_it.setAutoRepeat(False)
        self.keep = QPushButton("Keep")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.do_it)
        row.addWidget(self.keep)
        self.do_it.clicked.connect(self._do)
        self.keep.clicked.connect(self.drop)
        self.hide()

    def ask(self, sentence: str, button: str, action: Callable[[], object]) -> None:
        """Shows the question; ``action`` runs at most once."""
        self._action = action
        self.sentence.setText(sentence)
        self.do_it.setText(button)
        self.show()
        self.keep.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def drop(self) -> None:
        """Nothing happens."""
        self._action = None
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc keeps."""
        if event.key() == Qt.Key.Key_Escape:
            self.drop()
            return
        super().keyPressEvent(event)

    @Slot()
    def _do(self) -> None:
        action, self._action = self._action, None
        self.hide()
        if action is not None:
            action()
