"""Instruments of a run and their lasting rows in the database: the same terms have the same row in every session."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import (
    CAPACITY,
    Delivery,
    Instrument,
    InstrumentKind,
    InstrumentTable,
    OptionTerms,
    SessionProduct,
    SettlementTime,
    Style,
    UnknownInstrumentError,
    usual_size_scale,
)
from terminal.core.osi import Right, make_option_symbol
from terminal.core.ticks import TickClass
from terminal.store.connection import Connection, one_row
from terminal.store.failures import RecordingFailed

Ids = npt.NDArray[np.int32]

_COLUMNS = (
    "id", "identity", "symbol", "name", "kind", "product", "tick_class", "currency", "multiplier", "price_scale",
    "price_unit", "calendar", "underlying", "root", "expiry", "call_put", "strike_mills", "style", "delivery",
    "settlement", "expires_ns", "shares", "size_scale", "size_unit",
)  # fmt: skip


class InstrumentRows:
    """Maps a run's ids to the database's. Used on the writing thread only."""

    def __init__(self, table: InstrumentTable) -> None:
        self._table = table
        self._ids: Ids = np.full(CAPACITY, -1, np.int32)
        self._known = 0

    def new_rows(self) -> list[Instrument]:
        """The run's instruments that have no row yet as far as is known here."""
        return [self._table.get(number) for number in range(self._known, len(self._table))]

    def insert(self, connection: Connection, rows: Sequence[Instrument]) -> list[int]:
        """Finds or makes the rows of ``rows`` inside the caller's transaction; gives their ids in order."""
        identities = [identity(row, self._table) for row in rows]
        connection.register("incoming_identity", {"identity": np.array(identities, dtype=object)})
        try:
            found = dict(
                connection.execute(
                    "SELECT identity, id FROM instrument JOIN incoming_identity USING (identity)"
                ).fetchall()
            )
        finally:
            connection.unregister("incoming_identity")
        newest = one_row(connection, "SELECT coalesce(max(id), -1) FROM instrument")
        next_id = (int(newest[0]) if newest else -1) + 1
        here = {row.id: int(self._ids[row.id]) for row in self._table if row.id < self._known}
        missing: list[tuple[Any, ...]] = []
        ids: list[int] = []
        for row, text in zip(rows, identities, strict=True):
            number = found.get(text)
            if number is None:
                number = next_id
                next_id += 1
                missing.append(_values(number, text, row, here))
            here[row.id] = number
            ids.append(number)
        if missing:
            _insert_many(connection, missing)
        return ids

    def learn(self, rows: Sequence[Instrument], ids: Sequence[int]) -> None:
        """Keeps what :meth:`insert` gave, once its transaction is committed."""
        for row, number in zip(rows, ids, strict=True):
            self._ids[row.id] = number
        self._known += len(rows)

    def known(self, instrument: int) -> int | None:
        """The database's id of an instrument, any thread; None before it is stored."""
        number = int(self._ids[instrument]) if 0 <= instrument < self._known else -1
        return None if number < 0 else number

    def to_database(self, instruments: npt.NDArray[np.int32], extra: Sequence[int] = ()) -> Ids:
        """Database ids by message; -1 where the message names none, -2 where it names one that is not in the table.

        ``extra``: ids of the rows after the learned ones, inserted in a transaction that is still open.
        """
        known = self._known + len(extra)
        mapped = self._ids
        if extra:
            mapped = self._ids.copy()
            mapped[self._known : known] = extra
        inside = (instruments >= 0) & (instruments < known)
        ids = np.where(inside, mapped[np.where(inside, instruments, 0)], np.int32(-2))
        ids[instruments == -1] = -1
        return ids.astype(np.int32)


def identity(row: Instrument, table: InstrumentTable) -> str:
    """All terms of an instrument as one text; equal exactly when the instruments are the same thing."""
    terms = row.option
    option = (
        ()
        if terms is None
        else (
            table.get(terms.underlying).symbol, terms.symbol.osi(), terms.style.value, terms.delivery.value,
            terms.settlement.value, terms.expires_ns, terms.shares,
        )
    )  # fmt: skip
    head = (
        row.symbol, row.kind.name, row.session.value, row.tick_class.name, row.currency, row.multiplier,
        row.price_scale, row.calendar,
    )  # fmt: skip
    # What is usual goes without saying, so that rows of databases from before sizes had a scale are found again.
    sizes = () if row.size_scale == usual_size_scale(row.kind) else (f"1/{row.size_scale}",)
    return "|".join(str(part) for part in head + option + sizes)


