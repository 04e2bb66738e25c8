"""Captures of Binance's raw messages: the two real ones, and files that are not what they should be."""

from __future__ import annotations

import gzip
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from terminal.core.instruments import Instrument, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import BOOK_PX, BOOK_SIDE, BOOK_SIZE, EVENT_NS, MESSAGE, Batch, Flag, Kind
from terminal.core.ticks import TickClass
from terminal.infra.failures import UsageError
from terminal.market.importers.binance import capture as capture_module
from terminal.market.importers.binance import refusals
from terminal.market.importers.binance.catalog import capture_files, open_captures
from terminal.market.importers.binance.inspect import inspect_capture
from terminal.market.importers.report import FileReport
from terminal.market.importers.streams import NoSuchStream, UnreadableStream, merged
from terminal.market.state import MarketState
from tests.market.importers.plain_book import PlainBook, raw_messages

DAY = (date(2024, 8, 8),)
COIN = 10**8
FILES = {"futures": "binance_usdm_btcusdt_20240808_raw_ws.gz", "spot": "binance_spot_btcusdt_20240808_raw_ws.gz"}


@pytest.fixture(scope="session")
def crypto(shared_data: Path) -> Path:
    return shared_data / "crypto"


def read(path: Path, underlying: str | None = None) -> tuple[Batch, FileReport, Instrument]:
    table = InstrumentTable()
    (stream,) = open_captures(path, underlying, None, table)
    report = FileReport(path.name, stream.kind)
    batch: Batch = np.concatenate([np.empty(0, MESSAGE), *stream.batches(1, report)])
    assert report.rows_read == report.rows_kept + sum(report.refused.values())
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    return batch, report, table.get(0)


def test_the_futures_capture_is_read_whole(crypto: Path) -> None:
    batch, report, row = read(crypto / FILES["futures"])
    assert (report.rows_read, report.rows_kept, report.refused, report.adjusted) == (93_954, 93_954, {}, {})
    counts = Counter(batch["kind"].tolist())
    is_snapshot = (batch["flags"] & Flag.SNAPSHOT) != 0
    changes = int(((batch["kind"] == Kind.DEPTH) & ~is_snapshot).sum())
    assert (counts[Kind.QUOTE], counts[Kind.TRADE], counts[Kind.BOOK_UPDATE] - 1) == (66_089, 21_313, 6_551)
    assert changes == 443_521
    assert int(is_snapshot.sum()) == 1 + counts[Kind.DEPTH] - 443_521
    assert (row.symbol, row.kind, row.currency) == ("BTCUSDT.P", InstrumentKind.CRYPTO_PERPETUAL, "USDT")
    assert (row.price_scale, row.tick_class) == (10, TickClass.FINEST), "the tick is 0.1"
    assert int(batch["ts_ns"][0]) == 1_723_161_255_030_314_667
    lag_ms = (batch[EVENT_NS] - batch["ts_ns"])[batch["kind"] != Kind.DEPTH] / 1e6
    assert 1_000 < np.median(lag_ms) < 1_400, "the clock here ran 1.2 s behind the exchange's"
    assert (np.diff(batch[EVENT_NS][batch["kind"] != Kind.DEPTH]) < 0).any(), "event times step back"


def test_the_spot_capture_is_read_whole(crypto: Path) -> None:
    batch, report, row = read(crypto / FILES["spot"])
    assert (report.rows_read, report.rows_kept) == (41_249, 41_249)
    counts = Counter(batch["kind"].tolist())
    assert (counts[Kind.QUOTE], counts[Kind.TRADE], counts[Kind.BOOK_UPDATE] - 1) == (28_040, 9_757, 3_451)
    assert (row.symbol, row.kind, row.price_scale) == ("BTCUSDT", InstrumentKind.CRYPTO_SPOT, 100)


