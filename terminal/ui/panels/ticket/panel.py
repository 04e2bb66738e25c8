"""The order ticket panel: write, preview, send once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout

from terminal.app import formats
from terminal.app.arming import Arming
from terminal.app.looking_back import NO_ORDERS
from terminal.app.ports import OrderDraft
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.quality import quote_state
from terminal.app.views.ticket import Estimate, Judge, Stage, TicketModel, estimate, outcome
from terminal.core.instruments import Instrument
from terminal.core.orders import Effect, OrderType, Side
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.ticket.form import TicketForm
from terminal.ui.theme.theme import Theme

_JUDGE_EVERY_NS = 250_000_000
_LEAST_LOOK_NS = 300_000_000
"""A double click on "Preview" must not send what nobody has read."""
_HOW_TO_ARM = "Disarmed: nothing is sent. Arm with Ctrl+Alt+A, then press Enter."


class TicketPanel(Panel):
    """Enter previews; Enter again sends, once; Esc drops. The draft is shared with chain, ladder and chart."""

    TYPE, TITLE = "ticket", "Ticket"
    STAYS_NOW = True
    NEEDS = Needs.MARKET | Needs.TRADING | Needs.SECOND
    MIN_INTERVAL_MS = 15
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("go", "Preview, then send the order", "go_on", ("Return", "Enter"), True),
        PanelCommand("drop", "Drop the preview", "drop", ("Escape",)),
        PanelCommand("side", "Other side", "flip_side", ("Alt+X",)),
        PanelCommand("mid", "Price at the mid", "price_at_mid", ("Alt+M",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._model = TicketModel()
        self._feed = FeedWatch(context.desk.health)
        self._estimate = Estimate()
        self._judged_ns = 0
        self._previewed_ns = 0
        self._filling = False
        self.form = TicketForm(context.theme)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.form)
        self.setFocusProxy(self.form.quantity)
        self._connect()
        self._write_stage()
        self._unsubscribe = context.draft.subscribe(self._take)
        if context.draft.draft is not None:
            self._take(context.draft.draft)

    def _connect(self) -> None:
        self.form.sides.buttonClicked.connect(self._side_clicked)
        self.form.quantity.valueChanged.connect(self._edited)
        self.form.kind.currentIndexChanged.connect(self._edited)
        self.form.tif.currentIndexChanged.connect(self._edited)
        self.form.limit.value_changed.connect(self._edited)
        self.form.go.clicked.connect(self.go_on)
        self.form.back.clicked.connect(self.drop)

    # The frame.

    def refresh(self, frame: Frame) -> None:
        """Market, figures, and what became of the order that was sent."""
        instrument = self._model.instrument
        if instrument is None:
            self.form.say(self.form.sentence, self._model.missing())
            return
        quote = self._quote(instrument)
        self._write_market(instrument, quote, frame)
        if not self.form.limit.hasFocus() and self._model.follow(quote):
            self._show_limit()
            self._write_stage()
        if frame.wall_ns - self._judged_ns >= _JUDGE_EVERY_NS:
            self._judged_ns = frame.wall_ns
            self._judge(instrument, quote)
        else:
            # The last change before a quiet moment is judged as well: the cost must be that of the price beside it.
            self.mark_dirty()
        self._write_figures()
        self._write_sentence(instrument)

    def show_instrument(self, instrument: Instrument) -> None:
        """Another symbol: the price starts from its market."""
        self._model.show(instrument, self._quote(instrument))
        self._fill()

    def past_changed(self, is_past: bool) -> None:
        """Whatever was previewed is written anew: nobody sends what stood here before a look at the past.

        What an order would cost gives its room to the strip that says which moment this is.
        """
        self.form.figures.setVisible(not is_past)
        if self._model.stage is Stage.PREVIEW:
            self.drop()

    def save_settings(self) -> Settings:
        """Time in force; never a half-written order."""
        return {"tif": self._model.time_in_force.value}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        for place in range(self.form.tif.count()):
            if self.form.tif.itemData(place).value == settings.get("tif"):
                self.form.tif.setCurrentIndex(place)

    def apply_theme(self, theme: Theme) -> None:
        """The side's colour."""
        self.form.apply_theme(theme)

    def close_panel(self) -> None:
        """Leaves the shared draft."""
        self._unsubscribe()
        super().close_panel()

    # What a person does.

    @Slot()
    def go_on(self) -> None:
        """From writing to the preview, from the preview to the one send."""
        instrument = self._model.instrument
        if self.is_past:
            self.past_changed(is_past=True)
            self.form.say(self.form.sentence, NO_ORDERS, "warn")
            return
        if self._model.stage is Stage.PREVIEW and instrument is not None:
            arming: Arming = self.context.desk.arming
            if time.monotonic_ns() - self._previewed_ns < _LEAST_LOOK_NS:
                return
            if not arming.is_armed:
                self._write_stage()
                self.form.say(self.form.sentence, _HOW_TO_ARM, "warn")
                return
            draft = self._model.confirm()
            if draft is not None:
                self._model.sent(self.context.desk.trading.submit(draft))
                self.context.draft.propose(None)
        elif self.form.limit.problem and self._model.order_type is OrderType.LIMIT:
            self.form.say(self.form.sentence, self.form.limit.problem, "critical")
            return
        elif self._model.preview() and instrument is not None:
            self._previewed_ns = time.monotonic_ns()
            self._judge(instrument, self._quote(instrument))
        self._write_stage()
        self.mark_dirty()

    @Slot()
    def drop(self) -> None:
        """Back to writing; nothing is sent."""
        self._model.drop()
        self._write_stage()
        self.mark_dirty()

    def flip_side(self) -> None:
        """Buys what would be sold, and the other way round."""
        (self.form.sell if self._model.side is Side.BUY else self.form.buy).click()

    def price_at_mid(self) -> None:
        """Sets the limit to where a fresh ticket would start."""
        if self._model.instrument is not None:
            self._model.drop()
            self._model.follows = True
            self._model.follow(self._quote(self._model.instrument))
            self._show_limit()
            self._edited()

    # Plumbing.

    def _take(self, draft: OrderDraft | None) -> None:
        if draft is None:
            return
        instrument = self.context.desk.table.get(draft.instrument)
        self._model.take(draft, instrument, self._quote(instrument))
        if self.instrument != instrument.id:
            self.instrument = instrument.id
            self.title_changed.emit()
        self._fill()
        self.mark_dirty()

    def _fill(self) -> None:
        """The model into the widgets."""
        model = self._model
        self._filling = True
        if model.instrument is not None:
            self.form.symbol.setText(model.instrument.label)
            self.form.symbol.setToolTip(model.instrument.symbol)
            self.form.limit.set_instrument(model.instrument)
        (self.form.buy if model.side is Side.BUY else self.form.sell).setChecked(True)
        self.form.quantity.setValue(model.quantity)
        self.form.kind.setCurrentIndex(self.form.kind.findData(model.order_type))
        self.form.tif.setCurrentIndex(self.form.tif.findData(model.time_in_force))
        self.form.limit.set_px(model.limit_px)
        self._filling = False
        self._judged_ns = 0
        self._estimate = Estimate()
        self._write_stage()

    @Slot()
    def _side_clicked(self) -> None:
        side = Side.SELL if self.form.sell.isChecked() else Side.BUY
        if side is not self._model.side:
            self._model.side, self._model.effect = side, None
        self._edited()

    @Slot()
    def _edited(self) -> None:
        if self._filling:
            return
        model = self._model
        model.quantity = self.form.quantity.value()
        model.order_type = self.form.kind.currentData()
        model.time_in_force = self.form.tif.currentData()
        if self.form.limit.px != model.limit_px:
            model.limit_px, model.follows = self.form.limit.px, False
        model.edited()
        self._judged_ns = 0
        self._write_stage()
        self.mark_dirty()

    def _show_limit(self) -> None:
        self._filling = True
        self.form.limit.set_px(self._model.limit_px)
        self._filling = False

    def _judge(self, instrument: Instrument, quote: np.void) -> None:
        draft = self._model.held or self._model.draft
        trading = self.context.desk.trading
        judge: Judge | None = trading if hasattr(trading, "judge") else None
        self._estimate = Estimate() if draft is None else estimate(draft, instrument, quote, judge)

    def _quote(self, instrument: Instrument) -> np.void:
        return self.context.desk.live_market.read(np.array([instrument.id], np.int32))[0]

    def _write_market(self, instrument: Instrument, quote: np.void, frame: Frame) -> None:
        bid, ask = formats.price(int(quote["bid_px"]), instrument), formats.price(int(quote["ask_px"]), instrument)
        state = quote_state(
            quote, self.context.desk.live_clock.now_ns(), is_silent=self._feed.pulse(frame.wall_ns).is_silent
        )
        self.form.say(self.form.market, f"{bid} × {ask}   {state.words}", state.tone)
        tip = f"{formats.size(int(quote['bid_size']))} × {formats.size(int(quote['ask_size']))}. {state.sentence}"
        if tip != self.form.market.toolTip():
            self.form.market.setToolTip(tip)

    def _write_figures(self) -> None:
        figures = self._estimate
        self.form.say(self.form.action, figures.action or formats.MISSING)
        self.form.say(self.form.cost, figures.cost_words)
        self.form.say(self.form.fees, formats.money(figures.fees_e4))
        after = figures.buying_power_after_e4
        tone = "critical" if after is not None and after < 0 else ""
        self.form.say(self.form.power, formats.money_overview(after), tone)

    def _write_sentence(self, instrument: Instrument) -> None:
        text, token = self._sentence(instrument)
        self.form.say(self.form.sentence, text, token)

    def _sentence(self, instrument: Instrument) -> tuple[str, str]:
        """The one sentence under the figures, and its colour token."""
        model, problem = self._model, self.form.limit.problem
        if model.stage is Stage.SENT:
            for order in self.context.desk.trading.snapshot().orders:
                if order.order_id == model.order_id:
                    refused = bool(order.reason) and order.state.is_terminal
                    return outcome(order, instrument), "critical" if refused else ""
            return "Sent; no answer yet.", ""
        if self.is_past:
            return NO_ORDERS, "warn"
        if model.missing():
            return problem or model.missing(), "critical" if problem else ""
        if self._estimate.problem:
            return f"Would be denied: {self._estimate.problem}", "critical"
        if model.stage is Stage.PREVIEW:
            armed = self.context.desk.arming.is_armed
            full = model.sentence(self._effect())
            return (f"{full}. Enter sends it once, Esc drops it.", "") if armed else (f"{full}. {_HOW_TO_ARM}", "warn")
        where = "The price follows the market until you write one. " if model.follows else ""
        return f"{where}Enter previews the order.", "text2"

    def _effect(self) -> Effect | None:
        opens = {"BTO": Effect.OPEN, "STO": Effect.OPEN, "SHORT": Effect.OPEN, "BTC": Effect.CLOSE, "STC": Effect.CLOSE}
        return opens.get(self._estimate.action)

    def _write_stage(self) -> None:
        """Buttons by stage; the send says what it sends."""
        model = self._model
        if model.stage is Stage.PREVIEW:
            self.form.go.setText(f"Send {model.short(self._effect())}")
            self.form.go.setToolTip(model.sentence(self._effect()))
        else:
            self.form.go.setText("Preview" if model.stage is Stage.EDIT else "Preview another")
            self.form.go.setToolTip("")
        self.form.back.setVisible(model.stage is Stage.PREVIEW)
        self.form.limit.setEnabled(model.order_type is OrderType.LIMIT)
        self.form.go.setEnabled(not model.missing() or bool(self.form.limit.problem))
        self.form.paint_sides()
