"""Hot reads: memory and database together, each message once, and nothing that is not yet visible."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from terminal.core.clock import NS_PER_S, at_ns, midnight_ns
from terminal.core.messages import Batch, Flag, Kind, empty_batch
from terminal.store.bar_rows import BAR, DAY_S, merge
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.market_reader import Store
from terminal.store.recorder import Recorder, RecorderLimits
from tests.store.market_messages import OPEN_NS, make_table, quote_batch, trade_batch

DAY = date(2015, 12, 24)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MarketDatabase]:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    yield database
    database.close()


def recorder_on(database: MarketDatabase, name: str = "s1", flush_after_s: float = 0.01) -> Recorder:
    settings = RecorderLimits(ring_messages=1 << 14, flush_messages=1 << 12, flush_after_s=flush_after_s)
    recorder = Recorder(
        database, make_table(), database.path.parent / "spill", SessionRow(name, "sim", "sim"), settings
    )
    recorder.start()
    return recorder


def test_rows_in_memory_and_in_the_database_make_one_answer(database: MarketDatabase) -> None:
    recorder = recorder_on(database, flush_after_s=60)
    store = Store(database, make_table(), recorder)
    sent = quote_batch(50, 0)
    recorder.offer(sent[:30])
    assert recorder.flush()
    recorder.offer(sent[30:])
    assert recorder.lag == 20
    for count in (0, 1, 19, 20, 21, 50, 99):
        got = store.latest_quotes(0, count)
        np.testing.assert_array_equal(got["v2"], np.arange(50)[50 - min(count, 50) :])
    assert len(store.latest_quotes(1, 5)) == 0
    assert len(store.latest_trades(0, 5)) == 0
    recorder.stop()


def test_every_moment_of_a_recording_reads_without_gap_or_repeat(database: MarketDatabase) -> None:
    recorder = recorder_on(database)
    store = Store(database, make_table(), recorder)
    sent = quote_batch(60_000, 0)
    offered = 0
    failures: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            before = offered
            got = store.latest_quotes(0, 300)["v2"]
            if len(got) and not np.array_equal(got, np.arange(got[0], got[0] + len(got))):
                failures.append(f"a gap or a repeat near {got[0]}")
            if before and (not len(got) or got[-1] < before - 1):
                failures.append(f"{before} offered, {got[-1] if len(got) else None} seen")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for at in range(0, len(sent), 500):
        while not recorder.offer(sent[at : at + 500], 1.0):
            pass
        offered = at + 500
    recorder.flush()
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert recorder.stop()


def expected_bars(prices: list[int], seconds: int) -> list[tuple[int, ...]]:
    rows: list[tuple[int, ...]] = []
    for at in range(0, len(prices), seconds):
        part = prices[at : at + seconds]
        rows.append((OPEN_NS + at * NS_PER_S, part[0], max(part), min(part), part[-1], len(part)))
    return rows


@pytest.mark.parametrize("seconds", [1, 5, 60, 300, 1800])
@pytest.mark.parametrize("flushed", [0, 100, 599, 601, 2000])
def test_bars_are_those_of_all_trades(database: MarketDatabase, seconds: int, flushed: int) -> None:
    recorder = recorder_on(database, flush_after_s=60)
    store = Store(database, make_table(), recorder)
    prices = [int(price) for price in np.random.default_rng(seconds).integers(10_000, 20_000, 2000)]
    sent = trade_batch(prices, 0)
    late = trade_batch([1], 0)
    late["flags"] = Flag.OFF_BOOK
    if flushed:
        recorder.offer(sent[:flushed])
        recorder.flush()
        recorder.call(recorder._writer.roll_up)
    recorder.offer(np.concatenate([sent[flushed:], late]))
    got = store.bars(0, seconds, 10_000)
    assert [tuple(int(value) for value in row) for row in got] == expected_bars(prices, seconds)
    assert len(store.bars(0, seconds, 3)) == min(3, len(got))
    assert recorder.stop()
    again = Store(database, make_table()).bars(0, seconds, 10_000)
    np.testing.assert_array_equal(again, got)


def test_a_bar_shows_nothing_from_after_the_moment_asked_for(database: MarketDatabase) -> None:
    recorder = recorder_on(database)
    prices = list(range(10_000, 10_600))
    recorder.offer(trade_batch(prices, 0))
    assert recorder.stop()
    store = Store(database, make_table())
    until_ns = OPEN_NS + 90 * NS_PER_S
    for seconds in (1, 60, 300, DAY_S):
        bars = store.bars(0, seconds, 100, until_ns=until_ns)
        assert bars[-1]["close"] == 10_089
        assert bars["volume"].sum() == min(90, seconds * 100)
    assert store.latest_trades(0, 1, until_ns=until_ns)["v0"].tolist() == [10_089]


def test_the_finest_source_speaks_and_other_sessions_do_not(database: MarketDatabase) -> None:
    first = recorder_on(database, "old")
    first.offer(trade_batch([50_000] * 60, 0))
    assert first.stop()
    recorder = recorder_on(database, "new")
    minute = recorder.begin_source("lean", "equity/goog_trade.zip", "aa", interval_s=60)
    ticks = recorder.begin_source("lean", "equity/goog_tick.zip", "bb")
    bar = empty_batch(2)
    bar["ts_ns"] = OPEN_NS + 60 * NS_PER_S * np.arange(1, 3)
    bar["kind"], bar["instrument"], bar["source"] = Kind.BAR, 0, minute.id
    bar["v0"], bar["v1"], bar["v2"], bar["v3"], bar["v4"] = 100, 130, 90, 110, 7
    trades = trade_batch([101, 102], 0)
    trades["source"] = ticks.id
    for number, batch in ((minute.id, bar), (ticks.id, trades)):
        recorder.offer(batch)
        recorder.complete_source(number, 2)
    recorder.flush()
    got = Store(database, make_table(), recorder).bars(0, 60, 10)
    assert [(int(row["close"]), int(row["volume"])) for row in got] == [(102, 2), (110, 7)]
    # A bar of a minute says nothing about its seconds.
    assert Store(database, make_table(), recorder).bars(0, 1, 10)["close"].tolist() == [101, 102]
    assert recorder.stop()


def test_a_replayed_file_is_not_read_twice(database: MarketDatabase) -> None:
    sent = quote_batch(10, 0)
    for name in ("one", "two"):
        recorder = recorder_on(database, name, flush_after_s=60)
        handle = recorder.begin_source("lean", "goog.zip", "aa")
        assert handle.already_complete == (name == "two")
        sent["source"] = handle.id
        recorder.offer(sent)
        recorder.complete_source(handle.id, len(sent))
        got = Store(database, make_table(), recorder).latest_quotes(0, 100)
        np.testing.assert_array_equal(got["v2"], np.arange(10))
        assert recorder.stop()


def test_days_are_new_yorks_and_half_hours_begin_with_the_session() -> None:
    prints = np.zeros(3, BAR)
    prints["ts_ns"] = [at_ns(DAY, 9, 31), at_ns(DAY, 10, 1), at_ns(DAY, 23, 59)]
    prints["high"] = prints["low"] = prints["open"] = prints["close"] = [1, 2, 3]
    assert merge(prints, DAY_S)["ts_ns"].tolist() == [midnight_ns(DAY)]
    assert merge(prints, 3600)["ts_ns"][:1].tolist() == [at_ns(DAY, 9, 30)]
    assert len(merge(prints, 1800)) == 3


@pytest.mark.parametrize("seconds", [0, -1, 90, DAY_S + 60])
def test_odd_frames_are_refused(database: MarketDatabase, seconds: int) -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        Store(database, make_table()).bars(0, seconds, 10)


def test_without_a_recorder_all_sessions_are_seen(database: MarketDatabase) -> None:
    recorder = recorder_on(database)
    sent: Batch = quote_batch(5, 0)
    recorder.offer(sent)
    assert recorder.stop()
    assert Store(database, make_table()).latest_quotes(0, 9)["v2"].tolist() == [0, 1, 2, 3, 4]
