"""The market side with everything on: quotes, trades and depth of 2,000 instruments, and a peer beside it.

Nothing is coalesced in these figures: every message reaches the state and the recorder's queue, and what the state says
at the end is compared with a plain count of the messages before a figure is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from terminal.bench.market_messages import INSTRUMENTS, empty_state
from terminal.bench.peers import Answer, Peer, ask
from terminal.bench.result import Benchmark, Result, result
from terminal.core.clock import MarketClock
from terminal.core.messages import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    BOOK_ORDERS,
    BOOK_PX,
    BOOK_SIDE,
    BOOK_SIZE,
    PRICE,
    SIZE,
    Batch,
    Flag,
    Kind,
    empty_batch,
)
from terminal.core.tape import Tape
from terminal.market.engine import Engine, EngineHooks
from terminal.market.state import MarketState

MESSAGES = 1 << 20
ROUNDS = 7
_TRADES, _DEPTH = 0.2, 0.2
_SPACING_NS = 50_000
_BATCH = 4096
_VNPY_ROWS = 100_000
KERNEL_GOAL, TAPE_GOAL = 15.0, 3.0
VNPY = Peer("vnpy EventEngine", "vnpy", "peer_events.py", "vnpy")


def flow_messages(count: int = MESSAGES, seed: int = 1) -> Batch:
    """A seeded stream of quotes, trades (half of them without a side) and levels, 20,000 a second of market time.

    Each instrument's price wanders by ticks; levels lie within ten ticks of it.
    """
    chance = np.random.default_rng(seed)
    batch = empty_batch(count)
    draw = chance.random(count)
    is_trade, is_depth = draw < _TRADES, (draw >= _TRADES) & (draw < _TRADES + _DEPTH)
    is_quote = ~is_trade & ~is_depth
    batch["kind"] = np.where(is_trade, int(Kind.TRADE), np.where(is_depth, int(Kind.DEPTH), int(Kind.QUOTE)))
    batch["instrument"] = chance.integers(0, INSTRUMENTS, count)
    batch["ts_ns"] = 1_767_623_400 * 10**9 + np.arange(count) * _SPACING_NS
    price = 1_000_000 + 100 * _walk(batch["instrument"], chance.integers(-1, 2, count))
    size, other = chance.integers(1, 500, count), chance.integers(1, 500, count)
    batch[BID][is_quote], batch[ASK][is_quote] = price[is_quote], price[is_quote] + 100
    batch[BID_SIZE][is_quote], batch[ASK_SIZE][is_quote] = size[is_quote], other[is_quote]
    said = np.where(chance.random(count) < 0.5, int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR))
    batch["flags"] = np.where(is_trade & (chance.random(count) < 0.5), said, 0)
    batch[PRICE][is_trade] = (price + np.where(said == int(Flag.BUYER_AGGRESSOR), 100, 0))[is_trade]
    batch[SIZE][is_trade] = size[is_trade]
    side, away = np.where(chance.random(count) < 0.5, 1, -1), chance.integers(0, 10, count)
    batch[BOOK_SIDE][is_depth] = side[is_depth]
    batch[BOOK_PX][is_depth] = (price + np.where(side > 0, 0, 100) - 100 * side * away)[is_depth]
    batch[BOOK_SIZE][is_depth] = (size * (chance.random(count) < 0.8))[is_depth]
    batch[BOOK_ORDERS][is_depth] = 1
    return batch


def _walk(instrument: npt.NDArray[np.int32], steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The sum of an instrument's steps so far, in the order of the messages."""
    order = np.argsort(instrument, kind="stable")
    sums = np.cumsum(steps[order])
    first = np.r_[True, instrument[order][1:] != instrument[order][:-1]]
    before = np.where(first, sums - steps[order], 0)
    walked = np.empty(len(steps), np.int64)
    walked[order] = sums - before[np.maximum.accumulate(np.where(first, np.arange(len(steps)), 0))]
    return walked


def check(state: MarketState, batch: Batch, rounds: int) -> None:
    """The final state is what a plain count of ``rounds`` passes of the messages says; AssertionError if not."""
    ids = np.arange(INSTRUMENTS, dtype=np.int32)
    trades = batch[batch["kind"] == Kind.TRADE]
    volume = rounds * np.bincount(trades["instrument"], trades[SIZE], INSTRUMENTS).astype(np.int64)
    quotes = batch[batch["kind"] == Kind.QUOTE]
    last = np.zeros(INSTRUMENTS, np.int64)
    last[quotes["instrument"]] = quotes[BID]
    statistics, rows = state.statistics.read(ids), state.read(ids)
    bars = np.array([int(state.bars.read(each, 60, 100_000)["volume"].sum()) for each in range(INSTRUMENTS)])
    at_price = [sum(int(part.sum()) for part in state.volume_at_price.read(each)[2:]) for each in range(INSTRUMENTS)]
    agree = (
        np.array_equal(statistics["volume"], volume)
        and np.array_equal(bars, volume)
        and at_price == volume.tolist()
        and state.prints.last_number == rounds * len(trades)
        and np.array_equal(rows["bid_px"], last)
        and int(rows["messages"].sum()) == rounds * len(batch)
        and not state.refused
    )
    if not agree:
        raise AssertionError("the state does not hold what the messages say")


