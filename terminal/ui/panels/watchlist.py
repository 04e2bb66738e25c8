"""The watchlist panel: prices of the symbols that a person follows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QLineEdit, QMenu, QVBoxLayout

from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.watchlist import WatchlistView
from terminal.core.instruments import Instrument, UnknownInstrumentError
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit
from terminal.ui.widgets.columns import Align, CellText, Column, Tone
from terminal.ui.widgets.table import DataTable

_IMPORTANCE = (
    ("symbol",),
    ("last",),
    ("change_pct",),
    ("bid", "ask"),
    ("change",),
    ("volume",),
    ("spread",),
    ("bid_size", "ask_size"),
    ("age",),
)


class WatchlistPanel(Panel):
    """Symbols with last, change, market and age. Choosing a row moves the link group."""

    TYPE, TITLE = "watchlist", "Watchlist"
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 100
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("add", "Add a symbol to the watchlist", "start_adding", ("Insert",)),
        PanelCommand(
            "remove", "Remove the symbol from the watchlist", "remove_chosen", ("Delete",), enabled_method="has_chosen"
        ),
        PanelCommand("up", "Move the symbol up", "move_up", ("Alt+Up",), enabled_method="has_chosen"),
        PanelCommand("down", "Move the symbol down", "move_down", ("Alt+Down",), enabled_method="has_chosen"),
        PanelCommand("chart", "Chart of the symbol", "open_chart", enabled_method="has_chosen"),
        PanelCommand("chain", "Option chain of the symbol", "open_chain", enabled_method="has_chosen"),
        PanelCommand("ticket", "Order ticket for the symbol", "open_ticket", enabled_method="has_chosen"),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health)
        self._view = WatchlistView(context.desk.table, context.desk.market)
        self._absent: list[str] = []
        self._filled = False
        self.table = DataTable(_columns(self._view), context.clock, context.theme, "Watchlist")
        places = self.table.table_model.place_of
        self._fit = ColumnFit(
            self.table, [[places[key] for key in group] for group in _IMPORTANCE], spread=[*places.values()]
        )
        self.table.set_empty("No symbols yet. Add one to follow it.", "Add a symbol", self.start_adding)
        self.adder = QLineEdit()
        self.adder.setPlaceholderText("Add symbol")
        self.adder.setAccessibleName("Add a symbol to the watchlist")
        self.adder.setFrame(False)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.adder)
        self.setFocusProxy(self.table)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.row_activated.connect(self._row_activated)
        self.table.menu_requested.connect(self._menu)
        self.adder.returnPressed.connect(self._add_typed)
        self.adder.textEdited.connect(self._typed)

    def refresh(self, frame: Frame) -> None:
        """Reads the market."""
        if not self._filled:
            self._fill(())
        rows = self._view.rows(frame.market_ns, self._feed.pulse(frame.wall_ns))
        self.table.set_rows(rows.keys, rows.values, stale=rows.stale, tones=rows.tones, tips=rows.tips)

    def show_instrument(self, instrument: Instrument) -> None:
        """Marks the row of the group's symbol; a symbol that is not in the list leaves it as it is."""
        self.table.choose_key(instrument.id)

    def subtitle(self) -> str:
        """A list has no symbol of its own."""
        return ""

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Symbols (those of other markets too) and columns."""
        settings: Settings = {"symbols": self._view.symbols() + self._absent}
        if self._fit.is_chosen:
            settings["table"] = self.table.save_state()
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Symbols that this market lacks are remembered for the next one that has them."""
        symbols = settings.get("symbols")
        if isinstance(symbols, list):
            self._fill([each for each in symbols if isinstance(each, str)])
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self._fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The rows as shown."""
        return plain_rows(*self.table.export_rows())

    def has_chosen(self) -> bool:
        """Whether a row is chosen."""
        return self.table.chosen_key() is not None

    def start_adding(self) -> None:
        """Puts the cursor where a symbol is added."""
        self.adder.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.adder.selectAll()

    def remove_chosen(self) -> None:
        """Takes the chosen symbol away."""
        key = self.table.chosen_key()
        if isinstance(key, int):
            self._view.remove(key)
            self._tell()

    def move_up(self) -> None:
        """Moves the chosen symbol up."""
        self._move(-1)

    def move_down(self) -> None:
        """Moves the chosen symbol down."""
        self._move(1)

    def open_chart(self) -> None:
        """Shows the chosen symbol in the chart."""
        self._open("chart")

    def open_chain(self) -> None:
        """Shows the chosen symbol's options."""
        self._open("chain")

    def open_ticket(self) -> None:
        """Starts an order in the chosen symbol."""
        self._open("ticket")

    def _fill(self, symbols: Sequence[str]) -> None:
        self._filled = True
        self._absent = self._view.set_symbols(symbols)
        if not self._view.instruments:
            self._view.set_symbols(row.symbol for row in self.context.desk.table.underlyings())
        self._tell()

    def _tell(self) -> None:
        """Panels that show the whole list read it from the links."""
        self.context.links.list_instruments(self.link_group, tuple(row.id for row in self._view.instruments))
        self.mark_dirty()

    def _move(self, by: int) -> None:
        key = self.table.chosen_key()
        if isinstance(key, int):
            self._view.move(key, by)
            self.mark_dirty()

    def _open(self, type_id: str) -> None:
        key = self.table.chosen_key()
        if isinstance(key, int):
            self.context.shell.open_panel(type_id, key)

    @Slot(object)
    def _row_chosen(self, key: Hashable) -> None:
        self.publish(int(str(key)))

    @Slot(object)
    def _row_activated(self, key: Hashable) -> None:
        self.publish(int(str(key)))
        self._open("chart")

    @Slot(object, str, QPoint)
    def _menu(self, key: Hashable | None, _column: str, point: QPoint) -> None:
        if key is not None:
            self.table.choose_key(key)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for each in self.COMMANDS:
            action = menu.addAction(each.title)
            action.setEnabled(not each.enabled_method or self.has_chosen())
            action.triggered.connect(partial(self.context.shell.run, f"{self.TYPE}.{each.id}"))
        menu.popup(point)

    @Slot()
    def _add_typed(self) -> None:
        text = self.adder.text().strip()
        if not text:
            return
        try:
            instrument = self.context.desk.table.find(text)
        except UnknownInstrumentError as unknown:
            self._mark(str(unknown))
            return
        self._mark("")
        self._view.add(instrument.id)
        self.adder.clear()
        self._tell()

    @Slot()
    def _typed(self) -> None:
        self._mark("")

    def _mark(self, problem: str) -> None:
        self.adder.setToolTip(problem)
        self.adder.setProperty("invalid", bool(problem))
        self.adder.style().unpolish(self.adder)
        self.adder.style().polish(self.adder)
        if problem:
            self.context.shell.notify(problem, error=True)


