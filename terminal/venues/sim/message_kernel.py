"""Writing messages from compiled code: one call a message, and the next free row back.

A full buffer takes no more and stays at its length, which the caller must read as a failure.
"""

from __future__ import annotations

import numba as nb

from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    BOOK_ORDERS,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    MESSAGE,
    PRICE,
    SIZE,
    Flag,
    Kind,
)

message_type = nb.from_dtype(MESSAGE)
_QUOTE, _TRADE, _DEPTH = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.DEPTH)
_BUYER, _SELLER = int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR)
_i8 = nb.int64


@nb.njit(_i8(message_type[::1], _i8, _i8, _i8, _i8, _i8, _i8, _i8), nogil=True, cache=True)
def write_quote(out, at, ts_ns, instrument, bid_px, ask_px, bid_size, ask_size):  # type: ignore[no-untyped-def]
    """A QUOTE at row ``at``; gives ``at + 1``."""
    if at >= len(out):
        return at
    row = out[at]
    row["ts_ns"] = ts_ns
    row["instrument"] = instrument
    row["kind"] = _QUOTE
    row["flags"] = 0
    row[BID] = bid_px
    row[ASK] = ask_px
    row[BID_SIZE] = bid_size
    row[ASK_SIZE] = ask_size
    return at + 1


@nb.njit(_i8(message_type[::1], _i8, _i8, _i8, _i8, _i8, _i8), nogil=True, cache=True)
def write_trade(out, at, ts_ns, instrument, px, size, aggressor):  # type: ignore[no-untyped-def]
    """A TRADE at row ``at``, ``aggressor`` 1 buyer, -1 seller, 0 unknown; gives ``at + 1``."""
    if at >= len(out):
        return at
    row = out[at]
    row["ts_ns"] = ts_ns
    row["instrument"] = instrument
    row["kind"] = _TRADE
    row["flags"] = _BUYER if aggressor > 0 else (_SELLER if aggressor < 0 else 0)
    row[PRICE] = px
    row[SIZE] = size
    row["v2"] = 0
    row["v3"] = 0
    return at + 1


@nb.njit(_i8(message_type[::1], _i8, _i8, _i8, _i8, _i8, _i8, _i8), nogil=True, cache=True)
def write_depth(out, at, ts_ns, instrument, side, px, size, orders):  # type: ignore[no-untyped-def]
    """A DEPTH level at row ``at``; gives ``at + 1``."""
    if at >= len(out):
        return at
    row = out[at]
    row["ts_ns"] = ts_ns
    row["instrument"] = instrument
    row["kind"] = _DEPTH
    row["flags"] = 0
    row[BOOK_SIDE] = side
    row[BOOK_PX] = px
    row[BOOK_SIZE] = size
    row[BOOK_ORDERS] = orders
    return at + 1
