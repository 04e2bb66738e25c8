"""Order flow into one underlying's book: who sends what, in the order it happens.

Market makers keep ladders around the efficient price, skewed by their inventory, and react late at random; noise
traders rest and cancel orders at random depths and take liquidity in random sizes; large parents are worked in slices
on one side, which gives the flow its memory; momentum traders lean with the last minutes; informed traders take every
quote that the efficient price has passed. The book makes the quotes; nobody's order moves the efficient price.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.exchange.book_kernel import (
    ASK_CHANGES,
    ASK_SIDE,
    BASE,
    BEST_ASK,
    BEST_BID,
    BID_CHANGES,
    BID_SIDE,
    FILL,
    LEVEL,
    NO_SLOT,
    ORDER,
    cancel,
    depth,
    find,
    match,
    post,
)
from terminal.venues.sim.message_kernel import message_type, write_depth, write_quote, write_trade

MAKERS, LADDER, WINDOW, NOISE_ORDERS = 4, 9, 20, 1024
TICK_PX = 100
TRADE_RATE, TRADE_SIZE, HALF_SPREAD, LADDER_STEP, MAKER_SIZE, LOT, PARENT_RATE, PARENT_SIZE, CALM_STEP = range(9)
PARAMETERS = 9
(
    INSTRUMENT, NEXT_EVENT_NS, LAST_NS, TOP_BID, TOP_ASK, TOP_BID_SIZE, TOP_ASK_SIZE, NOISE_AT,
    PARENT_SIDE, PARENT_LEFT, PARENT_NEXT_NS, VOLUME, LAST_TICKS, FIRST_TICKS, INVENTORY,
) = range(15)  # fmt: skip
STATE_SIZE = INVENTORY + MAKERS
TREND = 0
NOISE_OWNER = 99

_rng = nb.typeof(np.random.default_rng(0))
_i8, _f8 = nb.int64, nb.float64
_i1, _f1 = nb.int64[::1], nb.float64[::1]
_levels, _orders, _fills = nb.from_dtype(LEVEL)[:, ::1], nb.from_dtype(ORDER)[::1], nb.from_dtype(FILL)[::1]
_out = message_type[::1]
_shown = nb.int64[:, :, ::1]


@nb.njit(_i8(_i1, _levels, _i1, _shown, nb.int64[:, ::1], _i8, _i8, _out, _i8), nogil=True, cache=True)
def _publish_side(header, levels, state, shown, scratch, side, ts_ns, out, at):  # type: ignore[no-untyped-def]
    """Writes what changed among the best WINDOW levels of a side since it was last shown."""
    which = 0 if side == BID_SIDE else 1
    changes = header[BID_CHANGES if side == BID_SIDE else ASK_CHANGES]
    if shown[which, WINDOW, 1] == changes:
        return at
    shown[which, WINDOW, 1] = changes
    count = depth(header, levels, side, scratch)
    before = shown[which]
    used = before[WINDOW, 0]
    i = j = 0
    while i < used or j < count:
        if i < used and (j >= count or (before[i, 0] - scratch[j, 0]) * side > 0):
            at = write_depth(out, at, ts_ns, state[INSTRUMENT], side, before[i, 0] * TICK_PX, 0, 0)
            i += 1
        elif i < used and before[i, 0] == scratch[j, 0]:
            if before[i, 1] != scratch[j, 1] or before[i, 2] != scratch[j, 2]:
                at = write_depth(
                    out, at, ts_ns, state[INSTRUMENT], side, scratch[j, 0] * TICK_PX, scratch[j, 1], scratch[j, 2]
                )
            i += 1
            j += 1
        else:
            at = write_depth(
                out, at, ts_ns, state[INSTRUMENT], side, scratch[j, 0] * TICK_PX, scratch[j, 1], scratch[j, 2]
            )
            j += 1
    for row in range(count):
        before[row, 0] = scratch[row, 0]
        before[row, 1] = scratch[row, 1]
        before[row, 2] = scratch[row, 2]
    before[WINDOW, 0] = count
    return at


@nb.njit(_i8(_i1, _levels, _i1, _shown, nb.int64[:, ::1], _i8, _out, _i8), nogil=True, cache=True)
def _publish(header, levels, state, shown, scratch, ts_ns, out, at):  # type: ignore[no-untyped-def]
    """Depth of both sides, then the quote when the best market changed."""
    at = _publish_side(header, levels, state, shown, scratch, BID_SIDE, ts_ns, out, at)
    at = _publish_side(header, levels, state, shown, scratch, ASK_SIDE, ts_ns, out, at)
    has_bid, has_ask = shown[0, WINDOW, 0] > 0, shown[1, WINDOW, 0] > 0
    bid, bid_size = (shown[0, 0, 0] * TICK_PX, shown[0, 0, 1]) if has_bid else (0, 0)
    ask, ask_size = (shown[1, 0, 0] * TICK_PX, shown[1, 0, 1]) if has_ask else (0, 0)
    if (
        bid != state[TOP_BID] or ask != state[TOP_ASK]
        or bid_size != state[TOP_BID_SIZE] or ask_size != state[TOP_ASK_SIZE]
    ):  # fmt: skip
        state[TOP_BID], state[TOP_ASK] = bid, ask
        state[TOP_BID_SIZE], state[TOP_ASK_SIZE] = bid_size, ask_size
        at = write_quote(out, at, ts_ns, state[INSTRUMENT], bid, ask, bid_size, ask_size)
    return at


@nb.njit(_i8(_rng, _f8, _f8, _f8), nogil=True, cache=True)
def _draw_size(rng, mean, spread, lot):  # type: ignore[no-untyped-def]
    """A log-normal size in whole lots, at least one."""
    shares = mean * math.exp(spread * rng.standard_normal() - 0.5 * spread * spread)
    return max(int(shares / lot + 0.5), 1) * int(lot)


@nb.njit(
    _i8(_rng, _f1, _i1, _i1, _levels, _orders, nb.int64[:, :, ::1], nb.int64[:, :, ::1], _f8, _f8),
    nogil=True,
    cache=True,
)
def _makers(  # type: ignore[no-untyped-def]
    rng, parameters, state, header, levels, orders, maker_ids, maker_ticks, fair_ticks, nerves
):
    """Market makers look at the efficient price, late at random, and move their ladders; 1 when anything changed."""
    changed = 0
    step = int(parameters[LADDER_STEP])
    size = parameters[MAKER_SIZE]
    for m in range(MAKERS):
        half = parameters[HALF_SPREAD] * (0.55 + 0.3 * m) * nerves
        skew = -half * min(max(state[INVENTORY + m] / (30.0 * size), -1.0), 1.0)
        bid = int(math.floor(fair_ticks + skew - half))
        ask = int(math.ceil(fair_ticks + skew + half))
        drift = max(abs(bid - maker_ticks[m, 0, 0]), abs(ask - maker_ticks[m, 1, 0]))
        whole = find(orders, maker_ids[m, 0, 0]) != NO_SLOT and find(orders, maker_ids[m, 1, 0]) != NO_SLOT
        eager = 0.92 if drift > 1.0 + 0.5 * half else (0.6 if drift > 0.25 * half else 0.05)
        draw = rng.random()
        if (drift == 0 and whole) or draw > (eager if whole else max(eager, 0.6)):
            continue
        changed = 1
        for which in range(2):
            side = BID_SIDE if which == 0 else ASK_SIDE
            touch = bid if which == 0 else ask
            inner = touch - touch % step if which == 0 else touch + (-touch) % step
            ids, at_ticks = maker_ids[m, which], maker_ticks[m, which]
            # Orders that stay wanted keep their place in the queue: they are sorted to their new rung first.
            for j in range(LADDER):
                ticks = touch if j == 0 else inner - side * j * step
                for k in range(LADDER):
                    if at_ticks[k] == ticks:
                        ids[j], ids[k] = ids[k], ids[j]
                        at_ticks[j], at_ticks[k] = at_ticks[k], at_ticks[j]
                        break
            for j in range(LADDER):
                ticks = touch if j == 0 else inner - side * j * step
                if at_ticks[j] == ticks and find(orders, ids[j]) != NO_SLOT:
                    continue
                cancel(header, levels, orders, ids[j])
                if side == BID_SIDE and header[BEST_ASK] != NO_SLOT:
                    ticks = min(ticks, header[BEST_ASK] + header[BASE] - 1 - j * step)
                elif side == ASK_SIDE and header[BEST_BID] != NO_SLOT:
                    ticks = max(ticks, header[BEST_BID] + header[BASE] + 1 + j * step)
                at_ticks[j] = ticks
                wish = _draw_size(rng, size * min(0.5 + 0.35 * j, 2.2), 0.4, parameters[LOT])
                ids[j] = post(header, levels, orders, side, ticks, wish, m)
    return changed


@nb.njit(_i8(_rng, _f1, _i1, _i1, _levels, _orders, _fills, _i8, _i8, _i8, _i8, _out, _i8), nogil=True, cache=True)
def _take(  # type: ignore[no-untyped-def]
    rng, parameters, state, header, levels, orders, fills, side, limit_ticks, size, ts_ns, out, at
):
    """A marketable order: fills, makers' inventories, one TRADE a price."""
    count = match(header, levels, orders, fills, side, limit_ticks, size)
    i = 0
    while i < count:
        ticks = fills[i]["ticks"]
        traded = 0
        while i < count and fills[i]["ticks"] == ticks:
            traded += fills[i]["size"]
            if fills[i]["maker"] < MAKERS:
                state[INVENTORY + fills[i]["maker"]] -= side * fills[i]["size"]
            i += 1
        at = write_trade(out, at, ts_ns, state[INSTRUMENT], ticks * TICK_PX, traded, side)
        state[VOLUME] += traded
        state[LAST_TICKS] = ticks
    return at


