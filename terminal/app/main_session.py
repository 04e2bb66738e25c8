"""Which trading hours a desk keeps: of all that its instruments have, and those that its day is counted by."""

from __future__ import annotations

from datetime import date, timedelta

from terminal.core.clock import from_ns
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.infra.calendars import US_CALENDAR, Calendars, SessionHours

LIKE_EQUITY = frozenset({SessionProduct.EQUITY, SessionProduct.EQUITY_OPTION, SessionProduct.INDEX_OPTION})
"""What keeps New York's day; everything else has one of its own."""

Market = tuple[SessionProduct, str]
"""A product and the calendar that it follows."""


def markets_of(table: InstrumentTable) -> list[Market]:
    """All that instruments of ``table`` have, in the order in which they came."""
    return list(dict.fromkeys((row.session, row.calendar or US_CALENDAR) for row in table))


def main_market(markets: list[Market]) -> Market:
    """New York's where anything has it or there is nothing, else that of the first instrument."""
    if not markets or any(product in LIKE_EQUITY for product, _ in markets):
        return SessionProduct.EQUITY, US_CALENDAR
    return markets[0]


def session_running_or_next(calendars: Calendars, market: Market, now_ns: int) -> tuple[date, SessionHours]:
    """The trading day at ``now_ns``, or the next one; it may begin on the evening before its date."""
    product, calendar = market
    day = from_ns(now_ns).date() - timedelta(days=2)
    while True:
        day = calendars.next_session(day, product, calendar=calendar)
        hours = calendars.session_hours(product, day, calendar=calendar)
        if now_ns < hours.last_ns:
            return day, hours
