"""A million book messages that mean nothing: no crash, and no book that is shown as good and is not the model's."""

from __future__ import annotations

import numpy as np

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch, Flag, Kind, empty_batch
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState
from tests.market.book_model import COUNTS, BookModel

MESSAGES = 1_000_000
INSTRUMENTS = 40
FIELDS = ("v0", "v1", "v2", "v3")
KINDS = (
    Kind.DEPTH, Kind.DEPTH_CHANGE, Kind.BOOK_UPDATE, Kind.ORDER_ADD, Kind.ORDER_MODIFY, Kind.ORDER_CANCEL,
    Kind.ORDER_FILL, Kind.BOOK_CLEAR,
)  # fmt: skip


def noise(seed: int) -> Batch:
    """Plausible messages of a sort that each instrument mostly keeps to; one in fifty has a field of any 64 bits."""
    chance = np.random.default_rng(seed)
    batch = empty_batch(MESSAGES)
    instrument = chance.integers(0, INSTRUMENTS, MESSAGES)
    by_order = (instrument % 2 == 0) ^ (chance.random(MESSAGES) < 0.01)
    levels = chance.choice(KINDS[:3], MESSAGES, p=(0.75, 0.2, 0.05))
    orders = chance.choice(KINDS[2:], MESSAGES, p=(0.03, 0.47, 0.15, 0.2, 0.148, 0.002))
    kind = np.where(by_order, orders, levels)
    batch["kind"], batch["instrument"] = kind, instrument
    batch["ts_ns"] = 10**18 + np.cumsum(chance.integers(-500, 1000, MESSAGES))
    side = chance.choice([1, -1], MESSAGES)
    batch["v0"] = side
    batch["v1"] = 10**6 - side * 100 * chance.geometric(0.02, MESSAGES) + 100 * chance.integers(-9, 10, MESSAGES)
    batch["v2"] = chance.integers(0, 50, MESSAGES) - (kind == Kind.DEPTH_CHANGE) * 20
    batch["v3"] = np.where(kind >= Kind.ORDER_ADD, chance.integers(0, 300, MESSAGES), chance.integers(0, 9, MESSAGES))
    is_update = kind == Kind.BOOK_UPDATE
    count = int(is_update.sum())
    last = np.arange(count) // INSTRUMENTS + chance.integers(0, 3, count)
    batch["v0"][is_update], batch["v1"][is_update] = last - chance.integers(0, 2, count), last
    batch["v2"][is_update] = last - 1
    batch["flags"][is_update] = (chance.random(count) < 0.3) * int(Flag.SNAPSHOT)
    wild = chance.random(MESSAGES) < 0.02
    for name in FIELDS:
        hit = wild & (chance.random(MESSAGES) < 0.4)
        batch[name][hit] = chance.integers(-(2**63), 2**63 - 1, int(hit.sum()), endpoint=True)
    return batch


def test_a_million_fuzzed_messages() -> None:
    table = InstrumentTable()
    for number in range(INSTRUMENTS):
        table.add(f"F{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    state = MarketState(table, "fuzz")
    state.depth_history.watch(0)
    batch = noise(20240808)
    models = [BookModel() for _ in range(INSTRUMENTS)]
    columns = [batch[name].tolist() for name in ("instrument", "kind", "flags", *FIELDS)]
    good = 0
    for start in range(0, MESSAGES, 50_000):
        state.apply(batch[start : start + 50_000])
        for row in zip(*(column[start : start + 50_000] for column in columns), strict=True):
            models[row[0]].apply(*row[1:])
        for instrument, model in enumerate(models):
            health = state.book.health(instrument)
            # Whether time has gone on since its newest message depends on the clock, which steps back here.
            assert health.status in {model.status, model.settled}
            assert {name: getattr(health, name) for name in COUNTS} == model.counts
            assert [side.tolist() for side in state.book.read(instrument, 10**5)] == list(model.sides())
            good += health.status.is_good
    assert good > 50, "noise that leaves no book good says nothing"
    totals = state.book.totals()
    assert totals.lost == 0
    assert min(totals.gaps, totals.healed, totals.duplicates, totals.refused, totals.strangers, totals.overdone) > 0
