"""The option flow as a panel shows it: the orders that pass a filter, paused without losing any, and the ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terminal.app import formats
from terminal.app.flow_alerts import mark_words, money
from terminal.app.views.flow_filters import DEFAULT, Filter, passing
from terminal.app.views.tape_words import ARROWS, ESTIMATED_ARROWS, PLACE_WORDS, PLACES, time_text
from terminal.core.clock import NS_PER_MS, from_ns
from terminal.core.instruments import InstrumentTable
from terminal.market.flow.rows import ORDER_ROW, Mark, TradeClass
from terminal.market.flow.service import FlowService, no_orders
from terminal.market.flow.sums import Sums, by_underlying
from terminal.market.flow.tape import KEPT
from terminal.market.rows import Rows

PAGE = 60
"""Rows that a table shows; a filter or the export reaches the others."""
_CLASSES = {
    TradeClass.NONE: "", TradeClass.UNKNOWN: "side unknown", TradeClass.DIRECTIONAL: "directional",
    TradeClass.HEDGE: "hedge", TradeClass.VOLATILITY: "volatility", TradeClass.EARNINGS: "earnings",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FlowPage:
    """``orders``: ORDER_ROW, newest first; ``total``: how many pass the filter."""

    orders: Rows
    total: int


class FlowView:
    """The tape of one panel. UI thread only."""

    def __init__(self, flow: FlowService) -> None:
        self._flow = flow
        self.chosen: Filter = dict(DEFAULT)
        self.underlying: int | None = None
        self._room = self._orders = no_orders()
        self._runs = self._settled = self._first = 0
        self._frozen_id: int | None = None

    def refresh(self) -> None:
        """Takes in what is new, paused or not."""
        state = self._flow.state()
        if (state.runs, state.first_id) != (self._runs, self._first) or len(self._orders) > 2 * KEPT:
            if state.runs != self._runs:
                self._frozen_id = None
            self._runs, self._first, self._settled = state.runs, state.first_id, 0
            self._orders = self._room[:0]
        new = self._flow.orders(self._settled)
        kept = int(np.searchsorted(self._orders["id"], self._settled))
        if len(new):
            self._orders = self._with(kept, new)
        self._settled = max(self._settled, state.settled)

    def _with(self, kept: int, new: Rows) -> Rows:
        """The first ``kept`` orders and the new ones. They are put in their place: a copy of all orders of a busy day
        takes several milliseconds."""
        used = kept + len(new)
        if used > len(self._room):
            room = np.empty(max(used, 2 * len(self._room)), ORDER_ROW)
            room[:kept] = self._orders[:kept]
            self._room = room
        self._room[kept:used] = new
        return self._room[:used]

    @property
    def is_paused(self) -> bool:
        """Whether the tape stands still."""
        return self._frozen_id is not None

    def pause(self) -> None:
        """Stands still; orders go on being read."""
        if self._frozen_id is None:
            self._frozen_id = int(self._orders["id"][-1]) if len(self._orders) else -1

    def resume(self) -> None:
        """Goes on with the newest."""
        self._frozen_id = None

    @property
    def waiting(self) -> int:
        """Orders that pass the filter and came during the pause."""
        if self._frozen_id is None:
            return 0
        newer = self._orders[int(np.searchsorted(self._orders["id"], self._frozen_id, side="right")) :]
        return int(passing(newer, self.chosen, self.underlying).sum())

    def page(self, count: int = PAGE) -> FlowPage:
        """The newest that pass."""
        shown = self._orders
        if self._frozen_id is not None:
            shown = shown[: int(np.searchsorted(shown["id"], self._frozen_id, side="right"))]
        places = np.flatnonzero(passing(shown, self.chosen, self.underlying))
        return FlowPage(shown[places[::-1][:count]], len(places))

    def why_empty(self) -> str:
        """What to do, in a sentence."""
        if len(self._orders):
            return "No order of today passes the filter: choose a wider one above."
        if self._flow.state().failure:
            return self._flow.state().failure
        return "No option has traded yet: the first order will stand here. Recordings of minute bars hold no trades."


HEADS = (
    "Time", "Symbol", "Expiry", "Days", "Strike", "C/P", "Side est.", "Size", "Price", "Premium", "Spot", "Vol/OI",
    "IV", "Delta", "Γ effect", "Marks", "Class", "Score",
)  # fmt: skip
KEYS = (
    "time", "symbol", "expiry", "days", "strike", "right", "side", "size", "price", "premium", "spot", "interest",
    "iv", "delta", "gamma", "marks", "class", "score",
)  # fmt: skip


def cells_of(order: np.void, table: InstrumentTable) -> tuple[str, ...]:
    """One order as text, by ``KEYS``."""
    instrument = table.get(int(order["instrument"]))
    side = int(order["side"])
    place = PLACES.get(int(order["place"]), formats.MISSING)
    average_px = round(float(order["notional"]) / float(order["size"]))
    arrow = ARROWS[side] if order["told"] else ESTIMATED_ARROWS[side]
    expires = from_ns(int(order["expires_ns"]))
    over = f"{order['volume'] / order['open_interest']:.2f}×" if order["open_interest"] > 0 else formats.MISSING
    return (
        time_text(int(order["ts_ns"]) // NS_PER_MS)[:10],
        table.get(int(order["underlying"])).label,
        f"{expires:%d %b %y}",
        f"{int(order['days'])}d" if order["days"] >= 1 else "0DTE",
        _strikes(order),
        "C" if order["right"] > 0 else "P",
        f"{arrow} {place}",
        formats.quantity(int(order["size"]), instrument),
        formats.price(average_px, instrument),
        money(float(order["premium"])),
        f"{order['spot']:,.2f}" if np.isfinite(order["spot"]) else formats.MISSING,
        over,
        formats.iv_points(float(order["vol"])),
        formats.ratio(float(order["delta"]), 2),
        money(float(order["gamma_effect"])),
        _short_marks(order),
        _CLASSES[TradeClass(int(order["trade_class"]))],
        str(int(order["score"])) if order["marks"] & Mark.LARGE else "",
    )


def spoken(order: np.void, table: InstrumentTable) -> str:
    """A row in sentences, for the tooltip."""
    instrument, side = table.get(int(order["instrument"])), int(order["side"])
    verb = {1: "Bought", -1: "Sold", 0: "Traded"}[side]
    told = "the venue said so" if order["told"] else "estimated from the quote before the trade"
    size, place = formats.quantity(int(order["size"]), instrument), PLACE_WORDS.get(int(order["place"]))
    lines = [f"{verb} ({told}): {size} of {instrument.label}, {place or 'no quote before it'}."]
    found = mark_words(order)
    if found:
        lines.append(f"{', '.join(found).capitalize()}.")
    if order["marks"] & Mark.OPENING:
        lines.append("Opening, in part at least: the day's volume is above the open interest of the morning.")
    elif order["open_interest"] > 0:
        lines.append("Opening or closing is not known: the day's volume is within open interest.")
    if order["marks"] & Mark.LARGE:
        lines.append(f"Class and score are inferred by rule: {_CLASSES[TradeClass(int(order['trade_class']))]}, "
                     f"{int(order['score'])} of 100.")  # fmt: skip
    if np.isfinite(order["gamma_effect"]):
        way = "longer" if order["gamma_effect"] > 0 else "shorter"
        lines.append(f"If dealers took the other side they are {way} gamma by {money(abs(order['gamma_effect']))} of "
                     "delta per 1% move.")  # fmt: skip
    elif not order["greeks_ns"]:
        lines.append("No Greeks at the time of the trade: nobody looked at this underlying's chain.")
    return "\n".join(lines)


def ratio_line(sums: Sums, whose: str) -> str:
    """``SIMX put/call 0.82 by volume (45.2K / 55.1K), 1.20 by premium ($3.1M / $2.6M)``."""
    if not sums.call_volume and not sums.put_volume:
        return f"{whose}: no option trades yet"
    volume = _quotient(sums.put_volume, sums.call_volume)
    premium = _quotient(sums.put_premium, sums.call_premium)
    return (
        f"{whose} put/call {volume} volume, {premium} premium ({money(sums.put_premium)} / {money(sums.call_premium)})"
    )


def ratios(sums: dict[tuple[int, int], Sums], underlying: int | None, label: str) -> tuple[str, str]:
    """The line of the head, and by expiry for its tooltip."""
    if underlying is None:
        total = Sums()
        for each in sums.values():
            total = total + each
        return ratio_line(total, "All"), ""
    lines = [
        ratio_line(each, f"{from_ns(expires_ns):%d %b %Y}")
        for (whose, expires_ns), each in sorted(sums.items()) if whose == underlying
    ]  # fmt: skip
    return ratio_line(by_underlying(sums, underlying), label), "\n".join(lines)


def _quotient(above: float, below: float) -> str:
    return f"{above / below:.2f}" if below > 0 else formats.MISSING


def _strikes(order: np.void) -> str:
    low, high = (formats.fixed(int(order[name]), 10_000, 3).rstrip("0").rstrip(".")
                 for name in ("low_strike_px", "high_strike_px"))  # fmt: skip
    return low if low == high else f"{low}–{high}"


def _short_marks(order: np.void) -> str:
    marks, found = int(order["marks"]), []
    if marks & Mark.SWEEP_VENUES:
        found.append(f"SWEEP ×{order['prints']}")
    elif marks & Mark.SWEEP_STRIKES:
        found.append(f"SWEEP {order['contracts']}K")
    if marks & Mark.BLOCK:
        found.append("BLOCK")
    if marks & Mark.OPENING:
        found.append("OPEN")
    if not found and order["prints"] > 1:
        found.append(f"×{order['prints']}")
    return " ".join(found)
