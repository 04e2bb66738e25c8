"""The rows of market state, as NumPy records that kernels write and every other thread copies."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

QUOTE_ROW = np.dtype(
    [
        ("bid_px", "i8"),
        ("ask_px", "i8"),
        ("bid_size", "i8"),
        ("ask_size", "i8"),
        ("bid_ts_ns", "i8"),
        ("ask_ts_ns", "i8"),
        ("ts_ns", "i8"),
        ("recv_ns", "i8"),
        ("last_px", "i8"),
        ("last_size", "i8"),
        ("last_ts_ns", "i8"),
        ("open_px", "i8"),
        ("high_px", "i8"),
        ("low_px", "i8"),
        ("volume", "i8"),
        ("prior_close_px", "i8"),
        ("official_px", "i8"),
        ("settlement_px", "i8"),
        ("open_interest", "i8"),
        ("messages", "i8"),
        ("digest", "u8"),
        ("changed", "i8"),
        ("quality", "u1"),
        ("phase", "u1"),
        ("aggressor", "i1"),
    ],
    align=True,
)
"""One instrument. Prices that were never seen are ABSENT_PX, times 0. ``bid_ts_ns``: when that side last changed.
``official_px``: today's official close, ``settlement_px``: today's AM settlement value. ``changed``: number of the
batch that last touched the row. ``aggressor``: 1 buyer, -1 seller, 0 unknown, of the last trade."""

BAR_ROW = np.dtype([("ts_ns", "i8"), ("open", "i8"), ("high", "i8"), ("low", "i8"), ("close", "i8"), ("volume", "i8")])
"""One bar; ``ts_ns`` is its start. The bar that is still growing is the last one."""

LEVEL_ROW = np.dtype([("px", "i8"), ("size", "i8"), ("orders", "i8")])
"""One price level of a book."""

PRINT_ROW = np.dtype(
    [
        ("ts_ns", "i8"),
        ("number", "i8"),
        ("px", "i8"),
        ("size", "i8"),
        ("bid_px", "i8"),
        ("ask_px", "i8"),
        ("instrument", "i4"),
        ("venue", "u2"),
        ("aggressor", "i1"),
        ("flags", "u1"),
    ],
    align=True,
)
"""One trade. ``number`` grows by one with every trade of the market, of any instrument. ``bid_px`` and ``ask_px``:
the quote that stood before it, ABSENT_PX for none. ``aggressor``: 1 buyer, -1 seller, 0 unknown. ``flags``: of the
message."""


class BookStatus(IntEnum):
    """Whether a book can be believed."""

    NONE = 0
    """No depth was ever received."""
    OK = 1
    BUILDING = 2
    """Changes came, and no snapshot yet where the venue sends sequence numbers: levels may be missing."""
    GAP = 3
    """Updates were lost: it is wrong until the next snapshot."""
    CROSSED = 4
    """Its best bid is above its best ask: a delete was missed or is on its way."""

    @property
    def is_good(self) -> bool:
        """Whether sizes and prices may be shown as the market."""
        return self is BookStatus.OK


Rows = npt.NDArray[np.void]
"""An array of one of the records above."""

Ids = npt.NDArray[np.int32]


class Quality(IntEnum):
    """Whether a quote can price or fill anything."""

    NONE = 0
    """Neither side was ever quoted today."""
    OK = 1
    BID_ONLY = 2
    ASK_ONLY = 3
    """No bid, or a bid of zero: it can be bought, not sold."""
    LOCKED = 4
    CROSSED = 5
    ZERO = 6
    """An ask of zero or a negative price: not a market."""

    @property
    def fills(self) -> bool:
        """Orders may match such a quote (on the sides that it has)."""
        return self in {Quality.OK, Quality.BID_ONLY, Quality.ASK_ONLY, Quality.LOCKED}
