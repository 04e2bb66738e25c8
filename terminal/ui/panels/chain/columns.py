"""Which columns the chain shows: always the same ones for calls and puts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtWidgets import QMenu

from terminal.app.views.chain_columns import COLUMNS, STRIKE
from terminal.ui.panels.chain.grid_table import GridTable
from terminal.ui.widgets.column_fit import ColumnFit

_IMPORTANCE = {
    "bid": "Bid", "ask": "Ask", "iv": "Implied vol", "last": "Last trade",
    "bid_size": "Bid size", "ask_size": "Ask size", "delta": "Delta", "mid": "Middle of bid and ask",
    "edge": "Edge, ticks", "volume": "Volume",
    "theta": "Theta", "vega": "Vega", "gamma": "Gamma", "oi": "Open interest", "value": "Model value",
    "itm": "Probability in the money", "model_iv": "Vol of the surface", "edge_vol": "Edge, points of vol",
    "extrinsic": "Extrinsic value",
    "bid_iv": "Vol of the bid", "ask_iv": "Vol of the ask", "touch": "Probability of touch", "age": "Age of the quote",
    "rho": "Rho",
}  # fmt: skip
SETS = {
    "Quotes": ("bid", "ask", "bid_size", "ask_size", "mid", "last", "volume", "oi", "age"),
    "Greeks": ("bid", "ask", "iv", "delta", "gamma", "theta", "vega", "rho"),
    "Rich and cheap": ("bid", "ask", "bid_iv", "iv", "ask_iv", "model_iv", "value", "edge", "edge_vol"),
    "Probabilities": ("bid", "ask", "iv", "delta", "itm", "touch", "extrinsic"),
}
"""Columns that belong together, by the name in the menu."""
_AT = {column.id: place for place, column in enumerate(COLUMNS)}


class ChainColumns(QObject):
    """Fits columns to the width by importance until a person chooses them from the head's menu."""

    def __init__(self, table: GridTable) -> None:
        super().__init__(table)
        self._table = table
        groups = [[STRIKE]] + [[_AT[f"call.{name}"], _AT[f"put.{name}"]] for name in _IMPORTANCE]
        self._fit = ColumnFit(table, groups, spread=range(len(COLUMNS)))
        self.measure()
        table.horizontalHeader().customContextMenuRequested.connect(self._open_menu)

    def measure(self) -> None:
        """Takes the widths that the fonts of now need."""
        self._fit.set_widths(self._table.natural_widths())

    def save(self) -> dict[str, Any]:
        """The hidden columns, once a person has chosen; empty before."""
        if not self._fit.is_chosen:
            return {}
        return {"hidden": [column.id for place, column in enumerate(COLUMNS) if self._table.isColumnHidden(place)]}

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save`."""
        hidden = settings.get("hidden")
        if isinstance(hidden, list):
            for place, column in enumerate(COLUMNS):
                self._table.setColumnHidden(place, place != STRIKE and column.id in hidden)
            self._fit.choose()

    def show_pair(self, name: str, shown: bool) -> None:
        """Shows or hides a column of both sides."""
        for side in ("call", "put"):
            self._table.setColumnHidden(_AT[f"{side}.{name}"], not shown)
        self._fit.choose()

    def show_set(self, name: str) -> None:
        """Shows the columns of one of SETS on both sides, and no others."""
        for each in _IMPORTANCE:
            for side in ("call", "put"):
                self._table.setColumnHidden(_AT[f"{side}.{each}"], each not in SETS[name])
        self._fit.choose()

    @Slot(QPoint)
    def _open_menu(self, point: QPoint) -> None:
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in SETS:
            menu.addAction(name).triggered.connect(lambda _checked=False, name=name: self.show_set(name))
        menu.addSeparator()
        for name, title in _IMPORTANCE.items():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(not self._table.isColumnHidden(_AT[f"call.{name}"]))
            action.toggled.connect(partial(self.show_pair, name))
        menu.popup(self._table.horizontalHeader().mapToGlobal(point))
