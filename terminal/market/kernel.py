"""The one kernel: a batch of messages into all market state. No Python code runs per message.

Compiled without the GIL, so that the face goes on while a batch is applied; one thread writes.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.messages import (
    CLOSE,
    HIGH,
    INTEREST,
    LOW,
    MESSAGE,
    OPEN,
    PHASE,
    PHASE_SESSION,
    PRICE,
    SIZE,
    VOLUME,
    Flag,
    Kind,
    Phase,
)
from terminal.market.activity_kernel import ACTIVITY_ARRAYS, grow_activity
from terminal.market.bar_kernel import BAR_ARRAYS, grow_bars, keep_coarse
from terminal.market.book_kernel import apply_book_message
from terminal.market.book_kernel import begin_day as begin_books_day
from terminal.market.book_level_kernel import BOOKS
from terminal.market.depth_history_kernel import cross_time
from terminal.market.kernel_options import HOT, INNER, OUTER
from terminal.market.print_kernel import PRINT_ARRAYS, add_print
from terminal.market.quote_kernel import PRIME, begin_day, mix, set_last, set_official, set_quote
from terminal.market.refusal_kernel import TOTAL_REFUSED, fault_of
from terminal.market.rows import QUOTE_ROW, Rows
from terminal.market.statistics_kernel import (
    FLOW_ARRAYS,
    change_timing,
    clear_flow,
    count_bar,
    count_quote,
    count_trade,
    side_of,
    weigh,
)
from terminal.market.volume_kernel import VOLUME_ARRAYS, add_volume, clear_volume, spread_volume

NOW_NS, SAID, FIRST_SAID_NS, LAST_SAID_NS, STEPPED_BACK, CLOCK_NS = range(6)
MOST_VOLUME = 1 << 60
"""A day's volume of one instrument is never more: bars of a week, and sums of what was bought and sold, fit 64 bits."""


class CoreArrays(NamedTuple):
    """``quotes``: QUOTE_ROW by instrument id. ``kind_of``, ``session_of``: of the instrument table. ``counts``:
    messages by (instrument kind, message kind). ``refused``: messages by reason (``refusal_kernel.REASONS``).
    ``pulse``: [market time reached, messages that are a sign of life of the feed, time of the first and of the last of
    them, messages stamped before an earlier one, time of the newest CLOCK]."""

    quotes: Rows
    kind_of: npt.NDArray[np.uint8]
    session_of: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]
    refused: npt.NDArray[np.int64]
    pulse: npt.NDArray[np.int64]


_QUOTE, _TRADE, _BAR, _DEPTH = int(Kind.QUOTE), int(Kind.TRADE), int(Kind.BAR), int(Kind.DEPTH)
_INTEREST, _OFFICIAL, _PHASE_CHANGE = int(Kind.OPEN_INTEREST), int(Kind.OFFICIAL), int(Kind.PHASE_CHANGE)
_BOOK_UPDATE, _CLOCK = int(Kind.BOOK_UPDATE), int(Kind.CLOCK)
_BUYER, _SELLER, _OFF_BOOK = int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR), int(Flag.OFF_BOOK)
_COARSE, _MINUTE_NS = int(Flag.COARSE), 60 * NS_PER_S
_PRE_MARKET, _OPEN = int(Phase.PRE_MARKET), int(Phase.OPEN)
_KEEPS_SIDES = int(Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED)
_PRIME = PRIME
_CLOCK_NS, _MOST_VOLUME, _TOTAL = CLOCK_NS, MOST_VOLUME, TOTAL_REFUSED
_NOW, _SAID, _FIRST_SAID, _LAST_SAID, _STEPPED_BACK = NOW_NS, SAID, FIRST_SAID_NS, LAST_SAID_NS, STEPPED_BACK

_message = nb.from_dtype(MESSAGE)
_quote = nb.from_dtype(QUOTE_ROW)
CORE_ARRAYS = nb.types.NamedTuple(
    (_quote[::1], nb.uint8[::1], nb.uint8[::1], nb.int64[:, ::1], nb.int64[::1], nb.int64[::1]), CoreArrays
)


@nb.njit(nb.void(BOOKS, nb.uint8[:], nb.int64, nb.int64), **INNER)
def _begin_books_day(books, session_of, instrument, session):  # type: ignore[no-untyped-def]
    for i in range(len(books.slot_of)):
        if i == instrument or (instrument < 0 and (session == 0 or session_of[i] == session)):
            begin_books_day(books, i)


