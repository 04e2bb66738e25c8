"""Bars as arrays: made from prints, merged into coarser ones, and the best of several sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.messages import CLOSE, HIGH, LOW, OPEN, PRICE, SIZE, VOLUME, Batch, Flag, Kind
from terminal.store import roll_ups

BAR = np.dtype([("ts_ns", "i8"), ("open", "i8"), ("high", "i8"), ("low", "i8"), ("close", "i8"), ("volume", "i8")])
"""One bar of trades; ``ts_ns`` is its start, prices are integers at the instrument's scale."""

Bars = npt.NDArray[np.void]
DAY_S = 86_400

RANKED = np.dtype([*BAR.descr, ("rank", "i8")])
"""A bar with the rank of its source: the highest speaks."""


def merge(bars: Bars, seconds: int) -> Bars:
    """Coarser bars from finer ones or from prints (BAR, ascending): first open, extremes, last close, summed volume.

    From half an hour on they begin at 09:30 New York, where the session does; days are New York's.
    """
    if len(bars) == 0:
        return np.empty(0, BAR)
    starts = bar_starts(bars["ts_ns"], seconds)
    first = np.flatnonzero(np.r_[True, starts[1:] != starts[:-1]])
    merged = np.empty(len(first), BAR)
    merged["ts_ns"] = starts[first]
    merged["open"] = bars["open"][first]
    merged["close"] = bars["close"][np.r_[first[1:], len(bars)] - 1]
    merged["high"] = np.maximum.reduceat(bars["high"], first)
    merged["low"] = np.minimum.reduceat(bars["low"], first)
    merged["volume"] = np.add.reduceat(bars["volume"], first)
    return merged


def bar_starts(ts_ns: npt.NDArray[np.int64], seconds: int) -> npt.NDArray[np.int64]:
    """Start of the bar that each time falls into."""
    frame_ns = seconds * NS_PER_S
    if seconds < 1800:
        return ts_ns - ts_ns % frame_ns
    # The zone's offset changes at most twice a year, never inside a session: one look-up a UTC day is enough.
    days, where = np.unique(ts_ns // (DAY_S * NS_PER_S), return_inverse=True)
    noon_ns = (days * DAY_S + DAY_S // 2) * NS_PER_S
    midnights_ns = np.array([roll_ups.day_start(int(noon)) for noon in noon_ns], np.int64)
    # New York's midnight comes so much later than UTC's.
    offset_ns = -(midnights_ns % (DAY_S * NS_PER_S))
    anchor_ns = (9 * 3600 + 1800) * NS_PER_S if seconds < DAY_S else 0
    local = ts_ns + offset_ns[where] - anchor_ns
    starts: npt.NDArray[np.int64] = local - local % frame_ns + anchor_ns - offset_ns[where]
    return starts


def as_prints(batch: Batch) -> Bars:
    """Trades and bars as BAR rows at their instant, in the order of time; off-book prints make no bar."""
    trades = batch[(batch["kind"] == Kind.TRADE) & ((batch["flags"] & int(Flag.OFF_BOOK)) == 0)]
    bars = batch[(batch["kind"] == Kind.BAR) & ((batch["flags"] & int(Flag.COARSE)) == 0)]
    prints = np.empty(len(trades) + len(bars), BAR)
    split = len(trades)
    prints["ts_ns"][:split] = trades["ts_ns"]
    # A bar is stamped with its end, so it belongs to the interval that ended there.
    prints["ts_ns"][split:] = bars["ts_ns"] - 1
    for field, of_bar in (("open", OPEN), ("high", HIGH), ("low", LOW), ("close", CLOSE), ("volume", VOLUME)):
        prints[field][:split] = trades[SIZE if field == "volume" else PRICE]
        prints[field][split:] = bars[of_bar]
    return prints[np.argsort(prints["ts_ns"], kind="stable")]


def ranked(bars: Bars, rank: int) -> npt.NDArray[Any]:
    """RANKED rows of one source."""
    found = np.empty(len(bars), RANKED)
    for field in BAR.names or ():
        found[field] = bars[field]
    found["rank"] = rank
    return found


def best(bars: npt.NDArray[Any]) -> Bars:
    """One bar a start: that of the highest rank."""
    ordered = bars[np.lexsort((bars["rank"], bars["ts_ns"]))]
    last = np.r_[ordered["ts_ns"][1:] != ordered["ts_ns"][:-1], True] if len(ordered) else np.zeros(0, np.bool_)
    return plain(ordered[last])


def plain(bars: npt.NDArray[Any]) -> Bars:
    """BAR rows without what else they say."""
    found = np.empty(len(bars), BAR)
    for field in BAR.names or ():
        found[field] = bars[field]
    return found
