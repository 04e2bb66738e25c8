"""Forwards, discounts and implied dividends of an option chain from put-call parity, robust to bad quotes.

For European options ``call - put = discount (forward - strike)`` at every strike (Stoll 1969; Merton 1973), so the
middles of call and put lie on a line whose slope is the discount and whose zero is the forward. Each pair is known
within half of its two spreads; a pair that parity contradicts by more is refused and named. Nothing here raises for
what a chain holds: what cannot be solved is NaN with a status.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant import early_exercise, robust_line
from terminal.quant.columns import numbers_and_flag
from terminal.quant.early_exercise import AmericanPairs
from terminal.quant.robust_line import Flags, Floats, Line

Codes = npt.NDArray[np.int8]

UNINFORMED_RATE, UNINFORMED_RATE_ERROR = 0.02, 0.05
"""What a rate is taken to be, give or take, where nothing better is known: it settles only what quotes cannot."""
POOLED_RATE_ERROR = 0.005
"""How far the rate of one expiry may lie from that of all together."""
_LEAST_TOLERANCE = 0.25
"""A pair counts at most as exact as this part of the usual pair: a locked market is not exact to the last digit."""
_TICKS = (0.5, 0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.0025, 0.001)
"""What prices may be rounded to, the coarsest first: where bid and ask are one price, all that says how exact it is."""
_HIGHEST, _LONGEST, _STEEPEST = 1e12, 1000.0, 10.0
"""What is greater is no price, no time in years and no rate."""
_LEAST_SHARE = 0.5
"""Parity must hold for this share of the pairs."""


class ParityStatus(IntEnum):
    """How a fit ended. ``CONTRADICTORY``: most pairs are off parity, or the forward is nowhere near their strikes.
    ``DISCOUNT_ASSUMED``: the discount rests on the expected rate more than on the quotes.
    ``NO_SPOT``: early exercise cannot be told without it. ``NOT_SETTLED``: its value kept changing with the forward."""

    SOLVED = 0
    DISCOUNT_ASSUMED = 1
    NO_PAIRS = 2
    CONTRADICTORY = 3
    BAD_INPUT = 4
    NO_SPOT = 5
    NOT_SETTLED = 6


class Refusal(IntEnum):
    """Why a quote is not used. ``FAR``: its strike is outside the window; ``OFF_PARITY``: an outlier; ``EXERCISED``: of
    an American pair that tells nothing, one side being worth its exercise or outside the bounds of a price."""

    USED = 0
    BAD_STRIKE = 1
    MISSING = 2
    ZERO_BID = 3
    CROSSED = 4
    STALE = 5
    DUPLICATE = 6
    NO_PARTNER = 7
    FAR = 8
    OFF_PARITY = 9
    EXERCISED = 10


@dataclass(frozen=True, slots=True)
class ParityFit:
    """One expiry. Errors are one standard deviation; ``refusals`` holds a :class:`Refusal` for each quote given.

    ``forward_low`` and ``forward_high``: what bids and asks of the pairs used allow at this discount without arbitrage;
    low above high says that they contradict each other. ``dividend_yield`` (continuous) and ``dividend_cash`` (present
    value of all dividends until expiry) say the same thing in two ways and are NaN without a spot.
    """

    time: float
    forward: float
    discount: float
    forward_error: float
    discount_error: float
    rate: float
    dividend_yield: float
    dividend_cash: float
    forward_low: float
    forward_high: float
    pairs: int
    refusals: Codes
    status: ParityStatus

    def refused(self) -> dict[Refusal, int]:
        """How many quotes were refused, by reason."""
        return {Refusal(code): int(n) for code, n in zip(*np.unique(self.refusals, return_counts=True), strict=True)
                if code != Refusal.USED}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Calls and puts of the same strikes, ascending; ``call`` and ``put`` are their rows."""

    strike: Floats
    call: npt.NDArray[np.int64]
    put: npt.NDArray[np.int64]
    call_middle: Floats
    put_middle: Floats
    tolerance: Floats

    def take(self, chosen: Any) -> _Pairs:
        return _Pairs(*(getattr(self, name)[chosen] for name in self.__slots__))


