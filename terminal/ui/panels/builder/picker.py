"""Choosing a strategy by its name: typed with a list that follows, or from a menu by group."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QMenu, QToolButton, QWidget

from terminal.portfolio.strategies.catalog import STRATEGIES, found_by

_SHOWN, _WIDE_PX = 14, 420
_ID = int(Qt.ItemDataRole.UserRole)


class StrategyPicker(QWidget):
    """``picked`` carries a strategy's id."""

    picked = Signal(str)

    def __init__(self, owner: QWidget) -> None:
        """``owner``: over what the list of what was found lies."""
        super().__init__()
        self._owner = owner
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Type a strategy, e.g. iron condor")
        self.filter.setAccessibleName("Strategy")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(150)
        self.list = QListWidget(owner)
        self.list.setAccessibleName("Strategies that were found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.hide()
        self.button = QToolButton()
        self.button.setText("Strategies")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setMenu(self._menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.button)
        row.addWidget(self.filter, 1)
        self.filter.textEdited.connect(self._edited)
        self.filter.returnPressed.connect(self._entered)
        self.list.itemClicked.connect(self._clicked)
        self.filter.installEventFilter(self)

    def start(self) -> None:
        """The keyboard goes to the filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for group, members in groupby(STRATEGIES, key=lambda each: each.group):
            part = menu.addMenu(group)
            part.setToolTipsVisible(True)
            for each in members:
                action = QAction(each.name, part)
                action.setToolTip(each.words)
                action.setData(each.id)
                part.addAction(action)
        menu.triggered.connect(self._triggered)
        return menu

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        self.picked.emit(str(action.data()))

    @Slot(str)
    def _edited(self, text: str) -> None:
        found = found_by(text) if text.strip() else ()
        self.list.clear()
        for each in found:
            item = QListWidgetItem(f"{each.name}   ·   {each.words}")
            item.setData(_ID, each.id)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._place_list()

    def _place_list(self) -> None:
        """Under the filter, as high as what was found."""
        rows = min(self.list.count(), _SHOWN)
        if not rows:
            self.list.hide()
            return
        corner = self.filter.mapTo(self._owner, QPoint(0, self.filter.height() + 1))
        wide = min(max(self.filter.width(), _WIDE_PX), self._owner.width() - corner.x() - 4)
        height = min(rows * self.list.sizeHintForRow(0) + 4, self._owner.height() - corner.y() - 4)
        self.list.setGeometry(corner.x(), corner.y(), wide, max(height, 24))
        self.list.show()
        self.list.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down choose in the list, Escape and another place for the keyboard close it."""
        if event.type() == QEvent.Type.FocusOut:
            self.list.hide()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {int(Qt.Key.Key_Down): 1, int(Qt.Key.Key_Up): -1}.get(int(event.key()), 0)
            if step and self.list.count():
                self.list.setCurrentRow(min(max(0, self.list.currentRow() + step), self.list.count() - 1))
                return True
            if event.key() == Qt.Key.Key_Escape and not self.list.isHidden():
                self.filter.clear()
                self.list.hide()
                return True
        return super().eventFilter(watched, event)

    @Slot()
    def _entered(self) -> None:
        item = self.list.currentItem()
        if item is not None and self.filter.text().strip():
            self._clicked(item)

    @Slot(QListWidgetItem)
    def _clicked(self, item: QListWidgetItem) -> None:
        strategy = str(item.data(_ID))
        self.filter.clear()
        self.list.clear()
        self.list.hide()
        self.picked.emit(strategy)
