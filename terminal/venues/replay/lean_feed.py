"""A folder in Lean's layout as a feed, day after day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from terminal.core.clock import at_ns, midnight_ns
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import Batch, empty_batch
from terminal.infra.calendars import Calendars, default
from terminal.market.importers.lean.catalog import Catalog
from terminal.market.importers.lean.contracts import Contracts
from terminal.market.importers.lean.days import DayLoader
from terminal.market.importers.lean.events import factor_events
from terminal.market.importers.lean.reader import Reader
from terminal.market.importers.lean.trading_day import in_canonical_order
from terminal.market.importers.report import ImportReport
from terminal.market.importers.sources import SourceTable
from terminal.store.events import MarketEvent
from terminal.venues.replay.waiting import empty_until

CHUNK = 1 << 16
_KEPT_BYTES = 512 << 20
"""Days that fit are kept, so that going back does not read them again."""
_LATEST_HOUR = 20


class LeanFeed:
    """Replays ``underlying`` and its options on the days with data from ``first`` to ``last``.

    Days are read in a thread, one ahead of the one that is played, and their instruments go into ``table`` before
    their first message. While a day is not ready :meth:`batches` yields empty batches. Raises NoSuchData at
    construction when there is nothing to play; :meth:`load` and :meth:`batches` raise UnreadableFile for a zip that
    is none.
    """

    name = "replay"

    def __init__(
        self,
        root: Path,
        underlying: str,
        first: date,
        last: date,
        table: InstrumentTable,
        *,
        sources: SourceTable | None = None,
        calendars: Calendars | None = None,
        on_loaded: Callable[[Mapping[int, int]], None] = lambda rows: None,
    ) -> None:
        """``on_loaded`` is told, in the loading thread, how many messages a newly read day has by source number."""
        catalog = Catalog(root)
        self.table = table
        self.report = ImportReport()
        self.sources = sources if sources is not None else SourceTable()
        symbol = catalog.require(underlying)
        self.days = catalog.select_days(symbol, first, last)
        self._contracts = Contracts(table, calendars or default())
        self._loader = DayLoader(catalog, Reader(self._contracts, self.sources, self.report), symbol)
        self._events = partial(factor_events, symbol, catalog.factor_file(symbol))
        self._kept: dict[date, Batch] = {}
        self._loaded: dict[date, tuple[int, int, int]] = {}
        self._on_loaded = on_loaded

    @property
    def underlying(self) -> Instrument:
        """The share, fund or index that is replayed."""
        return self._loader.underlying

    def market_events(self) -> list[MarketEvent]:
        """Splits and dividends of the underlying, from its factor file."""
        return self._events(self._contracts.calendars.next_session)

    @property
    def total_rows(self) -> int:
        """Messages of the days read so far; of all days once they are read."""
        return sum(count for _, _, count in self._loaded.values())

    @property
    def days_loaded(self) -> int:
        """Days read so far, for progress against ``len(days)``."""
        return len(self._loaded)

    def load(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Reads the first day, so that the feed can start; for a worker thread. ``progress``: days done and in all."""
        progress(0, len(self.days))
        self._day(self.days[0])
        progress(self.days_loaded, len(self.days))

    def first_ns(self) -> int:
        """Market time of the first message; reads the first day if that was not done."""
        if self.days[0] not in self._loaded:
            self.load()
        return self._loaded[self.days[0]][0]

    def end_ns(self) -> int | None:
        """Market time of the last message; until the last day is read, the end of late trading on that day."""
        known = self._loaded.get(self.days[-1])
        return known[1] if known else at_ns(self.days[-1], _LATEST_HOUR)

    def batches(self) -> Iterator[Batch]:
        """All days from the start, in chunks of at most 65,536 messages that are views: do not write to them."""
        carried = empty_batch(0)
        with ThreadPoolExecutor(1, "lean-days") as pool:
            ahead = pool.submit(self._day, self.days[0])
            for number, day in enumerate(self.days):
                yield from empty_until(ahead)
                batch = ahead.result()
                if number + 1 < len(self.days):
                    ahead = pool.submit(self._day, self.days[number + 1])
                if len(carried):
                    batch = in_canonical_order(np.concatenate((carried, batch)), self.table)
                # A bar of an evening session may end on the next day.
                cut = int(np.searchsorted(batch["ts_ns"], midnight_ns(day + timedelta(days=1))))
                cut = cut if number + 1 < len(self.days) else len(batch)
                carried = batch[cut:].copy()
                for start in range(0, cut, CHUNK):
                    yield batch[start : min(start + CHUNK, cut)]

    def _day(self, day: date) -> Batch:
        known = self._kept.get(day)
        if known is not None:
            return known
        reader = self._loader.reader
        is_new = day not in self._loaded
        if not is_new:
            # Read again after it had to make room: its rows are counted already.
            reader = Reader(self._contracts, self.sources, ImportReport())
        batch = DayLoader(self._loader.catalog, reader, self._loader.symbol).load(day)
        self._loaded[day] = (int(batch["ts_ns"][0]), int(batch["ts_ns"][-1]), len(batch))
        if is_new:
            numbers, rows = np.unique(batch["source"], return_counts=True)
            self._on_loaded({int(each): int(count) for each, count in zip(numbers, rows, strict=True) if each})
        if sum(each.nbytes for each in self._kept.values()) + batch.nbytes <= _KEPT_BYTES:
            self._kept[day] = batch
        return batch
