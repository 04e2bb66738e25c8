"""What the price of an underlying is at a moment: one rule for all who price with it."""

from __future__ import annotations

import numpy as np

from terminal.core.messages import Phase
from terminal.core.money import ABSENT_PX
from terminal.market.rows import Quality


def middle_or_last(quote: np.void) -> tuple[float | None, int, bool]:
    """``(px, ts_ns, is_middle)`` of a QUOTE_ROW, in its own price units: the middle while there is a sound market, else
    the last trade; None without any.

    What is left of the quotes after the close or in a halt is no market: there the official price and the last trade
    go first.
    """
    names: tuple[str, ...] = ("last_px",)
    is_sound = quote["quality"] in (Quality.OK, Quality.LOCKED)
    if quote["phase"] == Phase.CLOSED:
        names = ("official_px", "last_px")
    if quote["phase"] in (Phase.CLOSED, Phase.HALTED) or not is_sound:
        for name in names:
            if quote[name] != ABSENT_PX and quote[name] > 0:
                return float(quote[name]), int(quote["last_ts_ns"]), False
    if is_sound:
        middle = (int(quote["bid_px"]) + int(quote["ask_px"])) / 2
        return middle, int(max(quote["bid_ts_ns"], quote["ask_ts_ns"])), True
    return None, 0, False
