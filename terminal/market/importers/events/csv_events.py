"""Events in CSV: a heading with at least ``date`` and ``kind``, then one event a line.

Columns, in any order: ``date`` (of New York, YYYY-MM-DD), ``kind`` (earnings, dividend, split, expiry, macro, other),
``symbol`` (empty: the whole market), ``time`` (HH:MM in New York, or "before open", "after close", "in session", and
bmo, amc, dmh), ``amount`` (cash of a dividend; of a split new shares for one old, or 7:1), ``title``, ``known`` (the
date since when it was known), ``weight`` (ordinary trading days that it is worth), ``id``.
"""

from __future__ import annotations

import csv
import io
import math
import re

from terminal.core.clock import at_ns, midnight_ns
from terminal.infra.failures import UsageError
from terminal.market.importers.events.found import MOST_EVENTS, EventsRead, parse_date
from terminal.store.events import EventHour, EventKind, MarketEvent, known_since

COLUMNS = ("date", "kind", "symbol", "time", "amount", "title", "known", "weight", "id")
_HOURS = {
    "": EventHour.UNKNOWN, "bmo": EventHour.BEFORE_OPEN, "amc": EventHour.AFTER_CLOSE, "dmh": EventHour.IN_SESSION,
    **{each.value: each for each in EventHour},
}  # fmt: skip
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-/]{0,19}")


def parse(text: str, source: str, imported_ns: int) -> EventsRead:
    """The events of a file's text. Raises UsageError without a usable heading."""
    found = EventsRead()
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        heads = [each.strip().lower() for each in next(rows, [])]
        _check_heads(heads)
        for row in rows:
            if not any(each.strip() for each in row):
                continue
            found.read += 1
            if len(found.events) >= MOST_EVENTS:
                found.refuse(rows.line_num, f"more than {MOST_EVENTS:,} events; the rest is left out")
                break
            try:
                found.events.append(
                    _event(dict(zip(heads, (*row, *[""] * len(heads)), strict=False)), source, imported_ns)
                )
            except ValueError as problem:
                found.refuse(rows.line_num, str(problem))
    except csv.Error as problem:
        found.refuse(rows.line_num, f"it is no CSV ({problem}); the rest is left out")
    return found


def _check_heads(heads: list[str]) -> None:
    missing = [each for each in ("date", "kind") if each not in heads]
    if missing:
        raise UsageError(f"The first line must name the columns, at least date and kind; it lacks {missing[0]}.")
    unknown = [each for each in heads if each not in COLUMNS]
    if unknown:
        raise UsageError(f"The first line names the column {unknown[0]!r}; there are {', '.join(COLUMNS)}.")


def _event(row: dict[str, str], source: str, imported_ns: int) -> MarketEvent:
    cell = {name: " ".join(row.get(name, "").split()) for name in COLUMNS}
    day = parse_date(cell["date"])
    if day is None:
        raise ValueError(f"{cell['date']!r} is not a date like 2026-01-28")
    kinds = {each.value: each for each in EventKind}
    kind = kinds.get(cell["kind"].lower())
    if kind is None:
        raise ValueError(f"{cell['kind']!r} is not a kind; there are {', '.join(kinds)}")
    symbol = cell["symbol"].upper()
    if symbol and not _SYMBOL.fullmatch(symbol):
        raise ValueError(f"{cell['symbol']!r} is not a symbol")
    if not symbol and kind in {EventKind.EARNINGS, EventKind.DIVIDEND, EventKind.SPLIT}:
        raise ValueError(f"{kind.value} need a symbol")
    told = parse_date(cell["known"]) if cell["known"] else None
    if cell["known"] and told is None:
        raise ValueError(f"{cell['known']!r} is not a date since when it was known")
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", cell["time"])
    hour = EventHour.UNKNOWN if clock else _HOURS.get(cell["time"].lower())
    if hour is None:
        raise ValueError(f"{cell['time']!r} is not a time like 08:30, before open or after close")
    amount = _amount(cell["amount"], kind)
    return MarketEvent(
        source,
        cell["id"] or f"{symbol} {kind.value} {day} {cell['title']}".strip(),
        symbol,
        kind,
        day,
        at_ns(day, int(clock[1]), int(clock[2])) if clock else 0,
        hour,
        amount,
        cell["title"][:200],
        _positive(cell["weight"], "weight") if cell["weight"] else None,
        known_since(day, midnight_ns(told) if told else None, imported_ns),
    )


def _amount(text: str, kind: EventKind) -> float | None:
    if not text:
        if kind is EventKind.SPLIT:
            raise ValueError("a split needs its ratio as the amount, like 7:1")
        return None
    new, colon, old = text.partition(":")
    if colon:
        return _positive(str(_positive(new, "amount") / _positive(old, "amount")), "amount")
    return _positive(text, "amount")


def _positive(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < 1e9:
        raise ValueError(f"the {what} {text!r} is not a number above zero")
    return value
