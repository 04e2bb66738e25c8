"""Where a trade was against the quote that stood before it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.core.money import ABSENT_PX
from terminal.market.rows import Rows

ABOVE_ASK, AT_ASK, BETWEEN, AT_BID, BELOW_BID, NO_QUOTE = 2, 1, 0, -1, -2, 9


def place_of(prints: Rows) -> npt.NDArray[np.int8]:
    """Where each trade was against the quote that stood before it: ABOVE_ASK, AT_ASK ... or NO_QUOTE."""
    px, bid, ask = prints["px"], prints["bid_px"], prints["ask_px"]
    has_bid, has_ask = bid != ABSENT_PX, ask != ABSENT_PX
    place = np.where(has_bid & has_ask, BETWEEN, NO_QUOTE)
    place = np.where(has_bid & (px <= bid), np.where(px < bid, BELOW_BID, AT_BID), place)
    # At a locked market both sides are met; the ask wins only where the bid does not.
    at_ask = has_ask & (px >= ask) & ~(has_bid & (px <= bid))
    return np.where(at_ask, np.where(px > ask, ABOVE_ASK, AT_ASK), place).astype(np.int8)
