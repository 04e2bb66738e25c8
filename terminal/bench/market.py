"""Market side: the kernel alone, and a batch from the tape to the state."""

from __future__ import annotations

import numpy as np

from terminal.bench.result import Benchmark, Result, median_seconds, result
from terminal.core.clock import MarketClock
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, PRICE, SIZE, Batch, Kind, empty_batch
from terminal.core.tape import Tape
from terminal.core.ticks import TickClass
from terminal.market.engine import Engine, EngineHooks
from terminal.market.state import MarketState

INSTRUMENTS = 2000
MESSAGES = 1 << 20
_TRADE_SHARE = 0.25
_BATCH = 4096


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


def _kernel(_long: bool) -> list[Result]:
    state, batch = empty_state(), mixed_messages()
    seconds = median_seconds(lambda: state.apply(batch))
    return [result("kernel_messages", "market", len(batch) / seconds / 1e6, "M messages/s", note=f"{INSTRUMENTS} ids")]


def _tape_to_state(_long: bool) -> list[Result]:
    state, batch = empty_state(), mixed_messages()
    recorded = 0

    def record(part: Batch) -> bool:
        nonlocal recorded
        recorded += len(part)
        return True

    tape = Tape(1 << 16)
    engine = Engine(tape, state, MarketClock(), EngineHooks(record=record))
    engine.start()
    rounds = 0

    def play() -> None:
        nonlocal rounds
        rounds += 1
        for at in range(0, len(batch), _BATCH):
            tape.write(batch[at : at + _BATCH])
        while tape.lag:
            tape.wake()

    seconds = median_seconds(play)
    engine.stop()
    if recorded != rounds * len(batch) or state.channel.messages != recorded:
        raise AssertionError(f"{recorded} of {rounds * len(batch)} messages arrived")
    note = f"tape, engine thread, state and recorder's queue in batches of {_BATCH}; every message counted"
    return [result("tape_to_state", "market", len(batch) / seconds / 1e6, "M messages/s", note=note)]


BENCHMARKS = [Benchmark("kernel_messages", "market", _kernel), Benchmark("tape_to_state", "market", _tape_to_state)]
