"""Over the surface: what it shows, and the contract that was picked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from terminal.app.views.surface_axes import Across
from terminal.app.views.surface_camera import PRESETS
from terminal.app.views.surface_making import Choice
from terminal.app.views.surface_quotes import Quotes
from terminal.app.views.surface_scene import Colour
from terminal.ui.widgets.elided_label import ElidedLabel

_AXES = {
    Across.MONEYNESS: "K/F %", Across.LOG: "ln K/F", Across.DELTA: "Delta", Across.STRIKE: "Strike",
}  # fmt: skip


class SurfaceHead(QWidget):
    """The choices, and a line about the picked contract with its two buttons."""

    chosen = Signal(dict)
    """Fields of :class:`Choice` that a person changed."""
    view_chosen = Signal(str)
    """A name of PRESETS."""
    ghost_clicked = Signal()
    buy_clicked = Signal()
    sell_clicked = Signal()

    def __init__(self, *, has_camera: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.expiry = _box("Expiry of the smile (Ctrl+Left, Ctrl+Right)", [])
        self.axis = _box(
            "What runs across: strike by forward, its logarithm, delta or strike (Alt+A)",
            [(_AXES[each], each) for each in Across],
        )
        self.colour = _box("What the colour means (Alt+C)", [(each.value, each) for each in Colour])
        self.quotes = _box("Quotes: out of the money, all or none (Alt+Q)", [(each.value, each) for each in Quotes])
        self.views = _box(
            "View: the whole, smiles from the front, term structure from the side, from above (Alt+V)",
            [(name, name) for name in PRESETS],
        )
        self.views.setVisible(has_camera)
        self.zero_days = _button("0DTE", "Show expiries of today too", checkable=True)
        self.ghost = _button("Ghost", "Keep the surface of now to compare with (Alt+G); again drops it", checkable=True)
        choices = QHBoxLayout()
        choices.setSpacing(4)
        for each in (self.expiry, self.axis, self.colour, self.quotes, self.views, self.zero_days, self.ghost):
            choices.addWidget(each)
        choices.setStretch(0, 1)
        self.words = ElidedLabel()
        self.words.setProperty("role", "value")
        self.buy = _button("Buy", "Draft a purchase of this contract (Enter)")
        self.sell = _button("Sell", "Draft a sale of this contract (Alt+Enter)")
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.words, 1)
        line.addWidget(self.buy)
        line.addWidget(self.sell)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(choices)
        column.addLayout(line)
        self._connect()

    def _connect(self) -> None:
        for name, box in (("axis", self.axis), ("colour", self.colour), ("quotes", self.quotes),
                          ("expiry", self.expiry)):  # fmt: skip
            box.setProperty("field", name)
            box.activated.connect(self._told)
        self.zero_days.clicked.connect(self._zero_days_told)
        self.views.activated.connect(self._view_told)
        self.ghost.clicked.connect(self.ghost_clicked)
        self.buy.clicked.connect(self.buy_clicked)
        self.sell.clicked.connect(self.sell_clicked)

    def show_choice(self, choice: Choice, *, has_ghost: bool) -> None:
        """The choices as they are."""
        for box, value in ((self.axis, choice.axis), (self.colour, choice.colour), (self.quotes, choice.quotes)):
            place = [box.itemData(row) for row in range(box.count())].index(value)
            if box.currentIndex() != place:
                box.setCurrentIndex(place)
        self.zero_days.setChecked(choice.zero_days)
        self.ghost.setChecked(has_ghost)

    def show_expiries(self, labels: Sequence[tuple[str, str]], chosen: str) -> None:
        """Texts and keys of the expiries; ``chosen``: the key of the one that is picked out."""
        box = self.expiry
        if [(box.itemText(row), box.itemData(row)) for row in range(box.count())] != list(labels):
            box.clear()
            for text, key in labels:
                box.addItem(text, key)
        place = next((row for row, (_, key) in enumerate(labels) if key == chosen), -1)
        if box.currentIndex() != place:
            box.setCurrentIndex(place)

    def show_words(self, parts: Sequence[str], hint: str) -> None:
        """The picked contract, or what can be done."""
        text = "   ".join(parts) if parts else hint
        if text != self.words.text():
            self.words.setText(text)
        for button in (self.buy, self.sell):
            button.setVisible(bool(parts))

    @Slot()
    def _told(self) -> None:
        box = self.sender()
        if isinstance(box, QComboBox):
            self.chosen.emit({str(box.property("field")): box.currentData()})

    @Slot(bool)
    def _zero_days_told(self, is_on: bool) -> None:
        self.chosen.emit({"zero_days": is_on})

    @Slot()
    def _view_told(self) -> None:
        self.view_chosen.emit(str(self.views.currentData()))


def _box(name: str, items: Sequence[tuple[str, object]]) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(4)
    for text, value in items:
        made.addItem(text, value)
    return made


def _button(text: str, hint: str, *, checkable: bool = False) -> QToolButton:
    made = QToolButton()
    made.setText(text)
    made.setToolTip(hint)
    made.setCheckable(checkable)
    made.setProperty("role", "flat")
    return made
