"""Recorded streams as a feed: phases by what is traded, seeking back, counts told once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from terminal.core.clock import from_ns, to_ns
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import MESSAGE, PHASE, Batch, Flag, Kind, Phase
from terminal.core.ticks import TickClass
from terminal.infra.calendars import Calendars
from terminal.market.feed import Feed
from terminal.market.importers.binance.catalog import open_captures
from terminal.market.importers.streams import merged
from terminal.venues.replay.phases import phase_changes
from terminal.venues.replay.stream_feed import StreamFeed

BOTH = int(Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED)


def whole(feed: Feed) -> Batch:
    batch: Batch = np.concatenate([np.empty(0, MESSAGE), *feed.batches()])
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    return batch


def changes(kind: InstrumentKind, session: SessionProduct, calendar: str, first: datetime, last: datetime) -> list[str]:
    table = InstrumentTable()
    table.add("X", kind, session, TickClass.FINEST, calendar=calendar)
    batch = phase_changes(table, Calendars(), to_ns(first), to_ns(last))
    assert (np.diff(batch["ts_ns"]) >= 0).all()
    return [
        f"{from_ns(int(row['ts_ns'])):%a %H:%M} {Phase(int(row[PHASE])).name}" + " keeps" * (int(row["flags"]) == BOTH)
        for row in batch
    ]


def test_coins_begin_a_day_at_midnight_utc_and_never_close() -> None:
    first, last = datetime(2024, 8, 8, 23, tzinfo=UTC), datetime(2024, 8, 10, 1, tzinfo=UTC)
    assert changes(InstrumentKind.CRYPTO_SPOT, SessionProduct.CRYPTO, "", first, last) == [
        "Thu 19:00 PRE_MARKET",
        "Thu 19:00 OPEN",
        "Thu 20:00 PRE_MARKET keeps",
        "Thu 20:00 OPEN",
        "Fri 20:00 PRE_MARKET keeps",
        "Fri 20:00 OPEN",
    ]


def test_futures_keep_their_books_over_the_night() -> None:
    first, last = datetime(2024, 8, 8, 20, tzinfo=UTC), datetime(2024, 8, 11, 23, tzinfo=UTC)
    assert changes(InstrumentKind.FUTURE, SessionProduct.FOREIGN, "CMES", first, last) == [
        "Thu 16:00 PRE_MARKET",
        "Thu 16:00 OPEN",
        "Thu 18:00 PRE_MARKET keeps",
        "Thu 18:00 OPEN",
        "Fri 18:00 CLOSED",
        "Sun 18:00 PRE_MARKET keeps",
        "Sun 18:00 OPEN",
    ]


def test_shares_have_their_own_phases() -> None:
    first, last = datetime(2024, 8, 8, 12, tzinfo=UTC), datetime(2024, 8, 9, 9, tzinfo=UTC)
    assert changes(InstrumentKind.EQUITY, SessionProduct.EQUITY, "", first, last) == [
        "Thu 08:00 PRE_MARKET",
        "Thu 09:30 OPEN",
        "Thu 16:00 AFTER_HOURS",
        "Thu 20:00 CLOSED",
        "Fri 04:00 PRE_MARKET",
    ]


@pytest.fixture(scope="module")
def spot(shared_data: Path) -> StreamFeed:
    table = InstrumentTable()
    return StreamFeed(open_captures(shared_data / "crypto", "BTCUSDT", None, table)[:1], table, Calendars(), "binance")


def test_a_feed_begins_with_the_phases_and_can_begin_again(spot: StreamFeed) -> None:
    first = whole(spot)
    assert [Kind(int(kind)) for kind in first["kind"][:3]] == [Kind.PHASE_CHANGE, Kind.PHASE_CHANGE, Kind.BOOK_UPDATE]
    assert (spot.first_ns(), spot.end_ns()) == (int(first["ts_ns"][0]), int(first["ts_ns"][-1]))
    half_way = spot.batches()
    for _ in range(40):
        next(half_way)
    half_way.close()  # type: ignore[attr-defined]
    assert spot.report.rows_read == 41_249, "a pass that was broken off takes nothing back"
    assert (whole(spot) == first).all()
    assert (spot.report.rows_read, spot.report.rows_kept) == (41_249, 41_249)


def test_streams_are_merged_by_time_however_they_are_cut() -> None:
    chance = np.random.default_rng(5)

    def stream(source: int, cuts: int) -> list[Batch]:
        batch = np.zeros(300, MESSAGE)
        batch["ts_ns"] = np.sort(np.random.default_rng(source).integers(0, 60, 300))
        batch["source"] = source
        batch["v0"] = np.arange(300)
        return np.split(batch, np.sort(chance.integers(0, 300, cuts)))

    def joined(cuts: int) -> Batch:
        result: Batch = np.concatenate(list(merged([iter(stream(source, cuts)) for source in (1, 2, 3)])))
        return result

    one = joined(0)
    assert len(one) == 900
    expected = np.lexsort((one["v0"], one["source"], one["ts_ns"]))
    assert (expected == np.arange(900)).all()
    for cuts in (1, 7, 50):
        assert (joined(cuts) == one).all()
