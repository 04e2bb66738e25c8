"""TA-Lib behind one door: a handle of its streaming interface for each indicator, bit for bit its batch functions.

Its handles need finite numbers after the first one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from terminal.market.indicators.computation import BarColumns, BarValues, Floats
from terminal.market.indicators.spec import IndicatorError, IndicatorSpec, Settings
from terminal.market.talib_library import abstract, stream, talib

_LETTERS = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}


def lookback(name: str, parameters: dict[str, int | float]) -> int:
    """Bars before the first that has a value; IndicatorError for parameters that the library refuses."""
    function = abstract.Function(name)
    try:
        if parameters:
            function.set_parameters(dict(parameters))
        found = int(function.lookback)
    except Exception as problem:  # the library raises plain exceptions
        raise IndicatorError(_plain(str(problem))) from problem
    if found < 0:
        raise IndicatorError(_REFUSED)
    return found


class Handle:
    """One function of the library over any inputs. Until there is enough history it waits and answers NaN."""

    def __init__(self, name: str, outputs: int, parameters: dict[str, int | float]) -> None:
        self._name = name
        self._outputs = outputs
        self._parameters = parameters
        self._lookback: int | None = None
        self._stream: Any = None
        self._waiting: list[tuple[float, ...]] = []

    def fill(self, inputs: Sequence[Floats]) -> list[Floats]:
        """Begins with history; one array an output."""
        self._stream, self._waiting = None, []
        count = len(inputs[0])
        found = self._open(inputs) if count else None
        if found is None:
            first = count - _known(inputs)
            self._waiting = list(zip(*(each[first:].tolist() for each in inputs), strict=True))
            return [np.full(count, np.nan) for _ in range(self._outputs)]
        return found

    def _open(self, inputs: Sequence[Floats]) -> list[Floats] | None:
        kind = getattr(stream, self._name)
        columns = [np.ascontiguousarray(each, np.float64) for each in inputs]
        if self._lookback is None:
            self._lookback = lookback(self._name, self._parameters)
        # Asked with less history than that, version 0.8.2 now and then answers that the parameters are wrong.
        if _known(columns) <= self._lookback or not all(math.isfinite(float(each[-1])) for each in columns):
            return None
        try:
            self._stream, values = kind.open_and_fill(*columns, **self._parameters)
        except talib.InsufficientHistory:
            return None
        except Exception as problem:  # the library raises plain exceptions with its error code
            raise IndicatorError(_plain(str(problem))) from problem
        outputs = values if isinstance(values, tuple) else (values,)
        begin = int(self._stream.out_range[0])
        found = []
        for each in outputs:
            series = np.array(each, np.float64)
            series[:begin] = np.nan
            found.append(series)
        return found

    def _is_short(self, more: int) -> bool:
        return self._lookback is not None and len(self._waiting) + more <= self._lookback

    def update(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """One more bar."""
        if self._stream is not None:
            return _many(self._stream.update(*values))
        if not self._waiting and not all(map(math.isfinite, values)):
            return (math.nan,) * self._outputs
        self._waiting.append(values)
        found = None if self._is_short(0) else self._open(_columns(self._waiting))
        if found is None:
            return (math.nan,) * self._outputs
        self._waiting = []
        return tuple(float(each[-1]) for each in found)

    def peek(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """What :meth:`update` would give."""
        if self._stream is not None:
            return _many(self._stream.peek(*values))
        found = None if self._is_short(1) else self._open(_columns([*self._waiting, values]))
        self._stream = None
        return (math.nan,) * self._outputs if found is None else tuple(float(each[-1]) for each in found)


def _many(found: Any) -> tuple[float, ...]:
    return tuple(map(float, found)) if isinstance(found, tuple) else (float(found),)


def _columns(rows: Sequence[tuple[float, ...]]) -> list[Floats]:
    return [np.array(column, np.float64) for column in zip(*rows, strict=True)]


def _known(columns: Sequence[Floats]) -> int:
    """Bars from the first on that has all its numbers."""
    finite = np.logical_and.reduce([np.isfinite(each) for each in columns])
    first = int(np.argmax(finite)) if len(finite) else 0
    return len(finite) - first if len(finite) and finite[first] else 0


_REFUSED = "TA-Lib refuses these parameters: a period is too short, too long, or they do not go together"


def _plain(text: str) -> str:
    if "BAD_PARAM" in text or "Bad Parameter" in text:
        return _REFUSED
    return f"TA-Lib says: {text}"


class TalibComputation:
    """An indicator of the catalog that TA-Lib computes."""

    def __init__(self, spec: IndicatorSpec, settings: Settings) -> None:
        source = str(settings.get("source", "close"))
        self._inputs = (source,) if spec.inputs == "source" else tuple(_LETTERS[letter] for letter in spec.inputs)
        parameters = {name: value for name, value in settings.items() if not isinstance(value, str)}
        self._handle = Handle(spec.id, len(spec.outputs), parameters)

    def fill(self, bars: BarColumns) -> Sequence[Floats]:
        """See :class:`Computation`."""
        return self._handle.fill([bars.column(name) for name in self._inputs])

    def update(self, bar: BarValues) -> Sequence[float]:
        """See :class:`Computation`."""
        return self._handle.update(tuple(bar.value(name) for name in self._inputs))

    def peek(self, bar: BarValues) -> Sequence[float]:
        """See :class:`Computation`."""
        return self._handle.peek(tuple(bar.value(name) for name in self._inputs))