@pytest.mark.parametrize("market", sorted(FILES))
def test_the_book_is_that_of_plain_dictionaries_and_its_best_that_of_the_ticker(crypto: Path, market: str) -> None:
    """After every update the dictionaries' best is what the ticker says; at thirty moments the records give the same
    dictionaries, level by level."""
    path = crypto / FILES[market]
    batch, _, row = read(path)
    tickers = [message["data"] for _, message in raw_messages(path) if "bookTicker" in message.get("stream", "")]
    sequences = [ticker["u"] for ticker in tickers]
    looks = moments(batch)
    plain, ours = PlainBook(), dict[tuple[int, int], int]()
    compared = looked = updates = 0
    for ts_ns, message in raw_messages(path):
        if not plain.take(message):
            continue
        updates += 1
        if updates % 220 == 0 or updates == 1:
            next(look for look in looks if advance(ours, look, ts_ns))
            scale = row.price_scale
            expected = {(1, int(px * scale)): int(size * COIN) for px, size in plain.bids.items()}
            expected |= {(-1, int(px * scale)): int(size * COIN) for px, size in plain.asks.items()}
            assert ours == expected
            looked += 1
        told = bisect_right(sequences, message["data"]["u"]) - 1 if "data" in message else -1
        if told >= 0:
            ticker = tickers[told]
            assert plain.best == tuple(Decimal(ticker[name]) for name in "bBaA")
            compared += 1
    assert looked >= 16
    assert compared == {"futures": 6_545, "spot": 3_448}[market]


def moments(batch: Batch) -> Iterator[Batch]:
    """Book records, one update after another."""
    book = batch[(batch["kind"] == Kind.DEPTH) | (batch["kind"] == Kind.BOOK_UPDATE)]
    heads = np.flatnonzero(book["kind"] == Kind.BOOK_UPDATE)
    for start, end in zip(heads, [*heads[1:], len(book)], strict=True):
        yield book[start:end]


def advance(book: dict[tuple[int, int], int], update: Batch, until_ns: int) -> bool:
    """Applies one update to a dictionary; True when it is the one received at ``until_ns``."""
    if update[0]["flags"] & Flag.SNAPSHOT:
        book.clear()
    for level in update[1:]:
        place = int(level[BOOK_SIDE]), int(level[BOOK_PX])
        if level[BOOK_SIZE]:
            book[place] = int(level[BOOK_SIZE])
        else:
            book.pop(place, None)
    return int(update[0]["ts_ns"]) == until_ns


