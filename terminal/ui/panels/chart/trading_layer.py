"""Own trading on the chart: working orders, the average price of a position, own fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPolygonF

from terminal.app import formats
from terminal.app.ports import TradingSnapshot
from terminal.app.views.order_words import action_words
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.panels.chart.layers import AxisTag, ChartSpace, Layer

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_ARROW_PX = 5.0


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


def _token(line: PriceLine) -> str:
    return "text1" if line.side is None else "up" if line.side is Side.BUY else "down"


class OrderLayer(Layer):
    """Lines whose price is in view with their words on the left; their prices go to the axis."""

    Z: ClassVar[int] = 20

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[PriceLine] = ()

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """All lines first, so that no line crosses the words of another."""
        geometry, theme = space.geometry, space.theme
        scale = geometry.price_scale
        shown = [(line, y) for line in self.lines if scale.holds(y := round(space.y_of(line.px)))]
        for line, y in shown:
            style = Qt.PenStyle.DotLine if line.side is None else Qt.PenStyle.DashLine
            painter.setPen(QPen(theme.colour(_token(line)), 1, style))
            painter.drawLine(0, y, geometry.plot_width, y)
        painter.setFont(space.font)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        metrics = QFontMetrics(space.font)
        boxes: list[QRect] = []
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

    def axis_tags(self, space: ChartSpace) -> Sequence[AxisTag]:
        """The price of every line."""
        return [AxisTag(line.px, space.price_text(line.px), _token(line), rank=50) for line in self.lines]


class FillLayer(Layer):
    """A triangle at each fill: upwards below the price for a purchase, downwards above it for a sale."""

    Z: ClassVar[int] = 10

    def __init__(self) -> None:
        super().__init__()
        self.trades: Sequence[TradeMark] = ()

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """Those in view."""
        geometry = space.geometry
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(space.theme.colour("bg1"), 1))
        painter.setBrush(space.theme.colour("accent"))
        for trade in self.trades:
            x, y = float(geometry.x(trade.place)) + 0.5, space.y_of(trade.px)
            if not 0 <= x <= geometry.plot_width:
                continue
            down = 1.0 if trade.side is Side.BUY else -1.0
            points = [QPointF(x, y), QPointF(x - _ARROW_PX, y + down * 2 * _ARROW_PX),
                      QPointF(x + _ARROW_PX, y + down * 2 * _ARROW_PX)]  # fmt: skip
            painter.drawPolygon(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def own_lines(snapshot: TradingSnapshot, instrument: Instrument) -> list[PriceLine]:
    """Working orders of an instrument and the average price of its position."""
    lines = [
        PriceLine(
            order.limit_px,
            f"{action_words(order.side, order.effect, instrument)} "
            f"{formats.quantity(order.quantity - order.filled, instrument)}",
            order.side,
        )
        for order in snapshot.orders
        if order.instrument == instrument.id and not order.state.is_terminal and order.limit_px is not None
    ]
    lines += [
        PriceLine(row.average_px, f"avg {formats.signed_size(row.quantity)}")
        for row in snapshot.positions
        if row.instrument == instrument.id and row.quantity
    ]
    return lines


def own_marks(
    snapshot: TradingSnapshot, instrument: Instrument, place_of: Callable[[int], int], until_ns: int | None = None
) -> list[TradeMark]:
    """Fills of an instrument, those of after ``until_ns`` left out, that fall on bars; ``place_of`` gives the bar of
    an instant, -1 for none."""
    return [
        TradeMark(place, fill.price_px, fill.side)
        for fill in snapshot.fills
        if fill.instrument == instrument.id
        and (until_ns is None or fill.ts_ns <= until_ns)
        and (place := place_of(fill.ts_ns)) >= 0
    ]
