"""Which strikes of an expiry are listed: all, so many about the spot, those of some delta, or within deviations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

_SLACK = 4
"""The window follows the spot once it is off by a quarter of its rows: rows that move under a hand are misclicked."""


class By(Enum):
    """How a window is measured."""

    ALL = "all"
    COUNT = "count"
    DELTA = "delta"
    DEVIATIONS = "deviations"


@dataclass(frozen=True, slots=True)
class StrikeWindow:
    """``size``: strikes on either side of the spot; the least delta of call or put; or deviations until expiry."""

    key: str
    title: str
    by: By
    size: float = 0.0


WINDOWS = (
    StrikeWindow("all", "All strikes", By.ALL),
    StrikeWindow("count5", "±5 strikes", By.COUNT, 5),
    StrikeWindow("count10", "±10 strikes", By.COUNT, 10),
    StrikeWindow("count20", "±20 strikes", By.COUNT, 20),
    StrikeWindow("delta10", "Δ 0.10 to 0.90", By.DELTA, 0.10),
    StrikeWindow("delta2", "Δ 0.02 to 0.98", By.DELTA, 0.02),
    StrikeWindow("sd1", "±1 σ", By.DEVIATIONS, 1),
    StrikeWindow("sd2", "±2 σ", By.DEVIATIONS, 2),
    StrikeWindow("sd3", "±3 σ", By.DEVIATIONS, 3),
)


def rows_within(
    window: StrikeWindow, strikes: npt.NDArray[np.float64], spot: float, deltas: npt.NDArray[np.float64],
    forward: float, move: float,
) -> range:  # fmt: skip
    """The rows of ascending ``strikes`` that a window lists, all of them while what it is measured by is not known.

    ``deltas`` [rows, 2]: of calls and puts, NaN unknown; ``move``: one deviation until expiry, currency.
    """
    everything = range(len(strikes))
    if not len(strikes) or window.by is By.ALL or not spot > 0.0:
        return everything
    middle = int(np.argmin(np.abs(strikes - spot)))
    if window.by is By.COUNT:
        return range(max(0, middle - int(window.size)), min(len(strikes), middle + int(window.size) + 1))
    if window.by is By.DELTA:
        calls, puts = deltas[:, 0], 1.0 + deltas[:, 1]
        share = np.where(np.isfinite(calls), calls, puts)
        inside = (share >= window.size) & (share <= 1.0 - window.size)
    else:
        inside = np.abs(strikes - forward) <= window.size * move
    if not inside.any():
        known = np.isfinite(move) if window.by is By.DEVIATIONS else bool(np.isfinite(deltas).any())
        return range(middle, middle + 1) if known else everything
    rows = np.flatnonzero(inside)
    return range(min(int(rows[0]), middle), max(int(rows[-1]), middle) + 1)


def is_off(shown: range, wanted: range) -> bool:
    """Whether the rows that are shown are so far from those wanted that they are worth changing."""
    slack = max(1, len(wanted) // _SLACK)
    return abs(shown.start - wanted.start) >= slack or abs(shown.stop - wanted.stop) >= slack
