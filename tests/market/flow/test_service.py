"""The flow thread over a real market: nothing lost, unusual orders told once, exposures under named assumptions."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from terminal.core.clock import NS_PER_DAY, NS_PER_MS, NS_PER_S, at_ns
from terminal.core.messages import Flag, Kind, empty_batch
from terminal.core.osi import Right
from terminal.market.analytics.chain_pass import ChainPass
from terminal.market.analytics.chain_values import ChainValues, Spot, SpotSource
from terminal.market.analytics.contracts import STANDARD_SHARES
from terminal.market.flow.exposure import REACH, Holding, dealer_contracts, exposure, flip_level
from terminal.market.flow.judgement import event_ratio
from terminal.market.flow.service import FlowService
from terminal.market.flow.sums import by_underlying
from terminal.market.flow.tape import FlowTape
from terminal.market.rows import QUOTE_ROW, Rows
from terminal.market.state import MarketState
from terminal.quant import european
from tests.market.analytics import chains
from tests.market.flow.option_prints import STOCK, One, listed, option, prints

START_NS = at_ns(date(2026, 1, 5), 10)


class Desk:
    """A market, the flow over it, and what it told."""

    def __init__(self) -> None:
        self.table = listed()
        self.market = MarketState(self.table, "test")
        self.now_ns = START_NS
        self.told: list[Rows] = []
        self.values: ChainValues | None = None
        self.flow = FlowService(
            self.table, self.market, lambda: self.now_ns, lambda underlying: self.values, self.told.append
        )
        self.call = option(self.table, 100, Right.CALL)

    def send(self, kind: Kind, *values: int, flags: int = 0, after_ms: int = 1, count: int = 1) -> None:
        batch = empty_batch(count)
        self.now_ns += after_ms * NS_PER_MS
        batch["kind"], batch["instrument"], batch["ts_ns"], batch["flags"] = kind, self.call, self.now_ns, flags
        for place, value in enumerate(values):
            batch[f"v{place}"] = value
        self.market.apply(batch)

    def block(self, size: int = 5_000, **more: int) -> None:
        self.send(Kind.TRADE, 11_000, size, flags=int(Flag.BUYER_AGGRESSOR), **more)


def quoted() -> Desk:
    desk = Desk()
    desk.send(Kind.QUOTE, 10_000, 11_000, 50, 50)
    desk.send(Kind.OPEN_INTEREST, 1_000)
    return desk


def test_an_unusual_order_is_told_within_a_second_and_never_again() -> None:
    desk = quoted()
    desk.block()
    desk.flow.look()
    assert not desk.told, "it may still grow"
    desk.now_ns += 700 * NS_PER_MS
    desk.flow.look()
    assert [int(each["size"][0]) for each in desk.told] == [5_000]
    for _ in range(3):
        desk.flow.look()
        desk.block(after_ms=2_000)
    desk.now_ns += NS_PER_S
    desk.flow.look()
    assert len(desk.told) == 1, "one contract, one side, one day"
    desk.now_ns += NS_PER_DAY
    desk.block()
    desk.now_ns += NS_PER_S
    desk.flow.look()
    assert len(desk.told) == 2


def test_small_orders_are_not_told() -> None:
    desk = quoted()
    desk.block(10)
    desk.now_ns += NS_PER_S
    desk.flow.look()
    assert not desk.told
    assert desk.flow.state().prints == 1


class SmallRing:
    """A ring with room for few prints, in the place of the market's."""

    def __init__(self, rows: Rows, kept: int) -> None:
        self.prints, self._rows, self._kept = self, rows, kept

    @property
    def last_number(self) -> int:
        return len(self._rows)

    def read(self, instrument: object, after: int = 0, most: int = 0) -> Rows:
        if isinstance(instrument, np.ndarray):
            return np.zeros(len(instrument), QUOTE_ROW)
        first = max(after, len(self._rows) - self._kept, len(self._rows) - most)
        return self._rows[first:]


