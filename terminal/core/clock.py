"""Market time. Nothing above this floor asks the wall for the time of a market event."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
CHICAGO = ZoneInfo("America/Chicago")
UTC_ZONE = ZoneInfo("UTC")
NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_DAY = 86_400 * NS_PER_S
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time of the market, in UTC nanoseconds."""

    def now_ns(self) -> int:
        """Market time now."""
        ...


class WallClock:
    """A live market's time: the machine's own."""

    def now_ns(self) -> int:
        """UTC nanoseconds of the system clock."""
        return time.time_ns()


class MarketClock:
    """Time as the conductor has let it pass: replay, simulation and backtest. Never steps back by itself."""

    __slots__ = ("_now_ns",)

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """The last instant that was processed."""
        return self._now_ns

    def advance(self, ts_ns: int) -> None:
        """Moves forward to ``ts_ns``; an earlier time leaves the clock where it is."""
        self._now_ns = max(self._now_ns, ts_ns)

    def reset(self, ts_ns: int) -> None:
        """Sets the clock, back as well: only a seek in a replay does this."""
        self._now_ns = ts_ns


def to_ns(moment: datetime) -> int:
    """UTC nanoseconds of an aware datetime, exact to the microsecond."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone has no place on the market's clock")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + delta.microseconds * 1_000


def from_ns(ts_ns: int, zone: ZoneInfo = NEW_YORK) -> datetime:
    """The aware datetime of ``ts_ns`` in ``zone``, cut to the microsecond."""
    return (_EPOCH + timedelta(microseconds=ts_ns // 1_000)).astimezone(zone)


def midnight_ns(day: date, zone: ZoneInfo = NEW_YORK) -> int:
    """UTC nanoseconds of the start of ``day`` in ``zone``."""
    return to_ns(datetime(day.year, day.month, day.day, tzinfo=zone))


def at_ns(day: date, hour: int, minute: int = 0, second: int = 0, zone: ZoneInfo = NEW_YORK) -> int:
    """UTC nanoseconds of a wall time on ``day`` in ``zone``; right across daylight-saving changes."""
    return to_ns(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone))