@nb.njit(_i8(_rng, _f1, _i1, _i1, _levels, _orders, _fills, _f8, _i8, _out, _i8), nogil=True, cache=True)
def _parent(rng, parameters, state, header, levels, orders, fills, nerves, ts_ns, out, at):  # type: ignore[no-untyped-def]
    """A large order worked in slices: a new one comes at random, the running one sends its next slice when due."""
    if state[PARENT_LEFT] <= 0:
        state[PARENT_SIDE] = 0
        if rng.random() < parameters[PARENT_RATE] * nerves:
            state[PARENT_SIDE] = BID_SIDE if rng.random() < 0.5 else ASK_SIDE
            state[PARENT_LEFT] = _draw_size(rng, parameters[PARENT_SIZE], 0.8, parameters[LOT])
            state[PARENT_NEXT_NS] = ts_ns
        return at
    if ts_ns < state[PARENT_NEXT_NS]:
        return at
    side = state[PARENT_SIDE]
    size = min(_draw_size(rng, 0.04 * parameters[PARENT_SIZE], 0.4, parameters[LOT]), state[PARENT_LEFT])
    state[PARENT_LEFT] -= size
    state[PARENT_NEXT_NS] = ts_ns + int((0.5 + rng.standard_exponential()) * 4e9)
    best = header[BEST_ASK] if side == BID_SIDE else header[BEST_BID]
    if best == NO_SLOT:
        return at
    return _take(rng, parameters, state, header, levels, orders, fills, side, best + header[BASE], size, ts_ns, out, at)


