"""Volatility history: lines by day, IV rank, cone, skew and the term structure against a day, a week, a month ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QVBoxLayout

from terminal.app.views.vol_history import VolChart, picture, with_now
from terminal.app.views.vol_now import points_now
from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument
from terminal.quant.vol_measures import TENORS_DAYS
from terminal.store.vol_days import blank_days
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.fact_row import FactRow
from terminal.ui.widgets.line_plot import LinePlot

_CHARTS = tuple(VolChart)


class VolHistoryPanel(Panel):
    """A year of implied and realised vol of an underlying, and where today stands in it."""

    TYPE, TITLE = "vol_history", "Vol history"
    NEEDS = Needs.ALWAYS
    MIN_INTERVAL_MS = 1000
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("vols", "Implied and realised vol by day", "show_vols", ("1",)),
        PanelCommand("rank", "IV rank and percentile by day", "show_rank", ("2",)),
        PanelCommand("cone", "Cone of realised vol", "show_cone", ("3",)),
        PanelCommand("skew", "Skew, butterfly and slope by day", "show_skew", ("4",)),
        PanelCommand("term", "Term structure now and before", "show_term", ("5",)),
        PanelCommand("shorter", "Shorter maturity", "shorter", ("[",)),
        PanelCommand("longer", "Longer maturity", "longer", ("]",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._chart, self._tenor = VolChart.VOLS, 30
        self._underlying: int | None = None
        self._seen: tuple[object, ...] = ()
        self.facts = FactRow(context.theme)
        self.facts.setAccessibleName("Figures of the last day")
        self.plot = LinePlot(context.theme)
        self.plot.setAccessibleName("Volatility by day")
        self.note = ElidedLabel()
        self.note.setProperty("role", "faint")
        self._charts, self._tenors = QButtonGroup(self), QButtonGroup(self)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        layout.addWidget(self.facts)
        layout.addWidget(self.plot, 1)
        self.setFocusProxy(self.plot)
        self._press()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(2)
        for number, chart in enumerate(_CHARTS, start=1):
            row.addWidget(self._button(self._charts, chart.value, f"{chart.value} ({number})",
                                       partial(self._show, chart)))  # fmt: skip
        row.addSpacing(8)
        for days in TENORS_DAYS:
            text = f"{days}d"
            row.addWidget(self._button(self._tenors, text, f"Maturity of {days} calendar days ([ and ])",
                                       partial(self._choose_tenor, days)))  # fmt: skip
        row.addSpacing(8)
        row.addWidget(self.note, 1)
        return row

    def _button(self, group: QButtonGroup, text: str, tip: str, action: Any) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setProperty("role", "flat")
        button.setCheckable(True)
        button.clicked.connect(action)
        group.addButton(button)
        return button

    def show_instrument(self, instrument: Instrument) -> None:
        """An option shows its underlying."""
        self._underlying = instrument.id if instrument.option is None else instrument.option.underlying
        self._seen = ()
        self._want()

    def _want(self) -> None:
        if self._underlying is not None and self.isVisible():
            self.context.desk.analytics.want(self.panel_id, self._underlying)

    def refresh(self, frame: Frame) -> None:
        """Reads the history and the market of now; paints anew only what changed."""
        desk = self.context.desk
        if self._underlying is None:
            self.note.setText("Choose a symbol.")
            return
        self._want()
        symbol = desk.table.get(self._underlying).symbol
        series = desk.vol_history.series(symbol)
        values = desk.analytics.values(self._underlying)
        now_ns = desk.clock.now_ns()
        day = np.datetime64(from_ns(now_ns).date())
        rows = blank_days(0) if series is None else series.known_at(now_ns)
        seen = (
            desk.vol_history.version, series is None, len(rows), day, None if values is None else values.now_ns,
            self._chart, self._tenor,
        )  # fmt: skip
        if seen == self._seen:
            return
        self._seen = seen
        if series is not None:
            rows = with_now(rows, day, points_now(values), values.spot.price if values is not None else float("nan"))
        found = picture(series, rows, self._chart, self._tenor)
        self.plot.set_plot(found.plot)
        self.facts.set_facts(found.facts)
        self.note.setText(found.note)

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

    def show_vols(self) -> None:
        """Lines of implied and realised vol."""
        self._show(VolChart.VOLS)

    def show_rank(self) -> None:
        """IV rank and percentile."""
        self._show(VolChart.RANK)

    def show_cone(self) -> None:
        """The cone."""
        self._show(VolChart.CONE)

    def show_skew(self) -> None:
        """Skew, butterfly and slope."""
        self._show(VolChart.SKEW)

    def show_term(self) -> None:
        """The term structure."""
        self._show(VolChart.TERM)

    def shorter(self) -> None:
        """The maturity before."""
        self._choose_tenor(TENORS_DAYS[max(TENORS_DAYS.index(self._tenor) - 1, 0)])

    def longer(self) -> None:
        """The maturity after."""
        self._choose_tenor(TENORS_DAYS[min(TENORS_DAYS.index(self._tenor) + 1, len(TENORS_DAYS) - 1)])

    def _show(self, chart: VolChart, *_: object) -> None:
        self._chart = chart
        self._press()

    def _choose_tenor(self, days: int, *_: object) -> None:
        self._tenor = days
        self._press()

    def _press(self) -> None:
        self._charts.buttons()[_CHARTS.index(self._chart)].setChecked(True)
        self._tenors.buttons()[TENORS_DAYS.index(self._tenor)].setChecked(True)
        self.min_interval_ms = 0
        self.mark_dirty()
        self.min_interval_ms = self.MIN_INTERVAL_MS

    def save_settings(self) -> Settings:
        """Chart and maturity."""
        return {"chart": self._chart.name, "tenor": self._tenor}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Chart and maturity."""
        if settings.get("chart") in VolChart.__members__:
            self._chart = VolChart[settings["chart"]]
        if settings.get("tenor") in TENORS_DAYS:
            self._tenor = settings["tenor"]
        self._press()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The values of the lines shown, one row an x."""
        plot = self.plot.shown
        if plot.is_empty:
            return None
        heads = [plot.axis.value, *(line.label for line in plot.lines)]
        rows = [[plot.axis.words(x), *(text for _, text in plot.values_at(x))] for x in plot.x_values().tolist()]
        return heads, rows
