"""DBN files into messages: what each schema means here, the book by order, terms of instruments, damage."""

from __future__ import annotations

import random
import zipfile
from collections import Counter
from pathlib import Path

import databento_dbn as dbn
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import EVENT_NS, MESSAGE, Batch, Flag, Kind, OfficialKind
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.market.importers.databento import refusals
from terminal.market.importers.databento.best_of_orders import BestOfOrders
from terminal.market.importers.databento.files import dbn_files, open_dbn
from terminal.market.importers.report import FileReport
from terminal.market.importers.streams import NoSuchStream, UnreadableStream
from tests.market.importers import dbn_files as made
from tests.market.importers.dbn_files import LAST, START_NS, order, pair, statistic, ten, top, trade, write

SECOND = 10**9


def read(path: Path, underlying: str | None = None) -> tuple[Batch, FileReport, InstrumentTable]:
    table = InstrumentTable()
    streams = open_dbn(path, underlying, None, table, Calendars())
    report = FileReport(path.name, streams[-1].kind)
    batch: Batch = np.concatenate([np.empty(0, MESSAGE), *streams[-1].batches(1, report)])
    assert report.rows_read == report.rows_kept + sum(report.refused.values())
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    return batch, report, table


def said(batch: Batch) -> list[tuple[str, list[int]]]:
    """Kind and the values that are not zero at the end."""
    return [(Kind(int(row["kind"])).name, [int(row[f"v{n}"]) for n in range(4)]) for row in batch]


def test_orders_become_a_book_by_order_and_its_best_market(tmp_path: Path) -> None:
    batch, report, table = read(
        write(
            tmp_path / "a.dbn",
            "mbo",
            [
                made.definition(),
                order(0, "R", "N", None, 0, 0, flags=int(dbn.F_SNAPSHOT)),
                order(0, "A", "B", 100.25, 5, 11, flags=int(dbn.F_SNAPSHOT)),
                order(0, "A", "A", 100.50, 7, 12, flags=int(dbn.F_SNAPSHOT) | LAST),
                order(1, "M", "B", 100.25, 3, 11),
                order(2, "T", "B", 100.50, 4, 0, flags=0),
                order(2, "F", "A", 100.50, 4, 12, flags=0),
                order(2, "C", "A", 100.50, 4, 12),
                order(3, "N", "N", None, 0, 0),
                order(4, "C", "A", 100.50, 3, 12),
            ],
        )
    )
    assert said(batch) == [
        ("BOOK_CLEAR", [0, 0, 0, 0]),
        ("ORDER_ADD", [1, 10_025, 5, 11]),
        ("ORDER_ADD", [-1, 10_050, 7, 12]),
        ("QUOTE", [10_025, 10_050, 5, 7]),
        ("ORDER_MODIFY", [1, 10_025, 3, 11]),
        ("QUOTE", [10_025, 10_050, 3, 7]),
        ("TRADE", [10_050, 4, 0, 0]),
        ("ORDER_CANCEL", [-1, 10_050, 4, 12]),
        ("QUOTE", [10_025, 10_050, 3, 3]),
        ("ORDER_CANCEL", [-1, 10_050, 3, 12]),
        ("QUOTE", [10_025, ABSENT_PX, 3, 0]),
    ]
    assert batch["flags"].tolist()[:4] == [Flag.SNAPSHOT, Flag.SNAPSHOT, Flag.SNAPSHOT | Flag.LAST, 0]
    assert batch["flags"][6] == Flag.BUYER_AGGRESSOR
    assert batch[EVENT_NS][6] == START_NS + 2 * 10**6 - 500
    assert set(batch["venue"].tolist()) == {1}
    assert report.adjusted == {refusals.TERMS: 1, refusals.FILL: 1, refusals.NO_ACTION: 1}
    row = table.find("ESU4")
    assert (row.kind, row.session, row.calendar) == (InstrumentKind.FUTURE, SessionProduct.FOREIGN, "CMES")
    assert (row.price_scale, row.tick_class, row.multiplier, row.currency) == (100, TickClass.EVERY_25, 50, "USD")


def test_a_book_that_databento_doubts_is_put_into_a_gap_until_it_begins_anew(tmp_path: Path) -> None:
    bad = LAST | int(dbn.F_MAYBE_BAD_BOOK)
    batch, _, _ = read(
        write(
            tmp_path / "a.dbn",
            "mbo",
            [
                order(0, "A", "B", 1, 5, 1, flags=bad),
                order(1, "A", "B", 1, 5, 2, flags=bad),
                order(2, "R", "N", None, 0, 0),
            ],
        )
    )
    assert [kind for kind, _ in said(batch)] == [
        "ORDER_ADD", "BOOK_UPDATE", "QUOTE", "ORDER_ADD", "QUOTE", "BOOK_CLEAR", "QUOTE"
    ]  # fmt: skip
    gap = batch[1]
    assert gap["v0"] > gap["v1"], "numbers that cannot be"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("AMCR"), st.integers(1, 6), st.sampled_from([1, -1]), st.integers(1, 9),
                          st.integers(1, 5)), max_size=40))  # fmt: skip
