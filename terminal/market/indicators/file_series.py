"""The values of a trader's own file over one chart's bars. Its process may be slow: values come when they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from terminal.market.bar_series import BarSeries
from terminal.market.indicators.computation import BarColumns, Floats, columns_of
from terminal.market.indicators.user_file import FileProcess
from terminal.market.pyramid import LinePyramid

_GROWING_EVERY_S = 0.25
"""A growing bar is computed at most so often; a finished one always."""

Answer = tuple[int, list[Floats]]
SubmitAnswer = Callable[[Callable[[], Answer]], "Future[Answer]"]


class FileSeries:
    """As :class:`IndicatorSeries`, with its values from a :class:`FileProcess`. One thread only."""

    def __init__(
        self, process: FileProcess, outputs: int, price_scale: float, size_scale: float, submit: SubmitAnswer
    ) -> None:
        self._process = process
        self._scales = (price_scale, size_scale)
        self._submit = submit
        self._room = [np.empty(0) for _ in range(outputs)]
        self._pyramids = [LinePyramid(1) for _ in range(outputs)]
        self._count = 0
        self._known = 0
        self._sent: tuple[int, int] = (-1, 0)
        self._waiting: Future[Answer] | None = None
        self._asked_s = 0.0
        self._unsent_from: int | None = 0
        self.error: BaseException | None = None
        """Why there are no values."""
        self.seconds = 0.0
        """What the last answer took."""

    @property
    def is_waiting(self) -> bool:
        """Whether the first values are still to come."""
        return self._waiting is not None and not self._known

    def __len__(self) -> int:
        return self._count

    def values(self, output: int) -> Floats:
        """The values of an output; NaN where they are still to come."""
        return self._room[output][: self._count]

    def extremes(self, output: int, first: int, last: int, group: int) -> tuple[int, Floats, Floats]:
        """See :meth:`LinePyramid.extremes`."""
        pyramid = self._pyramids[output]
        return pyramid.extremes(self.values(output), first, last, min(group, pyramid.widest()))

    def close(self) -> None:
        """Ends the process."""
        self._process.close()

    def follow(self, bars: BarSeries) -> bool:
        """Asks for values of new bars, and takes those that have come; True when past ones are different."""
        if self.error is not None:
            return False
        if self._sent[0] != bars.generation:
            self._unsent_from = 0
        elif bars.first_change < len(bars):
            first = min(bars.first_change, self._sent[1])
            self._unsent_from = first if self._unsent_from is None else min(self._unsent_from, first)
        changed = False
        if self._waiting is not None and self._waiting.done():
            changed = self._take(len(bars))
            if self._has_failed():
                return True
        if self._waiting is None and len(bars):
            self._ask(bars)
        if self._count != len(bars):
            self._resize(len(bars))
        return changed

    def _has_failed(self) -> bool:
        return self.error is not None

    def _ask(self, bars: BarSeries) -> None:
        first = self._unsent_from
        if first is None:
            return
        is_growing = self._sent == (bars.generation, len(bars))
        if is_growing and time.monotonic() - self._asked_s < _GROWING_EVERY_S:
            return
        kept = first if self._sent[0] == bars.generation else 0
        tail: BarColumns = columns_of(bars.rows[kept:], *self._scales)
        process = self._process
        self._asked_s = time.monotonic()
        self._sent, self._unsent_from = (bars.generation, len(bars)), None
        self._waiting = self._submit(lambda: process.compute(kept, tail))

    def _take(self, count: int) -> bool:
        done, self._waiting = self._waiting, None
        assert done is not None  # noqa: S101 - the caller has looked
        try:
            first, values = done.result()
        except Exception as problem:  # noqa: BLE001 - shown to the trader
            self.error = problem
            self._count = self._known = 0
            return True
        self.seconds = time.monotonic() - self._asked_s
        self._resize(max(count, first + len(values[0])))
        was = self._known
        for room, pyramid, new in zip(self._room, self._pyramids, values, strict=True):
            room[first : first + len(new)] = new
            pyramid.update(room[: self._count], first)
        self._known = first + len(values[0])
        return first < was - 1 or was == 0

    def _resize(self, count: int) -> None:
        if count > len(self._room[0]):
            for output, old in enumerate(self._room):
                room = np.full(max(1024, 2 * count), np.nan)
                room[: len(old)] = old
                self._room[output] = room
                self._pyramids[output] = LinePyramid(len(room))
                self._pyramids[output].update(room[:count], 0)
        elif count > self._count:
            for room, pyramid in zip(self._room, self._pyramids, strict=True):
                room[self._count : count] = np.nan
                pyramid.update(room[:count], self._count)
        self._count = count
