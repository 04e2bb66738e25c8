"""Which columns a ladder has and how wide they are. Pixels are device-independent."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum


class Zone(Enum):
    """The columns, from left to right."""

    VOLUME = "volume"
    TRADES = "trades"
    OWN_BUYS = "own buys"
    BID_SUMS = "bid sums"
    BIDS = "bids"
    PRICE = "price"
    ASKS = "asks"
    ASK_SUMS = "ask sums"
    OWN_SELLS = "own sells"
    RECENT = "recent"
    PROFIT = "profit"


class Choice(Enum):
    """What a person may take away or add; ``word`` is in the menu."""

    VOLUME = "volume"
    TRADES = "trades"
    SUMS = "sums"
    RECENT = "recent"
    PROFIT = "profit"

    @property
    def word(self) -> str:
        """The menu's text."""
        return _WORDS[self]

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The columns that it stands for."""
        return (Zone.BID_SUMS, Zone.ASK_SUMS) if self is Choice.SUMS else (Zone(self.value),)


_WORDS = {
    Choice.VOLUME: "Volume at price", Choice.TRADES: "Number of trades", Choice.SUMS: "Cumulative size",
    Choice.RECENT: "Newest trades, fading", Choice.PROFIT: "Profit or loss at each price",
}  # fmt: skip
DEFAULT = frozenset({Choice.VOLUME, Choice.SUMS, Choice.RECENT, Choice.PROFIT})
HEADS = {
    Zone.VOLUME: "Vol", Zone.TRADES: "Trades", Zone.OWN_BUYS: "Mine", Zone.BID_SUMS: "\u03a3 bid", Zone.BIDS: "Bid",
    Zone.PRICE: "Price", Zone.ASKS: "Ask", Zone.ASK_SUMS: "\u03a3 ask", Zone.OWN_SELLS: "Mine", Zone.RECENT: "Last",
    Zone.PROFIT: "P&L",
}  # fmt: skip
TIPS = {
    Zone.VOLUME: "Volume traded at the price today; the bar is split into bought (left) and sold",
    Zone.TRADES: "Number of trades at the price, of those in memory",
    Zone.OWN_BUYS: "My buys: size, and the size before them in the queue (~ is an estimate)",
    Zone.BID_SUMS: "Bids from the best to this price",
    Zone.BIDS: "Size bid. Click: buy limit; right click: stop; Alt+click: bracket",
    Zone.PRICE: "O H L V: the day's open, high, low and VWAP; the line is my average price",
    Zone.ASKS: "Size offered. Click: sell limit; right click: stop; Alt+click: bracket",
    Zone.ASK_SUMS: "Asks from the best to this price",
    Zone.OWN_SELLS: "My sells: size, and the size before them in the queue (~ is an estimate)",
    Zone.RECENT: "Size of the newest trades at the price, by who crossed the spread; fades in 8 seconds",
    Zone.PROFIT: "What the open position makes at the price",
}
_WIDTHS = {
    Zone.VOLUME: 54, Zone.TRADES: 52, Zone.BID_SUMS: 52, Zone.ASK_SUMS: 52, Zone.RECENT: 54, Zone.PROFIT: 62,
}  # fmt: skip
_OWN, _OWN_NARROW, _OWN_WIDE = 38, 32, 66
_SIDE, _SIDE_WIDE = 44, 84
_NARROW = 250
_FIRST_OUT = (Choice.SUMS, Choice.TRADES, Choice.PROFIT, Choice.RECENT, Choice.VOLUME)
"""Columns that go where there is no room, first to go first."""

Columns = dict[Zone, tuple[int, int]]
"""Left edge and width; a column without room is absent."""


def lay_out(width: int, price_width: int, chosen: Collection[Choice]) -> Columns:
    """The columns of a ladder: prices, sizes and own orders always, the chosen ones as far as there is room.

    Depends on nothing that changes with the market but the width of a price, so that no column moves under the pointer.
    """
    own = _OWN if width >= _NARROW else _OWN_NARROW
    room = width - price_width - 2 * own - 2 * _SIDE
    shown = {choice for choice in Choice if choice in chosen}
    for choice in _FIRST_OUT:
        if sum(_WIDTHS[zone] for each in shown for zone in each.zones) > room:
            shown.discard(choice)
    widths = {zone: _WIDTHS[zone] for choice in shown for zone in choice.zones}
    room -= sum(widths.values())
    if room >= 2 * (_SIDE_WIDE - _SIDE + _OWN_WIDE - own):
        room -= 2 * (_OWN_WIDE - own)
        own = _OWN_WIDE
    side = max(24, _SIDE + room // 2)
    widths |= {Zone.OWN_BUYS: own, Zone.OWN_SELLS: own, Zone.BIDS: side, Zone.ASKS: side, Zone.PRICE: price_width}
    found, left = {}, 0
    for zone in Zone:
        if zone in widths:
            found[zone] = (left, widths[zone])
            left += widths[zone]
    return found


def chosen_from(saved: object) -> frozenset[Choice]:
    """The columns of a workspace file; DEFAULT for anything else."""
    if not isinstance(saved, list):
        return DEFAULT
    known = {choice.value: choice for choice in Choice}
    return frozenset(known[each] for each in saved if isinstance(each, str) and each in known)
