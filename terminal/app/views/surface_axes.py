"""The axes of a volatility surface: how far a strike is from the forward, how long to the expiry, and round marks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from terminal.app import formats
from terminal.quant.columns import Floats

if TYPE_CHECKING:
    from terminal.quant.surface import SurfaceFit

DAYS_PER_YEAR = 365.0
_DELTAS = (5, 10, 25, 50, 75, 90, 95)
_DAYS = (1, 2, 3, 7, 14, 30, 60, 91, 182, 365, 547, 730, 1095, 1461, 1826, 3652)


class Across(Enum):
    """What runs across a surface."""

    MONEYNESS = "moneyness"
    LOG = "log-moneyness"
    DELTA = "delta"
    STRIKE = "strike"

    @property
    def title(self) -> str:
        """Name and unit, as it stands on the axis."""
        return {
            Across.MONEYNESS: "Strike / forward, %", Across.LOG: "ln(strike / forward)",
            Across.DELTA: "Delta (puts left, calls right)", Across.STRIKE: "Strike",
        }[self]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A round value on an axis: where, in the axis' unit, and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """From ``low`` to ``high``, ``low < high``, in the axis' unit."""

    low: float
    high: float

    def place(self, values: Floats) -> Floats:
        """0 at ``low``, 1 at ``high``."""
        found: Floats = (np.asarray(values, np.float64) - self.low) / (self.high - self.low)
        return found


def across_of(axis: Across, strike: Floats, forward: Floats, vol: Floats, time: Floats) -> Floats:
    """Where strikes stand on ``axis``; ``vol`` and ``time`` (years) are used for deltas alone.

    A delta is that of a call on the forward, undiscounted, ``N(d1)``, and runs from one down to nothing: the axis has
    ``1 - N(d1)``, so that low strikes are on the left as on the others.
    """
    with np.errstate(all="ignore"):
        if axis is Across.MONEYNESS:
            return np.asarray(strike / forward, np.float64)
        if axis is Across.LOG:
            return np.asarray(np.log(strike / forward), np.float64)
        if axis is Across.DELTA:
            root = vol * np.sqrt(time)
            return np.asarray(ndtr(np.log(strike / forward) / root - 0.5 * root), np.float64)
        return np.asarray(strike, np.float64)


def log_moneyness(axis: Across, across: Floats, time: Floats, forward: Floats, fit: SurfaceFit) -> Floats:
    """The other way, for a grid: ``across`` [columns], ``time``, ``forward`` [rows] to ``ln(K / F)`` [rows, columns].

    Deltas are inverted along a fine line of strikes, four standard deviations each way.
    """
    if axis is Across.MONEYNESS:
        return np.broadcast_to(np.log(across), (len(time), len(across)))
    if axis is Across.LOG:
        return np.broadcast_to(across, (len(time), len(across)))
    if axis is Across.STRIKE:
        return np.asarray(np.log(across[None, :] / forward[:, None]), np.float64)
    at_forward = np.sqrt(fit.total_variance(0.0, time))
    k = np.linspace(-4.0, 4.0, 41)[None, :] * at_forward[:, None]
    root = np.sqrt(fit.total_variance(k, time[:, None]))
    with np.errstate(all="ignore"):
        reached = np.maximum.accumulate(np.nan_to_num(ndtr(k / root - 0.5 * root)), axis=1)
    found = np.empty((len(time), len(across)))
    for row in range(len(time)):
        found[row] = np.interp(across, reached[row], k[row])
    return found


def depth_of(time: Floats) -> Floats:
    """Where times stand on the axis of expiries: by their square root, as variance spreads."""
    found: Floats = np.sqrt(np.maximum(time, 0.0))
    return found


def step_of(span: float, most: int) -> float:
    """The least of 1, 2, 2.5, 5 times a power of ten that divides ``span`` into ``most`` parts or fewer."""
    if not (span > 0.0 and math.isfinite(span)):
        return 1.0
    least = span / most
    power = 10.0 ** math.floor(math.log10(least))
    return next((power * each for each in (1.0, 2.0, 2.5, 5.0) if power * each >= least * (1 - 1e-9)), power * 10.0)


def round_marks(span: Span, most: int, scale: float = 1.0, unit: str = "") -> tuple[Mark, ...]:
    """Round values within a span; texts show them times ``scale``."""
    step = step_of((span.high - span.low) * scale, most)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    first, last = math.ceil(span.low * scale / step - 1e-6), math.floor(span.high * scale / step + 1e-6)
    return tuple(
        Mark(number * step / scale, formats.ratio(number * step + 0.0, decimals) + unit)
        for number in range(first, last + 1)
    )


def across_marks(axis: Across, span: Span, most: int) -> tuple[Mark, ...]:
    """Marks across: percents, strikes, or deltas named by the side that is out of the money."""
    if axis is Across.DELTA:
        marks = tuple(Mark(each / 100, _delta_text(each)) for each in _DELTAS)
        return tuple(each for each in marks if span.low <= each.at <= span.high)
    return round_marks(span, most, 100.0 if axis is Across.MONEYNESS else 1.0)


def time_marks(low: float, high: float, most: int) -> tuple[Mark, ...]:
    """Round times to expiry between two (years), thinned out so that none stand on top of each other."""
    kept: list[Mark] = []
    room = (math.sqrt(high) - math.sqrt(low)) / most
    for days in _DAYS:
        years = days / DAYS_PER_YEAR
        if low * 0.98 <= years <= high * 1.02 and (
            not kept or math.sqrt(years) - math.sqrt(kept[-1].at) >= room * 0.999
        ):
            kept.append(Mark(years, _days_text(days)))
    return tuple(kept)


def _delta_text(percent: int) -> str:
    if percent == 50:
        return "50"
    return f"{percent}P" if percent < 50 else f"{100 - percent}C"


def _days_text(days: int) -> str:
    if days < 14:
        return f"{days}d"
    if days < 60:
        return f"{round(days / 7)}w" if days % 7 == 0 else "1m"
    if days < 365:
        return f"{round(days / 30.4)}m"
    years = days / DAYS_PER_YEAR
    return f"{years:.1f}y" if abs(years - round(years)) > 0.1 else f"{round(years)}y"
