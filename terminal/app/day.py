"""The trading day that market time is in: phase, open, close, next expiry."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.clock import Clock, from_ns
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.core.messages import Phase
from terminal.infra.calendars import Calendars, SessionHours


class TradingDay:
    """Answers for the regular US equity session, which the status bar counts down to."""

    def __init__(self, clock: Clock, table: InstrumentTable, calendars: Calendars) -> None:
        self._clock = clock
        self._table = table
        self._calendars = calendars
        self._hours: SessionHours | None = None
        self._asked_for: date | None = None
        self._expiries: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._listed = 0

    @property
    def hours(self) -> SessionHours:
        """Hours of the session on, or next after, the day of market time."""
        day = self.date
        if self._hours is None or day != self._asked_for:
            session = self._calendars.session_on_or_after(day, SessionProduct.EQUITY)
            self._hours = self._calendars.session_hours(SessionProduct.EQUITY, session)
            self._asked_for = day
        return self._hours

    @property
    def date(self) -> date:
        """The New York day of market time."""
        return from_ns(self._clock.now_ns()).date()

    @property
    def phase(self) -> Phase:
        """Phase of the regular equity session."""
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
