"""Paints cells straight from the model: background, bar, tint, text, dotted underline."""

from __future__ import annotations

from PySide6.QtCore import QLine, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.columns import Align, Column, Tone
from terminal.ui.widgets.table_model import TableModel

_PADDING = 6
_TINT_ALPHA = 90
_FLAGS = {
    Align.LEFT: int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
    Align.CENTRE: int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
    Align.RIGHT: int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
}


class CellDelegate(QStyledItemDelegate):
    """One for a table; :meth:`set_theme` when colours change."""

    def __init__(self, model: TableModel, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Takes the colours and fonts."""
        self._theme = theme
        self._fonts = [self._font(column) for column in self._model.columns]
        self._metrics = [QFontMetrics(font) for font in self._fonts]
        self._dots = QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine)

    def _font(self, column: Column) -> QFont:
        return self._theme.mono_font() if column.mono else self._theme.value_font(bold=column.bold)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The text's width and the theme's row height."""
        text = self._model.texts[index.column()][index.row()]
        width = self._metrics[index.column()].horizontalAdvance(text) + 2 * _PADDING
        return QSize(width, self._theme.tokens.row_height)

    @guarded
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        model, row, place = self._model, index.row(), index.column()
        if row >= len(model.keys):
            return
        column, rect = model.columns[place], QRect(option.rect)  # type: ignore[attr-defined]
        self._paint_ground(painter, option, rect, row, place)
        text = model.texts[place][row]
        if not text:
            return
        stale = model.stale[row] and column.ages
        painter.setFont(self._fonts[place])
        painter.setPen(self._theme.colour("text2" if stale else self._tone(column, row, place)))
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        metrics = self._metrics[place]
        width = metrics.horizontalAdvance(text)
        if width > inner.width() and column.align is not Align.RIGHT:
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
            width = inner.width()
        elif width > rect.width() - 2:
            # A number that does not fit must not look like another number.
            text, width = "#" * max(1, inner.width() // max(1, metrics.horizontalAdvance("#"))), inner.width()
        elif width > inner.width():
            inner = rect.adjusted(1, 0, -1, 0)
        painter.drawText(inner, _FLAGS[column.align], text)
        if stale:
            self._underline(painter, inner, column.align, width)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, row: int, place: int) -> None:
        model = self._model
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(rect, self._theme.colour("selection"))
        else:
            shade = model.said("shade", place, row)
            if shade:
                painter.fillRect(rect, self._theme.colour(shade))
        length = model.said("bars", place, row)
        column = model.columns[place]
        if length and column.bar and length > 0:
            width = max(1.0, min(1.0, length) * (rect.width() - 2))
            left = rect.right() - width if column.align is Align.RIGHT else rect.left() + 1.0
            painter.fillRect(QRectF(left, rect.top() + 2, width, rect.height() - 4), self._theme.colour(column.bar))
        direction, strength = model.tint(row, place)
        if strength > 0:
            tone = QColor(self._theme.colour("up" if direction > 0 else "down" if direction < 0 else "accent"))
            tone.setAlpha(int(_TINT_ALPHA * strength))
            painter.fillRect(rect.adjusted(0, 1, 0, -1), tone)

    def _tone(self, column: Column, row: int, place: int) -> str:
        tone = self._model.said("tones", place, row)
        if tone:
            return str(tone)
        if column.tone is Tone.SIGN:
            value = self._model.values[place][row]
            return self._theme.sign_token(value if isinstance(value, int | float) else None)
        return column.tone.value

    def _underline(self, painter: QPainter, inner: QRect, align: Align, width: int) -> None:
        left = inner.left() if align is Align.LEFT else inner.right() - width + 1
        if align is Align.CENTRE:
            left = inner.center().x() - width // 2
        painter.setPen(self._dots)
        bottom = inner.center().y() + self._theme.tokens.value_px // 2 + 1
        painter.drawLine(QLine(left, bottom, left + width, bottom))
