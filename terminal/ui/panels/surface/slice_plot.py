"""One cut through the surface on a small plot: a line, quotes as dots with stems, the ghost, and its axes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from terminal.app.views.surface_axes import Span
from terminal.app.views.surface_slices import Slice
from terminal.quant.columns import Floats
from terminal.ui.panels.surface.palette import side_colour
from terminal.ui.theme.theme import Theme

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 30, 8, 17, 17
_DOT_PX, _NEAR_PX = 2.0, 10.0
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


class SlicePlot(QWidget):
    """Shows a :class:`Slice`; a click picks the nearest dot."""

    picked = Signal(int)
    """The dot's ``row``."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self._slice: Slice | None = None
        self._marked: int | None = None

    def show_slice(self, shown: Slice | None, marked: int | None) -> None:
        """Another slice; ``marked``: the row of the dot that is picked out."""
        self._slice, self._marked = shown, marked
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self._theme = theme
        self.update()

    @property
    def plot(self) -> QRectF:
        """Where the lines are."""
        return QRectF(
            _LEFT_PX, _TOP_PX, max(10, self.width() - _LEFT_PX - _RIGHT_PX),
            max(10, self.height() - _TOP_PX - _BOTTOM_PX),
        )  # fmt: skip

    def place(self, shown: Slice, x: Floats, vol: Floats) -> tuple[Floats, Floats]:
        """Pixels of points."""
        plot = self.plot
        return (
            plot.left() + shown.x_span.place(x) * plot.width(),
            plot.bottom() - shown.vol_span.place(vol) * plot.height(),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, ghost, line, quotes."""
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), theme.colour("bg1"))
        painter.fillRect(0, 0, self.width(), 1, theme.colour("line"))
        shown = self._slice
        if shown is not None:
            self._paint_axes(painter, shown)
            painter.setClipRect(self.plot.adjusted(-3, -3, 3, 3))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            ghost = QPen(theme.colour("text2"), 1.0, Qt.PenStyle.DashLine)
            self._paint_line(painter, shown, shown.ghost_x, shown.ghost_vol, ghost)
            self._paint_line(painter, shown, shown.x, shown.vol, QPen(theme.colour("text0"), 1.4))
            self._paint_dots(painter, shown)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Picks the nearest dot."""
        shown = self._slice
        if shown is None or not len(shown.dots.row):
            return
        x, y = self.place(shown, shown.dots.x, shown.dots.mid)
        far = np.hypot(x - event.position().x(), y - event.position().y())
        far[~np.isfinite(far)] = np.inf
        best = int(np.argmin(far))
        if far[best] <= _NEAR_PX:
            self.picked.emit(int(shown.dots.row[best]))

    def _paint_axes(self, painter: QPainter, shown: Slice) -> None:
        theme, plot = self._theme, self.plot
        painter.setFont(theme.label_font())
        metrics = QFontMetrics(theme.label_font())
        room = self.width() - 12
        head = metrics.elidedText(f"{shown.title}   IV, points", Qt.TextElideMode.ElideRight, room)
        painter.setPen(theme.colour("text1"))
        painter.drawText(QRectF(6, 2, room, 14), _LEFT, head)
        line = theme.colour("line")
        taken = -1e9
        for mark in shown.x_marks:
            x = plot.left() + _at(shown.x_span, mark.at) * plot.width()
            painter.fillRect(QRectF(round(x), plot.top(), 1, plot.height()), line)
            width = metrics.horizontalAdvance(mark.text)
            if x - width / 2 > taken + 4 and x + width / 2 < self.width():
                painter.setPen(theme.colour("text2"))
                painter.drawText(QRectF(x - width / 2 - 2, plot.bottom() + 2, width + 4, 14), _CENTRE, mark.text)
                taken = x + width / 2
        for mark in shown.vol_marks:
            y = plot.bottom() - _at(shown.vol_span, mark.at) * plot.height()
            painter.fillRect(QRectF(plot.left(), round(y), plot.width(), 1), line)
            painter.setPen(theme.colour("text2"))
            painter.drawText(QRectF(0, y - 7, _LEFT_PX - 4, 14), _RIGHT, mark.text)

    def _paint_line(self, painter: QPainter, shown: Slice, x: Floats, vol: Floats, pen: QPen) -> None:
        """In pieces: what is not known is a gap."""
        if len(x) < 2:
            return
        painter.setPen(pen)
        at_x, at_y = self.place(shown, x, vol)
        breaks = np.flatnonzero(~np.isfinite(at_y))
        for piece in np.split(np.arange(len(x)), breaks):
            kept = piece[np.isfinite(at_y[piece])]
            if len(kept) > 1:
                painter.drawPolyline(
                    QPolygonF([QPointF(*each) for each in zip(at_x[kept].tolist(), at_y[kept].tolist(), strict=True)])
                )

    def _paint_dots(self, painter: QPainter, shown: Slice) -> None:
        dots, theme = shown.dots, self._theme
        x, mid = self.place(shown, dots.x, dots.mid)
        _, bid = self.place(shown, dots.x, dots.bid)
        _, ask = self.place(shown, dots.x, dots.ask)
        for is_call in (False, True):
            for is_main in (False, True):
                ink = QColor(side_colour(theme, is_call=is_call))
                ink.setAlphaF(1.0 if is_main else 0.3)
                rows = np.flatnonzero((dots.is_call == is_call) & (dots.is_main == is_main) & np.isfinite(mid))
                painter.setPen(QPen(ink, 1.0))
                for row in rows:
                    painter.drawLine(QPointF(x[row], bid[row]), QPointF(x[row], ask[row]))
                painter.setBrush(ink)
                painter.setPen(Qt.PenStyle.NoPen)
                for row in rows:
                    painter.drawEllipse(QPointF(x[row], mid[row]), _DOT_PX, _DOT_PX)
        marked = np.flatnonzero(dots.row == (-1 if self._marked is None else self._marked))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("text0"), 1.4))
        for row in marked:
            painter.drawEllipse(QPointF(x[row], mid[row]), 4.5, 4.5)


def _at(span: Span, value: float) -> float:
    return (value - span.low) / (span.high - span.low)
