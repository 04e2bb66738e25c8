"""The conductor: what happens at an instant, in which order, however the messages are cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import MarketClock
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import ASK, BID, BID_SIZE, Batch, Kind, clock_message, empty_batch
from terminal.core.tape import Tape
from terminal.core.ticks import TickClass
from terminal.market.engine import Engine, EngineHooks, Rank
from terminal.market.feed import FeedRunner
from terminal.market.rows import Ids
from terminal.market.state import MarketState

SECOND_NS = 10**9


class ListFeed:
    """A feed of given quotes: (time, instrument, bid), in chunks."""

    name = "list"

    def __init__(self, quotes: list[tuple[int, int, int]], chunk: int = 7) -> None:
        self.batch = empty_batch(len(quotes))
        for message, (ts_ns, instrument, bid) in zip(self.batch, quotes, strict=True):
            message["ts_ns"], message["instrument"], message["kind"] = ts_ns, instrument, Kind.QUOTE
            message[BID], message[ASK] = bid, bid + 1
        self.chunk = chunk

    def first_ns(self) -> int:
        return int(self.batch["ts_ns"][0])

    def end_ns(self) -> int | None:
        return int(self.batch["ts_ns"][-1])

    def batches(self) -> Iterator[Batch]:
        for start in range(0, len(self.batch), self.chunk):
            yield self.batch[start : start + self.chunk]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the threads under test give no event to wait for
        await asyncio.sleep(0.001)


def make_engine(hooks: EngineHooks, capacity: int = 64) -> tuple[Engine, Tape]:
    table = InstrumentTable()
    for symbol in ("AAA", "BBB", "CCC"):
        table.add(symbol, InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    tape = Tape(capacity)
    return Engine(tape, MarketState(table, "list"), MarketClock(), hooks), tape


def play(engine: Engine, tape: Tape, feed: ListFeed, speed: float | None = None) -> FeedRunner:
    runner = FeedRunner(feed, tape, speed, restart=engine.restart)
    finished = threading.Event()
    engine.at(feed.first_ns() + 10**15, Rank.END, lambda ts_ns: finished.set())
    engine.start()

    async def run() -> None:
        task = asyncio.ensure_future(runner.run())
        await until(lambda: runner.ended)
        tape.write(clock_message(feed.first_ns() + 10**15 + 1))
        runner.stop()
        await task

    asyncio.run(run())
    assert finished.wait(10)
    engine.stop()
    return runner


quotes = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2), st.integers(100, 120)), min_size=1, max_size=60).map(
    sorted
)


@settings(max_examples=25, deadline=None)
@given(quotes, st.sampled_from([2, 8, 64]), st.integers(1, 9), st.lists(st.integers(1, 12), max_size=4))
def test_an_instant_is_data_then_matching_then_timers_then_commands(
    rows: list[tuple[int, int, int]], capacity: int, chunk: int, times: list[int]
) -> None:
    log: list[tuple[Any, ...]] = []
    hooks = EngineHooks()
    engine, tape = make_engine(hooks, capacity)
    engine.watched[1] = True

    def visible() -> list[int]:
        return [int(bid) for bid in engine.state.read(np.arange(3, dtype=np.int32))["bid_px"]]

    def match(ts_ns: int, ids: Ids) -> None:
        assert ids.tolist() == [1]
        log.append((ts_ns, 0, visible()))

    hooks.match = match
    for time_ns in times:
        engine.at(time_ns, Rank.COMMAND, lambda ts_ns: log.append((ts_ns, 2, visible())))
        engine.at(time_ns, Rank.TIMER, lambda ts_ns: log.append((ts_ns, 1, visible())))
    play(engine, tape, ListFeed(rows, chunk))

    expected: list[tuple[Any, ...]] = [(ts, 0) for ts in sorted({ts for ts, instrument, _ in rows if instrument == 1})]
    expected += [(ts, 1) for ts in times] + [(ts, 2) for ts in times]
    assert [entry[:2] for entry in log] == sorted(expected)
    for ts_ns, _, seen in log:
        for instrument in range(3):
            past = [bid for ts, which, bid in rows if which == instrument and ts <= ts_ns]
            if past:
                assert seen[instrument] == past[-1]
            else:
                assert seen[instrument] < 0


def test_every_message_reaches_the_recorder_once_even_when_it_has_no_room() -> None:
    seen: list[int] = []
    refusals = iter([False, True] * 1000)

    def record(batch: Batch) -> bool:
        if not next(refusals):
            return False
        seen.extend(batch["ts_ns"][batch["kind"] == Kind.QUOTE].tolist())
        return True

    engine, tape = make_engine(EngineHooks(record=record))
    play(engine, tape, ListFeed([(n, n % 3, 100) for n in range(1, 200)]))
    assert seen == list(range(1, 200))


def test_an_action_that_raises_is_named_and_the_market_goes_on() -> None:
    engine, tape = make_engine(EngineHooks())

    def broken(ts_ns: int) -> None:
        raise RuntimeError("this handler is broken")

    engine.at(2, Rank.TIMER, broken)
    play(engine, tape, ListFeed([(n, 0, n) for n in range(1, 50)]))
    assert engine.state.read_one(0)["bid_px"] == 49
    assert "this handler is broken" in engine.problems[0]


def test_seeking_back_starts_over_and_records_nothing_twice() -> None:
    seen: list[int] = []

    def record(batch: Batch) -> bool:
        seen.extend(batch["ts_ns"][batch["kind"] == Kind.QUOTE].tolist())
        return True

    engine, tape = make_engine(EngineHooks(record=record))
    feed = ListFeed([(n, 0, n) for n in range(1, 100)])
    runner = FeedRunner(feed, tape, None, restart=engine.restart)
    engine.start()

    async def run() -> None:
        task = asyncio.ensure_future(runner.run())
        await until(lambda: runner.ended)
        runner.pause()
        runner.seek(40)
        await until(lambda: runner.market_ns == 40)
        await until(lambda: engine.clock.now_ns() == 40)
        assert engine.state.read_one(0)["bid_px"] == 40
        runner.step()
        await until(lambda: engine.clock.now_ns() == 41)
        runner.play()
        await until(lambda: runner.ended)
        runner.stop()
        await task

    asyncio.run(asyncio.wait_for(run(), 30))
    engine.stop()
    assert seen == list(range(1, 100))


def test_a_second_pass_at_another_pace_loses_no_message() -> None:
    """A paced feed has clock messages in between, and one that runs free has none."""
    seen: list[int] = []

    def record(batch: Batch) -> bool:
        seen.extend(batch["ts_ns"].tolist())
        return True

    engine, tape = make_engine(EngineHooks(record=record))
    feed = ListFeed([(10 * n, 0, n) for n in range(1, 21)])
    applied = threading.Event()
    engine.start()
    for n in range(10):
        tape.write(feed.batch[n : n + 1])
        tape.write(clock_message(10 * n + 15))
    engine.at(100, Rank.TIMER, lambda ts_ns: applied.set())
    assert applied.wait(10)
    engine.restart()
    applied.clear()
    engine.at(200, Rank.TIMER, lambda ts_ns: applied.set())
    tape.write(feed.batch)
    tape.write(clock_message(201))
    assert applied.wait(10)
    engine.stop()
    assert seen == [10 * n for n in range(1, 21)]


def test_a_paced_feed_keeps_the_ratio_of_market_to_wall_time() -> None:
    engine, tape = make_engine(EngineHooks())
    feed = ListFeed([(n * SECOND_NS // 100, 0, n) for n in range(1, 101)])
    runner = FeedRunner(feed, tape, 10.0, restart=engine.restart)
    engine.start()
    ticks: list[int] = []

    async def run() -> float:
        task = asyncio.ensure_future(runner.run())
        start = asyncio.get_running_loop().time()
        while not runner.ended:
            ticks.append(runner.market_ns)
            await asyncio.sleep(0.005)
        elapsed = asyncio.get_running_loop().time() - start
        runner.stop()
        await task
        return elapsed

    elapsed = asyncio.run(asyncio.wait_for(run(), 60))
    engine.stop()
    assert elapsed >= 0.09
    assert ticks == sorted(ticks)
    assert len(set(ticks)) > 3


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_not_above_zero_is_refused(speed: float) -> None:
    engine, tape = make_engine(EngineHooks())
    runner = FeedRunner(ListFeed([(1, 0, 1)]), tape, None, restart=engine.restart)
    with pytest.raises(ValueError, match="above zero"):
        runner.set_speed(speed)


def test_a_feed_that_breaks_is_kept_as_a_failure() -> None:
    class BrokenFeed(ListFeed):
        def batches(self) -> Iterator[Batch]:
            yield self.batch[:1]
            raise OSError("the source went away")

    engine, tape = make_engine(EngineHooks())
    runner = FeedRunner(BrokenFeed([(1, 0, 1), (2, 0, 2)]), tape, None, restart=engine.restart)
    asyncio.run(runner.run())
    assert isinstance(runner.failure, OSError)
    assert runner.ended


@settings(max_examples=25, deadline=None)
@given(quotes, st.sampled_from([2, 8, 64]), st.integers(1, 9), st.integers(1, 12))
def test_an_action_that_ends_the_run_ends_it_at_its_instant(
    rows: list[tuple[int, int, int]], capacity: int, chunk: int, end_ns: int
) -> None:
    recorded: list[int] = []

    def record(batch: Batch) -> bool:
        recorded.extend(batch["ts_ns"][batch["kind"] == Kind.QUOTE].tolist())
        return True

    engine, tape = make_engine(EngineHooks(record=record), capacity)
    feed = ListFeed(rows, chunk)
    runner = FeedRunner(feed, tape, None, restart=engine.restart)
    engine.at(end_ns, Rank.END, lambda ts_ns: engine.halt())
    engine.start()

    async def run() -> None:
        task = asyncio.ensure_future(runner.run())
        await until(lambda: runner.ended or not engine.is_alive())
        await until(lambda: not engine.is_alive() or tape.lag == 0)
        runner.stop()
        await task

    asyncio.run(asyncio.wait_for(run(), 30))
    engine.stop()
    seen = [ts for ts, _, _ in rows if ts <= end_ns]
    assert recorded == seen
    assert engine.state.channel.messages == len(seen)
    unseen = len(rows) - len(seen)
    assert not (runner.finished and tape.lag == 0 and unseen), "what was not seen still lies on the tape"


def test_a_failure_of_the_engine_itself_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(batch: Batch) -> None:
        raise MemoryError("no room at all")

    engine, tape = make_engine(EngineHooks())
    monkeypatch.setattr(engine.state, "apply", broken)
    engine.start()
    tape.write(ListFeed([(1, 0, 1)]).batch)
    engine.join(10)
    assert isinstance(engine.failure, MemoryError)


def test_going_back_does_not_wait_for_an_engine_that_has_ended() -> None:
    engine, tape = make_engine(EngineHooks())
    engine.start()
    engine.stop()
    engine.restart(5)
    assert tape.lag == 0


def test_a_recorder_without_room_does_not_hold_the_stop_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.market.engine._LAST_WAIT_S", 0.01)
    engine, tape = make_engine(EngineHooks(record=lambda batch: False))
    engine.start()
    tape.write(ListFeed([(1, 0, 1)]).batch)
    engine.stop(10)
    assert not engine.is_alive()
    said = list(engine.problems)
    assert said == (["The recorder had no room for the last messages before the stop."] if engine.state.changed else [])


def test_seeking_forward_behind_what_was_written_ahead_does_not_start_over() -> None:
    engine, tape = make_engine(EngineHooks(), 1024)
    feed = ListFeed([(n, 0, n) for n in range(1, 100)])
    starts: list[int] = []
    runner = FeedRunner(feed, tape, None, restart=lambda: starts.append(1))

    async def run() -> None:
        task = asyncio.ensure_future(runner.run())
        await until(lambda: runner.finished)
        runner.seek(50, now_ns=10)
        await asyncio.sleep(0.05)
        runner.stop()
        await task

    asyncio.run(asyncio.wait_for(run(), 30))
    assert starts == []
    assert runner.finished
    assert engine.state.channel.messages == 0


def test_a_feed_that_was_stopped_has_ended_but_is_not_finished() -> None:
    engine, tape = make_engine(EngineHooks())
    feed = ListFeed([(n * SECOND_NS, 0, n) for n in range(1, 100)])
    runner = FeedRunner(feed, tape, 1.0, restart=engine.restart)

    async def run() -> None:
        task = asyncio.ensure_future(runner.run())
        await until(lambda: tape.written > 0)
        runner.stop()
        await task

    asyncio.run(asyncio.wait_for(run(), 30))
    assert runner.ended
    assert not runner.finished


def test_controls_from_another_thread_never_break_the_pace() -> None:
    """The pace is asked for on the io thread while a person changes it on another."""
    engine, tape = make_engine(EngineHooks())
    runner = FeedRunner(ListFeed([(1, 0, 1)]), tape, 1.0, restart=engine.restart)
    over = threading.Event()

    def press() -> None:
        while not over.is_set():
            runner.set_speed(2.0)
            runner.play()

    presser = threading.Thread(target=press)
    presser.start()
    try:
        assert all(runner._due_ns(10) >= 0 for _ in range(20_000))
    finally:
        over.set()
        presser.join()


def test_a_clock_that_steps_back_breaks_nothing_and_every_message_is_applied_once() -> None:
    recorded: list[int] = []

    def record(part: Batch) -> bool:
        recorded.extend(part["v2"].tolist())
        return True

    engine, tape = make_engine(EngineHooks(record=record))
    batch = empty_batch(60)
    batch["kind"], batch["instrument"] = Kind.QUOTE, 0
    batch["ts_ns"] = [1000 + 10 * number - (700 if number % 7 == 3 else 0) for number in range(60)]
    batch["instrument"][5] = 2**31 - 1
    batch[BID], batch[ASK], batch[BID_SIZE] = 100, 110, np.arange(60)
    engine.watched[0] = True
    engine.start()
    tape.write(batch)
    tape.close()
    engine.join(10)
    assert engine.failure is None
    assert recorded == list(range(60))
    assert engine.state.read_one(0)["messages"] == 59
    assert engine.state.stepped_back == len(range(3, 60, 7))
    assert engine.clock.now_ns() == 1580
