"""Bars of every kind out of NumPy memory: a few calls of drawLines and drawRects, whatever their number."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from terminal.app.views.chart import ChartKind
from terminal.market.pyramid import Columns
from terminal.ui.panels.chart.geometry import Geometry
from terminal.ui.panels.chart.lines import mixed
from terminal.ui.theme.theme import Theme

Floats = npt.NDArray[np.float64]
_BODY_SHARE = 0.7
_LEAST_BODY_PX = 3.0
"""Bars narrower than this are drawn as lines from low to high."""
_VOLUME_SHARE = 0.33
_AREA_ALPHA = 30
_SMOOTH_UP_TO = 2_500


class CandlePainter:
    """Paints bars into a :class:`Geometry`. One instance a chart: it keeps its arrays between paints."""

    def __init__(self) -> None:
        self._lines = PrimitiveArray(QLineF, 4)
        self._rects = PrimitiveArray(QRectF, 4)

    def paint(
        self, painter: QPainter, geometry: Geometry, bars: Columns, kind: ChartKind, theme: Theme, most_volume: int,
        last: int,
    ) -> None:  # fmt: skip
        """``last``: one past the newest bar of ``bars``. A bar that closes where it opened counts as up."""
        if not len(bars):
            return
        if len(bars) == 1:
            self._paint_one(painter, geometry, bars, kind, theme, most_volume, last)
            return
        x = np.floor(middles(geometry, bars, last))
        width = geometry.bar_width * bars.group
        body = _body_px(width)
        rising = bars.close >= bars.open
        for is_up in (True, False):
            mine = rising if is_up else ~rising
            if not mine.any():
                continue
            colour = theme.colour("up" if is_up else "down")
            faint = mixed(theme, "up" if is_up else "down", _VOLUME_SHARE)
            self._volumes(painter, geometry, bars.volume[mine], x[mine], body, faint, most_volume)
            if kind.is_line:
                continue
            part = _Part(bars, mine, geometry)
            if kind is ChartKind.BARS:
                self._ticks(painter, part, x[mine], body, colour, is_wide=width >= _LEAST_BODY_PX)
                continue
            is_hollow = kind is ChartKind.HOLLOW and is_up and body >= 3
            self._wicks(painter, part, x[mine], colour, is_hollow=is_hollow)
            if width >= _LEAST_BODY_PX:
                self._bodies(painter, part, x[mine], body, colour, is_hollow=is_hollow)
        if kind.is_line:
            self.line(painter, geometry, bars, theme, last, is_area=kind is ChartKind.AREA)

    @staticmethod
    def _paint_one(
        painter: QPainter, geometry: Geometry, bars: Columns, kind: ChartKind, theme: Theme, most_volume: int, last: int
    ) -> None:
        """The same of a single bar, the one that grows: without arrays, which cost more than the bar."""
        held = min(bars.group, last - bars.first) if bars.group > 1 else 1
        x = math.floor(geometry.x(bars.first + (held - 1) / 2))
        width = geometry.bar_width * bars.group
        body = _body_px(width)
        prices = [float(each[0]) for each in (bars.open, bars.high, bars.low, bars.close)]
        opened, high, low, close = (float(math.floor(geometry.y(each))) for each in prices)
        top, bottom = min(opened, close), max(opened, close)
        is_up = prices[3] >= prices[0]
        token = "up" if is_up else "down"
        left, height = x - (body - 1) / 2, geometry.volume_height - 2
        if height >= 4:
            tall = math.ceil(int(bars.volume[0]) * (height / most_volume))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mixed(theme, token, _VOLUME_SHARE))
            painter.drawRect(QRectF(left, geometry.volume_top + geometry.volume_height - tall, body, tall))
        if kind.is_line:
            return
        pen = QPen(theme.colour(token), 1)
        painter.setPen(pen)
        middle = x + 0.5
        if kind is ChartKind.HOLLOW and is_up and body >= 3:
            painter.drawLine(QLineF(middle, high + 0.5, middle, top + 0.5))
            painter.drawLine(QLineF(middle, bottom + 0.5, middle, low + 0.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(left + 0.5, top + 0.5, body - 1, max(1.0, bottom - top) - 0.5))
            return
        painter.drawLine(QLineF(middle, high + 0.5, middle, low + 1.0))
        if width < _LEAST_BODY_PX:
            return
        if kind is ChartKind.BARS:
            half = max(1.0, (body - 1) / 2)
            painter.drawLine(QLineF(middle, opened + 0.5, middle - half, opened + 0.5))
            painter.drawLine(QLineF(middle, close + 0.5, middle + half, close + 0.5))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(token))
        painter.drawRect(QRectF(left, top, body, max(1.0, bottom - top)))

    def line(
        self, painter: QPainter, geometry: Geometry, bars: Columns, theme: Theme, last: int, *, is_area: bool
    ) -> None:
        """The closes as a line, with a faint area below it."""
        colour = theme.colour(theme.tokens.series[0])
        x, y = middles(geometry, bars, last), geometry.y(bars.close.astype(np.float64))
        if is_area and len(x) > 1:
            fill = QColor(colour)
            fill.setAlpha(_AREA_ALPHA)
            bottom = float(geometry.price_scale.bottom)
            points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawPolygon(QPolygonF([QPointF(float(x[0]), bottom), *points, QPointF(float(x[-1]), bottom)]))
        if len(x) < 2:
            return
        self._lines.resize(len(x) - 1)
        memory = self._lines.ndarray()
        memory[:, 0], memory[:, 1] = x[:-1] + 0.5, y[:-1] + 0.5
        memory[:, 2], memory[:, 3] = x[1:] + 0.5, y[1:] + 0.5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(x) <= _SMOOTH_UP_TO)
        painter.setPen(QPen(colour, 1))
        painter.drawLines(*self._lines.drawargs())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _wicks(self, painter: QPainter, part: _Part, x: Floats, colour: QColor, *, is_hollow: bool) -> None:
        """From high to low; around a hollow body above and below it."""
        pieces = [(part.high, part.top), (part.bottom, part.low)] if is_hollow else [(part.high, part.low)]
        painter.setPen(QPen(colour, 1))
        for above, below in pieces:
            self._lines.resize(len(x))
            memory = self._lines.ndarray()
            memory[:, 0] = memory[:, 2] = x + 0.5
            memory[:, 1] = above + 0.5
            # A line without length paints nothing, and a bar of one price is still a bar.
            memory[:, 3] = below + (0.5 if is_hollow else 1.0)
            painter.drawLines(*self._lines.drawargs())

    def _ticks(self, painter: QPainter, part: _Part, x: Floats, body: float, colour: QColor, *, is_wide: bool) -> None:
        self._wicks(painter, part, x, colour, is_hollow=False)
        if not is_wide:
            return
        half = max(1.0, (body - 1) / 2)
        painter.setPen(QPen(colour, 1))
        for y, side in ((part.open, -half), (part.close, half)):
            self._lines.resize(len(x))
            memory = self._lines.ndarray()
            memory[:, 0], memory[:, 2] = x + 0.5, x + 0.5 + side
            memory[:, 1] = memory[:, 3] = y + 0.5
            painter.drawLines(*self._lines.drawargs())

    def _bodies(
        self, painter: QPainter, part: _Part, x: Floats, body: float, colour: QColor, *, is_hollow: bool
    ) -> None:
        self._rects.resize(len(x))
        memory = self._rects.ndarray()
        shrink = 0.5 if is_hollow else 0.0
        memory[:, 0] = x - (body - 1) / 2 + shrink
        memory[:, 1] = part.top + shrink
        memory[:, 2] = body - 2 * shrink
        memory[:, 3] = np.maximum(1.0, part.bottom - part.top) - shrink
        painter.setPen(QPen(colour, 1) if is_hollow else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(Qt.BrushStyle.NoBrush if is_hollow else colour)
        painter.drawRects(*self._rects.drawargs())

    def _volumes(
        self, painter: QPainter, geometry: Geometry, volume: npt.NDArray[np.int64], x: Floats, body: float,
        colour: QColor, most: int,
    ) -> None:  # fmt: skip
        height = geometry.volume_height - 2
        if height < 4:
            return
        self._rects.resize(len(x))
        memory = self._rects.ndarray()
        tall = np.ceil(volume * (height / most))
        memory[:, 0] = x - (body - 1) / 2
        memory[:, 1] = geometry.volume_top + geometry.volume_height - tall
        memory[:, 2] = body
        memory[:, 3] = tall
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRects(*self._rects.drawargs())


class _Part:
    """Pixel rows of some of the bars."""

    __slots__ = ("bottom", "close", "high", "low", "open", "top")

    def __init__(self, bars: Columns, mine: npt.NDArray[np.bool_], geometry: Geometry) -> None:
        self.open, self.close = _rows(geometry, bars.open[mine]), _rows(geometry, bars.close[mine])
        self.high, self.low = _rows(geometry, bars.high[mine]), _rows(geometry, bars.low[mine])
        self.top, self.bottom = np.minimum(self.open, self.close), np.maximum(self.open, self.close)


def _body_px(width: float) -> float:
    """Width of a body, odd so that the wick stands in its middle."""
    body = math.floor(width * _BODY_SHARE)
    return max(1.0, float(body + (body % 2 == 0)) if width >= _LEAST_BODY_PX else 1.0)


def _rows(geometry: Geometry, prices: npt.NDArray[np.int64]) -> Floats:
    found: Floats = np.floor(geometry.y(prices.astype(np.float64)))
    return found


def middles(geometry: Geometry, bars: Columns, last: int) -> Floats:
    """Pixel column of the middle of each column of bars; the last may hold fewer bars than the others."""
    places = bars.first + np.arange(len(bars), dtype=np.float64) * bars.group + (bars.group - 1) / 2
    if bars.group > 1:
        begin = bars.first + (len(bars) - 1) * bars.group
        places[-1] = begin + (min(bars.group, last - begin) - 1) / 2
    found: Floats = geometry.x(places)
    return found
