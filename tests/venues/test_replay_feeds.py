"""Recorded days as feeds: complete, in order, the same each time, and back from our own database."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from terminal.core.clock import MarketClock, at_ns
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import MESSAGE, Batch, Kind
from terminal.core.tape import Tape
from terminal.infra.failures import UserFacingError
from terminal.market.engine import Engine, EngineHooks, Rank
from terminal.market.feed import Feed, FeedRunner
from terminal.market.importers.lean.archive import UnreadableFile
from terminal.market.importers.lean.catalog import NoSuchData
from terminal.market.importers.sources import SourceTable
from terminal.market.state import MarketState
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder
from terminal.venues.replay import lean_feed
from terminal.venues.replay.lean_feed import LeanFeed
from terminal.venues.replay.recording_feed import NoSuchRecording, RecordingFeed
from tests.market.importers.lean_files import equity_minutes

FIRST, LAST = date(2015, 12, 23), date(2015, 12, 28)


@pytest.fixture
def lean(shared_data: Path) -> Path:
    return shared_data / "lean"


def whole(batches: Iterable[Batch]) -> Batch:
    parts = [batch for batch in batches if len(batch)]
    assert all(len(part) <= 1 << 16 for part in parts)
    batch: Batch = np.concatenate(parts, dtype=MESSAGE)
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    return batch


def digest_of(feed: Feed, table: InstrumentTable) -> str:
    state = MarketState(table, "replay")
    for batch in feed.batches():
        state.apply(batch)
    return state.digest()


def test_three_days_of_google_one_after_another(lean: Path) -> None:
    table = InstrumentTable()
    rows_told: list[dict[int, int]] = []
    feed = LeanFeed(lean, "GOOG", FIRST, LAST, table, on_loaded=lambda rows: rows_told.append(dict(rows)))
    assert feed.days == (date(2015, 12, 23), date(2015, 12, 24), date(2015, 12, 28))
    assert feed.end_ns() == at_ns(LAST, 20)
    assert feed.first_ns() == at_ns(FIRST, 4)
    assert feed.days_loaded == 1
    batch = whole(feed.batches())
    assert feed.total_rows == len(batch)
    assert feed.end_ns() == int(batch["ts_ns"][-1]) == at_ns(LAST, 20, 1)
    assert {kind: row["kept"] for kind, row in feed.report.by_kind.items()}["option_quote"] == 275_552 + 28_932 + 240
    assert sum(sum(rows.values()) for rows in rows_told) == int((batch["source"] > 0).sum())
    assert feed.report.days == ["2015-12-23", "2015-12-24", "2015-12-28"]
    counted = np.bincount(batch["source"], minlength=len(feed.sources) + 1)
    assert {number: int(counted[number]) for rows in rows_told for number in rows} == {
        number: count for rows in rows_told for number, count in rows.items()
    }
    assert feed.underlying.symbol == "GOOG"


def test_a_feed_can_begin_again_and_gives_the_same(lean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = InstrumentTable()
    feed = LeanFeed(lean, "GOOG", FIRST, LAST, table)
    first = digest_of(feed, table)
    report = feed.report.as_json()
    assert digest_of(feed, table) == first
    # Without room for what was read, days are read again and counted once all the same.
    monkeypatch.setattr(lean_feed, "_KEPT_BYTES", 0)
    other_table = InstrumentTable()
    other = LeanFeed(lean, "GOOG", FIRST, LAST, other_table)
    assert digest_of(other, other_table) == digest_of(other, other_table) == first
    assert other.report.as_json() == report


def test_a_feed_that_is_left_half_way_ends_its_thread(lean: Path) -> None:
    feed = LeanFeed(lean, "GOOG", FIRST, LAST, InstrumentTable())
    batches = feed.batches()
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("lean-days") for thread in threading.enumerate())


def test_progress_is_told_and_days_are_read_in_a_thread(lean: Path) -> None:
    feed = LeanFeed(lean, "SPX", date(2021, 1, 1), date(2023, 12, 31), InstrumentTable())
    told: list[tuple[int, int]] = []
    feed.load(lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2)]


def test_what_cannot_be_replayed_is_one_sentence(lean: Path, tmp_path: Path) -> None:
    for root, symbol, day in (
        (tmp_path / "nothing", "GOOG", FIRST),
        (lean, "ZZZZ", FIRST),
        (lean, "GOOG", date(2015, 12, 25)),
    ):
        with pytest.raises(NoSuchData) as failure:
            LeanFeed(root, symbol, day, day, InstrumentTable())
        assert isinstance(failure.value, UserFacingError)
        assert failure.value.message.endswith(".")
        assert "\n" not in failure.value.message


def test_a_broken_zip_stops_the_replay_with_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "option/usa/minute/goog"
    folder.mkdir(parents=True)
    (folder / "20151224_quote_american.zip").write_bytes(b"PK nothing")
    feed = LeanFeed(tmp_path, "GOOG", date(2015, 12, 24), date(2015, 12, 24), InstrumentTable())
    with pytest.raises(UnreadableFile, match=r"20151224_quote_american\.zip is no zip file") as failure:
        feed.load()
    assert failure.value.exit_code == 1
    with pytest.raises(UnreadableFile):
        list(feed.batches())


def test_a_late_bar_is_played_after_midnight_and_before_the_next_day(tmp_path: Path) -> None:
    bar = "10000,12000,9000,11000,100\n"
    equity_minutes(tmp_path, "20240110", "trade", f"34200000,{bar}86340000,{bar}")
    equity_minutes(tmp_path, "20240111", "trade", f"0,{bar}34200000,{bar}")
    feed = LeanFeed(tmp_path, "ACME", date(2024, 1, 10), date(2024, 1, 11), InstrumentTable())
    batch = whole(feed.batches())
    bars = batch[batch["kind"] == Kind.BAR]["ts_ns"].tolist()
    assert bars == [
        at_ns(date(2024, 1, 10), 9, 31),
        at_ns(date(2024, 1, 11), 0, 0),
        at_ns(date(2024, 1, 11), 0, 1),
        at_ns(date(2024, 1, 11), 9, 31),
    ]


def test_the_engine_plays_the_worked_case(lean: Path) -> None:
    """Through the tape and the conductor: what a command at 09:36:30 and at 12:00 would see."""
    table = InstrumentTable()
    feed = LeanFeed(lean, "GOOG", date(2015, 12, 24), date(2015, 12, 24), table)
    feed.load()
    option = table.find("GOOG 2015-12-24 750 C").id
    tape = Tape()
    engine = Engine(tape, MarketState(table, "replay"), MarketClock(), EngineHooks())
    seen: list[tuple[int, int]] = []
    finished = threading.Event()

    def look(_ts_ns: int) -> None:
        row = engine.state.read_one(option)
        seen.append((int(row["bid_px"]), int(row["ask_px"])))

    day = date(2015, 12, 24)
    engine.at(at_ns(day, 9, 36, 30), Rank.COMMAND, look)
    engine.at(at_ns(day, 12), Rank.COMMAND, look)
    engine.at(feed.end_ns() or 0, Rank.END, lambda _ts_ns: finished.set())
    engine.start()
    runner = FeedRunner(feed, tape, None, restart=engine.restart)

    async def run() -> None:
        task = asyncio.ensure_future(runner.run())
        while not finished.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.005)
        runner.stop()
        await task

    asyncio.run(asyncio.wait_for(run(), 60))
    engine.stop()
    assert runner.failure is None
    assert seen[0] == (14_000, 16_000)
    assert seen[1][0] == 11_000
    assert engine.state.message_counts()["option_quote"] == 275_552


def record(database: MarketDatabase, folder: Path, session: str, lean: Path, day: date) -> tuple[Batch, str]:
    """Records one day of GOOG under ``session``; gives its messages and their digest."""
    table = InstrumentTable()
    recorder = Recorder(database, table, folder / "spill", SessionRow(session, "replay", "replay"))
    recorder.start()

    def begin(kind: str, name: str, sha256: str, interval_s: int) -> tuple[int, bool]:
        handle = recorder.begin_source(kind, name, sha256, interval_s=interval_s)
        return handle.id, handle.already_complete

    def loaded(rows: dict[int, int]) -> None:
        for number, count in rows.items():
            recorder.complete_source(number, count)

    feed = LeanFeed(
        lean, "GOOG", day, day, table, sources=SourceTable(begin), on_loaded=lambda rows: loaded(dict(rows))
    )
    batch = whole(feed.batches())
    assert recorder.offer(batch, 10.0)
    assert recorder.flush()
    assert recorder.stop()
    return batch, digest_of(feed, table)


def test_what_was_recorded_can_be_replayed(lean: Path, tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    try:
        batch, digest = record(database, tmp_path, "one", lean, LAST)
        record(database, tmp_path, "two", lean, LAST)
        table = InstrumentTable()
        feed = RecordingFeed(database, "goog", FIRST, LAST, table)
        assert feed.session == "two"
        assert feed.underlying.symbol == "GOOG"
        assert (feed.first_ns(), feed.end_ns()) == (int(batch["ts_ns"][0]), int(batch["ts_ns"][-1]))
        played = whole(feed.batches())
        assert len(played) == len(batch) == feed.total_rows
        for name in ("ts_ns", "v0", "v1", "v2", "v3", "v4", "kind", "flags", "venue", "order"):
            assert played[name].tolist() == batch[name].tolist(), name
        assert set(played["source"].tolist()) == {0}
        assert digest_of(feed, table) == digest
        named = RecordingFeed(database, "GOOG", LAST, LAST, InstrumentTable(), session="one", keep_sources=True)
        assert len(set(whole(named.batches())["source"].tolist())) > 3
        with pytest.raises(NoSuchRecording, match="no recording of GOOG on 2015-12-23; choose other days"):
            RecordingFeed(database, "GOOG", FIRST, FIRST, InstrumentTable())
        with pytest.raises(NoSuchRecording, match="of the session three of GOOG"):
            RecordingFeed(database, "GOOG", LAST, LAST, InstrumentTable(), session="three")
    finally:
        database.close()


def test_a_recording_left_half_way_ends_its_thread(lean: Path, tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    try:
        record(database, tmp_path, "one", lean, LAST)
        batches = RecordingFeed(database, "GOOG", LAST, LAST, InstrumentTable()).batches()
        next(batches)
        batches.close()  # type: ignore[attr-defined]
        assert not any(thread.name.startswith("recording") for thread in threading.enumerate())
    finally:
        database.close()


def test_another_place_of_the_same_files_gives_the_same_digest(lean: Path, tmp_path: Path) -> None:
    for there in ("option/usa/minute/goog", "equity/usa/minute/goog", "equity/usa/daily"):
        shutil.copytree(lean / there, tmp_path / "copy" / there, copy_function=shutil.copyfile)
    digests = set()
    for root in (lean, tmp_path / "copy"):
        table = InstrumentTable()
        digests.add(digest_of(LeanFeed(root, "GOOG", LAST, LAST, table), table))
    assert len(digests) == 1
