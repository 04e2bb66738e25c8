"""The words in a chart's corners: open, high, low, close at the crosshair, and each indicator with its values."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter

from terminal.app import formats
from terminal.app.views.chart import ChartKind, ChartView
from terminal.app.views.chart_indicators import ChartIndicator, IndicatorSet, legend_value
from terminal.core.instruments import Instrument
from terminal.market.indicators.spec import OutputStyle
from terminal.ui.panels.chart.geometry import Geometry
from terminal.ui.panels.chart.lines import series_colour
from terminal.ui.theme.theme import Theme

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
ROW_PX = 16
_TOP_PX = 2
_REMOVE = "×"


@dataclass(frozen=True, slots=True)
class LegendSpot:
    """An indicator's row: where it is, and where its sign for removing is."""

    item: ChartIndicator
    row: QRect
    remove: QRect


class Legend:
    """Paints the legend of one chart and knows what lies where in it; the canvas sets ``theme`` and ``font``."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        self.theme, self.font = theme, font
        self.spots: list[LegendSpot] = []
        self.hovered: ChartIndicator | None = None
        self.note = ""
        """A word after the bar's numbers: stale, closed."""

    def height(self, indicators: IndicatorSet) -> int:
        """Pixel rows of the legend over the prices."""
        listed = sum(1 for each in indicators if each.spec.is_overlay or not each.choice.is_visible)
        return _TOP_PX + ROW_PX * (1 + listed) + 2

    def spot_at(self, point: QPoint) -> LegendSpot | None:
        """The indicator's row under a pixel."""
        return next((each for each in self.spots if each.row.contains(point)), None)

    def paint(
        self, painter: QPainter, geometry: Geometry, view: ChartView, instrument: Instrument, indicators: IndicatorSet,
        place: int,
    ) -> None:  # fmt: skip
        """``place``: the bar whose numbers are shown."""
        painter.setFont(self.font)
        self.spots = []
        self._bar(painter, geometry, view, instrument, place)
        y = _TOP_PX + ROW_PX
        panes = indicators.panes
        for item in indicators:
            if item in panes:
                scale = geometry.panes[panes.index(item)]
                if scale.height:
                    self._indicator(painter, geometry, item, place, scale.top + 1)
                continue
            self._indicator(painter, geometry, item, place, y)
            y += ROW_PX

    def _bar(self, painter: QPainter, geometry: Geometry, view: ChartView, instrument: Instrument, place: int) -> None:
        bars = view.shown.rows
        bar, traded = bars[place], view.bars
        tone = "up" if bar["close"] >= bar["open"] else "down"
        parts = [(name, formats.price(int(bar[field]), instrument), tone)
                 for name, field in (("O", "open"), ("H", "high"), ("L", "low"), ("C", "close"))]  # fmt: skip
        if view.kind is ChartKind.HEIKIN_ASHI:
            parts.insert(0, ("Heikin-Ashi", "", "text2"))
        if geometry.volume_height:
            parts.append(("V", formats.quantity(int(traded["volume"][place]), instrument), "text0"))
        if place:
            change = int(traded["close"][place] - traded["close"][place - 1])
            ratio = change / traded["close"][place - 1] if traded["close"][place - 1] else None
            text = f"{formats.change(change, instrument)} ({formats.percent(ratio)})"
            parts.append(("", text, "up" if change > 0 else "down" if change else "text1"))
        if self.note:
            parts.append(("", self.note, "text2"))
        metrics, x = QFontMetrics(self.font), 6
        for name, text, token in parts:
            for piece, ink in ((name, "text2"), (text, token)):
                width = metrics.horizontalAdvance(piece)
                if x + width > geometry.plot_width:
                    return
                if piece:
                    self._words(painter, QRect(x, _TOP_PX, width + 2, ROW_PX), piece, self.theme.colour(ink))
                x += width + 4 if piece else 0
            x += 6

    def _indicator(self, painter: QPainter, geometry: Geometry, item: ChartIndicator, place: int, top: int) -> None:
        metrics, x = QFontMetrics(self.font), 6
        is_shown = item.choice.is_visible
        parts: list[tuple[str, QColor]] = [(item.choice.title, self.theme.colour("text1" if is_shown else "text2"))]
        series = item.series
        if item.problem:
            parts.append((f"stopped: {item.problem}", self.theme.colour("critical")))
        elif not is_shown:
            parts.append(("hidden", self.theme.colour("text2")))
        elif series is not None and series.is_waiting:
            parts.append(("computing…", self.theme.colour("text2")))
        else:
            for output, spec in enumerate(item.spec.outputs):
                if spec.style is OutputStyle.HIDDEN:
                    continue
                colour = series_colour(self.theme, item.choice.colours[output])
                if spec.style is OutputStyle.HISTOGRAM:
                    value = item.value(output, place) or 0.0
                    colour = self.theme.colour("up" if value >= 0 else "down")
                parts.append((legend_value(item, output, place), colour))
        for text, colour in parts:
            room = geometry.plot_width - 24 - x
            if room < 20:
                break
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            width = metrics.horizontalAdvance(shown)
            self._words(painter, QRect(x, top, width + 2, ROW_PX), shown, colour)
            x += width + 8
        remove = QRect(x, top, 14, ROW_PX)
        if self.hovered is item:
            self._words(painter, remove, _REMOVE, self.theme.colour("text0"))
        self.spots.append(LegendSpot(item, QRect(2, top, x + 12, ROW_PX), remove))

    def _words(self, painter: QPainter, rect: QRect, text: str, colour: QColor) -> None:
        back = QColor(self.theme.colour("bg1"))
        back.setAlpha(190)
        painter.fillRect(rect.adjusted(-2, 0, 2, 0), back)
        painter.setPen(colour)
        painter.drawText(rect, _LEFT, text)
