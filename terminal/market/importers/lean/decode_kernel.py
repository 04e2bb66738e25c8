"""Kernels that turn the bytes of CSV files into columns of integers. No Python code runs per row."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.market.importers.lean.refusals import Refusal

TIME_MS, TIME_TEXT, WHOLE, DECIMAL, LETTER, HEX, TEXT = 0, 1, 2, 3, 4, 5, 6
"""Column types: milliseconds of the day; ``YYYYMMDD HH:MM``; a whole number; decimal dollars (to 1/10,000); the code
of a text's first letter; a hexadecimal number; any text, which is ignored. EMPTY stands for an empty field."""
TRADE_BAR, QUOTE_BAR, TRADE_TICK, QUOTE_TICK, INDEX_TICK, INTEREST = 0, 1, 2, 3, 4, 5
"""What a row must fulfil beyond its columns."""
EMPTY = -1

_COLUMNS, _NOT_A_NUMBER, _TOO_LARGE = int(Refusal.COLUMNS), int(Refusal.NOT_A_NUMBER), int(Refusal.TOO_LARGE)
_NEGATIVE, _MISSING, _TIME = int(Refusal.NEGATIVE), int(Refusal.MISSING), int(Refusal.TIME)
_TIME_BACK, _SAME_BAR = int(Refusal.TIME_BACK), int(Refusal.SAME_BAR)
_HIGH_BELOW_LOW, _OUTSIDE_RANGE = int(Refusal.HIGH_BELOW_LOW), int(Refusal.OUTSIDE_RANGE)
_NO_PRICE, _TOO_FINE = int(Refusal.NO_PRICE), int(Refusal.TOO_FINE)
_COMMA, _POINT, _MINUS, _ZERO, _NINE, _CR, _LF, _SPACE, _COLON = 44, 46, 45, 48, 57, 13, 10, 32, 58
_MOST = 10**15
_MS_PER_DAY = 86_400_000
_NS_PER_MS = 1_000_000
_PRICE_DIGITS = 4

_bytes = nb.types.Array(nb.uint8, 1, "C", readonly=True)
_number = nb.types.UniTuple(nb.int64, 2)


@nb.njit(_number(_bytes, nb.int64, nb.int64, nb.int64), nogil=True, cache=True)
def _parse_number(text, start, end, digits):  # type: ignore[no-untyped-def]
    """(value * 10**digits, refusal); an empty field is EMPTY. Digits past the last one that fits must be zeros."""
    if start == end:
        return EMPTY, 0
    at = start
    negative = text[at] == _MINUS
    if negative:
        at += 1
    value = np.int64(0)
    seen = 0
    while at < end and _ZERO <= text[at] <= _NINE:
        value = value * 10 + (np.int64(text[at]) - _ZERO)
        if value > _MOST:
            return 0, _TOO_LARGE
        seen += 1
        at += 1
    places = 0
    if at < end and text[at] == _POINT:
        at += 1
        while at < end and _ZERO <= text[at] <= _NINE:
            digit = np.int64(text[at]) - _ZERO
            if places < digits:
                value = value * 10 + digit
                places += 1
            elif digit != 0:
                return 0, _TOO_FINE
            seen += 1
            at += 1
    if at < end or seen == 0:
        return 0, _NOT_A_NUMBER
    while places < digits:
        value *= 10
        places += 1
    if value > _MOST:
        return 0, _TOO_LARGE
    if negative and value != 0:
        return 0, _NEGATIVE
    return value, 0


@nb.njit(_number(_bytes, nb.int64, nb.int64), nogil=True, cache=True)
def _parse_hex(text, start, end):  # type: ignore[no-untyped-def]
    if start == end:
        return 0, 0
    value = np.int64(0)
    for at in range(start, end):
        letter = text[at]
        if _ZERO <= letter <= _NINE:
            digit = np.int64(letter) - 48
        elif 65 <= letter <= 70:
            digit = np.int64(letter) - 55
        elif 97 <= letter <= 102:
            digit = np.int64(letter) - 87
        else:
            return 0, _NOT_A_NUMBER
        value = value * 16 + digit
        if value > 0xFFFFFFFF:
            return 0, _TOO_LARGE
    return value, 0


