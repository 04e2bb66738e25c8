"""The book beside the plot: bids and asks as bars. Only rows whose size is another one are painted again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from terminal.app import formats
from terminal.app.views.heatmap import Column, HeatmapView
from terminal.core.instruments import Instrument
from terminal.ui.panels.heatmap.picture import blank
from terminal.ui.panels.heatmap.side import LEAST_BAR_PX, Mark, paint_edge, paint_grid
from terminal.ui.theme.theme import Theme

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_NUMBERS_FROM_PX = 11


class BookColumn:
    """Bids and asks as bars from the left, with numbers where rows are high enough; a full bar is the last colour."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._base: tuple[object, ...] = ()
        self._rects = PrimitiveArray(QRectF, 4)
        self._shown: tuple[Column, Column] = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def forget(self) -> None:
        """Paints everything at the next turn."""
        self._base = ()

    def show(
        self, painter: QPainter, rect: QRect, ratio: float, view: HeatmapView, theme: Theme, instrument: Instrument,
        book: tuple[Column, Column], marks: Sequence[Mark],
    ) -> None:  # fmt: skip
        """Puts the column at ``rect``; ``book``: sizes of bids and asks by row, from the lowest up."""
        if rect.isEmpty():
            return
        bids, asks = book
        window = view.window
        most = max(1.0, min(view.colours.high, float(max(bids.max(), asks.max()))))
        base = (
            rect, ratio, theme, instrument, window.price_zoom, window.low_row, window.row_px, marks, most, len(bids)
        )  # fmt: skip
        before, self._shown = self._shown, book
        if ratio != int(ratio):
            # See PlotPicture.show.
            painter.save()
            painter.setClipRect(rect)
            self._paint_all(painter, rect, view, theme, instrument, most, marks)
            painter.restore()
            return
        is_known = base == self._base
        rows = np.flatnonzero((bids != before[0]) | (asks != before[1])) if is_known else np.zeros(0, np.int64)
        if len(rows) or not is_known:
            size = QSize(round(rect.width() * ratio), round(rect.height() * ratio))
            self._pixmap = blank(self._pixmap, size, ratio)
            inside = QPainter(self._pixmap)
            inside.translate(-rect.topLeft())
            if is_known:
                self._paint_rows(inside, rect, view, theme, instrument, rows, most, marks)
            else:
                self._paint_all(inside, rect, view, theme, instrument, most, marks)
            inside.end()
        self._base = base
        painter.drawPixmap(rect.topLeft(), self._pixmap)

    def _paint_all(
        self, painter: QPainter, rect: QRect, view: HeatmapView, theme: Theme, instrument: Instrument, most: float,
        marks: Sequence[Mark],
    ) -> None:  # fmt: skip
        painter.fillRect(rect, theme.colour("bg1"))
        paint_edge(painter, rect, theme)
        self._paint_rows(painter, rect, view, theme, instrument, np.arange(len(self._shown[0])), most, marks)

    def _paint_rows(
        self, painter: QPainter, rect: QRect, view: HeatmapView, theme: Theme, instrument: Instrument,
        rows: npt.NDArray[np.int64], most: float, marks: Sequence[Mark],
    ) -> None:  # fmt: skip
        row_px, room = view.window.price_zoom.row_px, rect.width() - 6
        top = rect.bottom() + 1 - (rows + 1) * row_px
        gap = 1 if row_px >= LEAST_BAR_PX else 0
        self._fill(painter, rect.left() + 1, top, rect.width() - 1, row_px, theme.colour("bg1"))
        for sizes, token in zip(self._shown, ("bid", "ask"), strict=True):
            there = sizes[rows] > 0
            length = np.clip(np.rint(sizes[rows][there] / most * room), 2, room)
            self._fill(painter, rect.left() + 1, top[there], length, row_px - gap, theme.colour(token))
            # The bar's own colour in full, so that it is told apart in every palette.
            edge = QColor(theme.colour(token))
            edge.setAlpha(255)
            self._fill(painter, rect.left() + length, top[there], 1, row_px - gap, edge)
        if row_px >= _NUMBERS_FROM_PX:
            painter.setFont(theme.label_font())
            painter.setPen(theme.colour("text0"))
            for y, size in zip(top.tolist(), np.maximum(*self._shown)[rows].tolist(), strict=True):
                if size:
                    painter.drawText(QRect(rect.left() + 5, y, rect.width() - 8, row_px), _LEFT,
                                     formats.short_size(size, instrument))  # fmt: skip
        changed = set(rows.tolist())
        crossing = [each for each in marks if (rect.height() - 1 - each.y) // row_px in changed]
        paint_grid(painter, rect.adjusted(1, 0, 0, 0), theme, crossing)

    def _fill(
        self, painter: QPainter, left: npt.ArrayLike, top: npt.NDArray[np.int64], width: npt.ArrayLike, height: int,
        colour: QColor,
    ) -> None:  # fmt: skip
        self._rects.resize(len(top))
        memory = self._rects.ndarray()
        memory[:, 0], memory[:, 1], memory[:, 2], memory[:, 3] = left, top, width, height
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRects(*self._rects.drawargs())
