"""Trading days and hours by product, in UTC nanoseconds.

Days, holidays and early closes come from ``exchange_calendars`` (:mod:`terminal.infra.session_table`); the hours of US
products are stated here. Their sources:

- Equities 09:30-16:00 New York, 13:00 on early closes; pre-market from 04:00, late trading to 20:00, and to 17:00 after
  an early close: NYSE, "Holidays & Trading Hours", notes on NYSE Arca's late session.
- Options on shares and ETFs with the shares, to 16:00 or 13:00: Cboe Rule 5.1(b)(1).
- Index options 09:30-16:15: Cboe Rule 5.1(b)(2); expiring PM-settled series stop at 16:00: Cboe's SPX specification.
  On early closes 13:15: CBOE Holdings' release of 2017-06-28 on Independence Day.
- Curb 16:15-17:00 for SPX, VIX and XSP since 2022-04-25: release 34-94484 (SR-CBOE-2021-071), Federal Register 87,
  17359, and Cboe's announcement of the 24x5 model. For early closes no public hours were found: no curb is assumed.
- FX from 17:00 to 17:00 New York, Sunday to Friday, the market's convention; crypto by UTC days without a pause.

A time is in a session when ``open_ns <= ts_ns < close_ns``: what is stamped with the close comes after it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from terminal.core.clock import NEW_YORK, NS_PER_DAY, NS_PER_S, at_ns, from_ns, midnight_ns
from terminal.core.instruments import SessionProduct, SettlementTime
from terminal.core.messages import Phase
from terminal.infra.failures import UsageError
from terminal.infra.paths import calendar_cache_dir
from terminal.infra.session_table import SessionRow, SessionTable

US_CALENDAR = "XNYS"
CURB_SINCE = date(2022, 4, 25)
_UTC_ZONE = ZoneInfo("UTC")
_QUARTER_HOUR_NS = 900 * NS_PER_S
_LONGEST_CLOSURE_DAYS = 60
"""Longer than any closure on record (the longest of XNYS since 1900 was four months, in 1914)."""


class NoSession(UsageError):
    """A day on which the product does not trade."""


@dataclass(frozen=True, slots=True)
class SessionHours:
    """Hours of one product on one day, in UTC nanoseconds.

    ``extended_open_ns`` to ``extended_close_ns`` includes pre-market and late trading and equals the regular hours
    where there are none; the curb session and the lunch break are None where there are none.
    """

    product: SessionProduct
    day: date
    open_ns: int
    close_ns: int
    early_close: bool
    extended_open_ns: int
    extended_close_ns: int
    curb_open_ns: int | None = None
    curb_close_ns: int | None = None
    break_start_ns: int | None = None
    break_end_ns: int | None = None

    @property
    def first_ns(self) -> int:
        """The first instant of any trading on this day."""
        return self.extended_open_ns

    @property
    def last_ns(self) -> int:
        """The end of all trading on this day, curb and late trading included."""
        return max(self.extended_close_ns, self.curb_close_ns or 0)

    def phase(self, ts_ns: int) -> Phase:
        """The phase at ``ts_ns``; CLOSED outside this day's hours and in the lunch break."""
        if self.open_ns <= ts_ns < self.close_ns:
            if self.break_start_ns is not None and self.break_end_ns is not None:
                return Phase.CLOSED if self.break_start_ns <= ts_ns < self.break_end_ns else Phase.OPEN
            return Phase.OPEN
        if self.curb_open_ns is not None and self.curb_open_ns <= ts_ns < (self.curb_close_ns or 0):
            return Phase.CURB
        if self.extended_open_ns <= ts_ns < self.open_ns:
            return Phase.PRE_MARKET
        if self.close_ns <= ts_ns < self.extended_close_ns:
            return Phase.AFTER_HOURS
        return Phase.CLOSED


@dataclass(frozen=True, slots=True)
class Countdown:
    """The next open or close of regular trading. ``remaining_ns`` is never negative."""

    phase: Phase
    closes: bool
    at_ns: int
    remaining_ns: int


