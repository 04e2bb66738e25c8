"""What the order road needs of a venue's order side. Nothing outside ``trading/`` calls these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from terminal.core.events import Settlement
from terminal.core.orders import DenyReason, ExecutionReport, Fill, OrderIntent
from terminal.trading.order_view import OrderView


class VenueUnclear(Exception):
    """A send ended without a clear answer: the order may or may not be at the venue."""


class VenueOrders(Protocol):
    """The order side of one venue. Called on the orders thread only; answers come through a ReportSink."""

    @property
    def name(self) -> str:
        """What a person reads."""
        ...

    def supports(self, intent: OrderIntent) -> DenyReason | None:
        """Why the venue cannot take the order now, or None."""
        ...

    def submit(self, intent: OrderIntent) -> None:
        """Sends an order that is already durable; VenueUnclear (or anything else raised) makes it UNKNOWN."""
        ...

    def cancel(self, order_id: str) -> None:
        """Asks for a cancel; asking twice is harmless."""
        ...

    def query(self, order_id: str) -> None:
        """Asks how an order stands; answered with reports, with REJECTED when the venue provably never had it."""
        ...

    def restore(self, orders: Sequence[OrderView], fills: Sequence[Fill], market_ns: int) -> None:
        """After a restart: the orders that still work, the fills so far, and the market time that was reached.

        A real venue needs to do nothing.
        """
        ...


class ReportSink(Protocol):
    """Takes a venue's reports; any thread, returns at once."""

    def __call__(self, report: ExecutionReport | Settlement) -> None:
        """Queues the report for the orders thread."""
        ...
