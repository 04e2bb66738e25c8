"""The sums below the picture: labels and values in rows that wrap, painted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app.views.builder_words import Item
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_ROW_PX, _BETWEEN_PX, _LABEL_GAP_PX, _EDGE_PX = 18, 16, 5, 8


class Summary(QWidget):
    """Groups of items; each group begins a row."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._groups: tuple[tuple[Item, ...], ...] = ()
        self._places: list[tuple[QRect, Item]] = []
        self._is_old = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_items(self, groups: Sequence[Sequence[Item]], *, is_old: bool) -> None:
        """``is_old``: it was reckoned for other legs or another moment, and looks so."""
        new = tuple(tuple(each) for each in groups)
        if (new, is_old) == (self._groups, self._is_old):
            return
        self._groups, self._is_old = new, is_old
        self.setAccessibleName("; ".join(f"{each.label} {each.text}" for group in new for each in group))
        self._lay_out()
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Other colours and fonts."""
        self._theme = theme
        self._lay_out()
        self.update()

    def sizeHint(self) -> QSize:
        """As many rows as it takes."""
        return QSize(300, self._rows() * _ROW_PX + 4)

    def minimumSizeHint(self) -> QSize:
        """All rows."""
        return QSize(200, self._rows() * _ROW_PX + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Rows wrap."""
        super().resizeEvent(event)
        self._lay_out()

    def text(self) -> str:
        """Everything it says."""
        return self.accessibleName()

    def event(self, event: QEvent) -> bool:
        """What an item is, under the pointer."""
        if isinstance(event, QHelpEvent):
            found = next((item for rect, item in self._places if rect.contains(event.pos())), None)
            QToolTip.showText(event.globalPos(), f"{found.label} {found.text}\n{found.help}" if found else "", self)
            return True
        return super().event(event)

    def _rows(self) -> int:
        return 1 + max((rect.top() // _ROW_PX for rect, _ in self._places), default=2)

    def _lay_out(self) -> None:
        before = self._rows()
        labels, values = QFontMetrics(self._theme.label_font()), QFontMetrics(self._theme.value_font())
        self._places, top = [], 0
        for group in self._groups:
            left = _EDGE_PX
            for item in group:
                wide = labels.horizontalAdvance(item.label) + _LABEL_GAP_PX + values.horizontalAdvance(item.text) + 2
                if left > _EDGE_PX and left + wide > self.width() - _EDGE_PX:
                    left, top = _EDGE_PX, top + _ROW_PX
                self._places.append((QRect(left, top, wide, _ROW_PX), item))
                left += wide + _BETWEEN_PX
            top += _ROW_PX
        if self._rows() != before:
            self.updateGeometry()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Labels quiet, values plain or by their sign."""
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), theme.colour("bg1"))
        labels = QFontMetrics(theme.label_font())
        for rect, item in self._places:
            painter.setFont(theme.label_font())
            painter.setPen(theme.colour("text2"))
            painter.drawText(rect, _LEFT, item.label)
            painter.setFont(theme.value_font())
            token = theme.sign_token(item.sign) if item.text != "none" else "text0"
            painter.setPen(theme.colour("text2" if self._is_old else token))
            painter.drawText(
                rect.adjusted(labels.horizontalAdvance(item.label) + _LABEL_GAP_PX, 0, 0, 0), _LEFT, item.text
            )
        painter.end()