def load(connection: Connection, ids: Sequence[int], table: InstrumentTable) -> Ids:
    """Adds the rows ``ids``, and the underlyings of options among them, to a run's table.

    Gives the run's id by database id, -1 elsewhere. Raises RecordingFailed when the table has one with other terms.
    """
    wanted = sorted(set(ids))
    # A file of an older version that is opened to be read alone stays as it is.
    there = {str(each[0]) for each in connection.execute("SELECT * FROM instrument LIMIT 0").description or ()}
    columns = [name if name in there else f"0 AS {name}" for name in _COLUMNS]
    rows = connection.execute(
        f"SELECT {', '.join(columns)} FROM instrument WHERE id IN (SELECT unnest($1::INTEGER[])) "
        "OR id IN (SELECT underlying FROM instrument WHERE id IN (SELECT unnest($1::INTEGER[]))) "
        "ORDER BY underlying IS NOT NULL, symbol",
        [wanted],
    ).fetchall()
    largest = max((int(row[0]) for row in rows), default=-1)
    mapped: Ids = np.full(largest + 1, -1, np.int32)
    for values in rows:
        found = dict(zip(_COLUMNS, values, strict=True))
        mapped[found["id"]] = _add(table, found, mapped)
    return mapped


def symbol_ranks(connection: Connection) -> Ids:
    """By database id: the place of the instrument when all are sorted by symbol, then identity."""
    ids = [int(row[0]) for row in connection.execute("SELECT id FROM instrument ORDER BY symbol, identity").fetchall()]
    ranks: Ids = np.zeros(max(ids, default=-1) + 1, np.int32)
    ranks[ids] = np.arange(len(ids), dtype=np.int32)
    return ranks


def _values(number: int, text: str, row: Instrument, here: dict[int, int]) -> tuple[Any, ...]:
    head = (
        number, text, row.symbol, row.name, row.kind.name, row.session.value, row.tick_class.name, row.currency,
        row.multiplier, row.price_scale, 1 / row.price_scale, row.calendar,
    )  # fmt: skip
    terms = row.option
    sizes = (row.size_scale, 1 / row.size_scale)
    if terms is None:
        return (*head, *(None,) * 10, *sizes)
    symbol = terms.symbol
    return (
        *head, here[terms.underlying], symbol.root, symbol.expiry, symbol.right.letter, symbol.strike_mills,
        terms.style.value, terms.delivery.value, terms.settlement.value, terms.expires_ns, terms.shares, *sizes,
    )  # fmt: skip


def _insert_many(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """One statement for all rows: a prepared one a row takes a second for a large chain."""
    columns = {}
    for place, name in enumerate(_COLUMNS):
        values = [row[place] for row in rows]
        if name == "expiry":
            values = [value.isoformat() if isinstance(value, date) else None for value in values]
        columns[name] = _object_column(values)
    connection.register("incoming_instrument", columns)
    try:
        connection.execute(
            f"INSERT INTO instrument ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} FROM incoming_instrument"
        )
    finally:
        connection.unregister("incoming_instrument")


def _object_column(values: list[Any]) -> npt.NDArray[Any]:
    if any(value is None for value in values) or any(isinstance(value, str) for value in values):
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column
    return np.array(values)


def _add(table: InstrumentTable, row: dict[str, Any], mapped: Ids) -> int:
    option = None
    if row["root"] is not None:
        right = Right.CALL if row["call_put"] == "C" else Right.PUT
        option = OptionTerms(
            symbol=make_option_symbol(row["root"], row["expiry"], right, row["strike_mills"]),
            underlying=int(mapped[row["underlying"]]),
            style=Style(row["style"]),
            delivery=Delivery(row["delivery"]),
            settlement=SettlementTime(row["settlement"]),
            expires_ns=row["expires_ns"],
            shares=row["shares"],
        )
    try:
        name = table.find(row["symbol"]).name
    except UnknownInstrumentError:
        name = row["name"]
    try:
        return table.add(
            row["symbol"],
            InstrumentKind[row["kind"]],
            SessionProduct(row["product"]),
            TickClass[row["tick_class"]],
            currency=row["currency"],
            multiplier=row["multiplier"],
            price_scale=row["price_scale"],
            calendar=row["calendar"],
            option=option,
            name=name,
            size_scale=row["size_scale"],
        ).id
    except (ValueError, KeyError) as error:
        raise RecordingFailed(
            f"The recording holds {row['symbol']} with other terms than another recording or today's market; "
            "choose fewer recordings or name the underlying."
        ) from error
