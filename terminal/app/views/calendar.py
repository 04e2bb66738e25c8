"""The calendar of coming events as rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from terminal.app.event_book import EventBook
from terminal.app.event_moves import days_to
from terminal.app.formats import MISSING
from terminal.app.views.table_rows import TableRows
from terminal.core.clock import from_ns
from terminal.store.events import EventHour, EventKind, MarketEvent

KINDS = (EventKind.EARNINGS, EventKind.DIVIDEND, EventKind.SPLIT, EventKind.MACRO, EventKind.EXPIRY)
"""What can be filtered; OTHER goes with MACRO."""
AHEAD_DAYS, BACK_DAYS = 400, 7


@dataclass(frozen=True, slots=True)
class Moves:
    """What is known of an underlying's earnings: implied standard deviation and past ones, decimals, NaN unknown."""

    implied: float
    past: float
    count: int


def coming(
    book: EventBook, symbol: str | None, underlying: int | None, now_ns: int, kinds: frozenset[EventKind]
) -> list[MarketEvent]:
    """Events of a week ago to AHEAD_DAYS from now, the listed expiries of an underlying among them."""
    today = from_ns(now_ns).date()
    first, last = today - timedelta(days=BACK_DAYS), today + timedelta(days=AHEAD_DAYS)
    wanted = kinds | {EventKind.OTHER} if EventKind.MACRO in kinds else kinds
    found = list(book.between(symbol, first, last, now_ns, wanted))
    if EventKind.EXPIRY in kinds and underlying is not None:
        found += book.expiries(underlying, first, last)
    return sorted(found, key=lambda each: (each.day, book.instant_ns(each), each.symbol, each.kind.value, each.title))


def calendar_rows(
    book: EventBook, events: Iterable[MarketEvent], now_ns: int, moves: Callable[[MarketEvent], Moves | None]
) -> TableRows:
    """One row an event; past ones are faint."""
    rows = list(events)
    values: Mapping[str, list[object]] = {name: [] for name in ("day", "to_go", "when", "symbol", "kind", "what",
                                                               "implied", "past")}  # fmt: skip
    tones: list[str] = []
    tips: list[str] = []
    for event in rows:
        instant_ns = book.instant_ns(event)
        found = moves(event) if event.kind is EventKind.EARNINGS else None
        to_go = (event.day - from_ns(now_ns).date()).days
        values["day"].append(f"{event.day:%a %d %b %y}")
        values["to_go"].append("today" if to_go == 0 else f"{to_go}".replace("-", "\N{MINUS SIGN}"))
        values["when"].append(_when(event))
        values["symbol"].append(event.symbol or "market")
        values["kind"].append(event.kind.value.capitalize())
        values["what"].append(what(event))
        values["implied"].append(MISSING if found is None else _percent(found.implied))
        has_past = found is not None and found.count > 0
        values["past"].append(f"{_percent(found.past)} ({found.count})" if found and has_past else MISSING)
        tones.append("text2" if days_to(instant_ns, now_ns) < 0 else "")
        tips.append(f"From {event.source}.")
    keys = [(each.source, each.uid) for each in rows]
    return TableRows(list(keys), values, tones=dict.fromkeys(values, tones), tips={"what": tips, "kind": tips})


def what(event: MarketEvent) -> str:
    """What happens, in words."""
    if event.kind is EventKind.DIVIDEND and event.amount is not None:
        return f"Ex-dividend {event.amount:,.4g} a share"
    if event.kind is EventKind.SPLIT and event.amount is not None:
        ratio = f"{event.amount:g} for 1" if event.amount >= 1 else f"1 for {1 / event.amount:g}"
        return f"Split {ratio}"
    return event.title or {EventKind.EARNINGS: "Earnings", EventKind.DIVIDEND: "Ex-dividend"}.get(event.kind, MISSING)


def _when(event: MarketEvent) -> str:
    if event.at_ns:
        return f"{from_ns(event.at_ns):%H:%M}"
    return event.hour.value if event.hour is not EventHour.UNKNOWN else MISSING


def _percent(move: float) -> str:
    return f"\N{PLUS-MINUS SIGN}{100 * move:.1f}%" if math.isfinite(move) else MISSING
