"""A table's rows as lists of raw values; tells the view about changed cells only."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from terminal.ui.widgets.columns import Align, Column

_Index = QModelIndex | QPersistentModelIndex
_TINT_STEPS = 6
_RESORT_NS = 1_000_000_000
PAINT_ROLES = [Qt.ItemDataRole.DisplayRole]
_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_ALIGN = {
    Align.LEFT: Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    Align.CENTRE: Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter,
    Align.RIGHT: Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
}
Cells = Sequence[Any] | npt.NDArray[Any]
Flags = Mapping[str, Cells]


class TableModel(QAbstractTableModel):
    """Rows by key. :meth:`set_rows` compares with what is shown; the delegate paints straight from ``texts``.

    All sequences of ``set_rows`` are in the order of ``keys``; the model keeps its own order when it is sorted.
    """

    def __init__(self, columns: Sequence[Column], tint_ms: int = 300, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.place_of = {column.key: place for place, column in enumerate(self.columns)}
        if len(self.place_of) != len(self.columns):
            raise ValueError("two columns have the same key")
        self.keys: list[Hashable] = []
        self.texts: list[list[str]] = [[] for _ in self.columns]
        self.values: list[list[Any]] = [[] for _ in self.columns]
        self.stale: list[bool] = []
        self.shade: dict[int, list[Any]] = {}
        self.bars: dict[int, list[float]] = {}
        self.tones: dict[int, list[str]] = {}
        self.tips: dict[int, list[str]] = {}
        self.tints: dict[tuple[Hashable, int], tuple[int, int, int]] = {}
        """By (row key, column): start (perf_counter ns), direction, step drawn last."""
        self.tint_ms = tint_ms
        self._row_of: dict[Hashable, int] = {}
        self._sort: tuple[int, bool] | None = None
        self._sorted_at_ns = 0
        self._touched_rows: set[int] = set()
        self._source: tuple[Sequence[Hashable], Mapping[str, Cells], dict[str, Any]] | None = None

    # Qt's side.

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Rows."""
        return 0 if parent.isValid() else len(self.keys)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Columns, hidden ones too."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, alignment and tooltip; for accessibility and tests, since the delegate does not ask."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.texts[column][row]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN[self.columns[column].align]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.said("tips", column, row) or None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Column heads with their tooltips; no row heads."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.head
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tooltip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN[column.align]
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Selectable cells without children."""
        return _FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sorts now and, at most once a second, with new values; column -1 goes back to the given order."""
        self._sort = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self._sorted_at_ns = 0
        if self._source is not None:
            keys, values, extra = self._source
            self.set_rows(keys, values, **extra)

    # The panel's side.

    def row_of(self, key: Hashable) -> int | None:
        """The row that shows ``key``, or None."""
        return self._row_of.get(key)

    def set_rows(
        self,
        keys: Sequence[Hashable],
        values: Mapping[str, Cells],
        *,
        stale: Sequence[bool] | None = None,
        shade: Flags | None = None,
        bars: Flags | None = None,
        tones: Flags | None = None,
        tips: Flags | None = None,
    ) -> int:
        """Shows these rows and gives the number of cells whose text changed.

        ``values``: raw values by column key (a column that is not given is empty). ``stale``: rows to underline with
        dots. ``shade``, ``bars``, ``tones``, ``tips``: by column key, a token for the background (or ""), a length from
        0 to 1, a token for the text (or ""), a tooltip (or "").
        """
        extra = {"stale": stale, "shade": shade, "bars": bars, "tones": tones, "tips": tips}
        self._source = (keys, values, extra)
        now_ns = time.perf_counter_ns()
        order = self._order(keys, values, now_ns)
        ordered = [keys[i] for i in order]
        fresh = ordered != self.keys
        if fresh:
            self._change_rows(ordered)
        self._take_extras(order, extra)
        changed = self._take_values(order, values, now_ns, fresh)
        self._announce(changed)
        return len(changed)

    def fade(self, now_ns: int) -> bool:
        """Repaints tinted cells whose step has changed; True while any tint is left."""
        step_ns = self.tint_ms * 1_000_000 // _TINT_STEPS
        touched = []
        for place, (start_ns, direction, drawn) in list(self.tints.items()):
            step = (now_ns - start_ns) // step_ns
            if step == drawn:
                continue
            if step >= _TINT_STEPS:
                del self.tints[place]
            else:
                self.tints[place] = (start_ns, direction, step)
            row = self._row_of.get(place[0])
            if row is not None:
                touched.append((row, place[1]))
        self._announce(touched)
        return bool(self.tints)

    def tint(self, row: int, column: int) -> tuple[int, float]:
        """Direction (1, -1, 0) and strength (0 to 1) of a cell's tint."""
        found = self.tints.get((self.keys[row], column))
        return (found[1], 1 - found[2] / _TINT_STEPS) if found else (0, 0.0)

    def said(self, name: str, place: int, row: int) -> Any:
        """What ``shade``, ``bars``, ``tones`` or ``tips`` says of a cell; None where nothing was said."""
        cells = getattr(self, name).get(place)
        return cells[row] if cells else None

    def filled(self) -> tuple[int, int]:
        """The first row that has cells and the one after the last."""
        return 0, len(self.keys)

    def marks(self, name: str, place: int, rows: range) -> Iterable[tuple[int, Any]]:
        """What ``shade``, ``bars``, ``tones`` or ``tips`` says of a column's filled ``rows``, with their numbers."""
        cells = getattr(self, name).get(place)
        first = self.filled()[0]
        return zip(rows, cells[rows.start - first : rows.stop - first], strict=False) if cells else ()

    def rows_as_text(self, columns: Sequence[int]) -> list[list[str]]:
        """All rows of the given columns, as shown."""
        return [[self.texts[column][row] for column in columns] for row in range(len(self.keys))]

    def _order(self, keys: Sequence[Hashable], values: Mapping[str, Cells], now_ns: int) -> list[int]:
        count = len(keys)
        if self._sort is None:
            return list(range(count))
        same = len(self.keys) == count and all(key in self._row_of for key in keys)
        if same and now_ns - self._sorted_at_ns < _RESORT_NS:
            place = {key: i for i, key in enumerate(keys)}
            return [place[key] for key in self.keys]
        self._sorted_at_ns = now_ns
        column, descending = self._sort
        cells = values.get(self.columns[column].key)
        if cells is None:
            return list(range(count))
        present = [i for i in range(count) if _is_present(cells[i])]
        absent = [i for i in range(count) if not _is_present(cells[i])]
        return sorted(present, key=lambda i: cells[i], reverse=descending) + absent

    def _change_rows(self, ordered: list[Hashable]) -> None:
        count, old = len(ordered), len(self.keys)
        if count > old and ordered[:old] == self.keys:
            self.beginInsertRows(QModelIndex(), old, count - 1)
            self._resize(ordered)
            self.endInsertRows()
        elif count == old:
            self.layoutAboutToBeChanged.emit()
            shown = self.persistentIndexList()
            was = [self.keys[index.row()] for index in shown]
            self._resize(ordered)
            moved = [
                self.index(self._row_of[key], index.column()) if key in self._row_of else QModelIndex()
                for key, index in zip(was, shown, strict=True)
            ]
            self.changePersistentIndexList(shown, moved)
            self.layoutChanged.emit()
        else:
            self.beginResetModel()
            self._resize(ordered)
            self.endResetModel()

    def _resize(self, ordered: list[Hashable]) -> None:
        was = self._row_of
        takes = [was.get(key) for key in ordered]
        for cells in self.values:
            cells[:] = [None if row is None else cells[row] for row in takes]
        for texts in self.texts:
            texts[:] = ["" if row is None else texts[row] for row in takes]
        self.stale = [False] * len(ordered)
        self.shade, self.bars, self.tones, self.tips = {}, {}, {}, {}
        self.keys = ordered
        self._row_of = {key: row for row, key in enumerate(ordered)}
        self.tints = {place: tint for place, tint in self.tints.items() if place[0] in self._row_of}

    def _take_extras(self, order: list[int], extra: dict[str, Any]) -> None:
        stale = extra["stale"]
        self._touched_rows = set()
        new_stale = [bool(stale[i]) for i in order] if stale is not None else [False] * len(order)
        if new_stale != self.stale:
            self._touched_rows |= {r for r, (a, b) in enumerate(zip(new_stale, self.stale, strict=True)) if a != b}
            self.stale = new_stale
        for name in ("shade", "bars", "tones", "tips"):
            given: Flags = extra[name] or {}
            taken = {self.place_of[key]: [cells[i] for i in order] for key, cells in given.items()}
            was = getattr(self, name)
            if taken != was and name != "tips":
                for column in taken.keys() | was.keys():
                    new, old = taken.get(column), was.get(column)
                    if new is None or old is None or len(new) != len(old):
                        self._touched_rows |= set(range(len(order)))
                    else:
                        self._touched_rows |= {r for r, (a, b) in enumerate(zip(new, old, strict=True)) if a != b}
            setattr(self, name, taken)

    def _take_values(
        self, order: list[int], values: Mapping[str, Cells], now_ns: int, fresh: bool
    ) -> list[tuple[int, int]]:
        changed: list[tuple[int, int]] = []
        keys = self.keys
        for place, column in enumerate(self.columns):
            given = values.get(column.key)
            if given is None:
                continue
            cells = given.tolist() if hasattr(given, "tolist") else given
            shown, texts = self.values[place], self.texts[place]
            for row, source in enumerate(order):
                value = cells[source]
                old = shown[row]
                if value == old and texts[row]:
                    continue
                text = column.text(value, keys[row])
                shown[row] = value
                if text == texts[row]:
                    continue
                was_empty = not texts[row]
                texts[row] = text
                changed.append((row, place))
                if column.tint and not was_empty and not fresh:
                    self.tints[keys[row], place] = (now_ns, direction(value, old), 0)
        return changed

    def _announce(self, cells: list[tuple[int, int]]) -> None:
        extra = self._touched_rows
        self._touched_rows = set()
        if not self.keys or not (cells or extra):
            return
        last = len(self.columns) - 1
        if len(cells) * 3 > len(self.keys) * len(self.columns):
            rows = [row for row, _ in cells] + list(extra)
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), last), PAINT_ROLES)
            return
        for row in extra:
            self.dataChanged.emit(self.index(row, 0), self.index(row, last), PAINT_ROLES)
        for row, column in cells:
            if row not in extra:
                index = self.index(row, column)
                self.dataChanged.emit(index, index, PAINT_ROLES)


def _is_present(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def direction(new: object, old: object) -> int:
    """1 for a greater number, -1 for a smaller one, 0 for anything else."""
    if isinstance(new, int | float) and isinstance(old, int | float):
        return (new > old) - (new < old)
    return 0
