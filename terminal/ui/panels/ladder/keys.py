"""What the keys do on a ladder: preview, edit, send, cancel. Sending is live only when the account is armed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partialmethod
from typing import ClassVar

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QSpinBox

from terminal.app.looking_back import NO_ORDERS
from terminal.app.ports import OrderDraft, OrderRow
from terminal.app.views import ladder_keys
from terminal.app.views.ladder import LadderView
from terminal.app.views.ladder_columns import Choice
from terminal.app.views.ladder_keys import QUANTITY_PRESETS
from terminal.core.orders import Side
from terminal.ui.panel import Panel, PanelCommand
from terminal.ui.panels.ladder.canvas import LadderCanvas
from terminal.ui.panels.ladder.hands import LadderHands


def _preset(number: int) -> PanelCommand:
    quantity = QUANTITY_PRESETS[number - 1]
    return PanelCommand(f"quantity{number}", f"Quantity {quantity}", f"_preset_{number}", (str(number),))


def _column(choice: Choice) -> PanelCommand:
    return PanelCommand(f"column_{choice.value}", f"Column: {choice.word}", f"_column_{choice.value}")


class LadderKeys(Panel):
    """The half of the ladder panel that answers keys; the panel makes the parts that are named here."""

    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("join_bid", "Buy: join the bid", "join_bid", ("B",), True, help="Previews; Enter sends"),
        PanelCommand("join_ask", "Sell: join the ask", "join_ask", ("S",), True, help="Previews; Enter sends"),
        PanelCommand("take_ask", "Buy: take the ask", "take_ask", ("Shift+B",), True, help="Previews; Enter sends"),
        PanelCommand("take_bid", "Sell: take the bid", "take_bid", ("Shift+S",), True, help="Previews; Enter sends"),
        PanelCommand("send", "Send the previewed order", "send_preview", ("Return", "Enter"), True, "has_preview"),
        PanelCommand("drop", "Drop the previewed or dragged order", "drop_preview", ("Escape",), False, "can_drop"),
        PanelCommand("up", "Price up a tick", "price_up", ("Up",)),
        PanelCommand("down", "Price down a tick", "price_down", ("Down",)),
        PanelCommand("more", "One more", "quantity_up", ("Right",)),
        PanelCommand("less", "One less", "quantity_down", ("Left",)),
        PanelCommand("centre", "Centre the ladder", "centre", ("C",)),
        PanelCommand("follow", "Follow the market, or stand still", "toggle_follow", ("F",)),
        PanelCommand("cancel_last", "Cancel the newest order here", "cancel_newest", ("Backspace",), True),
        PanelCommand("cancel_buys", "Cancel the buys here", "cancel_buys", ("Ctrl+Shift+B",), True),
        PanelCommand("cancel_sells", "Cancel the sells here", "cancel_sells", ("Ctrl+Shift+S",), True),
        PanelCommand("cancel_here", "Cancel every order here", "cancel_here", ("Shift+Backspace",), True),
        PanelCommand("ticks", "Profit in ticks, or in money", "toggle_ticks", ("T",)),
        *(_preset(number) for number in range(1, 7)),
        *(_column(choice) for choice in Choice),
    )

    canvas: LadderCanvas
    hands: LadderHands
    quantity: QSpinBox
    _view: LadderView
    _preview: OrderDraft | None = None
    _said = ""

    def _say(self, sentence: str) -> None:
        """Shows a sentence in the note."""
        raise NotImplementedError

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

    def can_drop(self) -> bool:
        """Whether an order is previewed or in the hand."""
        return self._preview is not None or self.canvas.is_dragging

    def send_preview(self) -> None:
        """Sends the previewed order once; disarmed it says how to arm."""
        draft, instrument = self._preview, self._view.instrument
        if draft is None or instrument is None:
            return
        if self.is_past:
            self.past_changed(is_past=True)
            self._say(NO_ORDERS)
            return
        if not self.context.desk.arming.is_armed:
            self._say("Disarmed: nothing was sent. Arm the account (Ctrl+Alt+A), then press Enter.")
            return
        self._preview = None
        self.context.desk.trading.submit(draft)
        self._say(f"Sent: {ladder_keys.describe(instrument, draft)}.")

    def drop_preview(self) -> None:
        """Puts a dragged order back; drops the previewed one."""
        if not self.canvas.drop_drag():
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

    def cancel_newest(self) -> None:
        """Asks to cancel the newest working order of this symbol; works disarmed."""
        self._cancel(self._working()[-1:], "order")

    @Slot()
    def cancel_buys(self) -> None:
        """Asks to cancel this symbol's buys; works disarmed."""
        self._cancel([order for order in self._working() if order.side is Side.BUY], "buy")

    @Slot()
    def cancel_sells(self) -> None:
        """Asks to cancel this symbol's sells; works disarmed."""
        self._cancel([order for order in self._working() if order.side is Side.SELL], "sell")

    @Slot()
    def cancel_here(self) -> None:
        """Asks to cancel every order of this symbol; works disarmed."""
        self._cancel(self._working(), "order")

    def past_changed(self, is_past: bool) -> None:
        """A preview and an order in the hand go: their prices are those of another moment."""
        self._preview = None
        had_begun = self.hands.drop()
        self._say(
            "Not moved: the past is shown; the old order is cancelled, nothing new was sent." if had_begun else ""
        )

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

    def _working(self) -> list[OrderRow]:
        """This symbol's orders that may still trade, oldest first."""
        orders = self.context.desk.trading.snapshot().orders
        return [order for order in orders if order.instrument == self.instrument and not order.state.is_terminal]

    def _cancel(self, orders: Sequence[OrderRow], word: str) -> None:
        for order in orders:
            self.context.desk.trading.cancel(order.order_id)
        count = f"{len(orders)} {word}{'' if len(orders) == 1 else 's'}"
        self._say(f"Cancel asked for {count}." if orders else f"No working {word} here to cancel.")

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
            self._view.axis.scroll(ticks)
        self.mark_dirty()

    def _preview_key(self, side: Side, *, takes: bool) -> None:
        instrument = self._view.instrument
        if instrument is None:
            return
        if self.is_past:
            self._say(NO_ORDERS)
            return
        quote = self.hands.quote(instrument)
        action = ladder_keys.key_draft(instrument, side, self.quantity.value(), quote, takes=takes)
        self._preview = action.draft
        self._say(action.sentence)
