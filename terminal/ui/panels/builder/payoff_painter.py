"""The payoff picture: profit at the nearest expiry, today and at the chosen date, over the price of the underlying."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF

from terminal.app import formats
from terminal.app.views.builder_reckoning import Curves, Reckoned
from terminal.app.views.builder_words import axis_cash, cash
from terminal.ui.panels.builder.geometry import AXIS_PX, GAP_PX, TAG_PX, Geometry
from terminal.ui.theme.theme import Theme

Floats = npt.NDArray[np.float64]
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_FILL, _BAND = 46, 26


@dataclass(frozen=True, slots=True)
class Tag:
    """A strike that can be dragged: ``place`` of its leg, its text, its rectangle."""

    place: int
    text: str
    rect: QRect
    is_long: bool


def paint_picture(painter: QPainter, theme: Theme, at: Geometry, result: Reckoned, chosen_words: str) -> None:
    """Everything but the tags and the pointer."""
    curves, outcome = result.curves, result.outcome
    if curves is None or outcome is None:
        return
    painter.setFont(theme.label_font())
    _deviation(painter, theme, at, result)
    _axes(painter, theme, at)
    painter.save()
    painter.setClipRect(at.plot)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _areas(painter, theme, at, curves)
    _line(painter, at, curves.spots, curves.today, QPen(theme.colour(theme.tokens.series[0]), 1.2))
    dashed = QPen(theme.colour("accent"), 1.4, Qt.PenStyle.DashLine)
    _line(painter, at, curves.spots, curves.chosen, dashed)
    _expiry(painter, theme, at, curves)
    painter.restore()
    _breakevens(painter, theme, at, outcome.breakevens)
    _spot(painter, theme, at, result.spot)
    _legend(painter, theme, at, chosen_words)


def _axes(painter: QPainter, theme: Theme, at: Geometry) -> None:
    plot = at.plot
    for price in at.price_marks():
        x = round(at.x(price))
        painter.setPen(theme.colour("line"))
        painter.drawLine(x, plot.top(), x, plot.bottom())
        painter.setPen(theme.colour("text2"))
        painter.drawText(QRect(x - 40, plot.bottom() + 2, 80, GAP_PX - 2), _CENTRE, f"{price:,.10g}")
    for profit in at.profit_marks():
        y = round(at.y(profit))
        painter.setPen(theme.colour("line"))
        painter.drawLine(plot.left(), y, plot.right(), y)
        painter.setPen(theme.colour("text2"))
        painter.drawText(QRect(0, y - 8, AXIS_PX - 6, 16), _RIGHT, axis_cash(profit))
    painter.setPen(QPen(theme.colour("text1"), 1))
    y = round(at.y(0.0))
    painter.drawLine(plot.left(), y, plot.right(), y)


def _deviation(painter: QPainter, theme: Theme, at: Geometry, result: Reckoned) -> None:
    if not math.isfinite(result.deviation):
        return
    low = max(at.x(result.spot - result.deviation), at.plot.left())
    high = min(at.x(result.spot + result.deviation), at.plot.right())
    painter.fillRect(QRectF(low, at.plot.top(), max(high - low, 1.0), at.plot.height()), _thin(theme, "text2", _BAND))


def _areas(painter: QPainter, theme: Theme, at: Geometry, curves: Curves) -> None:
    zero = at.y(0.0)
    painter.setPen(Qt.PenStyle.NoPen)
    for token, part in (("up", np.maximum(curves.expiry, 0.0)), ("down", np.minimum(curves.expiry, 0.0))):
        painter.setBrush(_thin(theme, token, _FILL))
        points = [QPointF(at.x(curves.spots[0]), zero)]
        points += [QPointF(at.x(x), at.y(y)) for x, y in zip(curves.spots.tolist(), part.tolist(), strict=True)]
        points.append(QPointF(at.x(curves.spots[-1]), zero))
        painter.drawPolygon(QPolygonF(points))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _expiry(painter: QPainter, theme: Theme, at: Geometry, curves: Curves) -> None:
    """In the colour of profit above the zero line and in that of loss below it."""
    zero = at.y(0.0)
    for token, rect in (
        ("up", QRectF(at.plot.left(), at.plot.top(), at.plot.width(), zero - at.plot.top())),
        ("down", QRectF(at.plot.left(), zero, at.plot.width(), at.plot.bottom() - zero + 1)),
    ):
        painter.save()
        painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
        _line(painter, at, curves.spots, curves.expiry, QPen(theme.colour(token), 2.0))
        painter.restore()


def _line(painter: QPainter, at: Geometry, spots: Floats, profits: Floats, pen: QPen) -> None:
    painter.setPen(pen)
    points = [QPointF(at.x(x), at.y(y)) for x, y in zip(spots.tolist(), profits.tolist(), strict=True)]
    painter.drawPolyline(QPolygonF(points))


def _breakevens(painter: QPainter, theme: Theme, at: Geometry, breakevens: Sequence[float]) -> None:
    metrics, zero = QFontMetrics(theme.label_font()), at.y(0.0)
    end = -1
    for each in breakevens:
        if not at.low <= each <= at.high:
            continue
        x = at.x(each)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("text0"), 1.4))
        painter.setBrush(theme.colour("bg1"))
        painter.drawEllipse(QPointF(x, zero), 3.5, 3.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        text = f"{each:,.2f}"
        wide = metrics.horizontalAdvance(text)
        left = min(max(round(x - wide / 2), at.plot.left() + 2), at.plot.right() - wide - 2)
        if left > end + 4:
            painter.fillRect(QRect(left - 2, round(zero) + 6, wide + 4, 14), theme.colour("bg1"))
            painter.drawText(QRect(left, round(zero) + 5, wide + 4, 15), _LEFT, text)
            end = left + wide


def _spot(painter: QPainter, theme: Theme, at: Geometry, spot: float) -> None:
    if not at.low <= spot <= at.high:
        return
    x, text = round(at.x(spot)), f"{spot:,.2f}"
    painter.setPen(QPen(theme.colour("text1"), 1, Qt.PenStyle.DotLine))
    painter.drawLine(x, at.plot.top(), x, at.plot.bottom())
    wide = QFontMetrics(theme.label_font()).horizontalAdvance(text) + 8
    rect = QRect(min(max(x - wide // 2, at.plot.left()), at.plot.right() - wide), at.plot.bottom() - 16, wide, 15)
    painter.fillRect(rect, theme.colour("bg2"))
    painter.setPen(theme.colour("text0"))
    painter.drawText(rect, _CENTRE, text)


def _legend(painter: QPainter, theme: Theme, at: Geometry, chosen_words: str) -> None:
    metrics, x, y = QFontMetrics(theme.label_font()), at.plot.left() + 2, 1
    parts = (
        ("at expiry", theme.colour("up"), Qt.PenStyle.SolidLine, 2.0),
        ("today", theme.colour(theme.tokens.series[0]), Qt.PenStyle.SolidLine, 1.2),
        (chosen_words, theme.colour("accent"), Qt.PenStyle.DashLine, 1.4),
    )
    for text, colour, style, wide in parts:
        painter.setPen(QPen(colour, wide, style))
        painter.drawLine(x, y + 8, x + 16, y + 8)
        painter.setPen(theme.colour("text1"))
        width = metrics.horizontalAdvance(text)
        painter.drawText(QRect(x + 20, y, width + 4, 16), _LEFT, text)
        x += width + 36
    text = "band: ±1 standard deviation"
    width = metrics.horizontalAdvance(text)
    if x + width < at.plot.right():
        painter.setPen(theme.colour("text2"))
        painter.drawText(QRect(at.plot.right() - width - 4, y, width + 4, 16), _RIGHT, text)


def paint_tags(painter: QPainter, theme: Theme, tags: Sequence[Tag], chosen: int) -> None:
    """The strikes under the axis: bought or sold by colour and sign."""
    painter.setFont(theme.label_font())
    for tag in tags:
        token = "up" if tag.is_long else "down"
        painter.fillRect(tag.rect, theme.colour("selection" if tag.place == chosen else "bg2"))
        painter.setPen(theme.colour("accent" if tag.place == chosen else "line"))
        painter.drawRect(tag.rect.adjusted(0, 0, -1, -1))
        painter.setPen(theme.colour(token))
        painter.drawText(tag.rect, _CENTRE, tag.text)


def lay_tags(at: Geometry, texts: Sequence[tuple[int, str, float, bool]], metrics: QFontMetrics) -> list[Tag]:
    """``texts``: place, text, strike, bought. Those that would overlap stand in rows."""
    tags: list[Tag] = []
    ends: list[int] = []
    for place, text, strike, is_long in sorted(texts, key=lambda each: (each[2], each[0])):
        wide = metrics.horizontalAdvance(text) + 8
        left = round(at.x(strike)) - wide // 2
        left = min(max(left, at.plot.left()), at.plot.right() - wide)
        row = next((row for row, end in enumerate(ends) if end < left), len(ends))
        if row == len(ends):
            ends.append(0)
        ends[row] = left + wide + 2
        top = at.plot.bottom() + GAP_PX + row * TAG_PX
        tags.append(Tag(place, text, QRect(left, top, wide, TAG_PX - 2), is_long))
    return tags


def paint_pointer(painter: QPainter, theme: Theme, at: Geometry, curves: Curves, x: int) -> None:
    """A line under the pointer with the price and the three profits."""
    price = at.price(x)
    painter.setPen(QPen(theme.colour("text2"), 1))
    painter.drawLine(x, at.plot.top(), x, at.plot.bottom())
    named = (("expiry", curves.expiry), ("date", curves.chosen), ("today", curves.today))
    profits = [f"{name} {cash(float(np.interp(price, curves.spots, each)))}" for name, each in named]
    lines = [formats.ratio(price, 2), *profits]
    metrics = QFontMetrics(theme.label_font())
    wide = max(metrics.horizontalAdvance(each) for each in lines) + 12
    left = x + 8 if x + 8 + wide < at.plot.right() else x - 8 - wide
    rect = QRect(left, at.plot.top() + 6, wide, 15 * len(lines) + 6)
    painter.fillRect(rect, theme.colour("bg2"))
    painter.setPen(theme.colour("line"))
    painter.drawRect(rect.adjusted(0, 0, -1, -1))
    painter.setFont(theme.label_font())
    for row, text in enumerate(lines):
        painter.setPen(theme.colour("text0" if row == 0 else "text1"))
        painter.drawText(QRect(left + 6, rect.top() + 3 + 15 * row, wide - 8, 15), _LEFT, text)


def _thin(theme: Theme, token: str, alpha: int) -> QColor:
    colour = QColor(theme.colour(token))
    colour.setAlpha(alpha)
    return colour
