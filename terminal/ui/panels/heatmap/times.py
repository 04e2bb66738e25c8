"""The time axis in exchange time, with the session's open and close."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter

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


def paint_times(painter: QPainter, geometry: Geometry, window: HeatmapWindow, theme: Theme, font: QFont) -> None:
    """Round times, and faint lines."""
    plot, axis = geometry.plot, geometry.times
    first_ns, end_ns = window.time_at(0), window.end_column * window.column_ns
    step_ns = time_step_ns(window.column_ns / window.time_zoom.column_px, _MARK_EVERY_X)
    grid = QColor(theme.colour("text1"))
    grid.setAlpha(26)
    painter.setFont(font)
    for ts_ns in range(-(-first_ns // step_ns) * step_ns, end_ns, step_ns):
        x = round(plot.left() + window.x_at(ts_ns))
        painter.fillRect(x, plot.top(), 1, plot.height(), grid)
        if 24 <= x <= plot.right() - 24:
            painter.setPen(theme.colour("text1"))
            text = ages.time_of_day(ts_ns)
            painter.drawText(QRect(x - 40, axis.top(), 80, axis.height()), _CENTRE,
                             text[:5] if step_ns >= _MINUTE_NS else text)  # fmt: skip


def paint_session(
    painter: QPainter, geometry: Geometry, window: HeatmapWindow, theme: Theme, font: QFont, session: Session
) -> None:
    """Where the session opens and closes."""
    plot, first_ns, end_ns = geometry.plot, window.time_at(0), window.end_column * window.column_ns
    metrics = QFontMetrics(font)
    painter.setFont(font)
    for ts_ns, word in ((session.open_ns, "Open"), (session.close_ns, "Close")):
        if ts_ns and first_ns <= ts_ns < end_ns:
            x = round(plot.left() + window.x_at(ts_ns))
            painter.fillRect(x, plot.top(), 1, plot.height(), theme.colour("accent"))
            tag = QRect(x + 1, plot.bottom() - 16, metrics.horizontalAdvance(word) + 8, 16)
            painter.fillRect(tag, theme.colour("accent"))
            painter.setPen(theme.colour("on_accent"))
            painter.drawText(tag, _CENTRE, word)
