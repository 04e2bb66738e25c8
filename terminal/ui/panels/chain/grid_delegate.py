"""Paints the cells of a grid: shading in the money, the spine of strikes, tints, age dots, stale and bad marks."""

from __future__ import annotations

from PySide6.QtCore import QLine, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from terminal.app.views.cells import AGE_MASK, AGE_SHIFT, TONE_MASK, Align, CellGrid, Look, Tone
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_PADDING = 6
_TINT_ALPHA = 60
_STEPS = 6
_TOKENS = {
    Tone.VALUE: "text0", Tone.LABEL: "text1", Tone.MUTED: "text2", Tone.UP: "up", Tone.DOWN: "down",
    Tone.WARN: "warn", Tone.CRITICAL: "critical", Tone.ACCENT: "accent",
}  # fmt: skip
_FLAGS = {
    Align.LEFT: int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
    Align.CENTRE: int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
    Align.RIGHT: int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
}
Tints = dict[tuple[int, int], tuple[int, int, int]]


class GridDelegate(QStyledItemDelegate):
    """Reads the grid, not the model: no QVariant is made for a paint."""

    def __init__(self, grid: CellGrid, tints: Tints, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._grid = grid
        self._tints = tints
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Takes the colours and fonts."""
        self._theme = theme
        self._inks = [theme.colour(_TOKENS[tone]) for tone in Tone]
        self._font, self._bold = theme.value_font(), theme.value_font(bold=True)
        self._metrics = QFontMetrics(self._font)
        self._dots = QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine)
        self._ages = []
        for alpha in (0, 70, 140, 230):
            dot = QColor(theme.colour("text1"))
            dot.setAlpha(alpha)
            self._ages.append(dot)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The widest usual text and the theme's row height."""
        sample = self._grid.columns[index.column()].sample
        return QSize(self._metrics.horizontalAdvance(sample) + 2 * _PADDING, self._theme.tokens.row_height)

    def natural_width(self, column: int) -> int:
        """Pixels that a column's widest usual text needs."""
        return self._metrics.horizontalAdvance(self._grid.columns[column].sample) + 2 * _PADDING

    @guarded
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        row, column = index.row(), index.column()
        if row >= self._grid.row_count:
            return
        rect, look = QRect(option.rect), int(self._grid.looks[row, column])  # type: ignore[attr-defined]
        self._ground(painter, rect, look, row, column)
        text = self._grid.texts[row][column]
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        if selected:
            painter.setPen(self._theme.colour("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setFont(self._bold if look & Look.STRONG else self._font)
        painter.setPen(self._inks[look & TONE_MASK])
        align = self._grid.columns[column].align
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        painter.drawText(inner, _FLAGS[align], text)
        if look & Look.STALE:
            self._underline(painter, inner, text)
        if look & Look.BAD:
            painter.drawText(rect.adjusted(1, 0, 0, 0), _FLAGS[Align.LEFT], "!")
        age = (look & AGE_MASK) >> AGE_SHIFT
        if age:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._ages[age])
            painter.drawEllipse(QPointF(rect.right() - 2.0, rect.top() + 4.0), 1.5, 1.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _ground(self, painter: QPainter, rect: QRect, look: int, row: int, column: int) -> None:
        if look & Look.HEAD:
            painter.fillRect(rect, self._theme.colour("bg2"))
        elif look & Look.ITM:
            painter.fillRect(rect, self._theme.colour("itm"))
        if look & Look.ATM:
            painter.fillRect(rect.adjusted(0, 0, -rect.width() + 2, 0), self._theme.colour("accent"))
            painter.fillRect(rect.adjusted(rect.width() - 2, 0, 0, 0), self._theme.colour("accent"))
        tint = self._tints.get((row, column))
        if tint is not None:
            tone = QColor(self._theme.colour("up" if tint[1] > 0 else "down"))
            tone.setAlpha(int(_TINT_ALPHA * (1 - tint[2] / _STEPS)))
            painter.fillRect(rect.adjusted(0, 1, 0, -1), tone)

    def _underline(self, painter: QPainter, inner: QRect, text: str) -> None:
        width = self._metrics.horizontalAdvance(text)
        bottom = inner.center().y() + self._theme.tokens.value_px // 2 + 1
        painter.setPen(self._dots)
        painter.drawLine(QLine(inner.right() - width + 1, bottom, inner.right() + 1, bottom))
