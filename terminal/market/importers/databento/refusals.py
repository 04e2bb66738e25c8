"""Why a DBN record gives no message."""

from __future__ import annotations

NO_SYMBOL = "instrument without a symbol in the file"
OTHER_SYMBOL = "symbol that was not asked for"
OTHER_KIND = "kind of record that is not read"
OTHER_STATISTIC = "statistic that is not read"
OTHER_STATUS = "trading status that is not read"
OPTION_ON_FUTURE = "option on a future"
NO_SIDE = "order without a side"
NO_PRICE = "without a price"
NO_SIZE = "trade without a size"
NO_TIME = "without a time"
BAD_BAR = "open or close outside high and low"
TOO_FINE = "more decimals than the instrument has"
TOO_LARGE = "number too large"
CUT_OFF = "file cut off or damaged from here on"

CLOCK_BACK = "receive time stepped back; the one before was taken"
TERMS = "terms of an instrument; no message of their own"
FILL = "fill of a resting order; the cancel that follows changes the book"
NO_ACTION = "no action"
SAME_MARKET = "nothing that is kept changed"
"""The last five are no refusals: the record is kept."""


class BadRecord(Exception):
    """A record that is not kept; ``reason`` is one of the texts above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
