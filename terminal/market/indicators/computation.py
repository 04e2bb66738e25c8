"""How an indicator is computed bar by bar, and the bars as its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from terminal.market.indicators.spec import IndicatorError
from terminal.market.rows import Rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars as arrays of numbers: prices in the currency, volume in shares, contracts or coins."""

    ts_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.close)

    def column(self, name: str) -> Floats:
        """One of the columns, or a mean of them: hl2, hlc3, ohlc4. IndicatorError for another name."""
        if name in {"open", "high", "low", "close", "volume"}:
            found: Floats = getattr(self, name)
            return found
        if name == "hl2":
            return (self.high + self.low) / 2
        if name == "hlc3":
            return (self.high + self.low + self.close) / 3
        if name == "ohlc4":
            return (self.open + self.high + self.low + self.close) / 4
        raise IndicatorError(f"{name!r} is no price; there are open, high, low, close, hl2, hlc3, ohlc4")

    def part(self, first: int, last: int) -> BarColumns:
        """The bars ``first`` to ``last``."""
        cut = slice(first, last)
        return BarColumns(
            self.ts_ns[cut], self.open[cut], self.high[cut], self.low[cut], self.close[cut], self.volume[cut]
        )


@dataclass(frozen=True, slots=True)
class BarValues:
    """One bar, as in :class:`BarColumns`."""

    ts_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def value(self, name: str) -> float:
        """See :meth:`BarColumns.column`; the same arithmetic in the same order, so that both agree to the last bit."""
        if name == "hl2":
            return (self.high + self.low) / 2
        if name == "hlc3":
            return (self.high + self.low + self.close) / 3
        if name == "ohlc4":
            return (self.open + self.high + self.low + self.close) / 4
        found: float = getattr(self, name)
        return found


def columns_of(rows: Rows, price_scale: float, size_scale: float = 1.0) -> BarColumns:
    """A copy of bars (BAR_ROW) as columns."""
    return BarColumns(
        rows["ts_ns"].copy(), rows["open"] / price_scale, rows["high"] / price_scale, rows["low"] / price_scale,
        rows["close"] / price_scale, rows["volume"] / size_scale,
    )  # fmt: skip


def values_of(rows: Rows, place: int, price_scale: float, size_scale: float = 1.0) -> BarValues:
    """One bar as numbers."""
    bar = rows[place]
    return BarValues(
        int(bar["ts_ns"]), int(bar["open"]) / price_scale, int(bar["high"]) / price_scale,
        int(bar["low"]) / price_scale, int(bar["close"]) / price_scale, int(bar["volume"]) / size_scale,
    )  # fmt: skip


class Computation(Protocol):
    """One indicator with its parameters. Begun once, then carried forward; any thread, but one at a time."""

    def fill(self, bars: BarColumns) -> Sequence[Floats]:
        """Begins (again) with finished bars: the values of each output for each of them, NaN where there is none.

        Raises IndicatorError when it cannot be computed.
        """
        ...

    def update(self, bar: BarValues) -> Sequence[float]:
        """The next finished bar: its values."""
        ...

    def peek(self, bar: BarValues) -> Sequence[float]:
        """The values that ``update`` would give, without taking the bar: for the one that still grows."""
        ...
