"""What a panel says when it has nothing to show: one sentence and, at most, one button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

_WIDEST_PX = 480
_BUTTON_FROM_PX = 64


class EmptyState(QWidget):
    """Centred; the button is left out when there is no ``action``."""

    def __init__(
        self, sentence: str, button: str = "", action: Callable[[], object] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._action = action
        self.sentence = QLabel(sentence)
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(button)
        self._has_button = bool(button and action)
        self.button.setVisible(self._has_button)
        self.button.clicked.connect(self._run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 4)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(self.sentence, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def say(self, sentence: str) -> None:
        """Another sentence."""
        self.sentence.setText(sentence)
        self.sentence.setFixedHeight(self.sentence.heightForWidth(max(40, self.sentence.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wrapped label needs its width to know its height."""
        super().resizeEvent(event)
        width = max(40, min(_WIDEST_PX, self.width() - 24))
        self.sentence.setFixedSize(width, self.sentence.heightForWidth(width))
        self.button.setVisible(self._has_button and self.height() >= _BUTTON_FROM_PX)

    def _run(self) -> None:
        if self._action is not None:
            self._action()
