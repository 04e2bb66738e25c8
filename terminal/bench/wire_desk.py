"""The default desk under load, in a process of its own: when each message of what is watched was painted.

Run as ``python -m terminal.bench.wire_desk wire|soak ADDRESS PROFILE REPORT SIZE``. For each panel on the screen: a
message counts as shown at the end of the first paint after a refresh of that panel which began when the message was in
the state already. So a message that a later one has overtaken waits for the paint that shows the later one. The delay
runs from the read of its bytes from the socket.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from terminal.app.desk import Desk
from terminal.app.options import DeskOptions
from terminal.core.messages import MESSAGE, Batch, Kind
from terminal.infra.paths import Profile
from terminal.ui.bridge.frame_clock import Frame, Needs

WARM_UP_S = 3.0
PARTS_EVERY_S = 60.0
SEVERAL = ("watchlist",)
"""Panels that show many instruments."""
OF_ONE = ("chart", "ladder", "heatmap", "time_and_sales", "ticket")
"""Panels that show the market of one instrument."""


@dataclass(slots=True)
class Applied:
    """One batch: ``number`` is the state's when it was in. ``counts``: watched messages by set of instruments."""

    number: int
    received_ns: int
    counts: dict[str, int]


@dataclass(slots=True)
class Watched:
    """One panel. ``waiting``: batches that are in the state and not on the screen."""

    name: str
    ids: npt.NDArray[np.int64]
    next: int = 0
    read_to: int = -1
    delays_ns: list[int] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    refresh_ns: list[int] = field(default_factory=list)


class Probe:
    """Wraps the engine's record hook, each panel's refresh and the window's paint. UI thread but for :meth:`record`."""

    def __init__(self, desk: Desk, window: Any) -> None:
        self.desk, self.window = desk, window
        self.batches: list[Applied] = []
        self.watched: list[Watched] = []
        self.masks: dict[str, npt.NDArray[np.bool_]] = {}
        self._record = desk.rooms.hooks.record
        desk.rooms.hooks.record = self.record
        window.main.desk = _Painted(window.main.desk, self.painted)
        self._wrap_panels()

    def _wrap_panels(self) -> None:
        for panel_id, panel in self.window.main.switcher.view.panels.items():
            each = Watched(panel_id, np.empty(0, np.int64))
            self.watched.append(each)
            panel.run_frame = self._wrapped(panel, each, panel.run_frame)

    def _wrapped(self, panel: Any, each: Watched, refresh: Any) -> Any:
        def run(frame: Any) -> None:
            read_to = len(self.batches)
            before = time.perf_counter_ns()
            refresh(frame)
            each.refresh_ns.append(time.perf_counter_ns() - before)
            each.read_to = read_to

        return run

    def choose(self) -> None:
        """What each visible panel shows, once the market runs; delays count from here."""
        count = len(self.desk.table)
        for each in self.watched:
            panel = self.window.main.switcher.view.panels[each.name]
            if not panel.isVisible():
                continue
            kind = each.name.partition("-")[0]
            if kind in SEVERAL:
                ids = np.arange(count)[:40]
            elif kind in OF_ONE and panel.instrument is not None:
                ids = np.array([panel.instrument])
            else:
                continue
            each.ids = ids
            mask = np.zeros(count, np.bool_)
            mask[ids] = True
            each.next = len(self.batches)
            self.masks[each.name] = mask
        for each in self.watched:
            each.refresh_ns.clear()

    def record(self, batch: Batch) -> bool:
        if not self._record(batch):
            return False
        if self.masks:
            instrument, kind = batch["instrument"], batch["kind"]
            on_top = (kind == Kind.QUOTE) | (kind == Kind.TRADE)
            received, starts = np.unique(batch["recv_ns"], return_index=True)
            ends = np.append(starts[1:], len(batch))
            for received_ns, start, end in zip(received, starts, ends, strict=True):
                seen = instrument[start:end][on_top[start:end]]
                counts = {name: int(mask[seen].sum()) for name, mask in self.masks.items()}
                self.batches.append(Applied(0, int(received_ns), counts))
        return True

    def painted(self) -> None:
        now_ns = time.perf_counter_ns()
        for each in self.watched:
            while each.next < each.read_to:
                batch = self.batches[each.next]
                weight = batch.counts.get(each.name, 0)
                if weight:
                    each.delays_ns.append(now_ns - batch.received_ns)
                    each.weights.append(weight)
                each.next += 1

    def result(self) -> dict[str, Any]:
        panels = {}
        everything: list[npt.NDArray[np.int64]] = []
        for each in self.watched:
            refresh = np.array(each.refresh_ns) / 1e6 if each.refresh_ns else np.zeros(1)
            found: dict[str, Any] = {
                "refreshes": len(each.refresh_ns),
                "refresh_p50_ms": float(np.percentile(refresh, 50)),
                "refresh_p99_ms": float(np.percentile(refresh, 99)),
            }
            if each.delays_ns:
                delays = np.repeat(np.array(each.delays_ns), np.array(each.weights))
                everything.append(delays)
                found |= _percentiles(delays)
            panels[each.name] = found
        return {"panels": panels, "all": _percentiles(np.concatenate(everything)) if everything else {}}


