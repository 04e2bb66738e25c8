"""The menus and the line editor of the drawing tools: non-modal, so that the market goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QCursor, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from terminal.app.drawings.shapes import COLOURS, MAX_TEXT, WIDTHS, Drawing
from terminal.ui.panels.chart.drawing_layer import DrawingLayer

_EDITOR_PX = 220


class LineEditor(QLineEdit):
    """A line over the chart: Enter keeps the text, Escape or a click elsewhere drops it. ``hint``: what to write."""

    def __init__(
        self, parent: QWidget, point: QPointF, text: str, done: Callable[[str], None], hint: str = "Text, then Enter"
    ) -> None:
        super().__init__(text, parent)
        self._done = done
        self.setMaxLength(MAX_TEXT)
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint.partition(",")[0])
        self.setFixedWidth(_EDITOR_PX)
        x = min(max(0, round(point.x())), max(0, parent.width() - _EDITOR_PX))
        self.move(QPoint(x, max(0, round(point.y()) - self.sizeHint().height() // 2)))
        self.returnPressed.connect(self._keep)
        self.editingFinished.connect(self.deleteLater)
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes the line and leaves the drawing as it was."""
        if event.key() == Qt.Key.Key_Escape:
            self.parentWidget().setFocus()
            return
        super().keyPressEvent(event)

    def _keep(self) -> None:
        self._done(self.text().strip())


def open_menu(layer: DrawingLayer, drawing: Drawing, parent: QWidget) -> QMenu:
    """The menu of one drawing at the pointer."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    at = QPointF(parent.mapFromGlobal(QCursor.pos()))
    _add(menu, "Text…", partial(layer.write, drawing, at))
    colours = menu.addMenu("Colour")
    for name in COLOURS:
        changed = replace(drawing, colour=name)
        _check(colours, name.capitalize(), name == drawing.colour, partial(layer.edit, drawing, changed))
    widths = menu.addMenu("Width")
    for width in WIDTHS:
        changed = replace(drawing, width=width)
        _check(widths, f"{width} px", width == drawing.width, partial(layer.edit, drawing, changed))
    locked = replace(drawing, is_locked=not drawing.is_locked)
    _check(menu, "Locked", drawing.is_locked, partial(layer.edit, drawing, locked))
    menu.addSeparator()
    _add(menu, "Remove", partial(layer.edit, drawing, None), "Del")
    menu.popup(QCursor.pos())
    return menu


def _add(menu: QMenu, title: str, run: Callable[[], None], shown_key: str = "") -> QAction:
    action = QAction(f"{title}\t{shown_key}" if shown_key else title, menu)
    action.triggered.connect(lambda *_: run())
    menu.addAction(action)
    return action


def _check(menu: QMenu, title: str, is_on: bool, run: Callable[[], None]) -> None:
    action = _add(menu, title, run)
    action.setCheckable(True)
    action.setChecked(is_on)
