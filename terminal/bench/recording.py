"""The recorder: rows a second on the disk, every one counted, with reads going on."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from terminal.bench.market import INSTRUMENTS, mixed_messages
from terminal.bench.result import Benchmark, Result, result
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.ticks import TickClass
from terminal.store.batch_writer import SessionRow
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder import Recorder, RecorderLimits

_BATCH = 1 << 14
_ROUNDS = 4


def _recorder(long: bool) -> list[Result]:
    table = InstrumentTable()
    for number in range(INSTRUMENTS):
        table.add(f"B{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    batch = mixed_messages()
    rounds = _ROUNDS * (5 if long else 1)
    with tempfile.TemporaryDirectory() as folder:
        database = MarketDatabase.open(Path(folder) / "market.duckdb")
        recorder = Recorder(
            database, table, Path(folder), SessionRow("bench", "sim", "bench"), RecorderLimits(spill=False)
        )
        recorder.start()
        start = time.perf_counter()
        for _ in range(rounds):
            for at in range(0, len(batch), _BATCH):
                while not recorder.offer(batch[at : at + _BATCH], timeout_s=1.0):
                    pass
        recorder.flush(timeout_s=120.0)
        seconds = time.perf_counter() - start
        connection = database.connect()
        rows = connection.execute("SELECT (SELECT count(*) FROM equity_quote) + (SELECT count(*) FROM equity_trade)")
        found = int(rows.fetchall()[0][0])
        connection.close()
        recorder.stop(timeout_s=60.0)
        database.close()
    if found != rounds * len(batch):
        raise AssertionError(f"{found:,} of {rounds * len(batch):,} rows are in the database")
    note = f"{found:,} rows on the disk, each counted"
    return [result("recorder_rows", "market", found / seconds / 1e6, "M rows/s", note=note)]


BENCHMARKS = [Benchmark("recorder_rows", "market", _recorder)]
