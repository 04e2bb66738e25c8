"""What every trading day brings in market time: opens and closes by product, and the roll to the next session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Protocol

from terminal.app.main_session import LIKE_EQUITY, Market, main_market, session_running_or_next
from terminal.core.clock import from_ns, midnight_ns
from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import Calendars, SessionHours
from terminal.market.engine import Action, Rank

PRODUCTS = (SessionProduct.EQUITY, SessionProduct.EQUITY_OPTION, SessionProduct.INDEX_OPTION)


class Conductor(Protocol):
    """Runs actions in market time; :class:`terminal.market.engine.Engine`."""

    def at(self, ts_ns: int, rank: Rank, action: Action) -> None:
        """Runs ``action`` after all data of the instant ``ts_ns``."""
        ...


class DayTimers:
    """Calls ``on_change(product, ts_ns)`` at each open and close, curb's and break's too, and ``on_roll(day, ts_ns)``
    once a day is over.

    The roll comes before the first message of the day that follows. The day is New York's where anything traded keeps
    it, else that of the first instrument: coins alone roll at midnight UTC, and never open or close. ``markets``: gives
    what is traded now.
    """

    def __init__(
        self,
        conductor: Conductor,
        calendars: Calendars,
        on_change: Callable[[SessionProduct, int], None],
        on_roll: Callable[[date, int], None],
        markets: Callable[[], list[Market]] = list,
    ) -> None:
        self._conductor = conductor
        self._calendars = calendars
        self._on_change = on_change
        self._on_roll = on_roll
        self._markets = markets
        self._known: list[Market] = []
        self._starts = 0

    def start(self, now_ns: int) -> None:
        """Schedules the session on, or next after, the day of ``now_ns``, without what is past.

        Called again after a seek back: what was scheduled before is forgotten.
        """
        self._starts += 1
        self._known = self._markets()
        main = main_market(self._known)
        if main[0] in LIKE_EQUITY:
            day = self._calendars.session_on_or_after(from_ns(now_ns).date(), SessionProduct.EQUITY)
            self._schedule_us(day, now_ns)
        else:
            self._schedule_roll(main, now_ns)
        for market in self._known:
            if market[0] not in LIKE_EQUITY and market[0] is not SessionProduct.CRYPTO:
                self._schedule(market, self._starts, now_ns)

    def look(self, now_ns: int) -> None:
        """Starts anew when other markets than before are traded: a feed may list more at any time."""
        if self._markets() != self._known:
            self.start(now_ns)

    def _schedule_us(self, day: date, now_ns: int) -> None:
        for product in PRODUCTS:
            self._schedule_changes(product, self._calendars.session_hours(product, day), now_ns)
        following = self._calendars.session_on_or_after(day + timedelta(days=1), SessionProduct.EQUITY)
        # Just before the day that follows begins: nothing of it may be seen yet, and until then this day's P&L stands.
        self._conductor.at(midnight_ns(following) - 1, Rank.TIMER, partial(self._roll_us, self._starts, following))

    def _schedule_roll(self, market: Market, now_ns: int) -> None:
        day, _ = session_running_or_next(self._calendars, market, now_ns)
        following = self._calendars.next_session(day, market[0], calendar=market[1])
        begins_ns = self._calendars.session_hours(market[0], following, calendar=market[1]).first_ns
        self._conductor.at(begins_ns - 1, Rank.TIMER, partial(self._roll, market, self._starts, following, begins_ns))

    def _schedule(self, market: Market, start: int, now_ns: int) -> None:
        """The session of a market outside the US, and at its end the one after."""
        if start != self._starts:
            return
        _, hours = session_running_or_next(self._calendars, market, now_ns)
        self._schedule_changes(market[0], hours, now_ns)
        self._conductor.at(hours.last_ns, Rank.TIMER, partial(self._schedule, market, start))

    def _schedule_changes(self, product: SessionProduct, hours: SessionHours, now_ns: int) -> None:
        instants = (hours.open_ns, hours.break_start_ns, hours.break_end_ns, hours.close_ns, hours.curb_close_ns)
        for ts_ns in instants:
            if ts_ns is not None and ts_ns >= now_ns:
                self._conductor.at(ts_ns, Rank.TIMER, partial(self._change, self._starts, product))

    def _change(self, start: int, product: SessionProduct, ts_ns: int) -> None:
        if start == self._starts:
            self._on_change(product, ts_ns)

    def _roll_us(self, start: int, day: date, ts_ns: int) -> None:
        if start == self._starts:
            self._on_roll(day, ts_ns)
            self._schedule_us(day, ts_ns)

    def _roll(self, market: Market, start: int, day: date, begins_ns: int, ts_ns: int) -> None:
        if start == self._starts:
            self._on_roll(day, ts_ns)
            self._schedule_roll(market, begins_ns)
