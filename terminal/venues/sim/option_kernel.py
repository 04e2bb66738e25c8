"""Option quotes and trades of one underlying, step by step.

A contract is priced again only when its price must have moved by its own threshold, told from delta and the
at-the-money deviation; a quote leaves only when a rounded side has changed. American contracts are priced as European
ones with the dividends taken out of the spot, and never below what exercise would give.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from terminal.quant.black_kernel import black, normal_cdf, normal_pdf
from terminal.venues.sim.message_kernel import message_type, write_quote, write_trade
from terminal.venues.sim.surface_kernel import curvature, expected_variance, smile_variance

# Rows of the contracts' float and integer columns, of the expiries' columns, and of the parameters.
STRIKE, DELTA, SENS, REF_SPOT, REF_ROOT, LIMIT, NOISE, SKEW, THEO, WEIGHT = range(10)
FLOAT_ROWS = 10
INSTRUMENT, EXPIRY, IS_CALL, START_NS, BID, ASK, BID_SIZE, ASK_SIZE, INTEREST, TRADED = range(10)
INT_ROWS = 10
VARIANCE_YEARS, YEARS, EARNINGS, DIVIDENDS, END_NS, THETA, PHI, ROOT, GROWTH, DISCOUNT = range(10)
EXPIRY_ROWS = 10
(
    RHO, ETA, GAMMA, BETA, MARKET_LONG_RUN, OWN_LONG_RUN, REVERSION, INTEREST_RATE, YIELD, VOL_SPREAD,
    SPOT_SPREAD, PATIENCE, LOW_TICK, HIGH_TICK, SIZE, TRADES_PER_STEP, IS_AMERICAN,
) = range(17)  # fmt: skip
PARAMETERS = 17
THREE_PX = 30_000
_YEAR_NS = 365.0 * 86_400e9
_QUOTE_SPAN_NS = 55_000_000
_TRADE_FROM_NS, _TRADE_SPAN_NS = 60_000_000, 39_000_000

_rng = nb.typeof(np.random.default_rng(0))
_f1, _f2, _i2 = nb.float64[::1], nb.float64[:, ::1], nb.int64[:, ::1]


@nb.njit(nb.void(_f1, _f2, nb.int64, nb.float64, nb.float64, nb.float64, nb.int64), nogil=True, cache=True)
def set_expiries(  # type: ignore[no-untyped-def]
    parameters, expiries, now_ns, consumed, market_variance, own_variance, day_start_ns
):
    """At-the-money total variance, curvature, growth and discount of each expiry at ``now_ns``.

    ``consumed``: years of variance since ``day_start_ns``, where the columns VARIANCE_YEARS and YEARS were measured.
    """
    beta = parameters[BETA]
    kappa = parameters[REVERSION]
    passed = (now_ns - day_start_ns) / _YEAR_NS
    for e in range(expiries.shape[1]):
        tau = max(expiries[VARIANCE_YEARS, e] - consumed, 1e-9)
        years = max(expiries[YEARS, e] - passed, 1e-9)
        theta = beta * beta * expected_variance(market_variance, parameters[MARKET_LONG_RUN], kappa, tau)
        theta += expected_variance(own_variance, parameters[OWN_LONG_RUN], kappa, tau) + expiries[EARNINGS, e]
        expiries[THETA, e] = theta
        expiries[ROOT, e] = math.sqrt(theta)
        expiries[PHI, e] = curvature(theta, parameters[ETA], parameters[GAMMA])
        expiries[GROWTH, e] = math.exp((parameters[INTEREST_RATE] - parameters[YIELD]) * years)
        expiries[DISCOUNT, e] = math.exp(-parameters[INTEREST_RATE] * years)


@nb.njit(nb.float64(_f1, _f2, _f2, _i2, nb.int64, nb.float64), nogil=True, cache=True)
def price_contract(parameters, expiries, floats, ints, i, spot):  # type: ignore[no-untyped-def]
    """Theoretical price of contract ``i``; sets its delta and its sensitivity to the at-the-money deviation."""
    e = ints[EXPIRY, i]
    is_call = ints[IS_CALL, i] != 0
    strike = floats[STRIKE, i]
    held_spot = max(spot - expiries[DIVIDENDS, e], 1e-6)
    forward = held_spot * expiries[GROWTH, e]
    discount = expiries[DISCOUNT, e]
    x = math.log(forward / strike)
    theta = expiries[THETA, e]
    s = math.sqrt(smile_variance(-x, theta, parameters[RHO], expiries[PHI, e]))
    d1 = x / s + 0.5 * s
    carried = forward * discount / held_spot
    price = black(forward * discount, strike * discount, x, s, is_call)
    delta = carried * (normal_cdf(d1) if is_call else -normal_cdf(-d1))
    sens = forward * discount * normal_pdf(d1) * s / expiries[ROOT, e]
    if parameters[IS_AMERICAN] > 0.0:
        exercise = spot - strike if is_call else strike - spot
        if exercise > price:
            price = exercise
            delta = 1.0 if is_call else -1.0
            sens = 0.0
    floats[DELTA, i] = delta
    floats[SENS, i] = sens
    return price


@nb.njit(nb.int64(nb.float64, nb.int64, nb.int64), nogil=True, cache=True)
def floor_px(price, low_tick, high_tick):  # type: ignore[no-untyped-def]
    """The highest valid price at or below ``price`` (in currency), not below zero."""
    px = int(math.floor(price * 10_000.0 + 1e-7))
    if px <= 0:
        return 0
    tick = low_tick if px < THREE_PX else high_tick
    return px - px % tick


@nb.njit(nb.int64(nb.float64, nb.int64, nb.int64), nogil=True, cache=True)
def ceil_px(price, low_tick, high_tick):  # type: ignore[no-untyped-def]
    """The lowest valid price at or above ``price`` (in currency), at least one tick."""
    px = max(int(math.ceil(price * 10_000.0 - 1e-7)), 1)
    tick = low_tick if px <= THREE_PX else high_tick
    return -(-px // tick) * tick


@nb.njit(nb.float64(_f1, _f2, _f2, _i2, nb.int64, nb.float64, nb.float64, nb.float64), nogil=True, cache=True)
def half_spread(parameters, expiries, floats, ints, i, spot, price, width_factor):  # type: ignore[no-untyped-def]
    """Half of what the market makers ask for: vega, the hedge, the tick and the moment (``width_factor``)."""
    e = ints[EXPIRY, i]
    years = max(expiries[VARIANCE_YEARS, e], 1e-4)
    vega_point = 0.01 * floats[SENS, i] * math.sqrt(years)
    away = abs(math.log(floats[STRIKE, i] / spot)) / (expiries[ROOT, e] + 1e-9)
    width = parameters[VOL_SPREAD] * vega_point * (1.0 + 0.25 * min(away, 4.0)) * (1.0 + 0.6 * math.sqrt(years))
    width += abs(floats[DELTA, i]) * parameters[SPOT_SPREAD]
    width += 0.0035 * math.sqrt(max(price, 0.0) * spot) * parameters[VOL_SPREAD] * 0.2
    # Deep in the money there is little flow and the hedge is the whole trade.
    inside = max((spot - floats[STRIKE, i]) if ints[IS_CALL, i] != 0 else (floats[STRIKE, i] - spot), 0.0)
    width += 0.010 * inside * min(parameters[VOL_SPREAD] + 0.1, 0.6)
    return width * floats[NOISE, i] * width_factor


@nb.njit(nb.int64(_rng, _f2, _f2, _i2, nb.int64, message_type[::1], nb.int64), nogil=True, cache=True)
def _trade(rng, expiries, floats, ints, now_ns, out, at):  # type: ignore[no-untyped-def]
    """One trade at the bid or the ask of a contract drawn by popularity; open interest follows."""
    weights = floats[WEIGHT]
    i = np.searchsorted(weights, rng.random() * weights[-1], "right")
    is_buyer = rng.random() < 0.5
    wish = int(math.exp(0.5 + 1.15 * rng.standard_normal())) + 1
    opens = rng.random()
    ts_ns = now_ns + _TRADE_FROM_NS + int(rng.random() * _TRADE_SPAN_NS)
    if i >= len(weights) or now_ns >= expiries[END_NS, ints[EXPIRY, i]]:
        return at
    size = min(wish, ints[ASK_SIZE, i] if is_buyer else ints[BID_SIZE, i])
    px = ints[ASK, i] if is_buyer else ints[BID, i]
    if size <= 0 or px <= 0:
        return at
    at = write_trade(out, at, ts_ns, ints[INSTRUMENT, i], px, size, 1 if is_buyer else -1)
    ints[TRADED, i] += size
    if opens < 0.5:
        ints[INTEREST, i] += size
    elif opens < 0.8:
        ints[INTEREST, i] = max(ints[INTEREST, i] - size, 0)
    floats[SKEW, i] += (0.5 if is_buyer else -0.5) * min(size / 50.0, 1.0)
    floats[LIMIT, i] = -1.0
    return at


@nb.njit(
    nb.int64(
        _rng, _rng, _f1, _f2, _f2, _i2, _f1, _f1, _f1, _f1, _f1, _f1,
        nb.int64, nb.int64, nb.int64, nb.int64, message_type[::1], nb.int64,
    ),
    nogil=True,
    cache=True,
)  # fmt: skip
def quote_steps(  # type: ignore[no-untyped-def]
    quote_rng, trade_rng, parameters, expiries, floats, ints,
    spots, market_variances, own_variances, consumed, nerves, widths,
    first_step, day_start_ns, step_ns, end_ns, out, at,
):  # fmt: skip
    """Quotes and trades of all contracts over steps; writes messages from row ``at`` and gives the next free row.

    The step arrays hold the underlying's price, the variances, the variance time since the open, how lively the moment
    is (1 on average) and how wide the makers quote, all at the start of each step; ``first_step`` counts from
    ``day_start_ns``. After ``end_ns`` nothing is quoted.
    """
    count = floats.shape[1]
    refresh = max(1_000_000_000 // step_ns, 1)
    low_tick, high_tick = int(parameters[LOW_TICK]), int(parameters[HIGH_TICK])
    for step in range(len(spots)):
        number = first_step + step
        now_ns = day_start_ns + number * step_ns
        if now_ns >= end_ns:
            break
        spot = spots[step]
        if number % refresh == 0:
            set_expiries(
                parameters, expiries, now_ns, consumed[step], market_variances[step], own_variances[step], day_start_ns
            )
        for i in range(count):
            e = ints[EXPIRY, i]
            moved = floats[DELTA, i] * (spot - floats[REF_SPOT, i])
            moved += floats[SENS, i] * (expiries[ROOT, e] - floats[REF_ROOT, i])
            if abs(moved) <= floats[LIMIT, i] or now_ns < ints[START_NS, i] or now_ns >= expiries[END_NS, e]:
                continue
            # A maker looks late at random, but never leaves a quote that its own price has passed.
            if abs(moved) <= 1.1 * floats[LIMIT, i] and quote_rng.random() > 0.25:
                continue
            price = price_contract(parameters, expiries, floats, ints, i, spot)
            half = half_spread(parameters, expiries, floats, ints, i, spot, price, widths[step])
            floats[SKEW, i] *= 0.8
            mid = price + floats[SKEW, i] * half
            floats[THEO, i] = price
            floats[REF_SPOT, i] = spot
            floats[REF_ROOT, i] = expiries[ROOT, e]
            bid, ask = floor_px(mid - half, low_tick, high_tick), ceil_px(mid + half, low_tick, high_tick)
            tick = low_tick if ask <= THREE_PX else high_tick
            floats[LIMIT, i] = max(parameters[PATIENCE] * half, 0.2e-4 * tick)
            if bid >= ask:
                bid = ask - tick
            if bid == ints[BID, i] and ask == ints[ASK, i] and quote_rng.random() > 0.15:
                continue
            centre = parameters[SIZE] * (0.35 + math.exp(-0.5 * floats[DELTA, i] ** 2 * 8.0))
            ints[BID, i] = bid
            ints[ASK, i] = ask
            ints[BID_SIZE, i] = 0 if bid == 0 else 1 + int(centre * math.exp(0.7 * quote_rng.standard_normal()))
            ints[ASK_SIZE, i] = 1 + int(centre * math.exp(0.7 * quote_rng.standard_normal()))
            ts_ns = now_ns + 1_000_000 + int(quote_rng.random() * _QUOTE_SPAN_NS)
            at = write_quote(out, at, ts_ns, ints[INSTRUMENT, i], bid, ask, ints[BID_SIZE, i], ints[ASK_SIZE, i])
        arrivals = trade_rng.poisson(parameters[TRADES_PER_STEP] * nerves[step])
        for _ in range(arrivals):
            at = _trade(trade_rng, expiries, floats, ints, now_ns, out, at)
    return at
