"""A chart without a desk, painted into memory: for measuring what a frame costs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from terminal.app.market_port import Market
from terminal.app.views.chart import ChartKind, ChartView
from terminal.app.views.chart_indicators import IndicatorSet, new_choice
from terminal.core.instruments import Instrument
from terminal.ui.panels.chart.canvas import ChartCanvas
from terminal.ui.theme import theme


class MeasuredChart:
    """A canvas with indicators over the bars of ``market``. Needs no screen."""

    def __init__(
        self, market: Market, instrument: Instrument, frame: str, indicators: Sequence[str], width: int, height: int
    ) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        self._application = QApplication.instance() or QApplication([])
        self.view = ChartView(market)
        self.view.set_frame(frame)
        self.view.show(instrument)
        self.indicators = IndicatorSet()
        self.indicators.set_scales(instrument.price_scale)
        for each in indicators:
            self.indicators.add(new_choice(each))
        self.canvas = ChartCanvas(self.view, self.indicators, theme.theme("dark"))
        self.canvas.resize(width, height)
        self._image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)

    def read(self) -> bool:
        """Reads bars and brings the indicators up to them, as a refresh of the panel does."""
        changed = self.view.refresh()
        return self.indicators.follow(self.view.series) or changed

    def set_kind(self, kind: str) -> None:
        """Another kind of bars, by its value."""
        self.view.set_kind(ChartKind(kind))
        self.canvas.renew()

    def paint(self) -> None:
        """One whole paint, of what the canvas finds changed."""
        self.canvas.render(self._image, QPoint())

    def close(self) -> None:
        """Ends the threads."""
        self.indicators.close()
        self.canvas.close()
