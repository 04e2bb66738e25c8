"""A table model of thousands of live rows that holds the cells of those in view only."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from terminal.ui.widgets.columns import Column
from terminal.ui.widgets.table_model import PAINT_ROLES, Flags, TableModel, direction

_EXTRAS = ("shade", "bars", "tones", "tips", "ages")


class WindowModel(TableModel):
    """:meth:`set_keys` says which rows there are and in which order, :meth:`set_window` what stands in those in view.

    Rows outside the window are empty until they come into it. Sorting is its owner's: see ``sort_wanted``.
    """

    sort_wanted = Signal(str, bool)
    """Column key (empty: the given order) and whether descending."""

    def __init__(self, columns: Sequence[Column], tint_ms: int = 300, parent: QObject | None = None) -> None:
        super().__init__(columns, tint_ms, parent)
        self.ages: dict[int, list[int]] = {}
        """By column place: how fresh each cell in the window is, 0 (old) to 3; the first is of the row ``first``."""
        self.first = 0
        self._end = 0
        self._filled: set[int] = set()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Asks the owner for another order."""
        self.sort_wanted.emit(self.columns[column].key if column >= 0 else "", order == Qt.SortOrder.DescendingOrder)

    def set_keys(self, keys: Sequence[Hashable]) -> bool:
        """Rows and their order; True when they are other ones. Cells move along with their rows."""
        if keys == self.keys:
            return False
        self._change_rows(list(keys))
        return True

    def set_window(
        self, first: int, values: Mapping[str, Sequence[Any]], **extra: Flags | Sequence[bool] | None
    ) -> int:
        """Shows values in the rows from ``first`` on, as :meth:`set_rows` does; gives the number of changed texts.

        ``extra``: stale, shade, bars, tones, tips and ages. Rows that have left the window become empty.
        """
        count = len(next(iter(values.values()), ()))
        end = max(first, min(first + count, len(self.keys)))
        self._empty_outside(first, end)
        self.first, self._end = first, end
        touched = self._take_window_extras(first, end, extra)
        changed = self._take_window(first, end, values)
        self._announce_rows(touched.union([row for row, _ in changed]))
        return len(changed)

    def _announce_rows(self, rows: set[int]) -> None:
        """Whole rows, neighbours together: a row is painted in less time than it takes to tell of its cells."""
        last = len(self.columns) - 1
        for row in rows:
            if row - 1 not in rows:
                end = row
                while end + 1 in rows:
                    end += 1
                self.dataChanged.emit(self.index(row, 0), self.index(end, last), PAINT_ROLES)

    def filled(self) -> tuple[int, int]:
        """The rows in the window."""
        return self.first, min(self._end, len(self.keys))

    def said(self, name: str, place: int, row: int) -> Any:
        """As in :class:`TableModel`; None outside the window too."""
        cells = getattr(self, name).get(place)
        return cells[row - self.first] if cells is not None and self.first <= row < self._end else None

    def _take_window(self, first: int, end: int, values: Mapping[str, Sequence[Any]]) -> list[tuple[int, int]]:
        changed, now_ns = [], time.perf_counter_ns()
        for place, column in enumerate(self.columns):
            cells = values.get(column.key)
            if cells is None:
                continue
            shown, texts, text_of = self.values[place], self.texts[place], column.text
            for row in range(first, end):
                value, old = cells[row - first], shown[row]
                if value == old and texts[row]:
                    continue
                text = text_of(value, self.keys[row])
                shown[row] = value
                # A painted cell may look different with the same text; a NaN is equal to nothing, itself included.
                if text == texts[row] and (value is old or value == old):
                    continue
                was_empty = not texts[row]
                texts[row] = text
                changed.append((row, place))
                if column.tint and not was_empty:
                    self.tints[self.keys[row], place] = (now_ns, direction(value, old), 0)
        return changed

    def _take_window_extras(self, first: int, end: int, extra: Mapping[str, Any]) -> set[int]:
        touched: set[int] = set()
        stale = extra.get("stale") or [False] * (end - first)
        for row, now in zip(range(first, end), stale, strict=False):
            if self.stale[row] != now:
                self.stale[row] = bool(now)
                touched.add(row)
        for name in _EXTRAS:
            given = {self.place_of[key]: list(cells) for key, cells in (extra.get(name) or {}).items()}
            was = getattr(self, name)
            setattr(self, name, given)
            if name == "tips":
                continue
            for place, cells in given.items():
                before = was.get(place)
                if before is None or len(before) != len(cells):
                    touched.update(range(first, end))
                elif before != cells:
                    touched.update(first + at for at, (a, b) in enumerate(zip(before, cells, strict=True)) if a != b)
        return touched

    def _empty_outside(self, first: int, end: int) -> None:
        left = [row for row in self._filled if not first <= row < end]
        self._filled = set(range(first, end))
        for row in left:
            self.stale[row] = False
            for texts, values in zip(self.texts, self.values, strict=True):
                texts[row], values[row] = "", None
        if left and self.tints:
            gone = {self.keys[row] for row in left}
            self.tints = {place: tint for place, tint in self.tints.items() if place[0] not in gone}

    def _resize(self, ordered: list[Hashable]) -> None:
        was = self.keys[self.first : self._end]
        cells = [[texts[self.first : self._end] for texts in self.texts],
                 [values[self.first : self._end] for values in self.values]]  # fmt: skip
        count = len(ordered)
        self.keys, self._row_of = ordered, {key: row for row, key in enumerate(ordered)}
        self.stale = [False] * count
        self.shade, self.bars, self.tones, self.tips, self.ages = {}, {}, {}, {}, {}
        places = [(at, self._row_of[key]) for at, key in enumerate(was) if key in self._row_of]
        for place in range(len(self.columns)):
            texts, values = [""] * count, [None] * count
            for at, row in places:
                texts[row], values[row] = cells[0][place][at], cells[1][place][at]
            self.texts[place], self.values[place] = texts, values
        self.tints = {place: tint for place, tint in self.tints.items() if place[0] in self._row_of}
        # What was in view may stand anywhere now; the next window empties what it does not cover.
        self.first = self._end = 0
        self._filled = {row for _, row in places}
