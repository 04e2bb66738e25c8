"""The strategy builder, driven as a trader drives it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
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


class Held:
    """A question about margin that is not answered until it may be."""

    def __init__(self) -> None:
        self.asked, self.may, self.done = threading.Event(), threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self, trades: object) -> tuple[BuyingPower, BuyingPower]:
        self.thread = threading.current_thread()
        self.asked.set()
        self.may.wait(_PATIENCE_S)
        self.done.set()
        return BuyingPower(0, 0, 0), BuyingPower(0, 0, 0)


def held(bench: Bench) -> tuple[BuilderPanel, Held]:
    """A panel whose worker is in the middle of a reckoning."""
    bench.desk.trading.if_traded = question = Held()  # type: ignore[attr-defined]
    panel = builder(bench)
    type_name(panel, "long call")
    bench.frame()
    assert question.asked.wait(_PATIENCE_S)
    return panel, question


def test_a_panel_that_closes_waits_for_no_reckoning_and_leaves_no_thread(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel, question = held(bench)
    late = threading.Timer(5.0, question.may.set)  # so that one that waits fails here and does not hang
    late.start()
    bench.panels.remove(panel)
    panel.close_panel()
    waited = question.done.is_set()
    late.cancel()
    late.join()
    assert not waited
    question.may.set()
    assert question.thread is not None
    question.thread.join(_PATIENCE_S)
    assert not question.thread.is_alive()


def test_what_was_reckoned_on_the_market_of_now_does_not_appear_in_the_past(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel, question = held(bench)
    before = panel.view._asked
    panel.past_changed(True)
    bench.frame()
    bench.desk.trading.if_traded = None  # type: ignore[attr-defined]
    assert panel.view._asked is not before
    question.may.set()
    assert question.thread is not None
    deadline = time.monotonic() + _PATIENCE_S
    while not panel.view.is_current:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        bench.frame()
        assert panel.view.result is None or panel.view.result.request is not before


def test_an_answer_about_an_older_market_is_old_though_the_chain_is_new(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel = builder(bench)
    type_name(panel, "long call")
    reckoned(bench, panel)
    view = panel.view
    assert view.values is not None
    now_ns = view.values.now_ns
    assert not view.is_old(now_ns)
    view.values = replace(view.values, now_ns=now_ns + 60 * 1_000_000_000)
    assert view.is_old(view.values.now_ns)


def test_units_follow_the_legs_and_not_the_last_frame(chained: tuple[Bench, ChainMarket]) -> None:
    bench, _ = chained
    panel = builder(bench)
    type_name(panel, "long straddle")
    panel.view.set_units(3)
    bench.frame()
    panel.view.put([replace(each, quantity=2) for each in panel.view.legs])
    panel.view.set_units(4)
    assert [each.quantity for each in panel.view.legs] == [4, 4]


def test_legs_on_the_underlying_that_is_shown_are_saved_while_others_still_wait(
    chained: tuple[Bench, ChainMarket],
) -> None:
    bench, market = chained
    panel = builder(bench)
    panel.restore_settings({"underlying": "LATER", "legs": [["LATER", 100]]})
    bench.frame()
    assert panel.save_settings()["underlying"] == "LATER"
    assert panel.add_leg(bench.desk.table.get(market.options[EXPIRIES[0], 104, Right.CALL]), 1)
    assert panel.save_settings()["underlying"] == "ACME"
