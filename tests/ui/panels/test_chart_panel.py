"""The chart panel: bars, frames, pan and zoom, own orders."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest

from terminal.app.market_port import Rows
from terminal.app.ports import OrderDraft
from terminal.app.views.chart_history import HistoryState
from terminal.core.clock import NS_PER_S
from terminal.core.orders import Fill, OrderType, Side
from terminal.market.rows import BAR_ROW
from terminal.ui.panels.chart.history_layer import HistoryLayer
from terminal.ui.panels.chart.live import time_text
from terminal.ui.panels.chart.panel import ChartPanel
from tests.ui.panels.panel_desk import Bench


def chart(bench: Bench, bars: int = 60) -> ChartPanel:
    for minute in range(bars):
        size = 100 if minute else 1_000
        bench.market.trade(bench.market.acme.id, 1_000_000 + (minute % 7) * 1_000, size, after_ns=60 * NS_PER_S)
    panel: ChartPanel = bench.make(ChartPanel, 800, 400)
    panel.restore_settings({"frame": "1m"})
    bench.context.links.choose(1, bench.market.acme.id)
    panel.layout().activate()
    bench.frame(2)
    return panel


def image(panel: ChartPanel) -> QImage:
    return panel.canvas.grab().toImage()


def test_without_trades_it_says_what_to_wait_for(bench: Bench) -> None:
    panel = bench.make(ChartPanel)
    bench.context.links.choose(1, bench.market.options[0])
    bench.frame()
    assert panel.pages.currentIndex() == 0
    assert "No trades" in panel.empty.sentence.text()


def test_a_tick_repaints_the_last_bar_only(bench: Bench) -> None:
    panel = chart(bench)
    image(panel)
    kept = panel.canvas._pixmap_key
    bench.market.trade(bench.market.acme.id, 1_000_500, 1)
    bench.frame()
    image(panel)
    assert panel.canvas._pixmap_key is kept
    bench.market.trade(bench.market.acme.id, 1_000_500, 1, after_ns=60 * NS_PER_S)
    bench.frame()
    image(panel)
    assert panel.canvas._pixmap_key is not kept


def test_frames_by_key_are_saved(bench: Bench) -> None:
    panel = chart(bench)
    bench.shell.run("chart.frame_5m")
    bench.frame()
    assert len(panel._view.bars) == 13
    assert panel.save_settings()["frame"] == "5m"
    assert panel.buttons.checkedButton().text() == "5m"


def test_pan_zoom_and_back_to_the_newest(bench: Bench) -> None:
    panel = chart(bench)
    QTest.mousePress(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    QTest.mouseMove(panel.canvas, QPoint(302, 100))
    QTest.mouseMove(panel.canvas, QPoint(420, 100))
    QTest.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(420, 100))
    before = panel._view.in_view
    wheel = QWheelEvent(
        QPointF(300, 100), QPointF(300, 100), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    panel.canvas.wheelEvent(wheel)
    assert panel._view.in_view < before
    bench.shell.run("chart.far_left")
    bench.shell.run("chart.far_left")
    assert not panel._view.follows
    assert panel.newest.isVisible()
    bench.shell.run("chart.reset")
    assert panel._view.follows
    assert not panel.newest.isVisible()


def test_own_orders_positions_and_trades_are_drawn(bench: Bench) -> None:
    panel = chart(bench)
    acme, trading = bench.market.acme.id, bench.desk.trading
    plain = image(panel)
    trading.submit(OrderDraft(acme, Side.BUY, 10, OrderType.LIMIT, 1_001_000))
    trading.fills.append(
        Fill("e-1", "o-0", "PAPER", acme, Side.SELL, 5, 1_003_000, 0, bench.market.ts_ns - 60 * NS_PER_S)
    )
    trading.version += 1
    bench.frame()
    assert [(line.px, line.text) for line in panel.order_layer.lines] == [(1_001_000, "BUY 10")]
    assert [mark.side for mark in panel.fill_layer.trades] == [Side.SELL]
    assert image(panel) != plain


def test_the_crosshair_reads_the_bar_under_it(bench: Bench) -> None:
    panel = chart(bench)
    before = image(panel)
    QTest.mouseMove(panel.canvas, QPoint(200, 150))
    assert image(panel) != before
    geometry = panel.canvas.geometry_now()
    place = panel.canvas.place_under(geometry)
    assert abs(geometry.x(place) - 200) <= geometry.bar_width or place == 0
    assert "2026-01-05" in time_text(panel._view, place)


def test_bars_are_exported_with_their_start_in_new_york(bench: Bench) -> None:
    exported = chart(bench, 3).export_rows()
    assert exported is not None
    heads, rows = exported
    assert heads[1:] == ["Open", "High", "Low", "Close", "Volume"]
    assert rows[-1][0] == "2026-01-05 09:33:00"
    assert rows[-1][4] == "100.20"


class _Stored:
    """Ten minutes before those of the market."""

    def bars(self, instrument: int, seconds: int, most: int, *, until_ns: int) -> Rows:
        bars = np.zeros(10, BAR_ROW)
        bars["ts_ns"] = until_ns // (60 * NS_PER_S) * 60 * NS_PER_S - np.arange(20, 10, -1) * 60 * NS_PER_S
        for name in ("open", "high", "low", "close"):
            bars[name] = 1_001_000
        return bars


def test_older_bars_come_when_the_chart_is_panned_to_its_first(bench: Bench) -> None:
    bench.desk.stored_bars = _Stored()
    panel = chart(bench)
    panel.restore_settings({"frame": "5m", "in_view": 10})
    bench.frame()
    assert panel._view.history.state is HistoryState.UNASKED, "the first bar is out of sight"
    panel.pan_far_left()
    bench.frame()
    layer = next(each for each in panel.canvas.layers.above if isinstance(each, HistoryLayer))
    assert panel._view.history._coming is not None
    panel._view.history._coming.result(20)
    bench.frame()
    assert len(panel._view.bars) == 15
    for _ in range(3):
        bench.shell.run("chart.far_left")
    image(panel)
    assert layer.said.startswith("history begins ")
