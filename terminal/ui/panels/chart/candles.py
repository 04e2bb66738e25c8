"""Candles and volume bars from NumPy memory: two calls of drawLines and two of drawRects, whatever their number."""

from __future__ import annotations

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from terminal.app.market_port import Rows
from terminal.ui.panels.chart.geometry import Geometry
from terminal.ui.theme.theme import Theme

_BODY_SHARE = 0.7
_LEAST_BODY_PX = 3.0
"""Bars narrower than this are drawn as lines from low to high."""
_VOLUME_ALPHA = 90


class CandlePainter:
    """Paints bars into a :class:`Geometry`. One instance a chart: it keeps its arrays between paints."""

    def __init__(self) -> None:
        self._lines = PrimitiveArray(QLineF, 4)
        self._rects = PrimitiveArray(QRectF, 4)

    def paint(
        self, painter: QPainter, geometry: Geometry, bars: Rows, first: int, theme: Theme, most_volume: int
    ) -> None:
        """``bars`` begin at the place ``first``. A bar that closes where it opened counts as up."""
        if not len(bars):
            return
        rising = bars["close"] >= bars["open"]
        x = np.floor(geometry.x(np.arange(first, first + len(bars), dtype=np.float64)))
        body = np.floor(geometry.bar_width * _BODY_SHARE)
        body += body % 2 == 0
        for up in (True, False):
            mine = rising if up else ~rising
            if not mine.any():
                continue
            colour = theme.colour("up" if up else "down")
            self._wicks(painter, geometry, bars[mine], x[mine], colour)
            if geometry.bar_width >= _LEAST_BODY_PX:
                self._bodies(painter, geometry, bars[mine], x[mine], max(1.0, body), colour)
            self._volumes(painter, geometry, bars[mine], x[mine], max(1.0, body), colour, most_volume)

    def _wicks(self, painter: QPainter, geometry: Geometry, bars: Rows, x: np.ndarray, colour: QColor) -> None:
        self._lines.resize(len(bars))
        memory = self._lines.ndarray()
        memory[:, 0] = memory[:, 2] = x + 0.5
        memory[:, 1] = np.floor(geometry.y(bars["high"].astype(np.float64))) + 0.5
        # A line without length paints nothing, and a bar of one price is still a bar.
        memory[:, 3] = np.floor(geometry.y(bars["low"].astype(np.float64))) + 1.0
        painter.setPen(QPen(colour, 1))
        painter.drawLines(*self._lines.drawargs())

    def _bodies(
        self, painter: QPainter, geometry: Geometry, bars: Rows, x: np.ndarray, body: float, colour: QColor
    ) -> None:
        top = np.floor(geometry.y(np.maximum(bars["open"], bars["close"]).astype(np.float64)))
        bottom = np.floor(geometry.y(np.minimum(bars["open"], bars["close"]).astype(np.float64)))
        self._rects.resize(len(bars))
        memory = self._rects.ndarray()
        memory[:, 0] = x - (body - 1) / 2
        memory[:, 1] = top
        memory[:, 2] = body
        memory[:, 3] = np.maximum(1.0, bottom - top)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRects(*self._rects.drawargs())

    def _volumes(
        self, painter: QPainter, geometry: Geometry, bars: Rows, x: np.ndarray, body: float, colour: QColor, most: int
    ) -> None:
        height = geometry.volume_height - 2
        if height < 4:
            return
        faint = QColor(colour)
        faint.setAlpha(_VOLUME_ALPHA)
        self._rects.resize(len(bars))
        memory = self._rects.ndarray()
        tall = np.ceil(bars["volume"] * (height / most))
        memory[:, 0] = x - (body - 1) / 2
        memory[:, 1] = geometry.volume_top + geometry.volume_height - tall
        memory[:, 2] = body
        memory[:, 3] = tall
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint)
        painter.drawRects(*self._rects.drawargs())
