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
LEVEL, TRADE, CLEAR, SNAPSHOT = 0, 1, 2, 3
TICK, LOT = 0.1, 0.001
FAR_TICKS = 50_000


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


def _loop() -> Any:
    numba = importlib.import_module("numba")

    @numba.njit
    def run(backtest: Any, is_level: Any) -> Any:
        total, at = 0.0, 0
        while backtest.wait_next_feed(False, 10**18) == 2:
            depth = backtest.depth(0)
            if is_level[at]:
                bid, ask = depth.best_bid_qty, depth.best_ask_qty
                if bid > 0 and ask > 0:
                    total += (bid - ask) / (bid + ask)
            at += 1
        depth = backtest.depth(0)
        return total, at, depth.best_bid, depth.best_ask, depth.best_bid_qty, depth.best_ask_qty

    return run


def _work(columns: Columns, kind: str) -> Work:
    peer = importlib.import_module("hftbacktest")
    events, is_level = _events(columns), np.isin(columns["kind"], (LEVEL, SNAPSHOT))
    middle = round(float(np.median(columns["price"][columns["kind"] == TRADE])) / TICK)

    def make() -> Any:
        asset = peer.BacktestAsset().data([events]).linear_asset(1.0).constant_order_latency(0, 0)
        asset = asset.risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
        asset = asset.tick_size(TICK).lot_size(LOT).last_trades_capacity(0)
        if kind.startswith("ROI"):
            asset = asset.roi_lb(max(middle - FAR_TICKS, 1) * TICK).roi_ub((middle + FAR_TICKS) * TICK)
        return getattr(peer, kind)([asset])

    run = _loop()
    stock = [make() for _ in range(STOCK)]

    def work(_kept: Any = events) -> Columns:  # the backtests point into the events' memory
        said = run(stock.pop(), is_level)
        return dict(
            zip(("imbalance", "events", "bid", "ask", "bid_size", "ask_size"), map(np.atleast_1d, said), strict=True)
        )

    return work


TASKS: dict[str, Callable[[Columns], Work]] = {
    "hash_map": lambda columns: _work(columns, "HashMapMarketDepthBacktest"),
    "vector": lambda columns: _work(columns, "ROIVectorMarketDepthBacktest"),
}
