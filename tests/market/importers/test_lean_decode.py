"""The decoding kernels: against a plain reading of the same text, and against bytes that nobody meant."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import at_ns
from terminal.market.importers.lean.archive import Archive, UnreadableFile, read_archive
from terminal.market.importers.lean.decode import EMPTY, Columns, decode
from terminal.market.importers.lean.layout import FileName, parse_path
from terminal.market.importers.report import FileReport
from tests.market.importers.lean_files import write_zip

DAY = date(2024, 1, 10)


def named(path: str) -> FileName:
    found = parse_path(PurePosixPath(path))
    assert found is not None
    return found


QUOTES = named("option/usa/minute/acme/20240110_quote_american.zip")
TRADES = named("equity/usa/minute/acme/20240110_trade.zip")
TICKS = named("equity/usa/tick/acme/20240110_trade.zip")
INDEX = named("index/usa/minute/spx/20240110_trade.zip")
DAILY = named("equity/usa/daily/acme.zip")
HOURS = named("option/usa/hour/acme_2024_quote_american.zip")
INTEREST = named("option/usa/minute/acme/20240110_openinterest_american.zip")
ALL = (
    QUOTES, TRADES, TICKS, INDEX, DAILY, HOURS, INTEREST,
    named("equity/usa/tick/acme/20240110_quote.zip"),
    named("option/usa/tick/acme/20240110_quote_american.zip"),
    named("option/usa/tick/acme/20240110_trade_american.zip"),
    named("index/usa/tick/spx/20240110_trade.zip"),
)  # fmt: skip


def read(text: str | bytes, file: FileName = QUOTES, more: tuple[bytes, ...] = ()) -> tuple[Columns, FileReport]:
    parts = [text.encode() if isinstance(text, str) else text, *more]
    bounds = np.cumsum([0] + [len(part) for part in parts], dtype=np.int64)
    names = [f"file{number}" for number in range(len(parts))]
    report = FileReport(file.path, file.kind)
    columns = decode(Archive(names, np.frombuffer(b"".join(parts), np.uint8), bounds, ""), file, report)
    assert report.rows_read == report.rows_kept + sum(report.refused.values())
    assert report.rows_kept == len(columns) == len(columns.member) == columns.values.shape[1]
    return columns, report


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("34200000,1,1,1,1,5,2,2,2,2", "wrong number of columns"),
        ("34200000,1,1,1,1,5,2,2,2,2,5,9", "wrong number of columns"),
        ("34200000,1,x,1,1,5,2,2,2,2,5", "not a number"),
        ("34200000,1,+1,1,1,5,2,2,2,2,5", "not a number"),
        ("34200000,1, 1,1,1,5,2,2,2,2,5", "not a number"),
        ("34200000,1,1e1,1,1,5,2,2,2,2,5", "not a number"),
        ("34200000,1,-,1,1,5,2,2,2,2,5", "not a number"),
        ("34200000,1,1,1,1,5,2,2,2,2,NaN", "not a number"),
        ("time,1,1,1,1,5,2,2,2,2,5", "not a number"),
        ("34200000,1,99999999999999999999,1,1,5,2,2,2,2,5", "number too large"),
        ("34200000,1,1,1,1,-5,2,2,2,2,5", "negative number"),
        ("34200000,-1,1,-1,1,5,2,2,2,2,5", "negative number"),
        ("34200000,1,,1,1,5,2,2,2,2,5", "number missing"),
        ("34200000,1,1,1,1,,2,2,2,2,5", "number missing"),
        (",1,1,1,1,5,2,2,2,2,5", "number missing"),
        ("86400000,1,1,1,1,5,2,2,2,2,5", "time outside the day"),
        ("-1,1,1,1,1,5,2,2,2,2,5", "time outside the day"),
        ("99999999999999999999,1,1,1,1,5,2,2,2,2,5", "time outside the day"),
        ("34200000,1,1,2,1,5,2,2,2,2,5", "high below low"),
        ("34200000,1,3,2,2,5,2,2,2,2,5", "open or close outside high and low"),
        ("34200000,1,1.5,1,1,5,2,2,2,2,5", "more decimals than a price can hold"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_reason(row: str, reason: str) -> None:
    good = "34140000,1,1,1,1,5,2,2,2,2,5"
    columns, report = read(f"{good}\n{row}\n34260000,,,,,0,7,7,7,7,1\n")
    assert dict(report.refused) == {reason: 1}
    assert report.first_refused == {reason: "file0 line 2"}
    assert columns.values[9].tolist() == [2, 7]


def test_crossed_locked_and_zero_quotes_are_kept() -> None:
    rows = ["0,9,9,9,9,1,5,5,5,5,1", "60000,5,5,5,5,1,5,5,5,5,1", "120000,0,0,0,0,0,0,0,0,0,0", "180000,,,,,0,,,,,0"]
    columns, report = read("\n".join(rows))
    assert report.refused == {}
    assert columns.values[4].tolist() == [9, 5, 0, EMPTY]


def test_line_ends_empty_lines_and_a_missing_last_end_do_not_matter() -> None:
    rows = ("34200000,1,1,1,1,5,2,2,2,2,5", "34260000,1,1,1,1,5,2,2,2,2,5")
    plain = read("\n".join(rows) + "\n")[0]
    for text in ("\r\n".join(rows), "\n\n" + "\n\n".join(rows) + "\n\n", "\r\n".join(rows) + "\r\n\r\n"):
        other, report = read(text)
        assert report.rows_read == 2
        assert other.values.tolist() == plain.values.tolist()


def test_files_in_one_zip_do_not_run_into_each_other() -> None:
    columns, report = read("34200000,1,1,1,1,5,2,2,2,2,5", more=(b"", b"60000,3,3,3,3,1,4,4,4,4,1"))
    assert columns.member.tolist() == [0, 2]
    assert columns.values[0].tolist() == [34_200_000, 60_000]
    assert report.members == 3


def test_one_broken_time_costs_one_row() -> None:
    def kept(*times: int, file: FileName = QUOTES) -> tuple[list[int], dict[str, int]]:
        row = "1,1,1,1,5,2,2,2,2,5" if file is QUOTES else "5,100,P,1,0"
        columns, report = read("\n".join(f"{each},{row}" for each in times), file)
        return columns.values[0].tolist(), dict(report.refused)

    assert kept(1, 2, 90, 3, 4) == ([1, 2, 3, 4], {"time goes back": 1})
    assert kept(1, 20, 3, 40, 50) == ([1, 20, 40, 50], {"time goes back": 1})
    assert kept(90, 1, 2, 3) == ([1, 2, 3], {"time goes back": 1})
    assert kept(1, 2, 2, 3) == ([1, 2, 3], {"second row for the same bar": 1})
    assert kept(1, 2, 2, 3, file=TICKS) == ([1, 2, 2, 3], {})


def test_stamps_are_in_the_zone_of_the_file() -> None:
    row = "1,1,1,1,5,2,2,2,2,5"
    assert read(f"34200000,{row}")[0].start_ns.tolist() == [at_ns(DAY, 9, 30)]
    assert read(f"20240110 09:00,{row}\n20240711 09:00,{row}", HOURS)[0].start_ns.tolist() == [
        at_ns(DAY, 9),
        at_ns(date(2024, 7, 11), 9),
    ]
    assert read("30600000,4700.5,4701,4700,4700.25,0", INDEX)[0].start_ns.tolist() == [at_ns(DAY, 9, 30)]


def test_index_prices_are_decimal_dollars_to_a_hundredth_of_a_cent() -> None:
    columns, report = read("30600000,4700.5,4701,4700,4700.2501,59\n30660000,1,1,1,1.00001,0\n", INDEX)
    assert columns.values[1:5, 0].tolist() == [47_005_000, 47_010_000, 47_000_000, 47_002_501]
    assert dict(report.refused) == {"more decimals than a price can hold": 1}


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        ("20240230 09:00", "time outside the day"),
        ("20230229 09:00", "time outside the day"),
        ("20241301 09:00", "time outside the day"),
        ("20240110 24:00", "time outside the day"),
        ("20240110 09:60", "time outside the day"),
        ("2024-01-10 09:00", "not a number"),
        ("20240110T09:00", "not a number"),
        ("2024011o 09:00", "not a number"),
        ("", "number missing"),
    ],
)
def test_dates_that_do_not_exist_are_refused(stamp: str, reason: str) -> None:
    assert dict(read(f"{stamp},1,1,1,1,5", DAILY)[1].refused) == {reason: 1}


@given(st.dates(date(1970, 1, 1), date(2099, 12, 31)), st.integers(0, 23), st.integers(0, 59))
def test_dates_are_the_calendars(day: date, hour: int, minute: int) -> None:
    columns, _ = read(f"{day:%Y%m%d} {hour:02}:{minute:02},1,1,1,1,5", DAILY)
    days = (day - date(1970, 1, 1)).days
    assert columns.values[0].tolist() == [days * 86_400_000 + (hour * 60 + minute) * 60_000]


NUMBER = st.one_of(
    st.integers(0, 10**6).map(str),
    st.sampled_from(["", "-1", "1.0", "01", "1.50", "9" * 20, "1e3", "x", " 1", "-0", ".5", "5."]),
)


def plain_whole(text: str) -> int | None:
    """What the kernel should read; None for a refusal."""
    if text == "":
        return EMPTY
    digits, point, places = text.removeprefix("-").partition(".")
    allowed = set("0123456789")
    if not (digits + places) or not set(digits + places) <= allowed or (point and set(places) - {"0"}):
        return None
    value = int(digits or "0")
    return None if value > 10**15 or (text.startswith("-") and value) else value


@given(st.lists(st.tuples(*[NUMBER] * 5), max_size=30))
@settings(max_examples=200, deadline=None)
def test_trade_bars_read_as_a_plain_reader_would(rows: list[tuple[str, ...]]) -> None:
    text = "\n".join(f"{number * 60_000},{','.join(row)}" for number, row in enumerate(rows))
    columns, report = read(text, TRADES)
    expected = []
    for number, row in enumerate(rows):
        values = [plain_whole(each) for each in row]
        if any(each is None or each == EMPTY for each in values):
            continue
        open_px, high, low, close, volume = (int(each) for each in values if each is not None)
        if 0 < low <= min(open_px, close) and max(open_px, close) <= high:
            expected.append([number * 60_000, open_px, high, low, close, volume])
    assert columns.values.T.tolist() == expected
    assert report.rows_read == len(rows)


@given(st.binary(max_size=400), st.sampled_from(ALL))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_counted_and_never_crash(content: bytes, file: FileName) -> None:
    _, report = read(content, file)
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    assert report.rows_read == sum(1 for line in lines if line)


@given(st.integers(0, 2**32), st.sampled_from(ALL))
@settings(max_examples=150, deadline=None)
def test_mutated_rows_are_counted_and_stay_in_order(seed: int, file: FileName) -> None:
    chance = random.Random(seed)
    stamps = [f"20240110 {hour:02}:00" for hour in range(24)]
    rows = []
    for number in range(24):
        stamp = stamps[number] if file.resolution.spans_days else str(34_200_000 + number * 60_000)
        rows.append(",".join([stamp, *(str(chance.randrange(1, 1000)) for _ in range(chance.choice((1, 5, 7, 10))))]))
    content = bytearray("\n".join(rows).encode())
    for _ in range(chance.randrange(20)):
        content[chance.randrange(len(content))] = chance.choice(b"0123456789,.-\n\r :\x00\xff")
    columns, _ = read(bytes(content), file)
    assert (np.diff(columns.start_ns) >= 0).all()
    assert (columns.values[1:] >= EMPTY).all()


def test_a_file_that_is_no_zip_is_named(tmp_path: Path) -> None:
    for content in (b"", b"time,open\n1,2\n", b"PK\x03\x04 and then nothing"):
        path = tmp_path / "20240110_trade.zip"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=r"20240110_trade\.zip is no zip file"):
            read_archive(path)
    with pytest.raises(UnreadableFile, match="is not there"):
        read_archive(tmp_path / "nothing.zip")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_archive(tmp_path)


def test_a_damaged_entry_leaves_the_others(tmp_path: Path) -> None:
    members = {f"m{number}.csv": ("34200000,1,1,1,1,5\n" * 50).encode() for number in range(3)}
    path = write_zip(tmp_path / "a.zip", members)
    content = bytearray(path.read_bytes())
    place = content.index(b"m1.csv") + len(b"m1.csv") + 4
    content[place] ^= 0xFF
    path.write_bytes(content)
    archive = read_archive(path)
    assert archive.names == ["m0.csv", "m2.csv"]
    assert [name for name, _ in archive.damaged] == ["m1.csv"]
    assert bytes(archive.text) == members["m0.csv"] + members["m2.csv"]


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_a_mutated_zip_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path_factory.mktemp("zips") / "b.zip"
    write_zip(path, {f"m{number}.csv": "34200000,1,1,1,1,5\n" * chance.randrange(9) for number in range(4)})
    content = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 8)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    del content[chance.choice((len(content), len(content), chance.randrange(len(content)))) :]
    path.write_bytes(content)
    try:
        archive = read_archive(path)
    except UnreadableFile:
        return
    assert len(archive.bounds) == len(archive.names) + 1
    decode(archive, TRADES, FileReport("b.zip", "equity_trade"))
