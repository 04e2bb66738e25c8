"""The panels of the house. None of them knows another; this list is all that names them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminal.ui.panel_registry import PanelRegistry, PanelType
from terminal.ui.panels.builder.panel import BuilderPanel
from terminal.ui.panels.calendar.panel import CalendarPanel
from terminal.ui.panels.chain.panel import ChainPanel
from terminal.ui.panels.chart.panel import ChartPanel
from terminal.ui.panels.density.panel import DensityPanel
from terminal.ui.panels.flow.panel import FlowPanel
from terminal.ui.panels.health import HealthPanel
from terminal.ui.panels.heatmap.panel import HeatmapPanel
from terminal.ui.panels.ladder.panel import LadderPanel
from terminal.ui.panels.log import LogPanel
from terminal.ui.panels.meter.panel import MeterPanel
from terminal.ui.panels.orders import OrdersPanel
from terminal.ui.panels.positions import PositionsPanel
from terminal.ui.panels.surface.panel import SurfacePanel
from terminal.ui.panels.ticket.panel import TicketPanel
from terminal.ui.panels.time_and_sales.panel import TimeAndSalesPanel
from terminal.ui.panels.vol_history.panel import VolHistoryPanel
from terminal.ui.panels.watchlist.panel import WatchlistPanel

if TYPE_CHECKING:
    from terminal.ui.panel import Panel

PANEL_TYPES: tuple[type[Panel], ...] = (
    WatchlistPanel,
    ChartPanel,
    LadderPanel,
    TimeAndSalesPanel,
    HeatmapPanel,
    ChainPanel,
    BuilderPanel,
    VolHistoryPanel,
    DensityPanel,
    CalendarPanel,
    SurfacePanel,
    FlowPanel,
    TicketPanel,
    OrdersPanel,
    PositionsPanel,
    LogPanel,
    HealthPanel,
    MeterPanel,
)
"""Every panel type, in the order of menus."""


def register(registry: PanelRegistry) -> None:
    """Adds every panel type."""
    for each in PANEL_TYPES:
        registry.add(PanelType(each.TYPE, each.TITLE, each, help=(each.__doc__ or "").partition("\n")[0]))
