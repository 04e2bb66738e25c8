"""What lies in the plot: the heat, gaps without a book, lines of round prices and times, best bid and ask, trades.

Every function paints what touches the pixel columns from ``x`` on, in the plot's own pixels. Horizontal places are
whole numbers of an axis that does not move with the picture, so that a shifted picture is the picture painted anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPixmap

from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.heatmap_kernel import NO_BOOK
from terminal.ui.panels.heatmap.palette import LARGEST_DOT, DotSprites
from terminal.ui.panels.heatmap.times import Session, time_marks
from terminal.ui.theme.theme import Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_SMALLEST_DOT = 2
_DOT_SHARE = 0.99
_FULL_STEP = 1.15
"""The size of a full dot goes in steps of this factor, so that one more trade does not resize all others."""
_TYPICAL = 0.75
"""The size above so many of all has this share of the largest radius; an outlier shows as one."""
_DOTS_IN_HEIGHT = 48
"""The largest radius fits so many times into the height: small plots have small dots."""
_WORDS_FROM_PX = 74
_MOST_DOTS = 1200
_HATCH_PX = 8
_FAR_UP = 1 << 10
"""Dots begin at most so many device pixels above the plot."""

Dots = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gap:
    """Columns ``first`` to before ``end`` without a book that can be believed, cut at the edges of the view."""

    first: int
    end: int

    def rect(self, view: HeatmapView) -> QRect:
        """Where they are."""
        column_px, window = view.window.time_zoom.column_px, view.window
        left = self.first * column_px - left_px(view)
        return QRect(left, 0, (self.end - self.first) * column_px, window.height)


def left_px(view: HeatmapView) -> int:
    """The pixel of the time axis at the plot's left edge; pixel 0 is the start of column 0."""
    return view.window.end_column * view.window.time_zoom.column_px - view.window.width


def gaps(view: HeatmapView) -> list[Gap]:
    """Those in view, from the left."""
    lost = view.states() == NO_BOOK
    if not lost.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(np.int8)))
    edges += view.window.end_column - view.window.columns
    return [Gap(*pair) for pair in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]


