"""Latency histograms that a hot thread can feed: fixed size, no allocation, about 3% resolution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
"""Durations by bucket; the difference of two readings is what came between them."""
_PER_OCTAVE = 32
_OCTAVES = 40


class LatencyMeter:
    """Counts durations in log-spaced buckets from 1 us to 12 days. One writer; readers see a recent state."""

    def __init__(self) -> None:
        self._counts = np.zeros(_PER_OCTAVE * _OCTAVES, np.int64)
        self._max_ns = 0

    def add(self, duration_ns: int) -> None:
        """Counts one duration; a negative one (a clock that stepped back) counts as zero."""
        micros = max(duration_ns, 0) / 1000.0
        bucket = 0 if micros < 1.0 else int(np.log2(micros) * _PER_OCTAVE)
        self._counts[min(bucket, len(self._counts) - 1)] += 1
        self._max_ns = max(self._max_ns, duration_ns)

    @property
    def count(self) -> int:
        """Durations counted."""
        return int(self._counts.sum())

    @property
    def max_ms(self) -> float | None:
        """The longest, or None before the first."""
        return self._max_ns / 1e6 if self.count else None

    def quantile_ms(self, share: float) -> float | None:
        """The duration in ms that ``share`` (0 to 1) of all stay under, or None before the first."""
        total = self.count
        if not total:
            return None
        bucket = int(np.searchsorted(np.cumsum(self._counts), share * total))
        return min(float(2.0 ** ((bucket + 0.5) / _PER_OCTAVE)) / 1000.0, self._max_ns / 1e6)

    def counts(self) -> Counts:
        """A copy of the buckets, for :func:`quantile_ms` of what came between two readings."""
        return self._counts.copy()

    def summary(self) -> dict[str, float | None]:
        """``p50``, ``p99`` and ``max`` in ms, None where nothing was measured."""
        return {
            "p50": _rounded(self.quantile_ms(0.5)),
            "p99": _rounded(self.quantile_ms(0.99)),
            "max": _rounded(self.max_ms),
        }

    def reset(self) -> None:
        """Starts over."""
        self._counts[:] = 0
        self._max_ns = 0


def quantile_ms(counts: Counts, share: float) -> float | None:
    """The duration in ms that ``share`` (0 to 1) of ``counts`` stay under, to about 3%; None when there are none."""
    total = int(counts.sum())
    if total <= 0:
        return None
    bucket = int(np.searchsorted(np.cumsum(counts), share * total))
    return float(2.0 ** ((min(bucket, len(counts) - 1) + 0.5) / _PER_OCTAVE)) / 1000.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
