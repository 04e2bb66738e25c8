"""Compared symbols as lines over the bars, with their change since the left edge; the moment that is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPolygonF

from terminal.app import formats
from terminal.app.views.chart import ChartView
from terminal.app.views.chart_compare import ComparisonSet
from terminal.core.clock import NEW_YORK, from_ns
from terminal.ui.panels.chart.layers import ChartSpace, Layer

_LOOKED_AT = 512
_FIRST_COLOUR = 1
"""The first of the series colours is the chart's own."""


class CompareLayer(Layer):
    """Lines of other symbols, rebased to this one's price at the left edge of the view."""

    Z: ClassVar[int] = 0

    def __init__(self, view: ChartView, compared: ComparisonSet) -> None:
        super().__init__()
        self._view = view
        self._compared = compared

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """One polyline a symbol, its name and change at its right end."""
        painter.setFont(space.font)
        metrics = QFontMetrics(space.font)
        taken: list[QRectF] = []
        for number, comparison in enumerate(self._compared.items, start=_FIRST_COLOUR):
            line = comparison.line(space.view, 2 * space.geometry.plot_width)
            if line is None:
                continue
            colour = space.theme.colour(space.theme.tokens.series[number])
            xs, ys = space.geometry.x(line.places), space.geometry.y(line.px)
            painter.setPen(QPen(colour, 1))
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in zip(xs, ys, strict=True)]))
            text = f"{comparison.instrument.label} {formats.percent(line.change)}"
            width = metrics.horizontalAdvance(text) + 8
            left = min(float(xs[-1]) + 6, space.geometry.plot_width - width - 2.0)
            box = QRectF(left, float(ys[-1]) - 8, width, 16)
            while any(box.intersects(other) for other in taken):
                box.moveTop(box.top() + 17)
            taken.append(box)
            painter.fillRect(box, space.theme.colour("bg1"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

    def price_range(self, first: int, last: int) -> tuple[float, float] | None:
        """So that the lines are in view."""
        lines = [line for each in self._compared.items if (line := each.line(self._view, _LOOKED_AT)) is not None]
        if not lines:
            return None
        return min(float(each.px.min()) for each in lines), max(float(each.px.max()) for each in lines)


class MomentLayer(Layer):
    """Where a replayed or looked-at day stands: a line at the market's time, with the time under it."""

    Z: ClassVar[int] = 40

    def __init__(self, now_ns: Callable[[], int]) -> None:
        super().__init__()
        self._now_ns = now_ns
        self.is_shown = False

    def show(self, is_shown: bool) -> None:
        """Shows the line while the market is not of now."""
        if is_shown != self.is_shown:
            self.is_shown = is_shown
            self.changed()

    def paint(self, painter: QPainter, space: ChartSpace) -> None:
        """A dashed line; nothing while the market is live."""
        if not self.is_shown:
            return
        now_ns = self._now_ns()
        x = round(space.x_of(now_ns))
        if not 0 <= x <= space.geometry.plot_width:
            return
        colour = space.theme.colour("accent")
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
        painter.drawLine(x, 0, x, space.geometry.price_bottom)
        painter.setFont(space.font)
        text = f"{from_ns(now_ns, NEW_YORK):%H:%M:%S}"
        width = QFontMetrics(space.font).horizontalAdvance(text) + 8
        box = QRectF(min(x + 3, space.geometry.plot_width - width), space.geometry.price_bottom - 18, width, 16)
        painter.fillRect(box, space.theme.colour("bg1"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