def test_the_best_of_orders_is_that_of_a_plain_list(events: list[tuple[str, int, int, int, int]]) -> None:
    book, plain = BestOfOrders(), dict[int, tuple[int, int, int]]()
    for action, number, side, px, size in events:
        if action == "R":
            book.clear()
            plain.clear()
        elif action == "C":
            book.cancel(number, size)
            if number in plain:
                known = plain.pop(number)
                if size < known[2]:
                    plain[number] = (*known[:2], known[2] - size)
        else:
            book.add(number, side, px, size)
            plain[number] = (side, px, size)
        bids = [px for side, px, _ in plain.values() if side > 0]
        asks = [px for side, px, _ in plain.values() if side < 0]
        bid, ask = max(bids, default=ABSENT_PX), min(asks, default=ABSENT_PX)
        assert book.best == (
            bid,
            ask,
            sum(size for side, px, size in plain.values() if (side, px) == (1, bid)),
            sum(size for side, px, size in plain.values() if (side, px) == (-1, ask)),
        )


def test_the_best_market_and_the_trade_that_met_it(tmp_path: Path) -> None:
    batch, report, _ = read(
        write(
            tmp_path / "a.dbn",
            "mbp-1",
            [
                top(0, "A", "B", 1, 1, pair(100.0, 100.25, 3, 4)),
                top(1, "A", "B", 1, 1, pair(100.0, 100.25, 3, 4)),
                top(2, "T", "A", 100.0, 2, pair(100.0, 100.25, 3, 4)),
                top(3, "C", "B", 1, 1, pair(None, 100.25, 0, 4)),
            ],
        )
    )
    assert said(batch) == [
        ("QUOTE", [1_000_000, 1_002_500, 3, 4]),
        ("TRADE", [1_000_000, 2, 0, 0]),
        ("QUOTE", [ABSENT_PX, 1_002_500, 0, 4]),
    ]
    assert batch["flags"].tolist() == [0, Flag.SELLER_AGGRESSOR, 0]
    assert report.adjusted == {refusals.SAME_MARKET: 1}


def test_ten_levels_are_written_as_what_changed(tmp_path: Path) -> None:
    batch, _, _ = read(
        write(
            tmp_path / "a.dbn",
            "mbp-10",
            [
                ten(0, [pair(10, 11, 1, 2), pair(9, 12, 3, 4)]),
                ten(1, [pair(10, 11, 1, 5), pair(8, 12, 3, 4)]),
                ten(2, [], action="R"),
            ],
        )
    )
    flags = batch["flags"][batch["kind"] == Kind.DEPTH].tolist()
    assert flags == [Flag.SNAPSHOT] * 3 + [Flag.SNAPSHOT | Flag.LAST] + [0] * 3, "a book that begins is seen whole"
    assert said(batch) == [
        ("DEPTH", [1, 100_000, 1, 1]),
        ("DEPTH", [-1, 110_000, 2, 1]),
        ("DEPTH", [1, 90_000, 3, 1]),
        ("DEPTH", [-1, 120_000, 4, 1]),
        ("QUOTE", [100_000, 110_000, 1, 2]),
        ("DEPTH", [1, 90_000, 0, 0]),
        ("DEPTH", [-1, 110_000, 5, 1]),
        ("DEPTH", [1, 80_000, 3, 1]),
        ("QUOTE", [100_000, 110_000, 1, 5]),
        ("BOOK_CLEAR", [0, 0, 0, 0]),
        ("QUOTE", [ABSENT_PX, ABSENT_PX, 0, 0]),
    ]


def test_a_bar_is_visible_at_its_end(tmp_path: Path) -> None:
    bar = dbn.OHLCVMsg(int(dbn.RType.OHLCV_1M), 1, 7, START_NS, made.px(1.5), made.px(2), made.px(1), made.px(1.75), 60)
    wrong = dbn.OHLCVMsg(int(dbn.RType.OHLCV_1M), 1, 7, START_NS, made.px(3), made.px(2), made.px(1), made.px(1.75), 60)
    path = write(tmp_path / "a.dbn", "ohlcv-1m", [bar, wrong])
    batch, report, _ = read(path)
    assert batch["ts_ns"].tolist() == [START_NS + 60 * SECOND]
    assert [int(batch[0][f"v{n}"]) for n in range(5)] == [15_000, 20_000, 10_000, 17_500, 60]
    assert report.refused == {refusals.BAD_BAR: 1}
    (stream,) = open_dbn(path, None, None, InstrumentTable(), Calendars())
    assert stream.interval_s == 60


