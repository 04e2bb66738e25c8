"""The heatmap panel: what the mouse and the keys do, what it says when there is nothing, what is painted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from terminal.app.ports import DeskMode
from terminal.market.rows import BookStatus
from terminal.ui.panels.heatmap.colour_menu import ColourMenu
from terminal.ui.panels.heatmap.palette import heat_colours
from terminal.ui.panels.heatmap.panel import HeatmapPanel
from terminal.ui.theme.theme import theme
from terminal.ui.theme.tokens import contrast
from tests.app.views.depth_feed import START_NS, STEP_NS, TICK, DepthMarket
from tests.ui.panels.panel_desk import Bench


class Deep:
    """A heatmap panel on a market of sampled books."""

    def __init__(self, bench: Bench, samples: int = 400, gap: range = range(0)) -> None:
        self.bench, self.market = bench, DepthMarket()
        bench.desk.market, bench.desk.table = self.market, self.market.table
        self.now_ns = self.market.walk(samples, gap=gap) if samples else START_NS
        bench.market.ts_ns = self.now_ns
        self.panel: HeatmapPanel = bench.make(HeatmapPanel, 700, 420)
        bench.context.links.choose(1, self.market.acme.id)
        self.panel.layout().activate()
        bench.frame(2)
        self.view = self.panel.view
        self.canvas = self.panel.canvas

    def walk(self, samples: int) -> None:
        self.now_ns = self.bench.market.ts_ns = self.market.walk(samples, seed=samples)
        self.bench.frame()

    def picture(self) -> QImage:
        return self.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


@pytest.fixture
def deep(bench: Bench) -> Deep:
    return Deep(bench)


def wheel(canvas: Any, at: QPoint, turn: int, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(canvas.mapToGlobal(at)), QPoint(), QPoint(0, 120 * turn), Qt.MouseButton.NoButton, held,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def channels(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def drag(canvas: Any, start: QPoint, by: QPoint) -> None:
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    for part in (1, 2, 3):
        QTest.mouseMove(canvas, start + by * part / 3)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + by)


def test_every_pixel_of_the_plot_is_the_colour_of_its_cell(deep: Deep) -> None:
    deep.market.prints.rows.clear()
    deep.bench.desk.day.open_ns = 0
    deep.bench.frame()
    view, plot, window = deep.view, deep.canvas.geometry_now().plot, deep.view.window
    picture, colours = deep.picture(), heat_colours(deep.bench.context.theme)
    bids, asks, _, _ = view.best()
    chance = np.random.default_rng(1)
    looked = 0
    for _ in range(400):
        x, y = int(chance.integers(0, plot.width())), int(chance.integers(20, plot.height()))
        spot, place = view.spot(x, y), view.colours.place(view.spot(x, y).most)
        column = window.column_at(x) - (window.end_column - window.columns)
        near = any(abs(window.y_at(int(px[column])) - y) < window.price_zoom.row_px + 2 for px in (bids, asks))
        if near or spot.most == 0 or view.trades.trades.size:
            continue
        wanted = QColor.fromRgb(int(colours[1 + int(place * 255)]))
        got = picture.pixelColor(plot.left() + x, plot.top() + y)
        # A faint grid lies over it.
        assert max(abs(a - b) for a, b in zip(channels(wanted), channels(got), strict=True)) < 40
        looked += 1
    assert looked > 50


def test_a_gap_is_hatched_and_never_the_colour_of_no_size(bench: Bench) -> None:
    deep = Deep(bench, 400, gap=range(300, 340))
    window, plot, picture = deep.view.window, deep.canvas.geometry_now().plot, deep.picture()
    ground = deep.bench.context.theme.colour("bg0")
    x = plot.left() + int(window.x_at(START_NS + 320 * STEP_NS))
    column = [picture.pixelColor(x, y) for y in range(plot.top() + 30, plot.bottom() - 20)]
    assert ground not in column
    assert len({colour.name() for colour in column}) > 1, "hatched"


def test_freeze_keeps_the_picture_while_the_market_goes_on(deep: Deep) -> None:
    QTest.keyClick(deep.canvas, Qt.Key.Key_F)
    assert deep.view.window.is_frozen
    before = deep.view.window.end_column
    deep.walk(40)
    assert deep.view.window.end_column == before
    assert deep.view.window.behind_ns == 40 * STEP_NS
    QTest.keyClick(deep.canvas, Qt.Key.Key_Space)
    deep.bench.frame()
    assert not deep.view.window.is_frozen
    assert deep.bench.shell.ran == ["heatmap.freeze", "heatmap.freeze"]


def test_a_drag_scrolls_back_and_a_double_click_returns(deep: Deep) -> None:
    plot, window = deep.canvas.geometry_now().plot, deep.view.window
    end, low = window.end_column, window.low_row
    drag(deep.canvas, plot.center(), QPoint(90, 60))
    assert end - window.end_column == 90 // window.time_zoom.column_px
    assert window.low_row - low == 60 // window.price_zoom.row_px
    assert not window.is_dragged
    deep.walk(3)
    assert window.is_frozen
    QTest.mouseDClick(deep.canvas, Qt.MouseButton.LeftButton, pos=plot.center())
    for _ in range(30):
        deep.bench.frame()
    assert not window.is_frozen
    assert window.follows_price


def test_prices_stand_still_under_a_drag(deep: Deep) -> None:
    plot, window = deep.canvas.geometry_now().plot, deep.view.window
    QTest.mousePress(deep.canvas, Qt.MouseButton.LeftButton, pos=plot.center())
    low = window.low_row
    far = 20_000 * TICK
    deep.market.depth_history.add(deep.now_ns + STEP_NS, [(far - TICK, 5)], [(far + TICK, 7)])
    deep.bench.market.ts_ns = deep.now_ns + STEP_NS
    deep.bench.frame(5)
    assert window.low_row == low
    QTest.mouseRelease(deep.canvas, Qt.MouseButton.LeftButton, pos=plot.center())
    deep.bench.frame(5)
    assert window.low_row != low


def test_the_wheel_zooms_time_and_with_control_prices(deep: Deep) -> None:
    plot, window = deep.canvas.geometry_now().plot, deep.view.window
    time, price = window.time_zoom, window.price_zoom
    wheel(deep.canvas, plot.center(), -1)
    assert window.time_zoom.steps / window.time_zoom.column_px > time.steps / time.column_px
    wheel(deep.canvas, plot.center(), 1, Qt.KeyboardModifier.ControlModifier)
    assert window.price_zoom.ticks / window.price_zoom.row_px < price.ticks / price.row_px
    wheel(deep.canvas, plot.center(), 1, Qt.KeyboardModifier.ShiftModifier)
    assert window.is_frozen, "scrolled back"
    bar = deep.canvas.geometry_now().colour_bar
    high = deep.view.colours.high
    wheel(deep.canvas, bar.center(), 1)
    assert deep.view.colours.high > high
    assert deep.view.colours.percentile is None


def test_keys_and_commands_reach_the_picture(deep: Deep) -> None:
    window = deep.view.window
    low = window.low_row
    QTest.keyClick(deep.canvas, Qt.Key.Key_Up)
    assert window.low_row > low
    QTest.keyClick(deep.canvas, Qt.Key.Key_C)
    for _ in range(30):
        deep.bench.frame()
    assert abs(window.low_row - low) <= 1
    QTest.keyClick(deep.canvas, Qt.Key.Key_Left)
    assert window.is_frozen
    QTest.keyClick(deep.canvas, Qt.Key.Key_End)
    assert not window.is_frozen
    deep.bench.shell.run("heatmap.scale")
    assert deep.view.colours.is_log
    deep.bench.shell.run("heatmap.hold_range")
    assert deep.view.colours.percentile is None
    deep.bench.frame()


def test_settings_come_back_and_nonsense_is_ignored(deep: Deep, bench: Bench) -> None:
    wheel(deep.canvas, deep.canvas.geometry_now().plot.center(), -1)
    deep.view.colours = deep.view.colours.fixed(10, 500)
    saved = deep.panel.save_settings()
    other = HeatmapPanel(bench.context, "heatmap-2")
    other.restore_settings(saved)
    assert other.save_settings() == saved
    for bad in (
        {"time_zoom": 999, "range": "x", "percentile": None},
        {"range": [5, 5], "percentile": None},
        {"log": 3},
    ):
        other.restore_settings(bad)
    assert not other.view.colours.is_log
    other.close_panel()


def test_the_colour_menu_sets_the_range_and_refuses_none(deep: Deep) -> None:
    menu = ColourMenu(deep.view.colours, deep.market.acme, deep.panel)
    wanted: list[Any] = []
    menu.chosen.connect(wanted.append)
    menu.least.setText("900")
    menu.most.setText("100")
    QTest.keyClick(menu.most, Qt.Key.Key_Return)
    assert wanted == []
    assert "greater" in menu.most.toolTip()
    menu.most.setText("4000")
    QTest.keyClick(menu.most, Qt.Key.Key_Return)
    assert (wanted[0].low, wanted[0].high, wanted[0].percentile) == (900, 4000, None)
    menu.deleteLater()


def test_without_depth_it_says_so_in_a_sentence(bench: Bench) -> None:
    deep = Deep(bench, samples=0)
    assert deep.panel.pages.currentWidget() is deep.panel.empty
    assert deep.panel.empty.sentence.text().startswith("No depth for ACME:")
    deep.market.depth_history.add(START_NS, [(999_900, 5)], [(1_000_100, 7)], BookStatus.OK)
    bench.frame()
    assert deep.panel.pages.currentWidget() is deep.canvas


@pytest.mark.parametrize("colour_blind", [False, True])
def test_bars_of_the_book_end_in_their_own_colour_in_every_palette(deep: Deep, colour_blind: bool) -> None:
    deep.bench.themes.choose(colour_blind=colour_blind)
    deep.bench.frame()
    rect, picture = deep.canvas.geometry_now().book, deep.picture()
    seen = {channels(picture.pixelColor(x, y)) for x in range(rect.left() + 3, rect.right())
            for y in range(rect.top() + 20, rect.bottom())}  # fmt: skip
    for token in ("bid", "ask"):
        assert channels(deep.bench.context.theme.colour(token)) in seen
    deep.bench.themes.choose(colour_blind=False)


def test_a_replay_without_books_says_that_its_data_has_none(bench: Bench) -> None:
    bench.desk.mode = DeskMode.REPLAY
    deep = Deep(bench, samples=0)
    said = deep.panel.empty.sentence.text()
    assert said.startswith("This data has no depth for ACME so far")
    assert "replay a recording with books" in said
    deep.market.walk(3)
    bench.frame()
    assert deep.panel.pages.currentWidget() is deep.canvas


@pytest.mark.parametrize("size", [(200, 120), (280, 160), (400, 260), (900, 500), (1600, 900)])
@pytest.mark.parametrize("name", ["dark", "light"])
def test_it_paints_at_any_size_in_both_themes(deep: Deep, size: tuple[int, int], name: str) -> None:
    deep.bench.themes.choose(name)
    deep.panel.resize(*size)
    deep.panel.layout().activate()
    deep.bench.frame(2)
    for zoom in (-20, 7, 7, 7, 7, 40):
        deep.view.window.zoom_time(zoom, 10)
        deep.view.window.zoom_price(zoom, 10)
        deep.canvas.pointer = QPointF(size[0] / 3, size[1] / 2)
        deep.bench.frame()
        assert not deep.picture().isNull()
    deep.bench.themes.choose("dark")


def test_nothing_is_read_while_it_is_hidden(deep: Deep) -> None:
    deep.panel.hide()
    count = deep.view.samples.count
    deep.walk(20)
    assert deep.view.samples.count == count
    deep.panel.show()
    deep.bench.frame()
    assert deep.view.samples.count == count + 20


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_heat_goes_one_way_from_the_ground(name: str) -> None:
    stops = theme(name).tokens.heat
    ground = theme(name).tokens.bg0
    against = [contrast(stop, ground) for stop in stops]
    assert against == sorted(against)
    assert against[-1] > 10


def test_a_recorded_frame_says_which_market_it_shows(deep: Deep) -> None:
    deep.picture()
    facts, view = deep.panel.frame_facts(), deep.view
    assert (facts["status"], facts["doubt"], facts["sequence"]) == ("OK", "", 7)
    assert 0 < facts["ask_px"] - facts["bid_px"] <= 10 * TICK
    assert len(facts["columns"]) == view.window.columns
    for _ in range(5):
        before = int(view.samples.ts_ns[-1]) // view.window.column_ns
        deep.walk(20)
        deep.picture()
        facts = deep.panel.frame_facts()
        assert facts["bid_px"] < facts["ask_px"]
        # What is new since then, and the column that was still growing.
        assert len(facts["columns"]) == view.window.end_column - before
        for ts_ns, bid_px, ask_px in facts["columns"]:
            at = view.samples.at(ts_ns)
            assert int(view.samples.ts_ns[at]) == ts_ns
            assert (bid_px, ask_px) == tuple(view.samples.px[at, :, 0])
    deep.picture()
    assert len(deep.panel.frame_facts()["columns"]) == 1
