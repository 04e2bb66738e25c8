"""Pictures that outlive a paint: the plot, which is moved on and mended where it changed, and sheets beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QFont, QPainter, QPixmap

from terminal.app.views.heatmap import HeatmapView
from terminal.ui.panels.heatmap.layers import (
    Dots,
    Gap,
    PlotLayers,
    extent_of,
    gaps,
    left_px,
    packed,
    paint_session_tags,
    placed_dots,
)
from terminal.ui.panels.heatmap.palette import DotSprites
from terminal.ui.panels.heatmap.times import Session
from terminal.ui.theme.theme import Theme

_LINE_PX = 2
"""A line of best prices reaches so far into the next column."""


@dataclass(frozen=True, slots=True)
class PlotLook:
    """What the plot is painted with, beside its data."""

    theme: Theme
    font: QFont
    palette: npt.NDArray[np.uint32]
    session: Session
    price_rows: tuple[int, ...]
    """Pixel rows of round prices."""


class PlotPicture:
    """The plot of a heatmap as a picture in device pixels.

    Time moves it by whole device pixels; then only columns that are new or still grow are painted, and the trades that
    are different. It is, pixel by pixel, what painting everything anew gives.
    """

    def __init__(self) -> None:
        self._layers = PlotLayers()
        self._sprites: DotSprites | None = None
        self._pixmap = QPixmap()
        self._base: tuple[object, ...] = ()
        self._left_px = 0
        self._dots: Dots = np.zeros((0, 4), np.int64)
        self._marks = np.zeros(0, np.int64)
        self._shown: tuple[object, ...] = ()
        self._gaps: list[Gap] = []
        self.repainted_px = 0
        """Device pixels that the last :meth:`show` painted."""

    def forget(self) -> None:
        """Paints everything at the next turn."""
        self._base = self._shown = ()

    def show(self, painter: QPainter, plot: QRect, view: HeatmapView, look: PlotLook, ratio: float) -> None:
        """Puts the picture of now at ``plot``. ``ratio``: device pixels a pixel; where that is no whole number nothing
        is kept, because a picture would lie between the screen's pixels."""
        if ratio == int(ratio):
            shown = (view.look, look.theme, look.session, look.price_rows, ratio)
            if shown != self._shown:
                self._bring_up(view, look, ratio)
                self._shown = shown
            painter.drawPixmap(plot.topLeft(), self._pixmap)
            self._over(painter, plot, view, look)
            return
        view.paint(look.palette)
        self._dots, self._gaps = placed_dots(view, ratio), gaps(view)
        self.forget()
        painter.save()
        painter.setClipRect(plot)
        painter.translate(plot.topLeft())
        self._paint(painter, view, look, ratio, self._whole(view, ratio))
        painter.restore()
        self._over(painter, plot, view, look)

    @staticmethod
    def _over(painter: QPainter, plot: QRect, view: HeatmapView, look: PlotLook) -> None:
        painter.save()
        painter.setClipRect(plot)
        painter.translate(plot.topLeft())
        paint_session_tags(painter, view, look.theme, look.font, look.session)
        painter.restore()

    @staticmethod
    def _whole(view: HeatmapView, ratio: float) -> QRect:
        return QRect(0, 0, round(view.window.width * ratio), round(view.window.height * ratio))

    def _bring_up(self, view: HeatmapView, look: PlotLook, ratio: float) -> None:
        window = view.window
        coloured = view.paint(look.palette)
        dots, found = placed_dots(view, ratio), gaps(view)
        marks = packed(dots)
        base = (
            window.width, window.height, ratio, window.time_zoom, window.price_zoom, window.row_px, window.low_row,
            window.column_ns, look.theme, look.session, look.price_rows, view.instrument,
        )  # fmt: skip
        left = left_px(view)
        whole = self._whole(view, ratio)
        moved = (left - self._left_px) * ratio
        dirty = whole
        if base == self._base and moved == int(moved) and 0 <= moved < whole.width():
            if moved:
                self._pixmap.scroll(-int(moved), 0, whole)
            fresh = int((coloured * window.time_zoom.column_px - left - _LINE_PX) * ratio)
            fresh = min(fresh, whole.right() + 1 - int(moved))
            dirty = QRect(QPoint(fresh, 0), whole.bottomRight())
            dirty |= self._changed_gaps(view, found, ratio)
            changed = np.setxor1d(self._marks, marks, assume_unique=True)
            dirty |= extent_of(changed, math.floor(left * ratio), ratio)
            dirty &= whole
        self._base, self._left_px, self._gaps = base, left, found
        self._dots, self._marks = dots, marks
        self._pixmap = blank(self._pixmap, whole.size(), ratio)
        self.repainted_px = dirty.width() * dirty.height()
        if dirty.isEmpty():
            return
        painter = QPainter(self._pixmap)
        painter.scale(1 / ratio, 1 / ratio)
        painter.setClipRect(dirty)
        painter.scale(ratio, ratio)
        self._paint(painter, view, look, ratio, dirty)
        painter.end()

    def _changed_gaps(self, view: HeatmapView, found: list[Gap], ratio: float) -> QRect:
        changed = QRect()
        for gap in set(self._gaps) ^ set(found):
            rect = gap.rect(view)
            changed |= QRect(int((rect.left() - 1) * ratio), 0, int((rect.width() + 2) * ratio) + 1,
                             int(rect.height() * ratio) + 1)  # fmt: skip
        return changed

    def _paint(self, painter: QPainter, view: HeatmapView, look: PlotLook, ratio: float, dirty: QRect) -> None:
        if self._sprites is None or self._sprites.theme is not look.theme:
            self._sprites = DotSprites(look.theme)
        x = max(0, int(dirty.left() / ratio) - 1)
        layers, theme = self._layers, look.theme
        layers.paint_heat(painter, view, x)
        layers.paint_gaps(painter, view, theme, self._gaps, ratio, x)
        layers.paint_grid(painter, view, theme, look.price_rows, x)
        layers.paint_best(painter, view, theme, x)
        layers.paint_dots(painter, view, self._sprites, self._dots, ratio, dirty)
        layers.paint_session(painter, view, theme, look.session, x)


class Sheet:
    """A part of a widget as a picture that is painted again when its key is another one."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._key: tuple[object, ...] = ()

    def forget(self) -> None:
        """Paints at the next turn."""
        self._key = ()

    def show(
        self, painter: QPainter, rect: QRect, ratio: float, key: tuple[object, ...], paint: Callable[[QPainter], None]
    ) -> None:
        """Puts the picture at ``rect``; ``paint`` paints it in the widget's pixels."""
        if rect.isEmpty():
            return
        if ratio != int(ratio):
            painter.save()
            painter.setClipRect(rect)
            paint(painter)
            painter.restore()
            return
        key = (rect, ratio, *key)
        if key != self._key:
            self._key = key
            self._pixmap = blank(self._pixmap, QSize(round(rect.width() * ratio), round(rect.height() * ratio)), ratio)
            inside = QPainter(self._pixmap)
            inside.translate(-rect.topLeft())
            paint(inside)
            inside.end()
        painter.drawPixmap(rect.topLeft(), self._pixmap)


def blank(pixmap: QPixmap, size: QSize, ratio: float) -> QPixmap:
    """The picture as it is when its size is right, else a new one."""
    if pixmap.size() == size and pixmap.devicePixelRatio() == ratio:
        return pixmap
    made = QPixmap(size)
    made.setDevicePixelRatio(ratio)
    return made
