"""Recorded streams into a sink: file by file, each a source of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from terminal.core.clock import UTC_ZONE, from_ns
from terminal.core.messages import Batch
from terminal.market.importers.report import FileReport, ImportReport
from terminal.market.importers.sources import Source, SourceTable
from terminal.market.importers.streams import RecordedStream, UnreadableStream

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


def import_streams(
    streams: Sequence[RecordedStream],
    sources: SourceTable,
    sink: ImportSink,
    progress: Progress = lambda done, total, name: None,
) -> ImportReport:
    """Reads every stream into ``sink``; what ``sources`` knows as stored is skipped.

    A file that breaks is named in ``problems`` and the import goes on. What ``sink`` raises goes through.
    """
    report = ImportReport()
    for number, stream in enumerate(streams):
        progress(number, len(streams), stream.path.name)
        counted = FileReport(stream.path.name, stream.kind)
        report.files.append(counted)
        try:
            source = sources.add(stream.kind, counted.name, stream.sha256, stream.interval_s)
            if source.is_stored:
                counted.skipped = True
                continue
            rows = 0
            for batch in stream.batches(source.id, counted):
                rows += len(batch)
                sink.take(batch)
            sink.end(source, rows)
        except UnreadableStream as problem:
            report.problems.append(problem.message)
    progress(len(streams), len(streams), "")
    report.days = sorted(
        {from_ns(ns, UTC_ZONE).date().isoformat() for each in streams for ns in (each.first_ns, each.last_ns)}
    )
    return report
