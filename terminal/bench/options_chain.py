"""A pass over the whole GOOG chain: quotes in, carry, vols, surface, values and Greeks out; one core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from terminal.bench.quant_compare import one_core
from terminal.bench.replay import DAY, recorded_data
from terminal.bench.result import Benchmark, Result, result
from terminal.core.clock import NS_PER_S, at_ns
from terminal.core.instruments import InstrumentTable
from terminal.market.analytics.chain_pass import ChainPass, spot_of
from terminal.market.analytics.chain_values import ChainValues, Spot
from terminal.market.analytics.contracts import ChainContracts, chain_contracts
from terminal.market.rows import Rows
from terminal.market.state import MarketState
from terminal.quant import american
from terminal.venues.replay.lean_feed import LeanFeed

FULL_GOAL_MS, INCREMENTAL_GOAL_MS = 60.0, 15.0
MINUTES = 11
CHANGED = 200
_FARTHEST = 1e-3
"""Currency, a fiftieth of a tick: how far values that were kept may lie from those that would be made."""


def _chain(_long: bool) -> list[Result]:
    folder = recorded_data()
    if folder is None:
        missing = "the recorded day is not there, not measured"
        return [Result("chain_full_pass", "options", 0.0, "ms", "lower", note=missing)]
    with one_core():
        return _measure(*_minutes(folder))


def _minutes(folder: Path) -> tuple[ChainContracts, list[tuple[int, Rows, Spot]]]:
    """The contracts, and quotes and spot at noon and the minutes after it."""
    table = InstrumentTable()
    feed = LeanFeed(folder, "GOOG", DAY, DAY, table)
    feed.load()
    contracts = chain_contracts(table, table.find("GOOG").id)
    state = MarketState(table, feed.name)
    found: list[tuple[int, Rows, Spot]] = []
    times = [at_ns(DAY, 12) + minute * 60 * NS_PER_S for minute in range(MINUTES)]
    for whole in feed.batches():
        rest = whole
        while times and len(rest) and int(rest["ts_ns"][-1]) > times[0]:
            cut = int(np.searchsorted(rest["ts_ns"], times[0], "right"))
            state.apply(rest[:cut])
            found.append((times.pop(0), state.read(contracts.ids), spot_of(state.read_one(contracts.underlying))))
            rest = rest[cut:]
        if not times:
            break
        state.apply(rest)
    return contracts, found


def _measure(contracts: ChainContracts, minutes: list[tuple[int, Rows, Spot]]) -> list[Result]:
    now_ns, quotes, spot = minutes[0]
    ChainPass(contracts).run(quotes, spot, now_ns)
    cold = [_timed(lambda: ChainPass(contracts).run(quotes, spot, now_ns))[0] for _ in range(5)]
    work = ChainPass(contracts)
    work.run(quotes, spot, now_ns)
    full, solved = [], []
    for at_ns_, rows, price in minutes[1:]:
        taken, found = _timed(partial(work.run, rows, price, at_ns_))
        full.append(taken)
        solved.append(work.solved)
        _compare(found)
    chance = np.random.default_rng(1)
    at, rows, price = minutes[-1]
    rows = rows.copy()
    incremental = []
    for step in range(1, 24):
        told = chance.choice(contracts.count, CHANGED, replace=False)
        rows["ask_px"][told] += 500
        taken, found = _timed(partial(work.run, rows, price, at + step * 100_000_000))
        incremental.append(taken)
        _compare(found)
    where = f"GOOG 2015-12-24 12:00, {contracts.count:,} contracts, {len(contracts.expiries)} expiries, American"
    note = (
        f"{where}; every minute's quotes, {int(np.median(solved)):,} contracts solved again, surface and Greeks of all"
    )
    return [
        result("chain_first_pass", "options", statistics.median(cold) * 1e3, "ms", better="lower",
               note=f"{where}; nothing known before, parity asked twice"),
        result("chain_full_pass", "options", statistics.median(full) * 1e3, "ms", better="lower", goal=FULL_GOAL_MS,
               note=note),
        result("chain_incremental_pass", "options", statistics.median(incremental) * 1e3, "ms", better="lower",
               goal=INCREMENTAL_GOAL_MS, note=f"{where}; {CHANGED} quotes changed, the spot stands"),
        result("chain_incremental_pass_mean", "options", statistics.mean(incremental) * 1e3, "ms", better="lower",
               note="the same: every second pass asks parity of one expiry, which the median may leave out"),
    ]  # fmt: skip


def _timed(work: Callable[[], ChainValues]) -> tuple[float, ChainValues]:
    """Seconds of this thread's own processor time: other programs' work is not the pass's."""
    start_ns = time.thread_time_ns()
    found = work()
    return (time.thread_time_ns() - start_ns) / NS_PER_S, found


def _compare(found: ChainValues) -> None:
    """Values, kept or made, against American prices with a boundary for every contract."""
    place = found.contracts.expiry_row
    price = american.price(
        found.spot.price, found.contracts.strike, found.time[place], found.values["vol"], found.carry.rate[place],
        found.carry.carry_yield[place], found.contracts.is_call, accuracy=american.Accuracy.FAST,
    )  # fmt: skip
    worst = float(np.nanmax(np.abs(price - found.values["value"])))
    if not worst <= _FARTHEST:
        raise AssertionError(f"a value of the chain is {worst:.1e} off its price")


BENCHMARKS = [Benchmark("chain_pass", "options", _chain)]
