"""Puts batches of messages into the database: one transaction a batch, everything in it or nothing."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import duckdb
import numpy as np

from terminal import __version__
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import Batch, Kind
from terminal.store import retention, roll_ups, sources
from terminal.store.columns import RECORDED, TABLES, to_columns
from terminal.store.connection import Connection, one_row
from terminal.store.instrument_rows import InstrumentRows
from terminal.store.sources import Progress, SourceHandle

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """What the database says about a session. ``mode``: sim, replay or live; ``feed``: name of the feed."""

    name: str
    mode: str
    feed: str
    seed: int | None = None


@dataclass(slots=True)
class _Staged:
    progress: dict[int, Progress]
    new_rows: Sequence[Instrument]
    new_ids: Sequence[int]


class BatchWriter:
    """The writing side of the database, for one session. Used on the writing thread only."""

    def __init__(self, connection: Connection, table: InstrumentTable, session: SessionRow) -> None:
        self.session = session
        self._connection: Connection | None = connection
        self.session_source = 0
        self.refused = 0
        """Messages that name no known instrument or no known kind; counted, never stored."""
        self._table = table
        self._instruments = InstrumentRows(table)
        self._progress: dict[int, Progress] = {}
        self._handles: dict[tuple[str, str, str], SourceHandle] = {}
        self._reads_stored = False
        self._recv_offset_ns = time.time_ns() - time.perf_counter_ns()

    @property
    def connection(self) -> Connection:
        """The connection that writes; RuntimeError after :meth:`close`."""
        if self._connection is None:
            raise RuntimeError("the writer is closed")
        return self._connection

    def reconnect(self, connection: Connection) -> None:
        """Goes on with another connection, after the database was opened again."""
        self._connection = connection

    def close(self) -> None:
        """Gives the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def open_session(self, *, go_on: bool) -> None:
        """Makes the session's row and its own source.

        With ``go_on`` new messages follow those of an earlier run of the session; otherwise they replace them.
        """
        with self.transaction():
            known = one_row(self.connection, "SELECT 1 FROM session WHERE name = ?", [self.session.name])
            if known is None:
                self.connection.execute(
                    "INSERT INTO session VALUES (?, ?, ?, ?, ?, now()::TIMESTAMP, NULL)",
                    [self.session.name, self.session.mode, self.session.feed, self.session.seed, __version__],
                )
            else:
                self.connection.execute("UPDATE session SET ended = NULL WHERE name = ?", [self.session.name])
            row = one_row(
                self.connection,
                "SELECT id FROM source WHERE kind = ? AND name = ?",
                [sources.SESSION, self.session.name],
            )
            if row is not None and go_on:
                self.session_source = int(row[0])
                self.connection.execute(
                    "UPDATE source SET complete = FALSE, completed = NULL WHERE id = ?", [self.session_source]
                )
                progress = sources.load(self.connection, self.session_source)
                marks = roll_ups.take_back(self.connection, self.session_source, progress)
                progress.rolled_ns, progress.rolled_day_ns = marks
                progress.complete = False
            else:
                if row is not None:
                    sources.empty(self.connection, int(row[0]))
                handle, progress = sources.begin(
                    self.connection, sources.SESSION, self.session.name, "", self.session.name, 0
                )
                self.session_source = handle.id
        self._progress[self.session_source] = progress

    def attach(self, number: int) -> None:
        """Goes on with a source that an earlier process left, as the one of messages without a source."""
        progress = sources.load(self.connection, number)
        with self.transaction():
            marks = roll_ups.take_back(self.connection, number, progress)
        progress.rolled_ns, progress.rolled_day_ns = marks
        progress.complete = False
        self.session_source = number
        self._progress[number] = progress

    def begin_source(self, kind: str, name: str, sha256: str, interval_s: int) -> SourceHandle:
        """See :meth:`Recorder.begin_source`; asking again in the same run gives the same answer."""
        key = (kind, name, sha256)
        if key not in self._handles:
            with self.transaction():
                handle, progress = sources.begin(self.connection, kind, name, sha256, self.session.name, interval_s)
            self._handles[key] = handle
            self._reads_stored |= handle.already_complete
            self._progress[handle.id] = progress
        return self._handles[key]

    def expect(self, number: int, rows: int) -> None:
        """Says how many messages a source has in all; it is complete as soon as that many were seen."""
        progress = self._progress[number]
        if not progress.complete:
            progress.expected = rows
            self._complete_if_all_there(number)

    @property
    def has_complete_source(self) -> bool:
        """Whether this run reads a file that was wholly stored before it."""
        return self._reads_stored

    @property
    def has_one_source(self) -> bool:
        """Whether everything of this run belongs to the session itself."""
        return len(self._progress) == 1

    def database_id(self, instrument: int) -> int | None:
        """The database's id of an instrument of this run; None before it is stored."""
        return self._instruments.known(instrument)

    def incomplete(self) -> list[int]:
        """Files that were begun in this run and are not wholly stored."""
        return [
            number
            for number, progress in self._progress.items()
            if not progress.complete and number != self.session_source
        ]

    def close_session(self, *, all_there: bool) -> None:
        """Marks the session as ended, and its own source as whole when all its messages are in the database."""
        own = self._progress[self.session_source]
        with self.transaction():
            self.connection.execute("UPDATE session SET ended = now()::TIMESTAMP WHERE name = ?", [self.session.name])
            marks = roll_ups.roll(self.connection, self.session_source, own, whole=all_there)
            if all_there and own.missing == 0:
                sources.complete(self.connection, self.session_source)
        own.rolled_ns, own.rolled_day_ns = marks
        own.complete = all_there and own.missing == 0

    def write(
        self,
        batch: Batch,
        *,
        also: Callable[[Connection], None] | None = None,
        commit: Callable[[Callable[[], None]], None] = lambda now: now(),
    ) -> int:
        """Stores ``batch`` in one transaction and gives the number of rows written.

        ``also`` runs in the same transaction; ``commit`` is given what commits, and calls it. Raises duckdb.Error,
        after which nothing of the batch is stored and it can be written again.
        """
        kept = self._attributed(batch)
        with _Transaction(self.connection, commit):
            new_rows = self._instruments.new_rows()
            staged = _Staged({}, new_rows, self._instruments.insert(self.connection, new_rows) if new_rows else ())
            written = self._insert(kept, staged)
            sources.save(self.connection, staged.progress)
            if also is not None:
                also(self.connection)
        self._progress.update(staged.progress)
        self._instruments.learn(staged.new_rows, staged.new_ids)
        self.refused += len(kept) - written
        for number in staged.progress:
            self._complete_if_all_there(number)
        return written

    def lose(self, batch: Batch) -> int:
        """Counts messages that will never be stored; their sources do not become complete. Gives their number."""
        kept = self._attributed(batch)
        for number, count in zip(*np.unique(kept["source"], return_counts=True), strict=True):
            self._progress[int(number)].missing += int(count)
        return len(kept)

    def roll_up(self, *, most_sources: int = 8) -> bool:
        """Makes the bars that can be made now; True when there was something to do."""
        done = 0
        for number, progress in self._progress.items():
            if not progress.complete and done < most_sources and roll_ups.is_due(progress):
                with self.transaction():
                    rolled = roll_ups.roll(self.connection, number, progress, whole=False)
                progress.rolled_ns, progress.rolled_day_ns = rolled
                done += 1
        return done > 0

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the database file, unless somebody is reading."""
        retention.try_checkpoint(self.connection)

    def transaction(self) -> _Transaction:
        """All or nothing; see :class:`_Transaction`."""
        return _Transaction(self.connection, lambda now: now())

    def within(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in a transaction."""
        with self.transaction():
            return work(self.connection)

    def _attributed(self, batch: Batch) -> Batch:
        """The messages to store, with the row of their source; those of complete sources are there already."""
        recorded = batch["kind"] != Kind.CLOCK
        source = batch["source"]
        known = np.unique(source)
        unknown = [int(number) for number in known if int(number) not in self._progress]
        if unknown:
            self._learn(unknown)
            source = np.where(np.isin(source, list(self._progress)), source, np.int32(self.session_source))
            known = np.unique(source)
        complete = [int(number) for number in known if self._progress[int(number)].complete]
        if complete:
            recorded &= ~np.isin(source, complete)
        kept: Batch = batch[recorded].copy()
        kept["source"] = source[recorded]
        return kept

    def _learn(self, numbers: Sequence[int]) -> None:
        """Rows of an earlier run that this one replays: they are in the database and are not written again."""
        for number in numbers:
            if number > 0 and one_row(self.connection, "SELECT 1 FROM source WHERE id = ?", [number]) is not None:
                with self.transaction():
                    sources.link(self.connection, self.session.name, number)
                self._progress[number] = Progress(complete=True)
                self._reads_stored = True

    def _insert(self, kept: Batch, staged: _Staged) -> int:
        if len(kept) == 0:
            return 0
        seq = sources.numbered(kept["source"], self._progress)
        for number in np.unique(kept["source"]):
            staged.progress[int(number)] = self._progress[int(number)].copy()
        kept["instrument"] = self._instruments.to_database(kept["instrument"], staged.new_ids)
        good = (kept["instrument"] != -2) & RECORDED[kept["kind"]]
        for number, progress in staged.progress.items():
            own = kept["source"] == number
            progress.add(kept[own & good])
            progress.refused += int(np.count_nonzero(own & ~good))
        for table in TABLES:
            chosen = good & (kept["kind"] == table.kind)
            if chosen.any():
                part = kept[chosen]
                columns = to_columns(table, part, part["source"], seq[chosen], self._recv_offset_ns)
                names = ", ".join(columns)
                self.connection.register("incoming", columns)
                try:
                    self.connection.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM incoming")
                finally:
                    self.connection.unregister("incoming")
        return int(np.count_nonzero(good))

    def _complete_if_all_there(self, number: int) -> None:
        progress = self._progress[number]
        if progress.complete or progress.missing or progress.expected is None or progress.seq < progress.expected:
            return
        with self.transaction():
            rolled = roll_ups.roll(self.connection, number, progress, whole=True)
            sources.complete(self.connection, number)
        progress.rolled_ns, progress.rolled_day_ns = rolled
        progress.complete = True


class _Transaction:
    """Begins on entry; commits on exit, or rolls back when the body or the commit raised."""

    def __init__(self, connection: Connection, commit: Callable[[Callable[[], None]], None]) -> None:
        self._connection = connection
        self._commit = commit

    def __enter__(self) -> None:
        self._connection.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._commit(self._commit_now)
            return
        with contextlib.suppress(duckdb.Error):  # the failure that is already on its way is the one to tell
            self._connection.execute("ROLLBACK")

    def _commit_now(self) -> None:
        self._connection.execute("COMMIT")
