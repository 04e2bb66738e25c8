"""Unusual option orders as alerts: a sentence each, and never more than a person can read."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from terminal.app import formats
from terminal.app.alerts import Alerts, Level
from terminal.core.instruments import InstrumentTable
from terminal.market.flow.rows import Mark, TradeClass
from terminal.market.rows import Rows

QUIET_S = 10.0
"""After an alert further unusual orders are counted for so long, and told together in the next one."""
_SIDES = {1: "bought", -1: "sold", 0: "traded"}


class FlowAlerts:
    """``tell`` belongs to the flow thread. ``is_on``: whether anything is told; set by the trader."""

    def __init__(self, table: InstrumentTable, alerts: Alerts, now_s: Callable[[], float] = time.monotonic) -> None:
        self._table, self._alerts, self._now_s = table, alerts, now_s
        self.is_on = True
        self._told_s = -np.inf
        self._kept_back = 0

    def tell(self, orders: Rows) -> None:
        """Each order once; the caller knows which were told already. In a rush the one of the highest score."""
        if not self.is_on or not len(orders):
            return
        now_s = self._now_s()
        if now_s - self._told_s < QUIET_S:
            self._kept_back += len(orders)
            return
        best = orders[int(np.argmax(orders["score"]))]
        more = len(orders) - 1 + self._kept_back
        text = f"Unusual options: {sentence(best, self._table)}"
        if more:
            text += f" {more:,} more since the last alert are on the tape."
        self._told_s, self._kept_back = now_s, 0
        self._alerts.raise_(
            Level.WARN, text, market_ns=int(best["ts_ns"]), command="panel.flow", command_title="Show the flow"
        )


def sentence(order: np.void, table: InstrumentTable) -> str:
    """``ACME 2026-01-09 105 C: 1,200 bought (estimated), $1.23M premium, block, score 78.``"""
    instrument = table.get(int(order["instrument"]))
    told = "" if order["told"] else " (estimated)"
    parts = [f"{instrument.label}: {formats.size(int(order['size']))} {_SIDES[int(order['side'])]}{told}"]
    parts.append(f"{money(float(order['premium']))} premium")
    parts += mark_words(order)
    if order["open_interest"] > 0:
        parts.append(f"volume {order['volume'] / order['open_interest']:.1f}x open interest")
    kind = TradeClass(int(order["trade_class"]))
    if kind > TradeClass.UNKNOWN:
        parts.append(f"probably {kind.name.lower()}")
    return f"{', '.join(parts)}, score {int(order['score'])}."


def mark_words(order: np.void) -> list[str]:
    """What stands out, in words."""
    marks, found = int(order["marks"]), []
    if marks & Mark.SWEEP_VENUES:
        over = f"{order['venues']} venues" if order["venues"] > 1 else "several prices"
        found.append(f"sweep of {order['prints']} prints over {over}")
    if marks & Mark.SWEEP_STRIKES:
        found.append(f"sweep over {order['contracts']} strikes")
    if marks & Mark.BLOCK:
        found.append("block")
    if marks & Mark.PAIR:
        found.append("with the other right of its expiry")
    return found


def money(amount: float) -> str:
    """``$1.23M``, ``-$45K``, ``$800``; a dash for what is not known."""
    if not np.isfinite(amount):
        return formats.MISSING
    sign = formats.MINUS if amount < 0 else ""
    size = abs(amount)
    for scale, word in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if size >= scale * 0.9995:
            return f"{sign}${size / scale:.{2 if size < 10 * scale else 1 if size < 100 * scale else 0}f}{word}"
    return f"{sign}${size:.0f}"
