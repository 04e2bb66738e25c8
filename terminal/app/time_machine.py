"""The session time machine: the run's day at any moment of it, while the live market, orders and recording go on.

A second market state, on a thread of its own, is fed with the same messages: it follows the live one and takes
keyframes; to look back, the keyframe before the moment is put back and the messages after it are applied again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from terminal.core.clock import Clock
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch, clock_message
from terminal.infra.failures import UsageError
from terminal.market.activity import SeriesKey
from terminal.market.keyframes import Keyframes
from terminal.market.message_inbox import MessageInbox
from terminal.market.message_log import CHUNK, MessageLog
from terminal.market.state import MarketState

log = logging.getLogger(__name__)
FRAME_MESSAGES = 1 << 19
"""Applied again in about 0.1 s when the past is shown."""
FRAME_NS = 60 * 1_000_000_000
_FRAME_LEAST = 1 << 11
_FRAME_SHARE = 50
"""Keyframes take at most one part in so many of the thread's time."""
_FOLLOW_S = 0.2
_PLAY_S = 0.04


class TimeMachine:
    """Implements ``app.ports.Past``. :meth:`record` belongs to the engine thread; the rest may be called from any.

    ``live_clock``: the live market's time; ``said_ns``: that of the newest message in the live state; ``begins``:
    its series of trades, volume and turnover, which begin with the same trades here. Only the latest wish is looked at.
    """

    def __init__(
        self,
        table: InstrumentTable,
        channel: str,
        live_clock: Clock,
        folder: Path,
        *,
        keyframe_bytes: int = 1 << 30,
        log_bytes: int = 8 << 20,
        said_ns: Callable[[], int] = lambda: 0,
        begins: Callable[[], Mapping[SeriesKey, int]] = dict,
    ) -> None:
        self.version = 0
        """Grows when another moment is shown."""
        self._table = table
        self._channel = channel
        self._live_clock = live_clock
        self._prepare: Callable[[MarketState], None] = lambda state: None
        self._state = MarketState(table, channel)
        self._spare: MarketState | None = None
        self._place = 0
        self._state_ns = 0
        """The time that :attr:`_state` has reached beyond its last message."""
        self._said_ns, self._begins = said_ns, begins
        self._log = MessageLog(folder, log_bytes)
        self._frames = Keyframes(folder, keyframe_bytes)
        self._inbox = MessageInbox(folder)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._is_past = False
        self._wish_ns: int | None = None
        self._is_step = False
        self._shown: MarketState | None = None
        self._shown_ns = 0
        self._first_ns = 0
        self._framed_ns = 0
        self._frame_not_before = 0.0
        self._is_playing = False
        self._played_at = 0.0
        self._speed = 1.0
        self.problem = ""
        """Why the past cannot be shown; empty while it can."""
        self._thread = threading.Thread(target=self._run, name="past", daemon=True)

    def start(self, prepare: Callable[[MarketState], None] = lambda state: None) -> None:
        """Starts the thread. ``prepare``: puts the history of before the run into a fresh state."""
        self._prepare = prepare
        prepare(self._state)
        self._frames.take(self._state, 0, 0)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and forgets the past."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._log.close()
        self._frames.close()
        self._inbox.close()

    def record(self, batch: Batch) -> None:
        """Takes in a copy of what the live state has applied, and never waits."""
        if not self.problem:
            try:
                self._inbox.put(batch)
            except OSError as problem:
                self._end(problem)

    # What is shown.

    @property
    def is_past(self) -> bool:
        """Whether the past is shown, or is about to be."""
        return self._is_past

    @property
    def state(self) -> MarketState | None:
        """The market as it was at :attr:`shown_ns`; None while the live one is shown."""
        return self._shown if self._is_past else None

    @property
    def shown_ns(self) -> int:
        """The moment that is shown; live it is the market's own."""
        return self._shown_ns if self.state is not None else self._live_clock.now_ns()

    @property
    def wanted_ns(self) -> int:
        """The moment that was asked for last, shown or on its way."""
        wish_ns = self._wish_ns
        return wish_ns if self._is_past and wish_ns is not None else self.shown_ns

    @property
    def first_ns(self) -> int:
        """The earliest moment that can be shown; 0 before the first message."""
        return self._first_ns

    @property
    def live_ns(self) -> int:
        """How far the live market is."""
        return self._live_clock.now_ns()

    @property
    def is_playing(self) -> bool:
        """Whether the past runs on by itself."""
        return self._is_past and self._is_playing

    @property
    def speed(self) -> float:
        """Market seconds a wall second when it runs; infinite for as fast as possible."""
        return self._speed

    # Wishes.

    def go(self, ts_ns: int) -> None:
        """Shows a moment; one that has not come yet is the live market. UsageError when there is nothing to look at."""
        if self.problem or not self._first_ns:
            raise UsageError(self.problem or "There is nothing to look back at yet: no message has come.")
        with self._lock:
            if ts_ns >= self._live_clock.now_ns():
                self._leave()
            else:
                self._wish_ns = max(ts_ns, self._first_ns)
                self._is_step = False
                self._is_past = True
        self._wake.set()

    def move(self, by_ns: int) -> None:
        """Shows a moment that lies so much before or after the one that was asked for last."""
        if by_ns < 0 or self._is_past:
            self.go(self.wanted_ns + by_ns)

    def step(self) -> None:
        """Stops, and shows the next instant at which something came."""
        if self._is_past:
            with self._lock:
                self._is_playing = False
                self._is_step = True
            self._wake.set()

    def live(self) -> None:
        """Back to the live market, at once."""
        with self._lock:
            self._leave()
        self._wake.set()

    def play(self) -> None:
        """Lets the past run on from the moment shown; it ends at the live market."""
        if not self.is_playing:
            self._played_at = time.perf_counter()
        self._is_playing = self._is_past
        self._wake.set()

    def pause(self) -> None:
        """Holds the past at the moment shown."""
        self._is_playing = False

    def set_speed(self, speed: float) -> None:
        """Changes the pace; UsageError for one that is not above zero."""
        if not speed > 0:
            raise UsageError("The speed must be above zero.")
        self._speed = speed

    def _leave(self) -> None:
        self._is_past = self._is_playing = self._is_step = False
        self._wish_ns = None
        self._shown = None
        self.version += 1

    # The thread.

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and not self.problem:
                self._wake.wait(_PLAY_S if self.is_playing else _FOLLOW_S)
                self._wake.clear()
                self._turn()
        except Exception as problem:  # the live market must not suffer, and the trader must know
            log.exception("the time machine has ended")
            self._end(problem)

    def _turn(self) -> None:
        self._take_in()
        now = time.perf_counter()
        if self._wish_ns is not None:
            self._fulfil()
        elif self._is_step:
            self._step()
        elif self.is_playing:
            wall_s, self._played_at = now - self._played_at, now
            self._run_on(wall_s)
            return
        elif not self._is_past:
            self._follow()
        # What that took is no time in which the past has run on.
        self._played_at = time.perf_counter()

    def _end(self, problem: Exception) -> None:
        self.problem = f"The past cannot be shown any more: {problem}"
        self._inbox.close()
        self.live()

    def _take_in(self) -> None:
        # No more than is there now: a market that is faster than this thread must not keep it from what is wished.
        left = self._inbox.count
        while left > 0 and (batch := self._inbox.take()) is not None:
            left -= len(batch)
            if not self._first_ns:
                self._first_ns = int(batch["ts_ns"][0])
            known = self._log.first
            self._log.append(batch)
            if self._log.first > known:
                self._forget()

    def _forget(self) -> None:
        """The disk takes nothing: the past begins at the first keyframe whose messages are all still there."""
        found = self._frames.first_from(self._log.first)
        if found is None:
            if self._place < self._log.first:
                raise RuntimeError("the messages of this moment are gone, since the disk is full")
            self._frames.take(self._state, self._place, self._state_ns)
            found = self._place, self._state_ns
        with self._lock:
            self._first_ns = max(self._first_ns, found[1])
            wanted_ns = self._wish_ns if self._wish_ns is not None else self._shown_ns
            if self._is_past and wanted_ns < self._first_ns:
                self._wish_ns = self._first_ns

    def _follow(self) -> None:
        """Behind the live market, so that the newest keyframe is never old."""
        self._spare = None
        if self._place < self._frames.last_place:
            self._restore(self._log.count)
        while self._place < self._log.count and not self._stopping.is_set() and not self._is_past:
            self._apply(min(self._place + CHUNK, self._log.count))
            self._take_in()

    def _fulfil(self) -> None:
        """Shows the moment that was asked for last: from the one shown if it lies not far ahead, else in a state that
        nobody is looking at."""
        with self._lock:
            wish_ns = self._wish_ns
        if wish_ns is None:
            return
        ts_ns = self._settled(wish_ns)
        place = self._log.place_of(ts_ns)
        if self._shown is None or ts_ns < self._shown_ns or not self._is_near(place):
            if self._shown is self._state:
                self._swap()
            if not self._is_near(place) or self._state_ns > ts_ns:
                self._restore(place)
        self._go_to(place)
        self._show(wish_ns, ts_ns)

    def _settled(self, ts_ns: int) -> int:
        """A moment whose messages are all known here: those that the live market took in just now are on their way."""
        last_ns = self._log.last_ns
        return ts_ns if self._said_ns() <= last_ns else min(ts_ns, last_ns - 1)

    def _go_to(self, place: int) -> None:
        while self._place < place:
            self._apply(place)

    def _is_near(self, place: int) -> bool:
        return max(self._frame_before(place), self._log.first) <= self._place <= place

    def _frame_before(self, place: int) -> int:
        return max((each for each in self._frames.places if each <= place), default=0)

    def _swap(self) -> None:
        """Goes on in the other state; what is shown stays as it is until the new moment is there."""
        if self._spare is None:
            self._spare = MarketState(self._table, self._channel)
            self._prepare(self._spare)
        self._state, self._spare = self._spare, self._state
        self._place = -1

    def _show(self, wish_ns: int, ts_ns: int) -> None:
        self._pass_time(ts_ns)
        with self._lock:
            if not self._is_past:
                return
            self._shown, self._shown_ns = self._state, ts_ns
            self.version += 1
            if self._wish_ns == wish_ns:
                self._wish_ns = None
            else:
                self._wake.set()

    def _pass_time(self, ts_ns: int) -> None:
        """Time has come that far, also where nothing was said since the last message."""
        self._state.apply(clock_message(ts_ns))
        self._state_ns = max(self._state_ns, ts_ns)

    def _run_on(self, wall_s: float) -> None:
        now_ns = self._live_clock.now_ns()
        if math.isinf(self._speed):
            ts_ns = self._log.time_of(min(self._place + CHUNK // 4, self._log.count)) or now_ns
        else:
            ts_ns = self._shown_ns + int(wall_s * self._speed * 1e9)
        if ts_ns >= now_ns:
            self.live()
        else:
            self._show_next(self._settled(ts_ns))

    def _step(self) -> None:
        self._is_step = False
        ts_ns = self._log.time_of(self._place)
        if ts_ns is None or ts_ns >= self._live_clock.now_ns():
            self.live()
        else:
            self._show_next(ts_ns)

    def _show_next(self, ts_ns: int) -> None:
        ts_ns = max(ts_ns, self._shown_ns)
        self._go_to(self._log.place_of(ts_ns))
        self._pass_time(ts_ns)
        with self._lock:
            if self._is_past and self._wish_ns is None:
                self._shown, self._shown_ns = self._state, ts_ns
                self.version += 1

    def _restore(self, place: int) -> None:
        found = self._frames.restore(self._state, place)
        if found is None or found < self._log.first:
            raise RuntimeError("the messages before this moment are gone, since the disk is full")
        _, self._state_ns = self._frames.first_from(found) or (found, 0)
        self._place = found

    def _apply(self, until: int) -> None:
        batch = self._log.read(self._place, until)
        self._state.apply(batch)
        self._place += len(batch)
        self._state_ns = max(self._state_ns, int(batch["ts_ns"][-1]))
        self._state.bars.activity.open_as(self._begins())
        self._take_frame()

    def _take_frame(self) -> None:
        came = self._place - self._frames.last_place
        due = came >= FRAME_MESSAGES or (self._state_ns - self._framed_ns >= FRAME_NS and came >= _FRAME_LEAST)
        if not due or time.monotonic() < self._frame_not_before:
            return
        begun = time.monotonic()
        self._frames.take(self._state, self._place, self._state_ns)
        self._framed_ns = self._state_ns
        took = time.monotonic() - begun
        self._frame_not_before = begun + took * _FRAME_SHARE
