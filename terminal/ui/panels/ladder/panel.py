"""The ladder panel: depth by price, own orders, and order keys that are live only when the account is armed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partialmethod
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.ports import OrderRow, PositionRow
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.ladder import LadderView
from terminal.app.views.ladder_axis import Follow
from terminal.app.views.ladder_columns import DEFAULT, Choice, chosen_from
from terminal.app.views.ladder_rows import LadderRows
from terminal.app.views.ladder_words import row_words
from terminal.core.instruments import Instrument
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import PanelContext, Settings
from terminal.ui.panels.ladder.canvas import LadderCanvas
from terminal.ui.panels.ladder.controls import MOST_QUANTITY, LadderControls, LadderFoot
from terminal.ui.panels.ladder.hands import LadderHands
from terminal.ui.panels.ladder.keys import LadderKeys
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.empty_state import EmptyState


class LadderPanel(LadderKeys):
    """Clicks in the bid column buy, in the ask column sell, at the row's price; own orders are cancelled by a click."""

    TYPE, TITLE = "ladder", "Ladder"
    NEEDS = Needs.MARKET | Needs.TRADING | Needs.SECOND
    MIN_INTERVAL_MS = 0

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health, context.desk.past)
        self._view = LadderView(context.desk.market)
        self._rows: LadderRows | None = None
        self._orders: Sequence[OrderRow] = ()
        self._positions: Sequence[PositionRow] = ()
        self._orders_version = -1
        self._said = ""
        self._chosen = DEFAULT
        self.canvas = LadderCanvas(context.theme)
        self.controls, self.foot = LadderControls(), LadderFoot()
        self.quantity, self.step = self.controls.quantity, self.controls.step
        self.hands = LadderHands(context, self.canvas, self.quantity.value, self._say, self.propose)
        self.note = ElidedLabel()
        self.note.setProperty("role", "faint")
        self.note.setContentsMargins(6, 0, 6, 2)
        self.note.setFixedHeight(18)
        self._lay_out()
        self._connect()
        self._show_columns()

    def _lay_out(self) -> None:
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        for widget, stretch in ((self.controls, 0), (self.canvas, 1), (self.foot, 0), (self.note, 0)):
            inner.addWidget(widget, stretch)
        self.empty = EmptyState("Choose a symbol to see its prices.", "Find a symbol", self._find)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.canvas)

    def _connect(self) -> None:
        self.canvas.pressed.connect(self._touched)
        self.canvas.hovered.connect(self._write_note)
        self.canvas.held.connect(self._hold)
        self.canvas.wheeled.connect(self._wheeled)
        self.step.currentIndexChanged.connect(self._step_chosen)
        self.controls.centre.clicked.connect(self.centre)
        self.controls.follow.clicked.connect(self.toggle_follow)
        self.controls.column_chosen.connect(self._column_chosen)
        self.controls.in_ticks.triggered.connect(self.toggle_ticks)
        self.controls.armed.clicked.connect(self._toggle_arming)
        self.foot.bids.clicked.connect(self.cancel_buys)
        self.foot.asks.clicked.connect(self.cancel_sells)
        self.foot.all.clicked.connect(self.cancel_here)

    # What the base calls.

    def refresh(self, frame: Frame) -> None:
        """Reads book, trades, quote and own orders."""
        instrument = self._view.instrument
        if instrument is None:
            return
        desk = self.context.desk
        version = desk.trading.version
        if version != self._orders_version:
            # A snapshot marks every position; thirty a second would be for nothing.
            snapshot = desk.trading.snapshot()
            self._orders_version, self._orders, self._positions = version, snapshot.orders, snapshot.positions
        self._rows = rows = self._view.picture(
            self.canvas.row_count(), self._orders, self._feed.pulse(frame.wall_ns), now_ns=frame.market_ns,
            positions=self._positions, is_past=self.is_past,
        )  # fmt: skip
        self.canvas.show_rows(rows, instrument)
        self._show_preview()
        if self.hands.refresh(rows, self._orders, frame.wall_ns):
            self.mark_dirty()
        self.controls.show_step(self._view.axis.step)
        self.canvas.show_armed(desk.arming.is_armed)
        self.controls.show_arming(desk.arming.state, self.context.theme)
        self._show_position(rows, instrument)
        self._write_note()

    def show_instrument(self, instrument: Instrument) -> None:
        """Another ladder; a preview is dropped."""
        self._view.show(instrument)
        self.hands.show(instrument)
        self._preview = None
        self._said = ""
        self.pages.setCurrentIndex(1)

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.canvas.apply_theme(theme)
        self.controls.show_arming(self.context.desk.arming.state, theme, again=True)

    def frame_facts(self) -> Settings:
        """Best bid and ask as they were painted last, and whether the book was good."""
        return {} if self._rows is None else self._rows.facts()

    def save_settings(self) -> Settings:
        """Quantity, ticks a row, columns, whether it follows the market, profit in ticks."""
        return {
            "quantity": self.quantity.value(),
            "step": self._view.axis.chosen_step,
            "columns": [choice.value for choice in Choice if choice in self._chosen],
            "follow": self._view.axis.follow.value,
            "in_ticks": self.canvas.in_ticks,
        }

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        quantity = settings.get("quantity")
        if isinstance(quantity, int) and 1 <= quantity <= MOST_QUANTITY:
            self.quantity.setValue(quantity)
        place = self.step.findData(settings.get("step"))
        if place >= 0:
            self.step.setCurrentIndex(place)
        self._set_follow(Follow.NEVER if settings.get("follow") == Follow.NEVER.value else Follow.MARKET)
        self._chosen = chosen_from(settings.get("columns"))
        self.canvas.in_ticks = settings.get("in_ticks") is True
        self._show_columns()

    # Commands of the mouse too; those of the keys alone are in the base.

    @Slot()
    def centre(self) -> None:
        """Puts the market in the middle."""
        self._view.axis.centre()
        self.mark_dirty()

    @Slot()
    def toggle_follow(self) -> None:
        """Centres by itself from now on, or stands still until asked."""
        follows = self._view.axis.follow is Follow.MARKET
        self._set_follow(Follow.NEVER if follows else Follow.MARKET)

    @Slot()
    def toggle_ticks(self) -> None:
        """Profit at each price in ticks, or in money."""
        self.canvas.in_ticks = not self.canvas.in_ticks
        self._show_columns()

    def _toggle_column(self, choice: Choice) -> None:
        self._column_chosen(choice, choice not in self._chosen)

    _column_volume = partialmethod(_toggle_column, Choice.VOLUME)
    _column_trades = partialmethod(_toggle_column, Choice.TRADES)
    _column_sums = partialmethod(_toggle_column, Choice.SUMS)
    _column_recent = partialmethod(_toggle_column, Choice.RECENT)
    _column_profit = partialmethod(_toggle_column, Choice.PROFIT)

    # Inside.

    def _set_follow(self, follow: Follow) -> None:
        self._view.axis.follow = follow
        self.controls.follow.setChecked(follow is Follow.MARKET)
        self.mark_dirty()

    def _show_columns(self) -> None:
        self.canvas.show_columns(self._chosen, in_ticks=self.canvas.in_ticks)
        self.controls.show_columns(self._chosen, in_ticks=self.canvas.in_ticks)

    @Slot(object, bool)
    def _column_chosen(self, choice: Choice, is_shown: bool) -> None:
        self._chosen = self._chosen | {choice} if is_shown else self._chosen - {choice}
        self._show_columns()

    @Slot()
    def _touched(self) -> None:
        self.activated.emit(self)

    @Slot(bool)
    def _hold(self, is_held: bool) -> None:
        self._view.axis.is_held = is_held
        self.mark_dirty()

    @Slot(int, bool)
    def _wheeled(self, rows: int, with_control: bool) -> None:
        if with_control:
            place = self.step.currentIndex() + (-1 if rows > 0 else 1)
            self.step.setCurrentIndex(min(max(0, place), self.step.count() - 1))
        else:
            self._view.axis.scroll(rows)
        self.mark_dirty()

    @Slot(int)
    def _step_chosen(self, _place: int) -> None:
        self._view.axis.set_step(int(self.step.currentData()))
        self.mark_dirty()

    @Slot()
    def _toggle_arming(self) -> None:
        self.context.shell.run("trade.arm")
        self.mark_dirty()

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    def _show_preview(self) -> None:
        row = -1
        if self._preview is not None and self._rows is not None and self._preview.limit_px is not None:
            row = self._view.row_of(self._rows, self._preview.limit_px, self._preview.side)
        self.canvas.show_preview(row, self._preview)

    def _show_position(self, rows: LadderRows, instrument: Instrument) -> None:
        held, tokens = rows.position, self.context.theme.tokens
        if self.is_past:
            self.foot.show_position("", tokens.text2)
            return
        if held is None:
            self.foot.show_position("Flat", tokens.text2)
            return
        text = f"{formats.signed_size(held.quantity)} @ {formats.average_price(held.average_px, instrument)}"
        self.foot.show_position(text, tokens.up if held.quantity > 0 else tokens.down)

    def _say(self, sentence: str) -> None:
        self._said = sentence
        self._write_note()
        self.mark_dirty()

    @Slot()
    def _write_note(self) -> None:
        """What was just done, else what the row under the pointer holds, else what is missing."""
        rows, instrument, spot = self._rows, self._view.instrument, self.hands.spot
        if rows is None or instrument is None:
            return
        words = "" if spot is None or spot.row >= len(rows.prices) else row_words(rows, spot.row, instrument)
        text = self._said or words or rows.note
        if text != self.note.text():
            self.note.setText(text)
            self.note.setToolTip(text)
