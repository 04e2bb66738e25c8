"""Where our orders stand in the queue: exact from a book by order, else estimated from sizes and trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from terminal.app.market_port import OrderReader, Rows
from terminal.app.ports import OrderRow
from terminal.core.orders import OrderState

_RESTING = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED, OrderState.PENDING_CANCEL})
SizeAt = Callable[[int, int], int | None]
"""(side, price) to the size that the book has there; None off what was read."""


class QueueWatch:
    """Size before each of our orders of one instrument.

    The estimate begins with the size that stood at the price when the order was first seen to rest there. Trades
    against that side at the price work it off, a trade through the price ends it, and it is never more than what stands
    there now: of the cancels before us only those are seen that leave no other explanation, so that it errs on the
    side of a longer queue.
    """

    def __init__(self) -> None:
        self._ahead: dict[str, tuple[int, int]] = {}

    def start_again(self) -> None:
        """Forgets all orders, as for another instrument."""
        self._ahead = {}

    def follow(self, orders: Iterable[OrderRow], new: Rows, size_at: SizeAt) -> None:
        """``orders``: ours of the instrument; ``new``: its trades since the last call."""
        known: dict[str, tuple[int, int]] = {}
        for order in orders:
            if order.state not in _RESTING or order.limit_px is None:
                continue
            px, side = order.limit_px, int(order.side)
            found = self._ahead.get(order.order_id)
            standing = size_at(side, px)
            if found is None or found[0] != px:
                if standing is not None:
                    known[order.order_id] = px, standing
                continue
            ahead = max(0, found[1] - _worked_off(new, side, px))
            if standing is not None:
                ahead = min(ahead, standing)
            known[order.order_id] = px, 0 if _traded_through(new, side, px) else ahead
        self._ahead = known

    def ahead(self, order: OrderRow, queues: OrderReader | None) -> tuple[int | None, bool]:
        """Size before an order, and whether that is exact."""
        if queues is not None and queues.has(order.instrument):
            venue_id = str(getattr(order, "venue_order_id", "") or order.order_id)
            exact = queues.queue(order.instrument, int(venue_id)) if venue_id.isdecimal() else None
            if exact is not None:
                return exact[0], True
        found = self._ahead.get(order.order_id)
        return (None, False) if found is None else (found[1], False)


def _worked_off(new: Rows, side: int, px: int) -> int:
    """What traded at the price against resting orders of ``side``."""
    here = (new["px"] == px) & (new["aggressor"] == -side)
    return int(new["size"][here].sum())


def _traded_through(new: Rows, side: int, px: int) -> bool:
    return bool(((px - new["px"]) * side > 0).any())
