"""The legs as a table."""

from __future__ import annotations

from terminal.app.views.builder import BuilderView
from terminal.app.views.builder_words import is_stale, leg_cells, leg_tip
from terminal.ui.bridge.frame_clock import FrameClock
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, Column, Tone, as_is
from terminal.ui.widgets.table import DataTable

_COLUMNS = (
    Column("quantity", "Qty", "Contracts, or shares; negative is sold", as_is, 52, bold=True, ages=False),
    Column("what", "Leg", "Call, put or shares of the underlying", as_is, 52, Align.LEFT, ages=False),
    Column("expiry", "Expiry", "Expiry and calendar days left", as_is, 108, Align.LEFT, ages=False),
    Column("strike", "Strike", "Strike, USD", as_is, 60, ages=False),
    Column("bid", "Bid", "USD a share", as_is, 60),
    Column("mid", "Mid", "USD a share", as_is, 64),
    Column("ask", "Ask", "USD a share", as_is, 60),
    Column("age", "Age", "How long the older side has not changed, and what is wrong with the quote", as_is, 84,
           tone=Tone.LABEL),
    Column("iv", "IV", "Of the quote's middle, else the surface's, points", as_is, 52),
    Column("delta", "Delta", "Per share of the underlying, of one contract bought", as_is, 60),
)  # fmt: skip
_IMPORTANCE = ("quantity", "what", "strike", "expiry", "mid", "bid", "ask", "age", "iv", "delta")
_ROWS = 4


class LegTable(DataTable):
    """Keys are the places of the legs."""

    def __init__(self, clock: FrameClock, theme: Theme) -> None:
        super().__init__(_COLUMNS, clock, theme, "Legs of the strategy")
        places = self.table_model.place_of
        self.fit = ColumnFit(self, [[places[key]] for key in _IMPORTANCE], spread=[*places.values()])
        self.set_empty("Pick a strategy above, or click a bid or an ask in the option chain to add a leg.")

    def show_legs(self, view: BuilderView, now_ns: int, *, is_silent: bool) -> None:
        """The legs of now."""
        rows = view.rows
        cells = [leg_cells(each, now_ns, is_silent=is_silent) for each in rows]
        signs = ["up" if each.leg.quantity > 0 else "down" for each in rows]
        tips = [leg_tip(each, now_ns, is_silent=is_silent) for each in rows]
        self.set_rows(
            range(len(rows)),
            {column.key: [each[column.key] for each in cells] for column in _COLUMNS},
            stale=[is_stale(each, now_ns, is_silent=is_silent) or view.is_old(now_ns) for each in rows],
            tones={"quantity": signs},
            tips={"age": tips, "what": tips},
        )
        self._fit_height(len(rows))

    def _fit_height(self, rows: int) -> None:
        """As high as its legs, at least four: the picture gets the rest."""
        row_px = self.verticalHeader().defaultSectionSize()
        wanted = self.horizontalHeader().height() + max(rows, _ROWS) * row_px + 3
        if wanted != self.height():
            self.setFixedHeight(wanted)
