"""Trades gathered into dots: one for each stretch of time, price row and aggressor, with their whole size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.app.market_port import PrintReader, Rows
from terminal.core.messages import Flag

MOST_TRADES = 100_000
_READ_AT_ONCE = 20_000

DOT = np.dtype([("bucket", "i8"), ("row", "i8"), ("side", "i8"), ("size", "i8"), ("trades", "i8")])
"""``bucket`` and ``row`` count in the asked steps of time and price; ``side``: 1 buyer, -1 seller, 0 unknown."""

_TRADE = np.dtype([("ts_ns", "i8"), ("px", "i8"), ("size", "i8"), ("side", "i8")])
Dots = npt.NDArray[np.void]


class TradeDots:
    """The trades of one instrument as read so far. UI thread only."""

    def __init__(self, reader: PrintReader) -> None:
        self._reader = reader
        self._instrument = -1
        self._trades = np.zeros(MOST_TRADES, _TRADE)
        self._count = self._seen = self._next = 0
        self._last_ns = 0
        self._steps = (0, 0)
        self._done: Dots = np.zeros(0, DOT)
        self.revision = 0
        """Grows whenever there are other trades."""

    @property
    def trades(self) -> Rows:
        """ts_ns, px, size, side; ascending."""
        return self._trades[: self._count]

    def show(self, instrument: int) -> None:
        """Another instrument."""
        self._instrument = instrument
        self._forget()

    def pull(self) -> int:
        """Reads the new trades and gives their number."""
        if self._instrument < 0 or self._reader.last_number == self._seen:
            return 0
        if self._reader.last_number < self._seen:
            self._forget()
        seen = self._reader.last_number
        new = self._reader.read(self._instrument, self._seen, _READ_AT_ONCE)
        self._seen = max(seen, int(new["number"][-1]) if len(new) else 0)
        # Late and average-price prints say nothing of the book at their time.
        new = new[new["flags"] & Flag.OFF_BOOK == 0]
        if not len(new):
            return 0
        self._make_room(len(new))
        into = self._trades[self._count : self._count + len(new)]
        into["ts_ns"] = np.maximum.accumulate(np.maximum(new["ts_ns"], self._last_ns))
        into["px"], into["size"], into["side"] = new["px"], new["size"], new["aggressor"]
        self._last_ns = int(into["ts_ns"][-1])
        self._count += len(new)
        self.revision += 1
        return len(new)

    def dots(self, first_ns: int, end_ns: int, bucket_ns: int, row_px: int) -> Dots:
        """The dots of the buckets that begin in a stretch of time, ascending by bucket.

        Finished buckets are kept, so that a picture costs no more than its newest trades.
        """
        if (bucket_ns, row_px) != self._steps:
            self._steps, self._next, self._done = (bucket_ns, row_px), 0, np.zeros(0, DOT)
        trades = self.trades
        if not len(trades):
            return self._done
        open_from = int(trades["ts_ns"][-1]) // bucket_ns * bucket_ns
        finished = int(np.searchsorted(trades["ts_ns"], open_from))
        if finished > self._next:
            self._done = np.concatenate([self._done, _gather(trades[self._next : finished], bucket_ns, row_px)])
            self._next = finished
        first, end = first_ns // bucket_ns, -(-end_ns // bucket_ns)
        start, stop = np.searchsorted(self._done["bucket"], [first, end])
        still_open = _gather(trades[self._next :], bucket_ns, row_px)
        still_open = still_open[(still_open["bucket"] >= first) & (still_open["bucket"] < end)]
        return np.concatenate([self._done[start:stop], still_open])

    def _forget(self) -> None:
        self.revision += 1
        self._count = self._seen = self._next = 0
        self._last_ns = 0
        self._steps = (0, 0)
        self._done = np.zeros(0, DOT)

    def _make_room(self, wanted: int) -> None:
        if self._count + wanted <= MOST_TRADES:
            return
        gone = min(self._count, max(wanted, MOST_TRADES // 4))
        self._trades[: self._count - gone] = self._trades[gone : self._count].copy()
        self._count -= gone
        self._steps = (0, 0)


def _gather(trades: Rows, bucket_ns: int, row_px: int) -> Dots:
    dots = np.zeros(len(trades), DOT)
    dots["bucket"], dots["row"], dots["side"] = trades["ts_ns"] // bucket_ns, trades["px"] // row_px, trades["side"]
    if not len(dots):
        return dots
    order = np.lexsort((dots["side"], dots["row"], dots["bucket"]))
    dots = dots[order]
    new = np.ones(len(dots), np.bool_)
    new[1:] = (
        (dots["bucket"][1:] != dots["bucket"][:-1])
        | (dots["row"][1:] != dots["row"][:-1])
        | (dots["side"][1:] != dots["side"][:-1])
    )
    starts = np.flatnonzero(new)
    found = dots[starts]
    found["size"] = np.add.reduceat(trades["size"][order], starts)
    found["trades"] = np.diff(np.append(starts, len(dots)))
    return found
