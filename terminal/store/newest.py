"""The newest quotes and trades of every instrument, in memory: what is asked for most needs no database."""

from __future__ import annotations

import threading

import numpy as np

from terminal.core.instruments import CAPACITY
from terminal.core.messages import MESSAGE, Batch, Kind, empty_batch
from terminal.store.newest_kernel import HEAD_COLUMNS, LOST_NS, PAGE_ROWS, PAGES_KEPT, keep_newest

BUDGET_BYTES = 128 << 20
_LONG_AGO_NS = -(2**63)
_NONE: Batch = empty_batch(0)


class NewestMessages:
    """One thread takes in; any thread reads. Memory grows with what comes and ends at ``budget_bytes``."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        most = max(1, budget_bytes // (PAGE_ROWS * MESSAGE.itemsize))
        # Pages that nobody has written to take no memory.
        self._pages = np.zeros((most, PAGE_ROWS), MESSAGE)
        self._owned = np.full((2 * CAPACITY, PAGES_KEPT), -1, np.int32)
        self._heads = np.zeros((2 * CAPACITY, HEAD_COLUMNS), np.int64)
        self._heads[:, LOST_NS] = _LONG_AGO_NS
        self._used = 0
        self._newest_ns = _LONG_AGO_NS
        self._lock = threading.Lock()

    @property
    def memory(self) -> Batch:
        """All pages, which a busy session fills within minutes."""
        return self._pages

    def take_in(self, batch: Batch) -> None:
        """Keeps a copy of the quotes and trades of ``batch``."""
        if len(batch):
            with self._lock:
                self._used = keep_newest(batch, self._pages, self._owned, self._heads, self._used)
                self._newest_ns = max(self._newest_ns, int(batch["ts_ns"].max()))

    def read(
        self, kind: Kind, instrument: int, count: int, until_ns: int, *, is_all: bool, fresh: Batch = _NONE
    ) -> Batch | None:
        """The newest ``count`` messages before ``until_ns``, ascending as they came; None when only a database knows.

        ``is_all``: nothing older than what came in here is wanted, so fewer than ``count`` may be all that there are.
        ``fresh``: messages of the instrument that came since and are not taken in.
        """
        fresh = fresh[fresh["kind"] == kind]
        newest_ns = max(self._newest_ns, int(fresh["ts_ns"].max())) if len(fresh) else self._newest_ns
        most = count if until_ns > newest_ns else None
        kept, lost_ns = self._kept(kind, instrument, most)
        if len(fresh):
            kept = np.concatenate([kept, fresh])
        if most is None:
            kept = kept[kept["ts_ns"] < until_ns]
        if len(kept) < count and not (is_all and lost_ns == _LONG_AGO_NS):
            return None
        return kept[-count:]

    def since(self, kind: Kind, instrument: int, from_ns: int, *, is_all: bool, fresh: Batch = _NONE) -> Batch | None:
        """All messages from ``from_ns`` on, ascending as they came; None when older ones went already. ``fresh``: see
        :meth:`read`."""
        kept, lost_ns = self._kept(kind, instrument, None)
        kept = np.concatenate([kept, fresh[fresh["kind"] == kind]])
        if lost_ns >= from_ns or (lost_ns == _LONG_AGO_NS and not is_all):
            return None
        found: Batch = kept[kept["ts_ns"] >= from_ns]
        return found

    def _kept(self, kind: Kind, instrument: int, most: int | None) -> tuple[Batch, int]:
        """At least the newest ``most`` rows or all that are kept, and the latest time of one that is gone."""
        if not 0 <= instrument < CAPACITY or kind not in {Kind.QUOTE, Kind.TRADE}:
            return empty_batch(0), 2**62
        key = 2 * instrument + (kind is Kind.TRADE)
        with self._lock:
            pages, place, filled, turned, total = (int(each) for each in self._heads[key, :5])
            rows = self._copy(key, pages, place, filled, bool(turned), total if most is None else most)
            return rows, int(self._heads[key, LOST_NS])

    def _copy(self, key: int, pages: int, place: int, filled: int, turned: bool, most: int) -> Batch:
        """At least the newest ``most`` rows, or all."""
        if pages == 0:
            return empty_batch(0)
        order = [*range(place + 1, pages), *range(place + 1)] if turned else list(range(place + 1))
        needed = 1 + max(0, -(-(most - filled) // PAGE_ROWS))
        chosen = self._owned[key, order[-needed:]]
        rows: Batch = self._pages[chosen].reshape(-1)
        return rows[: len(rows) - PAGE_ROWS + filled]