def _columns(view: WatchlistView) -> tuple[Column, ...]:
    def text(key: str) -> CellText:
        return partial(view.text, key)

    return (
        Column("symbol", "Symbol", "Ticker or contract", text("symbol"), 56, Align.LEFT, bold=True, ages=False),
        Column("last", "Last", "Last trade, USD", text("last"), 58, tint=True),
        Column("change", "Chg", "Last trade less the prior official close, USD", text("change"), 70, tone=Tone.SIGN),
        Column(
            "change_pct", "Chg %", "Net change over the prior official close", text("change_pct"), 56, tone=Tone.SIGN
        ),
        Column("bid", "Bid", "Best bid, USD", text("bid"), 58),
        Column("ask", "Ask", "Best ask, USD", text("ask"), 58),
        Column(
            "bid_size", "B size", "Size at the best bid, shares or contracts", text("bid_size"), 56, tone=Tone.LABEL
        ),
        Column(
            "ask_size", "A size", "Size at the best ask, shares or contracts", text("ask_size"), 56, tone=Tone.LABEL
        ),
        Column(
            "spread",
            "Spread",
            "Ask less bid, USD; unknown when there are trades but no quotes",
            text("spread"),
            62,
            tone=Tone.LABEL,
        ),
        Column("volume", "Volume", "Traded today, shares or contracts", text("volume"), 78, tone=Tone.LABEL),
        Column("high", "High", "Highest trade of the day, USD", text("high"), 66, visible=False),
        Column("low", "Low", "Lowest trade of the day, USD", text("low"), 66, visible=False),
        Column(
            "age",
            "Age",
            "Market time since the symbol's last message; minutes and seconds",
            text("age"),
            66,
            tone=Tone.LABEL,
        ),
    )