@nb.njit(nb.void(CORE_ARRAYS, FLOW_ARRAYS, VOLUME_ARRAYS, _message, nb.int64), **INNER)
def _change_phase(core, flow, volumes, message, ts_ns):  # type: ignore[no-untyped-def]
    instrument, session, phase = message["instrument"], message[PHASE_SESSION], message[PHASE]
    first, last = (instrument, instrument + 1) if instrument >= 0 else (0, len(core.quotes))
    keeps_sides = message["flags"] & _KEEPS_SIDES == _KEEPS_SIDES
    for i in range(first, last):
        if instrument < 0 and session != 0 and core.session_of[i] != session:
            continue
        row = core.quotes[i]
        row["phase"] = phase
        if core.kind_of[i] == 0:
            continue
        if phase == _PRE_MARKET:
            begin_day(row, keeps_sides)
            clear_flow(flow, i)
            flow.rows[i]["day_ns"] = ts_ns
            flow.rows[i]["weigh_from_ns"] = ts_ns  # A quote that stays stands in the new day from its begin on.
            clear_volume(volumes, i)
        else:
            change_timing(row, flow.rows[i], ts_ns, phase == _OPEN)


@nb.njit(nb.int64(nb.uint8), **HOT)
def _said_side(flags):  # type: ignore[no-untyped-def]
    return 1 if flags & _BUYER else (-1 if flags & _SELLER else 0)


@nb.njit(
    nb.void(
        CORE_ARRAYS, BAR_ARRAYS, PRINT_ARRAYS, FLOW_ARRAYS, VOLUME_ARRAYS, ACTIVITY_ARRAYS, _message, nb.int64
    ), **HOT)  # fmt: skip
def _apply_trade(core, bars, prints, flow, volumes, activity, message, ts_ns):  # type: ignore[no-untyped-def]
    instrument = message["instrument"]
    row, sums = core.quotes[instrument], flow.rows[instrument]
    px, size, flags = message[PRICE], message[SIZE], message["flags"]
    side = _said_side(flags)
    row["volume"] += size
    row["aggressor"] = side
    off_book = flags & _OFF_BOOK != 0
    estimated = False
    if side == 0 and not off_book:
        side = side_of(row, sums, px)
        estimated = side != 0
    add_print(
        prints, instrument, ts_ns, px, size, row["bid_px"], row["ask_px"], message["venue"], side, flags, estimated
    )
    count_trade(sums, ts_ns, px, size, side, estimated, off_book)
    if off_book:
        return
    set_last(row, px, size, ts_ns)
    row["high_px"] = max(row["high_px"], px)
    row["low_px"] = min(row["low_px"], px)
    grow_bars(bars, instrument, ts_ns, px, px, px, px, size)
    add_volume(volumes, instrument, px, size, side)
    grow_activity(activity, instrument, ts_ns, px, size, side)


@nb.njit(nb.void(CORE_ARRAYS, BAR_ARRAYS, FLOW_ARRAYS, VOLUME_ARRAYS, _message, nb.int64), **INNER)
def _apply_bar(core, bars, flow, volumes, message, ts_ns):  # type: ignore[no-untyped-def]
    instrument = message["instrument"]
    row, volume = core.quotes[instrument], message[VOLUME]
    open_px, high_px, low_px, close_px = message[OPEN], message[HIGH], message[LOW], message[CLOSE]
    is_coarse = message["flags"] & _COARSE != 0
    if is_coarse:
        length_ns = message["venue"] * _MINUTE_NS
        start_ns = message["ts_ns"] - length_ns
        is_first = keep_coarse(bars, instrument, start_ns, length_ns, open_px, high_px, low_px, close_px, volume)
        # The days of a venue's bars need not be ours: less than a quarter of it in the day at hand is not of this day.
        if not is_first or 4 * (message["ts_ns"] - max(start_ns, flow.rows[instrument]["day_ns"])) < length_ns:
            return
    set_last(row, close_px, volume, ts_ns)
    if row["last_px"] == row["open_px"] and row["volume"] == 0:
        row["open_px"] = open_px
    row["high_px"] = max(row["high_px"], high_px)
    row["low_px"] = min(row["low_px"], low_px)
    row["volume"] += volume
    # A bar is stamped with its end, so it belongs to the interval that ended there.
    if not is_coarse:
        grow_bars(bars, instrument, max(ts_ns - 1, 0), open_px, high_px, low_px, close_px, volume)
    count_bar(flow.rows[instrument], high_px, low_px, close_px, volume)
    spread_volume(volumes, instrument, low_px, high_px, close_px, volume)


