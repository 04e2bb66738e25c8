"""hftbacktest's tasks, run by peer_child.py in its environment: the feed alone, no orders and no latency.

Every backtest can be run once, so a stock of them is made before the clock runs. The events are its local ones only,
which spares it the exchange's half of the work.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

Columns = dict[str, Any]
Work = Callable[[], Columns]
STOCK = 10
LEVEL, TRADE, CLEAR, SNAPSHOT = range(4)
"""Of the column ``kind``."""
TICK, LOT = 0.1, 0.001
FAR_TICKS = 50_000
"""Prices up to here from the trades' median lie in the vector; the peer ignores the others."""


def _events(columns: Columns) -> Any:
    types = importlib.import_module("hftbacktest.types")
    events = np.zeros(len(columns["kind"]), types.event_dtype)
    kinds = np.array([types.DEPTH_EVENT, types.TRADE_EVENT, types.DEPTH_CLEAR_EVENT, types.DEPTH_SNAPSHOT_EVENT])
    sides = np.where(columns["side"] > 0, types.BUY_EVENT, types.SELL_EVENT)
    sides[columns["side"] == 0] = 0
    events["ev"] = kinds[columns["kind"]] | sides | types.LOCAL_EVENT
    events["exch_ts"] = events["local_ts"] = columns["ts_ns"]
    events["px"], events["qty"] = columns["price"], columns["quantity"]
    return events


def _sizes_of(kind: str) -> Any:
    """The sizes at the best prices, in the quickest way that is right: the vector's best_bid_qty is a price (2.4.4)."""
    numba = importlib.import_module("numba")
    if kind.startswith("Hash"):
        return numba.njit(lambda depth: (depth.best_bid_qty, depth.best_ask_qty))
    return numba.njit(
        lambda depth: (depth.bid_qty_at_tick(depth.best_bid_tick), depth.ask_qty_at_tick(depth.best_ask_tick))
    )


def _loop(kind: str) -> Any:
    numba = importlib.import_module("numba")
    sizes_of = _sizes_of(kind)

    @numba.njit
    def run(backtest: Any, wanted: Any, at_end: Any) -> Any:
        """``wanted``: 1 for a level, whose imbalance is added up, 2 for the last one of its update."""
        total, at, ends = 0.0, 0, 0
        while at < len(wanted):
            backtest.wait_next_feed(False, 10**18)  # says that data ended together with the last event
            if wanted[at]:
                bid, ask = sizes_of(backtest.depth(0))
                imbalance = (bid - ask) / (bid + ask) if bid > 0 and ask > 0 else 0.0
                total += imbalance
                if wanted[at] == 2:
                    at_end[ends] = imbalance
                    ends += 1
            at += 1
        depth = backtest.depth(0)
        bid, ask = sizes_of(depth)
        return total, at, depth.best_bid, depth.best_ask, bid, ask

    return run


def _work(columns: Columns, kind: str) -> Work:
    peer = importlib.import_module("hftbacktest")
    events, wanted = _events(columns), columns["wanted"]
    at_end = np.zeros(int((wanted == 2).sum()))
    middle = round(float(np.median(columns["price"][columns["kind"] == TRADE])) / TICK)

    def make() -> Any:
        asset = peer.BacktestAsset().data([events]).linear_asset(1.0).constant_order_latency(0, 0)
        asset = asset.risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
        asset = asset.tick_size(TICK).lot_size(LOT).last_trades_capacity(0)
        if kind.startswith("ROI"):
            asset = asset.roi_lb(max(middle - FAR_TICKS, 1) * TICK).roi_ub((middle + FAR_TICKS) * TICK)
        return getattr(peer, kind)([asset])

    run = _loop(kind)
    stock = [make() for _ in range(STOCK)]
    names = ("total", "events", "bid", "ask", "bid_size", "ask_size")

    def work(_kept: Any = events) -> Columns:  # the backtests point into the events' memory
        said = run(stock.pop(), wanted, at_end)
        return {**dict(zip(names, map(np.atleast_1d, said), strict=True)), "at_end": at_end}

    return work


TASKS: dict[str, Callable[[Columns], Work]] = {
    "hash_map": lambda columns: _work(columns, "HashMapMarketDepthBacktest"),
    "vector": lambda columns: _work(columns, "ROIVectorMarketDepthBacktest"),
}
