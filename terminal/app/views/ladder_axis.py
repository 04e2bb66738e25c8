"""The prices of a ladder: how many ticks a row has, where the rows begin, and when they may move."""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import Instrument

STEPS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
"""Ticks a row."""
AUTO = 0
"""As many ticks a row as it takes to have both sides of the market in view."""
_MOST_SPREAD, _EASY_SPREAD = 0.6, 0.3
"""Under AUTO: shares of the rows. A spread above the first makes rows coarser, one below the second finer again."""
_EDGE = 0.3
"""When the market comes nearer to the edge than this share of the rows, a following ladder centres again."""

Prices = npt.NDArray[np.int64]


class Follow(Enum):
    """Whether the ladder centres by itself."""

    MARKET = "market"
    """When the market nears an edge, unless the pointer is on the ladder."""
    NEVER = "never"
    """Only when asked."""


class PriceAxis:
    """Rows of falling prices around a centre; ``is_held``: the pointer is on them, and they stay where they are."""

    def __init__(self) -> None:
        self._instrument: Instrument | None = None
        self.chosen_step = AUTO
        self.step = 1
        """Ticks a row now."""
        self.follow = Follow.MARKET
        self.is_held = False
        self.waits = False
        """Whether it would have centred if it were not held."""
        self.top_px: int | None = None
        self._row_count = 0
        self._least_step = 1

    def show(self, instrument: Instrument) -> None:
        """Another instrument: centres on it."""
        self._instrument = instrument
        self.centre()

    def set_step(self, step: int) -> None:
        """Ticks a row, or AUTO; keeps the market in the middle. ValueError below 0."""
        if step < 0:
            raise ValueError(f"a row has at least one tick, was {step}")
        self.chosen_step = step
        self.step = max(1, step)
        self.centre()

    def centre(self) -> None:
        """Puts the market in the middle with the next :meth:`place`."""
        self.top_px = None

    def scroll(self, rows: int) -> None:
        """Moves the prices by rows; positive shows higher ones."""
        if self.top_px is None:
            return
        for _ in range(abs(rows)):
            self.top_px = self._next(self.top_px, 1 if rows > 0 else -1)

    def place(self, middle: int, spread_px: int, count: int, reach_px: int = 0) -> Prices:
        """The prices of ``count`` rows, highest first, with the market at ``middle``.

        ``reach_px``: between the levels that should be in view. AUTO regards it only where it centres anew, since rows
        that came and went with every level would be worse than rows that are too fine for a while.
        """
        if self.top_px is None or (not self.is_held and self._is_near_edge(middle, count)):
            self._least_step = _step_for(reach_px // self._tick(middle), count)
        self._choose_step(spread_px, middle, count)
        self._keep_in_view(middle, count)
        return self._prices(count)

    def height_px(self, px: int) -> int:
        """Price units of a row at ``px``."""
        return self._tick(px) * self.step

    def is_even(self, prices: Prices) -> bool:
        """Whether all rows are equally high."""
        return len(prices) > 0 and int(prices[0] - prices[-1]) == (len(prices) - 1) * self.height_px(int(prices[-1]))

    def _tick(self, px: int) -> int:
        return 1 if self._instrument is None else self._instrument.tick_class.table.increment(px)

    def _choose_step(self, spread_px: int, middle: int, count: int) -> None:
        """Under AUTO and not under the pointer: coarser at once when the spread no longer fits, finer with a margin."""
        if self.chosen_step != AUTO or (self.is_held and self.top_px is not None):
            return
        ticks = spread_px // self._tick(middle)
        wanted = max(_step_for(ticks, count * _MOST_SPREAD), self._least_step)
        if wanted < self.step and self.top_px is not None:
            wanted = max(min(self.step, _step_for(ticks, count * _EASY_SPREAD)), self._least_step)
        if wanted != self.step:
            self.step, self.top_px = wanted, None

    def _keep_in_view(self, middle: int, count: int) -> None:
        changed = count != self._row_count
        self._row_count = count
        self.waits = False
        if self.top_px is None:
            self._centre_on(middle, count)
            return
        if self.follow is Follow.NEVER:
            return
        if changed or self._is_near_edge(middle, count):
            if self.is_held:
                self.waits = not changed
            else:
                self._centre_on(middle, count)

    def _is_near_edge(self, middle: int, count: int) -> bool:
        """Whether a ladder that follows the market has to centre."""
        if self.top_px is None or self.follow is Follow.NEVER:
            return False
        prices, edge = self._prices(count), max(1, int(count * _EDGE))
        return not prices[-edge] <= middle <= prices[edge - 1]

    def _centre_on(self, middle: int, count: int) -> None:
        self.top_px = self._floor(middle)
        for _ in range(count // 2):
            self.top_px = self._next(self.top_px, 1)

    def _floor(self, px: int) -> int:
        return px - px % self.height_px(px)

    def _next(self, px: int, direction: int) -> int:
        return self._floor(px + self.height_px(px)) if direction > 0 else self._floor(px - 1)

    def _prices(self, count: int) -> Prices:
        px = self.top_px or 0
        height = self.height_px(px)
        even = px - height * np.arange(count, dtype=np.int64)
        # Tick tables have one or two steps: prices between the same two change by one height.
        if count and self.height_px(int(even[-1])) == height:
            return even
        prices = np.empty(count, np.int64)
        for row in range(count):
            prices[row] = px
            px = self._next(px, -1)
        return prices


def row_of(prices: Prices, wanted: npt.NDArray[np.int64], *, up: bool = False) -> npt.NDArray[np.int64]:
    """Rows (``prices`` fall) of the highest price at or below each wanted one; with ``up``, of the lowest at or above.

    -1 off either end.
    """
    if not len(prices):
        return np.full(len(wanted), -1, np.int64)
    ascending = prices[::-1]
    if up:
        found = np.searchsorted(ascending, wanted, side="left")
        beyond = wanted <= _next_out(ascending, 0, 1)
        return np.where((found == len(prices)) | beyond, -1, len(prices) - 1 - found)
    found = np.searchsorted(ascending, wanted, side="right") - 1
    beyond = wanted >= _next_out(ascending, -1, -2)
    return np.where((found < 0) | beyond, -1, len(prices) - 1 - found)


def _step_for(ticks: int, rows: float) -> int:
    """The finest step at which a spread fits into so many rows."""
    return next((step for step in STEPS if ticks <= step * rows), STEPS[-1])


def _next_out(ascending: Prices, end: int, inner: int) -> int:
    """The price of the row that would come next beyond an end."""
    if len(ascending) == 1:
        return int(ascending[0]) + (1 if end else -1)
    return int(2 * ascending[end] - ascending[inner])
