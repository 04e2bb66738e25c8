"""Instruments and messages of every kind for the tests of the market store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
from hypothesis import strategies as st

from terminal.core.instruments import (
    Delivery,
    InstrumentKind,
    InstrumentTable,
    SessionProduct,
    SettlementTime,
    Style,
)
from terminal.core.messages import Batch, Flag, Kind, empty_batch
from terminal.core.money import ABSENT_PX
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass

OPEN_NS = 1_450_967_400_000_000_000
"""09:30 New York on 2015-12-24."""
EXPIRES_NS = 1_450_980_000_000_000_000
RECORDED_KINDS = [kind for kind in Kind if kind is not Kind.CLOCK]


def make_table(options: int = 6) -> InstrumentTable:
    """GOOG with ``options`` calls and puts, an index with an AM series, a crypto pair with a finer scale."""
    table = InstrumentTable()
    tick_class = next(iter(TickClass))
    goog = table.add("GOOG", InstrumentKind.EQUITY, SessionProduct.EQUITY, tick_class, name="Alphabet")
    spx = table.add("SPX", InstrumentKind.INDEX, SessionProduct.INDEX_OPTION, tick_class)
    table.add("SPY", InstrumentKind.ETF, SessionProduct.EQUITY, tick_class)
    table.add(
        "BTCUSDT", InstrumentKind.CRYPTO_PERPETUAL, SessionProduct.CRYPTO, tick_class,
        currency="USDT", price_scale=100_000_000,
    )  # fmt: skip
    for number in range(options):
        right = Right.CALL if number % 2 else Right.PUT
        symbol = make_option_symbol("GOOG", date(2015, 12, 24), right, 700_000 + 5_000 * (number // 2))
        table.add_option(symbol, goog.id, EXPIRES_NS)
    table.add_option(
        make_option_symbol("SPX", date(2016, 1, 15), Right.CALL, 2_000_000), spx.id, EXPIRES_NS + 10**15,
        style=Style.EUROPEAN, delivery=Delivery.CASH, settlement=SettlementTime.AM,
    )  # fmt: skip
    return table


def quote_batch(count: int, instrument: int, *, start_ns: int = OPEN_NS, step_ns: int = 1_000_000) -> Batch:
    """Full quotes of one instrument, each with its number in the bid's size."""
    batch = empty_batch(count)
    batch["ts_ns"] = start_ns + step_ns * np.arange(count)
    batch["kind"] = Kind.QUOTE
    batch["instrument"] = instrument
    batch["v0"] = 10_000
    batch["v1"] = 10_100
    batch["v2"] = np.arange(count)
    batch["v3"] = 5
    return batch


def trade_batch(prices: list[int], instrument: int, *, start_ns: int = OPEN_NS, step_ns: int = 10**9) -> Batch:
    """Trades of size 1 at ``prices``."""
    batch = empty_batch(len(prices))
    batch["ts_ns"] = start_ns + step_ns * np.arange(len(prices))
    batch["kind"] = Kind.TRADE
    batch["instrument"] = instrument
    batch["v0"] = prices
    batch["v1"] = 1
    return batch


_VALUE = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, ABSENT_PX, 10_000, -5]))


@st.composite
def batches(draw: Callable[..., object], most: int = 40, instruments: int = 11) -> Batch:
    """Messages of all kinds, ascending in time, with any values in every field, CLOCK among them."""
    count = int(draw(st.integers(0, most)))  # type: ignore[call-overload]
    batch = empty_batch(count)
    ts_ns = OPEN_NS
    for row in batch:
        ts_ns += draw(st.sampled_from([0, 0, 1, 1_000, 10**9, 61 * 10**9]))  # type: ignore[operator]
        row["ts_ns"] = ts_ns
        row["recv_ns"] = draw(st.sampled_from([0, 12345]))
        row["kind"] = draw(st.sampled_from(list(Kind)))
        row["instrument"] = draw(st.integers(-1, instruments - 1))
        row["flags"] = draw(st.integers(0, 255)) if draw(st.booleans()) else draw(st.sampled_from([0, *Flag]))
        row["venue"] = draw(st.integers(0, 65535))
        row["order"] = draw(st.integers(0, 2**32 - 1))
        for name in ("v0", "v1", "v2", "v3", "v4"):
            row[name] = draw(_VALUE) if draw(st.booleans()) else 0
    return batch


def without_receipt(batch: Batch) -> Batch:
    """The messages that are recorded, without what belongs to one run: receipt time and source."""
    kept: Batch = batch[batch["kind"] != Kind.CLOCK].copy()
    kept["recv_ns"] = 0
    kept["source"] = 0
    return kept
