"""The calendar: what is given to whom, and when it was known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from terminal.app.event_book import EventBook
from terminal.core.clock import at_ns, midnight_ns
from terminal.infra.calendars import default
from terminal.market.importers.lean.events import factor_events
from terminal.market.importers.lean.reference import FactorFile, FactorRow
from terminal.store.events import EventHour, EventKind, MarketEvent
from tests.market.analytics import chains

DAY = chains.DAY
NOW_NS = chains.NOW_NS


def event(day: date, kind: EventKind = EventKind.EARNINGS, symbol: str = "XYZ", **more: object) -> MarketEvent:
    return MarketEvent("test", f"{symbol} {kind.value} {day}", symbol, kind, day, **more)  # type: ignore[arg-type]


def book(*events: MarketEvent) -> EventBook:
    table, _, _ = chains.listed()
    return EventBook(None, None, table, default(), events)


def test_nothing_is_shown_before_it_was_known() -> None:
    early, late = event(date(2026, 1, 20)), event(date(2026, 1, 21), known_ns=NOW_NS + 1)
    kept = book(early, late)
    assert kept.between("XYZ", DAY, date(2026, 2, 1), NOW_NS) == (early,)
    assert kept.between("XYZ", DAY, date(2026, 2, 1), NOW_NS + 1) == (early, late)


def test_a_symbol_has_those_of_the_whole_market_too() -> None:
    own, other = event(date(2026, 1, 20)), event(date(2026, 1, 20), symbol="ABC")
    market = event(date(2026, 1, 21), EventKind.MACRO, "", title="CPI")
    kept = book(own, other, market)
    assert kept.between("XYZ", DAY, date(2026, 2, 1), NOW_NS) == (own, market)
    assert set(kept.between(None, DAY, date(2026, 2, 1), NOW_NS)) == {own, other, market}
    assert kept.between(None, date(2026, 1, 21), date(2026, 1, 21), NOW_NS) == (market,)


def test_earnings_after_the_close_of_the_last_day_come_too_late_for_the_expiry() -> None:
    last = date(2026, 1, 16)
    expires_ns = at_ns(last, 16)
    after = event(last, hour=EventHour.AFTER_CLOSE)
    before = event(last, EventKind.DIVIDEND, amount=0.2)
    kept = book(after, before, event(DAY, hour=EventHour.BEFORE_OPEN))
    assert kept.before_expiry("XYZ", expires_ns, NOW_NS) == (before,)
    assert after in kept.before_expiry("XYZ", at_ns(date(2026, 2, 20), 16), NOW_NS)


def test_what_two_sources_tell_is_told_once_and_storing_replaces_a_source() -> None:
    kept = book(event(date(2026, 1, 20)))
    again = MarketEvent("other", "1", "XYZ", EventKind.EARNINGS, date(2026, 1, 20), known_ns=5)
    version = kept.version
    assert kept.store("other", [again], NOW_NS) == 1
    assert kept.version > version
    assert [each.source for each in kept.between("XYZ", DAY, date(2026, 2, 1), NOW_NS)] == ["test"]


def test_listed_expiries_and_their_cycle() -> None:
    kept = book()
    found = kept.expiries(0, DAY, date(2026, 12, 31))
    titles = {each.day: each.title for each in found}
    # 19 June 2026 is a holiday, so the quarter's expiry is the day before.
    assert titles == {
        date(2026, 1, 16): "Monthly expiry", date(2026, 2, 20): "Monthly expiry", date(2026, 6, 18): "Quarterly expiry",
    }  # fmt: skip


def test_factor_files_give_splits_and_dividends_on_the_session_after_their_row() -> None:
    rows = (
        FactorRow(date(2014, 5, 7), Decimal("0.99"), Decimal("0.1428571"), Decimal("592.33")),
        FactorRow(date(2014, 6, 6), Decimal("0.9944443"), Decimal("0.1428571"), Decimal("645.57")),
        FactorRow(date(2014, 8, 6), Decimal("0.9944443"), Decimal(1), Decimal("94.96")),
        FactorRow(date(2050, 12, 31), Decimal(1), Decimal(1), Decimal(0)),
    )
    found = factor_events("AAPL", FactorFile(rows), lambda day: default().next_session(day))
    assert [(each.kind, each.day) for each in found] == [
        (EventKind.DIVIDEND, date(2014, 5, 8)), (EventKind.SPLIT, date(2014, 6, 9)),
        (EventKind.DIVIDEND, date(2014, 8, 7)),
    ]  # fmt: skip
    assert found[1].amount == 7.0
    assert found[1].known_ns == midnight_ns(date(2014, 6, 9))
    assert abs((found[2].amount or 0) - 94.96 * (1 - 0.9944443)) < 1e-3