def test_prints_that_were_gone_before_they_could_be_read_are_counted() -> None:
    table = listed()
    call = option(table, 100, Right.CALL)
    ring: Any = SmallRing(prints([One(at, call) for at in range(100)]), 30)
    flow = FlowService(table, ring, lambda: START_NS, lambda underlying: None)
    flow.look()
    assert (flow.state().prints, flow.state().lost) == (30, 70)
    flow.look()
    assert (flow.state().prints, flow.state().lost) == (30, 70)


def test_prints_before_one_that_fails_count_once_and_those_after_it_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    table = listed()
    call = option(table, 100, Right.CALL)
    ring: Any = SmallRing(prints([One(at, call) for at in range(100)]), 1_000)
    flow = FlowService(table, ring, lambda: START_NS, lambda underlying: None)
    add, calls = flow._tape.add, iter(range(9))

    def failing(rows: Rows) -> None:
        if next(calls) == 1:
            raise ValueError("no such contract")
        add(rows)

    monkeypatch.setattr(FlowTape, "add", lambda tape, rows: failing(rows))
    with pytest.raises(ValueError, match="no such contract"):
        flow.look()
    flow.look()
    state = flow.state()
    assert 0 < state.prints < 100
    assert state.prints + state.lost == 100


def test_a_reader_comes_between_two_small_batches_of_a_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    table = listed()
    call = option(table, 100, Right.CALL)
    ring: Any = SmallRing(prints([One(at, call) for at in range(200)]), 1_000)
    flow = FlowService(table, ring, lambda: START_NS, lambda underlying: None)
    sizes: list[int] = []
    reader = threading.Thread(target=flow.state)

    def slow(tape: FlowTape, rows: Rows) -> None:
        sizes.append(len(rows))
        if len(sizes) == 1:
            reader.start()
            while not flow._turnstile.locked():
                pass
        else:
            reader.join(2.0)
            assert not reader.is_alive(), "a waiting reader goes before the next batch"

    monkeypatch.setattr(FlowTape, "add", slow)
    flow.look()
    assert sum(sizes) == 200
    assert max(sizes) <= 50, "about 1.5 ms"


def test_prints_that_come_while_others_are_read_are_not_passed_over() -> None:
    table = listed()
    call = option(table, 100, Right.CALL)
    ring: Any = SmallRing(prints([One(at, call) for at in range(100)]), 1_000)
    seen = iter([40, 40, *[100] * 20])

    class Growing(SmallRing):
        @property
        def last_number(self) -> int:
            return next(seen)

    ring = Growing(ring._rows, 1_000)
    flow = FlowService(table, ring, lambda: START_NS, lambda underlying: None)
    flow.look()
    assert (flow.state().prints, flow.state().lost) == (100, 0)


def test_a_market_that_begins_again_begins_a_new_tape() -> None:
    desk = quoted()
    desk.block()
    desk.flow.look()
    before = desk.flow.state().runs
    desk.market.prints.clear()
    desk.block(3)
    desk.block(4, after_ms=700)
    desk.flow.look()
    desk.market.prints.clear()
    desk.flow.look()
    assert desk.flow.state().runs > before
    assert not len(desk.flow.orders(0))


def test_the_thread_follows_by_itself_and_readers_get_copies() -> None:
    desk = quoted()
    desk.flow.start()
    try:
        desk.block(7)
        for _ in range(200):
            if desk.flow.state().prints:
                break
            desk.flow._wake.wait(0.02)
        orders = desk.flow.orders(0)
        assert orders["size"].sum() == 7
        orders["size"] = 0
        assert desk.flow.orders(0)["size"].sum() == 7
        assert by_underlying(desk.flow.sums(), STOCK).call_volume == 7
        assert desk.flow.cells(STOCK, 0)["volume"].sum() == 7
        assert not len(desk.flow.cells(STOCK + 1, 0))
    finally:
        desk.flow.stop()
    assert not desk.flow.is_alive()


def reckoned(level: float = 0.25) -> tuple[ChainValues, int]:
    table, stock, contracts = chains.listed()
    del table, stock
    vol = chains.smile(contracts, level=level)
    rows = chains.quoted(chains.fair(contracts, vol))
    spot = Spot(chains.SPOT, chains.NOW_NS, SpotSource.MID)
    return ChainPass(contracts, rate=chains.RATE).run(rows, spot, chains.NOW_NS), contracts.count


