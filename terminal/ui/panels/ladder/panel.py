"""The ladder panel: depth by price, own orders, and order keys that are live only when the account is armed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partialmethod
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from terminal.app import formats
from terminal.app.ports import OrderDraft, OrderRow
from terminal.app.views import ladder_keys
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.ladder import LadderRows, LadderView
from terminal.app.views.ladder_keys import QUANTITY_PRESETS, Doing, LadderAction
from terminal.core.instruments import Instrument
from terminal.core.orders import Side
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.ladder.canvas import LadderCanvas, Spot, Zone
from terminal.ui.panels.ladder.controls import MOST_QUANTITY, LadderControls
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.empty_state import EmptyState


def _preset(number: int) -> PanelCommand:
    quantity = QUANTITY_PRESETS[number - 1]
    return PanelCommand(f"quantity{number}", f"Quantity {quantity}", f"_preset_{number}", (str(number),))


class LadderPanel(Panel):
    """Clicks in the bid column buy, in the ask column sell, at the row's price; own orders are cancelled by a click."""

    TYPE, TITLE = "ladder", "Ladder"
    NEEDS = Needs.MARKET | Needs.TRADING
    MIN_INTERVAL_MS = 33
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("join_bid", "Buy: join the bid", "join_bid", ("B",), True, help="Previews; Enter sends"),
        PanelCommand("join_ask", "Sell: join the ask", "join_ask", ("S",), True, help="Previews; Enter sends"),
        PanelCommand("take_ask", "Buy: take the ask", "take_ask", ("Shift+B",), True, help="Previews; Enter sends"),
        PanelCommand("take_bid", "Sell: take the bid", "take_bid", ("Shift+S",), True, help="Previews; Enter sends"),
        PanelCommand("send", "Send the previewed order", "send_preview", ("Return", "Enter"), True, "has_preview"),
        PanelCommand("drop", "Drop the previewed order", "drop_preview", ("Escape",), False, "has_preview"),
        PanelCommand("up", "Price up a tick", "price_up", ("Up",)),
        PanelCommand("down", "Price down a tick", "price_down", ("Down",)),
        PanelCommand("more", "One more", "quantity_up", ("Right",)),
        PanelCommand("less", "One less", "quantity_down", ("Left",)),
        PanelCommand("centre", "Centre the ladder", "centre", ("C",)),
        PanelCommand("cancel_last", "Cancel the newest order here", "cancel_newest", ("Backspace",), True),
        *(_preset(number) for number in range(1, 7)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health)
        self._view = LadderView(context.desk.market)
        self._rows: LadderRows | None = None
        self._orders: Sequence[OrderRow] = ()
        self._orders_version = -1
        self._preview: OrderDraft | None = None
        self._spot: Spot | None = None
        self._said = ""
        self.canvas = LadderCanvas(context.theme)
        self.controls = LadderControls()
        self.quantity, self.step = self.controls.quantity, self.controls.step
        self.note = ElidedLabel()
        self.note.setProperty("role", "faint")
        self.note.setContentsMargins(6, 2, 6, 2)
        self.note.setMinimumHeight(18)
        self._lay_out()
        self.canvas.pressed.connect(self._pressed)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.wheeled.connect(self._wheeled)
        self.step.currentIndexChanged.connect(self._step_chosen)
        self.controls.centre.clicked.connect(self.centre)
        self.controls.armed.clicked.connect(self._toggle_arming)

    def _lay_out(self) -> None:
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        inner.addWidget(self.controls)
        inner.addWidget(self.canvas, 1)
        inner.addWidget(self.note)
        self.empty = EmptyState("Choose a symbol to see its prices.", "Find a symbol", self._find)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.canvas)

    def refresh(self, frame: Frame) -> None:
        """Reads book, quote and own orders."""
        instrument = self._view.instrument
        if instrument is None:
            return
        desk = self.context.desk
        version = desk.trading.version
        if version != self._orders_version:
            # A snapshot marks every position; thirty a second would be for nothing.
            self._orders_version, self._orders = version, desk.trading.snapshot().orders
        rows = self._view.picture(self.canvas.row_count(), self._orders, self._feed.pulse(frame.wall_ns))
        self._rows = rows
        self.canvas.show_rows(rows, instrument)
        self._show_preview()
        self._write_ghost()
        self.controls.show_step(self._view.step)
        is_armed = desk.arming.is_armed
        self.canvas.show_armed(is_armed)
        self.controls.show_arming(desk.arming.state, self.context.theme)
        self._write_note(rows)

    def show_instrument(self, instrument: Instrument) -> None:
        """Another ladder; a preview is dropped."""
        self._view.show(instrument)
        self._preview = None
        self._said = ""
        self.pages.setCurrentIndex(1)

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.canvas.apply_theme(theme)
        self.controls.show_arming(self.context.desk.arming.state, theme, again=True)

    def save_settings(self) -> Settings:
        """Quantity and ticks a row."""
        return {"quantity": self.quantity.value(), "step": self._view.chosen_step}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        quantity = settings.get("quantity")
        if isinstance(quantity, int) and 1 <= quantity <= MOST_QUANTITY:
            self.quantity.setValue(quantity)
        place = self.step.findData(settings.get("step"))
        if place >= 0:
            self.step.setCurrentIndex(place)

    # Keys.

    def join_bid(self) -> None:
        """Previews a purchase at the bid."""
        self._preview_key(Side.BUY, takes=False)

    def join_ask(self) -> None:
        """Previews a sale at the ask."""
        self._preview_key(Side.SELL, takes=False)

    def take_ask(self) -> None:
        """Previews a purchase at the ask."""
        self._preview_key(Side.BUY, takes=True)

    def take_bid(self) -> None:
        """Previews a sale at the bid."""
        self._preview_key(Side.SELL, takes=True)

    def has_preview(self) -> bool:
        """Whether an order is previewed."""
        return self._preview is not None

    def send_preview(self) -> None:
        """Sends the previewed order once; disarmed it says how to arm."""
        draft, instrument = self._preview, self._view.instrument
        if draft is None or instrument is None:
            return
        if not self.context.desk.arming.is_armed:
            self._say("Disarmed: nothing was sent. Arm the account (Ctrl+Alt+A), then press Enter.")
            return
        self._preview = None
        self.context.desk.trading.submit(draft)
        self._say(f"Sent: {ladder_keys.describe(instrument, draft)}.")

    def drop_preview(self) -> None:
        """Drops the previewed order."""
        self._preview = None
        self._say("")

    def price_up(self) -> None:
        """Moves the previewed order, else the ladder, up."""
        self._nudge(1)

    def price_down(self) -> None:
        """Moves the previewed order, else the ladder, down."""
        self._nudge(-1)

    def quantity_up(self) -> None:
        """One more."""
        self._resize(1)

    def quantity_down(self) -> None:
        """One less."""
        self._resize(-1)

    @Slot()
    def centre(self) -> None:
        """Puts the market in the middle."""
        self._view.centre()
        self.mark_dirty()

    def cancel_newest(self) -> None:
        """Asks to cancel the newest working order of this symbol; works disarmed."""
        for order in reversed(self.context.desk.trading.snapshot().orders):
            if order.instrument == self.instrument and not order.state.is_terminal:
                self.context.desk.trading.cancel(order.order_id)
                self._say("Cancel asked for.")
                return
        self._say("No working order here to cancel.")

    def _set_quantity(self, number: int) -> None:
        self.quantity.setValue(QUANTITY_PRESETS[number - 1])
        if self._preview is not None:
            self._preview = ladder_keys.resized(self._preview, self.quantity.value() - self._preview.quantity)
        self.mark_dirty()

    _preset_1 = partialmethod(_set_quantity, 1)
    _preset_2 = partialmethod(_set_quantity, 2)
    _preset_3 = partialmethod(_set_quantity, 3)
    _preset_4 = partialmethod(_set_quantity, 4)
    _preset_5 = partialmethod(_set_quantity, 5)
    _preset_6 = partialmethod(_set_quantity, 6)

    def _resize(self, by: int) -> None:
        self.quantity.setValue(self.quantity.value() + by)
        if self._preview is not None:
            self._preview = ladder_keys.resized(self._preview, by)
        self.mark_dirty()

    def _nudge(self, ticks: int) -> None:
        if self._preview is not None and self._view.instrument is not None:
            self._preview = ladder_keys.moved(self._view.instrument, self._preview, ticks)
            self._said = f"{ladder_keys.describe(self._view.instrument, self._preview)}: Enter sends, Esc drops."
        else:
            self._view.scroll(ticks)
        self.mark_dirty()

    def _preview_key(self, side: Side, *, takes: bool) -> None:
        instrument = self._view.instrument
        if instrument is None:
            return
        action = ladder_keys.key_draft(instrument, side, self.quantity.value(), self._quote(instrument), takes=takes)
        self._preview = action.draft
        self._say(action.sentence)

    # The mouse.

    @Slot(int, object)
    def _pressed(self, row: int, zone: Zone) -> None:
        instrument, rows = self._view.instrument, self._rows
        self.activated.emit(self)
        if instrument is None or rows is None or row >= len(rows.prices):
            return
        if zone in {Zone.OWN_BUYS, Zone.OWN_SELLS}:
            self._cancel_at(rows, row, Side.BUY if zone is Zone.OWN_BUYS else Side.SELL)
        elif zone in {Zone.BIDS, Zone.ASKS}:
            side = Side.BUY if zone is Zone.BIDS else Side.SELL
            armed = self.context.desk.arming.is_armed
            quote, px = self._quote(instrument), int(rows.prices[row])
            self._do(ladder_keys.action_of_click(instrument, side, px, self.quantity.value(), quote, is_armed=armed))

    def _do(self, action: LadderAction) -> None:
        if action.draft is not None and action.doing is Doing.SEND:
            self.context.desk.trading.submit(action.draft)
        elif action.draft is not None:
            self.propose(action.draft)
        self._say(action.sentence)

    def _cancel_at(self, rows: LadderRows, row: int, side: Side) -> None:
        mine = [order for order in rows.own[row] if order.side is side]
        for order in mine:
            self.context.desk.trading.cancel(order.order_id)
        if mine:
            self._say(f"Cancel asked for {len(mine)} order{'' if len(mine) == 1 else 's'}.")

    @Slot(object)
    def _hovered(self, spot: Spot | None) -> None:
        self._spot = spot
        self._view.is_held = spot is not None
        self._write_ghost()
        if self._rows is not None:
            self._write_note(self._rows)

    def _write_ghost(self) -> None:
        """What a click here would do, before it is done."""
        spot, instrument, rows = self._spot, self._view.instrument, self._rows
        if spot is None or instrument is None or rows is None or spot.row >= len(rows.prices):
            return
        side = Side.BUY if spot.zone is Zone.BIDS else Side.SELL
        takes = ladder_keys.would_trade(side, int(rows.prices[spot.row]), self._quote(instrument))
        sends = self.context.desk.arming.is_armed and not takes
        verb = side.name.capitalize()
        self.canvas.show_ghost(f"{verb if sends else 'Draft'} {formats.size(self.quantity.value())}", sends)

    @Slot(int, bool)
    def _wheeled(self, rows: int, with_control: bool) -> None:
        if with_control:
            place = self.step.currentIndex() + (-1 if rows > 0 else 1)
            self.step.setCurrentIndex(min(max(0, place), self.step.count() - 1))
        else:
            self._view.scroll(rows)
        self.mark_dirty()

    @Slot(int)
    def _step_chosen(self, _place: int) -> None:
        self._view.set_step(int(self.step.currentData()))
        self.mark_dirty()

    @Slot()
    def _toggle_arming(self) -> None:
        self.context.shell.run("trade.arm")
        self.mark_dirty()

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    def _quote(self, instrument: Instrument) -> np.void:
        return self.context.desk.market.read(np.array([instrument.id], np.int32))[0]

    def _show_preview(self) -> None:
        row = -1
        if self._preview is not None and self._rows is not None and self._preview.limit_px is not None:
            row = self._view.row_of(self._rows, self._preview.limit_px, self._preview.side)
        self.canvas.show_preview(row, self._preview)

    def _say(self, sentence: str) -> None:
        self._said = sentence
        if self._rows is not None:
            self._write_note(self._rows)
        self.mark_dirty()

    def _write_note(self, rows: LadderRows) -> None:
        """What was just done, else what the row under the pointer holds, else what is missing."""
        text = self._said or self._row_words(rows) or rows.note
        if text != self.note.text():
            self.note.setText(text)
            self.note.setToolTip(text)

    def _row_words(self, rows: LadderRows) -> str:
        spot, instrument = self._spot, self._view.instrument
        if spot is None or instrument is None or spot.row >= len(rows.prices):
            return ""
        parts = [formats.price(int(rows.prices[spot.row]), instrument)]
        for word, sizes, sums in (("bid", rows.bids, rows.bid_sums), ("ask", rows.asks, rows.ask_sums)):
            if sizes[spot.row]:
                parts.append(f"{word} {formats.size(int(sizes[spot.row]))}, sum {formats.size(int(sums[spot.row]))}")
        if rows.traded[spot.row]:
            parts.append(f"traded {formats.size(int(rows.traded[spot.row]))}")
        return "   ".join(parts)
