"""What lies in the plot: the heat, gaps without a book, best bid and ask, trades."""

from __future__ import annotations

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen

from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.heatmap_kernel import NO_BOOK
from terminal.ui.panels.heatmap.palette import LARGEST_DOT, DotSprites
from terminal.ui.theme.theme import Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_SMALLEST_DOT = 2
_DOT_PERCENTILE = 99.0
_TYPICAL = 0.75
"""The size at that percentile has this share of the largest radius; an outlier shows as one."""
_DOTS_IN_HEIGHT = 48
"""The largest radius fits so many times into the height: small plots have small dots."""
_WORDS_FROM_PX = 74
_MOST_DOTS = 1200


class PlotLayers:
    """Paints them into a plot rectangle; keeps its arrays between paints."""

    def __init__(self) -> None:
        self._lines = PrimitiveArray(QLineF, 4)

    def paint_heat(self, painter: QPainter, plot: QRect, view: HeatmapView) -> None:
        """The ring of columns, in one piece or two."""
        window, image = view.window, view.image
        rows, ring = image.shape
        picture = QImage(image.data, ring, rows, ring * 4, QImage.Format.Format_RGB32)  # type: ignore[call-overload]
        first, left = window.end_column - window.columns, window.columns
        column_px, height = window.time_zoom.column_px, rows * window.price_zoom.row_px
        top, x = plot.bottom() + 1 - height, plot.left() + window.width - window.columns * column_px
        while left > 0:
            slot = first % ring
            count = min(left, ring - slot)
            target = QRectF(x, top, count * column_px, height)
            painter.drawImage(target, picture, QRectF(slot, 0, count, rows))
            first, left, x = first + count, left - count, x + count * column_px

    def paint_gaps(self, painter: QPainter, plot: QRect, view: HeatmapView, theme: Theme) -> None:
        """Hatched columns where the book cannot be believed: that is not the same as no liquidity."""
        lost = view.states() == NO_BOOK
        if not lost.any():
            return
        edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(np.int8)))
        window = view.window
        column_px = window.time_zoom.column_px
        left = plot.left() + window.width - window.columns * column_px
        ink = QColor(theme.colour("text2"))
        ink.setAlpha(150)
        painter.setFont(theme.label_font())
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            rect = QRect(left + start * column_px, plot.top(), (end - start) * column_px, plot.height())
            painter.fillRect(rect, theme.colour("bg2"))
            painter.fillRect(rect, QBrush(ink, Qt.BrushStyle.BDiagPattern))
            if rect.width() >= _WORDS_FROM_PX:
                words = QRect(0, 0, 62, 18)
                words.moveCenter(rect.center())
                painter.fillRect(words, theme.colour("bg2"))
                painter.setPen(theme.colour("text1"))
                painter.drawText(words, _CENTRE, "no book")

    def paint_best(self, painter: QPainter, plot: QRect, view: HeatmapView, theme: Theme) -> None:
        """Best bid and ask as stepped lines."""
        bid_px, ask_px, has_bid, has_ask = view.best()
        window = view.window
        column_px = window.time_zoom.column_px
        x = plot.left() + window.width - np.arange(window.columns, 0, -1) * column_px
        for px, there, token in ((bid_px, has_bid, "up"), (ask_px, has_ask, "down")):
            if not there.any():
                continue
            y = np.floor(plot.top() + window.ys_at(px.astype(np.float64))) + 0.5
            joined = there[1:] & there[:-1] & (y[1:] != y[:-1])
            flat, steep = int(there.sum()), int(joined.sum())
            self._lines.resize(flat + steep)
            memory = self._lines.ndarray()
            memory[:flat, 0], memory[:flat, 2] = x[there], x[there] + column_px
            memory[:flat, 1] = memory[:flat, 3] = y[there]
            memory[flat:, 0] = memory[flat:, 2] = x[1:][joined]
            memory[flat:, 1], memory[flat:, 3] = y[:-1][joined], y[1:][joined]
            painter.setPen(QPen(theme.colour(token), 1))
            painter.drawLines(*self._lines.drawargs())

    def paint_dots(self, painter: QPainter, plot: QRect, view: HeatmapView, sprites: DotSprites) -> None:
        """Trades: the area of a dot grows with its size, its shape and colour say who was the aggressor."""
        dots = view.dots()
        if not len(dots):
            return
        full = max(1.0, float(np.percentile(dots["size"], _DOT_PERCENTILE)))
        largest = min(LARGEST_DOT, max(_SMALLEST_DOT + 1, plot.height() // _DOTS_IN_HEIGHT))
        radius = np.sqrt(dots["size"] / full) * largest * _TYPICAL
        radius = np.clip(np.rint(radius), _SMALLEST_DOT, largest).astype(np.int64)
        if len(dots) > _MOST_DOTS:
            # Dots of the least size would cover each other; the largest tell the story.
            kept = np.sort(np.argpartition(dots["size"], -_MOST_DOTS)[-_MOST_DOTS:])
            dots, radius = dots[kept], radius[kept]
        window, ratio = view.window, painter.device().devicePixelRatioF()
        x = plot.left() + window.width - (
            window.end_column - (dots["bucket"] + 0.5) * (view.dot_ns / window.column_ns)
        ) * window.time_zoom.column_px  # fmt: skip
        middle = (dots["row"] + 0.5) * (view.dot_px / window.row_px)
        y = plot.bottom() + 1 - (middle - window.low_row) * window.price_zoom.row_px
        half = radius + 1.5
        places = zip((x - half).tolist(), (y - half).tolist(), dots["side"].tolist(), radius.tolist(), strict=True)
        for left, top, side, size in places:
            painter.drawPixmap(QPointF(left, top), sprites.sprite(side, size, ratio))
