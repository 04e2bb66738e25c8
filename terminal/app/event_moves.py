"""What an event is worth: the move that options imply for it, those that came before, and its weight on a clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from terminal.app.event_book import EventBook
from terminal.market.analytics.chain_values import ChainValues
from terminal.quant.expiry_time import Event
from terminal.store.events import EventHour, EventKind, MarketEvent
from terminal.store.vol_days import VolDays, follow

LEAST_MOVES = 3
"""Fewer past moves weigh nothing."""
_HOUR_NS = 3_600_000_000_000


def implied_move(values: ChainValues, event_ns: int) -> float:
    """One standard deviation of the log move that the vols at the money put on an instant, a decimal; NaN untold.

    Around the event: what the first expiry after it has in total variance above that of the last one before, time going
    on at the vol of the latter. Without one before: above time going on at the vol between the first two after.
    """
    if values.surface is None:
        return math.nan
    ends = np.array([each.expires_ns for each in values.contracts.expiries], np.int64)
    vols = np.array([values.at_the_money_vol(row) for row in range(len(ends))])
    known = np.flatnonzero(np.isfinite(vols) & (values.time > 0.0))
    before, after = known[ends[known] <= event_ns], known[ends[known] > event_ns]
    after = after[np.concatenate(([True], np.diff(ends[after]) > 0))] if len(after) else after
    if not len(after) or event_ns <= values.now_ns:
        return math.nan
    variance = vols**2 * values.time
    first = after[0]
    if len(before):
        base = vols[before[-1]] ** 2
    elif len(after) > 1:
        base = (variance[after[1]] - variance[first]) / (values.time[after[1]] - values.time[first])
    else:
        return math.nan
    return math.sqrt(max(float(variance[first] - base * values.time[first]), 0.0))


@dataclass(frozen=True, slots=True)
class PastMoves:
    """Log moves across past events, oldest first: from the last close before to the first close after."""

    moves: tuple[float, ...]

    @property
    def typical(self) -> float:
        """Their root mean square, to be held against a standard deviation; NaN without any."""
        return math.sqrt(sum(each * each for each in self.moves) / len(self.moves)) if self.moves else math.nan


def past_moves(events: Sequence[MarketEvent], days: VolDays) -> PastMoves:
    """Of the events whose day and neighbour are recorded. One of an unknown hour takes the larger of both nights."""
    closes = days["close"] * np.cumprod(days["split"])
    with np.errstate(all="ignore"):
        logs = np.log(closes)
    moves, follows = [], follow(days)
    for event in events:
        at = int(np.searchsorted(days["day"], np.datetime64(event.day)))
        if at >= len(days) or days["day"][at] != np.datetime64(event.day):
            continue
        steps = {
            EventHour.BEFORE_OPEN: (at,), EventHour.IN_SESSION: (at,), EventHour.AFTER_CLOSE: (at + 1,),
        }.get(event.hour, (at, at + 1))  # fmt: skip
        found = [float(logs[each] - logs[each - 1]) for each in steps if each < len(days) and follows[each]]
        known = [each for each in found if math.isfinite(each)]
        if known:
            moves.append(max(known, key=abs))
    return PastMoves(tuple(moves))


def weight_days(event: MarketEvent, past: PastMoves, days: VolDays) -> float | None:
    """Ordinary trading days that an event's variance is worth: as its file says; of earnings from LEAST_MOVES past
    ones, their mean square over the middle day's; None where nothing tells, for a guess is no weight."""
    if event.weight is not None:
        return event.weight
    if event.kind is not EventKind.EARNINGS or len(past.moves) < LEAST_MOVES:
        return None
    with np.errstate(all="ignore"):
        returns = np.abs(np.diff(np.log(days["close"] * np.cumprod(days["split"]))))
    known = returns[np.isfinite(returns) & follow(days)[1:]]
    if len(known) < 60:
        return None
    # The median of a normal's square is 0.4549 of its mean: the events themselves hardly move it.
    daily = float(np.median(known)) ** 2 / 0.4549
    return max(past.typical**2 / daily - 1.0, 0.0) if daily > 0.0 else None


def clock_events(
    book: EventBook, symbol: str, days: VolDays, first: date, last: date, now_ns: int
) -> tuple[Event, ...]:
    """What makes :class:`terminal.quant.expiry_time.TradingClock` run faster from ``first`` to ``last``: each known
    event with a weight, over the hour from its instant on. ``days``: the underlying's record up to now."""
    found = []
    past = past_moves(book.between(symbol, date(1970, 1, 2), first, now_ns, frozenset({EventKind.EARNINGS})), days)
    for event in book.between(symbol, first, last, now_ns):
        weight = weight_days(event, past, days)
        if weight:
            begins_ns = book.instant_ns(event)
            found.append(Event(begins_ns, begins_ns + _HOUR_NS, weight))
    return tuple(found)


def days_to(event_ns: int, now_ns: int) -> float:
    """Calendar days to go."""
    return (event_ns - now_ns) / (24 * _HOUR_NS)
