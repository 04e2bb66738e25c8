"""Tells Qt how much room a cell needs; the table paints all of its cells itself, see ``table_painter``."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSize
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from terminal.ui.widgets.table_painter import TablePainter


class CellDelegate(QStyledItemDelegate):
    """For a double click on a column's edge."""

    def __init__(self, painter: TablePainter, row_px: int, parent: QObject) -> None:
        super().__init__(parent)
        self._painter = painter
        self.row_px = row_px

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """The text's width and the theme's row height."""
        return QSize(self._painter.natural_width(index.row(), index.column()), self.row_px)
