"""Hot reads while recording: newest rows and bars, from memory and database together, each message once."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt

from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch, Kind, empty_batch
from terminal.store import roll_ups
from terminal.store.bar_rows import BAR, DAY_S, RANKED, Bars, as_prints, bar_starts, best, merge, plain, ranked
from terminal.store.batch_writer import SessionRow
from terminal.store.columns import TABLE_OF, MessageTable, from_columns
from terminal.store.connection import Connection, one_row
from terminal.store.failures import explain
from terminal.store.instrument_rows import identity
from terminal.store.market_db import MarketDatabase
from terminal.store.stored_sources import StoredSources, ranks_of, rolled_up

_NEVER_NS = 2**62


class Unwritten(Protocol):
    """Who holds the messages that are not in the database yet: the recorder."""

    @property
    def session(self) -> SessionRow:
        """The session that is being recorded."""
        ...

    @property
    def session_source(self) -> int:
        """The source of messages that name none."""
        ...

    def newest(self, kind: Kind, instrument: int, count: int, until_ns: int) -> Batch | None:
        """The newest messages out of memory alone; None when that is not enough."""
        ...

    def newest_since(self, kind: Kind, instrument: int, from_ns: int) -> Batch | None:
        """The messages from a time on out of memory alone; None when that is not enough."""
        ...

    def minutes(self, instrument: int) -> Bars | None:
        """All minutes of the session out of memory; None when that is not all of it."""
        ...

    def database_id(self, instrument: int) -> int | None:
        """The database's id of an instrument; None while it is not known."""
        ...

    def snapshot(self, connection: Connection, instrument: int) -> Batch:
        """Begins a reading transaction and gives the messages that it does not see."""
        ...


