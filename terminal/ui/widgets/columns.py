"""Columns of a table as data. No Qt in here."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any

CellText = Callable[[Any, Hashable], str]
"""From a raw value and its row's key to what stands in the cell."""


class Align(Enum):
    """Where the text stands; numbers are right-aligned."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Tone(Enum):
    """What colours the text. ``SIGN``: up or down by the sign of the raw value (the text carries the sign too)."""

    PLAIN = "text0"
    LABEL = "text1"
    FAINT = "text2"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``tooltip`` says the unit and the formula's name. ``tint``: a changed cell is tinted for 300 ms.
    ``bar``: token of the bar behind the number (``"bid"``, ``"ask"``), whose length the rows give; it grows from the
    edge that ``align`` names. ``width`` in pixels. ``ages``: whether the
    value can be stale; a name or a quantity held cannot."""

    key: str
    head: str
    tooltip: str
    text: CellText
    width: int = 64
    align: Align = Align.RIGHT
    tone: Tone = Tone.PLAIN
    tint: bool = False
    visible: bool = True
    bar: str = ""
    mono: bool = False
    bold: bool = False
    ages: bool = True


def plain(function: Callable[[Any], str]) -> CellText:
    """Lifts a formatter of one value, such as those of ``terminal.app.formats``, into a column's ``text``."""
    return lambda value, _key: function(value)


def as_is(value: object, _key: Hashable) -> str:
    """Text that is text already."""
    return str(value)
