"""The meter's panel, its overlay and its sampler: measured while somebody looks, and not a moment longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from terminal.ui.bridge.frame_clock import FrameClock, Pulse
from terminal.ui.bridge.meter_sampler import MeterSampler
from terminal.ui.bridge.panel_costs import REST, PanelCosts, owner_of
from terminal.ui.bridge.watchdog import StallWatchdog
from terminal.ui.panels.meter.panel import MeterPanel
from terminal.ui.shell.meter_hud import MeterHud
from terminal.ui.theme.theme import theme
from tests.app.readings import SmallMeter
from tests.ui.panels.panel_desk import Bench


class Painted(QWidget):
    """Stands for a panel."""

    panel_id = "painted-1"


@pytest.fixture
def clock(qapp: QApplication) -> FrameClock:
    return FrameClock(lambda: Pulse(0, 0, 0, 0))


def make_sampler(clock: FrameClock, panels: Callable[[], dict[str, QWidget]] = dict) -> tuple[MeterSampler, SmallMeter]:
    meter = SmallMeter()
    return MeterSampler(meter, clock, StallWatchdog(), panels), meter


def test_paints_are_booked_to_their_panel_only_while_they_are_watched(qtbot: QtBot, clock: FrameClock) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    panel = Painted(window)
    panel.setParent(window)
    child = QWidget(panel)
    for each in (window, panel, child):
        each.resize(100, 100)
    window.show()
    QApplication.processEvents()
    costs = PanelCosts()
    assert (owner_of(child), owner_of(window), owner_of(clock)) == ("painted-1", REST, REST)
    costs.refreshed("painted-1", 2_000_000)
    child.repaint()
    costs.frame_painted()
    (row,) = costs.rows()
    assert (row.panel, row.refresh_p50_ms, row.paint_p50_ms) == ("painted-1", 2.0, None)
    costs.watch({"painted-1": panel})
    child.repaint()
    costs.frame_painted()
    (row,) = costs.rows()
    assert row.paint_p50_ms is not None
    assert row.paint_p50_ms >= 0
    assert row.share > 0
    assert costs.rows() == [], "nothing has happened since"
    child.deleteLater()
    QApplication.processEvents()
    costs.watch({"painted-1": panel})
    costs.unwatch()
    assert not costs.is_watching


def test_readings_are_shared_and_end_when_nobody_looks(
    qtbot: QtBot, clock: FrameClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    panel = Painted()
    qtbot.addWidget(panel)
    sampler, meter = make_sampler(clock, lambda: {"painted-1": panel})
    assert (sampler.rests, clock.costs.is_watching) == (True, False)
    first = sampler.sample()
    assert sampler.sample() is first
    assert (meter.asked, clock.costs.is_watching) == (1, True)
    now[0] += 0.5
    sampler.sample()
    assert meter.asked == 2
    assert len(sampler.history.series("messages")) == 2
    now[0] += 1.0
    sampler.look()
    assert not sampler.rests
    now[0] += 2.0
    sampler.look()
    assert (sampler.rests, clock.costs.is_watching) == (True, False)


def test_the_overlay_takes_neither_clicks_nor_focus_and_costs_nothing_hidden(qtbot: QtBot, clock: FrameClock) -> None:
    window = QWidget()
    window.resize(1280, 800)
    below = QWidget(window)
    below.setGeometry(0, 0, 1280, 800)
    qtbot.addWidget(window)
    sampler, meter = make_sampler(clock)
    hud = MeterHud(sampler, theme("dark"), window)
    clock.add(hud)
    window.show()
    clock.tick()
    assert meter.asked == 0
    hud.toggle()
    clock.tick()
    assert meter.asked == 1
    assert "msgs 98,765 /s" in hud.text()
    assert window.rect().contains(hud.geometry())
    assert window.childAt(hud.geometry().center()) is below
    assert hud.focusPolicy() == Qt.FocusPolicy.NoFocus
    picture = hud.grab().toImage()
    assert picture.pixelColor(QPoint(picture.width() // 2, 3)).alpha() > 0
    hud.set_theme(theme("light"))
    hud.toggle()
    assert not hud.isVisible()


@pytest.mark.parametrize("size", [(1000, 150), (300, 600)])
def test_the_panel_shows_tiles_costs_and_stalls(bench: Bench, size: tuple[int, int]) -> None:
    sampler, meter = make_sampler(bench.frame_clock)
    bench.context = replace(bench.context, meter=sampler)
    panel = bench.make(MeterPanel, *size)
    bench.frame(2)
    assert meter.asked == 1
    assert "Feed to state 8.2 ms" in panel.tiles.accessibleDescription()
    heads, rows = panel.export_rows()
    assert (heads[0], rows[0][0]) == ("Panel", "meter-1")
    assert "every frame came in time" in panel.stalls.toPlainText()
    assert panel.tiles.width() > 0
    panel.grab()
