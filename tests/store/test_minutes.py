"""The session's minutes in memory are those of its trades, or said to be unknown; with the database's they are as if
the database had been asked for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_S
from terminal.core.messages import Batch, Flag, Kind, empty_batch
from terminal.store.bar_rows import BAR, Bars, merge
from terminal.store.market_db import MarketDatabase
from terminal.store.market_reader import Store
from terminal.store.minutes import SessionMinutes
from terminal.store.recorder import Recorder
from tests.store.market_messages import OPEN_NS, batches, make_table, trade_batch
from tests.store.recording import offer_all, started

MINUTE_NS = 60 * NS_PER_S


def _stream(count: int, instruments: int, seed: int, *, longest_ns: int = 40 * NS_PER_S) -> Batch:
    chance = np.random.default_rng(seed)
    batch = empty_batch(count)
    batch["ts_ns"] = OPEN_NS + np.cumsum(chance.integers(0, longest_ns, count))
    batch["instrument"] = chance.integers(0, instruments, count)
    batch["kind"] = chance.choice([Kind.QUOTE, Kind.TRADE, Kind.TRADE, Kind.DEPTH], count)
    batch["flags"] = np.where(chance.random(count) < 0.1, int(Flag.OFF_BOOK), 0)
    batch["v0"], batch["v1"] = chance.integers(1, 100, count), chance.integers(0, 9, count)
    return batch


def _true(stream: Batch, instrument: int) -> Bars:
    own = stream[(stream["instrument"] == instrument) & (stream["kind"] == Kind.TRADE) & (stream["flags"] == 0)]
    prints = np.empty(len(own), BAR)
    prints["ts_ns"], prints["volume"] = own["ts_ns"], own["v1"]
    for name in ("open", "high", "low", "close"):
        prints[name] = own["v0"]
    return merge(prints, 60)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 400),
    instruments=st.integers(1, 5),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    late=st.integers(0, 60),
    room=st.sampled_from([1 << 20, 52 * 20]),
    seed=st.integers(0, 99),
)
def test_they_are_those_of_all_trades_or_unknown(
    count: int, instruments: int, cuts: list[int], late: int, room: int, seed: int
) -> None:
    stream = _stream(count, instruments, seed)
    moved = np.random.default_rng(seed + 1).random(count) < late / 1000
    stream["ts_ns"][moved] -= 90 * NS_PER_S
    minutes = SessionMinutes(room)
    *parts, fresh = np.split(stream, sorted(min(each, count) for each in cuts))
    for part in parts:
        minutes.take_in(part, 7)
    unknown = 0
    for instrument in range(instruments):
        got = minutes.read(instrument, fresh[fresh["instrument"] == instrument], 7)
        unknown += got is None
        if got is not None and not moved.any():
            np.testing.assert_array_equal(got, _true(stream, instrument))
        elif got is not None:
            own = stream[stream["instrument"] == instrument]
            np.testing.assert_array_equal(
                got, _true(own[np.argsort(own["ts_ns"] // MINUTE_NS, kind="stable")], instrument)
            )
    if room > 1 << 16 and not moved.any():
        assert unknown == 0


def test_what_is_not_the_sessions_own_makes_them_unknown() -> None:
    minutes = SessionMinutes()
    batch = trade_batch([5, 6], 3)
    batch["source"] = [0, 4]
    minutes.take_in(batch, 4)
    assert minutes.read(3) is not None
    assert minutes.read(-1) is not None
    bar = batch[:1].copy()
    bar["kind"] = Kind.BAR
    minutes.take_in(bar, 4)
    assert minutes.read(3) is None
    assert minutes.read(2) is not None
    batch["source"] = 5
    minutes.take_in(batch, 4)
    assert minutes.read(2) is None


@settings(max_examples=60, deadline=None)
@given(stream=batches(most=40), cut=st.integers(0, 40))
def test_whatever_comes_they_are_the_exact_bars_or_unknown(stream: Batch, cut: int) -> None:
    minutes = SessionMinutes()
    stream["source"] = 0
    for part in (stream[:cut], stream[cut:]):
        minutes.take_in(part, 7)
    for instrument in range(11):
        got = minutes.read(instrument)
        if got is not None:
            own = stream[(stream["instrument"] == instrument) & (stream["kind"] == Kind.TRADE)]
            own = own[(own["flags"] & int(Flag.OFF_BOOK)) == 0]
            exact: dict[int, list[int]] = {}
            for trade in own:
                exact.setdefault(int(trade["ts_ns"]) // MINUTE_NS * MINUTE_NS, []).append(int(trade["v1"]))
            assert got["ts_ns"].tolist() == sorted(exact)
            assert got["volume"].tolist() == [sum(exact[start]) for start in sorted(exact)]
            assert got["close"].tolist()[-1:] == own["v0"].tolist()[-1:]


def test_a_fault_of_theirs_does_not_stop_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    recorder = started(database)

    def breaks(*_: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(recorder.waiting.minutes, "_add", breaks)
    offer_all(recorder, trade_batch(list(range(1, 3_000)), 0, step_ns=NS_PER_S // 100))
    assert recorder.flush()
    assert recorder.minutes(0) is None
    assert Store(database, make_table(), recorder).bars(0, 60, 5)["volume"].sum() == 2_999
    assert recorder.stop()
    assert not recorder.problems
    database.close()


def test_a_sum_that_does_not_fit_is_unknown() -> None:
    minutes = SessionMinutes()
    batch = trade_batch([5, 6, 7], 3, step_ns=1)
    batch["v1"] = 2**62
    for at in range(3):
        minutes.take_in(batch[at : at + 1], 4)
    assert minutes.read(3) is None


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketDatabase]:
    """Two days before as minutes, and two files of ticks that reach into each other and into the session."""
    database = MarketDatabase.open(tmp_path_factory.mktemp("minutes") / "market.duckdb")
    before = started(database, "before")
    for name, first_ns, interval_s in (
        ("one", OPEN_NS - 5000 * NS_PER_S, 0), ("two", OPEN_NS - 3000 * NS_PER_S, 0),
        ("bars", OPEN_NS - 9000 * NS_PER_S, 60),
    ):  # fmt: skip
        handle = before.begin_source("test", name, name, interval_s=interval_s)
        batch = _stream(300, 3, len(name))
        batch["ts_ns"] += first_ns - OPEN_NS
        batch["source"] = handle.id
        if interval_s:
            batch["kind"] = Kind.BAR
            batch["v4"] = 3
        offer_all(before, batch)
        before.complete_source(handle.id, len(batch))
    assert before.flush()
    assert before.stop()
    yield database
    database.close()


class _AskTheDatabase:
    """A recorder whose minutes are never known."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> object:
        return getattr(self._recorder, name)

    def minutes(self, instrument: int) -> None:
        return None


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 300), flushed=st.integers(0, 300), most=st.sampled_from([1, 3, 40, 10_000]),
    seconds=st.sampled_from([60, 300, 3600]), seed=st.integers(0, 99),
)  # fmt: skip
def test_with_other_sources_they_are_what_the_database_says(
    database: MarketDatabase, count: int, flushed: int, most: int, seconds: int, seed: int
) -> None:
    recorder = started(database, f"s{seed}")
    stream = _stream(count, 4, seed)
    offer_all(recorder, stream[:flushed])
    assert recorder.flush()
    recorder.call(recorder._writer.roll_up)
    offer_all(recorder, stream[flushed:])
    slow, fast = (Store(database, make_table(), each) for each in (_AskTheDatabase(recorder), recorder))  # type: ignore[arg-type]
    for instrument in range(5):
        got = fast.bars(instrument, seconds, most)
        np.testing.assert_array_equal(got, slow.bars(instrument, seconds, most))
        assert fast._with_session_minutes(instrument, 60, most, 2**62) is not None
    for store in (slow, fast):
        store.close()
    assert recorder.stop()


def test_where_a_file_is_read_the_database_is_asked(tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    recorder = started(database)
    offer_all(recorder, trade_batch([1, 2], 0))
    assert recorder.minutes(0) is not None
    recorder.begin_source("test", "file", "file")
    assert recorder.minutes(0) is None
    assert Store(database, make_table(), recorder).bars(0, 60, 5)["volume"].tolist() == [2]
    assert recorder.stop()
    database.close()
