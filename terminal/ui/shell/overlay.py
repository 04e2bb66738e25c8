"""A list with an editor over the window: the base of the palette and of the symbol entry."""

from __future__ import annotations

import itertools

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme, ThemeSwitch

WIDTH_PX = 640
_ROW_PX = 28
_MOST_ROWS = 12


class Choice:
    """One line of an overlay: a title with emphasised letters, a faint note, a text at the right end."""

    __slots__ = ("key", "note", "places", "right", "title")

    def __init__(self, key: object, title: str, note: str = "", right: str = "", places: tuple[int, ...] = ()) -> None:
        self.key, self.title, self.note, self.right = key, title, note, right
        self.places = frozenset(places)


class _Choices(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[Choice] = []

    def replace(self, rows: list[Choice]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            row = self.rows[index.row()]
            return f"{row.title} {row.right}".strip()
        return None


class _Line(QStyledItemDelegate):
    def __init__(self, choices: _Choices, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._choices, self.theme = choices, theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, _ROW_PX)

    @guarded
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        choice, rect, theme = self._choices.rows[index.row()], QRect(option.rect), self.theme  # type: ignore[attr-defined]
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        if selected:
            painter.fillRect(rect, theme.colour("selection"))
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), theme.colour("accent"))
        inner = rect.adjusted(14, 0, -14, 0)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        right_px = 0
        if choice.right:
            painter.setFont(theme.label_font())
            painter.setPen(theme.colour("text1"))
            right_px = painter.fontMetrics().horizontalAdvance(choice.right) + 12
            painter.drawText(inner, middle | int(Qt.AlignmentFlag.AlignRight), choice.right)
        x = inner.left()
        plain, bold = theme.value_font(), theme.value_font(bold=True)
        for hit, places in itertools.groupby(range(len(choice.title)), choice.places.__contains__):
            run = "".join(choice.title[place] for place in places)
            painter.setFont(bold if hit else plain)
            painter.setPen(theme.colour("accent" if hit else "text0"))
            width = painter.fontMetrics().horizontalAdvance(run)
            painter.drawText(x, inner.top(), width + 4, inner.height(), middle, run)
            x += width
        if choice.note:
            painter.setFont(theme.label_font())
            painter.setPen(theme.colour("text1" if selected else "text2"))
            room = inner.right() - right_px - x - 12
            note = QFontMetrics(theme.label_font()).elidedText(choice.note, Qt.TextElideMode.ElideRight, max(0, room))
            painter.drawText(x + 12, inner.top(), max(0, room), inner.height(), middle, note)


class Overlay(QFrame):
    """Opens in the upper third of a window; Esc, a click elsewhere or a choice closes it and gives the focus back."""

    def __init__(self, name: str, hint: str, themes: ThemeSwitch, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._back: QWidget | None = None
        self.editor = QLineEdit(self)
        self.editor.setObjectName("paletteEdit")
        self.editor.setPlaceholderText(hint)
        self.editor.setAccessibleName(hint)
        self._choices = _Choices(self)
        self._line = _Line(self._choices, themes.theme, self)
        self.list = QListView(self)
        self.list.setModel(self._choices)
        self.list.setItemDelegate(self._line)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(hint)
        self.empty = QLabel("", self)
        self.empty.setObjectName("sentence")
        self.empty.setContentsMargins(14, 8, 14, 10)
        self.empty.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 5)
        column.setSpacing(4)
        column.addWidget(self.editor)
        column.addWidget(self.list)
        column.addWidget(self.empty)
        self.editor.textChanged.connect(self._search)
        self.list.clicked.connect(self._clicked)
        self.editor.installEventFilter(self)
        themes.changed.connect(self._theme_changed)
        self.hide()

    def matches(self, text: str) -> list[Choice]:
        """The choices for what is typed, best first."""
        raise NotImplementedError

    def choose(self, choice: Choice) -> None:
        """A person has taken one; the overlay is closed already."""
        raise NotImplementedError

    def nothing(self, text: str) -> str:
        """The sentence when nothing matches."""
        return f"Nothing matches {text!r}."

    def open_with(self, text: str = "") -> None:
        """Shows the overlay with ``text`` typed already."""
        if self.isVisible():
            return
        self._back = self.window().focusWidget()
        self.editor.blockSignals(True)
        self.editor.setText(text)
        self.editor.blockSignals(False)
        self._search(text)
        self.show()
        self.raise_()
        self.editor.setFocus(Qt.FocusReason.PopupFocusReason)
        self.editor.deselect()
        self.editor.end(False)

    def close_overlay(self) -> None:
        """Hides it and gives the focus back."""
        if not self.isVisible():
            return
        back, self._back = self._back, None
        self.hide()
        if back is not None and back.isVisible():
            back.setFocus(Qt.FocusReason.PopupFocusReason)

    def choices(self) -> list[Choice]:
        """What is listed."""
        return list(self._choices.rows)

    @Slot(str)
    def _search(self, text: str) -> None:
        rows = self.matches(text)
        self._choices.replace(rows)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.empty.setText(self.nothing(text.strip()) if not rows else "")
        if rows:
            self.list.setCurrentIndex(self._choices.index(0))
        self._settle()

    def _settle(self) -> None:
        parent = self.parentWidget()
        width = min(WIDTH_PX, parent.width() - 32)
        rows = min(_MOST_ROWS, max(1, len(self._choices.rows)))
        self.list.setFixedHeight(rows * _ROW_PX + 2)
        height = self.editor.sizeHint().height() + rows * _ROW_PX + 16
        self.setGeometry((parent.width() - width) // 2, max(24, parent.height() // 9), width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows, Enter and Esc while the editor has the focus."""
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _MOST_ROWS, Qt.Key.Key_PageUp: -_MOST_ROWS}
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            self.close_overlay()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if not event.isAutoRepeat():
                self._take(self.list.currentIndex().row())
        elif key in step:
            count = len(self._choices.rows)
            if count:
                row = min(count - 1, max(0, self.list.currentIndex().row() + step[key]))
                self.list.setCurrentIndex(self._choices.index(row))
        else:
            return False
        return True

    def _clicked(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, row: int) -> None:
        if 0 <= row < len(self._choices.rows):
            choice = self._choices.rows[row]
            self.close_overlay()
            self.choose(choice)

    def _theme_changed(self, theme: Theme) -> None:
        self._line.theme = theme
        self.list.viewport().update()
