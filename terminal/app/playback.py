"""Pause, step, speed and seek for a market that does not run by itself."""

from __future__ import annotations

import math
from collections.abc import Callable

from terminal.app.time_machine import TimeMachine
from terminal.core.clock import Clock
from terminal.infra.failures import UsageError
from terminal.market.feed import FeedRunner


class FeedPlayback:
    """The face's door to the feed's pace. ``has_orders`` forbids going back: the journal cannot be rewound."""

    def __init__(
        self, runner: FeedRunner, clock: Clock, close_ns: Callable[[], int], has_orders: Callable[[], bool]
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._close_ns = close_ns
        self._has_orders = has_orders

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self._runner.paused

    @property
    def speed(self) -> float:
        """Market seconds a wall second; infinite for as fast as possible."""
        return math.inf if self._runner.speed is None else self._runner.speed

    @property
    def first_ns(self) -> int:
        """Where the material begins."""
        return self._runner.feed.first_ns()

    @property
    def last_ns(self) -> int:
        """Where it ends, or the close of the day when it never ends."""
        end_ns = self._runner.feed.end_ns()
        return self._close_ns() if end_ns is None else end_ns

    @property
    def can_seek(self) -> bool:
        """False while a session's orders forbid going back."""
        return not self._has_orders()

    def play(self) -> None:
        """Lets time run."""
        self._runner.play()

    def pause(self) -> None:
        """Stops time after the instant in hand."""
        self._runner.pause()

    def step(self) -> None:
        """Pauses, then plays one instant."""
        self._runner.step()

    def set_speed(self, speed: float) -> None:
        """Changes the pace; UsageError for one that is not above zero."""
        if not speed > 0:
            raise UsageError("The speed must be above zero.")
        self._runner.set_speed(None if math.isinf(speed) else speed)

    def seek(self, ts_ns: int) -> None:
        """Goes to a market time; UsageError when that is back and the session has orders."""
        now_ns = self._clock.now_ns()
        if ts_ns <= now_ns and self._has_orders():
            raise UsageError("This session has orders, so it can only go forward; start a new replay to go back.")
        self._runner.seek(ts_ns, now_ns)


class LivePace:
    """A market that sets its own pace: it can be looked back at, and not held. Implements ``ports.Playback``."""

    paused = False
    speed = 1.0
    can_seek = False

    def __init__(self, past: TimeMachine) -> None:
        self._past = past

    @property
    def first_ns(self) -> int:
        """Where the run began."""
        return self._past.first_ns

    @property
    def last_ns(self) -> int:
        """Now."""
        return self._past.live_ns

    def play(self) -> None:
        """It runs already."""

    def pause(self) -> None:
        """It cannot be held."""

    def step(self) -> None:
        """It cannot be held."""

    def set_speed(self, speed: float) -> None:
        """It has its own."""

    def seek(self, ts_ns: int) -> None:
        """Raises UsageError."""
        raise UsageError("A live market cannot be moved; drag to the left of now to look back.")


class ShownPlayback:
    """The pace of what is shown: the past's own while it is looked at, else the feed's. Implements ``ports.Playback``.

    :meth:`seek` always moves the feed itself.
    """

    def __init__(self, feed: FeedPlayback | LivePace, past: TimeMachine) -> None:
        self._feed, self._past = feed, past

    @property
    def paused(self) -> bool:
        """Whether what is shown stands still."""
        return not self._past.is_playing if self._past.is_past else self._feed.paused

    @property
    def speed(self) -> float:
        """Market seconds a wall second."""
        return self._past.speed if self._past.is_past else self._feed.speed

    @property
    def first_ns(self) -> int:
        """Where the feed's material begins."""
        return self._feed.first_ns

    @property
    def last_ns(self) -> int:
        """Where it ends, or the close of the day."""
        return self._feed.last_ns

    @property
    def can_seek(self) -> bool:
        """False while a session's orders forbid moving the feed back."""
        return self._feed.can_seek

    def play(self) -> None:
        """Lets what is shown run on."""
        (self._past if self._past.is_past else self._feed).play()

    def pause(self) -> None:
        """Holds what is shown; the live market goes on behind the past."""
        (self._past if self._past.is_past else self._feed).pause()

    def step(self) -> None:
        """Shows the next instant and holds."""
        (self._past if self._past.is_past else self._feed).step()

    def set_speed(self, speed: float) -> None:
        """Changes the pace of what is shown; UsageError for one that is not above zero."""
        (self._past if self._past.is_past else self._feed).set_speed(speed)

    def seek(self, ts_ns: int) -> None:
        """Moves the feed to a market time and shows it; UsageError when that is back and the session has orders."""
        self._feed.seek(ts_ns)
        self._past.live()
