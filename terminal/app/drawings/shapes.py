"""Shapes in time and price, as values: every edit makes a new one, so that an undo is the old one put back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

MAX_TEXT = 500
COLOURS = ("blue", "amber", "green", "red", "violet", "grey")
"""What a drawing may have; a theme has its own shade of each, in this order."""
WIDTHS = (1, 2, 3)


class DrawingError(ValueError):
    """A drawing that cannot be: the message is one sentence."""


class Tool(Enum):
    """What can be drawn."""

    TREND_LINE = "trend_line"
    RAY = "ray"
    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"
    RECTANGLE = "rectangle"
    FIBONACCI = "fibonacci"
    MEASURE = "measure"
    TEXT = "text"

    @property
    def title(self) -> str:
        """As menus say it."""
        return {"fibonacci": "Fibonacci retracement"}.get(self.value, self.value.replace("_", " ").capitalize())

    @property
    def anchor_count(self) -> int:
        """How many points a person sets."""
        return 1 if self in {Tool.HORIZONTAL, Tool.VERTICAL, Tool.TEXT} else 2


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of the chart: UTC nanoseconds and a price in the instrument's currency."""

    ts_ns: int
    price: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.price):
            raise DrawingError("A drawing's price is a finite number.")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One shape. ``colour`` is one of COLOURS, ``width`` one of WIDTHS; a locked one is not moved by the mouse."""

    id: str
    tool: Tool
    anchors: tuple[Anchor, ...]
    colour: str = COLOURS[0]
    width: int = 1
    text: str = ""
    is_locked: bool = False

    def __post_init__(self) -> None:
        if len(self.anchors) != self.tool.anchor_count:
            raise DrawingError(f"A {self.tool.title.lower()} has {self.tool.anchor_count} points.")
        if self.colour not in COLOURS or self.width not in WIDTHS:
            raise DrawingError("A drawing has one of the known colours and widths.")
        if len(self.text) > MAX_TEXT:
            raise DrawingError(f"A drawing's text is at most {MAX_TEXT} characters long.")

    def with_anchor(self, index: int, anchor: Anchor) -> Drawing:
        """The same shape with one point elsewhere."""
        return replace(self, anchors=(*self.anchors[:index], anchor, *self.anchors[index + 1 :]))


def to_json(drawing: Drawing) -> dict[str, Any]:
    """As it is written to a file."""
    return {
        "id": drawing.id,
        "tool": drawing.tool.value,
        "anchors": [[each.ts_ns, each.price] for each in drawing.anchors],
        "colour": drawing.colour,
        "width": drawing.width,
        "text": drawing.text,
        "locked": drawing.is_locked,
    }


def from_json(row: object) -> Drawing:
    """The drawing of a file's row; raises DrawingError for what is none."""
    if not isinstance(row, Mapping):
        raise DrawingError("A drawing is an object.")
    try:
        tool = Tool(row.get("tool"))
    except ValueError as error:
        raise DrawingError(f"There is no tool {row.get('tool')!r}.") from error
    points, number = row.get("anchors"), row.get("id")
    if not isinstance(points, list) or not isinstance(number, str) or not number:
        raise DrawingError("A drawing has an id and points.")
    colour, width, text, locked = (
        row.get("colour", COLOURS[0]), row.get("width", 1), row.get("text", ""), row.get("locked", False),
    )  # fmt: skip
    if not isinstance(text, str) or not isinstance(locked, bool):
        raise DrawingError("A drawing's text is a string and its lock yes or no.")
    return Drawing(number, tool, tuple(_anchor(point) for point in points), colour, width, text, locked)


def _anchor(point: object) -> Anchor:
    if not isinstance(point, list) or len(point) != 2:
        raise DrawingError("A point is a time and a price.")
    ts_ns, price = point
    numbers = isinstance(ts_ns, int) and not isinstance(ts_ns, bool) and isinstance(price, int | float)
    if not numbers or isinstance(price, bool):
        raise DrawingError("A point's time is an integer and its price a number.")
    try:
        return Anchor(ts_ns, float(price))
    except OverflowError as error:
        raise DrawingError("A drawing's price is a finite number.") from error
