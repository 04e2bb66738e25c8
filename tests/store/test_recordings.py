"""Messages to the store and back: exactly as they came."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch, Flag, Kind, empty_batch
from terminal.store import recordings
from terminal.store.batch_writer import BatchWriter, SessionRow
from terminal.store.failures import RecordingFailed
from terminal.store.market_db import MarketDatabase
from terminal.store.recordings import Selection
from tests.store.market_messages import OPEN_NS, batches, make_table, quote_batch, trade_batch, without_receipt

_numbers = itertools.count()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> MarketDatabase:
    return MarketDatabase.open(tmp_path_factory.mktemp("recordings") / "market.duckdb")


def record(database: MarketDatabase, table: InstrumentTable, parts: list[Batch]) -> int:
    """A finished session of ``parts``; gives its source."""
    writer = BatchWriter(database.connect(), table, SessionRow(f"s{next(_numbers)}", "sim", "sim", 1))
    writer.open_session(go_on=False)
    for part in parts:
        writer.write(part)
    writer.close_session(all_there=True)
    return writer.session_source


def read_back(database: MarketDatabase, selection: Selection) -> tuple[InstrumentTable, Batch]:
    connection = database.connect()
    table = InstrumentTable()
    ids = recordings.add_instruments(connection, selection, table)
    parts = list(recordings.read_messages(connection, selection, ids))
    return table, np.concatenate([empty_batch(0), *parts])


def named(batch: Batch, table: InstrumentTable) -> list[str]:
    return ["" if number < 0 else table.get(int(number)).symbol for number in batch["instrument"]]


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(batches(), max_size=3))
def test_every_message_comes_back_exactly(database: MarketDatabase, parts: list[Batch]) -> None:
    for earlier, later in itertools.pairwise(parts):
        if len(earlier) and len(later):
            later["ts_ns"] += earlier["ts_ns"][-1] - OPEN_NS
    table = make_table()
    source = record(database, table, parts)
    known, back = read_back(database, Selection(sources=(source,)))
    sent = np.concatenate([empty_batch(0), *parts])
    assert named(back, known) == named(without_receipt(sent), table)
    assert (back["source"] == source).all()
    expected, got = without_receipt(sent), without_receipt(back)
    got["instrument"] = expected["instrument"]
    np.testing.assert_array_equal(got, expected)


def test_terms_of_instruments_come_back(database: MarketDatabase) -> None:
    table = make_table()
    sent = np.concatenate([quote_batch(1, number) for number in range(len(table))])
    known, back = read_back(database, Selection(sources=(record(database, table, [sent]),)))
    assert len(known) == len(table)
    for row in known:
        original = table.find(row.symbol)
        assert (row.kind, row.session, row.tick_class, row.currency) == (
            original.kind, original.session, original.tick_class, original.currency,
        )  # fmt: skip
        assert (row.multiplier, row.price_scale, row.name) == (original.multiplier, original.price_scale, original.name)
        if row.option and original.option:
            assert row.option.symbol == original.option.symbol
            assert known.get(row.option.underlying).symbol == table.get(original.option.underlying).symbol
            assert row.option.style is original.option.style
            assert row.option.settlement is original.option.settlement
            assert row.option.expires_ns == original.option.expires_ns
    assert named(back, known) == named(sent, table)


def test_the_same_instrument_has_one_row_in_all_sessions(database: MarketDatabase) -> None:
    record(database, make_table(), [quote_batch(1, 5)])
    connection = database.connect()
    before = connection.execute("SELECT count(*) FROM instrument").fetchall()
    record(database, make_table(), [quote_batch(1, 5)])
    assert connection.execute("SELECT count(*) FROM instrument").fetchall() == before
    assert connection.execute("SELECT count(*) - count(DISTINCT identity) FROM instrument").fetchall() == [(0,)]


def test_other_terms_are_another_instrument_and_do_not_mix(database: MarketDatabase) -> None:
    table = make_table()
    first = record(database, table, [quote_batch(1, 3)])
    other = InstrumentTable()
    row = table.get(3)
    other.add(row.symbol, row.kind, row.session, row.tick_class, currency="USDT", price_scale=100)
    second = record(database, other, [quote_batch(1, 0)])
    with pytest.raises(RecordingFailed, match="BTCUSDT with other terms"):
        read_back(database, Selection(sources=(first, second)))


def test_many_batches_stay_in_order_and_bounded(database: MarketDatabase) -> None:
    table = make_table()
    sent = quote_batch(200_000, 0, step_ns=0)
    source = record(database, table, [sent[:130_000], sent[130_000:]])
    connection = database.connect()
    selection = Selection(sources=(source,))
    ids = recordings.add_instruments(connection, selection, InstrumentTable())
    sizes = []
    expected = 0
    for batch in recordings.read_messages(connection, selection, ids):
        sizes.append(len(batch))
        np.testing.assert_array_equal(batch["v2"], expected + np.arange(len(batch)))
        expected += len(batch)
    assert expected == 200_000
    assert max(sizes) <= recordings.BATCH_MESSAGES


def test_several_sources_merge_in_canonical_order(database: MarketDatabase) -> None:
    table = make_table()
    call, put = 5, 4
    option_trade = trade_batch([500], call)
    option_quotes = np.concatenate([quote_batch(1, call), quote_batch(1, put)])
    stock = quote_batch(1, 0)
    phase = empty_batch(1)
    phase["ts_ns"], phase["kind"], phase["v0"] = OPEN_NS, Kind.PHASE_CHANGE, 2
    numbers = tuple(record(database, table, [part]) for part in (option_trade, option_quotes, stock, phase))
    known, back = read_back(database, Selection(sources=numbers))
    assert [Kind(kind) for kind in back["kind"]] == [Kind.PHASE_CHANGE, Kind.QUOTE, Kind.QUOTE, Kind.QUOTE, Kind.TRADE]
    assert named(back, known)[1:] == ["GOOG", table.get(call).symbol, table.get(put).symbol, table.get(call).symbol]


def test_underlying_and_days_select(database: MarketDatabase) -> None:
    table = make_table()
    day_ns = 86_400 * 10**9
    option_id = 4
    sent = np.concatenate(
        [
            quote_batch(1, 0),
            quote_batch(1, 1),
            quote_batch(1, option_id),
            quote_batch(1, option_id, start_ns=OPEN_NS + day_ns),
        ]
    )
    source = record(database, table, [sent])
    known, back = read_back(
        database, Selection(sources=(source,), underlyings=("goog",), first=date(2015, 12, 24), last=date(2015, 12, 24))
    )
    assert named(back, known) == ["GOOG", table.get(option_id).symbol]


def test_pruned_or_unknown_sources_are_refused(database: MarketDatabase) -> None:
    source = record(database, make_table(), [quote_batch(1, 0)])
    connection = database.connect()
    connection.execute("UPDATE source SET pruned = TRUE WHERE id = ?", [source])
    with pytest.raises(RecordingFailed, match="disk budget"):
        read_back(database, Selection(sources=(source,)))
    with pytest.raises(RecordingFailed, match="number 999999"):
        read_back(database, Selection(sources=(999_999,)))


def test_sessions_and_sources_are_listed(database: MarketDatabase) -> None:
    source = record(database, make_table(), [quote_batch(3, 0), trade_batch([1, 2], 0)])
    info = recordings.list_sources(database.connect())[-1]
    assert (info.id, info.kind, info.complete, info.rows) == (source, "session", True, 5)
    assert (info.rows_by_kind[Kind.QUOTE], info.rows_by_kind[Kind.TRADE]) == (3, 2)
    session = recordings.list_sessions(database.connect())[-1]
    assert (session.mode, session.seed, session.ended, session.sources) == ("sim", 1, True, (source,))


def test_an_unchanged_side_is_null(database: MarketDatabase) -> None:
    batch = quote_batch(1, 0)
    batch["flags"], batch["v0"], batch["v2"] = Flag.BID_UNCHANGED, 0, 0
    source = record(database, make_table(), [batch])
    rows = database.connect().execute(
        "SELECT q.bid_px, q.bid_size, v.bid, v.ask::VARCHAR, v.bid_unchanged, v.symbol, v.new_york::VARCHAR "
        "FROM raw.quote q JOIN equity_quote v USING (source, seq) WHERE source = ?", [source]
    ).fetchall()  # fmt: skip
    assert rows == [(None, None, None, "1.0100", True, "GOOG", "2015-12-24 09:30:00")]
