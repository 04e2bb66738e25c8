"""Beside the plot, on its price axis: what was traded at each price, and the prices themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from terminal.app import formats
from terminal.app.views.heatmap import Column, HeatmapView
from terminal.app.views.heatmap_scale import price_step
from terminal.app.views.heatmap_window import HeatmapWindow
from terminal.core.instruments import Instrument
from terminal.ui.panels.heatmap.geometry import HEAD_PX, Geometry
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_MARK_EVERY_Y = 40
_TAG_PX = 15
HEADS_PX = 17
_CUT = 5
"""A bar is at most so many times as long as the one in the middle of all."""
LEAST_BAR_PX = 3
"""Bars of finer rows are drawn over several, so that they can be seen."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A round price and its pixel row in the plot."""

    px: int
    y: int


def price_marks(window: HeatmapWindow) -> tuple[Mark, ...]:
    """Round prices in view, from the lowest; none so near to an edge that its text would be cut."""
    step = price_step(window.tick, window.row_px / window.price_zoom.row_px, _MARK_EVERY_Y)
    low, high = window.low_row * window.row_px, (window.low_row + window.rows) * window.row_px
    found = (Mark(px, round(window.y_at(px))) for px in range(-(-low // step) * step, high, step))
    return tuple(each for each in found if 6 <= each.y <= window.height - 6)


def paint_grid(painter: QPainter, rect: QRect, theme: Theme, marks: Sequence[Mark]) -> None:
    """The lines of round prices over a column beside the plot."""
    grid = QColor(theme.colour("text1"))
    grid.setAlpha(26)
    for mark in marks:
        painter.fillRect(rect.left(), rect.top() + mark.y, rect.width(), 1, grid)


def paint_volume(painter: QPainter, rect: QRect, view: HeatmapView, theme: Theme, marks: Sequence[Mark]) -> None:
    """What buyers and sellers took at each price within the picture, one after the other from the left."""
    painter.fillRect(rect, theme.colour("bg1"))
    dots = view.dots()
    step = view.dot_px // view.window.row_px
    if len(dots):
        rows = dots["row"] * step - view.window.low_row
        inside = (rows > -step) & (rows < view.window.rows)
        if inside.any():
            lowest, room = -step + 1, view.window.rows + step
            cells = (dots["side"][inside] % 3) * room + rows[inside] - lowest
            sides = np.bincount(cells, dots["size"][inside], 3 * room).reshape(3, room)
            numbers = np.flatnonzero(sides.any(axis=0))
            _stacks(painter, rect, view, numbers + lowest, step, sides[:, numbers], theme)
    paint_grid(painter, rect, theme, marks)
    paint_edge(painter, rect, theme)


def paint_heads(painter: QPainter, geometry: Geometry, theme: Theme, *, is_frozen: bool) -> None:
    """What the columns are called, at their top."""
    painter.setFont(theme.column_font())
    words = ((geometry.book, "Book then" if is_frozen else "Book"), (geometry.volume, "Traded"))
    for rect, text in words:
        if rect.width():
            place = QRect(rect.left() + 1, HEAD_PX, rect.width() - 1, HEADS_PX)
            painter.fillRect(rect.left(), HEAD_PX, 1, HEADS_PX, theme.colour("line"))
            painter.fillRect(place, theme.colour("bg1"))
            painter.setPen(theme.colour("text1"))
            painter.drawText(place.adjusted(5, 0, 0, 0), _LEFT, text)


def paint_prices(
    painter: QPainter, rect: QRect, theme: Theme, font: QFont, instrument: Instrument, marks: Sequence[Mark]
) -> None:
    """The axis with its round prices."""
    painter.fillRect(rect, theme.colour("bg1"))
    painter.setFont(font)
    painter.setPen(theme.colour("text1"))
    for mark in marks:
        painter.drawText(QRect(rect.left(), rect.top() + mark.y - 8, rect.width() - 6, 16), _RIGHT,
                         formats.price(mark.px, instrument))  # fmt: skip


def paint_tag(painter: QPainter, rect: QRect, y: int, text: str, theme: Theme, token: str) -> None:
    """A price on its colour, at a height of the axis."""
    tag = QRect(rect.left() + 1, min(max(rect.top(), y - _TAG_PX // 2), rect.bottom() - _TAG_PX), rect.width() - 2,
                _TAG_PX)  # fmt: skip
    painter.fillRect(tag, theme.colour(token))
    painter.setPen(theme.ink_on(token))
    painter.drawText(tag.adjusted(0, 0, -5, 0), _RIGHT, text)


def paint_best(
    painter: QPainter, rect: QRect, view: HeatmapView, theme: Theme, font: QFont, instrument: Instrument,
    best: tuple[int | None, int | None],
) -> None:  # fmt: skip
    """Tags of the best bid and ask on the axis."""
    bid_px, ask_px = best
    painter.setFont(font)
    ends = []
    for px, token in ((ask_px, "down"), (bid_px, "up")):
        if px is not None:
            y = round(rect.top() + view.window.y_at(px))
            if rect.top() <= y <= rect.bottom():
                ends.append((y, formats.price(px, instrument), token))
    if len(ends) == 2 and ends[1][0] - ends[0][0] < _TAG_PX:
        middle = (ends[0][0] + ends[1][0]) // 2
        ends = [(middle - _TAG_PX // 2, *ends[0][1:]), (middle + _TAG_PX // 2 + 1, *ends[1][1:])]
    for y, text, token in ends:
        paint_tag(painter, rect, y, text, theme, token)


def _stacks(
    painter: QPainter, rect: QRect, view: HeatmapView, rows: Column, step: int, sides: np.ndarray, theme: Theme
) -> None:
    row_px = view.window.price_zoom.row_px
    # One huge print, such as an auction's, must not make all others invisible: its bar is cut.
    sums, room = sides.sum(axis=0), rect.width() - 6
    most = max(1.0, min(float(sums.max()), _CUT * float(np.median(sums))))
    sides = sides * np.minimum(1.0, most / np.maximum(sums, 1.0))
    high = max(1, step * row_px - (1 if step * row_px >= LEAST_BAR_PX else 0))
    top = rect.bottom() + 1 - (rows + step) * row_px
    left = np.full(len(rows), float(rect.left() + 1))
    rects = PrimitiveArray(QRectF, 4)
    painter.setPen(Qt.PenStyle.NoPen)
    for side, token in ((1, "up"), (-1, "down"), (0, "text2")):
        ink = QColor(theme.colour(token))
        ink.setAlpha(150)
        right = left + sides[side] / most * room
        there = right > left
        begin, end = np.floor(left[there] + 0.5), np.floor(right[there] + 0.5)
        rects.resize(len(begin))
        memory = rects.ndarray()
        memory[:, 0], memory[:, 1] = begin, top[there]
        memory[:, 2], memory[:, 3] = np.maximum(1.0, end - begin), high
        painter.setBrush(ink)
        painter.drawRects(*rects.drawargs())
        left = right


def paint_edge(painter: QPainter, rect: QRect, theme: Theme) -> None:
    """The line at a column's left."""
    painter.fillRect(rect.left(), rect.top(), 1, rect.height(), theme.colour("line"))
