"""A line of text that gives up its end, never its beginning, when there is no room; the tooltip has all of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from terminal.ui.quarantine import guarded


class ElidedLabel(QLabel):
    """One line; asks for no width of its own."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(False)

    def minimumSizeHint(self) -> QSize:
        """May be as narrow as its neighbours want."""
        return QSize(0, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Leaves the width to the layout."""
        return QSize(0, super().sizeHint().height())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, cut with an ellipsis where it must be."""
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, int(self.alignment()), text)
