"""What one trade, quote or bar adds to an instrument's statistics of the day."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.money import ABSENT_PX
from terminal.market.kernel_options import HOT, INNER
from terminal.market.rows import QUOTE_ROW, Quality, Rows

BUCKETS = 12
BUCKET_NS = 5 * NS_PER_S
"""The last minute of order flow is the running five seconds and the eleven before them."""

MOST_FLOW = 1 << 62
"""Order flow stops there, and the sum of the buckets with it: it is no count of what was traded, which never may."""

BEFORE_OPEN, FROM_OPEN, PAUSED = 0, 1, 2
"""``timing`` of a row: until an open is said all time counts; since the open; it was interrupted or has closed."""

FLOW_ROW = np.dtype(
    [
        ("flow_imbalance", "i8"),
        ("quotes", "i8"),
        ("weigh_from_ns", "i8"),
        ("weighed_ns", "i8"),
        ("spread_ns", "f8"),
        ("bid_size_ns", "f8"),
        ("ask_size_ns", "f8"),
        ("widest_px", "i8"),
        ("bucket", "i8"),
        ("notional", "f8"),
        ("volume", "i8"),
        ("trades", "i8"),
        ("bought", "i8"),
        ("sold", "i8"),
        ("estimated", "i8"),
        ("largest_size", "i8"),
        ("largest_px", "i8"),
        ("largest_ts_ns", "i8"),
        ("off_book_volume", "i8"),
        ("off_book_trades", "i8"),
        ("tick_px", "i8"),
        ("day_ns", "i8"),
        ("tick_side", "i1"),
        ("timing", "u1"),
    ],
    align=True,
)
"""Sums that STATISTICS_ROW is made of. ``spread_ns`` and the like: value times nanoseconds. ``weigh_from_ns``: until
when the sums go. ``bucket``: number of the newest five seconds with order flow. ``tick_px``, ``tick_side``: the last
trade's price and the direction of the last price change. ``day_ns``: when the day began, 0 where nobody said."""


class FlowArrays(NamedTuple):
    """``rows``: FLOW_ROW by instrument, and one of zeros after the last. ``buckets``: (instrument, BUCKETS) order flow
    of five seconds each."""

    rows: Rows
    buckets: npt.NDArray[np.int64]


_flow = nb.from_dtype(FLOW_ROW)
_quote = nb.from_dtype(QUOTE_ROW)
FLOW_ARRAYS = nb.types.NamedTuple((_flow[::1], nb.int64[:, ::1]), FlowArrays)
_ABSENT = ABSENT_PX
_OK, _LOCKED = int(Quality.OK), int(Quality.LOCKED)
_BUCKETS, _BUCKET_NS, _MOST_FLOW = BUCKETS, BUCKET_NS, MOST_FLOW
_BEFORE_OPEN, _FROM_OPEN, _PAUSED = BEFORE_OPEN, FROM_OPEN, PAUSED


@nb.njit(nb.int64(_quote, _flow, nb.int64), **HOT)
def side_of(row, flow, px):  # type: ignore[no-untyped-def]
    """Who began a trade whose venue does not say: 1 the buyer, -1 the seller, 0 unknown.

    The quote rule, and at the mid or without a two-sided quote the tick rule (Lee and Ready 1991), against the quote of
    that moment: the five seconds of delay of their time are not those of today's tapes.
    """
    if row["quality"] == _OK or row["quality"] == _LOCKED:
        twice_off_mid = (px - row["bid_px"]) - (row["ask_px"] - px)
        if twice_off_mid != 0:
            return 1 if twice_off_mid > 0 else -1
    if flow["trades"] == 0:
        return 0
    if px != flow["tick_px"]:
        return 1 if px > flow["tick_px"] else -1
    return flow["tick_side"]


