"""The option flow panel: the tape of orders, volume over time and strike, dealers' exposure by strike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from terminal.app.views import flow_pictures
from terminal.app.views.export import plain_rows
from terminal.app.views.flow import HEADS, FlowView, cells_of, ratios
from terminal.app.views.flow_filters import BadFilterError, checked
from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument
from terminal.infra.failures import WorkFailed
from terminal.market.analytics.service import Interest
from terminal.market.flow.exposure import Holding
from terminal.market.spot import middle_or_last
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.flow.controls import VIEWS, FlowFilters, FlowHead, flat_button
from terminal.ui.panels.flow.exposure_canvas import ExposureCanvas
from terminal.ui.panels.flow.map_canvas import FlowMapCanvas
from terminal.ui.panels.flow.tape_table import FlowTable
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel

_TAPE, _MAP, _EXPOSURE = range(len(VIEWS))
_EVERY_NS = 1_000_000_000
_BUSIEST = 3
"""Underlyings beside the panel's own whose Greeks are asked for."""
_MOST_EXPORTED = 100_000


class FlowPanel(Panel):
    """Option trades joined to orders: sides (estimated), sweeps, blocks, classes, ratios and dealers' exposure."""

    TYPE, TITLE = "flow", "Option flow"
    STAYS_NOW = True
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 250
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("tape", "Show the tape", "show_tape", ("1",)),
        PanelCommand("map", "Show volume by time and strike", "show_map", ("2",)),
        PanelCommand("exposure", "Show dealers' exposure", "show_exposure", ("3",)),
        PanelCommand("pause", "Pause the tape, or go on", "toggle_pause", ("Space",), help="No order is lost"),
        PanelCommand("filter", "Go to the filters", "start_filtering", ("Ctrl+F",)),
        PanelCommand("save_filter", "Save the filter by name", "name_filter", ("Alt+S",)),
        PanelCommand("remove_filter", "Remove the chosen filter", "remove_filter"),
        PanelCommand("alerts", "Unusual orders as alerts: on or off", "toggle_alerts", ("Alt+A",)),
        PanelCommand("measure", "Next measure: gamma, vanna, charm", "next_measure", ("M",)),
        PanelCommand("holding", "Next assumption of what customers hold", "next_holding", ("H",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        desk = context.desk
        self._view = FlowView(desk.flow)
        self._shown: Instrument | None = None
        self._done_ns = 0
        self._wanted: tuple[int, ...] = ()
        self.head, self.filters = FlowHead(), FlowFilters()
        self.pause = flat_button(
            "Pause", "Stands still without losing an order (Space)", self.toggle_pause, checkable=True
        )
        self.bell = flat_button(
            "Alerts", "Unusual orders are told as alerts (Alt+A)", self.toggle_alerts, checkable=True
        )
        self.head.layout().addWidget(self.pause)  # type: ignore[union-attr]
        self.head.layout().addWidget(self.bell)  # type: ignore[union-attr]
        self.table = FlowTable(context.clock, context.theme, desk.table)
        self.map, self.bars = FlowMapCanvas(context.theme), ExposureCanvas(context.theme)
        self.measure, self.holding = QComboBox(), QComboBox()
        self.assumed, self.flip = ElidedLabel(), ElidedLabel()
        self._lay_out()
        self.filters.show_names(desk.flow_filters.names())
        self.filters.changed.connect(self._filter_changed)
        self.filters.named.connect(self._filter_named)
        self.head.view_chosen.connect(self._show_view)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.row_activated.connect(self._row_chosen)
        self.measure.currentIndexChanged.connect(self._again)
        self.holding.currentIndexChanged.connect(self._again)
        self._leave_filters = desk.flow_filters.subscribe(self._names_changed)

    def _lay_out(self) -> None:
        exposure, tape = QWidget(), QWidget()
        row, column = QHBoxLayout(), QVBoxLayout(exposure)
        row.setContentsMargins(4, 0, 4, 0)
        for key, text in flow_pictures.MEASURES.items():
            self.measure.addItem(text, key)
        for held in Holding:
            self.holding.addItem(f"Customers: {held.value}", held.name)
        self.measure.setAccessibleName("Measure")
        self.holding.setAccessibleName("What customers are taken to hold")
        self.flip.setProperty("role", "value")
        self.assumed.setProperty("role", "faint")
        row.addWidget(self.measure)
        row.addWidget(self.holding)
        row.addStretch(1)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        for label in (self.assumed, self.flip):
            label.setContentsMargins(8, 0, 8, 0)
            column.addWidget(label)
        column.addWidget(self.bars, 1)
        inner = QVBoxLayout(tape)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.filters)
        inner.addWidget(self.table, 1)
        self.note = ElidedLabel()
        self.note.setProperty("role", "faint")
        self.note.setContentsMargins(8, 0, 8, 0)
        inner.addWidget(self.note)
        self.pages = QStackedWidget()
        for page in (tape, self.map, exposure):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.pages, 1)
        self.setFocusProxy(self.table)

    # What the base calls.

    def refresh(self, frame: Frame) -> None:
        """Takes in what is new; ratios and pictures once a second."""
        self._view.refresh()
        self.bell.setChecked(self.context.desk.flow_alerts.is_on)
        self.pause.setChecked(self._view.is_paused)
        if self.pages.currentIndex() == _TAPE:
            self._show_tape()
        if frame.wall_ns - self._done_ns >= _EVERY_NS:
            self._done_ns = frame.wall_ns
            self._show_ratios()
            self._want()
            if self.pages.currentIndex() == _MAP:
                self._show_map()
            if self.pages.currentIndex() == _EXPOSURE:
                self._show_exposure()

    def show_instrument(self, instrument: Instrument) -> None:
        """The flow of an underlying; of an option, its underlying's."""
        underlying = instrument.option.underlying if instrument.option is not None else instrument.id
        self._shown = self.context.desk.table.get(underlying)
        self._view.underlying = underlying
        self._again()

    def subtitle(self) -> str:
        """The underlying of the pictures."""
        return "" if self._shown is None else self._shown.label

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.table.apply_theme(theme)
        self.map.apply_theme(theme)
        self.bars.apply_theme(theme)

    def save_settings(self) -> Settings:
        """View, filter, measure, assumption, alerts, and columns once a person chose them."""
        settings: Settings = {
            "view": VIEWS[self.pages.currentIndex()], "filter": dict(self.filters.chosen()),
            "measure": self.measure.currentData(), "holding": self.holding.currentData(),
            "alerts": self.context.desk.flow_alerts.is_on,
        }  # fmt: skip
        if self.table.fit.is_chosen:
            settings["table"] = self.table.save_state()
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        self.filters.show_filter(checked(settings.get("filter")))
        for box, name in ((self.measure, "measure"), (self.holding, "holding")):
            box.setCurrentIndex(max(0, box.findData(settings.get(name))))
        if settings.get("view") in VIEWS:
            self._show_view(VIEWS.index(settings["view"]))
        if isinstance(settings.get("alerts"), bool):
            self.context.desk.flow_alerts.is_on = settings["alerts"]
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self.table.fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """Every order that passes the filter, newest first."""
        self._view.refresh()
        table = self.context.desk.table
        rows = []
        for order in self._view.page(_MOST_EXPORTED).orders:
            when = from_ns(int(order["ts_ns"])).isoformat(timespec="microseconds")
            contract, premium = table.get(int(order["instrument"])).label, f"{float(order['premium']):.2f}"
            rows.append([str(int(order["id"])), when, contract, premium, *cells_of(order, table)[1:]])
        return plain_rows(("Order", "Seen", "Contract", "Premium, currency", *HEADS[1:]), rows)

    def hideEvent(self, event: QHideEvent) -> None:
        """Greeks and exposures that nobody sees are not reckoned."""
        self._release()
        super().hideEvent(event)

    def quarantine(self, details: str) -> None:
        """Nor those of a panel that failed."""
        self._release()
        super().quarantine(details)

    def close_panel(self) -> None:
        """Nor of one that is gone."""
        self._release()
        self._leave_filters()
        super().close_panel()

    # Commands.

    def show_tape(self) -> None:
        """The tape."""
        self._show_view(_TAPE)

    def show_map(self) -> None:
        """Volume by time and strike."""
        self._show_view(_MAP)

    def show_exposure(self) -> None:
        """Dealers' exposure."""
        self._show_view(_EXPOSURE)

    @Slot()
    def toggle_pause(self) -> None:
        """Stands still, or goes on with the newest."""
        if self._view.is_paused:
            self._view.resume()
        else:
            self._view.refresh()
            self._view.pause()
        self.mark_dirty()

    def start_filtering(self) -> None:
        """Puts the focus on the first list."""
        self.show_tape()
        self.filters.boxes["scope"].setFocus()

    def name_filter(self) -> None:
        """Puts the cursor where a name is typed."""
        self.show_tape()
        self.filters.start_naming()

    def remove_filter(self) -> None:
        """Forgets the filter whose name is chosen."""
        name = self.filters.names.currentText().strip()
        if name:
            self._tried(lambda: self.context.desk.flow_filters.remove(name))

    @Slot()
    def toggle_alerts(self) -> None:
        """Tells unusual orders, or not."""
        alerts = self.context.desk.flow_alerts
        alerts.is_on = not alerts.is_on
        self.bell.setChecked(alerts.is_on)

    def next_measure(self) -> None:
        """Gamma, vanna, charm."""
        self.measure.setCurrentIndex((self.measure.currentIndex() + 1) % self.measure.count())

    def next_holding(self) -> None:
        """The next one."""
        self.holding.setCurrentIndex((self.holding.currentIndex() + 1) % self.holding.count())

    # Inside.

    @Slot(int)
    def _show_view(self, number: int) -> None:
        self.pages.setCurrentIndex(number)
        self.head.show_view(number)
        self._again()

    @Slot()
    def _again(self) -> None:
        self._done_ns = 0
        self.mark_dirty()

    @Slot()
    def _filter_changed(self) -> None:
        self._view.chosen = self.filters.chosen()
        self._again()

    @Slot(str)
    def _filter_named(self, name: str) -> None:
        book = self.context.desk.flow_filters
        if name in book.names() and self.filters.names.currentIndex() >= 0:
            self.filters.show_filter(book.of(name))
        else:
            self._tried(lambda: book.put(name, self.filters.chosen()))
        self.filters.show_names(book.names(), name if name in book.names() else "")
        self.table.setFocus()

    def _tried(self, work: Any) -> None:
        try:
            work()
        except (BadFilterError, WorkFailed) as error:
            self.context.shell.notify(str(error), error=True)

    def _names_changed(self) -> None:
        self.filters.show_names(self.context.desk.flow_filters.names())

    @Slot(object)
    def _row_chosen(self, key: object) -> None:
        for order in self._view.page().orders:
            if int(order["id"]) == key:
                self.choose(int(order["instrument"]))

    def _show_tape(self) -> None:
        page = self._view.page()
        self.table.show_orders(page.orders)
        if not page.total:
            self.table.set_empty(self._view.why_empty())
        state = self.context.desk.flow.state()
        parts = [state.failure] if state.failure else []
        if self._view.is_paused:
            parts.append(f"Paused: {self._view.waiting:,} new; Space goes on.")
        if page.total > len(page.orders):
            parts.append(f"The newest {len(page.orders):,} of {page.total:,}.")
        if state.lost:
            parts.append(f"{state.lost:,} prints were gone before they could be read.")
        parts.append("Sides are estimated; classes and scores are inferred by rule.")
        self.note.setText(" ".join(parts))

    def _show_ratios(self) -> None:
        whose = self._shown if self._view.chosen["scope"] == "symbol" or self.pages.currentIndex() else None
        line, tip = ratios(self.context.desk.flow.sums(), None if whose is None else whose.id, self.subtitle())
        self.head.ratios.setText(line)
        self.head.ratios.setToolTip(tip or line)

    def _spot(self) -> float:
        if self._shown is None:
            return float("nan")
        px = middle_or_last(self.context.desk.live_market.read(np.array([self._shown.id], np.int32))[0])[0]
        return float("nan") if px is None else px / self._shown.price_scale

    def _show_map(self) -> None:
        desk, shown = self.context.desk, self._shown
        if shown is None:
            self.map.show_map(None, float("nan"), "Choose a symbol that has listed options.")
            return
        cells = desk.flow.cells(shown.id, 0)
        ids = np.flatnonzero(np.bincount(cells["instrument"])).astype(np.int32)
        interest = flow_pictures.interest_by_strike(ids, desk.live_market.read(ids), desk.table)
        found = flow_pictures.flow_map(cells, desk.table, shown.id, self._spot(), interest)
        self.map.show_map(found, self._spot(), f"No option on {shown.label} has traded today.")

    def _show_exposure(self) -> None:
        desk, shown = self.context.desk, self._shown
        if shown is None:
            self.bars.show_rows(None, 0.0, 0.0, "Choose a symbol that has listed options.")
            return
        found = desk.flow.exposure(shown.id, Holding[self.holding.currentData()])
        if found is None:
            why = desk.analytics.why_none(shown.id) or f"The Greeks of {shown.label} are being reckoned."
            self.bars.show_rows(None, 0.0, 0.0, why)
            for label in (self.flip, self.assumed):
                label.setText("")
            return
        rows = flow_pictures.exposure_rows(found, self.measure.currentData(), self.bars.room_for())
        self.bars.show_rows(rows, found.spot, found.flip, "Nobody holds anything under this assumption.")
        for label, text in (
            (self.flip, flow_pictures.flip_line(found)),
            (self.assumed, flow_pictures.assumption_line(found)),
        ):
            label.setText(text)
            label.setToolTip(text)

    def _want(self) -> None:
        """Greeks of the panel's underlying and of the busiest others; its exposure while that is shown."""
        desk, shown = self.context.desk, self._shown
        if shown is not None and self.pages.currentIndex() == _EXPOSURE:
            desk.flow.want(self.panel_id, shown.id, Holding[self.holding.currentData()])
        else:
            desk.flow.release(self.panel_id)
        premium: dict[int, float] = {}
        for (whose, _), each in desk.flow.sums().items():
            premium[whose] = premium.get(whose, 0.0) + each.call_premium + each.put_premium
        busiest = sorted(premium, key=lambda each: -premium[each])[:_BUSIEST]
        wanted = tuple(dict.fromkeys(([] if shown is None else [shown.id]) + busiest))
        for place in range(len(wanted), len(self._wanted)):
            desk.analytics.release((self.panel_id, place))
        for place, underlying in enumerate(wanted):
            is_first = place == 0 and self.pages.currentIndex() == _EXPOSURE
            desk.analytics.want((self.panel_id, place), underlying, Interest.SHOWN if is_first else Interest.WATCHED)
        self._wanted = wanted

    def _release(self) -> None:
        self._done_ns = 0
        self.context.desk.flow.release(self.panel_id)
        for place in range(len(self._wanted)):
            self.context.desk.analytics.release((self.panel_id, place))
        self._wanted = ()
