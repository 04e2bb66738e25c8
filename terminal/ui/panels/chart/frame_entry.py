"""A number typed over a chart is a time frame: a small editor that says what it would show."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QVBoxLayout, QWidget

from terminal.app.views.chart_frames import FrameError, frame

_WIDTH_PX = 190


class FrameEntry(QFrame):
    """Hidden until :meth:`begin`; Enter takes the frame, Escape or a click elsewhere leaves it."""

    chosen = Signal(str)
    """The name of a time frame."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("symbolEntry")
        self.edit = _Edit(self)
        self.edit.setAccessibleName("Time frame")
        self.words = QLabel()
        self.words.setProperty("role", "faint")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.setSpacing(4)
        layout.addWidget(self.edit)
        layout.addWidget(self.words)
        self.setFixedWidth(_WIDTH_PX)
        self.edit.textEdited.connect(self._say)
        self.edit.returnPressed.connect(self._take)
        self.edit.left.connect(self.hide)
        self.hide()

    def begin(self, text: str) -> None:
        """Opens over the middle of the parent with the first digit."""
        parent = self.parentWidget()
        self.adjustSize()
        self.move(max(0, (parent.width() - self.width()) // 2), max(0, parent.height() // 4))
        self.edit.setText(text)
        self._say(text)
        self.show()
        self.raise_()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.deselect()

    def _say(self, text: str) -> None:
        try:
            words = frame(text).words
        except FrameError:
            words = "30s  5m  4h  1d  1w  100t  10kv  1M$"
        self.words.setText(words)

    def _take(self) -> None:
        try:
            name = frame(self.edit.text()).name
        except FrameError as problem:
            self.words.setText(str(problem))
            return
        self.hide()
        self.parentWidget().setFocus(Qt.FocusReason.OtherFocusReason)
        self.chosen.emit(name)


class _Edit(QLineEdit):
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()
