"""The time and sales panel: the tape of a symbol, of the watchlist or of the market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QStackedWidget, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.views import tape_words
from terminal.app.views.export import plain_rows
from terminal.app.views.time_and_sales import TapePage, TapeRules, TimeAndSalesView
from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument
from terminal.market.places import NO_QUOTE
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.time_and_sales.canvas import TapeCanvas
from terminal.ui.panels.time_and_sales.controls import JOININGS, TapeControls, TapeFoot
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.empty_state import EmptyState

_OLDER_EVERY_NS = 1_000_000_000
_MOST_EXPORTED = 1_000_000
_HEADS = ("Number", "Time", "Symbol", "Side", "Price low", "Price high", "Size", "Trades", "At", "Venue", "Condition")


class TimeAndSalesPanel(Panel):
    """Newest on top; scrolling back pauses, Space goes on."""

    TYPE, TITLE = "time_and_sales", "Time & Sales"
    NEEDS = Needs.MARKET
    MIN_INTERVAL_MS = 15
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("pause", "Pause the tape, or go on", "toggle_pause", ("Space",), help="No trade is lost"),
        PanelCommand("newest", "Newest trade", "to_newest", ("Home",)),
        PanelCommand("back", "Older trades", "page_back", ("PgDown",)),
        PanelCommand("forward", "Newer trades", "page_forward", ("PgUp",)),
        PanelCommand("line_back", "One row back", "line_back", ("Down",)),
        PanelCommand("line_forward", "One row forward", "line_forward", ("Up",)),
        PanelCommand("join", "Join trades: none, by price, sweeps", "next_joining", ("M",)),
        PanelCommand("least", "Choose the least size", "choose_least", ("Ctrl+F",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._view = TimeAndSalesView(context.desk.market)
        self._shown: Instrument | None = None
        self._least: dict[str, int] = {}
        self._listed: tuple[int, ...] = ()
        self._above = 0
        self._older, self._older_at_ns = "", 0
        self.controls, self.foot = TapeControls(), TapeFoot(context.theme)
        self.canvas = TapeCanvas(context.theme, context.desk.table.get, lambda: context.desk.table.venue_names)
        self.bar = QScrollBar(Qt.Orientation.Vertical)
        self.bar.setAccessibleName("Older trades")
        self._lay_out()
        self.controls.scope.currentIndexChanged.connect(self._scope_chosen)
        self.controls.joining.currentIndexChanged.connect(self._joining_chosen)
        self.controls.size_typed.connect(self._size_typed)
        self.controls.pause.clicked.connect(self.toggle_pause)
        self.foot.window_s.currentIndexChanged.connect(self._again)
        self.canvas.wheeled.connect(self._scroll)
        self.bar.valueChanged.connect(self._bar_moved)

    def _lay_out(self) -> None:
        page, rows = QWidget(), QHBoxLayout()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        rows.setSpacing(0)
        rows.addWidget(self.canvas, 1)
        rows.addWidget(self.bar)
        inner.addWidget(self.controls)
        inner.addLayout(rows, 1)
        inner.addWidget(self.foot)
        self.empty = EmptyState("Choose a symbol to see its trades.", "Find a symbol", self._find)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.canvas)

    # What the base calls.

    def refresh(self, frame: Frame) -> None:
        """Takes in the trades since the last call; a hidden tape catches up here."""
        if self._scope == "list":
            self._follow_list()
        self._view.refresh()
        if frame.wall_ns - self._older_at_ns >= _OLDER_EVERY_NS:
            self._older_at_ns = frame.wall_ns
            count = self._view.older()
            self._older = f"{count:,} older trades are in the recording." if count else ""
        self._show()

    def show_instrument(self, instrument: Instrument) -> None:
        """Another tape, unless this one is of the watchlist or of the market."""
        self._shown = instrument
        self.pages.setCurrentIndex(1)
        if self._scope == "symbol":
            self._read_scope()

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.canvas.apply_theme(theme)
        self.foot.apply_theme(theme)

    def subtitle(self) -> str:
        """The symbol, or whose trades these are."""
        return super().subtitle() if self._scope == "symbol" else self.controls.scope.currentText()

    def save_settings(self) -> Settings:
        """Scope, joining, stretch of the totals, and the least size by symbol."""
        return {
            "scope": self._scope,
            "joining": self.controls.joining.currentData(),
            "window_s": self.foot.window_s.currentData(),
            "least": dict(self._least),
        }

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        least = settings.get("least")
        if isinstance(least, dict):
            self._least = {
                each: size for each, size in least.items()
                if isinstance(each, str) and isinstance(size, int) and not isinstance(size, bool) and size >= 0
            }  # fmt: skip
        for box, name in (
            (self.controls.scope, "scope"),
            (self.controls.joining, "joining"),
            (self.foot.window_s, "window_s"),
        ):
            place = box.findData(settings.get(name))
            if place >= 0:
                box.setCurrentIndex(place)
        self._take_rules()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """Every row that passes the filter, newest first; times in New York with their offset."""
        rows = self._view.page(0, _MOST_EXPORTED).rows
        found = []
        for row in rows:
            instrument = self.context.desk.table.get(int(row["instrument"]))
            place = int(row["place"])
            found.append(
                (
                    str(int(row["number"])),
                    from_ns(int(row["ts_ns"])).isoformat(timespec="microseconds"),
                    instrument.label,
                    {1: "buy", -1: "sell", 0: ""}[int(row["side"])],
                    formats.price(int(row["low_px"]), instrument),
                    formats.price(int(row["high_px"]), instrument),
                    formats.quantity(int(row["size"]), instrument),
                    str(int(row["prints"])),
                    "" if place == NO_QUOTE else tape_words.PLACE_WORDS[place],
                    _venue(row, self.context.desk.table.venue_names),
                    tape_words.condition(int(row["flags"])),
                )
            )
        return plain_rows(_HEADS, found)

    # Commands.

    @Slot()
    def toggle_pause(self) -> None:
        """Stands still, or goes on with the newest."""
        if self._view.is_paused:
            self.to_newest()
        else:
            self._view.pause()
        self.mark_dirty()

    def to_newest(self) -> None:
        """Ends a pause and jumps to the newest trade."""
        self._view.resume()
        self._above = 0
        self.mark_dirty()

    def page_back(self) -> None:
        """A page of older trades."""
        self._scroll(max(1, self.canvas.row_count() - 2))

    def page_forward(self) -> None:
        """A page of newer trades."""
        self._scroll(-max(1, self.canvas.row_count() - 2))

    def line_back(self) -> None:
        """One row back."""
        self._scroll(1)

    def line_forward(self) -> None:
        """One row forward."""
        self._scroll(-1)

    def next_joining(self) -> None:
        """The next way to join trades."""
        box = self.controls.joining
        box.setCurrentIndex((box.currentIndex() + 1) % box.count())

    def choose_least(self) -> None:
        """Puts the cursor into the least size."""
        self.controls.start_typing()

    # Inside.

    @property
    def _scope(self) -> str:
        return str(self.controls.scope.currentData())

    @property
    def _key(self) -> str:
        return self._shown.symbol if self._scope == "symbol" and self._shown is not None else f"*{self._scope}"

    def _unit(self) -> Instrument | None:
        return self._shown if self._scope == "symbol" else None

    def _show(self) -> None:
        page = self._view.page(self._above, self.canvas.row_count())
        self._above = page.above
        banner = ""
        if self._view.is_paused:
            banner = f"Paused: {self._view.waiting:,} new. Space goes on."
        symbols = self._scope != "symbol"
        note = self._older if page.above + len(page.rows) >= page.total else ""
        if not page.total and not note:
            note = self._view.why_empty()
        self.canvas.show_page(
            page, shows_symbol=symbols, large_size=self._view.large_size(), banner=banner, note=note
        )  # fmt: skip
        self.controls.pause.setChecked(self._view.is_paused)
        self._show_place(page)
        unit = self._unit()
        totals = self._view.totals(int(self.foot.window_s.currentData()))
        self.foot.show_totals(totals, unit, self._older, self.context.theme)
        least = self._view.rules.least_size
        self.controls.show_least(f"≥ {self._size_text(least)}" if least else "Any", unit)

    def _show_place(self, page: TapePage) -> None:
        """On the scroll bar; at the newest a hundredth more trades move nothing that could be seen."""
        room = max(1, self.canvas.row_count() - 1)
        most = max(0, page.total - room)
        is_near = 0 <= most - self.bar.maximum() <= most // 100
        if is_near and page.above == self.bar.value() == 0 and room == self.bar.pageStep():
            return
        self.bar.blockSignals(True)
        self.bar.setRange(0, most)
        self.bar.setPageStep(room)
        self.bar.setValue(page.above)
        self.bar.blockSignals(False)

    def _size_text(self, size: int) -> str:
        unit = self._unit()
        return formats.size(size) if unit is None else formats.quantity(size, unit)

    def _read_scope(self) -> None:
        self._above, self._older, self._older_at_ns = 0, "", 0
        if self._scope == "all":
            self._view.show(None)
        elif self._scope == "list":
            self._listed = ()
            self._view.show(())
            self._follow_list()
        else:
            self._view.show(() if self._shown is None else (self._shown.id,))
        self._take_rules()
        if self._scope != "symbol" or self._shown is not None:
            self.pages.setCurrentIndex(1)
        self.mark_dirty()

    def _follow_list(self) -> None:
        listed = self.context.links.listed(self.link_group)
        if listed != self._listed:
            self._listed = listed
            self._view.show(listed)

    def _take_rules(self) -> None:
        merge, within_ms, _ = JOININGS[str(self.controls.joining.currentData())]
        self._view.set_rules(TapeRules(merge, within_ms, self._least.get(self._key, 0)))
        self.mark_dirty()

    @Slot()
    def _again(self) -> None:
        self.mark_dirty()

    @Slot()
    def _scope_chosen(self) -> None:
        self._read_scope()
        self.title_changed.emit()

    @Slot()
    def _joining_chosen(self) -> None:
        self._above = 0
        self._take_rules()

    @Slot(str)
    def _size_typed(self, text: str) -> None:
        size = tape_words.parse_size("" if text == "Any" else text, self._unit())
        self.controls.mark_size(is_wrong=size is None)
        if size is None:
            self.context.shell.notify(f"{text!r} is no size; write it like 100.", error=True)
            return
        self._least[self._key] = size
        if not size:
            del self._least[self._key]
        self._above = 0
        self._take_rules()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(int)
    def _scroll(self, rows: int) -> None:
        if rows > 0:
            self._view.pause()
        self._above = max(0, self._above + rows)
        self.mark_dirty()

    @Slot(int)
    def _bar_moved(self, value: int) -> None:
        self._scroll(value - self._above)

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")


def _venue(row: np.void, names: Mapping[int, str]) -> str:
    """The name of a row's one venue, its number where the feed has no name for it."""
    number = int(row["venue"])
    return names.get(number, str(number)) if number and row["venues"] == 1 else ""
