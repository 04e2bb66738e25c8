"""Why a row is not kept."""

from __future__ import annotations

from enum import IntEnum


class Refusal(IntEnum):
    """Reason codes of the decoding kernel; :data:`REASONS` has their words. 0 is a row that is kept."""

    COLUMNS = 1
    NOT_A_NUMBER = 2
    TOO_LARGE = 3
    NEGATIVE = 4
    MISSING = 5
    TIME = 6
    TIME_BACK = 7
    SAME_BAR = 8
    HIGH_BELOW_LOW = 9
    OUTSIDE_RANGE = 10
    NO_PRICE = 11
    TOO_FINE = 12


REASONS: dict[Refusal, str] = {
    Refusal.COLUMNS: "wrong number of columns",
    Refusal.NOT_A_NUMBER: "not a number",
    Refusal.TOO_LARGE: "number too large",
    Refusal.NEGATIVE: "negative number",
    Refusal.MISSING: "number missing",
    Refusal.TIME: "time outside the day",
    Refusal.TIME_BACK: "time goes back",
    Refusal.SAME_BAR: "second row for the same bar",
    Refusal.HIGH_BELOW_LOW: "high below low",
    Refusal.OUTSIDE_RANGE: "open or close outside high and low",
    Refusal.NO_PRICE: "trade without a price",
    Refusal.TOO_FINE: "more decimals than a price can hold",
}

MEMBER_UNREADABLE = "damaged file inside the zip"
MEMBER_UNNAMED = "file inside the zip that names no contract"
MEMBER_TOO_LARGE = "file inside the zip too large"
"""Reasons for a whole file inside a zip, which counts as one row."""
