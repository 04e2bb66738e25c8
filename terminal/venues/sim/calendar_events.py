"""Dividends and earnings dates of the simulated names: fixed by rule, known in advance, the same for every seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from terminal.infra.calendars import Calendars
from terminal.venues.sim.universe import NAMES, Name


class EventKind(Enum):
    """What a company does on a day."""

    EX_DIVIDEND = "ex_dividend"
    EARNINGS_AFTER_CLOSE = "earnings_after_close"


@dataclass(frozen=True, slots=True)
class CompanyEvent:
    """``amount``: the dividend in currency a share, 0 for earnings."""

    symbol: str
    day: date
    kind: EventKind
    amount: float = 0.0


def _day_of(calendars: Calendars, year: int, month: int, week: int, weekday: int) -> date:
    first = date(year, month, 1)
    wanted = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (week - 1))
    return calendars.session_on_or_after(wanted)


def _in_range(
    calendars: Calendars, months: tuple[int, ...], week: int, weekday: int, start: date, end: date
) -> list[date]:
    days = [
        _day_of(calendars, year, month, week, weekday)
        for year in range(start.year, end.year + 1)
        for month in months
        if date(year, month, 1) <= end and date(year, month, 28) + timedelta(days=10) >= start
    ]
    return sorted(day for day in days if start <= day <= end)


def dividends(name: Name, calendars: Calendars, start: date, end: date) -> list[tuple[date, float]]:
    """Ex-dividend days from ``start`` to ``end``, both included, with the cash a share."""
    if name.dividend <= 0.0:
        return []
    week, weekday = (3, 4) if name.symbol == "SIMY" else (2, 3)
    return [(day, name.dividend) for day in _in_range(calendars, name.dividend_months, week, weekday, start, end)]


def earnings(name: Name, calendars: Calendars, start: date, end: date) -> list[date]:
    """Days from ``start`` to ``end`` after whose close ``name`` tells its earnings."""
    return _in_range(calendars, name.earnings_months, name.earnings_week, 2, start, end)


def company_events(calendars: Calendars, start: date, end: date) -> list[CompanyEvent]:
    """All events of all names from ``start`` to ``end``, by day and symbol."""
    rows = []
    for name in NAMES:
        for day, cash in dividends(name, calendars, start, end):
            rows.append(CompanyEvent(name.symbol, day, EventKind.EX_DIVIDEND, cash))
        told = earnings(name, calendars, start, end)
        rows.extend(CompanyEvent(name.symbol, day, EventKind.EARNINGS_AFTER_CLOSE) for day in told)
    return sorted(rows, key=lambda row: (row.day, row.symbol, row.kind.value))
