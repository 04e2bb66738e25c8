"""The chart panel: candles of one symbol in several time frames, with own orders and trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partialmethod
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from terminal.app import formats
from terminal.app.ports import TradingSnapshot
from terminal.app.views.chart import FRAMES, ChartView
from terminal.app.views.export import plain_rows
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.order_words import action_words
from terminal.core.clock import from_ns
from terminal.core.instruments import Instrument
from terminal.core.messages import Phase
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.chart.canvas import ChartCanvas
from terminal.ui.panels.chart.overlays import PriceLine, TradeMark
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.empty_state import EmptyState

_FRAME_COMMANDS = tuple(
    PanelCommand(f"frame_{name}", f"Bars of {name}", f"_frame_{name}", (str(number),))
    for number, name in enumerate(FRAMES, start=1)
)


_UNREAD = (-1, -1)


class ChartPanel(Panel):
    """Drag pans, wheel zooms, double click goes back to the newest bar."""

    TYPE, TITLE = "chart", "Chart"
    NEEDS = Needs.MARKET | Needs.TRADING
    MIN_INTERVAL_MS = 50
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        *_FRAME_COMMANDS,
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
        self._feed = FeedWatch(context.desk.health)
        self._view = ChartView(context.desk.market)
        self._version = _UNREAD
        self.canvas = ChartCanvas(self._view, context.theme)
        self.buttons = QButtonGroup(self)
        head = QHBoxLayout()
        head.setContentsMargins(4, 2, 4, 2)
        head.setSpacing(1)
        for number, name in enumerate(FRAMES, start=1):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(name == self._view.frame)
            button.setProperty("role", "flat")
            button.setToolTip(f"Bars of {name} ({number})")
            button.setAccessibleName(f"Bars of {name}")
            self.buttons.addButton(button, number)
            head.addWidget(button)
        head.addStretch(1)
        self.newest = QToolButton()
        self.newest.setText("Newest ▸")
        self.newest.setProperty("role", "flat")
        self.newest.setToolTip("Follow the newest bar (Home, or double click)")
        head.addWidget(self.newest)
        self.empty = EmptyState("Choose a symbol to see its chart.", "Find a symbol", self._find)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.canvas)
        inner.addLayout(head)
        inner.addWidget(self.pages, 1)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(page)
        self.setFocusProxy(self.canvas)
        self.buttons.idClicked.connect(self._frame_clicked)
        self.newest.clicked.connect(self.reset)
        self.canvas.moved.connect(self._moved)
        self._moved()

    def refresh(self, frame: Frame) -> None:
        """Reads new bars; the newest one grows without painting the others again."""
        view, instrument = self._view, self._view.instrument
        if instrument is None:
            return
        before = len(view.bars)
        changed = view.refresh()
        if changed and view.first_change < max(before, 1) - 1:
            self.canvas.renew()
        self._choose_page(instrument)
        changed = self._read_orders(instrument) or changed
        quote = self.context.desk.market.read(np.array([instrument.id], np.int32))[0]
        closed = bool(quote["phase"] == Phase.CLOSED and quote["ts_ns"])
        stale = self._feed.pulse(frame.wall_ns).is_silent and not closed
        if changed or (stale, closed) != (self.canvas.is_stale, self.canvas.is_closed):
            self.canvas.is_stale, self.canvas.is_closed = stale, closed
            self.canvas.update()

    def show_instrument(self, instrument: Instrument) -> None:
        """Another chart."""
        self._view.show(instrument)
        self._version = _UNREAD
        self.canvas.setAccessibleDescription(f"Candles of {instrument.label}")
        self.canvas.renew()

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.canvas.apply_theme(theme)

    def save_settings(self) -> Settings:
        """Time frame and number of bars in view."""
        return {"frame": self._view.frame, "in_view": round(self._view.in_view)}

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        if settings.get("frame") in FRAMES:
            self._set_frame(settings["frame"])
        if isinstance(settings.get("in_view"), int | float):
            self._view.zoom(float(settings["in_view"]) / self._view.in_view, self._view.right)

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]] | None:
        """The bars, oldest first."""
        instrument = self._view.instrument
        if instrument is None:
            return None
        rows = [
            [f"{from_ns(int(bar['ts_ns'])):%Y-%m-%d %H:%M:%S}"]
            + [formats.price(int(bar[name]), instrument) for name in ("open", "high", "low", "close")]
            + [formats.size(int(bar["volume"]))]
            for bar in self._view.bars
        ]
        return plain_rows(("Start (New York)", "Open", "High", "Low", "Close", "Volume"), rows)

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

    def _set_frame(self, name: str) -> None:
        self._view.set_frame(name)
        self.buttons.button(list(FRAMES).index(name) + 1).setChecked(True)
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

    @Slot(int)
    def _frame_clicked(self, number: int) -> None:
        self._set_frame(list(FRAMES)[number - 1])

    @Slot()
    def _moved(self) -> None:
        self.newest.setVisible(not self._view.follows or self._view.fixed_prices is not None)
        self.canvas.update()

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
        version = (trading.version, len(self._view.bars))
        if version == self._version:
            return False
        self._version = version
        snapshot: TradingSnapshot = trading.snapshot()
        lines = [
            PriceLine(
                order.limit_px,
                f"{action_words(order.side, order.effect, instrument)} {formats.size(order.quantity - order.filled)}",
                order.side,
            )
            for order in snapshot.orders
            if order.instrument == instrument.id and not order.state.is_terminal and order.limit_px is not None
        ]
        lines += [
            PriceLine(row.average_px, f"avg {formats.signed_size(row.quantity)}")
            for row in snapshot.positions
            if row.instrument == instrument.id and row.quantity
        ]
        self.canvas.lines = lines
        self.canvas.trades = [
            TradeMark(place, fill.price_px, fill.side)
            for fill in snapshot.fills
            if fill.instrument == instrument.id and (place := self._view.place_of(fill.ts_ns)) >= 0
        ]
        return True
