"""The kernel against a slow model written in plain Python."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import SESSION_CODES, InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    PHASE,
    PHASE_SESSION,
    PRICE,
    SIZE,
    Batch,
    Flag,
    Kind,
    Phase,
    empty_batch,
)
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from terminal.market.kernel import MOST_VOLUME
from terminal.market.rows import Quality
from terminal.market.state import MarketState
from terminal.market.statistics_kernel import MOST_FLOW

START_NS = 1_450_967_400 * 10**9


def two_stocks() -> MarketState:
    table = InstrumentTable()
    for symbol in ("AAA", "BBB"):
        table.add(symbol, InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return MarketState(table, "test")


def batch_of(*rows: dict[str, Any]) -> Batch:
    batch = empty_batch(len(rows))
    for message, row in zip(batch, rows, strict=True):
        for name, value in row.items():
            message[name] = value
    return batch


def quote(instrument: int, bid: int, ask: int, flags: int = 0, ts_ns: int = START_NS, size: int = 5) -> dict[str, Any]:
    return {
        "kind": Kind.QUOTE,
        "instrument": instrument,
        "ts_ns": ts_ns,
        "flags": flags,
        BID: bid,
        ASK: ask,
        BID_SIZE: size,
        ASK_SIZE: size,
    }


def trade(instrument: int, px: int, size: int, ts_ns: int = START_NS, flags: int = 0) -> dict[str, Any]:
    return {"kind": Kind.TRADE, "instrument": instrument, "ts_ns": ts_ns, PRICE: px, SIZE: size, "flags": flags}


@pytest.mark.parametrize(
    ("bid", "ask", "quality"),
    [
        (ABSENT_PX, ABSENT_PX, Quality.NONE),
        (100, 110, Quality.OK),
        (100, ABSENT_PX, Quality.BID_ONLY),
        (ABSENT_PX, 110, Quality.ASK_ONLY),
        (0, 110, Quality.ASK_ONLY),
        (110, 110, Quality.LOCKED),
        (120, 110, Quality.CROSSED),
        (100, 0, Quality.ZERO),
        (0, 0, Quality.ZERO),
        (-5, 110, Quality.ZERO),
        (0, ABSENT_PX, Quality.ZERO),
    ],
)
def test_each_quote_gets_its_quality(bid: int, ask: int, quality: Quality) -> None:
    state = two_stocks()
    state.apply(batch_of(quote(0, bid, ask)))
    row = state.read_one(0)
    assert row["quality"] == quality
    assert quality.fills == (quality in {Quality.OK, Quality.BID_ONLY, Quality.ASK_ONLY, Quality.LOCKED})


def test_an_unchanged_side_is_carried_with_the_time_of_its_last_change() -> None:
    state = two_stocks()
    state.apply(batch_of(quote(0, 100, 110)))
    state.apply(batch_of(quote(0, 105, 0, Flag.ASK_UNCHANGED, START_NS + 60)))
    state.apply(batch_of(quote(0, 0, 0, Flag.ASK_UNCHANGED | Flag.BID_UNCHANGED, START_NS + 120)))
    row = state.read_one(0)
    assert (row["bid_px"], row["ask_px"]) == (105, 110)
    assert (row["bid_ts_ns"], row["ask_ts_ns"], row["ts_ns"]) == (START_NS + 60, START_NS, START_NS + 120)
    assert state.read_one(1)["quality"] == Quality.NONE


messages = st.lists(
    st.one_of(
        st.builds(
            quote,
            st.integers(0, 1),
            st.integers(90, 110),
            st.integers(90, 110),
            st.integers(0, 3),
            st.just(START_NS),
            st.integers(0, 3),
        ),
        st.builds(
            trade,
            st.integers(0, 1),
            st.integers(90, 110),
            st.integers(1, 50),
            st.integers(START_NS, START_NS + 200 * 10**9),
        ),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(messages, st.lists(st.integers(0, 60), max_size=3))
def test_quotes_volumes_and_bars_agree_with_a_plain_model(rows: list[dict[str, Any]], cuts: list[int]) -> None:
    rows = sorted(rows, key=lambda row: row["ts_ns"])
    state = two_stocks()
    whole = batch_of(*rows)
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        state.apply(whole[start:end])
    for instrument in (0, 1):
        mine = [row for row in rows if row["instrument"] == instrument]
        bid = ask = ABSENT_PX
        for row in mine:
            if row["kind"] == Kind.QUOTE:
                bid = bid if row["flags"] & Flag.BID_UNCHANGED else row[BID]
                ask = ask if row["flags"] & Flag.ASK_UNCHANGED else row[ASK]
        prints = [row for row in mine if row["kind"] == Kind.TRADE]
        found = state.read_one(instrument)
        assert (found["bid_px"], found["ask_px"]) == (bid, ask)
        assert found["volume"] == sum(row[SIZE] for row in prints)
        assert found["messages"] == len(mine)
        minutes: dict[int, list[dict[str, Any]]] = {}
        for row in prints:
            minutes.setdefault(row["ts_ns"] // (60 * 10**9), []).append(row)
        bars = state.bars.read(instrument, 60)
        assert len(bars) == len(minutes)
        for bar, members in zip(bars, minutes.values(), strict=True):
            pxs = [row[PRICE] for row in members]
            assert (bar["open"], bar["high"], bar["low"], bar["close"]) == (pxs[0], max(pxs), min(pxs), pxs[-1])
            assert bar["volume"] == sum(row[SIZE] for row in members)
        assert state.bars.read(instrument, 5)["volume"].sum() == found["volume"]


@settings(max_examples=40, deadline=None)
@given(messages, st.integers(0, 60))
def test_the_digest_depends_on_the_messages_and_not_on_their_batches(rows: list[dict[str, Any]], cut: int) -> None:
    whole, parts = two_stocks(), two_stocks()
    batch = batch_of(*rows)
    whole.apply(batch)
    parts.apply(batch[:cut])
    parts.apply(batch[cut:])
    assert whole.digest() == parts.digest()
    if rows:
        batch["v0"][0] += 1
        other = two_stocks()
        other.apply(batch)
        assert other.digest() != whole.digest()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(90, 110), st.integers(0, 5)), max_size=80))
def test_a_book_holds_the_last_size_of_every_price(changes: list[tuple[int, int, int]]) -> None:
    state = two_stocks()
    model: dict[tuple[int, int], int] = {}
    state.apply(
        batch_of(
            *(
                {"kind": Kind.DEPTH, "instrument": 0, "ts_ns": START_NS, BOOK_SIDE: side, BOOK_PX: px, BOOK_SIZE: size}
                for side, px, size in changes
            )
        )
    )
    for side, px, size in changes:
        model[side, px] = size
    bids, asks = state.book.read(0, 100)
    for side, levels in ((1, bids), (-1, asks)):
        expected = sorted(((px, size) for (s, px), size in model.items() if s == side and size), reverse=side > 0)
        assert list(zip(levels["px"].tolist(), levels["size"].tolist(), strict=True)) == expected


def test_a_new_day_takes_the_sides_away_and_keeps_the_close() -> None:
    state = two_stocks()
    state.apply(
        batch_of(
            quote(0, 100, 110),
            {"kind": Kind.OFFICIAL, "instrument": 0, "ts_ns": START_NS, "v0": 104, "v1": 2},
            {"kind": Kind.PHASE_CHANGE, "ts_ns": START_NS, PHASE: Phase.PRE_MARKET, PHASE_SESSION: 0},
        )
    )
    row = state.read_one(0)
    assert (row["bid_px"], row["quality"], row["prior_close_px"]) == (ABSENT_PX, Quality.NONE, 104)
    assert row["official_px"] == ABSENT_PX


def test_a_new_day_of_a_market_without_a_pause_keeps_its_sides_and_its_book() -> None:
    state = two_stocks()
    keeps = Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED
    state.apply(
        batch_of(
            quote(0, 100, 110),
            {"kind": Kind.TRADE, "instrument": 0, "ts_ns": START_NS, "v0": 104, "v1": 2},
            {"kind": Kind.DEPTH, "instrument": 0, "ts_ns": START_NS, "v0": 1, "v1": 100, "v2": 5},
            {"kind": Kind.PHASE_CHANGE, "ts_ns": START_NS, PHASE: Phase.PRE_MARKET, PHASE_SESSION: 0, "flags": keeps},
        )
    )
    row = state.read_one(0)
    assert (row["bid_px"], row["ask_px"], row["quality"]) == (100, 110, Quality.OK)
    assert (row["prior_close_px"], row["open_px"], row["volume"]) == (104, ABSENT_PX, 0)
    assert state.book.read(0)[0]["size"].tolist() == [5]


def test_a_phase_concerns_only_the_products_with_those_hours() -> None:
    state = two_stocks()
    code = SESSION_CODES[SessionProduct.INDEX_OPTION]
    state.apply(batch_of({"kind": Kind.PHASE_CHANGE, "ts_ns": 1, PHASE: Phase.OPEN, PHASE_SESSION: code}))
    assert state.read_one(0)["phase"] == Phase.CLOSED
    state.apply(batch_of({"kind": Kind.PHASE_CHANGE, "ts_ns": 1, PHASE: Phase.OPEN, PHASE_SESSION: 0}))
    assert state.read_one(0)["phase"] == Phase.OPEN


def test_messages_for_unknown_instruments_are_counted_and_change_nothing() -> None:
    state = two_stocks()
    state.apply(batch_of(quote(7, 1, 2), quote(0, 100, 110), quote(10**6, 1, 2)))
    assert state.refused == {"unknown instrument": 2}
    assert state.message_counts() == {"equity_quote": 1}


def test_readers_never_see_half_a_batch() -> None:
    import threading

    state = two_stocks()
    batch = batch_of(*(quote(i % 2, 0, 0) for i in range(2000)))
    stop = threading.Event()
    torn = []

    def read() -> None:
        ids = np.array([0, 1], np.int32)
        while not stop.is_set():
            rows = state.read(ids)
            if rows["bid_px"][0] != rows["bid_px"][1]:
                torn.append(rows)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(300):
        batch[BID] = number
        batch[ASK] = number + 1
        state.apply(batch)
    stop.set()
    reader.join(10)
    assert not torn


def test_a_days_volume_stops_where_its_sums_would_turn_negative() -> None:
    """Trades that a day cannot hold are refused and counted, and every sum stays what was taken."""
    state = two_stocks()
    size = 2**56 - 1
    rows = [trade(0, 10_000 + n, size, START_NS + n, flags=int(Flag.BUYER_AGGRESSOR)) for n in range(300)]
    taken = MOST_VOLUME // size
    for part in np.array_split(batch_of(*rows), 7):
        state.apply(part)
    assert state.refused == {"more than a day's volume can hold": 300 - taken}
    statistics = state.statistics.read(np.array([0], np.int32))[0]
    assert (statistics["volume"], statistics["bought"], statistics["trades"]) == (taken * size, taken * size, taken)
    assert 10_000 <= statistics["vwap_px"] <= 10_300
    assert state.read_one(0)["volume"] == taken * size
    assert sum(int(each.sum()) for each in state.volume_at_price.read(0)[2:]) == taken * size
    assert int(state.bars.read(0, 60)["volume"].sum()) == taken * size


def test_order_flow_stops_at_its_bounds() -> None:
    state = two_stocks()
    rows = [quote(0, 10_000 + n, 20_000, ts_ns=START_NS + n, size=2**56 - 1) for n in range(200)]
    state.apply(batch_of(*rows))
    statistics = state.statistics.read(np.array([0], np.int32))[0]
    assert statistics["flow_imbalance"] == MOST_FLOW
    assert 0 < statistics["flow_imbalance_minute"] <= MOST_FLOW
