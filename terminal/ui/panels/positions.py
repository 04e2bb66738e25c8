"""The positions panel: what is held, what it is worth, what it would bring now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout

from terminal.app.ports import PositionRow
from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.positions import PositionsView, totals
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, CellText, Column, Tone
from terminal.ui.widgets.confirm_bar import ConfirmBar
from terminal.ui.widgets.table import DataTable

_IMPORTANCE = ("symbol", "quantity", "average", "mark", "unrealised", "day", "liquidation", "realised")


class PositionsPanel(Panel):
    """Positions at the mid and at what they would bring; totals below; flatten asks first."""

    TYPE, TITLE = "positions", "Positions"
    STAYS_NOW = True
    NEEDS = Needs.MARKET | Needs.TRADING
    MIN_INTERVAL_MS = 100
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand(
            "close", "Draft an order that closes the position", "close_chosen", ("Delete",), True, "has_chosen"
        ),
        PanelCommand(
            "flatten",
            "Flatten: cancel all and close every position at market",
            "ask_flatten",
            (),
            True,
            "has_positions",
        ),
        PanelCommand("flat", "Show or hide closed positions", "toggle_flat"),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health)
        self._view = PositionsView(context.desk.table)
        self._with_flat = False
        self._positions: Sequence[PositionRow] = ()
        self.table = DataTable(_columns(self._view), context.clock, context.theme, "Positions")
        places = self.table.table_model.place_of
        self._fit = ColumnFit(self.table, [[places[key]] for key in _IMPORTANCE], spread=[*places.values()])
        self.table.set_empty(
            "No positions. What you buy or sell will stand here.", "Open the ticket", self._open_ticket
        )
        self.totals = QLabel()
        self.totals.setProperty("role", "label")
        self.totals.setAccessibleName("Totals of the positions")
        self.flatten_button = QPushButton("Flatten…")
        self.flatten_button.setAutoRepeat(False)
        self.flatten_button.setToolTip("Cancels all orders and closes every position at market, after asking")
        self.flatten_button.clicked.connect(self.ask_flatten)
        self.confirm = ConfirmBar()
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 2, 4, 2)
        foot.addWidget(self.totals, 1)
        foot.addWidget(self.flatten_button)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.confirm)
        layout.addLayout(foot)
        self.setFocusProxy(self.table)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.row_activated.connect(self._row_activated)
        self.table.menu_requested.connect(self._menu)

    def refresh(self, frame: Frame) -> None:
        """Reads the book of record and the marks."""
        desk = self.context.desk
        self._positions = desk.trading.snapshot().positions
        silent = self._feed.pulse(frame.wall_ns).is_silent
        rows = self._view.rows(self._positions, is_silent=silent, with_flat=self._with_flat)
        self.table.set_rows(rows.keys, rows.values, stale=rows.stale, tones=rows.tones, tips=rows.tips)
        line = totals(self._positions).line
        if line != self.totals.text():
            self.totals.setText(line)
        self.flatten_button.setEnabled(self.has_positions())

    def subtitle(self) -> str:
        """A list has no symbol of its own."""
        return ""

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Columns, and whether closed positions are shown."""
        settings: Settings = {"with_flat": self._with_flat}
        if self._fit.is_chosen:
            settings["table"] = self.table.save_state()
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        self._with_flat = settings.get("with_flat") is True
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self._fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The rows as shown."""
        return plain_rows(*self.table.export_rows())

    def has_chosen(self) -> bool:
        """Whether a row is chosen."""
        return self.table.chosen_key() is not None

    def has_positions(self) -> bool:
        """Whether anything is held."""
        return any(row.quantity for row in self._positions)

    def close_chosen(self) -> None:
        """Puts a closing order into the ticket; sends nothing."""
        key = self.table.chosen_key()
        for row in self._positions:
            draft = self._view.closing_draft(row) if row.instrument == key else None
            if draft is not None:
                self.propose(draft)

    @Slot()
    def ask_flatten(self) -> None:
        """Asks whether to close everything."""
        count = sum(1 for row in self._positions if row.quantity)
        if count:
            what = "the position" if count == 1 else f"all {count} positions"
            self.confirm.ask(f"Cancel every order and close {what} at market?", "Flatten", self._flatten)

    def toggle_flat(self) -> None:
        """Shows or hides positions that are closed but had a result."""
        self._with_flat = not self._with_flat
        self.mark_dirty()

    def _flatten(self) -> None:
        count = self.context.desk.trading.flatten()
        self.context.shell.notify(f"Flatten: {count} closing order{'' if count == 1 else 's'} on the way.")

    def _open_ticket(self) -> None:
        self.context.shell.open_panel("ticket")

    @Slot(object)
    def _row_chosen(self, key: Hashable) -> None:
        self.publish(int(str(key)))

    @Slot(object)
    def _row_activated(self, _key: Hashable) -> None:
        self.close_chosen()

    @Slot(object, str, QPoint)
    def _menu(self, key: Hashable | None, _column: str, point: QPoint) -> None:
        if key is not None:
            self.table.choose_key(key)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for each in self.COMMANDS:
            action = menu.addAction(each.title)
            action.setEnabled(not each.enabled_method or bool(getattr(self, each.enabled_method)()))
            action.triggered.connect(partial(self.context.shell.run, f"{self.TYPE}.{each.id}"))
        menu.popup(point)


def _columns(view: PositionsView) -> tuple[Column, ...]:
    def text(key: str) -> CellText:
        return partial(view.text, key)

    return (
        Column("symbol", "Symbol", "Ticker or contract", text("symbol"), 176, Align.LEFT, bold=True, ages=False),
        Column("quantity", "Qty", "Shares or contracts; minus is short", text("quantity"), 56, ages=False),
        Column("average", "Avg", "Average price paid or received, USD", text("average"), 74, ages=False),
        Column(
            "mark", "Mark", "Mid of bid and ask, USD; amber when only one side is quoted", text("mark"), 74, tint=True
        ),
        Column(
            "liquidation",
            "Exit",
            "What it would bring now: bid for a long, ask for a short, USD",
            text("liquidation"),
            74,
        ),
        Column(
            "unrealised",
            "Unrealised",
            "Quantity x multiplier x (mark - average), USD",
            text("unrealised"),
            92,
            tone=Tone.SIGN,
        ),
        Column(
            "realised",
            "Realised",
            "Closed this session before fees, USD",
            text("realised"),
            84,
            tone=Tone.SIGN,
            ages=False,
        ),
        Column(
            "day",
            "Day P&L",
            "From the prior settlement, realised and unrealised, before fees, USD",
            text("day"),
            88,
            tone=Tone.SIGN,
        ),
    )
