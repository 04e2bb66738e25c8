"""Messages that cannot be true: each is counted by its reason and changes nothing."""

from __future__ import annotations

import numba as nb

from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    HIGH,
    INTEREST,
    LOW,
    MESSAGE,
    OFFICIAL_PX,
    PHASE,
    PRICE,
    SIZE,
    VOLUME,
    Flag,
    Kind,
    Phase,
)
from terminal.core.money import ABSENT_PX
from terminal.market.kernel_options import HOT, INNER

GOOD, INSTRUMENT, KIND, TIME, SIZE_REFUSED, PRICE_REFUSED, PHASE_REFUSED, TOTAL_REFUSED = range(8)
REASONS = (
    "",
    "unknown instrument",
    "unknown kind",
    "impossible time",
    "impossible size",
    "impossible price",
    "unknown phase",
    "more than a day's volume can hold",
)
"""What each number says."""
LARGEST = 1 << 56
"""Prices and sizes from here on are refused: sums of a day's could not be held."""

_message = nb.from_dtype(MESSAGE)
_QUOTE, _TRADE, _BAR, _OPEN_INTEREST = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BAR), int(Kind.OPEN_INTEREST)
_OFFICIAL, _PHASE_CHANGE, _CLOCK = int(Kind.OFFICIAL), int(Kind.PHASE_CHANGE), int(Kind.CLOCK)
_LAST_KIND, _LAST_PHASE = max(int(each) for each in Kind), max(int(each) for each in Phase)
_BID_SAME, _ASK_SAME = int(Flag.BID_UNCHANGED), int(Flag.ASK_UNCHANGED)
_ABSENT, _LARGEST, _LAST_NS = ABSENT_PX, LARGEST, 1 << 62
_GOOD, _INSTRUMENT, _KIND, _TIME = GOOD, INSTRUMENT, KIND, TIME
_SIZE, _PRICE, _PHASE = SIZE_REFUSED, PRICE_REFUSED, PHASE_REFUSED


@nb.njit(nb.int64(_message, nb.uint8[::1], nb.int64), **HOT)
def _target(message, kind_of, instruments):  # type: ignore[no-untyped-def]
    instrument = message["instrument"]
    if message["kind"] == _PHASE_CHANGE and instrument == -1:
        return _GOOD
    if instrument < 0 or instrument >= instruments or kind_of[instrument] == 0:
        return _INSTRUMENT
    return _GOOD


@nb.njit(nb.int64(_message), **HOT)
def _quote_fault(message):  # type: ignore[no-untyped-def]
    """A side that says something has a size, and a price below what sums can hold; a price of 0 or less is judged by
    the quote's quality."""
    if not message["flags"] & _BID_SAME:
        if message[BID_SIZE] < 0 or message[BID_SIZE] >= _LARGEST:
            return _SIZE
        if message[BID] != _ABSENT and (message[BID] >= _LARGEST or message[BID] <= -_LARGEST):
            return _PRICE
    if not message["flags"] & _ASK_SAME:
        if message[ASK_SIZE] < 0 or message[ASK_SIZE] >= _LARGEST:
            return _SIZE
        if message[ASK] != _ABSENT and (message[ASK] >= _LARGEST or message[ASK] <= -_LARGEST):
            return _PRICE
    return _GOOD


@nb.njit(nb.int64(_message), **INNER)
def _bar_fault(message):  # type: ignore[no-untyped-def]
    if message[VOLUME] < 0 or message[VOLUME] >= _LARGEST:
        return _SIZE
    low, high = message[LOW], message[HIGH]
    if low < 0 or high >= _LARGEST:
        return _PRICE
    if message["v0"] < low or message["v0"] > high or message["v3"] < low or message["v3"] > high:
        return _PRICE
    return _GOOD


@nb.njit(nb.int64(_message, nb.uint8[::1], nb.int64), **HOT)
def fault_of(message, kind_of, instruments):  # type: ignore[no-untyped-def]
    """The number of what is wrong with a message, 0 for nothing. Levels and orders are judged by their books."""
    kind = message["kind"]
    if kind == 0 or kind > _LAST_KIND:
        return _KIND
    if message["ts_ns"] < 0 or message["ts_ns"] >= _LAST_NS:
        return _TIME
    if kind == _CLOCK:
        return _GOOD
    target = _target(message, kind_of, instruments)
    if target != _GOOD:
        return target
    if kind == _QUOTE:
        return _quote_fault(message)
    if kind == _TRADE:
        if message[SIZE] < 0 or message[SIZE] >= _LARGEST:
            return _SIZE
        return _PRICE if message[PRICE] < 0 or message[PRICE] >= _LARGEST else _GOOD
    if kind == _BAR:
        return _bar_fault(message)
    if kind == _PHASE_CHANGE:
        return _PHASE if message[PHASE] < 0 or message[PHASE] > _LAST_PHASE else _GOOD
    if kind == _OPEN_INTEREST:
        return _SIZE if message[INTEREST] < 0 else _GOOD
    if kind == _OFFICIAL:
        return _PRICE if message[OFFICIAL_PX] < 0 or message[OFFICIAL_PX] >= _LARGEST else _GOOD
    return _GOOD
