"""The trading day that market time is in: phase, open, close, next expiry."""

from __future__ import annotations

from datetime import UTC, date

import numpy as np
import numpy.typing as npt

from terminal.app.main_session import LIKE_EQUITY, main_market, markets_of, session_running_or_next
from terminal.core.clock import Clock, from_ns
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.core.messages import Phase
from terminal.infra.calendars import US_CALENDAR, Calendars, SessionHours


class TradingDay:
    """Answers for the regular US equity session, which the status bar counts down to.

    A desk on which nothing has those hours (coins, futures) has the hours of its first instrument.
    """

    def __init__(self, clock: Clock, table: InstrumentTable, calendars: Calendars) -> None:
        self._clock = clock
        self._table = table
        self._calendars = calendars
        self._hours: SessionHours | None = None
        self._asked_for: tuple[date, int] | None = None
        self._product = (SessionProduct.EQUITY, US_CALENDAR)
        self._expiries: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._listed = 0

    @property
    def hours(self) -> SessionHours:
        """Hours of the session on, or next after, the day of market time."""
        now_ns = self._clock.now_ns()
        asked = (self.date, len(self._table))
        is_past = self._hours is not None and now_ns >= self._hours.last_ns and self._product[0] not in LIKE_EQUITY
        if self._hours is None or asked != self._asked_for or is_past:
            self._product = main_market(markets_of(self._table))
            self._hours = self._find_hours(now_ns)
            self._asked_for = asked
        return self._hours

    def _find_hours(self, now_ns: int) -> SessionHours:
        if self._product[0] in LIKE_EQUITY:
            day = from_ns(now_ns).date()
            session = self._calendars.session_on_or_after(day, SessionProduct.EQUITY)
            return self._calendars.session_hours(SessionProduct.EQUITY, session)
        return session_running_or_next(self._calendars, self._product, now_ns)[1]

    @property
    def date(self) -> date:
        """The New York day of market time; the UTC day where only coins are traded."""
        zone_day = from_ns(self._clock.now_ns())
        return (zone_day.astimezone(UTC) if self._product[0] is SessionProduct.CRYPTO else zone_day).date()

    @property
    def phase(self) -> Phase:
        """Phase of the session."""
        return self.hours.phase(self._clock.now_ns())

    @property
    def open_ns(self) -> int:
        """The session's open."""
        return self.hours.open_ns

    @property
    def close_ns(self) -> int:
        """The session's close."""
        return self.hours.close_ns

    @property
    def next_expiry_ns(self) -> int | None:
        """The next instant at which a listed option stops trading; None when none is listed."""
        if self._listed != len(self._table):
            self._listed = len(self._table)
            self._expiries = np.unique([row.option.expires_ns for row in self._table if row.option is not None])
        after = int(np.searchsorted(self._expiries, self._clock.now_ns(), "right"))
        return int(self._expiries[after]) if after < len(self._expiries) else None
