"""The desk as the face sees it. ``app/desk.py`` is one; tests build small real ones."""

from __future__ import annotations

from typing import Protocol

from terminal.app.alerts import Alerts
from terminal.app.analytics_port import Analytics
from terminal.app.arming import Arming
from terminal.app.commands import CommandRegistry
from terminal.app.drawings.book import DrawingBook
from terminal.app.event_book import EventBook
from terminal.app.flow_alerts import FlowAlerts
from terminal.app.links import LinkGroups
from terminal.app.market_port import Day, Market, StoredBars
from terminal.app.meter import Meter
from terminal.app.ports import DeskMode, Health, Past, Playback, Trading
from terminal.app.tasks import Tasks
from terminal.app.views.flow_filters import FlowFilterBook
from terminal.app.views.watch_lists import WatchListBook
from terminal.app.vol_history import VolReader
from terminal.core.clock import Clock
from terminal.core.instruments import InstrumentTable
from terminal.infra.logs import LogRing
from terminal.infra.paths import Profile
from terminal.market.flow.service import FlowService


class DeskPort(Protocol):
    """Everything the window and its panels are given."""

    @property
    def mode(self) -> DeskMode:
        """Simulated, replay or live."""
        ...

    @property
    def table(self) -> InstrumentTable:
        """The instruments."""
        ...

    @property
    def market(self) -> Market:
        """Latest values."""
        ...

    @property
    def clock(self) -> Clock:
        """Market time of what is shown: :attr:`market` and this look back together."""
        ...

    @property
    def interest_rate(self) -> float:
        """What implied vols start from, a decimal, continuously compounded; 0 where nobody knows better."""
        ...

    @property
    def analytics(self) -> Analytics:
        """Vols, values and Greeks of the chains that panels look at."""
        ...

    @property
    def vol_history(self) -> VolReader:
        """The daily record of volatility."""
        ...

    @property
    def events(self) -> EventBook:
        """The calendar of events."""
        ...

    @property
    def flow(self) -> FlowService:
        """The option trades of the live market, joined to orders and judged."""
        ...

    @property
    def flow_filters(self) -> FlowFilterBook:
        """Filters of the option flow by name."""
        ...

    @property
    def flow_alerts(self) -> FlowAlerts:
        """Whether unusual option orders are told."""
        ...

    @property
    def day(self) -> Day:
        """The trading day."""
        ...

    @property
    def trading(self) -> Trading:
        """The order road's door."""
        ...

    @property
    def arming(self) -> Arming:
        """Whether order keys are live."""
        ...

    @property
    def health(self) -> Health:
        """How the desk is."""
        ...

    @property
    def playback(self) -> Playback | None:
        """Pace of a market that does not run by itself; None when it does."""
        ...

    @property
    def past(self) -> Past | None:
        """The session time machine; None where nothing is kept to look back at."""
        ...

    @property
    def live_market(self) -> Market:
        """The market of now, whatever moment is shown: what orders are written and judged by."""
        ...

    @property
    def live_clock(self) -> Clock:
        """The live market's time, whatever moment is shown."""
        ...

    @property
    def commands(self) -> CommandRegistry:
        """All commands."""
        ...

    @property
    def links(self) -> LinkGroups:
        """Colour groups."""
        ...

    @property
    def tasks(self) -> Tasks:
        """Long work."""
        ...

    @property
    def alerts(self) -> Alerts:
        """What the desk says to the trader."""
        ...

    @property
    def profile(self) -> Profile:
        """Where the trader's own files lie."""
        ...

    @property
    def stored_bars(self) -> StoredBars | None:
        """Bars of the market database; None where there is none."""
        ...

    @property
    def drawings(self) -> DrawingBook:
        """What was drawn on charts."""
        ...

    @property
    def watchlists(self) -> WatchListBook:
        """Named lists of symbols."""
        ...

    def note_frame(self) -> None:
        """A frame begins: what is in the market's state now can be on the screen after its paint."""
        ...

    @property
    def meter(self) -> Meter:
        """How fast the desk is."""
        ...

    def note_paint(self) -> None:
        """The window has just painted: for the measure of state to paint."""
        ...

    @property
    def log(self) -> LogRing:
        """The last log lines."""
        ...
