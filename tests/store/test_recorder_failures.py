"""The recorder on a full disk, killed in the middle, and on a database that gave up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.messages import Batch
from terminal.core.ticks import TickClass
from terminal.store.batch_writer import BatchWriter
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder_status import RecorderState
from terminal.store.spill import SpillFile, left_behind
from tests.store.market_messages import make_table, quote_batch
from tests.store.recording import eventually, offer_all, source_row, started, stored


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MarketDatabase]:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    yield database
    database.close()


def test_a_disk_that_is_full_for_a_while_loses_nothing_that_can_be_spilled(
    database: MarketDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.Event()
    full.set()
    write = BatchWriter.write

    def refuses(*arguments: object, **named: object) -> int:
        if full.is_set():
            raise duckdb.IOException("IO Error: Could not write file: No space left on device")
        return write(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchWriter, "write", refuses)
    recorder = started(database)
    sent = quote_batch(10_000, 0)
    offer_all(recorder, sent)
    eventually(lambda: len(recorder.problems) > 0)
    assert recorder.state is RecorderState.DEGRADED
    assert "disk is full" in recorder.problems[0]
    full.clear()
    assert recorder.flush(20)
    assert recorder.stop()
    assert stored(database, recorder.session_source) == list(range(10_000))


def test_with_no_room_anywhere_the_market_goes_on_and_the_loss_is_counted(
    database: MarketDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.Event()
    full.set()
    write, append = BatchWriter.write, SpillFile.append

    def refuses(*arguments: object, **named: object) -> int:
        if full.is_set():
            raise duckdb.IOException("IO Error: Could not write file: No space left on device")
        return write(*arguments, **named)  # type: ignore[arg-type]

    def no_spill(*arguments: object) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        append(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchWriter, "write", refuses)
    monkeypatch.setattr(SpillFile, "append", no_spill)
    recorder = started(database)
    offer_all(recorder, quote_batch(20_000, 0))
    eventually(lambda: recorder.state is RecorderState.FAILING)
    assert recorder.missing > 0
    assert any("not being recorded" in problem for problem in recorder.problems)
    full.clear()
    offer_all(recorder, quote_batch(100, 0))
    assert recorder.flush(20)
    eventually(lambda: recorder.state is RecorderState.OK)
    assert not recorder.stop()
    row = source_row(database, recorder.session_source)
    assert (row["complete"], row["missing"]) == (False, recorder.missing)
    assert row["row_count"] == 20_100 - recorder.missing


_LIMITED = """
import resource, sys, pathlib, time
from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.messages import Batch
from terminal.core.ticks import TickClass
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from tests.store.market_messages import make_table, quote_batch
import numpy as np
folder = pathlib.Path(sys.argv[1])
database = MarketDatabase.open(folder / "market.duckdb")
limits = RecorderLimits(ring_messages=1 << 14, flush_messages=1 << 12, flush_after_s=0.01, retry_after_s=0.05)
recorder = Recorder(database, make_table(), folder / "spill", SessionRow("s", "sim", "sim"), limits)
recorder.start()
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
random = np.random.default_rng(1)
offered = 0
until = time.monotonic() + 60
while recorder.missing == 0 and time.monotonic() < until:
    batch = quote_batch(4096, 0)
    for name in ("v0", "v1", "v2", "v3"):
        batch[name] = random.integers(0, 2**60, len(batch))
    offered += len(batch) if recorder.offer(batch, 5.0) else 0
