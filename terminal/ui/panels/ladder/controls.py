"""What stands over and under the ladder: quantity, rows, columns, arming; cancels and the open position."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSpinBox, QToolButton, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.arming import ArmState
from terminal.app.views import ladder_keys
from terminal.app.views.ladder_axis import AUTO, STEPS
from terminal.app.views.ladder_columns import Choice
from terminal.app.views.ladder_keys import QUANTITY_PRESETS
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel

MOST_QUANTITY = 1_000_000
ROW_PX = 22
"""A row of controls: whatever it does not take is prices."""
_PAD_PX, _LEAST_PAD_PX = 10, 5


class LadderControls(QWidget):
    """Two rows of controls; the panel connects them."""

    column_chosen = Signal(object, bool)
    """A Choice, and whether it is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: ArmState | None = None
        self._step = 1
        self.quantity = QSpinBox()
        self.quantity.setRange(1, MOST_QUANTITY)
        self.quantity.setAccessibleName("Quantity of ladder orders")
        self.quantity.setToolTip("Shares or contracts of each order from here (Left and Right, 1 to 6)")
        self.quantity.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.quantity.setFixedSize(44, ROW_PX)
        self.step = QComboBox()
        self.step.setFixedSize(80, ROW_PX)
        self.step.setAccessibleName("Ticks a row")
        self.step.setToolTip("Ticks a row (Ctrl and the wheel); sizes are added up")
        for each in (AUTO, *STEPS):
            self.step.addItem("Auto" if each == AUTO else f"{each} tick{'' if each == 1 else 's'}", each)
        self.centre = _flat("Centre", "Put the market in the middle (C). Rows hold still under the pointer.")
        self.follow = _flat("Follow", "Centre by itself when the market nears an edge; off: only when asked (F)")
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.columns = _flat("Columns", "Which columns the ladder has")
        self.columns.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.armed = _flat("", "")
        self.armed.setAccessibleName("Arm or disarm")
        self._choices: dict[Choice, QAction] = {}
        self._fill_menu()
        self._lay_out()

    def _fill_menu(self) -> None:
        menu = QMenu(self)
        for choice in Choice:
            action = menu.addAction(choice.word)
            action.setCheckable(True)
            action.toggled.connect(partial(self.column_chosen.emit, choice))
            self._choices[choice] = action
        menu.addSeparator()
        self.in_ticks = menu.addAction("Profit in ticks")
        self.in_ticks.setCheckable(True)
        self.columns.setMenu(menu)

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 1, 4, 0)
        column.setSpacing(1)
        for row in (first, second):
            row.setSpacing(1)
            column.addLayout(row)
        first.addWidget(self.quantity)
        for number, each in enumerate(QUANTITY_PRESETS, start=1):
            button = _flat(
                formats.size(each), f"Quantity {each} ({number}). Ctrl+click adds it, Shift+click subtracts it."
            )
            word_px = button.fontMetrics().horizontalAdvance(button.text())
            button.setStyleSheet("padding: 1px 0px;")
            button.setMinimumWidth(word_px + _LEAST_PAD_PX)
            button.setMaximumWidth(word_px + _PAD_PX)
            button.clicked.connect(partial(self._preset, each))
            first.addWidget(button)
        first.addStretch(1)
        for widget in (self.step, self.centre, self.follow, self.columns):
            second.addWidget(widget)
        second.addStretch(1)
        first.addWidget(self.armed)

    def _preset(self, size: int) -> None:
        held = QGuiApplication.keyboardModifiers()
        adds = bool(held & Qt.KeyboardModifier.ControlModifier)
        subtracts = bool(held & Qt.KeyboardModifier.ShiftModifier)
        self.quantity.setValue(ladder_keys.preset(self.quantity.value(), size, adds=adds, subtracts=subtracts))

    def show_columns(self, chosen: frozenset[Choice], *, in_ticks: bool) -> None:
        """Marks in the menu, without telling anybody."""
        for choice, action in self._choices.items():
            action.blockSignals(True)
            action.setChecked(choice in chosen)
            action.blockSignals(False)
        self.in_ticks.blockSignals(True)
        self.in_ticks.setChecked(in_ticks)
        self.in_ticks.blockSignals(False)

    def show_arming(self, state: ArmState, theme: Theme, *, again: bool = False) -> None:
        """The word, in the colour of danger while clicks send; ``again`` after a change of theme."""
        if state is self._state and not again:
            return
        self._state = state
        self.armed.setText(state.word)
        self.armed.setToolTip("Clicks and keys send orders" if state.is_armed else "Clicks only draft; press to arm")
        self.armed.setStyleSheet(f"color: {theme.tokens.armed}; font-weight: 600;" if state.is_armed else "")
        # Neighbours may be narrow; whether a click sends is never cut short.
        self.armed.setMinimumWidth(self.armed.fontMetrics().horizontalAdvance(state.word) + _PAD_PX)

    def show_step(self, step: int) -> None:
        """How many ticks a row has now, beside the word Auto."""
        if step != self._step:
            self._step = step
            self.step.setItemText(0, "Auto" if step == 1 else f"Auto: {step}")


class LadderFoot(QWidget):
    """Cancels of this symbol's orders, which work disarmed, and what is held."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bids = _flat("✕ Buys", "Cancel this symbol's buys (Ctrl+Shift+B); works disarmed")
        self.asks = _flat("✕ Sells", "Cancel this symbol's sells (Ctrl+Shift+S); works disarmed")
        self.all = _flat("✕ All", "Cancel this symbol's orders (Shift+Backspace); works disarmed")
        self.position = ElidedLabel()
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.position.setAccessibleName("Open position")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 6, 0)
        row.setSpacing(1)
        for each in (self.bids, self.asks, self.all):
            row.addWidget(each)
        row.addWidget(self.position, 1)
        # Not there for the frames' cost: QLabel lays itself out with every text, changed or not.
        self._position: tuple[str, str] | None = None

    def show_position(self, text: str, ink: str) -> None:
        """What is held and at which average price."""
        if (text, ink) != self._position:
            self._position = text, ink
            self.position.setText(text)
            self.position.setToolTip(text)
            self.position.setStyleSheet(f"color: {ink};")


def _flat(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("role", "flat")
    button.setFixedHeight(ROW_PX)
    return button
