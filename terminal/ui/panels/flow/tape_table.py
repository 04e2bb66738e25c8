"""The flow tape's columns, and the rows of a page as a table takes them."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from terminal.app.views.flow import KEYS, cells_of, spoken
from terminal.core.instruments import InstrumentTable
from terminal.market.flow.rows import Mark, TradeClass
from terminal.market.rows import Rows
from terminal.ui.bridge.frame_clock import FrameClock
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, Column, Tone, as_is
from terminal.ui.widgets.table import DataTable

_LEFT, _MIDDLE, _RIGHT = Align.LEFT, Align.CENTRE, Align.RIGHT
_SIDE_TIP = (
    "▲ bought, ▼ sold; hollow: estimated from the quote before the trade; filled: the venue said so. A at the ask, "
    "A+ above it, mid between, B at the bid, B− below it"
)
_INTEREST_TIP = (
    "The contract's volume of the day against its open interest of the morning; above 1 some of it opens positions"
)
COLUMNS = tuple(
    Column(key, head, tip, as_is, width, align, tone, ages=False)
    for key, head, tip, width, align, tone in (
        ("time", "Time", "When its first print was seen, New York", 86, _LEFT, Tone.LABEL),
        ("symbol", "Symbol", "The underlying", 52, _LEFT, Tone.PLAIN),
        ("expiry", "Expiry", "Last trading day", 66, _RIGHT, Tone.PLAIN),
        ("days", "Days", "Calendar days to expiry", 42, _RIGHT, Tone.LABEL),
        ("strike", "Strike", "Strike; of a sweep over strikes the lowest and the highest", 66, _RIGHT, Tone.PLAIN),
        ("right", "C/P", "Call or put", 30, _MIDDLE, Tone.PLAIN),
        ("side", "Side est.", _SIDE_TIP, 62, _LEFT, Tone.PLAIN),
        ("size", "Size", "Contracts, all prints of the order", 50, _RIGHT, Tone.PLAIN),
        ("price", "Price", "Mean price, currency per share", 58, _RIGHT, Tone.PLAIN),
        ("premium", "Premium", "Price x contracts x multiplier", 62, _RIGHT, Tone.PLAIN),
        ("spot", "Spot", "The underlying's last print before the trade", 66, _RIGHT, Tone.LABEL),
        ("interest", "Vol/OI", _INTEREST_TIP, 54, _RIGHT, Tone.PLAIN),
        ("iv", "IV", "Implied vol of the fitted surface at the trade, points", 42, _RIGHT, Tone.PLAIN),
        ("delta", "Delta", "Per share, from the fitted surface at the trade", 46, _RIGHT, Tone.PLAIN),
        ("gamma", "Γ effect", "What dealers' delta would change by per 1% move, if they took the other side; currency",
         62, _RIGHT, Tone.PLAIN),
        ("marks", "Marks", "Sweep (prints, or strikes K), block, opening", 88, _LEFT, Tone.PLAIN),
        ("class", "Class", "What a large order probably is for, by rule", 76, _LEFT, Tone.LABEL),
        ("score", "Score", "Conviction, 0 to 100, by rule", 44, _RIGHT, Tone.PLAIN),
    )
)  # fmt: skip
_IMPORTANCE = (
    "time", "symbol", "strike", "right", "side", "size", "premium", "marks", "score", "expiry", "price", "class",
    "interest", "delta", "iv", "days", "gamma", "spot",
)  # fmt: skip
_STRONG = 60


class FlowTable(DataTable):
    """Newest on top. Rows are made once and kept while they are on the page."""

    def __init__(self, clock: FrameClock, theme: Theme, instruments: InstrumentTable) -> None:
        super().__init__(COLUMNS, clock, theme, "Option flow")
        self._instruments = instruments
        self._made: dict[bytes, tuple[tuple[str, ...], str, tuple[str, ...]]] = {}
        self._shown: list[bytes] = []
        places = self.table_model.place_of
        self.fit = ColumnFit(self, [[places[key]] for key in _IMPORTANCE], spread=[*places.values()])

    def show_orders(self, orders: Rows) -> None:
        """Rows of ORDER_ROW; nothing is done where they are those that are shown."""
        keys = [each.tobytes() for each in orders]
        if keys == self._shown:
            return
        made = {}
        for key, order in zip(keys, orders, strict=True):
            made[key] = self._made.get(key) or self._make(order)
        self._made, self._shown = made, keys
        rows = [made[key] for key in keys]
        ids: list[Hashable] = [int(each) for each in orders["id"]]
        values = {name: [row[0][at] for row in rows] for at, name in enumerate(KEYS)}
        tones = {name: [row[2][at] for row in rows] for at, name in enumerate(_TONED)}
        tips = [row[1] for row in rows]
        self.set_rows(ids, values, tones=tones, tips=dict.fromkeys(_TIPPED, tips))

    def _make(self, order: np.void) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
        side = {1: "up", -1: "down"}.get(int(order["side"]), "")
        marks = "accent" if order["marks"] & int(Mark.BLOCK | Mark.sweep()) else ""
        interest = "accent" if order["marks"] & Mark.OPENING else ""
        right = "up" if order["right"] > 0 else "down"
        score = "accent" if order["score"] >= _STRONG else ""
        kind = "text2" if order["trade_class"] == TradeClass.UNKNOWN else ""
        tones = (side, side, marks, interest, right, score, kind)
        return cells_of(order, self._instruments), spoken(order, self._instruments), tones


_TONED = ("side", "premium", "marks", "interest", "right", "score", "class")
_TIPPED = ("side", "marks", "class", "score", "gamma", "interest")
