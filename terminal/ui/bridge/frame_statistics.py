"""How the UI thread kept up: frame work, paints, and the longest time without a frame. Qt-free arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_KEPT = 8_192
RECENT_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class FrameSummary:
    """Figures in milliseconds since :meth:`FrameStatistics.reset`; the percentiles are of the last 8,192 frames."""

    frames: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    longest_gap_ms: float


@dataclass(frozen=True, slots=True)
class RecentFrames:
    """The last ten seconds, in milliseconds; None before the first frame. A gap runs from one frame's start to the
    next one's."""

    rate: float
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float | None
    longest_gap_ms: float | None


class FrameStatistics:
    """A frame is one tick of the clock and the paint of the main window that follows it; UI thread only."""

    def __init__(self) -> None:
        self._work_ns = np.zeros(_KEPT, np.int64)
        self._start_ns = np.zeros(_KEPT, np.int64)
        self.reset()

    def reset(self, now_ns: int = 0) -> None:
        """Counts frames that begin from ``now_ns`` on: the one under way has begun before."""
        self._since_ns = now_ns
        self._count = 0
        self._longest_ns = 0
        self._longest_gap_ns = 0
        self._last_start_ns = 0
        self._recent_ns = 0.0

    def frame(self, started_ns: int, work_ns: int) -> None:
        """Books one tick that began at ``started_ns`` (perf_counter) and took ``work_ns``."""
        if started_ns < self._since_ns:
            return
        if self._last_start_ns:
            self._longest_gap_ns = max(self._longest_gap_ns, started_ns - self._last_start_ns)
        self._last_start_ns = started_ns
        self._work_ns[self._count % _KEPT] = work_ns
        self._start_ns[self._count % _KEPT] = started_ns
        self._count += 1
        self._longest_ns = max(self._longest_ns, work_ns)
        self._recent_ns += 0.05 * (work_ns - self._recent_ns)

    def paint(self, paint_ns: int) -> None:
        """Adds the time of a paint to the frame that caused it."""
        if not self._count:
            return
        place = (self._count - 1) % _KEPT
        self._work_ns[place] += paint_ns
        self._longest_ns = max(self._longest_ns, int(self._work_ns[place]))
        self._recent_ns += 0.05 * paint_ns

    @property
    def recent_ms(self) -> float:
        """A moving average over about 20 frames, for the status bar."""
        return self._recent_ns / 1e6

    def recent(self, now_ns: int) -> RecentFrames:
        """The last ten seconds before ``now_ns``; a frame that is late by now counts as a gap already."""
        kept = min(self._count, _KEPT)
        order = np.arange(self._count - kept, self._count) % _KEPT
        starts = self._start_ns[order]
        first = int(np.searchsorted(starts, now_ns - RECENT_NS))
        starts, work = starts[first:], self._work_ns[order[first:]]
        if not len(starts):
            return RecentFrames(0.0, None, None, None, None)
        ranked = np.sort(work) / 1e6
        p50, p99, longest = (float(ranked[len(ranked) * percent // 101]) for percent in (50, 99, 100))
        gap_ns = int(np.diff(starts, append=now_ns).max())
        seconds = max((now_ns - int(starts[0])) / 1e9, 1e-3)
        return RecentFrames(len(starts) / seconds, p50, p99, longest, gap_ns / 1e6)

    def summary(self) -> FrameSummary:
        """The figures so far; zeros before the first frame."""
        kept = self._work_ns[: min(self._count, _KEPT)]
        p50, p99 = (np.percentile(kept, (50, 99)) / 1e6) if len(kept) else (0.0, 0.0)
        return FrameSummary(self._count, float(p50), float(p99), self._longest_ns / 1e6, self._longest_gap_ns / 1e6)
