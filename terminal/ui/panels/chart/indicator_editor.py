"""The window that changes one indicator: parameters, colours, where it is; and what went wrong with it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from terminal.app.views.chart_indicators import ChartIndicator, formula_choice
from terminal.app.views.chart_own import FORMULA_ID
from terminal.market.indicators.spec import IndicatorError, OutputStyle, ParameterSpec, Setting
from terminal.ui.panels.chart.lines import series_colour
from terminal.ui.theme.theme import Theme

_COLOUR_WORDS = ("Blue", "Amber", "Green", "Red", "Violet", "Grey")


class IndicatorEditor(QDialog):
    """Every change is on the chart at once."""

    changed = Signal(object, object)
    """The ChartIndicator and its new IndicatorChoice."""
    again = Signal(object)
    """The ChartIndicator is to be tried once more."""
    removed = Signal(object)
    """The ChartIndicator is to go."""

    def __init__(self, item: ChartIndicator, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._item = item
        self._fields: dict[str, QWidget] = {}
        self.setWindowTitle(item.choice.title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(item.spec.title)
        heading.setProperty("role", "heading")
        self.form = QFormLayout()
        self.formula = QPlainTextEdit(item.choice.text)
        self.formula.setTabChangesFocus(True)
        self.formula.setObjectName("mono")
        self.formula.setAccessibleName("Formula")
        self.formula.setMaximumHeight(90)
        if item.spec.id == FORMULA_ID:
            self.form.addRow("Formula", self.formula)
        for parameter in item.spec.parameters:
            field = self._field(parameter, item.choice.settings[parameter.name])
            field.setAccessibleName(parameter.label)
            self._fields[parameter.name] = field
            self.form.addRow(parameter.label, field)
        self.colours = [self._colour_box(number, theme) for number in range(len(item.spec.outputs))]
        for box, output in zip(self.colours, item.spec.outputs, strict=True):
            if output.style not in {OutputStyle.HIDDEN, OutputStyle.HISTOGRAM}:
                self.form.addRow(f"Colour {output.label}".strip(), box)
        self.visible = QCheckBox("On the chart")
        self.visible.setChecked(item.choice.is_visible)
        self.visible.toggled.connect(self._take)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setObjectName("mono")
        self.details.setAccessibleName("What went wrong")
        self.try_again = QPushButton("Try again")
        self.try_again.clicked.connect(self._again)
        remove = QPushButton("Remove")
        remove.clicked.connect(self._remove)
        buttons = QHBoxLayout()
        buttons.addWidget(self.try_again)
        buttons.addStretch(1)
        buttons.addWidget(remove)
        layout = QVBoxLayout(self)
        layout.addWidget(heading)
        layout.addLayout(self.form)
        layout.addWidget(self.visible)
        layout.addWidget(self.said)
        layout.addWidget(self.details, 1)
        layout.addLayout(buttons)
        self.formula.textChanged.connect(self._take)
        self.show_problem()

    @property
    def item(self) -> ChartIndicator:
        """The indicator that is edited."""
        return self._item

    def show_problem(self) -> None:
        """Says what went wrong, if anything did; the panel calls it while the window is open."""
        problem = self._item.problem
        self.said.setText(f"Stopped: {problem}" if problem else "")
        details = self._item.details if problem else ""
        if details != self.details.toPlainText():
            self.details.setPlainText(details)
        self.details.setVisible(bool(details))
        self.try_again.setVisible(bool(problem))

    def _field(self, parameter: ParameterSpec, value: Setting) -> QWidget:
        if parameter.choices is not None:
            box = QComboBox()
            for choice, words in parameter.choices:
                box.addItem(words, choice)
            box.setCurrentIndex(max(0, box.findData(value)))
            box.currentIndexChanged.connect(self._take)
            return box
        if isinstance(value, str):
            line = QLineEdit(value)
            line.editingFinished.connect(self._take)
            return line
        if isinstance(parameter.default, int):
            whole = QSpinBox()
            whole.setRange(int(max(parameter.least, -(2**31))), int(min(parameter.most, 2**31 - 1)))
            whole.setValue(int(value))
            whole.valueChanged.connect(self._take)
            return whole
        number = QDoubleSpinBox()
        number.setDecimals(4)
        number.setRange(parameter.least, parameter.most)
        number.setSingleStep(0.1 if abs(float(parameter.default)) >= 0.5 else 0.01)
        number.setValue(float(value))
        number.valueChanged.connect(self._take)
        return number

    def _colour_box(self, output: int, theme: Theme) -> QComboBox:
        box = QComboBox()
        for number, words in enumerate(_COLOUR_WORDS):
            sample = QPixmap(12, 12)
            sample.fill(series_colour(theme, number))
            box.addItem(QIcon(sample), words, number)
        box.setCurrentIndex(self._item.choice.colours[output])
        box.setAccessibleName(f"Colour of {self._item.spec.outputs[output].name}")
        box.currentIndexChanged.connect(self._take)
        return box

    def _settings(self) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for name, field in self._fields.items():
            if isinstance(field, QComboBox):
                found[name] = field.currentData()
            elif isinstance(field, QLineEdit):
                found[name] = field.text().strip()
            elif isinstance(field, QSpinBox | QDoubleSpinBox):
                found[name] = field.value()
        return found

    @Slot()
    def _take(self) -> None:
        """What the fields say goes to the chart; a formula that is none stays here and says why."""
        choice = self._item.choice
        settings = self._settings()
        if choice.spec.id == FORMULA_ID:
            try:
                made = formula_choice(self.formula.toPlainText().strip(), settings)
            except IndicatorError as problem:
                self.said.setText(str(problem))
                return
            choice = replace(choice, spec=made.spec, text=made.text)
        colours = tuple(int(box.currentData()) for box in self.colours)
        choice = replace(choice, settings=settings, colours=colours, is_visible=self.visible.isChecked())
        self.changed.emit(self._item, choice)
        self.setWindowTitle(choice.title)
        self.show_problem()

    @Slot()
    def _again(self) -> None:
        self.again.emit(self._item)

    @Slot()
    def _remove(self) -> None:
        self.removed.emit(self._item)
        self.close()
