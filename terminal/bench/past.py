"""The session time machine: how long a trader waits for a moment of the day, and what it takes to keep the day."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from terminal.app.time_machine import TimeMachine
from terminal.bench.market_messages import INSTRUMENTS, mixed_messages
from terminal.bench.result import Benchmark, Result, result
from terminal.core.clock import NS_PER_S, MarketClock
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch, clock_message
from terminal.core.ticks import TickClass
from terminal.infra.failures import WorkFailed
from terminal.market.state import MarketState

_MESSAGES, _PART = 6_000_000, 1 << 14
_DAY_NS = 390 * 60 * NS_PER_S
_LOOKS = 40
_PATIENCE_S = 60.0


class _Day:
    """A day's messages, said as fast as the time machine's thread follows."""

    def __init__(self, folder: Path, count: int) -> None:
        table = InstrumentTable()
        for number in range(INSTRUMENTS):
            table.add(f"B{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
        self.table, self.clock, self.count = table, MarketClock(), count
        self.past = TimeMachine(table, "bench", self.clock, folder)
        self.part = mixed_messages()
        self.first_ns = int(self.part["ts_ns"][0])

    def messages(self, start: int) -> Batch:
        """One part of the stream."""
        begin = start % (len(self.part) - _PART)
        part = self.part[begin : begin + _PART].copy()
        part["ts_ns"] = self.first_ns + (start + np.arange(_PART)) * (_DAY_NS // self.count)
        return part

    def say(self) -> None:
        """Everything."""
        for start in range(0, self.count, _PART):
            part = self.messages(start)
            self.past.record(part)
            self.clock.advance(int(part["ts_ns"][-1]))
            while self.past._inbox.count > 8 * _PART:
                self.past._wake.set()
                time.sleep(0.001)

    def look(self, ts_ns: int) -> float:
        """Seconds until a moment is there."""
        begun = time.perf_counter()
        self.past.go(ts_ns)
        while self.past.shown_ns != ts_ns or self.past.state is None:
            if time.perf_counter() - begun > _PATIENCE_S or self.past.problem:
                raise WorkFailed(f"The moment did not come. {self.past.problem}")
            time.sleep(0.0005)
        return time.perf_counter() - begun

    def check(self, ts_ns: int) -> None:
        """Raises AssertionError unless what is shown is what a fresh engine says of that moment."""
        fresh = MarketState(self.table, "bench")
        for start in range(0, self.count, _PART):
            part = self.messages(start)
            fresh.apply(part[part["ts_ns"] <= ts_ns])
            if part["ts_ns"][-1] > ts_ns:
                break
        fresh.apply(clock_message(ts_ns))
        shown = self.past.state
        if shown is None or shown.digest() != fresh.digest():
            raise AssertionError("the past that is shown is not the market as it was")


def _looks(long: bool) -> list[Result]:
    count = _MESSAGES * (4 if long else 1)
    chance = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        day = _Day(Path(folder), count)
        day.past.start()
        begun = time.perf_counter()
        day.say()
        while day.past._log.count < count - count % _PART or day.past._place < day.past._log.count:
            time.sleep(0.01)
        kept = time.perf_counter() - begun
        moments = day.first_ns + chance.integers(1, _DAY_NS * 9 // 10, _LOOKS)
        waits = [day.look(int(ts_ns)) for ts_ns in moments]
        day.check(int(moments[-1]))
        drags = [day.look(int(moments[-1]) + step * 5 * NS_PER_S) for step in range(1, 40)]
        frames = len(day.past._frames.places)
        day.past.stop()
    p50, p99 = (float(each) * 1e3 for each in np.quantile(waits, [0.5, 0.99]))
    note = f"p99 of {_LOOKS} moments anywhere in {count:,} messages, p50 {p50:.0f} ms; {frames} keyframes"
    drag = float(np.median(drags)) * 1e3
    return [
        result("past_look", "market", p99, "ms", better="lower", note=note),
        result("past_drag", "market", drag, "ms", better="lower", note="median, every next moment 5 s later"),
        result("past_follow", "market", count / kept / 1e6, "M messages/s", note="packed, applied, keyframes taken"),
    ]


BENCHMARKS = [Benchmark("past", "market", _looks)]
