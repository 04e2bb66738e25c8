"""One session's timetable on the step grid: variance that has passed, liveliness and width of quotes at every step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import Calendars
from terminal.venues.sim.variance_clock import OVERNIGHT_SHARE, UNITS_PER_YEAR, activity, progress

Floats = npt.NDArray[np.float64]
_NIGHT_NS = 17.5 * 3600e9
OPENING_WIDTH, OPENING_S = 1.6, 75.0
"""Market makers quote this much wider at the open, and calm down with this time constant."""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """``steps`` of the grid from the open to ``end_ns``, where index options end.

    ``close_step`` is the first step at or after the close of everything else. ``consumed`` has one entry more: years of
    variance since the open."""

    open_ns: int
    close_ns: int
    end_ns: int
    step_ns: int
    steps: int
    close_step: int
    consumed: Floats
    nerves: Floats
    widths: Floats


def make_plan(calendars: Calendars, day: date, step_ns: int) -> SessionPlan:
    """The plan of ``day``. Raises NoSession when it is no trading day."""
    hours = calendars.session_hours(SessionProduct.EQUITY, day)
    end_ns = calendars.session_hours(SessionProduct.INDEX_OPTION, day).close_ns
    open_ns, close_ns = hours.open_ns, hours.close_ns
    steps = (end_ns - open_ns) // step_ns
    passed_ns = np.arange(steps + 1, dtype=np.float64) * step_ns
    fraction = np.minimum(passed_ns / (close_ns - open_ns), 1.0)
    late = np.maximum(passed_ns - (close_ns - open_ns), 0.0) / _NIGHT_NS
    consumed = ((1.0 - OVERNIGHT_SHARE) * progress(fraction) + OVERNIGHT_SHARE * late) / UNITS_PER_YEAR
    nerves = np.where(late[:-1] > 0, 0.15, activity(fraction[:-1]))
    widths = 1.0 + OPENING_WIDTH * np.exp(-passed_ns[:-1] / (OPENING_S * 1e9)) + np.where(late[:-1] > 0, 0.5, 0.0)
    close_step = (close_ns - open_ns) // step_ns
    return SessionPlan(
        open_ns, close_ns, end_ns, step_ns, int(steps), int(close_step), np.asarray(consumed), nerves, widths
    )
