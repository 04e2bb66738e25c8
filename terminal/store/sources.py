"""Sources: one row for each recorded session and each imported file, with what of it is in the database."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt

from terminal.core.messages import Batch
from terminal.store.columns import TABLES
from terminal.store.connection import Connection, one_row

SESSION = "session"
"""Kind of the source that holds what a session received from no file."""

_ROLL_UPS = ("raw.bar_1s", "raw.bar_1m", "raw.bar_1d")
_COUNTERS = tuple(table.counter for table in TABLES)


@dataclass(frozen=True, slots=True)
class SourceHandle:
    """``id``: for ``message.source``. ``already_complete``: its rows are in the database and are not written again."""

    id: int
    already_complete: bool


@dataclass(slots=True)
class Progress:
    """What of a source is in the database."""

    complete: bool
    row_count: int = 0
    refused: int = 0
    missing: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTERS, 0))
    rolled_ns: int = 0
    rolled_day_ns: int = 0
    interval_s: int = 0
    expected: int | None = None

    @property
    def seq(self) -> int:
        """Number that the next message gets."""
        return self.row_count + self.refused + self.missing

    def copy(self) -> Progress:
        """A copy to work on until the transaction is committed."""
        return Progress(
            self.complete, self.row_count, self.refused, self.missing, self.first_ns, self.last_ns,
            dict(self.counts), self.rolled_ns, self.rolled_day_ns, self.interval_s, self.expected,
        )  # fmt: skip

    def add(self, part: Batch) -> None:
        """Counts stored messages, in order."""
        if len(part) == 0:
            return
        self.row_count += len(part)
        first, last = int(part["ts_ns"].min()), int(part["ts_ns"].max())
        self.first_ns = first if self.first_ns is None else min(self.first_ns, first)
        self.last_ns = last if self.last_ns is None else max(self.last_ns, last)
        kinds = np.bincount(part["kind"], minlength=256)
        for table in TABLES:
            self.counts[table.counter] += int(kinds[table.kind])


def begin(
    connection: Connection, kind: str, name: str, sha256: str, session: str, interval_s: int
) -> tuple[SourceHandle, Progress]:
    """Finds or makes a source's row in the caller's transaction; rows of an incomplete one are deleted.

    ``interval_s``: length of the source's bars, 0 when it has single trades or none. A source whose raw rows went for
    want of room counts as incomplete, so that it can be imported again.
    """
    found = one_row(
        connection,
        "SELECT id, complete, pruned FROM source WHERE kind = ? AND name = ? AND sha256 = ?",
        [kind, name, sha256],
    )
    if found is None:
        newest = one_row(connection, "SELECT coalesce(max(id), 0) FROM source")
        number = (int(newest[0]) if newest else 0) + 1
        zeros = ", 0" * len(_COUNTERS)
        connection.execute(
            "INSERT INTO source (id, kind, name, sha256, interval_s, session, begun, complete, pruned, row_count, "
            f"refused, missing, {', '.join(_COUNTERS)}) "
            f"VALUES (?, ?, ?, ?, ?, ?, now()::TIMESTAMP, FALSE, FALSE, 0, 0, 0{zeros})",
            [number, kind, name, sha256, interval_s, session],
        )
    else:
        number = int(found[0])
    link(connection, session, number)
    if found is not None and found[1] and not found[2]:
        return SourceHandle(number, already_complete=True), Progress(complete=True)
    if found is not None:
        empty(connection, number)
        connection.execute("UPDATE source SET session = ?, interval_s = ? WHERE id = ?", [session, interval_s, number])
    return SourceHandle(number, already_complete=False), Progress(complete=False, interval_s=interval_s)


def load(connection: Connection, number: int) -> Progress:
    """What is stored of an existing source, to go on with it."""
    row = one_row(
        connection,
        f"SELECT complete, row_count, refused, missing, first_ns, last_ns, rolled_ns, rolled_day_ns, interval_s, "
        f"{', '.join(_COUNTERS)} FROM source WHERE id = ?",
        [number],
    )
    if row is None:
        raise duckdb.InvalidInputException(f"no source has the number {number}")
    counts = dict(zip(_COUNTERS, (int(value) for value in row[9:]), strict=True))
    return Progress(bool(row[0]), row[1], row[2], row[3], row[4], row[5], counts, row[6], row[7], row[8])


def save(connection: Connection, changed: Mapping[int, Progress]) -> None:
    """Writes the counts of ``changed`` in the caller's transaction."""
    for number, progress in changed.items():
        assignments = ", ".join(f"{name} = ?" for name in ("row_count", "refused", "missing", "first_ns", "last_ns"))
        connection.execute(
            f"UPDATE source SET {assignments}, {', '.join(f'{name} = ?' for name in _COUNTERS)} WHERE id = ?",
            [
                progress.row_count, progress.refused, progress.missing, progress.first_ns, progress.last_ns,
                *(progress.counts[name] for name in _COUNTERS), number,
            ],
        )  # fmt: skip


