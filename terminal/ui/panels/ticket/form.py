"""The widgets of the order ticket and where they stand. What they mean is the panel's business."""

from __future__ import annotations

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
    QWidget,
)

from terminal.core.orders import OrderType, TimeInForce
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.tick_spin import TickSpinBox

_FIELD_PX = 24


class TicketForm(QWidget):
    """Symbol and market, side, quantity, type, time in force, limit, figures, one sentence, two buttons."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._build_fields()
        self._build_figures()
        self._lay_out()

    def apply_theme(self, theme: Theme) -> None:
        """The colours of the sides."""
        self._theme = theme
        self.paint_sides()

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
        self.kind.currentIndexChanged.connect(self._allow_tifs)
        self.limit = TickSpinBox()
        self.limit.setAccessibleName("Limit price, USD")

    @Slot()
    def _allow_tifs(self) -> None:
        """The gate refuses a market order that rests overnight, so the list does not offer one."""
        is_market = self.kind.currentData() is OrderType.MARKET
        place = self.tif.findData(TimeInForce.GTC)
        self.tif.model().item(place).setEnabled(not is_market)  # type: ignore[attr-defined]
        if is_market and self.tif.currentIndex() == place:
            self.tif.setCurrentIndex(self.tif.findData(TimeInForce.DAY))

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
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
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
        grid.setVerticalSpacing(2)
        grid.addWidget(self.buy, 0, 0)
        grid.addWidget(self.sell, 0, 1)
        grid.addWidget(self.quantity, 0, 2)
        grid.addWidget(self.kind, 1, 0)
        grid.addWidget(self.tif, 1, 1)
        grid.addWidget(self.limit, 1, 2)
        for field in (self.quantity, self.limit, self.kind, self.tif, self.buy, self.sell):
            field.setMinimumWidth(40)
            field.setFixedHeight(_FIELD_PX)
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for column, stretch in enumerate((3, 3, 4)):
            grid.setColumnStretch(column, stretch)
        self.figures = QWidget()
        figures = QGridLayout(self.figures)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setHorizontalSpacing(8)
        figures.setVerticalSpacing(1)
        for place, (text, label) in enumerate((("Effect", self.action), ("Cost", self.cost), ("Fees", self.fees),
                                               ("Power after", self.power))):  # fmt: skip
            head = QLabel(text)
            head.setProperty("role", "label")
            figures.addWidget(head, place // 2, place % 2 * 2)
            figures.addWidget(label, place // 2, place % 2 * 2 + 1)
        figures.setColumnStretch(1, 2)
        figures.setColumnStretch(3, 3)
        buttons = QHBoxLayout()
        buttons.addWidget(self.go, 3)
        buttons.addWidget(self.back, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 1, 8, 4)
        layout.setSpacing(2)
        layout.addWidget(self.symbol)
        layout.addWidget(self.market)
        layout.addLayout(grid)
        layout.addWidget(self.figures)
        self.sentence.setMinimumHeight(30)
        self.sentence.setMaximumHeight(64)
        layout.addWidget(self.sentence, 1)
        layout.addLayout(buttons)
        layout.addStretch(1)
        for first, second in ((self.buy, self.sell), (self.sell, self.quantity), (self.quantity, self.kind),
                              (self.kind, self.tif), (self.tif, self.limit), (self.limit, self.go),
                              (self.go, self.back)):  # fmt: skip
            self.setTabOrder(first, second)

    def paint_sides(self) -> None:
        """The chosen side is filled with its colour."""
        for button, token in ((self.buy, "up"), (self.sell, "down")):
            sheet = ""
            if button.isChecked():
                colour = getattr(self._theme.tokens, token)
                ink = self._theme.ink_on(token).name()
                sheet = (
                    f"QPushButton {{ background: {colour}; border-color: {colour}; color: {ink}; font-weight: 600; }}"
                )
            if button.styleSheet() != sheet:
                button.setStyleSheet(sheet)

    def say(self, label: QLabel, text: str, token: str = "") -> None:
        """Writes a label, in a token's colour; nothing when it says so already."""
        if text != label.text():
            label.setText(text)
        sheet = f"color: {self._theme.colour(token).name()};" if token else ""
        if sheet != label.styleSheet():
            label.setStyleSheet(sheet)
