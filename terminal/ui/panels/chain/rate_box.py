"""The box for an interest rate of the trader's own, or auto."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox

_LOWEST, _HIGHEST = -5.0, 50.0
_AUTO = _LOWEST - 0.25
_SAME = 0.005
"""Half of the last digit that the box shows."""


class RateBox(QDoubleSpinBox):
    """In per cent, continuously compounded; ``rate`` is a decimal, None for auto, one step below the lowest."""

    told = Signal()
    """A person, or the settings, chose another rate."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Interest rate of this expiry, per cent")
        self.setToolTip(
            "Interest rate of this expiry, continuously compounded. auto: the market's own or, by put-call parity, "
            "what the quotes imply. Another rate leaves the forward where the quotes have it."
        )
        self.setRange(_AUTO, _HIGHEST)
        self.setDecimals(2)
        # A rate is told by Enter, by a step or when the focus leaves, not by every digit on the way to it.
        self.setKeyboardTracking(False)
        self.setSingleStep(0.25)
        self.setPrefix("r ")
        self.setSuffix(" %")
        self.setSpecialValueText("r auto")
        self.setValue(_AUTO)
        self.setFixedWidth(86)
        self.valueChanged.connect(self._changed)

    @property
    def rate(self) -> float | None:
        """The rate as a decimal; None for auto."""
        return None if self.value() < _LOWEST else self.value() / 100

    def show_rate(self, rate: float | None) -> None:
        """Shows a rate that was told already: that of another expiry, or from another panel."""
        value = _AUTO if rate is None else rate * 100
        if abs(self.value() - value) >= _SAME:
            self.blockSignals(True)
            self.setValue(value)
            self.blockSignals(False)

    def stepBy(self, steps: int) -> None:
        """From auto the first step up leads to zero: nobody means to begin at the lowest."""
        if steps > 0 and self.rate is None:
            self.setValue(0.0)
        else:
            super().stepBy(steps)

    @Slot(float)
    def _changed(self, _value: float) -> None:
        self.told.emit()
