"""A table that paints straight from a :class:`CellGrid` and repaints only the cells that changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from terminal.app.views.cells import CellGrid, Changes
from terminal.ui.bridge.frame_clock import Frame, FrameClock, Needs
from terminal.ui.panels.chain.grid_painter import GridDelegate, GridPainter
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.table_painter import Rows, Strip

_Index = QModelIndex | QPersistentModelIndex
_ROLES = [Qt.ItemDataRole.DisplayRole]
_HEAD_PX = 20
_STEPS = 6


class GridModel(QAbstractTableModel):
    """Qt's view of a grid: texts for a screen reader; the painter reads the grid itself."""

    def __init__(self, grid: CellGrid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.grid = grid
        self.tints: dict[tuple[int, int], tuple[int, int, int]] = {}
        """By (row, column): start (ns), direction, step drawn last."""
        self.head_tips: dict[int, str] = {}

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Rows."""
        return 0 if parent.isValid() else self.grid.row_count

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Columns."""
        return 0 if parent.isValid() else len(self.grid.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cell's text."""
        if index.isValid() and role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.grid.text(index.row(), index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Heads."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.grid.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.grid.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.head_tips.get(section, self.grid.columns[section].help)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignVCenter | {
                "left": Qt.AlignmentFlag.AlignLeft, "centre": Qt.AlignmentFlag.AlignHCenter,
                "right": Qt.AlignmentFlag.AlignRight,
            }[self.grid.columns[section].align.value]  # fmt: skip
        return None


class GridTable(QTableView):
    """``changed`` tells it what a refresh changed. Signals carry (row, column)."""

    cell_clicked = Signal(int, int)
    cell_added = Signal(int, int)
    """Clicked with Ctrl."""
    cell_activated = Signal(int, int)
    row_moved = Signal(int, int)
    """The arrow keys came to another cell."""

    needs = Needs.NOTHING
    min_interval_ms = 40

    def __init__(
        self, grid: CellGrid, clock: FrameClock, theme: Theme, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._grid = grid
        self._model = GridModel(grid, self)
        self._painter = GridPainter(grid, self._model.tints, theme)
        self._delegate = GridDelegate(self._painter, self)
        self._tint_ns = theme.tokens.tint_ms * 1_000_000
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        # What is behind need not be painted when a cell changes.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        rows, head = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(12)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(20)
        head.setFixedHeight(_HEAD_PX)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.apply_theme(theme)
        clock.add(self)

    def apply_theme(self, theme: Theme) -> None:
        """Colours, fonts, row height."""
        self._painter.set_theme(theme)
        self._delegate.row_px = theme.tokens.row_height
        self._tint_ns = theme.tokens.tint_ms * 1_000_000
        self.verticalHeader().setDefaultSectionSize(theme.tokens.row_height)
        self.horizontalHeader().setFont(theme.column_font())
        self.viewport().update()

    def natural_widths(self) -> dict[int, int]:
        """Pixels that the widest usual text of each column needs."""
        return {place: self._painter.natural_width(place) for place in range(len(self._grid.columns))}

    def visible_rows(self) -> tuple[int, int]:
        """First and last row on the screen; (0, -1) without rows."""
        if not self._model.rowCount():
            return 0, -1
        first = max(0, self.rowAt(0))
        last = self.rowAt(self.viewport().height() - 1)
        return first, self._model.rowCount() - 1 if last < 0 else last

    def begin_reset(self) -> None:
        """Rows are about to come and go; the grid may change until :meth:`end_reset`."""
        self._model.tints.clear()
        self._model.beginResetModel()

    def end_reset(self) -> None:
        """The grid has its new rows."""
        self._model.endResetModel()

    def show_changes(self, changes: Changes, wall_ns: int) -> None:
        """Repaints changed cells and begins their tints."""
        if changes.reset:
            self.viewport().update()
            return
        for row, column, direction in changes.cells:
            if direction and self._grid.columns[column].tints:
                self._model.tints[row, column] = (wall_ns, direction, 0)
        if self._model.tints:
            self._clock.mark(self)
        first, last = self.visible_rows()
        if len(changes.cells) * 3 > self._model.columnCount() * max(1, last - first + 1):
            self.viewport().update()
            return
        for row, column, _direction in changes.cells:
            index = self._model.index(row, column)
            self._model.dataChanged.emit(index, index, _ROLES)

    def set_head_tips(self, tips: dict[int, str]) -> None:
        """Tooltips of heads that depend on what is shown, by place; the others keep their column's help."""
        self._model.head_tips = tips

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells of what has to be painted."""
        painter = QPainter(self.viewport())
        head, above_px = self.horizontalHeader(), self.verticalOffset()
        row_px = max(1, self.verticalHeader().defaultSectionSize())
        shown = (head.logicalIndex(visual) for visual in range(head.count()))
        strips = [
            Strip(place, head.sectionViewportPosition(place), head.sectionSize(place))
            for place in shown if not head.isSectionHidden(place)
        ]  # fmt: skip
        chosen = self.selectionModel().selectedIndexes()
        cell = (chosen[0].row(), chosen[0].column()) if chosen else (-1, -1)
        for part in event.region():  # type: ignore[attr-defined]
            painter.fillRect(part, self._painter.ground)
            first, end = max(0, (part.top() + above_px) // row_px), (part.bottom() + above_px) // row_px + 1
            met = [each for each in strips if each.left <= part.right() and each.left + each.width > part.left()]
            self._painter.paint(painter, met, Rows(range(first, end), -above_px, row_px), cell)
        painter.end()

    def is_on_screen(self) -> bool:
        """Whether a fading tint could be seen."""
        return self.isVisible()

    def run_frame(self, frame: Frame) -> None:
        """Fades the tints."""
        tints, step_ns = self._model.tints, max(1, self._tint_ns // _STEPS)
        for place, (start_ns, direction, drawn) in list(tints.items()):
            step = (frame.wall_ns - start_ns) // step_ns
            if step == drawn:
                continue
            if step >= _STEPS:
                del tints[place]
            else:
                tints[place] = (start_ns, direction, step)
            self.update(self._model.index(*place))
        if tints:
            self._clock.mark(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A left click on a cell, once."""
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            with_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if with_control:
                # Qt's Ctrl+click on the chosen cell takes its frame away.
                self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            (self.cell_added if with_control else self.cell_clicked).emit(index.row(), index.column())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """With Ctrl the second click adds as the first did."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """No selection by dragging; prices under the pointer say that they can be clicked."""
        index = self.indexAt(event.position().toPoint())
        self.setCursor(
            Qt.CursorShape.PointingHandCursor
            if index.isValid() and self._grid.columns[index.column()].id.rpartition(".")[2] in {"bid", "ask"}
            else Qt.CursorShape.ArrowCursor
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move by cells, Enter activates; letters belong to the symbol entry."""
        index = self.currentIndex()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if index.isValid() and not event.isAutoRepeat():
                self.cell_activated.emit(index.row(), index.column())
            return
        control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if event.text().isprintable() and event.text().strip() and not event.modifiers() & control:
            event.ignore()
            return
        super().keyPressEvent(event)
        after = self.currentIndex()
        if after.isValid() and after != index:
            self.row_moved.emit(after.row(), after.column())
