"""A child that applies fuzzed messages to market state and checks what must hold whatever came: see test_fuzz.

Started with the number of messages and a seed; says nothing and ends with 0 when all held.
"""

from __future__ import annotations

import sys

import numpy as np

from terminal.core.instruments import CAPACITY
from terminal.core.messages import ASK, BID, PHASE, PRICE, SIZE, Batch, Kind, Phase, empty_batch
from terminal.core.money import ABSENT_PX
from terminal.market.activity import ActivityKind
from terminal.market.rows import Quality
from terminal.market.state import MarketState
from tests.market.flow_messages import START_NS, fresh_state

INSTRUMENTS = 60
_PART = 10_007
_VALUES = ("v0", "v1", "v2", "v3", "v4")
_EXTREMES = np.array([0, 1, -1, 5, -7, ABSENT_PX, 2**63 - 1, 2**62, 2**56, 2**56 - 1, 2**31, 10**9, -(2**40)])


def sound(count: int, chance: np.random.Generator) -> Batch:
    """Messages as they should be, of every kind."""
    batch = empty_batch(count)
    batch["kind"] = chance.choice([int(kind) for kind in Kind], count)
    batch["instrument"] = chance.integers(0, INSTRUMENTS, count)
    batch["ts_ns"] = START_NS + np.arange(count) * 1_000_000
    for name in _VALUES:
        batch[name] = chance.integers(0, 40, count)
    px = 1_000_000 + 100 * chance.integers(-20, 20, count)
    priced = np.isin(batch["kind"], [Kind.QUOTE, Kind.TRADE, Kind.OFFICIAL])
    batch[BID][priced] = px[priced]
    batch[ASK][batch["kind"] == Kind.QUOTE] = px[batch["kind"] == Kind.QUOTE] + 100
    phases = batch["kind"] == Kind.PHASE_CHANGE
    batch["instrument"][phases] = -1
    batch[PHASE][phases] = chance.integers(0, len(Phase), int(phases.sum()))
    batch["kind"][phases & (chance.random(count) < 0.999)] = Kind.TRADE
    batch[PRICE][phases] = 1_000_000
    return batch


def spoilt(batch: Batch, chance: np.random.Generator) -> Batch:
    """A third of the messages with a field that cannot be, or with any bytes at all."""
    count = len(batch)
    for name in (*_VALUES, "ts_ns"):
        hit = chance.random(count) < 0.05
        batch[name][hit] = chance.choice(_EXTREMES, int(hit.sum()))
    hit = chance.random(count) < 0.05
    batch["ts_ns"][hit] = START_NS + chance.integers(-(10**12), 10**12, int(hit.sum()))
    hit = chance.random(count) < 0.05
    batch["instrument"][hit] = chance.choice([-2, -(2**31), INSTRUMENTS, CAPACITY, 2**31 - 1], int(hit.sum()))
    for name in ("kind", "flags"):
        hit = chance.random(count) < 0.05
        batch[name][hit] = chance.integers(0, 256, int(hit.sum()))
    anything = np.flatnonzero(chance.random(count) < 0.02)
    batch[anything] = np.frombuffer(chance.bytes(len(anything) * batch.itemsize), batch.dtype)
    # Sums of sizes near the largest that are allowed would not fit; nothing of this kind is refused one by one.
    traded = np.isin(batch["kind"], [Kind.TRADE, Kind.BAR])
    for name in (SIZE, "v4"):
        large = traded & (batch[name] > 2**40) & (batch[name] < 2**56)
        batch[name][large] = 2**40
    return batch


def check(state: MarketState, total: int) -> None:
    """What must hold."""
    ids = np.arange(INSTRUMENTS, dtype=np.int32)
    quotes, statistics = state.read(ids), state.statistics.read(ids)
    counted, refused = int(quotes["messages"].sum()), sum(state.refused.values())
    assert 0 < refused < total
    assert counted + refused <= total
    assert state.stepped_back > 0
    assert set(quotes["quality"].tolist()) <= {int(quality) for quality in Quality} - {int(Quality.STALE)}
    assert set(quotes["phase"].tolist()) <= {int(phase) for phase in Phase}
    has_both = quotes["quality"] == Quality.OK
    assert np.all(quotes["bid_px"][has_both] < quotes["ask_px"][has_both])
    for name in ("volume", "bid_size", "ask_size", "open_interest"):
        assert np.all(quotes[name] >= 0), name
    for row in ids.tolist():
        _, step_px, bought, sold, unsided = state.volume_at_price.read(row)
        found = statistics[row]
        sums = [int(each.sum()) for each in (bought, sold, unsided)]
        assert sums == [int(found[name]) for name in ("bought", "sold", "unsided")]
        assert min(map(int, (*bought, *sold, *unsided)), default=0) >= 0
        assert step_px > 0
        assert quotes["volume"][row] == found["volume"] + found["off_book_volume"]
        for seconds in (1, 60, 3600, 86_400):
            bars = state.bars.read(row, seconds, 10**6)
            assert np.all(np.diff(bars["ts_ns"]) > 0)
            assert np.all((bars["low"] <= bars["close"]) & (bars["close"] <= bars["high"]))
        prints = state.prints.read(row, 0, 10**6)
        assert np.all(np.diff(prints["ts_ns"]) >= 0)
        assert np.all((prints["size"] >= 0) & (prints["px"] >= 0))
        state.bars.read_activity(row, ActivityKind.DOLLAR, 1e6, 100)
        state.book.read(row, 20)


def main(count: int, seed: int) -> None:
    """Fuzzes ``count`` messages, in parts of an odd length, with a reading in the middle."""
    chance = np.random.default_rng(seed)
    state = fresh_state(INSTRUMENTS)
    whole = spoilt(sound(count, chance), chance)
    for at in range(0, count, _PART):
        state.apply(whole[at : at + _PART])
        if at // _PART == 3:
            state.bars.read_activity(1, ActivityKind.TICK, 3, 10)
            state.bars.read_activity(1, ActivityKind.VOLUME, 100, 10)
    check(state, count)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
