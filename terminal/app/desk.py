"""The desk: everything the window, its panels and the script may touch, over the rooms of one session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from terminal.app.alerts import Alerts
from terminal.app.arming import Arming
from terminal.app.commands import CommandRegistry
from terminal.app.day import TradingDay
from terminal.app.day_end import DayEnd
from terminal.app.drawings.book import DrawingBook
from terminal.app.event_book import EventBook
from terminal.app.flow_alerts import FlowAlerts
from terminal.app.health import SharedHealth
from terminal.app.links import LinkGroups
from terminal.app.market_port import StoredBars
from terminal.app.meter import DeskMeter
from terminal.app.playback import LivePace, ShownPlayback
from terminal.app.ports import DeskMode
from terminal.app.rooms import Rooms
from terminal.app.shown_market import ShownClock, ShownMarket
from terminal.app.tasks import Tasks
from terminal.app.time_machine import TimeMachine
from terminal.app.trading_desk import TradingDesk
from terminal.app.views.flow_filters import FlowFilterBook
from terminal.app.views.watch_lists import WatchListBook
from terminal.app.vol_history import VolHistory
from terminal.core.clock import MarketClock
from terminal.core.instruments import InstrumentTable
from terminal.core.latency import LatencyMeter
from terminal.infra.logs import LogRing
from terminal.infra.paths import Profile
from terminal.infra.settings import Settings
from terminal.market.analytics.service import AnalyticsService
from terminal.market.flow.service import FlowService
from terminal.store.vol_days import RECORDED, VolDays, VolOrigin

_MOMENT = 5_000
"""Messages that may be on their way to the disk at any time."""


class Desk:
    """Implements ``app.desk_port.DeskPort``."""

    def __init__(
        self,
        rooms: Rooms,
        log: LogRing,
        settings: Settings,
        profile: Profile,
        *,
        interest_rate: float | None = None,
        models_ready: Callable[[], bool] = lambda: False,
        models_loaded: Callable[[], None] = lambda: None,
        stored_bars: StoredBars | None = None,
        vol_origin: VolOrigin = RECORDED,
        vol_year: Callable[[], Mapping[str, VolDays]] | None = None,
    ) -> None:
        """``interest_rate``: None where nobody knows it, and chains must tell. ``models_ready``: whether the option
        models are compiled; ``models_loaded``: called once the analytics have imported them. ``vol_origin``: whose
        market the record of daily volatility tells of; ``vol_year``: what the feed knows of the days before."""
        self.rooms = rooms
        self.mode: DeskMode = rooms.plan.mode
        self.table: InstrumentTable = rooms.table
        self.past: TimeMachine = rooms.past
        self.market = ShownMarket(rooms.state, rooms.past)
        self.live_market = rooms.state
        self.clock = ShownClock(rooms.clock, rooms.past)
        self.live_clock: MarketClock = rooms.clock
        self.day = TradingDay(self.clock, rooms.table, rooms.calendars)
        self.trading: TradingDesk = rooms.trading
        self.arming: Arming = rooms.arming
        self.health = SharedHealth(rooms.health)
        self.playback = ShownPlayback(rooms.playback or LivePace(rooms.past), rooms.past)
        self.commands = CommandRegistry()
        self.links = LinkGroups()
        self.tasks = Tasks()
        self.alerts = Alerts()
        self.log = log
        self.settings = settings
        self.profile = profile
        self.stored_bars = stored_bars
        self.drawings = DrawingBook(profile.drawings_dir)
        self.watchlists = WatchListBook(profile.watchlists_dir)
        self.interest_rate = interest_rate or 0.0
        self.analytics = AnalyticsService(
            rooms.table, self.market, self.clock.now_ns, rate=interest_rate, is_ready=models_ready, loaded=models_loaded
        )
        own_events = getattr(rooms.feed, "market_events", list)
        self.events = EventBook(rooms.database, rooms.recorder, rooms.table, rooms.calendars, own_events())
        self.vol_history = VolHistory(rooms.database, rooms.recorder, vol_origin, vol_year)
        self.day_end = DayEnd(
            rooms.engine, rooms.table, rooms.state, rooms.calendars, self.analytics, self.vol_history,
            rate=interest_rate, made_from=f"session {rooms.plan.name}", split=self.events.split,
        )  # fmt: skip
        rooms.begun.append(self.day_end.start)
        self.flow_filters = FlowFilterBook(profile.flow_dir / "filters.json")
        self.flow_alerts = FlowAlerts(rooms.table, self.alerts)
        self.flow = FlowService(
            rooms.table, rooms.state, rooms.clock.now_ns, self.analytics.values, self.flow_alerts.tell
        )
        self.state_to_paint = LatencyMeter()
        self._unpainted_ns = 0
        self.meter = DeskMeter(
            rooms.engine, rooms.recorder, self.state_to_paint, rooms.health.silent_ns, rooms.health.refusals,
            profile.database_file,
        )  # fmt: skip

    def has_caught_up(self) -> bool:
        """Whether nothing waits to be taken in, nor more than a moment's messages to be written."""
        return self.rooms.engine.tape_lag == 0 and self.rooms.recorder.lag <= _MOMENT

    def note_frame(self) -> None:
        """See ``DeskPort``. What an earlier frame read and did not paint had changed nothing that can be seen."""
        live = self.rooms.state
        self._unpainted_ns, live.unseen_ns = live.unseen_ns, 0

    def note_paint(self) -> None:
        """Called at the end of a paint: how old the oldest batch is that it is the first to show."""
        if self._unpainted_ns:
            self.state_to_paint.add(time.perf_counter_ns() - self._unpainted_ns)
            self._unpainted_ns = 0
