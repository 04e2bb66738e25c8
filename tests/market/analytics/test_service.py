"""The analytics thread: who is served, how often, and what happens when a chain cannot be reckoned."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pytest

from terminal.core.clock import at_ns
from terminal.core.instruments import Delivery, InstrumentKind, InstrumentTable, SessionProduct, Style
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.market.analytics import service
from terminal.market.analytics.chain_values import CarrySource, Override
from terminal.market.analytics.contracts import chain_contracts
from terminal.market.analytics.service import AnalyticsService, Interest
from terminal.market.rows import Ids, Quality, Rows
from tests.market.analytics import chains
from tests.market.analytics.chains import NOW_NS, RATE


class Quotes:
    """A market that shows what a test puts there."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.changed = 1
        self.broken = False
        self.reads: list[int] = []

    def read(self, ids: Ids) -> Rows:
        self.reads.append(int(ids[-1]))
        if self.broken:
            raise RuntimeError("the rows are gone")
        copied: Rows = self.rows[ids].copy()
        return copied


Scene = tuple[InstrumentTable, Quotes, list[int]]


@pytest.fixture
def market() -> Scene:
    """Two underlyings with a European chain each."""
    table = InstrumentTable()
    stocks = []
    for name in ("AAA", "BBB"):
        stock = table.add(name, InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
        stocks.append(stock.id)
        _list(table, stock.id, name, chains.EXPIRIES[0])
    rows = chains.blank(4096)
    for stock_id in stocks:
        contracts = chain_contracts(table, stock_id)
        rows[contracts.ids] = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
        quote = rows[stock_id : stock_id + 1]
        quote["bid_px"], quote["ask_px"], quote["quality"] = 999_900, 1_000_100, Quality.OK
        quote["bid_ts_ns"] = quote["ask_ts_ns"] = NOW_NS
    return table, Quotes(rows), stocks


def _list(table: InstrumentTable, stock: int, root: str, expiry: date) -> None:
    for strike in (90, 95, 100, 105, 110):
        for right in (Right.CALL, Right.PUT):
            symbol = make_option_symbol(root, expiry, right, strike * 1000)
            table.add_option(symbol, stock, at_ns(expiry, 16), style=Style.EUROPEAN, delivery=Delivery.CASH,
                             tick_class=TickClass.PENNY)  # fmt: skip


Start = Callable[..., AnalyticsService]


@pytest.fixture
def start(market: Scene) -> Iterator[Start]:
    started: list[AnalyticsService] = []

    def make(is_ready: Callable[[], bool] = lambda: True) -> AnalyticsService:
        table, quotes, _ = market
        found = AnalyticsService(table, quotes, lambda: NOW_NS, rate=RATE, is_ready=is_ready)
        found.start()
        started.append(found)
        return found

    yield make
    for each in started:
        each.stop()
        assert not each.is_alive()


def _until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_who_is_wanted_is_served_and_nobody_else(market: Scene, start: Start) -> None:
    _table, quotes, (first, second) = market
    running = start()
    time.sleep(0.1)
    assert quotes.reads == [], "nobody looks"
    running.want("panel", first)
    _until(lambda: running.values(first))
    found = running.values(first)
    assert found is not None
    assert found.surface is not None
    assert found.contracts.underlying == first
    assert running.values(second) is None
    assert running.why_none(first) == ""
    running.want("panel", second)
    _until(lambda: running.values(second))


def test_an_unchanged_market_is_not_reckoned_again(market: Scene, start: Start) -> None:
    _table, quotes, (first, _second) = market
    running = start()
    running.want("panel", first)
    _until(lambda: running.values(first))
    before = running.values(first)
    time.sleep(0.5)
    assert running.values(first) is before
    quotes.changed += 1
    _until(lambda: running.values(first) is not before)


def test_released_chains_rest(market: Scene, start: Start) -> None:
    _table, quotes, (first, _second) = market
    running = start()
    running.want("panel", first)
    running.want("other", first, Interest.WATCHED)
    _until(lambda: running.values(first))
    running.release("panel")
    running.release("other")
    time.sleep(0.2)
    count = len(quotes.reads)
    quotes.changed += 1
    time.sleep(0.4)
    assert len(quotes.reads) == count


def test_what_is_shown_goes_before_what_is_watched(market: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    table, quotes, (first, second) = market
    running = AnalyticsService(table, quotes, lambda: NOW_NS, rate=RATE, is_ready=lambda: True)
    assert running._load()
    running.want("a", first, Interest.WATCHED)
    running.want("b", second, Interest.SHOWN)
    assert running._next(0.0) == second
    running._run_one(second)
    quotes.changed += 1
    assert running._next(time.perf_counter()) == first, "the other is not due yet"
    monkeypatch.setattr(service, "INTERVAL_S", dict.fromkeys(Interest, 0.0))
    assert running._next(time.perf_counter()) == second


def test_a_pass_that_fails_is_said_and_the_other_chains_go_on(
    market: Scene, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    _table, quotes, (first, second) = market
    monkeypatch.setattr(service, "_AFTER_FAILURE_S", 0.1)
    running = start()
    quotes.broken = True
    running.want("panel", first)
    _until(lambda: "failed" in running.why_none(first))
    assert running.why_none(first) == "The analytics failed (RuntimeError in read); see the log."
    quotes.broken = False
    running.want("other", second)
    _until(lambda: running.values(second))
    quotes.changed += 1
    _until(lambda: running.values(first))
    assert running.why_none(first) == ""


def test_nothing_is_reckoned_before_the_models_are_compiled(
    market: Scene, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    _table, _quotes, (first, _second) = market
    compiled = threading.Event()
    monkeypatch.setattr(service, "_ASK_READY_S", 0.05)
    running = start(compiled.is_set)
    running.want("panel", first)
    time.sleep(0.2)
    assert running.values(first) is None
    assert running.why_none(first) == "The option models are being made ready; values follow."
    compiled.set()
    _until(lambda: running.values(first))


def test_a_series_listed_later_is_taken_in(market: Scene, start: Start) -> None:
    table, quotes, (first, _second) = market
    running = start()
    running.want("panel", first)
    _until(lambda: running.values(first))
    _list(table, first, "AAA", chains.EXPIRIES[1])
    contracts = chain_contracts(table, first)
    quotes.rows[contracts.ids] = chains.quoted(chains.fair(contracts, chains.smile(contracts)))
    quotes.changed += 1

    def taken() -> bool:
        found = running.values(first)
        return found is not None and len(found.contracts.expiries) == 2

    _until(taken)


def test_an_override_is_heard(market: Scene, start: Start) -> None:
    table, quotes, (first, _second) = market
    running = start()
    running.want("panel", first)
    _until(lambda: running.values(first))
    expiry = chain_contracts(table, first).expiries[0]
    running.override(first, (expiry.expires_ns, expiry.root), Override(forward=101.0))
    quotes.changed += 1

    def heard() -> bool:
        found = running.values(first)
        return found is not None and bool(found.carry.source[0] == CarrySource.TRADER)

    _until(heard)
    found = running.values(first)
    assert found is not None
    np.testing.assert_allclose(found.forward[0], 101.0, rtol=1e-12)


def test_an_override_is_heard_where_the_market_stands_still(market: Scene, start: Start) -> None:
    table, _quotes, (first, _second) = market
    running = start()
    running.want("panel", first)
    _until(lambda: running.values(first))
    expiry = chain_contracts(table, first).expiries[0]
    series = (expiry.expires_ns, expiry.root)
    assert running.told(first, series) is None
    running.override(first, series, Override(rate=0.07))
    assert running.told(first, series) == Override(rate=0.07)

    def heard() -> bool:
        found = running.values(first)
        return found is not None and bool(found.carry.rate[0] == 0.07)

    _until(heard)


def test_contracts_that_cannot_be_listed_do_not_end_the_thread(
    market: Scene, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, _quotes, (first, second) = market
    listed = chain_contracts

    def broken(table: InstrumentTable, underlying: int) -> object:
        if underlying == first:
            raise RuntimeError("the table changed")
        return listed(table, underlying)

    monkeypatch.setattr(service, "chain_contracts", broken)
    running = start()
    running.want("panel", first)
    _until(lambda: running.why_none(first))
    running.want("other", second)
    _until(lambda: running.values(second))
    nothing = table.add("NONE", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    running.want("third", nothing.id)
    _until(lambda: running.values(nothing.id))
    assert running.values(nothing.id).contracts.count == 0  # type: ignore[union-attr]


def test_models_that_cannot_be_loaded_are_said_and_tried_again(
    market: Scene, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    _table, _quotes, (first, _second) = market
    monkeypatch.setattr(service, "_ASK_READY_S", 0.05)
    answers = [OSError("the folder is gone")]

    def is_ready() -> bool:
        if answers:
            raise answers.pop()
        return True

    running = start(is_ready)
    running.want("panel", first)
    _until(lambda: running.values(first))


def test_time_alone_makes_values_anew_and_a_jump_is_read_again(market: Scene) -> None:
    table, quotes, (first, _second) = market
    times = [NOW_NS]
    running = AnalyticsService(table, quotes, lambda: times.pop() if len(times) > 1 else times[0], rate=RATE,
                               is_ready=lambda: True)  # fmt: skip
    assert running._load()
    running.want("panel", first)
    running._run_one(first)
    assert running._next(time.perf_counter() + 1.0) is None, "nothing moved"
    times[0] += 5 * 10**9
    assert running._next(time.perf_counter() + 1.0) == first, "options decay"
    reads = len(quotes.reads)
    # Back to the past between the clock and the rows.
    times[:] = [NOW_NS - 3600 * 10**9, NOW_NS]
    running._run_one(first)
    assert len(quotes.reads) == reads + 2
    found = running.values(first)
    assert found is not None
    assert found.now_ns == NOW_NS - 3600 * 10**9


def test_who_waited_long_is_not_kept_out_by_what_is_shown(market: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    table, quotes, (first, second) = market
    monkeypatch.setitem(service.INTERVAL_S, Interest.SHOWN, 0.0)
    running = AnalyticsService(table, quotes, lambda: NOW_NS, rate=RATE, is_ready=lambda: True)
    assert running._load()
    running.want("a", first, Interest.HELD)
    running.want("b", second, Interest.SHOWN)
    running._run_one(second)
    quotes.changed += 1
    now_s = time.perf_counter()
    assert running._next(now_s) == second, "it is shown, and always due"
    assert running._next(now_s + 6.0) == first
    running._run_one(first)
    quotes.changed += 1
    assert running._next(time.perf_counter() + 1.0) == second
