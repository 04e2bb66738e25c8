"""The table that every panel uses: dense rows, tabular digits, column choice, CSV."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from terminal.ui.bridge.frame_clock import Frame, FrameClock, Needs
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.columns import Column
from terminal.ui.widgets.empty_state import EmptyState
from terminal.ui.widgets.table_delegate import CellDelegate
from terminal.ui.widgets.table_model import Cells, TableModel
from terminal.ui.widgets.table_painter import Rows, Strip, TablePainter

_HEAD_PX = 20


class DataTable(QTableView):
    """Give it columns, then :meth:`set_rows` from the panel's refresh. Tints fade by themselves through the clock.

    Signals carry row keys: ``row_chosen`` (a person moved to a row), ``row_activated`` (Enter or double click),
    ``cell_clicked`` (key, column key, keyboard modifiers), ``menu_requested`` (key or None, column key, global point).
    """

    row_chosen = Signal(object)
    row_activated = Signal(object)
    cell_clicked = Signal(object, str, object)
    menu_requested = Signal(object, str, object)

    needs = Needs.NOTHING
    min_interval_ms = 40

    def __init__(
        self, columns: Sequence[Column], clock: FrameClock, theme: Theme, name: str, parent: QWidget | None = None
    ) -> None:
        """``name``: what a screen reader says."""
        super().__init__(parent)
        self._clock = clock
        self.table_model = self.make_model(columns, theme)
        self._painter = self.make_painter(theme)
        self._delegate = CellDelegate(self._painter, theme.tokens.row_height, self)
        self._strips: list[Strip] = []
        self._empty: EmptyState | None = None
        self.setModel(self.table_model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(name)
        self._dress()
        self._defaults()
        self.apply_theme(theme)
        self.clicked.connect(self._clicked)
        self.activated.connect(self._activated)
        self.customContextMenuRequested.connect(self._menu)
        self.horizontalHeader().customContextMenuRequested.connect(self._column_menu)
        clock.add(self)

    def make_model(self, columns: Sequence[Column], theme: Theme) -> TableModel:
        """The model; for a table that holds its rows in another way."""
        return TableModel(columns, theme.tokens.tint_ms, self)

    def make_painter(self, theme: Theme) -> TablePainter:
        """The painter of cells; for a table that has pictures in some."""
        return TablePainter(self.table_model, theme)

    def _dress(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(12)
        head = self.horizontalHeader()
        head.setSectionsMovable(True)
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(False)
        head.setMinimumSectionSize(20)
        head.setFixedHeight(_HEAD_PX)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.sectionClicked.connect(self._head_clicked)
        head.sectionMoved.connect(self._columns_changed)
        head.sectionResized.connect(self._columns_changed)
        # What is behind need not be painted when a cell changes.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def apply_theme(self, theme: Theme) -> None:
        """Colours, fonts and row height."""
        self._painter.set_theme(theme)
        self._delegate.row_px = theme.tokens.row_height
        self.table_model.tint_ms = theme.tokens.tint_ms
        self.verticalHeader().setDefaultSectionSize(theme.tokens.row_height)
        self.horizontalHeader().setFont(theme.column_font())
        self.viewport().update()

    # Rows.

    def set_rows(
        self,
        keys: Sequence[Hashable],
        values: Mapping[str, Cells],
        *,
        stale: Sequence[bool] | None = None,
        shade: Mapping[str, Sequence[str]] | None = None,
        bars: Mapping[str, Sequence[float]] | None = None,
        tones: Mapping[str, Sequence[str]] | None = None,
        tips: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Shows rows; see :meth:`TableModel.set_rows`. The chosen row stays chosen while its key is there."""
        chosen = self.chosen_key()
        self.table_model.set_rows(keys, values, stale=stale, shade=shade, bars=bars, tones=tones, tips=tips)
        if chosen is not None and self.chosen_key() != chosen:
            self.choose_key(chosen)
        if self._empty is not None:
            self._empty.setVisible(not keys)
        if self.table_model.tints:
            self._clock.mark(self)

    def set_empty(self, sentence: str, button: str = "", action: Callable[[], object] | None = None) -> None:
        """What to say when there is no row."""
        if self._empty is not None:
            self._empty.deleteLater()
        self._empty = EmptyState(sentence, button, action, self.viewport())
        self._empty.setGeometry(self.viewport().rect())
        self._empty.setVisible(not self.table_model.keys)

    def chosen_key(self) -> Hashable | None:
        """The key of the current row, or None."""
        row = self.currentIndex().row()
        return self.table_model.keys[row] if 0 <= row < len(self.table_model.keys) else None

    def choose_key(self, key: Hashable) -> None:
        """Makes a key's row current without a signal; nothing when it is not there."""
        row = self.table_model.row_of(key)
        if row is not None:
            column = max(0, self.currentIndex().column())
            self.setCurrentIndex(self.table_model.index(row, column))

    # Columns.

    def _defaults(self) -> None:
        for place, column in enumerate(self.table_model.columns):
            self.setColumnWidth(place, column.width)
            self.setColumnHidden(place, not column.visible)

    def save_state(self) -> dict[str, Any]:
        """Order, widths, hidden columns and sorting, by column key."""
        head, columns = self.horizontalHeader(), self.table_model.columns
        order = [columns[head.logicalIndex(visual)].key for visual in range(len(columns))]
        state: dict[str, Any] = {
            "order": order,
            "hidden": [column.key for place, column in enumerate(columns) if self.isColumnHidden(place)],
            "widths": {column.key: head.sectionSize(place) for place, column in enumerate(columns)
                       if not self.isColumnHidden(place)},
        }  # fmt: skip
        if head.isSortIndicatorShown():
            state["sort"] = [columns[head.sortIndicatorSection()].key,
                             head.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder]  # fmt: skip
        return state

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_state`; keys that this version does not know are ignored."""
        head, place_of = self.horizontalHeader(), self.table_model.place_of
        known = [key for key in state.get("order", ()) if key in place_of]
        for visual, key in enumerate(known):
            head.moveSection(head.visualIndex(place_of[key]), visual)
        hidden = set(state.get("hidden", ()))
        if known:
            for key, place in place_of.items():
                if key in known:
                    self.setColumnHidden(place, key in hidden)
        for key, width in dict(state.get("widths", {})).items():
            if key in place_of and isinstance(width, int) and 20 <= width <= 2000:
                self.setColumnWidth(place_of[key], width)
        sort = state.get("sort")
        if isinstance(sort, list) and len(sort) == 2 and sort[0] in place_of:
            self._sort_by(place_of[sort[0]], bool(sort[1]))

    def reset_columns(self) -> None:
        """Order, widths and choice as the panel was built."""
        head = self.horizontalHeader()
        for place in range(len(self.table_model.columns)):
            head.moveSection(head.visualIndex(place), place)
        self._defaults()
        self._unsort()

    def visible_columns(self) -> list[int]:
        """Places of the visible columns from left to right."""
        head = self.horizontalHeader()
        places = (head.logicalIndex(visual) for visual in range(head.count()))
        return [place for place in places if not self.isColumnHidden(place)]

    def export_rows(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows as shown, for the CSV export."""
        places = self.visible_columns()
        return [self.table_model.columns[place].head for place in places], self.table_model.rows_as_text(places)

    def _head_clicked(self, section: int) -> None:
        head = self.horizontalHeader()
        if head.isSortIndicatorShown() and head.sortIndicatorSection() == section:
            if head.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder:
                self._unsort()
            else:
                self._sort_by(section, descending=False)
        else:
            self._sort_by(section, descending=True)

    def _sort_by(self, section: int, descending: bool) -> None:
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        head = self.horizontalHeader()
        head.setSortIndicatorShown(True)
        head.setSortIndicator(section, order)
        self.table_model.sort(section, order)

    def _unsort(self) -> None:
        self.horizontalHeader().setSortIndicatorShown(False)
        self.table_model.sort(-1)

    def _column_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, column in enumerate(self.table_model.columns):
            action = QAction(column.head or column.key, menu)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setData(place)
            menu.addAction(action)
        menu.addSeparator()
        reset = menu.addAction("Reset columns")
        reset.setData(-1)
        menu.triggered.connect(self._column_chosen)
        menu.popup(self.horizontalHeader().mapToGlobal(point))

    def _column_chosen(self, action: QAction) -> None:
        place = int(action.data())
        if place < 0:
            self.reset_columns()
        elif action.isChecked() or len(self.visible_columns()) > 1:
            self.setColumnHidden(place, not action.isChecked())

    @Slot(int, int, int)
    def _columns_changed(self, *_what: int) -> None:
        self._strips = []

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells of what has to be painted."""
        painter = QPainter(self.viewport())
        row_px, above_px = max(1, self.verticalHeader().defaultSectionSize()), self.verticalOffset()
        strips, chosen, count = self._strips_in_view(), self._chosen_row(), len(self.table_model.keys)
        for part in event.region():  # type: ignore[attr-defined]
            painter.fillRect(part, self._painter.ground)
            first = max(0, (part.top() + above_px) // row_px)
            end = min(count, (part.bottom() + above_px) // row_px + 1)
            met = [each for each in strips if each.left <= part.right() and each.left + each.width > part.left()]
            self._painter.paint(painter, met, Rows(range(first, end), -above_px, row_px), chosen)
        painter.end()

    def _chosen_row(self) -> int:
        chosen = self.selectionModel().selectedRows()
        return chosen[0].row() if chosen else -1

    def _strips_in_view(self) -> list[Strip]:
        """From left to right; found again when a column was moved, sized or hidden."""
        head = self.horizontalHeader()
        if not self._strips:
            self._strips = [
                Strip(place, head.sectionPosition(place), head.sectionSize(place)) for place in self.visible_columns()
            ]
        behind_px = head.offset()
        if not behind_px:
            return self._strips
        return [Strip(each.place, each.left - behind_px, each.width) for each in self._strips]

    # Events.

    def _clicked(self, index: QModelIndex) -> None:
        key = self.table_model.keys[index.row()]
        self.row_chosen.emit(key)
        column = self.table_model.columns[index.column()].key
        self.cell_clicked.emit(key, column, self._modifiers)

    def _activated(self, index: QModelIndex) -> None:
        self.row_activated.emit(self.table_model.keys[index.row()])

    def _menu(self, point: QPoint) -> None:
        index = self.indexAt(point)
        key = self.table_model.keys[index.row()] if index.isValid() else None
        column = self.table_model.columns[index.column()].key if index.isValid() else ""
        self.menu_requested.emit(key, column, self.viewport().mapToGlobal(point))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remembers the modifiers for ``cell_clicked``."""
        self._modifiers = event.modifiers()
        super().mousePressEvent(event)

    _modifiers = Qt.KeyboardModifier.NoModifier

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters belong to the symbol entry, not to a search in the list; arrows choose."""
        if (
            event.text().isprintable()
            and event.text().strip()
            and not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        ):
            event.ignore()
            return
        before = self.chosen_key()
        super().keyPressEvent(event)
        after = self.chosen_key()
        if after is not None and after != before:
            self.row_chosen.emit(after)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The empty state fills the viewport."""
        super().resizeEvent(event)
        if self._empty is not None:
            self._empty.setGeometry(self.viewport().rect())

    def is_on_screen(self) -> bool:
        """Whether a fading tint could be seen."""
        return self.isVisible()

    def run_frame(self, frame: Frame) -> None:
        """Fades the tints."""
        if self.table_model.fade(frame.wall_ns):
            self._clock.mark(self)
