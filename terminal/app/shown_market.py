"""The market and the clock as the panels see them: the live ones, or those of the moment that is looked back at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from terminal.app.time_machine import TimeMachine
from terminal.core.clock import Clock
from terminal.market.bars import BarStore
from terminal.market.books import BookStore
from terminal.market.depth_history import LATEST_NS, DepthHistory
from terminal.market.orders import OrderQueues
from terminal.market.prints import PrintStore
from terminal.market.rows import Rows
from terminal.market.state import MarketState
from terminal.market.statistics import StatisticsStore
from terminal.market.volume_at_price import VolumeStore

_EPOCH = 1 << 40


class ShownClock:
    """Ages are those of the moment shown."""

    def __init__(self, live: Clock, past: TimeMachine) -> None:
        self._live, self._past = live, past

    def now_ns(self) -> int:
        """Market time of what is shown."""
        return self._past.shown_ns if self._past.is_past else self._live.now_ns()


class ShownHistory:
    """Depth over time up to the moment shown. There is one history, the live one: it holds the past already."""

    def __init__(self, live: DepthHistory, past: TimeMachine) -> None:
        self._live, self._past = live, past

    @property
    def step_ns(self) -> int:
        """Market time between two samples."""
        return self._live.step_ns

    def watch(self, instrument: int) -> bool:
        """Starts sampling in the live market."""
        return self._live.watch(instrument)

    def read(self, instrument: int, after_ns: int = 0, most: int = 2000) -> tuple[Rows, Rows]:
        """The newest samples after a time that the moment shown knows."""
        until_ns = self._past.shown_ns if self._past.state is not None else LATEST_NS
        return self._live.read(instrument, after_ns, most, until_ns)


class ShownMarket:
    """Implements ``app.market_port.Market``. Its readers are to be asked for at every use, since they change."""

    def __init__(self, live: MarketState, past: TimeMachine) -> None:
        self._live, self._past = live, past
        self._history = ShownHistory(live.depth_history, past)

    @property
    def _state(self) -> MarketState:
        return self._past.state or self._live

    @property
    def changed(self) -> int:
        """Grows with every change of what is shown, also where an older moment takes a newer one's place."""
        past = self._past
        version = past.version
        return version * _EPOCH + (0 if past.state is not None else self._live.changed)

    @property
    def bars(self) -> BarStore:
        """Bars of trades."""
        return self._state.bars

    @property
    def book(self) -> BookStore:
        """Depth."""
        return self._state.book

    @property
    def orders(self) -> OrderQueues:
        """Orders by price, where a venue tells them."""
        return self._state.orders

    @property
    def depth_history(self) -> ShownHistory:
        """Books over time."""
        return self._history

    @property
    def prints(self) -> PrintStore:
        """The newest trades."""
        return self._state.prints

    @property
    def statistics(self) -> StatisticsStore:
        """VWAP, volumes by aggressor, order flow, spread and depth of the day."""
        return self._state.statistics

    @property
    def volume_at_price(self) -> VolumeStore:
        """Volume by price of the day."""
        return self._state.volume_at_price

    def read(self, ids: npt.NDArray[np.int32]) -> Rows:
        """Copies of the rows of ``ids``, all of one moment."""
        return self._state.read(ids)
