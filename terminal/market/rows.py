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

ACTIVITY_ROW = np.dtype(
    [
        *((name, "i8") for name in BAR_ROW.names or ()),
        ("end_ns", "i8"),
        ("bought", "i8"),
        ("sold", "i8"),
        ("trades", "i8"),
    ]
)
"""A bar of so many trades, so much volume or so much money: a BAR_ROW, with the time of its last trade. ``ts_ns`` is
its first trade's, so two bars may have the same."""

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
        ("back", "i4"),
        ("estimated", "u1"),
    ],
    align=True,
)
"""One trade. ``number`` grows by one with every trade of the market, of any instrument. ``bid_px`` and ``ask_px``:
the quote that stood before it, ABSENT_PX for none. ``aggressor``: 1 buyer, -1 seller, 0 unknown; ``estimated``: 1 where
the venue did not say and the quote told it (:func:`terminal.market.statistics_kernel.side_of`). ``flags``: of the
message. ``back``: how many numbers before it the instrument's previous trade stands, 0 for none that is kept."""

STATISTICS_ROW = np.dtype(
    [
        ("vwap_px", "f8"),
        ("notional", "f8"),
        ("volume", "i8"),
        ("off_book_volume", "i8"),
        ("trades", "i8"),
        ("off_book_trades", "i8"),
        ("bought", "i8"),
        ("sold", "i8"),
        ("unsided", "i8"),
        ("estimated", "i8"),
        ("largest_size", "i8"),
        ("largest_px", "i8"),
        ("largest_ts_ns", "i8"),
        ("flow_imbalance", "i8"),
        ("flow_imbalance_minute", "i8"),
        ("quotes", "i8"),
        ("spread_px", "f8"),
        ("mean_spread_px", "f8"),
        ("widest_spread_px", "f8"),
        ("mean_bid_size", "f8"),
        ("mean_ask_size", "f8"),
        ("weighed_ns", "i8"),
        ("depth_imbalance", "f8"),
        ("micro_px", "f8"),
    ],
    align=True,
)
"""One instrument since its day began; what is not known is NaN (floats) or 0.

``volume``: of trades on the book and of bars, the sum of ``bought``, ``sold`` and ``unsided``; ``estimated``: how much
of the first two was told by the quote and not by the venue. ``notional``: price times size summed, in price units times
size units; ``vwap_px`` is its quotient by the volume. ``trades``: prints on the book; late and average-price prints are
in the ``off_book`` columns alone. ``flow_imbalance``: order-flow imbalance at the best level (Cont, Kukanov and Stoikov
2014, eq. 4), of the day and of the last minute. ``quotes``: quote messages. ``spread_px``: now; ``mean_``: weighted by
the time that a sound two-sided quote stood while the market was open, ``weighed_ns`` in all. ``depth_imbalance``: bid
less ask over their sum at the best, -1 to 1; ``micro_px``: the mid weighted by the other side's size."""


class BookStatus(IntEnum):
    """Whether a book can be believed."""

    NONE = 0
    """No depth was ever received."""
    OK = 1
    BUILDING = 2
    """Changes came, and no snapshot yet where the venue sends sequence numbers, or orders of before the first message
    turned up: levels may be missing. Or a snapshot has come in part."""
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
    STALE = 7
    """It was a market, and its feed is silent: said on reading (:mod:`terminal.market.quality`), never by a row."""

    @property
    def fills(self) -> bool:
        """Orders may match such a quote (on the sides that it has)."""
        return self in {Quality.OK, Quality.BID_ONLY, Quality.ASK_ONLY, Quality.LOCKED}
