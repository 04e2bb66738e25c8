"""Volume by price of each instrument's day: what was bought, sold, or neither, at every price step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY
from terminal.core.ticks import TickTable
from terminal.market.sequence_lock import SequenceLock
from terminal.market.volume_kernel import (
    BOUGHT,
    FIRST_STEPS,
    MOST_STEPS,
    POOL_STEPS,
    SIZES,
    SOLD,
    UNSIDED,
    WINDOW_ROW,
    VolumeArrays,
    clear_volume,
)

Volumes = npt.NDArray[np.int64]
VolumeAtPrice = tuple[int, int, Volumes, Volumes, Volumes]
"""(low_px, step_px, bought, sold, unsided): the price of step i is ``low_px + i * step_px``, and holds all trades from
there to below the next."""

if FIRST_STEPS << (SIZES - 1) != MOST_STEPS:
    raise AssertionError("the sizes of blocks do not end at the largest")


class VolumeStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies.

    The step is the instrument's tick; a price that has ranged over more than MOST_STEPS of them has a coarser one, and
    so has one that needs more room when all ``pool_steps`` are in use.
    """

    def __init__(self, lock: SequenceLock, pool_steps: int = POOL_STEPS) -> None:
        self._lock = lock
        self.arrays = VolumeArrays(
            np.zeros(CAPACITY, WINDOW_ROW),
            np.zeros((pool_steps, 3), np.int64),
            np.ones((CAPACITY, 3), np.int64),
            np.full(2 + SIZES, -1, np.int64),
        )
        self.arrays.free[:2] = 0

    def set_ticks(self, instrument: int, ticks: TickTable) -> None:
        """Says an instrument's price increments, before its first trade."""
        low, high = ticks.steps[0], ticks.steps[-1]
        self.arrays.ticks[instrument] = (low[1], high[0], high[1])

    def clear(self, used: int) -> None:
        """Forgets the volume of the first ``used`` instruments; their windows keep their room. Under the lock."""
        for instrument in range(used):
            clear_volume(self.arrays, instrument)

    def read(self, instrument: int) -> VolumeAtPrice:
        """The volume between the lowest and the highest price traded today; empty arrays without a trade."""
        return self._lock.copy(lambda: self._copy(instrument))

    def _copy(self, instrument: int) -> VolumeAtPrice:
        window = self.arrays.windows[instrument]
        start, first, last = (int(window[name]) for name in ("start", "first", "last"))
        step_px = max(int(window["step_px"]), 1)
        if not window["steps"] or first > last:
            empty = np.empty(0, np.int64)
            return 0, step_px, empty, empty, empty
        cells = self.arrays.cells[start + first : start + last + 1]
        bought, sold, unsided = (cells[:, side].copy() for side in (BOUGHT, SOLD, UNSIDED))
        return int(window["low_px"]) + first * step_px, step_px, bought, sold, unsided
