"""The whole import: every row counted once, the broken named, nothing twice."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import InstrumentTable
from terminal.core.messages import BID, Batch, Flag, Kind
from terminal.core.ticks import TickClass
from terminal.market.importers.lean.catalog import NoSuchData
from terminal.market.importers.lean.importing import import_lean
from terminal.market.importers.report import ImportReport
from terminal.market.importers.sources import Source, SourceTable
from tests.market.importers.lean_files import equity_daily, equity_minutes, option_quotes, write_zip

CALL = "call_100000_20240119"
QUOTE = "1,1,1,1,5,2,2,2,2,5"


class Shelf:
    """A sink that keeps everything, as a database would: by source, and for the next import."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.stored: dict[tuple[str, str, str], int] = {}
        self.ended: list[tuple[Source, int]] = []

    def begin(self, kind: str, name: str, sha256: str, interval_s: int) -> tuple[int, bool]:
        key = (kind, name, sha256)
        known = key in self.stored
        return self.stored.setdefault(key, len(self.stored) + 1), known

    def take(self, batch: Batch) -> None:
        assert (np.diff(batch["ts_ns"]) >= 0).all()
        assert len(np.unique(batch["source"])) == 1
        self.batches.append(batch.copy())

    def end(self, source: Source, rows: int) -> None:
        self.ended.append((source, rows))

    @property
    def messages(self) -> int:
        return sum(len(each) for each in self.batches)


def run(
    root: Path,
    shelf: Shelf,
    underlying: str | None = None,
    day: date | None = None,
    table: InstrumentTable | None = None,
) -> ImportReport:
    dates = None if day is None else (day, day)
    report = import_lean(root, underlying, dates, shelf, table=table, sources=SourceTable(shelf.begin))
    for file in report.files:
        assert file.rows_read == file.rows_kept + sum(file.refused.values()), file
    assert json.loads(json.dumps(report.as_json()))["rows"]["read"] == report.rows_read
    return report


def test_the_real_folder_as_a_whole_and_then_again(lean: Path) -> None:
    shelf = Shelf()
    told: list[tuple[int, int]] = []
    report = import_lean(
        lean, None, None, shelf, lambda done, total, name: told.append((done, total)), sources=SourceTable(shelf.begin)
    )
    assert report.problems == []
    assert report.refused == {}
    assert report.rows_read == report.rows_kept == shelf.messages == sum(rows for _, rows in shelf.ended)
    kept = {kind: row["kept"] for kind, row in report.by_kind.items()}
    assert kept == {
        "equity_daily": 50_828,
        "equity_quote": 175_500,
        "equity_trade": 525_079,
        "index_trade": 801,
        "open_interest": 2_198,
        "option_quote": 275_552 + 28_932 + 240 + 31_407 + 2_428 + 4_565 + 1_501,
        "option_trade": 12_253,
    }
    assert told[-1][0] == told[-1][1] == len(told) - 1
    before = shelf.messages
    again = import_lean(lean, None, None, shelf, sources=SourceTable(shelf.begin))
    assert shelf.messages == before
    assert again.rows_read == 0
    assert all(file.skipped for file in again.files)


def test_one_day_of_one_underlying(lean: Path) -> None:
    shelf = Shelf()
    report = run(lean, shelf, "goog", date(2015, 12, 24))
    kept = {kind: row["kept"] for kind, row in report.by_kind.items()}
    assert kept["option_quote"] == 275_552
    assert kept["equity_trade"] == 227
    names = {source.name for source, _ in shelf.ended}
    assert all("goog" in name for name in names)
    assert not any("20151223" in name for name in names)


def test_hours_are_imported_by_day_and_never_twice(lean: Path) -> None:
    shelf = Shelf()
    first = run(lean, shelf, "AAPL", date(2014, 6, 6))
    parts = [source.name for source, _ in shelf.ended if "hour" in source.name and "quote" in source.name]
    assert parts == ["option/usa/hour/aapl_2014_quote_american.zip#2014-06-06"]
    second = run(lean, shelf, "AAPL")
    assert first.by_kind["option_quote"]["kept"] + second.by_kind["option_quote"]["kept"] == 31_407


def test_a_file_that_is_no_zip_is_a_problem_and_the_rest_is_imported(tmp_path: Path) -> None:
    equity_minutes(tmp_path, "20240110", "trade", "34200000,1,1,1,1,5\n")
    broken = tmp_path / "equity/usa/minute/acme/20240111_trade.zip"
    broken.write_bytes(b"<html>404</html>")
    shelf = Shelf()
    report = run(tmp_path, shelf)
    assert len(report.problems) == 1
    assert "20240111_trade.zip is no zip file" in report.problems[0]
    assert report.rows_kept == shelf.messages == 1


