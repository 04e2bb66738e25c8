"""The calendar of events for everybody: what is stored, what the feed knows, and the expiries that are listed."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from terminal.core.clock import from_ns, midnight_ns
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UserFacingError
from terminal.store.events import EventHour, EventKind, MarketEvent, read_events, replace_events
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder

log = logging.getLogger(__name__)
_EQUITY = SessionProduct.EQUITY


@dataclass(frozen=True, slots=True)
class _Known:
    """All events by day, and the days alone."""

    events: tuple[MarketEvent, ...]
    days: tuple[date, ...]


class EventBook:
    """Immutable lists, swapped when something is imported; any thread. ``own``: what the feed itself knows.

    An event is given only to those whose market time has come to where it was known.
    """

    def __init__(
        self, database: MarketDatabase | None, recorder: Recorder | None, table: InstrumentTable, calendars: Calendars,
        own: Iterable[MarketEvent] = (),
    ) -> None:  # fmt: skip
        self.version = 0
        """Grows with every import."""
        self._database, self._recorder, self._table, self._calendars = database, recorder, table, calendars
        self._own = tuple(own)
        self._stored: tuple[MarketEvent, ...] = ()
        self._lock = threading.Lock()
        self._known = _sorted(self._own)
        self._listed = -1
        self._series: dict[int, tuple[date, ...]] = {}

    def load(self) -> None:
        """Reads what is stored; a database that cannot be read leaves the feed's own."""
        if self._database is None:
            return
        try:
            connection = self._database.connect()
            try:
                stored = read_events(connection)
            finally:
                connection.close()
        except duckdb.Error:
            log.exception("the calendar of events cannot be read")
            return
        self._set(stored)

    def store(self, source: str, events: Sequence[MarketEvent], imported_ns: int) -> int:
        """Makes ``events`` the content of a source, durable; gives how many are new. Raises a UserFacingError.

        Waits for the recorder: not on the window's thread.
        """
        new = len(events)
        if self._recorder is not None:
            new = self._recorder.write(lambda now: replace_events(now, source, events, imported_ns))
            self.load()
        else:
            self._set([*(each for each in self._stored if each.source != source), *events])
        return new

    def between(
        self, symbol: str | None, first: date, last: date, now_ns: int, kinds: frozenset[EventKind] | None = None
    ) -> tuple[MarketEvent, ...]:
        """Events from ``first`` to ``last``, both included, that were known at ``now_ns``, by day: of a symbol (with
        those of the whole market), or of all with None."""
        known = self._known
        chosen = known.events[bisect_left(known.days, first) : bisect_right(known.days, last)]
        return tuple(
            each
            for each in chosen
            if each.known_ns <= now_ns
            and (symbol is None or each.symbol in {"", symbol})
            and (kinds is None or each.kind in kinds)
        )

    def before_expiry(self, symbol: str, expires_ns: int, now_ns: int) -> tuple[MarketEvent, ...]:
        """Earnings, dividends and splits of an underlying from now to an expiry, the nearest first: what an expiry's
        header marks. Earnings after the close of the last day come too late and are left out."""
        first, last = from_ns(now_ns).date(), from_ns(expires_ns).date()
        kinds = frozenset({EventKind.EARNINGS, EventKind.DIVIDEND, EventKind.SPLIT})
        return tuple(
            each
            for each in self.between(symbol, first, last, now_ns, kinds)
            if now_ns < self.instant_ns(each) <= expires_ns
        )

    def split(self, symbol: str, day: date) -> float:
        """New shares for one old of a symbol from this day's open on; 1 without a split."""
        ratio = 1.0
        for each in self.between(symbol, day, day, 2**62, frozenset({EventKind.SPLIT})):
            if each.symbol == symbol and each.amount is not None:
                ratio *= each.amount
        return ratio

    def instant_ns(self, event: MarketEvent) -> int:
        """When it happens: its instant; else half an hour before the open, the middle or half an hour after the close
        of its day by its hour; dividends and splits at the open; where nothing is told at the close."""
        if event.at_ns:
            return event.at_ns
        try:
            hours = self._calendars.session_hours(_EQUITY, self._calendars.session_on_or_after(event.day))
        except (UserFacingError, ValueError):
            return midnight_ns(event.day)
        half_hour_ns = 1_800_000_000_000
        if event.kind in {EventKind.DIVIDEND, EventKind.SPLIT}:
            return hours.open_ns
        return {
            EventHour.BEFORE_OPEN: hours.open_ns - half_hour_ns,
            EventHour.IN_SESSION: (hours.open_ns + hours.close_ns) // 2,
            EventHour.AFTER_CLOSE: hours.close_ns + half_hour_ns,
        }.get(event.hour, hours.close_ns)

    def expiries(self, underlying: int, first: date, last: date) -> tuple[MarketEvent, ...]:
        """The listed expiry days of an underlying: monthly where it is the third Friday (or the session before it)."""
        if self._listed != len(self._table):
            self._series, self._listed = {}, len(self._table)
        days = self._series.get(underlying)
        if days is None:
            options = (row.option for row in self._table.options(underlying))
            days = tuple(sorted({each.symbol.expiry for each in options if each is not None}))
            self._series[underlying] = days
        symbol = self._table.get(underlying).symbol
        return tuple(
            MarketEvent("listed", f"{symbol} {day}", symbol, EventKind.EXPIRY, day, title=self._cycle(day))
            for day in days
            if first <= day <= last
        )

    def _cycle(self, day: date) -> str:
        third = date(day.year, day.month, 1)
        third += timedelta(days=(4 - third.weekday()) % 7 + 14)
        if day == third or (third - day == timedelta(days=1) and not self._calendars.is_session(third)):
            return "Quarterly expiry" if day.month % 3 == 0 else "Monthly expiry"
        return "Weekly expiry" if day.weekday() == 4 else "Daily expiry"

    def _set(self, stored: Sequence[MarketEvent]) -> None:
        with self._lock:
            self._stored = tuple(stored)
            self._known = _sorted((*self._own, *self._stored))
            self.version += 1


def _sorted(events: Iterable[MarketEvent]) -> _Known:
    """By day; what two sources tell alike (symbol, kind, day) is told once, as the one known longer tells it."""
    once: dict[tuple[object, ...], MarketEvent] = {}
    for each in sorted(events, key=lambda each: (each.known_ns, each.source, each.uid)):
        title = each.title if each.kind in {EventKind.MACRO, EventKind.OTHER, EventKind.EXPIRY} else ""
        once.setdefault((each.symbol, each.kind, each.day, title), each)
    rows = tuple(sorted(once.values(), key=lambda each: (each.day, each.at_ns, each.symbol, each.kind.value, each.uid)))
    return _Known(rows, tuple(each.day for each in rows))
