"""What lies behind the first simulated day: a year of daily bars and vols, and minute bars of the last sessions.

Made by the same dynamics as the live market, minute by minute, so daily bars are what their minutes add up to. All of
it is simulated and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import SessionProduct
from terminal.infra.calendars import Calendars
from terminal.market.rows import BAR_ROW
from terminal.venues.sim import model
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.universe import NAMES, Name
from terminal.venues.sim.variance_clock import OVERNIGHT_SHARE, UNITS_PER_YEAR, activity

BAR = BAR_ROW
"""A bar of one interval as the bar store keeps it; ``ts_ns`` is its start, prices at scale 10,000."""

DAILY = np.dtype(
    [*((name, BAR[name]) for name in BAR.names or ()), *((name, "f8") for name in ("atm_vol", "market", "own"))]
)
"""A session's bar with, at its close, the 30-day at-the-money vol, a decimal, and the variances that it is made of: the
market's and the name's own, a year."""

MINUTES_KEPT = 5
"""Sessions whose minute bars are kept."""

MINUTE_NS = 60 * NS_PER_S
Bars = npt.NDArray[np.void]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NameHistory:
    """``daily``: DAILY rows, oldest first; ``minutes``: BAR rows of the last sessions; ``source`` says what it is."""

    symbol: str
    daily: Bars
    minutes: Bars
    source: str = "simulated"


@dataclass(frozen=True, slots=True)
class History:
    """By symbol, and the state of the dynamics that the first day starts from, shape (names, 2)."""

    names: dict[str, NameHistory]
    market_state: Floats
    name_states: Floats


def make_history(seed: int, calendars: Calendars, first_day: date, sessions: int = 252) -> History:
    """The ``sessions`` trading days before ``first_day``."""
    days = _days_before(calendars, first_day, sessions)
    market_rng = stream(seed, "history", "market")
    rngs = [stream(seed, "history", name.symbol) for name in NAMES]
    extremes = stream(seed, "history", "extremes")
    volumes = stream(seed, "history", "volume")
    market_state, states = model.first_states(seed)
    daily = [np.zeros(len(days), DAILY) for _ in NAMES]
    minutes: list[list[Bars]] = [[] for _ in NAMES]
    for row, day in enumerate(days):
        hours = calendars.session_hours(SessionProduct.EQUITY, day)
        count = (hours.close_ns - hours.open_ns) // MINUTE_NS
        steps = _step_years(int(count))
        returns, market_variances = model.market_steps(market_rng, market_state, steps)
        for at, name in enumerate(NAMES):
            model.overnight_event(seed, name, calendars, days[row - 1] if row else None, day, states[at])
            prices, own = model.name_steps(name, rngs[at], states[at], steps, returns)
            bars = _bars(name, prices, market_variances, own, steps, extremes, volumes)
            bars["ts_ns"] = hours.open_ns + np.arange(count) * MINUTE_NS
            daily[at][row] = _fold(name, bars, float(market_variances[-1]), float(own[-1]))
            if row >= len(days) - MINUTES_KEPT:
                minutes[at].append(bars)
    found = {}
    for at, name in enumerate(NAMES):
        factor = _rescale(seed, name, float(np.exp(states[at, 0])))
        states[at, 0] += np.log(factor)
        kept = np.concatenate(minutes[at])
        for rows in (daily[at], kept):
            for column in ("open", "high", "low", "close"):
                rows[column] = np.round(rows[column] * factor / 100.0).astype(np.int64) * 100
        found[name.symbol] = NameHistory(name.symbol, daily[at], kept)
    return History(found, market_state, states)


def _days_before(calendars: Calendars, first_day: date, sessions: int) -> list[date]:
    days: list[date] = []
    day = first_day
    for _ in range(sessions):
        day = calendars.previous_session(day)
        days.append(day)
    return days[::-1]


def _step_years(minutes: int) -> Floats:
    """The night, then every minute, in years of variance."""
    middle = (np.arange(minutes) + 0.5) / minutes
    weights = activity(middle)
    day = (1.0 - OVERNIGHT_SHARE) / UNITS_PER_YEAR * weights / weights.sum()
    return np.concatenate([[OVERNIGHT_SHARE / UNITS_PER_YEAR], day])


def _bars(
    name: Name, prices: Floats, market: Floats, own: Floats, steps: Floats, extremes: np.random.Generator,
    volumes: np.random.Generator,
) -> Bars:  # fmt: skip
    """Minute bars whose extremes are those of Brownian bridges between the minutes' ends."""
    opens, closes = prices[:-1], prices[1:]
    spread = np.sqrt((name.beta**2 * market[1:] + own[1:]) * steps[1:])
    change = np.log(closes / opens)
    draw = -2.0 * np.log(extremes.random((2, len(opens))))
    reach = 0.5 * np.sqrt(change**2 + spread**2 * draw)
    bars = np.zeros(len(opens), BAR)
    bars["open"] = np.round(opens * 10_000.0)
    bars["close"] = np.round(closes * 10_000.0)
    bars["high"] = np.maximum(np.round(opens * np.exp(0.5 * change + reach[0]) * 10_000.0), bars["open"])
    bars["low"] = np.minimum(np.round(opens * np.exp(0.5 * change - reach[1]) * 10_000.0), bars["open"])
    bars["high"] = np.maximum(bars["high"], bars["close"])
    bars["low"] = np.minimum(bars["low"], bars["close"])
    if name.flow is not None:
        share = activity((np.arange(len(opens)) + 0.5) / len(opens)) / len(opens)
        noise = np.exp(0.35 * volumes.standard_normal(len(opens)) + 0.25 * volumes.standard_normal())
        bars["volume"] = np.round(name.flow.daily_shares * share * noise * (0.6 + 0.5 * np.abs(change) / spread))
    return bars


def _fold(
    name: Name, bars: Bars, market: float, own: float
) -> tuple[int, int, int, int, int, int, float, float, float]:
    first, last = bars[0], bars[-1]
    return (
        int(first["ts_ns"]), int(first["open"]), int(bars["high"].max()), int(bars["low"].min()), int(last["close"]),
        int(bars["volume"].sum()), model.atm_vol(name, market, own), market, own,
    )  # fmt: skip


def _rescale(seed: int, name: Name, found: float) -> float:
    """What brings the last close to the name's level, give or take the seed's own few percent."""
    wanted = name.level * np.exp(0.25 * name.vol * model.level_shift(seed, name))
    return float(wanted) / found
