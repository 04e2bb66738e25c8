"""The grid and the axes of a chart: round numbers, times, and tags that never lie on one another."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from terminal.app import formats
from terminal.app.views.chart import ChartView, Mark
from terminal.app.views.chart_axes import value_marks, value_text
from terminal.core.instruments import Instrument
from terminal.ui.panels.chart.geometry import Geometry, Scale
from terminal.ui.panels.chart.layers import AxisTag
from terminal.ui.panels.chart.lines import mixed
from terminal.ui.theme.theme import Theme
from terminal.ui.theme.tokens import ink_on

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_MARK_EVERY_X = 90
_MARK_EVERY_Y = 34
TAG_PX = 16
_GRID_SHARE = 0.42


class Axes:
    """Paints the axes of one chart; ``theme`` and ``font`` are set by the canvas."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        self.theme, self.font = theme, font
        self._marks: list[Mark] = []
        self._price_rows: list[int] = []
        self._time_rects: list[QRect] = []

    def price_marks(self, view: ChartView, geometry: Geometry) -> list[float]:
        """Round prices for the height of the plot, within the scale that is painted."""
        scale = geometry.price_scale
        return view.price_marks_of(scale.low, scale.high, max(2, scale.height // _MARK_EVERY_Y))

    def paint_grid(self, painter: QPainter, view: ChartView, geometry: Geometry) -> None:
        """What never moves with a tick: grid, day lines, borders."""
        theme = self.theme
        painter.setPen(mixed(theme, "line", _GRID_SHARE))
        for px in self.price_marks(view, geometry):
            y = round(float(geometry.y(px)))
            painter.drawLine(0, y, geometry.plot_width - 1, y)
        for scale in geometry.panes:
            for value in _pane_marks(scale):
                y = round(float(scale.y(value)))
                painter.drawLine(0, y, geometry.plot_width - 1, y)
        self._marks = view.time_marks(max(2, geometry.plot_width // _MARK_EVERY_X))
        for mark in self._marks:
            x = round(float(geometry.x(mark.at)))
            painter.drawLine(x, 0, x, geometry.plot_bottom)
        painter.setPen(QPen(mixed(theme, "text2", 0.5), 1, Qt.PenStyle.DotLine))
        for place in view.day_breaks():
            x = round(float(geometry.x(place - 0.5)))
            painter.drawLine(x, 0, x, geometry.plot_bottom)
        painter.setPen(theme.colour("line"))
        painter.drawLine(0, geometry.plot_bottom, geometry.width, geometry.plot_bottom)
        painter.drawLine(geometry.plot_width, 0, geometry.plot_width, geometry.plot_bottom)
        for scale in geometry.panes:
            if scale.height:
                painter.drawLine(0, scale.top - 3, geometry.width, scale.top - 3)

    def paint_labels(
        self, painter: QPainter, view: ChartView, geometry: Geometry, instrument: Instrument,
        guides: Sequence[tuple[float, ...]],
    ) -> None:  # fmt: skip
        """Round prices, numbers of the panes (``guides``: their guide lines) and times, as they are without tags."""
        scale = geometry.price_scale
        painter.setFont(self.font)
        painter.setPen(self.theme.colour("text2"))
        self._price_rows = []
        for px in self.price_marks(view, geometry):
            y = round(float(geometry.y(px)))
            if scale.top - 2 <= y <= geometry.volume_top:
                self._price_rows.append(y)
                painter.drawText(_label(geometry, y), _RIGHT, formats.price(round(px), instrument))
        for pane, its_guides in zip(geometry.panes, guides, strict=True):
            step = _pane_step(pane, its_guides)
            for y, value in _pane_labels(pane, its_guides):
                painter.drawText(_label(geometry, y), _RIGHT, value_text(value, step))
        self._paint_times(painter, geometry)

    def _paint_times(self, painter: QPainter, geometry: Geometry) -> None:
        metrics = QFontMetrics(self.font)
        self._time_rects, least = [], 0
        for mark in self._marks:
            x, width = round(float(geometry.x(mark.at))), metrics.horizontalAdvance(mark.text) + 8
            left = min(x - width // 2, geometry.plot_width - width)
            rect = QRect(left, geometry.plot_bottom + 1, width, geometry.axis_height - 1)
            if rect.left() < least or x > geometry.plot_width:
                continue
            painter.setPen(self.theme.colour("text1" if mark.is_major else "text2"))
            painter.drawText(rect, _CENTRE, mark.text)
            self._time_rects.append(rect)
            least = rect.right()

    def clear_prices(
        self, painter: QPainter, geometry: Geometry, tags: Sequence[AxisTag], below: dict[AxisTag, str]
    ) -> None:
        """Takes away the round prices that a tag would cover in part."""
        # From the middle of the first row of each tag to that of its last.
        taken = [(y, y + (TAG_PX - 2 if tag in below else 0)) for tag in tags if (y := float(geometry.y(tag.px)))]
        for y in self._price_rows:
            if any(above - TAG_PX < y < under + TAG_PX for above, under in taken):
                painter.fillRect(_label(geometry, y), self.theme.colour("bg1"))

    def clear_pane(
        self, painter: QPainter, geometry: Geometry, scale: Scale, taken: Sequence[float], guides: tuple[float, ...]
    ) -> None:
        """The same of a pane's numbers at the pixel rows ``taken``."""
        if not taken:
            return
        for y, _ in _pane_labels(scale, guides):
            if any(abs(y - other) < TAG_PX for other in taken):
                painter.fillRect(_label(geometry, y), self.theme.colour("bg1"))

    def clear_times(self, painter: QPainter, taken: QRect) -> None:
        """The same of the times that the crosshair's ``taken`` would cover."""
        for rect in self._time_rects:
            if rect.intersects(taken):
                painter.fillRect(rect, self.theme.colour("bg1"))

    def paint_tags(
        self, painter: QPainter, geometry: Geometry, tags: Sequence[AxisTag], below: dict[AxisTag, str]
    ) -> None:
        """Tags from :func:`placed`. ``below``: a second line under a tag, the countdown under the last price."""
        painter.setFont(self.font)
        for tag in tags:
            y = round(float(geometry.y(tag.px)))
            more = below.get(tag, "")
            height = TAG_PX - 2 if more else TAG_PX
            rect = QRect(geometry.plot_width + 1, y - TAG_PX // 2, geometry.axis_width - 1, height)
            whole = rect.adjusted(0, 0, 0, height if more else 0)
            colour = self.theme.colour(tag.token)
            painter.fillRect(whole, colour if tag.is_filled else self.theme.colour("bg2"))
            painter.setPen(QColor(ink_on(colour.name())) if tag.is_filled else colour)
            painter.drawText(rect.adjusted(0, 0, -5, 0), _RIGHT, tag.text)
            if more:
                painter.drawText(rect.adjusted(0, height - 1, -5, height - 2), _RIGHT, more)

    def paint_value_tag(self, painter: QPainter, geometry: Geometry, y: float, text: str, colour: QColor) -> None:
        """A number on a filled block at a pixel row of the axis."""
        rect = QRect(geometry.plot_width + 1, round(y) - TAG_PX // 2, geometry.axis_width - 1, TAG_PX)
        painter.fillRect(rect, colour)
        painter.setFont(self.font)
        painter.setPen(QColor(ink_on(colour.name())))
        painter.drawText(rect.adjusted(0, 0, -5, 0), _RIGHT, text)


def placed(tags: Sequence[AxisTag], geometry: Geometry, tall: dict[AxisTag, str]) -> list[AxisTag]:
    """The tags in view that do not lie on one of a higher rank. ``tall``: those with a second line."""
    found: list[tuple[float, float, AxisTag]] = []
    for tag in sorted(tags, key=lambda each: -each.rank):
        y = float(geometry.y(tag.px))
        if not geometry.price_scale.top - 2 <= y <= geometry.volume_top:
            continue
        top, bottom = y - TAG_PX / 2, y + TAG_PX / 2 + (TAG_PX - 4 if tag in tall else 0)
        if all(bottom <= other_top or top >= other_bottom for other_top, other_bottom, _ in found):
            found.append((top, bottom, tag))
    return [tag for _, _, tag in found]


def _pane_marks(scale: Scale) -> list[float]:
    return value_marks(scale.low, scale.high, max(2, scale.height // _MARK_EVERY_Y)) if scale.height else []


def _pane_labels(scale: Scale, guides: tuple[float, ...]) -> list[tuple[int, float]]:
    """Pixel row and value of a pane's guide lines, else of round numbers; none too near to its edges."""
    marks = list(guides) if len(guides) > 1 else _pane_marks(scale)
    rows = ((round(float(scale.y(value))), value) for value in marks)
    return [(y, value) for y, value in rows if scale.top + 4 <= y <= scale.bottom - 6]


def _pane_step(scale: Scale, guides: tuple[float, ...]) -> float:
    marks = list(guides) if len(guides) > 1 else _pane_marks(scale)
    return marks[1] - marks[0] if len(marks) > 1 else abs(marks[0]) if marks else 1.0


def _label(geometry: Geometry, y: int) -> QRect:
    """Where a number stands on the right axis."""
    return QRect(geometry.plot_width + 2, y - 8, geometry.axis_width - 6, 16)