def _played(batch: Batch, play: Callable[[], None]) -> float:
    """Median seconds of ``ROUNDS`` passes after one, each later in market time than the one before."""
    span_ns = int(batch["ts_ns"][-1] - batch["ts_ns"][0]) + _SPACING_NS
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        play()
        times.append(time.perf_counter() - start)
        batch["ts_ns"] += span_ns
    return float(np.median(times[1:]))


def _kernel(_long: bool) -> list[Result]:
    state, batch = empty_state(), flow_messages()
    seconds = _played(batch, lambda: state.apply(batch))
    check(state, batch, ROUNDS + 1)
    note = f"quotes, books, prints, bars, statistics, volume at price of {INSTRUMENTS}; nothing coalesced, compared"
    return [result("kernel_flow", "market", len(batch) / seconds / 1e6, "M messages/s", goal=KERNEL_GOAL, note=note)]


def played_through_engine(state: MarketState, batch: Batch) -> tuple[float, int]:
    """Median seconds from the tape through the engine thread, and how many messages the recorder's hook was given."""
    recorded = 0

    def record(part: Batch) -> bool:
        nonlocal recorded
        recorded += len(part)
        return True

    tape = Tape(1 << 18)
    engine = Engine(tape, state, MarketClock(), EngineHooks(record=record))
    engine.start()

    def play() -> None:
        for at in range(0, len(batch), _BATCH):
            tape.write(batch[at : at + _BATCH])
        while tape.lag:
            time.sleep(0.0002)

    seconds = _played(batch, play)
    tape.close()
    engine.join()
    return seconds, recorded


def _tape(_long: bool) -> list[Result]:
    state, batch = empty_state(), flow_messages()
    seconds, recorded = played_through_engine(state, batch)
    if recorded != (ROUNDS + 1) * len(batch):
        raise AssertionError(f"{recorded:,} messages were handed to the recorder")
    check(state, batch, ROUNDS + 1)
    quotes = batch[batch["kind"] == Kind.QUOTE][:_VNPY_ROWS]
    answer = ask(VNPY, "vnpy_events", _columns(quotes), rounds=3)
    rate = len(batch) / seconds
    note = "tape, engine thread, state, recorder's hook; vnpy passes such quotes to one empty handler"
    return [_beside("tape_flow", rate, VNPY, answer, _agree(answer, quotes), TAPE_GOAL, note)]


def _beside(
    name: str, rate: float, peer: Peer, answer: Answer | None, agree: bool | None, goal: float | None, note: str
) -> Result:
    value = round(rate / 1e6, 4)
    meets = None if goal is None else value >= goal
    if answer is None:
        return Result(name, "market", value, "M messages/s", "higher", goal, meets, note=note)
    other = answer.rate / 1e6
    return Result(
        name, "market", value, "M messages/s", "higher", goal, meets, peer.name, answer.version, round(other, 4),
        round(value / other, 2), agree, note,
    )  # fmt: skip


def _columns(quotes: Batch) -> dict[str, npt.NDArray[np.int64]]:
    names = {"ts_ns": "ts_ns", "bid": BID, "ask": ASK, "bid_size": BID_SIZE, "ask_size": ASK_SIZE}
    found = {name: quotes[field].astype(np.int64) for name, field in names.items()}
    return {"instrument": quotes["instrument"].astype(np.int64), **found}


def _agree(answer: Answer | None, quotes: Batch) -> bool | None:
    """Whether the peer saw every quote, and the last one of each instrument last."""
    if answer is None:
        return None
    last = np.full(answer.arrays["last"].shape, np.nan)
    last[quotes["instrument"]] = np.column_stack((quotes[BID], quotes[ASK]))
    return bool(
        answer.arrays["count"][0] == len(quotes) and np.array_equal(answer.arrays["last"], last, equal_nan=True)
    )


BENCHMARKS = [
    Benchmark("kernel_flow", "market", _kernel),
    Benchmark("tape_flow", "market", _tape),
]
