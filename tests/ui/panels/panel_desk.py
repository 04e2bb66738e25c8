"""A desk of real parts for panels: instruments, a market state that messages are applied to, arming, drafts, links."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from terminal.app.alerts import Alerts
from terminal.app.arming import Arming
from terminal.app.commands import CommandRegistry
from terminal.app.drafts import SharedDraft
from terminal.app.drawings.book import DrawingBook
from terminal.app.event_book import EventBook
from terminal.app.flow_alerts import FlowAlerts
from terminal.app.links import LinkGroups
from terminal.app.market_port import StoredBars
from terminal.app.ports import DeskMode, HealthRow, HealthState, OrderDraft
from terminal.app.shown_market import ShownClock, ShownMarket
from terminal.app.tasks import Tasks
from terminal.app.time_machine import TimeMachine
from terminal.app.views.flow_filters import FlowFilterBook
from terminal.app.views.watch_lists import WatchListBook
from terminal.core.clock import MarketClock, at_ns
from terminal.core.messages import Phase
from terminal.core.orders import Fill, OrderState
from terminal.infra.calendars import default
from terminal.infra.logs import LogRing
from terminal.infra.paths import Profile
from terminal.market.analytics.service import AnalyticsService
from terminal.market.flow.service import FlowService
from terminal.market.state import MarketState
from terminal.ui.bridge.frame_clock import FrameClock, Pulse
from terminal.ui.panel import Panel, PanelContext, registry_commands
from terminal.ui.theme.theme import ThemeSwitch
from tests.app.small_vol_history import SmallVolHistory
from tests.app.views.small_market import DAY, ORDER, SmallMarket


@dataclass
class Account:
    """Money of the account."""

    account: str = "PAPER"
    is_paper: bool = True
    cash_e4: int = 1_000_000_000
    equity_e4: int | None = 1_000_000_000
    day_pnl_e4: int | None = 0
    buying_power_e4: int | None = 1_000_000_000


@dataclass
class Snapshot:
    """What the book of record shows."""

    version: int
    orders: list[Any]
    fills: list[Fill]
    positions: list[Any]
    account: Account = field(default_factory=Account)


class RecordingTrading:
    """An order road's door that takes orders as working and remembers what was asked of it."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.submitted: list[OrderDraft] = []
        self.cancelled: list[str] = []
        self.flattened = 0
        self.orders: list[ORDER] = []
        self.fills: list[Fill] = []
        self.positions: list[Any] = []
        self.version = 0

    def snapshot(self) -> Snapshot:
        return Snapshot(self.version, list(self.orders), list(self.fills), list(self.positions))

    def submit(self, draft: OrderDraft) -> str:
        self.submitted.append(draft)
        order_id = f"o-{len(self.submitted)}"
        self.orders.append(
            ORDER(
                draft.instrument,
                draft.side,
                draft.quantity,
                draft.limit_px,
                order_id=order_id,
                effect=draft.effect,
                order_type=draft.order_type,
                time_in_force=draft.time_in_force,
                created_ns=self._now_ns(),
            )
        )
        self.version += 1
        return order_id

    def cancel(self, order_id: str) -> None:
        self.cancelled.append(order_id)
        for order in self.orders:
            if order.order_id == order_id:
                order.state = OrderState.PENDING_CANCEL
        self.version += 1

    def cancel_all(self) -> int:
        working = [order.order_id for order in self.orders if not order.state.is_terminal]
        for order_id in working:
            self.cancel(order_id)
        return len(working)

    def flatten(self) -> int:
        self.flattened += 1
        return len(self.positions)


class Health:
    """Rows that a test sets."""

    def __init__(self) -> None:
        self.feed = HealthState.OK
        self.more: list[HealthRow] = []

    def rows(self) -> list[HealthRow]:
        return [HealthRow("feed", "Market data", "0.2 s", self.feed, ""), *self.more]


@dataclass
class Day:
    """The trading day that the small market is in."""

    phase: Phase = Phase.OPEN
    open_ns: int = at_ns(DAY, 9, 30)
    close_ns: int = at_ns(DAY, 16)
    next_expiry_ns: int | None = None


class SmallPast:
    """Shows another market state, where a test says so, as the time machine does."""

    def __init__(self) -> None:
        self.state: MarketState | None = None
        self.version = self.shown_ns = 0

    @property
    def is_past(self) -> bool:
        return self.state is not None

    def show(self, state: MarketState, ts_ns: int) -> None:
        self.state, self.shown_ns = state, ts_ns
        self.version += 1

    def live(self) -> None:
        self.state = None
        self.version += 1


