"""What lies over the candles: working orders, the average price of a position, own trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen, QPolygonF

from terminal.app import formats
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.panels.chart.geometry import Geometry
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_ARROW_PX = 5.0
_TAG_PX = 16


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A line across the plot: a working order (``side``) or, without a side, the position's average price."""

    px: int
    text: str
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class TradeMark:
    """A fill of ours, at the place of its bar."""

    place: int
    px: int
    side: Side


def paint_lines(
    painter: QPainter,
    geometry: Geometry,
    lines: Sequence[PriceLine],
    theme: Theme,
    font: QFont,
    instrument: Instrument,
    last_y: int | None,
) -> None:
    """Lines whose price is in view, then over all of them their words on the left and their prices on the axis.

    A price that would half cover another's, or the last price at the pixel row ``last_y``, is left out.
    """
    shown = [
        (line, y) for line in lines if geometry.price_top <= (y := round(geometry.y(line.px))) <= geometry.volume_top
    ]
    for line, y in shown:
        style = Qt.PenStyle.DotLine if line.side is None else Qt.PenStyle.DashLine
        painter.setPen(QPen(theme.colour(_token(line)), 1, style))
        painter.drawLine(0, y, geometry.plot_width, y)
    painter.setFont(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    metrics = QFontMetrics(font)
    boxes: list[QRect] = []
    taken = [last_y] if last_y is not None else []
    for line, y in shown:
        box = QRect(6, y - 8, metrics.horizontalAdvance(line.text) + 10, 16)
        for other in boxes:
            if box.intersects(other):
                box.moveLeft(other.right() + 4)
        boxes.append(box)
        painter.fillRect(box, theme.colour("bg1"))
        painter.setPen(theme.colour(_token(line)))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.drawText(box, _CENTRE, line.text)
        if any(abs(y - other) < _TAG_PX for other in taken):
            continue
        taken.append(y)
        tag = QRect(geometry.plot_width + 1, y - 8, geometry.axis_width - 1, 16)
        painter.fillRect(tag, theme.colour("bg2"))
        painter.drawText(tag.adjusted(0, 0, -5, 0), _RIGHT, formats.price(line.px, instrument))


def _token(line: PriceLine) -> str:
    return "text1" if line.side is None else "up" if line.side is Side.BUY else "down"


def paint_trades(painter: QPainter, geometry: Geometry, trades: Sequence[TradeMark], theme: Theme) -> None:
    """A triangle at each fill: upwards below the price for a purchase, downwards above it for a sale."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for trade in trades:
        x, y = geometry.x(trade.place) + 0.5, geometry.y(trade.px)
        if not 0 <= x <= geometry.plot_width:
            continue
        down = 1.0 if trade.side is Side.BUY else -1.0
        points = [QPointF(x, y), QPointF(x - _ARROW_PX, y + down * 2 * _ARROW_PX),
                  QPointF(x + _ARROW_PX, y + down * 2 * _ARROW_PX)]  # fmt: skip
        painter.setPen(QPen(theme.colour("bg1"), 1))
        painter.setBrush(theme.colour("accent"))
        painter.drawPolygon(QPolygonF(points))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
