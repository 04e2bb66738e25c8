"""Trades in a list, read as the desk's ring is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.market.rows import PRINT_ROW, STATISTICS_ROW, Rows


@dataclass(frozen=True, slots=True)
class One:
    """One trade; times in milliseconds."""

    ms: int
    px: int
    size: int
    side: int = 1
    instrument: int = 0
    venue: int = 1
    bid_px: int = 99
    ask_px: int = 101


def rows_of(trades: Sequence[One], first_number: int = 1) -> Rows:
    """As PRINT_ROW."""
    rows = np.zeros(len(trades), PRINT_ROW)
    for row, trade, number in zip(rows, trades, range(first_number, first_number + len(trades)), strict=True):
        row["number"], row["ts_ns"] = number, trade.ms * 1_000_000
        row["px"], row["size"], row["aggressor"] = trade.px, trade.size, trade.side
        row["instrument"], row["venue"] = trade.instrument, trade.venue
        row["bid_px"], row["ask_px"] = trade.bid_px, trade.ask_px
    return rows


class ListedPrints:
    """A ring that holds the newest ``kept`` trades, and the statistics that go on counting."""

    def __init__(self, kept: int = 1 << 20) -> None:
        self._kept = kept
        self.all = np.empty(0, PRINT_ROW)

    @property
    def prints(self) -> ListedPrints:
        """Itself: the market's reader."""
        return self

    @property
    def statistics(self) -> Counted:
        """How many trades there were."""
        return Counted(self.all)

    @property
    def last_number(self) -> int:
        """Of the newest."""
        return len(self.all)

    def trade(self, *trades: One) -> None:
        """Adds trades."""
        self.all = np.concatenate((self.all, rows_of(trades, len(self.all) + 1)))

    def clear(self) -> None:
        """As a replay that goes back."""
        self.all = np.empty(0, PRINT_ROW)

    def read(self, instrument: int | None, after: int = 0, most: int = 1000) -> Rows:
        """The newest ``most`` after a number."""
        held = self.all[-self._kept :]
        held = held[held["number"] > after]
        if instrument is not None:
            held = held[held["instrument"] == instrument]
        return held[-most:].copy() if most else held[:0]


@dataclass(frozen=True, slots=True)
class Counted:
    """Statistics with nothing but the count of trades."""

    all: Rows

    def read(self, ids: npt.NDArray[np.int32]) -> Rows:
        """One row an id."""
        rows = np.zeros(len(ids), STATISTICS_ROW)
        rows["trades"] = [(self.all["instrument"] == each).sum() for each in ids]
        return rows
