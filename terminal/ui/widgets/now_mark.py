"""The strip over a panel that shows this moment while the others show the past."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from terminal.app.looking_back import now_words
from terminal.app.ports import DeskMode
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

HEIGHT_PX = 18


class NowMark(QLabel):
    """In the colour of the desk's mode, which is never that of the past."""

    def __init__(self, mode: DeskMode, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(now_words(mode), parent)
        self._token = f"mode_{mode.value}"
        self.apply_theme(theme)
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(0)
        self.setToolTip("Orders, positions and the ticket go on showing the market of now while the past is looked at.")
        self.hide()

    def apply_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme, self._font = theme, QFont(theme.label_font())
        self._font.setBold(True)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The words; the first of them stays where there is little room."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour(self._token))
        painter.setFont(self._font)
        painter.setPen(self._theme.ink_on(self._token))
        room = self.rect().adjusted(8, 0, -8, 0)
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
