"""Kernels that turn the decimal texts of Binance's JSON into integers and records. No Python code runs a level."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.core.messages import BOOK_ORDERS, BOOK_PX, BOOK_SIDE, BOOK_SIZE, MESSAGE
from terminal.market.importers.binance.refusals import NumberFault

_NOT_A_NUMBER, _NEGATIVE, _TOO_LARGE = (
    int(NumberFault.NOT_A_NUMBER),
    int(NumberFault.NEGATIVE),
    int(NumberFault.TOO_LARGE),
)
_TOO_FINE, _NOT_LEVELS, _NO_PRICE = int(NumberFault.TOO_FINE), int(NumberFault.NOT_LEVELS), int(NumberFault.NO_PRICE)
_NO_ROOM = int(NumberFault.NO_ROOM)
_QUOTE, _COMMA, _POINT, _MINUS, _ZERO, _NINE, _OPEN, _SHUT = 34, 44, 46, 45, 48, 57, 91, 93
_MOST = 10**18

_bytes = nb.types.Array(nb.uint8, 1, "C", readonly=True)
_messages = nb.from_dtype(MESSAGE)[::1]


@nb.njit(nb.types.UniTuple(nb.int64, 2)(_bytes, nb.int64, nb.int64), nogil=True, cache=True)
def _number(text, at, digits):  # type: ignore[no-untyped-def]
    """The decimal in quotation marks that begins at ``at``: (value * 10**digits, index after it), or (-fault, 0)."""
    end = len(text)
    if at >= end or text[at] != _QUOTE:
        return -_NOT_A_NUMBER, 0
    at += 1
    negative = at < end and text[at] == _MINUS
    if negative:
        at += 1
    value = np.int64(0)
    seen = 0
    places = -1
    while at < end and text[at] != _QUOTE:
        letter = np.int64(text[at])
        at += 1
        if letter == _POINT and places < 0 and seen > 0:
            places = 0
            continue
        if not _ZERO <= letter <= _NINE:
            return -_NOT_A_NUMBER, 0
        seen += 1
        if places < 0 or places < digits:
            value = value * 10 + (letter - _ZERO)
            if value > _MOST:
                return -_TOO_LARGE, 0
            if places >= 0:
                places += 1
        elif letter != _ZERO:
            return -_TOO_FINE, 0
    if at >= end or seen == 0:
        return -_NOT_A_NUMBER, 0
    for _ in range(max(places, 0), digits):
        value *= 10
        if value > _MOST:
            return -_TOO_LARGE, 0
    if negative and value != 0:
        return -_NEGATIVE, 0
    return value, at + 1


@nb.njit(nb.int64(_bytes, nb.int64, nb.int64, nb.int64[::1]), nogil=True, cache=True)
def read_numbers(text, price_digits, size_digits, out):  # type: ignore[no-untyped-def]
    """Decimals in quotation marks with commas between them, prices and sizes in turn, into ``out``.

    Prices are scaled by 10**price_digits, sizes by 10**size_digits. Returns how many were read, or -NumberFault.
    """
    at = 0
    count = 0
    while True:
        if count == len(out):
            return -_NO_ROOM
        value, after = _number(text, at, price_digits if count % 2 == 0 else size_digits)
        if value < 0:
            return value
        out[count] = value
        count += 1
        if after == len(text):
            return count
        if text[after] != _COMMA:
            return -_NOT_A_NUMBER
        at = after + 1


@nb.njit(
    nb.int64(_bytes, nb.int64, nb.int64, nb.int64, _messages, nb.int64, nb.int64),
    nogil=True,
    cache=True,
)
def put_levels(text, price_digits, size_digits, side, out, template, at):  # type: ignore[no-untyped-def]
    """The JSON array ``[["price","size"],...]`` as level records in ``out`` from ``at`` on.

    Each is a copy of ``out[template]`` with its side, price and size. Returns how many, or -NumberFault.
    """
    end = len(text)
    if end < 2 or text[0] != _OPEN or text[end - 1] != _SHUT:
        return -_NOT_LEVELS
    if end == 2:
        return 0
    place = 1
    count = 0
    while True:
        if place >= end or text[place] != _OPEN:
            return -_NOT_LEVELS
        price, place = _number(text, place + 1, price_digits)
        if price < 0:
            return price
        if price == 0:
            return -_NO_PRICE
        if place >= end or text[place] != _COMMA:
            return -_NOT_LEVELS
        size, place = _number(text, place + 1, size_digits)
        if size < 0:
            return size
        if place >= end or text[place] != _SHUT:
            return -_NOT_LEVELS
        if at + count >= len(out):
            return -_NO_ROOM
        row = out[at + count]
        row["ts_ns"] = out[template]["ts_ns"]
        row["recv_ns"] = out[template]["recv_ns"]
        row["instrument"] = out[template]["instrument"]
        row["source"] = out[template]["source"]
        row["kind"] = out[template]["kind"]
        row["flags"] = out[template]["flags"]
        row["venue"] = out[template]["venue"]
        row["order"] = 0
        row[BOOK_SIDE] = side
        row[BOOK_PX] = price
        row[BOOK_SIZE] = size
        row[BOOK_ORDERS] = 0
        row["v4"] = 0
        count += 1
        place += 1
        if place == end - 1:
            return count
        if place >= end or text[place] != _COMMA:
            return -_NOT_LEVELS
        place += 1
