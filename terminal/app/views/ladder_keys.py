"""What a click or a key on the ladder means. Nothing here sends; the panel does what the action says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from terminal.app import formats
from terminal.app.ports import OrderDraft
from terminal.core.instruments import Instrument
from terminal.core.money import ABSENT_PX
from terminal.core.orders import OrderType, Origin, Side, TimeInForce

QUANTITY_PRESETS = (1, 2, 5, 10, 25, 100)


class Wish(Enum):
    """What a click asks for."""

    LIMIT = "limit"
    STOP = "stop"
    """Right click."""
    BRACKET = "bracket"
    """Alt and click."""


class Doing(Enum):
    """What to do about a click."""

    SEND = "send"
    DRAFT = "draft"
    """Into the ticket, where a person confirms."""
    SAY = "say"
    """Nothing but the sentence."""


@dataclass(frozen=True, slots=True)
class LadderAction:
    """``sentence`` tells what happened or why not."""

    doing: Doing
    draft: OrderDraft | None = None
    sentence: str = ""


def action_of_click(
    instrument: Instrument, side: Side, px: int, quantity: int, quote: np.void, *, is_armed: bool
) -> LadderAction:
    """A click in the bid column buys, in the ask column sells, with a limit at the row's price.

    It is sent at once only when the account is armed and the order would rest. One that would trade at once (a buy at
    or above the ask) goes to the ticket, because a slip of the hand by a row must not take liquidity.
    """
    draft = OrderDraft(instrument.id, side, quantity, OrderType.LIMIT, px, TimeInForce.DAY, None, Origin.LADDER)
    wrong = wrong_with(instrument, px)
    if wrong:
        return LadderAction(Doing.SAY, sentence=wrong)
    text = describe(instrument, draft)
    if would_trade(side, px, quote):
        return LadderAction(Doing.DRAFT, draft, f"{text} would trade at once; confirm it in the ticket.")
    if not is_armed:
        return LadderAction(Doing.DRAFT, draft, f"{text} is in the ticket. Arm the account to send from the ladder.")
    return LadderAction(Doing.SEND, draft, f"Sent: {text}.")


def action_of_wish(
    instrument: Instrument, wish: Wish, side: Side, px: int, quantity: int, quote: np.void, *, is_armed: bool
) -> LadderAction:
    """What a click means: a limit as :func:`action_of_click`; a stop or a bracket says why it cannot be."""
    if wish is Wish.LIMIT:
        return action_of_click(instrument, side, px, quantity, quote, is_armed=is_armed)
    wrong = wrong_with(instrument, px)
    if wrong:
        return LadderAction(Doing.SAY, sentence=wrong)
    what = f"{side.name} {formats.size(quantity)} {instrument.label}"
    price = formats.price(px, instrument)
    if wish is Wish.BRACKET:
        sentence = f"{what} at {price} with target and stop: brackets come with a venue that takes them."
    elif is_stop_side(side, px, quote):
        sentence = f"{what} STOP at {price}: stop orders come with a venue that takes them."
    else:
        where = "above" if side is Side.BUY else "below"
        sentence = f"A {side.name.lower()} stop stands {where} the market; click for a limit."
    return LadderAction(Doing.SAY, sentence=sentence)


def is_stop_side(side: Side, px: int, quote: np.void) -> bool:
    """Whether a stop could stand at a price: a buy above the market, a sale below it."""
    other = int(quote["ask_px"] if side is Side.BUY else quote["bid_px"])
    return other != ABSENT_PX and (px - other) * side > 0


def ghost_words(
    instrument: Instrument, side: Side, px: int, quantity: int, quote: np.void, *, is_armed: bool, alt: bool
) -> tuple[str, bool]:
    """What a click in a cell would do, in a few words, and whether it would be sent at once."""
    if wrong_with(instrument, px):
        return "", False
    sign = "+" if side is Side.BUY else formats.MINUS
    what, price = f"{side.name} {sign}{formats.size(quantity)}", formats.price(px, instrument)
    if alt:
        return f"{what} BRACKET {price}", False
    if would_trade(side, px, quote):
        more = f" · right: STOP {price}" if is_stop_side(side, px, quote) else ""
        return f"{what} LMT {price} to ticket{more}", False
    return (f"{what} LMT {price}", True) if is_armed else (f"{what} LMT {price} to ticket", False)


def preset(quantity: int, size: int, *, adds: bool, subtracts: bool) -> int:
    """The quantity after a press of a preset: the preset itself, or added (Ctrl) or taken away (Shift); at least 1."""
    if subtracts:
        return max(1, quantity - size)
    return quantity + size if adds else size


def would_trade(side: Side, px: int, quote: np.void) -> bool:
    """Whether a limit order at ``px`` meets the other side now."""
    other = int(quote["ask_px"] if side is Side.BUY else quote["bid_px"])
    return other != ABSENT_PX and (px - other) * side >= 0


def key_draft(instrument: Instrument, side: Side, quantity: int, quote: np.void, *, takes: bool) -> LadderAction:
    """A preview for a key: ``takes`` False joins the own side's best price, True meets the other side's."""
    own, other = ("bid", "ask") if side is Side.BUY else ("ask", "bid")
    px = int(quote[f"{other if takes else own}_px"])
    if not instrument.is_tradable:
        return LadderAction(Doing.SAY, sentence=f"{instrument.label} is an index and cannot be bought or sold.")
    if instrument.is_coin:
        return LadderAction(Doing.SAY, sentence=wrong_with(instrument, max(px, 1)))
    if px == ABSENT_PX or px <= 0:
        return LadderAction(Doing.SAY, sentence=f"{instrument.label} has no {other if takes else own} to use.")
    px = instrument.tick_class.table.nearest(px)
    draft = OrderDraft(instrument.id, side, quantity, OrderType.LIMIT, px, TimeInForce.DAY, None, Origin.HOTKEY)
    return LadderAction(Doing.DRAFT, draft, f"{describe(instrument, draft)}: Enter sends, Esc drops.")


def moved(instrument: Instrument, draft: OrderDraft, ticks: int) -> OrderDraft:
    """The draft with its limit moved by ticks, never below one tick."""
    table, px = instrument.tick_class.table, draft.limit_px
    if px is None:
        return draft
    for _ in range(abs(ticks)):
        px = table.up(px) if ticks > 0 else table.down(px)
    return replace(draft, limit_px=max(px, table.increment(0)))


def resized(draft: OrderDraft, by: int) -> OrderDraft:
    """The draft with its quantity changed, never below 1."""
    return replace(draft, quantity=max(1, draft.quantity + by))


def describe(instrument: Instrument, draft: OrderDraft) -> str:
    """``BUY 10 ACME at 100.02``; a market order without a price."""
    price = f" at {formats.price(draft.limit_px, instrument)}" if draft.limit_px is not None else " at market"
    return f"{draft.side.name} {formats.size(draft.quantity)} {instrument.label}{price}"


def wrong_with(instrument: Instrument, px: int) -> str:
    """Why no order may stand at a price; empty when one may."""
    if instrument.is_coin:
        return f"Orders in coins come with a crypto venue; {instrument.label} is shown only."
    if not instrument.is_tradable:
        return f"{instrument.label} is an index and cannot be bought or sold."
    if px <= 0:
        return "A limit must be above zero."
    if not instrument.tick_class.table.is_on_tick(px):
        return f"{formats.price(px, instrument)} is not on the tick."
    return ""
