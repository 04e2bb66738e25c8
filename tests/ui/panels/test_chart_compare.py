"""Comparing on the chart panel: asked for by a key, painted, kept in the workspace."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.core.clock import NS_PER_S
from terminal.ui.panels.chart.drawing_menus import LineEditor
from terminal.ui.panels.chart.panel import ChartPanel
from tests.ui.panels.panel_desk import Bench


def charted(bench: Bench) -> ChartPanel:
    market = bench.market
    for minute in range(60):
        market.trade(market.acme.id, 1_000_000 + minute % 17 * 1_000, 100, after_ns=60 * NS_PER_S)
        market.trade(market.index.id, 50_000_000 + minute * 10_000, 1)
    panel: ChartPanel = bench.make(ChartPanel, 700, 420)
    panel.restore_settings({"frame": "1m"})
    bench.context.links.choose(1, market.acme.id)
    panel.layout().activate()
    bench.frame(2)
    return panel


def test_a_typed_symbol_is_drawn_and_kept(bench: Bench) -> None:
    panel = charted(bench)
    before = panel.canvas.grab().toImage()
    panel.compare()
    editor = panel.canvas.findChild(LineEditor)
    assert editor is not None
    QTest.keyClicks(editor, "simx")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    bench.frame()
    assert panel.compared.symbols() == ["SIMX"]
    assert panel.canvas.grab().toImage() != before
    saved = panel.save_settings()
    panel.comparing.restore(())
    assert panel.compared.symbols() == []
    panel.restore_settings(saved)
    assert panel.compared.symbols() == ["SIMX"]


def test_a_symbol_that_is_not_there_is_said(bench: Bench) -> None:
    panel = charted(bench)
    panel.comparing.add("zzz")
    panel.comparing.add("acme")
    assert bench.shell.said == ["There is no symbol ZZZ to compare with.", "ACME is this chart's own symbol."]
    panel.restore_settings({"compared": ["ACME", "NOPE", 7]})
    assert panel.compared.symbols() == []