class Desk:
    """What ``context.desk`` is."""

    def __init__(self, market: Any, clock: MarketClock) -> None:
        self.mode = DeskMode.SIMULATED
        self.interest_rate = 0.0
        self.table = market.table
        self.past = SmallPast()
        self.live_market, self.live_clock = market.state, clock
        self.market: Any = ShownMarket(market.state, cast(TimeMachine, self.past))
        self.clock = ShownClock(clock, cast(TimeMachine, self.past))
        self.analytics = AnalyticsService(self.table, self.market, self.clock.now_ns, rate=0.0, is_ready=lambda: False)
        self.day = Day()
        self.trading = RecordingTrading(clock.now_ns)
        self.arming = Arming()
        self.health = Health()
        self.log = LogRing()
        folder = tempfile.mkdtemp(prefix="moneyness-panels-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.profile = Profile(Path(folder))
        self.stored_bars: StoredBars | None = None
        self.events = EventBook(None, None, self.table, default())
        self.vol_history = SmallVolHistory()
        self.tasks = Tasks()
        self.drawings = DrawingBook(self.profile.drawings_dir)
        self.watchlists = WatchListBook(self.profile.watchlists_dir)
        self.alerts = Alerts()
        self.flow_alerts = FlowAlerts(self.table, self.alerts)
        self.flow_filters = FlowFilterBook(self.profile.flow_dir / "filters.json")
        self.flow = FlowService(self.table, market.state, self.clock.now_ns, self.analytics.values)


class RecordingShell:
    """Runs commands and remembers what panels asked of the window."""

    def __init__(self, commands: CommandRegistry) -> None:
        self._commands = commands
        self.ran: list[str] = []
        self.opened: list[tuple[str, int | None]] = []
        self.said: list[str] = []
        self.entries: list[str] = []

    def run(self, command_id: str) -> bool:
        self.ran.append(command_id)
        return command_id in self._commands and self._commands.run(command_id)

    def open_panel(self, type_id: str, instrument: int | None = None) -> None:
        self.opened.append((type_id, instrument))

    def start_symbol_entry(self, panel: Panel | None, text: str) -> None:
        self.entries.append(text)

    def notify(self, text: str, *, error: bool = False) -> None:
        self.said.append(text)


class Bench:
    """Makes panels on one desk and drives their frames by hand."""

    def __init__(self, market: SmallMarket, theme: str = "dark") -> None:
        self.market = market
        self.market_clock = MarketClock(market.ts_ns)
        self.desk = Desk(market, self.market_clock)
        self.themes = ThemeSwitch(theme)
        self.frame_clock = FrameClock(self._pulse)
        self.commands = CommandRegistry()
        self.shell = RecordingShell(self.commands)
        self.context = PanelContext(
            self.desk, LinkGroups(), self.commands, SharedDraft(), self.themes, self.frame_clock, self.shell
        )
        self.panels: list[Panel] = []
        self.failures: list[str] = []
        self.commands.on_failure(lambda command, text: self.failures.append(f"{command.id}: {text}"))

    def _pulse(self) -> Pulse:
        self.market_clock.advance(self.market.ts_ns)
        log = self.desk.log.sequence
        return Pulse(self.desk.clock.now_ns(), self.desk.market.changed, self.desk.trading.version, log)

    def make(self, panel_class: type[Panel], width: int = 700, height: int = 420) -> Any:
        """A panel on the screen, in link group 1."""
        if f"{panel_class.TYPE}" not in {each.TYPE for each in self.panels}:
            self.commands.add(*registry_commands(panel_class, self._active))
        panel = panel_class(self.context, f"{panel_class.TYPE}-1")
        self.panels.append(panel)
        self.frame_clock.add(panel)
        panel.resize(width, height)
        panel.set_link_group(1)
        panel.show()
        return panel

    def _active(self, type_id: str) -> Panel | None:
        return next((each for each in self.panels if type_id == each.TYPE), None)

    def _clients(self) -> list[Any]:
        return list(self.frame_clock._entries.values())

    def frame(self, times: int = 1) -> None:
        """Frames without waiting for the least interval of a panel, each as many ticks as it takes until every client
        has run: on a slow machine some wait for the next tick. Fails on a quarantined one."""
        for _ in range(times):
            for entry in self._clients():
                entry.last_run_ns = 0
                entry.dirty = True
            self.frame_clock.tick()
            while any(not each.last_run_ns and each.client.is_on_screen() for each in self._clients()):
                self.frame_clock.tick()
        assert not self.failures, self.failures
        for panel in self.panels:
            assert not panel.is_quarantined, panel._failed._details if panel._failed else ""
