"""What sources beside the session's own know of minutes, joined with the session's out of memory."""

# ruff: noqa: S608 - names of tables and columns come from constants, values are always numbers of ours

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.store.bar_rows import BAR, RANKED, Bars, best, ranked
from terminal.store.connection import Connection

_EVER_NS = -(2**63)
_TABLES = {1: "raw.bar_1s", 60: "raw.bar_1m", 86_400: "raw.bar_1d"}
_COLUMNS = ("start_ns", "open_px", "high_px", "low_px", "close_px", "volume")


def rolled_up(
    connection: Connection, base_s: int, instrument: int, ranks: dict[int, int], from_ns: int, until_ns: int, most: int
) -> npt.NDArray[Any]:
    """The newest bars (RANKED, not in order) that begin in a time, of the sources in ``ranks``."""
    columns: dict[str, Any] = connection.execute(
        f"SELECT source, {', '.join(_COLUMNS)} FROM {_TABLES[base_s]} "
        f"WHERE instrument = {instrument} AND start_ns >= {from_ns} AND start_ns < {until_ns} "
        f"AND source IN ({', '.join(str(number) for number in ranks)}) ORDER BY start_ns DESC LIMIT {most}"
    ).fetchnumpy()
    found = np.empty(len(columns["source"]), RANKED)
    found["rank"] = [ranks[number] for number in columns["source"].tolist()]
    for field, column in zip(BAR.names or (), _COLUMNS, strict=True):
        found[field] = columns[column]
    return found


@dataclass(frozen=True, slots=True)
class StoredSources:
    """Sources that are rolled up to their end. ``ranks``: by number, with ``last_ns`` of each; the session has
    ``own_rank``."""

    ranks: dict[int, int]
    last_ns: dict[int, int]
    own_rank: int

    @staticmethod
    def find(connection: Connection, own: int) -> StoredSources | None:
        """Those that may speak about minutes; None where one of them was cut short before its bars were made."""
        rows = connection.execute(
            "SELECT id, rolled_ns, coalesce(last_ns, 0) FROM source WHERE interval_s <= 60 "
            "AND (id = $1 OR kind <> 'session' AND trades + bars > 0) ORDER BY interval_s DESC, begun, id",
            [own],
        ).fetchall()
        ranks = {int(row[0]): rank for rank, row in enumerate(rows)}
        others = {int(number): int(last_ns) for number, _, last_ns in rows if number != own}
        if own not in ranks or any(row[2] >= row[1] for row in rows if row[0] != own):
            return None
        return StoredSources({number: ranks[number] for number in others}, others, ranks[own])

    def with_own(self, connection: Connection, instrument: int | None, own: Bars, most: int) -> Bars:
        """At least the newest ``most`` minutes or all, ascending. ``own``: all of the session's."""
        from_ns = int(own["ts_ns"][-most]) if len(own) >= most else _EVER_NS
        ranks = {number: self.ranks[number] for number, last_ns in self.last_ns.items() if last_ns >= from_ns}
        if instrument is None or not ranks:
            return own
        mine = ranked(own, self.own_rank)
        limit = most + 1
        while True:
            stored = rolled_up(connection, 60, instrument, ranks, from_ns, 2**62, limit)
            if len(stored) < limit:
                return _join(mine, stored)
            # The oldest minute may have been cut off between two sources.
            oldest_ns = int(stored["ts_ns"][-1])
            joined = _join(mine[mine["ts_ns"] > oldest_ns], stored[stored["ts_ns"] > oldest_ns])
            if len(joined) >= most:
                return joined
            limit *= 4


def _join(*parts: npt.NDArray[Any]) -> Bars:
    return best(np.concatenate(parts))


def ranks_of(numbers: Sequence[int]) -> dict[int, int]:
    """Ranks of sources that are listed with the best last."""
    return {number: rank for rank, number in enumerate(numbers)}
