"""The option flow panel: real trades, keys and clicks, and what stands on the screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from terminal.app.views.flow import KEYS
from terminal.core.messages import Flag
from terminal.market.flow.exposure import Exposure, Holding
from terminal.ui.panels.flow.panel import FlowPanel
from tests.ui.panels.panel_desk import Bench

BUY, SELL = int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR)


def flow(bench: Bench, width: int = 900, height: int = 400) -> FlowPanel:
    panel: FlowPanel = bench.make(FlowPanel, width, height)
    bench.context.links.choose(1, bench.market.acme.id)
    panel.layout().activate()
    panel.filters.show_filter({"what": "every"})
    again(bench)
    return panel


def again(bench: Bench) -> None:
    bench.desk.flow.look()
    for panel in bench.panels:
        panel._again()  # type: ignore[attr-defined]
    bench.frame(2)


def trade(bench: Bench, place: int, size: int, *, flags: int = 0, after_ns: int = 400_000_000) -> None:
    """At the ask of 1.00 at 1.10."""
    contract = bench.market.options[place]
    bench.market.quote(contract, 10_000, 11_000, after_ns=after_ns)
    bench.market.trade(contract, 11_000, size, flags=flags)


def column(panel: FlowPanel, name: str) -> list[str]:
    model = panel.table.table_model
    return model.texts[model.place_of[name]]


def test_orders_stand_on_the_tape_newest_first_with_their_estimated_side(bench: Bench) -> None:
    panel = flow(bench)
    assert panel.table.table_model.keys == []
    trade(bench, 0, 5)
    trade(bench, 3, 300, flags=SELL)
    again(bench)
    assert column(panel, "size") == ["300", "5"]
    assert column(panel, "side") == ["▼ A", "△ A"]
    assert "BLOCK" in column(panel, "marks")[0]
    heads = [each.head for each in panel.table.table_model.columns]
    assert "Side est." in heads
    assert [each.key for each in panel.table.table_model.columns] == list(KEYS)
    assert "All put/call" in panel.head.ratios.text()


def test_space_pauses_without_losing_an_order(bench: Bench) -> None:
    panel = flow(bench)
    trade(bench, 0, 5)
    again(bench)
    bench.shell.run("flow.pause")
    trade(bench, 1, 7)
    again(bench)
    assert column(panel, "size") == ["5"]
    assert "Paused: 1 new" in panel.note.text()
    bench.shell.run("flow.pause")
    again(bench)
    assert column(panel, "size") == ["7", "5"]


def test_a_click_on_a_row_chooses_the_contract_in_the_group(bench: Bench) -> None:
    panel = flow(bench)
    trade(bench, 2, 5)
    again(bench)
    where = panel.table.visualRect(panel.table.table_model.index(0, 0)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert bench.context.links.instrument(1) == bench.market.options[2]
    assert panel.subtitle() == "ACME"


def test_filters_hide_and_are_saved_by_name(bench: Bench) -> None:
    panel = flow(bench)
    trade(bench, 0, 5)
    trade(bench, 1, 60)
    again(bench)
    box = panel.filters.boxes["size"]
    box.setCurrentIndex(box.findData("50"))
    again(bench)
    assert column(panel, "size") == ["60"]
    panel.name_filter()
    QTest.keyClicks(panel.filters.names, "fifty")
    QTest.keyClick(panel.filters.names, Qt.Key.Key_Return)
    assert bench.desk.flow_filters.of("fifty")["size"] == "50"
    panel.filters.show_filter({"what": "every"})
    panel.filters.names.setCurrentIndex(0)
    panel.filters.names.activated.emit(0)
    assert panel.filters.chosen()["size"] == "50"
    settings = panel.save_settings()
    other = flow(bench)
    other.restore_settings(settings)
    assert other.filters.chosen() == panel.filters.chosen()
    panel.remove_filter()
    assert bench.desk.flow_filters.names() == []


def test_keys_go_through_views_measures_and_assumptions(bench: Bench) -> None:
    panel = flow(bench)
    trade(bench, 0, 5)
    again(bench)
    for name, page in (("map", 1), ("exposure", 2), ("tape", 0)):
        bench.shell.run(f"flow.{name}")
        again(bench)
        assert panel.pages.currentIndex() == page
        assert panel.head.views.checkedId() == page
    for name in ("measure", "holding", "alerts"):
        bench.shell.run(f"flow.{name}")
    assert (panel.measure.currentData(), panel.holding.currentData()) == ("vanna", "CALLS_BOUGHT")
    assert not bench.desk.flow_alerts.is_on


def test_the_heatmap_says_its_trades(bench: Bench) -> None:
    panel = flow(bench)
    trade(bench, 2, 5)
    trade(bench, 4, 9)
    again(bench)
    panel.show_map()
    again(bench)
    shown = panel.map._map
    assert shown is not None
    assert shown.volume.sum() == 14
    room = panel.map._room()
    cell = panel.map.cell_at(QPoint(room.left() + 1, room.top() + 1))
    assert cell == (len(shown.strikes) - 1, 0)
    assert "9 contracts" in shown.said(*cell)
    assert not panel.map.grab().isNull()


def test_the_exposure_names_its_assumption_and_without_greeks_says_why(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = flow(bench)
    panel.show_exposure()
    again(bench)
    assert panel.bars._rows is None
    assert "made ready" in panel.bars._note
    strikes = np.arange(90.0, 111.0)
    values = np.vstack((strikes * 1e4, -strikes * 2e4))
    found = Exposure(0, Holding.CALLS_SOLD, bench.market.ts_ns, 100.0, strikes, values, values, values, 97.5, 42, 0)
    monkeypatch.setattr(bench.desk.flow, "exposure", lambda underlying, holding: found)
    panel._again()
    again(bench)
    assert "customers sold calls" in panel.assumed.text()
    assert "flip at 97.50" in panel.flip.text()
    assert panel.bars._rows is not None
    picture = panel.bars.grab().toImage()
    theme = bench.context.theme
    colours = {
        picture.pixelColor(x, y).name() for x in range(0, picture.width(), 2) for y in range(0, picture.height(), 2)
    }
    assert {theme.colour("up").name(), theme.colour("down").name(), theme.colour("accent").name()} <= colours


def test_the_export_holds_every_order_that_passes(bench: Bench) -> None:
    panel = flow(bench)
    for size in range(1, 80):
        trade(bench, 0, size)
    again(bench)
    exported: Any = panel.export_rows()
    heads, rows = exported
    assert len(rows) == 79
    assert len(column(panel, "size")) < 79
    assert rows[0][heads.index("Size")] == "79"
    assert heads[2] == "Contract"
