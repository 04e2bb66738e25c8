"""The time axis in exchange time, with the session's open and close."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QPainter

from terminal.app import ages
from terminal.app.views.heatmap_scale import time_step_ns
from terminal.app.views.heatmap_window import HeatmapWindow
from terminal.core.clock import NS_PER_S
from terminal.ui.panels.heatmap.geometry import Geometry
from terminal.ui.theme.theme import Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_MARK_EVERY_X = 84
_MINUTE_NS = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Session:
    """The trading day's open and close, 0 where unknown."""

    open_ns: int = 0
    close_ns: int = 0


def time_marks(window: HeatmapWindow) -> list[tuple[int, int]]:
    """Pixel column and instant of the round times in view; the first may lie left of it."""
    first_ns, end_ns = window.time_at(0) - window.column_ns, window.end_column * window.column_ns
    step_ns = time_step_ns(window.column_ns / window.time_zoom.column_px, _MARK_EVERY_X)
    return [(window.pixel_at(ts_ns), ts_ns) for ts_ns in range(-(-first_ns // step_ns) * step_ns, end_ns, step_ns)]


def paint_times(painter: QPainter, geometry: Geometry, window: HeatmapWindow, theme: Theme, font: QFont) -> None:
    """Round times under the plot."""
    axis = geometry.times
    step_ns = time_step_ns(window.column_ns / window.time_zoom.column_px, _MARK_EVERY_X)
    painter.fillRect(axis, theme.colour("bg1"))
    painter.setFont(font)
    painter.setPen(theme.colour("text1"))
    for at, ts_ns in time_marks(window):
        x = axis.left() + at
        if 24 <= x <= axis.right() - 24:
            text = ages.time_of_day(ts_ns)
            painter.drawText(QRect(x - 40, axis.top(), 80, axis.height()), _CENTRE,
                             text[:5] if step_ns >= _MINUTE_NS else text)  # fmt: skip