@nb.njit(nb.int64(_bytes, nb.int64, nb.int64), nogil=True, cache=True)
def _digits(text, start, count):  # type: ignore[no-untyped-def]
    """The number that ``count`` digits say, or -1."""
    value = np.int64(0)
    for at in range(start, start + count):
        if not _ZERO <= text[at] <= _NINE:
            return -1
        value = value * 10 + (np.int64(text[at]) - _ZERO)
    return value


@nb.njit(_number(_bytes, nb.int64, nb.int64), nogil=True, cache=True)
def _parse_stamp(text, start, end):  # type: ignore[no-untyped-def]
    """(milliseconds from 1970-01-01 00:00 on the same wall clock, refusal) of ``YYYYMMDD HH:MM``.

    Days from a civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013.
    """
    if start == end:
        return 0, _MISSING
    if end - start != 14 or text[start + 8] != _SPACE or text[start + 11] != _COLON:
        return 0, _NOT_A_NUMBER
    year, month, day = _digits(text, start, 4), _digits(text, start + 4, 2), _digits(text, start + 6, 2)
    hour, minute = _digits(text, start + 9, 2), _digits(text, start + 12, 2)
    if min(year, month, day, hour, minute) < 0:
        return 0, _NOT_A_NUMBER
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 31
    if month in (4, 6, 9, 11):
        longest = 30
    elif month == 2:
        longest = 29 if leap else 28
    if not (1970 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= longest and hour < 24 and minute < 60):
        return 0, _TIME
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days * _MS_PER_DAY + hour * 3_600_000 + minute * 60_000, 0


@nb.njit(_number(_bytes, nb.int64, nb.int64, nb.int64), nogil=True, cache=True)
def _parse_field(text, start, end, column):  # type: ignore[no-untyped-def]
    if column == WHOLE:
        return _parse_number(text, start, end, 0)
    if column == DECIMAL:
        return _parse_number(text, start, end, _PRICE_DIGITS)
    if column == TIME_MS:
        value, refusal = _parse_number(text, start, end, 0)
        if refusal == 0 and value == EMPTY:
            return 0, _MISSING
        if refusal in (_TOO_LARGE, _NEGATIVE) or (refusal == 0 and value >= _MS_PER_DAY):
            return 0, _TIME
        return value, refusal
    if column == TIME_TEXT:
        return _parse_stamp(text, start, end)
    if column == HEX:
        return _parse_hex(text, start, end)
    if column == LETTER:
        return (np.int64(text[start]) if end > start else np.int64(0)), 0
    return 0, 0


@nb.njit(nb.int64(nb.int64[:, :], nb.int64, nb.int64, nb.boolean), nogil=True, cache=True)
def _check_ohlc(out, row, first, may_be_empty):  # type: ignore[no-untyped-def]
    """Refusal of the four prices from column ``first``; all four may be empty where a side may be unchanged."""
    open_px, high_px, low_px, close_px = out[first, row], out[first + 1, row], out[first + 2, row], out[first + 3, row]
    empty = (
        (1 if open_px == EMPTY else 0) + (1 if high_px == EMPTY else 0)
        + (1 if low_px == EMPTY else 0) + (1 if close_px == EMPTY else 0)
    )  # fmt: skip
    if empty == 4 and may_be_empty:
        return 0
    if empty > 0:
        return _MISSING
    if high_px < low_px:
        return _HIGH_BELOW_LOW
    if min(open_px, close_px) < low_px or max(open_px, close_px) > high_px:
        return _OUTSIDE_RANGE
    return 0


