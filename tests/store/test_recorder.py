"""The recorder: every message once and in order, through lag, crashes, full disks and files that were seen before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from terminal.core.messages import Kind, clock_message, empty_batch
from terminal.store import recorder as recorders
from terminal.store import recordings
from terminal.store.batch_writer import BatchWriter, SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.recorder_status import RecorderState
from terminal.store.spill import SpillFile
from tests.store.market_messages import make_table, quote_batch, trade_batch
from tests.store.recording import SMALL, eventually, offer_all, source_row, started, stored


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MarketDatabase]:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    yield database
    database.close()


def test_everything_offered_is_stored_once_and_counted(database: MarketDatabase) -> None:
    recorder = started(database)
    offer_all(recorder, np.concatenate([quote_batch(10_000, 0), trade_batch([1, 2, 3], 0, start_ns=2 * 10**18)]))
    recorder.offer(clock_message(3 * 10**18))
    assert recorder.flush()
    assert recorder.state is RecorderState.OK
    assert recorder.status().rows == 10_003
    assert recorder.stop()
    row = source_row(database, recorder.session_source)
    assert (row["complete"], row["row_count"], row["quotes"], row["trades"]) == (True, 10_003, 10_000, 3)
    assert stored(database, recorder.session_source) == list(range(10_000))


def test_unknown_instruments_and_kinds_are_counted_and_not_stored(database: MarketDatabase) -> None:
    recorder = started(database)
    batch = quote_batch(4, 0)
    batch["instrument"] = [0, 5000, -7, 0]
    batch["kind"] = [Kind.QUOTE, Kind.QUOTE, Kind.QUOTE, 99]
    recorder.offer(batch)
    assert recorder.flush()
    assert recorder.status().refused == 3
    recorder.stop()
    row = source_row(database, recorder.session_source)
    assert (row["row_count"], row["refused"]) == (1, 3)


def test_instruments_added_later_get_their_rows(database: MarketDatabase) -> None:
    table = make_table(options=2)
    recorder = Recorder(database, table, database.path.parent / "spill", SessionRow("s", "sim", "sim"), SMALL)
    recorder.start()
    recorder.offer(quote_batch(1, 0))
    recorder.flush()
    row = table.get(0)
    added = table.add("NEW", row.kind, row.session, row.tick_class)
    recorder.offer(quote_batch(2, added.id))
    assert recorder.stop()
    counted = database.connect().execute("SELECT symbol, count(*) FROM equity_quote GROUP BY symbol ORDER BY symbol")
    assert counted.fetchall() == [("GOOG", 1), ("NEW", 2)]


def test_a_full_ring_says_no_and_takes_nothing(database: MarketDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    write = BatchWriter.write

    def slow(*arguments: object, **named: object) -> int:
        gate.wait()
        return write(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchWriter, "write", slow)
    limits = RecorderLimits(ring_messages=1 << 12, flush_messages=1 << 10, flush_after_s=0.01, spill=False)
    recorder = started(database, limits=limits)
    sent = quote_batch(20_000, 0)
    at = 0
    while recorder.offer(sent[at : at + 256], 0.2):
        at += 256
    assert at >= 1 << 12
    assert recorder.lag == at
    gate.set()
    offer_all(recorder, sent[at:])
    assert recorder.stop(10)
    assert stored(database, recorder.session_source) == list(range(20_000))


def test_a_batch_larger_than_the_ring_is_a_mistake(database: MarketDatabase) -> None:
    recorder = started(database)
    with pytest.raises(ValueError, match="larger than"):
        recorder.offer(quote_batch((1 << 12) + 1, 0))
    recorder.stop()


def test_at_half_a_ring_messages_spill_and_come_back_in_order(
    database: MarketDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    write = BatchWriter.write

    def slow(*arguments: object, **named: object) -> int:
        gate.wait()
        return write(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchWriter, "write", slow)
    recorder = started(database)
    sent = quote_batch(30_000, 0)
    offer_all(recorder, sent[:25_000])
    status = recorder.status()
    assert status.state is RecorderState.DEGRADED
    assert status.spilled >= 1 << 12
    assert status.lag == 25_000
    gate.set()
    offer_all(recorder, sent[25_000:])
    assert recorder.flush(30)
    assert recorder.state is RecorderState.OK
    assert list((database.path.parent / "spill").iterdir()) == []
    assert recorder.stop()
    assert stored(database, recorder.session_source) == list(range(30_000))


def test_what_a_stop_cannot_write_is_there_after_the_next_start(
    database: MarketDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> int:
        raise duckdb.IOException("IO Error: the disk is slow today")

    recorder = started(database, "first")
    sent = quote_batch(9_000, 0)
    offer_all(recorder, sent[:1_000])
    assert recorder.flush()
    with monkeypatch.context() as patch:
        patch.setattr(BatchWriter, "write", fails)
        offer_all(recorder, sent[1_000:])
        eventually(lambda: bool(recorder.status().problem))
        assert recorder.state is RecorderState.DEGRADED
        assert "slow today" in recorder.status().problem
        assert not recorder.stop(0.5)
    assert source_row(database, recorder.session_source)["complete"] is False
    again = started(database, "second")
    assert stored(database, recorder.session_source) == list(range(9_000))
    assert source_row(database, recorder.session_source)["complete"] is True
    assert list((database.path.parent / "spill").iterdir()) == []
    assert again.stop()


def test_a_spill_file_that_was_half_stored_is_not_stored_twice(database: MarketDatabase) -> None:
    recorder = started(database, "first")
    recorder.offer(quote_batch(10, 0))
    assert recorder.stop()
    spill = SpillFile(database.path.parent / "spill", "first", recorder.session_source, make_table())
    spill.append(quote_batch(50, 0))
    spill.close()
    database.connect().execute("INSERT INTO spill VALUES (?, 20)", [spill.name])
    assert started(database, "second").stop()
    assert stored(database, recorder.session_source) == [*range(10), *range(20, 50)]


def test_an_unreadable_spill_file_is_put_aside_with_a_sentence(database: MarketDatabase) -> None:
    folder = database.path.parent / "spill"
    folder.mkdir()
    (folder / "old-000002.messages").write_bytes(b"x" * 1000)
    (folder / "old-000002.instruments").write_text("no json\n")
    recorder = started(database)
    assert "put aside" in recorder.problems[0]
    assert (folder / "old-000002.unreadable").read_bytes() == b"x" * 1000
    assert recorder.stop()


def test_a_file_is_written_once_and_a_cut_one_again(database: MarketDatabase) -> None:
    sent = quote_batch(500, 0)
    first = started(database, "one")
    handle = first.begin_source("lean", "goog.zip", "aa")
    assert not handle.already_complete
    assert first.begin_source("lean", "goog.zip", "aa") == handle
    sent["source"] = handle.id
    first.offer(sent[:200])
    first.complete_source(handle.id, 500)
    first.stop()
    assert source_row(database, handle.id)["complete"] is False
    assert any("not read to their end" in problem for problem in first.problems)

    second = started(database, "two")
    again = second.begin_source("lean", "goog.zip", "aa")
    assert (again.id, again.already_complete) == (handle.id, False)
    second.offer(sent[:300])
    second.complete_source(again.id, 500)
    second.offer(sent[300:])
    assert second.stop()
    assert source_row(database, handle.id)["complete"] is True
    assert stored(database, handle.id) == list(range(500))

    third = started(database, "three")
    assert third.begin_source("lean", "goog.zip", "aa").already_complete
    third.offer(sent)
    third.complete_source(handle.id, 500)
    assert third.stop()
    assert stored(database, handle.id) == list(range(500))
    assert database.connect().execute("SELECT count(*) FROM raw.bar_1d").fetchall() == [(0,)]


def test_replaying_a_recording_adds_no_row(database: MarketDatabase) -> None:
    first = started(database, "one")
    first.offer(quote_batch(10, 0))
    assert first.stop()
    again = started(database, "two")
    sent = quote_batch(12, 0)
    sent["source"] = [first.session_source] * 10 + [0, 999_999]
    again.offer(sent)
    assert again.stop()
    assert stored(database, first.session_source) == list(range(10))
    assert stored(database, again.session_source) == [10, 11]
    sessions = {info.name: info.sources for info in recordings.list_sessions(database.connect())}
    assert sessions["two"] == (first.session_source, again.session_source)


def test_new_content_under_an_old_name_replaces_it_when_whole(database: MarketDatabase) -> None:
    numbers: list[int] = []
    for name, sha256, rows in (("one", "aa", 5), ("two", "bb", 7)):
        recorder = started(database, name)
        handle = recorder.begin_source("lean", "goog.zip", sha256)
        sent = quote_batch(rows, 0)
        sent["source"] = handle.id
        recorder.offer(sent)
        recorder.flush()
        assert database.connect().execute("SELECT count(*) FROM source WHERE kind = 'lean'").fetchall() == [
            (len(numbers) + 1,)
        ]
        recorder.complete_source(handle.id, rows)
        assert recorder.stop()
        numbers.append(handle.id)
    assert database.connect().execute("SELECT id FROM source WHERE kind = 'lean'").fetchall() == [(numbers[1],)]
    assert stored(database, numbers[0]) == []
    assert stored(database, numbers[1]) == list(range(7))


def test_a_resumed_session_replaces_or_goes_on(database: MarketDatabase) -> None:
    for go_on, expected in ((False, [*range(10)]), (True, [*range(10), *range(10)])):
        recorder = started(database, "s", go_on=go_on)
        recorder.offer(quote_batch(10, 0))
        assert recorder.stop()
        assert stored(database, recorder.session_source) == expected
    recorder = started(database, "s")
    recorder.offer(quote_batch(3, 0))
    assert recorder.stop()
    assert stored(database, recorder.session_source) == [0, 1, 2]


def test_roll_ups_of_a_session_that_goes_on_are_not_doubled(database: MarketDatabase) -> None:
    prices = list(range(1000, 1400))
    sent = trade_batch(prices, 0)
    for part, go_on in ((sent[:190], False), (sent[190:], True)):
        recorder = started(database, "s", go_on=go_on)
        recorder.offer(part)
        assert recorder.stop()
    connection = database.connect()
    for name in ("raw.bar_1s", "raw.bar_1m", "raw.bar_1d"):
        rows = connection.execute(f"SELECT sum(volume), count(*) - count(DISTINCT start_ns) FROM {name}").fetchall()
        assert rows == [(400, 0)]
    assert connection.execute("SELECT open_px, high_px, low_px, close_px FROM raw.bar_1d").fetchall() == [
        (1000, 1399, 1000, 1399)
    ]


def test_calls_run_on_the_writing_thread_and_give_errors_back(database: MarketDatabase) -> None:
    recorder = started(database)
    assert recorder.call(lambda: threading.current_thread().name) == "recorder"
    with pytest.raises(ZeroDivisionError):
        recorder.call(lambda: 1 // 0)
    assert recorder.paused(lambda: 5) == 5
    recorder.stop()
    with pytest.raises(Exception, match="does not answer"):
        recorder.call(lambda: 1)


def test_a_recorder_that_was_never_started_stops(database: MarketDatabase) -> None:
    recorder = Recorder(database, make_table(), database.path.parent / "spill", SessionRow("s", "sim", "sim"))
    assert recorder.stop()
    assert recorders.Recorder is Recorder
    assert len(empty_batch(0)) == recorder.lag
