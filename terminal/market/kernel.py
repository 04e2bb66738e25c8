"""The one kernel: a batch of messages into quotes, bars and books. No Python code runs per message.

Compiled without the GIL, so that the face goes on while a batch is applied; one thread writes.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    CLOSE,
    HIGH,
    INTEREST,
    LOW,
    MESSAGE,
    OFFICIAL_KIND,
    OFFICIAL_PX,
    OPEN,
    PHASE,
    PHASE_SESSION,
    PRICE,
    SIZE,
    VOLUME,
    Flag,
    Kind,
    OfficialKind,
    Phase,
)
from terminal.core.money import ABSENT_PX
from terminal.market.book_kernel import apply_book_message, begin_day
from terminal.market.book_level_kernel import BOOKS
from terminal.market.depth_history_kernel import cross_time
from terminal.market.rows import BAR_ROW, QUOTE_ROW, Quality

_QUOTE, _TRADE, _BAR, _DEPTH = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BAR), int(Kind.DEPTH)
_BOOK_UPDATE = int(Kind.BOOK_UPDATE)
_INTEREST, _OFFICIAL, _PHASE_CHANGE = int(Kind.OPEN_INTEREST), int(Kind.OFFICIAL), int(Kind.PHASE_CHANGE)
_BID_SAME, _ASK_SAME = int(Flag.BID_UNCHANGED), int(Flag.ASK_UNCHANGED)
_BUYER, _SELLER, _OFF_BOOK = int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR), int(Flag.OFF_BOOK)
_PRIOR_CLOSE, _OFFICIAL_CLOSE = int(OfficialKind.PRIOR_CLOSE), int(OfficialKind.CLOSE)
_AM_SETTLEMENT = int(OfficialKind.AM_SETTLEMENT)
_PRE_MARKET = int(Phase.PRE_MARKET)
_NONE, _OK, _BID_ONLY, _ASK_ONLY = (
    int(Quality.NONE),
    int(Quality.OK),
    int(Quality.BID_ONLY),
    int(Quality.ASK_ONLY),
)
_LOCKED, _CROSSED, _ZERO = int(Quality.LOCKED), int(Quality.CROSSED), int(Quality.ZERO)
_ABSENT = ABSENT_PX
_PRIME = np.uint64(1099511628211)
_NS = 1_000_000_000

_message = nb.from_dtype(MESSAGE)
_quote = nb.from_dtype(QUOTE_ROW)
_bar = nb.from_dtype(BAR_ROW)


@nb.njit(nb.uint64(_message), nogil=True, cache=True, inline="always")
def _mix(message):  # type: ignore[no-untyped-def]
    """Order-sensitive 64-bit mix of a message's integers (FNV-1a by words, Fowler-Noll-Vo 1991)."""
    mixed = np.uint64(14695981039346656037)
    mixed = (mixed ^ np.uint64(message["ts_ns"])) * _PRIME
    mixed = (mixed ^ (np.uint64(message["kind"]) | (np.uint64(message["flags"]) << np.uint64(8)))) * _PRIME
    mixed = (mixed ^ np.uint64(message["v0"])) * _PRIME
    mixed = (mixed ^ np.uint64(message["v1"])) * _PRIME
    mixed = (mixed ^ np.uint64(message["v2"])) * _PRIME
    mixed = (mixed ^ np.uint64(message["v3"])) * _PRIME
    return (mixed ^ np.uint64(message["v4"])) * _PRIME


@nb.njit(nb.uint8(_quote), nogil=True, cache=True)
def _quality(row):  # type: ignore[no-untyped-def]
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


@nb.njit(
    nb.void(_bar[:], nb.int64[:], nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64),
    nogil=True,
    cache=True,
)
def _grow_bar(ring, count, start_ns, open_px, high_px, low_px, close_px, volume):  # type: ignore[no-untyped-def]
    """Adds a print or a finer bar to the bar that starts at ``start_ns``; ``count`` is [bars ever made]."""
    last = (count[0] - 1) % len(ring)
    if count[0] > 0 and ring[last]["ts_ns"] >= start_ns:
        bar = ring[last]
        bar["high"] = max(bar["high"], high_px)
        bar["low"] = min(bar["low"], low_px)
        bar["close"] = close_px
        bar["volume"] += volume
        return
    bar = ring[count[0] % len(ring)]
    bar["ts_ns"] = start_ns
    bar["open"] = open_px
    bar["high"] = high_px
    bar["low"] = low_px
    bar["close"] = close_px
    bar["volume"] = volume
    count[0] += 1


@nb.njit(nb.void(_quote, nb.int64, nb.int64, nb.int64), nogil=True, cache=True)
def _print(row, px, size, ts_ns):  # type: ignore[no-untyped-def]
    row["last_px"] = px
    row["last_size"] = size
    row["last_ts_ns"] = ts_ns
    if row["open_px"] == _ABSENT:
        row["open_px"] = px
        row["high_px"] = px
        row["low_px"] = px


@nb.njit(nb.void(_quote[:], nb.uint8[:], nb.int64, nb.int64, nb.int64), nogil=True, cache=True)
def _change_phase(quotes, session_of, instrument, session, phase):  # type: ignore[no-untyped-def]
    first, last = (instrument, instrument + 1) if instrument >= 0 else (0, len(quotes))
    for i in range(first, last):
        if instrument < 0 and session != 0 and session_of[i] != session:
            continue
        row = quotes[i]
        row["phase"] = phase
        if phase != _PRE_MARKET:
            continue
        if row["official_px"] != _ABSENT:
            row["prior_close_px"] = row["official_px"]
        row["bid_px"] = _ABSENT
        row["ask_px"] = _ABSENT
        row["bid_size"] = 0
        row["ask_size"] = 0
        row["bid_ts_ns"] = 0
        row["ask_ts_ns"] = 0
        row["open_px"] = _ABSENT
        row["high_px"] = _ABSENT
        row["low_px"] = _ABSENT
        row["official_px"] = _ABSENT
        row["settlement_px"] = _ABSENT
        row["volume"] = 0
        row["quality"] = _NONE


