"""Events that move an underlying, by day: stored by the file they came from, and what was known when.

A file's events replace all that an earlier reading of the same file gave. An event that was there on the same
day keeps the earlier of both times of knowledge, so that reading a file again makes nothing known later than it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from terminal.core.clock import midnight_ns
from terminal.store.connection import Connection


class EventKind(Enum):
    """What happens."""

    EARNINGS = "earnings"
    DIVIDEND = "dividend"
    SPLIT = "split"
    EXPIRY = "expiry"
    MACRO = "macro"
    OTHER = "other"


class EventHour(Enum):
    """When in its day, as far as that is told."""

    UNKNOWN = ""
    BEFORE_OPEN = "before open"
    IN_SESSION = "in session"
    AFTER_CLOSE = "after close"


ALWAYS_NS = -(2**62)
"""Known since ever: fixed by rule."""


@dataclass(frozen=True, slots=True)
class MarketEvent:
    """``symbol``: empty for the whole market. ``at_ns``: its instant, 0 where only the day is told. ``amount``: cash a
    share of a dividend, new shares for one old of a split. ``weight``: ordinary trading days that its variance is
    worth, None where nobody said. ``known_ns``: market time from which on it may be shown. ``uid``: its name within its
    ``source``."""

    source: str
    uid: str
    symbol: str
    kind: EventKind
    day: date
    at_ns: int = 0
    hour: EventHour = EventHour.UNKNOWN
    amount: float | None = None
    title: str = ""
    weight: float | None = None
    known_ns: int = ALWAYS_NS


def known_since(day: date, told_ns: int | None, imported_ns: int) -> int:
    """When an event was known. A source that does not tell knows it from the moment it was imported on, and everybody
    does from its own day on: a replay of last year shows it on its day and not before."""
    return told_ns if told_ns is not None else min(midnight_ns(day), imported_ns)


def replace_events(connection: Connection, source: str, events: Sequence[MarketEvent], imported_ns: int) -> int:
    """Makes ``events`` the content of ``source``, in the caller's transaction; gives how many were not there before."""
    before = {
        (row[0], row[1]): int(row[2])
        for row in connection.execute("SELECT uid, day, known_ns FROM raw.event WHERE source = ?", [source]).fetchall()
    }
    connection.execute("DELETE FROM raw.event WHERE source = ?", [source])
    rows = {event.uid: event for event in events}
    for event in rows.values():
        known_ns = min(event.known_ns, before.get((event.uid, event.day), event.known_ns))
        connection.execute(
            "INSERT INTO raw.event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                source, event.uid, event.symbol, event.kind.value, event.day, event.at_ns, event.hour.value,
                event.amount, event.title, event.weight, known_ns, imported_ns,
            ],
        )  # fmt: skip
    return sum((event.uid, event.day) not in before for event in rows.values())


def read_events(connection: Connection) -> list[MarketEvent]:
    """All stored events, by day and symbol."""
    rows = connection.execute(
        "SELECT source, uid, symbol, kind, day, at_ns, hour, amount, title, weight, known_ns FROM raw.event "
        "ORDER BY day, symbol, kind, source, uid"
    ).fetchall()
    return [_event(*row) for row in rows]


def _event(
    source: str, uid: str, symbol: str, kind: str, day: date, at_ns: int, hour: str, amount: float | None, title: str,
    weight: float | None, known_ns: int,
) -> MarketEvent:  # fmt: skip
    return MarketEvent(
        source, uid, symbol, EventKind(kind), day, at_ns, EventHour(hour), amount, title, weight, known_ns
    )
