"""The simulated market as a feed of messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.core.messages import Batch
from terminal.infra import calendars as known_calendars
from terminal.infra.calendars import Calendars
from terminal.store.events import EventHour, EventKind, MarketEvent
from terminal.store.vol_days import VolDays, VolOrigin, simulated
from terminal.venues.sim.calendar_events import CompanyEvent, company_events
from terminal.venues.sim.calendar_events import EventKind as CompanyEventKind
from terminal.venues.sim.history import History, make_history
from terminal.venues.sim.market import STEP_NS, STEPS_PER_SECOND, SimMarket
from terminal.venues.sim.vol_days import vol_days

EVENTS_AHEAD = timedelta(days=400)


class SimFeed:
    """The embedded exchange: the same seed gives the same market, at any speed and however it is cut into batches.

    Endless: after a session's close the next one begins. New contracts appear in the table as they are listed.
    """

    name = "sim"

    def __init__(
        self,
        table: InstrumentTable,
        seed: int,
        start_date: date,
        *,
        calendars: Calendars | None = None,
        step_ns: int = STEP_NS,
    ) -> None:
        """Lists the first day's instruments in ``table``. A ``start_date`` without a session means the next one.

        ``step_ns``: how often the efficient prices move; a coarser grid makes another, quicker market.
        """
        self._step_ns = step_ns
        self._calendars = calendars or known_calendars.default()
        self._table = table
        self.seed = seed
        self.first_day = self._calendars.session_on_or_after(start_date)
        self._history = make_history(seed, self._calendars, self.first_day)
        self._market().prepare()

    def _market(self) -> SimMarket:
        return SimMarket(self.seed, self.first_day, self._history, self._table, self._calendars, self._step_ns)

    def first_ns(self) -> int:
        """The first session's open."""
        return self._calendars.session_hours(SessionProduct.EQUITY, self.first_day).open_ns

    def end_ns(self) -> int | None:
        """None: there is always another day."""
        return None

    def batches(self, steps_per_batch: int = STEPS_PER_SECOND) -> Iterator[Batch]:
        """All messages from the first session's open on, a market second or less a batch (steps of 100 ms).

        Every call starts the market anew, with the same messages.
        """
        most = max(NS_PER_S // self._step_ns, 1)
        return self._market().days(min(max(steps_per_batch, 1), most))

    def history(self) -> History:
        """Daily bars and vols of the year before, and minute bars of the last sessions; simulated like the rest."""
        return self._history

    @property
    def vol_origin(self) -> VolOrigin:
        """Whose market a record of daily volatility tells of."""
        return simulated(self.seed, self.first_day)

    def vol_days(self) -> dict[str, VolDays]:
        """Daily records of volatility of the year before, by symbol."""
        return vol_days(self._history, self._calendars)

    def market_events(self) -> list[MarketEvent]:
        """The same for the calendar: fixed by rule, so known since ever."""
        kinds = {
            CompanyEventKind.EX_DIVIDEND: (EventKind.DIVIDEND, EventHour.BEFORE_OPEN),
            CompanyEventKind.EARNINGS_AFTER_CLOSE: (EventKind.EARNINGS, EventHour.AFTER_CLOSE),
        }
        return [
            MarketEvent(
                "simulated", f"{row.symbol} {row.kind.value} {row.day}", row.symbol, kinds[row.kind][0], row.day,
                hour=kinds[row.kind][1], amount=row.amount or None,
            )
            for row in self.events()
        ]  # fmt: skip

    def events(self) -> list[CompanyEvent]:
        """Dividends and earnings known on the first day, of the year before and the one to come."""
        return company_events(self._calendars, self.first_day - EVENTS_AHEAD, self.first_day + EVENTS_AHEAD)
