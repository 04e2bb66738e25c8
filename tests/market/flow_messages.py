"""Random streams of quotes and trades for property tests, and what a plain reading of them says."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, PRICE, SIZE, Batch, Flag, Kind, empty_batch
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState

START_NS = 1_450_967_400 * 10**9
Row = dict[str, Any]


def fresh_state(instruments: int = 3) -> MarketState:
    table = InstrumentTable()
    for number in range(instruments):
        table.add(f"S{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return MarketState(table, "test")


def batch_of(rows: list[Row]) -> Batch:
    batch = empty_batch(len(rows))
    for message, row in zip(batch, rows, strict=True):
        for name, value in row.items():
            message[name] = value
    return batch


def applied(rows: list[Row], cuts: list[int], instruments: int = 3) -> MarketState:
    """A state that got ``rows`` in batches that end at ``cuts``."""
    state, whole = fresh_state(instruments), batch_of(rows)
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        state.apply(whole[start:end])
    return state


def quote_row(instrument: int, bid: int | None, ask: int | None, bid_size: int, ask_size: int, flags: int) -> Row:
    return {
        "kind": Kind.QUOTE, "instrument": instrument, "flags": flags,
        BID: ABSENT_PX if bid is None else bid, ASK: ABSENT_PX if ask is None else ask,
        BID_SIZE: 0 if bid is None else bid_size, ASK_SIZE: 0 if ask is None else ask_size,
    }  # fmt: skip


def trade_row(instrument: int, px: int, size: int, flags: int) -> Row:
    return {"kind": Kind.TRADE, "instrument": instrument, PRICE: px, SIZE: size, "flags": flags}


def stamped(rows: list[tuple[Row, int]]) -> list[Row]:
    """The rows, each so many nanoseconds after the one before."""
    now_ns, made = START_NS, []
    for row, after_ns in rows:
        now_ns += after_ns
        made.append({**row, "ts_ns": now_ns})
    return made


_px = st.integers(9_000, 11_000).map(lambda cents: cents * 100)
_quotes = st.builds(
    quote_row,
    st.integers(0, 2),
    st.one_of(st.none(), _px),
    st.one_of(st.none(), _px),
    st.integers(0, 50),
    st.integers(0, 50),
    st.sampled_from([0, 0, 0, Flag.BID_UNCHANGED, Flag.ASK_UNCHANGED]),
)
_sides = [0, Flag.BUYER_AGGRESSOR, Flag.SELLER_AGGRESSOR, Flag.OFF_BOOK]
_trades = st.builds(trade_row, st.integers(0, 2), _px, st.integers(0, 500), st.sampled_from(_sides))
_after = st.sampled_from([0, 1, 10**6, 10**9, 7 * 10**9, 61 * 10**9])
flow = st.lists(st.tuples(st.one_of(_quotes, _trades), _after), max_size=80).map(stamped)
"""Quotes and trades of three instruments, ascending in time."""
cuts = st.lists(st.integers(0, 80), max_size=4)


def trades_of(rows: list[Row], instrument: int, *, on_book: bool = True) -> list[Row]:
    wanted = (row for row in rows if row["kind"] == Kind.TRADE and row["instrument"] == instrument)
    return [row for row in wanted if not on_book or not row["flags"] & Flag.OFF_BOOK]