@nb.njit(nb.void(BOOKS, nb.uint8[:], nb.int64, nb.int64), nogil=True, cache=True)
def _begin_books_day(books, session_of, instrument, session):  # type: ignore[no-untyped-def]
    for i in range(len(books.slot_of)):
        if i == instrument or (instrument < 0 and (session == 0 or session_of[i] == session)):
            begin_day(books, i)


@nb.njit(
    nb.int64(
        _message[:], _quote[:], nb.uint8[:], nb.uint8[:], nb.int64[:, :], nb.int64,
        nb.int32[:], _bar[:, :], nb.int64[:, :], _bar[:, :], nb.int64[:, :],
        nb.int64[:], BOOKS,
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def apply_batch(  # type: ignore[no-untyped-def]
    batch, quotes, kind_of, session_of, counts, batch_number,
    bar_slot, seconds, seconds_count, minutes, minutes_count,
    refused, books,
):  # fmt: skip
    """Applies messages in order and returns how many: fewer than there are when the books must grow before the next.

    ``quotes``: QUOTE_ROW by instrument id. ``counts``: messages by (instrument kind, message kind). ``bar_slot``: row
    of the bar rings by instrument id, -1 for none; ``*_count``: [slot, 1] fill counts. ``refused``: [those that named
    no known instrument], which change nothing.
    """
    for i in range(len(batch)):
        message = batch[i]
        kind = message["kind"]
        instrument = message["instrument"]
        cross_time(books, message["ts_ns"])
        if kind == _PHASE_CHANGE:
            _change_phase(quotes, session_of, instrument, message[PHASE_SESSION], message[PHASE])
            if message[PHASE] == _PRE_MARKET:
                _begin_books_day(books, session_of, instrument, message[PHASE_SESSION])
            continue
        if instrument < 0 or instrument >= len(quotes) or kind_of[instrument] == 0 or kind >= counts.shape[1]:
            if instrument != -1:
                refused[0] += 1
            continue
        # Before anything is counted: a message for which the books must grow comes a second time.
        if (kind == _DEPTH or kind >= _BOOK_UPDATE) and not apply_book_message(message, books):
            return i
        row = quotes[instrument]
        ts_ns = message["ts_ns"]
        counts[kind_of[instrument], kind] += 1
        row["messages"] += 1
        row["changed"] = batch_number
        row["ts_ns"] = ts_ns
        row["recv_ns"] = message["recv_ns"]
        row["digest"] = (row["digest"] ^ _mix(message)) * _PRIME
        flags = message["flags"]
        if kind == _QUOTE:
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
            row["quality"] = _quality(row)
        elif kind == _TRADE:
            px = message[PRICE]
            size = message[SIZE]
            row["volume"] += size
            row["aggressor"] = 1 if flags & _BUYER else (-1 if flags & _SELLER else 0)
            if not flags & _OFF_BOOK:
                _print(row, px, size, ts_ns)
                row["high_px"] = max(row["high_px"], px)
                row["low_px"] = min(row["low_px"], px)
                slot = bar_slot[instrument]
                if slot >= 0:
                    second = ts_ns - ts_ns % _NS
                    minute = ts_ns - ts_ns % (60 * _NS)
                    _grow_bar(seconds[slot], seconds_count[slot], second, px, px, px, px, size)
                    _grow_bar(minutes[slot], minutes_count[slot], minute, px, px, px, px, size)
        elif kind == _BAR:
            _print(row, message[CLOSE], message[VOLUME], ts_ns)
            if row["last_px"] == row["open_px"] and row["volume"] == 0:
                row["open_px"] = message[OPEN]
            row["high_px"] = max(row["high_px"], message[HIGH])
            row["low_px"] = min(row["low_px"], message[LOW])
            row["volume"] += message[VOLUME]
            slot = bar_slot[instrument]
            if slot >= 0:
                # A bar is stamped with its end, so it belongs to the interval that ended there.
                inside = ts_ns - 1
                second = inside - inside % _NS
                minute = inside - inside % (60 * _NS)
                _grow_bar(
                    seconds[slot], seconds_count[slot], second,
                    message[OPEN], message[HIGH], message[LOW], message[CLOSE], message[VOLUME],
                )  # fmt: skip
                _grow_bar(
                    minutes[slot], minutes_count[slot], minute,
                    message[OPEN], message[HIGH], message[LOW], message[CLOSE], message[VOLUME],
                )  # fmt: skip
        elif kind == _INTEREST:
            row["open_interest"] = message[INTEREST]
        elif kind == _OFFICIAL:
            if message[OFFICIAL_KIND] == _PRIOR_CLOSE:
                row["prior_close_px"] = message[OFFICIAL_PX]
            elif message[OFFICIAL_KIND] == _OFFICIAL_CLOSE:
                row["official_px"] = message[OFFICIAL_PX]
            elif message[OFFICIAL_KIND] == _AM_SETTLEMENT:
                row["settlement_px"] = message[OFFICIAL_PX]
    return len(batch)
