"""Where messages come from, and the runner that paces a feed onto the tape."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import numpy as np

from terminal.core.book_updates import end_of_update
from terminal.core.clock import NS_PER_S
from terminal.core.messages import Batch, clock_message
from terminal.core.tape import Tape

log = logging.getLogger(__name__)
TICK_S = 0.010
SKIPPED_GAP_NS = 2 * 3600 * NS_PER_S
"""A longer silence is a night or a weekend: nobody waits for it."""


class Feed(Protocol):
    """A source of time-ordered messages that the trader's own orders do not change."""

    name: str

    def first_ns(self) -> int:
        """Market time of the first message."""
        ...

    def end_ns(self) -> int | None:
        """Market time to reach after the last message, or None for a feed without end."""
        ...

    def batches(self) -> Iterator[Batch]:
        """All messages from the start, ascending in ``ts_ns``; a chunk takes well under 50 ms to make."""
        ...


class Runner(Protocol):
    """What brings a feed to the tape; a task of the io thread. Everything but :meth:`run` may be used by any thread."""

    @property
    def feed(self) -> Feed | LiveFeed:
        """The feed."""
        ...

    paused: bool
    ended: bool
    """Nothing more comes: the feed is over, broke, or was stopped."""
    finished: bool
    """Every message of the feed is on the tape."""
    failure: BaseException | None

    async def run(self) -> None:
        """Runs the feed to its end or until :meth:`stop`; what breaks it is kept in ``failure``."""
        ...

    def stop(self) -> None:
        """Ends the task at the next occasion."""
        ...

    def trouble(self) -> str:
        """Why the feed's prices cannot be trusted now, as a sentence; empty when they can."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What was refused or went wrong on the way to the tape, by reason."""
        ...


class LiveFeed(ABC):
    """A feed that sets its own pace: nobody can pause it or go back in it."""

    name: str
    is_live: bool
    """Whether its prices are those of a real market now."""

    @abstractmethod
    def first_ns(self) -> int:
        """Market time when it began to speak."""

    @abstractmethod
    def make_runner(self, tape: Tape) -> Runner:
        """What brings it to ``tape``."""


