"""The best market of a book by order, which files of that schema do not tell."""

from __future__ import annotations

import heapq

from terminal.core.money import ABSENT_PX

Best = tuple[int, int, int, int]
"""Bid, ask, bid size, ask size; ABSENT_PX and 0 for a side without orders."""


class BestOfOrders:
    """Orders and the sum of each level, both sides; the best level by a heap of prices that may be gone."""

    def __init__(self) -> None:
        self._orders: dict[int, tuple[int, int, int]] = {}
        self._sizes: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._heaps: dict[int, list[int]] = {1: [], -1: []}

    def add(self, order: int, side: int, px: int, size: int) -> None:
        """A new order; one of the same number is replaced, as a change of it would be."""
        self.cancel(order, 0)
        levels = self._sizes[side]
        if px not in levels:
            heapq.heappush(self._heaps[side], -side * px)
        levels[px] = levels.get(px, 0) + size
        self._orders[order] = (side, px, size)

    def __contains__(self, order: int) -> bool:
        return order in self._orders

    def cancel(self, order: int, size: int) -> None:
        """Takes ``size`` away from an order, all of it for 0; an unknown one changes nothing."""
        known = self._orders.get(order)
        if known is None:
            return
        side, px, left = known
        taken = left if size == 0 else min(size, left)
        if taken == left:
            del self._orders[order]
        else:
            self._orders[order] = (side, px, left - taken)
        levels = self._sizes[side]
        levels[px] -= taken
        if levels[px] <= 0:
            del levels[px]

    def clear(self) -> None:
        """Forgets all orders."""
        self._orders.clear()
        for side in (1, -1):
            self._sizes[side].clear()
            self._heaps[side].clear()

    @property
    def best(self) -> Best:
        """The best bid and ask now."""
        bid, ask = self._top(1), self._top(-1)
        return bid, ask, self._sizes[1].get(bid, 0), self._sizes[-1].get(ask, 0)

    def _top(self, side: int) -> int:
        heap, levels = self._heaps[side], self._sizes[side]
        while heap and -side * heap[0] not in levels:
            heapq.heappop(heap)
        return -side * heap[0] if heap else ABSENT_PX
