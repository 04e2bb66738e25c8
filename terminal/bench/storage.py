"""Store: how fast the journal makes an event durable."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from terminal.bench.result import Benchmark, Result, result
from terminal.core.events import EventKind, JournalEvent
from terminal.store.journal import Journal

_COMMITS = 500


def _journal(long: bool) -> list[Result]:
    count = _COMMITS * (10 if long else 1)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.sqlite3", Path(folder) / "head")
        journal.open()
        times = np.empty(count)
        for number in range(count):
            event = JournalEvent(EventKind.NOTE, "bench", number, {"text": "x" * 200})
            start = time.perf_counter()
            journal.append([event])
            times[number] = time.perf_counter() - start
        found = journal.verify()
        journal.close()
    if not found.ok or found.events != count:
        raise AssertionError(found.sentence)
    p50, p99 = (float(each) * 1e3 for each in np.quantile(times, [0.5, 0.99]))
    note = f"{count} commits of one event, WAL, synchronous=FULL"
    return [
        result("journal_commit_p50", "trading", p50, "ms", better="lower", note=note),
        result("journal_commit_p99", "trading", p99, "ms", better="lower", note=note),
    ]


BENCHMARKS = [Benchmark("journal_commit", "trading", _journal)]
