"""Opens the desk: prepares the process, makes the rooms and the window, and writes the start and stop order once."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terminal.app.desk import Desk
from terminal.app.desk_channel import DeskChannel
from terminal.app.options import DeskOptions
from terminal.app.ports import DeskMode
from terminal.app.report import RunFigures, UiFigures, build_report, check_target, write_json
from terminal.app.rooms import Rooms
from terminal.app.script import ScriptLine, read_script
from terminal.app.script_runner import ScriptRunner
from terminal.app.sessions import plan_session
from terminal.app.tasks import Task
from terminal.app.vol_history import origin_of
from terminal.app.watch import DeskWatch
from terminal.core.clock import NS_PER_S, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.infra import disk
from terminal.infra.calendars import Calendars
from terminal.infra.crash import CrashReporter, acknowledge, last_crash
from terminal.infra.failures import UserFacingError, WorkFailed
from terminal.infra.local_channel import ChannelServer
from terminal.infra.logs import Logs
from terminal.infra.paths import Profile
from terminal.infra.process_lock import ProcessLock
from terminal.infra.settings import Settings
from terminal.infra.settings_file import SettingsFile
from terminal.market.engine import Rank
from terminal.market.feed import Feed, LiveFeed
from terminal.market.importers.sources import SourceTable
from terminal.quant.kernel_memory import give_back_memory
from terminal.quant.warmup import CACHE_VARIABLE, is_warm, warm_up
from terminal.store.backup import backup
from terminal.store.journal import Journal
from terminal.store.market_db import DatabaseSettings, MarketDatabase
from terminal.store.market_reader import Store
from terminal.store.restore import finish_restore
from terminal.venues.sim.universe import RATE as SIMULATED_RATE

if TYPE_CHECKING:
    from terminal.ui.desk_window import DeskWindow
    from terminal.venues.stream.feed import StreamFeed

log = logging.getLogger(__name__)


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
    over: threading.Event
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Why the work failed although the run came to its end: they give exit code 1."""


Watcher = Callable[[Desk, "DeskWindow"], Callable[[], None]]
"""Called when desk and window are about to run; what it gives is called when they have run and before they close."""


def run_desk(options: DeskOptions, profile: Profile, over: threading.Event, watch: Watcher | None = None) -> int:
    """Runs ``moneyness desk`` until it is done or ``over`` is set; 0 after a graceful end. ``watch``: for benchmarks.

    Raises UserFacingError for what a person can mend.
    """
    script = read_script(options.script) if options.script is not None else []
    for target in (options.report, options.screenshot):
        check_target(target)
    _require_display(options)
    profile.ensure()
    try:
        with ProcessLock(profile.lock_file):
            return _run_alone(options, profile, script, over, watch)
    except OSError as problem:
        raise disk.explain(problem, "running the desk", profile.journal_file.parent) from problem


def _run_alone(
    options: DeskOptions, profile: Profile, script: Sequence[ScriptLine], over: threading.Event, watch: Watcher | None
) -> int:
    """With the profile's lock: settings, logs and crash reports around the run."""
    finish_restore(profile)
    settings = SettingsFile(profile.settings_file).load()
    logs = Logs(profile.logs_dir)
    logs.start()
    crashes = CrashReporter(profile.crash_dir, recent=logs.ring.snapshot)
    crashes.install()
    try:
        return _run(options, profile, settings, script, logs, over, watch)
    except (UserFacingError, OSError):
        log.warning("the run ended early", exc_info=True)
        raise
    except Exception as error:
        log.exception("the run broke")
        where = crashes.report("main", error) or profile.logs_dir
        what = f"{type(error).__name__}: {error}".rstrip(".")
        raise WorkFailed(f"The desk broke ({what}); what is known is in {where}.") from error
    finally:
        crashes.uninstall()
        logs.stop()


def _run(
    options: DeskOptions,
    profile: Profile,
    settings: Settings,
    script: Sequence[ScriptLine],
    logs: Logs,
    over: threading.Event,
    watch: Watcher | None,
) -> int:
    with ExitStack() as closing:
        journal = Journal(profile.journal_file, profile.journal_head_file)
        journal.open()
        closing.callback(journal.close)
        memory_mib = settings.recorder.memory_limit_mb
        database = MarketDatabase.open(profile.database_file, DatabaseSettings(memory_mib=memory_mib))
        closing.callback(database.close)
        rooms = _make_rooms(options, profile, settings, journal, database, closing)
        is_ours = options.replay is None and options.connect is None
        rate = SIMULATED_RATE if is_ours else None
        ready = partial(is_warm, Path(os.environ[CACHE_VARIABLE]))
        stored = Store(database, rooms.table, rooms.recorder)
        closing.callback(stored.close)
        desk = Desk(
            rooms, logs.ring, settings, profile,
            interest_rate=rate, models_ready=ready, models_loaded=give_back_memory, stored_bars=stored,
            vol_origin=origin_of(rooms.feed, is_simulated=rooms.plan.mode is DeskMode.SIMULATED),
            vol_year=getattr(rooms.feed, "vol_days", None),
        )  # fmt: skip
        runner = ScriptRunner(rooms.trading, rooms.table, partial(_end, rooms, over))
        run = _Run(options, profile, settings, script, rooms, desk, runner, over)
        crash = last_crash(profile.crash_dir)
        if crash is not None and not crash.seen:
            run.problems.append(f"The last run met a failure: {crash.summary}")
            log.warning("the last run met a failure: %s", crash.summary)
            acknowledge(profile.crash_dir)
        with ExitStack() as stopping:
            stopping.callback(_stop, run)
            window = _make_window(run)
            _start(run)
            channel = _open_channel(run, database, window)
            stopping.callback(channel.close)
            if not options.headless:
                _compile_models(desk)
                stopping.callback(desk.tasks.cancel_all)
            watched = watch(desk, window) if watch is not None else None
            window.run(over)
        if watched is not None:
            watched()
        return _finish(run, window)


