"""Pause, step, speed and seek for a market that does not run by itself."""

from __future__ import annotations

import math
from collections.abc import Callable

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
