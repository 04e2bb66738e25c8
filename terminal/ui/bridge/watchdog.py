"""Writes the UI thread's stack to the log when it has not answered for a tenth of a second."""

from __future__ import annotations

import faulthandler
import logging
import tempfile
import threading
import time

_log = logging.getLogger("moneyness.ui.stall")


class StallWatchdog:
    """The frame clock beats; a thread of its own looks. At most one stack per stall and one a second."""

    def __init__(self, limit_ms: float = 100.0) -> None:
        self._limit_ns = int(limit_ms * 1e6)
        self._beat_ns = 0
        self._watched = threading.get_ident()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.stalls = 0
        """Stalls seen so far."""

    def beat(self) -> None:
        """The watched thread is alive; called at every frame."""
        self._beat_ns = time.perf_counter_ns()

    def start(self) -> None:
        """Watches the calling thread from now on."""
        self._watched = threading.get_ident()
        self.beat()
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
        told_ns, told_beat = 0, 0
        while not self._stop.wait(self._limit_ns / 4e9):
            now_ns, beat_ns = time.perf_counter_ns(), self._beat_ns
            if now_ns - beat_ns < self._limit_ns or beat_ns == told_beat:
                continue
            told_beat = beat_ns
            self.stalls += 1
            if now_ns - told_ns < 1_000_000_000:
                continue
            told_ns = now_ns
            stack = stack_of(self._watched)
            _log.warning("the window has not answered for %d ms\n%s", (now_ns - beat_ns) // 1_000_000, stack)


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
