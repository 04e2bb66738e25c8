"""The journal: an append-only, hash-chained SQLite file that is the truth about orders.

One thread writes; every reader opens its own read-only connection. ``append`` returns when the events are on the disk
(WAL, synchronous=FULL: SQLite syncs the log at every commit). A record's hash is SHA-256 over the hash before it and
its own canonical JSON, so that a changed, missing or inserted record breaks the chain at a number that can be named.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from terminal.core.events import EventKind, JournalEvent
from terminal.infra.failures import WorkFailed
from terminal.store.journal_chain import GENESIS, JournalRecord, Row, SessionRow, Verification, chain_rows, record_hash
from terminal.store.journal_head import DamagedHeadError, Head, JournalHead

log = logging.getLogger(__name__)

APPLICATION_ID = 0x4D4E4A4C
"""``MNJL`` in the SQLite header: how a journal is told from any other database."""
SCHEMA_VERSION = 1
CHECKPOINT_BYTES = 4 << 20
"""A log longer than this is folded back even when the desk is busy."""

_SCHEMA = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX event_session ON event (session, seq);
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
"""
_INSERT = "INSERT INTO event (seq, session, ts_ns, kind, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = "seq, session, ts_ns, kind, body, previous, hash"


class JournalError(WorkFailed):
    """The journal cannot be used; the message says what and where."""


class JournalBrokenError(JournalError):
    """The chain does not hold, or the end is missing."""


class JournalDownError(JournalError):
    """Events could not be made durable, so nothing that depends on them may be sent."""


