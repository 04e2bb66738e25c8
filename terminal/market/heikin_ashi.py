"""Heikin-Ashi bars: averages of bars, made for the eye. No trade happened at their prices.

Close: mean of open, high, low, close. Open: middle of the Heikin-Ashi bar before (the first: of its bar's own).
High and low: the extremes of the bar and of both (D. Valcu, "Using The Heikin-Ashi Technique", 2004).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.market.bar_series import BarSeries
from terminal.market.rows import Rows
from terminal.market.talib_library import stream

_FIELDS = ("open", "high", "low", "close")


class HeikinAshi:
    """Follows a series: every finished bar is averaged once, the newest one again with each change."""

    def __init__(self) -> None:
        self.series = BarSeries()
        self._handle: Any = None
        self._finished = 0
        self._generation = -1

    def follow(self, source: BarSeries) -> None:
        """Brings the averaged bars up to ``source``."""
        count = len(source)
        if not count:
            self.series.clear()
            self._handle, self._finished, self._generation = None, 0, source.generation
            return
        if self._generation != source.generation or self._handle is None or self._finished > source.first_change:
            self._begin(source)
            return
        rows = source.rows
        first = self._finished
        made = rows[max(0, first - 1) :].copy()
        if first:
            made[0] = self.series.rows[first - 1]
        for place in range(first, count):
            values = tuple(float(rows[name][place]) for name in _FIELDS)
            is_last = place == count - 1
            averaged = self._handle.peek(*values) if is_last else self._handle.update(*values)
            _put(made, place - max(0, first - 1), averaged)
        self._finished = count - 1
        self.series.join(made)

    def _begin(self, source: BarSeries) -> None:
        rows = source.rows
        made = rows.copy()
        self._generation, self._finished = source.generation, len(rows) - 1
        columns = [np.ascontiguousarray(rows[name], np.float64) for name in _FIELDS]
        if len(rows) == 1:
            first = [float(column[0]) for column in columns]
            _put(made, 0, ((first[0] + first[3]) / 2, first[1], first[2], sum(first) / 4))
            self._handle = None
        else:
            self._handle, averaged = stream.HA.open_and_fill(*(column[:-1] for column in columns))
            newest = self._handle.peek(*(float(column[-1]) for column in columns))
            for name, values, last in zip(_FIELDS, averaged, newest, strict=True):
                made[name][:-1] = np.rint(values)
                made[name][-1] = round(last)
        self.series.replace(made)


def _put(rows: Rows, place: int, values: tuple[float, ...]) -> None:
    for name, value in zip(_FIELDS, values, strict=True):
        rows[name][place] = round(value)
