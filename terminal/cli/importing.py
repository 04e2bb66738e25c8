"""``moneyness import``: recorded data in another layout into the market database."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from terminal.app.report import write_json
from terminal.app.sessions import new_session_name
from terminal.cli.progress import ProgressLine
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch
from terminal.infra.calendars import Calendars
from terminal.infra.paths import Profile
from terminal.infra.process_lock import ProcessLock
from terminal.infra.settings_file import SettingsFile
from terminal.market.importers.binance.catalog import open_captures
from terminal.market.importers.databento import files as databento
from terminal.market.importers.events.reading import read_events_file, source_of
from terminal.market.importers.lean.catalog import Catalog
from terminal.market.importers.lean.events import factor_events
from terminal.market.importers.lean.importing import import_lean
from terminal.market.importers.report import ImportReport
from terminal.market.importers.sources import Source, SourceTable
from terminal.market.importers.stream_import import Progress, import_streams
from terminal.market.importers.streams import RecordedStream
from terminal.store.batch_writer import SessionRow
from terminal.store.connection import Connection
from terminal.store.events import MarketEvent, replace_events
from terminal.store.market_db import DatabaseSettings, MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.restore import finish_restore


class _DatabaseSink:
    """Messages carry the database's own source numbers, since the source table asks :meth:`begin` for them."""

    def __init__(self, recorder: Recorder, layout: str) -> None:
        self._recorder = recorder
        self._layout = layout

    def begin(self, _kind: str, name: str, sha256: str, interval_s: int) -> tuple[int, bool]:
        handle = self._recorder.begin_source(self._layout, name, sha256, interval_s=interval_s)
        return handle.id, handle.already_complete

    def take(self, batch: Batch) -> None:
        while not self._recorder.offer(batch):
            time.sleep(0.001)

    def end(self, source: Source, rows: int) -> None:
        self._recorder.complete_source(source.id, rows)


def import_recorded(
    profile: Profile,
    layout: str,
    path: Path,
    underlying: str | None,
    dates: tuple[date, ...] | None,
    target: str | None,
) -> int:
    """Imports files of ``layout`` (lean, binance, dbn, events) and reports rows read, kept and refused by reason.

    Progress is shown on a terminal.
    """
    profile.ensure()
    with ProcessLock(profile.lock_file):
        finish_restore(profile)
        settings = SettingsFile(profile.settings_file).load()
        memory_mib = settings.recorder.memory_limit_mb
        database = MarketDatabase.open(profile.database_file, DatabaseSettings(memory_mib=memory_mib))
        try:
            report = _import(profile, layout, path, underlying, dates, database, settings.recorder.disk_budget_gb)
        finally:
            database.close()
    if target is not None:
        write_json(report, target)
    if target != "-":
        rows = report["rows"]
        print(f"{rows['read']:,} rows read, {rows['kept']:,} kept, {rows['refused']:,} refused.")
        for reason, count in report["refused"].items():
            print(f"  refused, {reason}: {count:,}")
        for change, count in report["adjusted"].items():
            print(f"  kept, {change}: {count:,}")
        for problem in report.get("problems", []):
            print(problem, file=sys.stderr)
    return 1 if report.get("problems") else 0


def _import(
    profile: Profile,
    layout: str,
    path: Path,
    underlying: str | None,
    dates: tuple[date, ...] | None,
    database: MarketDatabase,
    budget_gb: float,
) -> dict[str, Any]:
    table = InstrumentTable()
    session = SessionRow(f"import-{new_session_name(datetime.now(UTC))}", "import", layout)
    settings = RecorderLimits(spill=False, disk_budget_bytes=int(budget_gb * 2**30))
    recorder = Recorder(database, table, profile.spill_dir, session, settings)
    recorder.start()
    if layout == "events":
        try:
            return _import_events(recorder, path.expanduser())
        finally:
            recorder.stop(timeout_s=600.0)
    try:
        with ProgressLine("Importing") as line:
            sink = _DatabaseSink(recorder, layout)
            sources = SourceTable(sink.begin, layout=layout)
            report = _read(layout, path, underlying, dates, sink, table, sources, line.show)
        if layout == "lean":
            _take_factor_events(recorder, path.expanduser(), underlying)
    finally:
        recorder.stop(timeout_s=600.0)
    report.problems += list(recorder.problems)
    return dict(report.as_json())


def _import_events(recorder: Recorder, path: Path) -> dict[str, Any]:
    now_ns = time.time_ns()
    found = read_events_file(path, now_ns)
    new = recorder.write(lambda now: replace_events(now, source_of(path), found.events, now_ns))
    refused = {"not_understood": len(found.problems)} if found.problems else {}
    return {
        "rows": {"read": found.read, "kept": len(found.events), "refused": len(found.problems)},
        "refused": refused, "adjusted": {}, "new": new, "problems": found.problems,
    }  # fmt: skip


def _take_factor_events(recorder: Recorder, root: Path, underlying: str | None) -> None:
    """Splits and dividends that lie beside the prices."""
    catalog, calendars, now_ns = Catalog(root), Calendars(), time.time_ns()
    symbols = catalog.underlyings if underlying is None else (catalog.require(underlying),)
    for symbol in symbols:
        events = factor_events(symbol, catalog.factor_file(symbol), calendars.next_session)
        if events:
            recorder.write(partial(_replace, events=events, now_ns=now_ns))


def _replace(connection: Connection, events: list[MarketEvent], now_ns: int) -> int:
    return replace_events(connection, events[0].source, events, now_ns)


def _read(
    layout: str,
    path: Path,
    underlying: str | None,
    dates: tuple[date, ...] | None,
    sink: _DatabaseSink,
    table: InstrumentTable,
    sources: SourceTable,
    progress: Progress,
) -> ImportReport:
    path = path.expanduser()
    if layout == "lean":
        span = None if dates is None else (dates[0], dates[-1])
        return import_lean(path, underlying, span, sink, progress, table=table, sources=sources)
    streams: Sequence[RecordedStream]
    if layout == databento.LAYOUT:
        streams = databento.open_dbn(path, underlying, dates, table, Calendars())
    else:
        streams = open_captures(path, underlying, dates, table)
    return import_streams(streams, sources, sink, progress)
