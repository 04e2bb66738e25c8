"""Time frames of a chart by name: seconds, minutes, hours, days, weeks; a number of trades, a volume, a turnover."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

DAY_S = 86_400
WEEK_S = 7 * DAY_S


class FrameUnit(Enum):
    """What ends a bar."""

    TIME = "time"
    TRADES = "trades"
    VOLUME = "volume"
    TURNOVER = "turnover"


@dataclass(frozen=True, slots=True)
class ChartFrame:
    """``size``: seconds, trades, shares or contracts, or whole units of the currency, by ``unit``."""

    name: str
    unit: FrameUnit
    size: int

    @property
    def seconds(self) -> int:
        """Seconds a bar; 0 when the clock does not end it."""
        return self.size if self.unit is FrameUnit.TIME else 0

    @property
    def words(self) -> str:
        """``5 minutes``, ``100 trades``."""
        if self.unit is FrameUnit.TIME:
            for seconds, word in ((WEEK_S, "week"), (DAY_S, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
                if self.size % seconds == 0:
                    count = self.size // seconds
                    return f"{count} {word}{'' if count == 1 else 's'}"
        what = {FrameUnit.TRADES: "trades", FrameUnit.VOLUME: "shares or contracts"}.get(self.unit, "of turnover")
        return f"{self.size:,} {what}"


class FrameError(ValueError):
    """A text that is no time frame; the message says what would be."""


PRESETS = ("5s", "15s", "1m", "5m", "15m", "1h", "1d")
"""On the chart's head, in this order."""
MORE = ("1s", "30s", "2m", "3m", "10m", "30m", "2h", "4h", "1w", "100t", "1000t", "10kv", "1M$")
"""Offered in the head's menu beside the presets."""

_SECONDS = {"s": 1, "": 60, "m": 60, "h": 3600, "d": DAY_S, "w": WEEK_S}
_ACTIVITY = {"t": FrameUnit.TRADES, "v": FrameUnit.VOLUME, "$": FrameUnit.TURNOVER}
_MULTIPLES = {"": 1, "k": 1_000, "M": 1_000_000}
_TEXT = re.compile(r"([0-9]{1,7})\s*([kM]?)\s*([a-zA-Z$]{0,3})")
_MOST_SIZE = 10**12


def frame(text: str) -> ChartFrame:
    """The frame of a text: ``5s``, ``5`` or ``5m``, ``2h``, ``1d``, ``1w``, ``100t`` (trades), ``10kv`` (volume),
    ``1M$`` (turnover). Raises FrameError."""
    found = _TEXT.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise FrameError(f"{text!r} is no time frame; try 5, 30s, 4h, 1d, 1w, 100t, 10kv or 1M$")
    number, multiple, unit = int(found[1]), found[2], found[3].lower()
    if unit in {"min", "h", "hr"}:
        unit = unit[0]
    if multiple == "M" and not unit:
        multiple, unit = "", "m"
    if unit in _ACTIVITY:
        size = number * _MULTIPLES[multiple]
        if size > _MOST_SIZE:
            raise FrameError(f"a bar of {size:,} is too large")
        shown = f"{number}{multiple}" if multiple else str(number)
        return ChartFrame(f"{shown}{unit}", _ACTIVITY[unit], size)
    if unit not in _SECONDS or multiple:
        raise FrameError(f"{text!r} is no time frame; s, m, h, d, w, t, v or $ follow the number")
    return _of_seconds(number * _SECONDS[unit], text)


def _of_seconds(seconds: int, text: str) -> ChartFrame:
    if seconds != WEEK_S and (seconds > DAY_S or (seconds > 3600 and DAY_S % seconds)):
        raise FrameError(f"{text!r}: bars of a whole part of a day, a day, or a week are possible")
    for size, unit in ((WEEK_S, "w"), (DAY_S, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds % size == 0:
            return ChartFrame(f"{seconds // size}{unit}", FrameUnit.TIME, seconds)
    raise FrameError(f"{text!r} is no time frame")


FRAMES = {name: frame(name).seconds for name in PRESETS}
"""Seconds a bar of the presets, by name."""
