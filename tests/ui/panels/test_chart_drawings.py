"""Drawing on the chart with the mouse and the keys: what is drawn is kept by symbol, moved, undone and measured."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from terminal.app.drawings.book import DrawingBook
from terminal.app.drawings.shapes import Drawing, Tool
from terminal.core.clock import NS_PER_S
from terminal.ui.panels.chart.drawing_view import SpaceView
from terminal.ui.panels.chart.panel import ChartPanel
from tests.ui.panels.panel_desk import Bench

_NONE = Qt.KeyboardModifier.NoModifier
_LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def chart(bench: Bench) -> ChartPanel:
    market = bench.market
    for minute in range(120):
        market.trade(market.acme.id, 1_000_000 + minute % 17 * 1_000, 100, after_ns=60 * NS_PER_S)
        market.trade(market.options[0], 50_000 + minute % 5 * 1_000, 10)
    panel: ChartPanel = bench.make(ChartPanel, 700, 420)
    panel.restore_settings({"frame": "1m"})
    bench.context.links.choose(1, market.acme.id)
    panel.layout().activate()
    bench.frame(2)
    panel.canvas.grab()
    return panel


def drawings(panel: ChartPanel) -> tuple[Drawing, ...]:
    book: DrawingBook = panel.context.desk.drawings
    return book.of(panel.context.desk.table.get(panel.instrument).symbol)


def drag(
    panel: ChartPanel, start: tuple[int, int], end: tuple[int, int], modifier: Qt.KeyboardModifier = _NONE
) -> None:
    canvas = panel.canvas
    QTest.mousePress(canvas, _LEFT, modifier, QPoint(*start))
    QTest.mouseMove(canvas, QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2))
    QTest.mouseMove(canvas, QPoint(*end))
    QTest.mouseRelease(canvas, _LEFT, modifier, QPoint(*end))


def handle(panel: ChartPanel, anchor: int) -> tuple[int, int]:
    """Where an end of the first drawing stands on the canvas."""
    space = panel.canvas.space()
    assert space is not None
    view, point = SpaceView(space), drawings(panel)[0].anchors[anchor]
    return round(view.x(point.ts_ns)), round(view.y(point.price))


def test_a_tool_draws_once_by_a_drag_or_by_two_clicks(chart: ChartPanel, bench: Bench) -> None:
    chart.draw_trend_line()
    drag(chart, (100, 100), (300, 160))
    assert [each.tool for each in drawings(chart)] == [Tool.TREND_LINE]
    assert chart.drawing.layer.tool is None
    chart.draw_rectangle()
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, 80))
    assert len(drawings(chart)) == 1
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(260, 140))
    assert [each.tool for each in drawings(chart)] == [Tool.TREND_LINE, Tool.RECTANGLE]
    begin, end = drawings(chart)[1].anchors
    assert begin.ts_ns < end.ts_ns
    assert begin.price > end.price
    bench.frame()


def test_without_a_tool_a_drag_pans_the_chart_and_draws_nothing(chart: ChartPanel) -> None:
    before = chart._view.right
    drag(chart, (300, 200), (380, 200))
    assert drawings(chart) == ()
    assert chart._view.right != before


def test_a_drawing_is_moved_whole_and_by_its_end_and_every_step_is_undone(chart: ChartPanel) -> None:
    chart.draw_trend_line()
    drag(chart, (100, 100), (300, 160))
    (drawn,) = drawings(chart)
    drag(chart, (200, 130), (200, 180))
    (lower,) = drawings(chart)
    assert lower.anchors[0].price < drawn.anchors[0].price
    assert lower.anchors[0].price - drawn.anchors[0].price == pytest.approx(
        lower.anchors[1].price - drawn.anchors[1].price, rel=1e-3
    )
    x, y = handle(chart, 1)
    drag(chart, (x, y), (x + 40, y - 60))
    (stretched,) = drawings(chart)
    assert stretched.anchors[0] == lower.anchors[0]
    assert stretched.anchors[1].ts_ns > lower.anchors[1].ts_ns
    chart.undo_drawing()
    assert drawings(chart) == (lower,)
    chart.undo_drawing()
    chart.undo_drawing()
    assert drawings(chart) == ()
    assert not chart.can_undo()
    chart.redo_drawing()
    assert drawings(chart) == (drawn,)


def test_delete_removes_the_selected_drawing_and_escape_drops_the_tool(chart: ChartPanel) -> None:
    chart.draw_horizontal()
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, 120))
    assert len(drawings(chart)) == 1
    QTest.keyClick(chart.canvas, Qt.Key.Key_Delete)
    assert drawings(chart) == ()
    chart.draw_ray()
    QTest.keyClick(chart.canvas, Qt.Key.Key_Escape)
    assert chart.drawing.layer.tool is None
    drag(chart, (100, 100), (300, 160))
    assert drawings(chart) == ()


def test_shift_and_a_drag_measures_and_leaves_nothing_behind(chart: ChartPanel) -> None:
    drag(chart, (100, 160), (300, 100), Qt.KeyboardModifier.ShiftModifier)
    assert drawings(chart) == ()
    assert chart.drawing.layer._measure is not None
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(500, 60))
    assert chart.drawing.layer._measure is None


def test_a_text_is_written_in_place(chart: ChartPanel) -> None:
    chart.draw_text()
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, 120))
    editor = chart.canvas.findChild(QLineEdit)
    assert editor is not None
    QTest.keyClicks(editor, "earnings")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert [each.text for each in drawings(chart)] == ["earnings"]


def test_a_text_that_is_given_up_is_no_drawing(chart: ChartPanel) -> None:
    chart.draw_text()
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, 120))
    editor = chart.canvas.findChild(QLineEdit)
    assert editor is not None
    QTest.keyClicks(editor, "x")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert drawings(chart) == ()


def test_every_symbol_has_its_own_and_another_chart_of_it_shows_the_same(chart: ChartPanel, bench: Bench) -> None:
    chart.draw_horizontal()
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, 120))
    chart.choose(bench.market.options[0])
    assert drawings(chart) == ()
    other = bench.make(ChartPanel)
    other.choose(bench.market.acme.id)
    assert len(drawings(other)) == 1
    assert len(DrawingBook(bench.desk.profile.drawings_dir).of("ACME")) == 1


def test_a_locked_drawing_is_not_moved(chart: ChartPanel) -> None:
    chart.draw_horizontal()
    QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, 120))
    (drawn,) = drawings(chart)
    locked = type(drawn)(drawn.id, drawn.tool, drawn.anchors, is_locked=True)
    chart.drawing.layer.edit(drawn, locked)
    drag(chart, (200, 120), (200, 200))
    assert drawings(chart) == (locked,)


def test_all_are_removed_in_one_step(chart: ChartPanel) -> None:
    for y in (80, 120, 160):
        chart.draw_horizontal()
        QTest.mouseClick(chart.canvas, _LEFT, _NONE, QPoint(200, y))
    chart.remove_drawings()
    assert drawings(chart) == ()
    chart.undo_drawing()
    assert len(drawings(chart)) == 3


def test_what_is_drawn_is_painted(chart: ChartPanel) -> None:
    """Each tool leaves its colour on the canvas."""
    before = chart.canvas.grab().toImage()
    tools = (
        chart.draw_trend_line, chart.draw_ray, chart.draw_rectangle, chart.draw_fibonacci, chart.draw_measure,
    )  # fmt: skip
    for number, take in enumerate(tools):
        take()
        drag(chart, (60 + 100 * number, 90), (140 + 100 * number, 190))
        now = chart.canvas.grab().toImage()
        assert now != before
        before = now
    assert len(drawings(chart)) == len(tools)
    chart.hide_drawings()
    assert chart.canvas.grab().toImage() != before