@nb.njit(_i8(_rng, _f1, _i1, _f1, _i1, _levels, _orders, _fills, _i1, _f8, _f8, _i8, _out, _i8), nogil=True, cache=True)
def _event(  # type: ignore[no-untyped-def]
    rng, parameters, state, memory, header, levels, orders, fills, noise_ids, fair_ticks, nerves, ts_ns, out, at
):
    """One thing a noise, momentum, informed or parent's order does."""
    bid, ask = header[BEST_BID] + header[BASE], header[BEST_ASK] + header[BASE]
    if header[BEST_BID] == NO_SLOT or header[BEST_ASK] == NO_SLOT:
        return at
    half = max(parameters[HALF_SPREAD] * nerves, 0.5)
    draw = rng.random()
    if draw < 0.24:
        lean = 0.14 * state[PARENT_SIDE] + 0.10 * math.tanh(memory[TREND])
        side = BID_SIDE if rng.random() < 0.5 + lean else ASK_SIDE
        odd = rng.random() < 0.35
        size = _draw_size(rng, parameters[TRADE_SIZE], 1.1, 1.0 if odd else parameters[LOT])
        reach = int(2.0 * half) + 1
        limit = ask + reach if side == BID_SIDE else bid - reach
        return _take(rng, parameters, state, header, levels, orders, fills, side, limit, size, ts_ns, out, at)
    if draw < 0.62:
        side = BID_SIDE if rng.random() < 0.5 else ASK_SIDE
        # Most rest near the touch; the patient ones, far away, give the book its long tail.
        patience = 8.0 if rng.random() < 0.4 else 1.0
        away = int(rng.standard_exponential() * (1.5 + 2.5 * half) * patience)
        touch = bid if side == BID_SIDE else ask
        if ask - bid > 2 and rng.random() < 0.12:
            away = -1
        size = _draw_size(rng, 2.2 * parameters[TRADE_SIZE], 0.9, parameters[LOT])
        slot = state[NOISE_AT] % NOISE_ORDERS
        state[NOISE_AT] += 1
        cancel(header, levels, orders, noise_ids[slot])
        noise_ids[slot] = post(header, levels, orders, side, touch - side * away, size, NOISE_OWNER)
        return at
    cancel(header, levels, orders, noise_ids[int(rng.random() * NOISE_ORDERS)])
    return at


