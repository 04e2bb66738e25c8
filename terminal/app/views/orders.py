"""The orders of the session, newest first, in words."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Any

from terminal.app import ages, formats
from terminal.app.ports import OrderRow
from terminal.app.views.order_words import action_words, order_sentence, price_words, state_tone, state_words
from terminal.app.views.table_rows import TableRows
from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.orders import OrderState, Side


class OrderFilter(Enum):
    """Which orders are shown."""

    ALL = "all"
    WORKING = "working"
    FILLED = "filled"
    REFUSED = "refused"


_REFUSED = frozenset({OrderState.DENIED, OrderState.REJECTED})


def orders_rows(table: InstrumentTable, orders: Sequence[OrderRow], shown: OrderFilter) -> TableRows:
    """Rows of orders by order id; prices are integers, ``state`` is the words."""
    chosen = [order for order in reversed(orders) if _passes(order, shown)]
    instruments = [table.get(order.instrument) for order in chosen]
    pairs = list(zip(chosen, instruments, strict=True))
    values: dict[str, list[Any]] = {
        "time": [order.created_ns for order in chosen],
        "symbol": [instrument.label for instrument in instruments],
        "action": [action_words(order.side, order.effect, instrument) for order, instrument in pairs],
        "quantity": [order.quantity for order in chosen],
        "filled": [order.filled for order in chosen],
        "price": [price_words(order.order_type, order.limit_px, instrument) for order, instrument in pairs],
        "average": [_average(order, instrument) for order, instrument in pairs],
        "tif": [order.time_in_force.value.upper() for order in chosen],
        "state": [state_and_reason(order) for order in chosen],
        "reason": [order.reason for order in chosen],
        "id": [order.order_id for order in chosen],
    }
    sides = ["up" if order.side is Side.BUY else "down" for order in chosen]
    tones = {"action": sides, "state": [state_tone(order.state) for order in chosen]}
    tones["reason"] = ["critical" if order.state in _REFUSED else "" for order in chosen]
    sentences = [order_sentence(order, instrument) for order, instrument in pairs]
    return TableRows(
        [order.order_id for order in chosen], values, [False] * len(chosen), tones,
        tips=dict.fromkeys(values, sentences),
    )  # fmt: skip


def order_text(column: str, value: Any, _order_id: Hashable) -> str:
    """What a cell shows for a value of :func:`orders_rows`."""
    if column == "time":
        return ages.time_of_day(value, millis=True)
    if column in {"quantity", "filled"}:
        return formats.size(value)
    return str(value)


def counts_line(orders: Sequence[OrderRow]) -> str:
    """``2 working, 5 filled, 1 denied``; empty without orders."""
    working = sum(not order.state.is_terminal for order in orders)
    filled = sum(order.state is OrderState.FILLED for order in orders)
    refused = sum(order.state in _REFUSED for order in orders)
    unknown = sum(order.state is OrderState.UNKNOWN for order in orders)
    parts = [f"{working} working" if working else "", f"{filled} filled" if filled else ""]
    parts += [f"{refused} refused" if refused else "", f"{unknown} unknown" if unknown else ""]
    return ", ".join(part for part in parts if part)


def state_and_reason(order: OrderRow) -> str:
    """``working``, or ``denied: The account is not armed; arm it first.``"""
    if not order.reason:
        return state_words(order.state)
    return f"{order.state.value.replace('_', ' ')}: {order.reason}"


def _passes(order: OrderRow, shown: OrderFilter) -> bool:
    if shown is OrderFilter.WORKING:
        return not order.state.is_terminal
    if shown is OrderFilter.FILLED:
        return order.filled > 0
    if shown is OrderFilter.REFUSED:
        return order.state in _REFUSED
    return True


def _average(order: OrderRow, instrument: Instrument) -> str:
    return formats.average_price(order.average_px, instrument)
