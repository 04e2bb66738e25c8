"""The window that adds indicators to a chart: the catalog with a search, a formula, the trader's own files."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from terminal.app.palette_search import match
from terminal.app.views.chart_indicators import IndicatorChoice, IndicatorSet, file_choice, formula_choice, new_choice
from terminal.app.views.chart_own import FILE_NOTICE, write_example
from terminal.market.indicators import catalog
from terminal.market.indicators.formula import COLUMNS, Formula, names
from terminal.market.indicators.spec import IndicatorError
from terminal.market.indicators.user_file import files_in

_ID = int(Qt.ItemDataRole.UserRole)


class IndicatorPicker(QDialog):
    """Stays open while indicators are added; the chart goes on beside it."""

    chosen = Signal(object)
    """An IndicatorChoice."""

    def __init__(self, indicators: IndicatorSet, parent: QWidget) -> None:
        super().__init__(parent)
        self._indicators = indicators
        self.setWindowTitle("Indicators")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(460, 460)
        self.said = QLabel()
        self.said.setProperty("role", "faint")
        self.said.setWordWrap(True)
        self.tabs = QTabWidget()
        self.tabs.addTab(self._catalog_page(), "Catalog")
        self.tabs.addTab(self._formula_page(), "Formula")
        self.tabs.addTab(self._file_page(), "Own files")
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.said)
        self._fill("")
        self.search.setFocus()

    # The catalog.

    def _catalog_page(self) -> QWidget:
        page = QWidget()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search: rsi, bands, average…")
        self.search.setAccessibleName("Search an indicator")
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Indicators")
        layout = QVBoxLayout(page)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        self.search.textChanged.connect(self._fill)
        self.search.returnPressed.connect(self._add_current)
        self.list.itemActivated.connect(self._add_current)
        self.list.itemClicked.connect(self._add_current)
        return page

    @Slot(str)
    def _fill(self, text: str) -> None:
        wanted = text.casefold().split()
        rows = [(f"{spec.id.replace('_', ' ')}  {spec.title}", spec) for spec in catalog.catalog().values()]
        found = [row for row in rows if all(word in row[0].casefold() for word in wanted)]
        if not found:
            hits = [(hit.score, row) for row in rows if (hit := match(text, row[0])) is not None]
            found = [row for _, row in sorted(hits, key=lambda each: -each[0])]
        self.list.clear()
        for words, spec in found:
            item = QListWidgetItem(words)
            item.setToolTip(f"{spec.group}; {'on the prices' if spec.is_overlay else 'in a pane of its own'}")
            item.setData(_ID, spec.id)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down in the search move through the list."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {int(Qt.Key.Key_Down): 1, int(Qt.Key.Key_Up): -1}.get(int(event.key()), 0)
            if step:
                self.list.setCurrentRow(min(max(0, self.list.currentRow() + step), self.list.count() - 1))
                return True
        return super().eventFilter(watched, event)

    @Slot()
    def _add_current(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self._offer(new_choice(str(item.data(_ID))))

    def _offer(self, choice: IndicatorChoice) -> None:
        self.chosen.emit(choice)
        self.said.setText(f"{choice.title} is on the chart; click its name there to change it.")

    # Formulas.

    def _formula_page(self) -> QWidget:
        page = QWidget()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name, for the legend")
        self.name.setAccessibleName("Name of the formula")
        self.formula = QPlainTextEdit()
        self.formula.setTabChangesFocus(True)
        self.formula.setObjectName("mono")
        self.formula.setPlaceholderText("ema(close, 9) - ema(close, 21)")
        self.formula.setAccessibleName("Formula")
        self.add_formula = QPushButton("Add it in a pane")
        self.add_overlay = QPushButton("Add it on the prices")
        self.judgement = QLabel()
        self.judgement.setWordWrap(True)
        known = QPlainTextEdit(_help())
        known.setReadOnly(True)
        known.setObjectName("mono")
        known.setAccessibleName("What a formula may use")
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_formula)
        buttons.addWidget(self.add_overlay)
        buttons.addStretch(1)
        layout = QVBoxLayout(page)
        layout.addWidget(self.name)
        layout.addWidget(self.formula, 2)
        layout.addWidget(self.judgement)
        layout.addLayout(buttons)
        layout.addWidget(known, 3)
        self.formula.textChanged.connect(self._judge)
        self.add_formula.clicked.connect(self._add_in_pane)
        self.add_overlay.clicked.connect(self._add_on_prices)
        self._judge()
        return page

    @Slot()
    def _judge(self) -> None:
        text = self.formula.toPlainText()
        said = ""
        if text.strip():
            try:
                Formula(text)
            except IndicatorError as problem:
                said = str(problem)
        self.judgement.setText(said)
        for button in (self.add_formula, self.add_overlay):
            button.setEnabled(bool(text.strip()) and not said)

    def _add_formula(self, place: str) -> None:
        settings = {"name": self.name.text().strip(), "place": place}
        try:
            self._offer(formula_choice(self.formula.toPlainText().strip(), settings))
        except IndicatorError as problem:
            self.judgement.setText(str(problem))

    @Slot()
    def _add_in_pane(self) -> None:
        self._add_formula("own")

    @Slot()
    def _add_on_prices(self) -> None:
        self._add_formula("prices")

    # Files.

    def _file_page(self) -> QWidget:
        page = QWidget()
        notice = QLabel(FILE_NOTICE)
        notice.setWordWrap(True)
        notice.setObjectName("sentence")
        where = QLabel(f"Folder: {self._indicators.folder}")
        where.setWordWrap(True)
        where.setProperty("role", "faint")
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.files = QListWidget()
        self.files.setAccessibleName("Own indicator files")
        add, example, folder = (
            QPushButton("Run it on the chart"),
            QPushButton("Write an example"),
            QPushButton("Folder"),
        )
        folder.setToolTip("Show the folder in the file manager")
        buttons = QHBoxLayout()
        for each in (add, example, folder):
            buttons.addWidget(each)
        buttons.addStretch(1)
        layout = QVBoxLayout(page)
        for widget in (notice, where, self.files):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        add.clicked.connect(self._add_file)
        self.files.itemActivated.connect(self._add_file)
        example.clicked.connect(self._write_example)
        folder.clicked.connect(self._show_folder)
        self._list_files()
        return page

    def _list_files(self) -> None:
        self.files.clear()
        if self._indicators.folder is not None:
            self.files.addItems(files_in(self._indicators.folder))
        self.files.setCurrentRow(0)

    @Slot()
    def _add_file(self) -> None:
        item = self.files.currentItem()
        if item is None:
            self.said.setText("There is no file in the folder yet; write an example to begin with.")
            return
        try:
            self._offer(file_choice(self._indicators.folder, item.text()))
        except IndicatorError as problem:
            self.said.setText(str(problem))

    @Slot()
    def _write_example(self) -> None:
        if self._indicators.folder is None:
            return
        try:
            path = write_example(self._indicators.folder)
        except OSError as problem:
            self.said.setText(f"The example was not written: {problem.strerror}.")
            return
        self._list_files()
        self.said.setText(f"{path.name} is in the folder; change it as you like.")

    @Slot()
    def _show_folder(self) -> None:
        if self._indicators.folder is not None:
            self._indicators.folder.mkdir(parents=True, exist_ok=True)
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._indicators.folder)))


def _help() -> str:
    return (
        f"Prices: {', '.join(COLUMNS)}; close[1] is the close a bar before.\n"
        "Signs: + - * / % ** < <= > >= == != and or not, a if condition else b\n"
        f"Functions: {', '.join(names())}"
    )
