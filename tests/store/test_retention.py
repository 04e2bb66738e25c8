"""The disk budget: the rows recorded longest ago go, their bars stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from terminal.core.clock import NS_PER_S
from terminal.core.messages import Batch
from terminal.store import recordings
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.recordings import Selection
from tests.store.market_messages import make_table, trade_batch

ROWS = 260_000
"""The database frees room by groups of 122,880 rows."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MarketDatabase]:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    yield database
    database.close()


def incompressible(seed: int) -> Batch:
    batch = trade_batch([1] * ROWS, 0, step_ns=NS_PER_S // 10)
    random = np.random.default_rng(seed)
    for name in ("v0", "v1"):
        batch[name] = random.integers(0, 2**40, ROWS)
    return batch


def started(database: MarketDatabase, name: str, budget_bytes: int = 1 << 40) -> Recorder:
    limits = RecorderLimits(disk_budget_bytes=budget_bytes)
    recorder = Recorder(database, make_table(), database.path.parent / "spill", SessionRow(name, "sim", "sim"), limits)
    recorder.start()
    return recorder


def trades(database: MarketDatabase, source: int) -> int:
    rows = database.connect().execute("SELECT count(*) FROM raw.trade WHERE source = ?", [source]).fetchall()
    return int(rows[0][0])


def test_the_oldest_recordings_go_first_and_bars_stay(database: MarketDatabase) -> None:
    numbers = []
    for seed in range(3):
        recorder = started(database, f"s{seed}")
        recorder.offer(incompressible(seed))
        assert recorder.stop()
        numbers.append(recorder.session_source)
    connection = database.connect()
    connection.execute("CHECKPOINT")
    used = database.used_bytes()
    bars = connection.execute(
        "SELECT source, count(*), sum(volume) FROM raw.bar_1m GROUP BY source ORDER BY source"
    ).fetchall()
    # A little less than is used, so that one recording is enough to come well below it, whatever blocks it shares.
    recorder = started(database, "now", budget_bytes=used - 500_000)
    assert recorder.keep_within_budget() == numbers[:1]
    assert recorder.stop()
    assert [trades(database, number) for number in numbers] == [0, ROWS, ROWS]
    assert database.used_bytes() < used - 1_000_000
    after = connection.execute(
        "SELECT source, count(*), sum(volume) FROM raw.bar_1m GROUP BY source ORDER BY source"
    ).fetchall()
    assert after == bars
    info = recordings.list_sources(connection)[0]
    assert (info.pruned, info.rows) == (True, ROWS)
    with pytest.raises(Exception, match="disk budget"):
        list(recordings.read_messages(connection, Selection(sources=(numbers[0],)), np.zeros(1, np.int32)))


def test_nothing_goes_while_there_is_room(database: MarketDatabase) -> None:
    recorder = started(database, "s")
    recorder.offer(incompressible(1))
    assert recorder.keep_within_budget() == []
    assert recorder.stop()
    assert trades(database, recorder.session_source) == ROWS


def test_a_recording_that_outgrows_the_budget_loses_its_own_beginning(database: MarketDatabase) -> None:
    recorder = started(database, "s", budget_bytes=1)
    sent = incompressible(1)
    recorder.offer(sent)
    recorder.flush()
    recorder.call(recorder._writer.roll_up)
    assert recorder.keep_within_budget() == [recorder.session_source]
    left = trades(database, recorder.session_source)
    assert 0 < left < ROWS
    assert recorder.stop()
    rows = database.connect().execute("SELECT sum(volume)::BIGINT, sum(prints)::BIGINT FROM raw.bar_1d").fetchall()
    assert rows == [(int(sent["v1"].sum()), ROWS)]


def test_a_pruned_file_can_be_imported_again(database: MarketDatabase) -> None:
    sent = incompressible(1)[:1000]
    for name, is_there in (("one", False), ("two", True), ("three", False)):
        recorder = started(database, name)
        handle = recorder.begin_source("lean", "goog.zip", "aa")
        assert handle.already_complete is is_there
        sent["source"] = handle.id
        recorder.offer(sent)
        recorder.complete_source(handle.id, len(sent))
        assert recorder.stop()
        assert trades(database, handle.id) == 1000
        if name == "two":
            database.connect().execute("UPDATE source SET pruned = TRUE WHERE id = ?", [handle.id])
