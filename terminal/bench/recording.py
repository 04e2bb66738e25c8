"""The recorder: rows a second on the disk, every one counted; and the desk's reads while 20 million are recorded."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from terminal.bench.market_messages import INSTRUMENTS, mixed_messages
from terminal.bench.result import Benchmark, Result, result
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch
from terminal.core.ticks import TickClass
from terminal.store import sources
from terminal.store.batch_writer import SessionRow
from terminal.store.connection import one_row
from terminal.store.market_db import MarketDatabase
from terminal.store.market_reader import Store
from terminal.store.recorder import Recorder, RecorderLimits
from terminal.store.roll_ups import END_NS, MINUTE_NS

_BATCH = 1 << 14
_ROUNDS = 8
_ROWS_WITH_READS = 20_000_000
_DAY_MINUTES = 390
_MONTH_DAYS = 21
_MONTH = _MONTH_DAYS * _DAY_MINUTES
_WITH_HISTORY = 200
"""Instruments that have the month; the day's stream is of all."""
_FIRST_READS_AFTER = 0.1
"""Share of the rows after which reads count: before there is no 500th quote to be found."""


def _table() -> InstrumentTable:
    table = InstrumentTable()
    for number in range(INSTRUMENTS):
        table.add(f"B{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return table


def _recorder_on(database: MarketDatabase, table: InstrumentTable, folder: Path, name: str = "bench") -> Recorder:
    recorder = Recorder(database, table, folder, SessionRow(name, "sim", "bench"), RecorderLimits(spill=False))
    recorder.start()
    return recorder


def _offer(recorder: Recorder, batch: Batch) -> None:
    for at in range(0, len(batch), _BATCH):
        while not recorder.offer(batch[at : at + _BATCH], timeout_s=1.0):
            pass


def _count(database: MarketDatabase, wanted: int) -> None:
    connection = database.connect()
    row = one_row(connection, "SELECT (SELECT count(*) FROM raw.quote) + (SELECT count(*) FROM raw.trade)")
    connection.close()
    if row is None or row[0] != wanted:
        raise AssertionError(f"{row} of {wanted:,} rows are in the database")


def _recorder(long: bool) -> list[Result]:
    table, batch = _table(), mixed_messages()
    rounds = _ROUNDS * (5 if long else 1)
    with tempfile.TemporaryDirectory() as folder:
        database = MarketDatabase.open(Path(folder) / "market.duckdb")
        recorder = _recorder_on(database, table, Path(folder))
        start = time.perf_counter()
        for _ in range(rounds):
            _offer(recorder, batch)
        recorder.flush(timeout_s=120.0)
        seconds = time.perf_counter() - start
        _count(database, rounds * len(batch))
        recorder.stop(timeout_s=60.0)
        database.close()
    found = rounds * len(batch)
    note = f"{found:,} rows on the disk, each counted"
    return [result("recorder_rows", "market", found / seconds / 1e6, "M rows/s", goal=1.0, note=note)]


class _Reads(threading.Thread):
    """Reads like a desk: now and then a chart, often the newest quotes, in between points in bursts."""

    def __init__(self, store: Store) -> None:
        super().__init__(daemon=True)
        self.seconds: dict[str, list[float]] = {"quotes": [], "day": [], "month": []}
        self.point_rates: list[float] = []
        self.failure: BaseException | None = None
        self.counting = threading.Event()
        self.over = threading.Event()
        self._store = store
        self._chance = np.random.default_rng(7)

    def run(self) -> None:
        """The thread's loop."""
        try:
            turn = 0
            while not self.over.is_set():
                turn += 1
                self._time("quotes", lambda at: self._store.latest_quotes(at, 500), 500)
                if turn % 10 == 0:
                    self._time("day", lambda at: self._store.bars(at, 60, _DAY_MINUTES), 1)
                if turn % 50 == 0:
                    self._time("month", lambda at: self._store.bars(at, 60, _MONTH), _MONTH - _DAY_MINUTES)
                if turn % 20 == 0:
                    self._burst()
                self.over.wait(0.02)
        except BaseException as problem:  # noqa: BLE001 - the benchmark tells it
            self.failure = problem

    def _time(self, name: str, read: Callable[[int], Batch], at_least: int) -> None:
        instrument = int(self._chance.integers(_WITH_HISTORY if name == "month" else INSTRUMENTS))
        start = time.perf_counter()
        found = read(instrument)
        if self.counting.is_set():
            self.seconds[name].append(time.perf_counter() - start)
            if len(found) < at_least or np.any(np.diff(found["ts_ns"]) < 0):
                raise AssertionError(f"{name}: {len(found)} rows of {at_least}, or not ascending")

    def _burst(self) -> None:
        instruments = self._chance.integers(0, INSTRUMENTS, 500).tolist()
        start = time.perf_counter()
        for instrument in instruments:
            self._store.latest_quotes(instrument, 1)
        if self.counting.is_set():
            self.point_rates.append(len(instruments) / (time.perf_counter() - start))


def _add_month(database: MarketDatabase, table: InstrumentTable, folder: Path, first_ns: int) -> None:
    """A month of minute bars before the day, as imported files leave them: one source a day, whole."""
    recorder = _recorder_on(database, table, folder, "before")
    _offer(recorder, mixed_messages(_BATCH))
    recorder.flush()
    recorder.stop(60.0)
    connection = database.connect()
    for day in range(1, _MONTH_DAYS + 1):
        start_ns = first_ns - day * 86_400 * NS_PER_S
        handle, _ = sources.begin(connection, "bench", f"day-{day}", str(day), "before", 60)
        connection.execute(
            "INSERT INTO raw.bar_1m SELECT $1, i.id, $2 + m.range * $3, 100, 110, 90, 105, 1000, 10 "
            "FROM instrument i, range($4) m WHERE i.id < $5 ORDER BY i.id, m.range",
            [handle.id, start_ns - start_ns % MINUTE_NS, MINUTE_NS, _DAY_MINUTES, _WITH_HISTORY],
        )
        connection.execute(
            "UPDATE source SET complete = TRUE, bars = 1, row_count = 1, first_ns = $2, last_ns = $2, rolled_ns = $3, "
            "rolled_day_ns = $3 WHERE id = $1",
            [handle.id, start_ns, END_NS],
        )
    connection.close()


def _hot_reads(long: bool) -> list[Result]:
    table, batch = _table(), mixed_messages()
    rows = _ROWS_WITH_READS * (3 if long else 1)
    step_ns = int(_DAY_MINUTES * 60 * NS_PER_S / rows)
    first_ns = int(batch["ts_ns"][0])
    with tempfile.TemporaryDirectory() as folder:
        database = MarketDatabase.open(Path(folder) / "market.duckdb")
        _add_month(database, table, Path(folder), first_ns)
        recorder = _recorder_on(database, table, Path(folder))
        offered, store = 0, Store(database, table, recorder)
        reads = _Reads(store)
        reads.start()
        start = time.perf_counter()
        while offered < rows:
            batch["ts_ns"] = first_ns + (offered + np.arange(len(batch))) * step_ns
            _offer(recorder, batch)
            offered += len(batch)
            if offered > _FIRST_READS_AFTER * rows:
                reads.counting.set()
        recorder.flush(timeout_s=120.0)
        seconds = time.perf_counter() - start
        reads.over.set()
        reads.join()
        store.close()
        _count(database, offered + _BATCH)
        recorder.stop(timeout_s=60.0)
        database.close()
    if reads.failure is not None:
        raise reads.failure
    return _read_results(reads, offered, seconds)


def _read_results(reads: _Reads, offered: int, seconds: float) -> list[Result]:
    what = {"quotes": "latest 500 quotes", "day": "a day of minute bars", "month": "a month of minute bars"}
    made = []
    for name, goal in (("quotes", 10.0), ("day", 10.0), ("month", 100.0)):
        p50, p99 = (float(each) * 1e3 for each in np.quantile(reads.seconds[name], [0.5, 0.99]))
        note = f"p99 of {len(reads.seconds[name])} reads of {what[name]} of one instrument, p50 {p50:.2f} ms"
        made.append(result(f"store_{name}", "market", p99, "ms", better="lower", goal=goal, note=note))
    rate = float(np.median(reads.point_rates))
    note = f"latest quote of one instrument, {len(reads.point_rates)} bursts of 500"
    made.append(result("store_point_reads", "market", rate, "reads/s", goal=10_000, note=note))
    note = f"{offered:,} rows on the disk, each counted, with all these reads going on"
    made.append(result("recorder_rows_read", "market", offered / seconds / 1e6, "M rows/s", note=note))
    return made


BENCHMARKS = [Benchmark("recorder_rows", "market", _recorder), Benchmark("store_reads", "market", _hot_reads)]