def test_what_is_refused_is_counted_by_reason_and_file(tmp_path: Path) -> None:
    members = {
        CALL: f"34200000,{QUOTE}\n34260000,{QUOTE},\n34320000,x\n",
        "call_105000_20240119": f"34260000,{QUOTE}\n34200000,{QUOTE}\n",
    }
    path = option_quotes(tmp_path, "20240110", members)
    names = {f"20240110_acme_minute_quote_american_{name}.csv": text for name, text in members.items()}
    write_zip(path, {**names, "readme.txt": "hello", "20240110_acme_minute_quote_american_call_1_20249999.csv": QUOTE})
    shelf = Shelf()
    report = run(tmp_path, shelf)
    assert report.refused == {
        "file inside the zip that names no contract": 2,
        "time goes back": 1,
        "wrong number of columns": 2,
    }
    (file,) = report.files
    assert (file.rows_read, file.rows_kept, file.members) == (7, 2, 2)
    assert file.first_refused["wrong number of columns"].endswith("call_100000_20240119.csv line 2")
    assert shelf.messages == 2


def test_contracts_quote_in_the_ticks_that_their_class_shows(tmp_path: Path) -> None:
    nickels = "1000,1000,1000,1000,5,1500,1500,1500,1500,5"
    option_quotes(tmp_path, "20240110", {CALL: f"34200000,{nickels}\n"})
    option_quotes(tmp_path, "20240110", {CALL: f"34200000,{nickels.replace('1500', '1100')}\n"}, ticker="bolt")
    table = InstrumentTable()
    run(tmp_path, Shelf(), table=table)
    classes = {row.symbol.split()[0]: row.tick_class for row in table if row.option is not None}
    assert classes == {"ACME": TickClass.NICKEL_DIME, "BOLT": TickClass.PENNY_PROGRAM}


def test_daily_bars_are_seen_at_the_close_of_their_session(tmp_path: Path) -> None:
    rows = [f"{day} 00:00,10000,12000,9000,11000,100\n" for day in ("20240703", "20240705", "20240706")]
    equity_daily(tmp_path, "".join(rows))
    shelf = Shelf()
    run(tmp_path, shelf)
    (batch,) = shelf.batches
    seen = [str(np.datetime64(int(ts), "ns"))[:16] for ts in batch["ts_ns"]]
    # An early close, a regular one, and a Saturday that the calendar does not know.
    assert seen == ["2024-07-03T17:00", "2024-07-05T20:00", "2024-07-06T20:00"]
    assert set(batch["kind"].tolist()) == {Kind.BAR}


def test_nothing_on_that_day_is_said(lean: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSuchData, match="the nearest is 2015-12-24 and 2015-12-28"):
        run(lean, Shelf(), "GOOG", date(2015, 12, 25))
    equity_minutes(tmp_path, "20240110", "trade", "34200000,1,1,1,1,5\n")
    with pytest.raises(NoSuchData, match="has no data of ACME on 2024-01-11"):
        run(tmp_path, Shelf(), None, date(2024, 1, 11))


def test_a_quote_without_a_bid_flags_the_side(tmp_path: Path) -> None:
    option_quotes(tmp_path, "20240110", {CALL: "34200000,,,,,0,2,2,2,2,5\n34260000,,,,,0,,,,,0\n"})
    shelf = Shelf()
    run(tmp_path, shelf)
    (batch,) = shelf.batches
    assert batch["flags"].tolist() == [Flag.BID_UNCHANGED, Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED]
    assert (batch[BID] < 0).all()


TEXT = st.text(st.sampled_from("0123456789,.-\n\r x"), max_size=120)


@given(st.dictionaries(st.sampled_from([CALL, "put_100000_20240119", "put_1000_20240119", "junk"]), TEXT, max_size=4))
@settings(max_examples=60, deadline=None)
def test_whatever_a_zip_holds_the_counts_add_up(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, str]
) -> None:
    root = tmp_path_factory.mktemp("lean")
    option_quotes(root, "20240110", members)
    shelf = Shelf()
    report = run(root, shelf)
    lines = {name: [row.removesuffix("\r") for row in text.split("\n")] for name, text in members.items()}
    rows = Counter({name: sum(1 for row in each if row) for name, each in lines.items() if name != "junk"})
    assert report.rows_read == rows.total() + ("junk" in members)
    assert report.rows_kept == shelf.messages
