"""Watchlist, orders, positions, log and health on a real desk's parts."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from terminal.app.ports import HealthRow, HealthState, OrderDraft
from terminal.core.orders import Effect, OrderState, OrderType, Side
from terminal.ui.panels.health import HealthPanel
from terminal.ui.panels.log import LogPanel
from terminal.ui.panels.orders import OrdersPanel
from terminal.ui.panels.positions import PositionsPanel
from terminal.ui.panels.watchlist.panel import WatchlistPanel
from terminal.ui.widgets.table import DataTable
from tests.ui.panels.panel_desk import Bench


@dataclass
class Position:
    """A position as the book of record shows it."""

    instrument: int
    quantity: int
    average_px: int = 990_000
    mark_px: int | None = 1_000_000
    liquidation_px: int | None = 999_900
    one_sided: bool = False
    unrealised_e4: int | None = 1_000_000
    realised_e4: int = -500_000
    day_pnl_e4: int | None = 500_000


def texts(table: DataTable, key: object) -> dict[str, str]:
    model = table.table_model
    row = model.row_of(key)  # type: ignore[arg-type]
    assert row is not None
    return {column.key: model.texts[place][row] for place, column in enumerate(model.columns)}


def test_watchlist_starts_with_every_underlying_and_shows_their_numbers(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel, 1000)
    bench.frame()
    acme = texts(panel.table, bench.market.acme.id)
    assert acme["last"] == "100.00"
    assert acme["change"] == "▲ +1.00"
    assert acme["change_pct"] == "+1.01%"
    assert acme["spread"] == "0.02"
    assert texts(panel.table, bench.market.index.id)["bid"] == "–"


def test_choosing_a_row_moves_the_link_group_and_the_group_marks_the_row(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel)
    bench.frame()
    panel.table.row_chosen.emit(bench.market.index.id)
    assert bench.context.links.instrument(1) == bench.market.index.id
    bench.context.links.choose(1, bench.market.acme.id)
    assert panel.table.chosen_key() == bench.market.acme.id


def test_symbols_are_added_removed_and_remembered_across_markets(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel)
    panel.restore_settings({"symbols": ["ACME", "ELSEWHERE"], "table": "not a state"})
    bench.frame()
    assert panel.table.table_model.keys == [bench.market.acme.id]
    panel.adder.setText("simx")
    QTest.keyClick(panel.adder, Qt.Key.Key_Return)
    panel.adder.setText("NOPE")
    QTest.keyClick(panel.adder, Qt.Key.Key_Return)
    assert "NOPE" in bench.shell.said[-1]
    bench.frame()
    assert panel.save_settings()["symbols"] == ["ACME", "SIMX", "ELSEWHERE"]
    panel.table.choose_key(bench.market.acme.id)
    bench.shell.run("watchlist.down")
    bench.frame()
    assert panel.table.table_model.keys == [bench.market.index.id, bench.market.acme.id]
    bench.shell.run("watchlist.remove")
    bench.frame()
    assert panel.table.table_model.keys == [bench.market.index.id]


def test_narrow_watchlist_hides_what_matters_least_and_never_half_a_market(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel, 250)
    bench.frame()
    for width in (180, 250, 290, 400, 1200):
        panel.resize(width, 300)
        panel.layout().activate()
        bench.frame()
        columns = panel.table.table_model.columns
        shown = {columns[place].key for place in panel.table.visible_columns()}
        assert "last" in shown
        assert ("bid" in shown) == ("ask" in shown)
        total = sum(panel.table.columnWidth(place) for place in panel.table.visible_columns())
        assert total <= panel.table.viewport().width() or len(shown) == 1


def test_a_watchlist_of_a_small_screen_has_both_sides_and_a_narrower_one_wastes_no_room(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel, 288)
    bench.frame()
    seen = []
    for width in (288, 250):
        panel.resize(width, 300)
        panel.layout().activate()
        bench.frame()
        columns = panel.table.table_model.columns
        seen.append([columns[place].key for place in panel.table.visible_columns()])
    assert seen == [["symbol", "last", "change_pct", "bid", "ask"], ["symbol", "last", "change_pct", "trend"]]


def test_a_hidden_column_of_a_person_stays_hidden(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel, 1200)
    bench.frame()
    place = panel.table.table_model.place_of["volume"]
    panel.table.setColumnHidden(place, True)
    panel.resize(1300, 300)
    panel.table.viewport().resize(1290, 200)
    saved = panel.save_settings()
    assert "volume" in saved["table"]["hidden"]
    other = WatchlistPanel(bench.context, "watchlist-2")
    other.restore_settings(saved)
    other.resize(1400, 300)
    assert other.table.isColumnHidden(place)
    other.close_panel()


def test_orders_are_in_words_newest_first_and_the_key_cancels_the_chosen_one(bench: Bench) -> None:
    trading = bench.desk.trading
    first = trading.submit(OrderDraft(bench.market.acme.id, Side.BUY, 10, OrderType.LIMIT, 999_900))
    second = trading.submit(OrderDraft(bench.market.options[0], Side.SELL, 1, OrderType.MARKET, effect=Effect.OPEN))
    trading.orders[1].state, trading.orders[1].reason = OrderState.DENIED, "The account is not armed; arm it first."
    panel = bench.make(OrdersPanel, 1200)
    bench.frame()
    assert panel.table.table_model.keys == [second, first]
    shown = texts(panel.table, second)
    assert shown["action"] == "STO"
    assert shown["state"] == "denied: The account is not armed; arm it first."
    assert panel.counts.text() == "1 working, 1 refused"
    panel.table.choose_key(second)
    assert not panel.can_cancel()
    assert not bench.shell.run("orders.cancel")
    panel.table.choose_key(first)
    assert bench.shell.run("orders.cancel")
    assert trading.cancelled == [first]
    bench.frame()
    assert texts(panel.table, first)["state"] == "cancel asked for"


def test_orders_filter_is_saved(bench: Bench) -> None:
    trading = bench.desk.trading
    trading.submit(OrderDraft(bench.market.acme.id, Side.BUY, 10, OrderType.LIMIT, 999_900))
    trading.orders[0].state = OrderState.CANCELLED
    panel = bench.make(OrdersPanel, 1200)
    panel.restore_settings({"filter": "working"})
    bench.frame()
    assert panel.table.table_model.keys == []
    assert panel.save_settings()["filter"] == "working"
    panel.restore_settings({"filter": "nonsense"})
    assert panel.save_settings()["filter"] == "working"


def test_positions_show_what_has_no_mark_as_a_dash_and_leave_it_out_of_the_sums(bench: Bench) -> None:
    option = bench.market.options[0]
    bench.desk.trading.positions = [
        Position(bench.market.acme.id, 100),
        Position(option, -2, 20_000, None, None, True, None, 0, None),
    ]
    panel = bench.make(PositionsPanel, 1200)
    bench.frame()
    assert texts(panel.table, bench.market.acme.id)["unrealised"] == "+100.00"
    naked = texts(panel.table, option)
    assert (naked["quantity"], naked["mark"], naked["unrealised"]) == ("−2", "–", "–")
    assert "unrealised +100.00" in panel.totals.text()
    assert "1 without a mark" in panel.totals.text()


def test_flatten_asks_first_and_a_position_is_closed_through_the_ticket(bench: Bench) -> None:
    bench.desk.trading.positions = [Position(bench.market.acme.id, 100)]
    panel = bench.make(PositionsPanel, 1200)
    bench.frame()
    panel.flatten_button.click()
    assert bench.desk.trading.flattened == 0
    assert panel.confirm.isVisible()
    panel.confirm.keep.click()
    assert bench.desk.trading.flattened == 0
    panel.flatten_button.click()
    panel.confirm.do_it.click()
    panel.confirm.do_it.click()
    assert bench.desk.trading.flattened == 1
    panel.table.choose_key(bench.market.acme.id)
    bench.shell.run("positions.close")
    draft = bench.context.draft.draft
    assert draft is not None
    assert (draft.side, draft.quantity, draft.limit_px, draft.effect) == (Side.SELL, 100, 999_900, Effect.CLOSE)
    assert bench.desk.trading.submitted == []


def test_log_filters_by_level_words_and_chain(bench: Bench) -> None:
    ring = bench.desk.log
    ring.add(10**18, logging.DEBUG, "terminal.market", "quiet", "", "engine")
    ring.add(10**18, logging.INFO, "terminal.trading.road", "sent BUY", "k-1", "orders")
    ring.add(10**18, logging.ERROR, "terminal.store", "disk full\nTraceback", "", "recorder")
    panel = bench.make(LogPanel, 1000)
    bench.frame()
    assert panel.table.table_model.keys == [3, 2]
    assert texts(panel.table, 3)["text"] == "disk full  (more)"
    panel.table.row_chosen.emit(3)
    assert panel.details.toPlainText() == "disk full\nTraceback"
    panel.words.setText("buy road")
    bench.frame()
    assert panel.table.table_model.keys == [2]
    panel.clear_filters()
    panel.table.cell_clicked.emit(2, "correlation", None)
    bench.frame()
    assert panel.table.table_model.keys == [2]
    assert panel.chain.isVisible()
    panel.chain.click()
    panel.level.setCurrentIndex(0)
    bench.frame()
    assert panel.table.table_model.keys == [3, 2, 1]


def test_health_has_the_worst_first_and_says_it_in_words(bench: Bench) -> None:
    bench.desk.health.more = [HealthRow("recorder", "Recorder", "9 s behind", HealthState.BAD, "The disk is full.")]
    panel = bench.make(HealthPanel, 900)
    bench.frame()
    assert panel.table.table_model.keys == ["recorder", "feed"]
    assert texts(panel.table, "recorder")["state"] == "■ bad"
    assert panel.verdict.text() == "Needs you now: Recorder."


@pytest.mark.parametrize("panel_class", [WatchlistPanel, OrdersPanel, PositionsPanel, LogPanel, HealthPanel])
def test_every_table_exports_its_heads_and_names_itself(bench: Bench, panel_class: type) -> None:
    panel = bench.make(panel_class)
    bench.frame()
    exported = panel.export_rows()
    assert exported is not None
    heads, rows = exported
    assert heads
    assert all(len(row) == len(heads) for row in rows)
    assert panel.table.accessibleName()
