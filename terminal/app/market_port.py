"""What the face needs of the market: latest values, bars, books and the trading day. No Qt in here."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from terminal.core.messages import Phase
from terminal.market.activity import ActivityKind
from terminal.market.rows import BookStatus
from terminal.market.volume_at_price import VolumeAtPrice

Rows = npt.NDArray[np.void]
"""One-dimensional record array."""


class BarReader(Protocol):
    """Bars of trades."""

    def read(self, instrument: int, seconds_per_bar: int, most: int) -> Rows:
        """The last ``most`` bars, ascending: ts_ns (start), open, high, low, close, volume."""
        ...

    def read_activity(self, instrument: int, kind: ActivityKind, size: float, most: int) -> Rows:
        """The last ``most`` tick, volume or dollar bars of ``size``, as ACTIVITY_ROW of ``market.rows``, ascending.

        The first call begins the series with the trades that are still in memory.
        """
        ...


class BookReader(Protocol):
    """Depth of a book."""

    def read(self, instrument: int, levels: int) -> tuple[Rows, Rows]:
        """Bids and asks, best first, each with px, size, orders."""
        ...

    def status(self, instrument: int) -> BookStatus:
        """Whether the book can be believed."""
        ...

    def moment(self, instrument: int) -> tuple[int, int]:
        """(changes so far, sequence of the newest update or -1): the same again when nothing changed in between."""
        ...

    def window(
        self, instrument: int, low_px: int, step_px: int, rows: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Sizes of bids and asks added up in ``rows`` price rows; row i begins at ``low_px + i * step_px``."""
        ...


class OrderReader(Protocol):
    """Orders of books that are told order by order."""

    def has(self, instrument: int) -> bool:
        """Whether queues are known for the instrument."""
        ...

    def queue(self, instrument: int, order_id: int) -> tuple[int, int] | None:
        """(size, orders) that stand before an order of its price; None for one that is not in the book."""
        ...

    def at_price(self, instrument: int, side: int, px: int, most: int = 100) -> Rows:
        """The first orders of one price, next to be filled first: order_id, size. ``side``: 1 bid, -1 ask."""
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


class StatisticsReader(Protocol):
    """Statistics of each instrument's day."""

    def read(self, ids: npt.NDArray[np.int32]) -> Rows:
        """STATISTICS_ROW of ``terminal.market.rows`` for each of ``ids``."""
        ...


class VolumeAtPriceReader(Protocol):
    """Volume of each instrument's day by price."""

    def read(self, instrument: int) -> VolumeAtPrice:
        """(low_px, step_px, bought, sold, unsided): volumes of the steps from ``low_px`` on; empty without a trade."""
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

    @property
    def orders(self) -> OrderReader:
        """Orders by price, where a venue tells them."""
        ...

    @property
    def depth_history(self) -> DepthHistoryReader:
        """Books over time."""
        ...

    @property
    def prints(self) -> PrintReader:
        """The newest trades."""
        ...

    @property
    def statistics(self) -> StatisticsReader:
        """VWAP, volumes by aggressor, order flow, spread and depth of the day."""
        ...

    @property
    def volume_at_price(self) -> VolumeAtPriceReader:
        """Volume by price of the day."""
        ...

    def read(self, ids: npt.NDArray[np.int32]) -> Rows:
        """A copy of the quote rows of ``ids``."""
        ...


class StoredBars(Protocol):
    """Bars out of the market database, from any thread that may wait for it."""

    def bars(self, instrument: int, seconds: int, most: int, *, until_ns: int) -> Rows:
        """The newest ``most`` bars that begin before ``until_ns``, ascending. Raises UserFacingError."""
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
