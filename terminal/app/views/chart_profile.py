"""Volume by price beside a chart: of the bars in view, or of the session's trades; where most was traded, and between
which prices seven tenths of it (the value area)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from terminal.market.pyramid import Columns
from terminal.market.volume_at_price import VolumeAtPrice

Floats = npt.NDArray[np.float64]
VALUE_SHARE = 0.7


class ProfileKind(Enum):
    """Whose volume is shown."""

    OFF = "off"
    VISIBLE = "visible"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class VolumeProfile:
    """Row ``n`` holds the prices from ``low_px + n * step_px`` to below the next. ``up``: of rising bars or bought,
    ``down``: of falling bars or sold, ``other``: traded by nobody knows whom."""

    low_px: float
    step_px: float
    up: Floats
    down: Floats
    other: Floats

    @property
    def total(self) -> Floats:
        """All volume of each row."""
        return self.up + self.down + self.other

    @property
    def busiest(self) -> int:
        """The row with the most volume (the point of control); -1 without volume."""
        total = self.total
        return int(np.argmax(total)) if len(total) and total.max() > 0 else -1

    def value_area(self) -> tuple[int, int]:
        """First and last row of the value area: from the busiest row outwards, always to the side of which the next
        two rows hold more, until seven tenths of all are inside. (-1, -1) without volume."""
        total, centre = self.total, self.busiest
        if centre < 0:
            return -1, -1
        first = last = centre
        inside, wanted = float(total[centre]), VALUE_SHARE * float(total.sum())
        while inside < wanted and (first > 0 or last < len(total) - 1):
            below, above = float(total[max(0, first - 2) : first].sum()), float(total[last + 1 : last + 3].sum())
            if last == len(total) - 1 or (first > 0 and below > above):
                first = max(0, first - 2)
                inside += below
            else:
                last = min(len(total) - 1, last + 2)
                inside += above
        return first, last


def row_step(low_px: float, high_px: float, rows: int, tick_px: float) -> float:
    """The height of a row: a whole number of ticks, so that there are about ``rows`` at most."""
    return max(1.0, float(np.ceil((high_px - low_px) / max(1, rows) / tick_px))) * tick_px


def visible_profile(columns: Columns, rows: int, tick_px: float) -> VolumeProfile | None:
    """The volume of bars, that of each spread evenly from its low to its high. None without volume."""
    if not len(columns) or int(columns.volume.sum()) <= 0:
        return None
    low, high = float(columns.low.min()), float(columns.high.max())
    step = row_step(low, high, rows, tick_px)
    base = np.floor(low / step) * step
    count = int((high - base) // step) + 1
    first = ((columns.low - base) // step).astype(np.int64)
    last = ((columns.high - base) // step).astype(np.int64)
    share = columns.volume / (last - first + 1)
    rising = columns.close >= columns.open
    sides = []
    for mine in (rising, ~rising):
        begins = np.bincount(first[mine], share[mine], count + 1)
        ends = np.bincount(last[mine] + 1, share[mine], count + 1)
        # What is left of sums that cancel is no volume.
        sides.append(np.maximum(0.0, np.cumsum(begins - ends)[:count]))
    return VolumeProfile(base, step, sides[0], sides[1], np.zeros(count))


def session_profile(volumes: VolumeAtPrice, rows: int) -> VolumeProfile | None:
    """The session's volume at every price, in about ``rows`` rows at most. None without a trade."""
    low_px, step_px, bought, sold, unsided = volumes
    if not len(bought):
        return None
    group = max(1, -(-len(bought) // max(1, rows)))
    base = low_px - low_px % (step_px * group)
    shift = (low_px - base) // step_px
    starts = np.unique(np.maximum(0, np.arange(0, shift + len(bought), group) - shift))
    up, down, other = (np.add.reduceat(each, starts).astype(np.float64) for each in (bought, sold, unsided))
    return VolumeProfile(float(base), float(step_px * group), up, down, other)
