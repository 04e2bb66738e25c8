"""Comparing symbols on one chart: the layer, the button's menu and the line that asks for a symbol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from terminal.app.symbol_search import search
from terminal.app.views.chart import ChartView
from terminal.app.views.chart_compare import CompareError, ComparisonSet
from terminal.core.instruments import InstrumentTable, UnknownInstrumentError
from terminal.ui.panels.chart.compare_layer import CompareLayer
from terminal.ui.panels.chart.drawing_menus import LineEditor


class Comparing:
    """Give :attr:`layer` to the canvas and :attr:`button` to the head row. ``changed`` is called after every change."""

    def __init__(
        self,
        canvas: QWidget,
        view: ChartView,
        compared: ComparisonSet,
        table: InstrumentTable,
        say: Callable[[str], None],
    ) -> None:
        self._canvas = canvas
        self._view = view
        self._compared = compared
        self._table = table
        self._say = say
        self.changed: Callable[[], None] = lambda: None
        self.layer = CompareLayer(view, compared)
        self.button = QToolButton()
        self.button.setText("Compare")
        self.button.setProperty("role", "flat")
        self.button.setToolTip("Draw other symbols, rebased to this one's price at the left edge (Alt+C)")
        self.button.setAccessibleName("Compare symbols")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.button)
        menu.aboutToShow.connect(partial(self._fill, menu))
        self.button.setMenu(menu)

    def ask(self) -> None:
        """Opens a line over the chart for a symbol."""
        LineEditor(self._canvas, QPointF(60, 40), "", self.add, "Symbol to compare with, then Enter")

    def add(self, text: str) -> None:
        """Compares with what a person typed; says why when that is not possible."""
        found = search(self._table, text, 1)
        if not found:
            if text:
                self._say(f"There is no symbol {text.upper()} to compare with.")
            return
        try:
            self._compared.add(found[0], self._view.instrument)
        except CompareError as problem:
            self._say(str(problem))
            return
        if self._view.has_activity_bars:
            self._say("Bars that trades end cannot be compared; choose a time frame.")
        self.changed()

    def restore(self, symbols: Iterable[object]) -> None:
        """Takes back a workspace's; a symbol that this market does not have is left out."""
        self._compared.clear()
        for symbol in symbols:
            try:
                self._compared.add(self._table.find(str(symbol)), self._view.instrument)
            except (UnknownInstrumentError, CompareError):
                continue
        self.changed()

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        menu.addAction("Compare with\u2026\tAlt+C", self.ask)
        if self._compared.items:
            menu.addSeparator()
        for each in self._compared.items:
            menu.addAction(f"Remove {each.instrument.label}", partial(self._remove, each.instrument.id))

    def _remove(self, instrument: int) -> None:
        self._compared.remove(instrument)
        self.changed()
