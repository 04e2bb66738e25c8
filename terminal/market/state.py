"""All market state: one writer (the engine thread), any number of readers who get copies."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY, InstrumentKind, InstrumentTable
from terminal.core.messages import Batch, Kind
from terminal.core.money import ABSENT_PX
from terminal.market.bars import BarStore
from terminal.market.books import BookStore
from terminal.market.depth_history import DepthHistory
from terminal.market.kernel import apply_batch
from terminal.market.orders import OrderQueues
from terminal.market.rows import QUOTE_ROW, Ids, Rows
from terminal.market.sequence_lock import SequenceLock

_PRICES = (
    "bid_px", "ask_px", "last_px", "open_px", "high_px", "low_px", "prior_close_px", "official_px", "settlement_px",
)  # fmt: skip

_REPORT_NAMES = {Kind.QUOTE: "quote", Kind.TRADE: "trade", Kind.BAR: "trade", Kind.DEPTH: "depth"}
_KIND_NAMES = {InstrumentKind.ETF: "equity"}


@dataclass(slots=True)
class Channel:
    """One feed's pulse: a silent channel makes its prices stale, an unchanged contract does not."""

    name: str
    first_ts_ns: int = 0
    last_ts_ns: int = 0
    messages: int = 0


class MarketState:
    """Quotes, bars and books by instrument id."""

    def __init__(self, table: InstrumentTable, channel: str) -> None:
        self.table = table
        self._lock = SequenceLock()
        self.bars = BarStore(self._lock)
        self.book = BookStore(self._lock)
        self.orders = OrderQueues(self._lock, self.book)
        self.depth_history = DepthHistory(self._lock, self.book)
        self.channel = Channel(channel)
        self.changed = 0
        self.applied_ns = 0
        self.refused: dict[str, int] = {}
        self._unknown = np.zeros(1, np.int64)
        self._counts = np.zeros((16, 32), np.int64)
        self._quotes = np.zeros(CAPACITY, QUOTE_ROW)
        self._prepared = 0
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first message; a seek back in a replay needs this."""
        with self._lock.writing():
            self._quotes[:] = np.zeros(1, QUOTE_ROW)
            for name in _PRICES:
                self._quotes[name] = ABSENT_PX
            self._counts[:] = 0
            self.bars.clear()
            self.book.clear()
            self.depth_history.clear()
            self.channel.first_ts_ns = 0
            self.channel.last_ts_ns = 0
            self.channel.messages = 0
            self.refused.clear()
            self._unknown[:] = 0

    def apply(self, batch: Batch) -> None:
        """Applies messages in order; engine thread only."""
        if len(batch) == 0:
            return
        self._prepare_slots()
        with self._lock.writing():
            done = 0
            while done < len(batch):
                done += apply_batch(
                    batch[done:], self._quotes, self.table.kind_of, self.table.session_of, self._counts,
                    self.changed + 1, self.bars.slot_of, self.bars.seconds, self.bars.seconds_count,
                    self.bars.minutes, self.bars.minutes_count, self._unknown, self.book.arrays,
                )  # fmt: skip
                if self.book.wants_room:
                    self.book.make_room()
        self.changed += 1
        self.applied_ns = time.perf_counter_ns()
        if self._unknown[0]:
            self.refused["unknown instrument"] = int(self._unknown[0])
        # That time goes on, or that a session begins, is no sign of life of the feed.
        said = np.flatnonzero((batch["kind"] != Kind.CLOCK) & (batch["kind"] != Kind.PHASE_CHANGE))
        if len(said):
            if not self.channel.messages:
                self.channel.first_ts_ns = int(batch["ts_ns"][said[0]])
            self.channel.last_ts_ns = max(self.channel.last_ts_ns, int(batch["ts_ns"][said[-1]]))
            self.channel.messages += len(said)

    def _prepare_slots(self) -> None:
        """Underlyings get bars as soon as they are known; options get bars when somebody charts them."""
        while self._prepared < len(self.table):
            row = self.table.get(self._prepared)
            if row.option is None:
                self.bars.open_slot(row.id)
            self._prepared += 1

    def read(self, ids: Ids) -> Rows:
        """Copies of the rows of ``ids``, all of one moment; any thread."""

        def copy() -> Rows:
            rows: Rows = self._quotes[ids]
            return rows

        return self._lock.copy(copy)

    def read_one(self, instrument: int) -> np.void:
        """A copy of one row; any thread."""

        def copy() -> np.void:
            row: np.void = self._quotes[instrument].copy()
            return row

        return self._lock.copy(copy)

    def changed_since(self, batch_number: int) -> npt.NDArray[np.int64]:
        """Ids of the rows that batches after ``batch_number`` touched."""
        return np.flatnonzero(self._quotes["changed"][: len(self.table)] > batch_number)

    def message_counts(self) -> dict[str, int]:
        """Messages by the report's names (``option_quote``, ``equity_trade``, ...); trade bars count as trades."""
        totals: dict[str, int] = {}
        counts = self._counts.copy()
        for instrument_kind in InstrumentKind:
            for kind in Kind:
                count = int(counts[instrument_kind, kind])
                if count:
                    name = report_name(instrument_kind, kind)
                    totals[name] = totals.get(name, 0) + count
        return totals

    def digest(self, more: bytes = b"") -> str:
        """SHA-256 over the integers of every instrument that had a message, by symbol, then ``more``."""
        digest = hashlib.sha256()
        for row in sorted(self.table, key=lambda each: each.symbol):
            state = self._quotes[row.id]
            if state["messages"]:
                numbers = [int(state[name]) for name in ("messages", "digest", "bid_px", "ask_px", "bid_size")]
                numbers += [int(state[name]) for name in ("ask_size", "last_px", "volume", "open_interest")]
                digest.update(f"{row.symbol}:{numbers}\n".encode())
        digest.update(more)
        return digest.hexdigest()


def report_name(instrument_kind: InstrumentKind, kind: Kind) -> str:
    """The report's and the database views' name of a sort of message."""
    if kind is Kind.OPEN_INTEREST:
        return "open_interest"
    if kind not in _REPORT_NAMES:
        return kind.name.lower()
    owner = _KIND_NAMES.get(instrument_kind, instrument_kind.name.lower())
    return f"{owner}_{_REPORT_NAMES[kind]}"
