"""Type letters anywhere and name an instrument; the panel's link group follows."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from terminal.app.symbol_search import search
from terminal.core.instruments import InstrumentKind, InstrumentTable
from terminal.ui.shell.overlay import Choice, Overlay
from terminal.ui.theme.theme import ThemeSwitch

_KINDS = {InstrumentKind.EQUITY: "stock", InstrumentKind.ETF: "ETF", InstrumentKind.INDEX: "index",
          InstrumentKind.OPTION: "option"}  # fmt: skip


class SymbolEntry(Overlay):
    """Lists tickers and contracts."""

    chosen = Signal(int)
    """Carries the instrument's id."""

    def __init__(self, table: InstrumentTable, themes: ThemeSwitch, parent: QWidget) -> None:
        super().__init__("symbolEntry", "Symbol, or contract such as GOOG 750 C", themes, parent)
        self._table = table

    def matches(self, text: str) -> list[Choice]:
        """Instruments that match."""
        return [
            Choice(row.id, row.label, row.name, _KINDS.get(row.kind, row.kind.name.lower()))
            for row in search(self._table, text)
        ]

    def choose(self, choice: Choice) -> None:
        """Takes it."""
        if isinstance(choice.key, int):
            self.chosen.emit(choice.key)

    def nothing(self, text: str) -> str:
        """Says so."""
        return f"{text.upper()} is not in this market." if text else "Type a symbol."
