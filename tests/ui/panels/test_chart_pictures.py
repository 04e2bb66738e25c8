"""What a tick repaints of the chart, put over what was on the screen, is the chart painted anew, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QImage, QRegion
from PySide6.QtWidgets import QApplication

from terminal.app.views.chart import ChartKind, ChartView
from terminal.app.views.chart_indicators import IndicatorSet, new_choice
from terminal.bench.chart import million_bars
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.ticks import TickClass
from terminal.market.rows import Rows
from terminal.ui.panels.chart.canvas import ChartCanvas
from terminal.ui.theme.theme import theme

SIZE = (620, 380)
STOCK = InstrumentTable().add("ACME", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)


class Bars:
    """Bars that a test makes; a Market of nothing else."""

    def __init__(self, count: int) -> None:
        self.bars = self
        self.rows = million_bars(count)

    def read(self, instrument: int, seconds_per_bar: int, most: int) -> Rows:
        return self.rows[-most:].copy()

    def trade(self, ticks: int, size: int) -> None:
        last = self.rows[-1:]
        last["close"] = max(100, int(last["close"][0]) + ticks * 100)
        last["high"], last["low"] = np.maximum(last["high"], last["close"]), np.minimum(last["low"], last["close"])
        last["volume"] += size

    def next_bar(self) -> None:
        new = self.rows[-1:].copy()
        new["ts_ns"] += 10**9
        for name in ("open", "high", "low"):
            new[name] = new["close"]
        new["volume"] = 1
        self.rows = np.concatenate([self.rows, new])


class Screen(ChartCanvas):
    """A canvas that notes what it asks to be painted, on a screen of any pixel ratio."""

    ratio = 1.0
    dirty = QRegion()

    def devicePixelRatioF(self) -> float:
        return self.ratio

    def update(self, *of: Any) -> None:
        part = of[0] if of else self.rect()
        self.dirty += part if isinstance(part, QRegion) else QRegion(part)


class Chart:
    """A chart, and what a person would see of it."""

    def __init__(self, kind: ChartKind, ratio: float, indicators: tuple[str, ...], in_view: float) -> None:
        self.market = Bars(900)
        self.view = ChartView(self.market)  # type: ignore[arg-type]
        self.view.set_frame("1s")
        self.view.show(STOCK)
        self.view.set_kind(kind)
        self.indicators = IndicatorSet()
        self.indicators.set_scales(STOCK.price_scale)
        for each in indicators:
            self.indicators.add(new_choice(each))
        self.canvas = Screen(self.view, self.indicators, theme("dark"))
        self.canvas.ratio = ratio
        self.canvas.resize(*SIZE)
        self.read()
        while self.indicators.is_waiting:
            self.read()
        self.view.zoom(in_view / self.view.in_view, self.view.right)
        self.screen = QImage(round(SIZE[0] * ratio), round(SIZE[1] * ratio), QImage.Format.Format_RGB32)
        self.screen.setDevicePixelRatio(ratio)
        self.canvas.update()
        self.show(self.screen)

    def read(self) -> None:
        before = len(self.view.bars)
        if self.view.refresh() and self.view.first_change < max(before, 1) - 1:
            self.canvas.renew()
        self.indicators.follow(self.view.series)

    def show(self, onto: QImage) -> None:
        region, self.canvas.dirty = self.canvas.dirty & QRect(0, 0, *SIZE), QRegion()
        if not region.isEmpty():
            # Like a window: what is asked for is painted, the rest stays.
            self.canvas.render(onto, region.boundingRect().topLeft(), region)

    def frame(self) -> None:
        self.read()
        self.canvas.tick()
        self.show(self.screen)

    def anew(self) -> np.ndarray:
        onto = QImage(self.screen.size(), QImage.Format.Format_RGB32)
        onto.setDevicePixelRatio(self.canvas.ratio)
        self.canvas.renew()
        self.canvas.dirty = QRegion()
        self.canvas.render(onto, QPoint())
        return pixels(onto)


def pixels(image: QImage) -> np.ndarray:
    shape = (image.height(), image.width())
    return np.ndarray(shape, np.uint32, image.constBits(), strides=(image.bytesPerLine(), 4)).copy()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(-40, 40)),
        st.tuples(st.just("trade"), st.integers(-2, 2)),
        st.tuples(st.just("bar"), st.just(0)),
        st.tuples(st.just("point"), st.integers(0, 500)),
        st.tuples(st.just("pan"), st.integers(-30, 30)),
        st.tuples(st.just("log"), st.just(0)),
    ),
    min_size=4, max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from([*ChartKind]), indicators=st.sampled_from([(), ("EMA", "RSI"), ("BBANDS", "MACD")]),
    in_view=st.sampled_from([40.0, 160.0, 800.0]), steps=STEPS,
)  # fmt: skip
def test_ticks_over_the_screen_are_the_chart_painted_anew(
    qapp: QApplication, ratio: float, kind: ChartKind, indicators: tuple[str, ...], in_view: float,
    steps: list[tuple[str, int]],
) -> None:  # fmt: skip
    chart = Chart(kind, ratio, indicators, in_view)
    try:
        for name, number in steps:
            if name == "trade":
                chart.market.trade(number, abs(number) + 1)
            elif name == "bar":
                chart.market.next_bar()
            elif name == "point":
                chart.canvas.set_pointer(QPointF(number, number / 2) if number else None)
            elif name == "pan":
                chart.view.pan(number)
                chart.canvas.update()
            elif name == "log":
                chart.view.is_log = not chart.view.is_log
                chart.canvas.renew()
            chart.frame()
            seen = pixels(chart.screen)
            anew = chart.anew()
            assert np.array_equal(seen, anew), (name, number, np.argwhere(seen != anew)[[0, -1]])
    finally:
        chart.indicators.close()
        chart.canvas.deleteLater()
