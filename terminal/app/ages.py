"""Time as a person reads it: ages, countdowns, times of day at the exchange."""

from __future__ import annotations

from terminal.app.formats import MISSING
from terminal.core.clock import NS_PER_MS, NS_PER_S, from_ns


def age(age_ns: int | None) -> str:
    """How old a value is: ``0.4 s``, ``12 s``, ``3 m 05 s``, ``2 h 10 m``, ``4 d``; never negative."""
    if age_ns is None:
        return MISSING
    age_ns = max(0, age_ns)
    if age_ns < 10 * NS_PER_S:
        return f"{age_ns // (NS_PER_S // 10) / 10:.1f} s"
    seconds = age_ns // NS_PER_S
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds // 60 % 60:02d} m"
    return f"{seconds // 86_400} d"


def countdown(left_ns: int | None) -> str:
    """Time left: ``6:28:55``, ``4:05``, ``3 d 04 h``; a dash when unknown or over. Rounds up: 0:01 until it is over."""
    if left_ns is None or left_ns <= 0:
        return MISSING
    seconds = -(-left_ns // NS_PER_S)
    if seconds >= 86_400:
        return f"{seconds // 86_400} d {seconds // 3600 % 24:02d} h"
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 60}:{seconds % 60:02d}"


def time_of_day(ts_ns: int, *, millis: bool = False) -> str:
    """Time at the exchange (New York): ``09:31:05`` or ``09:31:05.120``."""
    text = f"{from_ns(ts_ns):%H:%M:%S}"
    return f"{text}.{ts_ns // NS_PER_MS % 1000:03d}" if millis else text


def day_text(ts_ns: int) -> str:
    """The exchange's date: ``Thu 2015-12-24``."""
    return f"{from_ns(ts_ns):%a %Y-%m-%d}"
