"""Whether an order opens or closes, from what is held; a position is never turned over in silence."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.core.orders import DenyReason, Effect, Leg, Side
from terminal.risk.holdings import Holdings


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: the code and a sentence with the figures."""

    reason: DenyReason
    sentence: str


def infer_effect(leg: Leg, quantity: int, holdings: Holdings, label: str) -> Effect | Refusal:
    """The effect of ``quantity`` of ``leg``: the stated one when it is true, else the one that the position implies.

    Working closing orders count as done: two orders cannot close the same contract. ``label`` names the instrument.
    """
    held = holdings.held(leg.instrument)
    closable = max(0, -held * leg.side)
    closing = sum(
        order.remaining
        for order in holdings.working
        if order.instrument == leg.instrument and order.side is leg.side and order.effect is Effect.CLOSE
    )
    if closable == 0:
        if leg.effect is Effect.CLOSE:
            side = "short" if leg.side is Side.BUY else "long"
            return Refusal(DenyReason.WRONG_EFFECT, f"There is no {side} position in {label} to close.")
        return _opening(leg, holdings, label)
    if leg.effect is Effect.OPEN:
        return Refusal(
            DenyReason.WRONG_EFFECT,
            f"The account holds {held:+d} {label}: this {_verb(leg)} would close it, not open; close it first.",
        )
    left = closable - closing
    if quantity <= left:
        return Effect.CLOSE
    busy = f", and orders for {closing} of them are working" if closing else ""
    if left <= 0:
        advice = "cancel those first"
    elif leg.effect is Effect.CLOSE:
        advice = f"{_verb(leg)} {left} at most"
    else:
        advice = f"{_verb(leg)} {left} to close, and when that is filled {quantity - left} to open"
    return Refusal(
        DenyReason.CLOSES_TOO_MUCH,
        f"The account holds {held:+d} {label}{busy}; {_verb(leg)} {quantity} would turn the position over: {advice}.",
    )


def effect_word(side: Side, effect: Effect) -> str:
    """BTO, STO, BTC or STC."""
    return ("B" if side is Side.BUY else "S") + "T" + ("O" if effect is Effect.OPEN else "C")


def _opening(leg: Leg, holdings: Holdings, label: str) -> Effect | Refusal:
    for order in holdings.working:
        if order.instrument == leg.instrument and order.side is not leg.side and order.effect is Effect.OPEN:
            return Refusal(
                DenyReason.WRONG_EFFECT,
                f"Order {order.order_id} is working to open {label} on the other side; cancel it first.",
            )
    return Effect.OPEN


def _verb(leg: Leg) -> str:
    return "buy" if leg.side is Side.BUY else "sell"
