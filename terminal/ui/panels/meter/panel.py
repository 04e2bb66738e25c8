"""The meter panel: figures with sparklines, what each panel costs, and the last stalls."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPlainTextEdit, QScrollArea, QVBoxLayout

from terminal.app.views.export import plain_rows
from terminal.app.views.meter import cost_rows, stall_lines, tiles
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.panel import Panel, PanelContext
from terminal.ui.panels.meter.tiles import MeterTiles
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.columns import Align, Column, as_is
from terminal.ui.widgets.table import DataTable

_WIDE_PX, _TALL_PX = 640, 240
_COLUMNS = (
    Column("panel", "Panel", "Whose work it is", as_is, 110, Align.LEFT, bold=True),
    Column("refresh_p50", "Refresh", "Reading and preparing, median, ms", as_is, 64),
    Column("refresh_p99", "p99", "Reading and preparing, 99th percentile, ms", as_is, 56),
    Column("paint_p50", "Paint", "Painting, median, ms", as_is, 56),
    Column("paint_p99", "p99", "Painting, 99th percentile, ms", as_is, 56),
    Column("share", "Share %", "Of the window thread's time", as_is, 64),
)


class MeterPanel(Panel):
    """How fast the desk is: messages, delays, frames, recorder, processor, memory, disk, sources."""

    TYPE, TITLE = "meter", "Meter"
    NEEDS = Needs.ALWAYS
    MIN_INTERVAL_MS = 400
    LINKABLE = False

    def __init__(self, context: PanelContext, panel_id: str) -> None:
        super().__init__(context, panel_id)
        self.tiles = MeterTiles(context.theme)
        self.tiles.setAccessibleName("Meter")
        self.table = DataTable(_COLUMNS, context.clock, context.theme, "What each panel costs, ms")
        self.table.set_empty("Nothing was refreshed in the last moment.")
        self.stalls = QPlainTextEdit()
        self.stalls.setObjectName("mono")
        self.stalls.setReadOnly(True)
        self.stalls.setAccessibleName("The last stalls of the window")
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.tiles)
        costs = QVBoxLayout()
        costs.setSpacing(0)
        costs.addWidget(self.table, 3)
        costs.addWidget(self.stalls, 2)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.body)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(1)
        self._layout.addWidget(scroll, 3)
        self._layout.addLayout(costs, 2)
        self.setFocusProxy(self.table)
        self.apply_theme(context.theme)

    def refresh(self, frame: Frame) -> None:
        """Takes the reading of now."""
        sampler = self.context.meter
        if sampler is None:
            return
        reading = sampler.sample()
        self.tiles.set_tiles(tiles(reading, sampler.history))
        rows = cost_rows(reading)
        self.table.set_rows(rows.keys, rows.values, tones=rows.tones, tips=rows.tips)
        text = stall_lines(reading.ui.stalls)
        if text != self.stalls.toPlainText():
            self.stalls.setPlainText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is width, one above the other where there is none."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._layout.direction() != way:
            self._layout.setDirection(way)
        self.tiles.set_compact(wide and self.height() < _TALL_PX)

    def apply_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.tiles.set_theme(theme)
        self.table.apply_theme(theme)

    def export_rows(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """The panels' costs."""
        return plain_rows(*self.table.export_rows())
