"""The look before the close and the record after it, on a small market."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

from terminal.app.day_end import LOOK_BEFORE_NS, DayEnd
from terminal.core.clock import at_ns
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, PRICE, SIZE, Kind, empty_batch
from terminal.core.money import PRICE_SCALE
from terminal.infra import calendars
from terminal.market.state import MarketState
from tests.market.analytics import chains


class Conductor:
    def __init__(self) -> None:
        self.due: list[tuple[int, Callable[[int], None]]] = []

    def at(self, ts_ns: int, _rank: object, action: Callable[[int], None]) -> None:
        self.due.append((ts_ns, action))

    def run(self, until_ns: int) -> None:
        for ts_ns, action in sorted((each for each in self.due if each[0] <= until_ns), key=lambda each: each[0]):
            self.due.remove((ts_ns, action))
            action(ts_ns)


class Worker:
    is_ready = True

    def submit(self, work: Callable[[], object]) -> None:
        work()


class Keeper:
    def __init__(self) -> None:
        self.rows: list[tuple[str, Any]] = []

    def add(self, symbol: str, rows: Any, made_from: str) -> None:
        assert made_from == "a test"
        self.rows.append((symbol, rows))


def quotes(state: MarketState, ids: np.ndarray, worth: np.ndarray, ts_ns: int) -> None:
    batch = empty_batch(len(ids))
    batch["kind"], batch["instrument"], batch["ts_ns"] = Kind.QUOTE, ids, ts_ns
    batch[BID], batch[ASK] = np.rint((worth - 0.01) * PRICE_SCALE), np.rint((worth + 0.01) * PRICE_SCALE)
    batch[BID_SIZE] = batch[ASK_SIZE] = 5
    state.apply(batch[batch[BID] > 0])


def trade(state: MarketState, instrument: int, price: float, ts_ns: int) -> None:
    batch = empty_batch(1)
    batch["kind"], batch["instrument"], batch["ts_ns"] = Kind.TRADE, instrument, ts_ns
    batch[PRICE], batch[SIZE] = round(price * PRICE_SCALE), 100
    state.apply(batch)


def test_the_record_has_the_quotes_of_the_look_and_the_prices_of_the_whole_day() -> None:
    table, stock, contracts = chains.listed()
    state, conductor, keeper = MarketState(table, "test"), Conductor(), Keeper()
    end = DayEnd(
        conductor, table, state, calendars.default(), Worker(), keeper, rate=chains.RATE, made_from="a test",
        split=lambda symbol, day: 2.0 if (symbol, day) == ("XYZ", chains.DAY) else 1.0,
    )  # fmt: skip
    end.start(chains.NOW_NS)
    close_ns = at_ns(chains.DAY, 16)
    # Before the open, as on the morning of a split.
    trade(state, stock.id, 700.0, at_ns(chains.DAY, 4, 1))
    for at, price in ((chains.NOW_NS, 99.0), (chains.NOW_NS + 1, 101.0), (chains.NOW_NS + 2, 100.0)):
        trade(state, stock.id, price, at)
    quotes(state, np.array([stock.id]), np.array([chains.SPOT]), chains.NOW_NS)
    quotes(state, contracts.ids, chains.fair(contracts, np.full(contracts.count, 0.3)), chains.NOW_NS + 3)
    conductor.run(close_ns - LOOK_BEFORE_NS)
    # What comes after the look is not in its vols.
    quotes(state, contracts.ids, chains.fair(contracts, np.full(contracts.count, 0.6)), close_ns - 1)
    trade(state, stock.id, 98.5, close_ns - 1)
    conductor.run(close_ns)
    [(symbol, row)] = keeper.rows
    assert symbol == "XYZ"
    assert row["day"][0] == np.datetime64(chains.DAY)
    assert [float(row[name][0]) for name in ("open", "high", "low", "close", "split")] == [99.0, 101.0, 98.5, 98.5, 2.0]
    assert row["atm_30"][0] == pytest.approx(0.3, abs=5e-3)
    assert (row["at_ns"][0], row["known_ns"][0]) == (close_ns - LOOK_BEFORE_NS, close_ns)
    # The next session's end is scheduled, and a market that begins again forgets it.
    assert min(ts_ns for ts_ns, _ in conductor.due) == at_ns(date(2026, 1, 6), 16) - LOOK_BEFORE_NS
    end.start(at_ns(chains.DAY, 10))
    before = len(keeper.rows)
    conductor.run(close_ns - 1)
    state.reset()
    conductor.run(close_ns)
    assert len(keeper.rows) == before, "a session without trades has no record"


def test_a_day_without_a_look_has_prices_and_no_vols() -> None:
    table, stock, _ = chains.listed()
    state, conductor, keeper = MarketState(table, "test"), Conductor(), Keeper()
    end = DayEnd(
        conductor, table, state, calendars.default(), Worker(), keeper, rate=None, made_from="a test"
    )  # fmt: skip
    close_ns = at_ns(chains.DAY, 16)
    end.start(close_ns - 30_000_000_000)
    trade(state, stock.id, 97.0, close_ns - 1)
    conductor.run(close_ns)
    [(_, row)] = keeper.rows
    assert row["close"][0] == 97.0
    assert row["at_ns"][0] == 0
    assert np.isnan(row["atm_30"][0])
