"""Holds a row in the middle of a table until a person scrolls."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractItemView, QTableView

_SETTLE_FRAMES = 3
"""A table that was just filled takes a turn of the event loop to know its scroll range."""


class Centring:
    """``column``: of the cell that is scrolled to."""

    def __init__(self, table: QTableView, column: int) -> None:
        self._table, self._column = table, column
        self._unsettled = _SETTLE_FRAMES
        self._size = (0, 0)
        self._value = 0

    def start(self, frames: int = _SETTLE_FRAMES) -> None:
        """Centres in the next frames, wherever a person scrolled."""
        self._unsettled = frames

    def keep(self, row: int | None) -> bool:
        """Holds ``row`` in the middle, also while the dock grows into its place; whether it scrolled."""
        bar = self._table.verticalScrollBar()
        if row is None or row >= self._table.model().rowCount():
            return False
        size = (bar.maximum(), self._table.viewport().height())
        grown = size != self._size and bar.value() == self._value
        scrolls = bool(self._unsettled or grown)
        if scrolls:
            self._unsettled = max(0, self._unsettled - 1)
            index = self._table.model().index(row, self._column)
            self._table.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        if self._unsettled or grown or size == self._size:
            self._size = (bar.maximum(), self._table.viewport().height())
            self._value = bar.value()
        return scrolls
