"""The engine thread: the tape's consumer, the only writer of market state, and the conductor of replay and simulation.

At one instant the order is: all data, matching of resting orders, timers, commands. After each of the last three the
conductor waits until the order road is idle, so the same input gives the same events.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from terminal.core.book_updates import begin_of_last_update
from terminal.core.clock import MarketClock
from terminal.core.instruments import CAPACITY
from terminal.core.latency import LatencyMeter
from terminal.core.messages import Batch, Kind
from terminal.core.tape import Tape
from terminal.market.rows import Ids
from terminal.market.state import MarketState

log = logging.getLogger(__name__)
_NEVER_NS = 2**62
_LAST_WAIT_S = 1.5
_NO_HITS: npt.NDArray[np.int64] = np.empty(0, np.int64)


class Rank(IntEnum):
    """Order of what is due at one instant."""

    TIMER = 1
    COMMAND = 2
    END = 3


Action = Callable[[int], None]
"""Called on the engine thread with the market time."""


@dataclass(order=True, slots=True)
class _Due:
    ts_ns: int
    rank: Rank
    number: int
    action: Action = field(compare=False)


@dataclass(slots=True)
class EngineHooks:
    """What the engine calls out to; the defaults do nothing. All run on the engine thread.

    ``record``: takes every batch, which it copies, and returns False while it has no room. ``match``: matches resting
    orders after all data of an instant touched ``ids``. ``settle``: returns when the order road is idle.
    """

    record: Callable[[Batch], bool] = lambda batch: True
    match: Callable[[int, Ids], None] = lambda ts_ns, ids: None
    settle: Callable[[], None] = lambda: None


class Engine(threading.Thread):
    """Consumes the tape until stopped. ``watched``: ids whose quotes resting orders wait for (see ``watch_number``)."""

    def __init__(self, tape: Tape, state: MarketState, clock: MarketClock, hooks: EngineHooks) -> None:
        super().__init__(name="engine", daemon=True)
        self.state = state
        self.clock = clock
        self.hooks = hooks
        self.watched: npt.NDArray[np.bool_] = np.zeros(CAPACITY, np.bool_)
        self.feed_to_state = LatencyMeter()
        self.problems: deque[str] = deque(maxlen=100)
        self.failure: Exception | None = None
        """What ended the thread before anybody asked for its end: a fault of the engine itself."""
        self._tape = tape
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._due_lock = threading.Lock()
        self._commands: deque[Action] = deque()
        self._instant_ns = 0
        self._unmatched: set[int] = set()
        self._delivered = 0
        self._recorded = 0
        self._stopping = threading.Event()

    @property
    def tape_lag(self) -> int:
        """Messages on the tape that are not in the state yet."""
        return self._tape.lag

    def at(self, ts_ns: int, rank: Rank, action: Action) -> None:
        """Runs ``action`` at a market time, after all data of that instant; any thread.

        A time in the past means the next instant.
        """
        with self._due_lock:
            heapq.heappush(self._due, _Due(ts_ns, rank, next(self._numbers), action))

    def command(self, action: Action) -> None:
        """Runs ``action`` as soon as the batch in hand is done; any thread."""
        self._commands.append(action)
        self._tape.wake()

    def restart(self, start_ns: int = 0) -> None:
        """Forgets the market so that the feed can begin again at ``start_ns``; nothing is recorded twice."""
        done = threading.Event()

        def forget(_ts_ns: int) -> None:
            try:
                self._tape.release(self._tape.lag)
                self._instant_ns = 0
                self._delivered = 0
                self._unmatched.clear()
                self.clock.reset(start_ns)
                self.state.reset()
            finally:
                done.set()  # Who waits is the thread that reads the feeds.

        self.command(forget)
        while not done.wait(0.05) and self.is_alive() and not self._stopping.is_set():
            pass

    def halt(self) -> None:
        """Ends the run at the instant in hand; called by an action. What the tape still holds is not processed."""
        self._stopping.set()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Ends the thread after the batch in hand."""
        self._stopping.set()
        self._tape.wake()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(timeout_s)

    def run(self) -> None:
        """The thread's loop."""
        try:
            self._loop()
        except Exception as problem:  # the desk must see it: a thread that vanishes would look like a silent market
            log.exception("the engine has ended at market time %d", self.clock.now_ns())
            self.failure = problem

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._run_commands()
            batch = self._tape.peek()
            if len(batch) == 0:
                if self._tape.closed:
                    break
                self._tape.wait(0.05)
                continue
            if self._tape.lag > len(batch):
                batch = batch[: begin_of_last_update(batch)]
            self._tape.release(self._consume(batch))

    def _run_commands(self) -> None:
        while self._commands:
            self._guard(self._commands.popleft(), self.clock.now_ns())
            self._settle()

    def _guard(self, action: Action, ts_ns: int) -> None:
        """A handler that raises is named on the desk; the market goes on."""
        try:
            action(ts_ns)
        except Exception as problem:
            log.exception("an action at market time %d failed", ts_ns)
            place = traceback.extract_tb(problem.__traceback__)[-1]
            self.problems.append(f"{type(problem).__name__} in {place.name}: {problem}")

    def _settle(self) -> None:
        self._guard(lambda ts_ns: self.hooks.settle(), self.clock.now_ns())

    def _consume(self, batch: Batch) -> int:
        """Processes a batch and gives how many messages of it; not all once an action has ended the run."""
        # A venue's clock may step back; the market's does not: what is stamped in the past belongs to this instant.
        ts_ns = np.maximum.accumulate(np.maximum(batch["ts_ns"], self._instant_ns))
        at = 0
        hits, watched = self._watched_of(batch)
        while at < len(batch) and not self._stopping.is_set():
            if int(ts_ns[at]) > self._instant_ns and self._finish_instant(int(ts_ns[at])):
                if self._stopping.is_set():
                    break  # An action ended the run: nothing after its instant may be seen.
                if self.watched.tobytes() != watched:
                    hits, watched = self._watched_of(batch)
            limit_ns = self._due[0].ts_ns if self._due else _NEVER_NS
            end = int(np.searchsorted(ts_ns, ts_ns[at], "right"))
            if not self._unmatched:
                end = max(end, int(np.searchsorted(ts_ns, limit_ns, "right")))
            first_hit = int(np.searchsorted(hits, at))
            if first_hit < len(hits) and hits[first_hit] < end:
                end = min(end, int(np.searchsorted(ts_ns, ts_ns[hits[first_hit]], "right")))
                last_hit = int(np.searchsorted(hits, end))
                self._unmatched.update(int(i) for i in batch["instrument"][hits[first_hit:last_hit]])
            self._apply(batch[at:end], int(ts_ns[end - 1]))
            at = end
        return at

    def _watched_of(self, batch: Batch) -> tuple[npt.NDArray[np.int64], bytes]:
        """Indices of messages that resting orders wait for, and what was watched when this was asked."""
        watched = self.watched.tobytes()
        if not self.watched.any():
            return _NO_HITS, watched
        able = _able_to_fill(batch)
        hits: npt.NDArray[np.int64] = able[self.watched[batch["instrument"][able]]]
        return hits, watched

    def _apply(self, part: Batch, instant_ns: int) -> None:
        self.state.apply(part)
        recv_ns = int(part[-1]["recv_ns"])
        if recv_ns:
            self.feed_to_state.add(time.perf_counter_ns() - recv_ns)
        self._instant_ns = instant_ns
        self.clock.advance(self._instant_ns)
        # How many clock messages there are depends on the pace, so they do not count for what a second pass repeats.
        is_clock = part["kind"] == Kind.CLOCK
        said = part[~is_clock] if is_clock.any() else part
        unrecorded = said[max(0, self._recorded - self._delivered) :]
        self._delivered += len(said)
        if len(unrecorded):
            self._recorded = self._delivered
            self._record(unrecorded)

    def _record(self, batch: Batch) -> None:
        """Waits for the recorder's room; at the stop for a moment only, since what was applied should be kept."""
        give_up_at = None
        while not self._offer(batch):
            if self._stopping.is_set():
                give_up_at = give_up_at or time.monotonic() + _LAST_WAIT_S
                if time.monotonic() > give_up_at:
                    self.problems.append("The recorder had no room for the last messages before the stop.")
                    return
            time.sleep(0.001)

    def _offer(self, batch: Batch) -> bool:
        """A recorder that raises must not end the market with orders working: what it missed is said."""
        try:
            return self.hooks.record(batch)
        except Exception as problem:
            log.exception("recording failed")
            self.problems.append(f"{len(batch):,} messages were not recorded: {problem}")
            return True

    def _finish_instant(self, next_ns: int) -> bool:
        """Everything due before ``next_ns``; True when something ran, after which other ids may be watched."""
        ran = False
        if self._unmatched:
            ids = np.array(sorted(self._unmatched), np.int32)
            self._unmatched.clear()
            self._guard(lambda ts_ns: self.hooks.match(ts_ns, ids), self._instant_ns)
            self._settle()
            ran = True
        while self._due and self._due[0].ts_ns < next_ns and not self._stopping.is_set():
            with self._due_lock:
                due = heapq.heappop(self._due)
            self.clock.advance(due.ts_ns)
            self._guard(due.action, max(due.ts_ns, self._instant_ns))
            self._settle()
            ran = True
        return ran


def _able_to_fill(batch: Batch) -> npt.NDArray[np.int64]:
    """Indices of quotes and of phases of one instrument; trades and depth, of which there are more, fill nothing."""
    kind, instrument = batch["kind"], batch["instrument"]
    able = (kind == Kind.QUOTE) | (kind == Kind.PHASE_CHANGE)
    return np.flatnonzero(able & (instrument >= 0) & (instrument < CAPACITY))
