"""Message batches to the database's columns and back, exactly.

A value that says nothing (an unchanged side of a quote, a field that the kind does not use) is NULL in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.messages import Batch, Flag, Kind, empty_batch
from terminal.core.money import ABSENT_PX

Column = npt.NDArray[Any]
Columns = dict[str, Column]
"""Equally long one-dimensional arrays by column name; masked arrays where a value may be NULL."""

HEAD = ("source", "seq", "ts_ns", "recv_ns", "instrument", "flags", "venue", "rank")
"""Columns that every message table has."""

_VALUES = ("v0", "v1", "v2", "v3", "v4")
_SEQUENCES = ("first_sequence", "last_sequence", "previous_sequence", "v3", "v4")
_ORDER = ("side", "px", "size", "order_id", "v4")


@dataclass(frozen=True, slots=True)
class MessageTable:
    """Where one kind of message lies. ``fields``: columns of v0 to v4 in order; ``counter``: its column in source."""

    kind: Kind
    name: str
    fields: tuple[str, str, str, str, str]
    counter: str

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the table's order."""
        return HEAD + self.fields


TABLES = (
    MessageTable(Kind.QUOTE, "raw.quote", ("bid_px", "ask_px", "bid_size", "ask_size", "v4"), "quotes"),
    MessageTable(Kind.TRADE, "raw.trade", ("px", "size", "v2", "v3", "v4"), "trades"),
    MessageTable(Kind.BAR, "raw.bar", ("open_px", "high_px", "low_px", "close_px", "volume"), "bars"),
    MessageTable(Kind.OPEN_INTEREST, "raw.open_interest", ("contracts", "v1", "v2", "v3", "v4"), "open_interests"),
    MessageTable(Kind.DEPTH, "raw.depth", ("side", "px", "size", "orders", "v4"), "depths"),
    MessageTable(Kind.OFFICIAL, "raw.official", ("px", "price_kind", "v2", "v3", "v4"), "officials"),
    MessageTable(Kind.PHASE_CHANGE, "raw.phase_change", ("phase", "product", "v2", "v3", "v4"), "phase_changes"),
    MessageTable(Kind.BOOK_UPDATE, "raw.book_update", _SEQUENCES, "book_updates"),
    MessageTable(Kind.DEPTH_CHANGE, "raw.depth_change", ("side", "px", "size", "orders", "v4"), "depth_changes"),
    MessageTable(Kind.ORDER_ADD, "raw.order_add", _ORDER, "order_adds"),
    MessageTable(Kind.ORDER_MODIFY, "raw.order_modify", _ORDER, "order_modifies"),
    MessageTable(Kind.ORDER_CANCEL, "raw.order_cancel", _ORDER, "order_cancels"),
    MessageTable(Kind.ORDER_FILL, "raw.order_fill", _ORDER, "order_fills"),
    MessageTable(Kind.BOOK_CLEAR, "raw.book_clear", _VALUES, "book_clears"),
)
"""Every kind that is recorded: all but CLOCK, which says that nothing happened."""

TABLE_OF = {table.kind: table for table in TABLES}
RECORDED = np.zeros(256, np.bool_)
RECORDED[[int(table.kind) for table in TABLES]] = True
"""By the number of a kind: whether it is recorded."""


def to_columns(table: MessageTable, batch: Batch, source: Column, seq: Column, recv_offset_ns: int) -> Columns:
    """The columns of messages of one kind, without those that are wholly NULL.

    ``batch``: messages whose ``instrument`` is the database's id already. ``source``, ``seq``: by message.
    ``recv_offset_ns``: what makes a UTC time of ``recv_ns``.
    """
    columns: Columns = {
        "source": source.astype(np.int32),
        "seq": seq.astype(np.int64),
        "ts_ns": _field(batch, "ts_ns"),
        "instrument": _field(batch, "instrument"),
        "flags": _field(batch, "flags"),
        "venue": _field(batch, "venue"),
        "rank": _field(batch, "order"),
    }
    recv_ns = _field(batch, "recv_ns")
    columns["recv_ns"] = _nullable(recv_ns + recv_offset_ns, recv_ns == 0)
    for value, name in zip(_VALUES, table.fields, strict=True):
        column = _field(batch, value)
        if table.kind is Kind.QUOTE and value != "v4":
            columns[name] = _nullable(column, _says_nothing(value, column, columns["flags"]))
        elif name == value:
            columns[name] = _nullable(column, column == 0)
        else:
            columns[name] = column
    return {name: column for name, column in columns.items() if not _all_null(column)}


def from_columns(table: MessageTable, columns: Mapping[str, Column]) -> Batch:
    """Messages of one kind from all columns of their table; ``recv_ns`` is 0 and ``instrument`` the database's id."""
    batch = empty_batch(len(columns["seq"]))
    for name in ("source", "ts_ns", "instrument", "flags", "venue"):
        batch[name] = _filled(columns[name], 0)
    batch["order"] = _filled(columns["rank"], 0)
    batch["kind"] = table.kind
    for value, name in zip(_VALUES, table.fields, strict=True):
        if table.kind is Kind.QUOTE and value in {"v0", "v1"}:
            unchanged = (batch["flags"] & _unchanged_flag(value)) != 0
            null = np.ma.getmaskarray(columns[name])
            plain = _filled(columns[name], 0)
            batch[value] = np.where(null & ~unchanged, ABSENT_PX, plain)
        else:
            batch[value] = _filled(columns[name], 0)
    return batch


def _field(batch: Batch, name: str) -> Column:
    return np.ascontiguousarray(batch[name])


def _says_nothing(value: str, column: Column, flags: Column) -> npt.NDArray[np.bool_]:
    """An unchanged side that holds zeros, as it should, or a price that is absent."""
    unchanged = (flags & _unchanged_flag(value)) != 0
    empty: npt.NDArray[np.bool_] = unchanged & (column == 0)
    if value in {"v0", "v1"}:
        empty |= ~unchanged & (column == ABSENT_PX)
    return empty


def _unchanged_flag(value: str) -> int:
    return int(Flag.BID_UNCHANGED if value in {"v0", "v2"} else Flag.ASK_UNCHANGED)


def _nullable(column: Column, null: npt.NDArray[np.bool_]) -> Column:
    if not null.any():
        return column
    masked: Column = np.ma.masked_array(column, mask=null)
    return masked


def _all_null(column: Column) -> bool:
    return isinstance(column, np.ma.MaskedArray) and bool(np.ma.getmaskarray(column).all())


def _filled(column: Column, value: int) -> Column:
    return column.filled(value) if isinstance(column, np.ma.MaskedArray) else column