@nb.njit(nb.void(_flow, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **HOT)
def count_trade(flow, ts_ns, px, size, side, estimated, off_book):  # type: ignore[no-untyped-def]
    """Adds one print. Off the book it is counted apart and moves nothing else."""
    if off_book:
        flow["off_book_volume"] += size
        flow["off_book_trades"] += 1
        return
    if flow["trades"] > 0 and px != flow["tick_px"]:
        flow["tick_side"] = 1 if px > flow["tick_px"] else -1
    flow["tick_px"] = px
    flow["trades"] += 1
    flow["volume"] += size
    flow["notional"] += float(px) * float(size)
    if side > 0:
        flow["bought"] += size
    elif side < 0:
        flow["sold"] += size
    if estimated:
        flow["estimated"] += size
    if size > flow["largest_size"]:
        flow["largest_size"] = size
        flow["largest_px"] = px
        flow["largest_ts_ns"] = ts_ns


@nb.njit(nb.void(_flow, nb.int64, nb.int64, nb.int64, nb.int64), **INNER)
def count_bar(flow, high_px, low_px, close_px, volume):  # type: ignore[no-untyped-def]
    """Adds a bar whose trades are not known one by one: its volume has no side, its price is the typical one."""
    flow["volume"] += volume
    flow["notional"] += (float(high_px) + float(low_px) + float(close_px)) / 3.0 * float(volume)


@nb.njit(nb.void(_quote, _flow, nb.int64), **HOT)
def weigh(row, flow, ts_ns):  # type: ignore[no-untyped-def]
    """Adds the time for which the quote in ``row`` has stood; call it before the quote changes."""
    past_ns = ts_ns - flow["weigh_from_ns"]
    flow["weigh_from_ns"] = ts_ns
    if past_ns <= 0 or flow["timing"] == _PAUSED or (row["quality"] != _OK and row["quality"] != _LOCKED):
        return
    flow["weighed_ns"] += past_ns
    flow["spread_ns"] += float(row["ask_px"] - row["bid_px"]) * past_ns
    flow["bid_size_ns"] += float(row["bid_size"]) * past_ns
    flow["ask_size_ns"] += float(row["ask_size"]) * past_ns


@nb.njit(nb.void(_quote, FLOW_ARRAYS, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64, nb.int64), **HOT)
def count_quote(row, arrays, instrument, ts_ns, bid_px, bid_size, ask_px, ask_size):  # type: ignore[no-untyped-def]
    """Adds the order flow from the quote that stood, given as four numbers, to the one that ``row`` holds now.

    Cont, Kukanov and Stoikov 2014, eq. 4: what came to a side at its price or a better one, less what left it. A side
    that is absent has the worst price and no size. The day's first quote is where it begins.
    """
    flow = arrays.rows[instrument]
    flow["quotes"] += 1
    if (row["quality"] == _OK or row["quality"] == _LOCKED) and flow["timing"] != _PAUSED:
        flow["widest_px"] = max(flow["widest_px"], row["ask_px"] - row["bid_px"])
    if flow["quotes"] == 1:
        return
    change = 0
    now_px = row["bid_px"]
    if now_px >= bid_px:
        change += row["bid_size"]
    if now_px <= bid_px:
        change -= bid_size
    # An absent ask is the highest price: its number is the lowest, so it is moved up.
    now_px = row["ask_px"] if row["ask_px"] != _ABSENT else 2**62
    was_px = ask_px if ask_px != _ABSENT else 2**62
    if now_px <= was_px:
        change -= row["ask_size"]
    if now_px >= was_px:
        change += ask_size
    if change == 0:
        return
    flow["flow_imbalance"] = min(max(flow["flow_imbalance"] + change, -_MOST_FLOW), _MOST_FLOW)
    bucket = ts_ns // _BUCKET_NS
    newest = flow["bucket"]
    if bucket > newest:
        for each in range(max(newest + 1, bucket - _BUCKETS + 1), bucket + 1):
            arrays.buckets[instrument, each % _BUCKETS] = 0
        flow["bucket"] = bucket
    at = bucket % _BUCKETS
    most = _MOST_FLOW // _BUCKETS
    arrays.buckets[instrument, at] = min(max(arrays.buckets[instrument, at] + change, -most), most)


@nb.njit(nb.void(_quote, _flow, nb.int64, nb.boolean), **INNER)
def change_timing(row, flow, ts_ns, is_open):  # type: ignore[no-untyped-def]
    """The market opens, where the means begin anew unless it was only interrupted, or it is interrupted or closes."""
    weigh(row, flow, ts_ns)
    if not is_open:
        if flow["timing"] == _FROM_OPEN:
            flow["timing"] = _PAUSED
        return
    if flow["timing"] == _BEFORE_OPEN:
        flow["weighed_ns"] = 0
        flow["spread_ns"] = 0.0
        flow["bid_size_ns"] = 0.0
        flow["ask_size_ns"] = 0.0
        flow["widest_px"] = 0
        if row["quality"] == _OK or row["quality"] == _LOCKED:
            flow["widest_px"] = row["ask_px"] - row["bid_px"]
    flow["timing"] = _FROM_OPEN


@nb.njit(nb.void(FLOW_ARRAYS, nb.int64), **INNER)
def clear_flow(arrays, instrument):  # type: ignore[no-untyped-def]
    """A new day: all sums are zero."""
    arrays.buckets[instrument, :] = 0
    arrays.rows[instrument] = arrays.rows[len(arrays.rows) - 1]
