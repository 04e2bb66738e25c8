"""Read-only SQL for people and other programs: CSV out, as it is produced, within a time and a memory limit."""

# ruff: noqa: S608 - the statement is the user's own and was checked

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import psutil

from terminal.store import query_rules
from terminal.store.connection import Connection
from terminal.store.failures import QueryError, QueryRefused, first_line
from terminal.store.market_db import DatabaseSettings, MarketDatabase
from terminal.store.query_rules import Checked

TIME_LIMIT_S = 10.0
GROWTH_LIMIT_BYTES = 1 << 30
"""The process may grow by so much while a query runs; the database's own limit leaves out what single values take."""

_ROWS_AT_ONCE = 2048
_WRITE_BYTES = 1 << 16
_PLAIN = ("INTEGER", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL", "BOOLEAN", "DATE",
          "UINTEGER", "UBIGINT", "USMALLINT", "UTINYINT", "UHUGEINT", "INT128")  # fmt: skip

Write = Callable[[bytes], None]


def run_query(database: MarketDatabase, sql: str, write: Write, *, limit_s: float = TIME_LIMIT_S) -> int:
    """Answers ``sql`` on an open database and gives the number of rows; any thread, several at once.

    ``write`` gets the CSV (RFC 4180, UTF-8, with a header, NULL as nothing, empty text as two quotes, times as ISO
    8601) in pieces. Raises QueryRefused before anything runs, QueryError when it fails or takes too long; pieces may
    have been written by then.
    """
    checked = query_rules.check(sql)
    connection = database.connect()
    guard = _Guard(connection, limit_s)
    try:
        connection.execute("BEGIN TRANSACTION READ ONLY")
        rows = _explain(connection, checked, write) if checked.explain else _select(connection, checked, write, guard)
        guard.check()
        return rows
    except duckdb.Error as error:
        guard.check()
        raise QueryError(f"The query failed: {first_line(str(error))}") from error
    except MemoryError as error:
        raise QueryError("The query needs more memory than it may have; select less.") from error
    finally:
        guard.stop()
        connection.close()


def query_file(path: Path, sql: str, write: Write, *, limit_s: float = TIME_LIMIT_S) -> int:
    """As :func:`run_query`, on the file itself: for when no desk has it open. Raises as opening it does, too."""
    query_rules.check(sql)
    database = MarketDatabase.open_read_only(path, DatabaseSettings())
    try:
        return run_query(database, sql, write, limit_s=limit_s)
    finally:
        database.close()


class _Guard:
    """Interrupts a query that takes too long or makes the process grow too much."""

    def __init__(self, connection: Connection, limit_s: float) -> None:
        self._connection = connection
        self._limit_s = limit_s
        self._until = time.monotonic() + limit_s
        self._process = psutil.Process()
        self._at_first: int = self._process.memory_info().rss
        self._reason = ""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="query-guard", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises QueryError when a limit was passed."""
        if not self._reason and time.monotonic() > self._until:
            self._reason = self._too_long()
        if self._reason:
            raise QueryError(self._reason)

    def stop(self) -> None:
        """Ends the watch."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            if time.monotonic() > self._until:
                self._reason = self._reason or self._too_long()
            elif self._process.memory_info().rss - self._at_first > GROWTH_LIMIT_BYTES:
                self._reason = self._reason or "The query needs more memory than it may have; select less."
            if self._reason:
                self._connection.interrupt()

    def _too_long(self) -> str:
        return f"The query took longer than {self._limit_s:g} s; select fewer rows or a shorter time."


def _select(connection: Connection, checked: Checked, write: Write, guard: _Guard) -> int:
    described = connection.execute(f"DESCRIBE {checked.body}").fetchall() if _can_describe(checked.body) else []
    if not described:
        described = connection.execute(f"DESCRIBE SELECT * FROM (\n{checked.body}\n)").fetchall()
    names = [str(row[0]) for row in described]
    places = [f"c{number}" for number in range(len(names))]
    line = " || ',' || ".join(_as_text(place, str(row[1])) for place, row in zip(places, described, strict=True))
    result = connection.execute(f"SELECT {line} FROM (\n{checked.body}\n) AS answer({', '.join(places)})")
    buffer = bytearray((",".join(_quoted(name) for name in names) + "\r\n").encode())
    count = 0
    while True:
        guard.check()
        rows = result.fetchmany(_ROWS_AT_ONCE)
        if not rows:
            break
        count += len(rows)
        for (text,) in rows:
            buffer += text.encode("utf-8", "replace")
            buffer += b"\r\n"
        if len(buffer) >= _WRITE_BYTES:
            write(bytes(buffer))
            buffer.clear()
    write(bytes(buffer))
    return count


def _can_describe(body: str) -> bool:
    """DESCRIBE, SHOW and SUMMARIZE are described as what stands in brackets only."""
    return body.lstrip("( \t\r\n")[:9].lower().startswith(("select", "with", "from", "values"))


def _explain(connection: Connection, checked: Checked, write: Write) -> int:
    rows = connection.execute(checked.explain + checked.body).fetchall()
    write(b"explain_key,explain_value\r\n")
    write("".join(_row(row) for row in rows).encode())
    return len(rows)


def _as_text(place: str, kind: str) -> str:
    """SQL that makes the CSV field of a column."""
    if kind.startswith(_PLAIN) and not kind.endswith("]"):
        return f"coalesce({place}::VARCHAR, '')"
    if kind == "TIMESTAMP_NS":
        return f"coalesce(strftime({place}, '%Y-%m-%dT%H:%M:%S.%n'), '')"
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"coalesce(strftime({place} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ'), '')"
    if kind.startswith("TIMESTAMP"):
        return f"coalesce(strftime({place}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%f'), '')"
    text = f"{place}::VARCHAR"
    return (
        f"CASE WHEN {place} IS NULL THEN '' WHEN {text} = '' OR regexp_matches({text}, '[\",\\r\\n]') "
        f"THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    )


def _row(values: Sequence[object]) -> str:
    return ",".join("" if value is None else _quoted(str(value)) for value in values) + "\r\n"


def _quoted(text: str) -> str:
    if text and not any(character in text for character in '",\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


__all__ = ["GROWTH_LIMIT_BYTES", "TIME_LIMIT_S", "QueryError", "QueryRefused", "query_file", "run_query"]
