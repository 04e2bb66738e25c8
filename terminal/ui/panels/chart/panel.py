"""The chart panel: bars of one symbol in any time frame, with indicators, own orders and trades."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partialmethod
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.ports import DeskMode, TradingSnapshot
from terminal.app.views.chart import ChartKind, ChartView
from terminal.app.views.chart_compare import ComparisonSet
from terminal.app.views.chart_frames import PRESETS, FrameError
from terminal.app.views.chart_history import HistoryState
from terminal.app.views.chart_indicators import ChartIndicator, IndicatorSet
from terminal.app.views.chart_profile import ProfileKind
from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedWatch
from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument
from terminal.core.messages import Phase
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.chart.canvas import ChartCanvas
from terminal.ui.panels.chart.compare_layer import MomentLayer
from terminal.ui.panels.chart.comparing import Comparing
from terminal.ui.panels.chart.drawing_tools import DRAWING_COMMANDS, DrawingCommands, DrawingTools
from terminal.ui.panels.chart.event_layer import EventLayer
from terminal.ui.panels.chart.frame_entry import FrameEntry
from terminal.ui.panels.chart.head import KIND_WORDS, ChartHead
from terminal.ui.panels.chart.history_layer import HistoryLayer
from terminal.ui.panels.chart.indicator_windows import IndicatorWindows
from terminal.ui.panels.chart.trading_layer import FillLayer, OrderLayer, own_lines, own_marks
from terminal.ui.panels.chart.under_layers import ProfileLayer, SessionLayer
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.empty_state import EmptyState

_FRAME_COMMANDS = tuple(PanelCommand(f"frame_{name}", f"Bars of {name}", f"_frame_{name}") for name in PRESETS)
_KIND_COMMANDS = tuple(
    PanelCommand(f"kind_{kind.value}", f"Draw {words.lower()}", f"_kind_{kind.value}")
    for kind, words in KIND_WORDS.items()
)
_UNREAD: tuple[int, int, int | None] = (-1, -1, None)


class ChartPanel(DrawingCommands, Panel):
    """Drag pans, wheel zooms, double click goes back to the newest bar; a number typed is a time frame."""

    TYPE, TITLE = "chart", "Chart"
    NEEDS = Needs.MARKET | Needs.TRADING | Needs.SECOND
    MIN_INTERVAL_MS = 15
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        *_FRAME_COMMANDS,
        *_KIND_COMMANDS,
        *DRAWING_COMMANDS,
        PanelCommand("compare", "Compare with a symbol", "compare", ("Alt+C",)),
        PanelCommand("profile", "Volume by price: none, of the view, of the session", "next_profile", ("Alt+P",)),
        PanelCommand("log", "Logarithmic prices", "toggle_log", ("Alt+L",)),
        PanelCommand("indicators", "Add an indicator…", "pick_indicator", ("/",)),
        PanelCommand("reset", "Newest bar, prices that fit", "reset", ("Home",)),
        PanelCommand("left", "Earlier bars", "pan_left", ("Left",)),
        PanelCommand("right", "Later bars", "pan_right", ("Right",)),
        PanelCommand("far_left", "Much earlier bars", "pan_far_left", ("Shift+Left",)),
        PanelCommand("far_right", "Much later bars", "pan_far_right", ("Shift+Right",)),
        PanelCommand("in", "Fewer bars", "zoom_in", ("+", "=")),
        PanelCommand("out", "More bars", "zoom_out", ("-",)),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health, context.desk.past)
        self._view = ChartView(context.desk.market, context.desk.stored_bars)
        self.indicators = IndicatorSet(context.desk.profile.indicators_dir)
        self._version = _UNREAD
        self._second = 0
        self._unpoint: Callable[[], None] = lambda: None
        self.canvas = ChartCanvas(self._view, self.indicators, context.theme)
        self.canvas.now_ns = context.desk.clock.now_ns
        self.order_layer, self.fill_layer = OrderLayer(), FillLayer()
        self.canvas.add_layer(self.order_layer)
        self.canvas.add_layer(self.fill_layer)
        self.profile_layer = ProfileLayer(context.desk.market.volume_at_price)
        events = EventLayer(context.desk.events, context.desk.clock.now_ns, context.desk.table)
        for layer in (SessionLayer(), HistoryLayer(), self.profile_layer, events):
            self.canvas.add_layer(layer)
        self.drawing = DrawingTools(self.canvas, context.desk.drawings, context.shell.notify)
        self.canvas.add_layer(self.drawing.layer)
        self.compared = ComparisonSet(context.desk.market)
        self.comparing = Comparing(self.canvas, self._view, self.compared, context.desk.table, context.shell.notify)
        self.comparing.changed = self._compared_changed
        self.canvas.add_layer(self.comparing.layer)
        self.moment_layer = MomentLayer(context.desk.clock.now_ns)
        self.canvas.add_layer(self.moment_layer)
        self.head = ChartHead()
        self.head.add_tool(self.comparing.button)
        self.head.add_tool(self.drawing.button)
        self.buttons, self.newest = self.head.buttons, self.head.newest
        self.entry = FrameEntry(self.canvas)
        self.windows = IndicatorWindows(self.indicators, self, self._indicators_changed, context.shell.notify)
        self.empty = EmptyState("Choose a symbol to see its chart.", "Find a symbol", self._find)
        self._lay_out()
        self.head.frame_chosen.connect(self._set_frame)
        self.head.kind_chosen.connect(self._set_kind)
        self.head.log_chosen.connect(self._set_log)
        self.head.profile_chosen.connect(self._set_profile)
        self.head.newest_wanted.connect(self.reset)
        self.head.indicators_wanted.connect(self.pick_indicator)
        self.canvas.indicator_clicked.connect(self._edit_indicator)
        self.canvas.indicator_removed.connect(self.windows.remove)
        self.entry.chosen.connect(self._set_frame)
        self.canvas.moved.connect(self._moved)
        self.canvas.pointed.connect(self._pointed)
        self.head.show_frame(self._view.frame)
        self.head.show_kind(self._view.kind)
        self._moved()

    def _lay_out(self) -> None:
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.canvas)
        inner.addWidget(self.head)
        inner.addWidget(self.pages, 1)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(page)
        self.setFocusProxy(self.canvas)

    def refresh(self, frame: Frame) -> None:
        """Reads new bars; the newest one grows without painting the others again."""
        view, instrument = self._view, self._view.instrument
        if instrument is None:
            return
        before = len(view.bars)
        changed = view.refresh()
        if changed and view.first_change < max(before, 1) - 1:
            self.canvas.renew()
        changed = self.indicators.follow(view.series) or changed
        changed = self.compared.follow(view) or changed
        if self.indicators.is_waiting or view.history.state is HistoryState.LOADING:
            self.mark_dirty()
        self.windows.show_problems()
        self._choose_page(instrument)
        self.moment_layer.show(self.is_past or self.context.desk.mode is DeskMode.REPLAY)
        has_traded = self._read_orders(instrument)
        second, self._second = self._second, frame.market_ns // 1_000_000_000
        quote = self.context.desk.market.read(np.array([instrument.id], np.int32))[0]
        closed = bool(quote["phase"] == Phase.CLOSED and quote["ts_ns"])
        stale = self._feed.pulse(frame.wall_ns).is_silent and not closed
        if (stale, closed) != (self.canvas.is_stale, self.canvas.is_closed):
            self.canvas.is_stale, self.canvas.is_closed = stale, closed
            self.canvas.update()
        elif second != self._second and self.profile_layer.kind is ProfileKind.SESSION:
            self.canvas.renew()
        elif has_traded:
            # Orders and fills lie anywhere, not only at the newest bar.
            self.canvas.update()
        elif changed or second != self._second:
            self.canvas.tick()

    def show_instrument(self, instrument: Instrument) -> None:
        """Another chart."""
        self._view.show(instrument)
        self.indicators.set_scales(instrument.price_scale, instrument.size_scale)
        self.drawing.show_instrument(instrument)
        self._version = _UNREAD
        self.canvas.setAccessibleDescription(f"Candles of {instrument.label}")
        self.canvas.renew()

    def set_link_group(self, group: int) -> None:
        """Joins a colour group; its charts share symbol and crosshair."""
        self._unpoint()
        self._unpoint = self.context.links.subscribe_pointer(group, self.canvas.show_shared_crosshair)
        self.canvas.show_shared_crosshair(None)
        super().set_link_group(group)

    def close_panel(self) -> None:
        """Ends the subscriptions and the processes of own indicators."""
        self._unpoint()
        self.drawing.close()
        self.windows.close()
        self.indicators.close()
        self._view.history.close()
        super().close_panel()

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.canvas.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Time frame, number of bars in view, kind, scale, indicators."""
        view = self._view
        return {
            "frame": view.frame,
            "in_view": round(view.in_view),
            "kind": view.kind.value,
            "log": view.is_log,
            "profile": self.profile_layer.kind.value,
            "indicators": self.indicators.save(),
            "compared": self.compared.symbols(),
        }

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        try:
            self._set_frame(str(settings.get("frame", self._view.frame)))
        except FrameError:
            self._set_frame(self._view.frame)
        if isinstance(settings.get("in_view"), int | float):
            self._view.zoom(float(settings["in_view"]) / self._view.in_view, self._view.right)
        if settings.get("kind") in {kind.value for kind in ChartKind}:
            self._set_kind(ChartKind(settings["kind"]))
        self._set_log(settings.get("log") is True)
        profile = settings.get("profile")
        self._set_profile(ProfileKind(profile) if profile in {kind.value for kind in ProfileKind} else ProfileKind.OFF)
        compared = settings.get("compared")
        self.comparing.restore(compared if isinstance(compared, list) else ())
        for problem in self.indicators.restore(settings.get("indicators")):
            self.context.shell.notify(f"Chart: {problem}.")

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The bars, oldest first."""
        instrument = self._view.instrument
        if instrument is None:
            return None
        rows = [
            [f"{from_ns(int(bar['ts_ns'])):%Y-%m-%d %H:%M:%S}"]
            + [formats.price(int(bar[name]), instrument) for name in ("open", "high", "low", "close")]
            + [formats.quantity(int(bar["volume"]), instrument)]
            for bar in self._view.bars
        ]
        return plain_rows(("Start (New York)", "Open", "High", "Low", "Close", "Volume"), rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit begins a time frame, a letter the symbol entry."""
        text = event.text()
        if (
            len(text) == 1
            and text.isdigit()
            and text.isascii()
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            self.entry.begin(text)
            event.accept()
            return
        super().keyPressEvent(event)

    # Commands.

    @Slot()
    def reset(self) -> None:
        """Follows the newest bar at prices that fit."""
        self._view.reset()
        self._moved()

    def pan_left(self) -> None:
        """A bar earlier."""
        self._pan(-1)

    def pan_right(self) -> None:
        """A bar later."""
        self._pan(1)

    def pan_far_left(self) -> None:
        """Ten bars earlier."""
        self._pan(-10)

    def pan_far_right(self) -> None:
        """Ten bars later."""
        self._pan(10)

    def zoom_in(self) -> None:
        """Fewer bars."""
        self._zoom(0.8)

    def zoom_out(self) -> None:
        """More bars."""
        self._zoom(1.25)

    def _pan(self, bars: int) -> None:
        self._view.pan(bars)
        self._moved()

    def _zoom(self, factor: float) -> None:
        self._view.zoom(factor, self._view.right)
        self._moved()

    @Slot(str)
    def _set_frame(self, name: str) -> None:
        self._view.set_frame(name)
        self.head.show_frame(self._view.frame)
        self._version = _UNREAD
        self.canvas.renew()
        self.mark_dirty()

    _frame_5s = partialmethod(_set_frame, "5s")
    _frame_15s = partialmethod(_set_frame, "15s")
    _frame_1m = partialmethod(_set_frame, "1m")
    _frame_5m = partialmethod(_set_frame, "5m")
    _frame_15m = partialmethod(_set_frame, "15m")
    _frame_1h = partialmethod(_set_frame, "1h")
    _frame_1d = partialmethod(_set_frame, "1d")

    @Slot(object)
    def _set_kind(self, kind: ChartKind) -> None:
        self._view.set_kind(kind)
        self.head.show_kind(kind)
        self.canvas.renew()

    _kind_candles = partialmethod(_set_kind, ChartKind.CANDLES)
    _kind_hollow = partialmethod(_set_kind, ChartKind.HOLLOW)
    _kind_bars = partialmethod(_set_kind, ChartKind.BARS)
    _kind_line = partialmethod(_set_kind, ChartKind.LINE)
    _kind_area = partialmethod(_set_kind, ChartKind.AREA)
    _kind_heikin_ashi = partialmethod(_set_kind, ChartKind.HEIKIN_ASHI)

    def compare(self) -> None:
        """Asks for a symbol to draw beside this one."""
        self.comparing.ask()

    def _compared_changed(self) -> None:
        self.compared.follow(self._view)
        self.canvas.update()

    @Slot(object)
    def _set_profile(self, kind: ProfileKind) -> None:
        self.profile_layer.kind = kind
        self.head.show_profile(kind)
        self.canvas.renew()

    def next_profile(self) -> None:
        """No volume profile, that of the bars in view, that of the session."""
        kinds = list(ProfileKind)
        self._set_profile(kinds[(kinds.index(self.profile_layer.kind) + 1) % len(kinds)])

    @Slot()
    def pick_indicator(self) -> None:
        """Opens the window that adds indicators."""
        self.windows.pick()

    @Slot(object)
    def _edit_indicator(self, item: ChartIndicator) -> None:
        self.windows.edit(item, self.context.theme)

    def _indicators_changed(self) -> None:
        self.canvas.renew()
        self.mark_dirty()

    def toggle_log(self) -> None:
        """Logarithmic prices, or plain ones."""
        self._set_log(not self._view.is_log)

    @Slot(bool)
    def _set_log(self, is_log: bool) -> None:
        self._view.is_log = is_log
        self._view.fixed_prices = None
        self.head.show_scale(is_log=is_log)
        self.canvas.renew()

    @Slot()
    def _moved(self) -> None:
        self.newest.setVisible(not self._view.follows or self._view.fixed_prices is not None)
        self.canvas.update()
        self.mark_dirty()

    @Slot(object)
    def _pointed(self, ts_ns: int | None) -> None:
        self.context.links.point(self.link_group, ts_ns, self.canvas.show_shared_crosshair)

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    def _choose_page(self, instrument: Instrument) -> None:
        if len(self._view.bars):
            self.pages.setCurrentIndex(1)
            return
        self.empty.say(f"No trades in {instrument.label} yet. The first trade begins the first bar.")
        self.pages.setCurrentIndex(0)

    def _read_orders(self, instrument: Instrument) -> bool:
        """Working orders, the position and own trades; True when they are different."""
        trading = self.context.desk.trading
        until_ns = self.context.desk.clock.now_ns() if self.is_past else None
        version = (trading.version, len(self._view.bars), until_ns)
        if version == self._version:
            return False
        self._version = version
        snapshot: TradingSnapshot = trading.snapshot()
        # Working orders and the position are of now: they do not belong to a picture of the past.
        self.order_layer.lines = own_lines(snapshot, instrument) if until_ns is None else []
        self.fill_layer.trades = own_marks(snapshot, instrument, self._view.place_of, until_ns)
        return True
