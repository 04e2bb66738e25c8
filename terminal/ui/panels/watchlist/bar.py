"""Over the watchlist: which list it shows, a filter, and how many rows pass it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from terminal.app.views.watch_shown import OWN

_OWN_WORDS = "Own list"


class WatchBar(QWidget):
    """Emits what a person wants; the panel does it. The same field filters and, when asked, takes a list's name."""

    list_chosen = Signal(str)
    named = Signal(str)
    """A name typed after :meth:`ask_name`."""
    filtered = Signal(str)
    command_wanted = Signal(str)
    """An entry of the menu: the id of a command."""

    def __init__(self, commands: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """``commands``: ids and titles of what the menu offers below the lists."""
        super().__init__(parent)
        self._commands = tuple(commands)
        self._is_naming = False
        self._filter_text = ""
        self.lists = QToolButton()
        self.lists.setProperty("role", "flat")
        self.lists.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.lists.setAccessibleName("Watchlist shown")
        self.lists.setToolTip("Choose, make, rename or fill a list")
        self.menu = QMenu(self)
        self.lists.setMenu(self.menu)
        self.field = QLineEdit()
        self.field.setFrame(False)
        self.field.setClearButtonEnabled(True)
        self.count = QLabel()
        self.count.setProperty("role", "faint")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 0, 6, 0)
        layout.setSpacing(4)
        for widget, stretch in ((self.lists, 0), (self.field, 1), (self.count, 0)):
            layout.addWidget(widget, stretch)
        self.field.textChanged.connect(self._typed)
        self.field.returnPressed.connect(self._entered)
        self._dress_field()
        self.show_lists([], OWN)

    def show_lists(self, names: Sequence[str], shown: str) -> None:
        """The lists there are, and the one shown."""
        self.lists.setText(f"{shown or _OWN_WORDS} ▾")
        self.menu.clear()
        group = QActionGroup(self.menu)
        for name in (OWN, *names):
            action = QAction(name or _OWN_WORDS, self.menu)
            action.setCheckable(True)
            action.setChecked(name == shown)
            action.setData(name)
            group.addAction(action)
            self.menu.addAction(action)
        group.triggered.connect(self._list_chosen)
        self.menu.addSeparator()
        more = QActionGroup(self.menu)
        for command, title in self._commands:
            action = self.menu.addAction(title)
            action.setData(command)
            more.addAction(action)
        more.triggered.connect(self._command_chosen)

    def show_count(self, shown: int, every: int, *, waits: bool) -> None:
        """How many rows there are; ``waits``: the order is held while somebody points at a row."""
        text = f"{shown:,}" if shown == every else f"{shown:,} of {every:,}"
        self.count.setText(f"{text}, order held" if waits else text)

    def ask_name(self, name: str) -> None:
        """Takes a list's name in the field; Escape leaves it."""
        self._is_naming = True
        self._dress_field()
        self.field.setText(name)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape ends the naming, or clears the filter."""
        if event.key() == Qt.Key.Key_Escape:
            self._end_naming() if self._is_naming else self.field.clear()
            return
        super().keyPressEvent(event)

    def _dress_field(self) -> None:
        words = "Name of the list, then Enter" if self._is_naming else "Filter"
        self.field.setPlaceholderText(words)
        self.field.setAccessibleName(words)

    def _end_naming(self) -> None:
        self._is_naming = False
        self._dress_field()
        self.field.setText(self._filter_text)

    @Slot(str)
    def _typed(self, text: str) -> None:
        if not self._is_naming and text != self._filter_text:
            self._filter_text = text
            self.filtered.emit(text)

    @Slot()
    def _entered(self) -> None:
        if self._is_naming:
            name = self.field.text().strip()
            self._end_naming()
            self.named.emit(name)

    @Slot(QAction)
    def _list_chosen(self, action: QAction) -> None:
        self.list_chosen.emit(str(action.data()))

    @Slot(QAction)
    def _command_chosen(self, action: QAction) -> None:
        self.command_wanted.emit(str(action.data()))
