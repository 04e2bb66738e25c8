"""A picture of lines as data: what a small plot paints. No Qt in here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

import numpy as np

from terminal.app.formats import MISSING
from terminal.quant.columns import Floats


class XAxis(Enum):
    """What runs to the right. ``DAY``: days since 1970. ``TENOR``: days to go, shown in proportion to their logarithm.
    ``PRICE``: currency."""

    DAY = "day"
    TENOR = "tenor"
    PRICE = "price"

    def place(self, x: Floats) -> Floats:
        """Where values stand, in some linear measure."""
        return np.log(np.maximum(x, 0.5)) if self is XAxis.TENOR else x

    def words(self, x: float) -> str:
        """A value of the axis."""
        if self is XAxis.DAY:
            return f"{date.fromordinal(int(x) + _EPOCH):%Y-%m-%d}"
        return f"{x:,.0f} d" if self is XAxis.TENOR else f"{x:,.2f}"


_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Line:
    """``x``, ``y``: floats of one length, NaN: a gap. ``tone``: a colour token or a number in the series' colours.
    ``dots``: its points are marked, for a line of few."""

    label: str
    x: Floats
    y: Floats
    tone: str = "0"
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """The room between two lines."""

    x: Floats
    low: Floats
    high: Floats
    tone: str = "0"


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright line with a word at its top."""

    x: float
    label: str
    tone: str = "text2"


@dataclass(frozen=True, slots=True)
class Plot:
    """``unit``: of the values, at the axis. ``decimals``: of values on hover. ``reason``: what to say where there is
    nothing to draw. ``floor``: the axis goes down to it at least."""

    axis: XAxis
    lines: tuple[Line, ...] = ()
    bands: tuple[Band, ...] = ()
    marks: tuple[Mark, ...] = ()
    unit: str = ""
    decimals: int = 1
    reason: str = ""
    floor: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no line has a value."""
        return not any(np.isfinite(line.y).any() for line in self.lines)

    def x_range(self) -> tuple[float, float]:
        """Least and greatest x of all lines with values."""
        known = [line.x[np.isfinite(line.y)] for line in self.lines]
        every = np.concatenate([each for each in known if len(each)])
        low, high = float(every.min()), float(every.max())
        return (low, high) if high > low else (low - 1.0, high + 1.0)

    def y_range(self) -> tuple[float, float]:
        """Of all lines and bands, with a little room."""
        values = [line.y for line in self.lines] + [each for band in self.bands for each in (band.low, band.high)]
        every = np.concatenate(values)
        every = every[np.isfinite(every)]
        low, high = float(every.min()), float(every.max())
        if self.floor is not None:
            low = min(low, self.floor)
        room = 0.06 * (high - low) if high > low else max(0.05 * abs(high), 0.5)
        return (low if low == self.floor else low - room), high + room

    def x_values(self) -> Floats:
        """Every x at which a line has a value, ascending."""
        return np.unique(np.concatenate([line.x[np.isfinite(line.y)] for line in self.lines]))

    def values_at(self, x: float) -> list[tuple[Line, str]]:
        """What each line has at ``x``: a dash where it has nothing there."""
        found = []
        for line in self.lines:
            at = np.flatnonzero(line.x == x)
            value = float(line.y[at[0]]) if len(at) else math.nan
            found.append((line, f"{value:,.{self.decimals}f}" if math.isfinite(value) else MISSING))
        return found


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` round values between two."""
    if not high > low or most < 1:
        return []
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((each * power for each in (1.0, 2.0, 2.5, 5.0, 10.0) if each * power >= raw * 0.999), 10.0 * power)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def x_ticks(axis: XAxis, low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Values of the axis with their words: the first of months, round maturities or round prices."""
    if axis is XAxis.PRICE:
        ticks = nice_ticks(low, high, most)
        decimals = 0 if not ticks or all(float(each).is_integer() for each in ticks) else 2
        return [(each, f"{each:,.{decimals}f}") for each in ticks]
    if axis is XAxis.TENOR:
        known = (1, 7, 14, 30, 60, 90, 180, 365, 730, 1095)
        return [(float(each), f"{each} d") for each in known if low * 0.999 <= each <= high * 1.001]
    return _months(low, high, most)


def _months(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first, last = date.fromordinal(int(low) + _EPOCH), date.fromordinal(int(high) + _EPOCH)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months < 2:
        ticks = [round(each) for each in nice_ticks(low, high, most)]
        return [(float(each), f"{date.fromordinal(each + _EPOCH):%d %b}") for each in dict.fromkeys(ticks)]
    step = next(each for each in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if months / each <= max(most, 1))
    found = []
    for number in range(first.year * 12 + first.month, last.year * 12 + last.month):
        if number % step == 0:
            day = date(number // 12, number % 12 + 1, 1)
            found.append((float(day.toordinal() - _EPOCH), f"{day:%b %y}" if step < 12 else f"{day:%Y}"))
    return found


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a head: its words, its value, a colour token, a sentence about it."""

    label: str
    value: str
    tip: str = ""
    tone: str = "text0"


@dataclass(frozen=True, slots=True)
class Pictured:
    """A plot under a row of facts."""

    plot: Plot
    facts: tuple[Fact, ...] = field(default=())
    note: str = ""
