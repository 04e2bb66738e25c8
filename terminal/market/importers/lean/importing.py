"""The whole of a folder, or a part of it, into a sink: file by file, each a source of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Protocol

from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import Batch
from terminal.infra.calendars import Calendars, default
from terminal.infra.failures import WorkFailed
from terminal.market.importers.lean.archive import UnreadableFile
from terminal.market.importers.lean.catalog import Catalog, NoSuchData, SourceFile
from terminal.market.importers.lean.contracts import Contracts
from terminal.market.importers.lean.days import underlying_asset
from terminal.market.importers.lean.layout import Data, Resolution
from terminal.market.importers.lean.reader import Reader
from terminal.market.importers.lean.trading_day import in_canonical_order
from terminal.market.importers.report import FileReport, ImportReport
from terminal.market.importers.sources import Source, SourceTable

CHUNK = 1 << 16
_QUOTES_FIRST = {Data.QUOTE: 0, Data.TRADE: 1, Data.OPEN_INTEREST: 2}
Progress = Callable[[int, int, str], None]
"""Called with files done, files in all and the name of the next one."""


class ImportSink(Protocol):
    """Where imported messages go. A source whose end was not told is incomplete and must not be kept."""

    def take(self, batch: Batch) -> None:
        """Messages of one source, ascending in time inside it; sources come one after another."""
        ...

    def end(self, source: Source, rows: int) -> None:
        """Told after the last message of a source, with the number of its messages."""
        ...


def import_lean(
    path: Path,
    underlying: str | None,
    dates: tuple[date, date] | None,
    sink: ImportSink,
    progress: Progress = lambda done, total, name: None,
    *,
    table: InstrumentTable | None = None,
    sources: SourceTable | None = None,
    calendars: Calendars | None = None,
) -> ImportReport:
    """Reads every file of ``underlying`` (None: of all) with rows between two days (None: all) into ``sink``.

    All resolutions are taken, each file as a source. A file of hours is one source a day, so that importing
    overlapping ranges adds nothing twice; a file of daily bars is one history and is taken whole or not at all. What
    ``sources`` knows as stored is skipped. A file that is no zip is named in ``problems`` and the import goes on.
    Raises NoSuchData when the folder has nothing of what was asked for; what ``sink`` raises goes through.
    """
    catalog = Catalog(path)
    symbols = [catalog.require(underlying)] if underlying is not None else list(catalog.underlyings)
    report = ImportReport()
    contracts = Contracts(table if table is not None else InstrumentTable(), calendars or default())
    reader = Reader(contracts, sources if sources is not None else SourceTable(), report)
    run = _Run(reader, sink)
    work = [(symbol, each) for symbol in symbols for each in sorted(catalog.of(symbol), key=_work_order)]
    imported: set[date] = set()
    for number, (symbol, file) in enumerate(work):
        progress(number, len(work), file.name.path)
        try:
            days = _days(catalog, symbol, file, dates)
            if days:
                run.take_file(file, contracts.underlying(underlying_asset(catalog, symbol), symbol), days)
                imported.update(days)
        except UnreadableFile as problem:
            if problem.message not in report.problems:
                report.problems.append(problem.message)
    progress(len(work), len(work), "")
    report.days = [day.isoformat() for day in sorted(imported)]
    if not report.files and not report.problems:
        raise _nothing(catalog, symbols, dates)
    return report


class _Run:
    """One import: each source once, even when a file is about two securities."""

    def __init__(self, reader: Reader, sink: ImportSink) -> None:
        self._reader = reader
        self._sink = sink
        self._done: set[int] = set()

    def take_file(self, file: SourceFile, underlying: Instrument, days: list[date]) -> None:
        """All parts of a file that lie on ``days``."""
        reader, name = self._reader, file.name
        sha256 = file.sha256
        parts: list[date | None] = [*days] if name.resolution is Resolution.HOUR else [None]
        sources = [reader.source(name, sha256, part) for part in parts]
        if all(source.is_stored for source in sources):
            reader.report.files.append(FileReport(name.path, name.kind, skipped=True))
            return
        opened = reader.open(file)
        for source, part in zip(sources, parts, strict=True):
            if source.is_stored or source.id in self._done:
                continue
            self._done.add(source.id)
            rows = opened if part is None else opened.on(part)
            reader.learn([rows], underlying)
            batch = in_canonical_order(reader.messages(rows, underlying, part), reader.contracts.table)
            for start in range(0, len(batch), CHUNK):
                self._sink.take(batch[start : start + CHUNK])
            self._sink.end(source, len(batch))
        reader.forget(file)


def _days(catalog: Catalog, symbol: str, file: SourceFile, dates: tuple[date, date] | None) -> list[date]:
    first, last = dates or (date.min, date.max)
    return [day for day in catalog.days_of(symbol, file) if first <= day <= last]


def _work_order(file: SourceFile) -> tuple[int, str]:
    """Quotes first: from them the ticks of an option class are learnt."""
    return _QUOTES_FIRST[file.name.data], file.name.path


def _nothing(catalog: Catalog, symbols: list[str], dates: tuple[date, date] | None) -> WorkFailed | NoSuchData:
    if dates is not None and len(symbols) == 1:
        try:
            catalog.select_days(symbols[0], *dates)
        except NoSuchData as problem:
            return problem
    span = f" from {dates[0]} to {dates[1]}" if dates else ""
    return NoSuchData(f"{catalog.root} has no rows of {', '.join(symbols)}{span}; choose other days.")