class FeedRunner:
    """Writes a feed to the tape at a speed; an asyncio task on the io thread. Controls may be called from any thread.

    ``speed`` is market seconds per wall second, None for as fast as the tape takes it. Messages before
    ``paced_from_ns`` are written at once.
    """

    def __init__(
        self,
        feed: Feed,
        tape: Tape,
        speed: float | None,
        paced_from_ns: int = 0,
        *,
        restart: Callable[[], None],
    ) -> None:
        self.feed = feed
        self.speed = speed
        self.paused = False
        self.ended = False
        """Nothing more comes: the feed is over, broke, or was stopped."""
        self.finished = False
        """Every message of the feed is on the tape."""
        self.market_ns = feed.first_ns()
        self.failure: BaseException | None = None
        self._tape = tape
        self._restart = restart
        self._paced_from_ns = paced_from_ns
        self._step = False
        self._rewind_to_ns: int | None = None
        self._stopping = threading.Event()
        self._base: tuple[int, float] | None = None

    def pause(self) -> None:
        """Holds the market."""
        self.paused = True
        self._base = None

    def play(self) -> None:
        """Lets the market go on."""
        self._base = None
        self.paused = False

    def step(self) -> None:
        """Holds, and lets exactly the next instant through."""
        self.paused = True
        self._base = None
        self._step = True

    def set_speed(self, speed: float | None) -> None:
        """Changes the speed; None is as fast as possible. Raises ValueError for one that is not above zero."""
        if speed is not None and not speed > 0:
            raise ValueError("the speed must be above zero")
        self._base = None
        self.speed = speed

    def seek(self, ts_ns: int, now_ns: int | None = None) -> None:
        """Goes to a market time: forward by letting everything through at once, back by starting over first.

        ``now_ns``: how far the reader of the tape is, which may be behind what was written; None is just there.
        """
        if ts_ns <= (self.market_ns if now_ns is None else now_ns):
            self._rewind_to_ns = ts_ns
        self._paced_from_ns = ts_ns
        self._base = None

    def stop(self) -> None:
        """Ends the task at the next occasion."""
        self._stopping.set()

    def trouble(self) -> str:
        """Empty: a feed that the desk itself paces is there or has failed."""
        return ""

    def counts(self) -> Mapping[str, int]:
        """What the reading of the feed's files refused, by reason."""
        report = getattr(self.feed, "report", None)
        return {} if report is None else dict(report.refused)

    async def run(self) -> None:
        """Runs the feed to its end or until :meth:`stop`; a failure of the feed is kept in ``failure``."""
        try:
            while await self._pass():
                self.ended = False
        except Exception as problem:
            # A broken source must show on the desk and not vanish with its task.
            log.exception("the feed %s failed", self.feed.name)
            self.failure = problem
        self.ended = True

    async def _pass(self) -> bool:
        """One run through the feed; True when it was asked to start over."""
        for batch in self.feed.batches():
            if self._stopping.is_set():
                return False
            if len(batch) == 0:
                await asyncio.sleep(0)
            at = 0
            while at < len(batch):
                if self._stopping.is_set():
                    return False
                if self._rewind_to_ns is not None:
                    self._start_over()
                    return True
                until = await self._next_part(batch, at)
                if until > at:
                    await self._write(batch[at:until])
                    at = until
        end_ns = self.feed.end_ns()
        if end_ns is not None:
            await self._write(clock_message(max(end_ns, self.market_ns) + 1))
        self.finished = not self._stopping.is_set()
        self.ended = True
        while not self._stopping.is_set():
            if self._rewind_to_ns is not None:
                self._start_over()
                return True
            await asyncio.sleep(TICK_S)
        return False

    def _start_over(self) -> None:
        self._rewind_to_ns = None
        self.finished = self.ended = False
        self.market_ns = self.feed.first_ns()
        self._base = None
        self._restart()

    async def _next_part(self, batch: Batch, at: int) -> int:
        """Index up to which ``batch`` is due now; waits a tick when nothing is."""
        ts_ns = batch["ts_ns"]
        if self._step:
            self._step = False
            return int(np.searchsorted(ts_ns, ts_ns[at], "right"))
        free = int(np.searchsorted(ts_ns, self._paced_from_ns, "right"))
        if free > at:
            return free
        if self.paused:
            await asyncio.sleep(TICK_S)
            return at
        if self.speed is None:
            return len(batch)
        due_ns = self._due_ns(int(ts_ns[at]))
        until = int(np.searchsorted(ts_ns, due_ns, "right"))
        if until > at:
            return until
        if due_ns > self.market_ns:
            await self._write(clock_message(due_ns))
        await asyncio.sleep(TICK_S)
        return at

    def _due_ns(self, next_ns: int) -> int:
        wall = time.perf_counter()
        base = self._base  # another thread may take it away at any moment
        if base is None or next_ns - self.market_ns > SKIPPED_GAP_NS:
            start = next_ns if next_ns - self.market_ns > SKIPPED_GAP_NS else max(self.market_ns, self._paced_from_ns)
            base = self._base = (start, wall)
        base_ns, base_wall = base
        return base_ns + int((wall - base_wall) * (self.speed or 1.0) * NS_PER_S)

    async def _write(self, batch: Batch) -> None:
        batch = batch.copy()
        most = max(1, self._tape.capacity // 4)
        start = 0
        while start < len(batch):
            part = batch[start : end_of_update(batch, start + most)]
            start += len(part)
            while not self._tape.has_room(len(part)):
                if self._stopping.is_set():
                    return
                await asyncio.sleep(0.0005)
            part["recv_ns"] = time.perf_counter_ns()
            self._tape.write(part)
        self.market_ns = int(batch[-1]["ts_ns"])
        await asyncio.sleep(0)
