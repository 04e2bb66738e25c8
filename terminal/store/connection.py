"""What a DuckDB connection is to this room, and the one way to read a single row from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

Connection = duckdb.DuckDBPyConnection


def one_row(connection: Connection, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """The first row of a query, or None.

    It reads all rows: since DuckDB 2 a result that was not read to its end keeps the connection busy.
    """
    rows = connection.execute(sql, list(values)).fetchall()
    return tuple(rows[0]) if rows else None
