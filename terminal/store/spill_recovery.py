"""At a start: what an earlier process left in spill files goes into the database, each message once."""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
import numpy as np

from terminal.store.batch_writer import BatchWriter, SessionRow
from terminal.store.connection import Connection, one_row
from terminal.store.market_db import MarketDatabase
from terminal.store.spill import LeftSpill, left_behind

log = logging.getLogger(__name__)
_BATCH = 1 << 16


def recover(database: MarketDatabase, folder: Path) -> list[str]:
    """Stores and removes the spill files in ``folder``; gives a sentence for each that could not be read.

    Messages of files that were being imported are left out: an import that was cut short is done again as a whole.
    Raises duckdb.Error or OSError when the database takes nothing; the files stay then.
    """
    problems: list[str] = []
    connection = database.connect()
    for left in left_behind(folder):
        try:
            stored = _store(connection, left)
        except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
            log.exception("the spill file %s cannot be read", left.messages_file)
            aside = left.messages_file.with_suffix(".unreadable")
            left.messages_file.replace(aside)
            problems.append(f"Messages of an earlier session cannot be read ({error}); they were put aside as {aside}.")
            continue
        log.info("%d messages that session %s had left in %s were stored", stored, left.name, folder)
        left.discard()
    connection.execute("DELETE FROM spill")
    connection.close()
    return problems


def _store(connection: Connection, left: LeftSpill) -> int:
    session, source, table = left.read_header()
    if one_row(connection, "SELECT 1 FROM source WHERE id = ? AND kind = 'session'", [source]) is None:
        raise ValueError(f"their session {session} is not in the database")
    files = [int(row[0]) for row in connection.execute("SELECT id FROM source WHERE kind <> 'session'").fetchall()]
    writer = BatchWriter(connection, table, SessionRow(session, "", ""))
    writer.attach(source)
    at = _mark(connection, left.name)
    stored = 0
    while at < left.count():
        batch = left.read(at, _BATCH)
        at += len(batch)
        own = batch[~np.isin(batch["source"], files)]
        stored += writer.write(own, also=lambda now, mark=at: set_mark(now, left.name, mark))  # type: ignore[misc]
    ended = one_row(connection, "SELECT 1 FROM session WHERE name = ? AND ended IS NOT NULL", [session])
    if ended is not None:
        writer.close_session(all_there=True)
    return stored


def set_mark(connection: duckdb.DuckDBPyConnection, name: str, messages: int) -> None:
    """Keeps how many messages of a spill file are stored, in the transaction that stores them."""
    connection.execute("INSERT OR REPLACE INTO spill VALUES (?, ?)", [name, messages])


def _mark(connection: Connection, name: str) -> int:
    row = one_row(connection, "SELECT messages FROM spill WHERE name = ?", [name])
    return int(row[0]) if row else 0
