"""The strategy builder: legs, payoff picture, profits by price and date, and what it all costs and risks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QStackedWidget, QVBoxLayout, QWidget

from terminal.app.leg_draft import LegsRefused
from terminal.app.views.builder import BuilderView
from terminal.app.views.builder_reckoning import Scenario
from terminal.app.views.builder_words import column_words, date_words, outcome_items, price_items, risk_items
from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedWatch
from terminal.core.instruments import Instrument
from terminal.portfolio.strategies.catalog import BY_ID
from terminal.portfolio.strategies.construct import CannotBuild
from terminal.portfolio.strategies.legs import Kind
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.builder.leg_table import LegTable
from terminal.ui.panels.builder.payoff_canvas import PayoffCanvas, Texts
from terminal.ui.panels.builder.picker import StrategyPicker
from terminal.ui.panels.builder.profit_grid import ProfitGrid
from terminal.ui.panels.builder.scenario_bar import ScenarioBar
from terminal.ui.panels.builder.summary import Summary
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.elided_label import ElidedLabel
from terminal.ui.widgets.empty_state import EmptyState

_GRID_FROM_PX = 760
_MOST_UNITS = 999


class BuilderPanel(Panel):
    """Put a position together by name or by leg, and see what it brings before it is sent."""

    TYPE, TITLE = "builder", "Strategy builder"
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 60
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("pick", "Type a strategy's name", "start_picking", ("Ctrl+F",)),
        PanelCommand("strike_up", "Leg: next strike above", "strike_up", ("Ctrl+Up",), enabled_method="has_legs"),
        PanelCommand("strike_down", "Leg: next strike below", "strike_down", ("Ctrl+Down",), enabled_method="has_legs"),
        PanelCommand("later", "Leg: next later expiry", "later", ("Ctrl+Right",), enabled_method="has_legs"),
        PanelCommand("earlier", "Leg: next nearer expiry", "earlier", ("Ctrl+Left",), enabled_method="has_legs"),
        PanelCommand("all_up", "All legs a strike up", "all_up", ("Ctrl+Shift+Up",), enabled_method="has_legs"),
        PanelCommand("all_down", "All legs a strike down", "all_down", ("Ctrl+Shift+Down",), enabled_method="has_legs"),
        PanelCommand("all_later", "All legs an expiry on", "all_later", ("Ctrl+Shift+Right",), False, "has_legs"),
        PanelCommand("all_earlier", "All legs an expiry back", "all_earlier", ("Ctrl+Shift+Left",), False, "has_legs"),
        PanelCommand("more", "Leg: one more", "more", ("+", "="), enabled_method="has_legs"),
        PanelCommand("less", "Leg: one less", "less", ("-",), enabled_method="has_legs"),
        PanelCommand("flip", "Leg: the other side", "flip", ("X",), enabled_method="has_legs"),
        PanelCommand("flip_all", "All legs: the other side", "flip_all", ("Shift+X",), enabled_method="has_legs"),
        PanelCommand("remove", "Remove the leg", "remove", ("Delete",), enabled_method="has_legs"),
        PanelCommand("clear", "Remove all legs", "clear", ("Shift+Delete",), enabled_method="has_legs"),
        PanelCommand(
            "send", "Put it into the ticket", "send", ("Ctrl+Return",), enabled_method="has_legs",
            help="One leg as an order to look at and confirm; several legs are not sent yet",
        ),
    )  # fmt: skip

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        desk = context.desk
        self._feed = FeedWatch(desk.health, desk.past)
        self.view = BuilderView(desk, context.legs, panel_id)
        self._unsubscribe = context.legs.subscribe(self._legs_changed)
        self.table = LegTable(context.clock, context.theme)
        self.canvas = PayoffCanvas(context.theme)
        self.grid = ProfitGrid(context.theme)
        self.scenario = ScenarioBar(self.view.scenario)
        self.summary = Summary(context.theme)
        self.empty = EmptyState("Choose a symbol that has listed options.", "Find a symbol", self._find)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        inner.addLayout(self._head())
        inner.addWidget(self.table)
        pictures = QHBoxLayout()
        pictures.setSpacing(6)
        pictures.addWidget(self.canvas, 5)
        pictures.addWidget(self.grid, 4)
        inner.addLayout(pictures, 1)
        inner.addWidget(self.scenario)
        inner.addWidget(self.summary)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.table)
        self.scenario.changed.connect(self._scenario_changed)
        self.canvas.dragged.connect(self._dragged)
        self.canvas.chosen.connect(self._tag_chosen)

    def _head(self) -> QHBoxLayout:
        self.picker = StrategyPicker(self.body)
        self.name = ElidedLabel()
        self.name.setProperty("role", "value")
        self.name.setAccessibleName("What was built")
        self.units = QSpinBox()
        self.units.setRange(1, _MOST_UNITS)
        self.units.setAccessibleName("Units")
        self.units.setToolTip("How many times the combination")
        self.units.setKeyboardTracking(False)
        self.ticket = QPushButton("To ticket")
        self.ticket.setAutoRepeat(False)
        self.ticket.setToolTip("Puts a single leg into the ticket (Ctrl+Enter); nothing is sent from here")
        times = QLabel("×")
        times.setProperty("role", "faint")
        row = QHBoxLayout()
        row.setContentsMargins(4, 2, 4, 0)
        row.setSpacing(6)
        row.addWidget(self.picker, 3)
        row.addWidget(self.name, 4)
        row.addWidget(times)
        row.addWidget(self.units)
        row.addWidget(self.ticket)
        self.picker.picked.connect(self._picked)
        self.units.valueChanged.connect(self._units_changed)
        self.ticket.clicked.connect(self.send)
        return row

    # Frames.

    def refresh(self, frame: Frame) -> None:
        """Quotes every time; what was reckoned when it has come."""
        view = self.view
        view.refresh(frame.market_ns, frame.wall_ns)
        if view.underlying is None:
            return
        has_chain = bool(self.context.desk.table.expiries(view.underlying.id))
        if not has_chain:
            self.empty.say(f"{view.underlying.label} has no listed options in this market.")
        self.pages.setCurrentIndex(1 if has_chain else 0)
        is_silent = self._feed.pulse(frame.wall_ns).is_silent
        self.table.show_legs(view, frame.market_ns, is_silent=is_silent)
        self._keep_place()
        self._show_head()
        self._show_pictures()
        groups = (price_items(view.price, frame.market_ns), outcome_items(view.result), risk_items(view.result))
        self.summary.show_items(groups, is_old=not view.is_current or view.is_old(frame.market_ns))
        if view.legs and not view.is_current:
            self.mark_dirty()

    def _show_head(self) -> None:
        view = self.view
        if self.name.text() != view.name.name:
            self.name.setText(view.name.name)
            self.name.setToolTip(view.name.strategy.words if view.name.strategy else view.name.name)
        if not self.units.hasFocus() and self.units.value() != max(view.name.units, 1):
            self.units.blockSignals(True)
            self.units.setValue(max(view.name.units, 1))
            self.units.blockSignals(False)
        self.units.setEnabled(bool(view.legs))
        self.ticket.setEnabled(bool(view.legs) and not self.is_past)

    def _show_pictures(self) -> None:
        view, result = self.view, self.view.result
        elapsed = view.scenario.part * result.horizon if result is not None else float("nan")
        words = date_words(view, elapsed)
        self.scenario.say_date(words)
        self.canvas.show_result(result, self._tags(), self._place(), words.partition("  ")[0], self._sentence())
        grid = None if result is None else result.grid
        heads = () if grid is None else tuple(column_words(view, each) for each in grid.elapsed.tolist())
        self.grid.show_grid(grid, heads, float("nan") if result is None else result.spot)
        if result is not None and result.at_model:
            self.set_unit_line("USD. A leg without a middle is taken at the model's value.")
        else:
            self.set_unit_line("")

    def _sentence(self) -> str:
        view = self.view
        if view.result is not None and view.result.problem:
            return view.result.problem
        if not view.legs:
            return "The payoff of what you build will stand here."
        why = self.context.desk.analytics.why_none(view.underlying.id) if view.underlying else ""
        return why or "The chain is being reckoned…"

    def _tags(self) -> Texts:
        found = []
        for place, each in enumerate(self.view.rows):
            leg = each.leg
            if leg.kind is not Kind.STOCK:
                text = f"{'+' if leg.quantity > 0 else '−'}{abs(leg.quantity)}{leg.kind.value} {leg.strike:g}"
                found.append((place, text, leg.strike, leg.quantity > 0))
        return tuple(found)

    def _place(self) -> int:
        key = self.table.chosen_key()
        return int(key) if isinstance(key, int) else -1

    def _keep_place(self) -> None:
        if self.view.legs and self._place() < 0:
            self.table.choose_key(0)

    # What a person does.

    @Slot(str)
    def _picked(self, strategy: str) -> None:
        self._try(lambda: self.view.pick(BY_ID[strategy]))
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (CannotBuild, LegsRefused) as refused:
            self.context.shell.notify(str(refused))
        self.mark_dirty()

    def start_picking(self) -> None:
        """Types a name."""
        self.picker.start()

    def has_legs(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.view.legs)

    def strike_up(self) -> None:
        """The chosen leg at the next strike above."""
        self._try(lambda: self.view.step_strike(self._place(), 1))

    def strike_down(self) -> None:
        """The chosen leg at the next strike below."""
        self._try(lambda: self.view.step_strike(self._place(), -1))

    def later(self) -> None:
        """The chosen leg in the next later expiry."""
        self._try(lambda: self.view.step_expiry(self._place(), 1))

    def earlier(self) -> None:
        """The chosen leg in the next nearer expiry."""
        self._try(lambda: self.view.step_expiry(self._place(), -1))

    def all_up(self) -> None:
        """Every leg a strike up."""
        self._try(lambda: self.view.step_strike(-1, 1))

    def all_down(self) -> None:
        """Every leg a strike down."""
        self._try(lambda: self.view.step_strike(-1, -1))

    def all_later(self) -> None:
        """Every leg an expiry later."""
        self._try(lambda: self.view.step_expiry(-1, 1))

    def all_earlier(self) -> None:
        """Every leg an expiry nearer."""
        self._try(lambda: self.view.step_expiry(-1, -1))

    def more(self) -> None:
        """One more of the chosen leg."""
        self._try(lambda: self.view.add(self._place(), 1))

    def less(self) -> None:
        """One less of the chosen leg."""
        self._try(lambda: self.view.add(self._place(), -1))

    def flip(self) -> None:
        """The chosen leg on the other side."""
        if self._place() >= 0:
            self._try(lambda: self.view.flip(self._place()))

    def flip_all(self) -> None:
        """Every leg on the other side."""
        self._try(lambda: self.view.flip(-1))

    def remove(self) -> None:
        """Without the chosen leg."""
        self._try(lambda: self.view.remove(self._place()))

    def clear(self) -> None:
        """Without any."""
        self._try(lambda: self.view.put(()))

    @Slot()
    def send(self) -> None:
        """A single leg into the ticket; never one of several."""
        order = self.view.order()
        if isinstance(order, str):
            self.context.shell.notify(order)
        else:
            self.propose(order)

    @Slot(int)
    def _units_changed(self, units: int) -> None:
        self._try(lambda: self.view.set_units(units))

    @Slot(object)
    def _scenario_changed(self, scenario: Scenario) -> None:
        self.view.scenario = scenario
        self.mark_dirty()

    @Slot(int, float)
    def _dragged(self, place: int, price: float) -> None:
        self._try(lambda: self.view.drag(place, price))

    @Slot(int)
    def _tag_chosen(self, place: int) -> None:
        self.table.choose_key(place)
        self.table.setFocus(Qt.FocusReason.MouseFocusReason)
        self.mark_dirty()

    def _legs_changed(self, underlying: int) -> None:
        if self.view.underlying is not None and underlying == self.view.underlying.id:
            self.mark_dirty()

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    # What the shell does.

    def show_instrument(self, instrument: Instrument) -> None:
        """The legs on an underlying; of an option, on its underlying."""
        self.view.show(instrument)

    def subtitle(self) -> str:
        """The underlying."""
        return self.view.underlying.label if self.view.underlying else ""

    def apply_theme(self, theme: Theme) -> None:
        """New colours and fonts."""
        self.table.apply_theme(theme)
        for each in (self.canvas, self.grid, self.summary):
            each.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The table of profits where there is room for both."""
        super().resizeEvent(event)
        self.grid.setVisible(self.width() >= _GRID_FROM_PX)

    def save_settings(self) -> Settings:
        """Legs and sliders."""
        settings: Settings = self.view.save()
        if self.table.fit.is_chosen:
            settings["table"] = self.table.save_state()
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        self.view.restore(settings.get("underlying"), settings.get("legs"), settings.get("scenario"))
        self.scenario.show_scenario(self.view.scenario)
        if isinstance(settings.get("table"), dict):
            self.table.restore_state(settings["table"])
            self.table.fit.choose()

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The legs."""
        return plain_rows(*self.table.export_rows())

    def past_changed(self, is_past: bool) -> None:
        """Another moment is another reckoning."""
        self.view.forget()

    def hideEvent(self, event: QHideEvent) -> None:
        """What nobody sees is not reckoned."""
        self.view.release()
        super().hideEvent(event)

    def quarantine(self, details: str) -> None:
        """Nor one that failed."""
        self.view.close()
        super().quarantine(details)

    def close_panel(self) -> None:
        """Nor one that is gone."""
        self._unsubscribe()
        self.view.close()
        super().close_panel()
