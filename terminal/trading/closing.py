"""Getting flat, and keeping closing orders within what is held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from terminal.core.clock import NS_PER_S
from terminal.core.orders import Effect, Leg, OrderIntent, OrderState, OrderType, Origin, Side, TimeInForce
from terminal.trading.book_of_record import Books
from terminal.trading.order_view import OrderView

FLATTEN_WAITS_S = 30


@dataclass(frozen=True, slots=True)
class PendingFlatten:
    """A flatten that waits for the end of every order; ``asked_ns`` market time, ``asked_s`` monotonic wall time."""

    correlation: str
    asked_ns: int
    asked_s: float

    def is_late(self, now_ns: int, now_s: float) -> bool:
        """True once the market or the trader has gone on for so long that closing now would come as a surprise.

        Either clock alone is not enough: a dead feed stops the market's, and a fast replay outruns the wall's.
        """
        return now_ns - self.asked_ns > FLATTEN_WAITS_S * NS_PER_S or now_s - self.asked_s > FLATTEN_WAITS_S


def given_up(live: Sequence[OrderView]) -> str:
    """What a trader reads when a flatten was given up because of ``live`` orders."""
    waited = ", ".join(f"{order.order_id} ({order.state.value})" for order in live) or "orders"
    return (
        f"The flatten was given up: {waited} had no end within {FLATTEN_WAITS_S} seconds. Positions are as they were; "
        "flatten again to close them."
    )


def closing_intents(books: Books, new_order_id: Callable[[], str], now_ns: int, correlation: str) -> list[OrderIntent]:
    """A market order for each open position that closes all of it: shorts first, since they tie up the money."""
    held = [position for position in books.account.positions.values() if position.quantity]
    held.sort(key=lambda position: (position.quantity > 0, position.instrument))
    return [
        OrderIntent(
            order_id=new_order_id(),
            account=books.account.account,
            legs=(Leg(each.instrument, Side.SELL if each.quantity > 0 else Side.BUY, 1, Effect.CLOSE),),
            quantity=abs(each.quantity),
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.DAY,
            origin=Origin.FLATTEN,
            created_ns=now_ns,
            correlation=correlation,
        )
        for each in held
    ]


def orders_closing_too_much(books: Books) -> list[str]:
    """Ids of working closing orders, newest first, that together would close more than is held now."""
    left: dict[tuple[int, Side], int] = {}
    too_much: list[str] = []
    for order in books.live_orders():
        for leg in order.working_legs():
            if leg.effect is not Effect.CLOSE:
                continue
            key = (leg.instrument, leg.side)
            room = left.setdefault(key, max(0, -books.account.held(leg.instrument) * leg.side))
            left[key] = room - leg.remaining
            if left[key] < 0 and order.state is not OrderState.PENDING_CANCEL:
                left[key] = room
                too_much.append(order.order_id)
    return list(dict.fromkeys(reversed(too_much)))
