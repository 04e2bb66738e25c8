"""What single messages do to one instrument's row: its best market, its last price, its new day."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, MESSAGE, OFFICIAL_KIND, OFFICIAL_PX, Flag, OfficialKind
from terminal.core.money import ABSENT_PX
from terminal.market.kernel_options import HOT, INNER
from terminal.market.rows import QUOTE_ROW, Quality

_BID_SAME, _ASK_SAME = int(Flag.BID_UNCHANGED), int(Flag.ASK_UNCHANGED)
_PRIOR_CLOSE, _OFFICIAL_CLOSE = int(OfficialKind.PRIOR_CLOSE), int(OfficialKind.CLOSE)
_AM_SETTLEMENT = int(OfficialKind.AM_SETTLEMENT)
_NONE, _OK, _BID_ONLY, _ASK_ONLY = (
    int(Quality.NONE),
    int(Quality.OK),
    int(Quality.BID_ONLY),
    int(Quality.ASK_ONLY),
)
_LOCKED, _CROSSED, _ZERO = int(Quality.LOCKED), int(Quality.CROSSED), int(Quality.ZERO)
_ABSENT = ABSENT_PX
PRIME = np.uint64(1099511628211)
_PRIME = PRIME

_message = nb.from_dtype(MESSAGE)
_quote = nb.from_dtype(QUOTE_ROW)


@nb.njit(nb.uint64(_message), **HOT)
def mix(message):  # type: ignore[no-untyped-def]
    """Order-sensitive 64-bit mix of a message's integers (FNV-1a by words, Fowler-Noll-Vo 1991)."""
    mixed = np.uint64(14695981039346656037)
    mixed = (mixed ^ np.uint64(message["ts_ns"])) * _PRIME
    mixed = (mixed ^ (np.uint64(message["kind"]) | (np.uint64(message["flags"]) << np.uint64(8)))) * _PRIME
    mixed = (mixed ^ np.uint64(message["v0"])) * _PRIME
    mixed = (mixed ^ np.uint64(message["v1"])) * _PRIME
    mixed = (mixed ^ np.uint64(message["v2"])) * _PRIME
    mixed = (mixed ^ np.uint64(message["v3"])) * _PRIME
    return (mixed ^ np.uint64(message["v4"])) * _PRIME


@nb.njit(nb.uint8(_quote), **HOT)
def quality_of(row):  # type: ignore[no-untyped-def]
    """Whether the row's two sides are a market: a Quality."""
    has_bid = row["bid_px"] != _ABSENT
    has_ask = row["ask_px"] != _ABSENT
    if not has_bid and not has_ask:
        return _NONE
    if (has_bid and row["bid_px"] < 0) or (has_ask and row["ask_px"] <= 0):
        return _ZERO
    if not has_ask:
        return _BID_ONLY if row["bid_px"] > 0 else _ZERO
    if not has_bid or row["bid_px"] == 0:
        return _ASK_ONLY
    if row["bid_px"] > row["ask_px"]:
        return _CROSSED
    return _LOCKED if row["bid_px"] == row["ask_px"] else _OK


@nb.njit(nb.void(_quote, _message, nb.int64), **HOT)
def set_quote(row, message, ts_ns):  # type: ignore[no-untyped-def]
    """The sides that the message does not call unchanged."""
    flags = message["flags"]
    if not flags & _BID_SAME:
        if row["bid_px"] != message[BID] or row["bid_size"] != message[BID_SIZE]:
            row["bid_ts_ns"] = ts_ns
        row["bid_px"] = message[BID]
        row["bid_size"] = message[BID_SIZE]
    if not flags & _ASK_SAME:
        if row["ask_px"] != message[ASK] or row["ask_size"] != message[ASK_SIZE]:
            row["ask_ts_ns"] = ts_ns
        row["ask_px"] = message[ASK]
        row["ask_size"] = message[ASK_SIZE]
    row["quality"] = quality_of(row)


@nb.njit(nb.void(_quote, nb.int64, nb.int64, nb.int64), **HOT)
def set_last(row, px, size, ts_ns):  # type: ignore[no-untyped-def]
    """The last price, and the day's first one."""
    row["last_px"] = px
    row["last_size"] = size
    row["last_ts_ns"] = ts_ns
    if row["open_px"] == _ABSENT:
        row["open_px"] = px
        row["high_px"] = px
        row["low_px"] = px


@nb.njit(nb.void(_quote, _message), **INNER)
def set_official(row, message):  # type: ignore[no-untyped-def]
    """Takes over a price that positions are marked and settled on."""
    if message[OFFICIAL_KIND] == _PRIOR_CLOSE:
        row["prior_close_px"] = message[OFFICIAL_PX]
    elif message[OFFICIAL_KIND] == _OFFICIAL_CLOSE:
        row["official_px"] = message[OFFICIAL_PX]
    elif message[OFFICIAL_KIND] == _AM_SETTLEMENT:
        row["settlement_px"] = message[OFFICIAL_PX]


@nb.njit(nb.void(_quote, nb.boolean), **INNER)
def begin_day(row, keeps_sides):  # type: ignore[no-untyped-def]
    """No side and no price of the day before carries over; yesterday's official close becomes the prior close.

    ``keeps_sides``: of a market without a pause, whose last price is its close where nobody says an official one.
    """
    if row["official_px"] != _ABSENT:
        row["prior_close_px"] = row["official_px"]
    elif keeps_sides and row["last_px"] != _ABSENT:
        row["prior_close_px"] = row["last_px"]
    if not keeps_sides:
        row["bid_px"] = _ABSENT
        row["ask_px"] = _ABSENT
        row["bid_size"] = 0
        row["ask_size"] = 0
        row["bid_ts_ns"] = 0
        row["ask_ts_ns"] = 0
        row["quality"] = _NONE
    row["open_px"] = _ABSENT
    row["high_px"] = _ABSENT
    row["low_px"] = _ABSENT
    row["official_px"] = _ABSENT
    row["settlement_px"] = _ABSENT
    row["volume"] = 0
