"""Short texts that are painted again and again: laid out once, drawn by their glyphs."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QStaticText, QTransform

_KEPT = 8192


class At(Enum):
    """Where a text stands in its room."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


class PaintedTexts:
    """The texts of one font in rows of one height. The pen gives the colour."""

    def __init__(self, font: QFont, row_px: int) -> None:
        self.font = font
        self._metrics = QFontMetrics(font)
        self._down = (row_px - self._metrics.height()) // 2
        self._known: dict[str, tuple[QStaticText, int]] = {}

    def width(self, text: str) -> int:
        """Pixels that a text takes."""
        return self._find(text)[1]

    def draw(self, painter: QPainter, left: int, top: int, width: int, at: At, text: str) -> None:
        """Draws into a row that begins at ``top``; the painter must have this font."""
        found, taken = self._find(text)
        x = left if at is At.LEFT else left + width - taken if at is At.RIGHT else left + (width - taken) // 2
        painter.drawStaticText(x, top + self._down, found)

    def _find(self, text: str) -> tuple[QStaticText, int]:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            made = QStaticText(text)
            made.setTextFormat(Qt.TextFormat.PlainText)
            made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            made.prepare(QTransform(), self.font)
            found = self._known[text] = made, self._metrics.horizontalAdvance(text)
        return found
