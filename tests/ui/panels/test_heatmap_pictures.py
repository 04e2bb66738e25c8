"""The heatmap's pictures: what was moved on and mended is, pixel by pixel, what painting everything anew gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtWidgets import QApplication

from terminal.app.views.heatmap import HeatmapView
from terminal.market.rows import BookStatus
from terminal.ui.panels.heatmap.canvas import HeatmapCanvas
from terminal.ui.panels.heatmap.layers import session_tags
from terminal.ui.panels.heatmap.times import Session
from terminal.ui.theme.theme import theme
from tests.app.views.depth_feed import START_NS, STEP_NS, DepthMarket

SIZE = (560, 260)


class Sharp(HeatmapCanvas):
    """A canvas on a screen of another pixel ratio."""

    ratio = 1.0

    def devicePixelRatioF(self) -> float:
        return self.ratio


@dataclass
class Picture:
    """A heatmap of a market, painted into memory."""

    market: DepthMarket
    ratio: float
    now_ns: int = START_NS
    canvas: Sharp = field(init=False)

    def __post_init__(self) -> None:
        self.view = HeatmapView(self.market.as_market())
        self.canvas = Sharp(self.view, theme("dark"))
        self.canvas.ratio = self.ratio
        self.canvas.resize(*SIZE)
        self.view.show(self.market.acme)
        self.canvas.fit_plot()
        self.canvas.session = Session(START_NS + 40 * STEP_NS, START_NS + 300 * STEP_NS)

    def frame(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.view.refresh(now_ns)
        self.canvas.tick()

    def pixels(self) -> np.ndarray:
        width, height = (round(each * self.ratio) for each in (self.canvas.width(), self.canvas.height()))
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(self.ratio)
        self.canvas.render(image)
        found = np.ndarray((height, width), np.uint32, image.constBits(), strides=(image.bytesPerLine(), 4)).copy()
        assert found.any()
        return found


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("walk"), st.integers(1, 40)),
        st.tuples(st.just("walk"), st.integers(1, 3)),
        st.tuples(st.just("gap"), st.integers(1, 60)),
        st.tuples(st.just("print"), st.integers(1, 5000)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("time"), st.integers(-3, 3)),
        st.tuples(st.just("price"), st.integers(-3, 3)),
        st.tuples(st.just("pan"), st.integers(-40, 40)),
        st.tuples(st.just("rows"), st.integers(-4, 4)),
        st.tuples(st.just("freeze"), st.just(0)),
        st.tuples(st.just("live"), st.just(0)),
        st.tuples(st.just("log"), st.just(0)),
        st.tuples(st.just("theme"), st.integers(0, 3)),
        st.tuples(st.just("point"), st.integers(0, 300)),
        st.tuples(st.just("size"), st.integers(0, 40)),
    ),
    min_size=3, max_size=14,
)  # fmt: skip


def act(picture: Picture, name: str, number: int) -> None:
    market, view, window, canvas = picture.market, picture.view, picture.view.window, picture.canvas
    if name == "walk":
        picture.now_ns = market.walk(number, seed=number)
    elif name == "gap":
        first = len(market.depth_history.heads)
        picture.now_ns = market.walk(number + 2, seed=number, gap=range(first, first + number))
    elif name == "print":
        market.prints.add(picture.now_ns, market.acme.id, 1_000_000 + number % 21 * 100 - 1000, number, number % 3 - 1)
    elif name == "wait":
        picture.now_ns += number * STEP_NS
    elif name == "time":
        window.zoom_time(number, 200)
    elif name == "price":
        window.zoom_price(number, 100)
    elif name == "pan":
        view.pan(number, 0)
    elif name == "rows":
        view.pan(0, number)
    elif name == "freeze":
        window.freeze()
    elif name == "live":
        window.go_live()
    elif name == "log":
        view.colours = view.colours.with_log(not view.colours.is_log)
    elif name == "theme":
        canvas.apply_theme(theme("light" if number % 2 else "dark", colour_blind=number > 1))
    elif name == "point":
        canvas.pointer = QPointF(number, number / 2 + 20) if number else None
    elif name == "size":
        canvas.resize(SIZE[0] - number, SIZE[1] - number)
        canvas.fit_plot()


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@settings(max_examples=15, deadline=None)
@given(actions=ACTIONS)
@example(actions=[("time", -3), ("size", 28), ("walk", 1)])  # a step at the left edge
def test_a_mended_picture_is_the_one_painted_anew(
    qapp: QApplication, ratio: float, actions: list[tuple[str, int]]
) -> None:
    market = DepthMarket()
    picture = Picture(market, ratio)
    picture.frame(market.walk(120))
    picture.pixels()
    try:
        for name, number in actions:
            act(picture, name, number)
            picture.frame(picture.now_ns)
            mended = picture.pixels()
            picture.canvas.repaint_whole()
            # The chain of mended pictures goes on from this one, which must be no other.
            anew = picture.pixels()
            assert np.array_equal(mended, anew), (name, number, np.argwhere(mended != anew)[:4])
    finally:
        picture.canvas.deleteLater()


def test_a_chain_of_mended_pictures_does_not_drift(qapp: QApplication) -> None:
    """Many steps without a whole repaint between them."""
    market = DepthMarket()
    picture = Picture(market, 1.0)
    picture.frame(market.walk(300))
    picture.pixels()
    whole_px = SIZE[0] * SIZE[1]
    repainted = []
    for step in range(150):
        gap = range(len(market.depth_history.heads), 10_000) if 60 <= step < 75 else range(0)
        picture.frame(market.walk(1, seed=step, gap=gap))
        picture.pixels()
        repainted.append(picture.canvas._plot.repainted_px)
    mended = picture.pixels()
    picture.canvas.repaint_whole()
    assert np.array_equal(mended, picture.pixels())
    assert np.median(repainted) < whole_px / 5, "only what is new is painted"


def test_nothing_new_asks_for_no_paint(qapp: QApplication) -> None:
    market = DepthMarket()
    picture = Picture(market, 1.0)
    now_ns = market.walk(100)
    for _ in range(40):
        picture.frame(now_ns)
        picture.pixels()
    assert picture.canvas._look().isEmpty()
    market.prints.add(now_ns, market.acme.id, 1_000_000, 700, 1)
    picture.view.refresh(now_ns)
    region = picture.canvas._look()
    geometry = picture.canvas.geometry_now()
    assert region.contains(geometry.plot.center())
    assert region.contains(geometry.volume.center())
    assert not region.contains(geometry.prices.center())
    market.depth_history.add(now_ns + STEP_NS, [(990_000, 5)], [(1_010_000, 7)], BookStatus.OK)
    picture.view.refresh(now_ns + STEP_NS)
    assert picture.canvas._look().contains(geometry.book.center())


def test_a_ratio_between_whole_numbers_keeps_no_picture(qapp: QApplication) -> None:
    """A picture would lie between the screen's pixels, and its texts would be blurred."""
    market = DepthMarket()
    picture, other = Picture(market, 1.5), Picture(market, 1.5)
    now_ns, mended = START_NS, picture.pixels()
    for step in range(10):
        now_ns = market.walk(9, seed=step)
        picture.frame(now_ns)
        mended = picture.pixels()
    for _ in range(10):
        other.frame(now_ns)
    other.view.window.low_row = picture.view.window.low_row
    other.view.window.price_zoom, other.view.colours = picture.view.window.price_zoom, picture.view.colours
    other.frame(now_ns)
    assert np.array_equal(mended, other.pixels())


def test_the_words_of_the_session_are_never_cut(qapp: QApplication) -> None:
    metrics = QFontMetrics(theme("dark").column_font())
    for at in range(40, 200):
        window = SimpleNamespace(width=200, height=90, pixel_at=lambda ts_ns: ts_ns)
        view = cast(HeatmapView, SimpleNamespace(window=window))
        tags = session_tags(view, metrics, Session(at, 1_000))
        assert [word for _, word in tags] == ["Open"], "the close is out of sight"
        assert QRect(0, 0, 200, 90).contains(tags[0][0])
        assert not tags[0][0].contains(at, 80), "the word stands beside its line"
