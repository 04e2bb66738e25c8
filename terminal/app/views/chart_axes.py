"""Marks on a chart's axes: round prices, times of day, days. Pure functions over arrays of any length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_DAY, NS_PER_S, from_ns

Ints = npt.NDArray[np.int64]

_STEPS_S = (
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 4 * 3600, 86_400, 7 * 86_400, 30 * 86_400,
)  # fmt: skip
_LOOKED_AT = 4_096
"""Bars that are looked at for marks; of more in view a part, evenly spread."""
_MOST_DAYS = 60
"""More days in view are not told apart by lines."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark on an axis: where (price, or place of a bar), and its text. ``is_major``: a new day."""

    at: float
    text: str
    is_major: bool = False


def new_york_offsets(stamps: Ints) -> Ints:
    """UTC offsets of New York in ns, looked up once a UTC day (it changes on week-ends only)."""
    days, where = np.unique(stamps // NS_PER_DAY, return_inverse=True)
    found = []
    for day in days.tolist():
        offset = from_ns(day * NS_PER_DAY + NS_PER_DAY // 2).utcoffset() or timedelta()
        found.append(int(offset.total_seconds()) * NS_PER_S)
    offsets: Ints = np.array(found, np.int64)[where]
    return offsets


def new_york_days(stamps: Ints) -> Ints:
    """Number of the New York day of each instant."""
    days: Ints = (stamps + new_york_offsets(stamps)) // NS_PER_DAY
    return days


def day_breaks(stamps: Ints, first: int, last: int) -> list[int]:
    """Places from ``first`` to ``last`` whose bar is the first of a New York day; none when there are too many."""
    begin = max(0, first - 1)
    step = max(1, (last - begin) // _LOOKED_AT)
    looked = np.unique(np.r_[np.arange(begin, last, step), last - 1]) if last > begin else np.empty(0, np.int64)
    if len(looked) < 2:
        return []
    days = new_york_days(stamps[looked])
    changes = np.flatnonzero(days[1:] != days[:-1])
    if len(changes) > _MOST_DAYS:
        return []
    if step == 1:
        return [int(looked[change + 1]) for change in changes]
    found = []
    for change in changes.tolist():
        left, right = int(looked[change]), int(looked[change + 1])
        inside = new_york_days(stamps[left : right + 1])
        found += [left + 1 + int(place) for place in np.flatnonzero(inside[1:] != inside[:-1])]
    return found


def time_marks(stamps: Ints, first: int, last: int, most: int, seconds: int) -> list[Mark]:
    """At most about ``most`` marks of the places ``first`` to ``last``: times of day, with dates where a day begins.

    ``seconds`` a bar; 0 for bars that the clock does not end.
    """
    if first >= last or most < 1:
        return []
    step = max(1, (last - first) // _LOOKED_AT)
    looked = stamps[first:last:step]
    if seconds >= 86_400:
        return _date_marks(looked, first, step, most)
    local = looked + new_york_offsets(looked)
    step_s = _step_of(local, len(looked) * step * seconds, most)
    slots = local // (step_s * NS_PER_S)
    begins = np.flatnonzero(np.r_[False, slots[1:] != slots[:-1]])
    days = local // NS_PER_DAY
    least = max(1, (last - first) // (2 * most))
    marks: list[Mark] = []
    for at in begins.tolist():
        place = first + at * step
        new_day = bool(days[at] != days[at - 1])
        if marks and place - marks[-1].at < least:
            if not new_day or marks[-1].is_major:
                continue
            marks.pop()
        moment = from_ns(int(looked[at]))
        text = f"{moment:%d %b}" if new_day else f"{moment:%H:%M:%S}" if step_s < 60 else f"{moment:%H:%M}"
        marks.append(Mark(float(place), text, new_day))
    return marks


def _step_of(local: Ints, span_s: int, most: int) -> int:
    """Seconds between marks. Bars that the clock does not end are as long as they happen to be."""
    if span_s == 0:
        gaps = np.diff(local)
        # Nights count as nothing, as they do on the axis.
        span_s = int(gaps[gaps < 4 * 3600 * NS_PER_S].sum() // NS_PER_S) + 1
    return next((step for step in _STEPS_S if span_s / step <= most), _STEPS_S[-1])


def _date_marks(stamps: Ints, first: int, step: int, most: int) -> list[Mark]:
    every = max(1, math.ceil(len(stamps) / most))
    return [
        Mark(float(first + at * step), f"{from_ns(int(stamps[at])):%d %b %y}") for at in range(0, len(stamps), every)
    ]


def price_marks(low: float, high: float, most: int, least: float) -> list[float]:
    """Round prices from ``low`` to ``high``, at most about ``most``, on multiples of ``least``."""
    if most < 1 or high <= low:
        return []
    raw = max((high - low) / most, least)
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw)
    step = max(least, round(step / least) * least)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def log_marks(low: float, high: float, most: int, least: float) -> list[float]:
    """Round prices for an axis of logarithms: about evenly spread to the eye, each as round as its surroundings allow.

    Over a narrow range they are those of :func:`price_marks`.
    """
    if most < 1 or not 0 < low < high:
        return []
    if high / low < 2:
        return price_marks(low, high, most, least)
    ratio = (high / low) ** (1 / most)
    found: list[float] = []
    at = low
    while at <= high:
        room = at * (ratio - 1)
        power = 10 ** math.floor(math.log10(max(room, least)))
        step = max(least, next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= room))
        step = max(least, round(step / least) * least)
        mark = math.ceil(at / step - 1e-9) * step
        if mark > high:
            break
        if not found or mark > found[-1]:
            found.append(mark)
        at = max(mark * ratio, mark + least)
    return found


def value_marks(low: float, high: float, most: int) -> list[float]:
    """Round numbers of any size from ``low`` to ``high``, for a pane that has no ticks."""
    if most < 1 or not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * (1 - 1e-9))
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def value_text(value: float, step: float) -> str:
    """A number of a pane as text: as many decimals as ``step`` needs, thousands and more as k, M, bn."""
    if not math.isfinite(value):
        return "\u2013"
    size = max(abs(value), abs(step))
    for limit, unit, word in ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= limit:
            text = f"{abs(value) / unit:,.{_decimals(step / unit)}f}{word}"
            break
    else:
        text = f"{abs(value):,.{_decimals(step)}f}"
    is_negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"\u2212{text}" if is_negative else text


def _decimals(step: float) -> int:
    if step <= 0:
        return 2
    decimals = 0
    while decimals < 6 and abs(round(step, decimals) - step) > step * 1e-6:
        decimals += 1
    return decimals
