"""What the benchmarks of the market side send: a mixed stream of quotes and trades over 2,000 instruments."""

from __future__ import annotations

import numpy as np

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, PRICE, SIZE, Batch, Kind, empty_batch
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState

INSTRUMENTS = 2000
MESSAGES = 1 << 20
_TRADE_SHARE = 0.25


def mixed_messages(count: int = MESSAGES, seed: int = 1) -> Batch:
    """A seeded stream of quotes and trades over 2,000 instruments, one microsecond apart."""
    chance = np.random.default_rng(seed)
    batch = empty_batch(count)
    is_trade = chance.random(count) < _TRADE_SHARE
    batch["kind"] = np.where(is_trade, int(Kind.TRADE), int(Kind.QUOTE))
    batch["instrument"] = chance.integers(0, INSTRUMENTS, count)
    batch["ts_ns"] = 1_767_623_400 * 10**9 + np.arange(count) * 1000
    price = 1_000_000 + chance.integers(-500, 500, count) * 100
    batch[BID], batch[ASK] = price, price + 100
    batch[BID_SIZE], batch[ASK_SIZE] = chance.integers(1, 500, count), chance.integers(1, 500, count)
    batch[PRICE][is_trade] = price[is_trade]
    batch[SIZE][is_trade] = batch[BID_SIZE][is_trade]
    return batch


def empty_state() -> MarketState:
    """A state of 2,000 instruments that nothing was said of."""
    table = InstrumentTable()
    for number in range(INSTRUMENTS):
        table.add(f"B{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return MarketState(table, "bench")
