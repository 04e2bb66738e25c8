"""What stands over the flow: which view, the ratios, pause and alerts; and the row of filters."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QToolButton, QWidget

from terminal.app.views.flow_filters import CHOICES, DEFAULT, Filter
from terminal.ui.widgets.elided_label import ElidedLabel

VIEWS = ("Tape", "Heatmap", "Exposure")
_UNSAVED = "Saved…"


def flat_button(text: str, tip: str, action: Callable[[], object], *, checkable: bool = False) -> QToolButton:
    """A button of the head."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setCheckable(checkable)
    button.setProperty("role", "flat")
    button.clicked.connect(action)
    return button


class FlowHead(QWidget):
    """Views, ratios, pause, alerts."""

    view_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(2)
        self.views = QButtonGroup(self)
        for number, name in enumerate(VIEWS):
            button = flat_button(name, f"{name} ({number + 1})", self._chosen, checkable=True)
            self.views.addButton(button, number)
            row.addWidget(button)
        self.views.button(0).setChecked(True)
        self.ratios = ElidedLabel()
        self.ratios.setProperty("role", "label")
        self.ratios.setAccessibleName("Put/call ratios of today")
        row.addWidget(self.ratios, 1)

    @Slot()
    def _chosen(self) -> None:
        self.view_chosen.emit(self.views.checkedId())

    def show_view(self, number: int) -> None:
        """Marks a view as chosen."""
        self.views.button(number).setChecked(True)


class FlowFilters(QWidget):
    """A list for each field, and the filters that were saved by name."""

    changed = Signal()
    named = Signal(str)
    """A saved filter was chosen, or a name was typed: Enter saves under it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 2)
        row.setSpacing(2)
        self.boxes: dict[str, QComboBox] = {}
        for field, choices in CHOICES.items():
            box = self.boxes[field] = QComboBox()
            box.setAccessibleName(f"Filter by {field}")
            for key, text in choices.items():
                box.addItem(text, key)
            row.addWidget(self._narrow(box), 1)
            box.currentIndexChanged.connect(self._changed)
        self.names = QComboBox()
        self.names.setEditable(True)
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.names.setAccessibleName("Saved filters")
        self.names.setToolTip("Saved filters: choose one, or type a name and press Enter to save this one")
        editor = self.names.lineEdit()
        if editor is not None:
            editor.setPlaceholderText(_UNSAVED)
            editor.returnPressed.connect(self._typed)
        self.names.activated.connect(self._typed)
        row.addWidget(self._narrow(self.names), 1)

    def chosen(self) -> Filter:
        """What is chosen in each list."""
        return {field: str(box.currentData()) for field, box in self.boxes.items()}

    def show_filter(self, chosen: Filter) -> None:
        """Puts the lists to a filter."""
        for field, box in self.boxes.items():
            box.blockSignals(True)
            box.setCurrentIndex(max(0, box.findData(chosen.get(field, DEFAULT[field]))))
            box.blockSignals(False)
        self.changed.emit()

    def show_names(self, names: list[str], current: str = "") -> None:
        """The saved filters."""
        self.names.blockSignals(True)
        self.names.clear()
        self.names.addItems(names)
        self.names.setCurrentText(current)
        self.names.blockSignals(False)

    def start_naming(self) -> None:
        """Puts the cursor where a name is typed."""
        self.names.setFocus(Qt.FocusReason.ShortcutFocusReason)
        editor = self.names.lineEdit()
        if editor is not None:
            editor.selectAll()

    @staticmethod
    def _narrow(box: QComboBox) -> QComboBox:
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(3)
        return box

    @Slot()
    def _changed(self) -> None:
        self.names.setCurrentText("")
        self.changed.emit()

    @Slot()
    def _typed(self) -> None:
        if self.names.currentText().strip():
            self.named.emit(self.names.currentText().strip())
