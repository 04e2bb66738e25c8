"""Looking back: what is shown is the market as it was, and the live one neither waits nor changes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from terminal.app import time_machine
from terminal.app.playback import ShownPlayback
from terminal.app.shown_market import ShownClock, ShownMarket
from terminal.app.time_machine import TimeMachine
from terminal.core.clock import NS_PER_S, MarketClock
from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.messages import Batch, Kind, clock_message
from terminal.core.ticks import TickClass
from terminal.infra.failures import UsageError
from terminal.market.activity import ActivityKind
from terminal.market.message_log import CHUNK
from terminal.market.print_kernel import PRINTS_KEPT
from terminal.market.rows import Rows
from terminal.market.state import MarketState
from tests.market.test_keyframes import assert_same
from tests.store.market_messages import OPEN_NS, make_table, quote_batch

SECOND = NS_PER_S
_TRADE_SHARE = 3


def day(count: int = 3_000) -> Batch:
    """Quotes and trades of eleven instruments, ten a second."""
    chance = np.random.default_rng(5)
    batch = quote_batch(count, 0, step_ns=SECOND // 10)
    batch["instrument"] = chance.integers(0, 11, count)
    trades = chance.integers(0, _TRADE_SHARE, count) == 0
    batch["kind"][trades] = Kind.TRADE
    batch["v0"] = 10_000 + chance.integers(-50, 50, count)
    batch["v1"] = batch["v0"] + 5
    batch["v1"][trades] = chance.integers(1, 9, count)[trades]
    return batch


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    assert condition()


class Live:
    """A live market whose messages are also given to a time machine."""

    def __init__(self, folder: Path, *, log_bytes: int = 32 << 20) -> None:
        self.table = make_table()
        self.clock = MarketClock()
        self.state = MarketState(self.table, "t")
        self.past = TimeMachine(
            self.table, "t", self.clock, folder, log_bytes=log_bytes,
            said_ns=lambda: self.state.channel.last_ts_ns, begins=self.state.bars.activity.begins,
        )  # fmt: skip
        self.market = ShownMarket(self.state, self.past)
        self.shown_clock = ShownClock(self.clock, self.past)

    def turn(self) -> None:
        """One turn of the thread, here: so that a test knows what comes before what."""
        self.past._turn()

    def say(self, batch: Batch, cut: int = 700) -> None:
        for at in range(0, len(batch), cut):
            part = batch[at : at + cut]
            self.state.apply(part)
            self.clock.advance(int(part["ts_ns"][-1]))
            self.past.record(part.copy())

    def at(self, ts_ns: int) -> MarketState:
        """The past at a moment, when it is there."""
        self.past.go(ts_ns)
        eventually(lambda: self.past.state is not None and self.past.shown_ns == ts_ns)
        assert self.past.state is not None
        return self.past.state


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    desk = Live(tmp_path)
    desk.past.start()
    yield desk
    desk.past.stop()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Live]:
    """A time machine whose thread does not run: see :meth:`Live.turn`."""
    desk = Live(tmp_path)
    desk.past._frames.take(desk.past._state, 0, 0)
    yield desk
    desk.past.stop()


def true_at(stream: Batch, ts_ns: int) -> MarketState:
    state = MarketState(make_table(), "t")
    state.apply(stream[stream["ts_ns"] <= ts_ns])
    state.apply(clock_message(ts_ns))
    return state


def test_every_moment_is_what_it_was_and_the_live_market_stays(live: Live) -> None:
    stream = day()
    live.say(stream[:2_000])
    eventually(lambda: live.past.first_ns > 0)
    chance, ids = np.random.default_rng(9), np.arange(11, dtype=np.int32)
    for number, tenths in enumerate([*chance.integers(0, 1_999, 6).tolist(), 1_900, 1_901, 50]):
        ts_ns = OPEN_NS + int(tenths) * SECOND // 10 + 7
        assert_same(live.at(ts_ns), true_at(stream, ts_ns))
        assert live.shown_clock.now_ns() == ts_ns
        np.testing.assert_array_equal(live.market.read(ids)["bid_px"], true_at(stream, ts_ns).read(ids)["bid_px"])
        live.say(stream[2_000 + 100 * number : 2_100 + 100 * number])
    whole = MarketState(make_table(), "t")
    whole.apply(stream[:2_900])
    assert live.state.digest() == whole.digest()
    before = live.market.changed
    live.past.live()
    assert live.market.changed > before
    assert live.market.read(ids)["messages"].sum() == 2_900
    assert live.shown_clock.now_ns() == int(stream["ts_ns"][2_899])


def test_only_the_latest_wish_counts(live: Live) -> None:
    live.say(day())
    eventually(lambda: live.past.first_ns > 0)
    for second in range(200, 0, -1):
        live.past.go(OPEN_NS + second * SECOND)
    eventually(lambda: live.past.shown_ns == OPEN_NS + SECOND)
    assert live.past.version < 200


def test_the_past_plays_steps_and_ends_at_the_live_market(live: Live) -> None:
    stream = day()
    live.say(stream)
    eventually(lambda: live.past.first_ns > 0)
    live.at(OPEN_NS + SECOND + 1)
    live.past.step()
    eventually(lambda: live.past.shown_ns == OPEN_NS + SECOND + SECOND // 10)
    assert live.past.state is not None
    assert_same(live.past.state, true_at(stream, live.past.shown_ns))
    live.past.set_speed(20.0)
    live.past.play()
    eventually(lambda: live.past.shown_ns > OPEN_NS + 5 * SECOND)
    live.past.pause()
    live.past.set_speed(math.inf)
    live.past.play()
    eventually(lambda: not live.past.is_past)
    eventually(lambda: live.past.state is None)
    with pytest.raises(UsageError, match="above zero"):
        live.past.set_speed(0)


def test_what_has_not_come_is_the_live_market(live: Live) -> None:
    with pytest.raises(UsageError, match="nothing to look back at"):
        live.past.go(OPEN_NS)
    live.say(day(100))
    eventually(lambda: live.past.first_ns > 0)
    seen = []
    for seconds in (1, -1, 5):
        live.past.move(seconds * SECOND)
        seen.append(live.past.is_past)
    assert seen == [False, True, False]
    live.past.go(OPEN_NS - 100 * SECOND)
    eventually(lambda: live.past.shown_ns == live.past.first_ns)


def test_pause_and_speed_belong_to_what_is_shown(live: Live) -> None:
    class Feed:
        paused, speed, can_seek, first_ns, last_ns = False, 1.0, True, 0, 1

        def set_speed(self, speed: float) -> None:
            self.speed = speed

        def pause(self) -> None:
            self.paused = True

        def seek(self, ts_ns: int) -> None:
            self.first_ns = ts_ns

    feed = Feed()
    shown = ShownPlayback(feed, live.past)  # type: ignore[arg-type]
    live.say(day(100))
    eventually(lambda: live.past.first_ns > 0)
    shown.pause()
    assert feed.paused
    live.past.go(OPEN_NS + SECOND)
    assert shown.paused
    shown.set_speed(5.0)
    shown.play()
    assert (feed.speed, shown.speed, shown.paused) == (1.0, 5.0, False)
    shown.seek(77)
    assert feed.first_ns == 77
    assert not live.past.is_past


def test_the_array_that_was_handed_over_may_be_used_again(held: Live) -> None:
    stream = day(1_000)
    tape = np.empty_like(stream[:500])
    for at in (0, 500):
        tape[:] = stream[at : at + 500]
        held.state.apply(tape)
        held.clock.advance(int(tape["ts_ns"][-1]))
        held.past.record(tape)
    held.turn()
    held.past.go(OPEN_NS + 20 * SECOND)
    held.turn()
    assert held.past.state is not None
    assert_same(held.past.state, true_at(stream, OPEN_NS + 20 * SECOND))


def test_time_that_passed_in_the_past_is_taken_back(held: Live) -> None:
    stream = day(40)
    stream["ts_ns"][20:] += 60 * SECOND
    held.say(stream)
    held.turn()
    for seconds in (50, 10, 40, 5, 30):
        held.past.go(OPEN_NS + seconds * SECOND)
        held.turn()
        assert held.past.state is not None
        assert_same(held.past.state, true_at(stream, OPEN_NS + seconds * SECOND))
        if seconds == 40:
            held.past.live()


def test_a_moment_is_shown_only_when_all_its_messages_have_come(held: Live) -> None:
    stream = day(30)
    held.say(stream[:20])
    held.turn()
    held.state.apply(stream[20:])
    held.clock.advance(int(stream["ts_ns"][-1]) + SECOND)
    held.past.go(int(stream["ts_ns"][25]))
    held.turn()
    assert held.past.state is not None
    assert held.past.shown_ns < int(stream["ts_ns"][20])
    assert_same(held.past.state, true_at(stream, held.past.shown_ns))
    held.past.record(stream[20:])
    held.past.go(int(stream["ts_ns"][25]))
    held.turn()
    assert held.past.shown_ns == int(stream["ts_ns"][25])
    assert_same(held.past.state, true_at(stream, held.past.shown_ns))


def test_what_is_listed_after_the_moment_shown_stays_listed(held: Live) -> None:
    held.say(day(400))
    held.turn()
    new = held.table.add("NEW", InstrumentKind.INDEX, SessionProduct.EQUITY, TickClass.EQUITY).id
    later = quote_batch(50, new, start_ns=OPEN_NS + 60 * SECOND, step_ns=SECOND)
    held.say(later)
    held.turn()
    held.past.go(OPEN_NS + 30 * SECOND)
    held.turn()
    assert held.market.read(np.array([new], np.int32))["messages"][0] == 0
    assert held.table.kind_of[new] == InstrumentKind.INDEX
    held.past.go(OPEN_NS + 70 * SECOND)
    held.turn()
    assert held.market.read(np.array([new], np.int32))["messages"][0] == 11


def test_on_a_full_disk_the_past_begins_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_machine, "FRAME_MESSAGES", CHUNK // 2)
    monkeypatch.setattr(time_machine, "_FRAME_SHARE", 0)
    (tmp_path / "no folder").write_text("")
    desk = Live(tmp_path / "no folder", log_bytes=500_000)
    desk.past._frames.take(desk.past._state, 0, 0)
    stream = day(6 * CHUNK)
    for at in range(0, len(stream), CHUNK // 4):
        desk.say(stream[at : at + CHUNK // 4], cut=CHUNK // 4)
        desk.turn()
    assert not desk.past.problem
    for ts_ns in (desk.past.first_ns + 100 * SECOND, OPEN_NS):
        desk.past.go(ts_ns)
        desk.turn()
        assert desk.past.shown_ns == max(ts_ns, desk.past.first_ns) > OPEN_NS + SECOND
        assert desk.past.state is not None
        assert_same(desk.past.state, true_at(stream, desk.past.shown_ns))
    before_ns = desk.past.first_ns
    later = day(CHUNK)
    later["ts_ns"] += stream["ts_ns"][-1] - OPEN_NS
    desk.say(later, cut=CHUNK // 4)
    desk.turn()
    desk.turn()
    assert desk.past.shown_ns == desk.past.first_ns > before_ns
    desk.past.stop()


def test_where_nothing_can_wait_the_past_ends_and_the_market_goes_on(
    held: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(batch: Batch) -> None:
        raise OSError(28, "No space left on device")

    held.say(day(100))
    held.turn()
    held.past.go(OPEN_NS + SECOND)
    monkeypatch.setattr(held.past._inbox, "put", full)
    held.say(day(200)[100:])
    assert "No space" in held.past.problem
    assert not held.past.is_past
    assert held.market.read(np.arange(11, dtype=np.int32))["messages"].sum() == 200


def test_bars_of_trades_are_cut_as_the_trader_saw_them(held: Live) -> None:
    stream = day(PRINTS_KEPT * 3 // 2)
    stream["kind"], stream["v1"] = Kind.TRADE, 1 + np.arange(len(stream)) % 7
    seen: dict[int, list[Rows]] = {}
    kinds = ((ActivityKind.TICK, 333.0), (ActivityKind.VOLUME, 5_000.0), (ActivityKind.DOLLAR, 70_000.0))
    for at in range(0, len(stream), 100_000):
        held.say(stream[at : at + 100_000], cut=10_000)
        held.turn()
        if at > PRINTS_KEPT:
            bars = held.state.bars
            seen[held.clock.now_ns()] = [bars.read_activity(0, kind, size, 100) for kind, size in kinds]
    held.clock.advance(held.clock.now_ns() + 1)
    for ts_ns in sorted(seen, reverse=True):
        held.past.go(ts_ns)
        held.turn()
        for (kind, size), shown in zip(kinds, seen[ts_ns], strict=True):
            np.testing.assert_array_equal(held.market.bars.read_activity(0, kind, size, 100), shown)
