"""The volatility surface panel: the whole chain at a glance, which quotes are rich or cheap, and one smile of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from terminal.app.ports import OrderDraft
from terminal.app.views.surface import SurfaceView
from terminal.app.views.surface_axes import Across
from terminal.app.views.surface_camera import PRESETS
from terminal.app.views.surface_quotes import Quotes
from terminal.app.views.surface_scene import Colour
from terminal.core.clock import NS_PER_S
from terminal.core.instruments import Instrument
from terminal.core.orders import OrderType, Side
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.opengl import OFF, why_no_gl
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.surface.flat_view import FlatView
from terminal.ui.panels.surface.gl_view import SurfaceGLView
from terminal.ui.panels.surface.head import SurfaceHead
from terminal.ui.panels.surface.slice_plot import SlicePlot
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.empty_state import EmptyState

_HINT = "Click a quote or the surface for its contract; Enter drafts a purchase, Alt+Enter a sale."
_SLICES_FROM_PX, _SLICES_SHARE = 380, 0.3
"""The height from which there is room for the two cuts, and what they take of it."""


class SurfacePanel(Panel):
    """The implied volatility surface with its quotes; click one for its contract, nothing is sent from here."""

    TYPE, TITLE = "surface", "IV surface"
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 100
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("next", "Next expiry", "next_expiry", ("Ctrl+Right",)),
        PanelCommand("previous", "Previous expiry", "previous_expiry", ("Ctrl+Left",)),
        PanelCommand("higher", "Next higher strike", "higher_strike", ("Ctrl+Up",)),
        PanelCommand("lower", "Next lower strike", "lower_strike", ("Ctrl+Down",)),
        PanelCommand("buy", "Draft a purchase of the contract", "buy", ("Return",), enabled_method="has_contract"),
        PanelCommand("sell", "Draft a sale of the contract", "sell", ("Alt+Return",), enabled_method="has_contract"),
        PanelCommand("leg", "Add the contract to the strategy", "add_bought", ("Shift+Return",),
                     enabled_method="has_contract"),
        PanelCommand("sold_leg", "Add the contract to the strategy, sold", "add_sold", ("Alt+Shift+Return",),
                     enabled_method="has_contract"),
        PanelCommand("show", "Show the contract in the linked panels", "show_contract", ("Ctrl+Return",),
                     enabled_method="has_contract"),
        PanelCommand("ghost", "Keep or drop a ghost of the surface", "ghost", ("Alt+G",)),
        PanelCommand("axis", "Another axis of strikes", "next_axis", ("Alt+A",)),
        PanelCommand("colour", "Another meaning of the colour", "next_colour", ("Alt+C",)),
        PanelCommand("quotes", "Other quotes", "next_quotes", ("Alt+Q",)),
        PanelCommand("zero_days", "Expiries of today", "toggle_zero_days", ("Alt+0",)),
        PanelCommand("view", "Another view", "next_view", ("Alt+V",), help="From the front, the side, above"),
    )  # fmt: skip

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self.view = SurfaceView(context.desk, panel_id)
        self._why_flat = why_no_gl() if context.opengl else OFF
        self._view_name = next(iter(PRESETS))
        self._labelled, self._is_changed = (-1, False), False
        theme = context.theme
        self.head = SurfaceHead(has_camera=not self._why_flat)
        self.flat = FlatView(theme, self._why_flat)
        self.gl: SurfaceGLView | None = None
        self.picture = QStackedWidget()
        self.picture.addWidget(self.flat)
        self.smile = SlicePlot(theme, "Smile of the chosen expiry")
        self.term = SlicePlot(theme, "Term structure at the money")
        self.slices = QWidget()
        both = QHBoxLayout(self.slices)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(1)
        both.addWidget(self.smile, 3)
        both.addWidget(self.term, 2)
        self.empty = EmptyState("Choose a symbol that has listed options.", "Find a symbol", self._find)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.picture, 1)
        column.addWidget(self.slices)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(page)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.flat)
        self._connect()

    def _connect(self) -> None:
        head = self.head
        head.chosen.connect(self._chosen)
        head.view_chosen.connect(self._look)
        head.ghost_clicked.connect(self.ghost)
        head.buy_clicked.connect(self.buy)
        head.sell_clicked.connect(self.sell)
        self.flat.picked_place.connect(self._picked_place)
        self.smile.picked.connect(self._picked_row)
        self.term.picked.connect(self._picked_expiry)

    def refresh(self, frame: Frame) -> None:
        """Takes the last pass over the chain; the picture is made anew when there is another."""
        self._need_gl()
        is_new = self.view.refresh(frame.market_ns, frame.wall_ns)
        if is_new:
            self._show_scene()
        why = self.view.why_none()
        if why:
            self.empty.say(why)
        self.pages.setCurrentIndex(0 if why else 1)
        labelled = (frame.market_ns // NS_PER_S, self.view.is_old)
        if is_new or self._is_changed or labelled != self._labelled:
            self._labelled, self._is_changed = labelled, False
            self._write_head(frame.market_ns)
        if self.view.is_busy:
            self.mark_dirty()

    def show_instrument(self, instrument: Instrument) -> None:
        """The surface of an underlying; of an option, its underlying's with its smile and itself picked."""
        terms = instrument.option
        if terms is None:
            self.view.show(instrument)
            return
        self.view.show(self.context.desk.table.get(terms.underlying))
        self.view.contract = instrument.id
        self.view.choose(expiry=f"{terms.symbol.expiry.isoformat()} {terms.symbol.root}")

    def subtitle(self) -> str:
        """The underlying."""
        return self.view.underlying.label if self.view.underlying else ""

    def apply_theme(self, theme: Theme) -> None:
        """New colours and fonts."""
        for each in (self.flat, self.smile, self.term, self.gl):
            if each is not None:
                each.apply_theme(theme)

    def save_settings(self) -> Settings:
        """What was chosen."""
        choice = self.view.choice
        return {
            "axis": choice.axis.value, "colour": choice.colour.value, "quotes": choice.quotes.value,
            "zero_days": choice.zero_days, "expiry": choice.expiry, "view": self._view_name,
        }  # fmt: skip

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        kinds: tuple[tuple[str, type[Enum]], ...] = (("axis", Across), ("colour", Colour), ("quotes", Quotes))
        for name, kind in kinds:
            if settings.get(name) in {each.value for each in kind}:
                self.view.choose(**{name: kind(settings[name])})
        if isinstance(settings.get("zero_days"), bool):
            self.view.choose(zero_days=settings["zero_days"])
        if isinstance(settings.get("expiry"), str):
            self.view.choose(expiry=settings["expiry"])
        if settings.get("view") in PRESETS:
            self._view_name = str(settings["view"])

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """Every quote of the surface."""
        return self.view.export_rows()

    # Commands.

    def next_expiry(self) -> None:
        """The smile of the next later expiry."""
        self._do(self.view.step_expiry, 1)

    def previous_expiry(self) -> None:
        """The smile of the next nearer expiry."""
        self._do(self.view.step_expiry, -1)

    def higher_strike(self) -> None:
        """Picks the next higher quoted strike."""
        self._do(self.view.step_strike, 1)

    def lower_strike(self) -> None:
        """Picks the next lower quoted strike."""
        self._do(self.view.step_strike, -1)

    def has_contract(self) -> bool:
        """Whether one is picked and the chain that is shown has it."""
        return self.view.picked is not None

    @Slot()
    def buy(self) -> None:
        """Drafts a purchase of the picked contract."""
        self._draft(Side.BUY)

    @Slot()
    def sell(self) -> None:
        """Drafts a sale of it."""
        self._draft(Side.SELL)

    def add_bought(self) -> None:
        """Adds one of it to the strategy builder's legs."""
        self._add_leg(1)

    def add_sold(self) -> None:
        """Adds one of it, sold."""
        self._add_leg(-1)

    def show_contract(self) -> None:
        """Moves the link group to it."""
        if self.view.contract is not None and self.has_contract():
            self.publish(self.view.contract)

    @Slot()
    def ghost(self) -> None:
        """Keeps the surface of now, or drops what was kept."""
        if not self.view.toggle_ghost():
            self.context.shell.notify("There is no surface to keep.")
        self._change()

    def next_axis(self) -> None:
        """Moneyness, log-moneyness, delta, strike."""
        self._chosen({"axis": _after(self.view.choice.axis)})

    def next_colour(self) -> None:
        """IV, rich or cheap, calls and puts."""
        self._chosen({"colour": _after(self.view.choice.colour)})

    def next_quotes(self) -> None:
        """Out of the money, all, none."""
        self._chosen({"quotes": _after(self.view.choice.quotes)})

    def toggle_zero_days(self) -> None:
        """With or without what expires today."""
        self._chosen({"zero_days": not self.view.choice.zero_days})

    def next_view(self) -> None:
        """The next of the presets."""
        names = list(PRESETS)
        self._look(names[(names.index(self._view_name) + 1) % len(names)])

    # What children tell.

    @Slot(dict)
    def _chosen(self, changes: dict[str, Any]) -> None:
        self.view.choose(**changes)
        self._change()

    @Slot(str)
    def _look(self, name: str) -> None:
        self._view_name = name
        self.head.views.setCurrentText(name)
        if self.gl is not None:
            self.gl.look(PRESETS[name])

    @Slot(int)
    def _picked_row(self, row: int) -> None:
        self._do(self.view.pick_row, row)

    @Slot(float, float)
    def _picked_place(self, strike: float, time: float) -> None:
        self._do(self.view.pick_vertex, strike, time)

    @Slot(int)
    def _picked_expiry(self, place: int) -> None:
        self._do(self.view.pick_expiry, place)

    def _do(self, call: Any, *arguments: Any) -> None:
        call(*arguments)
        self._change()

    def _change(self) -> None:
        """The head follows in the next frame, the picture when it is made."""
        self._is_changed = True
        self.mark_dirty()

    def _draft(self, side: Side) -> None:
        if self.view.contract is not None and self.has_contract():
            self.propose(OrderDraft(self.view.contract, side, 1, OrderType.LIMIT))

    def _add_leg(self, quantity: int) -> None:
        if self.view.contract is not None and self.has_contract():
            self.add_leg(self.context.desk.table.get(self.view.contract), quantity)

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    # The picture.

    def _need_gl(self) -> None:
        """A context is made when the surface is first seen: with one, all of the window goes through the card."""
        if self.gl is not None or self._why_flat:
            return
        self.gl = SurfaceGLView(self.context.theme)
        self.gl.look(PRESETS[self._view_name])
        self.gl.picked_row.connect(self._picked_row)
        self.gl.picked_place.connect(self._picked_place)
        self.gl.failed.connect(self._gl_failed, Qt.ConnectionType.QueuedConnection)  # said from within a painting
        self.picture.addWidget(self.gl)
        self.picture.setCurrentWidget(self.gl)
        self.setFocusProxy(self.gl)

    @Slot(str)
    def _gl_failed(self, why: str) -> None:
        """The flat picture takes over, and the card gets back what it held."""
        if self.gl is None:
            return
        gl, self.gl = self.gl, None
        self._why_flat = self.flat.why = why
        self.flat.show_scene(self.view.scene)
        self.picture.setCurrentWidget(self.flat)
        self.setFocusProxy(self.flat)
        self.picture.removeWidget(gl)
        gl.release()
        gl.deleteLater()
        self.head.views.hide()
        self._change()

    def _show_scene(self) -> None:
        view = self.view
        if self.gl is not None and not self._why_flat:
            self.gl.show_scene(view.scene, view.choice.quotes)
        else:
            self.flat.show_scene(view.scene)
        self.smile.show_slice(view.smile, view.picked)
        self.term.show_slice(view.term, view.chosen_expiry)

    def _write_head(self, now_ns: int) -> None:
        view, chosen = self.view, self.view.chosen_key
        series = view.series
        with_root = len({each.root for each in series}) > 1
        self.head.show_expiries([(each.label(now_ns, with_root=with_root), each.key) for each in series], chosen)
        self.head.show_choice(view.choice, has_ghost=view.has_ghost)
        self.head.show_words(view.words(now_ns), _HINT)
        state = view.state_words(now_ns)
        for each in (self.flat, self.gl):
            if each is not None:
                each.show_state(state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The cuts are there where there is room for them."""
        super().resizeEvent(event)
        height = self.height()
        self.slices.setVisible(height >= _SLICES_FROM_PX)
        self.slices.setFixedHeight(max(110, round(height * _SLICES_SHARE)))

    def hideEvent(self, event: QHideEvent) -> None:
        """A chain that nobody sees is not reckoned."""
        self.view.release()
        super().hideEvent(event)

    def quarantine(self, details: str) -> None:
        """Nor one that failed."""
        self.view.close()
        super().quarantine(details)

    def close_panel(self) -> None:
        """Nor one that is gone."""
        self.view.close()
        if self.gl is not None:
            self.gl.release()
        super().close_panel()


def _after(value: Enum) -> Enum:
    """The next member, around."""
    members = list(type(value))
    return members[(members.index(value) + 1) % len(members)]
