"""Lines, bands, histograms and dots of indicators out of NumPy memory, however many values there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from terminal.app.views.chart_indicators import ChartIndicator
from terminal.market.indicators.spec import OutputStyle
from terminal.market.pyramid import group_for
from terminal.ui.panels.chart.geometry import Geometry, Scale
from terminal.ui.theme.theme import Theme

Floats = npt.NDArray[np.float64]
_SMOOTH_UP_TO = 2_500
"""Lines of more points are drawn without smoothing, which nobody sees in so many."""
_BAND_ALPHA = 22
_HISTOGRAM_SHARE = 0.6
_FAR = 1e6


@dataclass(frozen=True, slots=True)
class _Line:
    """Pixel columns, and the least and most pixel rows of each; the same where a column is one value."""

    x: Floats
    top: Floats
    bottom: Floats


class LinePainter:
    """Paints indicators into a pane. One instance a chart: it keeps its arrays between paints."""

    def __init__(self) -> None:
        self._lines = PrimitiveArray(QLineF, 4)
        self._rects = PrimitiveArray(QRectF, 4)

    def paint(
        self, painter: QPainter, geometry: Geometry, scale: Scale, item: ChartIndicator, first: int, last: int,
        unit: float, theme: Theme, *, is_newest: bool = False,
    ) -> None:  # fmt: skip
        """The values of the bars ``first`` to ``last``, all outputs. ``unit``: what one of the value is on the scale
        (prices are integers there). ``is_newest``: only what the picture of the others does not hold: of bars and dots
        the last one."""
        series = item.series
        if series is None or series.error is not None or not len(series):
            return
        group = group_for(max(1.0, 1 / geometry.bar_width))
        found = [self._line(geometry, scale, item, output, first, last, group, unit)
                 for output in range(len(item.spec.outputs))]  # fmt: skip
        self._band(painter, item, found, theme)
        # A histogram lies under the lines of its pane.
        order = sorted(range(len(found)), key=lambda n: item.spec.outputs[n].style is not OutputStyle.HISTOGRAM)
        for output in order:
            style, line = item.spec.outputs[output].style, found[output]
            if is_newest and style in {OutputStyle.HISTOGRAM, OutputStyle.DOTS}:
                line = _Line(line.x[-1:], line.top[-1:], line.bottom[-1:])
            colour = series_colour(theme, item.choice.colours[output])
            if style is OutputStyle.HISTOGRAM:
                self._histogram(painter, geometry, scale, line, theme)
            elif style is OutputStyle.DOTS:
                self._dots(painter, line, colour)
            elif style is not OutputStyle.HIDDEN:
                self._stroke(painter, line, colour, is_dashed=style is OutputStyle.DASHED)

    @staticmethod
    def _line(
        geometry: Geometry, scale: Scale, item: ChartIndicator, output: int, first: int, last: int, group: int,
        unit: float,
    ) -> _Line:  # fmt: skip
        series = item.series
        assert series is not None  # noqa: S101 - paint has looked
        if group == 1:
            begin = first
            low = high = series.values(output)[first:last]
        else:
            begin, low, high = series.extremes(output, first, last, group)
        places = begin + np.arange(len(low), dtype=np.float64) * group + (group - 1) / 2
        x = geometry.x(places) + 0.5
        top = np.clip(scale.y(high * unit), -_FAR, _FAR) + 0.5
        bottom = top if low is high else np.clip(scale.y(low * unit), -_FAR, _FAR) + 0.5
        return _Line(x, top, bottom)

    def _stroke(self, painter: QPainter, line: _Line, colour: QColor, *, is_dashed: bool) -> None:
        x, y = line.x, line.top
        if line.bottom is not line.top:
            # Up one column and down the next: two points a column keep both extremes.
            x = np.repeat(line.x, 2)
            y = np.empty(len(x))
            y[0::4], y[1::4] = line.top[0::2], line.bottom[0::2]
            y[2::4], y[3::4] = line.bottom[1::2], line.top[1::2]
        good = np.isfinite(y)
        joined = good[1:] & good[:-1]
        count = int(np.count_nonzero(joined))
        if not count:
            return
        self._lines.resize(count)
        memory = self._lines.ndarray()
        memory[:, 0], memory[:, 1] = x[:-1][joined], y[:-1][joined]
        memory[:, 2], memory[:, 3] = x[1:][joined], y[1:][joined]
        pen = QPen(colour, 1)
        if is_dashed:
            # A dash pattern starts anew with each piece of a line, so pieces are left out instead.
            pen.setStyle(Qt.PenStyle.SolidLine)
            colour = QColor(colour)
            colour.setAlpha(170)
            pen.setColor(colour)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, count <= _SMOOTH_UP_TO)
        painter.setPen(pen)
        painter.drawLines(*self._lines.drawargs())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _dots(self, painter: QPainter, line: _Line, colour: QColor) -> None:
        good = np.isfinite(line.top)
        self._rects.resize(int(np.count_nonzero(good)))
        memory = self._rects.ndarray()
        memory[:, 0], memory[:, 1] = np.floor(line.x[good]) - 1, np.floor(line.top[good]) - 1
        memory[:, 2] = memory[:, 3] = 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRects(*self._rects.drawargs())

    def _histogram(self, painter: QPainter, geometry: Geometry, scale: Scale, line: _Line, theme: Theme) -> None:
        zero = min(max(float(scale.y(0.0)), scale.top), scale.bottom)
        far = np.where(np.abs(line.top - zero) > np.abs(line.bottom - zero), line.top, line.bottom)
        good = np.isfinite(far)
        width = max(1.0, np.floor(geometry.bar_width * 0.6))
        painter.setPen(Qt.PenStyle.NoPen)
        for is_up in (True, False):
            mine = good & ((far <= zero) if is_up else (far > zero))
            count = int(np.count_nonzero(mine))
            if not count:
                continue
            painter.setBrush(mixed(theme, "up" if is_up else "down", _HISTOGRAM_SHARE))
            self._rects.resize(count)
            memory = self._rects.ndarray()
            memory[:, 0] = np.floor(line.x[mine] - width / 2)
            memory[:, 1] = np.floor(np.minimum(far[mine], zero))
            memory[:, 2] = width
            memory[:, 3] = np.maximum(1.0, np.floor(np.abs(far[mine] - zero)))
            painter.drawRects(*self._rects.drawargs())

    @staticmethod
    def _band(painter: QPainter, item: ChartIndicator, lines: list[_Line], theme: Theme) -> None:
        styles = [each.style for each in item.spec.outputs]
        if OutputStyle.UPPER not in styles or OutputStyle.LOWER not in styles or lines[0].bottom is not lines[0].top:
            return
        number = styles.index(OutputStyle.UPPER)
        upper, lower = lines[number], lines[styles.index(OutputStyle.LOWER)]
        good = np.isfinite(upper.top) & np.isfinite(lower.bottom)
        x = upper.x[good]
        if len(x) < 2:
            return
        outline = [*zip(x.tolist(), upper.top[good].tolist(), strict=True),
                   *zip(x[::-1].tolist(), lower.bottom[good][::-1].tolist(), strict=True)]  # fmt: skip
        colour = QColor(series_colour(theme, item.choice.colours[number]))
        colour.setAlpha(_BAND_ALPHA)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in outline]))


def paint_guides(painter: QPainter, width: int, scale: Scale, guides: tuple[float, ...], theme: Theme) -> None:
    """The guide lines of a pane, between two of them a faint band."""
    rows = [round(float(scale.y(each))) for each in guides]
    if len(rows) == 2:
        band = QColor(theme.colour(theme.tokens.series[4]))
        band.setAlpha(16)
        painter.fillRect(QRect(0, rows[1], width, rows[0] - rows[1]), band)
    painter.setPen(QPen(theme.colour("text2"), 1, Qt.PenStyle.DotLine))
    for row in rows:
        painter.drawLine(0, row, width - 1, row)


def mixed(theme: Theme, token: str, share: float) -> QColor:
    """A token's colour over the panel's ground, opaque: Qt fills thin opaque bars many times faster than see-through
    ones."""
    colour, ground = theme.colour(token), theme.colour("bg1")
    pairs = (
        (colour.red(), ground.red()), (colour.green(), ground.green()), (colour.blue(), ground.blue()),
    )  # fmt: skip
    return QColor(*(round(share * ours + (1 - share) * under) for ours, under in pairs))


def series_colour(theme: Theme, number: int) -> QColor:
    """The colour of a place in the theme's series."""
    colours = theme.tokens.series
    return theme.colour(colours[number % len(colours)])
