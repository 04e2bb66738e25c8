"""The sampled books that a heatmap has read so far, as arrays that its kernel takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import DepthHistoryReader

MOST_BYTES = 48 << 20
MOST_SAMPLES = 16_384
_FIRST_READ = 2_400
"""Samples read when a symbol is chosen; the older ones follow when somebody scrolls back to them."""
_DROPPED_SHARE = 4
"""When it is full, one in so many of the samples goes, the oldest first."""


class DepthSamples:
    """Samples of one instrument, ascending in time. UI thread only.

    ``version`` grows when samples that were there have gone or changed; new ones at the end do not change it.
    """

    def __init__(self, reader: DepthHistoryReader) -> None:
        self._reader = reader
        self._instrument = -1
        self._wanted = _FIRST_READ
        self.count = 0
        self.version = 0
        self._allocate(0, 1)

    @property
    def step_ns(self) -> int:
        """Market time between two samples."""
        return max(1, self._reader.step_ns)

    @property
    def ts_ns(self) -> npt.NDArray[np.int64]:
        """Times of the samples."""
        return self.all_ts_ns[: self.count]

    def show(self, instrument: int) -> bool:
        """Another instrument, from now on sampled; False when all places are taken."""
        self._instrument = instrument
        self._wanted = _FIRST_READ
        self._forget()
        return self._reader.watch(instrument)

    def read_all(self) -> bool:
        """Reads the samples older than the first ones too, at the next pull; False when that was done before."""
        if self._wanted == MOST_SAMPLES or self.count < self._wanted:
            return False
        self._wanted = MOST_SAMPLES
        self._forget()
        return True

    def pull(self) -> int:
        """Reads what is new and gives the number of new samples; a market that went back in time starts again."""
        if self._instrument < 0:
            return 0
        last_ns = int(self.all_ts_ns[self.count - 1]) if self.count else 0
        most = self._wanted
        if self.count:
            newest, _ = self._reader.read(self._instrument, 0, 1)
            newest_ns = int(newest["ts_ns"][-1]) if len(newest) else -1
            if newest_ns < last_ns:
                self._forget()
                last_ns = 0
            elif newest_ns == last_ns:
                return 0
            else:
                most = min(MOST_SAMPLES, (newest_ns - last_ns) // self.step_ns + 2)
        heads, levels = self._reader.read(self._instrument, last_ns, most)
        if not len(heads):
            return 0
        kept = levels.shape[2]
        if kept != self.px.shape[2] or not len(self.px):
            self._allocate(max(64, min(MOST_SAMPLES, MOST_BYTES // (32 * kept))), kept)
        heads, levels = heads[-len(self.px) :], levels[-len(self.px) :]
        self._make_room(len(heads))
        new = slice(self.count, self.count + len(heads))
        self.all_ts_ns[new] = heads["ts_ns"]
        self.status[new] = heads["status"]
        self.used[new, 0] = np.minimum(heads["bids"], kept)
        self.used[new, 1] = np.minimum(heads["asks"], kept)
        self.px[new] = levels["px"]
        self.size[new] = levels["size"]
        self.count += len(heads)
        return len(heads)

    def at(self, ts_ns: int) -> int:
        """The sample that stood at a time, -1 before the first."""
        return int(np.searchsorted(self.ts_ns, ts_ns, side="right")) - 1

    def _allocate(self, capacity: int, kept: int) -> None:
        self.all_ts_ns = np.zeros(capacity, np.int64)
        self.status = np.zeros(capacity, np.uint8)
        self.used = np.zeros((capacity, 2), np.int64)
        self.px = np.zeros((capacity, 2, kept), np.int64)
        self.size = np.zeros((capacity, 2, kept), np.int64)
        self.count = 0
        self.version += 1

    def _forget(self) -> None:
        self.count = 0
        self.version += 1

    def _make_room(self, wanted: int) -> None:
        capacity = len(self.px)
        if self.count + wanted <= capacity:
            return
        gone = min(self.count, max(wanted, capacity // _DROPPED_SHARE))
        for array in (self.all_ts_ns, self.status, self.used, self.px, self.size):
            array[: self.count - gone] = array[gone : self.count].copy()
        self.count -= gone
        self.version += 1
