"""What a drawing looks like on a chart, in pixels: the same lines are painted and hit by the mouse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from terminal.app.drawings.shapes import Anchor, Drawing, Tool

REACH_PX = 5.0
"""How near the mouse must be to a line or a handle."""
RETRACEMENTS = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0, 1.272, 1.618)
"""Shares of the move, measured back from its end, and two extensions."""
_MINUS = "\N{MINUS SIGN}"


class View(Protocol):
    """The chart's mapping between pixels, and times and prices."""

    @property
    def width(self) -> float:
        """Of the plot."""
        ...

    @property
    def height(self) -> float:
        """Of the plot."""
        ...

    def x(self, ts_ns: int) -> float:
        """Pixels of a time, also outside the plot and beyond the last bar."""
        ...

    def y(self, price: float) -> float:
        """Pixels of a price."""
        ...

    def ts_ns(self, x: float) -> int:
        """Time at a pixel."""
        ...

    def price(self, y: float) -> float:
        """Price at a pixel."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """How figures are written: a price, a difference of prices, and the bars between two times."""

    price: Callable[[float], str]
    difference: Callable[[float], str]
    bars: Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Line:
    """From one pixel to another."""

    x1: float
    y1: float
    x2: float
    y2: float

    def distance(self, x: float, y: float) -> float:
        """Of a pixel to the nearest point of the line."""
        dx, dy = self.x2 - self.x1, self.y2 - self.y1
        length = dx * dx + dy * dy
        share = 0.0 if length == 0 else min(1.0, max(0.0, ((x - self.x1) * dx + (y - self.y1) * dy) / length))
        return math.hypot(x - self.x1 - share * dx, y - self.y1 - share * dy)


@dataclass(frozen=True, slots=True)
class Label:
    """A text that begins at a pixel; ``is_above``: stands on it, else hangs below."""

    x: float
    y: float
    text: str
    is_above: bool = True


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, its corners in order."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel is inside."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


@dataclass(frozen=True, slots=True)
class Outline:
    """What to paint: an area, lines over it, texts, and the points that can be dragged, one an anchor."""

    lines: tuple[Line, ...] = ()
    box: Box | None = None
    labels: tuple[Label, ...] = ()
    handles: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """What the mouse met: one anchor's handle, or (None) the shape as a whole."""

    anchor: int | None


def outline(drawing: Drawing, view: View, words: Words) -> Outline:
    """The drawing in pixels."""
    points = tuple((view.x(each.ts_ns), view.y(each.price)) for each in drawing.anchors)
    made = _MAKERS[drawing.tool](drawing, points, view, words)
    return replace(made, handles=points)


def hit(drawn: Outline, x: float, y: float, *, is_filled: bool = False) -> Hit | None:
    """What lies at a pixel; ``is_filled``: the inside of a box counts too, not only its edge."""
    for index, (at_x, at_y) in enumerate(drawn.handles):
        if math.hypot(x - at_x, y - at_y) <= REACH_PX + 1:
            return Hit(index)
    if any(line.distance(x, y) <= REACH_PX for line in drawn.lines):
        return Hit(None)
    if is_filled and drawn.box is not None and drawn.box.holds(x, y):
        return Hit(None)
    return None


def moved(drawing: Drawing, view: View, dx: float, dy: float) -> Drawing:
    """The drawing shifted on the screen, whatever the axis' scale: on a logarithmic one its shape stays as it looks."""
    anchors = tuple(
        Anchor(view.ts_ns(view.x(each.ts_ns) + dx), view.price(view.y(each.price) + dy)) for each in drawing.anchors
    )
    return replace(drawing, anchors=anchors)


_Points = tuple[tuple[float, float], ...]


