"""The large option orders of the simulated market: at the quotes that stand, told from the small trades, any cut."""

from __future__ import annotations

import numpy as np

from terminal.core.messages import ASK, BID, PRICE, SIZE, Kind
from terminal.market.flow.rows import Mark
from terminal.market.flow.service import FlowService
from terminal.market.state import MarketState
from terminal.venues.sim.large_orders import VENUES
from tests.venues.sim.conftest import Morning


def test_they_are_there_and_trade_at_or_near_the_quote_that_stands(morning: Morning) -> None:
    messages = morning.messages
    large = messages[(messages["venue"] > 0) & (messages["kind"] == Kind.TRADE)]
    assert len(large) > 20
    assert large["venue"].max() <= VENUES
    assert not (messages["venue"][messages["kind"] != Kind.TRADE] > 0).any()
    for one in large:
        before = messages[(messages["ts_ns"] <= one["ts_ns"]) & (messages["instrument"] == one["instrument"])]
        quote = before[before["kind"] == Kind.QUOTE][-1]
        tick = max(int(quote[ASK]) - int(quote[BID]), 1_000)
        assert quote[BID] - tick <= one[PRICE] <= quote[ASK] + tick
        assert one[SIZE] > 0


def test_the_flow_finds_sweeps_and_blocks_in_the_simulated_market(morning: Morning) -> None:
    table, messages = morning.table, morning.messages
    state = MarketState(table, "sim")
    flow = FlowService(table, state, lambda: 0, lambda underlying: None)
    for first in range(0, len(messages), 100_000):
        state.apply(messages[first : first + 100_000])
        flow.look()
    of_options = (table.underlying_of[np.maximum(messages["instrument"], 0)] >= 0) & (messages["instrument"] >= 0)
    truth = np.count_nonzero((messages["kind"] == Kind.TRADE) & of_options & (messages[SIZE] > 0))
    orders = flow.orders(0)
    assert flow.state().prints == truth
    assert flow.state().lost == 0
    for mark in (Mark.SWEEP_VENUES, Mark.BLOCK):
        assert (orders["marks"] & int(mark) != 0).any(), mark
    # What is a sweep in truth has venues; three small trades that are close by chance are rare.
    sweeps = orders[orders["marks"] & int(Mark.sweep()) != 0]
    assert (sweeps["venues"] > 1).mean() > 0.5
