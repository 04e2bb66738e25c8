"""Paints the watchlist's cells: numbers with their age, sparklines, day ranges."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from terminal.app.views.trends import HEIGHT, Trend
from terminal.ui.panels.watchlist.columns import RANGE, TREND
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.table_model import TableModel
from terminal.ui.widgets.table_painter import PADDING_PX, Rows, Strip, TablePainter

_AGE_ALPHA = (0, 70, 140, 230)
_DOT_PX = 4
_PICTURES_KEPT = 512


class WatchPainter(TablePainter):
    """Sparklines and dots are pictures that are kept: a line is drawn once in the seconds in which it stays."""

    def __init__(self, model: TableModel, theme: Theme) -> None:
        self._pictures = {model.place_of[TREND]: self._paint_trends, model.place_of[RANGE]: self._paint_ranges}
        self._trends: dict[tuple[Trend, str, int, int, float], QPixmap] = {}
        super().__init__(model, theme)

    def set_theme(self, theme: Theme) -> None:
        """Takes the colours and fonts."""
        super().set_theme(theme)
        self._trends.clear()
        self._age_dots: dict[float, list[QPixmap]] = {}

    def paint_column(self, painter: QPainter, strip: Strip, rows: Rows, chosen: int) -> None:
        """One column."""
        picture = self._pictures.get(strip.place)
        if picture is not None:
            picture(painter, strip, rows)
            return
        super().paint_column(painter, strip, rows, chosen)
        self._paint_ages(painter, strip, rows)

    def _paint_ages(self, painter: QPainter, strip: Strip, rows: Rows) -> None:
        ratio = painter.device().devicePixelRatio()
        dots = self._age_dots.get(ratio)
        if dots is None:
            dots = self._age_dots[ratio] = [self._age_dot(alpha, ratio) for alpha in _AGE_ALPHA]
        left = strip.left + strip.width - 1 - _DOT_PX
        for row, level in self._model.marks("ages", strip.place, rows.numbers):
            if level:
                painter.drawPixmap(left, rows.top_px + row * rows.height_px + 2, dots[level])

    def _age_dot(self, alpha: int, ratio: float) -> QPixmap:
        ink = QColor(self._theme.colour("text1"))
        ink.setAlpha(alpha)
        dot = _clear_pixmap(_DOT_PX, _DOT_PX, ratio)
        painter = QPainter(dot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(QPointF(2.0, 2.0), 1.5, 1.5)
        painter.end()
        return dot

    def _paint_trends(self, painter: QPainter, strip: Strip, rows: Rows) -> None:
        ratio = painter.device().devicePixelRatio()
        values, stale = self._model.values[strip.place], self._model.stale
        for row in rows.numbers:
            trend = values[row]
            if not trend:
                continue
            ink = "text2" if stale[row] else "up" if trend[0] > 0 else "down"
            key = (trend, ink, strip.width, rows.height_px, ratio)
            line = self._trends.get(key)
            if line is None:
                if len(self._trends) >= _PICTURES_KEPT:
                    self._trends.clear()
                line = self._trends[key] = self._trend(*key)
            painter.drawPixmap(strip.left, rows.top_px + row * rows.height_px, line)

    def _trend(self, trend: Trend, token: str, width: int, height: int, ratio: float) -> QPixmap:
        picture = _clear_pixmap(width, height, ratio)
        inner = QRectF(0, 0, width, height).adjusted(PADDING_PX - 2, 4, -(PADDING_PX - 2), -4)
        heights = trend[1:]
        step = inner.width() / (len(heights) - 1)
        points = [QPointF(inner.left() + at * step, inner.bottom() - height * inner.height() / HEIGHT)
                  for at, height in enumerate(heights)]  # fmt: skip
        ink = self._theme.colour(token)
        shade = QColor(ink)
        shade.setAlpha(34)
        painter = QPainter(picture)
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
        painter.end()
        return picture

    def _paint_ranges(self, painter: QPainter, strip: Strip, rows: Rows) -> None:
        left, width = strip.left + PADDING_PX, strip.width - 2 * PADDING_PX
        line, past, now = self._theme.colour("line"), self._theme.colour("text2"), self._theme.colour("text0")
        values, stale = self._model.values[strip.place], self._model.stale
        for row in rows.numbers:
            share = values[row]
            if share is None:
                continue
            middle = rows.top_px + row * rows.height_px + (rows.height_px - 1) // 2
            at = left + round(min(1.0, max(0.0, share)) * (width - 3))
            painter.fillRect(left, middle, width, 2, line)
            painter.fillRect(left, middle, at - left, 2, past)
            painter.fillRect(at, middle - 4, 3, 10, past if stale[row] else now)


def _clear_pixmap(width: int, height: int, ratio: float) -> QPixmap:
    made = QPixmap(max(1, round(width * ratio)), max(1, round(height * ratio)))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    return made
