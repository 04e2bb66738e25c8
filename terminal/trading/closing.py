"""Getting flat, and keeping closing orders within what is held."""

from __future__ import annotations

from collections.abc import Callable

from terminal.core.orders import Effect, Leg, OrderIntent, OrderState, OrderType, Origin, Side, TimeInForce
from terminal.trading.book_of_record import Books


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
