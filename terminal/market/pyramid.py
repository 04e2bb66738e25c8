"""Bars and lines seen from far away: at any zoom a chart reads a few cells a pixel, however many bars it has.

Levels are like the ranks of a tournament: the lowest joins a few neighbours, each above joins two cells of the one
below. A new bar, or a change of the newest, touches one cell a level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.market.pyramid_kernel import BARS_PER_CELL, VALUES_PER_CELL, climb_bars, climb_line
from terminal.market.rows import Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars joined by ``group``: the column ``n`` holds the bars ``first + n * group`` to ``first + (n + 1) * group``,
    the last perhaps fewer. Prices and volumes as in the bars."""

    first: int
    group: int
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints

    def __len__(self) -> int:
        return len(self.open)

    def part(self, begin: int, end: int) -> Columns:
        """The columns ``begin`` to ``end``."""
        cut = slice(begin, end)
        return Columns(
            self.first + begin * self.group, self.group, self.open[cut], self.high[cut], self.low[cut],
            self.close[cut], self.volume[cut],
        )  # fmt: skip


def group_for(bars_per_column: float) -> int:
    """The largest power of two that joins no more bars than ``bars_per_column``, at least 1."""
    group = 1
    while 2 * group <= bars_per_column:
        group *= 2
    return group


def _offsets(capacity: int, base: int) -> tuple[Ints, int]:
    """Where each level begins, and the cells in all."""
    found, at, cells = [], 0, -(-capacity // base)
    while True:
        found.append(at)
        at += cells
        if cells <= 1:
            return np.array(found, np.int64), at
        cells = -(-cells // 2)


class BarPyramid:
    """The cells over an array of bars. The owner calls :meth:`update` after each change; one thread only."""

    def __init__(self, capacity: int) -> None:
        """``capacity``: as many bars as there will be at most."""
        self._offsets, cells = _offsets(max(1, capacity), BARS_PER_CELL)
        self._cells = np.zeros((5, cells), np.int64)

    def update(self, bars: Rows, first: int) -> None:
        """The bars from ``first`` on are new or different; ``bars`` are all of them (BAR_ROW)."""
        climb_bars(
            bars["open"], bars["high"], bars["low"], bars["close"], bars["volume"],
            self._cells, self._offsets, first, len(bars),
        )  # fmt: skip

    def columns(self, bars: Rows, first: int, last: int, group: int) -> Columns:
        """The bars ``first`` to ``last`` joined by ``group``, a power of two; the first column may begin earlier."""
        begin = first - first % group
        last = min(last, len(bars))
        if begin >= last:
            none = np.empty(0, np.int64)
            return Columns(begin, group, none, none, none, none, none)
        if group < BARS_PER_CELL:
            return _join(bars[begin : min(len(bars), -(-last // group) * group)], begin, group)
        level = (group // BARS_PER_CELL).bit_length() - 1
        if level >= len(self._offsets):
            raise ValueError(f"{group} bars a column are more than this pyramid joins")
        at = int(self._offsets[level])
        part = self._cells[:, at + begin // group : at + -(-last // group)]
        return Columns(begin, group, part[0], part[1], part[2], part[3], part[4])

    def widest(self) -> int:
        """Bars in the largest cell."""
        return BARS_PER_CELL << (len(self._offsets) - 1)


def _join(bars: Rows, first: int, group: int) -> Columns:
    if group == 1:
        return Columns(first, 1, bars["open"], bars["high"], bars["low"], bars["close"], bars["volume"])
    starts = np.arange(0, len(bars), group)
    ends = np.minimum(starts + group, len(bars)) - 1
    return Columns(
        first, group, bars["open"][starts], np.maximum.reduceat(bars["high"], starts),
        np.minimum.reduceat(bars["low"], starts), bars["close"][ends], np.add.reduceat(bars["volume"], starts),
    )  # fmt: skip


class LinePyramid:
    """Least and most of a line of values, NaN where it has none. The owner calls :meth:`update` after each change."""

    def __init__(self, capacity: int) -> None:
        """``capacity``: as many values as there will be at most."""
        self._offsets, cells = _offsets(max(1, capacity), VALUES_PER_CELL)
        self._cells = np.full((2, cells), np.nan)

    def update(self, values: Floats, first: int) -> None:
        """The values from ``first`` on are new or different; ``values`` are all of them."""
        climb_line(values, self._cells, self._offsets, first, len(values))

    def extremes(self, values: Floats, first: int, last: int, group: int) -> tuple[int, Floats, Floats]:
        """Where the first column begins, and least and most of each column of ``group`` values (a power of two)."""
        begin = first - first % group
        last = min(last, len(values))
        if begin >= last:
            return begin, np.empty(0), np.empty(0)
        if group < VALUES_PER_CELL:
            part = values[begin : min(len(values), -(-last // group) * group)]
            starts = np.arange(0, len(part), group)
            # fmin and fmax give the number where only one of two is one.
            return begin, np.fmin.reduceat(part, starts), np.fmax.reduceat(part, starts)
        level = min((group // VALUES_PER_CELL).bit_length() - 1, len(self._offsets) - 1)
        at = int(self._offsets[level])
        part = self._cells[:, at + begin // group : at + -(-last // group)]
        return begin, part[0], part[1]

    def widest(self) -> int:
        """Values in the largest cell."""
        return VALUES_PER_CELL << (len(self._offsets) - 1)
