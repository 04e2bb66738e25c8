"""A market whose books are sampled and whose trades are numbered, from the messages that a test sends."""

from __future__ import annotations

from typing import cast

import numpy as np

from terminal.app.market_port import Market, Rows
from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.ticks import TickClass
from terminal.market.rows import LEVEL_ROW, PRINT_ROW, BookStatus

STEP_NS = 250_000_000
KEPT = 64
START_NS = 1_767_623_400 * 1_000_000_000
"""2026-01-05 09:30 in New York."""
TICK = 100

HEAD = np.dtype([("ts_ns", "i8"), ("status", "u1"), ("bids", "i8"), ("asks", "i8")])
LEVEL = np.dtype([("px", "i8"), ("size", "i8")])


class History:
    """Samples as a test writes them; a DepthHistoryReader."""

    step_ns = STEP_NS

    def __init__(self) -> None:
        self.heads: list[tuple[int, int, int, int]] = []
        self.levels: list[np.ndarray] = []
        self.watched: list[int] = []
        self.has_room = True

    def watch(self, instrument: int) -> bool:
        self.watched.append(instrument)
        return self.has_room

    def read(self, instrument: int, after_ns: int = 0, most: int = 2000) -> tuple[Rows, Rows]:
        heads = np.array(self.heads, HEAD)
        first = max(int(np.searchsorted(heads["ts_ns"], after_ns, side="right")), len(heads) - most)
        levels = np.stack(self.levels[first:]) if first < len(heads) else np.zeros((0, 2, KEPT), LEVEL)
        return heads[first:], levels

    def add(
        self,
        ts_ns: int,
        bids: list[tuple[int, int]],
        asks: list[tuple[int, int]],
        status: BookStatus = BookStatus.OK,
    ) -> None:
        """One sample; each level a price and a size, best first."""
        levels = np.zeros((2, KEPT), LEVEL)
        for side, given in enumerate((bids, asks)):
            levels[side, : len(given)] = np.array(given, LEVEL)
        self.heads.append((ts_ns, int(status), len(bids), len(asks)))
        self.levels.append(levels)


class Prints:
    """Trades as a test writes them; a PrintReader."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int, int]] = []

    @property
    def last_number(self) -> int:
        return len(self.rows)

    def add(self, ts_ns: int, instrument: int, px: int, size: int, aggressor: int) -> None:
        self.rows.append((ts_ns, px, size, instrument, aggressor))

    def read(self, instrument: int | None, after: int = 0, most: int = 1000) -> Rows:
        found = np.zeros(len(self.rows) - after, PRINT_ROW)
        for place, (ts_ns, px, size, of, aggressor) in enumerate(self.rows[after:]):
            row = found[place]
            row["ts_ns"], row["number"], row["px"], row["size"] = ts_ns, after + place + 1, px, size
            row["instrument"], row["aggressor"] = of, aggressor
        return (found if instrument is None else found[found["instrument"] == instrument])[-most:]


class Books:
    """The last sample as the book of now."""

    def __init__(self, history: History) -> None:
        self._history = history

    def moment(self, instrument: int) -> tuple[int, int]:
        heads, _ = self._history.read(instrument, 0, 1)
        return (int(heads["ts_ns"][-1]), 7) if len(heads) else (0, -1)

    def read(self, instrument: int, levels: int) -> tuple[Rows, Rows]:
        sides = []
        for side in (0, 1):
            used = self._history.heads[-1][2 + side] if self._history.heads else 0
            found = np.zeros(min(used, levels), LEVEL_ROW)
            for name in ("px", "size"):
                found[name] = self._history.levels[-1][side, : len(found)][name]
            sides.append(found)
        return sides[0], sides[1]


class DepthMarket:
    """One stock, ACME, at 100.00 with a tick of 0.01."""

    def __init__(self) -> None:
        self.table = InstrumentTable()
        self.acme: Instrument = self.table.add("ACME", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
        self.depth_history, self.prints = History(), Prints()
        self.book = Books(self.depth_history)
        self.changed = 0

    def as_market(self) -> Market:
        """For a heatmap, which reads books, samples and trades and nothing else."""
        return cast(Market, self)

    def walk(self, samples: int, seed: int = 1, *, gap: range = range(0)) -> int:
        """A random walk with a book of 50 levels a side, walls, and trades; gives the time of the last sample."""
        chance = np.random.default_rng(seed)
        middle, walls = 10_000, {9_960: 4000, 10_035: 6000, 9_985: 2500, 10_012: 3000}
        first = len(self.depth_history.heads)
        for number in range(first, first + samples):
            ts_ns = START_NS + number * STEP_NS
            middle += int(chance.integers(-1, 2)) * int(chance.random() < 0.4)
            sides = []
            for sign in (-1, 1):
                px = [middle + sign * (1 + level) for level in range(50)]
                sizes = [int(100 + 12 * abs(each - middle) + 300 * np.sin(each * 0.9) ** 4 + chance.integers(0, 60))
                         + walls.get(each, 0) for each in px]  # fmt: skip
                sides.append([(each * TICK, size) for each, size in zip(px, sizes, strict=True)])
            status = BookStatus.GAP if number in gap else BookStatus.OK
            self.depth_history.add(ts_ns, sides[0], sides[1], status)
            for _ in range(int(chance.poisson(1.0))):
                side = 1 if chance.random() < 0.5 else -1
                size = int(chance.exponential(200)) + 1
                self.prints.add(ts_ns, self.acme.id, (middle + side) * TICK, size, side)
        return START_NS + (first + samples - 1) * STEP_NS
