"""What moves over a chart's picture: the last price, tags on the axes, the crosshair, the panes' newest values."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from terminal.app import ages
from terminal.app.views.chart import ChartView
from terminal.app.views.chart_axes import value_text
from terminal.app.views.chart_indicators import IndicatorSet
from terminal.ui.panels.chart.axes import TAG_PX, Axes, placed
from terminal.ui.panels.chart.layers import AxisTag, ChartSpace, LayerStack
from terminal.ui.panels.chart.lines import series_colour

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_LAST_RANK, _POINTER_RANK = 100, 200


class LivePainter:
    """Painted with every paint event, so it must be quick."""

    def __init__(self, axes: Axes, layers: LayerStack, indicators: IndicatorSet) -> None:
        self._axes, self._layers, self._indicators = axes, layers, indicators

    def paint(self, painter: QPainter, space: ChartSpace, last_token: str, place: int | None, countdown: str) -> None:
        """``place``: the bar of the crosshair, None without one; ``countdown``: for under the last price."""
        last_px = float(space.view.bars["close"][-1])
        last = AxisTag(last_px, space.price_text(last_px), last_token, is_filled=True, rank=_LAST_RANK)
        below = {last: countdown} if countdown else {}
        tags = placed([last, *self._more_tags(space)], space.geometry, below)
        self._axes.clear_prices(painter, space.geometry, tags, below)
        y = round(space.y_of(last_px))
        if space.geometry.price_scale.holds(y):
            painter.setPen(QPen(space.theme.colour(last_token), 1, Qt.PenStyle.DotLine))
            painter.drawLine(0, y, space.geometry.plot_width - 1, y)
        self._crosshair(painter, space, place)
        self._axes.paint_tags(painter, space.geometry, tags, below)
        self._panes(painter, space)
        self._times(painter, space, place)

    def _more_tags(self, space: ChartSpace) -> list[AxisTag]:
        tags = [tag for layer in self._layers.above for tag in layer.axis_tags(space)]
        pointer, geometry = space.pointer, space.geometry
        if pointer is not None and geometry.price_plot().contains(pointer.toPoint()):
            at = geometry.price(pointer.y())
            tags.append(AxisTag(at, space.price_text(at), "bg2", is_filled=True, rank=_POINTER_RANK))
        return tags

    def _crosshair(self, painter: QPainter, space: ChartSpace, place: int | None) -> None:
        if place is None:
            return
        geometry, pointer = space.geometry, space.pointer
        painter.setPen(QPen(space.theme.colour("text2"), 1, Qt.PenStyle.DashLine))
        x = round(float(geometry.x(place)))
        painter.drawLine(x, 0, x, geometry.plot_bottom)
        if pointer is not None and geometry.plot().contains(pointer.toPoint()):
            y = round(pointer.y())
            painter.drawLine(0, y, geometry.plot_width - 1, y)

    def _panes(self, painter: QPainter, space: ChartSpace) -> None:
        """Numbers on the axes of the panes, the newest values and the crosshair's on blocks."""
        geometry, pointer, theme = space.geometry, space.pointer, space.theme
        for item, scale in zip(self._indicators.panes, geometry.panes, strict=True):
            if not scale.height:
                continue
            blocks: list[tuple[float, str, QColor]] = []
            step = _round_step((scale.high - scale.low) / scale.height)
            if pointer is not None and scale.holds(pointer.y()) and pointer.x() < geometry.plot_width:
                blocks.append((pointer.y(), value_text(scale.value(pointer.y()), step), theme.colour("bg2")))
            newest = item.value(0, len(space.view.bars) - 1)
            if newest is not None and scale.holds(y := float(scale.y(newest))):
                colour = series_colour(theme, item.choice.colours[0])
                if all(abs(y - other[0]) >= TAG_PX for other in blocks):
                    blocks.append((y, value_text(newest, step), colour))
            self._axes.clear_pane(painter, geometry, scale, [each[0] for each in blocks], item.spec.guides)
            for y, text, colour in blocks:
                self._axes.paint_value_tag(painter, geometry, y, text, colour)

    def _times(self, painter: QPainter, space: ChartSpace, place: int | None) -> None:
        if place is None:
            return
        geometry = space.geometry
        text = time_text(space.view, place)
        width = QFontMetrics(space.font).horizontalAdvance(text) + 12
        left = min(max(0, round(float(geometry.x(place))) - width // 2), geometry.plot_width - width)
        rect = QRect(left, geometry.plot_bottom + 1, width, geometry.axis_height - 1)
        self._axes.clear_times(painter, rect)
        painter.setFont(space.font)
        painter.fillRect(rect, space.theme.colour("bg2"))
        painter.setPen(space.theme.colour("text0"))
        painter.drawText(rect, _CENTRE, text)


def time_text(view: ChartView, place: int) -> str:
    """Date and time of a bar's start."""
    ts_ns = int(view.bars["ts_ns"][place])
    day = ages.day_text(ts_ns)
    return day if view.seconds >= 86_400 else f"{day} {ages.time_of_day(ts_ns)}"


def _round_step(step: float) -> float:
    """A power of ten about as fine as a pixel, for texts of values."""
    found = 1.0
    while found > step and found > 1e-6:
        found /= 10
    while found * 10 <= step:
        found *= 10
    return found
