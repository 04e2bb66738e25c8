"""The writing around a surface: marks and titles of its axes, the colour bar, the state of the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter

from terminal.app import formats
from terminal.app.views.surface_axes import Mark
from terminal.app.views.surface_camera import Camera
from terminal.app.views.surface_quotes import Quotes
from terminal.app.views.surface_scene import HALF_X, HALF_Y, HALF_Z, Colour, SurfaceScene
from terminal.quant.columns import Floats
from terminal.ui.panels.surface.palette import side_colour
from terminal.ui.theme.theme import Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MARK_PX, _TITLE_PX = 13.0, 31.0
"""From the axis to the middle of its marks and of its title."""
_SHORTEST_PX = 46.0
"""An axis that is seen from its end has no marks."""
_SIDEWAYS = 0.2
"""Seen nearly from the side, strikes are written on the right."""
BAR_WIDTH_PX, BAR_HEIGHT_PX = 130, 7


def paint_axes(painter: QPainter, scene: SurfaceScene, camera: Camera, width: float, height: float, theme: Theme
               ) -> None:  # fmt: skip
    """Marks and titles along the edges of the box that face the viewer."""
    box = scene.box
    a = math.radians(camera.azimuth_deg)
    is_sideways = abs(math.cos(a)) < _SIDEWAYS
    front = -HALF_Y if (math.sin(a) < 0.0 if is_sideways else math.cos(a) > 0.0) else HALF_Y
    side = HALF_X if math.sin(a) >= 0.0 else -HALF_X
    low = box.vol.low
    taken: list[QRectF] = []
    x_places = box.place(np.array([each.at for each in scene.across_marks]), np.array(box.time.low), np.array(low))
    x_places[:, 1] = front
    y_places = box.place(np.array(box.across.low), np.array([each.at for each in scene.time_marks]), np.array(low))
    y_places[:, 0] = side
    ends_x = np.array([[-HALF_X, front, -HALF_Z], [HALF_X, front, -HALF_Z]])
    ends_y = np.array([[side, -HALF_Y, -HALF_Z], [side, HALF_Y, -HALF_Z]])
    middle = camera.project([[0.0, 0.0, -HALF_Z]], width, height)[0]
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    writer = _Writer(painter, camera, width, height, theme, taken)
    writer.axis(ends_x, x_places, scene.across_marks, scene.grid.axis.title, middle)
    writer.axis(ends_y, y_places, scene.time_marks, "Time to expiry", middle)
    if camera.elevation_deg <= 80.0:
        post = _left_post(camera, width, height)
        heights = (2 * box.vol.place(np.array([each.at for each in scene.vol_marks])) - 1) * HALF_Z
        places = np.column_stack([np.full((len(heights), 2), post), heights])
        ends = np.array([[*post, -HALF_Z], [*post, HALF_Z]])
        writer.axis(ends, places, scene.vol_marks, "IV, points", middle)


class _Writer:
    """Writes axes so that nothing is written over."""

    def __init__(self, painter: QPainter, camera: Camera, width: float, height: float, theme: Theme,
                 taken: list[QRectF]) -> None:  # fmt: skip
        self._painter, self._camera, self._size, self._theme = painter, camera, (width, height), theme
        self._taken = taken

    def axis(self, ends: Floats, places: Floats, marks: Sequence[Mark], title: str, middle: Floats) -> None:
        """Marks outside of the axis, seen from the middle of the box, and its title beyond them, along the axis."""
        painter, theme = self._painter, self._theme
        seen = self._camera.project(ends, *self._size)
        along = seen[1, :2] - seen[0, :2]
        length = float(np.hypot(*along))
        if length < _SHORTEST_PX:
            return
        out = np.array([along[1], -along[0]]) / length
        centre = (seen[0, :2] + seen[1, :2]) / 2
        if float(out @ (centre - middle[:2])) < 0.0:
            out = -out
        painter.setFont(theme.label_font())
        painter.setPen(theme.colour("text1"))
        metrics = QFontMetricsF(theme.label_font())
        widest = 0.0
        for place, mark in zip(self._camera.project(places, *self._size), marks, strict=True):
            text_width = metrics.horizontalAdvance(mark.text)
            away = _MARK_PX + abs(out[0]) * (text_width - metrics.height()) / 2
            if self._write(place[:2] + out * away, mark.text, text_width, metrics.height()):
                widest = max(widest, abs(out[0]) * text_width)
        self._title(title, centre + out * (_TITLE_PX + max(0.0, widest - 10.0)), along)

    def _write(self, at: Floats, text: str, width: float, height: float) -> bool:
        rect = QRectF(at[0] - width / 2, at[1] - height / 2, width, height)
        if any(rect.intersects(each) for each in self._taken):
            return False
        self._taken.append(rect)
        self._painter.drawText(rect.adjusted(-2, 0, 2, 0), _CENTRE, text)
        return True

    def _title(self, title: str, at: Floats, along: Floats) -> None:
        angle = math.degrees(math.atan2(along[1], along[0]))
        angle = (angle + 90.0) % 180.0 - 90.0
        painter = self._painter
        painter.save()
        painter.setPen(self._theme.colour("text2"))
        painter.translate(QPointF(float(at[0]), float(at[1])))
        painter.rotate(angle if angle < 89.0 else -90.0)
        painter.drawText(QRectF(-160, -9, 320, 18), _CENTRE, title)
        painter.restore()


def _left_post(camera: Camera, width: float, height: float) -> tuple[float, float]:
    """The upright edge of the box that is farthest to the left on the screen."""
    corners = [(x, y) for x in (-HALF_X, HALF_X) for y in (-HALF_Y, HALF_Y)]
    seen = camera.project([[*each, 0.0] for each in corners], width, height)
    return corners[int(np.argmin(seen[:, 0]))]


def paint_bar(painter: QPainter, scene: SurfaceScene, picture: QImage, right: float, top: float, theme: Theme) -> None:
    """The colour bar with its limits and what it means, its right end at ``right``."""
    painter.setFont(theme.label_font())
    left = right - BAR_WIDTH_PX
    if scene.colour is Colour.SIDE:
        _swatches(painter, right, top, theme)
        return
    rect = QRectF(left, top + 16, BAR_WIDTH_PX, BAR_HEIGHT_PX)
    painter.drawImage(rect, picture)
    span = scene.box.shade
    is_gap = scene.colour is Colour.RESIDUAL
    title = "Quote − model, IV points" if is_gap else "IV, points"
    low, high = (formats.iv_points(each) for each in (span.low, span.high))
    if is_gap:
        low, high = f"{low} cheap", f"rich +{high}"
    painter.setPen(theme.colour("text2"))
    painter.drawText(QRectF(left - 60, top, BAR_WIDTH_PX + 60, 14), _RIGHT, title)
    painter.setPen(theme.colour("text1"))
    painter.drawText(QRectF(left, top + 24, BAR_WIDTH_PX, 14), _LEFT, low)
    painter.drawText(QRectF(left, top + 24, BAR_WIDTH_PX, 14), _RIGHT, high)


def _swatches(painter: QPainter, right: float, top: float, theme: Theme) -> None:
    for number, (is_call, text) in enumerate(((False, "puts"), (True, "calls"))):
        left = right - BAR_WIDTH_PX + number * 56
        painter.fillRect(QRectF(left, top + 4, 9, 9), side_colour(theme, is_call=is_call))
        painter.setPen(theme.colour("text1"))
        painter.drawText(QRectF(left + 13, top, 44, 16), _LEFT, text)


def paint_legend(painter: QPainter, left: float, top: float, quotes: Quotes, colour: Colour, theme: Theme) -> None:
    """What the dots and their stems are."""
    if quotes is Quotes.NONE:
        return
    painter.setFont(theme.label_font())
    metrics, x = QFontMetricsF(theme.label_font()), left
    if colour is not Colour.RESIDUAL:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for is_call, text in ((False, "put"), (True, "call")):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(side_colour(theme, is_call=is_call))
            painter.drawEllipse(QPointF(x + 3.5, top + 7.5), 3.0, 3.0)
            painter.setPen(theme.colour("text1"))
            painter.drawText(QRectF(x + 10, top, 60, 15), _LEFT, text)
            x += 18 + metrics.horizontalAdvance(text)
        painter.restore()
    painter.setPen(theme.colour("text2"))
    painter.drawText(QRectF(x, top, 220, 15), _LEFT, "dot mid, stem bid to ask")


def paint_state(painter: QPainter, left: float, top: float, texts: Iterable[tuple[str, str]], theme: Theme) -> None:
    """What must be known of the picture, as small signs."""
    painter.setFont(theme.column_font())
    metrics, x = QFontMetricsF(theme.column_font()), left
    for text, token in texts:
        rect = QRectF(x, top, metrics.horizontalAdvance(text.upper()) + 14, 17)
        is_quiet = token == "ghost"
        painter.fillRect(rect, theme.colour("bg2" if is_quiet else token))
        painter.setPen(theme.colour("text1") if is_quiet else theme.ink_on(token))
        painter.drawText(rect, _CENTRE, text)
        x = rect.right() + 6
