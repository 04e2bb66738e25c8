"""Trades joined to rows: the same side of one instrument, close in time, at one price or on a sweep through several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.core.instruments import CAPACITY
from terminal.market.places import place_of
from terminal.market.rows import PRINT_ROW, Rows

GROUP_ROW = np.dtype(
    [
        ("number", "i8"),
        ("ts_ns", "i8"),
        ("last_ts_ns", "i8"),
        ("px", "i8"),
        ("low_px", "i8"),
        ("high_px", "i8"),
        ("size", "i8"),
        ("prints", "i8"),
        ("chain", "i8"),
        ("last_chain", "i8"),
        ("instrument", "i4"),
        ("venue", "u2"),
        ("side", "i1"),
        ("place", "i1"),
        ("flags", "u1"),
        ("estimated", "u1"),
        ("venues", "u1"),
    ],
    align=True,
)
"""One row. ``number``, ``ts_ns``, ``px``, ``place``, ``venue``, ``flags``: of its first trade; ``size`` and ``prints``
of all. ``venues``: 1, or 2 when there were several. ``chain`` and ``last_chain``: ids of the groups of another
:class:`PrintGroups` that its first and last trade are in, -1 without one."""

_FIRST_ROOM = 1024


@dataclass(frozen=True, slots=True)
class Joining:
    """When a trade joins the one before it of the same instrument and side: no later than ``within_ns`` after it
    (below 0: never) and at the same price or, for a sweep, a known side and a price that goes on in its direction."""

    within_ns: int = -1
    is_sweep: bool = False


class PrintGroups:
    """Grows with the trades; how these are cut into calls changes nothing. Ids of groups count from 0 for ever."""

    def __init__(self, joining: Joining) -> None:
        self._joining = joining
        self._room = np.zeros(_FIRST_ROOM, GROUP_ROW)
        self._first, self._next = 0, 0
        self._last_ts = np.zeros(CAPACITY, np.int64)
        self._last_px = np.zeros(CAPACITY, np.int64)
        self._last_side = np.zeros(CAPACITY, np.int8)
        self._last_id = np.full(CAPACITY, -1, np.int64)

    @property
    def first_id(self) -> int:
        """Id of ``rows[0]``."""
        return self._first

    @property
    def rows(self) -> Rows:
        """The groups, by their first trade; a view that the next call of :meth:`add` may change."""
        return self._room[: self._next - self._first]

    def add(self, prints: Rows, chains: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.int64]:
        """Joins trades (PRINT_ROW, ascending by number); gives the group's id of each."""
        if not len(prints):
            return np.empty(0, np.int64)
        order = np.argsort(prints["instrument"], kind="stable")
        found = prints[order]
        first, heads = self._heads(found)
        is_new = np.empty(len(prints), bool)
        is_new[order] = heads
        new_ids = self._next + np.cumsum(is_new) - 1
        known = np.where(heads, new_ids[order], self._last_id[found["instrument"]])
        begins = np.maximum.accumulate(np.where(heads | first, np.arange(len(found)), 0))
        ids = np.empty(len(prints), np.int64)
        ids[order] = known[begins]
        self._remember(found, ids[order], first)
        self._write(prints, ids, is_new, chains)
        return ids

    def forget_before(self, number: int) -> None:
        """Drops the groups that began before a trade's number."""
        drop = int(np.searchsorted(self.rows["number"], number))
        if drop:
            kept = self.rows[drop:].copy()
            self._first += drop
            self._room[: len(kept)] = kept

    def _heads(self, found: Rows) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """First trade of each instrument in the call, and first trade of each group; ``found`` is by instrument."""
        ids = found["instrument"]
        first = np.empty(len(found), bool)
        first[0] = True
        first[1:] = ids[1:] != ids[:-1]
        if self._joining.within_ns < 0:
            return first, np.ones(len(found), bool)
        ts_ns, px, side = (self._before(found, first, name) for name in ("ts_ns", "px", "aggressor"))
        joins = (np.abs(found["ts_ns"] - ts_ns) <= self._joining.within_ns) & (found["aggressor"] == side)
        if self._joining.is_sweep:
            joins &= (side != 0) & ((found["px"] - px) * side >= 0)
        else:
            joins &= found["px"] == px
        joins[first] &= self._last_id[ids[first]] >= self._first
        return first, ~joins

    def _before(self, found: Rows, first: npt.NDArray[np.bool_], name: str) -> npt.NDArray[np.int64]:
        all_kept: dict[str, npt.NDArray[Any]] = {
            "ts_ns": self._last_ts,
            "px": self._last_px,
            "aggressor": self._last_side,
        }
        kept = all_kept[name]
        before = np.empty(len(found), np.int64)
        before[1:] = found[name][:-1]
        before[first] = kept[found["instrument"][first]]
        return before

    def _remember(self, found: Rows, ids: npt.NDArray[np.int64], first: npt.NDArray[np.bool_]) -> None:
        last = np.empty(len(found), bool)
        last[-1] = True
        last[:-1] = first[1:]
        at = found["instrument"][last]
        self._last_ts[at], self._last_px[at] = found["ts_ns"][last], found["px"][last]
        self._last_side[at], self._last_id[at] = found["aggressor"][last], ids[last]

    def _write(
        self,
        prints: Rows,
        ids: npt.NDArray[np.int64],
        is_new: npt.NDArray[np.bool_],
        chains: npt.NDArray[np.int64] | None,
    ) -> None:
        self._make_room(int(is_new.sum()))
        rows, at, new = self.rows, ids - self._first, prints[is_new]
        made = rows[len(rows) - len(new) :]
        for name in ("number", "ts_ns", "px", "instrument", "venue", "flags", "estimated"):
            made[name] = new[name]
        made["side"], made["place"] = new["aggressor"], place_of(new)
        made["low_px"] = made["high_px"] = new["px"]
        made["size"] = made["prints"] = 0
        made["venues"] = 1
        made["chain"] = -1 if chains is None else chains[is_new]
        np.add.at(rows["size"], at, prints["size"])
        np.add.at(rows["prints"], at, 1)
        np.minimum.at(rows["low_px"], at, prints["px"])
        np.maximum.at(rows["high_px"], at, prints["px"])
        rows["last_ts_ns"][at] = prints["ts_ns"]
        rows["last_chain"][at] = -1 if chains is None else chains
        rows["venues"][at[prints["venue"] != rows["venue"][at]]] = 2

    def _make_room(self, more: int) -> None:
        used = self._next - self._first
        if used + more > len(self._room):
            room = np.zeros(max(2 * len(self._room), used + more), GROUP_ROW)
            room[:used] = self._room[:used]
            self._room = room
        self._next += more


def no_prints() -> Rows:
    """None."""
    return np.empty(0, PRINT_ROW)
