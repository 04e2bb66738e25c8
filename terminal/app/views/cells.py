"""Cells of a table: columns, looks, and the grid that formats only what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, IntFlag

import numpy as np
import numpy.typing as npt

from terminal.app.formats import MISSING

ABSENT = -(2**63)
"""A raw value that is not there; the same number as an absent price."""

Raw = npt.NDArray[np.int64]
"""Values at the precision of the screen, [rows, columns]: two that look the same are the same."""
Looks = npt.NDArray[np.uint16]
"""``Tone`` and ``Look`` bits, [rows, columns]."""


class Align(Enum):
    """Where a column's text stands."""

    LEFT = "left"
    RIGHT = "right"
    CENTRE = "centre"


class Tone(IntEnum):
    """The ink of a cell: the low bits of a look."""

    VALUE = 0
    LABEL = 1
    MUTED = 2
    UP = 3
    DOWN = 4
    WARN = 5
    CRITICAL = 6
    ACCENT = 7


TONE_MASK = 0x0007


class Look(IntFlag):
    """What else a cell shows besides its text."""

    STALE = 0x0008
    """Older than its limit: muted, with a dotted underline."""
    ITM = 0x0010
    ATM = 0x0020
    BAD = 0x0040
    """Crossed or zero: not a market."""
    STRONG = 0x0080
    MINE = 0x0100
    AGE_1 = 0x0200
    AGE_2 = 0x0400
    HEAD = 0x0800
    """Part of the spine of the table, such as the strikes."""


AGE_SHIFT = 9
AGE_MASK = 0x0600
"""Age of a side, in four steps: 0 long ago or never, 3 just now."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``help`` says the unit and the formula's name; ``sample`` is the widest usual text.

    ``tints``: a changed cell is tinted for a moment. ``optional`` columns are hidden at first.
    """

    id: str
    title: str
    help: str
    sample: str
    align: Align = Align.RIGHT
    tints: bool = False
    optional: bool = False


@dataclass(slots=True)
class Changes:
    """What a refresh changed. ``reset``: rows came, went or moved, so everything is new.

    ``cells``: (row, column, direction); the direction is 1 up, -1 down, 0 for anything else.
    """

    reset: bool = False
    cells: list[tuple[int, int, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.reset or bool(self.cells)


Formatter = Callable[[int, int], str]
"""(row, raw value) to text; never called with ABSENT."""


class CellGrid:
    """Texts and looks of a table's cells, in the order of the screen. UI thread only.

    ``put`` compares with what is there and formats the cells that differ, nothing else.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.raw: Raw = np.empty((0, len(self.columns)), np.int64)
        self.looks: Looks = np.empty((0, len(self.columns)), np.uint16)
        self.texts: list[list[str]] = []
        self._index = {column.id: i for i, column in enumerate(self.columns)}

    @property
    def row_count(self) -> int:
        """Rows."""
        return len(self.texts)

    def column(self, column_id: str) -> int:
        """The place of a column; KeyError when there is none."""
        return self._index[column_id]

    def text(self, row: int, column: int) -> str:
        """What a cell shows."""
        return self.texts[row][column]

    def look(self, row: int, column: int) -> int:
        """The tone and look bits of a cell."""
        return int(self.looks[row, column])

    def resize(self, rows: int) -> None:
        """``rows`` empty rows; the next ``put`` fills them."""
        shape = (rows, len(self.columns))
        self.raw = np.full(shape, ABSENT, np.int64)
        self.looks = np.full(shape, np.uint16(Tone.LABEL), np.uint16)
        self.texts = [[MISSING] * len(self.columns) for _ in range(rows)]

    def put(self, first: int, raw: Raw, looks: Looks, formatters: Sequence[Formatter]) -> list[tuple[int, int, int]]:
        """Sets the rows from ``first`` on and gives the cells that look different now, as in :class:`Changes`."""
        after = first + len(raw)
        old = self.raw[first:after]
        new_text = raw != old
        direction = np.where((raw == ABSENT) | (old == ABSENT), 0, np.sign(np.where(new_text, raw - old, 0)))
        rows, columns = np.nonzero(new_text | (looks != self.looks[first:after]))
        self.raw[first:after] = raw
        self.looks[first:after] = looks
        changed: list[tuple[int, int, int]] = []
        for i, column in zip(rows.tolist(), columns.tolist(), strict=True):
            row = first + i
            if new_text[i, column]:
                value = int(raw[i, column])
                self.texts[row][column] = MISSING if value == ABSENT else formatters[column](row, value)
            changed.append((row, column, int(direction[i, column])))
        return changed


def age_level(age_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    """Look bits of ages: under 1 s, 10 s, 60 s, and older (or negative: never)."""
    second = 1_000_000_000
    level = np.where(age_ns < second, 3, np.where(age_ns < 10 * second, 2, np.where(age_ns < 60 * second, 1, 0)))
    return (np.where(age_ns < 0, 0, level) << AGE_SHIFT).astype(np.uint16)
