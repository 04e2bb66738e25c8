"""What a formula is made of. Every node gives its values over a history, then bar by bar, and can look ahead at the
bar that still grows.

Arithmetic is NumPy's on arrays and on single numbers alike: no result raises, and what has none is NaN.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from terminal.market.indicators.computation import BarColumns, BarValues, Computation, Floats
from terminal.market.indicators.talib_computation import Handle


class Node(Protocol):
    """One part of a formula."""

    def fill(self, bars: BarColumns) -> Floats:
        """Begins with finished bars."""
        ...

    def update(self, bar: BarValues) -> float:
        """The next finished bar."""
        ...

    def peek(self, bar: BarValues) -> float:
        """What ``update`` would give."""
        ...


class Number:
    """A constant."""

    def __init__(self, value: float) -> None:
        self.value = value

    def fill(self, bars: BarColumns) -> Floats:
        """See :class:`Node`."""
        return np.full(len(bars), self.value)

    def update(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return self.value

    peek = update


class Price:
    """A column of the bars."""

    def __init__(self, name: str) -> None:
        self._name = name

    def fill(self, bars: BarColumns) -> Floats:
        """See :class:`Node`."""
        return bars.column(self._name)

    def update(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return bar.value(self._name)

    peek = update


class Apply:
    """A function of each bar's numbers."""

    def __init__(self, function: Callable[..., Any], parts: Sequence[Node]) -> None:
        self._function, self._parts = function, tuple(parts)

    def fill(self, bars: BarColumns) -> Floats:
        """See :class:`Node`."""
        with np.errstate(all="ignore"):
            return np.asarray(self._function(*(each.fill(bars) for each in self._parts)), np.float64)

    def update(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return self._of([each.update(bar) for each in self._parts])

    def peek(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return self._of([each.peek(bar) for each in self._parts])

    def _of(self, values: Sequence[float]) -> float:
        with np.errstate(all="ignore"):
            return float(self._function(*(np.float64(each) for each in values)))


class Back:
    """The value of some bars ago."""

    def __init__(self, part: Node, bars: int) -> None:
        self._part, self._bars = part, bars
        self._kept: deque[float] = deque(maxlen=bars)

    def fill(self, bars: BarColumns) -> Floats:
        """See :class:`Node`."""
        values = self._part.fill(bars)
        self._kept = deque(values[-self._bars :].tolist(), maxlen=self._bars)
        found = np.full(len(values), np.nan)
        found[self._bars :] = values[: max(0, len(values) - self._bars)]
        return found

    def _oldest(self) -> float:
        return self._kept[0] if len(self._kept) == self._bars else math.nan

    def update(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        found = self._oldest()
        self._kept.append(self._part.update(bar))
        return found

    def peek(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return self._oldest()


class LibraryCall:
    """A function of TA-Lib over other parts. Where a part has no number, its last one stands."""

    def __init__(
        self, name: str, parts: Sequence[Node], parameters: dict[str, int | float], outputs: int, output: int
    ) -> None:
        self._parts, self._output = tuple(parts), output
        self._handle = Handle(name, outputs, parameters)
        self._held = [math.nan] * len(self._parts)

    def fill(self, bars: BarColumns) -> Floats:
        """See :class:`Node`."""
        inputs = [_without_holes(each.fill(bars)) for each in self._parts]
        self._held = [float(each[-1]) if len(each) else math.nan for each in inputs]
        return self._handle.fill(inputs)[self._output]

    def _inputs(self, values: Sequence[float]) -> tuple[float, ...]:
        return tuple(value if math.isfinite(value) else held for value, held in zip(values, self._held, strict=True))

    def update(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        inputs = self._inputs([each.update(bar) for each in self._parts])
        self._held = list(inputs)
        return self._handle.update(inputs)[self._output]

    def peek(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return self._handle.peek(self._inputs([each.peek(bar) for each in self._parts]))[self._output]


def _without_holes(values: Floats) -> Floats:
    """Infinities and NaN after the first number replaced by the number before them."""
    good = np.isfinite(values)
    if good.all():
        return values
    places = np.maximum.accumulate(np.where(good, np.arange(len(values)), -1))
    found: Floats = np.where(places >= 0, values[np.maximum(places, 0)], np.nan)
    return found


class WholeComputation:
    """One output of another computation over the bars themselves."""

    def __init__(self, computation: Computation, output: int) -> None:
        self._computation, self._output = computation, output

    def fill(self, bars: BarColumns) -> Floats:
        """See :class:`Node`."""
        return self._computation.fill(bars)[self._output]

    def update(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return float(self._computation.update(bar)[self._output])

    def peek(self, bar: BarValues) -> float:
        """See :class:`Node`."""
        return float(self._computation.peek(bar)[self._output])