def _make_window(run: _Run) -> DeskWindow:
    from terminal.ui.desk_window import DeskWindow

    options = run.options
    return DeskWindow(
        run.desk,
        run.profile,
        run.settings,
        headless=options.headless,
        size=options.size,
        theme=options.theme,
        workspace=options.workspace,
        frames=options.frames,
        frames_of=options.frames_of,
    )


def _compile_models(desk: Desk) -> None:
    """Starts to compile what the open desk can do without for a while; the status bar shows it, and cancels it."""
    folder = Path(os.environ[CACHE_VARIABLE])
    if is_warm(folder):
        return

    def work(task: Task) -> None:
        warm_up(folder, lambda done, total, _name: task.report(done / total, f"{done} of {total}"), is_background=True)

    desk.tasks.start("Compiling the option models", work)


def _finish(run: _Run, window: DeskWindow) -> int:
    """The picture and the report, each whatever becomes of the other; raises WorkFailed when something failed."""
    options = run.options
    if options.screenshot is not None:
        try:
            window.screenshot(options.screenshot)
        except UserFacingError as problem:
            run.failures.append(problem.message)
    figures = window.close()
    if options.report is not None:
        write_json(_report(run, figures), options.report)
    if run.failures:
        raise WorkFailed(" ".join(run.failures))
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
    feed: Feed | LiveFeed
    sources: SourceTable | None = None
    simulated = None
    if options.connect is not None:
        feed = _connect(options.connect, table, calendars, settings)
        closing.callback(feed.close)
        mode = DeskMode.PAPER if feed.is_live else DeskMode.SIMULATED
        plan = plan_session(journal, mode, None, from_ns(feed.first_ns()).date(), resume=False)
    elif options.replay is None:
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
    speed = options.speed
    if options.replay is not None and not options.is_speed_given:
        speed = None if settings.replay.speed == "max" else float(settings.replay.speed)
    rooms = Rooms(plan, feed, table, profile, settings, calendars, journal, database, speed=speed, sources=sources)
    if simulated is not None:
        for symbol, history in simulated.history().names.items():
            rooms.load_history(table.find(symbol).id, history.minutes, history.daily)
    return rooms


def _connect(text: str, table: InstrumentTable, calendars: Calendars, settings: Settings) -> StreamFeed:
    from terminal.venues.stream.connection import parse_address
    from terminal.venues.stream.feed import StreamFeed

    return StreamFeed(parse_address(text), table, calendars, allow_remote=settings.stream.allow_remote)


def _start(run: _Run) -> None:
    """The one start order: recorder, orders and timers, engine, analytics, flow, io."""
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
        rooms.engine.at(end_ns, Rank.END, lambda ts_ns: _end(rooms, run.over))
    rooms.engine.start()
    run.desk.analytics.start()
    run.desk.vol_history.start()
    run.desk.events.load()
    run.desk.flow.start()
    rooms.io.start()
    rooms.io.submit(rooms.runner.run())
    rooms.io.submit(DeskWatch(rooms, run.over.set if run.options.headless else None).run())


def _go_live(run: _Run, ts_ns: int) -> None:
    rooms = run.rooms
    rooms.go_live(ts_ns)
    # What a resumed session did at its last instant is in the journal: its script must not do it again.
    earliest_ns = rooms.feed.first_ns() if rooms.plan.resume_ns is None else ts_ns + 1
    run.runner.schedule(run.script, rooms.engine, ts_ns, earliest_ns)


def _end(rooms: Rooms, over: threading.Event) -> None:
    """On the engine thread: nothing after this instant happens any more."""
    rooms.engine.halt()
    over.set()


def _stop(run: _Run) -> None:
    """The one stop order: feed, engine, flow, analytics, orders, io, recorder. The setting says what becomes of working
    orders."""
    rooms = run.rooms
    rooms.runner.stop()
    rooms.engine.stop()
    run.desk.day_end.finish()
    run.desk.flow.stop()
    run.desk.analytics.stop()
    run.desk.vol_history.stop()
    rooms.past.stop()
    whole = rooms.runner.finished and rooms.tape.lag == 0 and rooms.engine.failure is None
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
    run.failures += rooms.failures()


def _problems(run: _Run) -> list[str]:
    return [*run.failures, *run.problems, *run.rooms.problems(), *run.runner.problems, *run.runner.unreached()]


def _report(run: _Run, figures: UiFigures) -> dict[str, Any]:
    rooms = run.rooms
    return build_report(
        RunFigures(
            mode=rooms.plan.mode,
            seed=rooms.plan.seed,
            first_ns=rooms.state.channel.first_ts_ns,
            last_ns=rooms.state.channel.last_ts_ns,
            refused=dict(rooms.runner.counts()),
            problems=list(dict.fromkeys(_problems(run))),
            feed_to_state=rooms.engine.feed_to_state,
            state_to_paint=run.desk.state_to_paint,
            command_to_venue=rooms.road.command_to_venue,
            ui=figures,
        ),
        rooms.table,
        rooms.state,
        rooms.trading.snapshot(),
    )
