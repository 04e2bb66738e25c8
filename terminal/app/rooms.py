"""All rooms of one desk below the face, made and connected. No Qt; ``bootstrap`` starts and stops them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from terminal.app.arming import Arming, ArmingBlock, DisarmReason
from terminal.app.day import TradingDay
from terminal.app.health import DeskHealth
from terminal.app.market_duties import MarketDuties
from terminal.app.playback import FeedPlayback
from terminal.app.recording import SourceRecorder
from terminal.app.sessions import SessionPlan
from terminal.app.time_machine import TimeMachine
from terminal.app.trading_desk import TradingDesk
from terminal.core.clock import NS_PER_S, MarketClock, from_ns
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.core.messages import Batch, Phase
from terminal.core.orders import Effect, OrderIntent
from terminal.core.tape import Tape
from terminal.exchange.expiry import Expiry
from terminal.exchange.fees import FeeSchedule
from terminal.exchange.paper import PaperExchange
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UserFacingError, WorkFailed
from terminal.infra.io_thread import IoThread
from terminal.infra.paths import Profile
from terminal.infra.settings import Settings
from terminal.infra.spare_memory import reserve
from terminal.market.engine import Engine, EngineHooks
from terminal.market.feed import Feed, FeedRunner, LiveFeed, Runner
from terminal.market.importers.sources import SourceTable
from terminal.market.rows import Rows
from terminal.market.state import MarketState
from terminal.risk.kill_switch import KillState, KillSwitch
from terminal.risk.limits import Limits
from terminal.risk.pretrade import PreTrade
from terminal.store.batch_writer import SessionRow
from terminal.store.journal import Journal
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.trading.gate import Gate
from terminal.trading.road import OrderRoad

log = logging.getLogger(__name__)
ACCOUNT = "PAPER"
SETTLE_TIMEOUT_S = 30.0


class Rooms:
    """The engine, the order road, the exchange, the recorder and what reads them, for one feed and one session.

    ``sources``: the feed's own numbers of its files, None for a feed that is its own recording.
    """

    def __init__(
        self,
        plan: SessionPlan,
        feed: Feed | LiveFeed,
        table: InstrumentTable,
        profile: Profile,
        settings: Settings,
        calendars: Calendars,
        journal: Journal,
        database: MarketDatabase,
        *,
        speed: float | None,
        sources: SourceTable | None,
    ) -> None:
        self.plan = plan
        self.feed = feed
        self.table = table
        self.journal = journal
        self.database = database
        self.calendars = calendars
        self.clock = MarketClock(feed.first_ns())
        self.state = MarketState(table, feed.name, settings.desk.depth_history_mb << 20)
        self.past = TimeMachine(
            table, feed.name, self.clock, profile.spill_dir,
            said_ns=lambda: self.state.channel.last_ts_ns, begins=self.state.bars.activity.begins,
        )  # fmt: skip
        self.tape = Tape()
        self.hooks = EngineHooks()
        self.engine = Engine(self.tape, self.state, self.clock, self.hooks)
        self.io = IoThread()
        self.day = TradingDay(self.clock, table, calendars)
        begins_ns = 0 if isinstance(feed, LiveFeed) else self.day.open_ns
        self.start_ns = max(plan.resume_ns or begins_ns, feed.first_ns())
        """Where the run begins for the trader: the open, whatever the speed, or where a session goes on; with a feed
        that sets its own pace, now."""
        self.playback: FeedPlayback | None = None
        self.runner: Runner = self._make_runner(feed, speed)
        self.kill_switch = KillSwitch(profile.kill_flag_file)
        self.arming = Arming(is_paper=True, blocked=self._arming_blocked)
        account = settings.account
        self.fees = FeeSchedule(account.fee_per_contract_e4, account.fee_per_share_e4)
        self.pretrade = PreTrade(table, self.state, limits_of(settings), self.fees.trade_e4)
        self.road = self._make_road(settings)
        self.exchange = PaperExchange(table, self.state, self.clock, self.fees, self.road.report)
        self.road.attach(self.exchange)
        self.engine.watched = self.exchange.watched
        self.recorder = Recorder(
            database,
            table,
            profile.spill_dir,
            SessionRow(plan.name, plan.mode.value, feed.name, plan.seed),
            RecorderLimits(
                flush_after_s=settings.recorder.flush_interval_ms / 1000,
                spill=isinstance(feed, LiveFeed),
                disk_budget_bytes=int(settings.recorder.disk_budget_gb * 2**30),
            ),
        )
        self._sources = sources
        self.begun: list[Callable[[int], None]] = []
        """Called with the market time at which the market begins, again where it begins again."""
        self._history: dict[int, tuple[Rows, Rows]] = {}
        self.recording: SourceRecorder | None = None
        silent_limit_ns = int(settings.risk.max_quote_age_s * NS_PER_S)
        self.health = DeskHealth(
            self.engine, self.runner, self.recorder, self.road, self.clock,
            self._phase, profile.database_file, silent_limit_ns,
        )  # fmt: skip
        self.trading = TradingDesk(self.road, self.pretrade, table, self.state, self.clock, self.health.is_stale)
        expiry = Expiry(table, self.state, self.fees)
        self.duties = MarketDuties(self.engine, self.road, self.exchange, expiry, table, self.state, calendars)

    def reserve_memory(self) -> None:
        """Takes the memory now that any session fills in the end: what grows later surprises nobody at the open. Waits
        for the system, some seconds on a slow one; a thread of its own."""
        depth = self.state.depth_history.memory
        for array in (self.tape.memory, *self.recorder.waiting.memory, self.state.prints.memory, *depth):
            if not reserve(array):
                return

    def open(self) -> None:
        """Connects the engine with the rooms that must be open before the first message; starts the recorder."""
        self.recorder.start()
        self.recording = SourceRecorder(self.recorder, self._sources)
        self.hooks.record = self._record
        self.past.start(self._put_history)
        self.road.subscribe(self.duties.on_event)

    def load_history(self, instrument: int, minutes: Rows, days: Rows) -> None:
        """Puts bars before the first live one; before the rooms are opened."""
        self._history[instrument] = (minutes, days)
        self.state.bars.load(instrument, minutes, days)

    def _put_history(self, state: MarketState) -> None:
        for instrument, (minutes, days) in self._history.items():
            state.bars.load(instrument, minutes, days)

    def _record(self, batch: Batch) -> bool:
        try:
            if self.recording is not None and not self.recording.record(batch):
                return False
        except Exception:
            # What cannot be recorded was seen all the same, and belongs to what is looked back at.
            self.past.record(batch)
            raise
        self.past.record(batch)
        return True

    def go_live(self, ts_ns: int) -> None:
        """Orders work from here on. Until then a market that only catches up must not fill what rests already."""
        self.hooks.match = self.exchange.on_instant
        self.hooks.settle = self._settle
        self.road.start()
        self.duties.start(ts_ns)
        self._begin(ts_ns)
        if self.plan.resume_ns is not None:
            # The crash may have come between the data of this instant and the fills that they give.
            self.exchange.on_phase(ts_ns)

    def problems(self) -> list[str]:
        """Sentences that a person should read."""
        found = [*self.plan.notes, *self.journal.warnings, *self.road.snapshot().problems, *self.duties.waiting]
        found += [f"The engine: {each}" for each in self.engine.problems]
        if self.engine.failure is not None:
            found.append(f"The engine has ended: {self.engine.failure}")
        found += list(self.recorder.problems)
        if self.recording is not None:
            found += self.recording.problems
        if self.past.problem:
            found.append(self.past.problem)
        if self.runner.failure is not None:
            found.append(f"The feed {self.feed.name} broke: {self.runner.failure}")
        return list(dict.fromkeys(found))

    def failures(self) -> list[str]:
        """After the stop: what was asked for and could not be done, as sentences."""
        found: list[str] = []
        broken = self.runner.failure
        if isinstance(broken, UserFacingError):
            found.append(broken.message)
        elif broken is not None:
            found.append(f"The feed {self.feed.name} broke ({broken}); the log says where.")
        if self.engine.failure is not None:
            found.append(f"The engine has ended ({self.engine.failure}); the log says where.")
        missing = self.recorder.missing + (0 if self.recording is None else self.recording.missing)
        if missing:
            # The recorder's first sentence says what is wrong and where.
            why = [*(() if self.recording is None else self.recording.problems), *self.recorder.problems][0]
            found.append(f"{missing:,} messages are missing in the recording: {why}")
        book = self.road.snapshot()
        if not book.is_closed:
            found.append(book.problems[-1] if book.problems else "The end of the session is not in the journal.")
        return found

    def _make_runner(self, feed: Feed | LiveFeed, speed: float | None) -> Runner:
        if isinstance(feed, LiveFeed):
            return feed.make_runner(self.tape)
        # What lies before the open is let through at once when somebody watches: nobody waits for the pre-market.
        paced_from_ns = self.plan.resume_ns or (0 if speed is None else self.day.open_ns)
        runner = FeedRunner(feed, self.tape, speed, paced_from_ns, restart=self._restart)
        self.playback = FeedPlayback(runner, self.clock, self._close_ns, self._has_orders)
        return runner

    def _make_road(self, settings: Settings) -> OrderRoad:
        gate = Gate(self.pretrade, self._is_armed, self.kill_switch.state)
        plan, at = self.plan, from_ns(self.start_ns).date()
        day = self.calendars.session_on_or_after(at, SessionProduct.EQUITY)
        if plan.resume_ns is not None:
            return OrderRoad.recover(self.journal, plan.name, gate, self.table, self.clock, day=day)
        details = {"mode": plan.mode.value, "seed": plan.seed, "start_date": plan.start_date.isoformat()}
        return OrderRoad.begin(
            self.journal, plan.name, gate, self.table, self.clock,
            account=ACCOUNT, cash_e4=settings.account.paper_cash_e4, day=day, details=details,
            currency=settings.account.base_currency,
        )  # fmt: skip

    def _is_armed(self, intent: OrderIntent) -> bool:
        closes = all(leg.effect is Effect.CLOSE for leg in intent.legs)
        return self.arming.permits(intent.origin, closes=closes)

    def _arming_blocked(self) -> ArmingBlock | None:
        if self.past.is_past:
            return ArmingBlock(
                DisarmReason.PAST, "The past is shown: go back to the live market (Alt+Home) to send orders."
            )
        if self.kill_switch.state() is not KillState.CLEAR:
            sentence = "The kill switch is set; take it back with 'moneyness kill --release' first."
            return ArmingBlock(DisarmReason.KILL_SWITCH, sentence)
        if self.health.is_stale():
            return ArmingBlock(DisarmReason.STALE, "The prices are stale: the feed is silent.")
        return None

    def _settle(self) -> None:
        if not self.road.quiesce(SETTLE_TIMEOUT_S):
            raise WorkFailed(f"The order road did not come to rest within {SETTLE_TIMEOUT_S:.0f} s.")

    def _restart(self) -> None:
        self.past.live()
        self.engine.restart(self.feed.first_ns())
        self.duties.restart(self.feed.first_ns())
        self._begin(self.feed.first_ns())

    def _begin(self, ts_ns: int) -> None:
        for each in self.begun:
            each(ts_ns)

    def _phase(self) -> Phase:
        return self.day.phase

    def _close_ns(self) -> int:
        return self.day.close_ns

    def _has_orders(self) -> bool:
        # An order on its way to the gate is one as well.
        return not self.road.quiesce(0) or bool(self.road.snapshot().orders)


def limits_of(settings: Settings) -> Limits:
    """The gate's limits out of the settings file."""
    risk = settings.risk
    return Limits(
        max_contracts=risk.max_order_contracts,
        max_shares=risk.max_order_shares,
        max_notional_e4=risk.max_order_notional_e4,
        quote_age_ns=int(risk.max_quote_age_s * NS_PER_S),
        collar_basis_points=int(risk.option_collar_percent * 100),
        share_collar_basis_points=int(risk.share_collar_percent * 100),
        collar_ticks=risk.collar_min_ticks,
    )
