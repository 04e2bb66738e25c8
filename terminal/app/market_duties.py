"""What the desk owes the market clock: phases for the exchange, expiries, the day's roll, the journal's heartbeat."""

from __future__ import annotations

import threading
from datetime import date

from terminal.app.day_timers import DayTimers
from terminal.app.main_session import markets_of
from terminal.core.clock import NS_PER_S
from terminal.core.events import EventKind, JournalEvent
from terminal.core.instruments import InstrumentTable, SessionProduct, UnknownInstrumentError
from terminal.exchange.expiry import Expiry
from terminal.exchange.paper import PaperExchange
from terminal.infra.calendars import Calendars
from terminal.market.engine import Engine, Rank
from terminal.market.state import MarketState
from terminal.portfolio.valuation import settlement_marks
from terminal.trading.road import OrderRoad

HEARTBEAT_NS = 60 * NS_PER_S
RETRY_NS = 60 * NS_PER_S
"""An official price may come a little after the expiry that it settles."""
PATIENCE_NS = 1800 * NS_PER_S
"""How late an official price may be before its lack goes into the journal."""


class MarketDuties:
    """Runs on the engine thread as timers; :meth:`start` begins them at a market time.

    ``waiting``: sentences about expired positions whose official price has not come yet.
    """

    def __init__(
        self,
        engine: Engine,
        road: OrderRoad,
        exchange: PaperExchange,
        expiry: Expiry,
        table: InstrumentTable,
        state: MarketState,
        calendars: Calendars,
    ) -> None:
        self._engine = engine
        self._road = road
        self._exchange = exchange
        self._expiry = expiry
        self._table = table
        self._state = state
        self._timers = DayTimers(engine, calendars, self._on_change, self._on_roll, lambda: markets_of(table))
        self._scheduled: set[int] = set()
        self.waiting: tuple[str, ...] = ()
        self._said: set[str] = set()
        self._messages = 0
        self._lock = threading.Lock()

    def start(self, now_ns: int) -> None:
        """Begins the timers, and the expiries of what is held or works already."""
        self._timers.start(now_ns)
        self._engine.at(now_ns + HEARTBEAT_NS, Rank.TIMER, self._heartbeat)
        book = self._road.snapshot()
        held = [each.instrument for each in book.account.open_positions]
        working = [leg.instrument for order in book.live_orders for leg in order.intent.legs]
        for instrument in (*held, *working):
            self._schedule_expiry(instrument)

    def restart(self, now_ns: int) -> None:
        """The market has begun again at ``now_ns``, which only a session without orders allows."""
        self._timers.start(now_ns)

    def on_event(self, event: JournalEvent) -> None:
        """Listens to the order road: what is ordered may be held, and what is held expires."""
        if event.kind is EventKind.INTENT:
            for leg in event.body["legs"]:
                try:
                    self._schedule_expiry(self._table.find(leg["symbol"]).id)
                except UnknownInstrumentError:
                    continue

    def _schedule_expiry(self, instrument: int) -> None:
        terms = self._table.get(instrument).option
        if terms is None:
            return
        with self._lock:
            if terms.expires_ns in self._scheduled:
                return
            self._scheduled.add(terms.expires_ns)
        self._engine.at(terms.expires_ns, Rank.TIMER, self._on_expiry)

    def _on_expiry(self, ts_ns: int) -> None:
        self._exchange.on_phase(ts_ns)
        self._settle_positions(ts_ns)

    def _settle_positions(self, ts_ns: int) -> None:
        account = self._road.snapshot().account
        outcome = self._expiry.settle(ts_ns, account)
        self._road.settle(outcome.settlements)
        for problem in outcome.problems:
            self._note(problem)
        self.waiting = outcome.waiting
        if outcome.waiting:
            due = self._expiry.due(ts_ns, account)
            if ts_ns - min(self._expires_ns(each.instrument) for each in due) >= PATIENCE_NS:
                for sentence in outcome.waiting:
                    self._note(sentence)
            self._engine.at(ts_ns + RETRY_NS, Rank.TIMER, self._settle_positions)

    def _expires_ns(self, instrument: int) -> int:
        terms = self._table.get(instrument).option
        return 0 if terms is None else terms.expires_ns

    def _note(self, problem: str) -> None:
        if problem not in self._said:
            self._said.add(problem)
            self._road.note({"about": "problem", "text": problem})

    def _on_change(self, _product: SessionProduct, ts_ns: int) -> None:
        self._exchange.on_phase(ts_ns)

    def _on_roll(self, day: date, _ts_ns: int) -> None:
        account = self._road.snapshot().account
        self._road.roll_day(day, settlement_marks(account, self._table, self._state))

    def _heartbeat(self, ts_ns: int) -> None:
        self._timers.look(ts_ns)
        messages = self._state.channel.messages
        if messages != self._messages:
            # A night has a thousand minutes, and each would be a write to the disk that says nothing.
            self._messages = messages
            self._road.heartbeat(ts_ns)
        self._engine.at(ts_ns + HEARTBEAT_NS, Rank.TIMER, self._heartbeat)
