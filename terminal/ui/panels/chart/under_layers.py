"""What lies under the bars: shading of the hours outside of regular trading, and the volume profile."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from terminal.app.market_port import VolumeAtPriceReader
from terminal.app.views import chart_sessions
from terminal.app.views.chart_profile import ProfileKind, VolumeProfile, session_profile, visible_profile
from terminal.ui.panels.chart.layers import ChartSpace, Layer

_SHADE_ALPHA = 150
_WIDEST_SHARE = 0.24
_ROW_PX = 4
_MOST_COLUMNS = 4_096
_INSIDE_ALPHA, _OUTSIDE_ALPHA = 88, 40


class SessionLayer(Layer):
    """A calm block behind the bars before the open and after the close."""

    Z: ClassVar[int] = -20

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """Every run in view, over all panes."""
        view, geometry = space.view, space.geometry
        shade = QColor(space.theme.colour("bg2"))
        shade.setAlpha(_SHADE_ALPHA)
        runs = chart_sessions.shaded(view.bars["ts_ns"], *view.visible(), view.seconds, space.instrument)
        for first, end in runs:
            left, right = float(geometry.x(first - 0.5)), float(geometry.x(end - 0.5))
            painter.fillRect(QRectF(left, 0, right - left, geometry.plot_bottom), shade)


class ProfileLayer(Layer):
    """Volume by price at the right edge, the value area stronger than the rest, a line where most was traded."""

    Z: ClassVar[int] = -10

    def __init__(self, volumes: VolumeAtPriceReader) -> None:
        super().__init__()
        self._volumes = volumes
        self.kind = ProfileKind.OFF

    def profile(self, space: ChartSpace) -> VolumeProfile | None:
        """What is shown now; None for nothing."""
        rows = max(8, space.geometry.price_scale.height // _ROW_PX)
        if self.kind is ProfileKind.VISIBLE:
            tick = space.view.tick(space.geometry.price_scale.high)
            return visible_profile(space.view.columns(_MOST_COLUMNS), rows, tick)
        if self.kind is ProfileKind.SESSION:
            return session_profile(self._volumes.read(space.instrument.id), rows)
        return None

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """One bar a row, bought beside sold."""
        profile = self.profile(space)
        if profile is None or profile.busiest < 0:
            return
        geometry, theme = space.geometry, space.theme
        painter.setClipRect(geometry.price_plot())
        edges = profile.low_px + profile.step_px * np.arange(len(profile.up) + 1)
        y = geometry.y(np.maximum(edges, geometry.price_scale.low * 1e-3) if geometry.price_scale.is_log else edges)
        factor = geometry.plot_width * _WIDEST_SHARE / float(profile.total.max())
        first, last = profile.value_area()
        painter.setPen(Qt.PenStyle.NoPen)
        right = float(geometry.plot_width)
        for row in np.flatnonzero(profile.total > 0).tolist():
            top, bottom = float(y[row + 1]), float(y[row])
            if bottom < 0 or top > geometry.volume_top:
                continue
            left = right
            height = max(1.0, bottom - top - (1.0 if bottom - top >= 3 else 0.0))
            for token, volume in (("down", profile.down), ("up", profile.up), ("text2", profile.other)):
                width = float(volume[row]) * factor
                if width <= 0:
                    continue
                colour = QColor(theme.colour(token))
                colour.setAlpha(_INSIDE_ALPHA if first <= row <= last else _OUTSIDE_ALPHA)
                left -= width
                painter.fillRect(QRectF(left, top, width, height), colour)
        middle = round(float(y[profile.busiest] + y[profile.busiest + 1]) / 2) + 0.5
        painter.setPen(QPen(theme.colour("accent"), 1))
        painter.drawLine(QLineF(right * (1 - _WIDEST_SHARE), middle, right, middle))
