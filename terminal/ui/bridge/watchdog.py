"""Writes where the UI thread was to the log when it has not answered for a tenth of a second."""

from __future__ import annotations

import faulthandler
import logging
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence

from terminal.app.meter import Stall

_log = logging.getLogger("moneyness.ui.stall")
KEPT = 20
EVERY_NS = 1_000_000_000
"""One entry a second at the most: a desk that stalls all the time must not fill its log, nor be slowed by looking."""
HANGING_NS = 2_000_000_000
"""After this the entry is written though the stall goes on: perhaps nobody will see its end."""


_TOO_LATE = "It was over before its stack could be taken."


class StallWatchdog:
    """The frame clock beats; a thread of its own looks. The stack is taken while the stall lasts, and the entry is
    written with its length when it is over. A stall in which the interpreter itself stands still (a C call that keeps
    the lock) is seen only when that call returns."""

    def __init__(self, limit_ms: float = 100.0) -> None:
        self._limit_ns = int(limit_ms * 1e6)
        self._beat_ns = 0
        self._ended: tuple[int, int] = (0, 0)
        self._watched = threading.get_ident()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._kept: deque[Stall] = deque(maxlen=KEPT)
        self.stalls = 0
        """Stalls seen so far."""

    def beat(self) -> None:
        """The watched thread is alive; called at every frame."""
        now_ns = time.perf_counter_ns()
        if now_ns - self._beat_ns >= self._limit_ns and self._beat_ns:
            self._ended = (self._beat_ns, now_ns)
        self._beat_ns = now_ns

    def last(self) -> Sequence[Stall]:
        """The last stalls whose stack was taken, oldest first; any thread."""
        return tuple(self._kept)

    def start(self) -> None:
        """Watches the calling thread from now on."""
        self._watched = threading.get_ident()
        self._beat_ns = time.perf_counter_ns()
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="stall watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)
            self._thread = None

    def _watch(self) -> None:
        told_ns = 0
        while not self._stop.wait(self._limit_ns / 4e9):
            beat_ns, now_ns = self._beat_ns, time.perf_counter_ns()
            if now_ns - beat_ns < self._limit_ns:
                continue
            self.stalls += 1
            is_told = now_ns - told_ns >= EVERY_NS
            stack = stack_of(self._watched) if is_told else ""
            if stack and self._beat_ns != beat_ns:
                stack = _TOO_LATE
            wall_s = time.time() - (now_ns - beat_ns) / 1e9
            ended_ns = self._until_over(beat_ns, stack)
            if is_told:
                told_ns = time.perf_counter_ns()
                self._tell(Stall(wall_s, (ended_ns - beat_ns) / 1e6, stack), ended_ns - beat_ns)

    def _until_over(self, beat_ns: int, stack: str) -> int:
        """When the stall that began after ``beat_ns`` was over, or now when the watch ends before that."""
        is_said = not stack
        while self._beat_ns == beat_ns and not self._stop.wait(self._limit_ns / 4e9):
            if not is_said and time.perf_counter_ns() - beat_ns >= HANGING_NS:
                is_said = True
                _log.warning("the window has not answered for %d ms and still does not\n%s", HANGING_NS // 10**6, stack)
        begun_ns, ended_ns = self._ended
        return ended_ns if begun_ns == beat_ns else time.perf_counter_ns()

    def _tell(self, stall: Stall, duration_ns: int) -> None:
        self._kept.append(stall)
        if duration_ns < HANGING_NS:
            _log.warning("the window has not answered for %d ms\n%s", duration_ns // 10**6, stall.stack)
        else:
            _log.warning("the window answers again after %d ms", duration_ns // 10**6)


def stack_of(thread: int) -> str:
    """Where a thread is, innermost first, without touching its frames.

    A frame object, even for a moment, would keep the painter of a paintEvent alive beyond its widget's paint, and free
    it on this thread: Qt crashes on both.
    """
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        parts = file.read().decode(errors="replace").split("\n\n")
    return next((part.strip() for part in parts if f"0x{thread:016x}" in part.partition("\n")[0]), "")
