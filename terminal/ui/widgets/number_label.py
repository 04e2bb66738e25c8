"""A short figure that changes many times a second: it grows and never shrinks, and repaints only itself."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.painted_text import At, PaintedTexts

_STEP_PX, _LEAST_PX = 8, 32


class NumberLabel(QWidget):
    """A QLabel's new text lays the row around it out again, and a new colour is a new style sheet; not here."""

    def __init__(self, theme: Theme, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._token, self._width_px = "", "text0", 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.setToolTip(tip)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and font."""
        self._theme = theme
        self._texts = PaintedTexts(theme.value_font(), theme.tokens.row_height)
        self.update()

    def text(self) -> str:
        """What it says."""
        return self._text

    def show_text(self, text: str, token: str) -> None:
        """Other words, in the colour of a token."""
        if (text, token) == (self._text, self._token):
            return
        self._text, self._token = text, token
        self.setAccessibleName(text)
        width_px = -(-self._texts.width(text) // _STEP_PX) * _STEP_PX
        if width_px > self._width_px:
            self._width_px = width_px
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """The widest text so far."""
        return QSize(self._width_px, self._theme.tokens.row_height)

    def minimumSizeHint(self) -> QSize:
        """Where there is no room the text ends in an ellipsis, so that a cut number is not another number."""
        return QSize(min(self._width_px, _LEAST_PX), self._theme.tokens.row_height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, on the panel's ground."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("bg1"))
        painter.setFont(self._texts.font)
        painter.setPen(self._theme.colour(self._token))
        top = (self.height() - self._theme.tokens.row_height) // 2
        fits = self._texts.width(self._text) <= self.width()
        text = self._text if fits else self._texts.elided(self._text, self.width())
        self._texts.draw(painter, 0, top, self.width(), At.LEFT, text)
        painter.end()