def _trend_line(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    return Outline((Line(*points[0], *points[1]),))


def _ray(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    (x1, y1), (x2, y2) = points
    dx, dy = x2 - x1, y2 - y1
    if dx == 0 and dy == 0:
        return Outline((Line(x1, y1, x2, y2),))
    # Far enough to leave the plot in any direction, and no further: painters do not like huge numbers.
    steps = []
    if dx:
        steps.append(((view.width if dx > 0 else 0.0) - x1) / dx)
    if dy:
        steps.append(((view.height if dy > 0 else 0.0) - y1) / dy)
    share = max(1.0, min((each for each in steps if each > 0), default=1.0))
    return Outline((Line(x1, y1, x1 + share * dx, y1 + share * dy),))


def _horizontal(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    y = points[0][1]
    price = words.price(drawing.anchors[0].price)
    text = f"{drawing.text}  {price}" if drawing.text else price
    return Outline((Line(0.0, y, view.width, y),), labels=(Label(4.0, y, text),))


def _vertical(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    x = points[0][0]
    labels = (Label(x + 4, 4.0, drawing.text, is_above=False),) if drawing.text else ()
    return Outline((Line(x, 0.0, x, view.height),), labels=labels)


def _box(points: _Points) -> Box:
    (x1, y1), (x2, y2) = points
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _edges(box: Box) -> tuple[Line, ...]:
    return (
        Line(box.left, box.top, box.right, box.top),
        Line(box.right, box.top, box.right, box.bottom),
        Line(box.right, box.bottom, box.left, box.bottom),
        Line(box.left, box.bottom, box.left, box.top),
    )


def _rectangle(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    box = _box(points)
    labels = (Label(box.left + 4, box.top + 2, drawing.text, is_above=False),) if drawing.text else ()
    return Outline(_edges(box), box, labels)


def _fibonacci(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    begin, end = drawing.anchors
    left, right = sorted((points[0][0], points[1][0]))
    lines, labels = [Line(*points[0], *points[1])], []
    for share in RETRACEMENTS:
        price = end.price + (begin.price - end.price) * share
        y = view.y(price)
        lines.append(Line(left, y, right, y))
        labels.append(Label(left + 4, y, f"{share:.1%}  {words.price(price)}"))
    return Outline(tuple(lines), labels=tuple(labels))


def _measure(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    begin, end = drawing.anchors
    box = _box(points)
    change = end.price - begin.price
    share = f" ({change / begin.price:+.2%})" if begin.price > 0 else ""
    bars = words.bars(begin.ts_ns, end.ts_ns)
    counted = f"{bars} bar{'' if abs(bars) == 1 else 's'}"
    text = f"{words.difference(change)}{share}  {counted}  {_span(end.ts_ns - begin.ts_ns)}".replace("-", _MINUS)
    is_up = change >= 0
    return Outline(_edges(box), box, (Label(box.left + 4, box.top if is_up else box.bottom, text, is_above=is_up),))


def _text(drawing: Drawing, points: _Points, view: View, words: Words) -> Outline:
    x, y = points[0]
    # A text has no line to be hit: its own foot is one.
    return Outline((Line(x, y, x + 7.0 * max(1, len(drawing.text)), y),), labels=(Label(x, y, drawing.text or "Text"),))


def _span(ns: int) -> str:
    """A length of time in its two largest units."""
    seconds = abs(ns) // 1_000_000_000
    sign = _MINUS if ns < 0 else ""
    for size, unit, finer_size, finer in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // finer_size
            return f"{sign}{seconds // size} {unit}" + (f" {rest} {finer}" if rest else "")
    return f"{sign}{seconds} s"


_MAKERS: dict[Tool, Callable[[Drawing, _Points, View, Words], Outline]] = {
    Tool.TREND_LINE: _trend_line,
    Tool.RAY: _ray,
    Tool.HORIZONTAL: _horizontal,
    Tool.VERTICAL: _vertical,
    Tool.RECTANGLE: _rectangle,
    Tool.FIBONACCI: _fibonacci,
    Tool.MEASURE: _measure,
    Tool.TEXT: _text,
}