@nb.njit(
    _i8(
        _rng, _f1, _i1, _f1, _i1, _levels, _orders, _fills, nb.int64[:, :, ::1], nb.int64[:, :, ::1], _i1, _shown,
        nb.int64[:, ::1], _f1, _f1, _i8, _i8, _i8, _i8, _out, _i8,
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def flow_steps(  # type: ignore[no-untyped-def]
    rng, parameters, state, memory, header, levels, orders, fills, maker_ids, maker_ticks, noise_ids, shown, scratch,
    prices, nerves, first_step, day_start_ns, step_ns, end_ns, out, at,
):  # fmt: skip
    """The book's life over steps; writes messages from row ``at`` and gives the next free row.

    ``prices``: efficient price in currency at the start of each step; ``nerves``: how lively the moment is,
    1 on average.
    """
    for step in range(len(prices)):
        now_ns = day_start_ns + (first_step + step) * step_ns
        if now_ns >= end_ns:
            break
        fair = prices[step] * (10_000.0 / TICK_PX)
        memory[TREND] = 0.998 * memory[TREND] + (fair - memory[1]) * parameters[CALM_STEP] if memory[1] > 0.0 else 0.0
        memory[1] = fair
        ts_ns = max(now_ns + 100_000 + int(rng.random() * 3_000_000), state[LAST_NS] + 1)
        moved = _makers(
            rng,
            parameters,
            state,
            header,
            levels,
            orders,
            maker_ids,
            maker_ticks,
            fair,
            max(math.sqrt(nerves[step]), 0.6),
        )
        if moved:
            at = _publish(header, levels, state, shown, scratch, ts_ns, out, at)
            state[LAST_NS] = ts_ns
        # Informed traders take what the efficient price has passed.
        for side in (BID_SIDE, ASK_SIDE):
            best = header[BEST_ASK] if side == BID_SIDE else header[BEST_BID]
            if best == NO_SLOT or (fair - (best + header[BASE])) * side <= 0.4 or rng.random() > 0.85:
                continue
            ts_ns = max(now_ns + 4_000_000 + int(rng.random() * 4_000_000), state[LAST_NS] + 1)
            limit = int(math.floor(fair)) if side == BID_SIDE else int(math.ceil(fair))
            size = _draw_size(rng, 6.0 * parameters[TRADE_SIZE], 0.8, parameters[LOT])
            at = _take(rng, parameters, state, header, levels, orders, fills, side, limit, size, ts_ns, out, at)
            at = _publish(header, levels, state, shown, scratch, ts_ns, out, at)
            state[LAST_NS] = ts_ns
        ts_ns = max(now_ns + 8_500_000, state[LAST_NS] + 1)
        sliced = _parent(rng, parameters, state, header, levels, orders, fills, nerves[step], ts_ns, out, at)
        if sliced > at:
            at = _publish(header, levels, state, shown, scratch, ts_ns, out, sliced)
            state[LAST_NS] = ts_ns
        rate = parameters[TRADE_RATE] / 0.24 * nerves[step]
        while state[NEXT_EVENT_NS] < now_ns + step_ns:
            ts_ns = max(state[NEXT_EVENT_NS], state[LAST_NS] + 1, now_ns + 9_000_000)
            at = _event(
                rng, parameters, state, memory, header, levels, orders, fills, noise_ids, fair,
                max(math.sqrt(nerves[step]), 0.6), ts_ns, out, at,
            )  # fmt: skip
            at = _publish(header, levels, state, shown, scratch, ts_ns, out, at)
            state[LAST_NS] = ts_ns
            state[NEXT_EVENT_NS] += max(int(rng.standard_exponential() / rate * 1e9), 1)
    return at