def placed_dots(view: HeatmapView, ratio: float) -> Dots:
    """[dots; left, top, side, radius]: the area of a dot grows with its size. In device pixels, ``left`` on the time
    axis (see :func:`left_px`) and ``top`` in the plot; a dot is ``2 * radius + 3`` wide."""
    window = view.window
    bucket_px = view.dot_ns // window.column_ns * window.time_zoom.column_px
    # Of dots whose middle is left of the view a part may still be seen.
    dots = view.dots(1 + math.ceil((LARGEST_DOT + 2) / bucket_px))
    if not len(dots):
        return np.zeros((0, 4), np.int64)
    place = int((len(dots) - 1) * _DOT_SHARE)
    full = max(1.0, float(np.partition(dots["size"], place)[place]))
    full = _FULL_STEP ** np.rint(np.log(full) / np.log(_FULL_STEP))
    largest = min(LARGEST_DOT, max(_SMALLEST_DOT + 1, window.height // _DOTS_IN_HEIGHT))
    radius = np.sqrt(dots["size"] / full) * largest * _TYPICAL
    radius = np.clip(np.rint(radius), _SMALLEST_DOT, largest)
    if len(dots) > _MOST_DOTS:
        # Dots of the least size would cover each other; the largest tell the story.
        kept = np.sort(np.argsort(dots["size"], kind="stable")[-_MOST_DOTS:])
        dots, radius = dots[kept], radius[kept]
    x = (dots["bucket"] + 0.5) * bucket_px
    rows = (dots["row"] + 0.5) * (view.dot_px // window.row_px) - window.low_row
    y = window.height - rows * window.price_zoom.row_px
    found = np.empty((len(dots), 4), np.int64)
    found[:, 0], found[:, 1] = np.floor((x - radius - 1.5) * ratio + 0.5), np.floor((y - radius - 1.5) * ratio + 0.5)
    found[:, 2], found[:, 3] = dots["side"], radius
    seen = (found[:, 1] > -(2 * LARGEST_DOT + 3) * ratio) & (found[:, 1] < window.height * ratio)
    inside: Dots = found[seen]
    return inside


class PlotLayers:
    """Paints them; keeps its arrays between paints."""

    def __init__(self) -> None:
        self._lines = PrimitiveArray(QLineF, 4)

    @staticmethod
    def paint_heat(painter: QPainter, view: HeatmapView, x: int) -> None:
        """The ring of columns, in one piece or two."""
        window, image = view.window, view.image
        rows, ring = image.shape
        picture = QImage(image.data, ring, rows, ring * 4, QImage.Format.Format_RGB32)  # type: ignore[call-overload]
        column_px, height = window.time_zoom.column_px, rows * window.price_zoom.row_px
        first = _first_column(view, x)
        left, at = window.end_column - first, first * column_px - left_px(view)
        while left > 0:
            slot = first % ring
            count = min(left, ring - slot)
            target = QRectF(at, window.height - height, count * column_px, height)
            painter.drawImage(target, picture, QRectF(slot, 0, count, rows))
            first, left, at = first + count, left - count, at + count * column_px

    @staticmethod
    def paint_gaps(painter: QPainter, view: HeatmapView, theme: Theme, found: list[Gap], ratio: float, x: int) -> None:
        """Hatched columns where the book cannot be believed: that is not the same as no liquidity."""
        if not found:
            return
        hatch = _hatch(theme, max(1, round(ratio)))
        painter.setFont(theme.label_font())
        for gap in found:
            rect = gap.rect(view)
            if rect.right() < x:
                continue
            painter.fillRect(rect, theme.colour("bg2"))
            painter.save()
            painter.scale(1 / ratio, 1 / ratio)
            # The hatching moves with the time axis, by whole device pixels as the picture does.
            painter.setBrushOrigin(QPoint(-(math.floor(left_px(view) * ratio) % hatch.width()), 0))
            painter.fillRect(QRectF(rect.left() * ratio, 0, rect.width() * ratio, rect.height() * ratio), QBrush(hatch))
            painter.restore()
            if rect.width() >= _WORDS_FROM_PX:
                words = QRect(0, 0, 62, 18)
                words.moveCenter(rect.center())
                painter.fillRect(words, theme.colour("bg2"))
                painter.setPen(theme.colour("text1"))
                painter.drawText(words, _CENTRE, "no book")

    @staticmethod
    def paint_grid(painter: QPainter, view: HeatmapView, theme: Theme, rows: tuple[int, ...], x: int) -> None:
        """Faint lines at round times, and at the pixel ``rows`` of round prices."""
        ink = QColor(theme.colour("text1"))
        ink.setAlpha(26)
        # Filled rows of pixels: a line with a translucent pen costs a hundred times as much.
        for y in rows:
            painter.fillRect(x, y, view.window.width - x, 1, ink)
        for at, _ in time_marks(view.window):
            if at >= x:
                painter.fillRect(at, 0, 1, view.window.height, ink)

    def paint_best(self, painter: QPainter, view: HeatmapView, theme: Theme, x: int) -> None:
        """Best bid and ask as stepped lines."""
        window = view.window
        # The step into a column belongs to the column before it.
        first = max(window.end_column - window.columns, _first_column(view, x) - 2)
        bid_px, ask_px, has_bid, has_ask = view.best(first - (window.end_column - window.columns))
        column_px = window.time_zoom.column_px
        left = np.arange(first, window.end_column) * column_px - left_px(view)
        for px, there, token in ((bid_px, has_bid, "up"), (ask_px, has_ask, "down")):
            if not there.any():
                continue
            y = np.floor(window.ys_at(px.astype(np.float64))) + 0.5
            joined = there[1:] & there[:-1] & (y[1:] != y[:-1])
            flat, steep = int(there.sum()), int(joined.sum())
            self._lines.resize(flat + steep)
            memory = self._lines.ndarray()
            memory[:flat, 0], memory[:flat, 2] = left[there], left[there] + column_px
            memory[:flat, 1] = memory[:flat, 3] = y[there]
            memory[flat:, 0] = memory[flat:, 2] = left[1:][joined]
            memory[flat:, 1], memory[flat:, 3] = y[:-1][joined], y[1:][joined]
            painter.setPen(QPen(theme.colour(token), 1))
            painter.drawLines(*self._lines.drawargs())

    @staticmethod
    def paint_dots(
        painter: QPainter, view: HeatmapView, sprites: DotSprites, dots: Dots, ratio: float, dirty: QRect
    ) -> None:
        """Trades; shape and colour say who was the aggressor. ``dirty`` in device pixels of the plot."""
        if not len(dots):
            return
        origin = math.floor(left_px(view) * ratio)
        left, top = dots[:, 0] - origin, dots[:, 1]
        extent = (2 * LARGEST_DOT + 3) * ratio + 1
        seen = (left + extent > dirty.left()) & (left <= dirty.right())
        seen &= (top + extent > dirty.top()) & (top <= dirty.bottom())
        painter.save()
        # Pictures in device pixels are copied; scaled ones are drawn, many times slower.
        painter.scale(1 / ratio, 1 / ratio)
        places = zip(*(each[seen].tolist() for each in (left, top, dots[:, 2], dots[:, 3])), strict=True)
        for x, y, side, size in places:
            painter.drawPixmap(x, y, sprites.sprite(side, size, ratio))
        painter.restore()

    @staticmethod
    def paint_session(painter: QPainter, view: HeatmapView, theme: Theme, session: Session, x: int) -> None:
        """Lines where the session opens and closes."""
        for at, _ in _session_marks(view, session):
            if at >= x:
                painter.fillRect(at, 0, 1, view.window.height, theme.colour("accent"))


def paint_session_tags(painter: QPainter, view: HeatmapView, theme: Theme, font: QFont, session: Session) -> None:
    """The words of the session's lines, over the picture: they change sides, and a picture that scrolls would keep
    what it had of them."""
    painter.setFont(font)
    for tag, word in session_tags(view, QFontMetrics(font), session):
        painter.fillRect(tag, theme.colour("accent"))
        painter.setPen(theme.colour("on_accent"))
        painter.drawText(tag, _CENTRE, word)


def session_tags(view: HeatmapView, metrics: QFontMetrics, session: Session) -> list[tuple[QRect, str]]:
    """Where the words stand in the plot: at the right of their line, or at its left where they would be cut."""
    found = []
    for at, word in _session_marks(view, session):
        width = metrics.horizontalAdvance(word) + 8
        left = at + 1 if at + 1 + width <= view.window.width else at - width
        found.append((QRect(left, view.window.height - 17, width, 16), word))
    return found


def _session_marks(view: HeatmapView, session: Session) -> list[tuple[int, str]]:
    """Pixel columns of open and close in view, with their words."""
    ends = ((view.window.pixel_at(ts_ns), word) for ts_ns, word in
            ((session.open_ns, "Open"), (session.close_ns, "Close")) if ts_ns)  # fmt: skip
    return [(at, word) for at, word in ends if 0 <= at < view.window.width]


def packed(dots: Dots) -> npt.NDArray[np.int64]:
    """One number a dot, so that pictures' dots can be compared: left, top, side and radius from the top bits down."""
    found: npt.NDArray[np.int64] = ((dots[:, 0] << 14 | dots[:, 1] + _FAR_UP) << 2 | dots[:, 2] + 1) << 4 | dots[:, 3]
    return found


def extent_of(marks: npt.NDArray[np.int64], origin: int, ratio: float) -> QRect:
    """The device pixels that :func:`packed` dots cover; ``origin``: that of the time axis at the plot's left edge.
    Those left of it are none of the picture's."""
    left, top, radius = (marks >> 20) - origin, (marks >> 6 & 0x3FFF) - _FAR_UP, marks & 0xF
    right = left + np.ceil((2 * radius + 3) * ratio).astype(np.int64)
    seen = right >= 0
    if not seen.any():
        return QRect()
    bottom = top + right - left
    first = QPoint(int(left[seen].min()), int(top[seen].min()))
    return QRect(first, QPoint(int(right[seen].max()), int(bottom[seen].max())))


def _hatch(theme: Theme, thick_px: int) -> QPixmap:
    """One tile of lines that rise to the right, in device pixels."""
    ink = QColor(theme.colour("text2"))
    ink.setAlpha(150)
    extent = _HATCH_PX * thick_px
    tile = QPixmap(extent, extent)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    for y in range(extent):
        start = extent - 1 - y
        painter.fillRect(start, y, thick_px, 1, ink)
        painter.fillRect(start - extent, y, thick_px, 1, ink)
    painter.end()
    return tile


def _first_column(view: HeatmapView, x: int) -> int:
    """The first column in view that reaches the pixel column ``x``."""
    window = view.window
    first = (left_px(view) + x) // window.time_zoom.column_px
    return min(max(first, window.end_column - window.columns), window.end_column)
