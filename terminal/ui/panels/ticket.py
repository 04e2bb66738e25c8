"""The order ticket panel: write, preview, send once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
)

from terminal.app import ages, formats
from terminal.app.arming import Arming
from terminal.app.ports import OrderDraft
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.quality import quality_words
from terminal.app.views.ticket import Estimate, Judge, Stage, TicketModel, estimate, outcome
from terminal.core.instruments import Instrument
from terminal.core.messages import Phase
from terminal.core.orders import Effect, OrderType, Side, TimeInForce
from terminal.market.rows import Quality
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.tick_spin import TickSpinBox

_JUDGE_EVERY_NS = 250_000_000
_HOW_TO_ARM = "Disarmed: nothing is sent. Arm with Ctrl+Alt+A, then press Enter."


class TicketPanel(Panel):
    """Enter previews; Enter again sends, once; Esc drops. The draft is shared with chain, ladder and chart."""

    TYPE, TITLE = "ticket", "Ticket"
    NEEDS = Needs.MARKET | Needs.TRADING | Needs.SECOND
    MIN_INTERVAL_MS = 100
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
        self._filling = False
        self._build_fields()
        self._build_figures()
        self._lay_out()
        self._connect()
        self._write_stage()
        self._unsubscribe = context.draft.subscribe(self._take)
        if context.draft.draft is not None:
            self._take(context.draft.draft)

    def _build_fields(self) -> None:
        self.symbol, self.market = QLabel(), QLabel()
        self.symbol.setProperty("role", "heading")
        self.symbol.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.market.setProperty("role", "value")
        self.market.setAccessibleName("Market of the symbol")
        self.sides = QButtonGroup(self)
        self.buy, self.sell = QPushButton("Buy"), QPushButton("Sell")
        for button in (self.buy, self.sell):
            button.setCheckable(True)
            button.setAutoDefault(False)
            self.sides.addButton(button)
        self.buy.setChecked(True)
        self.quantity = QSpinBox()
        self.quantity.setRange(1, 1_000_000)
        self.quantity.setGroupSeparatorShown(True)
        self.quantity.setAccessibleName("Quantity, shares or contracts")
        self.quantity.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.kind, self.tif = QComboBox(), QComboBox()
        for order_type in (OrderType.LIMIT, OrderType.MARKET):
            self.kind.addItem(order_type.value.capitalize(), order_type)
        self.kind.setAccessibleName("Order type")
        for tif, text in ((TimeInForce.DAY, "Day"), (TimeInForce.IOC, "IOC"), (TimeInForce.GTC, "GTC")):
            self.tif.addItem(text, tif)
        self.tif.setAccessibleName("Time in force")
        self.limit = TickSpinBox()
        self.limit.setAccessibleName("Limit price, USD")

    def _build_figures(self) -> None:
        self.action, self.cost, self.fees, self.power = QLabel(), QLabel(), QLabel(), QLabel()
        for label, name in ((self.action, "Opens or closes"), (self.cost, "Cost"), (self.fees, "Fees"),
                            (self.power, "Buying power after")):  # fmt: skip
            label.setProperty("role", "value")
            label.setAccessibleName(name)
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.sentence = QLabel()
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.go, self.back = QPushButton("Preview"), QPushButton("Drop")
        for button in (self.go, self.back):
            # Enter belongs to the command alone, or one press could count twice.
            button.setAutoDefault(False)
            button.setDefault(False)
            button.setAutoRepeat(False)
        self.go.setProperty("role", "primary")

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(4)
        grid.addWidget(self.buy, 0, 0)
        grid.addWidget(self.sell, 0, 1)
        grid.addWidget(self.quantity, 0, 2)
        grid.addWidget(self.kind, 1, 0)
        grid.addWidget(self.tif, 1, 1)
        grid.addWidget(self.limit, 1, 2)
        for column, stretch in enumerate((3, 3, 4)):
            grid.setColumnStretch(column, stretch)
        figures = QGridLayout()
        figures.setHorizontalSpacing(8)
        figures.setVerticalSpacing(1)
        for place, (text, label) in enumerate((("Effect", self.action), ("Cost", self.cost), ("Fees", self.fees),
                                               ("Buying power after", self.power))):  # fmt: skip
            head = QLabel(text)
            head.setProperty("role", "label")
            figures.addWidget(head, place // 2, place % 2 * 2)
            figures.addWidget(label, place // 2, place % 2 * 2 + 1)
        figures.setColumnStretch(1, 2)
        figures.setColumnStretch(3, 3)
        top, buttons = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.symbol, 1)
        top.addWidget(self.market)
        buttons.addWidget(self.go, 3)
        buttons.addWidget(self.back, 1)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(grid)
        layout.addLayout(figures)
        layout.addWidget(self.sentence, 1)
        layout.addLayout(buttons)
        for first, second in ((self.buy, self.sell), (self.sell, self.quantity), (self.quantity, self.kind),
                              (self.kind, self.tif), (self.tif, self.limit), (self.limit, self.go),
                              (self.go, self.back)):  # fmt: skip
            self.setTabOrder(first, second)
        self.setFocusProxy(self.quantity)

    def _connect(self) -> None:
        self.sides.buttonClicked.connect(self._side_clicked)
        self.quantity.valueChanged.connect(self._edited)
        self.kind.currentIndexChanged.connect(self._edited)
        self.tif.currentIndexChanged.connect(self._edited)
        self.limit.value_changed.connect(self._edited)
        self.go.clicked.connect(self.go_on)
        self.back.clicked.connect(self.drop)

    # The frame.

    def refresh(self, frame: Frame) -> None:
        """Market, figures, and what became of the order that was sent."""
        instrument = self._model.instrument
        if instrument is None:
            self._set(self.sentence, self._model.missing())
            return
        quote = self._quote(instrument)
        self._write_market(instrument, quote, frame)
        if self._model.limit_px is None and self.limit.text() == "" and self._model.order_type is OrderType.LIMIT:
            self._price_from(quote)
        if frame.wall_ns - self._judged_ns >= _JUDGE_EVERY_NS:
            self._judged_ns = frame.wall_ns
            self._judge(instrument, quote)
        self._write_figures()
        self._write_sentence(instrument)

    def show_instrument(self, instrument: Instrument) -> None:
        """Another symbol: the price starts from its market."""
        self._model.show(instrument, self._quote(instrument))
        self._fill()

    def save_settings(self) -> Settings:
        """Time in force; never a half-written order."""
        return {"tif": self._model.time_in_force.value}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        for place in range(self.tif.count()):
            if self.tif.itemData(place).value == settings.get("tif"):
                self.tif.setCurrentIndex(place)

    def apply_theme(self, theme: Theme) -> None:
        """The side's colour."""
        self._paint_sides()

    def close_panel(self) -> None:
        """Leaves the shared draft."""
        self._unsubscribe()
        super().close_panel()

    # What a person does.

    @Slot()
    def go_on(self) -> None:
        """From writing to the preview, from the preview to the one send."""
        instrument = self._model.instrument
        if self._model.stage is Stage.PREVIEW and instrument is not None:
            arming: Arming = self.context.desk.arming
            if not arming.is_armed:
                self._write_stage()
                self._set(self.sentence, _HOW_TO_ARM, "warn")
                return
            draft = self._model.confirm()
            if draft is not None:
                self._model.sent(self.context.desk.trading.submit(draft))
                self.context.draft.propose(None)
        elif self.limit.problem and self._model.order_type is OrderType.LIMIT:
            self._set(self.sentence, self.limit.problem, "critical")
            return
        elif self._model.preview():
            self._judged_ns = 0
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
        (self.sell if self._model.side is Side.BUY else self.buy).click()

    def price_at_mid(self) -> None:
        """Sets the limit to where a fresh ticket would start."""
        if self._model.instrument is not None:
            self._price_from(self._quote(self._model.instrument))

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
            self.symbol.setText(model.instrument.label)
            self.symbol.setToolTip(model.instrument.symbol)
            self.limit.set_instrument(model.instrument)
        (self.buy if model.side is Side.BUY else self.sell).setChecked(True)
        self.quantity.setValue(model.quantity)
        self.kind.setCurrentIndex(self.kind.findData(model.order_type))
        self.tif.setCurrentIndex(self.tif.findData(model.time_in_force))
        self.limit.set_px(model.limit_px)
        self._filling = False
        self._judged_ns = 0
        self._estimate = Estimate()
        self._write_stage()

    @Slot()
    def _side_clicked(self) -> None:
        side = Side.SELL if self.sell.isChecked() else Side.BUY
        if side is not self._model.side:
            self._model.side, self._model.effect = side, None
            if self._model.instrument is not None and self._model.instrument.option is None:
                self._price_from(self._quote(self._model.instrument))
        self._edited()

    @Slot()
    def _edited(self) -> None:
        if self._filling:
            return
        model = self._model
        model.quantity = self.quantity.value()
        model.order_type = self.kind.currentData()
        model.time_in_force = self.tif.currentData()
        model.limit_px = self.limit.px
        model.edited()
        self._judged_ns = 0
        self._write_stage()
        self.mark_dirty()

    def _price_from(self, quote: np.void) -> None:
        if self._model.instrument is not None:
            self._model.reprice(quote)
            self.limit.set_px(self._model.limit_px)

    def _judge(self, instrument: Instrument, quote: np.void) -> None:
        draft = self._model.held or self._model.draft
        trading = self.context.desk.trading
        judge: Judge | None = trading if hasattr(trading, "judge") else None
        self._estimate = Estimate() if draft is None else estimate(draft, instrument, quote, judge)

    def _quote(self, instrument: Instrument) -> np.void:
        return self.context.desk.market.read(np.array([instrument.id], np.int32))[0]

    def _write_market(self, instrument: Instrument, quote: np.void, frame: Frame) -> None:
        bid, ask = formats.price(int(quote["bid_px"]), instrument), formats.price(int(quote["ask_px"]), instrument)
        age = ages.age(frame.market_ns - int(quote["ts_ns"])) if quote["ts_ns"] else formats.MISSING
        closed = quote["phase"] == Phase.CLOSED
        stale = self._feed.pulse(frame.wall_ns).is_silent and not closed
        word = "closed" if closed else f"stale {age}" if stale else age
        quality = Quality(int(quote["quality"]))
        tone = "text2" if stale else "warn" if quality in {Quality.CROSSED, Quality.ZERO} else ""
        self._set(self.market, f"{bid} × {ask}   {word}", tone)
        tip = (
            f"{formats.size(int(quote['bid_size']))} × {formats.size(int(quote['ask_size']))}. {quality_words(quality)}"
        )
        if tip != self.market.toolTip():
            self.market.setToolTip(tip)

    def _write_figures(self) -> None:
        figures = self._estimate
        self._set(self.action, figures.action or formats.MISSING)
        self._set(self.cost, figures.cost_words)
        self._set(self.fees, formats.money(figures.fees_e4))
        after = figures.buying_power_after_e4
        tone = "critical" if after is not None and after < 0 else ""
        self._set(self.power, formats.money_overview(after), tone)

    def _write_sentence(self, instrument: Instrument) -> None:
        model = self._model
        if model.stage is Stage.SENT:
            for order in self.context.desk.trading.snapshot().orders:
                if order.order_id == model.order_id:
                    refused = bool(order.reason) and order.state.is_terminal
                    self._set(self.sentence, outcome(order, instrument), "critical" if refused else "")
            return
        if self._model.missing():
            self._set(self.sentence, self.limit.problem or model.missing(), "critical" if self.limit.problem else "")
        elif self._estimate.problem:
            self._set(self.sentence, f"Would be denied: {self._estimate.problem}", "critical")
        elif model.stage is Stage.PREVIEW:
            armed = self.context.desk.arming.is_armed
            self._set(
                self.sentence, "Enter sends this once. Esc drops it." if armed else _HOW_TO_ARM, "" if armed else "warn"
            )
        else:
            self._set(self.sentence, "Enter previews the order.", "text2")

    def _write_stage(self) -> None:
        """Buttons by stage; the send says in full what it sends."""
        model = self._model
        effect = {"BTO": Effect.OPEN, "STO": Effect.OPEN, "BTC": Effect.CLOSE, "STC": Effect.CLOSE}.get(
            self._estimate.action
        )
        if model.stage is Stage.PREVIEW:
            self.go.setText(f"Send {model.sentence(effect)}")
            self.go.setToolTip(self.go.text())
        else:
            self.go.setText("Preview" if model.stage is Stage.EDIT else "Preview another")
            self.go.setToolTip("")
        self.back.setVisible(model.stage is Stage.PREVIEW)
        self.limit.setEnabled(model.order_type is OrderType.LIMIT)
        self.go.setEnabled(not model.missing() or bool(self.limit.problem))
        self._paint_sides()

    def _paint_sides(self) -> None:
        for button, token in ((self.buy, "up"), (self.sell, "down")):
            sheet = ""
            if button.isChecked():
                colour = getattr(self.context.theme.tokens, token)
                ink = self.context.theme.ink_on(token).name()
                sheet = (
                    f"QPushButton {{ background: {colour}; border-color: {colour}; color: {ink}; font-weight: 600; }}"
                )
            if button.styleSheet() != sheet:
                button.setStyleSheet(sheet)

    def _set(self, label: QLabel, text: str, token: str = "") -> None:
        if text != label.text():
            label.setText(text)
        sheet = f"color: {self.context.theme.colour(token).name()};" if token else ""
        if sheet != label.styleSheet():
            label.setStyleSheet(sheet)
