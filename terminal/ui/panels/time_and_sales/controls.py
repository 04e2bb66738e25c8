"""What stands over and under the tape: whose trades, how they are joined, the least size, pause; totals."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from terminal.app.views import tape_words
from terminal.app.views.time_and_sales import Merge, TapeTotals
from terminal.core.instruments import Instrument
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.number_label import NumberLabel

SCOPES = {"symbol": "Symbol", "list": "Watchlist", "all": "All"}
"""As short as a narrow panel's box; the tooltips say what each is."""
JOININGS: dict[str, tuple[Merge, int, str]] = {
    "each": (Merge.NONE, 0, "Each"),
    "50ms": (Merge.PRICE, 50, "50 ms"),
    "500ms": (Merge.PRICE, 500, "500 ms"),
    "sweep": (Merge.SWEEP, 0, "Sweeps"),
}
WINDOWS = {10: "10 s", 60: "1 min", 300: "5 min", 0: "held"}


class TapeControls(QWidget):
    """The row over the tape; the panel connects it."""

    size_typed = Signal(str)
    """A least size as a person wrote it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope, self.joining, self.least = QComboBox(), QComboBox(), QComboBox()
        self.scope.setAccessibleName("Whose trades")
        self.scope.setToolTip("Whose trades are shown: of this panel's symbol, of the watchlist, or of the market")
        for key, text in SCOPES.items():
            self.scope.addItem(text, key)
        self.joining.setAccessibleName("How trades are joined")
        self.joining.setToolTip("Which trades share a row (M): none; one side and price close in time; whole sweeps")
        for key, (_, _, text) in JOININGS.items():
            self.joining.addItem(text, key)
        self.least.setEditable(True)
        self.least.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.least.setAccessibleName("Least size")
        self.least.setToolTip("Rows smaller than this are hidden, by symbol (Ctrl+F). Totals count every trade.")
        self.pause = QToolButton()
        self.pause.setText("Pause")
        self.pause.setCheckable(True)
        self.pause.setProperty("role", "flat")
        self.pause.setToolTip("Stands still without losing a trade (Space)")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(2)
        for box in (self.scope, self.joining, self.least):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(2)
            row.addWidget(box, 4 if box is not self.least else 3)
        row.addWidget(self.pause)
        self._presets: tuple[str, ...] = ()
        self.least.textActivated.connect(self.size_typed)
        editor = self.least.lineEdit()
        if editor is not None:
            editor.setPlaceholderText("≥ size")
            editor.returnPressed.connect(self._typed)

    def show_least(self, text: str, instrument: Instrument | None) -> None:
        """The presets of the instrument, and the size that is chosen; a person who types is left alone."""
        presets = tape_words.presets(instrument)
        if presets != self._presets:
            self._presets = presets
            self.least.clear()
            self.least.addItems([f"≥ {each}" if each != "0" else "Any" for each in presets])
        editor = self.least.lineEdit()
        if editor is not None and not editor.hasFocus() and text != editor.text():
            self.least.setCurrentText(text)

    def mark_size(self, *, is_wrong: bool) -> None:
        """The box in the colour of a mistake."""
        editor = self.least.lineEdit()
        if editor is not None:
            editor.setProperty("invalid", is_wrong)
            editor.style().unpolish(editor)
            editor.style().polish(editor)

    def start_typing(self) -> None:
        """Puts the cursor into the least size."""
        self.least.setFocus(Qt.FocusReason.ShortcutFocusReason)
        editor = self.least.lineEdit()
        if editor is not None:
            editor.selectAll()

    @Slot()
    def _typed(self) -> None:
        self.size_typed.emit(self.least.currentText())


class TapeFoot(QWidget):
    """Bought, sold and delta of a stretch of time; what is not in memory any more."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.window_s = QComboBox()
        self.window_s.setAccessibleName("Stretch of the totals")
        self.window_s.setToolTip("Over how long the totals are: every trade, whatever its size")
        for seconds, text in WINDOWS.items():
            self.window_s.addItem(text, seconds)
        self.window_s.setCurrentIndex(1)
        self.bought = NumberLabel(theme, "Bought: who crossed the spread was the buyer")
        self.sold = NumberLabel(theme, "Sold: who crossed the spread was the seller")
        self.delta = NumberLabel(theme, "Bought less sold")
        self.older = ElidedLabel()
        self.older.setProperty("role", "faint")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 1, 4, 1)
        row.setSpacing(6)
        for each in (self.window_s, self.bought, self.sold, self.delta):
            row.addWidget(each)
        row.addWidget(self.older, 1)
        self._shown: tuple[object, ...] = ()

    def apply_theme(self, theme: Theme) -> None:
        """Other colours."""
        for each in (self.bought, self.sold, self.delta):
            each.apply_theme(theme)

    def show_totals(self, totals: TapeTotals, instrument: Instrument | None, older: str, theme: Theme) -> None:
        """The totals in the instrument's units."""
        key = (totals, instrument, older, theme)
        if key == self._shown:
            return
        self._shown = key
        texts = tape_words.totals_words(totals, instrument)
        tokens = ("up", "down", theme.sign_token(totals.delta))
        for label, text, token in zip((self.bought, self.sold, self.delta), texts, tokens, strict=True):
            label.show_text(text, token)
        if older == self.older.text():
            return
        self.older.setText(older)
        self.older.setToolTip(older)
