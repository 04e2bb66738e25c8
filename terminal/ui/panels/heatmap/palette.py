"""The heatmap's colours and dots, made once for a theme."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from terminal.ui.theme.theme import Theme

STEPS = 256
LARGEST_DOT = 9
_SIDES = {1: "up", -1: "down", 0: "text2"}


def heat_colours(theme: Theme) -> npt.NDArray[np.uint32]:
    """RGB32 values: the ground, then ``STEPS`` colours from little to much."""
    stops = [QColor(each) for each in theme.tokens.heat]
    at = np.linspace(0.0, len(stops) - 1.0, STEPS)
    places = np.arange(len(stops), dtype=np.float64)
    channels = [np.rint(np.interp(at, places, [getattr(stop, name)() for stop in stops])).astype(np.uint32)
                for name in ("red", "green", "blue")]  # fmt: skip
    steps = 0xFF000000 | channels[0] << 16 | channels[1] << 8 | channels[2]
    ground = np.array([theme.colour("bg0").rgb() & 0xFFFFFFFF], np.uint32)
    return np.concatenate([ground, steps.astype(np.uint32)])


class DotSprites:
    """Pictures of dots: a disc for buyers, a diamond for sellers, a square for those unknown; all with an outline."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._made: dict[tuple[int, int, float], QPixmap] = {}

    def sprite(self, side: int, radius: int, ratio: float) -> QPixmap:
        """The picture for a side and a radius in pixels, in device pixels; its middle is at ``radius + 1.5``."""
        key = (side, radius, ratio)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._make(side, radius, ratio)
        return found

    def _make(self, side: int, radius: int, ratio: float) -> QPixmap:
        extent = 2 * (radius + 1) + 1
        made = QPixmap(round(extent * ratio), round(extent * ratio))
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.scale(ratio, ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QColor(self.theme.colour(_SIDES[side]))
        body.setAlpha(205)
        outline = QColor(self.theme.colour("bg0"))
        outline.setAlpha(235)
        painter.setBrush(body)
        painter.setPen(QPen(outline, 1.0))
        paint_dot(painter, QPointF(radius + 1.5, radius + 1.5), side, radius)
        painter.end()
        return made


def paint_dot(painter: QPainter, middle: QPointF, side: int, radius: float) -> None:
    """The shape of a side with the painter's pen and brush."""
    x, y = middle.x(), middle.y()
    if side > 0:
        painter.drawEllipse(middle, radius, radius)
    elif side < 0:
        reach = radius * 1.15
        points = [QPointF(x, y - reach), QPointF(x + reach, y), QPointF(x, y + reach), QPointF(x - reach, y)]
        painter.drawPolygon(QPolygonF(points))
    else:
        reach = radius * 0.85
        corners = [QPointF(x - reach, y - reach), QPointF(x + reach, y - reach),
                   QPointF(x + reach, y + reach), QPointF(x - reach, y + reach)]  # fmt: skip
        painter.drawPolygon(QPolygonF(corners))