def complete(connection: Connection, number: int) -> None:
    """Marks a source as wholly stored and removes older content under the same name, in the caller's transaction."""
    connection.execute("UPDATE source SET complete = TRUE, completed = now()::TIMESTAMP WHERE id = ?", [number])
    older = connection.execute(
        "SELECT o.id FROM source o JOIN source n ON n.id = ? AND o.kind = n.kind AND o.name = n.name "
        "AND o.sha256 <> n.sha256 AND o.kind <> ?",
        [number, SESSION],
    ).fetchall()
    for (replaced,) in older:
        remove(connection, int(replaced))


def empty(connection: Connection, number: int) -> None:
    """Deletes all rows and roll-ups of a source and sets its counts to zero, in the caller's transaction."""
    for table in TABLES:
        connection.execute(f"DELETE FROM {table.name} WHERE source = ?", [number])
    for name in _ROLL_UPS:
        connection.execute(f"DELETE FROM {name} WHERE source = ?", [number])
    connection.execute(
        f"UPDATE source SET complete = FALSE, completed = NULL, pruned = FALSE, row_count = 0, refused = 0, "
        f"missing = 0, first_ns = NULL, last_ns = NULL, rolled_ns = 0, rolled_day_ns = 0, "
        f"{', '.join(f'{name} = 0' for name in _COUNTERS)} WHERE id = ?",
        [number],
    )


def remove(connection: Connection, number: int) -> None:
    """Deletes a source with all its rows, in the caller's transaction."""
    empty(connection, number)
    connection.execute("DELETE FROM session_source WHERE source = ?", [number])
    connection.execute("DELETE FROM source WHERE id = ?", [number])


def numbered(source: npt.NDArray[np.int32], progress: Mapping[int, Progress]) -> npt.NDArray[np.int64]:
    """The ``seq`` of each message: a count within its source, going on from what was seen before."""
    first = int(source[0])
    if bool((source == first).all()):
        return progress[first].seq + np.arange(len(source), dtype=np.int64)
    seq = np.empty(len(source), np.int64)
    order = np.argsort(source, kind="stable")
    sorted_source = source[order]
    starts = np.flatnonzero(np.r_[True, sorted_source[1:] != sorted_source[:-1]])
    lengths = np.diff(np.r_[starts, len(source)])
    bases = np.array([progress[int(sorted_source[start])].seq for start in starts], np.int64)
    seq[order] = np.arange(len(source)) - np.repeat(starts, lengths) + np.repeat(bases, lengths)
    return seq


def link(connection: Connection, session: str, number: int) -> None:
    """Says that a session was fed from a source, in the caller's transaction."""
    connection.execute(
        "INSERT INTO session_source SELECT ?, ? WHERE NOT EXISTS "
        "(SELECT 1 FROM session_source WHERE session = ? AND source = ?)",
        [session, number, session, number],
    )
