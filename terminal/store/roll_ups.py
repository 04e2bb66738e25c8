"""Bars of trades by second, minute and New York day, made from stored messages up to a mark and never twice."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from terminal.core.clock import NEW_YORK, NS_PER_S, from_ns, midnight_ns
from terminal.core.messages import Flag
from terminal.store.connection import Connection

if TYPE_CHECKING:
    from terminal.store.sources import Progress

MINUTE_NS = 60 * NS_PER_S
END_NS = 2**62
"""The mark of a source whose bars are all made."""


def is_due(progress: Progress) -> bool:
    """Whether a minute has ended whose bars are not made."""
    return progress.last_ns is not None and _minute(progress.last_ns) > progress.rolled_ns


def roll(connection: Connection, number: int, progress: Progress, *, whole: bool) -> tuple[int, int]:
    """Adds the bars of one source that ended, in the caller's transaction; with ``whole`` also the last ones.

    Gives the marks (all seconds and minutes before the first are made, all days before the second), already stored.
    A source of bars gives roll-ups of its own length and longer only: an hour says nothing about its minutes.
    """
    if progress.last_ns is None or progress.first_ns is None:
        return progress.rolled_ns, progress.rolled_day_ns
    until_ns = END_NS if whole else _minute(progress.last_ns)
    for name, bar_s in (("raw.bar_1s", 1), ("raw.bar_1m", 60)):
        if progress.interval_s <= bar_s:
            prints = _PRINTS.format(number=number, from_ns=progress.rolled_ns, until_ns=until_ns)
            # A whole source lies instrument by instrument, so that reading one of them skips the others.
            order = "instrument, start_ns" if whole else "start_ns, instrument"
            connection.execute(f"INSERT INTO {name} {prints} {_BARS.format(bar_ns=bar_s * NS_PER_S)} ORDER BY {order}")
            if whole and progress.rolled_ns and bar_s == 60:
                _gather(connection, name, number)
    days = _days(max(day_start(progress.first_ns - 1), progress.rolled_day_ns), day_start(progress.last_ns - 1), whole)
    day_mark = progress.rolled_day_ns
    if len(days) > 1:
        body = _DAYS_OF_MINUTES if progress.interval_s <= 60 else _DAYS_OF_BARS
        connection.register("incoming_day", {"start_ns": np.array(days[:-1]), "end_ns": np.array(days[1:])})
        try:
            connection.execute(f"INSERT INTO raw.bar_1d {body}", [number])
        finally:
            connection.unregister("incoming_day")
        day_mark = days[-1]
    connection.execute("UPDATE source SET rolled_ns = ?, rolled_day_ns = ? WHERE id = ?", [until_ns, day_mark, number])
    return until_ns, day_mark


def _gather(connection: Connection, name: str, number: int) -> None:
    """Puts the bars of a source that came minute by minute in the order of instruments."""
    connection.execute(f"CREATE TEMP TABLE gathered AS SELECT * FROM {name} WHERE source = {number}")
    connection.execute(f"DELETE FROM {name} WHERE source = {number}")
    connection.execute(f"INSERT INTO {name} SELECT * FROM gathered ORDER BY instrument, start_ns")
    connection.execute("DROP TABLE gathered")


def take_back(connection: Connection, number: int, progress: Progress) -> tuple[int, int]:
    """Removes the bars that a whole roll-up made before their interval ended, since the source goes on after all.

    Gives the marks, already stored, in the caller's transaction.
    """
    if progress.rolled_ns < END_NS or progress.last_ns is None:
        return progress.rolled_ns, progress.rolled_day_ns
    minute_ns, day_ns = _minute(progress.last_ns), day_start(progress.last_ns - 1)
    for name, start_ns in (("raw.bar_1s", minute_ns), ("raw.bar_1m", minute_ns), ("raw.bar_1d", day_ns)):
        connection.execute(f"DELETE FROM {name} WHERE source = ? AND start_ns >= ?", [number, start_ns])
    connection.execute("UPDATE source SET rolled_ns = ?, rolled_day_ns = ? WHERE id = ?", [minute_ns, day_ns, number])
    return minute_ns, day_ns


def day_start(ts_ns: int) -> int:
    """Midnight in New York at or before ``ts_ns``."""
    return midnight_ns(from_ns(ts_ns, NEW_YORK).date())


def next_day(day_ns: int) -> int:
    """Midnight in New York after the one at ``day_ns``; right across daylight-saving changes."""
    return midnight_ns(from_ns(day_ns, NEW_YORK).date() + timedelta(days=1))


def _minute(last_ns: int) -> int:
    """Start of the minute that may still grow. The bar of the one before is stamped with that start, and more of them
    can come at one instant: it has ended only when something later came."""
    inside_ns = last_ns - 1
    return inside_ns - inside_ns % MINUTE_NS


def _days(first_ns: int, last_ns: int, whole: bool) -> list[int]:
    """Midnights that begin and end the days from ``first_ns`` up to the one at ``last_ns``, with it if ``whole``."""
    days = [first_ns]
    while days[-1] < last_ns or (whole and days[-1] == last_ns):
        days.append(next_day(days[-1]))
    return days


# A bar is stamped with its end, so it belongs to the interval that ended there.
_PRINTS = f"""
    WITH print AS (
        SELECT source, instrument, ts_ns AS at_ns, seq, px AS o, px AS h, px AS l, px AS c, size AS v
        FROM raw.trade WHERE source = {{number}} AND ts_ns >= {{from_ns}} AND ts_ns < {{until_ns}}
        AND (flags & {int(Flag.OFF_BOOK)}) = 0
        UNION ALL
        SELECT source, instrument, ts_ns - 1, seq, open_px, high_px, low_px, close_px, volume
        FROM raw.bar WHERE source = {{number}} AND ts_ns > {{from_ns}} AND ts_ns <= {{until_ns}}
        AND (flags & {int(Flag.COARSE)}) = 0
    )
"""
# Whatever a broken feed sends as volumes, their sum must not stop the recording.
_SUM = f"least(greatest(sum({{}}), {-(2**63)}), {2**63 - 1})::BIGINT"
_AGGREGATES = f"arg_min(o, seq), max(h), min(l), arg_max(c, seq), {_SUM.format('v')}, count(*)"
_BARS = (
    f"SELECT source, instrument, at_ns - at_ns % {{bar_ns}} AS start_ns, {_AGGREGATES} FROM print "
    "GROUP BY source, instrument, start_ns"
)
_INTO_DAYS = "JOIN incoming_day d ON at_ns >= d.start_ns AND at_ns < d.end_ns GROUP BY source, instrument, d.start_ns"
_DAYS_OF_MINUTES = (
    "SELECT source, instrument, d.start_ns, arg_min(open_px, at_ns), max(high_px), min(low_px), "
    f"arg_max(close_px, at_ns), {_SUM.format('volume')}, sum(prints)::BIGINT "
    f"FROM (SELECT *, start_ns AS at_ns FROM raw.bar_1m WHERE source = ?) {_INTO_DAYS} ORDER BY d.start_ns, instrument"
)
_DAYS_OF_BARS = (
    "SELECT source, instrument, d.start_ns, arg_min(open_px, seq), max(high_px), min(low_px), "
    f"arg_max(close_px, seq), {_SUM.format('volume')}, count(*) "
    f"FROM (SELECT *, ts_ns - 1 AS at_ns FROM raw.bar WHERE source = ?) {_INTO_DAYS} ORDER BY d.start_ns, instrument"
)