def test_statistics_that_mean_something_here(tmp_path: Path) -> None:
    yesterday_ns = START_NS - 86_400 * SECOND
    batch, report, _ = read(
        write(
            tmp_path / "a.dbn",
            "statistics",
            [
                statistic(0, dbn.StatType.OPEN_INTEREST, quantity=12),
                statistic(1, dbn.StatType.SETTLEMENT_PRICE, 100.5, ref_ns=yesterday_ns),
                statistic(2, dbn.StatType.SETTLEMENT_PRICE, 101.5, ref_ns=START_NS),
                statistic(3, dbn.StatType.OPENING_PRICE, 99),
                statistic(4, dbn.StatType.HIGHEST_BID, 99),
                statistic(5, dbn.StatType.SETTLEMENT_PRICE),
            ],
        )
    )
    assert said(batch) == [
        ("OPEN_INTEREST", [12, 0, 0, 0]),
        ("OFFICIAL", [1_005_000, OfficialKind.PRIOR_CLOSE, 0, 0]),
        ("OFFICIAL", [1_015_000, OfficialKind.CLOSE, 0, 0]),
        ("OFFICIAL", [990_000, OfficialKind.OPEN, 0, 0]),
    ]
    assert report.refused == {refusals.OTHER_STATISTIC: 1, refusals.NO_PRICE: 1}


def test_what_cannot_be_is_refused_by_reason(tmp_path: Path) -> None:
    batch, report, _ = read(
        write(
            tmp_path / "a.dbn",
            "trades",
            [
                trade(0, "A", 1.0, 1),
                trade(1, "A", None, 1),
                trade(2, "A", 1.0, 0),
                trade(3, "A", 1.123456789, 1),
                trade(4, "A", 1.0, 1, instrument=99),
                trade(-5000, "N", 1.0, 1),
                order(5, "A", "N", 1.0, 1, 1),
                dbn.TradeMsg(1, 7, 0, 1, 1, dbn.Action("T"), dbn.Side("A"), 0, 0),
            ],
            dataset="XNAS.ITCH",
        )
    )
    assert report.refused == {
        refusals.NO_PRICE: 1,
        refusals.NO_SIZE: 1,
        refusals.TOO_FINE: 1,
        refusals.NO_SYMBOL: 1,
        refusals.NO_SIDE: 1,
        refusals.NO_TIME: 1,
    }
    assert batch["ts_ns"].tolist() == [START_NS, START_NS + 2 * 0], "a time that steps back stands still"
    assert report.adjusted == {refusals.CLOCK_BACK: 1}


def test_options_have_their_underlying_and_their_terms(tmp_path: Path) -> None:
    symbols = {"AAPL  240816C00220000": 7, "SPXW  240816P05300000": 8, "MSFT  240816C00400000": 9}
    path = write(
        tmp_path / "a.dbn", "trades", [trade(0, "N", 1.0, 1), trade(0, "N", 9.0, 1, 8), trade(1, "N", 3.0, 1, 9)],
        symbols, "OPRA.PILLAR",
    )  # fmt: skip
    batch, _, table = read(path)
    assert len(batch) == 3
    call, put = table.find("AAPL 2024-08-16 220 C"), table.find("SPXW 2024-08-16 5300 P")
    assert call.option is not None
    assert put.option is not None
    assert table.get(call.option.underlying).symbol == "AAPL"
    assert table.get(put.option.underlying).kind is InstrumentKind.INDEX
    assert (call.multiplier, call.session) == (100, SessionProduct.EQUITY_OPTION)
    batch, report, table = read(path, "AAPL")
    assert report.refused == {refusals.OTHER_SYMBOL: 2}
    assert [row.symbol for row in table] == ["AAPL", "AAPL  240816C00220000"]


def test_a_root_names_its_futures(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dbn", "trades", [trade(0, "N", 1.0, 1), trade(0, "N", 9.0, 1, 8)], {"ESU4": 7, "NQU4": 8}
    )
    _, report, table = read(path, "es")
    assert [row.symbol for row in table] == ["ESU4"]
    assert report.refused == {refusals.OTHER_SYMBOL: 1}
    with pytest.raises(NoSuchStream, match="has nothing of CL; it has ESU4, NQU4"):
        read(path, "CL")


def test_a_definition_beside_the_data_gives_the_tick(tmp_path: Path) -> None:
    write(tmp_path / "a.definition.dbn", "definition", [made.definition(tick=0.05, amount=5)])
    write(tmp_path / "b.trades.dbn", "trades", [trade(5, "N", 1.05, 1)])
    table = InstrumentTable()
    open_dbn(tmp_path, None, None, table, Calendars())
    assert (table.get(0).price_scale, table.get(0).tick_class, table.get(0).multiplier) == (100, TickClass.EVERY_5, 100)


