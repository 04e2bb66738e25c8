"""The strategy builder, driven as a trader drives it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import cast

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from terminal.app.leg_draft import DraftLeg
from terminal.app.views.builder import SEVERAL_LEGS
from terminal.core.orders import OrderType, Side
from terminal.core.osi import Right
from terminal.market.analytics.service import AnalyticsService
from terminal.risk.margin import BuyingPower
from terminal.ui.panels.builder.panel import BuilderPanel
from tests.ui.panels.builder_market import EXPIRIES, ChainMarket
from tests.ui.panels.panel_desk import Bench

_PATIENCE_S = 120.0


@pytest.fixture
def chained(qapp: QApplication) -> Iterator[tuple[Bench, ChainMarket]]:
    market = ChainMarket()
    bench = Bench(market.market)
    bench.desk.analytics = cast(AnalyticsService, market)
    yield bench, market
    for panel in bench.panels:
        panel.close_panel()


def builder(bench: Bench, width: int = 1080, height: int = 600) -> BuilderPanel:
    panel: BuilderPanel = bench.make(BuilderPanel, width, height)
    bench.context.links.choose(1, bench.market.acme.id)
    panel.activateWindow()
    QApplication.processEvents()
    bench.frame(2)
    return panel


def reckoned(bench: Bench, panel: BuilderPanel) -> None:
    """Frames until the answer for what is there has come."""
    deadline = time.monotonic() + _PATIENCE_S
    bench.frame()
    while not panel.view.is_current:
        assert time.monotonic() < deadline, "the worker never answered"
        time.sleep(0.01)
        bench.frame()
    bench.frame()


def type_name(panel: BuilderPanel, text: str) -> None:
    panel.start_picking()
    QTest.keyClicks(panel.picker.filter, text)
    QTest.keyClick(panel.picker.filter, Qt.Key.Key_Return)


def test_a_typed_name_becomes_legs_with_their_sums(chained: tuple[Bench, ChainMarket]) -> None:
    bench, market = chained
    bench.desk.trading.if_traded = lambda trades: (  # type: ignore[attr-defined]
        BuyingPower(10_000_000, 0, 0), BuyingPower(10_000_000, 10_000 * len(trades), 0),
    )  # fmt: skip
    panel = builder(bench)
    type_name(panel, "iron condor")
    reckoned(bench, panel)
    assert panel.name.text() == "Iron condor"
    assert panel.table.model().rowCount() == 4
    text = panel.summary.text()
    assert "credit" in text
    assert "Max profit +" in text
    assert "Margin 4" in text
    assert "–" not in text.replace("credit", "")
    result = panel.view.result
    assert result is not None
    assert result.outcome is not None
    assert 0.3 < result.outcome.profit_probability < 1.0
    panel.grab()
    assert len(panel.canvas.tags) == 4
    assert market.wanted == {"builder-1": bench.market.acme.id}


def test_strikes_are_dragged_and_stepped(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel = builder(bench)
    type_name(panel, "bull call spread")
    reckoned(bench, panel)
    before = panel.view.rows
    panel.grab()
    high = next(tag for tag in panel.canvas.tags if tag.text.startswith("−"))
    at = panel.canvas.picture_geometry
    assert at is not None
    goal = max(each.leg.strike for each in before) + 4.0
    middle = high.rect.center()
    QTest.mousePress(panel.canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(panel.canvas, QPoint(round(at.x(goal)), middle.y()))
    QTest.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(at.x(goal)), middle.y()))
    reckoned(bench, panel)
    assert panel.view.rows[high.place].leg.strike == goal
    panel.table.choose_key(high.place)
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(panel.table, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    reckoned(bench, panel)
    moved = panel.view.rows[high.place].leg
    assert moved.strike == goal + 2.0
    assert moved.expires_ns > before[high.place].leg.expires_ns
    assert "≈" in panel.summary.text()


def test_keys_flip_add_scale_and_remove(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel = builder(bench)
    type_name(panel, "long straddle")
    reckoned(bench, panel)
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    bench.frame()
    assert panel.name.text() == "Short straddle"
    panel.units.setValue(3)
    bench.frame()
    assert [each.quantity for each in panel.view.legs] == [-3, -3]
    QTest.keyClick(panel.table, Qt.Key.Key_Minus)
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    bench.frame()
    assert [each.quantity for each in panel.view.legs] == [-3]
    QTest.keyClick(panel.table, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    bench.frame()
    assert panel.view.legs == ()
    assert panel.view.result is None


def test_one_leg_goes_to_the_ticket_and_several_never(chained: tuple[Bench, ChainMarket]) -> None:
    bench, market = chained
    panel = builder(bench)
    option = bench.desk.table.get(market.options[EXPIRIES[0], 104, Right.CALL])
    assert panel.add_leg(option, -2)
    bench.frame()
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    draft = bench.context.draft.draft
    assert draft is not None
    assert (draft.instrument, draft.side, draft.quantity, draft.order_type) == (
        option.id, Side.SELL, 2, OrderType.LIMIT,
    )  # fmt: skip
    bench.context.draft.propose(None)
    panel.add_leg(bench.market.acme, 200)
    bench.frame()
    assert panel.name.text() == "Covered call"
    panel.send()
    assert bench.shell.said[-1] == SEVERAL_LEGS
    assert bench.context.draft.draft is None


def test_the_sliders_move_the_chosen_date_and_the_vols(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel = builder(bench)
    type_name(panel, "long straddle")
    reckoned(bench, panel)
    before = panel.view.result
    assert before is not None
    assert before.curves is not None
    panel.scenario.vol.setValue(20)
    reckoned(bench, panel)
    after = panel.view.result
    assert after is not None
    assert after.curves is not None
    assert (after.curves.today > before.curves.today).all()
    assert (after.curves.expiry == before.curves.expiry).all()
    assert panel.scenario.vol_words.text() == "+10.0 pt"
    panel.scenario.reset.click()
    assert panel.view.scenario.vol == 0.0


def test_legs_come_back_with_the_workspace(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel = builder(bench)
    type_name(panel, "call calendar")
    reckoned(bench, panel)
    panel.scenario.date.setValue(80)
    kept, legs = panel.save_settings(), panel.view.legs
    panel.clear()
    bench.frame()
    panel.restore_settings(kept)
    reckoned(bench, panel)
    assert panel.view.legs == legs
    assert panel.view.scenario.part == 0.8
    panel.restore_settings({"underlying": 7, "legs": "?", "scenario": {"part": "x"}, "table": 3})
    bench.frame()
    assert panel.view.legs == legs


def test_what_cannot_be_built_or_valued_is_said(chained: tuple[Bench, ChainMarket]) -> None:
    bench, market = chained
    panel = builder(bench)
    expired = next(
        each for each in bench.desk.table.chain(bench.market.acme.id, date(2026, 1, 5)) if each.option is not None
    )
    bench.context.legs.replace(bench.market.acme.id, [DraftLeg(expired.id, 1)])
    reckoned(bench, panel)
    market.market.quote(bench.market.acme.id, 999_900, 1_000_100, after_ns=7 * 3600 * 1_000_000_000)
    market.reckon()
    time.sleep(0.3)  # a market that moves is not reckoned at once
    reckoned(bench, panel)
    assert panel.view.result is not None
    assert "has expired" in panel.view.result.problem
    assert "Max profit –" in panel.summary.text()
    market.found = None
    panel.view.values = None
    type_name(panel, "long call")
    assert "being reckoned" in bench.shell.said[-1]


def test_a_hidden_panel_asks_for_nothing(chained: tuple[Bench, ChainMarket]) -> None:
    bench, market = chained
    panel = builder(bench)
    assert market.wanted
    panel.hide()
    assert not market.wanted
