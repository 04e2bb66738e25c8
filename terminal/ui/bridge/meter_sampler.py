"""One reading of the meter for all who show it, a few times a second, and only while somebody does."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from terminal.app.meter import Meter, Reading, UiReading
from terminal.app.views.meter import MeterHistory
from terminal.ui.bridge.frame_clock import FrameClock
from terminal.ui.bridge.watchdog import StallWatchdog

EVERY_S = 0.4
RESTS_AFTER_S = 2.0
_WIDGETS_EVERY_S = 2.0
"""How often widgets that have come are looked for inside the panels; another panel is seen at once."""


class MeterSampler:
    """``panels``: those on the screen, by id, whose paints are measured while somebody looks. UI thread only."""

    def __init__(
        self, meter: Meter, clock: FrameClock, watchdog: StallWatchdog, panels: Callable[[], dict[str, QWidget]]
    ) -> None:
        self.history = MeterHistory()
        self._meter, self._clock, self._watchdog, self._panels = meter, clock, watchdog, panels
        self._reading: Reading | None = None
        self._asked_at = self._read_at = -EVERY_S
        self._rests = True
        self._watched: frozenset[str] = frozenset()
        self._watched_at = 0.0

    @property
    def rests(self) -> bool:
        """Whether nobody looks, and nothing is measured."""
        return self._rests

    def sample(self) -> Reading:
        """The reading of now, at most ``EVERY_S`` old."""
        now = time.monotonic()
        self._asked_at = now
        if self._reading is not None and not self._rests and now - self._read_at < EVERY_S:
            return self._reading
        self._rests = False
        self._read_at = now
        self._watch(now)
        frames = self._clock.statistics.recent(time.perf_counter_ns())
        self._reading = self._meter.read(
            UiReading(
                frames.rate, frames.p50_ms, frames.p99_ms, frames.longest_gap_ms,
                self._clock.costs.rows(), self._watchdog.last(), self._watchdog.stalls,
            )
        )  # fmt: skip
        self.history.add(self._reading)
        return self._reading

    def _watch(self, now: float) -> None:
        panels = self._panels()
        if panels.keys() != self._watched or now - self._watched_at >= _WIDGETS_EVERY_S:
            self._watched, self._watched_at = frozenset(panels), now
            self._clock.costs.watch(panels)

    def look(self) -> None:
        """Rests when nobody has asked for a while; the window calls it twice a second."""
        if not self._rests and time.monotonic() - self._asked_at > RESTS_AFTER_S:
            self._rests = True
            self._watched = frozenset()
            self._clock.costs.unwatch()
