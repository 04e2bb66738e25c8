"""The message columns that every venue decodes into and every room above reads.

One 72-byte record a message. ``v0`` to ``v4`` mean what ``kind`` says; read them through the names below
(``batch[BID]``), in kernels too. Prices are integers (see :mod:`terminal.core.money`), sizes integers in
1/``size_scale`` of a contract, share or coin (:class:`terminal.core.instruments.Instrument`).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np
import numpy.typing as npt

MESSAGE = np.dtype(
    [
        ("ts_ns", "i8"),
        ("recv_ns", "i8"),
        ("v0", "i8"),
        ("v1", "i8"),
        ("v2", "i8"),
        ("v3", "i8"),
        ("v4", "i8"),
        ("instrument", "i4"),
        ("source", "i4"),
        ("kind", "u1"),
        ("flags", "u1"),
        ("venue", "u2"),
        ("order", "u4"),
    ]
)
"""``ts_ns``: UTC, when the message became visible in the market. ``recv_ns``: ``time.perf_counter_ns`` when its bytes
were read here. ``instrument``: id in the table. ``source``: row of the recording or file it came from.
``order``: rank among messages of one instant, as the venue sent them."""

Batch = npt.NDArray[np.void]
"""One-dimensional array of MESSAGE."""

BID, ASK, BID_SIZE, ASK_SIZE = "v0", "v1", "v2", "v3"
PRICE, SIZE = "v0", "v1"
TRADE_ID = "v3"
"""Of a TRADE: the venue's number of it, 0 where it does not say."""
EVENT_NS = "v4"
"""Of a QUOTE, TRADE or BOOK_UPDATE: when it happened by the venue's own clock, UTC; 0 where it does not say."""
OPEN, HIGH, LOW, CLOSE, VOLUME = "v0", "v1", "v2", "v3", "v4"
INTEREST = "v0"
BOOK_SIDE, BOOK_PX, BOOK_SIZE, BOOK_ORDERS = "v0", "v1", "v2", "v3"
ORDER_SIDE, ORDER_PX, ORDER_SIZE, ORDER_ID = "v0", "v1", "v2", "v3"
FIRST_SEQUENCE, LAST_SEQUENCE, PREVIOUS_SEQUENCE = "v0", "v1", "v2"
NO_SEQUENCE = -1
OFFICIAL_PX, OFFICIAL_KIND = "v0", "v1"
PHASE, PHASE_SESSION = "v0", "v1"


class Kind(IntEnum):
    """What a message says."""

    QUOTE = 1
    """BID, ASK, BID_SIZE, ASK_SIZE: the best market; a side may be flagged unchanged or absent."""
    TRADE = 2
    """PRICE, SIZE; the aggressor is in the flags when the venue knows it."""
    BAR = 3
    """OPEN, HIGH, LOW, CLOSE, VOLUME of the trades of one interval, visible at its end (``ts_ns``). One longer than a
    minute has the flag COARSE, and its length in minutes stands in ``venue``."""
    OPEN_INTEREST = 4
    """INTEREST in contracts."""
    DEPTH = 5
    """One level of a book, absolute: BOOK_SIDE (1 bid, -1 ask), BOOK_PX, BOOK_SIZE (0 removes), BOOK_ORDERS."""
    OFFICIAL = 6
    """OFFICIAL_PX with OFFICIAL_KIND: the prices that positions are marked and settled on."""
    PHASE_CHANGE = 7
    """PHASE of the trading day: of one instrument or, with instrument -1, of all whose trading hours have the code
    PHASE_SESSION (``instruments.SESSION_CODES``; 0: of all). PRE_MARKET begins a new day: no side carries over, but
    where both BID_UNCHANGED and ASK_UNCHANGED are set quotes and books stay, as in a market without a pause."""
    CLOCK = 8
    """Nothing happened up to ``ts_ns``: the watermark that lets the conductor pass a boundary."""
    BOOK_UPDATE = 9
    """FIRST_SEQUENCE to LAST_SEQUENCE of the venue's update that the instrument's next levels or orders belong to, and
    the LAST_SEQUENCE of the update before it as the venue says (NO_SEQUENCE where it does not). With SNAPSHOT the book
    is replaced. A book whose venue sends none of these has no sequence to check."""
    DEPTH_CHANGE = 10
    """One level of a book, incremental: as DEPTH, with BOOK_SIZE and BOOK_ORDERS to be added to what is there."""
    ORDER_ADD = 11
    """A resting order of a book by order: ORDER_SIDE (1 bid, -1 ask), ORDER_PX, ORDER_SIZE, ORDER_ID."""
    ORDER_MODIFY = 12
    """ORDER_ID now has ORDER_PX and ORDER_SIZE; it loses its place in the queue unless it only got smaller."""
    ORDER_CANCEL = 13
    """ORDER_SIZE of ORDER_ID is cancelled; 0 is all that is left."""
    ORDER_FILL = 14
    """ORDER_SIZE of ORDER_ID was filled while it rested; 0 is all that is left."""
    BOOK_CLEAR = 15
    """The book is empty from here on."""


class Flag(IntFlag):
    """Bits of ``flags``."""

    BID_UNCHANGED = 1
    ASK_UNCHANGED = 2
    BUYER_AGGRESSOR = 4
    SELLER_AGGRESSOR = 8
    SNAPSHOT = 16
    """Part of a snapshot: the book is whole with the message that has LAST too, with the instrument's first one that is
    not part of it, or when market time goes on, whichever is first."""
    OFF_BOOK = 32
    """A print that does not set the last price (late, average price, odd lot...)."""
    LAST = 64
    """The last message of a snapshot."""
    COARSE = 128
    """A bar of more than a minute."""


class OfficialKind(IntEnum):
    """Which official price an OFFICIAL message carries."""

    PRIOR_CLOSE = 1
    CLOSE = 2
    AM_SETTLEMENT = 3
    OPEN = 4


class Phase(IntEnum):
    """Phase of the trading day."""

    CLOSED = 0
    PRE_MARKET = 1
    OPEN = 2
    CURB = 3
    AFTER_HOURS = 4
    HALTED = 5


def empty_batch(count: int) -> Batch:
    """``count`` zeroed messages; ``instrument`` is -1 until set, so a forgotten id cannot hit instrument 0."""
    batch = np.zeros(count, MESSAGE)
    batch["instrument"] = -1
    return batch


def clock_message(ts_ns: int) -> Batch:
    """A batch of one CLOCK message."""
    batch = empty_batch(1)
    batch["ts_ns"] = ts_ns
    batch["kind"] = Kind.CLOCK
    return batch
