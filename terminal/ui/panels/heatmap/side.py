"""Beside the plot, on its price axis: the book, what was traded at each price, and the prices themselves."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from terminal.app import formats
from terminal.app.views.heatmap import Column, HeatmapView
from terminal.app.views.heatmap_scale import price_step
from terminal.core.instruments import Instrument
from terminal.ui.panels.heatmap.geometry import HEAD_PX, Geometry
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_NUMBERS_FROM_PX = 11
_MARK_EVERY_Y = 40
_TAG_PX = 15
_CUT = 5
"""A bar is at most so many times as long as the one in the middle of all."""
_LEAST_BAR_PX = 3
"""Bars of finer rows are drawn over several, so that they can be seen."""


def paint_book(painter: QPainter, geometry: Geometry, view: HeatmapView, theme: Theme, instrument: Instrument) -> None:
    """Bids and asks as bars from the left, with numbers where rows are high enough; a full bar is the last colour."""
    rect = geometry.book
    if not rect.width():
        return
    painter.fillRect(rect, theme.colour("bg1"))
    if view.status().is_good or view.window.is_frozen:
        bids, asks = view.book()
        most = max(1.0, min(view.colours.high, float(max(bids.max(), asks.max()))))
        for sizes, token, ink in ((bids, "bid", theme.tokens.series[0]), (asks, "ask", theme.tokens.series[3])):
            _bars(painter, rect, view, sizes, most, theme.colour(token), theme.colour(ink))
        if view.window.price_zoom.row_px >= _NUMBERS_FROM_PX:
            _numbers(painter, rect, view, np.maximum(bids, asks), theme, instrument)
    _edge(painter, rect, theme)


def paint_volume(
    painter: QPainter, geometry: Geometry, view: HeatmapView, theme: Theme, instrument: Instrument
) -> None:
    """What buyers and sellers took at each price within the picture, one after the other from the left."""
    rect = geometry.volume
    if not rect.width():
        return
    painter.fillRect(rect, theme.colour("bg1"))
    dots = view.dots()
    step = view.dot_px // view.window.row_px
    if len(dots):
        rows = dots["row"] * step - view.window.low_row
        inside = (rows > -step) & (rows < view.window.rows)
        if inside.any():
            numbers, place = np.unique(rows[inside], return_inverse=True)
            sides = np.zeros((3, len(numbers)))
            np.add.at(sides, (dots["side"][inside], place), dots["size"][inside].astype(np.float64))
            _stacks(painter, rect, view, numbers, step, sides, theme)
    _edge(painter, rect, theme)


def paint_heads(painter: QPainter, geometry: Geometry, view: HeatmapView, theme: Theme) -> None:
    """What the columns are called, at their top."""
    painter.setFont(theme.column_font())
    painter.setPen(theme.colour("text1"))
    words = ((geometry.book, "Book then" if view.window.is_frozen else "Book"), (geometry.volume, "Traded"))
    for rect, text in words:
        if rect.width():
            place = QRect(rect.left() + 1, HEAD_PX, rect.width() - 1, 17)
            painter.fillRect(place, theme.colour("bg1"))
            painter.drawText(place.adjusted(5, 0, 0, 0), _LEFT, text)


def paint_prices(
    painter: QPainter, geometry: Geometry, view: HeatmapView, theme: Theme, font: QFont, instrument: Instrument
) -> None:
    """Marks at round prices, and tags for the best bid and ask."""
    rect, window = geometry.prices, view.window
    painter.fillRect(rect, theme.colour("bg1"))
    painter.setFont(font)
    step = price_step(window.tick, window.row_px / window.price_zoom.row_px, _MARK_EVERY_Y)
    low, high = window.low_row * window.row_px, (window.low_row + window.rows) * window.row_px
    plot = geometry.plot
    grid = QColor(theme.colour("text1"))
    grid.setAlpha(26)
    for px in range(-(-low // step) * step, high, step):
        y = round(plot.top() + window.y_at(px))
        if plot.top() + 6 <= y <= plot.bottom() - 5:
            # A filled row of pixels: a line with a translucent pen costs a hundred times as much.
            painter.fillRect(plot.left(), y, rect.left() - plot.left(), 1, grid)
            painter.setPen(theme.colour("text1"))
            painter.drawText(rect.adjusted(0, y - 8 - rect.top(), -6, 0).intersected(
                QRect(rect.left(), y - 8, rect.width() - 6, 16)), _RIGHT, formats.price(px, instrument))  # fmt: skip
    _tags(painter, geometry, view, theme, instrument)


def paint_tag(painter: QPainter, rect: QRect, y: int, text: str, theme: Theme, token: str) -> None:
    """A price on its colour, at a height of the axis."""
    tag = QRect(rect.left() + 1, min(max(rect.top(), y - _TAG_PX // 2), rect.bottom() - _TAG_PX), rect.width() - 2,
                _TAG_PX)  # fmt: skip
    painter.fillRect(tag, theme.colour(token))
    painter.setPen(theme.ink_on(token))
    painter.drawText(tag.adjusted(0, 0, -5, 0), _RIGHT, text)


def _tags(painter: QPainter, geometry: Geometry, view: HeatmapView, theme: Theme, instrument: Instrument) -> None:
    bid_px, ask_px = view.best_now()
    rect = geometry.prices
    ends = []
    for px, token in ((ask_px, "down"), (bid_px, "up")):
        if px is not None:
            y = round(geometry.plot.top() + view.window.y_at(px))
            if rect.top() <= y <= rect.bottom():
                ends.append((y, formats.price(px, instrument), token))
    if len(ends) == 2 and ends[1][0] - ends[0][0] < _TAG_PX:
        middle = (ends[0][0] + ends[1][0]) // 2
        ends = [(middle - _TAG_PX // 2, *ends[0][1:]), (middle + _TAG_PX // 2 + 1, *ends[1][1:])]
    for y, text, token in ends:
        paint_tag(painter, rect, y, text, theme, token)


def _bars(
    painter: QPainter, rect: QRect, view: HeatmapView, sizes: Column, most: float, body: QColor, edge: QColor
) -> None:
    row_px, rows = view.window.price_zoom.row_px, np.flatnonzero(sizes)
    room = rect.width() - 6
    lengths = np.clip(np.rint(sizes[rows] / most * room), 2, room).astype(np.int64).tolist()
    gap = 1 if row_px >= _LEAST_BAR_PX else 0
    for row, length in zip(rows.tolist(), lengths, strict=True):
        y = rect.bottom() + 1 - (row + 1) * row_px
        painter.fillRect(rect.left() + 1, y, length, row_px - gap, body)
        painter.fillRect(rect.left() + length, y, 1, row_px - gap, edge)


def _numbers(
    painter: QPainter, rect: QRect, view: HeatmapView, sizes: Column, theme: Theme, instrument: Instrument
) -> None:
    row_px = view.window.price_zoom.row_px
    painter.setFont(theme.label_font())
    painter.setPen(theme.colour("text0"))
    for row in np.flatnonzero(sizes).tolist():
        y = rect.bottom() + 1 - (row + 1) * row_px
        painter.drawText(QRect(rect.left() + 5, y, rect.width() - 8, row_px), _LEFT,
                         formats.short_size(int(sizes[row]), instrument))  # fmt: skip


def _stacks(
    painter: QPainter, rect: QRect, view: HeatmapView, rows: Column, step: int, sides: np.ndarray, theme: Theme
) -> None:
    row_px = view.window.price_zoom.row_px
    # One huge print, such as an auction's, must not make all others invisible: its bar is cut.
    sums, room = sides.sum(axis=0), rect.width() - 6
    most = max(1.0, min(float(sums.max()), _CUT * float(np.median(sums))))
    sides = sides * np.minimum(1.0, most / np.maximum(sums, 1.0))
    high = max(1, step * row_px - (1 if step * row_px >= _LEAST_BAR_PX else 0))
    left = np.full(len(rows), float(rect.left() + 1))
    for side, token in ((1, "up"), (-1, "down"), (0, "text2")):
        ink = QColor(theme.colour(token))
        ink.setAlpha(150)
        widths = sides[side] / most * room
        for row, x, width in zip(rows.tolist(), left.tolist(), widths.tolist(), strict=True):
            if width > 0:
                y = rect.bottom() + 1 - (row + step) * row_px
                painter.fillRect(round(x), y, max(1, round(x + width) - round(x)), high, ink)
        left += widths


def _edge(painter: QPainter, rect: QRect, theme: Theme) -> None:
    painter.fillRect(rect.left(), rect.top(), 1, rect.height(), theme.colour("line"))
