"""Indicators on the chart panel: adding, changing, saving, failing alone; typed time frames; shared crosshairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox

from terminal.app.views.chart import ChartKind
from terminal.app.views.chart_indicators import MOST, file_choice, formula_choice, new_choice
from terminal.core.clock import NS_PER_S
from terminal.market.indicators import catalog
from terminal.ui.panels.chart.indicator_picker import IndicatorPicker
from terminal.ui.panels.chart.panel import ChartPanel
from tests.ui.panels.panel_desk import Bench
from tests.ui.panels.test_chart_panel import chart, image


def centre(panel: ChartPanel, place: int) -> QPoint:
    geometry = panel.canvas.geometry_now()
    return QPoint(round(geometry.x(place)), 100)


def spots(panel: ChartPanel) -> dict[str, Any]:
    image(panel)
    return {each.item.choice.title: each for each in panel.canvas._legend.spots}


def test_an_indicator_from_the_picker_is_drawn_changed_and_removed_by_its_name(bench: Bench) -> None:
    panel = chart(bench)
    plain = image(panel)
    bench.shell.run("chart.indicators")
    picker = panel.windows.pick()
    QTest.keyClicks(picker.search, "relative strength")
    assert picker.list.item(0).text().startswith("RSI")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    bench.frame()
    assert [each.choice.title for each in panel.indicators] == ["RSI 14"]
    assert image(panel) != plain
    assert len(panel.canvas.geometry_now().panes) == 1
    spot = spots(panel)["RSI 14"]
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=spot.row.center())
    editor = panel.windows._editor
    assert editor is not None
    period, source = editor.findChild(QSpinBox), editor.findChild(QComboBox)
    assert isinstance(period, QSpinBox)
    assert isinstance(source, QComboBox)
    period.setValue(5)
    source.setCurrentText("hl2")
    bench.frame()
    item = next(iter(panel.indicators))
    assert item.choice.title == "RSI 5 hl2"
    assert item.value(0, 59) is not None
    spot = spots(panel)["RSI 5 hl2"]
    QTest.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=spot.remove.center())
    bench.frame()
    assert not len(panel.indicators)
    assert panel.windows._editor is None


def test_every_indicator_of_the_catalog_can_be_on_a_chart_and_edited(bench: Bench) -> None:
    panel = chart(bench, bars=150)
    for name, spec in catalog.catalog().items():
        item = panel.indicators.add(new_choice(name))
        panel.canvas.renew()
        bench.frame()
        image(panel)
        assert not item.problem, (name, item.problem)
        editor = panel.windows.edit(item, bench.themes.theme)
        for field in editor.findChildren(QDoubleSpinBox):
            field.stepUp()
        assert editor.windowTitle()
        assert len(editor.colours) == len(spec.outputs)
        panel.windows.remove(item)
    assert not len(panel.indicators)


def test_settings_of_this_and_of_older_versions(bench: Bench) -> None:
    panel = chart(bench)
    panel.indicators.add(new_choice("BBANDS"))
    panel.indicators.add(formula_choice("close - open", {"name": "body", "style": "histogram"}))
    panel.indicators.change(next(iter(panel.indicators)), new_choice("MACD"))
    bench.shell.run("chart.log")
    bench.shell.run("chart.kind_heikin_ashi")
    saved = panel.save_settings()
    panel.restore_settings({"frame": "5m", "in_view": 60})
    assert panel.save_settings()["frame"] == "5m"
    assert not len(panel.indicators)
    panel.restore_settings(saved)
    assert panel.save_settings() == saved
    bench.frame()
    image(panel)
    assert panel._view.kind is ChartKind.HEIKIN_ASHI
    assert [each.choice.title for each in panel.indicators] == ["MACD 12 26 9", "body"]
    for broken in (None, 3, [3], [{"id": "NOPE"}], [{"id": "FORMULA", "text": "1 +"}], [{"id": "RSI", "settings": 4}]):
        panel.restore_settings({"frame": "nonsense", "kind": "cubes", "log": "x", "indicators": broken})
        bench.frame()
        image(panel)
    assert any("NOPE" in each for each in bench.shell.said)


def test_there_is_a_most_and_a_picker_says_so(bench: Bench) -> None:
    panel = chart(bench)
    for _ in range(MOST):
        panel.indicators.add(new_choice("SMA"))
    picker = panel.windows.pick()
    picker.chosen.emit(new_choice("SMA"))
    assert any("at most" in each for each in bench.shell.said)
    bench.frame()
    image(panel)


def test_a_formula_is_judged_while_it_is_typed(bench: Bench) -> None:
    panel = chart(bench)
    picker = panel.windows.pick()
    assert isinstance(picker, IndicatorPicker)
    picker.formula.setPlainText("ema(close, 9) - emu(close, 21)")
    assert "column 17" in picker.judgement.text()
    assert not picker.add_formula.isEnabled()
    picker.formula.setPlainText("ema(close, 9) - ema(close, 21)")
    assert picker.judgement.text() == ""
    picker.add_overlay.click()
    bench.frame()
    item = next(iter(panel.indicators))
    assert item.spec.is_overlay
    assert item.choice.title == "ema(close, 9) - ema(close, 21)"
    assert item.value(0, 59) is not None
    editor = panel.windows.edit(item, bench.themes.theme)
    editor.formula.setPlainText("ema(close, ")
    assert "no formula" in editor.said.text()
    editor.formula.setPlainText("close * 2")
    bench.frame()
    assert item.choice.text == "close * 2"


def wait_for(bench: Bench, qtbot: Any, condition: Any) -> None:
    def is_so() -> bool:
        bench.frame()
        return bool(condition())

    qtbot.waitUntil(is_so, timeout=60_000)


def test_an_own_file_that_raises_is_stopped_told_and_tried_again_after_it_was_mended(bench: Bench, qtbot: Any) -> None:
    panel = chart(bench)
    folder: Path = bench.desk.profile.indicators_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.py").write_text("def compute(close):\n    return close / None\n")
    item = panel.indicators.add(file_choice(folder, "mine.py"))
    panel.indicators.add(new_choice("EMA"))
    bench.frame()
    wait_for(bench, qtbot, lambda: bool(item.problem))
    assert "mine.py" in item.problem
    assert not panel.is_quarantined
    assert "mine" in spots(panel)
    editor = panel.windows.edit(item, bench.themes.theme)
    assert "close / None" in editor.details.toPlainText()
    (folder / "mine.py").write_text("TITLE = 'Mended'\ndef compute(close):\n    return close * 2\n")
    editor.try_again.click()
    wait_for(bench, qtbot, lambda: item.value(0, 59) is not None)
    assert item.choice.title == "Mended"
    assert item.value(0, 59) == pytest.approx(2 * panel._view.bars["close"][59] / 10_000)
    (folder / "mine.py").unlink()
    saved = panel.save_settings()
    panel.restore_settings(saved)
    bench.frame()
    assert "cannot be read" in next(iter(panel.indicators)).problem
    assert panel.save_settings()["indicators"][0]["text"] == "mine.py"


def test_a_number_typed_is_a_time_frame(bench: Bench) -> None:
    panel = chart(bench)
    QTest.keyClick(panel.canvas, Qt.Key.Key_3)
    assert panel.entry.isVisible()
    assert panel.entry.words.text() == "3 minutes"
    QTest.keyClicks(panel.entry.edit, "0t")
    assert panel.entry.words.text() == "30 trades"
    QTest.keyClick(panel.entry.edit, Qt.Key.Key_Return)
    bench.frame()
    assert panel._view.frame == "30t"
    assert not panel.entry.isVisible()
    assert panel.head.more.text().startswith("30t")
    QTest.keyClick(panel.canvas, Qt.Key.Key_7)
    QTest.keyClicks(panel.entry.edit, "x")
    QTest.keyClick(panel.entry.edit, Qt.Key.Key_Return)
    assert panel.entry.isVisible()
    assert "no time frame" in panel.entry.words.text()
    QTest.keyClick(panel.entry.edit, Qt.Key.Key_Escape)
    assert not panel.entry.isVisible()
    assert panel._view.frame == "30t"


def test_charts_of_a_link_group_share_the_crosshair(bench: Bench) -> None:
    first, second = chart(bench), bench.make(ChartPanel, 800, 400)
    second.restore_settings({"frame": "5m"})
    second.layout().activate()
    bench.frame(2)
    before = second.canvas.grab().toImage()
    first.canvas.set_pointer(centre(first, 31).toPointF())
    geometry = second.canvas.geometry_now()
    place = second.canvas.crosshair_place(geometry)
    assert place is not None
    moment = int(first._view.bars["ts_ns"][31])
    assert second._view.bars["ts_ns"][place] <= moment < second._view.bars["ts_ns"][place] + 300 * NS_PER_S
    assert second.canvas.grab().toImage() != before
    first.canvas._mouse.leave()
    assert second.canvas.crosshair_place(geometry) is None
    second.set_link_group(2)
    first.canvas.set_pointer(centre(first, 20).toPointF())
    assert second.canvas.crosshair_place(geometry) is None


@pytest.mark.parametrize("kind", list(ChartKind))
def test_the_picture_and_the_newest_bar_together_are_what_one_paint_would_be(bench: Bench, kind: ChartKind) -> None:
    """A chart that has lived through ticks and new bars looks as one that is painted afresh."""
    panel = chart(bench)
    panel.restore_settings({"frame": "1m", "kind": kind.value, "in_view": 40})
    for name in ("EMA", "BBANDS", "MACD", "SAR"):
        panel.indicators.add(new_choice(name))
    bench.frame()
    lived = image(panel)
    for step in range(6):
        bench.market.trade(bench.market.acme.id, 1_002_000 + 300 * step, 30, after_ns=25 * NS_PER_S)
        bench.frame()
        lived = image(panel)
    panel.canvas.renew()
    fresh = image(panel)
    assert lived == fresh


def test_a_narrow_chart_keeps_the_button_of_the_frame_in_use(bench: Bench) -> None:
    panel = chart(bench)
    assert panel.head.minimumSizeHint().width() < 200
    panel.head.resize(1100, 30)
    assert all(button.isVisible() for button in panel.buttons.buttons())
    panel.head.resize(480, 30)
    shown = [button.text() for button in panel.buttons.buttons() if button.isVisible()]
    assert len(shown) < 7
    assert "1m" in shown or panel.head.more.text() == "1m ▾"
    assert {action.data() for action in panel.head.more.menu().actions()} > {"5s", "1d", "100t"}


def test_tab_leaves_the_formula_s_editor(bench: Bench) -> None:
    picker = chart(bench).windows.pick()
    picker.show()
    picker.formula.setPlainText("ema(close, 9)")
    assert picker.formula.tabChangesFocus()
    QTest.keyClick(picker.formula, Qt.Key.Key_Tab)
    assert picker.formula.toPlainText() == "ema(close, 9)"