@pytest.mark.parametrize(
    "name", ["GLBX.MDP3", "XNAS.ITCH", "OPRA.PILLAR", "IFEU.IMPACT", "NDEX.IMPACT", "EQUS.MINI", "LIVE"]
)
def test_recorded_samples_of_every_schema_are_read(shared_data: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(shared_data / "messages" / "dbn_all_schemas_tiny.zip") as archive:
        members = [each for each in archive.namelist() if each.startswith(name) and each.endswith(".dbn.zst")]
        archive.extractall(tmp_path, members)
    assert members
    for member in members:
        batch, report, table = read(tmp_path / member)
        unread = {refusals.OTHER_STATISTIC, refusals.OTHER_KIND, refusals.OTHER_STATUS}
        assert set(report.refused) <= unread, member
        assert report.rows_read >= 1
        assert len(table) >= 1
        if not any(part in member for part in ("statistics", "definition", "imbalance", "status", "mbp-1.")):
            assert len(batch), member


def test_the_live_sample_has_all_sorts_of_messages(shared_data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(shared_data / "messages" / "dbn_all_schemas_tiny.zip") as archive:
        archive.extract("LIVE/test_data.live.dbn.zst", tmp_path)
    batch, report, table = read(tmp_path / "LIVE" / "test_data.live.dbn.zst")
    counts = Counter(Kind(int(kind)).name for kind in batch["kind"])
    assert report.rows_read == 46
    assert {"BAR", "OFFICIAL", "ORDER_ADD", "QUOTE", "TRADE", "DEPTH", "OPEN_INTEREST"} <= counts.keys()
    assert (table.get(0).symbol, table.get(0).tick_class) == ("ESZ4", TickClass.EVERY_25)


def test_damage_is_counted_and_never_raises(tmp_path: Path) -> None:
    content = made.head("trades", {"ESU4": 7}) + b"".join(bytes(trade(n, "A", 1.0, 1)) for n in range(40))
    path = tmp_path / "a.dbn"
    rng = random.Random(4)
    outcomes: Counter[str] = Counter()
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(bytes(damaged[: rng.randrange(len(damaged))] if rng.random() < 0.3 else damaged))
        try:
            _, report, _ = read(path)
        except (UnreadableStream, NoSuchStream):
            outcomes["no file"] += 1
        else:
            outcomes.update(report.refused.keys())
    assert outcomes[refusals.CUT_OFF] > 20
    assert outcomes["no file"] > 20


def test_what_is_no_dbn_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.dbn").write_text("a diary", encoding="utf-8")
    (tmp_path / "short.dbn").write_bytes(b"DBN\x03")
    assert dbn_files(tmp_path) == [tmp_path / "short.dbn"]
    with pytest.raises(UnreadableStream, match="its head cannot be read"):
        open_dbn(tmp_path, None, None, InstrumentTable(), Calendars())
    for path in (tmp_path / "notes.dbn", tmp_path / "nothing"):
        with pytest.raises(NoSuchStream, match=r"DBN file|does not exist"):
            open_dbn(path, None, None, InstrumentTable(), Calendars())


@pytest.mark.parametrize(("rtype", "minutes"), [(dbn.RType.OHLCV_1H, 60), (dbn.RType.OHLCV_1D, 1440)])
def test_a_bar_longer_than_a_minute_says_so(tmp_path: Path, rtype: dbn.RType, minutes: int) -> None:
    bar = dbn.OHLCVMsg(int(rtype), 1, 7, START_NS, made.px(1.5), made.px(2), made.px(1), made.px(1.75), 60)
    batch, _, _ = read(write(tmp_path / "a.dbn", "ohlcv-1h" if minutes == 60 else "ohlcv-1d", [bar]))
    assert batch["ts_ns"].tolist() == [START_NS + 60 * minutes * SECOND]
    assert (batch["flags"].tolist(), batch["venue"].tolist()) == ([Flag.COARSE], [minutes])


def test_a_change_of_an_order_that_a_whole_book_does_not_know_is_a_new_order(tmp_path: Path) -> None:
    records = [made.definition(), order(0, "M", "B", 100.25, 5, 11), order(1, "R", "N", None, 0, 0)]
    records.append(order(2, "M", "B", 100.25, 5, 12))
    batch, _, _ = read(write(tmp_path / "a.dbn", "mbo", records))
    assert [name for name, _ in said(batch) if name != "QUOTE"] == ["ORDER_MODIFY", "BOOK_CLEAR", "ORDER_ADD"]
