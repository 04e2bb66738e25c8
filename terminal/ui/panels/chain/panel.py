"""The option chain panel: one expiry at a time, calls left, strikes in the middle, puts right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QHelpEvent, QHideEvent, QWindow
from PySide6.QtWidgets import QStackedWidget, QToolTip, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.ports import OrderDraft
from terminal.app.views.chain import ChainView, Series, series_of
from terminal.app.views.chain_columns import COLUMNS, PLACE_OF, STRIKE
from terminal.app.views.chain_source import ChainSource
from terminal.app.views.chain_window import WINDOWS
from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedWatch
from terminal.core.instruments import Instrument
from terminal.core.orders import OrderType, Side
from terminal.core.osi import Right
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.chain.centring import Centring
from terminal.ui.panels.chain.columns import ChainColumns
from terminal.ui.panels.chain.grid_table import GridTable
from terminal.ui.panels.chain.head import ChainCaption, ChainHead
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.empty_state import EmptyState

_RELABEL_NS = 15_000_000_000


class ChainPanel(Panel):
    """Click a bid to draft a sale, an ask to draft a purchase; nothing is sent from here."""

    TYPE, TITLE = "chain", "Option chain"
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 100
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand(
            "centre", "Centre the chain on the spot", "centre", ("Ctrl+Home",), help="The strike nearest to the spot"
        ),
        PanelCommand("next", "Next expiry", "next_expiry", ("Ctrl+Right",)),
        PanelCommand("previous", "Previous expiry", "previous_expiry", ("Ctrl+Left",)),
        PanelCommand(
            "show", "Show the contract in the linked panels", "show_contract", ("Ctrl+Return",),
            enabled_method="has_contract",
        ),
        PanelCommand(
            "leg", "Add the bid or ask to the strategy builder", "add_quote", ("Shift+Return",),
            enabled_method="has_contract", help="A bid is sold, an ask bought; Ctrl+click does the same",
        ),
    )  # fmt: skip

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        desk = context.desk
        self._feed = FeedWatch(desk.health, desk.past)
        self._view = ChainView(desk.table, desk.market)
        self._source = ChainSource(desk, self._view, panel_id)
        self._series: list[Series] = []
        self._wanted_key = ""
        self._restored_rate: tuple[str, float] | None = None
        """Expiry and rate of the settings."""
        self._wanted_option: int | None = None
        self._chosen: tuple[int, int] | None = None
        """Strike and column of the current cell, to find it again when other rows are listed."""
        self._window: QWindow | None = None
        self._listed = -1
        self._labelled = -1
        self.table = GridTable(self._view.grid, context.clock, context.theme, "Option chain")
        self.columns = ChainColumns(self.table)
        self._centring = Centring(self.table, STRIKE)
        self._build_head()
        self.empty = EmptyState("Choose a symbol that has listed options.", "Find a symbol", self._find)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.head)
        caption = ChainCaption()
        self.method = caption.method
        inner.addWidget(caption)
        inner.addWidget(self.table, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.table)
        self.table.cell_clicked.connect(self._clicked)
        self.table.cell_added.connect(self._added)
        self.table.cell_activated.connect(self._activated)
        self.table.doubleClicked.connect(self.show_contract)
        self.table.viewport().installEventFilter(self)

    def _build_head(self) -> None:
        self.head = ChainHead()
        self.expiry, self.spot, self.rate = self.head.expiry, self.head.spot, self.head.rate
        self.expiry.currentIndexChanged.connect(self._expiry_chosen)
        self.head.strikes.currentIndexChanged.connect(self._window_chosen)
        self.rate.told.connect(self._rate_told)
        self.head.centre_button.clicked.connect(self.centre)

    def refresh(self, frame: Frame) -> None:
        """Reads the rows on the screen."""
        self._keep_series(frame.market_ns)
        if self._view.series is None:
            self._source.release()
            return
        if not self.rate.hasFocus():
            self.rate.show_rate(self._source.rate)
        self._write_spot()
        self._keep_window()
        if self._view.will_reset:
            self._reset_rows(frame)
        if self._centring.keep(self._middle_row()):
            self.mark_dirty()
        first, last = self.table.visible_rows()
        self._source.refresh(first, last, frame.market_ns, frame.wall_ns)
        self._say_method(frame.market_ns)
        changes = self._view.refresh(first, last, frame.market_ns, self._feed.pulse(frame.wall_ns))
        self.table.show_changes(changes, frame.wall_ns)

    def show_instrument(self, instrument: Instrument) -> None:
        """The chain of an underlying; of an option, its underlying's chain with its expiry and row."""
        self._wanted_option = None
        if self._view.row_of(instrument.id) is not None:
            return
        if instrument.option is not None:
            self._wanted_key = f"{instrument.option.symbol.expiry.isoformat()} {instrument.option.symbol.root}"
            self._wanted_option = instrument.id
            instrument = self.context.desk.table.get(instrument.option.underlying)
        shown = self._view.underlying
        if shown is None or shown.id != instrument.id or self._wanted_option is not None:
            self._view.show(instrument, None)
            self._listed, self._chosen = -1, None

    def subtitle(self) -> str:
        """The underlying."""
        return self._view.underlying.label if self._view.underlying else ""

    def apply_theme(self, theme: Theme) -> None:
        """New colours and fonts."""
        self.table.apply_theme(theme)
        self.columns.measure()

    def save_settings(self) -> Settings:
        """Expiry, rate, and columns once a person chose them."""
        settings: Settings = {"expiry": self._view.series.key if self._view.series else self._wanted_key}
        rate = self._source.rate if self._restored_rate is None else self._restored_rate[1]
        settings["rate_pct"] = None if rate is None else round(rate * 100, 4)
        settings["strikes"] = self._view.window.key
        return settings | self.columns.save()

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        if isinstance(settings.get("expiry"), str):
            self._wanted_key = settings["expiry"]
        rate_pct = settings.get("rate_pct")
        if isinstance(rate_pct, int | float) and math.isfinite(rate_pct) and self._wanted_key:
            self._restored_rate = self._wanted_key, float(rate_pct) / 100
            self._take_restored_rate()
        self.head.strikes.setCurrentIndex(max(0, self.head.strikes.findData(settings.get("strikes"))))
        self.columns.restore(settings)

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """Every strike of the series, all columns; calls and puts named in the heads."""
        if self._view.series is None:
            return None
        now_ns = self.context.desk.clock.now_ns()
        self._view.refresh(0, self._view.grid.row_count - 1, now_ns, self._feed.pulse(0))
        heads = [
            column.title if place == STRIKE else f"{column.id.partition('.')[0].capitalize()} {column.title}"
            for place, column in enumerate(COLUMNS)
        ]
        return plain_rows(heads, self._view.grid.texts)

    @Slot()
    def centre(self) -> None:
        """Scrolls to the strike nearest to the spot."""
        self._wanted_option = None
        self._centring.start(1)
        self.mark_dirty()

    def next_expiry(self) -> None:
        """The next later expiry."""
        self.expiry.setCurrentIndex(min(self.expiry.currentIndex() + 1, self.expiry.count() - 1))

    def previous_expiry(self) -> None:
        """The next nearer expiry."""
        self.expiry.setCurrentIndex(max(self.expiry.currentIndex() - 1, 0))

    def has_contract(self) -> bool:
        """Whether the current cell belongs to a contract."""
        return self._current() is not None

    @Slot()
    def show_contract(self) -> None:
        """Moves the link group to the contract of the current cell."""
        contract = self._current()
        if contract is not None:
            self.publish(contract.id)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Tooltips of cells are made when they are asked for, not before."""
        if isinstance(event, QHelpEvent) and watched is self.table.viewport():
            index = self.table.indexAt(event.pos())
            if index.isValid():
                text = self._view.hint(index.row(), index.column(), self.context.desk.clock.now_ns())
                QToolTip.showText(event.globalPos(), text, self.table)
            return True
        return super().eventFilter(watched, event)

    def _current(self) -> Instrument | None:
        index = self.table.currentIndex()
        return self._view.option(index.row(), index.column()) if index.isValid() else None

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    def _reset_rows(self, frame: Frame) -> None:
        self.table.begin_reset()
        self._view.refresh(0, -1, frame.market_ns, self._feed.pulse(frame.wall_ns))
        self.table.end_reset()
        row = None if self._wanted_option is None else self._view.row_of(self._wanted_option)
        if self._choose_again():
            return
        if row is not None and self._wanted_option is not None:
            terms = self.context.desk.table.get(self._wanted_option).option
            side = "put" if terms is not None and terms.symbol.right is Right.PUT else "call"
            self.table.setCurrentIndex(self.table.model().index(row, PLACE_OF[f"{side}.bid"]))

    def _keep_window(self) -> None:
        """Other strikes when the window was chosen or the spot has left its middle; the cell that is chosen stays."""
        self._hold_chosen()
        wanted = None if self._wanted_option is None else self.context.desk.table.get(self._wanted_option).option
        wanted_px = None if wanted is None else wanted.strike_px
        self._view.keep_window(self._view.reckoned.values, wanted_px if self._chosen is None else self._chosen[0])
        if not self._view.will_reset:
            self._chosen = None

    def _hold_chosen(self) -> None:
        """Remembers the current cell by its strike, unless the view has other rows already than the table."""
        index = self.table.currentIndex()
        if index.isValid() and not self._view.will_reset and index.row() < len(self._view.strikes_px):
            self._chosen = int(self._view.strikes_px[index.row()]), index.column()

    def _choose_again(self) -> bool:
        """Whether the chosen cell is there again."""
        chosen, self._chosen = self._chosen, None
        row = None if chosen is None else self._view.row_of_strike(chosen[0])
        if chosen is None or row is None:
            return False
        self.table.setCurrentIndex(self.table.model().index(row, chosen[1]))
        return True

    @Slot(int)
    def _window_chosen(self, place: int) -> None:
        self._view.window = WINDOWS[place]
        self._centring.start()
        self.mark_dirty()

    def _middle_row(self) -> int | None:
        """The contract that the group asked for, else the strike nearest to the spot."""
        wanted = None if self._wanted_option is None else self._view.row_of(self._wanted_option)
        return self._view.at_the_money() if wanted is None else wanted

    def _keep_series(self, now_ns: int) -> None:
        """Lists expiries when instruments came or the day turned."""
        table, underlying = self.context.desk.table, self._view.underlying
        if underlying is not None and now_ns // _RELABEL_NS != self._labelled:
            self._labelled = now_ns // _RELABEL_NS
            self.expiry.label(self._series, now_ns)
        if underlying is None or len(table) == self._listed:
            self.pages.setCurrentIndex(1 if self._view.series is not None else 0)
            return
        self._listed = len(table)
        self._series = series_of(table, underlying.id)
        if not self._series:
            self._view.show(underlying, None)
            self.empty.say(f"{underlying.label} has no listed options in this market.")
            self.pages.setCurrentIndex(0)
            return
        self.expiry.blockSignals(True)
        self.expiry.clear()
        for each in self._series:
            self.expiry.addItem("", each.key)
        self.expiry.label(self._series, now_ns)
        self.expiry.setCurrentIndex(self.expiry.first_choice(self._series, self._wanted_key, now_ns))
        self.expiry.blockSignals(False)
        self.pages.setCurrentIndex(1)
        self._expiry_chosen(self.expiry.currentIndex())

    @Slot(int)
    def _expiry_chosen(self, place: int) -> None:
        if not 0 <= place < len(self._series) or self._view.underlying is None:
            return
        series = self._series[place]
        self._hold_chosen()
        if self._view.series == series:
            if not self._view.is_complete:
                self._view.show(self._view.underlying, series)
            return
        self._wanted_key = series.key
        self._view.show(self._view.underlying, series)
        self._centring.start()
        self._source.start_over()
        self._take_restored_rate()
        self.rate.show_rate(self._source.rate)
        self.title_changed.emit()
        self.mark_dirty()

    def _take_restored_rate(self) -> None:
        series, restored = self._view.series, self._restored_rate
        if series is not None and restored is not None and series.key == restored[0]:
            self._restored_rate = None
            self._source.tell_rate(restored[1])
            self.rate.show_rate(restored[1])

    @Slot()
    def _rate_told(self) -> None:
        self._source.tell_rate(self.rate.rate)
        self.mark_dirty()

    def _say_method(self, now_ns: int) -> None:
        text, method = self._source.words(now_ns)
        if text != self.method.text():
            self.method.setText(text)
        if method != self.method.toolTip():
            self.method.setToolTip(method)
            self.table.set_head_tips(
                {PLACE_OF[f"{side}.{name}"]: method for side in ("call", "put") for name in ("iv", "delta")}
            )

    def _write_spot(self) -> None:
        underlying, spot = self._view.underlying, self._view.spot_px()
        text = "" if underlying is None else f"{underlying.label}  {formats.price(spot, underlying)}"
        if text != self.spot.text():
            self.spot.setText(text)

    def showEvent(self, event: QEvent) -> None:
        """Hears of its window being minimised, wherever it is docked now."""
        super().showEvent(event)
        handle = self.window().windowHandle()
        if handle is not None and handle is not self._window:
            self._window = handle
            handle.windowStateChanged.connect(self._window_changed)

    @Slot(Qt.WindowState)
    def _window_changed(self, _state: Qt.WindowState) -> None:
        if self.window().isMinimized():
            self._source.release()

    def hideEvent(self, event: QHideEvent) -> None:
        """A chain that nobody sees is not reckoned."""
        self._source.release()
        super().hideEvent(event)

    def quarantine(self, details: str) -> None:
        """Nor one that failed."""
        self._source.release()
        super().quarantine(details)

    def close_panel(self) -> None:
        """Nor one that is gone."""
        self._source.release()
        super().close_panel()

    @Slot(int, int)
    def _clicked(self, row: int, column: int) -> None:
        side, contract = self._view.side_of_click(column), self._view.option(row, column)
        if side is not None and contract is not None:
            self.propose(OrderDraft(contract.id, side, 1, OrderType.LIMIT))

    def add_quote(self) -> None:
        """The bid or ask of the current cell, as a leg."""
        index = self.table.currentIndex()
        self._added(index.row(), index.column())

    @Slot(int, int)
    def _added(self, row: int, column: int) -> None:
        side, contract = self._view.side_of_click(column), self._view.option(row, column)
        if side is None or contract is None:
            self.context.shell.notify("Choose a bid (sold) or an ask (bought) to add a leg to the strategy builder.")
        elif self.add_leg(contract, 1 if side is Side.BUY else -1):
            word = "bought" if side is Side.BUY else "sold"
            self.context.shell.notify(f"Strategy builder: {word} 1 {contract.label}.")

    @Slot(int, int)
    def _activated(self, row: int, column: int) -> None:
        if self._view.side_of_click(column) is not None:
            self._clicked(row, column)
        else:
            self.show_contract()
