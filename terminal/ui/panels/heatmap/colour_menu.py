"""The menu of the colour bar: which share of the sizes the colours cover, or from where to where."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QActionGroup, QDoubleValidator
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QWidget, QWidgetAction

from terminal.app.views.heatmap_scale import PERCENTILES, ColourRange
from terminal.core.instruments import Instrument

_FIELD_PX = 64


class ColourMenu(QMenu):
    """Emits the range that a person wants."""

    chosen = Signal(object)
    """A ColourRange."""

    def __init__(self, colours: ColourRange, instrument: Instrument, parent: QWidget) -> None:
        super().__init__(parent)
        self._colours, self._scale = colours, instrument.size_scale
        self.addSection("Brightest colour for the largest")
        group = QActionGroup(self)
        for each in PERCENTILES:
            action = self.addAction(f"{100 - each:g}% of the sizes in view")
            action.setCheckable(True)
            action.setChecked(colours.percentile == each)
            action.setData(each)
            group.addAction(action)
        group.triggered.connect(self._percentile_chosen)
        self.addSection("Or from one size to another")
        self.least, self.most = self._field(colours.low, "First colour"), self._field(colours.high, "Last colour")
        row = QWidget(self)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 2, 12, 4)
        layout.addWidget(self.least)
        layout.addWidget(QLabel("to"))
        layout.addWidget(self.most)
        holder = QWidgetAction(self)
        holder.setDefaultWidget(row)
        self.addAction(holder)
        self.addSeparator()

    def _field(self, size: float, name: str) -> QLineEdit:
        field = QLineEdit(f"{size / self._scale:g}")
        field.setAccessibleName(f"{name}: size")
        field.setValidator(QDoubleValidator(0.0, 1e15, 8, field))
        field.setFixedWidth(_FIELD_PX)
        field.returnPressed.connect(self._range_typed)
        return field

    @Slot(object)
    def _percentile_chosen(self, action: object) -> None:
        percentile = float(action.data())  # type: ignore[attr-defined]
        self.chosen.emit(ColourRange(self._colours.low, self._colours.high, self._colours.is_log, percentile))

    @Slot()
    def _range_typed(self) -> None:
        try:
            ends = [float(each.text().replace(",", "")) * self._scale for each in (self.least, self.most)]
            wanted = self._colours.fixed(*ends)
        except ValueError as problem:
            self.most.setToolTip(str(problem).capitalize())
            self.most.setProperty("invalid", True)
            self.most.style().unpolish(self.most)
            self.most.style().polish(self.most)
            return
        self.chosen.emit(wanted)
        self.close()
