"""What the face needs of the market: latest values, bars, books and the trading day. No Qt in here."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from terminal.core.messages import Phase

Rows = npt.NDArray[np.void]
"""One-dimensional record array."""


class BarReader(Protocol):
    """Bars of trades."""

    def read(self, instrument: int, seconds_per_bar: int, most: int) -> Rows:
        """The last ``most`` bars, ascending: ts_ns (start), open, high, low, close, volume."""
        ...


class BookReader(Protocol):
    """Depth of a book."""

    def read(self, instrument: int, levels: int) -> tuple[Rows, Rows]:
        """Bids and asks, best first, each with px, size, orders."""
        ...


class PrintReader(Protocol):
    """The trades of the whole market, newest last, as PRINT_ROW of ``terminal.market.rows``."""

    @property
    def last_number(self) -> int:
        """Number of the newest trade; 0 before the first."""
        ...

    def read(self, instrument: int | None, after: int = 0, most: int = 1000) -> Rows:
        """The newest ``most`` trades of one instrument (None: of all) with a number above ``after``, ascending."""
        ...


class DepthHistoryReader(Protocol):
    """Books over time, sampled by the engine for the instruments that somebody watches."""

    @property
    def step_ns(self) -> int:
        """Market time between two samples."""
        ...

    def watch(self, instrument: int) -> bool:
        """Starts sampling (idempotent, kept until the run ends); False when all places are taken."""
        ...

    def read(self, instrument: int, after_ns: int = 0, most: int = 2000) -> tuple[Rows, Rows]:
        """The newest samples after a time, ascending: (heads, levels).

        ``heads``: ts_ns, status (BookStatus), bids, asks (levels used) of each sample; ``levels``: of shape
        (samples, 2, kept), px and size from the best outwards, side 0 bids.
        """
        ...


class Market(Protocol):
    """Latest values, read under a sequence lock from any thread."""

    @property
    def changed(self) -> int:
        """Number of the last batch applied; grows with every change."""
        ...

    @property
    def bars(self) -> BarReader:
        """Bars of trades."""
        ...

    @property
    def book(self) -> BookReader:
        """Depth."""
        ...

    def read(self, ids: npt.NDArray[np.int32]) -> Rows:
        """A copy of the quote rows of ``ids``."""
        ...


class Day(Protocol):
    """The trading day that market time is in."""

    @property
    def phase(self) -> Phase:
        """Phase of the regular equity session."""
        ...

    @property
    def open_ns(self) -> int:
        """The session's open."""
        ...

    @property
    def close_ns(self) -> int:
        """The session's close."""
        ...

    @property
    def next_expiry_ns(self) -> int | None:
        """The next instant at which a listed option stops trading; None when nothing is listed."""
        ...