@nb.njit(nb.int64(nb.int64[:, :], nb.int64, nb.int64), nogil=True, cache=True)
def _check_row(out, row, rule):  # type: ignore[no-untyped-def]
    if rule == QUOTE_BAR:
        refusal = _check_ohlc(out, row, 1, True)
        if refusal == 0:
            refusal = _check_ohlc(out, row, 6, True)
        if refusal == 0 and (
            (out[1, row] != EMPTY and out[5, row] == EMPTY) or (out[6, row] != EMPTY and out[10, row] == EMPTY)
        ):
            refusal = _MISSING
        return refusal
    if rule == TRADE_BAR:
        refusal = _check_ohlc(out, row, 1, False)
        if refusal == 0 and out[3, row] == 0:
            refusal = _NO_PRICE
        return _MISSING if refusal == 0 and out[5, row] == EMPTY else refusal
    if rule == TRADE_TICK:
        if out[1, row] == EMPTY or out[2, row] == EMPTY:
            return _MISSING
        return _NO_PRICE if out[1, row] == 0 else 0
    if rule == INDEX_TICK and out[1, row] == 0:
        return _NO_PRICE
    return _MISSING if rule != QUOTE_TICK and out[1, row] == EMPTY else 0


@nb.njit(nb.int64(_bytes, nb.int64, nb.int64, nb.int8[:], nb.int64, nb.int64[:, :], nb.int64), nogil=True, cache=True)
def _decode_line(text, start, end, columns, fewest, out, row):  # type: ignore[no-untyped-def]
    """Writes one line's fields to ``out[:, row]`` and returns the refusal, 0 when every field could be read.

    The last columns may be missing from ``fewest`` on, and are EMPTY then.
    """
    at = start
    refusal = 0
    for column in range(len(columns)):
        if at > end:
            if column < fewest:
                return _COLUMNS
            out[column, row] = EMPTY
            continue
        stop = at
        while stop < end and text[stop] != _COMMA:
            stop += 1
        value, found = _parse_field(text, at, stop, columns[column])
        if refusal == 0:
            refusal = found
        out[column, row] = value
        at = stop + 1
    return _COLUMNS if at <= end else refusal


@nb.njit(nb.void(nb.int64[:], nb.int64, nb.int64, nb.boolean, nb.uint8[:]), nogil=True, cache=True)
def _put_in_order(times, first, last, strictly, refusal):  # type: ignore[no-untyped-def]
    """Refuses rows of one file whose time breaks the order.

    A row that is later than the next one is the odd one out when that next one follows what was kept before; else
    the next one is. So one broken time costs one row and not all that come after it.
    """
    kept = -1
    for row in range(first, last):
        if refusal[row] != 0:
            continue
        after = row + 1
        while after < last and refusal[after] != 0:
            after += 1
        if kept >= 0 and times[row] < times[kept]:
            refusal[row] = _TIME_BACK
        elif strictly and kept >= 0 and times[row] == times[kept]:
            refusal[row] = _SAME_BAR
        elif after < last and times[after] < times[row] and (kept < 0 or times[after] >= times[kept]):
            further = after + 1
            while further < last and refusal[further] != 0:
                further += 1
            if further < last and times[further] < times[row]:
                refusal[row] = _TIME_BACK
            else:
                kept = row
        else:
            kept = row


@nb.njit(
    nb.int64(
        _bytes, nb.int64[:], nb.int8[:], nb.int64, nb.int64, nb.boolean,
        nb.int64[:, :], nb.int32[:], nb.uint8[:], nb.int64[:],
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def decode_files(  # type: ignore[no-untyped-def]
    text, bounds, columns, fewest, rule, strictly, out, member, refusal, line
):  # fmt: skip
    """Decodes files that lie one after another in ``text``; file ``i`` is ``text[bounds[i]:bounds[i + 1]]``.

    Per line that is not empty, in order: its fields in ``out[:, row]``, its file in ``member``, its number (from 1) in
    ``line``, and in ``refusal`` 0 or a Refusal. Returns the number of rows; the outputs must have room for one a line.
    """
    row = 0
    for file in range(len(bounds) - 1):
        first = row
        at = bounds[file]
        number = 0
        while at < bounds[file + 1]:
            stop = at
            while stop < bounds[file + 1] and text[stop] != _LF:
                stop += 1
            number += 1
            end = stop - 1 if stop > at and text[stop - 1] == _CR else stop
            if end > at:
                found = _decode_line(text, at, end, columns, fewest, out, row)
                refusal[row] = found if found != 0 else _check_row(out, row, rule)
                member[row] = file
                line[row] = number
                row += 1
            at = stop + 1
        _put_in_order(out[0], first, row, strictly, refusal)
    return row