print(recorder.state.value, recorder.problems[0])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recorder.flush(60)
print(recorder.state.value)
recorder.stop()
rows = database.connect().execute("SELECT count(*), count(DISTINCT seq) FROM raw.quote").fetchall()[0]
print(rows[0] == rows[1] == offered - recorder.missing, recorder.missing > 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_disk_that_is_really_full(tmp_path: Path, repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=repository,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()[-3:]
    assert first.startswith("failing The disk is full")
    assert second == "ok"
    assert third == "True True"


_KILLED = """
import sys, pathlib
from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.messages import Batch
from terminal.core.ticks import TickClass
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from tests.store.market_messages import make_table, quote_batch
folder = pathlib.Path(sys.argv[1])
database = MarketDatabase.open(folder / "market.duckdb")
limits = RecorderLimits(ring_messages=1 << 14, flush_messages=1 << 12, flush_after_s=0.01)
recorder = Recorder(database, make_table(), folder / "spill", SessionRow("s", "sim", "sim"), limits)
recorder.start()
at = 0
while True:
    batch = quote_batch(1000, 0)
    batch["v2"] += at
    while not recorder.offer(batch, 1.0):
        pass
    at += 1000
    if at % 50_000 == 0:
        print(at - recorder.lag, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.2])
def test_a_killed_recording_opens_and_holds_what_was_stored(tmp_path: Path, repository: Path, wait_s: float) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, tmp_path], stdout=subprocess.PIPE, text=True, cwd=repository
    )
    assert child.stdout is not None
    sure = int(child.stdout.readline())
    time.sleep(wait_s)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    recorder = started(database, "next")
    numbers = stored(database, 1)
    assert len(numbers) >= sure - (1 << 14)
    assert numbers == sorted(set(numbers))
    row = source_row(database, 1)
    assert (row["row_count"], row["complete"]) == (len(numbers), False)
    assert recorder.stop()
    database.close()


@pytest.mark.parametrize(
    ("failure", "generation"),
    [(duckdb.FatalException("FATAL Error: database has been invalidated"), 1), (ValueError("a fault of ours"), 0)],
)
def test_a_failure_of_any_sort_is_named_and_written_again(
    database: MarketDatabase, monkeypatch: pytest.MonkeyPatch, failure: Exception, generation: int
) -> None:
    recorder = started(database)
    write = BatchWriter.write
    failures = iter([failure])

    def once(*arguments: object, **named: object) -> int:
        for failure in failures:
            raise failure
        return write(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchWriter, "write", once)
    recorder.offer(quote_batch(10, 0))
    assert recorder.flush(20)
    assert str(failure).split(": ")[-1] in recorder.problems[0]
    assert database.generation == generation
    assert recorder.stop()
    assert stored(database, recorder.session_source) == list(range(10))


def test_a_spill_file_that_cannot_be_read_for_a_moment_ends_no_thread(
    database: MarketDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = started(database)
    take, spill_ring = recorder.waiting.take, recorder.waiting.spill_ring
    reading, moving = iter([OSError(5, "Input/output error")]), iter([ValueError("a fault of ours")])

    def takes(most: int) -> Batch:
        for failure in reading:
            raise failure
        return take(most)

    def moves() -> None:
        for failure in moving:
            raise failure
        spill_ring()

    monkeypatch.setattr(recorder.waiting, "take", takes)
    monkeypatch.setattr(recorder.waiting, "spill_ring", moves)
    offer_all(recorder, quote_batch(20_000, 0))
    assert recorder.flush(20)
    assert recorder._thread.is_alive()
    assert recorder._spiller.is_alive()
    assert any("Input/output error" in problem for problem in recorder.problems)
    assert recorder.stop()
    assert stored(database, recorder.session_source) == list(range(20_000))


def test_a_spill_file_that_began_badly_names_all_its_instruments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = SpillFile(tmp_path, "s", 1, make_table())
    open_file, failures = os.open, iter([OSError(28, "No space left on device")])

    def opens(*arguments: Any) -> int:
        for failure in failures:
            raise failure
        return open_file(*arguments)

    monkeypatch.setattr(os, "open", opens)
    with pytest.raises(OSError, match="No space"):
        spill.append(quote_batch(5, 0))
    spill.append(quote_batch(5, 0))
    spill.close()
    (left,) = left_behind(tmp_path)
    session, source, table = left.read_header()
    assert (session, source, len(table)) == ("s", 1, len(make_table()))


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_half_a_line_on_a_full_disk_spoils_no_spill_file(tmp_path: Path) -> None:
    table = make_table()
    spill = SpillFile(tmp_path, "s", 1, table)
    spill.append(quote_batch(5, 0))
    name = f"{spill.name}.instruments"
    size = (tmp_path / name).stat().st_size
    table.add("NEW", InstrumentKind.INDEX, SessionProduct.EQUITY, TickClass.EQUITY)
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
        with pytest.raises(OSError, match="too large"):
            spill.append(quote_batch(5, 0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / name).stat().st_size == size
    spill.append(quote_batch(5, 0))
    spill.close()
    (left,) = left_behind(tmp_path)
    assert len(left.read_header()[2]) == len(table)
    assert left.count() == 10
