"""Paints the cells of a grid: shading in the money, the spine of strikes, tints, age dots, stale and bad marks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLine, QModelIndex, QObject, QPersistentModelIndex, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from terminal.app.views.cells import AGE_MASK, AGE_SHIFT, TONE_MASK, Align, CellGrid, Look, Tone
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.painted_text import At, PaintedTexts
from terminal.ui.widgets.table_painter import PADDING_PX, Rows, Strip

_TINT_ALPHA = 60
_STEPS = 6
_TOKENS = {
    Tone.VALUE: "text0", Tone.LABEL: "text1", Tone.MUTED: "text2", Tone.UP: "up", Tone.DOWN: "down",
    Tone.WARN: "warn", Tone.CRITICAL: "critical", Tone.ACCENT: "accent",
}  # fmt: skip
_AT = {Align.LEFT: At.LEFT, Align.CENTRE: At.CENTRE, Align.RIGHT: At.RIGHT}
_STRONG, _STALE, _BAD, _HEAD, _ITM, _ATM = (
    int(each) for each in (Look.STRONG, Look.STALE, Look.BAD, Look.HEAD, Look.ITM, Look.ATM)
)
Tints = dict[tuple[int, int], tuple[int, int, int]]


class GridPainter:
    """Reads the grid, not the model: no QVariant is made for a paint. A column is painted at once."""

    def __init__(self, grid: CellGrid, tints: Tints, theme: Theme) -> None:
        self._grid = grid
        self._tints = tints
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Takes the colours and fonts."""
        self._theme = theme
        self._inks = [theme.colour(_TOKENS[tone]) for tone in Tone]
        self._plain, self._strong = (
            PaintedTexts(theme.value_font(bold=bold), theme.tokens.row_height) for bold in (False, True)
        )
        self._dots = QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine)
        self._ages = []
        for alpha in (0, 70, 140, 230):
            dot = QColor(theme.colour("text1"))
            dot.setAlpha(alpha)
            self._ages.append(dot)

    @property
    def ground(self) -> QColor:
        """What is under the cells."""
        return self._theme.colour("bg1")

    def natural_width(self, column: int) -> int:
        """Pixels that a column's widest usual text needs."""
        return self._plain.width(self._grid.columns[column].sample) + 2 * PADDING_PX

    def paint(self, painter: QPainter, strips: Sequence[Strip], rows: Rows, chosen: tuple[int, int]) -> None:
        """The cells of some columns and rows; ``chosen``: row and column of the cell with a frame, or -1."""
        numbers = range(rows.numbers.start, min(rows.numbers.stop, self._grid.row_count))
        for strip in strips if numbers else ():
            looks = self._grid.looks[numbers.start : numbers.stop, strip.place].tolist()
            cells = [(row, rows.top_px + row * rows.height_px, look) for row, look in zip(numbers, looks, strict=True)]
            self._paint_grounds(painter, strip, cells, rows.height_px)
            if chosen[1] == strip.place and chosen[0] in numbers:
                painter.setPen(self._theme.colour("accent"))
                top = rows.top_px + chosen[0] * rows.height_px
                painter.drawRect(strip.left, top, strip.width - 1, rows.height_px - 1)
            self._paint_texts(painter, strip, cells, rows.height_px)
            self._paint_ages(painter, strip, cells)

    def _paint_grounds(self, painter: QPainter, strip: Strip, cells: list[tuple[int, int, int]], height: int) -> None:
        left, width = strip.left, strip.width
        for row, top, look in cells:
            if look & _HEAD:
                painter.fillRect(left, top, width, height, self._theme.colour("bg2"))
            elif look & _ITM:
                painter.fillRect(left, top, width, height, self._theme.colour("itm"))
            if look & _ATM:
                painter.fillRect(left, top, 2, height, self._theme.colour("accent"))
                painter.fillRect(left + width - 2, top, 2, height, self._theme.colour("accent"))
            tint = self._tints.get((row, strip.place)) if self._tints else None
            if tint is not None:
                tone = QColor(self._theme.colour("up" if tint[1] > 0 else "down"))
                tone.setAlpha(int(_TINT_ALPHA * (1 - tint[2] / _STEPS)))
                painter.fillRect(left, top + 1, width, height - 2, tone)

    def _paint_texts(self, painter: QPainter, strip: Strip, cells: list[tuple[int, int, int]], height: int) -> None:
        texts, place = self._grid.texts, strip.place
        at, left, room = _AT[self._grid.columns[place].align], strip.left + PADDING_PX, strip.width - 2 * PADDING_PX
        pen, font = None, None
        for row, top, look in cells:
            painted = self._strong if look & _STRONG else self._plain
            ink = self._inks[look & TONE_MASK]
            if painted is not font:
                font = painted
                painter.setFont(painted.font)
            if ink is not pen:
                pen = ink
                painter.setPen(ink)
            text = texts[row][place]
            if painted.width(text) > strip.width - 2:
                # A number that does not fit must not look like another number.
                narrow = max(1, room // max(1, painted.width("#")))
                text = "#" * narrow if at is At.RIGHT else painted.elided(text, room)
            painted.draw(painter, left, top, room, at, text)
            if look & _BAD:
                painted.draw(painter, strip.left + 1, top, room, At.LEFT, "!")
            if look & _STALE:
                width = min(room, painted.width(text))
                bottom = top + (height - 1) // 2 + self._theme.tokens.value_px // 2 + 1
                painter.setPen(self._dots)
                painter.drawLine(QLine(left + room - width, bottom, left + room, bottom))
                pen = None

    def _paint_ages(self, painter: QPainter, strip: Strip, cells: list[tuple[int, int, int]]) -> None:
        aged = [(top, (look & AGE_MASK) >> AGE_SHIFT) for _row, top, look in cells if look & AGE_MASK]
        if not aged:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        for top, age in aged:
            painter.setBrush(self._ages[age])
            painter.drawEllipse(QPointF(strip.left + strip.width - 3.0, top + 4.0), 1.5, 1.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class GridDelegate(QStyledItemDelegate):
    """Tells Qt how much room a cell needs, for a double click on a column's edge."""

    def __init__(self, painter: GridPainter, parent: QObject) -> None:
        super().__init__(parent)
        self._painter = painter
        self.row_px = 0

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The widest usual text and the theme's row height."""
        return QSize(self._painter.natural_width(index.column()), self.row_px)
