"""The flow into one book, and the order of messages."""

from __future__ import annotations

import numpy as np
import pytest

from terminal.core.instruments import InstrumentKind
from terminal.core.messages import MESSAGE, Kind, empty_batch
from terminal.exchange.book import ASK_SIDE, BID_SIDE
from terminal.venues.sim.message_kernel import write_quote, write_trade
from terminal.venues.sim.name_book import NameBook
from terminal.venues.sim.ordering import in_order
from terminal.venues.sim.universe import INDEX, NAMES

STEP_NS = 100_000_000


def test_a_still_price_keeps_the_market_around_it() -> None:
    name = NAMES[2]
    book = NameBook(1, name, 5, STEP_NS)
    book.open_session(0, name.level)
    out = np.zeros(1 << 16, MESSAGE)
    ticks = name.level * 100
    for first in range(0, 3_000, 10):
        used = book.steps(np.full(10, name.level), np.ones(10), first, 0, 10**15, out, 0)
        assert 0 < used < len(out)
        assert (out[:used]["instrument"] == 5).all()
        bid, ask = book.book.best(BID_SIDE), book.book.best(ASK_SIDE)
        assert bid is not None
        assert ask is not None
        assert bid < ask
        if first > 100:
            assert bid - 10 < ticks < ask + 10
    assert book.volume > 10_000
    assert book.book.live_orders < 2_000


def test_the_book_goes_with_a_jump_and_trades_on_the_way() -> None:
    name = NAMES[2]
    book = NameBook(1, name, 5, STEP_NS)
    book.open_session(0, name.level)
    out = np.zeros(1 << 16, MESSAGE)
    book.steps(np.full(50, name.level), np.ones(50), 0, 0, 10**15, out, 0)
    used = book.steps(np.full(50, name.level * 1.02), np.ones(50), 50, 0, 10**15, out, 0)
    bid = book.book.best(BID_SIDE)
    assert bid is not None
    assert abs(bid - name.level * 102) < 25
    assert (out[:used]["kind"] == Kind.TRADE).sum() > 3


def test_nothing_happens_after_the_end() -> None:
    name = NAMES[2]
    book = NameBook(1, name, 5, STEP_NS)
    book.open_session(0, name.level)
    assert book.steps(np.full(5, name.level), np.ones(5), 0, 0, 0, np.zeros(100, MESSAGE), 7) == 7


def test_an_index_has_no_book() -> None:
    with pytest.raises(ValueError, match="no order flow"):
        NameBook(1, INDEX, 0, STEP_NS)


def test_a_full_buffer_takes_no_more() -> None:
    out = np.zeros(2, MESSAGE)
    assert write_quote(out, 1, 5, 3, 100, 200, 1, 2) == 2
    assert write_quote(out, 2, 6, 3, 100, 200, 1, 2) == 2
    assert write_trade(out, 2, 6, 3, 100, 1, 1) == 2
    assert out["ts_ns"].tolist() == [0, 5]


def test_order_at_one_instant() -> None:
    kind_of = np.array([InstrumentKind.ETF, InstrumentKind.OPTION, InstrumentKind.OPTION], np.uint8)
    rows = [
        (2, 2, Kind.TRADE), (2, 1, Kind.TRADE), (2, 2, Kind.QUOTE), (2, 1, Kind.QUOTE), (2, 0, Kind.TRADE),
        (2, 0, Kind.QUOTE), (1, 2, Kind.QUOTE), (2, -1, Kind.PHASE_CHANGE),
    ]  # fmt: skip
    batch = empty_batch(len(rows))
    for at, (ts_ns, instrument, kind) in enumerate(rows):
        batch[at]["ts_ns"], batch[at]["instrument"], batch[at]["kind"] = ts_ns, instrument, kind
    found = in_order(batch, kind_of)
    assert list(zip(found["ts_ns"], found["instrument"], found["kind"], strict=True)) == [
        (1, 2, Kind.QUOTE), (2, 0, Kind.TRADE), (2, 0, Kind.QUOTE), (2, -1, Kind.PHASE_CHANGE),
        (2, 1, Kind.QUOTE), (2, 2, Kind.QUOTE), (2, 1, Kind.TRADE), (2, 2, Kind.TRADE),
    ]  # fmt: skip
    assert found["order"].tolist() == [0, 0, 1, 2, 3, 4, 5, 6]
    assert len(in_order(empty_batch(0), kind_of)) == 0
