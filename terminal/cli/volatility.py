"""``moneyness volatility``: the daily record of volatility from recordings and imports, on request."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby

import numpy as np

from terminal.app.event_book import EventBook
from terminal.app.recorded_vols import RecordedDay, VolReport, described, look, recorded_days
from terminal.app.report import write_json
from terminal.app.sessions import new_session_name
from terminal.cli.progress import ProgressLine
from terminal.core.instruments import InstrumentTable
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UserFacingError, WorkFailed
from terminal.infra.paths import Profile
from terminal.infra.process_lock import ProcessLock
from terminal.infra.settings_file import SettingsFile
from terminal.store.batch_writer import SessionRow
from terminal.store.connection import Connection
from terminal.store.market_db import DatabaseSettings, MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.restore import finish_restore
from terminal.store.vol_days import VolDays, write_days
from terminal.venues.sim.universe import RATE as SIMULATED_RATE

_MOST_AT_ONCE = 250


def record_volatility(
    profile: Profile, underlying: str | None, dates: Sequence[date] | None, target: str | None
) -> int:
    """Runs every recorded day that was asked for and writes its record; 1 when a day could not be made."""
    profile.ensure()
    with ProcessLock(profile.lock_file):
        finish_restore(profile)
        settings = SettingsFile(profile.settings_file).load()
        database = MarketDatabase.open(
            profile.database_file, DatabaseSettings(memory_mib=settings.recorder.memory_limit_mb)
        )
        try:
            report = _record(profile, database, underlying, dates)
        finally:
            database.close()
    if target is not None:
        write_json({"days": report.days, "problems": report.problems}, target)
    if target != "-":
        print(f"{len(report.days):,} days recorded.")
        for problem in report.problems:
            print(problem, file=sys.stderr)
    return 1 if report.problems else 0


def _record(
    profile: Profile, database: MarketDatabase, underlying: str | None, dates: Sequence[date] | None
) -> VolReport:
    connection = database.connect()
    report, calendars = VolReport(), Calendars()
    try:
        days = recorded_days(connection, underlying, dates)
        if not days:
            raise WorkFailed(
                "The market database has no recorded day of an underlying with options that fits; import or record one."
            )
        session = SessionRow(f"volatility-{new_session_name(datetime.now(UTC))}", "import", "volatility")
        recorder = Recorder(database, InstrumentTable(), profile.spill_dir, session, RecorderLimits(spill=False))
        recorder.start()
        try:
            with ProgressLine("Reckoning") as line:
                book = EventBook(database, None, InstrumentTable(), calendars)
                book.load()
                done = 0
                for some in _parts(days):
                    made = []
                    for each in some:
                        line.show(done, len(days), f"{each.symbol} {each.day}")
                        done += 1
                        row = _one(connection, book, calendars, each, report)
                        if row is not None:
                            made.append(row)
                    if made:
                        recorder.write(partial(_write, each=some[0], rows=np.concatenate(made)))
        finally:
            recorder.stop(timeout_s=60.0)
    finally:
        connection.close()
    return report


def _parts(days: Sequence[RecordedDay]) -> Iterator[list[RecordedDay]]:
    """Days of one session and symbol that are written together: with every write the whole series is made anew."""
    for _, some in groupby(days, lambda each: (each.session.name, each.symbol)):
        series = list(some)
        yield from (series[at : at + _MOST_AT_ONCE] for at in range(0, len(series), _MOST_AT_ONCE))


def _one(
    connection: Connection, book: EventBook, calendars: Calendars, each: RecordedDay, report: VolReport
) -> VolDays | None:
    is_simulated = each.origin.is_simulated
    rate = SIMULATED_RATE if is_simulated else None
    # What is stored tells of the real market.
    split = 1.0 if is_simulated else book.split(each.symbol, each.day)
    try:
        row = look(connection, each, calendars, rate, split)
    except UserFacingError as problem:
        report.problems.append(f"{each.symbol} {each.day}: {problem.message}")
        return None
    if row is None:
        report.problems.append(f"{each.symbol} {each.day}: nothing was traded in the session of that day.")
    else:
        report.days.append(described(each, row))
    return row


def _write(connection: Connection, each: RecordedDay, rows: VolDays) -> int:
    return write_days(connection, each.origin, each.symbol, rows, f"session {each.session.name}")
