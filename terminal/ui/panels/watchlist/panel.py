"""The watchlist panel: prices of the symbols that a person follows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QVBoxLayout

from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedPulse, FeedWatch
from terminal.app.views.watch_lists import BadListError, symbols_in
from terminal.app.views.watch_shown import OWN, ShownList
from terminal.app.views.watchlist import WatchlistView
from terminal.core.instruments import Instrument, UnknownInstrumentError
from terminal.infra.failures import WorkFailed
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.watchlist.bar import WatchBar
from terminal.ui.panels.watchlist.columns import IMPORTANCE, symbol_px, watchlist_columns
from terminal.ui.panels.watchlist.table import WatchTable
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.column_fit import ColumnFit

_SORT_EVERY_NS = 1_000_000_000
"""Rows are put in order again at most this often, and never under the pointer."""


class WatchlistPanel(Panel):
    """Symbols with last, change, market and age. Choosing a row moves the link group."""

    TYPE, TITLE = "watchlist", "Watchlist"
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 15
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("add", "Add a symbol to the watchlist", "start_adding", ("Insert",)),
        PanelCommand(
            "remove", "Remove the symbol from the watchlist", "remove_chosen", ("Delete",), enabled_method="has_chosen"
        ),
        PanelCommand("up", "Move the symbol up", "move_up", ("Alt+Up",), enabled_method="has_chosen"),
        PanelCommand("down", "Move the symbol down", "move_down", ("Alt+Down",), enabled_method="has_chosen"),
        PanelCommand("paste", "Add the symbols on the clipboard", "paste", ("Ctrl+V",)),
        PanelCommand("all_underlyings", "Add all underlyings", "add_underlyings"),
        PanelCommand("all_options", "Add all options of the chosen symbol", "add_options", enabled_method="has_chosen"),
        PanelCommand("find", "Filter the watchlist", "start_filter", ("Ctrl+F",)),
        PanelCommand("new_list", "New watchlist of these symbols", "start_naming"),
        PanelCommand("rename_list", "Rename the watchlist", "start_renaming", enabled_method="has_named_list"),
        PanelCommand("delete_list", "Delete the watchlist", "delete_list", enabled_method="has_named_list"),
        PanelCommand("chart", "Chart of the symbol", "open_chart", enabled_method="has_chosen"),
        PanelCommand("chain", "Option chain of the symbol", "open_chain", enabled_method="has_chosen"),
        PanelCommand("ticket", "Order ticket for the symbol", "open_ticket", enabled_method="has_chosen"),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health, context.desk.past)
        self._view = WatchlistView(context.desk.table, context.desk.market)
        self._filled = False
        self._book = context.desk.watchlists
        underlyings = [row.symbol for row in context.desk.table.underlyings()]
        self._list = ShownList(self._view, self._book, underlyings)
        self._renames, self._longest = False, ""
        self._pulse, self._market_ns, self._arranged_ns = FeedPulse(), 0, 0
        self.table = WatchTable(watchlist_columns(self._view), context.clock, context.theme, "Watchlist")
        places = self.table.model_.place_of
        self._fit = ColumnFit(
            self.table,
            [[places[key] for key in group] for group in IMPORTANCE],
            spread=[*places.values()],
            must_follow=False,
        )
        self.table.set_empty("No symbols yet. Add one to follow it.", "Add a symbol", self.start_adding)
        menu = ("new_list", "rename_list", "delete_list", "paste", "all_underlyings", "all_options")
        titles = {each.id: each.title for each in self.COMMANDS}
        self.bar = WatchBar([(each, titles[each]) for each in menu])
        self.adder = QLineEdit()
        self.adder.setPlaceholderText("Add symbol")
        self.adder.setAccessibleName("Add a symbol to the watchlist")
        self.adder.setFrame(False)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.adder)
        self.setFocusProxy(self.table)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.row_activated.connect(self._row_activated)
        self.table.menu_requested.connect(self._menu)
        self.table.row_dropped.connect(self._row_dropped)
        self.table.pasted.connect(self._add_text)
        self.table.scrolled.connect(self._fill_window)
        self.table.model_.sort_wanted.connect(self._sort_wanted)
        self.bar.list_chosen.connect(self.show_list)
        self.bar.named.connect(self._named)
        self.bar.filtered.connect(self._filtered)
        self.bar.command_wanted.connect(self._run_command)
        self.adder.returnPressed.connect(self._add_typed)
        self.adder.textEdited.connect(self._typed)
        self._unsubscribe = self._book.subscribe(self._list_changed)
        self._show_lists()

    def refresh(self, frame: Frame) -> None:
        """Reads the rows in view; now and then, and not under the pointer, puts all rows in order."""
        if not self._filled:
            self.restore_settings({})
        self._pulse, self._market_ns = self._feed.pulse(frame.wall_ns), frame.market_ns
        if self._view.longest_label != self._longest:
            self._longest = self._view.longest_label
            width = symbol_px(self._longest, self.context.theme.value_font(bold=True))
            self._fit.set_widths({self.table.model_.place_of["symbol"]: width})
        waits = False
        if self._view.sorted_by is not None and frame.wall_ns - self._arranged_ns >= _SORT_EVERY_NS:
            waits = self.table.is_held()
            if not waits:
                self._arranged_ns = frame.wall_ns
                self._view.arrange()
        self.bar.show_count(len(self._view.shown), len(self._view.instruments), waits=waits)
        self._show()

    def _show(self) -> None:
        self.table.can_drag = self._view.is_own_order
        self.table.show_keys(self._view.shown)
        self._fill_window()

    @Slot()
    def _fill_window(self) -> None:
        first, end = self.table.window_rows()
        self.table.show_window(
            first, self._view.rows(self._market_ns, self._pulse, first, end, self.table.columns_in_view())
        )

    def show_instrument(self, instrument: Instrument) -> None:
        """Marks the row of the group's symbol; a symbol that is not in the list leaves it as it is."""
        self.table.choose_key(instrument.id)

    def set_link_group(self, group: int) -> None:
        """Another group hears of the list."""
        super().set_link_group(group)
        self._tell()

    def subtitle(self) -> str:
        """The list's name; a list has no symbol of its own."""
        return self._list.name

    def apply_theme(self, theme: Theme) -> None:
        """New colours for the table."""
        self.table.apply_theme(theme)

    def save_settings(self) -> Settings:
        """The list's name, or the panel's own symbols (those of other markets too); columns and order."""
        settings: Settings = self._list.settings()
        if self._fit.is_chosen:
            settings["table"] = self.table.save_state()
        elif self._view.sorted_by is not None:
            settings["sort"] = list(self._view.sorted_by)
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Symbols that this market lacks are remembered for the next one that has them."""
        sort = settings.get("sort")
        if "symbols" in settings or not self._filled:
            self._filled = True
            self._list.restore(settings)
            self._show_lists()
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self._fit.choose()
        elif isinstance(sort, list) and len(sort) == 2 and sort[0] in self.table.model_.place_of:
            self.table.restore_state({"sort": sort})

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """All rows that pass the filter, in the order of the screen."""
        rows = self._view.rows(self._market_ns, self._pulse)
        model = self.table.model_
        columns = [model.columns[place] for place in self.table.visible_columns()]
        nothing = [None] * len(rows.keys)
        cells = [[column.text(rows.values.get(column.key, nothing)[at], key) for column in columns]
                 for at, key in enumerate(rows.keys)]  # fmt: skip
        return plain_rows([column.head for column in columns], cells)

    def close_panel(self) -> None:
        """Ends the subscription too."""
        self._unsubscribe()
        super().close_panel()

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
            self._edited()

    def paste(self) -> None:
        """Adds the symbols on the clipboard."""
        self._add_text(QApplication.clipboard().text())

    def add_underlyings(self) -> None:
        """Adds every underlying of this market."""
        self._add([row.id for row in self.context.desk.table.underlyings()], [])

    def add_options(self) -> None:
        """Adds every listed option of the chosen symbol, or of an option's underlying."""
        key = self.table.chosen_key()
        if isinstance(key, int):
            table = self.context.desk.table
            option = table.get(key).option
            underlying = key if option is None else option.underlying
            options = table.options(underlying)
            if not options:
                self.context.shell.notify(f"{table.get(underlying).label} has no listed options here.")
            self._add([row.id for row in options], [])

    def start_filter(self) -> None:
        """Puts the cursor into the filter."""
        self.bar.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.field.selectAll()

    def start_naming(self) -> None:
        """Asks for the name of a new list, which begins with the symbols shown."""
        self._renames = False
        self.bar.ask_name("")

    def start_renaming(self) -> None:
        """Asks for another name of the list."""
        self._renames = True
        self.bar.ask_name(self._list.name)

    def has_named_list(self) -> bool:
        """Whether the list shown is one of those with a name."""
        return self._list.name != OWN

    def delete_list(self) -> None:
        """Deletes the list shown; its symbols become the panel's own list."""
        self._keep(self._list.delete)
        self._show_lists()

    @Slot(str)
    def show_list(self, name: str) -> None:
        """Shows a list of the book, or the panel's own."""
        self._list.show(name)
        self._show_lists()

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

    def _edited(self) -> None:
        """The symbols or their order have changed: a named list is kept at once."""
        self._keep(self._list.edited)
        self._tell()

    def _tell(self) -> None:
        """Panels that show the whole list read it from the links."""
        if self._filled:
            self.context.links.list_instruments(self.link_group, tuple(row.id for row in self._view.instruments))
        self.mark_dirty()

    def _keep(self, change: Callable[[], None]) -> None:
        try:
            change()
        except (BadListError, WorkFailed) as problem:
            self.context.shell.notify(str(problem), error=True)

    def _show_lists(self) -> None:
        self.bar.show_lists(self._book.names(), self._list.name)
        self.title_changed.emit()
        self._tell()

    def _list_changed(self, name: str) -> None:
        """A watchlist, perhaps this one, has changed a list."""
        self._list.follow(name)
        self._show_lists()

    @Slot(str)
    def _named(self, name: str) -> None:
        self._keep(partial(self._list.rename if self._renames else self._list.create, name))
        self._show_lists()

    @Slot(str)
    def _filtered(self, text: str) -> None:
        self._view.filter(text)
        self.mark_dirty()

    @Slot(str, bool)
    def _sort_wanted(self, column: str, descending: bool) -> None:
        self._view.sort(column or None, descending=descending)
        self._show()

    @Slot(str)
    def _run_command(self, command: str) -> None:
        self.context.shell.run(f"{self.TYPE}.{command}")

    @Slot(object, int)
    def _row_dropped(self, key: Hashable, place: int) -> None:
        self._view.move_to(int(str(key)), place)
        self._edited()

    @Slot(str)
    def _add_text(self, text: str) -> None:
        self._add(*symbols_in(text, self.context.desk.table))

    def _add(self, instruments: Sequence[int], unknown: Sequence[str]) -> None:
        added = self._view.add_all(instruments)
        words = f"Added {added:,} symbol{'' if added == 1 else 's'}."
        if unknown:
            names = ", ".join(unknown[:5]) + (" and more" if len(unknown) > 5 else "")
            words += f" Not known here: {names}."
        if added or unknown:
            self.context.shell.notify(words, error=bool(unknown))
        if added:
            self._edited()

    def _move(self, by: int) -> None:
        key = self.table.chosen_key()
        if isinstance(key, int):
            self._view.move(key, by)
            self._edited()

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
        if self._view.add(instrument.id):
            self._edited()
        self.adder.clear()

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
