"""The market's own time: years of variance, which pass fast at the open, slowly at noon and little at night.

A session is one unit, of which OVERNIGHT_SHARE belongs to the night before it; every closed day adds CLOSED_DAY. Units
are scaled so that a year of days has about one year. Options are priced on this clock, so a weekend costs little decay.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import Calendars

OVERNIGHT_SHARE = 0.30
CLOSED_DAY = 0.06
UNITS_PER_YEAR = 252.0 + 113.0 * CLOSED_DAY
_FLOOR, _OPEN_BURST, _OPEN_SCALE, _CLOSE_BURST, _CLOSE_SCALE = 0.60, 2.2, 0.06, 0.6, 0.08

Floats = npt.NDArray[np.float64]


def _raw_progress(fraction: Floats) -> Floats:
    opening = _OPEN_BURST * _OPEN_SCALE * (1.0 - np.exp(-fraction / _OPEN_SCALE))
    closing = _CLOSE_BURST * _CLOSE_SCALE * (np.exp((fraction - 1.0) / _CLOSE_SCALE) - np.exp(-1.0 / _CLOSE_SCALE))
    return np.asarray(_FLOOR * fraction + opening + closing)


_WHOLE = float(_raw_progress(np.ones(1))[0])


def progress(fraction: Floats) -> Floats:
    """Share of a session's variance that has passed at ``fraction`` of its hours: the U of the day, integrated."""
    return _raw_progress(fraction) / _WHOLE


def activity(fraction: Floats) -> Floats:
    """Variance a unit of clock time at ``fraction`` of the session, relative to the session's mean."""
    opening = _OPEN_BURST * np.exp(-fraction / _OPEN_SCALE)
    closing = _CLOSE_BURST * np.exp((fraction - 1.0) / _CLOSE_SCALE)
    return np.asarray((_FLOOR + opening + closing) / _WHOLE)


class VarianceClock:
    """Cumulative years of variance at any time between ``first`` and ``last``, both extended to sessions."""

    def __init__(self, calendars: Calendars, first: date, last: date) -> None:
        days = calendars.sessions(first - timedelta(days=10), last + timedelta(days=10))
        hours = [calendars.session_hours(SessionProduct.EQUITY, day) for day in days]
        self._open_ns = [row.open_ns for row in hours]
        self._close_ns = [row.close_ns for row in hours]
        self._at_open = [0.0]
        before = days[0]
        for day in days[1:]:
            night = OVERNIGHT_SHARE + CLOSED_DAY * ((day - before).days - 1)
            self._at_open.append(self._at_open[-1] + (1.0 - OVERNIGHT_SHARE + night) / UNITS_PER_YEAR)
            before = day

    def at(self, ts_ns: int) -> float:
        """Years of variance up to ``ts_ns``. Raises ValueError outside the clock's days."""
        index = bisect_right(self._open_ns, ts_ns) - 1
        if index < 0 or index + 1 >= len(self._open_ns):
            raise ValueError("a time outside the days of the variance clock")
        opened, closed = self._open_ns[index], self._close_ns[index]
        session = (1.0 - OVERNIGHT_SHARE) / UNITS_PER_YEAR
        if ts_ns < closed:
            passed = progress(np.array([(ts_ns - opened) / (closed - opened)]))
            return self._at_open[index] + session * float(passed[0])
        at_close = self._at_open[index] + session
        night = (ts_ns - closed) / (self._open_ns[index + 1] - closed)
        return at_close + night * (self._at_open[index + 1] - at_close)

    def grid(self, from_ns: int, step_ns: int, steps: int) -> Floats:
        """The clock at ``steps + 1`` times from ``from_ns`` on."""
        return np.array([self.at(from_ns + step_ns * step) for step in range(steps + 1)])
