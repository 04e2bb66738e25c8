"""Opens the desk: prepares the process, makes the rooms and the window, and writes the start and stop order once."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terminal.app.desk import Desk
from terminal.app.desk_channel import DeskChannel
from terminal.app.ports import DeskMode
from terminal.app.report import RunFigures, UiFigures, build_report, write_json
from terminal.app.rooms import Rooms
from terminal.app.script import ScriptLine, read_script
from terminal.app.script_runner import ScriptRunner
from terminal.app.sessions import plan_session
from terminal.cli.arguments import DeskOptions
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentTable
from terminal.infra.calendars import Calendars
from terminal.infra.crash import CrashReporter, last_crash
from terminal.infra.local_channel import ChannelServer
from terminal.infra.logs import Logs
from terminal.infra.paths import Profile
from terminal.infra.process_lock import ProcessLock
from terminal.infra.settings import Settings
from terminal.infra.settings_file import SettingsFile
from terminal.market.engine import Rank
from terminal.market.feed import Feed
from terminal.market.importers.sources import SourceTable
from terminal.risk.kill_switch import KillState
from terminal.store.backup import backup
from terminal.store.journal import Journal
from terminal.store.market_db import DatabaseSettings, MarketDatabase

if TYPE_CHECKING:
    from terminal.ui.desk_window import DeskWindow

log = logging.getLogger(__name__)
KILL_POLL_S = 0.2
"""How soon the kill flag is seen by the desk; the gate itself reads it before every send."""


@dataclass(slots=True)
class _Run:
    """One run of the desk, from the first room to the report."""

    options: DeskOptions
    profile: Profile
    settings: Settings
    script: Sequence[ScriptLine]
    rooms: Rooms
    desk: Desk
    runner: ScriptRunner
    over: threading.Event = field(default_factory=threading.Event)
    problems: list[str] = field(default_factory=list)


def run_desk(options: DeskOptions, profile: Profile) -> int:
    """Runs ``moneyness desk``; 0 after a graceful end. Raises UserFacingError for what a person can mend."""
    script = read_script(options.script) if options.script is not None else []
    _require_display(options)
    profile.ensure()
    with ProcessLock(profile.lock_file):
        settings = SettingsFile(profile.settings_file).load()
        logs = Logs(profile.logs_dir)
        logs.start()
        crashes = CrashReporter(profile.crash_dir, recent=logs.ring.snapshot)
        crashes.install()
        try:
            return _run(options, profile, settings, script, logs)
        finally:
            crashes.uninstall()
            logs.stop()


def _run(options: DeskOptions, profile: Profile, settings: Settings, script: Sequence[ScriptLine], logs: Logs) -> int:
    with ExitStack() as closing:
        journal = Journal(profile.journal_file, profile.journal_head_file)
        journal.open()
        closing.callback(journal.close)
        memory_mib = settings.recorder.memory_limit_mb
        database = MarketDatabase.open(profile.database_file, DatabaseSettings(memory_mib=memory_mib))
        closing.callback(database.close)
        rooms = _make_rooms(options, profile, settings, journal, database, closing)
        desk = Desk(rooms, logs.ring, settings)
        over = threading.Event()
        run = _Run(
            options, profile, settings, script, rooms, desk, ScriptRunner(rooms.trading, rooms.table, over.set), over
        )
        crash = last_crash(profile.crash_dir)
        if crash is not None and not crash.seen:
            run.problems.append(f"The last run met a failure: {crash.summary}")
        from terminal.ui.desk_window import DeskWindow

        window = DeskWindow(
            desk,
            profile,
            settings,
            headless=options.headless,
            size=options.size,
            theme=options.theme,
            workspace=options.workspace,
        )
        install_signals(over)
        _start(run)
        channel = _open_channel(run, database, window)
        try:
            window.run(run.over)
        finally:
            channel.close()
            _stop(run)
        if options.screenshot is not None:
            window.screenshot(options.screenshot)
        figures = window.close()
        if options.report is not None:
            write_json(_report(run, figures), options.report)
        return 0


def _open_channel(run: _Run, database: MarketDatabase, window: DeskWindow) -> ChannelServer:
    """Lets ``query`` and ``backup`` ask this desk while it has the files open."""
    profile, recorder = run.profile, run.rooms.recorder

    def save(target: Path) -> str:
        members = backup(profile, target, database=database, recorder=recorder)
        return f"{target} holds {len(members)} files."

    handler = DeskChannel(database, recorder, save, window.ask_to_front)
    server = ChannelServer(profile.channel_file, profile.socket_path, handler)
    server.start()
    return server


def _require_display(options: DeskOptions) -> None:
    import os

    from terminal.ui.application import choose_platform

    choose_platform(os.environ, sys.platform, headless=options.headless)


def _make_rooms(
    options: DeskOptions,
    profile: Profile,
    settings: Settings,
    journal: Journal,
    database: MarketDatabase,
    closing: ExitStack,
) -> Rooms:
    calendars = Calendars()
    table = InstrumentTable()
    feed: Feed
    sources: SourceTable | None = None
    if options.replay is None:
        from terminal.venues.sim.feed import SimFeed

        seed = options.seed if options.seed is not None or options.resume else settings.simulation.seed
        start = settings.simulation.start_date
        plan = plan_session(journal, DeskMode.SIMULATED, seed, start, resume=options.resume)
        simulated = SimFeed(table, plan.seed or 0, plan.start_date, calendars=calendars)
        feed = simulated
    else:
        from terminal.venues.replay.open import open_replay

        replay = open_replay(options.replay, options.underlying or "", options.dates, table, calendars, database)
        feed, sources = replay.feed, replay.sources
        if replay.database is not None:
            closing.callback(replay.database.close)
        plan = plan_session(journal, DeskMode.REPLAY, options.seed, options.dates[0], resume=False)
        simulated = None
    rooms = Rooms(
        plan, feed, table, profile, settings, calendars, journal, database, speed=options.speed, sources=sources
    )
    if simulated is not None:
        for symbol, history in simulated.history().names.items():
            rooms.state.bars.load(table.find(symbol).id, history.minutes)
    return rooms


def _start(run: _Run) -> None:
    """The one start order: recorder, orders and timers, engine, io."""
    rooms = run.rooms
    rooms.open()
    if run.script:
        rooms.arming.allow_script(True)
    if rooms.plan.resume_ns is None:
        _go_live(run, rooms.start_ns)
    else:
        # The market runs up to where the session was; only then do its orders work again.
        rooms.engine.at(rooms.start_ns, Rank.TIMER, lambda ts_ns: _go_live(run, ts_ns))
    if run.options.seconds is not None:
        end_ns = rooms.start_ns + int(run.options.seconds * NS_PER_S)
        rooms.engine.at(end_ns, Rank.END, lambda ts_ns: _end(run))
    rooms.engine.start()
    rooms.io.start()
    rooms.io.submit(rooms.runner.run())
    rooms.io.submit(_watch(run))


def _go_live(run: _Run, ts_ns: int) -> None:
    rooms = run.rooms
    rooms.road.start()
    rooms.duties.start(ts_ns)
    run.runner.schedule(run.script, rooms.engine, ts_ns, rooms.feed.first_ns())


def _end(run: _Run) -> None:
    """On the engine thread: nothing after this instant happens any more."""
    run.rooms.engine.halt()
    run.over.set()


async def _watch(run: _Run) -> None:
    """Looks for the kill flag and for the end of a feed, on the io thread, whatever the window does."""
    rooms = run.rooms
    seen = KillState.CLEAR
    while True:
        state = rooms.kill_switch.state()
        if state is not seen:
            seen = state
            if state is not KillState.CLEAR:
                from terminal.app.arming import DisarmReason

                rooms.arming.disarm(DisarmReason.KILL_SWITCH)
                rooms.road.cancel_all("The kill switch is set.")
            if state is KillState.FLATTEN:
                rooms.road.flatten()
        if rooms.runner.ended and run.options.headless and rooms.tape.lag == 0:
            run.over.set()
        await asyncio.sleep(KILL_POLL_S)


def _stop(run: _Run) -> None:
    """The one stop order: feed, engine, orders, io, recorder. The setting says what becomes of working orders."""
    rooms = run.rooms
    rooms.runner.stop()
    rooms.engine.stop()
    whole = rooms.runner.ended and rooms.tape.lag == 0 and rooms.runner.failure is None
    if run.settings.desk.working_orders_on_stop == "cancel" and rooms.road.is_alive():
        rooms.road.cancel_all("The desk was closed.")
        rooms.road.quiesce(1.0)
    if not rooms.road.close("closed"):
        run.problems.append("The order road did not end in time; what it held is in the journal or was not sent.")
    rooms.io.stop()
    if rooms.recording is not None and whole:
        rooms.recording.complete()
    if not rooms.recorder.stop():
        run.problems.append("The recorder could not write everything in time; the rest is kept for the next start.")


def _report(run: _Run, figures: UiFigures) -> dict[str, Any]:
    rooms = run.rooms
    refused: dict[str, int] = {}
    import_report = getattr(rooms.feed, "report", None)
    if import_report is not None:
        refused = dict(import_report.refused)
    return build_report(
        RunFigures(
            mode=rooms.plan.mode,
            seed=rooms.plan.seed,
            first_ns=rooms.state.channel.first_ts_ns,
            last_ns=rooms.state.channel.last_ts_ns,
            refused=refused,
            problems=list(dict.fromkeys([*run.problems, *rooms.problems(), *run.runner.problems])),
            feed_to_state=rooms.engine.feed_to_state,
            state_to_paint=run.desk.state_to_paint,
            command_to_venue=rooms.road.command_to_venue,
            ui=figures,
        ),
        rooms.table,
        rooms.state,
        rooms.trading.snapshot(),
    )


def install_signals(over: threading.Event) -> None:
    """SIGINT and SIGTERM end the desk gracefully; a second one ends it at once."""
    asked = 0.0

    def end(_number: int, _frame: object) -> None:
        nonlocal asked
        if over.is_set() and time.monotonic() - asked > 1.0:
            raise KeyboardInterrupt
        asked = time.monotonic()
        over.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
