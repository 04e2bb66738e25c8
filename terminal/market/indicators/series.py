"""The values of one indicator over one chart's bars: finished bars are computed once, the growing one with each tick.

Long histories are computed on a thread that the owner gives; until then the indicator has no values and holds nobody
up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from terminal.market.bar_series import BarSeries
from terminal.market.indicators.computation import BarColumns, Computation, Floats, columns_of, values_of
from terminal.market.indicators.spec import IndicatorError
from terminal.market.pyramid import LinePyramid

SHORT = 5_000
"""Bars that are computed at once, on the caller's thread."""
_LEAST_ROOM = 1024

Submit = Callable[[Callable[[], "Filled"]], "Future[Filled]"]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a thread made of a history."""

    computation: Computation
    values: Sequence[Floats]
    bars: int
    seconds: float


class IndicatorSeries:
    """Follows a :class:`BarSeries`. One thread only; the work that it gives away touches nothing of it."""

    def __init__(
        self,
        make: Callable[[], Computation],
        outputs: int,
        price_scale: float,
        size_scale: float,
        submit: Submit | None,
        *,
        always_away: bool = False,
    ) -> None:
        """``make`` gives a fresh computation; ``submit`` runs long work elsewhere (None: everything here)."""
        self._make = make
        self._scales = (price_scale, size_scale)
        self._submit = submit
        self._always_away = always_away
        self._room = [np.empty(0) for _ in range(outputs)]
        self._pyramids = [LinePyramid(1) for _ in range(outputs)]
        self._count = 0
        self._finished = 0
        self._seen = 0
        self._computation: Computation | None = None
        self._generation = -1
        self._waiting: Future[Filled] | None = None
        self.error: BaseException | None = None
        """Why there are no values; IndicatorError for what the trader can mend."""
        self.seconds = 0.0
        """What the last whole computation took."""

    @property
    def is_waiting(self) -> bool:
        """Whether values are being computed elsewhere."""
        return self._waiting is not None

    def __len__(self) -> int:
        return self._count

    def values(self, output: int) -> Floats:
        """The values of an output, as long as the bars were at the last :meth:`follow`; not to be kept."""
        return self._room[output][: self._count]

    def extremes(self, output: int, first: int, last: int, group: int) -> tuple[int, Floats, Floats]:
        """See :meth:`LinePyramid.extremes`."""
        pyramid = self._pyramids[output]
        return pyramid.extremes(self.values(output), first, last, min(group, pyramid.widest()))

    def again(self) -> None:
        """Computes everything anew at the next :meth:`follow`."""
        self._generation = -1
        self._computation, self.error = None, None

    def follow(self, bars: BarSeries) -> bool:
        """Brings the values up to ``bars``; True when values before the newest ones are different."""
        try:
            return self._follow(bars)
        except Exception as problem:  # noqa: BLE001 - the trader's own code may raise anything
            self._fail(problem)
            return True

    def _follow(self, bars: BarSeries) -> bool:
        if self._generation == bars.generation and self._is_outdated(bars) and self.error is None:
            self.again()
        if self._generation != bars.generation:
            self._begin(bars)
            if self._waiting is None:
                return True
        renewed = False
        if self._waiting is not None:
            if not self._waiting.done():
                return False
            done, self._waiting = self._waiting, None
            self._adopt(done.result(), bars)
            renewed = True
        if self._computation is None:
            return renewed
        self._advance(bars)
        return renewed

    def _is_outdated(self, bars: BarSeries) -> bool:
        """Whether a bar that was finished is different, or may be: what was carried forward is then of no use."""
        missed, self._seen = bars.changes - self._seen, bars.changes
        return missed > 1 or (missed == 1 and self._finished > bars.first_change)

    def _begin(self, bars: BarSeries) -> None:
        self._generation = bars.generation
        self._computation, self.error = None, None
        self._seen = bars.changes
        self._count = 0
        finished = self._finished = max(0, len(bars) - 1)
        # Finished bars stay as they are while a thread reads them; where they do not, the generation says so.
        rows, scales, make = bars.rows[:finished], self._scales, self._make
        if self._submit is None or (finished <= SHORT and not self._always_away):
            self._waiting = None
            self._adopt(_fill(make, columns_of(rows, *scales)), bars)
            self._advance(bars)
            return
        self._waiting = self._submit(lambda: _fill(make, columns_of(rows, *scales)))

    def _adopt(self, filled: Filled, bars: BarSeries) -> None:
        for values in filled.values:
            if len(values) != filled.bars:
                raise IndicatorError(f"it gave {len(values)} values for {filled.bars} bars")
        self._computation = filled.computation
        self._finished = filled.bars
        self.seconds = filled.seconds
        self._make_room(max(len(bars), filled.bars) + 1, filled.values)
        self._count = filled.bars
        for output, pyramid in enumerate(self._pyramids):
            pyramid.update(self.values(output), 0)

    def _make_room(self, count: int, known: Sequence[Floats]) -> None:
        room = max(_LEAST_ROOM, 2 * count)
        for output, values in enumerate(known):
            self._room[output] = np.full(room, np.nan)
            self._room[output][: len(values)] = values
            self._pyramids[output] = LinePyramid(room)

    def _advance(self, bars: BarSeries) -> None:
        computation, count = self._computation, len(bars)
        if computation is None or not count:
            return
        if count > len(self._room[0]):
            self._make_room(count, [each[: self._count] for each in self._room])
            first = 0
        else:
            first = self._finished
        self._count = count
        rows = bars.rows
        while self._finished < count - 1:
            self._put(self._finished, computation.update(values_of(rows, self._finished, *self._scales)))
            self._finished += 1
        self._put(count - 1, computation.peek(values_of(rows, count - 1, *self._scales)))
        for output, pyramid in enumerate(self._pyramids):
            pyramid.update(self.values(output), first)

    def _put(self, place: int, values: Sequence[float]) -> None:
        for room, value in zip(self._room, values, strict=True):
            room[place] = value

    def _fail(self, problem: BaseException) -> None:
        self.error = problem
        self._computation, self._waiting = None, None
        self._count = self._finished = 0


def _fill(make: Callable[[], Computation], columns: BarColumns) -> Filled:
    began = time.perf_counter()
    computation = make()
    values = computation.fill(columns)
    return Filled(computation, values, len(columns), time.perf_counter() - began)
