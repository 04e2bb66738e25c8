"""Events in iCalendar files (RFC 5545): the part of it that calendars of earnings and releases use.

Each VEVENT with a day is one event. Its kind comes from CATEGORIES or from a word of the SUMMARY (earnings, dividend,
split, expiration), its symbol from X-SYMBOL, or of those four kinds from the first word of the SUMMARY when that is in
capitals; without a symbol it is a macro release. Known since: CREATED. Cancelled events are left out, and so is a
repeating one, by name: a rule says nothing about a single date that was moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from terminal.core.clock import NEW_YORK, NS_PER_S
from terminal.infra.failures import UsageError
from terminal.market.importers.events.found import MOST_EVENTS, EventsRead, parse_date
from terminal.store.events import EventHour, EventKind, MarketEvent, known_since

_WORDS = (
    ("earnings", EventKind.EARNINGS), ("dividend", EventKind.DIVIDEND), ("split", EventKind.SPLIT),
    ("expir", EventKind.EXPIRY), ("macro", EventKind.MACRO),
)  # fmt: skip
_LINE = re.compile(r"([A-Za-z0-9-]{1,60})((?:;[^:\";]*(?:\"[^\"]*\"[^:\";]*)*)*):(.*)", re.DOTALL)
_ZONE = re.compile(r"TZID=\"?([^\";:,]+)\"?", re.IGNORECASE)
_STAMP = re.compile(r"(\d{8})T([01]\d|2[0-3])([0-5]\d)([0-5]\d)(Z?)")
_SYMBOL = re.compile(r"[A-Z][A-Z0-9.]{0,9}")


@dataclass(frozen=True, slots=True)
class _Property:
    line: int
    parameters: str
    value: str


def parse(text: str, source: str, imported_ns: int) -> EventsRead:
    """The events of a file's text. Raises UsageError when it is no iCalendar file."""
    lines = _unfolded(text)
    if not lines or lines[0][1].strip().upper() != "BEGIN:VCALENDAR":
        raise UsageError("It is no iCalendar file: its first line is not BEGIN:VCALENDAR.")
    found = EventsRead()
    begun: int | None = None
    depth = 0
    held: dict[str, _Property] = {}
    for number, line in lines:
        upper = line.strip().upper()
        if upper == "BEGIN:VEVENT":
            if begun is not None:
                found.refuse(begun, "an event that does not end")
            begun, depth, held = number, 0, {}
        elif begun is None:
            continue
        elif upper.startswith("BEGIN:"):
            depth += 1
        elif upper == "END:VEVENT":
            found.read += 1
            if len(found.events) >= MOST_EVENTS:
                found.refuse(number, f"more than {MOST_EVENTS:,} events; the rest is left out")
                return found
            _take(found, begun, held, source, imported_ns)
            begun = None
        elif upper.startswith("END:"):
            depth -= 1
        elif depth == 0:
            parts = _LINE.fullmatch(line)
            if parts is not None:
                held.setdefault(parts[1].upper(), _Property(number, parts[2], parts[3]))
    if begun is not None:
        found.refuse(begun, "an event that does not end")
    return found


def _unfolded(text: str) -> list[tuple[int, str]]:
    """Lines with the number of their first one; a line that begins with a blank goes on with the one before."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line[:1] in {" ", "\t"} and lines:
            lines[-1] = (lines[-1][0], lines[-1][1] + line[1:])
        elif line:
            lines.append((number, line))
    return lines


def _take(found: EventsRead, begun: int, held: dict[str, _Property], source: str, imported_ns: int) -> None:
    status = held.get("STATUS")
    if status is not None and status.value.strip().upper() == "CANCELLED":
        return
    try:
        found.events.append(_event(held, source, imported_ns))
    except ValueError as problem:
        at = held["DTSTART"].line if "DTSTART" in held else begun
        found.refuse(at, str(problem))


def _event(held: dict[str, _Property], source: str, imported_ns: int) -> MarketEvent:
    if "DTSTART" not in held:
        raise ValueError("an event without DTSTART")
    day, instant_ns = _moment(held["DTSTART"])
    title = _plain(held["SUMMARY"].value)[:200] if "SUMMARY" in held else ""
    if "RRULE" in held or "RDATE" in held:
        raise ValueError(f"{title or 'an event'} repeats; give each date by itself")
    kind, symbol = _what(held, title)
    uid = held["UID"].value.strip()[:200] if "UID" in held else f"{symbol} {kind.value} {day} {title}"
    if "RECURRENCE-ID" in held:
        uid += f" {held['RECURRENCE-ID'].value.strip()[:40]}"
    told = _created(held["CREATED"]) if "CREATED" in held else 0
    return MarketEvent(
        source, uid, symbol, kind, day, instant_ns, EventHour.UNKNOWN, None, title, None,
        known_since(day, told or None, imported_ns),
    )  # fmt: skip


def _created(told: _Property) -> int:
    """Its instant; 0 where it tells none: some calendars write 1900 for events that they did not make themselves."""
    try:
        return _moment(told)[1]
    except ValueError:
        return 0


def _what(held: dict[str, _Property], title: str) -> tuple[EventKind, str]:
    named = _plain(held["CATEGORIES"].value).lower() if "CATEGORIES" in held else ""
    kind = next((each for text in (named, title.lower()) for word, each in _WORDS if word in text), None)
    told = held.get("X-SYMBOL") or held.get("X-TICKER")
    symbol = told.value.strip().upper() if told is not None else ""
    if symbol and not _SYMBOL.fullmatch(symbol):
        raise ValueError(f"{symbol[:40]!r} is not a symbol")
    first = title.partition(" ")[0].strip("$:,()")
    if not symbol and kind not in {None, EventKind.MACRO} and _SYMBOL.fullmatch(first):
        symbol = first
    if kind is None:
        kind = EventKind.OTHER if symbol else EventKind.MACRO
    if not symbol and kind in {EventKind.EARNINGS, EventKind.DIVIDEND, EventKind.SPLIT}:
        raise ValueError(f"{title or kind.value!r} names no symbol (X-SYMBOL, or as the first word)")
    if kind is EventKind.SPLIT:
        raise ValueError("a calendar file tells no ratio of a split; give it in a CSV file")
    return kind, symbol


def _moment(told: _Property) -> tuple[date, int]:
    """The New York day and the instant (0 for a whole day)."""
    value = told.value.strip()
    stamp = _STAMP.fullmatch(value)
    day = parse_date(stamp[1] if stamp else value)
    if day is None:
        raise ValueError(f"{value[:40]!r} is not a date between 1970 and 2199")
    if stamp is None:
        return day, 0
    zone = _zone(told.parameters, is_utc=bool(stamp[5]))
    moment = datetime(day.year, day.month, day.day, int(stamp[2]), int(stamp[3]), min(int(stamp[4]), 59), tzinfo=zone)
    return moment.astimezone(NEW_YORK).date(), int(moment.timestamp()) * NS_PER_S


def _zone(parameters: str, *, is_utc: bool) -> tzinfo:
    if is_utc:
        return UTC
    named = _ZONE.search(parameters)
    if named is None:
        return NEW_YORK
    try:
        return ZoneInfo(named[1].strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"the time zone {named[1][:40]!r} is not known") from None


def _plain(value: str) -> str:
    """TEXT without its escapes, on one line."""
    unescaped = re.sub(r"\\([nN,;\\])", lambda found: " " if found[1] in "nN" else found[1], value)
    return " ".join(unescaped.split())
