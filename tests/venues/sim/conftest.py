"""One simulated morning, recorded once for all tests that only look at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest

from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, Batch, Kind
from terminal.venues.sim.feed import SimFeed

SEED = 7
START = date(2026, 1, 5)
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Morning:
    """The first SECONDS of the first day."""

    table: InstrumentTable
    feed: SimFeed
    messages: Batch

    def of(self, symbol: str, kind: Kind) -> Batch:
        """One underlying's messages of a kind."""
        rows = self.messages
        found: Batch = rows[(rows["instrument"] == self.table.find(symbol).id) & (rows["kind"] == kind)]
        return found

    def last_quotes(self) -> dict[int, tuple[int, int, int, int]]:
        """Bid, ask and sizes last quoted, by instrument."""
        quotes = self.messages[self.messages["kind"] == Kind.QUOTE]
        last = np.unique(quotes["instrument"][::-1], return_index=True)
        found = quotes[::-1][last[1]]
        return {
            int(row["instrument"]): (int(row[BID]), int(row[ASK]), int(row[BID_SIZE]), int(row[ASK_SIZE]))
            for row in found
        }

    def options(self) -> list[Instrument]:
        """All contracts."""
        return [row for row in self.table if row.option is not None]


def run(feed: SimFeed, seconds: int, steps_per_batch: int = 10) -> Batch:
    """The messages of the first ``seconds``."""
    end_ns = feed.first_ns() + seconds * 1_000_000_000
    parts = []
    for batch in feed.batches(steps_per_batch):
        if len(batch) and batch["ts_ns"][0] >= end_ns:
            break
        parts.append(batch)
    whole = np.concatenate(parts)
    return whole[whole["ts_ns"] < end_ns]


@pytest.fixture(scope="package")
def morning() -> Morning:
    """The recorded morning."""
    table = InstrumentTable()
    feed = SimFeed(table, SEED, START)
    return Morning(table, feed, run(feed, SECONDS))
