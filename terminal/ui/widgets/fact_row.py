"""Figures side by side, each under its name: the head of an analytic panel."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from terminal.app.views.plots import Fact
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_ROW_PX, _LEAST_PX, _PAD_PX = 34, 58, 6


class FactRow(QWidget):
    """As many rows as the width needs; what a figure means is its tooltip."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts: tuple[Fact, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_ROW_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_facts(self, facts: Sequence[Fact]) -> None:
        """Other figures."""
        if tuple(facts) == self._facts:
            return
        self._facts = tuple(facts)
        self.setAccessibleDescription(", ".join(f"{each.label} {each.value}" for each in facts))
        self._fit()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(4 * _LEAST_PX, self.height())

    def resizeEvent(self, event: QEvent) -> None:
        """Another number of columns."""
        self._fit()

    def _columns(self) -> int:
        return max(1, min(len(self._facts) or 1, self.width() // _LEAST_PX))

    def _fit(self) -> None:
        rows = -(-len(self._facts) // self._columns()) or 1
        if self.height() != rows * _ROW_PX:
            self.setFixedHeight(rows * _ROW_PX)

    def _place(self, number: int) -> QRect:
        columns = self._columns()
        row, column = divmod(number, columns)
        left, right = column * self.width() // columns, (column + 1) * self.width() // columns
        return QRect(left, row * _ROW_PX, right - left, _ROW_PX)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """All figures."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.colour("bg2"))
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for number, fact in enumerate(self._facts):
            place = self._place(number).adjusted(_PAD_PX, 2, -2, -2)
            painter.setFont(self._theme.label_font())
            painter.setPen(self._theme.colour("text2"))
            painter.drawText(QRect(place.left(), place.top(), place.width(), 14), left, fact.label)
            painter.setFont(self._theme.value_font(bold=True))
            painter.setPen(self._theme.colour(fact.tone))
            painter.drawText(QRect(place.left(), place.top() + 14, place.width(), 16), left, fact.value)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """What a figure means."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for number, fact in enumerate(self._facts):
                if fact.tip and self._place(number).contains(event.pos()):
                    QToolTip.showText(event.globalPos(), fact.tip, self)
                    return True
        return super().event(event)
