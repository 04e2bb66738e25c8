"""All market state: one writer (the engine thread), any number of readers who get copies."""

from __future__ import annotations

import hashlib
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from terminal.core.book_updates import end_of_update
from terminal.core.instruments import CAPACITY, InstrumentKind, InstrumentTable
from terminal.core.messages import Batch, Kind
from terminal.core.money import ABSENT_PX
from terminal.market.bars import BarStore
from terminal.market.books import BookStore
from terminal.market.depth_history import BOOK_BYTES, MOST_WATCHED, DepthHistory
from terminal.market.kernel import (
    CLOCK_NS,
    FIRST_SAID_NS,
    LAST_SAID_NS,
    NOW_NS,
    SAID,
    STEPPED_BACK,
    CoreArrays,
    apply_batch,
)
from terminal.market.orders import OrderQueues
from terminal.market.prints import PrintStore
from terminal.market.refusal_kernel import REASONS
from terminal.market.rows import QUOTE_ROW, Ids, Rows
from terminal.market.sequence_lock import SequenceLock
from terminal.market.statistics import StatisticsStore
from terminal.market.volume_at_price import VolumeStore

FEWEST_AT_ONCE, MOST_AT_ONCE = 64, 8192
"""Messages applied under one lock, and the rest of a book's update with them. So many that it takes about AT_ONCE_NS:
so long may a panel wait that reads."""
AT_ONCE_NS = 1_000_000
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

    def silent_ns(self, now_ns: int) -> int:
        """Market time since the feed last said anything; 0 before its first word."""
        return max(0, now_ns - self.last_ts_ns) if self.last_ts_ns else 0


class MarketState:
    """Quotes, prints, bars, statistics and books by instrument id."""

    def __init__(self, table: InstrumentTable, channel: str, depth_bytes: int = 0) -> None:
        """``depth_bytes``: memory for depth over time, which as many books as fit get without being asked for; 0 leaves
        it to who reads."""
        self.table = table
        self._samples_books = depth_bytes > 0
        self._lock = SequenceLock()
        self._quotes = np.zeros(CAPACITY, QUOTE_ROW)
        self._counts = np.zeros((16, 32), np.int64)
        self._pulse = np.zeros(6, np.int64)
        self._core = CoreArrays(
            self._quotes, table.kind_of, table.session_of, self._counts, np.zeros(len(REASONS), np.int64), self._pulse
        )
        self.prints = PrintStore(self._lock)
        self.bars = BarStore(self._lock, self.prints)
        self.statistics = StatisticsStore(self._lock, self._quotes, lambda: int(self._pulse[NOW_NS]))
        self.volume_at_price = VolumeStore(self._lock)
        self.book = BookStore(self._lock, lambda: int(max(self._pulse[NOW_NS], self._pulse[CLOCK_NS])))
        self.orders = OrderQueues(self._lock, self.book)
        self.depth_history = DepthHistory(self._lock, self.book, depth_bytes // BOOK_BYTES or MOST_WATCHED)
        self.channel = Channel(channel)
        self.changed = 0
        self.applied_ns = 0
        self.unseen_ns = 0
        """When the first batch was applied that no frame has read; the window sets it back to 0."""
        self._prepared = 0
        self._at_once = FEWEST_AT_ONCE
        self.reset()

    def reset(self) -> None:
        """Forgets everything, as before the first message; a seek back in a replay needs this."""
        with self._lock.writing():
            self._quotes[:] = np.zeros(1, QUOTE_ROW)
            for name in _PRICES:
                self._quotes[name] = ABSENT_PX
            self._counts[:] = 0
            self._core.refused[:] = 0
            self._pulse[:] = 0
            self.prints.clear()
            self.bars.clear()
            self.statistics.clear(self._prepared)
            self.volume_at_price.clear(self._prepared)
            self.book.clear()
            self.depth_history.clear()
            self._say_pulse()

    def writing(self) -> AbstractContextManager[None]:
        """Around changes that are not messages: a keyframe put back. By the one thread that applies."""
        return self._lock.writing()

    @property
    def refused(self) -> dict[str, int]:
        """Messages that could not be true, by reason; they changed nothing."""
        return {reason: int(count) for reason, count in zip(REASONS, self._core.refused, strict=True) if count}

    @property
    def stepped_back(self) -> int:
        """Messages stamped before one that came earlier; they were applied at the time already reached."""
        return int(self._pulse[STEPPED_BACK])

    def apply(self, batch: Batch) -> None:
        """Applies messages in order; engine thread only."""
        if len(batch) == 0:
            return
        self._prepare()
        first = 0
        while first < len(batch):
            part = batch[first : end_of_update(batch, first + self._at_once)]
            begun_ns = time.perf_counter_ns()
            self._apply_part(part)
            first += len(part)
            self._suit(len(part), time.perf_counter_ns() - begun_ns)
        if self._samples_books:
            self.depth_history.watch_new_books()
        self.changed += 1
        self.applied_ns = time.perf_counter_ns()
        if not self.unseen_ns:
            self.unseen_ns = self.applied_ns
        self._say_pulse()

    def _suit(self, count: int, spent_ns: int) -> None:
        """At the open each message is the first of its instrument and costs a hundred times what it will: memory that
        was never touched."""
        if spent_ns > 2 * AT_ONCE_NS:
            self._at_once = max(FEWEST_AT_ONCE, self._at_once // 2)
        elif count >= self._at_once and 2 * spent_ns < AT_ONCE_NS:
            self._at_once = min(MOST_AT_ONCE, self._at_once * 2)

    def _apply_part(self, part: Batch) -> None:
        with self._lock.writing():
            done = 0
            while done < len(part):
                done += apply_batch(
                    part[done:], self.changed + 1, self._core, self.bars.arrays, self.prints.arrays,
                    self.statistics.arrays, self.volume_at_price.arrays, self.bars.activity.arrays, self.book.arrays,
                )  # fmt: skip
                if self.book.wants_room:
                    self.book.make_room()

    def _say_pulse(self) -> None:
        """That time goes on, or that a session begins, is no sign of life of the feed."""
        self.channel.messages = int(self._pulse[SAID])
        self.channel.first_ts_ns = int(self._pulse[FIRST_SAID_NS])
        self.channel.last_ts_ns = int(self._pulse[LAST_SAID_NS])

    def _prepare(self) -> None:
        """What is no option gets seconds as soon as it is known, options when somebody looks at them."""
        while self._prepared < len(self.table):
            row = self.table.get(self._prepared)
            self.volume_at_price.set_ticks(row.id, row.tick_class.table)
            self.bars.activity.set_unit(row.id, row.multiplier / (row.price_scale * row.size_scale))
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
