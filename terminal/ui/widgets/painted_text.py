"""Short texts that are painted again and again: measured at the first sight, laid out once, drawn by their glyphs."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QPainter, QStaticText, QTransform

_KEPT = 4096
"""A laid out text takes 0.7 kB, and a dozen tables have texts of their own."""
_OF_NUMBERS = "0123456789.,:+-\N{MINUS SIGN}% "
"""Characters that stand side by side without kerning, so that their widths add up."""


class At(Enum):
    """Where a text stands in its room."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


class PaintedTexts:
    """The texts of one font in rows of one height. The pen gives the colour.

    A text that is drawn once, such as a volume that only grows, is not worth a layout that is kept: that is made when
    it is drawn a second time. Both ways put the same pixels there.
    """

    def __init__(self, font: QFont, row_px: int) -> None:
        self.font = font
        self._metrics = QFontMetrics(font)
        exact = QFontMetricsF(font)
        self._advances = {each: exact.horizontalAdvance(each) for each in _OF_NUMBERS}
        self._down = (row_px - self._metrics.height()) // 2
        self._base = self._down + exact.ascent()
        self._widths: dict[str, int] = {}
        self._drawn: set[str] = set()
        self._laid_out: dict[str, QStaticText] = {}

    def width(self, text: str) -> int:
        """Pixels that a text takes."""
        taken = self._widths.get(text)
        return self._measure(text) if taken is None else taken

    def elided(self, text: str, width: int) -> str:
        """The text with an ellipsis where it is longer than ``width`` pixels."""
        return self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)

    def draw(self, painter: QPainter, left: int, top: int, width: int, at: At, text: str) -> None:
        """Draws into a row that begins at ``top``; the painter must have this font."""
        x = left
        if at is At.RIGHT:
            x += width - self.width(text)
        elif at is At.CENTRE:
            x += (width - self.width(text)) // 2
        laid_out = self._laid_out.get(text)
        if laid_out is not None:
            painter.drawStaticText(x, top + self._down, laid_out)
        elif text in self._drawn:
            painter.drawStaticText(x, top + self._down, self._lay_out(text))
        else:
            self._drawn.add(text)
            painter.drawText(QPointF(x, top + self._base), text)

    def _measure(self, text: str) -> int:
        if len(self._widths) >= _KEPT:
            self._widths.clear()
            self._drawn.clear()
            self._laid_out.clear()
        try:
            taken = round(sum([self._advances[each] for each in text]))
        except KeyError:
            taken = self._metrics.horizontalAdvance(text)
        self._widths[text] = taken
        return taken

    def _lay_out(self, text: str) -> QStaticText:
        made = QStaticText(text)
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
        made.prepare(QTransform(), self.font)
        self._laid_out[text] = made
        return made
