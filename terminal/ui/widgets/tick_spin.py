"""A price editor whose steps are the instrument's ticks; holds an integer price and never a float."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from terminal.app.formats import MINUS, price
from terminal.core.instruments import Instrument
from terminal.core.money import MoneyError, parse_px


class TickSpinBox(QAbstractSpinBox):
    """Up and down go to the next valid price. Text that is no price, or off the tick, is kept, marked and has no value:
    a price is never changed in silence."""

    value_changed = Signal(object)
    """Carries the price (int at the instrument's scale) or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._instrument: Instrument | None = None
        self._px: int | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccelerated(False)
        self.setKeyboardTracking(True)
        self.lineEdit().textEdited.connect(self._edited)

    @property
    def px(self) -> int | None:
        """The price, or None when the text is not a valid one."""
        return self._px

    @property
    def problem(self) -> str:
        """Why there is no value, as a sentence; empty when there is one."""
        return self._problem

    _problem = ""

    def set_instrument(self, instrument: Instrument) -> None:
        """Takes the ticks of an instrument and clears the price."""
        self._instrument = instrument
        self.set_px(None)

    def set_px(self, px: int | None) -> None:
        """Shows a price; None clears."""
        text = "" if px is None or self._instrument is None else price(px, self._instrument)
        self.lineEdit().setText(text)
        self._take(px, "")

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Both ways once there is an instrument and a price."""
        flag = QAbstractSpinBox.StepEnabledFlag
        if self._instrument is None or self._px is None:
            return flag.StepNone
        return flag.StepUpEnabled | flag.StepDownEnabled

    def stepBy(self, steps: int) -> None:
        """Moves by whole ticks."""
        if self._instrument is None or self._px is None:
            return
        table, px = self._instrument.tick_class.table, self._px
        for _ in range(abs(steps)):
            px = table.up(px) if steps > 0 else table.down(px)
        self.set_px(px)
        self.selectAll()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Lets anything be typed; the mark says what is wrong."""
        return QValidator.State.Acceptable, text, position

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is left to the panel, so that it cannot send twice."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            event.ignore()
            return
        super().keyPressEvent(event)

    def _edited(self, text: str) -> None:
        cleaned = text.strip().replace(MINUS, "-").replace(",", "")
        if self._instrument is None or not cleaned:
            self._take(None, "")
            return
        try:
            px = parse_px(cleaned, self._instrument.price_scale)
        except MoneyError as error:
            self._take(None, f"{error}.")
            return
        table = self._instrument.tick_class.table
        if not table.is_on_tick(px):
            self._take(None, f"{cleaned} is not on the tick; the step here is {table.describe(px)}.")
            return
        self._take(px, "")

    def _take(self, px: int | None, problem: str) -> None:
        changed = px != self._px
        self._px, self._problem = px, problem
        self.setToolTip(problem)
        if self.property("invalid") != bool(problem):
            self.setProperty("invalid", bool(problem))
            self.style().unpolish(self)
            self.style().polish(self)
        if changed:
            self.value_changed.emit(px)
