"""Statistics of each instrument's day, made on reading from the sums that the kernel keeps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY
from terminal.core.money import ABSENT_PX
from terminal.market.rows import STATISTICS_ROW, Ids, Quality, Rows
from terminal.market.sequence_lock import SequenceLock
from terminal.market.statistics_kernel import BUCKET_NS, BUCKETS, FLOW_ROW, PAUSED, FlowArrays

Floats = npt.NDArray[np.float64]
_SUMMED = (
    "notional", "volume", "off_book_volume", "trades", "off_book_trades", "bought", "sold", "estimated",
    "largest_size", "largest_px", "largest_ts_ns", "flow_imbalance", "quotes",
)  # fmt: skip


class StatisticsStore:
    """Written by the kernel on the engine thread under ``lock``; readers get copies.

    ``quotes``: the quote rows; ``now_ns``: gives the market time that the state has reached.
    """

    def __init__(self, lock: SequenceLock, quotes: Rows, now_ns: Callable[[], int]) -> None:
        self._lock = lock
        self._quotes = quotes
        self._now_ns = now_ns
        self.arrays = FlowArrays(np.zeros(CAPACITY + 1, FLOW_ROW), np.zeros((CAPACITY, BUCKETS), np.int64))

    def clear(self, used: int) -> None:
        """Forgets the first ``used`` instruments' statistics. Under the lock."""
        self.arrays.rows[:used] = np.zeros(1, FLOW_ROW)
        self.arrays.buckets[:used] = 0

    def read(self, ids: Ids) -> Rows:
        """STATISTICS_ROW of each of ``ids``, all of one moment; any thread."""
        flow, buckets, quotes, now_ns = self._lock.copy(
            lambda: (self.arrays.rows[ids], self.arrays.buckets[ids], self._quotes[ids], self._now_ns())
        )
        rows = np.zeros(len(ids), STATISTICS_ROW)
        for name in _SUMMED:
            rows[name] = flow[name]
        rows["unsided"] = flow["volume"] - flow["bought"] - flow["sold"]
        rows["vwap_px"] = _quotient(flow["notional"], flow["volume"].astype(np.float64))
        rows["flow_imbalance_minute"] = _last_minute(flow["bucket"], buckets, now_ns)
        _put_best(rows, quotes)
        _put_means(rows, flow, quotes, now_ns)
        return rows


def _quotient(above: Floats, below: Floats) -> Floats:
    found: Floats = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


def _last_minute(newest: npt.NDArray[np.int64], buckets: npt.NDArray[np.int64], now_ns: int) -> npt.NDArray[np.int64]:
    """Sum of the buckets that are not too old at ``now_ns``; each place holds the newest number that falls on it."""
    number = newest[:, None] - (newest[:, None] - np.arange(BUCKETS)) % BUCKETS
    total: npt.NDArray[np.int64] = np.where(number > now_ns // BUCKET_NS - BUCKETS, buckets, 0).sum(axis=1)
    return total


def _is_two_sided(quotes: Rows) -> npt.NDArray[np.bool_]:
    sound: npt.NDArray[np.bool_] = (quotes["quality"] == Quality.OK) | (quotes["quality"] == Quality.LOCKED)
    return sound


def _put_best(rows: Rows, quotes: Rows) -> None:
    """Spread, imbalance and micro-price of the quote that stands."""
    sound = _is_two_sided(quotes)
    bid_px, ask_px = (np.where(quotes[name] == ABSENT_PX, 0, quotes[name]).astype(float) for name in _PRICES)
    bid_size, ask_size = quotes["bid_size"].astype(float), quotes["ask_size"].astype(float)
    both = np.where(sound, bid_size + ask_size, 0.0)
    rows["spread_px"] = np.where(sound, ask_px - bid_px, np.nan)
    rows["depth_imbalance"] = _quotient(bid_size - ask_size, both)
    rows["micro_px"] = _quotient(bid_px * ask_size + ask_px * bid_size, both)


_PRICES = ("bid_px", "ask_px")


def _put_means(rows: Rows, flow: Rows, quotes: Rows, now_ns: int) -> None:
    """Means over the time that was weighed and that for which the present quote has stood since."""
    counts = _is_two_sided(quotes) & (flow["timing"] != PAUSED)
    past_ns = np.where(counts, np.maximum(now_ns - flow["weigh_from_ns"], 0), 0)
    rows["weighed_ns"] = flow["weighed_ns"] + past_ns
    total = rows["weighed_ns"].astype(float)
    spread_px = np.where(counts, rows["spread_px"], 0.0)
    rows["mean_spread_px"] = _quotient(flow["spread_ns"] + spread_px * past_ns, total)
    rows["mean_bid_size"] = _quotient(flow["bid_size_ns"] + quotes["bid_size"] * past_ns.astype(float), total)
    rows["mean_ask_size"] = _quotient(flow["ask_size_ns"] + quotes["ask_size"] * past_ns.astype(float), total)
    rows["widest_spread_px"] = np.where(flow["quotes"] > 0, flow["widest_px"], np.nan)
