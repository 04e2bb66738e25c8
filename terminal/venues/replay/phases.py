"""Phases of trading for recorded streams, which do not tell them: from the hours of what they trade."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import timedelta

from terminal.core.clock import UTC_ZONE, from_ns
from terminal.core.instruments import SESSION_CODES, InstrumentTable, SessionProduct
from terminal.core.messages import PHASE, PHASE_SESSION, Batch, Flag, Kind, Phase, empty_batch
from terminal.infra.calendars import US_CALENDAR, Calendars, NoSession, SessionHours
from terminal.infra.session_table import CalendarRange

_KEEPS = Flag.BID_UNCHANGED | Flag.ASK_UNCHANGED
_WITHOUT_PAUSE = {SessionProduct.CRYPTO, SessionProduct.FX, SessionProduct.FOREIGN}
"""Markets whose orders stay from one day to the next: a new day begins, but nobody sends their books again."""
_Change = tuple[int, int, int, Phase, int]


def phase_changes(table: InstrumentTable, calendars: Calendars, first_ns: int, last_ns: int) -> Batch:
    """PHASE_CHANGE messages from ``first_ns`` to ``last_ns``, ascending.

    The first says PRE_MARKET to all, which begins their day; then each has the phase that it is in. Later days begin
    at the first instant of their trading.
    """
    changes: list[_Change] = [(first_ns, -1, 0, Phase.PRE_MARKET, 0)]
    for product, calendar, instruments in _groups(table):
        code = 0 if calendar else SESSION_CODES[product]
        for ts_ns, phase, flags in _of(calendars, product, calendar, first_ns, last_ns):
            changes += [(ts_ns, each, code, phase, flags) for each in instruments]
    changes.sort(key=lambda change: change[0])
    batch = empty_batch(len(changes))
    batch["kind"] = Kind.PHASE_CHANGE
    for row, (ts_ns, instrument, code, phase, flags) in zip(batch, changes, strict=True):
        row["ts_ns"], row["instrument"], row["flags"] = ts_ns, instrument, flags
        row[PHASE], row[PHASE_SESSION] = phase, code
    return batch


def _groups(table: InstrumentTable) -> Iterable[tuple[SessionProduct, str, list[int]]]:
    """Products of the table; those of a foreign exchange by its calendar, since all of them have one code."""
    found: dict[tuple[SessionProduct, str], list[int]] = {}
    for row in table:
        calendar = row.calendar if row.session is SessionProduct.FOREIGN else ""
        found.setdefault((row.session, calendar), []).append(row.id)
    for (product, calendar), ids in sorted(found.items(), key=lambda each: (SESSION_CODES[each[0][0]], each[0][1])):
        yield product, calendar, ids if calendar else [-1]


def _of(
    calendars: Calendars, product: SessionProduct, calendar: str, first_ns: int, last_ns: int
) -> Iterable[tuple[int, Phase, int]]:
    flags = int(_KEEPS) if product in _WITHOUT_PAUSE else 0
    days = _days(calendars, product, calendar, first_ns, last_ns)
    now = next((hours for hours in days if hours.first_ns <= first_ns < hours.last_ns), None)
    phase = Phase.CLOSED if now is None else now.phase(first_ns)
    if phase is not Phase.PRE_MARKET:
        yield first_ns, phase, 0
    for hours in days:
        if first_ns < hours.first_ns <= last_ns:
            yield hours.first_ns, Phase.PRE_MARKET, flags
        said = Phase.PRE_MARKET
        for ts_ns in sorted(_instants(hours)):
            after = hours.phase(ts_ns)
            follows = any(each.first_ns == ts_ns for each in days if each is not hours)
            if first_ns < ts_ns <= last_ns and after is not said and not follows:
                yield ts_ns, after, 0
            said = after


def _instants(hours: SessionHours) -> set[int]:
    known = (
        hours.open_ns, hours.break_start_ns, hours.break_end_ns, hours.close_ns, hours.curb_open_ns,
        hours.curb_close_ns, hours.last_ns,
    )  # fmt: skip
    return {each for each in known if each is not None}


def _days(
    calendars: Calendars, product: SessionProduct, calendar: str, first_ns: int, last_ns: int
) -> list[SessionHours]:
    """Trading days around the span; none where the calendar does not reach."""
    day, end = (
        from_ns(first_ns, UTC_ZONE).date() - timedelta(days=1),
        from_ns(last_ns, UTC_ZONE).date() + timedelta(days=1),
    )
    found: list[SessionHours] = []
    while day <= end:
        with contextlib.suppress(NoSession, CalendarRange):
            found.append(calendars.session_hours(product, day, calendar=calendar or US_CALENDAR))
        day += timedelta(days=1)
    return found