def test_how_a_capture_is_cut_into_batches_changes_nothing(crypto: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _, _ = read(crypto / FILES["spot"])
    monkeypatch.setattr(capture_module, "_RECORDS_A_BATCH", 1)
    single, _, _ = read(crypto / FILES["spot"])
    assert (single == whole).all()


def test_both_markets_of_a_folder_are_played_in_time(crypto: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def play() -> Batch:
        table = InstrumentTable()
        streams = open_captures(crypto, "BTCUSDT", DAY, table)
        assert [row.symbol for row in table] == ["BTCUSDT", "BTCUSDT.P"]
        batch: Batch = np.concatenate(
            list(merged(each.batches(n, FileReport("", "")) for n, each in enumerate(streams, 1)))
        )
        return batch

    batch = play()
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    assert Counter(batch["source"].tolist()).keys() == {1, 2}
    assert len(batch) == 539_488 + 167_340
    monkeypatch.setattr(capture_module, "_RECORDS_A_BATCH", 700)
    assert (play() == batch).all()
    only = InstrumentTable()
    open_captures(crypto, "btcusdt.p", DAY, only)
    assert [row.symbol for row in only] == ["BTCUSDT.P"]


QUOTE = (
    '{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{u},"s":"BTCUSDT","b":"1.{u:03}","B":"1",'
    '"a":"2","A":"1","E":{e}}}}}'
)
START_NS = 1_723_161_255_000_000_000


def line(number: int, ts_ns: int | None = None, *, event_ns: int | None = None) -> str:
    ts_ns = START_NS + number * 1_000_000 if ts_ns is None else ts_ns
    return f"{ts_ns} {QUOTE.format(u=number, e=(event_ns or ts_ns) // 1_000_000)}\n"


def refusals_of(path: Path) -> tuple[dict[str, int], int]:
    batch, report, _ = read(path)
    return dict(report.refused), len(batch)


def test_lines_that_are_none_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_text(
        line(1) + "nonsense\n\n" + line(2).replace("17231", "x7231", 1) + "99 {}\n" + line(3) + line(3) + line(4)[:-20],
        encoding="utf-8",
    )
    refused, kept = refusals_of(path)
    assert refused == {refusals.NO_TIME: 3, refusals.CAME_TWICE: 1, refusals.NOT_JSON: 1}
    assert kept == 2


def test_a_line_without_end_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_text(line(1) + "1" * (17 << 20) + "\n" + line(2) + "2" * (17 << 20), encoding="utf-8")
    refused, kept = refusals_of(path)
    assert refused == {refusals.TOO_LONG: 2}
    assert kept == 2


def test_a_damaged_archive_gives_what_comes_before_the_damage(tmp_path: Path, crypto: Path) -> None:
    content = (crypto / FILES["spot"]).read_bytes()
    cut = tmp_path / "cut.gz"
    cut.write_bytes(content[: len(content) // 2])
    flipped = tmp_path / "flipped.gz"
    flipped.write_bytes(content[:600_000] + bytes(1000) + content[601_000:])
    for path in (cut, flipped):
        refused, kept = refusals_of(path)
        assert refused[refusals.CUT_OFF] == 1
        assert kept > 20_000


def test_a_clock_that_steps_back_stands_still_instead(tmp_path: Path) -> None:
    path = tmp_path / "capture.gz"
    stamps = [START_NS, START_NS + 5, START_NS - 7_000_000_000, START_NS + 6]
    path.write_bytes(gzip.compress("".join(line(n, ts, event_ns=START_NS) for n, ts in enumerate(stamps)).encode()))
    batch, report, _ = read(path)
    assert (batch["ts_ns"] - START_NS).tolist() == [0, 5, 5, 6]
    assert batch["order"].tolist() == [0, 0, 1, 0]
    assert report.adjusted == {refusals.CLOCK_BACK: 1}
    assert not report.refused


def test_one_damaged_stamp_does_not_hold_the_market_in_another_year(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    year_ns = 365 * 86_400 * 10**9
    overnight_ns = START_NS + 8 * 3600 * 10**9
    path.write_text(
        line(1)
        + line(2, START_NS + year_ns, event_ns=START_NS)
        + line(3)
        + line(4, overnight_ns)
        + line(5, overnight_ns),
        encoding="utf-8",
    )
    batch, report, _ = read(path)
    assert report.refused == {refusals.FAR_TIME: 1}
    assert batch["ts_ns"].tolist() == [START_NS + 1_000_000, START_NS + 3_000_000, overnight_ns, overnight_ns]


def test_few_prices_do_not_show_the_tick(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_text("".join(line(n) for n in range(5)), encoding="utf-8")
    (terms,) = inspect_capture(path).symbols
    assert (terms.price_digits, terms.tick_class) == (8, TickClass.FINEST)


def test_a_tick_of_five_or_twenty_five_is_learnt(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    lines = [line(n).replace(f"1.{n:03}", f"{n * 0.25:.2f}") for n in range(1, 1200)]
    path.write_text("".join(lines), encoding="utf-8")
    (terms,) = inspect_capture(path).symbols
    assert (terms.price_digits, terms.tick_class) == (2, TickClass.EVERY_25)


def test_what_is_no_capture_is_one_sentence(tmp_path: Path, crypto: Path) -> None:
    (tmp_path / "notes.txt").write_text("a diary\n", encoding="utf-8")
    assert capture_files(tmp_path) == []
    for path, underlying, dates in (
        (tmp_path, None, None),
        (tmp_path / "notes.txt", None, None),
        (tmp_path / "nothing", None, None),
        (crypto, "ETHUSDT", None),
        (crypto, "BTCUSDT", (date(2024, 8, 7),)),
    ):
        with pytest.raises(NoSuchStream) as failure:
            open_captures(path, underlying, dates, InstrumentTable())
        assert failure.value.message.endswith(".")
        assert "\n" not in failure.value.message
    empty = tmp_path / "empty.gz"
    empty.write_bytes(gzip.compress(b""))
    assert capture_files(empty) == []
    with pytest.raises(UnreadableStream, match="holds no message"):
        inspect_capture(empty)


def test_other_terms_in_the_table_are_said(crypto: Path) -> None:
    table = InstrumentTable()
    row = open_captures(crypto, "BTCUSDT.P", None, InstrumentTable())[0]
    assert row.kind == "binance futures"
    table.add("BTCUSDT", InstrumentKind.CRYPTO_SPOT, SessionProduct.CRYPTO, TickClass.FINEST, price_scale=7)
    with pytest.raises(UsageError, match="already known with other terms"):
        open_captures(crypto, "BTCUSDT", None, table)


def cheap(number: int, size: str, level: str = "1") -> str:
    ts_ns = START_NS + number * 1_000_000
    trade = (
        f'{{"stream":"pepeusdt@trade","data":{{"e":"trade","s":"PEPEUSDT","t":{number},"p":"0.00000{700 + number}",'
        f'"q":"{size}","m":false,"E":{ts_ns // 10**6}}}}}'
    )
    update = (
        f'{{"stream":"pepeusdt@depth","data":{{"e":"depthUpdate","s":"PEPEUSDT","U":{number},"u":{number},"pu":-1,'
        f'"b":[["0.00000{600 + number}","{level}"]],"a":[],"E":{ts_ns // 10**6}}}}}'
    )
    return f"{ts_ns} {trade}\n{ts_ns} {update}\n"


@pytest.mark.parametrize(
    ("sizes", "level", "digits"),
    [
        (["1000", "250"], "4", 8),
        (["1000.12345678"], "4", 8),
        (["900000000", "1"], "900000000", 4),
        (["900000000000"], "5000000000000", 0),
        (["900000000000", "0.5"], "900000000000.00", 1),
        (["20000000", "0.00000001"], "1", 8),
    ],
)
def test_what_sizes_are_counted_in_leaves_room_for_a_days_volume(
    tmp_path: Path, sizes: list[str], level: str, digits: int
) -> None:
    path = tmp_path / "capture.txt"
    path.write_text("".join(cheap(n, size, level) for n, size in enumerate(sizes, 1)), encoding="utf-8")
    batch, report, row = read(path)
    assert report.refused == {}
    assert row.size_scale == 10**digits
    traded = batch[batch["kind"] == Kind.TRADE]["v1"].tolist()
    assert traded == [int(Decimal(size) * 10**digits) for size in sizes]
    if digits < 8:
        market = MarketState(table := InstrumentTable(), "test")
        (stream,) = open_captures(path, None, None, table)
        market.apply(np.concatenate(list(stream.batches(0, FileReport("", "")))))
        assert market.read_one(0)["volume"] == sum(traded)
        assert market.refused == {}


def test_one_set_of_size_digits_for_all_captures_of_a_coin(tmp_path: Path) -> None:
    for name, size in (("a.txt", "5"), ("b.txt", "900000000000"), ("c.txt", "0.25")):
        (tmp_path / name).write_text(cheap(1, size), encoding="utf-8")
    table = InstrumentTable()
    open_captures(tmp_path, None, None, table)
    assert [row.size_scale for row in table] == [100]