def test_exposure_is_greeks_times_what_dealers_hold() -> None:
    values, count = reckoned()
    rng = np.random.default_rng(3)
    interest = rng.integers(0, 5_000, count)
    bought = rng.integers(-400, 400, count)
    calls = values.contracts.is_call
    for holding in Holding:
        found = exposure(values, interest, bought, holding)
        held = dealer_contracts(calls, interest, bought, holding)
        expected = np.nansum(held * STANDARD_SHARES * values.values["gamma"]) * values.spot.price**2 * 0.01
        assert found.total_gamma == pytest.approx(expected)
        assert found.counted + found.left_out == np.count_nonzero(held)
    sold = exposure(values, interest, bought, Holding.CALLS_SOLD)
    long = exposure(values, interest, bought, Holding.CALLS_BOUGHT)
    assert np.allclose(sold.gamma, -long.gamma)
    assert sold.flip == pytest.approx(long.flip)
    assert (sold.gamma[0] >= 0).all()
    assert (sold.gamma[1] <= 0).all()


def test_dealers_gamma_is_zero_at_the_flip_level() -> None:
    values, count = reckoned()
    calls, strike = values.contracts.is_call, values.contracts.strike
    interest = np.where(calls & (strike >= 105), 3_000, np.where(~calls & (strike <= 95), 3_000, 0)).astype(np.int64)
    found = exposure(values, interest, np.zeros(count, np.int64), Holding.CALLS_SOLD)
    assert abs(found.flip / values.spot.price - 1.0) < REACH
    held = dealer_contracts(calls, interest, interest, Holding.CALLS_SOLD)
    place = values.contracts.expiry_row

    def total(spot: float) -> float:
        gamma = european.greeks(
            np.full(count, spot), strike, values.time[place], values.values["vol"], values.carry.rate[place],
            values.carry.carry_yield[place], calls,
        ).gamma  # fmt: skip
        return float(np.nansum(gamma * held))

    below, above = total(found.flip * 0.99), total(found.flip * 1.01)
    assert below * above < 0
    assert abs(total(found.flip)) < 0.05 * max(abs(below), abs(above))
    only_calls = np.where(calls, 100, 0).astype(np.int64)
    assert np.isnan(exposure(values, only_calls, only_calls, Holding.CALLS_SOLD).flip)


def test_a_flip_needs_a_change_of_sign_and_not_gammas_too_small_for_a_number() -> None:
    values, _ = reckoned()
    # Minutes from expiry gamma is exactly 0 away from the strikes, and positive around them.
    values = replace(values, time=np.full_like(values.time, 1e-6))
    calls = np.where(values.contracts.is_call, 100, 0).astype(np.int64)
    held = dealer_contracts(values.contracts.is_call, calls, calls, Holding.CALLS_SOLD)
    known = np.isfinite(values.values["gamma"]) & (np.abs(values.contracts.strike - values.spot.price) < 6.0)
    assert known.any()
    assert np.isnan(flip_level(values, held * known, known))


def test_the_event_ratio_is_near_one_without_an_event() -> None:
    values, _ = reckoned()
    for each in values.contracts.expiries[:-1]:
        assert 0.7 < event_ratio(values, each.expires_ns) < 1.4
    assert np.isnan(event_ratio(values, values.contracts.expiries[-1].expires_ns))


def test_greeks_are_those_of_the_trade_and_old_ones_are_not_used() -> None:
    values, _ = reckoned()
    desk = Desk()
    desk.table, _, contracts = chains.listed()
    desk.market = MarketState(desk.table, "test")
    desk.values, desk.now_ns, desk.call = values, chains.NOW_NS, int(contracts.ids[0])
    desk.flow = FlowService(desk.table, desk.market, lambda: desk.now_ns, lambda underlying: desk.values)
    desk.block(1)
    desk.block(1, after_ms=61_000)
    desk.flow.look()
    first, second = desk.flow.orders(0)
    assert first["delta"] == values.values["delta"][0]
    assert first["greeks_ns"] == values.now_ns
    assert np.isnan(second["delta"])
    assert second["greeks_ns"] == 0
