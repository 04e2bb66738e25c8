"""Paints the watchlist's cells: numbers with their age, sparklines, day ranges."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionViewItem

from terminal.app.views.trends import HEIGHT
from terminal.ui.panels.watchlist.columns import RANGE, TREND
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.table_delegate import CellDelegate
from terminal.ui.widgets.table_model import TableModel

_PADDING = 6
_AGE_ALPHA = (0, 70, 140, 230)


class WatchDelegate(CellDelegate):
    """One for a watchlist."""

    def __init__(self, model: TableModel, theme: Theme, parent: QObject) -> None:
        self._pictures = {model.place_of[TREND]: self._paint_trend, model.place_of[RANGE]: self._paint_range}
        super().__init__(model, theme, parent)

    def set_theme(self, theme: Theme) -> None:
        """Takes the colours and fonts."""
        super().set_theme(theme)
        self._ages = []
        for alpha in _AGE_ALPHA:
            dot = QColor(theme.colour("text1"))
            dot.setAlpha(alpha)
            self._ages.append(dot)

    @guarded
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        row, place = index.row(), index.column()
        if row >= len(self._model.keys):
            return
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        picture = self._pictures.get(place)
        if picture is not None:
            self._paint_ground(painter, option, rect, row, place)
            picture(painter, rect, row, place)
            return
        super().paint(painter, option, index)
        level = self._model.said("ages", place, row)
        if level:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._ages[level])
            painter.drawEllipse(QPointF(rect.right() - 2.0, rect.top() + 4.0), 1.5, 1.5)
            painter.restore()

    def _paint_trend(self, painter: QPainter, rect: QRect, row: int, place: int) -> None:
        trend = self._model.values[place][row]
        if not trend:
            return
        inner = QRectF(rect).adjusted(_PADDING - 2, 4, -(_PADDING - 2), -4)
        heights = trend[1:]
        step = inner.width() / (len(heights) - 1)
        points = [QPointF(inner.left() + at * step, inner.bottom() - height * inner.height() / HEIGHT)
                  for at, height in enumerate(heights)]  # fmt: skip
        ink = self._theme.colour("text2" if self._model.stale[row] else "up" if trend[0] > 0 else "down")
        shade = QColor(ink)
        shade.setAlpha(34)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF([inner.bottomLeft(), *points, QPointF(points[-1].x(), inner.bottom())]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink, 1))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(points[-1], 1.6, 1.6)
        painter.restore()

    def _paint_range(self, painter: QPainter, rect: QRect, row: int, place: int) -> None:
        share = self._model.values[place][row]
        if share is None:
            return
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        middle = inner.center().y()
        at = inner.left() + round(min(1.0, max(0.0, share)) * (inner.width() - 3))
        painter.fillRect(inner.left(), middle, inner.width(), 2, self._theme.colour("line"))
        painter.fillRect(inner.left(), middle, at - inner.left(), 2, self._theme.colour("text2"))
        painter.fillRect(at, middle - 4, 3, 10, self._theme.colour("text2" if self._model.stale[row] else "text0"))
