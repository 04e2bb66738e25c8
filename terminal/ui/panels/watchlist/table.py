"""The watchlist's table: thousands of rows of which those in view are filled; rows can be dragged to another place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication

from terminal.app.views.table_rows import TableRows
from terminal.ui.panels.watchlist.painter import WatchPainter
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.columns import Column
from terminal.ui.widgets.table import DataTable
from terminal.ui.widgets.table_model import TableModel
from terminal.ui.widgets.table_painter import TablePainter
from terminal.ui.widgets.table_window import WindowModel

_BEYOND = 2
"""Rows filled above and below those in view, so that a small scroll shows nothing empty."""


class WatchTable(DataTable):
    """Fill it with :meth:`show_keys` and :meth:`show_window`."""

    row_dropped = Signal(object, int)
    """A row's key and the place where a person dropped it."""
    pasted = Signal(str)
    """Text that a person pasted."""
    scrolled = Signal()
    """Other rows are in view."""

    model_: WindowModel
    can_drag = False
    """Whether rows may be moved: only where the screen has the person's own order."""

    def make_model(self, columns: Sequence[Column], theme: Theme) -> TableModel:
        """One that holds the rows in view."""
        self.model_ = WindowModel(columns, theme.tokens.tint_ms, self)
        self._theme_now = theme
        self._pressed: QPoint | None = None
        self._drop_place = -1
        self._by_key = self._has_pointer = False
        return self.model_

    def make_painter(self, theme: Theme) -> TablePainter:
        """One with sparklines."""
        return WatchPainter(self.model_, theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours, fonts and row height."""
        super().apply_theme(theme)
        self._theme_now = theme

    def show_keys(self, keys: list[int]) -> None:
        """Rows and their order; the chosen one stays chosen while it is there."""
        chosen = self.chosen_key()
        if self.model_.set_keys(keys):
            if chosen is not None and self.chosen_key() != chosen:
                self.choose_key(chosen)
            if self._empty is not None:
                self._empty.setVisible(not keys)

    def show_window(self, first: int, rows: TableRows) -> None:
        """Cells of the rows from ``first`` on."""
        self.model_.set_window(
            first, rows.values, stale=rows.stale, tones=rows.tones, tips=rows.tips, ages=rows.ages
        )  # fmt: skip
        if self.model_.tints:
            self._clock.mark(self)

    def window_rows(self) -> tuple[int, int]:
        """The first row to fill and the one after the last."""
        count = len(self.model_.keys)
        height = max(1, self.verticalHeader().defaultSectionSize())
        first = self.verticalScrollBar().value() // height
        in_view = -(-self.viewport().height() // height) + 1
        return max(0, first - _BEYOND), min(count, first + in_view + _BEYOND)

    def columns_in_view(self) -> frozenset[str]:
        """Keys of the columns that are not hidden."""
        columns = self.model_.columns
        return frozenset(each.key for place, each in enumerate(columns) if not self.isColumnHidden(place))

    def is_held(self) -> bool:
        """Whether rows must not move by themselves: under the pointer, or while the keyboard has chosen one."""
        return self._has_pointer or self._pressed is not None or (self._by_key and self.hasFocus())

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Tells the panel at once, so that no empty row is painted."""
        super().scrollContentsBy(dx, dy)
        if dy:
            self.scrolled.emit()

    def viewportEvent(self, event: QEvent) -> bool:
        """Notes whether the pointer is over the rows."""
        if event.type() in {QEvent.Type.Enter, QEvent.Type.Leave}:
            self._has_pointer = event.type() == QEvent.Type.Enter
        return super().viewportEvent(event)

    # Keys.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+V adds symbols; Escape lets go of the chosen row."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.pasted.emit(QApplication.clipboard().text())
            return
        if event.key() == Qt.Key.Key_Escape and self.currentIndex().isValid():
            self._by_key = False
            self.selectionModel().clear()
            return
        before = self.chosen_key()
        super().keyPressEvent(event)
        self._by_key = self._by_key or self.chosen_key() != before

    # Dragging a row.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remembers where a drag may begin."""
        self._by_key = False
        super().mousePressEvent(event)
        if (
            event.button() == Qt.MouseButton.LeftButton
            and self.can_drag
            and self.indexAt(event.position().toPoint()).isValid()
        ):
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Shows where the row would go."""
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        far = (event.position().toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if far or self._drop_place >= 0:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._drop_place = self._place_at(event.position().toPoint().y())
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Drops the row."""
        key, place = self.chosen_key(), self._drop_place
        self._end_drag()
        super().mouseReleaseEvent(event)
        if place >= 0 and key is not None:
            at = self.model_.row_of(key)
            self.row_dropped.emit(key, place - 1 if at is not None and at < place else place)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, and the line where a dragged one would go."""
        super().paintEvent(event)
        if self._drop_place < 0:
            return
        painter = QPainter(self.viewport())
        height = self.verticalHeader().defaultSectionSize()
        y = self._drop_place * height - self.verticalScrollBar().value()
        painter.setPen(QPen(self._theme_now.colour("accent"), 2))
        painter.drawLine(0, y, self.viewport().width(), y)

    def _place_at(self, y: int) -> int:
        height = self.verticalHeader().defaultSectionSize()
        place = round((y + self.verticalScrollBar().value()) / height)
        return min(max(0, place), len(self.model_.keys))

    def _end_drag(self) -> None:
        self._pressed, self._drop_place = None, -1
        self.unsetCursor()
        self.viewport().update()
