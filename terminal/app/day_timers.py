"""What every trading day brings in market time: opens and closes by product, and the roll to the next session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Protocol

from terminal.core.clock import from_ns, midnight_ns
from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import Calendars
from terminal.market.engine import Action, Rank

PRODUCTS = (SessionProduct.EQUITY, SessionProduct.EQUITY_OPTION, SessionProduct.INDEX_OPTION)


class Conductor(Protocol):
    """Runs actions in market time; :class:`terminal.market.engine.Engine`."""

    def at(self, ts_ns: int, rank: Rank, action: Action) -> None:
        """Runs ``action`` after all data of the instant ``ts_ns``."""
        ...


class DayTimers:
    """Calls ``on_change(product, ts_ns)`` at each open and close, the curb's too, and ``on_roll(day, ts_ns)`` once a
    day is over.

    The roll comes before the first message of the day that follows.
    """

    def __init__(
        self,
        conductor: Conductor,
        calendars: Calendars,
        on_change: Callable[[SessionProduct, int], None],
        on_roll: Callable[[date, int], None],
    ) -> None:
        self._conductor = conductor
        self._calendars = calendars
        self._on_change = on_change
        self._on_roll = on_roll
        self._starts = 0

    def start(self, now_ns: int) -> None:
        """Schedules the session on, or next after, the New York day of ``now_ns``, without what is past.

        Called again after a seek back: what was scheduled before is forgotten.
        """
        self._starts += 1
        day = self._calendars.session_on_or_after(from_ns(now_ns).date(), SessionProduct.EQUITY)
        self._schedule(day, now_ns)

    def _schedule(self, day: date, now_ns: int) -> None:
        for product in PRODUCTS:
            hours = self._calendars.session_hours(product, day)
            for ts_ns in (hours.open_ns, hours.close_ns, hours.curb_close_ns):
                if ts_ns is not None and ts_ns >= now_ns:
                    self._conductor.at(ts_ns, Rank.TIMER, partial(self._change, self._starts, product))
        following = self._calendars.session_on_or_after(day + timedelta(days=1), SessionProduct.EQUITY)
        # Just before the day that follows begins: nothing of it may be seen yet, and until then this day's P&L stands.
        self._conductor.at(midnight_ns(following) - 1, Rank.TIMER, partial(self._roll, self._starts, following))

    def _change(self, start: int, product: SessionProduct, ts_ns: int) -> None:
        if start == self._starts:
            self._on_change(product, ts_ns)

    def _roll(self, start: int, day: date, ts_ns: int) -> None:
        if start == self._starts:
            self._on_roll(day, ts_ns)
            self._schedule(day, ts_ns)