# What overflows or is no number ends as a pair that is off parity, or as an expiry without an answer.
@np.errstate(all="ignore")
def implied_forward(
    strike: Any,
    is_call: Any,
    bid: Any,
    ask: Any,
    time: float,
    *,
    spot: float = np.nan,
    rate: float = UNINFORMED_RATE,
    rate_error: float = UNINFORMED_RATE_ERROR,
    is_american: bool = False,
    ex_times: Any = (),
    window: float = 0.25,
    age: Any = 0.0,
    longest_age: float = np.inf,
) -> ParityFit:
    """Forward and discount of one expiry from its quotes (NaN: no such side), ``time`` in years.

    ``rate`` give or take ``rate_error`` is what is known of the interest rate (0: exactly that); it matters where
    strikes are too few or the time too short for the quotes to tell. Strikes within ``window`` of the forward in
    log-moneyness are used, and quotes not older than ``longest_age``, in units of ``age``. American quotes need the
    spot; ``ex_times`` says when dividends are paid, else they are taken as a yield. Raises ValueError when the shapes
    do not fit together.
    """
    *numbers, flags = numbers_and_flag([strike, bid, ask, age, is_call])
    columns = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in numbers), np.asarray(flags, np.bool_))
    strikes, bids, asks, ages, calls = (np.atleast_1d(each).reshape(-1) for each in columns)
    refusals = _refuse_quotes(strikes, bids, asks, ages, longest_age)
    if not (0.0 <= time <= _LONGEST and abs(rate) <= _STEEPEST and 0.0 <= rate_error <= _STEEPEST):
        return _unsolved(time, refusals, ParityStatus.BAD_INPUT)
    pairs = _pair_up(strikes, calls, bids, asks, refusals)
    if len(pairs.strike):
        pairs = _near(pairs, spot, window, refusals)
    if not len(pairs.strike):
        return _unsolved(time, refusals, ParityStatus.NO_PAIRS)
    expected = -np.exp(-rate * time)
    expected_error = -expected * time * rate_error
    if is_american and time > 0.0:
        if not _is_price(spot):
            return _unsolved(time, refusals, ParityStatus.NO_SPOT)
        american = AmericanPairs(
            pairs.strike,
            pairs.call_middle,
            pairs.put_middle,
            pairs.tolerance,
            spot,
            time,
            np.asarray(ex_times, np.float64).reshape(-1),
        )
        found = early_exercise.fit_line(american, expected, expected_error)
        _refuse(pairs, ~found.is_alive, Refusal.EXERCISED, refusals)
        if found.line is None:
            status = ParityStatus.NOT_SETTLED if found.is_alive.any() else ParityStatus.NO_PAIRS
            return _unsolved(time, refusals, status)
        pairs, line, premium = pairs.take(found.is_alive), found.line, found.premium
    else:
        premium = np.zeros(len(pairs.strike))
        middle = pairs.call_middle - pairs.put_middle
        line = robust_line.fit(pairs.strike, middle, pairs.tolerance, expected, expected_error)
    _refuse(pairs, ~line.is_used, Refusal.OFF_PARITY, refusals)
    used = pairs.take(line.is_used)
    if len(used.strike) < max(1.0, _LEAST_SHARE * len(pairs.strike)) or not _within_reach(line, used.strike, window):
        return _unsolved(time, refusals, ParityStatus.CONTRADICTORY)
    return _result(line, used, premium[line.is_used], bids, asks, time, spot, expected_error, refusals)