class Journal:
    """One journal file and its head file."""

    def __init__(self, file: Path, head_file: Path) -> None:
        self.file = file
        self.warnings: list[str] = []
        self._head = JournalHead(head_file)
        self._connection: sqlite3.Connection | None = None
        self._seq = 0
        self._hash = GENESIS
        self._tail_known = False
        self._down: str | None = None

    @property
    def last_seq(self) -> int:
        """Number of the last record that this writer knows to be durable."""
        return self._seq

    def open(self) -> None:
        """Opens the one writing connection, making the file if it is new.

        Raises JournalError when the file is no journal or from a newer version, JournalBrokenError when its end is
        damaged or cut off.
        """
        head = self._read_head()
        is_new = not self.file.exists() or self.file.stat().st_size == 0
        if is_new and head is not None and head.seq > 0:
            raise JournalBrokenError(self._cut_sentence(0, head))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False, timeout=2.0)
        except (OSError, sqlite3.Error) as problem:
            raise JournalError(f"The journal {self.file} cannot be opened ({problem}); check the folder.") from problem
        try:
            self._prepare(connection, is_new)
            self._connection = connection
            self._read_tail()
            self._compare_with_head(head)
        except BaseException:
            self._connection = None
            connection.close()
            raise

    def append(self, events: Sequence[JournalEvent]) -> None:
        """Makes ``events`` durable, all or none, before it returns; JournalDownError when that cannot be done.

        A full disk may be mended, so the next call tries again; after any other failure of the disk this writer
        stays down, because a second sync may claim what the first did not do. ValueError: a body that is not exact.
        """
        connection = self._writer()
        if not events:
            return
        try:
            if not self._tail_known:
                self._read_tail()
            rows = chain_rows(self._seq, self._hash, events)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, rows)
            connection.execute("COMMIT")
        except sqlite3.Error as problem:
            self._tail_known = False
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise self._down_error(problem) from problem
        self._seq, self._hash = rows[-1][0], rows[-1][6]
        self._write_head()

    def checkpoint(self, *, only_if_long: bool = False) -> None:
        """Folds the write-ahead log back into the file; for idle moments. Never waits for readers."""
        if self._connection is None or (only_if_long and self._log_bytes() < CHECKPOINT_BYTES):
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as problem:
            log.warning("the journal's log could not be folded back: %s", problem)

    def close(self) -> None:
        """Closes the writing connection and the head file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._head.close()

    def read(self, session: str | None = None) -> Iterator[JournalEvent]:
        """The events in order, of one session or all, on a read-only connection of its own."""
        return (record.event for record in self.records(session))

    def records(self, session: str | None = None) -> Iterator[JournalRecord]:
        """The events with their numbers and hashes; JournalBrokenError at a record that was changed."""
        where, values = ("", ()) if session is None else (" WHERE session = ?", (session,))
        with self._reader() as connection:
            for row in _rows(connection, f"SELECT {_COLUMNS} FROM event{where} ORDER BY seq", values):  # noqa: S608
                if record_hash(row[5], row[:5]) != row[6]:
                    raise JournalBrokenError(self._changed_sentence(row[0]))
                yield JournalRecord(row[0], row[6], self._decode(row))

    def sessions(self) -> list[SessionRow]:
        """All sessions, oldest first."""
        query = """
            SELECT grouped.*, event.body FROM (
                SELECT session, min(ts_ns), max(ts_ns), count(*), min(seq) AS first_seq,
                       max(CASE WHEN kind IN ('session_started', 'session_resumed') THEN seq ELSE 0 END),
                       max(CASE WHEN kind = 'session_closed' THEN seq ELSE 0 END)
                FROM event GROUP BY session
            ) AS grouped JOIN event ON event.seq = grouped.first_seq ORDER BY first_seq
        """
        with self._reader() as connection:
            rows = connection.execute(query).fetchall()
        return [SessionRow(row[0], row[1], row[2], row[3], row[6] > row[5], json.loads(row[7])) for row in rows]

    def verify(self) -> Verification:
        """Checks every link of the chain and the head kept outside; JournalError when the file cannot be read."""
        try:
            head = self._head.read()
            missing = f"Its head file {self._head.file} is missing, so a cut end cannot be ruled out."
            head_problem = "" if head else missing
        except DamagedHeadError:
            head, head_problem = None, f"Its head file {self._head.file} is damaged, so a cut end cannot be ruled out."
        if not self.file.exists():
            if head is not None and head.seq > 0:
                return Verification(False, 0, self._cut_sentence(0, head), 1)
            return Verification(True, 0, f"There is no journal at {self.file} yet.")
        count, previous, at_head = 0, GENESIS, GENESIS
        with self._reader() as connection:
            for row in _rows(connection, f"SELECT {_COLUMNS} FROM event ORDER BY seq", ()):  # noqa: S608
                if row[0] != count + 1:
                    return Verification(False, count, self._gap_sentence(count + 1), count + 1)
                if row[5] != previous or record_hash(previous, row[:5]) != row[6]:
                    return Verification(False, count, self._changed_sentence(row[0]), row[0])
                count, previous = row[0], row[6]
                if head is not None and count == head.seq:
                    at_head = previous
        if head is not None and head.seq > count:
            return Verification(False, count, self._cut_sentence(count, head), count + 1)
        if head is not None and head.hash != at_head:
            return Verification(False, count, self._rewritten_sentence(head), head.seq)
        if head_problem and count:
            return Verification(False, count, f"The chain of {count} events holds. {head_problem}")
        return Verification(True, count, f"{count} events, every link holds.")

    def _writer(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalDownError(f"The journal {self.file} is not open for writing; start the desk again.")
        if self._down is not None:
            raise JournalDownError(self._down)
        return self._connection

    def _prepare(self, connection: sqlite3.Connection, is_new: bool) -> None:
        try:
            if not is_new:
                self._check_header(connection)
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            if is_new or connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                self._head.write(Head(0, GENESIS))
                connection.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id={APPLICATION_ID};"
                    f" PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
                )
        except sqlite3.Error as problem:
            raise self._unusable(problem) from problem
        except OSError as problem:
            raise JournalError(f"The journal's head {self._head.file} cannot be written ({problem}).") from problem

    def _check_header(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application == 0 and version == 0 and tables == 0:
            return
        if application != APPLICATION_ID:
            raise JournalError(
                f"{self.file} is a database, but not a journal of this program; move it away or choose another profile."
            )
        if version > SCHEMA_VERSION:
            raise JournalError(
                f"The journal {self.file} was written by a newer version (its format is {version}, this program knows "
                f"{SCHEMA_VERSION}); update the program."
            )

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        if not self.file.exists():
            raise JournalError(f"There is no journal at {self.file}; open the desk once to make one.")
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                f"{self.file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            self._check_header(connection)
            yield connection
        except sqlite3.Error as problem:
            raise self._unusable(problem) from problem
        finally:
            if connection is not None:
                connection.close()

    def _read_tail(self) -> None:
        """The last record, checked by itself; the whole chain is ``verify``'s business."""
        if self._connection is None:
            return
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM event ORDER BY seq DESC LIMIT 1").fetchone()  # noqa: S608
        self._tail_known = True
        if row is None:
            self._seq, self._hash = 0, GENESIS
            return
        if record_hash(row[5], row[:5]) != row[6]:
            raise JournalBrokenError(self._changed_sentence(row[0]))
        self._seq, self._hash = row[0], row[6]

    def _read_head(self) -> Head | None:
        try:
            return self._head.read()
        except DamagedHeadError:
            self.warnings.append(f"The journal's head file {self._head.file} was damaged and has been written anew.")
        except OSError as problem:
            raise JournalError(f"The journal's head {self._head.file} cannot be read ({problem}).") from problem
        return None

    def _compare_with_head(self, head: Head | None) -> None:
        """A journal ahead of its head is a crash between the two writes; one behind was cut."""
        if head is None:
            if self._seq and not self.warnings:
                self.warnings.append(f"The journal's head file {self._head.file} was missing; it was written anew.")
        elif head.seq > self._seq:
            raise JournalBrokenError(self._cut_sentence(self._seq, head))
        elif head.seq > 0 and self._connection is not None:
            row = self._connection.execute("SELECT hash FROM event WHERE seq = ?", (head.seq,)).fetchone()
            if row is None or row[0] != head.hash:
                raise JournalBrokenError(self._rewritten_sentence(head))
        self._write_head()

    def _write_head(self) -> None:
        try:
            self._head.write(Head(self._seq, self._hash))
        except OSError as problem:
            log.warning("the journal's head could not be written: %s", problem)

    def _decode(self, row: Row) -> JournalEvent:
        try:
            return JournalEvent(EventKind(row[3]), row[1], row[2], json.loads(row[4]))
        except ValueError as problem:
            raise JournalBrokenError(self._changed_sentence(row[0])) from problem

    def _log_bytes(self) -> int:
        try:
            return self.file.with_name(self.file.name + "-wal").stat().st_size
        except OSError:
            return 0

    def _unusable(self, problem: sqlite3.Error) -> JournalError:
        name = getattr(problem, "sqlite_errorname", "")
        if name == "SQLITE_NOTADB":
            return JournalError(f"{self.file} is not a journal (no SQLite file); move it away or restore a backup.")
        if name.startswith("SQLITE_CORRUPT"):
            return JournalBrokenError(f"The journal {self.file} is damaged ({problem}); restore a backup.")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return JournalError(f"Another program is writing the journal {self.file}; close it first.")
        if name == "SQLITE_FULL":
            return JournalError(f"The disk is full: the journal {self.file} cannot be written; free some space.")
        return JournalError(f"The journal {self.file} cannot be used ({problem}); check its permissions.")

    def _down_error(self, problem: sqlite3.Error) -> JournalDownError:
        name = getattr(problem, "sqlite_errorname", "")
        if name == "SQLITE_FULL":
            return JournalDownError(
                f"The disk is full: the journal {self.file} cannot be written, so nothing is sent; free some space."
            )
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return JournalDownError(f"Another program holds the journal {self.file}, so nothing is sent; close it.")
        self._down = (
            f"The journal {self.file} cannot be written ({problem}), so nothing is sent; mend the disk and start again."
        )
        return JournalDownError(self._down)

    def _changed_sentence(self, seq: int) -> str:
        return f"The journal {self.file} was changed at event {seq}: its hash does not fit the chain; restore a backup."

    def _gap_sentence(self, seq: int) -> str:
        return f"The journal {self.file} lacks event {seq}; restore a backup."

    def _cut_sentence(self, count: int, head: Head) -> str:
        return (
            f"The journal {self.file} ends at event {count}, but {self._head.file} knows event {head.seq}: its end was "
            "cut off; restore a backup, or move both files away to begin a new journal."
        )

    def _rewritten_sentence(self, head: Head) -> str:
        return (
            f"Event {head.seq} of the journal {self.file} is not the one that {self._head.file} knows: the journal was "
            "replaced; restore a backup, or move both files away to begin a new journal."
        )


def _rows(connection: sqlite3.Connection, query: str, values: tuple[str, ...]) -> Iterator[Row]:
    yield from connection.execute(query, values)