class Calendars:
    """Answers by product. Days of FOREIGN products need ``calendar``, the code of their exchange. Thread-safe."""

    def __init__(self, table: SessionTable | None = None) -> None:
        """``table``: where sessions come from; the shared one with a cache in the user's folders by default."""
        self._table = table if table is not None else SessionTable(calendar_cache_dir())

    def is_session(
        self, day: date, product: SessionProduct = SessionProduct.EQUITY, *, calendar: str = US_CALENDAR
    ) -> bool:
        """Whether ``product`` trades on ``day``. Raises CalendarRange outside the known years."""
        if product is SessionProduct.CRYPTO:
            return True
        if product is SessionProduct.FX:
            return day.weekday() < 5
        return self._table.row(_code(product, calendar), day) is not None

    def sessions(
        self,
        start: date,
        end: date,
        product: SessionProduct = SessionProduct.EQUITY,
        *,
        calendar: str = US_CALENDAR,
    ) -> list[date]:
        """Trading days from ``start`` to ``end``, both included, ascending."""
        days = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return [day for day in days if self.is_session(day, product, calendar=calendar)]

    def session_hours(
        self, product: SessionProduct, day: date, *, calendar: str = US_CALENDAR, expiring: bool = False
    ) -> SessionHours:
        """The hours of ``product`` on ``day``; ``expiring``: of a PM-settled index series on its last day.

        Raises NoSession when it does not trade that day, CalendarRange and UnknownCalendar as the table does.
        """
        if product is SessionProduct.CRYPTO:
            start = midnight_ns(day, _UTC_ZONE)
            return _plain(product, day, start, start + NS_PER_DAY)
        if product is SessionProduct.FX:
            if day.weekday() >= 5:
                raise NoSession(f"{day} is no trading day of FX; it trades from Sunday 17:00 to Friday 17:00 New York.")
            return _plain(product, day, at_ns(day - timedelta(days=1), 17), at_ns(day, 17))
        code = _code(product, calendar)
        row = self._table.row(code, day)
        if row is None:
            raise NoSession(f"{day} ({day:%A}) is no trading day of {code}.")
        if product is SessionProduct.FOREIGN:
            return _plain(product, day, row.open_ns, row.close_ns, row)
        return _us_hours(product, row, expiring=expiring)

    def next_session(
        self, day: date, product: SessionProduct = SessionProduct.EQUITY, *, calendar: str = US_CALENDAR
    ) -> date:
        """The first trading day after ``day``."""
        return self._step(day, 1, product, calendar)

    def previous_session(
        self, day: date, product: SessionProduct = SessionProduct.EQUITY, *, calendar: str = US_CALENDAR
    ) -> date:
        """The last trading day before ``day``."""
        return self._step(day, -1, product, calendar)

    def session_on_or_after(
        self, day: date, product: SessionProduct = SessionProduct.EQUITY, *, calendar: str = US_CALENDAR
    ) -> date:
        """``day`` if it is a trading day, else the next one."""
        return self._step(day - timedelta(days=1), 1, product, calendar)

    def session_on_or_before(
        self, day: date, product: SessionProduct = SessionProduct.EQUITY, *, calendar: str = US_CALENDAR
    ) -> date:
        """``day`` if it is a trading day, else the last one before."""
        return self._step(day + timedelta(days=1), -1, product, calendar)

    def session_at(
        self, product: SessionProduct, ts_ns: int, *, calendar: str = US_CALENDAR, expiring: bool = False
    ) -> SessionHours | None:
        """The hours of the trading day that ``ts_ns`` falls in, late trading included; None between days."""
        around = from_ns(ts_ns, NEW_YORK).date()
        for day in (around - timedelta(days=1), around, around + timedelta(days=1)):
            if self.is_session(day, product, calendar=calendar):
                hours = self.session_hours(product, day, calendar=calendar, expiring=expiring)
                if hours.first_ns <= ts_ns < hours.last_ns:
                    return hours
        return None

    def phase_at(
        self, product: SessionProduct, ts_ns: int, *, calendar: str = US_CALENDAR, expiring: bool = False
    ) -> Phase:
        """The phase of trading at ``ts_ns``."""
        hours = self.session_at(product, ts_ns, calendar=calendar, expiring=expiring)
        return hours.phase(ts_ns) if hours else Phase.CLOSED

    def countdown(self, product: SessionProduct, ts_ns: int, *, calendar: str = US_CALENDAR) -> Countdown:
        """To the close while regular trading runs (through a lunch break too), else to the next open."""
        day = from_ns(ts_ns, NEW_YORK).date() - timedelta(days=2)
        while True:
            day = self.next_session(day, product, calendar=calendar)
            hours = self.session_hours(product, day, calendar=calendar)
            if ts_ns < hours.close_ns:
                break
        closes = ts_ns >= hours.open_ns
        at = hours.close_ns if closes else hours.open_ns
        return Countdown(self.phase_at(product, ts_ns, calendar=calendar), closes, at, at - ts_ns)

    def expiry_ns(self, expiry: date, settlement: SettlementTime) -> int:
        """When a US option of ``expiry`` ends: PM at the close, AM at the open that settles it.

        An expiry on a holiday, or on the Saturday after the third Friday as it was written until 2015, means the
        trading day before.
        """
        hours = self.session_hours(SessionProduct.EQUITY, self.session_on_or_before(expiry))
        return hours.open_ns if settlement is SettlementTime.AM else hours.close_ns

    def _step(self, day: date, step: int, product: SessionProduct, calendar: str) -> date:
        for count in range(1, _LONGEST_CLOSURE_DAYS + 1):
            candidate = day + timedelta(days=step * count)
            if self.is_session(candidate, product, calendar=calendar):
                return candidate
        way = "after" if step > 0 else "before"
        raise NoSession(f"{calendar} has no trading day within {_LONGEST_CLOSURE_DAYS} days {way} {day}.")


