"""The quality of quotes with their age: what stands in a row, and whether its feed still stands behind it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.messages import Phase
from terminal.market.rows import Quality, Rows

NO_AGE_NS = -1


def quality_with_age(
    rows: Rows, now_ns: int, *, is_silent: bool
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """(Quality, age in nanoseconds) of each of ``rows`` (QUOTE_ROW) at ``now_ns``.

    A quote's age is the time since either side last changed, NO_AGE_NS where none was seen; age alone makes no quote
    stale, since a contract that does not change is still quoted. It is STALE when its market has not closed and its
    feed broke, is gone, or has said nothing for too long (``is_silent``: by the desk's health, which knows the limit).
    """
    changed_ns = np.maximum(rows["bid_ts_ns"], rows["ask_ts_ns"])
    age_ns: npt.NDArray[np.int64] = np.where(changed_ns > 0, np.maximum(now_ns - changed_ns, 0), NO_AGE_NS)
    quality: npt.NDArray[np.uint8] = rows["quality"].copy()
    if is_silent:
        quality[(quality != Quality.NONE) & (rows["phase"] != Phase.CLOSED)] = Quality.STALE
    return quality, age_ns
