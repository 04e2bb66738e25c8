"""A small desk for tests of the window: real instruments, real market state, real arming; trading writes down calls."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from terminal.app.alerts import Alerts
from terminal.app.arming import Arming
from terminal.app.commands import CommandRegistry
from terminal.app.drawings.book import DrawingBook
from terminal.app.event_book import EventBook
from terminal.app.flow_alerts import FlowAlerts
from terminal.app.links import LinkGroups
from terminal.app.market_port import StoredBars
from terminal.app.ports import DeskMode, HealthRow, HealthState, OrderDraft
from terminal.app.tasks import Tasks
from terminal.app.views.flow_filters import FlowFilterBook
from terminal.app.views.watch_lists import WatchListBook
from terminal.core.clock import MarketClock, at_ns
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, Kind, Phase, empty_batch
from terminal.core.orders import Fill
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.infra.calendars import default
from terminal.infra.logs import LogRing
from terminal.infra.paths import Profile
from terminal.market.analytics.service import AnalyticsService
from terminal.market.flow.service import FlowService
from terminal.market.state import MarketState
from tests.app.readings import SmallMeter
from tests.app.small_vol_history import SmallVolHistory

DAY = date(2026, 1, 5)


@dataclass
class Account:
    account: str = "paper-1"
    is_paper: bool = True
    cash_e4: int = 1_000_000_000
    equity_e4: int | None = 1_000_123_400
    day_pnl_e4: int | None = 1_234_000
    buying_power_e4: int | None = 987_654_300


@dataclass
class Position:
    instrument: int
    quantity: int


@dataclass
class Picture:
    version: int
    account: Account
    orders: tuple[object, ...] = ()
    fills: tuple[Fill, ...] = ()
    positions: tuple[Position, ...] = ()


@dataclass
class Trading:
    """Writes down what the face asks of it."""

    account: Account = field(default_factory=Account)
    positions: tuple[Position, ...] = ()
    version: int = 1
    calls: list[object] = field(default_factory=list)

    def snapshot(self) -> Any:
        return Picture(self.version, self.account, positions=self.positions)

    def submit(self, draft: OrderDraft) -> str:
        self.calls.append(draft)
        return f"o-{len(self.calls)}"

    def cancel(self, order_id: str) -> None:
        self.calls.append(("cancel", order_id))

    def cancel_all(self) -> int:
        self.calls.append("cancel_all")
        return 2

    def flatten(self) -> int:
        self.calls.append("flatten")
        return len(self.positions)


@dataclass
class Day:
    phase: Phase = Phase.OPEN
    open_ns: int = at_ns(DAY, 9, 30)
    close_ns: int = at_ns(DAY, 16)
    next_expiry_ns: int | None = at_ns(DAY, 16)


class Health:
    rows_now: tuple[HealthRow, ...] = (
        HealthRow("feed", "Feed lag", "0.4 ms", HealthState.OK),
        HealthRow("recorder", "Recorder lag", "0", HealthState.OK),
    )

    def rows(self) -> tuple[HealthRow, ...]:
        return self.rows_now


@dataclass
class Playback:
    paused: bool = False
    speed: float = 1.0
    first_ns: int = at_ns(DAY, 9, 30)
    last_ns: int = at_ns(DAY, 16)
    can_seek: bool = True
    calls: list[object] = field(default_factory=list)

    def play(self) -> None:
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def step(self) -> None:
        self.calls.append("step")

    def set_speed(self, speed: float) -> None:
        self.speed = speed

    def seek(self, ts_ns: int) -> None:
        self.calls.append(ts_ns)


class FaceDesk:
    """Three stocks, an index and 84 options on one of the stocks, quoted."""

    def __init__(self, mode: DeskMode = DeskMode.SIMULATED) -> None:
        self.mode = mode
        self.interest_rate = 0.0
        self.table = InstrumentTable()
        for symbol, kind, name in (
            ("ACME", InstrumentKind.EQUITY, "Acme Works"),
            ("BOLT", InstrumentKind.EQUITY, "Bolt & Nut"),
            ("ECHO", InstrumentKind.EQUITY, "Echo Sound"),
            ("SIMX", InstrumentKind.INDEX, "Simulated index"),
        ):
            self.table.add(symbol, kind, SessionProduct.EQUITY, TickClass.EQUITY, name=name)
        for day in (date(2026, 1, 5), date(2026, 1, 9), date(2026, 1, 16)):
            for strike in range(93, 107):
                for right in Right:
                    self.table.add_option(make_option_symbol("ACME", day, right, strike * 1000), 0, at_ns(day, 16))
        self.market = MarketState(self.table, "test")
        self.clock = MarketClock(at_ns(DAY, 10, 15))
        self.analytics = AnalyticsService(self.table, self.market, self.clock.now_ns, rate=0.0, is_ready=lambda: False)
        self.flow = FlowService(self.table, self.market, self.clock.now_ns, self.analytics.values)
        self.day = Day()
        self.trading = Trading()
        self.arming = Arming()
        self.health = Health()
        self.live_market, self.live_clock = self.market, self.clock
        self.past: Any = None
        self.playback = Playback() if mode is not DeskMode.LIVE else None
        self.commands = CommandRegistry()
        self.links = LinkGroups()
        self.tasks = Tasks()
        self.alerts = Alerts()
        self.flow_alerts = FlowAlerts(self.table, self.alerts)
        self.log = LogRing()
        folder = tempfile.mkdtemp(prefix="moneyness-face-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.profile = Profile(Path(folder))
        self.stored_bars: StoredBars | None = None
        self.drawings = DrawingBook(self.profile.drawings_dir)
        self.watchlists = WatchListBook(self.profile.watchlists_dir)
        self.events = EventBook(None, None, self.table, default())
        self.vol_history = SmallVolHistory()
        self.flow_filters = FlowFilterBook(self.profile.flow_dir / "filters.json")
        self.paints = self.frames = 0
        self.meter = SmallMeter()
        self.quote(np.arange(len(self.table)), 1_000_000)

    def note_frame(self) -> None:
        self.frames += 1

    def note_paint(self) -> None:
        self.paints += 1

    def quote(self, ids: np.ndarray, bid_px: int) -> None:
        """One quote for each id, 0.10 wide."""
        batch = empty_batch(len(ids))
        batch["kind"], batch["instrument"], batch["ts_ns"] = Kind.QUOTE, ids, self.clock.now_ns()
        batch[BID], batch[ASK], batch[BID_SIZE], batch[ASK_SIZE] = bid_px, bid_px + 1_000, 10, 12
        self.market.apply(batch)