@nb.njit(nb.boolean(_message, _quote[::1]), **HOT)
def _is_too_much(message, quotes):  # type: ignore[no-untyped-def]
    """Whether a day's volume could not hold a trade or bar any more; every other sum of sizes is at most that."""
    if message["kind"] == _TRADE:
        return quotes[message["instrument"]]["volume"] + message[SIZE] > _MOST_VOLUME
    if message["kind"] == _BAR:
        return quotes[message["instrument"]]["volume"] + message[VOLUME] > _MOST_VOLUME
    return False


@nb.njit(
    nb.int64(
        _message[:], nb.int64, CORE_ARRAYS, BAR_ARRAYS, PRINT_ARRAYS, FLOW_ARRAYS, VOLUME_ARRAYS, ACTIVITY_ARRAYS,
        BOOKS,
    ),
    **OUTER,
)  # fmt: skip
def apply_batch(  # type: ignore[no-untyped-def]
    batch, batch_number, core, bars, prints, flow, volumes, activity, books
):  # fmt: skip
    """Applies messages in order and gives how many: fewer than there are when the books must grow before the next.

    Messages that cannot be true are counted by reason and change nothing.

    A message stamped before one that came earlier is counted too, and applied at the time already reached: in no bar
    and no statistic does time run back.
    """
    pulse = core.pulse
    for i in range(len(batch)):
        message = batch[i]
        fault = fault_of(message, core.kind_of, len(core.quotes))
        if fault == 0 and _is_too_much(message, core.quotes):
            fault = _TOTAL
        if fault != 0:
            core.refused[fault] += 1
            pulse[_SAID] += 1
            continue
        kind = message["kind"]
        ts_ns = message["ts_ns"]
        cross_time(books, ts_ns)
        if kind == _CLOCK:
            pulse[_CLOCK_NS] = max(pulse[_CLOCK_NS], ts_ns)
            continue
        reached_ns = max(ts_ns, pulse[_NOW])
        # Before anything is counted: a message for which the books must grow comes a second time.
        if (kind == _DEPTH or kind >= _BOOK_UPDATE) and not apply_book_message(message, books, reached_ns):
            return i
        pulse[_STEPPED_BACK] += ts_ns < reached_ns
        ts_ns = reached_ns
        pulse[_NOW] = ts_ns
        instrument = message["instrument"]
        if kind == _PHASE_CHANGE:
            _change_phase(core, flow, volumes, message, ts_ns)
            if message[PHASE] == _PRE_MARKET and message["flags"] & _KEEPS_SIDES != _KEEPS_SIDES:
                _begin_books_day(books, core.session_of, instrument, message[PHASE_SESSION])
            continue
        if pulse[_FIRST_SAID] == 0:
            pulse[_FIRST_SAID] = ts_ns
        pulse[_SAID] += 1
        pulse[_LAST_SAID] = ts_ns
        row = core.quotes[instrument]
        core.counts[core.kind_of[instrument], kind] += 1
        row["messages"] += 1
        row["changed"] = batch_number
        row["ts_ns"] = ts_ns
        row["recv_ns"] = message["recv_ns"]
        row["digest"] = (row["digest"] ^ mix(message)) * _PRIME
        if kind == _QUOTE:
            sums = flow.rows[instrument]
            weigh(row, sums, ts_ns)
            bid_px, bid_size, ask_px, ask_size = row["bid_px"], row["bid_size"], row["ask_px"], row["ask_size"]
            set_quote(row, message, ts_ns)
            count_quote(row, flow, instrument, ts_ns, bid_px, bid_size, ask_px, ask_size)
        elif kind == _TRADE:
            _apply_trade(core, bars, prints, flow, volumes, activity, message, ts_ns)
        elif kind == _BAR:
            _apply_bar(core, bars, flow, volumes, message, ts_ns)
        elif kind == _INTEREST:
            row["open_interest"] = message[INTEREST]
        elif kind == _OFFICIAL:
            set_official(row, message)
    return len(batch)
