"""Books as plain dictionaries: slow, and what the kernels are held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from terminal.core.messages import NO_SEQUENCE, Batch, Flag, Kind, empty_batch
from terminal.market.rows import BookStatus

LARGEST = 2**60
Levels = dict[int, tuple[int, int]]
COUNTS = ("gaps", "healed", "duplicates", "refused", "strangers", "overdone", "doubled")


@dataclass
class Order:
    side: int
    px: int
    size: int


@dataclass
class BookModel:
    """One book; ``apply`` takes (kind, flags, v0, v1, v2, v3)."""

    levels: dict[int, Levels] = field(default_factory=lambda: {1: {}, -1: {}})
    orders: dict[int, Order] = field(default_factory=dict)
    """By id, in the order of every queue: who loses his place is put in anew."""
    heard: bool = False
    stage: str = "good"
    sequenced: bool = False
    sequence: int = NO_SEQUENCE
    ignoring: str = ""
    told_by: str = ""
    begun: bool = False
    partial: bool = False
    """The newest message was part of a snapshot, and not its last."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))

    def apply(self, kind: int, flags: int, v0: int, v1: int, v2: int, v3: int) -> None:
        self.partial = flags & (Flag.SNAPSHOT | Flag.LAST) == Flag.SNAPSHOT
        if kind == Kind.BOOK_UPDATE:
            self._update(flags, v0, v1, v2)
        elif self.ignoring != "old":
            if kind == Kind.BOOK_CLEAR:
                self.clear()
                self.heard = True
                if not self.sequenced:
                    self.stage, self.begun = "good", True
            elif kind in (Kind.DEPTH, Kind.DEPTH_CHANGE):
                self._level(kind, v0, v1, v2, v3)
            else:
                self._order(kind, v0, v1, v2, v3)

    def clear(self) -> None:
        self.levels = {1: {}, -1: {}}
        self.orders = {}
        self.told_by = ""

    @property
    def status(self) -> BookStatus:
        """At the instant of the newest message."""
        return BookStatus.BUILDING if self.partial and self.stage == "good" else self.settled

    @property
    def settled(self) -> BookStatus:
        """Once time has gone on."""
        if self.stage != "good":
            return BookStatus.GAP if self.stage == "gap" else BookStatus.BUILDING
        bids, asks = self.sides()
        if bids and asks and bids[0][0] > asks[0][0]:
            return BookStatus.CROSSED
        return BookStatus.OK if self.heard else BookStatus.NONE

    def sides(self) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """(px, size, orders) of bids and asks, best first."""
        bids = sorted(((px, *level) for px, level in self.levels[1].items()), reverse=True)
        asks = sorted((px, *level) for px, level in self.levels[-1].items())
        return bids, asks

    def queue(self, order_id: int) -> tuple[int, int] | None:
        mine = self.orders.get(order_id)
        if mine is None:
            return None
        size = count = 0
        for other_id, other in self.orders.items():
            if other_id == order_id:
                break
            if (other.side, other.px) == (mine.side, mine.px):
                size, count = size + other.size, count + 1
        return size, count

    def _lose(self) -> None:
        self.counts["gaps"] += 1
        self.stage = "gap"

    def _refuse(self, *, lose: bool = False) -> None:
        self.counts["refused"] += 1
        if lose:
            self._lose()

    def _refuse_order(self) -> None:
        self.counts["refused"] += 1
        if self.stage != "gap":
            self._lose()

    def _update(self, flags: int, first: int, last: int, previous: int) -> None:
        self.heard = True
        self.ignoring = ""
        if first == NO_SEQUENCE:
            first = last
        if last < NO_SEQUENCE or first < 0 < last or first > last:
            self._refuse(lose=True)
        elif flags & Flag.SNAPSHOT:
            self.clear()
            self.counts["healed"] += self.stage == "gap"
            self.stage, self.sequenced, self.sequence, self.begun = "good", True, last, True
        elif last == NO_SEQUENCE:
            pass
        elif not self.sequenced:
            self.sequenced, self.sequence = True, last
            self.stage = "building" if self.stage == "good" else self.stage
        elif last <= self.sequence:
            self.counts["duplicates"] += 1
            self.ignoring = "old"
        else:
            if previous != self.sequence and self.sequence != NO_SEQUENCE:
                if first <= self.sequence:
                    self.ignoring = "overlaps"
                elif first != self.sequence + 1:
                    self._lose()
            self.sequence = last

    def _level(self, kind: int, side: int, px: int, size: int, orders: int) -> None:
        if self.told_by == "orders" or side not in (1, -1) or abs(px) > LARGEST:
            self._refuse(lose=self.told_by != "orders")
            return
        levels = self.levels[side]
        if kind == Kind.DEPTH_CHANGE:
            if self.stage != "good":
                return
            if self.ignoring or abs(size) > LARGEST or abs(orders) > LARGEST:
                self._refuse(lose=True)
                return
            resting, count = levels.get(px, (0, 0))
            size += resting
            orders = max(orders + count, 0)
            if not 0 <= size <= LARGEST:
                self._refuse(lose=True)
                return
        elif not 0 <= size <= LARGEST or not 0 <= orders <= LARGEST:
            self._refuse(lose=True)
            return
        self.heard = True
        self.told_by = "levels"
        if size:
            levels[px] = size, orders
        else:
            levels.pop(px, None)

    def _order(self, kind: int, side: int, px: int, size: int, order_id: int) -> None:
        if self.ignoring:
            self._refuse(lose=True)
        elif self.told_by == "levels":
            self._refuse()
        elif not 0 <= size <= LARGEST:
            self._refuse_order()
        elif kind == Kind.ORDER_ADD:
            if size == 0 or side not in (1, -1) or abs(px) > LARGEST:
                self._refuse_order()
                return
            if order_id in self.orders:
                self._doubt("doubled")
                return
            self.orders[order_id] = Order(side, px, size)
            self._sum_up("orders")
        elif order_id not in self.orders:
            self._doubt("strangers")
        elif kind == Kind.ORDER_MODIFY:
            order = self.orders[order_id]
            if abs(px) > LARGEST:
                self._refuse_order()
                return
            if size == 0:
                del self.orders[order_id]
            elif px == order.px and size <= order.size:
                order.size = size
            else:
                del self.orders[order_id]
                self.orders[order_id] = Order(order.side, px, size)
            self._sum_up("orders")
        else:
            order = self.orders[order_id]
            if size > order.size:
                self._doubt("overdone")
            if size == 0 or size >= order.size:
                del self.orders[order_id]
            else:
                order.size -= size
            self._sum_up("orders")

    def _doubt(self, count: str) -> None:
        """The orders are not the venue's; one from before the first message of a book that never began may be."""
        self.counts[count] += 1
        if count == "strangers" and not self.begun:
            self.stage = "building" if self.stage == "good" else self.stage
        elif self.stage != "gap":
            self._lose()

    def _sum_up(self, told_by: str) -> None:
        self.heard = True
        self.told_by = told_by
        self.levels = {1: {}, -1: {}}
        for order in self.orders.values():
            size, count = self.levels[order.side].get(order.px, (0, 0))
            self.levels[order.side][order.px] = size + order.size, count + 1


Message = tuple[int, int, int, int, int, int]


def part(message: Message, *, last: bool = False) -> Message:
    """The message as one of a snapshot."""
    return message[0], Flag.SNAPSHOT | Flag.LAST if last else Flag.SNAPSHOT, *message[2:]


def as_batch(messages: Iterable[Message], instrument: int = 0, start_ns: int = 10**18) -> Batch:
    """One message a nanosecond."""
    rows = list(messages)
    batch = empty_batch(len(rows))
    batch["instrument"] = instrument
    batch["ts_ns"] = start_ns + np.arange(len(rows))
    if rows:
        columns: Any = list(zip(*rows, strict=True))
        for name, column in zip(("kind", "flags", "v0", "v1", "v2", "v3"), columns, strict=True):
            batch[name] = column
    return batch
