"""One timer for every repaint: visible dirty panels, oldest first, about 8 ms of the UI thread a frame, paint too."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QWidget

from terminal.ui.bridge.frame_statistics import FrameStatistics
from terminal.ui.bridge.paint_forecast import PaintForecast, work_ns
from terminal.ui.bridge.panel_costs import PanelCosts, owner_of

FRAME_MS = 16
BUDGET_NS = 8_000_000
_YOUNG_OBJECTS = 4_000
_ALL_EVERY_NS = 60_000_000_000


class Needs(Flag):
    """What makes a panel dirty by itself."""

    NOTHING = 0
    MARKET = auto()
    """A batch of market data was applied."""
    TRADING = auto()
    """An order, fill or position changed."""
    SECOND = auto()
    """A second of market time passed."""
    LOG = auto()
    """A log line was written."""
    ALWAYS = auto()
    """Every frame."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The counters of the desk at one moment; a changed counter dirties the panels that need it."""

    market_ns: int = 0
    market_changed: int = 0
    trading_changed: int = 0
    log_changed: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """What a panel is told when it refreshes. ``wall_ns`` is ``time.perf_counter_ns`` at the frame's start."""

    number: int
    wall_ns: int
    pulse: Pulse

    @property
    def market_ns(self) -> int:
        """Market time, UTC nanoseconds."""
        return self.pulse.market_ns


class FrameClient(Protocol):
    """What the clock drives; :class:`terminal.ui.panel.Panel` is one."""

    needs: Needs
    min_interval_ms: int

    def is_on_screen(self) -> bool:
        """Whether a refresh could be seen."""
        ...

    def run_frame(self, frame: Frame) -> None:
        """Refreshes; must not raise."""
        ...


@dataclass(slots=True)
class _Entry:
    client: FrameClient
    dirty: bool = True
    last_run_ns: int = 0
    owner: str = ""
    """Whose cost it is; known once it is on the screen, where it has its parents."""


class FrameClock(QObject):
    """Drives every client from one 16 ms timer, keeps the figures, and collects garbage between frames.

    ``pulse`` is read once a frame. A panel whose refresh and paint will not fit into the frame's budget waits for the
    next one, where the one that has waited longest goes first, whatever it costs.
    """

    def __init__(self, pulse: Callable[[], Pulse], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pulse = pulse
        self._entries: dict[int, _Entry] = {}
        self._last = Pulse(-1, -1, -1, -1)
        self._number = 0
        self._last_full_collection_ns = 0
        self._collects = False
        self.statistics = FrameStatistics()
        self.costs = PanelCosts(self)
        self._forecast = PaintForecast()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begins to tick, and to collect garbage here and nowhere else.

        A cyclic collection on another thread, or in the middle of a paint, would destroy Qt objects in the wrong place.
        """
        gc.disable()
        self._collects = True
        self._last_full_collection_ns = time.perf_counter_ns()
        self._timer.start()

    def stop(self) -> None:
        """Ends ticking. The cyclic collector stays off: other threads still run, see :meth:`release_collector`."""
        self._timer.stop()

    def release_collector(self) -> None:
        """Gives the cyclic collector back to the interpreter, once no other thread can meet a Qt object."""
        if self._collects:
            gc.enable()
            gc.unfreeze()
            self._collects = False

    @property
    def is_running(self) -> bool:
        """Whether the timer ticks."""
        return self._timer.isActive()

    def ready(self) -> None:
        """The desk is up: statistics count from here, and the heap is frozen."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._collects = True
        self._last_full_collection_ns = time.perf_counter_ns()
        self.statistics.reset(time.perf_counter_ns())

    def add(self, client: FrameClient) -> None:
        """Drives ``client`` from the next frame on; adding it again does nothing."""
        self._entries.setdefault(id(client), _Entry(client))

    def remove(self, client: FrameClient) -> None:
        """Forgets ``client``."""
        self._forget(id(client))

    def remove_inside(self, widget: QWidget) -> None:
        """Forgets ``widget`` and every client inside it: it is about to go."""
        for key, entry in list(self._entries.items()):
            client: object = entry.client
            if isinstance(client, QWidget) and (client is widget or widget.isAncestorOf(client)):
                self._forget(key)

    def _forget(self, key: int) -> None:
        self._entries.pop(key, None)
        self._forecast.forget(key)

    def mark(self, client: FrameClient) -> None:
        """Asks for a refresh of ``client`` in the next frame in which it is visible."""
        entry = self._entries.get(id(client))
        if entry is not None:
            entry.dirty = True

    @Slot()
    def tick(self) -> None:
        """One frame."""
        started_ns, worked_ns = time.perf_counter_ns(), work_ns()
        pulse = self._pulse()
        self._mark_changed(pulse)
        self._number += 1
        frame = Frame(self._number, started_ns, pulse)
        self.costs.begin_frame()
        self._forecast.begin_frame()
        waiting = sorted(
            (each for each in self._entries.values() if self._is_due(each, started_ns)), key=lambda e: e.last_run_ns
        )
        for place, entry in enumerate(waiting):
            if place and not self._fits(entry, started_ns, worked_ns):
                break
            entry.dirty = False
            entry.last_run_ns = started_ns
            entry.owner = entry.owner or owner_of(entry.client)
            before_ns, before_work_ns = time.perf_counter_ns(), work_ns()
            entry.client.run_frame(frame)
            self._forecast.refreshed(id(entry.client), work_ns() - before_work_ns)
            self.costs.refreshed(entry.owner, time.perf_counter_ns() - before_ns)
        if self._collects and time.perf_counter_ns() - started_ns < BUDGET_NS:
            self._collect(started_ns)
        self.statistics.frame(started_ns, time.perf_counter_ns() - started_ns)

    def painted(self, paint_ns: int, paint_work_ns: int) -> None:
        """The window has painted what the last frame refreshed: how long that took, and by ``work_ns``."""
        self.statistics.paint(paint_ns)
        self.costs.frame_painted()
        self._forecast.painted(paint_work_ns)

    def _fits(self, entry: _Entry, started_ns: int, worked_ns: int) -> bool:
        if time.perf_counter_ns() - started_ns >= BUDGET_NS:
            return False
        work = work_ns() - worked_ns + self._forecast.paint_to_come_ns + self._forecast.of(id(entry.client))
        return work < BUDGET_NS

    def _mark_changed(self, pulse: Pulse) -> None:
        last, self._last = self._last, pulse
        changed = Needs.ALWAYS
        if pulse.market_changed != last.market_changed:
            changed |= Needs.MARKET
        if pulse.trading_changed != last.trading_changed:
            changed |= Needs.TRADING
        if pulse.log_changed != last.log_changed:
            changed |= Needs.LOG
        if pulse.market_ns // 1_000_000_000 != last.market_ns // 1_000_000_000:
            changed |= Needs.SECOND
        for entry in self._entries.values():
            if entry.client.needs & changed:
                entry.dirty = True

    @staticmethod
    def _is_due(entry: _Entry, now_ns: int) -> bool:
        if not entry.dirty or now_ns - entry.last_run_ns < entry.client.min_interval_ms * 1_000_000:
            return False
        return entry.client.is_on_screen()

    def _collect(self, now_ns: int) -> None:
        # The start-up heap is frozen, so that even a full collection has little to look at.
        if now_ns - self._last_full_collection_ns > _ALL_EVERY_NS:
            self._last_full_collection_ns = now_ns
            gc.collect()
        elif gc.get_count()[0] > _YOUNG_OBJECTS:
            gc.collect(0)
