"""One message of Binance's streams into records: exact numbers, refusals by reason, the procedure for a local book."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    EVENT_NS,
    FIRST_SEQUENCE,
    LAST_SEQUENCE,
    PREVIOUS_SEQUENCE,
    PRICE,
    SIZE,
    TRADE_ID,
    Batch,
    Flag,
    Kind,
)
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from terminal.market.importers.binance import refusals
from terminal.market.importers.binance.decode import BinanceMarket, StreamDecoder, StreamSymbol
from terminal.market.importers.binance.refusals import NUMBER_FAULTS, NumberFault
from terminal.market.importers.streams import Refused
from terminal.market.rows import BookStatus
from terminal.market.state import MarketState

SPOT = StreamSymbol("BTCUSDT", BinanceMarket.SPOT, 3, 2)
FUTURES = StreamSymbol("BTCUSDT", BinanceMarket.FUTURES, 4, 1)
NOW_NS = 1_723_161_255_000_000_000
COIN = 10**8


def body(stream: str, **data: Any) -> bytes:
    return json.dumps({"stream": f"btcusdt@{stream}", "data": data}, separators=(",", ":")).encode()


def depth(first: int, last: int, *levels: tuple[str, str, str], previous: int | None = None, e: int = 5) -> bytes:
    """``levels``: side b or a, price, size."""
    sides = {side: [[price, size] for where, price, size in levels if where == side] for side in "ba"}
    link = {} if previous is None else {"pu": previous}
    return body("depth@100ms", e="depthUpdate", E=e, s="BTCUSDT", U=first, u=last, **link, **sides)


def levels(bids: Any) -> bytes:
    return body("depth", e="depthUpdate", s="BTCUSDT", U=1, u=2, b=bids, a=[])


def snapshot(last: int, *levels: tuple[str, str, str]) -> bytes:
    sides = [[[price, size] for where, price, size in levels if where == side] for side in "ba"]
    return json.dumps({"lastUpdateId": last, "bids": sides[0], "asks": sides[1]}, separators=(",", ":")).encode()


def one(message: bytes, symbol: StreamSymbol = SPOT, ts_ns: int = NOW_NS) -> Batch:
    decoder = StreamDecoder([symbol], source=7)
    decoder.feed(message, ts_ns, recv_ns=11)
    return decoder.take()


def book_of(batch: Batch) -> dict[tuple[int, int], int]:
    """Level sizes by (side, price) after the records of a batch."""
    book: dict[tuple[int, int], int] = {}
    for row in batch:
        if row["kind"] == Kind.BOOK_UPDATE and row["flags"] & Flag.SNAPSHOT:
            book.clear()
        if row["kind"] == Kind.DEPTH:
            book[int(row[BOOK_SIDE]), int(row[BOOK_PX])] = int(row[BOOK_SIZE])
    return {place: size for place, size in book.items() if size}


def test_the_best_market_is_a_quote() -> None:
    futures = body(
        "bookTicker", e="bookTicker", u=9, s="BTCUSDT", b="61800.20", B="2.507", a="61800.30", A="2.510", T=1313, E=1320
    )
    (row,) = one(futures, FUTURES)
    assert (row["kind"], row["instrument"], row["source"], row["ts_ns"], row["recv_ns"]) == (1, 4, 7, NOW_NS, 11)
    assert (row[BID], row[ASK], row[BID_SIZE], row[ASK_SIZE]) == (618_002, 618_003, 250_700_000, 251_000_000)
    assert row[EVENT_NS] == 1_313_000_000, "when it happened, and not when the message was made"
    (row,) = one(body("bookTicker", u=9, s="BTCUSDT", b="61837.63000000", B="3.78826000", a="0.0", A="0"))
    assert (row[BID], row[BID_SIZE], row[EVENT_NS]) == (6_183_763, 378_826_000, 0)
    assert (row[ASK], row[ASK_SIZE]) == (ABSENT_PX, 0), "no price is no ask"


@pytest.mark.parametrize(
    ("maker", "more", "flags"),
    [
        ({"m": True}, {}, Flag.SELLER_AGGRESSOR),
        ({"m": False}, {"X": "MARKET"}, Flag.BUYER_AGGRESSOR),
        ({}, {}, Flag(0)),
        ({"m": True}, {"X": "INSURANCE_FUND"}, Flag.SELLER_AGGRESSOR | Flag.OFF_BOOK),
    ],
)
def test_a_trade_has_its_aggressor(maker: dict[str, bool], more: dict[str, str], flags: Flag) -> None:
    message = body("trade", e="trade", E=2, T=1, s="BTCUSDT", t=42, p="61837.63", q="0.02", **maker, **more)
    (row,) = one(message)
    assert (row["kind"], row[PRICE], row[SIZE], row[TRADE_ID]) == (Kind.TRADE, 6_183_763, 2_000_000, 42)
    assert (row["flags"], row[EVENT_NS]) == (flags, 1_000_000)


def test_aggregates_are_trades_where_single_ones_are_not_sent() -> None:
    aggregate = body("aggTrade", e="aggTrade", E=2, T=1, s="BTCUSDT", a=8, p="1.00", q="2", f=1, l=3, m=True)
    single = body("trade", e="trade", E=2, T=1, s="BTCUSDT", t=1, p="1.00", q="2", m=True)
    (row,) = one(aggregate)
    assert (row[PRICE], row[SIZE], row[TRADE_ID]) == (100, 2 * COIN, 8)
    for first, second in ((aggregate, single), (single, aggregate)):
        decoder = StreamDecoder([SPOT])
        decoder.feed(first, NOW_NS)
        with pytest.raises(Refused, match=refusals.CAME_TWICE):
            decoder.feed(second, NOW_NS)


def test_a_depth_update_is_its_sequence_and_its_levels() -> None:
    batch = one(
        depth(10, 12, ("b", "1.50", "2"), ("b", "1.40", "0.00000000"), ("a", "1.60", "0.5"), previous=9), FUTURES
    )
    head, *levels = batch
    assert (head["kind"], head["flags"], head[EVENT_NS]) == (Kind.BOOK_UPDATE, 0, 5_000_000)
    assert (head[FIRST_SEQUENCE], head[LAST_SEQUENCE], head[PREVIOUS_SEQUENCE]) == (10, 12, 9)
    assert [(row["kind"], row[BOOK_SIDE], row[BOOK_PX], row[BOOK_SIZE]) for row in levels] == [
        (Kind.DEPTH, 1, 15, 2 * COIN),
        (Kind.DEPTH, 1, 14, 0),
        (Kind.DEPTH, -1, 16, COIN // 2),
    ]
    assert {(int(row["ts_ns"]), int(row["instrument"]), int(row["source"])) for row in batch} == {(NOW_NS, 4, 7)}
    assert one(depth(10, 12))[PREVIOUS_SEQUENCE].tolist() == [-1], "spot does not say the one before"
    assert len(one(depth(10, 12))) == 1, "an update without levels still moves the sequence"


def test_spaces_in_the_json_mean_nothing() -> None:
    tight = depth(10, 12, ("b", "1.50", "2"), ("a", "1.60", "0.5"))
    assert (one(json.dumps(json.loads(tight), indent=1).encode()) == one(tight)).all()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", refusals.NOT_JSON),
        (b"{", refusals.NOT_JSON),
        (b"[1,2]", refusals.WRONG_TYPE),
        (b"[" * 100_000, refusals.WRONG_TYPE),
        (b'{"u":NaN}', refusals.NOT_JSON),
        (b'{"result":null,"id":1}', refusals.OTHER_KIND),
        (b'{"stream":"btcusdt@trade","data":{"e":"trade","s":7}}', refusals.WRONG_TYPE),
        (b'{"s":"BTC\xff"}', refusals.NOT_JSON),
        (body("kline_1m", e="kline", s="BTCUSDT"), refusals.OTHER_KIND),
        (body("trade", e="trade", s="ETHUSDT", t=1, p="1", q="1", m=True), refusals.OTHER_SYMBOL),
        (body("trade", e="trade", s="BTCUSDT", p="1", q="1", m=True), refusals.MISSING),
        (body("trade", e="trade", s="BTCUSDT", t=1, q="1", m=True), refusals.MISSING),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1", q="1", m="yes"), refusals.WRONG_TYPE),
        (body("trade", e="trade", s="BTCUSDT", t=1, p=None, q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p=1.5, q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="", q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1e3", q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="NaN", q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1_0", q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1.2.3", q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p='1","2', q="1"), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="-1", q="1"), NUMBER_FAULTS[NumberFault.NEGATIVE]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1", q="-0.1"), NUMBER_FAULTS[NumberFault.NEGATIVE]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1.234", q="1"), NUMBER_FAULTS[NumberFault.TOO_FINE]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="9" * 40, q="1"), NUMBER_FAULTS[NumberFault.TOO_LARGE]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1", q="9" * 12), NUMBER_FAULTS[NumberFault.TOO_LARGE]),
        (body("trade", e="trade", s="BTCUSDT", t=2**62, p="1", q="1"), NUMBER_FAULTS[NumberFault.TOO_LARGE]),
        (body("trade", e="trade", s="BTCUSDT", t=10**30, p="1", q="1"), NUMBER_FAULTS[NumberFault.TOO_LARGE]),
        (body("trade", e="trade", s="BTCUSDT", t=-5, p="1", q="1"), NUMBER_FAULTS[NumberFault.NEGATIVE]),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="0.00", q="1"), refusals.TRADE_PRICE),
        (body("trade", e="trade", s="BTCUSDT", t=1, p="1", q="0"), refusals.TRADE_SIZE),
        (body("trade", e="trade", E=-1, s="BTCUSDT", t=1, p="1", q="1"), NUMBER_FAULTS[NumberFault.TOO_LARGE]),
        (depth(12, 10), refusals.SEQUENCE),
        (depth(10, 12, ("b", "0", "1")), NUMBER_FAULTS[NumberFault.NO_PRICE]),
        (depth(10, 12, ("b", "1", "-1")), NUMBER_FAULTS[NumberFault.NEGATIVE]),
        (depth(10, 12, ("b", "1", "1"), ("a", "x", "1")), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (levels([["1", "1", "1"]]), NUMBER_FAULTS[NumberFault.NOT_LEVELS]),
        (levels([[]]), NUMBER_FAULTS[NumberFault.NOT_A_NUMBER]),
        (levels({"1": "1"}), NUMBER_FAULTS[NumberFault.NOT_LEVELS]),
        (body("depth", e="depthUpdate", s="BTCUSDT", U=1, u=2, a=[]), NUMBER_FAULTS[NumberFault.NOT_LEVELS]),
        (body("depth", e="depthUpdate", s="BTCUSDT", u=2, b=[], a=[]), refusals.MISSING),
        (b'{"lastUpdateId":-4,"bids":[],"asks":[]}', NUMBER_FAULTS[NumberFault.NEGATIVE]),
        (body("bookTicker", s="BTCUSDT", b="1", B="1", a="2", A="1"), refusals.MISSING),
        (body("bookTicker", s="BTCUSDT", u=3, b="1", B="1", a="2"), refusals.MISSING),
    ],
)  # fmt: skip
def test_what_is_not_whole_is_refused_whole_with_its_reason(message: bytes, reason: str) -> None:
    decoder = StreamDecoder([SPOT])
    with pytest.raises(Refused) as refused:
        decoder.feed(message, NOW_NS)
    assert refused.value.reason == reason
    assert len(decoder.take()) == 0


def test_a_snapshot_of_no_known_symbol_is_refused_unless_one_is_named() -> None:
    decoder = StreamDecoder([SPOT, StreamSymbol("ETHUSDT", BinanceMarket.SPOT, 5, 2)])
    with pytest.raises(Refused, match=refusals.NOBODYS_SNAPSHOT):
        decoder.feed(snapshot(5, ("b", "1", "1")), NOW_NS)
    decoder.feed_snapshot("ETHUSDT", snapshot(5, ("b", "1", "1")), NOW_NS)
    assert decoder.take()["instrument"].tolist() == [5, 5]
    with pytest.raises(Refused, match=refusals.NOBODYS_SNAPSHOT):
        decoder.feed_snapshot("XRPUSDT", snapshot(5), NOW_NS)
    with pytest.raises(Refused, match=refusals.OTHER_KIND):
        decoder.feed_snapshot("ETHUSDT", depth(1, 2), NOW_NS)


def test_old_and_repeated_messages_do_not_become_the_newest() -> None:
    decoder = StreamDecoder([SPOT])

    def quote(sequence: int) -> bytes:
        return body("bookTicker", u=sequence, s="BTCUSDT", b="1", B="1", a="2", A="1")

    def trade(number: int) -> bytes:
        return body("trade", e="trade", s="BTCUSDT", t=number, p="1", q="1", m=True)

    refused = []
    for message in (quote(10), quote(10), quote(9), quote(11), trade(5), trade(4), trade(5), trade(6)):
        try:
            decoder.feed(message, NOW_NS)
        except Refused as bad:
            refused.append(bad.reason)
    assert refused == [refusals.CAME_TWICE, refusals.OUTDATED, refusals.CAME_TWICE]
    batch = decoder.take()
    assert batch["kind"].tolist() == [Kind.QUOTE, Kind.QUOTE, Kind.TRADE, Kind.TRADE, Kind.TRADE]
    # A sequence that was begun anew by the exchange is no old message.
    decoder.feed(quote(5 * 10**9), NOW_NS)
    decoder.feed(quote(7), NOW_NS)
    assert len(decoder.take()) == 2


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
def test_a_snapshot_is_brought_up_to_the_newest_update_before_it(symbol: StreamSymbol) -> None:
    is_spot = symbol.market is BinanceMarket.SPOT

    def update(first: int, last: int, *levels: tuple[str, str, str], previous: int) -> bytes:
        return depth(first, last, *levels, previous=None if is_spot else previous)

    decoder = StreamDecoder([symbol])
    decoder.feed(update(1, 10, ("b", "1.1", "1"), previous=0), NOW_NS)
    decoder.feed(update(11, 20, ("b", "1.2", "2"), ("a", "1.9", "9"), previous=10), NOW_NS)
    decoder.feed(update(21, 30, ("b", "1.2", "0"), ("b", "1.3", "3"), previous=20), NOW_NS)
    decoder.take()
    decoder.feed(snapshot(15, ("b", "1.2", "5"), ("b", "1.0", "7"), ("a", "1.8", "8")), NOW_NS + 1)
    batch = decoder.take()
    head = batch[0]
    assert (head["kind"], head["flags"]) == (Kind.BOOK_UPDATE, Flag.SNAPSHOT)
    assert (head[FIRST_SEQUENCE], head[LAST_SEQUENCE], head[PREVIOUS_SEQUENCE]) == (15, 30, -1)
    scale = 10**symbol.price_digits
    expected = {(1, scale): 7, (1, scale * 13 // 10): 3, (-1, scale * 18 // 10): 8, (-1, scale * 19 // 10): 9}
    assert book_of(batch) == {place: size * COIN for place, size in expected.items()}
    assert (batch["v2"][1:] > 0).all(), "a snapshot names no empty levels"
    # The next update follows it by its own numbers.
    decoder.feed(update(31, 40, previous=30), NOW_NS + 2)
    assert decoder.take()[FIRST_SEQUENCE].tolist() == [31]


def test_a_snapshot_stops_where_updates_are_missing() -> None:
    decoder = StreamDecoder([SPOT])
    for first, last, size in ((1, 10, "1"), (11, 20, "2"), (26, 30, "3")):
        decoder.feed(depth(first, last, ("b", "1", size)), NOW_NS)
    decoder.take()
    decoder.feed(snapshot(9, ("a", "2", "1")), NOW_NS)
    batch = decoder.take()
    assert batch[0][LAST_SEQUENCE] == 20
    assert book_of(batch) == {(1, 100): 2 * COIN, (-1, 200): COIN}
    # Older than everything that was kept: it stands for itself, and its number tells that it is too old.
    lone = StreamDecoder([SPOT])
    lone.feed(depth(26, 30, ("b", "1", "3")), NOW_NS)
    lone.take()
    lone.feed(snapshot(9, ("a", "2", "1")), NOW_NS)
    batch = lone.take()
    assert batch[0][LAST_SEQUENCE] == 9
    assert book_of(batch) == {(-1, 200): COIN}


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
@pytest.mark.parametrize("missed", [0, 5])
def test_a_snapshot_older_than_what_is_known_does_not_make_the_book_good(symbol: StreamSymbol, missed: int) -> None:
    table = InstrumentTable()
    table.add("BTCUSDT", InstrumentKind.CRYPTO_SPOT, SessionProduct.CRYPTO, TickClass.FINEST)
    state, decoder = MarketState(table, "t"), StreamDecoder([replace(symbol, instrument=0)])
    decoder.feed(depth(1, 10, ("b", "1", "1"), previous=0), NOW_NS)
    decoder.feed(depth(11 + missed, 20, ("b", "1", "2"), previous=10 + missed), NOW_NS)
    decoder.feed(snapshot(10 - missed, ("a", "2", "1")), NOW_NS)
    state.apply(decoder.take())
    assert state.book.status(0) is (BookStatus.OK if missed == 0 else BookStatus.GAP)
    decoder.feed(depth(21, 25, ("b", "1", "3"), previous=20), NOW_NS)
    decoder.feed(snapshot(25, ("a", "2", "1")), NOW_NS)
    state.apply(decoder.take())
    assert state.book.status(0) is BookStatus.OK


def test_streams_of_the_best_levels_replace_the_book_each_time() -> None:
    decoder = StreamDecoder([SPOT])
    partial = {"stream": "btcusdt@depth5@100ms", "data": json.loads(snapshot(9, ("b", "1", "1"), ("a", "2", "1")))}
    decoder.feed(json.dumps(partial).encode(), NOW_NS)
    decoder.feed(json.dumps(partial).replace('"lastUpdateId": 9', '"lastUpdateId": 12').encode(), NOW_NS)
    batch = decoder.take()
    heads = batch[batch["kind"] == Kind.BOOK_UPDATE]
    assert heads["flags"].tolist() == [Flag.SNAPSHOT] * 2
    assert heads[LAST_SEQUENCE].tolist() == [9, 12]


_LEVEL = st.tuples(st.sampled_from("ba"), st.integers(1, 12).map(str), st.integers(0, 5).map(str))


@given(
    updates=st.lists(st.lists(_LEVEL, max_size=6), min_size=1, max_size=12),
    places=st.tuples(st.integers(0, 12), st.integers(0, 12)),
    data=st.data(),
)
def test_from_the_snapshot_on_the_book_is_right(
    updates: list[list[tuple[str, str, str]]], places: tuple[int, int], data: st.DataObject
) -> None:
    """The exchange's book is told by updates; a snapshot taken after one of them arrives after another."""
    true: dict[tuple[int, int], int] = {}
    history = [dict(true)]
    for levels in updates:
        for side, price, size in dict.fromkeys(levels):
            true[1 if side == "b" else -1, 100 * int(price)] = int(size) * COIN
        history.append({place: size for place, size in true.items() if size})
    taken, arrives = sorted(min(place, len(updates)) for place in places)
    decoder = StreamDecoder([SPOT])
    parts = []
    for number, levels in enumerate(updates, start=1):
        if number - 1 == arrives:
            _feed_snapshot(decoder, history[taken], taken)
        unique = list(dict.fromkeys(levels))
        decoder.feed(depth(10 * number - 9, 10 * number, *unique), NOW_NS + number)
        if data.draw(st.booleans()):
            parts.append(decoder.take())
    if arrives == len(updates):
        _feed_snapshot(decoder, history[taken], taken)
    parts.append(decoder.take())
    batch = np.concatenate(parts)
    assert book_of(batch) == history[-1]
    assert batch[(batch["flags"] & Flag.SNAPSHOT) != 0][LAST_SEQUENCE][0] == 10 * max(arrives, taken)


def _feed_snapshot(decoder: StreamDecoder, book: dict[tuple[int, int], int], number: int) -> None:
    levels = [("b" if side > 0 else "a", str(px // 100), str(size // COIN)) for (side, px), size in book.items()]
    decoder.feed(snapshot(10 * number, *levels), NOW_NS)
