"""The table: exact changes, tints, sorting, columns, keys."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from terminal.app import formats
from terminal.ui.bridge.frame_clock import FrameClock, Pulse
from terminal.ui.theme.theme import theme
from terminal.ui.widgets.columns import Align, Column, Tone, as_is, plain
from terminal.ui.widgets.table import DataTable
from terminal.ui.widgets.table_model import TableModel

COLUMNS = (
    Column("name", "Name", "The name", as_is, 80, Align.LEFT),
    Column("bid", "Bid", "Bid, USD", plain(formats.size), tint=True, bar="bid"),
    Column("chg", "Chg", "Change", plain(formats.percent), tone=Tone.SIGN),
    Column("note", "Note", "Note", as_is, visible=False),
)


def _fill(model: TableModel, keys: str, bids: list[int]) -> int:
    return model.set_rows(list(keys), {"name": list(keys), "bid": bids, "chg": [0.0] * len(keys)})


@pytest.fixture
def model() -> TableModel:
    return TableModel(COLUMNS)


@pytest.fixture
def table(qtbot: QtBot) -> Iterator[DataTable]:
    clock = FrameClock(Pulse)
    made = DataTable(COLUMNS, clock, theme("dark"), "Test")
    qtbot.addWidget(made)
    made.resize(500, 300)
    yield made
    clock.remove(made)


def test_only_changed_cells_are_told(model: TableModel, qapp: object) -> None:
    _fill(model, "abcdef", [1, 2, 3, 4, 5, 6])
    told: list[tuple[int, int, int, int]] = []
    model.dataChanged.connect(
        lambda first, last, _roles: told.append((first.row(), first.column(), last.row(), last.column()))
    )
    assert _fill(model, "abcdef", [1, 2, 30, 4, 5, 60]) == 2
    assert told == [(2, 1, 2, 1), (5, 1, 5, 1)]
    told.clear()
    assert _fill(model, "abcdef", [1, 2, 30, 4, 5, 60]) == 0
    assert told == []


def test_above_a_third_one_rectangle_is_told(model: TableModel, qapp: object) -> None:
    model.set_rows(list("abc"), {"name": list("abc"), "bid": [1, 2, 3], "chg": [0.0] * 3, "note": ["", "", ""]})
    told = []
    model.dataChanged.connect(lambda first, last, _roles: told.append((first.row(), last.row())))
    model.set_rows(list("abc"), {"name": list("xyz"), "bid": [4, 5, 6], "chg": [0.1] * 3, "note": ["", "", ""]})
    assert told == [(0, 2)]


def test_a_changed_number_is_tinted_by_its_direction_and_fades(model: TableModel, qapp: object) -> None:
    _fill(model, "ab", [10, 20])
    _fill(model, "ab", [11, 19])
    assert model.tint(0, 1)[0] == 1
    assert model.tint(1, 1)[0] == -1
    assert model.tint(0, 0) == (0, 0.0)
    started = next(iter(model.tints.values()))[0]
    assert model.fade(started + 150_000_000)
    assert 0.2 < model.tint(0, 1)[1] < 0.8
    assert not model.fade(started + 400_000_000)
    assert model.tint(0, 1) == (0, 0.0)


def test_not_a_number_is_a_dash_and_no_change(model: TableModel, qapp: object) -> None:
    assert model.set_rows(["a"], {"chg": [math.nan]}) == 1
    assert model.set_rows(["a"], {"chg": [math.nan]}) == 0
    assert model.texts[2][0] == formats.MISSING


_steps = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8), st.integers(-1, 2), st.booleans()),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
def test_any_sequence_of_rows_keeps_qt_s_rules(qapp: object, steps: list[tuple[list[str], int, bool]]) -> None:
    model = TableModel(COLUMNS)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for number, (keys, column, descending) in enumerate(steps):
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        model.sort(column, order)
        values = np.array([ord(key) * (number + 1) for key in keys], np.int64)
        model.set_rows(keys, {"name": keys, "bid": values}, stale=[key > "d" for key in keys])
        assert sorted(map(str, model.keys)) == sorted(keys)
        for row, key in enumerate(model.keys):
            assert model.texts[0][row] == key
            assert model.values[1][row] == ord(str(key)) * (number + 1)
            assert model.stale[row] == (str(key) > "d")
            assert model.row_of(key) == row
        if column == 1 and keys:
            assert model.values[1] == sorted(model.values[1], reverse=descending)
    del tester


def test_missing_values_sort_last_both_ways(model: TableModel, qapp: object) -> None:
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        model.sort(2, order)
        model.set_rows(list("abcd"), {"chg": [math.nan, 1.0, None, 2.0]})
        assert model.keys[2:] == ["a", "c"]


def test_the_selection_stays_on_its_key(table: DataTable) -> None:
    table.set_rows(list("abc"), {"name": list("abc"), "bid": [1, 2, 3]})
    table.choose_key("b")
    table.set_rows(list("cab"), {"name": list("cab"), "bid": [3, 1, 2]})
    assert table.chosen_key() == "b"
    table.set_rows(list("xabc"), {"name": list("xabc"), "bid": [0, 1, 2, 3]})
    assert table.chosen_key() == "b"
    assert table.currentIndex().row() == 2


def test_columns_are_chosen_saved_and_restored(table: DataTable) -> None:
    assert [table.table_model.columns[place].key for place in table.visible_columns()] == ["name", "bid", "chg"]
    table.horizontalHeader().moveSection(1, 0)
    table.setColumnHidden(2, True)
    table.setColumnHidden(3, False)
    table.setColumnWidth(0, 123)
    table._sort_by(1, descending=True)
    state = table.save_state()
    table.reset_columns()
    assert [table.table_model.columns[place].key for place in table.visible_columns()] == ["name", "bid", "chg"]
    table.restore_state(state)
    assert [table.table_model.columns[place].key for place in table.visible_columns()] == ["bid", "name", "note"]
    assert table.columnWidth(0) == 123
    assert table.save_state() == state
    table.restore_state({"order": ["gone", "chg"], "hidden": 3 * ["x"], "widths": {"name": 1, "y": 4}, "sort": ["?"]})


def test_export_gives_what_is_shown(table: DataTable) -> None:
    table.set_rows(list("ab"), {"name": list("ab"), "bid": [1000, -2], "chg": [0.01, math.nan]})
    assert table.export_rows() == (
        ["Name", "Bid", "Chg"], [["a", "1,000", "+1.00%"], ["b", "\u22122", formats.MISSING]]
    )  # fmt: skip


def test_heads_say_unit_and_formula(table: DataTable) -> None:
    model = table.table_model
    tip = model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert tip == "Bid, USD"
    assert model.headerData(0, Qt.Orientation.Vertical) is None
    assert model.data(QModelIndex()) is None
    index_flag = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    table.set_rows(["a"], {"bid": [5]})
    assert model.data(model.index(0, 1), Qt.ItemDataRole.TextAlignmentRole) == index_flag


def test_an_empty_table_says_what_to_do(table: DataTable, qtbot: QtBot) -> None:
    pressed = []
    table.set_empty("Nothing is watched.", "Add a symbol", lambda: pressed.append(1))
    table.show()
    empty = table._empty
    assert empty is not None
    assert empty.isVisible()
    qtbot.mouseClick(empty.button, Qt.MouseButton.LeftButton)
    assert pressed == [1]
    table.set_rows(["a"], {"name": ["a"]})
    assert not empty.isVisible()


def test_arrows_choose_and_letters_pass_by(qtbot: QtBot, table: DataTable) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addWidget(table)
    column.addWidget(QLineEdit())
    table.set_rows(list("abc"), {"name": list("abc"), "bid": [1, 2, 3]})
    chosen: list[object] = []
    table.row_chosen.connect(chosen.append)
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    table.setFocus()
    table.choose_key("a")
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_C, delay=1)
    assert chosen == ["b"]
    assert table.chosen_key() == "b"
    table.setParent(None)


def test_every_way_to_paint_a_cell_is_painted(table: DataTable, qtbot: QtBot) -> None:
    table.set_rows(
        list("abc"), {"name": ["a very long name indeed", "b", "c"], "bid": [1, 10**12, 3], "chg": [0.1, -0.1, 0]},
        stale=[False, False, True], shade={"bid": ["itm", "", ""]}, bars={"bid": [0.5, 0.0, 2.0]},
        tones={"name": ["warn", "", ""]},
    )  # fmt: skip
    table.set_rows(list("abc"), {"bid": [2, 10**12, 1]}, stale=[True, False, False])
    table.choose_key("b")
    table.show()
    picture = table.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(0, 220, 2) for y in range(20, 80)}
    assert len(colours) > 10