@functools.cache
def default() -> Calendars:
    """The one that everybody shares."""
    return Calendars()


def is_session(day: date) -> bool:
    """Whether US equities trade on ``day``."""
    return default().is_session(day)


def sessions(start: date, end: date) -> list[date]:
    """US trading days from ``start`` to ``end``, both included."""
    return default().sessions(start, end)


def session_hours(
    product: SessionProduct, day: date, *, calendar: str = US_CALENDAR, expiring: bool = False
) -> SessionHours:
    """See :meth:`Calendars.session_hours`."""
    return default().session_hours(product, day, calendar=calendar, expiring=expiring)


def _us_hours(product: SessionProduct, row: SessionRow, *, expiring: bool) -> SessionHours:
    day = row.day
    early = row.close_ns < at_ns(day, 16)
    if product is SessionProduct.EQUITY:
        late = at_ns(day, 17 if early else 20)
        return SessionHours(product, day, row.open_ns, row.close_ns, early, at_ns(day, 4), late)
    if product is SessionProduct.EQUITY_OPTION or expiring:
        return SessionHours(product, day, row.open_ns, row.close_ns, early, row.open_ns, row.close_ns)
    close = row.close_ns + _QUARTER_HOUR_NS
    has_curb = day >= CURB_SINCE and not early
    return SessionHours(
        product, day, row.open_ns, close, early, row.open_ns, close,
        curb_open_ns=close if has_curb else None,
        curb_close_ns=at_ns(day, 17) if has_curb else None,
    )  # fmt: skip


def _plain(
    product: SessionProduct, day: date, open_ns: int, close_ns: int, row: SessionRow | None = None
) -> SessionHours:
    return SessionHours(
        product, day, open_ns, close_ns, False, open_ns, close_ns,
        break_start_ns=row.break_start_ns if row else None,
        break_end_ns=row.break_end_ns if row else None,
    )  # fmt: skip


def _code(product: SessionProduct, calendar: str) -> str:
    return calendar if product is SessionProduct.FOREIGN else US_CALENDAR
