"""The watchlist panel with many rows: only what is in view is filled, rows never jump, lists, filter, drag, paste."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.ticks import TickClass
from terminal.ui.panels.watchlist import panel as watchlist_module
from terminal.ui.panels.watchlist.panel import WatchlistPanel
from tests.ui.panels.panel_desk import Bench

ROWS = 2000


@pytest.fixture
def ids(bench: Bench) -> list[int]:
    """2,000 stocks; the first 300 have a price, the later the lower."""
    table = bench.market.table
    found = [
        table.add(f"S{n:04}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY).id for n in range(ROWS)
    ]
    for place, each in enumerate(found[:300]):
        bench.market.trade(each, 5_000_000 - 1000 * place, 100)
    return found


@pytest.fixture
def panel(bench: Bench, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> WatchlistPanel:
    monkeypatch.setattr(watchlist_module, "_SORT_EVERY_NS", 0)
    made: WatchlistPanel = bench.make(WatchlistPanel, 900, 420)
    made.restore_settings({"symbols": [f"S{n:04}" for n in range(ROWS)]})
    made.layout().activate()
    bench.frame(12)
    leave(made)
    return made


def settle(bench: Bench, panel: WatchlistPanel) -> None:
    """A frame without the pointer over the rows."""
    leave(panel)
    bench.frame()


def leave(panel: WatchlistPanel) -> None:
    """The pointer goes elsewhere."""
    QApplication.sendEvent(panel.table.viewport(), QEvent(QEvent.Type.Leave))


def sort_by(panel: WatchlistPanel, column: str) -> None:
    head = panel.table.horizontalHeader()
    head.sectionClicked.emit(panel.table.model_.place_of[column])


def shown(panel: WatchlistPanel, column: str) -> list[str]:
    model = panel.table.model_
    return model.texts[model.place_of[column]]


def test_only_rows_in_view_are_filled_and_scrolling_fills_at_once(bench: Bench, panel: WatchlistPanel) -> None:
    texts = shown(panel, "symbol")
    first, end = panel.table.window_rows()
    assert len(texts) == ROWS
    assert (first, texts[0], texts[end - 1]) == (0, "S0000", f"S{end - 1:04}")
    assert set(texts[end:]) == {""}
    panel.table.verticalScrollBar().setValue(20 * 1000)
    first, end = panel.table.window_rows()
    texts = shown(panel, "symbol")
    assert first < 1000 < end
    assert texts[first:end] == [f"S{n:04}" for n in range(first, end)], "without waiting for a frame"
    assert texts[0] == ""


def test_a_hidden_change_is_told_to_nobody(bench: Bench, panel: WatchlistPanel, ids: list[int]) -> None:
    told: list[int] = []
    panel.table.model_.dataChanged.connect(lambda first, last, _roles: told.extend((first.row(), last.row())))
    bench.market.trade(ids[1500], 1_000_000, 100)
    bench.frame()
    assert told == []
    bench.market.trade(ids[2], 1_000_000, 100)
    bench.frame()
    assert set(told) == {2}


def test_rows_sort_by_number_and_again_when_prices_change(bench: Bench, panel: WatchlistPanel, ids: list[int]) -> None:
    sort_by(panel, "last")
    bench.frame()
    assert panel.table.model_.keys[:3] == ids[:3], "descending, and those without a price last"
    assert panel.table.horizontalHeader().isSortIndicatorShown()
    bench.market.trade(ids[1500], 9_000_000, 100)
    settle(bench, panel)
    assert panel.table.model_.keys[0] == ids[1500]
    sort_by(panel, "last")
    assert panel.table.model_.keys[0] == ids[299]
    sort_by(panel, "last")
    assert panel.table.model_.keys == ids


def test_rows_do_not_move_under_the_pointer_or_a_row_chosen_by_key(
    bench: Bench, panel: WatchlistPanel, ids: list[int]
) -> None:
    sort_by(panel, "last")
    order = list(panel.table.model_.keys)
    at = QPointF(20, 20)
    QApplication.sendEvent(panel.table.viewport(), QEnterEvent(at, at, at))
    bench.market.trade(ids[1500], 9_000_000, 100)
    bench.frame(3)
    assert panel.table.model_.keys == order
    assert "held" in panel.bar.count.text()
    settle(bench, panel)
    assert panel.table.model_.keys[0] == ids[1500]
    panel.activateWindow()
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    assert panel.table.hasFocus()
    bench.market.trade(ids[1400], 9_500_000, 100)
    bench.frame(3)
    assert panel.table.model_.keys[0] == ids[1500]
    QTest.keyClick(panel.table, Qt.Key.Key_Escape)
    settle(bench, panel)
    assert panel.table.model_.keys[0] == ids[1400]


def test_the_chosen_row_stays_chosen_when_rows_move(bench: Bench, panel: WatchlistPanel, ids: list[int]) -> None:
    sort_by(panel, "last")
    panel.table.choose_key(ids[10])
    bench.market.trade(ids[1500], 9_000_000, 100)
    settle(bench, panel)
    assert panel.table.model_.keys[0] == ids[1500]
    assert panel.table.chosen_key() == ids[10]


def test_the_filter_box_narrows_and_escape_clears_it(bench: Bench, panel: WatchlistPanel, ids: list[int]) -> None:
    QTest.keyClicks(panel.bar.field, "s012")
    bench.frame()
    assert panel.table.model_.keys == ids[120:130]
    assert panel.bar.count.text() == "10 of 2,000"
    QTest.keyClick(panel.bar.field, Qt.Key.Key_Escape)
    bench.frame()
    assert len(panel.table.model_.keys) == ROWS


def test_a_row_is_dragged_to_another_place_but_not_while_sorted(
    bench: Bench, panel: WatchlistPanel, ids: list[int]
) -> None:
    table, height = panel.table, panel.table.verticalHeader().defaultSectionSize()

    def drag(start: int, end_y: int) -> None:
        view = table.viewport()
        at = QPoint(20, start * height + height // 2)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
        for y in (at.y() + 12, (at.y() + end_y) // 2, end_y):
            QTest.mouseMove(view, QPoint(20, y))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(20, end_y))
        bench.frame()

    drag(1, 5 * height)
    assert table.model_.keys[:6] == [ids[0], ids[2], ids[3], ids[4], ids[1], ids[5]]
    drag(4, height)
    assert table.model_.keys[:6] == ids[:6]
    sort_by(panel, "last")
    drag(1, 5 * height)
    sort_by(panel, "last")
    sort_by(panel, "last")
    assert table.model_.keys[:6] == ids[:6]


def test_symbols_are_pasted_and_unknown_ones_told(bench: Bench, panel: WatchlistPanel) -> None:
    panel.restore_settings({"symbols": ["ACME"]})
    QApplication.clipboard().setText("S0001, s0002\nWHAT\tACME")
    QTest.keyClick(panel.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    bench.frame()
    assert panel.save_settings()["symbols"] == ["ACME", "S0001", "S0002"]
    assert "Added 2 symbols" in bench.shell.said[-1]
    assert "WHAT" in bench.shell.said[-1]


def test_all_options_of_a_symbol_and_all_underlyings(bench: Bench, panel: WatchlistPanel) -> None:
    panel.restore_settings({"symbols": ["ACME"]})
    bench.frame()
    panel.table.choose_key(bench.market.acme.id)
    bench.shell.run("watchlist.all_options")
    bench.frame()
    assert set(panel.table.model_.keys) == {bench.market.acme.id, *bench.market.options}
    bench.shell.run("watchlist.all_underlyings")
    bench.frame()
    assert len(panel.table.model_.keys) == 1 + len(bench.market.options) + 1 + ROWS


def test_named_lists_are_made_shared_and_deleted(bench: Bench, panel: WatchlistPanel) -> None:
    panel.restore_settings({"symbols": ["ACME"]})
    bench.frame()
    bench.shell.run("watchlist.new_list")
    QTest.keyClicks(panel.bar.field, "Mine")
    QTest.keyClick(panel.bar.field, Qt.Key.Key_Return)
    assert panel.subtitle() == "Mine"
    other = WatchlistPanel(bench.context, "watchlist-2")
    other.restore_settings({"symbols": ["SIMX"], "list": "Mine"})
    panel.adder.setText("S0005")
    QTest.keyClick(panel.adder, Qt.Key.Key_Return)
    assert bench.desk.watchlists.of("Mine") == ("ACME", "S0005")
    assert [row.symbol for row in other._view.instruments] == ["ACME", "S0005"]
    bench.shell.run("watchlist.new_list")
    QTest.keyClicks(panel.bar.field, "mine")
    QTest.keyClick(panel.bar.field, Qt.Key.Key_Return)
    assert "already" in bench.shell.said[-1]
    bench.shell.run("watchlist.rename_list")
    QTest.keyClicks(panel.bar.field, "Yours")
    QTest.keyClick(panel.bar.field, Qt.Key.Key_Return)
    assert bench.desk.watchlists.names() == ["Yours"]
    assert panel.save_settings()["list"] == "Yours"
    bench.shell.run("watchlist.delete_list")
    assert bench.desk.watchlists.names() == []
    assert panel.save_settings()["symbols"] == ["ACME", "S0005"]
    other.close_panel()


def test_columns_and_order_are_saved_and_the_whole_list_is_exported(
    bench: Bench, panel: WatchlistPanel, ids: list[int]
) -> None:
    sort_by(panel, "last")
    saved = panel.save_settings()
    other = WatchlistPanel(bench.context, "watchlist-2")
    other.restore_settings(saved)
    assert other._view.sorted_by == ("last", True)
    other.close_panel()
    exported = panel.export_rows()
    assert exported is not None
    heads, rows = exported
    assert len(rows) == ROWS
    last = heads.index("Last")
    assert float(rows[0][last]) == 500.0
    assert rows[-1][last] == ""


def test_the_symbol_s_column_holds_the_longest_contract(bench: Bench) -> None:
    panel = bench.make(WatchlistPanel, 700)
    bench.frame()
    place = panel.table.model_.place_of["symbol"]
    narrow = panel.table.columnWidth(place)
    panel._view.add_all(bench.market.options)
    bench.frame()
    label = panel._view.longest_label
    assert len(label) > 15
    room = QFontMetrics(bench.themes.theme.value_font(bold=True)).horizontalAdvance(label)
    assert panel.table.columnWidth(place) > room
    for option in bench.market.options:
        panel._view.remove(option)
    bench.frame()
    assert panel.table.columnWidth(place) <= max(narrow, room)
    assert panel._view.longest_label == "ACME"
