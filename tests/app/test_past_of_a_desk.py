"""Every moment that is looked back at is the state of a fresh engine that was given the recorded messages up to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.time_machine import TimeMachine
from terminal.core.clock import NS_PER_S, MarketClock
from terminal.core.messages import Batch, Kind, clock_message
from terminal.market.state import MarketState
from terminal.store import recordings
from terminal.store.recordings import Selection
from tests.app.small_desk import SmallDesk
from tests.market.test_keyframes import assert_same
from tests.store.market_messages import OPEN_NS, batches, make_table


def _steps() -> st.SearchStrategy[list[tuple[str, int]]]:
    """What a trader and a feed do: messages, time without a message, a moment looked at, back to now."""
    say = st.tuples(st.just("say"), st.integers(1, 12))
    wait = st.tuples(st.just("wait"), st.integers(1, 100))
    look = st.tuples(st.sampled_from(["look", "look", "step"]), st.integers(0, 1000))
    return st.lists(st.one_of(say, wait, look, look, st.tuples(st.just("live"), st.just(0))), max_size=16)


class _Run:
    """A market, and a time machine whose thread does not run."""

    def __init__(self, folder: Path, stream: Batch) -> None:
        self.stream, self.said = stream, 0
        self.table, self.clock = make_table(), MarketClock(OPEN_NS)
        self.live = MarketState(self.table, "t")
        self.past = TimeMachine(self.table, "t", self.clock, folder, said_ns=lambda: self.live.channel.last_ts_ns)
        self.past._frames.take(self.past._state, 0, 0)
        self.recorded: list[Batch] = [stream[:0]]

    def say(self, count: int) -> None:
        part = self.stream[self.said : self.said + count]
        self.said += len(part)
        self.live.apply(part)
        kept = part[part["kind"] != Kind.CLOCK]
        if len(part):
            self.clock.advance(int(part["ts_ns"].max()))
        if len(kept):
            self.past.record(kept)
            self.recorded.append(kept.copy())

    def wait(self, hundredths: int) -> None:
        """Up to the next message, time passes and nothing is said."""
        if self.said < len(self.stream):
            now_ns, next_ns = self.clock.now_ns(), int(self.stream["ts_ns"][self.said])
            ts_ns = now_ns + (next_ns - now_ns) * hundredths // 100
            self.live.apply(clock_message(ts_ns))
            self.clock.advance(ts_ns)

    def look(self, thousandths: int) -> None:
        if self.past.first_ns:
            first_ns = self.past.first_ns
            self.past.go(first_ns + (self.clock.now_ns() - first_ns) * thousandths // 1000)

    def assert_shown(self) -> None:
        state = self.past.state
        if state is not None:
            everything = np.concatenate(self.recorded)
            fresh = MarketState(self.table, "t")
            fresh.apply(everything[everything["ts_ns"] <= self.past.shown_ns])
            fresh.apply(clock_message(self.past.shown_ns))
            assert_same(state, fresh)


@settings(max_examples=25, deadline=None)
@given(stream=batches(most=60), steps=_steps())
def test_whatever_came_and_wherever_one_looks(
    stream: Batch, steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream = stream.copy()
    stream["recv_ns"] = 0
    run = _Run(tmp_path_factory.mktemp("past"), stream)
    do: dict[str, Any] = {
        "say": run.say, "wait": run.wait, "look": run.look,
        "step": lambda _: run.past.step(), "live": lambda _: run.past.live(),
    }  # fmt: skip
    run.say(10)
    run.past._turn()
    for name, number in steps:
        do[name](number)
        run.past._turn()
        assert not run.past.problem
        run.assert_shown()
    run.past.live()
    run.past._turn()
    assert run.past._place == run.past._log.count
    run.past.stop()


def test_a_desk_shows_what_its_recording_gives(tmp_path: Path) -> None:
    desk = SmallDesk(tmp_path / "profile", chunk=7)
    desk.open()
    try:
        desk.start()
        desk.wait()
        rooms = desk.rooms
        assert rooms.recorder.flush(20)
        connection = desk.database.connect()
        selection = Selection(sources=(rooms.recorder.session_source,))
        ids = recordings.add_instruments(connection, selection, rooms.table)
        recorded = np.concatenate(list(recordings.read_messages(connection, selection, ids)))
        connection.close()
        chance = np.random.default_rng(3)
        first_ns, last_ns = rooms.past.first_ns, rooms.past.live_ns
        midnight = [
            first_ns + 20 * 3600 * NS_PER_S,
            first_ns + 24 * 3600 * NS_PER_S - 1,
            first_ns + 24 * 3600 * NS_PER_S,
        ]
        for ts_ns in [*chance.integers(first_ns, last_ns, 12).tolist(), *midnight, first_ns]:
            rooms.past.go(int(ts_ns))
            desk.until(lambda at=int(ts_ns): rooms.past.state is not None and rooms.past.shown_ns == at)  # type: ignore[misc]
            fresh = MarketState(rooms.table, rooms.feed.name)
            fresh.apply(recorded[recorded["ts_ns"] <= ts_ns])
            fresh.apply(clock_message(int(ts_ns)))
            assert rooms.past.state is not None
            assert_same(rooms.past.state, fresh)
        rooms.past.live()
    finally:
        desk.stop()


def test_what_cannot_be_recorded_can_still_be_looked_back_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = SmallDesk(tmp_path / "profile", "", ("--speed", "1"))
    desk.open()
    try:
        rooms = desk.rooms
        rooms.open()
        assert rooms.recording is not None

        def fails(batch: Batch) -> bool:
            raise ValueError("a fault of ours")

        monkeypatch.setattr(rooms.recording, "record", fails)
        with pytest.raises(ValueError, match="fault"):
            rooms._record(desk.feed.messages[:20])
        desk.until(lambda: rooms.past._log.count == 20)
    finally:
        desk.stop()
