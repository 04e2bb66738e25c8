"""Messages that the calendar and the daily bars add to a day: phases of trading and official prices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from terminal.core.clock import at_ns, midnight_ns
from terminal.core.instruments import SESSION_CODES, InstrumentTable, SessionProduct
from terminal.core.messages import (
    OFFICIAL_KIND,
    OFFICIAL_PX,
    PHASE,
    PHASE_SESSION,
    Batch,
    Kind,
    OfficialKind,
    Phase,
    empty_batch,
)
from terminal.infra.calendars import Calendars, NoSession, SessionHours
from terminal.infra.session_table import CalendarRange

_PRE_MARKET_HOUR = 4


def day_start_ns(day: date, first_data_ns: int) -> int:
    """When a day begins: 04:00 New York, or at midnight (or with the data) when there is data before that."""
    start = at_ns(day, _PRE_MARKET_HOUR)
    return start if first_data_ns >= start else min(midnight_ns(day), first_data_ns)


def phase_messages(
    calendars: Calendars, table: InstrumentTable, products: Iterable[SessionProduct], day: date, start_ns: int
) -> Batch:
    """PHASE_CHANGE messages of ``day``, ascending.

    The day begins with PRE_MARKET for everything, which clears yesterday's quotes. Then each product opens and closes
    by its own hours. A series that expires is closed at its expiry and stays closed while its product trades on.
    """
    changes: list[tuple[int, int, int, Phase]] = [(start_ns, -1, 0, Phase.PRE_MARKET)]
    for product in sorted(products, key=lambda each: SESSION_CODES[each]):
        try:
            hours = calendars.session_hours(product, day)
        except (NoSession, CalendarRange):
            continue
        code = SESSION_CODES[product]
        own = [(max(at, start_ns), phase) for at, phase in _changes(hours)]
        changes += [(at, -1, code, phase) for at, phase in own]
        changes += _expiring(table, hours, own)
    changes.sort(key=lambda change: (change[0], change[1] >= 0))
    batch = empty_batch(len(changes))
    batch["kind"] = Kind.PHASE_CHANGE
    for message, (at, instrument, code, phase) in zip(batch, changes, strict=True):
        message["ts_ns"], message["instrument"] = at, instrument
        message[PHASE], message[PHASE_SESSION] = phase, code
    return batch


def _changes(hours: SessionHours) -> list[tuple[int, Phase]]:
    """Of one product; PRE_MARKET is not said again, since that would begin the day anew."""
    has_early_trading = hours.extended_open_ns < hours.open_ns
    changes = [] if has_early_trading else [(midnight_ns(hours.day), Phase.CLOSED)]
    changes.append((hours.open_ns, Phase.OPEN))
    ends = {hours.close_ns, hours.extended_close_ns, hours.curb_close_ns or hours.close_ns}
    changes += [(at, hours.phase(at)) for at in sorted(ends)]
    return changes


def _expiring(
    table: InstrumentTable, hours: SessionHours, own: list[tuple[int, Phase]]
) -> list[tuple[int, int, int, Phase]]:
    """Closes single series that end before their product does; each time the product changes phase after that, too."""
    if hours.product is SessionProduct.EQUITY:
        return []
    found = []
    for row in table:
        if row.option is None or row.session is not hours.product:
            continue
        if not own[0][0] <= row.option.expires_ns < hours.last_ns:
            continue
        later = {at for at, phase in own if at > row.option.expires_ns and phase is not Phase.CLOSED}
        found += [(at, row.id, 0, Phase.CLOSED) for at in sorted({row.option.expires_ns, *later})]
    return found


def official(instrument: int, ts_ns: int, kind: OfficialKind, px: int, source: int) -> Batch:
    """One OFFICIAL message."""
    batch = empty_batch(1)
    batch["ts_ns"], batch["kind"], batch["instrument"], batch["source"] = ts_ns, Kind.OFFICIAL, instrument, source
    batch[OFFICIAL_PX], batch[OFFICIAL_KIND] = px, kind
    return batch


def in_canonical_order(batch: Batch, table: InstrumentTable) -> Batch:
    """Messages by time; inside an instant phases, index, equity, option quotes, option trades, open interest,
    officials, each by symbol, and quotes of a symbol before its trades. Equal ones keep their order. Sets ``order``."""
    used = np.unique(batch["instrument"][batch["instrument"] >= 0])
    rows = [table.get(int(each)) for each in used]
    rank = np.zeros(max(1, len(table)), np.int64)
    rank[used[np.argsort([row.symbol for row in rows], kind="stable")]] = np.arange(len(used))
    is_option = np.zeros(max(1, len(table)), np.bool_)
    is_index = np.zeros(max(1, len(table)), np.bool_)
    is_option[used] = [row.option is not None for row in rows]
    is_index[used] = [not row.is_tradable for row in rows]
    place = np.maximum(batch["instrument"], 0)
    is_trade = np.isin(batch["kind"], (Kind.TRADE, Kind.BAR))
    group = np.where(is_option[place], np.where(is_trade, 4, 3), np.where(is_index[place], 1, 2))
    group[batch["kind"] == Kind.OPEN_INTEREST] = 5
    group[batch["kind"] == Kind.OFFICIAL] = 6
    is_phase = batch["kind"] == Kind.PHASE_CHANGE
    group[is_phase] = 0
    symbol = np.where(is_phase, 0, rank[place])
    key = (group << 48) | (symbol << 8) | np.where(is_option[place], 0, is_trade)
    ordered = batch[np.lexsort((key, batch["ts_ns"]))]
    return number_instants(ordered)


def number_instants(batch: Batch) -> Batch:
    """Sets ``order`` of a batch that is ascending by time: the rank inside its instant, from 0."""
    if len(batch) == 0:
        return batch
    begins = np.flatnonzero(np.diff(batch["ts_ns"], prepend=batch["ts_ns"][0] - 1))
    lengths = np.diff(begins, append=len(batch))
    batch["order"] = np.arange(len(batch)) - np.repeat(begins, lengths)
    return batch
