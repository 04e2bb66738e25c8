"""Which contracts are listed on a day: expiries and strike grids as the exchanges list them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from terminal.core.instruments import SettlementTime
from terminal.infra.calendars import Calendars
from terminal.venues.sim.universe import Listing, Name


@dataclass(frozen=True, slots=True)
class Series:
    """All strikes of one root and expiry, both rights."""

    root: str
    expiry: date
    settlement: SettlementTime
    strikes_mills: tuple[int, ...]


def third_friday(year: int, month: int) -> date:
    """The month's third Friday, the classic expiry."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _months(day: date, count: int) -> list[tuple[int, int]]:
    start = day.year * 12 + day.month - 1
    return [divmod(start + step, 12) for step in range(count)]


def monthly_expiries(calendars: Calendars, day: date, count: int) -> list[date]:
    """The next ``count`` third Fridays on or after ``day``, moved to the session before when closed."""
    rows = [calendars.session_on_or_before(third_friday(y, m + 1)) for y, m in _months(day, count + 1)]
    return [row for row in rows if row >= day][:count]


def _fridays(calendars: Calendars, day: date, count: int) -> list[date]:
    first = day + timedelta(days=(4 - day.weekday()) % 7)
    rows = [calendars.session_on_or_before(first + timedelta(weeks=week)) for week in range(count)]
    return [row for row in rows if row >= day]


def _month_ends(calendars: Calendars, day: date, count: int) -> list[date]:
    rows = []
    for year, month in _months(day, count):
        following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
        rows.append(calendars.session_on_or_before(following - timedelta(days=1)))
    return [row for row in rows if row >= day]


def _dailies(calendars: Calendars, day: date, count: int) -> list[date]:
    return calendars.sessions(day, day + timedelta(days=2 * count + 7))[:count]


def _leaps(calendars: Calendars, day: date, months: Iterable[int], years: int) -> list[date]:
    rows = [
        calendars.session_on_or_before(third_friday(day.year + ahead, month))
        for ahead in range(years + 1)
        for month in months
    ]
    return [row for row in rows if row > day + timedelta(days=150)]


def expiries(name: Name, calendars: Calendars, day: date) -> dict[tuple[str, SettlementTime], list[date]]:
    """Expiries by root and settlement, ascending, those of ``day`` itself included."""
    kind = name.listing
    am, pm = SettlementTime.AM, SettlementTime.PM
    if kind is Listing.INDEX:
        classic = monthly_expiries(calendars, day, 5) + _leaps(calendars, day, (6, 12), 2)
        weekly = _dailies(calendars, day, 8) + _fridays(calendars, day, 5) + _month_ends(calendars, day, 4)
        return {(name.symbol, am): sorted(set(classic)), (name.symbol + "W", pm): sorted(set(weekly))}
    classic = monthly_expiries(calendars, day, 4 if kind is Listing.ETF else 2)
    classic += _leaps(calendars, day, (1,), 2) + monthly_expiries(calendars, day, 8)[4:8:3]
    if kind is Listing.ETF:
        classic += _dailies(calendars, day, 5) + _fridays(calendars, day, 5)
    elif kind is Listing.WEEKLY:
        classic += _fridays(calendars, day, 5)
    return {(name.symbol, pm): sorted(set(classic))}


def strikes(name: Name, spot: float, years: float, vol: float) -> tuple[int, ...]:
    """Strikes in mills around ``spot`` for an expiry ``years`` away: fine near the money, coarse in the wings."""
    step = name.options.strike_step_mills
    deviation = vol * math.sqrt(max(years, 1.0 / 365.0))
    if name.listing in {Listing.INDEX, Listing.ETF}:
        rungs = 1 if years < 0.045 else (2 if years < 0.14 else (5 if years < 0.7 else 10))
        least = 0.03
    else:
        rungs = 1 if years < 0.3 else (2 if years < 0.8 or name.listing is Listing.MONTHLY else 4)
        least = 0.10
    near = min(max(1.7 * deviation, least), 0.30)
    low = min(max(5.5 * deviation, 2.2 * least), 0.65)
    high = min(max(3.5 * deviation, 1.8 * least), 0.70)
    grid = set(_rungs(spot * (1 - near), spot * (1 + near), step * rungs))
    grid.update(_rungs(spot * (1 - low), spot * (1 + high), step * rungs * (5 if least < 0.1 else 2)))
    return tuple(sorted(grid))


def _rungs(low: float, high: float, step_mills: int) -> range:
    first = max(math.ceil(low * 1000 / step_mills), 1)
    return range(first * step_mills, math.floor(high * 1000) + 1, step_mills)


def listed(name: Name, calendars: Calendars, day: date, spot: float) -> list[Series]:
    """All series of an underlying that trade, or settle, on ``day`` or later."""
    rows = []
    for (root, settlement), dates in expiries(name, calendars, day).items():
        for expiry in dates:
            grid = strikes(name, spot, ((expiry - day).days + 0.3) / 365.0, name.vol)
            rows.append(Series(root, expiry, settlement, grid))
    return rows
