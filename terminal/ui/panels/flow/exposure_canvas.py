"""Dealers' exposure by strike: bars of calls and puts, the net, the spot and the flip level."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app.flow_alerts import money
from terminal.app.views.flow_pictures import ExposureRows
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_FOOT_PX, _TOP_PX = 18, 20


class ExposureCanvas(QWidget):
    """Strikes to the right, exposure upwards; calls in the up colour, puts in the down colour, the net as a mark."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: ExposureRows | None = None
        self._spot = self._flip = math.nan
        self._note = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Dealers' exposure by strike")
        self.setMinimumSize(200, 80)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme = theme
        self._metrics = QFontMetrics(theme.label_font())
        self.update()

    def show_rows(self, rows: ExposureRows | None, spot: float, flip: float, note: str) -> None:
        """Paints other bars; ``note`` where there are none."""
        self._rows, self._spot, self._flip, self._note = rows, spot, flip, note
        self.update()

    def room_for(self) -> int:
        """Strikes that have room."""
        return max(5, self._room().width() // 7)

    def _room(self) -> QRect:
        left = 12 + self._metrics.horizontalAdvance("−$999M")
        return QRect(left, _TOP_PX, max(1, self.width() - left - 8), max(1, self.height() - _TOP_PX - _FOOT_PX))

    def _x(self, strike: float) -> float:
        """The middle of a strike's bar: strikes stand at equal distances, prices between them in proportion."""
        rows, room = self._rows, self._room()
        if rows is None or not len(rows.strikes):
            return math.nan
        place = float(np.interp(strike, rows.strikes, np.arange(len(rows.strikes))))
        return room.left() + (place + 0.5) * room.width() / len(rows.strikes)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars, axes and lines."""
        painter, theme = QPainter(self), self._theme
        painter.fillRect(event.rect(), theme.colour("bg1"))
        painter.setFont(theme.label_font())
        if self._rows is None or not self._rows.largest > 0.0:
            painter.setPen(theme.colour("text2"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), flags, self._note)
        else:
            self._paint_bars(painter, self._rows, self._room())
            self._paint_axes(painter, self._rows, self._room())
            self._paint_line(painter, self._flip, "accent", f"flip {self._flip:,.2f}", is_dashed=True)
            self._paint_line(painter, self._spot, "text0", f"spot {self._spot:,.2f}", is_dashed=False)
        painter.end()

    def _paint_bars(self, painter: QPainter, rows: ExposureRows, room: QRect) -> None:
        theme, zero = self._theme, room.center().y()
        width = max(1, int(room.width() / len(rows.strikes) * 0.7))
        for values, token in ((rows.calls, "up"), (rows.puts, "down")):
            for strike, value in zip(rows.strikes, values, strict=True):
                tall = round(value / rows.largest * room.height() / 2)
                if tall:
                    left = round(self._x(float(strike))) - width // 2
                    painter.fillRect(left, min(zero, zero - tall), width, abs(tall), theme.colour(token))
        painter.setPen(QPen(theme.colour("text0"), 2))
        for strike, value in zip(rows.strikes, rows.net, strict=True):
            at, left = (
                zero - round(value / rows.largest * room.height() / 2),
                round(self._x(float(strike))) - width // 2,
            )
            painter.drawLine(left, at, left + width - 1, at)

    def _paint_axes(self, painter: QPainter, rows: ExposureRows, room: QRect) -> None:
        theme = self._theme
        painter.setPen(theme.colour("line"))
        painter.drawLine(room.left(), room.center().y(), room.right(), room.center().y())
        painter.setPen(theme.colour("text1"))
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for share, at in ((1.0, room.top() + 6), (0.0, room.center().y()), (-1.0, room.bottom() - 6)):
            painter.drawText(QRect(0, at - 8, room.left() - 6, 16), right, money(share * rows.largest))
        widest = max(self._metrics.horizontalAdvance(f"{each:g}") for each in rows.strikes) + 10
        every = max(1, math.ceil(widest * len(rows.strikes) / room.width()))
        for strike in rows.strikes[::every]:
            where = QRect(round(self._x(float(strike))) - widest // 2, room.bottom() + 2, widest, _FOOT_PX - 2)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignCenter), f"{strike:g}")

    def _paint_line(self, painter: QPainter, level: float, token: str, text: str, *, is_dashed: bool) -> None:
        rows, room = self._rows, self._room()
        if rows is None or not rows.strikes[0] <= level <= rows.strikes[-1]:
            return
        colour, at = self._theme.colour(token), round(self._x(level))
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine if is_dashed else Qt.PenStyle.SolidLine))
        painter.drawLine(at, room.top(), at, room.bottom())
        width = self._metrics.horizontalAdvance(text) + 4
        # The two words stand on either side of their lines, so that they do not meet.
        is_left = (level > self._spot) != is_dashed if level != self._spot else self._flip > self._spot
        left = at - width - 2 if is_left else at + 4
        left = min(max(left, room.left()), room.right() - width)
        painter.drawText(QRect(left, 2, width, _TOP_PX - 2), int(Qt.AlignmentFlag.AlignVCenter), text)

    def strike_at(self, point: QPoint) -> int | None:
        """Which strike is under a point."""
        room = self._room()
        if self._rows is None or not len(self._rows.strikes) or not room.left() <= point.x() <= room.right():
            return None
        return min(len(self._rows.strikes) - 1, (point.x() - room.left()) * len(self._rows.strikes) // room.width())

    def event(self, event: QEvent) -> bool:
        """The tooltip says a strike's exposure."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self.strike_at(event.pos())
            if at is None or self._rows is None:
                QToolTip.hideText()
                return True
            rows = self._rows
            text = (f"Strike {rows.strikes[at]:g}\ncalls {money(float(rows.calls[at]))}\n"
                    f"puts {money(float(rows.puts[at]))}\nnet {money(float(rows.net[at]))}")  # fmt: skip
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)
