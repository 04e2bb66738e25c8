"""A limit order book with price-time priority: the arrays and the calls of its kernels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.exchange import book_kernel as kernel
from terminal.exchange.book_kernel import ASK_SIDE, BASE, BEST_ASK, BEST_BID, BID_SIDE, FILL, LIVE, NO_SLOT

__all__ = ["ASK_SIDE", "BID_SIDE", "FILL", "LimitOrderBook"]

Levels = npt.NDArray[np.int64]
Fills = npt.NDArray[np.void]
_MOST_FILLS = 4096


class LimitOrderBook:
    """One instrument's book. Prices are whole ticks between ``base_ticks`` and ``base_ticks + price_slots - 1``.

    Sides are BID_SIDE (1) and ASK_SIDE (-1). Never crossed: a marketable order trades first and rests what is left.
    Not for use by two threads at once.
    """

    __slots__ = ("_fills", "header", "levels", "orders")

    def __init__(self, base_ticks: int, price_slots: int = 1 << 15, most_orders: int = 1 << 14) -> None:
        """Raises ValueError for a book without room."""
        if price_slots < 1 or most_orders < 1:
            raise ValueError("a book needs room for at least one price and one order")
        self.header = np.zeros(kernel.HEADER_FIELDS, np.int64)
        self.levels = np.zeros((2, price_slots), kernel.LEVEL)
        self.orders = np.zeros(most_orders, kernel.ORDER)
        self._fills = np.zeros(_MOST_FILLS, FILL)
        self.clear(base_ticks)

    def clear(self, base_ticks: int) -> None:
        """Drops all orders and moves the range of prices."""
        kernel.clear(self.header, self.levels, self.orders, base_ticks)

    def submit(self, side: int, ticks: int, size: int, owner: int = 0) -> tuple[int, Fills]:
        """A limit order: trades what it can, rests the remainder; ``(order id or 0, fills)``.

        The id is 0 when nothing rests: filled at once, outside the range of prices, or the book is full.
        """
        fills = self.take(side, ticks, size)
        left = size - int(fills["size"].sum())
        return int(kernel.post(self.header, self.levels, self.orders, side, ticks, left, owner)), fills

    def post(self, side: int, ticks: int, size: int, owner: int = 0) -> int:
        """An order that must rest: its id, or 0 when it would trade at once or there is no room for it."""
        return int(kernel.post(self.header, self.levels, self.orders, side, ticks, size, owner))

    def take(self, side: int, limit_ticks: int, size: int) -> Fills:
        """Trades up to ``size`` at ``limit_ticks`` or better and drops the rest; the fills, best price first."""
        count = kernel.match(self.header, self.levels, self.orders, self._fills, side, limit_ticks, size)
        return self._fills[:count].copy()

    def cancel(self, order_id: int) -> int:
        """Takes an order out; the size it still had, 0 when it is gone."""
        return int(kernel.cancel(self.header, self.levels, self.orders, order_id))

    def reduce(self, order_id: int, size: int) -> int:
        """Lowers an order to ``size`` without losing its place; the size taken away."""
        return int(kernel.reduce(self.header, self.levels, self.orders, order_id, size))

    def best(self, side: int) -> int | None:
        """Best price of a side in ticks, None when it is empty."""
        slot = int(self.header[BEST_BID if side == BID_SIDE else BEST_ASK])
        return None if slot == NO_SLOT else slot + int(self.header[BASE])

    def depth(self, side: int, most: int = 10) -> Levels:
        """Levels from the best outwards: rows of (ticks, size, orders), at most ``most``."""
        out = np.empty((most, 3), np.int64)
        return out[: kernel.depth(self.header, self.levels, side, out)]

    @property
    def live_orders(self) -> int:
        """Orders at rest."""
        return int(self.header[LIVE])
