"""The table of profits: prices down, dates across, one painted widget."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from terminal.app.views.builder_reckoning import Grid
from terminal.app.views.builder_words import grid_cash
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_PRICE_PX, _LEAST_PX, _PAD = 58, 50, 6
_FAINT, _DEEP = 16, 96


class ProfitGrid(QWidget):
    """Shows what it is given; the row nearest to the spot is marked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid: Grid | None = None
        self._heads: tuple[str, ...] = ()
        self._spot = float("nan")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Profit by price and date")
        self.setToolTip("Profit of the whole position by price of the underlying and date, in dollars")

    def sizeHint(self) -> QSize:
        """All columns, at ease."""
        return QSize(_PRICE_PX + 7 * 58, 260)

    def show_grid(self, grid: Grid | None, heads: tuple[str, ...], spot: float) -> None:
        """``heads``: the dates as words."""
        if grid is self._grid and heads == self._heads:
            return
        self._grid, self._heads, self._spot = grid, heads, spot
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Heads, prices, cells."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("bg1"))
        grid = self._grid
        if grid is not None and len(grid.prices):
            self._paint(painter, grid)
        painter.end()

    def columns(self, grid: Grid) -> list[int]:
        """Which dates have room; the first and the last always."""
        count = max(min((self.width() - _PRICE_PX) // _LEAST_PX, len(grid.elapsed)), 2)
        return sorted({round(each) for each in np.linspace(0, len(grid.elapsed) - 1, count)})

    def _paint(self, painter: QPainter, grid: Grid) -> None:
        theme, columns = self._theme, self.columns(grid)
        row_px = max(min(self.height() // (len(grid.prices) + 1), 22), 12)
        wide = (self.width() - _PRICE_PX - 2) // len(columns)
        painter.setFont(theme.column_font())
        painter.setPen(theme.colour("text2"))
        painter.drawText(QRect(0, 0, _PRICE_PX - _PAD, row_px), _RIGHT, "Price")
        for at, column in enumerate(columns):
            head = QRect(_PRICE_PX + at * wide, 0, wide - _PAD, row_px)
            painter.drawText(head, _RIGHT, self._heads[column] if column < len(self._heads) else "")
        painter.setFont(theme.label_font())
        most = max(float(np.abs(grid.profits).max()), 1e-9)
        nearest = int(np.argmin(np.abs(grid.prices - self._spot))) if np.isfinite(self._spot) else -1
        for row, price in enumerate(grid.prices.tolist()):
            top = (row + 1) * row_px
            painter.setPen(theme.colour("accent" if row == nearest else "text1"))
            painter.drawText(QRect(0, top, _PRICE_PX - _PAD, row_px), _RIGHT, f"{price:,.2f}")
            for at, column in enumerate(columns):
                value = float(grid.profits[row, column])
                cell = QRect(_PRICE_PX + at * wide, top, wide - 1, row_px - 1)
                if round(value):
                    shade = QColor(theme.colour("up" if value > 0 else "down"))
                    shade.setAlpha(_FAINT + round((_DEEP - _FAINT) * min(abs(value) / most, 1.0) ** 0.6))
                    painter.fillRect(cell, shade)
                painter.setPen(theme.colour("text0"))
                painter.drawText(cell.adjusted(0, 0, 1 - _PAD, 0), _RIGHT, grid_cash(value))
        if nearest >= 0:
            painter.setPen(theme.colour("accent"))
            painter.drawRect(QRect(0, (nearest + 1) * row_px, self.width() - 2, row_px - 1))
