"""A table model that holds the rows in view: the same cells as one that holds all of them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtTest import QAbstractItemModelTester

from terminal.app import formats
from terminal.ui.widgets.columns import Align, Column, as_is, plain
from terminal.ui.widgets.table_window import WindowModel

COLUMNS = (
    Column("name", "Name", "The name", as_is, 80, Align.LEFT),
    Column("bid", "Bid", "Bid, USD", plain(formats.size), tint=True),
)

_steps = st.lists(
    st.tuples(st.permutations(range(12)), st.integers(0, 12), st.integers(0, 8), st.integers(0, 3)), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
def test_any_order_and_window_shows_its_rows_and_nothing_else(
    qapp: object, steps: list[tuple[list[int], int, int, int]]
) -> None:
    model = WindowModel(COLUMNS)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last, _roles: told.append((first.row(), last.row())))
    for number, (order, first, size, gone) in enumerate(steps):
        keys = order[: len(order) - gone]
        model.set_keys(keys)
        end = min(first + size, len(keys))
        rows = keys[first:end]
        bids = [key * (1 + number % 2) for key in rows]
        told.clear()
        model.set_window(
            first, {"name": [f"n{key}" for key in rows], "bid": bids}, stale=[key > 6 for key in rows],
            tones={"bid": ["warn" if key == 3 else "" for key in rows]}, ages={"bid": [key % 4 for key in rows]},
        )  # fmt: skip
        assert model.keys == keys
        for row, key in enumerate(keys):
            inside = first <= row < end
            assert model.row_of(key) == row
            assert model.texts[0][row] == (f"n{key}" if inside else "")
            assert model.texts[1][row] == (formats.size(bids[row - first]) if inside else "")
            assert model.stale[row] == (inside and key > 6)
            assert model.said("ages", 1, row) == (key % 4 if inside else None)
            assert model.said("tones", 1, row) == (("warn" if key == 3 else "") if inside else None)
        assert all(first <= low and high < end for low, high in told), "only what is in view is told"
    del tester


def test_a_row_that_moved_keeps_its_numbers_and_tints_only_when_they_changed(qapp: object) -> None:
    model = WindowModel(COLUMNS)
    model.set_keys([1, 2, 3])
    model.set_window(0, {"name": ["a", "b", "c"], "bid": [10, 20, 30]})
    model.set_keys([3, 1, 2])
    assert model.set_window(0, {"name": ["c", "a", "b"], "bid": [30, 11, 20]}) == 1
    assert model.tint(1, 1)[0] == 1
    assert set(model.tints) == {(1, 1)}
    model.set_window(2, {"name": ["b"], "bid": [20]})
    assert model.tints == {}, "a row out of view fades nowhere"
