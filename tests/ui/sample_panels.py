"""Two panels for tests of the shell."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar, cast

import numpy as np
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout

from terminal.app import formats
from terminal.core.instruments import Instrument
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext
from terminal.ui.panel_registry import PanelRegistry, PanelType
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.columns import Align, Column, Tone, as_is, plain
from terminal.ui.widgets.table import DataTable


class ListPanel(Panel):
    """Every instrument with its market."""

    TYPE, TITLE, UNITS = "watchlist", "Watchlist", "prices in USD, sizes in shares or contracts"
    MIN_INTERVAL_MS = 0

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        table = context.desk.table

        def price(px: int, key: Hashable) -> str:
            return formats.price(px, table.get(cast(int, key)))

        columns = (
            Column("symbol", "Symbol", "The ticker or contract", as_is, 130, Align.LEFT),
            Column("bid", "Bid", "Best bid, USD", price, tint=True, bar="bid"),
            Column("ask", "Ask", "Best ask, USD", price, tint=True, bar="ask"),
            Column("size", "Size", "Size at the bid", plain(formats.size)),
            Column("chg", "Chg", "Change", plain(formats.percent), tone=Tone.SIGN),
        )
        self.table = DataTable(columns, context.clock, context.theme, "Watchlist")
        self.table.row_chosen.connect(self.publish)
        self.table.set_empty("Nothing is watched.", "Add a symbol", self.mark_dirty)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def refresh(self, frame: Frame) -> None:
        ids = np.arange(len(self.context.desk.table), dtype=np.int32)
        rows = self.context.desk.market.read(ids)
        labels = [self.context.desk.table.get(int(i)).label for i in ids]
        count = len(ids)
        self.table.set_rows(
            [int(i) for i in ids],
            {"symbol": labels, "bid": rows["bid_px"], "ask": rows["ask_px"], "size": rows["bid_size"],
             "chg": [((i % 7) - 3) / 100 for i in range(count)]},
            stale=[i % 9 == 4 for i in range(count)],
            bars={"bid": [(i % 5) / 5 for i in range(count)], "ask": [(i % 3) / 3 for i in range(count)]},
        )  # fmt: skip

    def apply_theme(self, theme: Theme) -> None:
        self.table.apply_theme(theme)

    def export_rows(self) -> tuple[list[str], list[list[str]]]:
        return self.table.export_rows()

    def save_settings(self) -> dict[str, Any]:
        return {"columns": self.table.save_state()}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        if "columns" in settings:
            self.table.restore_state(settings["columns"])


class TicketPanel(Panel):
    """An editor and an order key."""

    TYPE, TITLE = "ticket", "Ticket"
    NEEDS = Needs.NOTHING
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("join", "Join the bid", "join", ("B",), is_order=True),
        PanelCommand("note", "Write a note", "note_it", ("Ctrl+Shift+N",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self.editor = QLineEdit()
        self.symbol = QLabel()
        self.joined = 0
        self.fails = False
        layout = QVBoxLayout(self.body)
        layout.addWidget(self.symbol)
        layout.addWidget(self.editor)
        layout.addStretch(1)

    def show_instrument(self, instrument: Instrument) -> None:
        self.symbol.setText(instrument.label)

    def refresh(self, frame: Frame) -> None:
        if self.fails:
            raise RuntimeError("the ticket has a fault")

    def join(self) -> None:
        self.joined += 1

    def note_it(self) -> None:
        self.editor.setText("note")


def registry() -> PanelRegistry:
    found = PanelRegistry()
    found.add(PanelType("watchlist", "Watchlist", ListPanel), PanelType("ticket", "Ticket", TicketPanel))
    return found


CLASSES = (ListPanel, TicketPanel)
