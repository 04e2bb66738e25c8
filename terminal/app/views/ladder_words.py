"""A ladder's row in words."""

from __future__ import annotations

from terminal.app import formats
from terminal.app.views.ladder_rows import LadderRows, OwnOrder
from terminal.core.instruments import Instrument


def row_words(rows: LadderRows, row: int, instrument: Instrument) -> str:
    """``100.02   bid 300, sum 1,200   traded 500 in 12 (300 bought, 200 sold)   my BUY 5, ~120 before it``."""
    parts = [formats.price(int(rows.prices[row]), instrument)]
    for word, sizes, sums in (("bid", rows.bids, rows.bid_sums), ("ask", rows.asks, rows.ask_sums)):
        if sizes[row]:
            size, total = (formats.quantity(int(each[row]), instrument) for each in (sizes, sums))
            parts.append(f"{word} {size}, sum {total}")
    if rows.traded[row]:
        traded, bought, sold = (
            formats.quantity(int(each[row]), instrument) for each in (rows.traded, rows.bought, rows.sold)
        )
        count = f" in {formats.size(int(rows.trades[row]))}" if rows.trades[row] else ""
        parts.append(f"traded {traded}{count} ({bought} bought, {sold} sold)")
    parts += [_own_words(order, instrument) for order in rows.own[row]]
    if rows.position is not None:
        money = formats.money(int(rows.position.e4[row]), sign=True)
        parts.append(f"P&L here {money}, {formats.signed_size(int(rows.position.ticks[row]))} ticks")
    return "   ".join(parts)


def _own_words(order: OwnOrder, instrument: Instrument) -> str:
    text = f"my {order.side.name} {formats.size(order.left)}"
    if order.ahead is None:
        return text
    ahead = formats.quantity(order.ahead, instrument)
    return f"{text}, {ahead} before it" if order.is_exact else f"{text}, about {ahead} before it (estimated)"
