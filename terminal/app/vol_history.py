"""The daily record of volatility for the face: read on a thread of its own, written through the recorder."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from terminal.infra.failures import UserFacingError
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder
from terminal.store.vol_days import RECORDED, VolDays, VolOrigin, blank_days, read_days, write_days

log = logging.getLogger(__name__)
_BEGIN_AFTER_S, _REST_S = 20.0, 0.2


@dataclass(frozen=True, slots=True)
class VolSeries:
    """The days of one underlying, VOL_DAY ascending; never changed, a new one takes its place."""

    symbol: str
    origin: VolOrigin
    rows: VolDays

    def known_at(self, now_ns: int) -> VolDays:
        """The days whose close had come at a market time: what a replay or the past may show."""
        return self.rows[: int(np.searchsorted(self.rows["known_ns"], now_ns, "right"))]


class VolReader(Protocol):
    """What panels read."""

    @property
    def origin(self) -> VolOrigin:
        """Whose market it is."""
        ...

    @property
    def version(self) -> int:
        """Grows with every series that comes or changes."""
        ...

    def series(self, symbol: str) -> VolSeries | None:
        """The days of a symbol; None while they are being read."""
        ...


def origin_of(feed: object, *, is_simulated: bool) -> VolOrigin:
    """Whose market a feed tells of: by its own word, else the real one or a simulation that nobody can run again."""
    told = getattr(feed, "vol_origin", None)
    if isinstance(told, VolOrigin):
        return told
    return VolOrigin(f"simulated by {getattr(feed, 'name', 'a feed')}", True) if is_simulated else RECORDED


class VolHistory:
    """The series of one origin. ``year``: days that the feed itself knows from before its first one, by symbol; they
    are written when they are first asked for, or a while after the start. Any thread."""

    def __init__(
        self, database: MarketDatabase, recorder: Recorder, origin: VolOrigin = RECORDED,
        year: Callable[[], Mapping[str, VolDays]] | None = None,
    ) -> None:  # fmt: skip
        self.origin = origin
        self.version = 0
        """Grows with every series that comes or changes."""
        self._database, self._recorder = database, recorder
        self._make_year = year
        self._year: dict[str, VolDays] | None = None if year is not None else {}
        self._series: dict[str, VolSeries] = {}
        self._asked: set[str] = set()
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begins to write what the feed knows of before."""
        if self._make_year is not None:
            self._begin()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Ends after what was handed over by now; before the recorder stops."""
        self._work.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)

    def series(self, symbol: str) -> VolSeries | None:
        """The days of a symbol, perhaps none; None while they are being read, which the first call begins."""
        found = self._series.get(symbol)
        if found is None:
            with self._lock:
                is_new = symbol not in self._asked
                self._asked.add(symbol)
            if is_new:
                self._submit(lambda: self._load(symbol))
        return found

    def add(self, symbol: str, rows: VolDays, made_from: str) -> None:
        """Writes days, soon."""
        self._submit(lambda: self._write(symbol, rows, made_from))

    def _submit(self, work: Callable[[], None]) -> None:
        self._work.put(work)
        self._begin()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vol-history", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        wait_s = _BEGIN_AFTER_S
        while True:
            try:
                work = self._work.get(timeout=wait_s if self._year is None or self._year else None)
            except queue.Empty:
                wait_s, work = _REST_S, self._write_year_of_one
            if work is None:
                return
            try:
                work()
            except UserFacingError as problem:
                log.warning("the volatility history: %s", problem.message)
            except Exception:
                log.exception("the volatility history failed")

    def _write_year_of_one(self) -> None:
        year = self._known_year()
        if year:
            self._write_year(next(iter(year)))

    def _known_year(self) -> dict[str, VolDays]:
        if self._year is None:
            # Asked once, also where it fails.
            self._year = {}
            if self._make_year is not None:
                self._year = dict(self._make_year())
        return self._year

    def _write_year(self, symbol: str) -> None:
        rows = self._known_year().pop(symbol, None)
        if rows is not None:
            self._recorder.write(lambda now: write_days(now, self.origin, symbol, rows, "the feed's own year"))

    def _load(self, symbol: str) -> None:
        try:
            self._write_year(symbol)
            self._read(symbol)
        except BaseException:
            # A desk whose database is in trouble shows no history; what is not shown says so.
            self._put(VolSeries(symbol, self.origin, blank_days(0)))
            raise

    def _write(self, symbol: str, rows: VolDays, made_from: str) -> None:
        self._write_year(symbol)
        self._recorder.write(lambda now: write_days(now, self.origin, symbol, rows, made_from))
        if symbol in self._asked:
            self._read(symbol)

    def _read(self, symbol: str) -> None:
        connection = self._database.connect()
        try:
            rows = read_days(connection, self.origin, symbol)
        finally:
            connection.close()
        self._put(VolSeries(symbol, self.origin, rows))

    def _put(self, series: VolSeries) -> None:
        self._series[series.symbol] = series
        self.version += 1
