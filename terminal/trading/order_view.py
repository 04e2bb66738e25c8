"""One order as the book of record shows it."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.core.orders import Effect, OrderIntent, OrderState, OrderType, Side, TimeInForce
from terminal.portfolio.position import divide_rounded
from terminal.risk.effects import effect_word
from terminal.risk.holdings import WorkingLeg
from terminal.trading.order_states import LIVE


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order, frozen. ``leg_filled`` and ``leg_value`` (sum of price times quantity) stand leg by leg."""

    intent: OrderIntent
    state: OrderState
    reason: str
    updated_ns: int
    leg_filled: tuple[int, ...]
    leg_value: tuple[int, ...]
    fees_e4: int = 0
    fill_count: int = 0
    venue_order_id: str = ""
    is_sent: bool = False

    @property
    def order_id(self) -> str:
        """Ours, unique."""
        return self.intent.order_id

    @property
    def instrument(self) -> int:
        """Id of the first leg."""
        return self.intent.legs[0].instrument

    @property
    def side(self) -> Side:
        """Of the first leg."""
        return self.intent.legs[0].side

    @property
    def effect(self) -> Effect | None:
        """Open or close, as the gate inferred it; None when it was refused before."""
        return self.intent.legs[0].effect

    @property
    def action(self) -> str:
        """BTO, STO, BTC or STC; BUY or SELL while the effect is not known."""
        return self.side.name if self.effect is None else effect_word(self.side, self.effect)

    @property
    def quantity(self) -> int:
        """Units ordered."""
        return self.intent.quantity

    @property
    def filled(self) -> int:
        """Whole units filled: of a combo, those of which every leg is."""
        return min(done // leg.ratio for done, leg in zip(self.leg_filled, self.intent.legs, strict=True))

    @property
    def remaining(self) -> int:
        """Units not filled."""
        return self.quantity - self.filled

    @property
    def has_fills(self) -> bool:
        """True once anything was filled, a part of a combo too."""
        return any(self.leg_filled)

    @property
    def order_type(self) -> OrderType:
        """Market or limit."""
        return self.intent.order_type

    @property
    def limit_px(self) -> int | None:
        """Price of a limit order."""
        return self.intent.limit_px

    @property
    def average_px(self) -> int | None:
        """Average fill price of the first leg, rounded half to even; None before the first fill."""
        return divide_rounded(self.leg_value[0], self.leg_filled[0]) if self.leg_filled[0] else None

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it works."""
        return self.intent.time_in_force

    @property
    def created_ns(self) -> int:
        """Market time of the intent."""
        return self.intent.created_ns

    @property
    def is_live(self) -> bool:
        """True while it may still fill."""
        return self.state in LIVE

    def working_legs(self) -> list[WorkingLeg]:
        """What may still fill, leg by leg, for the verdict on other orders."""
        if not self.is_live:
            return []
        limit_px = self.limit_px if len(self.intent.legs) == 1 else None
        return [
            WorkingLeg(
                self.order_id,
                leg.instrument,
                leg.side,
                leg.effect or Effect.OPEN,
                self.quantity * leg.ratio - done,
                self.order_type,
                limit_px,
            )
            for leg, done in zip(self.intent.legs, self.leg_filled, strict=True)
            if self.quantity * leg.ratio > done
        ]
