"""The orders panel: every order of the session, what became of it, and the cancel."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QVBoxLayout

from terminal.app.views.export import plain_rows
from terminal.app.views.orders import OrderFilter, counts_line, order_text, orders_rows
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, CellText, Column, Tone
from terminal.ui.widgets.table import DataTable


def _text(key: str) -> CellText:
    return partial(order_text, key)


_COLUMNS = (
    Column("time", "Time", "When it was wanted, New York", _text("time"), 98, Align.LEFT, Tone.LABEL),
    Column(
        "action", "Side", "Buy or sell; for options to open or to close", _text("action"), 62, Align.LEFT, bold=True
    ),
    Column("quantity", "Qty", "Shares or contracts ordered", _text("quantity"), 46),
    Column("symbol", "Symbol", "Ticker or contract", _text("symbol"), 186, Align.LEFT),
    Column("price", "Price", "Limit, USD, or market", _text("price"), 64),
    Column("filled", "Filled", "Shares or contracts filled", _text("filled"), 50),
    Column("average", "Avg", "Average price of the fills, USD", _text("average"), 66),
    Column(
        "tif",
        "TIF",
        "Time in force: day, IOC (at once or not at all), GTC (until cancelled)",
        _text("tif"),
        40,
        Align.LEFT,
        Tone.LABEL,
    ),
    Column("state", "State", "Where the order stands, and why", _text("state"), 140, Align.LEFT),
    Column(
        "reason",
        "Reason",
        "Why it was refused or cancelled",
        _text("reason"),
        320,
        Align.LEFT,
        Tone.LABEL,
        visible=False,
    ),
    Column("id", "Id", "Our own id, which the venue got too", _text("id"), 130, Align.LEFT, Tone.FAINT, visible=False),
)
_IMPORTANCE = ("action", "quantity", "symbol", "price", "state", "filled", "average", "time", "tif")


class OrdersPanel(Panel):
    """Newest first. Cancelling works armed or not."""

    TYPE, TITLE = "orders", "Orders"
    STAYS_NOW = True
    NEEDS = Needs.TRADING
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("cancel", "Cancel the chosen order", "cancel_chosen", ("Delete",), True, "can_cancel"),
        PanelCommand("last", "Cancel the newest working order", "cancel_newest", ("Backspace",), True, "has_working"),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._filter = OrderFilter.ALL
        self.table = DataTable(_COLUMNS, context.clock, context.theme, "Orders")
        places = self.table.table_model.place_of
        self._fit = ColumnFit(self.table, [[places[key]] for key in _IMPORTANCE], spread=[places["state"]])
        self.table.set_empty(
            "No orders in this session. Click a price in the chain or the ladder to write one.",
            "Open the ticket",
            self._open_ticket,
        )
        self._filters = QButtonGroup(self)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        layout.addWidget(self.table, 1)
        self.setFocusProxy(self.table)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.menu_requested.connect(self._menu)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(2)
        for each in OrderFilter:
            button = QToolButton()
            button.setText(each.value.capitalize())
            button.setProperty("role", "flat")
            button.setProperty("filter", each.value)
            button.setCheckable(True)
            button.setChecked(each is self._filter)
            self._filters.addButton(button)
            row.addWidget(button)
        self._filters.buttonClicked.connect(self._filter_clicked)
        self.counts = QLabel()
        self.counts.setProperty("role", "faint")
        self.cancel_button = QPushButton("Cancel all working")
        self.cancel_button.setAutoRepeat(False)
        self.cancel_button.clicked.connect(self.cancel_all)
        row.addStretch(1)
        row.addWidget(self.counts)
        row.addSpacing(6)
        row.addWidget(self.cancel_button)
        return row

    def refresh(self, frame: Frame) -> None:
        """Reads the book of record."""
        orders = self.context.desk.trading.snapshot().orders
        rows = orders_rows(self.context.desk.table, orders, self._filter)
        self.table.set_rows(rows.keys, rows.values, tones=rows.tones, tips=rows.tips)
        self.counts.setText(counts_line(orders))
        self.cancel_button.setEnabled(any(not order.state.is_terminal for order in orders))

    def subtitle(self) -> str:
        """A list has no symbol of its own."""
        return ""

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Filter and columns."""
        settings: Settings = {"filter": self._filter.value}
        if self._fit.is_chosen:
            settings["table"] = self.table.save_state()
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Filter and columns."""
        for button in self._filters.buttons():
            if button.property("filter") == settings.get("filter"):
                button.setChecked(True)
                self._filter = OrderFilter(settings["filter"])
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self._fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The rows as shown."""
        return plain_rows(*self.table.export_rows())

    def can_cancel(self) -> bool:
        """Whether the chosen order still works."""
        key = self.table.chosen_key()
        orders = self.context.desk.trading.snapshot().orders
        return any(order.order_id == key and not order.state.is_terminal for order in orders)

    def has_working(self) -> bool:
        """Whether any order still works."""
        return any(not order.state.is_terminal for order in self.context.desk.trading.snapshot().orders)

    def cancel_chosen(self) -> None:
        """Asks to cancel the chosen order."""
        if self.can_cancel():
            self.context.desk.trading.cancel(str(self.table.chosen_key()))

    def cancel_newest(self) -> None:
        """Asks to cancel the newest order that still works."""
        for order in reversed(self.context.desk.trading.snapshot().orders):
            if not order.state.is_terminal:
                self.context.desk.trading.cancel(order.order_id)
                return

    @Slot()
    def cancel_all(self) -> None:
        """Asks to cancel every working order."""
        self.context.shell.run("trade.cancel_all")

    def _open_ticket(self) -> None:
        self.context.shell.open_panel("ticket")

    @Slot(object)
    def _filter_clicked(self, button: QToolButton) -> None:
        self._filter = OrderFilter(button.property("filter"))
        self.mark_dirty()

    @Slot(object)
    def _row_chosen(self, key: Hashable) -> None:
        for order in self.context.desk.trading.snapshot().orders:
            if order.order_id == key:
                self.publish(order.instrument)

    @Slot(object, str, QPoint)
    def _menu(self, key: Hashable | None, _column: str, point: QPoint) -> None:
        if key is not None:
            self.table.choose_key(key)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for each in self.COMMANDS:
            action = menu.addAction(each.title)
            action.setEnabled(bool(getattr(self, each.enabled_method)()))
            action.triggered.connect(partial(self.context.shell.run, f"{self.TYPE}.{each.id}"))
        menu.popup(point)
