"""What stands over the ladder: quantity and its presets, ticks a row, centring, and whether clicks send."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QToolButton, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.arming import ArmState
from terminal.app.views.ladder import AUTO, STEPS
from terminal.app.views.ladder_keys import QUANTITY_PRESETS
from terminal.ui.theme.theme import Theme

MOST_QUANTITY = 1_000_000


class LadderControls(QWidget):
    """Two rows of controls; the panel connects them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: ArmState | None = None
        self._step = 1
        self.quantity = QSpinBox()
        self.quantity.setRange(1, MOST_QUANTITY)
        self.quantity.setAccessibleName("Quantity of ladder orders")
        self.quantity.setToolTip("Shares or contracts of each order from here (Left and Right, 1 to 6)")
        self.quantity.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.quantity.setFixedWidth(52)
        self.step = QComboBox()
        self.step.setAccessibleName("Ticks a row")
        for each in (AUTO, *STEPS):
            self.step.addItem("Auto" if each == AUTO else f"{each} tick{'' if each == 1 else 's'}", each)
        self.centre = _flat("Centre", "Put the market in the middle (C). Rows hold still under the pointer.")
        self.armed = _flat("", "")
        self.armed.setAccessibleName("Arm or disarm")
        first, second = QHBoxLayout(), QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 0)
        column.setSpacing(2)
        for row in (first, second):
            row.setSpacing(2)
            column.addLayout(row)
        first.addWidget(self.quantity)
        for number, each in enumerate(QUANTITY_PRESETS, start=1):
            button = _flat(formats.size(each), f"Quantity {each} ({number})")
            button.setFixedWidth(button.fontMetrics().horizontalAdvance(button.text()) + 12)
            button.clicked.connect(partial(self.quantity.setValue, each))
            first.addWidget(button)
        first.addStretch(1)
        second.addWidget(self.step)
        second.addWidget(self.centre)
        second.addStretch(1)
        second.addWidget(self.armed)

    def show_arming(self, state: ArmState, theme: Theme, *, again: bool = False) -> None:
        """The word, in the colour of danger while clicks send; ``again`` after a change of theme."""
        if state is self._state and not again:
            return
        self._state = state
        self.armed.setText(state.word)
        self.armed.setToolTip("Clicks and keys send orders" if state.is_armed else "Clicks only draft; press to arm")
        self.armed.setStyleSheet(f"color: {theme.tokens.armed}; font-weight: 600;" if state.is_armed else "")

    def show_step(self, step: int) -> None:
        """How many ticks a row has now, beside the word Auto."""
        if step != self._step:
            self._step = step
            self.step.setItemText(0, "Auto" if step == 1 else f"Auto: {step}")


def _flat(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("role", "flat")
    return button
