"""Keeping the market database inside its disk budget: the raw rows recorded longest ago go, their bars stay."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

import logging

import duckdb

from terminal.store import roll_ups, sources
from terminal.store.columns import TABLES
from terminal.store.connection import Connection, one_row

log = logging.getLogger(__name__)
_LOW_WATER = 0.9
_OWN_SHARE = 4
"""A source that is still growing gives up this part of its own rows at a time."""


def used_bytes(connection: Connection) -> int:
    """Bytes of the database's blocks that hold data."""
    row = one_row(connection, "SELECT block_size * used_blocks FROM pragma_database_size()")
    return int(row[0]) if row else 0


def keep_within(connection: Connection, budget_bytes: int, growing: frozenset[int]) -> list[int]:
    """Deletes raw rows, source by source in the order they were recorded, until the data fits in the budget.

    ``growing``: sources that are being recorded; they are cut last, at their old end, up to where their bars are
    made. Gives the sources that lost rows. Not to be called inside a transaction.
    """
    pruned: list[int] = []
    # What is in the write-ahead log only is not counted as used.
    if not try_checkpoint(connection):
        return pruned
    if used_bytes(connection) <= budget_bytes:
        return pruned
    for number in _oldest(connection):
        if used_bytes(connection) <= budget_bytes * _LOW_WATER:
            break
        if number in growing or not _finish_roll_up(connection, number):
            continue
        pruned.append(number)
        if not _delete(connection, number, None):
            return pruned
    for number in sorted(growing):
        if used_bytes(connection) <= budget_bytes:
            break
        if _cut(connection, number):
            pruned.append(number)
    if pruned:
        log.info("raw rows of %d recordings were removed to stay within %d bytes", len(pruned), budget_bytes)
    return pruned


def _oldest(connection: Connection) -> list[int]:
    rows = connection.execute("SELECT id FROM source WHERE NOT pruned AND row_count > 0 ORDER BY begun, id").fetchall()
    return [int(row[0]) for row in rows]


def _finish_roll_up(connection: Connection, number: int) -> bool:
    """A source that a crash left open has bars to be made before its rows go."""
    progress = sources.load(connection, number)
    if progress.rolled_ns >= roll_ups.END_NS:
        return True
    connection.execute("BEGIN")
    try:
        roll_ups.roll(connection, number, progress, whole=True)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return True


def _cut(connection: Connection, number: int) -> bool:
    progress = sources.load(connection, number)
    if progress.last_ns is None:
        return False
    ends: list[int] = []
    for table in TABLES:
        row = one_row(
            connection,
            f"SELECT quantile_disc(ts_ns, {1 / _OWN_SHARE}) FROM {table.name} WHERE source = ?",
            [number],
        )
        if row and row[0] is not None:
            ends.append(int(row[0]))
    until_ns = min(max(ends, default=0), progress.rolled_ns)
    if until_ns <= (progress.first_ns or 0):
        return False
    _delete(connection, number, until_ns)
    return True


def try_checkpoint(connection: Connection) -> bool:
    """Moves the write-ahead log into the file and frees what was deleted; False while somebody is reading."""
    try:
        connection.execute("CHECKPOINT")
    except duckdb.TransactionException:
        return False
    return True


def _delete(connection: Connection, number: int, until_ns: int | None) -> bool:
    """Whether the room of the deleted rows is known to be free."""
    where = "source = ?" if until_ns is None else f"source = ? AND ts_ns < {until_ns}"
    connection.execute("BEGIN")
    try:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table.name} WHERE {where}", [number])
        connection.execute("UPDATE source SET pruned = TRUE WHERE id = ?", [number])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return try_checkpoint(connection)
