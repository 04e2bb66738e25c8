"""Daily records of volatility from what the market database holds: each recorded day run up to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from terminal.app.day_end import LOOK_BEFORE_NS, measured, put_prices
from terminal.core.clock import from_ns
from terminal.core.instruments import InstrumentTable, SessionProduct
from terminal.core.messages import Batch
from terminal.infra.calendars import Calendars
from terminal.market.rows import Rows
from terminal.market.state import MarketState
from terminal.store.connection import Connection
from terminal.store.recordings import (
    Selection,
    SessionInfo,
    add_instruments,
    list_sessions,
    list_sources,
    read_messages,
    vol_origin_of,
)
from terminal.store.vol_days import PRICES, VolDays, VolOrigin, blank_days

_UNDERLYING_DAYS = """
    WITH bars AS (
        SELECT u.id, u.symbol, (make_timestamp_ns(b.start_ns)::TIMESTAMP AT TIME ZONE 'UTC'
            AT TIME ZONE 'America/New_York')::DATE AS day, count(*) = 1 AND min(s.interval_s) = 86400 AS is_daily,
            any_value([b.open_px / u.price_scale, b.high_px / u.price_scale, b.low_px / u.price_scale,
                b.close_px / u.price_scale]) AS prices
        FROM raw.bar_1d b JOIN instrument u ON u.id = b.instrument JOIN source s ON s.id = b.source
        WHERE b.source IN (SELECT unnest($1::INTEGER[]))
            AND EXISTS (SELECT 1 FROM instrument o WHERE o.underlying = u.id)
        GROUP BY ALL
    ), quoted AS (
        SELECT DISTINCT o.underlying AS id, DATE '1970-01-01' + (q.ts_ns // 86400000000000)::INTEGER AS day
        FROM raw.quote q JOIN instrument o ON o.id = q.instrument
        WHERE q.source IN (SELECT unnest($1::INTEGER[])) AND o.underlying IS NOT NULL
    )
    SELECT symbol, day, CASE WHEN is_daily AND quoted.id IS NULL THEN prices END
    FROM bars LEFT JOIN quoted USING (id, day) ORDER BY symbol, day
"""
Progress = Callable[[int, int, str], None]


@dataclass(slots=True)
class VolReport:
    """What was made: days by origin and symbol with the number of vols known, and why others were not."""

    days: list[dict[str, object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """One day of one underlying in one session's sources."""

    session: SessionInfo
    origin: VolOrigin
    symbol: str
    day: date
    prices: tuple[float, ...] | None = None
    """PRICES of the day where its daily bar is all that there is: such days need no run."""


def recorded_days(connection: Connection, underlying: str | None, dates: Sequence[date] | None) -> list[RecordedDay]:
    """The days with trades of an underlying that has options, oldest session first: what was recorded last speaks."""
    every = list_sources(connection)
    pruned = {info.id for info in every if info.pruned}
    found = []
    for session in list_sessions(connection):
        if not session.sources or pruned.intersection(session.sources):
            continue
        origin = vol_origin_of(session, every)
        for symbol, day, prices in connection.execute(_UNDERLYING_DAYS, [list(session.sources)]).fetchall():
            if underlying in {None, symbol} and (dates is None or dates[0] <= day <= dates[-1]):
                found.append(RecordedDay(session, origin, symbol, day, None if prices is None else tuple(prices)))
    return found


def look(
    connection: Connection, recorded: RecordedDay, calendars: Calendars, rate: float | None, split: float = 1.0
) -> VolDays | None:
    """The day's row: the chain as it stood a minute before the close, prices of the whole day; None without trades.

    ``split``: new shares for one old from the day's open on.

    Raises RecordingFailed where messages were removed, and CalendarRange for days without a known calendar.
    """
    if not calendars.is_session(recorded.day):
        return None
    hours = calendars.session_hours(SessionProduct.EQUITY, recorded.day)
    close_ns = hours.close_ns
    row = blank_days(1)
    row["day"], row["known_ns"], row["split"] = np.datetime64(recorded.day), close_ns, split
    if recorded.prices is not None:
        for name, price in zip(PRICES, recorded.prices, strict=True):
            row[name] = price
        return row
    selection = Selection(recorded.session.sources, (recorded.symbol,), recorded.day, recorded.day)
    table = InstrumentTable()
    ids = add_instruments(connection, selection, table)
    state = MarketState(table, "recorded")
    underlying = table.find(recorded.symbol)
    quotes: Rows | None = None
    for batch in read_messages(connection, selection, ids):
        before, after = _parted(batch, close_ns - LOOK_BEFORE_NS)
        state.apply(before)
        if len(after) and quotes is None:
            quotes = state.read(np.arange(len(table), dtype=np.int32))
        state.apply(_parted(after, close_ns)[0])
    if quotes is None:
        quotes = state.read(np.arange(len(table), dtype=np.int32))
    if not put_prices(row, state.bars, underlying, hours.open_ns, close_ns):
        return None
    measured(table, underlying.id, row, close_ns - LOOK_BEFORE_NS, quotes, rate)
    return row


def _parted(batch: Batch, until_ns: int) -> tuple[Batch, Batch]:
    """Up to a time, with it, and after."""
    at = int(np.searchsorted(batch["ts_ns"], until_ns, "right"))
    return batch[:at], batch[at:]


def described(recorded: RecordedDay, row: VolDays) -> dict[str, object]:
    """One line of the report."""
    atm = float(row["atm_30"][0])
    return {
        "origin": recorded.origin.name, "symbol": recorded.symbol, "day": recorded.day.isoformat(),
        "looked": None if row["at_ns"][0] == 0 else from_ns(int(row["at_ns"][0])).isoformat(),
        "close": float(row["close"][0]), "atm_30": None if np.isnan(atm) else round(atm, 6),
    }  # fmt: skip
