"""Why a message of Binance is not kept."""

from __future__ import annotations

from enum import IntEnum


class NumberFault(IntEnum):
    """Reason codes of the decoding kernel, returned as negative counts; :data:`NUMBER_FAULTS` has their words."""

    NOT_A_NUMBER = 1
    NEGATIVE = 2
    TOO_LARGE = 3
    TOO_FINE = 4
    NOT_LEVELS = 5
    NO_PRICE = 6
    NO_ROOM = 7


NUMBER_FAULTS: dict[int, str] = {
    NumberFault.NOT_A_NUMBER: "not a number",
    NumberFault.NEGATIVE: "negative number",
    NumberFault.TOO_LARGE: "number too large",
    NumberFault.TOO_FINE: "more decimals than the instrument has",
    NumberFault.NOT_LEVELS: "not a list of levels",
    NumberFault.NO_PRICE: "level without a price",
}

NOT_JSON = "not JSON"
WRONG_TYPE = "field of the wrong type"
OTHER_KIND = "kind of message that is not read"
OTHER_SYMBOL = "symbol that was not asked for"
MISSING = "number missing"
TRADE_PRICE = "trade without a price"
TRADE_SIZE = "trade without a size"
CAME_TWICE = "came twice"
OUTDATED = "older than what came before"
SEQUENCE = "first sequence number above the last"
NOBODYS_SNAPSHOT = "snapshot of no known symbol"
NO_TIME = "line without a receive time"
FAR_TIME = "receive time hours away from the others"
TOO_LONG = "line too long"
CUT_OFF = "file cut off or damaged from here on"

CLOCK_BACK = "receive time stepped back; the one before was taken"
"""Not a refusal: the message is kept."""
