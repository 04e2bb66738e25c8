"""The depth heatmap panel: resting size over time and price, with trades; freeze, scroll back, zoom."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial, partialmethod
from typing import Any, ClassVar

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout

from terminal.app.ports import DeskMode
from terminal.app.views.freshness import FeedWatch
from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.heatmap_facts import PaintedColumns
from terminal.app.views.heatmap_scale import PERCENTILES, TIME_ZOOMS, ColourRange
from terminal.app.views.heatmap_text import no_depth
from terminal.core.instruments import Instrument
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelCommand, PanelContext, Settings
from terminal.ui.panels.heatmap.canvas import HeatmapCanvas
from terminal.ui.panels.heatmap.colour_menu import ColourMenu
from terminal.ui.panels.heatmap.times import Session
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.empty_state import EmptyState

_WHEEL_STEP = 1.15
_PAN_SHARE = 8


class HeatmapPanel(Panel):
    """Resting size at each price over time, as colour, with best bid and ask and the trades."""

    TYPE, TITLE = "heatmap", "Heatmap"
    NEEDS = Needs.MARKET | Needs.SECOND
    MIN_INTERVAL_MS = 15
    COMMANDS: ClassVar[tuple[PanelCommand, ...]] = (
        PanelCommand("freeze", "Freeze the heatmap, or let it go on", "toggle_frozen", ("F", "Space")),
        PanelCommand("live", "Back to now", "go_live", ("End",)),
        PanelCommand("centre", "Centre the market", "centre", ("C",)),
        PanelCommand("earlier", "Scroll back in time", "earlier", ("Left",)),
        PanelCommand("later", "Scroll on in time", "later", ("Right",)),
        PanelCommand("higher", "Show higher prices", "higher", ("Up",)),
        PanelCommand("lower", "Show lower prices", "lower", ("Down",)),
        PanelCommand("time_in", "Less time, in more detail", "time_in", ("+", "=")),
        PanelCommand("time_out", "More time", "time_out", ("-",)),
        PanelCommand("price_in", "Fewer prices, in more detail", "price_in", ("Shift+Up",)),
        PanelCommand("price_out", "More prices", "price_out", ("Shift+Down",)),
        PanelCommand("scale", "Colours: linear or logarithmic", "toggle_log"),
        PanelCommand("hold_range", "Colours: hold the range, or fit it by itself", "toggle_range"),
    )

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self._feed = FeedWatch(context.desk.health, context.desk.past)
        self._view = HeatmapView(context.desk.market)
        self._painted_columns = PaintedColumns(self._view)
        self.canvas = HeatmapCanvas(self._view, context.theme)
        self.empty = EmptyState("Choose a symbol to see its book over time.", "Find a symbol", self._find)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.canvas)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.setFocusProxy(self.canvas)
        self.canvas.changed.connect(self._moved)
        self.canvas.menu_wanted.connect(self._menu)
        self.canvas.range_wheeled.connect(self._wheeled)

    @property
    def view(self) -> HeatmapView:
        """What is shown."""
        return self._view

    def refresh(self, frame: Frame) -> None:
        """Reads what is new and moves the picture on."""
        instrument = self._view.instrument
        if instrument is None:
            return
        self.canvas.fit_plot()
        self._view.refresh(frame.market_ns)
        if not self._view.has_depth:
            is_replay = self.context.desk.mode is DeskMode.REPLAY
            self._say(no_depth(instrument, is_sampled=self._view.is_sampled, is_replay=is_replay))
            return
        self.pages.setCurrentWidget(self.canvas)
        pulse = self._feed.pulse(frame.wall_ns)
        self.canvas.note = pulse.note.capitalize() if pulse.is_silent else ""
        day = self.context.desk.day
        self.canvas.session = Session(day.open_ns, day.close_ns)
        self.canvas.tick()

    def show_instrument(self, instrument: Instrument) -> None:
        """Another heatmap; its book is sampled from now on."""
        self._view.show(instrument)

    def apply_theme(self, theme: Theme) -> None:
        """New colours."""
        self.canvas.apply_theme(theme)

    def frame_facts(self) -> Settings:
        """The best prices painted on the axis, whether the newest sample's book was good, and the columns painted
        since the last time."""
        touch, status = self._view.touch, self._view.status()
        return {
            "bid_px": touch.bid_px, "ask_px": touch.ask_px, "status": status.name,
            "doubt": "" if status.is_good else status.name, "sequence": touch.sequence,
            "columns": self._painted_columns.take(),
        }  # fmt: skip

    def save_settings(self) -> Settings:
        """Zooms and colours."""
        window, colours = self._view.window, self._view.colours
        settings: Settings = {
            "time_zoom": TIME_ZOOMS.index(window.time_zoom) if window.time_is_chosen else None,
            "log": colours.is_log,
            "percentile": colours.percentile,
        }
        if colours.percentile is None:
            settings["range"] = [colours.low, colours.high]
        return settings

    def restore_settings(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`save_settings`."""
        place = settings.get("time_zoom")
        if isinstance(place, int) and 0 <= place < len(TIME_ZOOMS):
            self._view.window.choose_time(TIME_ZOOMS[place])
        percentile, ends = settings.get("percentile", PERCENTILES[2]), settings.get("range")
        colours = ColourRange(is_log=settings.get("log") is True)
        if percentile in PERCENTILES:
            colours = ColourRange(is_log=colours.is_log, percentile=percentile)
        elif percentile is None and isinstance(ends, list) and len(ends) == 2:
            with contextlib.suppress(TypeError, ValueError):
                colours = colours.fixed(float(ends[0]), float(ends[1]))
        self._view.colours = colours

    # Commands.

    def toggle_frozen(self) -> None:
        """Stops the picture, or goes back to now."""
        self._view.window.freeze()
        self.mark_dirty()

    def go_live(self) -> None:
        """Back to now, with the market in the middle."""
        self._view.window.go_live()
        self.mark_dirty()

    def centre(self) -> None:
        """Puts the market in the middle."""
        self._view.centre()
        self.mark_dirty()

    def toggle_log(self) -> None:
        """Between a linear and a logarithmic scale of colours."""
        self._view.colours = self._view.colours.with_log(not self._view.colours.is_log)
        self._view.fit_colours()
        self.mark_dirty()

    def toggle_range(self) -> None:
        """Keeps the colours at their sizes of now, or lets them follow the sizes in view."""
        colours = self._view.colours
        if colours.percentile is None:
            self._view.colours = colours.automatic()
            self._view.fit_colours()
        else:
            self._view.colours = colours.fixed(colours.low, colours.high)
        self.mark_dirty()

    def _pan(self, columns: int, rows: int) -> None:
        window = self._view.window
        self._view.pan(columns * max(1, window.columns // _PAN_SHARE), rows * max(1, window.rows // _PAN_SHARE))
        self.mark_dirty()

    def _zoom(self, time: int, price: int) -> None:
        window = self._view.window
        if time:
            window.zoom_time(time, window.width - 1)
        if price:
            window.zoom_price(price, window.height / 2)
        self.mark_dirty()

    earlier, later = partialmethod(_pan, 1, 0), partialmethod(_pan, -1, 0)
    higher, lower = partialmethod(_pan, 0, 1), partialmethod(_pan, 0, -1)
    time_in, time_out = partialmethod(_zoom, -1, 0), partialmethod(_zoom, 1, 0)
    price_in, price_out = partialmethod(_zoom, 0, -1), partialmethod(_zoom, 0, 1)

    # Inside.

    def _say(self, sentence: str) -> None:
        if self.empty.sentence.text() != sentence:
            self.empty.say(sentence)
        self.pages.setCurrentWidget(self.empty)

    def _find(self) -> None:
        self.context.shell.start_symbol_entry(self, "")

    @Slot()
    def _moved(self) -> None:
        self.mark_dirty()

    @Slot(int)
    def _wheeled(self, notches: int) -> None:
        colours = self._view.colours
        high = max(colours.high * _WHEEL_STEP**notches, colours.low + 1)
        self._view.colours = colours.fixed(colours.low, high)
        self.mark_dirty()

    @Slot(QPoint, bool)
    def _menu(self, point: QPoint, colours_only: bool) -> None:
        self.activated.emit(self)
        instrument = self._view.instrument
        if colours_only and instrument is not None:
            colours = ColourMenu(self._view.colours, instrument, self)
            colours.chosen.connect(self._colours_chosen)
            menu: QMenu = colours
        else:
            menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for each in self.COMMANDS:
            if not colours_only or each.id in {"scale", "hold_range"}:
                action = menu.addAction(each.title)
                action.triggered.connect(partial(self.context.shell.run, f"{self.TYPE}.{each.id}"))
        menu.popup(point)

    @Slot(object)
    def _colours_chosen(self, colours: ColourRange) -> None:
        self._view.colours = colours
        self._view.fit_colours()
        self.mark_dirty()
