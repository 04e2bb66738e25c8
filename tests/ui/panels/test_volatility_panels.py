"""Volatility history, density and calendar: driven by keys and mouse, frame by frame."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from terminal.app.views.plots import Line, Plot, XAxis
from terminal.app.vol_history import VolSeries
from terminal.core.clock import at_ns, from_ns
from terminal.store.events import EventHour, EventKind, MarketEvent
from terminal.store.vol_days import RECORDED
from terminal.ui.panels.calendar.panel import CalendarPanel
from terminal.ui.panels.chart.event_layer import _bar_of
from terminal.ui.panels.chart.panel import ChartPanel
from terminal.ui.panels.density.panel import DensityPanel
from terminal.ui.panels.vol_history.panel import VolHistoryPanel
from terminal.ui.theme.theme import theme
from terminal.ui.widgets.line_plot import LinePlot
from tests.app.views.test_vol_history_view import year
from tests.ui.panels.panel_desk import Bench


def test_keys_change_chart_and_maturity_and_are_kept(bench: Bench, qtbot: QtBot) -> None:
    bench.desk.vol_history.kept["ACME"] = VolSeries("ACME", RECORDED, year())
    panel = bench.make(VolHistoryPanel)
    panel.set_instrument(bench.market.acme.id)
    bench.frame()
    assert panel.plot.shown.lines[0].label == "IV 30d"
    panel.activateWindow()
    panel.plot.setFocus()
    qtbot.waitUntil(panel.plot.hasFocus)
    for key, label in (("5", str(year()["day"][-1])), ("3", "Least"), ("2", "Rank"), ("4", None)):
        QTest.keyClicks(panel.plot, key)
        bench.frame()
        assert not panel.plot.shown.is_empty
        if label is not None:
            assert panel.plot.shown.lines[0].label == label
    QTest.keyClicks(panel.plot, "]")
    bench.frame()
    assert "60d" in panel.plot.shown.lines[0].label
    assert panel.save_settings() == {"chart": "SKEW", "tenor": 60}
    heads, rows = panel.export_rows()
    assert heads[0] == "day"
    assert len(rows) == len(year())


def test_a_history_that_is_being_read_and_one_without_days_say_so(bench: Bench) -> None:
    panel = bench.make(VolHistoryPanel)
    panel.set_instrument(bench.market.acme.id)
    bench.frame()
    assert "being read" in panel.plot.shown.reason
    bench.desk.vol_history.kept["ACME"] = VolSeries("ACME", RECORDED, year(0))
    bench.frame()
    assert "moneyness volatility" in panel.plot.shown.reason


def test_the_crosshair_tells_values_by_mouse_and_by_key_and_a_drag_chooses(qtbot: QtBot) -> None:
    plot = LinePlot(theme("dark"), can_select=True)
    qtbot.addWidget(plot)
    x = np.linspace(90.0, 110.0, 21)
    plot.set_plot(Plot(XAxis.PRICE, (Line("a", x, x * 2.0),)))
    plot.resize(400, 200)
    plot.show()
    qtbot.mouseMove(plot, QPoint(60, 100))
    plot.grab()
    left = plot.hovered
    assert left is not None
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.hovered == pytest.approx(left + 1.0)
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert plot.hovered == 110.0
    found: list[tuple[float, float]] = []
    plot.range_chosen.connect(lambda low, high: found.append((low, high)))
    qtbot.keyClick(plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert found[-1] == (108.0, 110.0)
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.mouseMove(plot, QPoint(300, 100))
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert found[-1][0] < 100.0 < found[-1][1]


def test_density_without_a_chain_says_why(bench: Bench) -> None:
    panel = bench.make(DensityPanel)
    bench.frame()
    assert "Choose an underlying" in panel.plot.shown.reason
    panel.set_instrument(bench.market.acme.id)
    bench.frame()
    assert panel.plot.shown.reason == bench.desk.analytics.why_none(bench.market.acme.id)


def test_the_calendar_shows_what_is_known_filters_and_imports(bench: Bench, qtbot: QtBot, tmp_path: Path) -> None:
    panel = bench.make(CalendarPanel, 900)
    panel.set_instrument(bench.market.acme.id)
    bench.frame()
    assert panel.note.text() == "0 events"
    day = date.fromordinal(date(1970, 1, 1).toordinal() + int(bench.desk.clock.now_ns() // 86_400_000_000_000) + 5)
    path = tmp_path / "mine.csv"
    path.write_text(f"date,kind,symbol,time\n{day},earnings,ACME,amc\n{day},earnings,OTHER,bmo\n{day},magic,ACME,\n")
    panel.take_file(path)
    qtbot.waitUntil(lambda: len(bench.shell.said) >= 2, timeout=10_000)
    assert "2 events from mine.csv, 2 of them new." in bench.shell.said
    assert any("Line 4" in each for each in bench.shell.said)
    # A file that does not tell since when is known from its import on: the market's clock may be before that.
    events = [
        MarketEvent("mine", each, each, EventKind.EARNINGS, day, hour=EventHour.AFTER_CLOSE) for each in ("ACME", "XX")
    ]
    bench.desk.events.store("mine", events, 0)
    bench.frame()
    assert panel.note.text() == "2 events"
    panel.toggle_scope()
    bench.frame()
    assert panel.note.text() == "1 events"
    qtbot.mouseClick(panel.filters[EventKind.EARNINGS], Qt.MouseButton.LeftButton)
    bench.frame()
    assert panel.note.text() == "0 events"
    qtbot.mouseClick(panel.filters[EventKind.EXPIRY], Qt.MouseButton.LeftButton)
    bench.frame()
    assert panel.note.text() != "0 events"


def test_flags_stand_at_the_bar_of_their_event_and_not_before_they_are_known(bench: Bench) -> None:
    panel = bench.make(ChartPanel)
    panel.set_instrument(bench.market.acme.id)
    bench.frame()
    now_ns = bench.desk.clock.now_ns()
    told = {"day": from_ns(now_ns).date(), "at_ns": now_ns}
    today = [MarketEvent("t", "1", "", EventKind.MACRO, title="CPI", **told)]  # type: ignore[arg-type]
    late = [MarketEvent("u", "2", "", EventKind.MACRO, title="GDP", known_ns=now_ns + 1, **told)]  # type: ignore[arg-type]
    layer = next(each for each in panel.canvas.layers.above if type(each).__name__ == "EventLayer")
    bench.desk.events.store("u", late, 0)
    assert layer.flags(panel.canvas.space()) == []
    bench.desk.events.store("t", today, 0)
    bars = panel._view.bars
    assert [kind for _, kind in layer.flags(panel.canvas.space())] == [EventKind.MACRO]
    assert layer.flags(panel.canvas.space())[0][0] == len(bars) - 1
    panel.canvas.grab()


def test_a_flag_stands_on_its_own_day_and_not_before_it_happened() -> None:
    day, before = date(2026, 1, 6), date(2026, 1, 5)
    bars = np.array([at_ns(each, 10, minute) for each in (before, day) for minute in range(60)])
    for now_ns, instant_ns, wanted in (
        (at_ns(day, 11), at_ns(day, 10, 30), 90),
        (at_ns(day, 11), at_ns(day, 16, 30), None),  # to come
        (at_ns(day, 17), at_ns(day, 16, 30), 119),
        (at_ns(day, 17), at_ns(before, 16, 30), 59),
        (at_ns(day, 17), at_ns(day, 8, 30), 60),
    ):
        assert _bar_of(bars, 60, instant_ns, now_ns) == wanted
    assert _bar_of(bars[:60], 60, at_ns(day, 8, 30), at_ns(day, 9)) is None, "no bar of that day yet"


def test_the_chosen_prices_of_a_workspace_outlive_its_start_and_not_another_symbol(bench: Bench) -> None:
    panel = bench.make(DensityPanel)
    panel.restore_settings({"range": [90.0, 110.0]})
    panel.set_instrument(bench.market.acme.id)
    assert panel.save_settings() == {"range": [90.0, 110.0]}
    other = next(row for row in bench.desk.table if row.option is None and row.id != bench.market.acme.id)
    panel.set_instrument(other.id)
    assert panel.save_settings() == {}


def test_a_history_that_did_not_change_is_not_drawn_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.desk.vol_history.kept["ACME"] = VolSeries("ACME", RECORDED, year())
    panel = bench.make(VolHistoryPanel)
    panel.set_instrument(bench.market.acme.id)
    bench.frame()
    drawn: list[Plot] = []
    monkeypatch.setattr(panel.plot, "set_plot", drawn.append)
    now_ns = bench.desk.clock.now_ns()
    monkeypatch.setattr(bench.desk.clock, "now_ns", lambda: now_ns + 10**9)
    panel.refresh(None)  # type: ignore[arg-type]
    assert drawn == []
    panel.show_rank()
    panel.refresh(None)  # type: ignore[arg-type]
    assert len(drawn) == 1
