"""Recorded streams (captures of raw messages, DBN files) as one feed, merged by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from terminal.core.clock import UTC_ZONE, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch, empty_batch
from terminal.infra.calendars import Calendars
from terminal.market.importers.report import FileReport, ImportReport
from terminal.market.importers.sources import SourceTable
from terminal.market.importers.streams import RecordedStream, merged
from terminal.venues.replay.phases import phase_changes
from terminal.venues.replay.waiting import empty_until


class StreamFeed:
    """Replays ``streams`` from the first message of any to the last of all.

    Decoding runs in a thread, one batch ahead; :meth:`batches` yields empty ones while it is not ready. Raises
    UnreadableStream at construction when a file cannot be read.
    """

    name = "replay"

    def __init__(
        self, streams: Sequence[RecordedStream], table: InstrumentTable, calendars: Calendars, layout: str
    ) -> None:
        """``layout``: what the database calls files of this sort."""
        self.sources = SourceTable(layout=layout)
        self._streams = list(streams)
        self._numbers = [
            self.sources.add(each.kind, each.path.name, each.sha256, each.interval_s).id for each in self._streams
        ]
        self._reports = [FileReport(each.path.name, each.kind) for each in self._streams]
        self._running: list[FileReport] = []
        first = next(merged(self._play()), empty_batch(0))
        self._running = []
        self._first_ns = int(first["ts_ns"][0]) if len(first) else min(each.first_ns for each in self._streams)
        self._last_ns = max(self._first_ns, *(each.last_ns for each in self._streams))
        self._phases = phase_changes(table, calendars, self._first_ns, self._last_ns)

    @property
    def report(self) -> ImportReport:
        """What was read so far: of each file what the pass that came furthest says."""
        running = self._running or self._reports
        files = [a if a.rows_read > b.rows_read else b for a, b in zip(running, self._reports, strict=True)]
        days = sorted({from_ns(ns, UTC_ZONE).date().isoformat() for ns in (self._first_ns, self._last_ns)})
        return ImportReport(files, days=days)

    def first_ns(self) -> int:
        """Market time of the first message."""
        return self._first_ns

    def end_ns(self) -> int | None:
        """Market time of the last message."""
        return self._last_ns

    def batches(self) -> Iterator[Batch]:
        """All messages from the start."""
        self._reports = self.report.files
        with ThreadPoolExecutor(1, "streams") as pool:
            messages = merged([iter([self._phases]), *self._play()])
            reached_ns = 0
            while True:
                ahead = pool.submit(next, messages, None)
                yield from empty_until(ahead)
                batch = ahead.result()
                if batch is None:
                    self._last_ns = reached_ns or self._last_ns
                    return
                if len(batch):
                    reached_ns = int(batch["ts_ns"][-1])
                yield batch

    def _play(self) -> list[Iterator[Batch]]:
        self._running = [FileReport(each.path.name, each.kind) for each in self._streams]
        return [
            each.batches(number, report)
            for each, number, report in zip(self._streams, self._numbers, self._running, strict=True)
        ]
