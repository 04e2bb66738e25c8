"""Over the heatmap: what is under the crosshair, the colour bar, and whether the picture is of now."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter

from terminal.app import ages, formats
from terminal.app.views.heatmap import HeatmapView, Spot
from terminal.app.views.heatmap_text import describe, status_words
from terminal.core.instruments import Instrument
from terminal.ui.panels.heatmap.geometry import HEAD_PX, Geometry
from terminal.ui.panels.heatmap.palette import paint_dot
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_WORDS = {1: "buyers", -1: "sellers"}


def paint_head(
    painter: QPainter,
    geometry: Geometry,
    view: HeatmapView,
    theme: Theme,
    palette: npt.NDArray[np.uint32],
    spot: Spot | None,
) -> None:
    """``spot``: what is under the pointer, None for the legend instead of values."""
    instrument = view.instrument
    if instrument is None:
        return
    painter.fillRect(0, 0, geometry.width, HEAD_PX - 1, theme.colour("bg1"))
    painter.fillRect(0, HEAD_PX - 1, geometry.width, 1, theme.colour("line"))
    bar = geometry.colour_bar
    room = (bar.left() - 40 if bar.width() else geometry.width) - 8
    painter.setFont(theme.value_font())
    marked = None
    if spot is not None:
        marked = spot.most if spot.status is not None and spot.status.is_good else None
        _paint_parts(painter, describe(spot, instrument, view.window.column_ns), room, theme)
    else:
        _paint_legend(painter, room, theme)
    if bar.width():
        _paint_bar(painter, bar, view, theme, palette, instrument, marked)


def state_texts(view: HeatmapView, note: str) -> tuple[tuple[str, str], ...]:
    """FROZEN and how far behind, or what is wrong with the book: words and the token of their colour."""
    window, status = view.window, view.status()
    texts = []
    if window.is_frozen:
        texts.append((f"FROZEN  {ages.age(window.behind_ns)} behind", "accent"))
    elif not window.follows_price:
        texts.append(("PRICES HELD", "accent"))
    if view.samples.count and not status.is_good:
        texts.append((status_words(status).capitalize(), "critical"))
    if note:
        texts.append((note, "warn"))
    return tuple(texts)


def paint_state(painter: QPainter, geometry: Geometry, theme: Theme, texts: Iterable[tuple[str, str]]) -> None:
    """:func:`state_texts` over the picture, at its top."""
    painter.setFont(theme.column_font())
    metrics, x, plot = QFontMetrics(theme.column_font()), geometry.plot.left() + 6, geometry.plot
    for text, token in texts:
        rect = QRect(x, plot.top() + 6, metrics.horizontalAdvance(text) + 12, 17)
        painter.fillRect(rect, theme.colour(token))
        painter.setPen(theme.ink_on(token))
        painter.drawText(rect, _CENTRE, text)
        x = rect.right() + 6


def _paint_parts(painter: QPainter, parts: list[str], room: int, theme: Theme) -> None:
    """Time and price quiet, what rests plain; what does not fit is cut at its end."""
    metrics, x = painter.fontMetrics(), 8
    for place, part in enumerate(parts):
        text = metrics.elidedText(part, Qt.TextElideMode.ElideRight, max(0, room - x))
        width = metrics.horizontalAdvance(text)
        painter.setPen(theme.colour("text1" if place < 2 else "text0"))
        painter.drawText(QRect(x, 0, width + 4, HEAD_PX - 1), _LEFT, text)
        x += width + 14
        if x > room:
            return


def _paint_legend(painter: QPainter, room: int, theme: Theme) -> None:
    metrics, x = painter.fontMetrics(), 8
    for side, token in ((1, "up"), (-1, "down")):
        if x + 70 > room:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(token))
        paint_dot(painter, QPointF(x + 5, HEAD_PX / 2 - 0.5), side, 4)
        painter.restore()
        painter.setPen(theme.colour("text1"))
        painter.drawText(QRect(x + 14, 0, 60, HEAD_PX - 1), _LEFT, _WORDS[side])
        x += 14 + metrics.horizontalAdvance(_WORDS[side]) + 14


def _paint_bar(
    painter: QPainter,
    bar: QRect,
    view: HeatmapView,
    theme: Theme,
    palette: npt.NDArray[np.uint32],
    instrument: Instrument,
    marked: int | None,
) -> None:
    strip = np.ascontiguousarray(palette[1:]).reshape(1, -1)
    picture = QImage(strip.data, strip.shape[1], 1, strip.shape[1] * 4, QImage.Format.Format_RGB32)  # type: ignore[call-overload]
    painter.drawImage(bar, picture)
    painter.setFont(theme.label_font())
    painter.setPen(theme.colour("text1"))
    colours = view.colours
    low, high = (formats.short_size(round(size), instrument) for size in (colours.low, colours.high))
    painter.drawText(QRect(bar.left() - 44, 0, 40, HEAD_PX - 1), _RIGHT, low)
    painter.drawText(QRect(bar.right() + 5, 0, 40, HEAD_PX - 1), _LEFT, high)
    painter.setPen(theme.colour("text2"))
    line = QColor(theme.colour("line"))
    for share in (0.25, 0.5, 0.75):
        painter.fillRect(bar.left() + round(share * bar.width()), bar.bottom() + 1, 1, 2, line)
    if marked:
        x = bar.left() + round(colours.place(marked) * (bar.width() - 1))
        painter.fillRect(x - 1, bar.top() - 2, 3, bar.height() + 4, theme.colour("text0"))
