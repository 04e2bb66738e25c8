"""How much time an option has left, to the second: by the calendar, or by how much the market is expected to move.

Days, holidays, half days and settlement moments come from :mod:`terminal.infra.calendars`. Instants are UTC
nanoseconds; daylight-saving changes therefore need no care.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S, midnight_ns
from terminal.core.instruments import SessionProduct, SettlementTime
from terminal.infra import calendars
from terminal.infra.calendars import Calendars
from terminal.quant.columns import Floats, shaped

SECONDS_PER_DAY = 86_400.0
DAYS_PER_YEAR = 365.0
SECONDS_PER_YEAR = DAYS_PER_YEAR * SECONDS_PER_DAY
SESSION_SECONDS = 6.5 * 3600.0
_EPOCH_DAY = date(1970, 1, 1)
_NOT_A_TIME = int(np.iinfo(np.int64).min)
"""NumPy's NaT."""
Instants = npt.NDArray[np.int64]


def expiry_ns(expiry: Any, is_am: Any = False, *, days: Calendars | None = None) -> Any:
    """The instant at which options of these expiry dates end: PM at the close (13:00 on half days), AM at the open.

    ``expiry``: ``date`` or ``datetime64[D]``, ``is_am``: settled in the morning; they broadcast. An int for scalars,
    else an int64 array, where a date that is none (NaT) stays one: the least int64, of which all times are NaN. Raises
    CalendarRange for years without a known calendar.
    """
    known = days if days is not None else calendars.default()
    dates, mornings = np.broadcast_arrays(np.asarray(expiry, "datetime64[D]"), np.asarray(is_am, np.bool_))
    keys = np.where(np.isnat(dates), _NOT_A_TIME, dates.astype(np.int64) * 2 + mornings)
    wanted, place = np.unique(keys, return_inverse=True)
    found = np.array(
        [
            key
            if key == _NOT_A_TIME
            else known.expiry_ns(
                _EPOCH_DAY + timedelta(days=key // 2), SettlementTime.AM if key % 2 else SettlementTime.PM
            )
            for key in wanted.tolist()
        ],
        np.int64,
    )
    out = found[place].reshape(keys.shape)
    return int(out) if keys.shape == () else out


def seconds_to(expires_ns: Any, now_ns: Any) -> Any:
    """Seconds from one instant to the other, negative after it; exact to the nanosecond within three months."""
    left = _between(expires_ns, now_ns)
    return shaped((left / NS_PER_S).reshape(-1), left.shape)


def years_to(expires_ns: Any, now_ns: Any) -> Any:
    """Years of 365 days (ACT/365 Fixed, to the nanosecond) from one instant to the other, negative after it."""
    left = _between(expires_ns, now_ns)
    return shaped((left / (SECONDS_PER_YEAR * NS_PER_S)).reshape(-1), left.shape)


def _between(expires_ns: Any, now_ns: Any) -> Floats:
    """Nanoseconds, rounded only once they are few; NaN where either is not a time."""
    end, start = np.asarray(expires_ns, np.int64), np.asarray(now_ns, np.int64)
    return np.where((end == _NOT_A_TIME) | (start == _NOT_A_TIME), np.nan, end - start)


@dataclass(frozen=True, slots=True)
class ClockWeights:
    """The variance of one second relative to one of the regular session: outside of it on trading days, on Saturdays
    and Sundays, on other days without trading. All three 1 give the calendar's time.

    The defaults follow French and Roll (1986): by the hour, shares vary 13 to 100 times as much while the exchange is
    open, 13 times compared with the night and about 70 times (six times in all, against eleven times as long) compared
    with the weekend.
    """

    night: float = 1.0 / 13.0
    weekend: float = 1.0 / 70.0
    holiday: float = 1.0 / 70.0

    def __post_init__(self) -> None:
        weights = (self.night, self.weekend, self.holiday)
        if not all(np.isfinite(each) and each >= 0.0 for each in weights):
            raise ValueError(f"clock weights are numbers from 0 up, not {weights}")

    @property
    def trading_day(self) -> float:
        """Session seconds that the variance of an ordinary trading day, its night included, is worth."""
        return SESSION_SECONDS + self.night * (SECONDS_PER_DAY - SESSION_SECONDS)

    @property
    def year(self) -> float:
        """The same of 365 days in which every week has five trading days."""
        return DAYS_PER_YEAR / 7.0 * (5.0 * self.trading_day + 2.0 * self.weekend * SECONDS_PER_DAY)


@dataclass(frozen=True, slots=True)
class Event:
    """Variance that comes on top while something happens, worth ``trading_days`` ordinary days, spread evenly."""

    start_ns: int
    end_ns: int
    trading_days: float

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns or not (np.isfinite(self.trading_days) and self.trading_days >= 0.0):
            raise ValueError(f"an event takes time and adds no negative variance: {self}")


@dataclass(frozen=True, slots=True)
class TradingClock:
    """Variance time by calendar time: continuous, never falling, a straight line from each of ``knots_ns`` to the next.

    365 days of ordinary weeks, without holidays and events, have length 1; real years are a little shorter. Before
    the first and after the last knot the average of the ordinary week goes on. Build it with :meth:`over`.
    ``passed``: the variance time at each knot; ``speeds``: that of a second before the first and after each.
    """

    knots_ns: Instants
    passed: Floats
    speeds: Floats

    @classmethod
    def over(
        cls,
        first: date,
        last: date,
        weights: ClockWeights | None = None,
        events: Sequence[Event] = (),
        *,
        days: Calendars | None = None,
    ) -> TradingClock:
        """The clock from the start of ``first`` to the end of ``last`` in New York, by the hours of US equities.

        Raises ValueError when ``last`` is before ``first``, CalendarRange outside the known years.
        """
        if last < first:
            raise ValueError(f"a clock cannot end on {last}, before it begins on {first}")
        weigh = weights if weights is not None else ClockWeights()
        average = weigh.year / SECONDS_PER_YEAR
        pieces = _pieces(first, last, weigh, days if days is not None else calendars.default())
        pieces.append((midnight_ns(last + timedelta(days=1)), average))
        starts = np.array([start for start, _ in pieces], np.int64)
        moments = [moment for event in events for moment in (event.start_ns, event.end_ns)]
        knots = np.unique(np.concatenate((starts, np.array(moments, np.int64))))
        base = np.array([average, *(speed for _, speed in pieces)])
        speeds = np.concatenate(([average], base[np.searchsorted(starts, knots, side="right")]))
        for event in events:
            during = (knots >= event.start_ns) & (knots < event.end_ns)
            speeds[1:][during] += event.trading_days * weigh.trading_day / seconds_to(event.end_ns, event.start_ns)
        speeds /= weigh.year
        passed = np.concatenate(([0.0], np.cumsum(np.diff(knots) / NS_PER_S * speeds[1:-1])))
        return cls(knots, passed, speeds)

    def passed_at(self, ts_ns: Any) -> Any:
        """Years of variance time from the first knot to ``ts_ns``, negative before it."""
        at = np.asarray(ts_ns, np.int64)
        after = np.searchsorted(self.knots_ns, at, side="right")
        knot = np.maximum(after - 1, 0)
        years = self.passed[knot] + (at - self.knots_ns[knot]) / NS_PER_S * self.speeds[after]
        return shaped(np.where(at == _NOT_A_TIME, np.nan, years).reshape(-1), at.shape)

    def years_to(self, expires_ns: Any, now_ns: Any) -> Any:
        """Years of variance time from one instant to the other, negative after it."""
        years = np.asarray(self.passed_at(expires_ns)) - np.asarray(self.passed_at(now_ns))
        return shaped(years.reshape(-1), years.shape)

    def instant(self, passed: Any) -> Any:
        """The earliest instant at which ``passed`` years of variance time are over: what turns :meth:`passed_at` back.

        UTC nanoseconds, an int for scalars; NaN gives the least int64, NumPy's "not a time".
        """
        years = np.asarray(passed, np.float64)
        known = np.where(np.isfinite(years), years, 0.0)
        after = np.searchsorted(self.passed, known, side="left")
        knot = np.maximum(after - 1, 0)
        passed_ns = np.rint((known - self.passed[knot]) / self.speeds[after] * NS_PER_S).astype(np.int64)
        found = np.where(np.isfinite(years), self.knots_ns[knot] + passed_ns, _NOT_A_TIME)
        return int(found) if found.shape == () else found


def _pieces(first: date, last: date, weights: ClockWeights, days: Calendars) -> list[tuple[int, float]]:
    """Where each stretch of one kind begins, with the weight of its seconds."""
    found: list[tuple[int, float]] = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        start_ns = midnight_ns(day)
        if days.is_session(day):
            hours = days.session_hours(SessionProduct.EQUITY, day)
            found += [(start_ns, weights.night), (hours.open_ns, 1.0), (hours.close_ns, weights.night)]
        else:
            found.append((start_ns, weights.weekend if day.weekday() >= 5 else weights.holiday))
    return found
