"""A recorded day from its files to the state, the way a replay goes; needs the recorded data beside the project."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from terminal.bench.result import Benchmark, Result, result
from terminal.core.instruments import InstrumentTable
from terminal.market.state import MarketState
from terminal.venues.replay.lean_feed import LeanFeed
from terminal.venues.sim.feed import SimFeed

DAY = date(2015, 12, 24)
ROUNDS = 3
_SIMULATED_S = 600


def recorded_data() -> Path | None:
    """The folder of recorded data beside the checkout, or None."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "lean"
    return folder if folder.is_dir() else None


def _goog(_long: bool) -> list[Result]:
    folder = recorded_data()
    if folder is None:
        return [
            Result("replay_goog_load", "market", 0.0, "s", "lower", note="the recorded day is not there, not measured")
        ]
    loads, plays, quotes = [], [], set()
    for _ in range(ROUNDS):
        table = InstrumentTable()
        start = time.perf_counter()
        feed = LeanFeed(folder, "GOOG", DAY, DAY, table)
        feed.load()
        loads.append(time.perf_counter() - start)
        state = MarketState(table, feed.name)
        start = time.perf_counter()
        for batch in feed.batches():
            state.apply(batch)
        plays.append(time.perf_counter() - start)
        quotes.add(state.message_counts()["option_quote"])
    if quotes != {275_552}:
        raise AssertionError(f"275,552 quote rows were expected, {sorted(quotes)} arrived")
    rate = 275_552 / sorted(plays)[ROUNDS // 2]
    note = "GOOG 2015-12-24, 2,192 contracts, minute quotes"
    return [
        result("replay_goog_load", "market", sorted(loads)[ROUNDS // 2], "s", better="lower", note=note),
        result("replay_goog_quotes", "market", rate / 1e6, "M quotes/s", note="files in memory to market state"),
    ]


def _simulation(long: bool) -> list[Result]:
    table = InstrumentTable()
    feed = SimFeed(table, 1, date(2026, 1, 5))
    state = MarketState(table, feed.name)
    end_ns = feed.first_ns() + _SIMULATED_S * (6 if long else 1) * 10**9
    start = time.perf_counter()
    for batch in feed.batches():
        state.apply(batch)
        if len(batch) and int(batch["ts_ns"][-1]) >= end_ns:
            break
    seconds = time.perf_counter() - start
    market_s = (end_ns - feed.first_ns()) / 1e9
    note = f"{len(table):,} instruments, {state.channel.messages:,} messages from the open on"
    return [result("simulated_market", "market", market_s / seconds, "market s/s", note=note)]


BENCHMARKS = [Benchmark("replay_goog", "market", _goog), Benchmark("simulated_market", "market", _simulation)]
