"""How the desk is, row by row, in words: what the status bar and the health panel show."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from terminal.app import ages
from terminal.app.ports import Health, HealthRow, HealthState
from terminal.core.clock import NS_PER_S, Clock
from terminal.core.messages import Phase
from terminal.infra import disk
from terminal.market.engine import Engine
from terminal.market.feed import Runner
from terminal.store.recorder import Recorder
from terminal.store.recorder_status import RecorderState
from terminal.trading.road import OrderRoad

_RECORDER_STATES = {
    RecorderState.OK: HealthState.OK,
    RecorderState.DEGRADED: HealthState.WARN,
    RecorderState.FAILING: HealthState.BAD,
}
_LOW_DISK_BYTES = 1 << 30
_REMEMBER_S = 60.0
"""How long a refusal keeps the feed's row on watch; it stays in the note for good."""
_SHARED_S = 0.1
_MACHINE_EVERY_S = 2.0
"""How often the machine is asked for memory and disk, which change slowly and are slow to tell."""


class SharedHealth:
    """One look for all who ask within a tenth of a second: every panel asks a few times a second. UI thread only."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._rows: Sequence[HealthRow] = ()
        self._asked_at = -_SHARED_S

    def rows(self) -> Sequence[HealthRow]:
        """See ``Health``."""
        now = time.monotonic()
        if now - self._asked_at >= _SHARED_S:
            self._asked_at = now
            self._rows = self._health.rows()
        return self._rows


class DeskHealth:
    """Asks every room. ``phase`` gives the phase of the regular session; ``silent_limit_ns``: when a feed is stale."""

    def __init__(
        self,
        engine: Engine,
        runner: Runner,
        recorder: Recorder,
        road: OrderRoad,
        clock: Clock,
        phase: Callable[[], Phase],
        database: Path,
        silent_limit_ns: int,
    ) -> None:
        self._engine = engine
        self._runner = runner
        self._recorder = recorder
        self._road = road
        self._clock = clock
        self._phase = phase
        self._database = database
        self._silent_limit_ns = silent_limit_ns
        self._process = psutil.Process()
        self._refused_seen = 0
        self._refused_at = -_REMEMBER_S
        self._machine: tuple[HealthRow, ...] = ()
        self._machine_at = 0.0

    def silent_ns(self) -> int:
        """Market time since the feed last said anything; 0 before its first word."""
        return self._engine.state.channel.silent_ns(self._clock.now_ns())

    def is_stale(self) -> bool:
        """Whether prices must not be trusted: the feed broke or is gone, or is silent while the market is open."""
        if self._runner.failure is not None or self._runner.trouble():
            return True
        return self._phase() is Phase.OPEN and not self._runner.ended and self.silent_ns() > self._silent_limit_ns

    def rows(self) -> Sequence[HealthRow]:
        """Cheap; called a few times a second."""
        now = time.monotonic()
        if not self._machine or now - self._machine_at >= _MACHINE_EVERY_S:
            self._machine_at = now
            self._machine = (self._memory(), self._disk())
        return (self._feed(), self._recording(), self._market_engine(), self._orders(), *self._machine)

    def _feed(self) -> HealthRow:
        name = self._runner.feed.name
        if self._runner.failure is not None:
            note = f"The feed {name} broke: {self._runner.failure}"
            return HealthRow("feed", "Feed", "broken", HealthState.BAD, note)
        silent_s = self.silent_ns() / NS_PER_S
        trouble = self._runner.trouble()
        if trouble and not self._runner.ended:
            return HealthRow("feed", "Feed", "gone", HealthState.BAD, trouble + self._refusals())
        if self._runner.ended:
            return HealthRow("feed", "Feed", "ended", HealthState.OFF, f"The feed {name} has come to its end.")
        if self._runner.paused:
            return HealthRow("feed", "Feed", "paused", HealthState.OFF, f"The feed {name} is paused.")
        if self.is_stale():
            note = f"The feed {name} has been silent for {ages.age(self.silent_ns())}; its prices are stale."
            return HealthRow("feed", "Feed", f"{silent_s:.0f} s", HealthState.BAD, note)
        lag_ms = self._engine.feed_to_state.quantile_ms(0.99)
        value = "–" if lag_ms is None else f"{lag_ms:.1f} ms"
        messages = self._engine.state.channel.messages
        note = f"{messages:,} messages; from the feed to the state in {value} at p99.{self._refusals()}"
        recent = time.monotonic() - self._refused_at < _REMEMBER_S
        return HealthRow("feed", "Feed", value, HealthState.WARN if recent else HealthState.OK, note)

    def refusals(self) -> Mapping[str, int]:
        """What was refused or went wrong on the way into the state, by reason."""
        found = dict(self._runner.counts())
        state = self._engine.state
        for reason, count in (*state.refused.copy().items(), *state.book.troubles().items()):
            found[reason] = found.get(reason, 0) + count
        if self._engine.state.stepped_back:
            found["stamped before an earlier message"] = self._engine.state.stepped_back
        return found

    def _refusals(self) -> str:
        """As the end of a note: the most frequent reasons first."""
        found = self.refusals()
        total = sum(found.values())
        if total > self._refused_seen:
            self._refused_at = time.monotonic()
        self._refused_seen = total
        if not found:
            return ""
        most = sorted(found.items(), key=lambda each: -each[1])
        return " Counted: " + ", ".join(f"{count:,} {reason}" for reason, count in most) + "."

    def _recording(self) -> HealthRow:
        status = self._recorder.status()
        note = status.problem or f"{status.rows:,} rows written; {status.lag:,} messages wait."
        return HealthRow("recorder", "Recorder", f"{status.lag:,} msgs", _RECORDER_STATES[status.state], note)

    def _market_engine(self) -> HealthRow:
        problems = self._engine.problems
        if not self._engine.is_alive():
            if self._engine.failure is None:
                return HealthRow("engine", "Engine", "ended", HealthState.OFF, "The run has come to its end.")
            return HealthRow("engine", "Engine", "stopped", HealthState.BAD, "The engine thread has ended.")
        state = HealthState.WARN if problems else HealthState.OK
        refused = sum(self._engine.state.refused.values())
        note = problems[-1] if problems else f"{refused:,} messages refused."
        return HealthRow("engine", "Engine", f"{len(problems)} problems" if problems else "runs", state, note)

    def _orders(self) -> HealthRow:
        problems = self._road.snapshot().problems
        if not self._road.is_alive():
            if not self._engine.is_alive() and self._engine.failure is None:
                return HealthRow("orders", "Order road", "ended", HealthState.OFF, "The run has come to its end.")
            return HealthRow("orders", "Order road", "stopped", HealthState.BAD, "The orders thread has ended.")
        p99 = self._road.command_to_venue.quantile_ms(0.99)
        value = "–" if p99 is None else f"{p99:.1f} ms"
        state = HealthState.WARN if problems else HealthState.OK
        note = problems[-1] if problems else f"From command to venue, journal included: {value} at p99."
        return HealthRow("orders", "Order road", value, state, note)

    def _memory(self) -> HealthRow:
        used = self._process.memory_info().rss
        share = psutil.virtual_memory().percent
        state = HealthState.WARN if share > 90 else HealthState.OK
        return HealthRow(
            "memory", "Memory", f"{used / 2**20:,.0f} MB", state, f"{share:.0f}% of the machine's is in use."
        )

    def _disk(self) -> HealthRow:
        free = disk.free_bytes(self._database.parent)
        size = self._database.stat().st_size if self._database.exists() else 0
        state = HealthState.WARN if free < _LOW_DISK_BYTES else HealthState.OK
        note = f"The market database holds {size / 2**20:,.0f} MB; {free / 2**30:,.1f} GB are free."
        return HealthRow("disk", "Disk", f"{free / 2**30:,.1f} GB free", state, note)
