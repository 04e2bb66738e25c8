"""Recordings read back: which sessions and files the database holds, and their messages as they came."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.clock import from_ns, midnight_ns
from terminal.core.instruments import InstrumentKind, InstrumentTable
from terminal.core.messages import Batch, Kind
from terminal.store import instrument_rows
from terminal.store.columns import TABLES, MessageTable, from_columns
from terminal.store.connection import Connection, one_row
from terminal.store.failures import RecordingFailed
from terminal.store.vol_days import RECORDED, VolOrigin, simulated

BATCH_MESSAGES = 1 << 16
_WINDOW_NS = 1_000_000_000
_ANY_TIME = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One recorded session or imported file. ``pruned``: raw messages of it were removed to save room."""

    id: int
    kind: str
    name: str
    sha256: str
    session: str
    complete: bool
    pruned: bool
    rows: int
    missing: int
    first_ns: int | None
    last_ns: int | None
    rows_by_kind: dict[Kind, int]


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One session and the numbers of the sources that it was fed from, its own among them."""

    name: str
    mode: str
    feed: str
    seed: int | None
    ended: bool
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What to read: ``sources`` by number, all if empty; ``underlyings`` by symbol with their options, all if empty;
    New York days from ``first`` to ``last``, both included."""

    sources: tuple[int, ...] = ()
    underlyings: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None

    def range_ns(self) -> tuple[int, int]:
        """Times from (included) and until (excluded) that the days cover."""
        start = _ANY_TIME[0] if self.first is None else midnight_ns(self.first)
        end = _ANY_TIME[1] if self.last is None else midnight_ns(self.last + timedelta(days=1))
        return start, end


def list_sources(connection: Connection) -> list[SourceInfo]:
    """All sources, by number."""
    counters = ", ".join(table.counter for table in TABLES)
    rows = connection.execute(
        "SELECT id, kind, name, sha256, session, complete, pruned, row_count, missing, first_ns, last_ns, "
        f"{counters} FROM source ORDER BY id"
    ).fetchall()
    kinds = [table.kind for table in TABLES]
    return [SourceInfo(*(*row[:11], dict(zip(kinds, row[11:], strict=True)))) for row in rows]


def list_sessions(connection: Connection) -> list[SessionInfo]:
    """All sessions, in the order they were begun."""
    rows = connection.execute(
        "SELECT s.name, s.mode, s.feed, s.seed, s.ended IS NOT NULL, "
        "list(l.source ORDER BY l.source) FILTER (l.source IS NOT NULL) "
        "FROM session s LEFT JOIN session_source l ON l.session = s.name "
        "GROUP BY s.name, s.mode, s.feed, s.seed, s.ended, s.started ORDER BY s.started, s.name"
    ).fetchall()
    return [SessionInfo(*(*row[:5], tuple(row[5] or ()))) for row in rows]


def vol_origin_of(session: SessionInfo, infos: Sequence[SourceInfo]) -> VolOrigin:
    """Whose market the days of a session are. ``infos``: all sources; the session's earliest message tells where a
    simulated market began."""
    if session.mode != "sim":
        return RECORDED
    begins = [info.first_ns for info in infos if info.id in session.sources and info.first_ns is not None]
    if session.seed is None or not begins:
        return VolOrigin(f"simulated session {session.name}", True)
    return simulated(session.seed, from_ns(min(begins)).date())


def instruments_of(connection: Connection, selection: Selection) -> list[int]:
    """Database ids of the instruments that messages of the selection name, ascending."""
    where, values = _where(connection, selection)
    parts = " UNION ".join(f"SELECT DISTINCT instrument FROM {table.name} {where}" for table in TABLES)
    rows = connection.execute(f"SELECT instrument FROM ({parts}) WHERE instrument >= 0 ORDER BY 1", values).fetchall()
    return [int(row[0]) for row in rows]


def add_instruments(connection: Connection, selection: Selection, table: InstrumentTable) -> npt.NDArray[np.int32]:
    """Adds the selection's instruments and their underlyings to a run's table, for :func:`read_messages`.

    Gives the run's id by database id. Raises RecordingFailed when the table holds one with other terms.
    """
    return instrument_rows.load(connection, instruments_of(connection, selection), table)


def read_messages(connection: Connection, selection: Selection, ids: npt.NDArray[np.int32]) -> Iterator[Batch]:
    """The selection's messages, ascending in time, about BATCH_MESSAGES at a time.

    ``ids``: from :func:`add_instruments`. One source comes back exactly as it was recorded, but for ``recv_ns``, which
    is 0, and ``source``, which is its number. Several are merged in the market's canonical order: at one instant phase
    changes, indices, other underlyings, option quotes, option trades, open interest, official prices, each by symbol
    (quotes of an underlying before its trades), and equal ones as recorded; ``order`` is counted anew then.
    Raises RecordingFailed when raw messages of a source were removed.
    """
    chosen = _chosen(connection, selection)
    pruned = [info.name for info in chosen if info.pruned]
    if pruned:
        raise RecordingFailed(
            f"The messages of {pruned[0]} were removed to keep the market database within its disk budget; "
            "import the file again or choose another recording."
        )
    tables = [table for table in TABLES if any(info.rows_by_kind[table.kind] for info in chosen)]
    if not tables:
        return
    where, values = _where(connection, selection)
    one = len(chosen) == 1
    ranks, groups = instrument_rows.symbol_ranks(connection), _groups(connection)
    column = "seq" if one else "ts_ns"
    for start, end in _windows(connection, tables, where, values, column):
        parts = [_read(connection, table, where, values, column, start, end) for table in tables]
        batch = np.concatenate([part for part, _ in parts])
        seq = np.concatenate([part for _, part in parts])
        batch = batch[np.argsort(seq, kind="stable")] if one else _merge(batch, seq, ranks, groups)
        known = batch["instrument"] >= 0
        batch["instrument"][known] = ids[batch["instrument"][known]]
        for at in range(0, len(batch), BATCH_MESSAGES):
            yield batch[at : at + BATCH_MESSAGES]