def memory_parts(desk: Desk) -> dict[str, int]:
    """Bytes of what the desk keeps on purpose, by name: to say what grows when the process does."""
    rooms, past = desk.rooms, desk.past
    connection = rooms.recorder._database.connect()
    try:
        rows = connection.execute("SELECT tag, memory_usage_bytes FROM duckdb_memory()").fetchall()
    finally:
        connection.close()
    newest = rooms.recorder.waiting.newest
    return {
        "database": sum(int(row[1]) for row in rows),
        "newest rows": newest._used * newest._pages[0].nbytes,
        "keyframes' places": past._frames.held_bytes,
        "keyframes on disk": past._frames.used_bytes,
        "keyframes' number": len(past._frames.places),
        "log in memory": past._log._held_bytes,
        "inbox": past._inbox.count * MESSAGE.itemsize,
        "objects": len(gc.get_objects()),
    }


class _Sampler:
    """A client of the frame clock: calls ``start`` some seconds after the window is ready, then notes the memory."""

    needs = Needs.ALWAYS
    min_interval_ms = 250

    def __init__(self, main: Any, start: Callable[[], None], parts: Callable[[], dict[str, int]]) -> None:
        self._main, self._start, self._parts = main, start, parts
        self._ready_at: float | None = None
        self._process = psutil.Process()
        self.begun_at: float | None = None
        self.spent_s = 0.0
        self.rss: list[tuple[float, int]] = []
        self.parts: list[tuple[float, dict[str, int]]] = []

    def is_on_screen(self) -> bool:
        """Always."""
        return True

    def run_frame(self, frame: Frame) -> None:
        """Looks whether it is time, and then once a second how much memory there is."""
        now = time.monotonic()
        if self.begun_at is None:
            if self._main.is_ready and self._ready_at is None:
                self._ready_at = now
            if self._ready_at is not None and now - self._ready_at >= WARM_UP_S:
                self.begun_at = now
                self._main.clock.statistics.reset()
                spent = self._process.cpu_times()
                self.spent_s = spent.user + spent.system
                self._start()
        elif not self.rss or now - self.begun_at - self.rss[-1][0] >= 1.0:
            self.rss.append((now - self.begun_at, self._process.memory_info().rss))
            if not self.parts or self.rss[-1][0] - self.parts[-1][0] >= PARTS_EVERY_S:
                self.parts.append((self.rss[-1][0], self._parts()))


class _Painted:
    """The desk, which is told when a paint has ended."""

    def __init__(self, desk: Any, painted: Any) -> None:
        self._desk, self._painted = desk, painted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def note_paint(self) -> None:
        self._painted()
        self._desk.note_paint()


def _percentiles(delays_ns: npt.NDArray[np.int64]) -> dict[str, float]:
    p50, p90, p99, most = np.percentile(delays_ns, (50, 90, 99, 100)) / 1e6
    return {
        "shown": len(delays_ns),
        "p50_ms": float(p50),
        "p90_ms": float(p90),
        "p99_ms": float(p99),
        "max_ms": float(most),
    }


def main(task: str, address: str, profile: str, target: str, size: str) -> int:
    """Runs the desk until the feed ends, and writes what was seen."""
    sys.setswitchinterval(0.0005)
    from terminal.bootstrap import run_desk

    found: dict[str, Any] = {}
    process = psutil.Process()

    def watch(desk: Desk, window: Any) -> Callable[[], None]:
        # What a probe remembers of every batch would be memory that grows.
        probe = Probe(desk, window) if task == "wire" else None
        parts = (lambda: memory_parts(desk)) if task == "soak" else dict
        sampler = _Sampler(window.main, lambda: probe.choose() if probe is not None else None, parts)

        def finish() -> None:
            if sampler.begun_at is None:
                return
            seconds = time.monotonic() - sampler.begun_at
            spent = process.cpu_times()
            found["cpu_share"] = (spent.user + spent.system - sampler.spent_s) / seconds
            found["seconds"], found["rss"], found["parts"] = seconds, sampler.rss, sampler.parts
            found.update(_frames(window.main, desk))
            found.update(_state(desk))
            if probe is not None:
                found.update(probe.result())

        window.main.clock.add(sampler)
        return finish

    width, _, height = size.partition("x")
    options = DeskOptions(
        seed=None, headless=True, seconds=None, speed=None, is_speed_given=False, size=(int(width), int(height)),
        theme=None, workspace="Market", screenshot=None, report=None, script=None, resume=False, replay=None,
        underlying=None, dates=(), connect=address,
    )  # fmt: skip
    code = run_desk(options, Profile(Path(profile)), threading.Event(), watch=watch)
    Path(target).write_text(json.dumps(found), encoding="utf-8")
    return code


def _frames(main: Any, desk: Desk) -> dict[str, Any]:
    summary = main.frame_summary()
    return {
        "frames": summary.frames,
        "frame_p50_ms": summary.p50_ms,
        "frame_p99_ms": summary.p99_ms,
        "frame_longest_ms": summary.longest_ms,
        "longest_gap_ms": summary.longest_gap_ms,
        "feed_to_state": desk.rooms.engine.feed_to_state.summary(),
    }


def _state(desk: Desk) -> dict[str, Any]:
    """What the desk holds at the end, to be compared with what was sent."""
    ids = np.array([row.id for row in desk.table], np.int32)
    rows = desk.market.read(ids)
    return {
        "messages": desk.rooms.state.message_counts(),
        "refused": {**desk.rooms.state.refused, **desk.rooms.runner.counts()},
        "volume": rows["volume"].tolist(),
        "bid_px": rows["bid_px"].tolist(),
        "ask_px": rows["ask_px"].tolist(),
        "minute_volume": [int(desk.market.bars.read(int(each), 60, 10_000)["volume"].sum()) for each in ids[:40]],
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