def term_structure(
    expiry: Any,
    time: Any,
    strike: Any,
    is_call: Any,
    bid: Any,
    ask: Any,
    *,
    spot: float = np.nan,
    rate: float = UNINFORMED_RATE,
    rate_error: float = UNINFORMED_RATE_ERROR,
    is_american: bool = False,
    ex_times: Any = (),
    window: float = 0.25,
    age: Any = 0.0,
    longest_age: float = np.inf,
) -> tuple[ParityFit, ...]:
    """:func:`implied_forward` of every expiry of a chain, in the order of ``np.unique(expiry)``.

    ``expiry``: any label that tells the expiries (and roots of unlike settlement) apart. The expiries are fitted
    twice: the second time with the rate that all of them together imply, give or take half a per cent, unless the
    one given is more certain than that.
    """
    shape = np.broadcast_shapes(*(np.shape(each) for each in (expiry, time, strike, is_call, bid, ask, age)))
    names, years, strikes, calls, bids, asks, ages = (
        np.broadcast_to(np.asarray(each), shape).reshape(-1) for each in (expiry, time, strike, is_call, bid, ask, age)
    )
    groups = [names == each for each in np.unique(names)]

    def fit(expected: float, error: float) -> list[ParityFit]:
        return [
            implied_forward(
                strikes[rows], calls[rows], bids[rows], asks[rows], float(years[rows][0]),
                spot=spot, rate=expected, rate_error=error, is_american=is_american, ex_times=ex_times, window=window,
                age=ages[rows], longest_age=longest_age,
            )
            for rows in groups
        ]  # fmt: skip

    fits = fit(rate, rate_error)
    if rate_error <= POOLED_RATE_ERROR:
        return tuple(fits)
    return tuple(fit(pooled_rate(fits, rate), POOLED_RATE_ERROR))


def pooled_rate(fits: Sequence[ParityFit], otherwise: float = UNINFORMED_RATE) -> float:
    """The rate that the expiries agree on: the median of theirs, weighted by its certainty."""
    solved = [each for each in fits if each.status in {ParityStatus.SOLVED, ParityStatus.DISCOUNT_ASSUMED}]
    certain = [each for each in solved if each.time > 0.0 and 0.0 < each.discount_error < np.inf]
    if not certain:
        return otherwise
    rates = np.array([each.rate for each in certain])
    errors = np.array([each.discount_error / (each.discount * each.time) for each in certain])
    return robust_line.weighted_median(rates, errors**-2.0)


def _is_price(value: float) -> bool:
    return 1.0 / _HIGHEST <= value <= _HIGHEST


def _refuse_quotes(strike: Floats, bid: Floats, ask: Floats, age: Floats, longest_age: float) -> Codes:
    """By quote, the first reason that holds against it by itself."""
    reasons = (
        (Refusal.BAD_STRIKE, ~((strike >= 1.0 / _HIGHEST) & (strike <= _HIGHEST))),
        (Refusal.MISSING, ~((bid >= 0.0) & (bid <= _HIGHEST) & (ask <= _HIGHEST))),
        (Refusal.ZERO_BID, bid == 0.0),
        (Refusal.CROSSED, bid > ask),
        (Refusal.STALE, ~(age <= longest_age)),
    )
    return np.select([mask for _, mask in reasons], [code for code, _ in reasons], Refusal.USED).astype(np.int8)


def _pair_up(strike: Floats, is_call: Flags, bid: Floats, ask: Floats, refusals: Codes) -> _Pairs:
    """Pairs of good quotes; marks those without a partner and all but the first of the same contract."""
    good = np.flatnonzero(refusals == Refusal.USED)
    legs = []
    for side in (is_call, ~is_call):
        rows = good[side[good]]
        _, first = np.unique(strike[rows], return_index=True)
        again = np.ones(len(rows), np.bool_)
        again[first] = False
        refusals[rows[again]] = Refusal.DUPLICATE
        legs.append(rows[first])
    strikes, in_calls, in_puts = np.intersect1d(strike[legs[0]], strike[legs[1]], return_indices=True)
    call, put = legs[0][in_calls], legs[1][in_puts]
    alone = np.setdiff1d(np.concatenate(legs), np.concatenate((call, put)))
    refusals[alone] = Refusal.NO_PARTNER
    call_middle, put_middle = (0.5 * (bid[legs] + ask[legs]) for legs in (call, put))
    tolerance = 0.5 * (ask[call] - bid[call] + ask[put] - bid[put])
    least = _tick(np.concatenate((bid[call], ask[call], bid[put], ask[put])))
    return _Pairs(strikes, call, put, call_middle, put_middle, np.maximum(tolerance, least))


