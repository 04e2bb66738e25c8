"""The variance that a strip of listed options implies, as the Cboe Volatility Index is computed.

Source: Cboe, "Cboe Volatility Index Mathematics Methodology", and the White Paper of 2009 ("The CBOE Volatility Index -
VIX"); the theory is Carr and Madan (1998) and Demeterfi, Derman, Kamal and Zou (1999). Chains that have no answer give
NaN; only shapes that do not fit together raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.quant.columns import Flags, Floats, floats, shaped

MINUTES_30_DAYS = 43_200.0
MINUTES_365_DAYS = 525_600.0


@dataclass(frozen=True, slots=True)
class Strip:
    """The options of one expiry that count, by strike: puts below ``at``, calls above, there the mean of both.

    ``at``: K0, the highest strike not above the forward. ``widths``: half the distance between the neighbours.
    """

    forward: float
    at: float
    strikes: Floats
    prices: Floats
    widths: Floats

    @property
    def total(self) -> float:
        """The sum of width / strike squared * price: what the discount and 2 / time turn into a variance."""
        with np.errstate(all="ignore"):
            return float(np.sum(self.widths / self.strikes**2 * self.prices))

    def variance(self, time: float, rate: float) -> float:
        """Per year: ``2/T e^(RT) total - 1/T (F/K0 - 1)^2``; NaN for a time of zero and for fewer than two options."""
        if not (np.isfinite(time) and np.isfinite(rate) and time > 0.0 and len(self.strikes) > 1):
            return float("nan")
        with np.errstate(all="ignore"):
            ratio = np.float64(self.forward) / self.at - 1.0
            found = 2.0 / np.float64(time) * np.exp(rate * time) * self.total - ratio * ratio / time
        return float(found) if np.isfinite(found) else float("nan")


def vix_style(
    strikes: Any, call_bid: Any, call_ask: Any, put_bid: Any, put_ask: Any, time: float, rate: float
) -> float:
    """One expiry's variance per year from its whole board, in any order; ``time`` in years, ``rate`` continuous.

    A quote that is NaN, negative or crossed counts as one without a bid. NaN where there is no forward, no strike below
    it, or fewer than two options with a bid.
    """
    strip = select(strikes, call_bid, call_ask, put_bid, put_ask, time, rate)
    return float("nan") if strip is None else strip.variance(time, rate)


@np.errstate(all="ignore")
def select(
    strikes: Any, call_bid: Any, call_ask: Any, put_bid: Any, put_ask: Any, time: float, rate: float
) -> Strip | None:
    """What :func:`vix_style` sums up: the forward from the strike where call and put are nearest to each other, K0
    below it, and from there outwards every option with a bid until two in a row have none. None: there is no forward.
    """
    columns = np.broadcast_arrays(*(floats(each) for each in (strikes, call_bid, call_ask, put_bid, put_ask)))
    strike, call_low, call_high, put_low, put_high = (np.atleast_1d(each).reshape(-1) for each in columns)
    known = np.isfinite(strike) & (strike > 0.0)
    _, first = np.unique(np.where(known, strike, np.inf), return_index=True)
    order = first[known[first]]
    strike = strike[order]
    has_call, call = _middles(call_low[order], call_high[order])
    has_put, put = _middles(put_low[order], put_high[order])
    if not (np.isfinite(time) and np.isfinite(rate) and time >= 0.0 and (has_call & has_put).any()):
        return None
    apart = np.where(has_call & has_put, np.abs(call - put), np.inf)
    nearest = int(np.argmin(apart))
    forward = float(strike[nearest] + np.exp(rate * time) * (call[nearest] - put[nearest]))
    at = int(np.searchsorted(strike, forward, side="right")) - 1
    if at < 0 or not (np.isfinite(call[at]) and np.isfinite(put[at])):
        return None
    is_used = np.zeros(len(strike), np.bool_)
    is_used[at] = True
    is_used[:at] = used_outwards(has_put[:at][::-1])[::-1]
    is_used[at + 1 :] = used_outwards(has_call[at + 1 :])
    prices = np.where(strike < strike[at], put, call)
    prices[at] = 0.5 * (call[at] + put[at])
    return Strip(forward, float(strike[at]), strike[is_used], prices[is_used], widths(strike[is_used]))


def used_outwards(has_bid: npt.ArrayLike) -> Flags:
    """Which options count, from the money outwards: those with a bid, until two in a row have none."""
    bids = np.asarray(has_bid, np.bool_)
    ended = np.zeros(len(bids), np.bool_)
    if len(bids) > 1:
        ended[1:] = np.logical_or.accumulate(~bids[1:] & ~bids[:-1])
    used: Flags = bids & ~ended
    return used


def widths(strikes: npt.ArrayLike) -> Floats:
    """Half the distance between the strikes on either side; at the ends the distance to the only neighbour."""
    rows = np.asarray(strikes, np.float64)
    if len(rows) < 2:
        return np.full(len(rows), np.nan)
    gaps = np.diff(rows)
    return np.concatenate((gaps[:1], 0.5 * (gaps[1:] + gaps[:-1]), gaps[-1:]))


def interpolate_30d(variance1: Any, minutes1: Any, variance2: Any, minutes2: Any) -> Any:
    """Index points (100 times the volatility of 30 days) from the variances of two expiries and the minutes to them.

    Total variance is linear in time through both, outside of them as well. Broadcasts; NaN where both are at the same
    minute, and where the line is below zero after 30 days.
    """
    one, n_one, two, n_two = np.broadcast_arrays(
        *(np.asarray(each, np.float64) for each in (variance1, minutes1, variance2, minutes2))
    )
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        share = (n_two - MINUTES_30_DAYS) / (n_two - n_one)
        total = (n_one * one * share + n_two * two * (1.0 - share)) / MINUTES_365_DAYS
        points = 100.0 * np.sqrt(total * MINUTES_365_DAYS / MINUTES_30_DAYS)
    points = np.where(np.isfinite(points), points, np.nan)
    return shaped(points.reshape(-1), points.shape)


def _middles(bid: Floats, ask: Floats) -> tuple[Flags, Floats]:
    """Whether there is a bid to count on, and the middle; NaN where a side is no number."""
    sound = np.isfinite(bid) & np.isfinite(ask) & (bid >= 0.0) & (ask >= bid)
    return sound & (bid > 0.0), np.where(sound, 0.5 * (bid + ask), np.nan)
