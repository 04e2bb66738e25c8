"""The risk-neutral density of an expiry; a drag over prices tells the chance to end between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout

from terminal.app.views.density import live_expiries, picture
from terminal.app.views.plots import Plot, XAxis
from terminal.core.instruments import Instrument
from terminal.market.analytics.chain_values import ChainValues
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.fact_row import FactRow
from terminal.ui.widgets.line_plot import LinePlot

_BOX_PX = 168
_HINT = "Drag over prices (Shift+arrows) for the chance to end between them."


class DensityPanel(Panel):
    """What the options say about where the price ends: density, implied move, probabilities."""

    TYPE, TITLE = "density", "Density"
    NEEDS = Needs.MARKET
    MIN_INTERVAL_MS = 500
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("sooner", "Earlier expiry", "sooner", ("[",)),
        PanelCommand("later", "Later expiry", "later", ("]",)),
        PanelCommand("clear", "Forget the chosen prices", "clear", ("Escape",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._underlying: int | None = None
        self._wanted: tuple[int, str] | None = None
        """The series that is shown, by its end and root."""
        self._chosen: tuple[float, float] | None = None
        self._seen: tuple[object, ...] = ()
        self.expiry = QComboBox()
        self.expiry.setAccessibleName("Expiry")
        self.expiry.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.expiry.setMinimumWidth(_BOX_PX)
        self.expiry.activated.connect(self._expiry_chosen)
        self.clear_button = QPushButton("Clear")
        self.clear_button.clicked.connect(self.clear)
        self.note = ElidedLabel()
        self.note.setProperty("role", "faint")
        self.facts = FactRow(context.theme)
        self.plot = LinePlot(context.theme, can_select=True)
        self.plot.setAccessibleName("Density by price")
        self.plot.range_chosen.connect(self._choose_range)
        head = QHBoxLayout()
        head.setContentsMargins(4, 2, 4, 2)
        head.addWidget(self.expiry)
        head.addWidget(self.note, 1)
        head.addWidget(self.clear_button)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.facts)
        layout.addWidget(self.plot, 1)
        self.setFocusProxy(self.plot)

    def show_instrument(self, instrument: Instrument) -> None:
        """An option shows its underlying, at its expiry."""
        terms = instrument.option
        underlying = instrument.id if terms is None else terms.underlying
        if underlying != self._underlying:
            if self._underlying is not None:  # else the prices are those of the workspace
                self._chosen = None
                self.plot.set_range(None)
            self._wanted = None
        if terms is not None:
            self._wanted = (terms.expires_ns, terms.symbol.root)
        self._underlying, self._seen = underlying, ()

    def refresh(self, frame: Frame) -> None:
        """Reads the last pass over the chain."""
        desk = self.context.desk
        if self._underlying is None:
            self.plot.set_plot(Plot(XAxis.PRICE, reason="Choose an underlying with options."))
            return
        desk.analytics.want(self.panel_id, self._underlying)
        values = desk.analytics.values(self._underlying)
        seen = (None if values is None else values.now_ns, self._wanted, self._chosen)
        if seen == self._seen and values is not None:
            return
        self._seen = seen
        known = live_expiries(values) if values is not None else []
        if values is None or not known:
            why = desk.analytics.why_none(self._underlying) or (values.reason if values is not None else "")
            self.plot.set_plot(Plot(XAxis.PRICE, reason=why or "The chain is being read."))
            self.facts.set_facts(())
            return
        row = self._row(values, known)
        found = picture(values, row, self._chosen)
        self.plot.set_plot(found.plot)
        self.facts.set_facts(found.facts)
        self.clear_button.setEnabled(self._chosen is not None)
        self.note.setText(_HINT)

    def _row(self, values: ChainValues, known: list[int]) -> int:
        """The row of the wanted series, the first a week away without one; fills the box."""
        series = [(each.expires_ns, each.root) for each in values.contracts.expiries]
        if self._wanted is None or self._wanted not in [series[row] for row in known]:
            later = [row for row in known if values.time[row] * 365.0 >= 7.0]
            self._wanted = series[later[0] if later else known[-1]]
        texts = [
            f"{values.contracts.expiries[row].expiry:%d %b %y} {series[row][1]} \N{MIDDLE DOT} "
            f"{values.time[row] * 365.0:.0f} d"
            for row in known
        ]
        if [self.expiry.itemText(at) for at in range(self.expiry.count())] != texts:
            self.expiry.clear()
            for row, text in zip(known, texts, strict=True):
                self.expiry.addItem(text, series[row])
        at = [series[row] for row in known].index(self._wanted)
        self.expiry.setCurrentIndex(at)
        return known[at]

    def _expiry_chosen(self, at: int) -> None:
        expires_ns, root = self.expiry.itemData(at)
        self._wanted = (int(expires_ns), str(root))
        self.mark_dirty()

    def sooner(self) -> None:
        """The expiry before."""
        if self.expiry.currentIndex() > 0:
            self._expiry_chosen(self.expiry.currentIndex() - 1)

    def later(self) -> None:
        """The expiry after."""
        if 0 <= self.expiry.currentIndex() < self.expiry.count() - 1:
            self._expiry_chosen(self.expiry.currentIndex() + 1)

    def _choose_range(self, low: float, high: float) -> None:
        self._chosen = (low, high) if high > low else None
        self.mark_dirty()

    def clear(self) -> None:
        """No chosen prices."""
        self._chosen = None
        self.plot.set_range(None)
        self.mark_dirty()

    def subtitle(self) -> str:
        """The underlying."""
        return "" if self._underlying is None else self.context.desk.table.get(self._underlying).label

    def hideEvent(self, event: Any) -> None:
        """A hidden panel looks at no chain."""
        self.context.desk.analytics.release(self.panel_id)
        super().hideEvent(event)

    def close_panel(self) -> None:
        """Lets the chain go."""
        self.context.desk.analytics.release(self.panel_id)
        super().close_panel()

    def apply_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.plot.set_theme(theme)
        self.facts.set_theme(theme)

    def save_settings(self) -> Settings:
        """The chosen prices."""
        return {"range": list(self._chosen)} if self._chosen is not None else {}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """The chosen prices."""
        told = settings.get("range")
        if isinstance(told, list) and len(told) == 2 and all(isinstance(each, int | float) for each in told):
            self._chosen = (float(min(told)), float(max(told)))
            self.plot.set_range(self._chosen)