def _tick(prices: Floats) -> float:
    """The coarsest tick of which all are multiples; 0 if none."""
    for tick in _TICKS:
        steps = prices / tick
        if (np.abs(steps - np.rint(steps)) <= 1e-6).all():
            return tick
    return 0.0


def _near(pairs: _Pairs, spot: float, window: float, refusals: Codes) -> _Pairs:
    """The pairs around the money, with tolerances above zero."""
    usual = float(np.median(pairs.tolerance))
    least = max(_LEAST_TOLERANCE * usual, 1e-9 * float(np.median(pairs.strike)))
    tolerance = np.maximum(pairs.tolerance, least)
    around = spot
    if not _is_price(spot):
        around = robust_line.weighted_median(pairs.strike + pairs.call_middle - pairs.put_middle, 1.0 / tolerance)
    near: Flags = np.abs(np.log(pairs.strike / around)) <= window
    _refuse(pairs, ~near, Refusal.FAR, refusals)
    return dataclasses.replace(pairs, tolerance=tolerance).take(near)


def _within_reach(line: Line, strike: Floats, window: float) -> bool:
    """Whether there is a forward, and no further from the strikes than they may be from the money."""
    forward = line.zero
    return forward is not None and strike[0] * np.exp(-window) <= forward <= strike[-1] * np.exp(window)


def _refuse(pairs: _Pairs, chosen: Flags, reason: Refusal, refusals: Codes) -> None:
    for legs in (pairs.call, pairs.put):
        refusals[legs[chosen]] = reason


def _result(
    line: Line,
    used: _Pairs,
    premium: Floats,
    bid: Floats,
    ask: Floats,
    time: float,
    spot: float,
    expected_error: float,
    refusals: Codes,
) -> ParityFit:
    discount = -line.slope
    forward = line.centre + line.level / discount
    # forward = centre - level / slope: its error by the delta method.
    gradient = np.array([1.0 / discount, (forward - line.centre) / discount])
    lows = used.strike + (bid[used.call] - ask[used.put] - premium) / discount
    highs = used.strike + (ask[used.call] - bid[used.put] - premium) / discount
    discount_error = float(np.sqrt(line.covariance[1, 1]))
    rate = -np.log(discount) / time if time > 0.0 else np.nan
    held = spot if _is_price(spot) else np.nan
    carry = np.log(forward / held) / time if time > 0.0 else np.nan
    is_told = discount_error < 0.5 * expected_error
    return ParityFit(
        time=time,
        forward=float(forward),
        discount=float(discount),
        forward_error=float(np.sqrt(gradient @ line.covariance @ gradient)),
        discount_error=discount_error,
        rate=float(rate),
        dividend_yield=float(rate - carry),
        dividend_cash=float(held - forward * discount),
        forward_low=float(lows.max()),
        forward_high=float(highs.min()),
        pairs=len(used.strike),
        refusals=refusals,
        status=ParityStatus.SOLVED if is_told else ParityStatus.DISCOUNT_ASSUMED,
    )


def _unsolved(time: float, refusals: Codes, status: ParityStatus) -> ParityFit:
    nothing = dict.fromkeys(
        ("forward", "discount", "forward_error", "discount_error", "rate", "dividend_yield", "dividend_cash",
         "forward_low", "forward_high"), np.nan,
    )  # fmt: skip
    return ParityFit(time=time, pairs=0, refusals=refusals, status=status, **nothing)
