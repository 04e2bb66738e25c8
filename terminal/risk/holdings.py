"""What the account holds and has on its way: all that a verdict needs to know of the book of record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from terminal.core.orders import Effect, OrderType, Side
from terminal.portfolio.position import Position


@dataclass(frozen=True, slots=True)
class WorkingLeg:
    """What is left of one leg of an order that may still fill (pending and unknown ones too)."""

    order_id: str
    instrument: int
    side: Side
    effect: Effect
    remaining: int
    order_type: OrderType
    limit_px: int | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """Cash, positions and working orders at one moment. ``positions`` by instrument id."""

    account: str
    cash_e4: int
    positions: Mapping[int, Position]
    working: Sequence[WorkingLeg]

    def held(self, instrument: int) -> int:
        """Signed quantity."""
        position = self.positions.get(instrument)
        return position.quantity if position else 0

    def traded(self, trades: Iterable[tuple[int, int, int]]) -> Holdings:
        """As they would be after trades of ``(instrument, signed quantity, money paid in 1/10,000)``, before fees."""
        positions, cash_e4 = dict(self.positions), self.cash_e4
        for instrument, quantity, paid_e4 in trades:
            positions[instrument] = positions.get(instrument, Position(instrument)).traded(quantity, paid_e4)
            cash_e4 -= paid_e4
        return replace(self, cash_e4=cash_e4, positions=positions)


class MarketView(Protocol):
    """Latest quotes (rows of ``market.rows.QUOTE_ROW``) and the pulse of the feed; MarketState is one."""

    def read_one(self, instrument: int) -> Any:
        """A copy of one quote row."""
        ...

    @property
    def channel(self) -> Pulse:
        """The feed that the quotes come from."""
        ...


class Pulse(Protocol):
    """When a feed was last heard."""

    @property
    def last_ts_ns(self) -> int:
        """Market time of its last message."""
        ...
