"""Volume over time and strike as colour, open interest as dots: one painted widget."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app.views.flow_pictures import FlowMap
from terminal.core.clock import NS_PER_S, from_ns
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_FOOT_PX, _DOTS_PX, _LEAST_LABEL_PX = 18, 46, 12


class FlowMapCanvas(QWidget):
    """Strikes upwards, time to the right; brighter is more volume. The dots at the right: open interest."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._map: FlowMap | None = None
        self._spot = math.nan
        self._note = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Option volume by time and strike")
        self.setMinimumSize(200, 80)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme = theme
        self._metrics = QFontMetrics(theme.label_font())
        self.update()

    def show_map(self, found: FlowMap | None, spot: float, note: str) -> None:
        """Paints another map; ``note`` where there is none."""
        self._map, self._spot, self._note = found, spot, note
        self.update()

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """Row and column under a point."""
        found, room = self._map, self._room()
        if found is None or not room.contains(point):
            return None
        rows, columns = found.volume.shape
        row = rows - 1 - (point.y() - room.top()) * rows // max(1, room.height())
        return max(0, row), min(columns - 1, (point.x() - room.left()) * columns // max(1, room.width()))

    def _room(self) -> QRect:
        labels = [] if self._map is None else [f"{each:g}" for each in self._map.strikes]
        left = 8 + max((self._metrics.horizontalAdvance(each) for each in labels), default=0)
        return QRect(left, 4, max(1, self.width() - left - _DOTS_PX), max(1, self.height() - _FOOT_PX - 4))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Cells, dots, axes and the spot."""
        painter, theme = QPainter(self), self._theme
        painter.fillRect(event.rect(), theme.colour("bg1"))
        painter.setFont(theme.label_font())
        if self._map is None:
            painter.setPen(theme.colour("text2"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), flags, self._note)
        else:
            self._paint_cells(painter, self._map, self._room())
            self._paint_axes(painter, self._map, self._room())
        painter.end()

    def _paint_cells(self, painter: QPainter, found: FlowMap, room: QRect) -> None:
        heat = self._theme.tokens.heat
        rows, columns = found.volume.shape
        most = math.sqrt(float(found.volume.max()) or 1.0)
        painter.fillRect(room, self._theme.colour(heat[0]))
        for row in range(rows):
            top = room.top() + (rows - 1 - row) * room.height() // rows
            bottom = room.top() + (rows - row) * room.height() // rows
            for column in range(columns):
                volume = float(found.volume[row, column])
                if volume <= 0.0:
                    continue
                left = room.left() + column * room.width() // columns
                right = room.left() + (column + 1) * room.width() // columns
                shade = heat[1 + min(len(heat) - 2, int(math.sqrt(volume) / most * (len(heat) - 1)))]
                painter.fillRect(
                    left, top, max(1, right - left - 1), max(1, bottom - top - 1), self._theme.colour(shade)
                )

    def _paint_axes(self, painter: QPainter, found: FlowMap, room: QRect) -> None:
        theme = self._theme
        rows = len(found.strikes)
        height = room.height() / rows
        every = max(1, math.ceil(_LEAST_LABEL_PX / height))
        most = math.sqrt(float(found.interest.max()) or 1.0)
        radius = max(1.0, min(height / 2 - 1, 9.0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for row in range(rows):
            middle = room.top() + (rows - row - 0.5) * height
            if row % every == 0:
                painter.setPen(theme.colour("text1"))
                where = QRect(0, round(middle) - 8, room.left() - 4, 16)
                painter.drawText(where, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                                 f"{found.strikes[row]:g}")  # fmt: skip
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            size = radius * math.sqrt(float(found.interest[row])) / most
            painter.drawEllipse(QPointF(room.right() + _DOTS_PX / 2, middle), size, size)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(theme.colour("text2"))
        foot = QRect(room.right() + 2, room.bottom() + 1, _DOTS_PX - 2, _FOOT_PX)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignCenter), "OI")
        self._paint_times(painter, found, room)
        if found.strikes[0] <= self._spot <= found.strikes[-1]:
            place = float(np.interp(self._spot, found.strikes, np.arange(rows)))
            at = round(room.top() + (rows - place - 0.5) * height)
            painter.setPen(theme.colour("text0"))
            painter.drawLine(room.left(), at, room.right(), at)

    def _paint_times(self, painter: QPainter, found: FlowMap, room: QRect) -> None:
        columns = found.volume.shape[1]
        width = self._metrics.horizontalAdvance("00:00") + 16
        every = max(1, math.ceil(width * columns / max(1, room.width())))
        for column in range(0, columns, every):
            left = room.left() + column * room.width() // columns
            if left + width - 16 > room.right():
                break
            text = f"{from_ns((found.first_minute + column * found.step) * 60 * NS_PER_S):%H:%M}"
            painter.drawText(QRect(left, room.bottom() + 1, width, _FOOT_PX), int(Qt.AlignmentFlag.AlignVCenter), text)

    def event(self, event: QEvent) -> bool:
        """The tooltip says a cell's trades."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            text = "" if cell is None or self._map is None else self._map.said(*cell)
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)
