"""How fast the desk is, as figures: one reading asks every room. Nothing here runs unless somebody looks."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from terminal.core.latency import Counts, LatencyMeter, quantile_ms
from terminal.infra import disk
from terminal.infra.gpu import Gpu, GpuProbe
from terminal.market.engine import Engine
from terminal.store.recorder import Recorder

WINDOW_S = 10.0
"""Latencies are those of the last ten seconds: what was slow this morning must not hide what is slow now."""
_SLOW_EVERY_S = 2.0
"""How often what hardly changes is asked for: disk, graphics card, threads."""


@dataclass(frozen=True, slots=True)
class PanelCost:
    """One panel's work on the UI thread. ``share``: of the time since the reading before."""

    panel: str
    refresh_p50_ms: float | None
    refresh_p99_ms: float | None
    paint_p50_ms: float | None
    paint_p99_ms: float | None
    share: float


@dataclass(frozen=True, slots=True)
class Stall:
    """The window did not answer for ``duration_ms``; ``stack``: where its thread was, innermost first."""

    wall_s: float
    duration_ms: float
    stack: str


@dataclass(frozen=True, slots=True)
class UiReading:
    """What only the window knows."""

    frame_rate: float = 0.0
    frame_p50_ms: float | None = None
    frame_p99_ms: float | None = None
    longest_gap_ms: float | None = None
    panels: Sequence[PanelCost] = ()
    stalls: Sequence[Stall] = ()
    stall_count: int = 0


@dataclass(frozen=True, slots=True)
class ThreadShare:
    """Processor time of one thread of ours, as a share of one core."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at everything. Shares are of one core; None is what this machine does not tell."""

    wall_ns: int
    messages_per_s: float
    messages: int
    feed_to_state_p50_ms: float | None
    feed_to_state_p99_ms: float | None
    state_to_paint_p50_ms: float | None
    state_to_paint_p99_ms: float | None
    ui: UiReading
    tape_lag: int
    recorder_lag: int
    recorder_rows: int
    cpu_share: float | None
    cores: int
    threads: Sequence[ThreadShare]
    memory_bytes: int
    gpu: Gpu | None
    disk_free_bytes: int | None
    database_bytes: int
    sources: Sequence[tuple[str, int | None]]
    """Name and age in market nanoseconds, None before the first word."""
    counted: Mapping[str, int] = field(default_factory=dict)
    """What was refused or went wrong on the way in, by reason."""


class Meter(Protocol):
    """What the window asks; :class:`DeskMeter` is one."""

    def read(self, ui: UiReading) -> Reading:
        """A new reading; two to four times a second, from one thread."""
        ...


_Slow = tuple[Gpu | None, int | None, int, tuple[ThreadShare, ...]]
"""Graphics card, free bytes, bytes of the database, threads."""


class _Recent:
    """A latency meter's last ten seconds."""

    def __init__(self, meter: LatencyMeter) -> None:
        self._meter = meter
        self._kept: deque[tuple[float, Counts]] = deque()

    def quantiles(self, now: float) -> tuple[float | None, float | None]:
        counts = self._meter.counts()
        while len(self._kept) > 1 and self._kept[1][0] <= now - WINDOW_S:
            self._kept.popleft()
        since = counts - self._kept[0][1] if self._kept else counts
        self._kept.append((now, counts))
        return quantile_ms(since, 0.5), quantile_ms(since, 0.99)


class DeskMeter:
    """Implements :class:`Meter` over the rooms of a desk."""

    def __init__(
        self,
        engine: Engine,
        recorder: Recorder,
        state_to_paint: LatencyMeter,
        silent_ns: Callable[[], int],
        counted: Callable[[], Mapping[str, int]],
        database: Path,
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self._silent_ns = silent_ns
        self._counted = counted
        self._database = database
        self._feed_to_state = _Recent(engine.feed_to_state)
        self._state_to_paint = _Recent(state_to_paint)
        self._process = psutil.Process()
        self._gpu = GpuProbe()
        self._cores = os.cpu_count() or 1
        self._last: tuple[float, int, float] | None = None
        self._slow_at = -_SLOW_EVERY_S
        self._slow: _Slow = (None, None, 0, ())
        self._asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="meter")
        self._asking: Future[_Slow] | None = None
        self._thread_times: dict[int, float] = {}

    def read(self, ui: UiReading) -> Reading:
        """See :class:`Meter`."""
        now = time.monotonic()
        channel = self._engine.state.channel
        messages = channel.messages
        times = self._process.cpu_times()
        spent_s = times.user + times.system
        rate, share = 0.0, None
        if self._last is not None and now > self._last[0]:
            passed = now - self._last[0]
            rate, share = (messages - self._last[1]) / passed, (spent_s - self._last[2]) / passed
        self._last = (now, messages, spent_s)
        gpu, free, size, threads = self._slow_now(now)
        status = self._recorder.status()
        feed, paint = self._feed_to_state.quantiles(now), self._state_to_paint.quantiles(now)
        return Reading(
            wall_ns=time.time_ns(),
            messages_per_s=max(0.0, rate),
            messages=messages,
            feed_to_state_p50_ms=feed[0],
            feed_to_state_p99_ms=feed[1],
            state_to_paint_p50_ms=paint[0],
            state_to_paint_p99_ms=paint[1],
            ui=ui,
            tape_lag=self._engine.tape_lag,
            recorder_lag=status.lag,
            recorder_rows=status.rows,
            cpu_share=share,
            cores=self._cores,
            threads=threads,
            memory_bytes=self._process.memory_info().rss,
            gpu=gpu,
            disk_free_bytes=free,
            database_bytes=size,
            sources=((channel.name, self._silent_ns() if messages else None),),
            counted=self._counted(),
        )

    def _slow_now(self, now: float) -> _Slow:
        """What hardly changes, at most a little older than two seconds. It is asked for on a thread of its own: listing
        threads, or a disk that answers late, would take milliseconds from the window."""
        if self._asking is not None and self._asking.done():
            self._slow, self._asking = self._asking.result(), None
        if self._asking is None and now - self._slow_at >= _SLOW_EVERY_S:
            self._asking = self._asker.submit(self._ask_slowly, now - self._slow_at)
            self._slow_at = now
        return self._slow

    def _ask_slowly(self, passed_s: float) -> _Slow:
        try:
            free: int | None = disk.free_bytes(self._database.parent)
        except OSError:
            free = None
        size = 0
        for file in (self._database, self._database.with_name(self._database.name + ".wal")):
            try:
                size += file.stat().st_size
            except OSError:
                continue
        return self._gpu.read(), free, size, self._threads(passed_s)

    def _threads(self, passed_s: float) -> tuple[ThreadShare, ...]:
        """Ours by name; what libraries run beside them is one row."""
        try:
            found = self._process.threads()
        except (psutil.Error, OSError):
            return ()
        names = {each.native_id: each.name for each in threading.enumerate()}
        before, self._thread_times = self._thread_times, {each.id: each.user_time + each.system_time for each in found}
        if not before:
            return ()
        shares: dict[str, float] = {}
        for number, spent_s in self._thread_times.items():
            name = names.get(number, "libraries")
            shares[name] = shares.get(name, 0.0) + max(0.0, spent_s - before.get(number, 0.0)) / passed_s
        return tuple(
            ThreadShare("window" if name == "MainThread" else name, share)
            for name, share in sorted(shares.items(), key=lambda each: -each[1])
        )