def _chosen(connection: Connection, selection: Selection) -> list[SourceInfo]:
    infos = list_sources(connection)
    if not selection.sources:
        return infos
    known = {info.id: info for info in infos}
    unknown = [number for number in selection.sources if number not in known]
    if unknown:
        raise RecordingFailed(f"The market database has no recording with the number {unknown[0]}.")
    return [known[number] for number in selection.sources]


def _where(connection: Connection, selection: Selection) -> tuple[str, list[object]]:
    """A WHERE clause for a table of messages, and its parameters."""
    start, end = selection.range_ns()
    clauses, values = ["ts_ns >= $1", "ts_ns < $2"], [start, end]
    parameters: list[object] = list(values)
    if selection.sources:
        # Spelled out and not a parameter, so that parts of the table without these sources are not read at all.
        clauses.append(f"source IN ({', '.join(str(int(number)) for number in selection.sources)})")
    if selection.underlyings:
        parameters.append([symbol.upper() for symbol in selection.underlyings])
        named = "(SELECT unnest($3::VARCHAR[]))"
        clauses.append(
            "(instrument = -1 OR instrument IN (SELECT i.id FROM instrument i "
            f"LEFT JOIN instrument u ON u.id = i.underlying WHERE i.symbol IN {named} OR u.symbol IN {named}))"
        )
    return f"WHERE {' AND '.join(clauses)}", parameters


def _windows(
    connection: Connection, tables: Sequence[MessageTable], where: str, values: list[object], column: str
) -> list[tuple[int, int]]:
    """Ranges of ``column`` (end excluded) that hold about BATCH_MESSAGES messages each, and never part an instant."""
    step = BATCH_MESSAGES // 8 if column == "seq" else _WINDOW_NS
    counts = " UNION ALL ".join(
        f"SELECT {column} // {step} AS part, count(*) AS n FROM {table.name} {where} GROUP BY part" for table in tables
    )
    rows = connection.execute(
        f"SELECT part, sum(n)::BIGINT FROM ({counts}) GROUP BY part ORDER BY part", values
    ).fetchall()
    windows: list[tuple[int, int]] = []
    held = 0
    for part, count in rows:
        start, end = int(part) * step, (int(part) + 1) * step
        if windows and held + count <= BATCH_MESSAGES:
            windows[-1] = (windows[-1][0], end)
            held += count
        else:
            windows.append((start, end))
            held = count
    return windows


def _read(
    connection: Connection, table: MessageTable, where: str, values: list[object], column: str, start: int, end: int
) -> tuple[Batch, npt.NDArray[np.int64]]:
    names = ", ".join(table.columns)
    columns: dict[str, Any] = connection.execute(
        f"SELECT {names} FROM {table.name} {where} AND {column} >= {start} AND {column} < {end}", values
    ).fetchnumpy()
    seq = columns["seq"]
    return from_columns(table, columns), np.asarray(seq, np.int64)


def _groups(connection: Connection) -> npt.NDArray[np.int64]:
    """By database id: 1 for an index, 2 for other things that are no option, 3 for an option."""
    rows = connection.execute("SELECT id, kind FROM instrument").fetchall()
    groups = np.zeros(max((int(row[0]) for row in rows), default=0) + 1, np.int64)
    known = {InstrumentKind.INDEX.name: 1, InstrumentKind.OPTION.name: 3}
    for number, kind in rows:
        groups[number] = known.get(kind, 2)
    return groups


def _merge(
    batch: Batch, seq: npt.NDArray[np.int64], ranks: npt.NDArray[np.int32], groups: npt.NDArray[np.int64]
) -> Batch:
    """Messages of several sources in the order of :func:`read_messages`, with ``order`` counted anew."""
    place = np.maximum(batch["instrument"], 0)
    kind = batch["kind"]
    is_trade = (kind == Kind.TRADE) | (kind == Kind.BAR)
    group = groups[place]
    is_option = group == 3
    group = np.where(is_option & is_trade, 4, group)
    group[kind == Kind.OPEN_INTEREST] = 5
    group[kind == Kind.OFFICIAL] = 6
    is_phase = kind == Kind.PHASE_CHANGE
    group[is_phase] = 0
    symbol = np.where(is_phase, 0, ranks[place])
    after_quotes = ~is_option & is_trade
    merged = batch[np.lexsort((seq, batch["source"], after_quotes, symbol, group, batch["ts_ns"]))]
    begins = np.flatnonzero(np.diff(merged["ts_ns"], prepend=merged["ts_ns"][0] - 1))
    lengths = np.diff(begins, append=len(merged))
    merged["order"] = np.arange(len(merged)) - np.repeat(begins, lengths)
    return merged


def first_and_last_ns(connection: Connection, selection: Selection) -> tuple[int, int] | None:
    """Times of the selection's first and last message, or None when it has none."""
    where, values = _where(connection, selection)
    parts = " UNION ALL ".join(f"SELECT min(ts_ns) AS a, max(ts_ns) AS b FROM {table.name} {where}" for table in TABLES)
    row = one_row(connection, f"SELECT min(a), max(b) FROM ({parts})", values)
    return None if row is None or row[0] is None else (int(row[0]), int(row[1]))
