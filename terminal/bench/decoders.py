"""How fast recorded bytes become messages: Binance's captures and DBN records."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from terminal.bench.fuzz_records import dbn_head, dbn_records
from terminal.bench.replay import recorded_data
from terminal.bench.result import Benchmark, Result, result
from terminal.core.instruments import InstrumentTable
from terminal.infra.calendars import Calendars
from terminal.market.importers.binance.catalog import open_captures
from terminal.market.importers.databento.files import open_dbn
from terminal.market.importers.report import FileReport

_CAPTURE = "binance_usdm_btcusdt_20240808_raw_ws.gz"
_LINES = 93_954
_DBN_RECORDS = 200_000
ROUNDS = 5


def _binance(long: bool) -> list[Result]:
    folder = recorded_data()
    path = None if folder is None else folder.parent / "crypto" / _CAPTURE
    if path is None or not path.is_file():
        return [Result("decode_binance", "market", 0.0, "k messages/s", "higher", note="the capture is not there")]
    (capture,) = open_captures(path, None, None, InstrumentTable())
    times, records = [], 0
    for _ in range(ROUNDS * (2 if long else 1)):
        report = FileReport(path.name, capture.kind)
        start = time.perf_counter()
        records = sum(len(batch) for batch in capture.batches(1, report))
        times.append(time.perf_counter() - start)
        if report.rows_kept != _LINES:
            raise AssertionError(f"{_LINES:,} messages were expected, {report.rows_kept:,} were kept")
    best = min(times)
    note = f"gzip and JSON to records, {_LINES:,} messages with {records:,} records, best of {len(times)}"
    return [
        result("decode_binance", "market", _LINES / best / 1e3, "k messages/s", note=note),
        result("decode_binance_records", "market", records / best / 1e6, "M records/s", note=note),
    ]


def _dbn(long: bool) -> list[Result]:
    records = dbn_records()
    count = _DBN_RECORDS * (5 if long else 1)
    content = b"".join(records)
    with tempfile.TemporaryDirectory(prefix="moneyness-bench-") as folder:
        path = Path(folder) / "a.dbn"
        path.write_bytes(dbn_head() + content * (count // len(records)))
        (file,) = open_dbn(path, None, None, InstrumentTable(), Calendars())
        times, read = [], 0
        for _ in range(ROUNDS):
            report = FileReport(path.name, file.kind)
            start = time.perf_counter()
            for _batch in file.batches(1, report):
                pass
            times.append(time.perf_counter() - start)
            read = report.rows_read
    note = f"{read:,} records of every schema, orders above all, best of {ROUNDS}"
    return [result("decode_dbn", "market", read / min(times) / 1e3, "k records/s", note=note)]


BENCHMARKS = [Benchmark("decode_binance", "market", _binance), Benchmark("decode_dbn", "market", _dbn)]