class Store:
    """Reads by the run's instrument ids; any thread, several at once. To be closed before the database is."""

    def __init__(self, database: MarketDatabase, table: InstrumentTable, recorder: Unwritten | None = None) -> None:
        self._database = database
        self._table = table
        self._recorder = recorder
        self._lock = threading.Lock()
        self._free: list[tuple[int, Connection]] = []
        self._closed = False
        self._ids: dict[int, int] = {}
        self._stored: tuple[int, StoredSources | None] | None = None

    def latest_quotes(self, instrument: int, count: int, *, until_ns: int = _NEVER_NS) -> Batch:
        """The newest ``count`` quote messages before ``until_ns``, ascending, as they came (unchanged sides flagged).

        While recording: of this session and the files that it replays, where ``until_ns`` keeps what the replay has
        not reached out of sight. Otherwise of all that is in the database.
        """
        return self._latest(Kind.QUOTE, instrument, count, until_ns)

    def latest_trades(self, instrument: int, count: int, *, until_ns: int = _NEVER_NS) -> Batch:
        """The newest ``count`` trade messages, ascending; see :meth:`latest_quotes`."""
        return self._latest(Kind.TRADE, instrument, count, until_ns)

    def bars(self, instrument: int, seconds: int, most: int, *, until_ns: int = _NEVER_NS) -> Bars:
        """The newest ``most`` bars of ``seconds`` seconds that begin before ``until_ns``, ascending; the last may grow.

        Where several sources know an interval, the one with the finest data speaks, then the one recorded last; other
        sessions' recordings do not, so that two simulated days of one date are never mixed. ``seconds``: 1, or a
        multiple; from 60 on a multiple of 60; DAY_S for New York days. Raises ValueError for others.
        """
        if seconds < 1 or (seconds > 60 and seconds % 60) or (seconds > DAY_S and seconds % DAY_S):
            raise ValueError(f"bars of {seconds} seconds cannot be made")
        base_s = DAY_S if seconds % DAY_S == 0 else 60 if seconds % 60 == 0 else 1
        if most <= 0:
            return np.empty(0, BAR)
        finer = self._with_session_minutes(instrument, base_s, (most + 1) * (seconds // base_s), until_ns)
        if finer is None:
            with self._reading(instrument) as reading:
                finer = reading.bars(base_s, until_ns, most, seconds // base_s)
        return merge(finer, seconds)[-most:]

    def _with_session_minutes(self, instrument: int, base_s: int, most: int, until_ns: int) -> Bars | None:
        """The session's minutes out of memory with what other sources know; None where that is not all.

        What is recorded now is taken from memory alone, so nothing can come twice, and nobody waits for a commit.
        """
        if self._recorder is None or base_s != 60 or until_ns < _NEVER_NS:
            return None
        own = self._recorder.minutes(instrument)
        others = None if own is None else self._stored_sources(self._recorder)
        if own is None or others is None:
            return None
        try:
            with self._connection() as connection:
                number = self._recorder.database_id(instrument)
                if number is None:
                    number = self._number(connection, instrument)
                return others.with_own(connection, number, own, most)
        except duckdb.Error as error:
            raise explain(error, "reading the market database", self._database.path) from error

    def _stored_sources(self, recorder: Unwritten) -> StoredSources | None:
        """Sources beside the session's: while it is fed from no file no other comes and none of them changes."""
        generation = self._database.generation
        if self._stored is None or self._stored[0] != generation:
            with self._connection() as connection:
                self._stored = generation, StoredSources.find(connection, recorder.session_source)
        return self._stored[1]

    def _latest(self, kind: Kind, instrument: int, count: int, until_ns: int) -> Batch:
        if count <= 0:
            return empty_batch(0)
        if self._recorder is not None:
            newest = self._recorder.newest(kind, instrument, count, until_ns)
            if newest is not None:
                return newest
        with self._reading(instrument) as reading:
            known = reading.unwritten
            fresh: Batch = known[(known["kind"] == kind) & (known["ts_ns"] < until_ns)][-count:]
            if len(fresh) >= count or reading.number is None:
                return fresh
            stored = reading.newest(TABLE_OF[kind], until_ns, count - len(fresh))
        stored["instrument"] = instrument
        return np.concatenate([stored, fresh])

    def close(self) -> None:
        """Gives the connections back; a reading that goes on in another thread ends first."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for _, connection in free:
            connection.close()

    @contextlib.contextmanager
    def _reading(self, instrument: int) -> Iterator[_Reading]:
        try:
            with self._connection() as connection:
                yield _Reading(self, connection, instrument)
        except duckdb.Error as error:
            raise explain(error, "reading the market database", self._database.path) from error

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection that nobody else uses now, in no transaction."""
        generation = self._database.generation
        with self._lock:
            self._free = [each for each in self._free if each[0] == generation]
            connection = self._free.pop()[1] if self._free else self._database.connect()
        try:
            yield connection
        finally:
            try:
                connection.execute("ROLLBACK")
            except duckdb.Error:
                # The transaction did not begin or the instance is gone; another connection is made when needed.
                connection.close()
            else:
                with self._lock:
                    if not self._closed:
                        self._free.append((generation, connection))

    def _number(self, connection: Connection, instrument: int) -> int | None:
        """The database's id of an instrument; rows never change, so a found one is kept."""
        if instrument not in self._ids:
            text = identity(self._table.get(instrument), self._table)
            row = one_row(connection, "SELECT id FROM instrument WHERE identity = ?", [text])
            if row is None:
                return None
            self._ids[instrument] = int(row[0])
        return self._ids[instrument]


@dataclass(frozen=True, slots=True)
class _Source:
    """A source of bars: up to where its minutes and days are rolled up, and whether it is the session's own."""

    number: int
    interval_s: int
    mark_ns: int
    day_mark_ns: int
    last_ns: int
    is_growing: bool
    has_bars: bool


class _Reading:
    """One consistent look: a reading transaction, and the messages that it does not see yet."""

    def __init__(self, store: Store, connection: Connection, instrument: int) -> None:
        self._connection = connection
        self._recorder = store._recorder
        self.unwritten = empty_batch(0)
        self.linked: list[int] = []
        if self._recorder is None:
            connection.execute("BEGIN TRANSACTION READ ONLY")
        else:
            self.unwritten = self._recorder.snapshot(connection, instrument)
            self._learn_sources(self._recorder)
        self.number = store._number(connection, instrument)
        self._instrument = instrument

    def _learn_sources(self, recorder: Unwritten) -> None:
        """What a replay offers of a complete file is in the database, and never written from memory."""
        rows = self._connection.execute(
            "SELECT s.id, s.complete FROM source s JOIN session_source l ON l.source = s.id WHERE l.session = ?",
            [recorder.session.name],
        ).fetchall()
        self.linked = [int(row[0]) for row in rows]
        self.unwritten = self.unwritten[~np.isin(self.unwritten["source"], [int(row[0]) for row in rows if row[1]])]

    def newest(self, table: MessageTable, until_ns: int, count: int) -> Batch:
        """The newest stored rows before ``until_ns``, ascending: of the session's sources, or of everything."""
        where = f"instrument = ? AND ts_ns < {until_ns}"
        if self._recorder is not None:
            where += f" AND source IN ({', '.join(str(number) for number in self.linked)})"
        return self._rows(table, where, [self.number], count, "ts_ns DESC, source DESC, seq DESC")

    def bars(self, base_s: int, until_ns: int, most: int, factor: int) -> Bars:
        """Bars of ``base_s`` seconds before ``until_ns``: rolled up, and made from what lies behind each mark."""
        sources = self._sources(base_s, until_ns)
        # A bar that ends after ``until_ns`` knows of later prints: what it may show is made from the prints before.
        cut_ns = until_ns if until_ns >= _NEVER_NS else int(bar_starts(np.array([until_ns]), base_s)[0])
        numbers = [source.number for source in sources]
        parts = [self._rolled(base_s, numbers, 0, cut_ns, (most + 1) * factor * len(sources))]
        for rank, source in enumerate(sources):
            mark_ns = min(source.day_mark_ns if base_s == DAY_S else source.mark_ns, cut_ns)
            if source.is_growing or source.last_ns >= mark_ns:
                grown = merge(self._behind(source, base_s, mark_ns, until_ns), base_s)
                parts.append(ranked(grown, rank))
        return best(np.concatenate(parts))

    def _behind(self, source: _Source, base_s: int, mark_ns: int, until_ns: int) -> Bars:
        """Finer bars and prints of one source from ``mark_ns`` to ``until_ns``, ascending."""
        minutes = np.empty(0, BAR)
        if base_s == DAY_S and source.interval_s <= 60 and mark_ns < source.mark_ns:
            minute_ns = min(source.mark_ns, until_ns - until_ns % roll_ups.MINUTE_NS)
            minutes = plain(self._rolled(60, [source.number], mark_ns, minute_ns, 1 << 20))
            minutes = minutes[np.argsort(minutes["ts_ns"])]
            mark_ns = minute_ns
        newest = self._newest_trades(source, mark_ns)
        if newest is not None:
            return np.concatenate([minutes, as_prints(newest[newest["ts_ns"] < until_ns])])
        fresh = self.unwritten[self.unwritten["ts_ns"] < until_ns]
        mine = fresh["source"] == source.number
        if source.is_growing:
            mine |= ~np.isin(fresh["source"], self.linked)
        return np.concatenate([minutes, self._prints(source, mark_ns, until_ns), as_prints(fresh[mine])])

    def _newest_trades(self, source: _Source, from_ns: int) -> Batch | None:
        """Trades of a source out of memory alone; None unless it is the only one of the session and has no bars."""
        if self._recorder is None or not source.is_growing or self.linked != [source.number] or source.has_bars:
            return None
        if np.any(self.unwritten["kind"] == Kind.BAR):
            return None
        return self._recorder.newest_since(Kind.TRADE, self._instrument, from_ns)

    def _sources(self, base_s: int, until_ns: int) -> list[_Source]:
        """Sources that may speak about the time before ``until_ns``, the best last."""
        own = self._recorder.session_source if self._recorder else -1
        rows = self._connection.execute(
            "SELECT id, interval_s, rolled_ns, rolled_day_ns, coalesce(last_ns, 0), id = $2, bars > 0 FROM source "
            "WHERE interval_s <= $1 AND (trades + bars > 0 AND first_ns < $3 OR id = $2) "
            "AND (kind <> 'session' OR id = $2 OR $2 < 0) ORDER BY interval_s DESC, begun, id",
            [base_s, own, until_ns],
        ).fetchall()
        return [_Source(*row) for row in rows]

    def _rolled(self, base_s: int, sources: Sequence[int], from_ns: int, until_ns: int, most: int) -> npt.NDArray[Any]:
        """The newest rolled up bars that begin in a time; ``rank`` is the place in ``sources``."""
        if self.number is None or not sources:
            return np.empty(0, RANKED)
        return rolled_up(self._connection, base_s, self.number, ranks_of(sources), from_ns, until_ns, most)

    def _prints(self, source: _Source, from_ns: int, until_ns: int) -> Bars:
        if self.number is None:
            return np.empty(0, BAR)
        where = f"instrument = ? AND source = {source.number} AND ts_ns >= {from_ns} AND ts_ns < {until_ns}"
        kinds = (Kind.TRADE, Kind.BAR) if source.has_bars else (Kind.TRADE,)
        parts = [self._rows(TABLE_OF[kind], where, [self.number], None, "seq DESC") for kind in kinds]
        return as_prints(np.concatenate(parts))

    def _rows(
        self, table: MessageTable, where: str, values: list[int | None], most: int | None, newest_first: str
    ) -> Batch:
        limit = "" if most is None else f"LIMIT {most}"
        columns: dict[str, Any] = self._connection.execute(
            f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {where} ORDER BY {newest_first} {limit}", values
        ).fetchnumpy()
        return from_columns(table, columns)[::-1]
