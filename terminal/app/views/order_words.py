"""Orders in a trader's words."""

from __future__ import annotations

from terminal.app import formats
from terminal.app.ports import OrderRow
from terminal.core.instruments import Instrument
from terminal.core.orders import Effect, OrderState, OrderType, Side

_STATES = {
    OrderState.PENDING_NEW: "sent, no answer yet",
    OrderState.WORKING: "working",
    OrderState.PARTIALLY_FILLED: "partly filled",
    OrderState.FILLED: "filled",
    OrderState.PENDING_CANCEL: "cancel asked for",
    OrderState.CANCELLED: "cancelled",
    OrderState.DENIED: "denied here, not sent",
    OrderState.REJECTED: "rejected by the venue",
    OrderState.EXPIRED: "expired",
    OrderState.UNKNOWN: "unknown, asking the venue",
}
_TONES = {
    OrderState.PENDING_NEW: "text1",
    OrderState.WORKING: "accent",
    OrderState.PARTIALLY_FILLED: "accent",
    OrderState.FILLED: "text0",
    OrderState.PENDING_CANCEL: "warn",
    OrderState.DENIED: "critical",
    OrderState.REJECTED: "critical",
    OrderState.UNKNOWN: "warn",
}


def state_words(state: OrderState) -> str:
    """Where an order stands."""
    return _STATES[state]


def state_tone(state: OrderState) -> str:
    """The colour token of a state."""
    return _TONES.get(state, "text2")


def action_words(side: Side, effect: Effect | None, instrument: Instrument) -> str:
    """``BTO``, ``STO``, ``BTC``, ``STC`` for an option; ``BUY``, ``SELL`` or ``SHORT`` for everything else."""
    if instrument.option is None:
        return "SHORT" if side is Side.SELL and effect is Effect.OPEN else side.name
    if effect is None:
        return side.name
    return f"{side.name[0]}T{effect.name[0]}"


def price_words(order_type: OrderType, limit_px: int | None, instrument: Instrument) -> str:
    """The limit, or ``market``."""
    return "market" if order_type is OrderType.MARKET or limit_px is None else formats.price(limit_px, instrument)


def order_sentence(order: OrderRow, instrument: Instrument) -> str:
    """``BTO 1 GOOG 2015-12-24 750 C at 1.60: filled at 1.60``, for a screen reader and for the log."""
    action = action_words(order.side, order.effect, instrument)
    price = price_words(order.order_type, order.limit_px, instrument)
    text = f"{action} {formats.size(order.quantity)} {instrument.label} at {price}: {state_words(order.state)}"
    if order.average_px is not None:
        text += f", {formats.size(order.filled)} at {formats.average_price(order.average_px, instrument)}"
    return f"{text}. {order.reason}" if order.reason else text
