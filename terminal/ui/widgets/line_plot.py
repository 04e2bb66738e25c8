"""Lines over an axis with a crosshair that tells their values: one painted widget for small pictures."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from terminal.app.views.plots import Line, Plot, XAxis, nice_ticks, x_ticks
from terminal.quant.columns import Floats
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 48, 12, 20, 22
_TICK_PX, _X_TICK_PX, _ROW_PX = 34, 80, 15
_DOT_PX = 2.5


class LinePlot(QWidget):
    """Shows a :class:`Plot`. The crosshair follows the mouse, or Left and Right (Home, End) by keyboard; where
    ``can_select`` is set a drag chooses a range, and Shift with Left or Right does."""

    range_chosen = Signal(float, float)
    """Two values of the axis, the lower first."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, can_select: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._plot = Plot(XAxis.DAY)
        self._x: float | None = None
        self._range: tuple[float, float] | None = None
        self._from: float | None = None
        self._can_select = can_select
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 80)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def shown(self) -> Plot:
        """What is painted."""
        return self._plot

    def set_plot(self, plot: Plot) -> None:
        """Another picture; the crosshair stays where it is as long as the axis does."""
        if plot.axis is not self._plot.axis:
            self._x = None
        self._plot = plot
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def set_range(self, chosen: tuple[float, float] | None) -> None:
        """Shades a range of the axis."""
        self._range = chosen
        self.update()

    @property
    def hovered(self) -> float | None:
        """The value of the axis under the crosshair, one that a line has."""
        return self._x

    # Where things are.

    def _room(self) -> QRectF:
        return QRectF(
            _LEFT_PX, _TOP_PX, max(1, self.width() - _LEFT_PX - _RIGHT_PX),
            max(1, self.height() - _TOP_PX - _BOTTOM_PX),
        )  # fmt: skip

    def _scale(self) -> tuple[QRectF, float, float, float, float]:
        room = self._room()
        first, last = self._plot.axis.place(np.array(self._plot.x_range()))
        low, high = self._plot.y_range()
        return room, float(first), room.width() / float(last - first), high, room.height() / (high - low)

    def _px(self, x: Floats | float, room: QRectF, first: float, across: float) -> Floats:
        return room.left() + (self._plot.axis.place(np.atleast_1d(np.asarray(x, np.float64))) - first) * across

    def _value_at(self, left: float) -> float:
        """The axis value at a pixel."""
        room, first, across, _, _ = self._scale()
        place = first + (min(max(left, room.left()), room.right()) - room.left()) / across
        return float(np.exp(place)) if self._plot.axis is XAxis.TENOR else place

    def _nearest(self, left: float) -> float | None:
        if self._plot.is_empty:
            return None
        values = self._plot.x_values()
        room, first, across, _, _ = self._scale()
        return float(values[int(np.argmin(np.abs(self._px(values, room, first, across) - left)))])

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, axes, bands, lines, crosshair, legend."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.colour("bg1"))
        if self._plot.is_empty:
            painter.setFont(self._theme.value_font())
            painter.setPen(self._theme.colour("text1"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), int(flags), self._plot.reason)
            painter.end()
            return
        scale = self._scale()
        self._paint_axes(painter, scale)
        painter.setClipRect(scale[0].adjusted(-4, -1, 4, 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_range(painter, scale)
        self._paint_bands(painter, scale)
        for line in self._plot.lines:
            self._paint_line(painter, line, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setClipping(False)
        self._paint_marks(painter, scale)
        self._paint_crosshair(painter, scale)
        self._paint_legend(painter)
        painter.end()

    def _colour(self, tone: str) -> QColor:
        if tone.isdecimal():
            series = self._theme.tokens.series
            return QColor(series[int(tone) % len(series)])
        return self._theme.colour(tone)

    def _paint_axes(self, painter: QPainter, scale: tuple[QRectF, float, float, float, float]) -> None:
        room, first, across, high, down = scale
        low, _ = self._plot.y_range()
        painter.setFont(self._theme.label_font())
        ticks = nice_ticks(low, high, max(2, int(room.height() / _TICK_PX)))
        whole = all(abs(each - round(each)) < 1e-9 for each in ticks)
        decimals = 0 if whole else max(1, self._plot.decimals)
        for value in ticks:
            y = round(room.top() + (high - value) * down)
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(int(room.left()), y, int(room.right()), y)
            painter.setPen(self._theme.colour("text2"))
            right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            text = f"{value:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
            painter.drawText(QRect(0, y - 8, _LEFT_PX - 6, 16), right, text)
        begins, ends = self._plot.x_range()
        free = 0.0
        for x, words in x_ticks(self._plot.axis, begins, ends, max(2, int(room.width() / _X_TICK_PX))):
            left = float(self._px(x, room, first, across)[0])
            width = painter.fontMetrics().horizontalAdvance(words) + 8
            start = min(max(left - width / 2, 0.0), self.width() - width)
            if start < free:
                continue
            free = start + width
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(QPointF(round(left), room.top()), QPointF(round(left), room.bottom()))
            painter.setPen(self._theme.colour("text2"))
            place = QRectF(start, room.bottom() + 3, width, 16)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), words)

    def _paint_range(self, painter: QPainter, scale: tuple[QRectF, float, float, float, float]) -> None:
        if self._range is None:
            return
        room, first, across, _, _ = scale
        left, right = self._px(np.array(self._range), room, first, across)
        colour = QColor(self._theme.colour("accent"))
        colour.setAlphaF(0.16)
        painter.fillRect(QRectF(left, room.top(), max(right - left, 1.0), room.height()), colour)

    def _paint_bands(self, painter: QPainter, scale: tuple[QRectF, float, float, float, float]) -> None:
        room, first, across, high, down = scale
        painter.setPen(Qt.PenStyle.NoPen)
        for band in self._plot.bands:
            there = np.isfinite(band.low) & np.isfinite(band.high)
            x = self._px(band.x[there], room, first, across)
            top, bottom = (room.top() + (high - each[there]) * down for each in (band.high, band.low))
            outline = [*zip(x, top, strict=True), *zip(x[::-1], bottom[::-1], strict=True)]
            colour = self._colour(band.tone)
            colour.setAlphaF(0.13)
            painter.setBrush(colour)
            painter.drawPolygon(QPolygonF([QPointF(a, b) for a, b in outline]))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_line(self, painter: QPainter, line: Line, scale: tuple[QRectF, float, float, float, float]) -> None:
        room, first, across, high, down = scale
        colour = self._colour(line.tone)
        pen = QPen(colour, 1.4)
        if line.dashed:
            pen.setDashPattern([4.0, 3.0])
        painter.setPen(pen)
        x = self._px(line.x, room, first, across)
        y = room.top() + (high - line.y) * down
        there = np.isfinite(y)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], there, [False])).astype(np.int8)))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            points = [QPointF(a, b) for a, b in zip(x[begin:end].tolist(), y[begin:end].tolist(), strict=True)]
            if len(points) > 1:
                painter.drawPolyline(QPolygonF(points))
            if line.dots or len(points) == 1:
                painter.setBrush(colour)
                for point in points:
                    painter.drawEllipse(point, _DOT_PX, _DOT_PX)
                painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_marks(self, painter: QPainter, scale: tuple[QRectF, float, float, float, float]) -> None:
        room, first, across, _, _ = scale
        for mark in self._plot.marks:
            left = float(self._px(mark.x, room, first, across)[0])
            if not room.left() <= left <= room.right():
                continue
            painter.setPen(QPen(self._colour(mark.tone), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(round(left), room.top()), QPointF(round(left), room.bottom()))
            width = painter.fontMetrics().horizontalAdvance(mark.label) + 8
            start = left + 3 if left + width + 3 <= self.width() else left - width
            painter.setPen(self._colour(mark.tone))
            painter.drawText(QRectF(start, room.bottom() - 18, width, 16), mark.label)

    def _paint_crosshair(self, painter: QPainter, scale: tuple[QRectF, float, float, float, float]) -> None:
        if self._x is None:
            return
        room, first, across, high, down = scale
        left = float(self._px(self._x, room, first, across)[0])
        painter.setPen(QPen(self._theme.colour("text1"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(round(left), room.top()), QPointF(round(left), room.bottom()))
        for line in self._plot.lines:
            at = np.flatnonzero(line.x == self._x)
            if len(at) and np.isfinite(line.y[at[0]]):
                painter.setPen(self._theme.colour("bg1"))
                painter.setBrush(self._colour(line.tone))
                painter.drawEllipse(QPointF(left, room.top() + (high - float(line.y[at[0]])) * down), 3.5, 3.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_legend(self, painter: QPainter) -> None:
        """Labels in the colours of their lines, with values while a place is pointed at; the unit at the left."""
        painter.setFont(self._theme.label_font())
        metrics = painter.fontMetrics()
        x = _LEFT_PX
        lines = self._plot.lines
        if self._x is None:
            words = [(self._plot.unit, "text2"), *((line.label, line.tone) for line in lines)]
        else:
            told = [(f"{line.label} {value}", line.tone) for line, value in self._plot.values_at(self._x)]
            words = [(self._plot.axis.words(self._x), "text2"), *told]
        for text, tone in words:
            width = metrics.horizontalAdvance(text)
            if x + width > self.width() - 4:
                break
            painter.setPen(self._colour(tone))
            painter.drawText(QRectF(x, 2, width + 4, _ROW_PX), text)
            x += width + 14

    # Mouse and keys.

    def _point(self, x: float | None) -> None:
        if x != self._x:
            self._x = x
            self.update()

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The crosshair follows; a drag widens the range."""
        self._point(self._nearest(event.position().x()))
        if self._from is not None and not self._plot.is_empty:
            self._choose(self._from, self._value_at(event.position().x()))

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins a range."""
        if self._can_select and event.button() is Qt.MouseButton.LeftButton and not self._plot.is_empty:
            self._from = self._value_at(event.position().x())
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends it."""
        self._from = None
        super().mouseReleaseEvent(event)

    def leaveEvent(self, event: object) -> None:
        """No crosshair."""
        self._point(None)
        super().leaveEvent(event)  # type: ignore[arg-type]

    def _choose(self, one: float, other: float) -> None:
        self._range = (min(one, other), max(one, other))
        self.range_chosen.emit(*self._range)
        self.update()

    @guarded
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left, Right, Home, End move the crosshair; with Shift they take the end of the range along."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**6), Qt.Key.Key_End: 10**6}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._plot.is_empty:
            super().keyPressEvent(event)
            return
        values = self._plot.x_values()
        at = len(values) - 1 if self._x is None else int(np.searchsorted(values, self._x))
        there = float(values[min(max(at + step, 0), len(values) - 1)])
        if self._can_select and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            anchor = self._x if self._range is None or self._x not in self._range else None
            other = (
                self._range[0]
                if self._range and self._x == self._range[1]
                else (self._range[1] if self._range and self._x == self._range[0] else anchor)
            )
            self._choose(there if other is None else other, there)
        self._point(there)
        event.accept()
