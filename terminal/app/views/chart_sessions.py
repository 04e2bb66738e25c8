"""Which bars of a chart lie outside of regular trading, so that they can be shaded."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from terminal.app.views.chart_axes import new_york_days
from terminal.core.instruments import Instrument, SessionProduct
from terminal.infra import calendars
from terminal.infra.calendars import NoSession
from terminal.infra.failures import UserFacingError

_EPOCH = date(1970, 1, 1)
_MOST_DAYS = 40
"""More days in view are not shaded: there are few pixels a day."""
_LONGEST_BAR_S = 3600


def shaded(
    stamps: npt.NDArray[np.int64], first: int, last: int, seconds: int, instrument: Instrument
) -> list[tuple[int, int]]:
    """Runs of places from ``first`` to ``last``, each from its first to one past its last, whose bars begin before the
    open, after the close, or on a day without a session. None for bars longer than an hour, many days in view, and
    markets that are open round the clock."""
    if last <= first or seconds > _LONGEST_BAR_S or instrument.session in {SessionProduct.CRYPTO, SessionProduct.FX}:
        return []
    ends = new_york_days(stamps[[first, last - 1]])
    if ends[1] - ends[0] > _MOST_DAYS:
        return []
    runs: list[tuple[int, int]] = []
    at = first
    for number in range(int(ends[0]), int(ends[1]) + 1):
        hours = _hours(number, instrument.session, instrument.calendar)
        if hours is None:
            continue
        begin, end = (first + int(place) for place in np.searchsorted(stamps[first:last], hours))
        if begin > at:
            runs.append((at, begin))
        at = max(at, end)
    if at < last:
        runs.append((at, last))
    return runs


@lru_cache(512)
def _hours(number: int, product: SessionProduct, calendar: str) -> tuple[int, int] | None:
    """Open and close of a New York day by its number since 1970; None without a session, or beyond what is known."""
    day = _EPOCH + timedelta(days=number)
    try:
        hours = calendars.default().session_hours(product, day, calendar=calendar or calendars.US_CALENDAR)
    except (NoSession, UserFacingError):
        return None
    return hours.open_ns, hours.close_ns
