"""What a refresh will cost, its paint included, learned from what frames took. Qt-free arithmetic."""

from __future__ import annotations

import sys
import time

work_ns = time.perf_counter_ns if sys.platform == "win32" else time.thread_time_ns
"""The clock of a forecast: the thread's own time, since waiting for a processor or for the interpreter would not get
shorter in a later frame. Windows counts it in steps of 16 ms; there it is the time of the wall."""
_RATE = 0.2
_MOST_NS = 50_000_000
"""A longer paint was of something else: a window that was sized, a theme that was changed."""


class PaintForecast:
    """Moving averages by client. Only the paint of a whole frame is known; what it took more or less than expected is
    shared out among the clients that were refreshed in it, and since these are others in every frame, each comes to its
    own (least mean squares). Costs a few additions a frame, so that it can always run. UI thread only.
    """

    def __init__(self) -> None:
        self._refresh_ns: dict[int, float] = {}
        self._paint_ns: dict[int, float] = {}
        self._frame: list[int] = []
        self._expected_ns = 0.0

    def begin_frame(self) -> None:
        """Nothing is refreshed yet."""
        self._frame.clear()
        self._expected_ns = 0.0

    @property
    def paint_to_come_ns(self) -> float:
        """What painting the clients refreshed in this frame will take."""
        return self._expected_ns

    def of(self, client: int) -> float:
        """Nanoseconds that a refresh of ``client`` and its paint will take; 0 for one that is not known yet."""
        return self._refresh_ns.get(client, 0.0) + self._paint_ns.get(client, 0.0)

    def refreshed(self, client: int, duration_ns: int) -> None:
        """Books one refresh of this frame."""
        known = self._refresh_ns.get(client)
        self._refresh_ns[client] = duration_ns if known is None else known + _RATE * (duration_ns - known)
        self._frame.append(client)
        self._expected_ns += self._paint_ns.get(client, 0.0)

    def painted(self, paint_ns: int) -> None:
        """The paint that this frame's refreshes have caused; a second one of the frame teaches nothing."""
        if not self._frame:
            return
        share = _RATE * (min(paint_ns, _MOST_NS) - self._expected_ns) / len(self._frame)
        for client in self._frame:
            self._paint_ns[client] = max(0.0, self._paint_ns.get(client, 0.0) + share)
        self._frame.clear()

    def forget(self, client: int) -> None:
        """The client is gone."""
        self._refresh_ns.pop(client, None)
        self._paint_ns.pop(client, None)
