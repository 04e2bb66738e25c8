"""The end of each trading day: a look at every chain a minute before the close, and the day's record after it."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Protocol

import numpy as np

from terminal.app.day_timers import Conductor
from terminal.core.clock import NS_PER_S, from_ns
from terminal.core.instruments import Instrument, InstrumentTable, SessionProduct
from terminal.core.money import ABSENT_PX
from terminal.infra.calendars import Calendars
from terminal.market.analytics.contracts import chain_contracts
from terminal.market.bars import DAY_S, BarStore, bar_starts
from terminal.market.engine import Rank
from terminal.market.rows import Quality, Rows
from terminal.market.state import MarketState
from terminal.store.vol_days import VolDays, blank_days

log = logging.getLogger(__name__)
LOOK_BEFORE_NS = 60 * NS_PER_S
"""Quotes are pulled at the close itself."""
_MINUTES_OF_A_DAY = 1440


class Worker(Protocol):
    """Who reckons: the analytics thread."""

    @property
    def is_ready(self) -> bool:
        """Whether what is submitted is done."""
        ...

    def submit(self, work: Callable[[], object]) -> None:
        """Runs ``work`` on its thread."""
        ...


class Keeper(Protocol):
    """Who keeps the record."""

    def add(self, symbol: str, rows: VolDays, made_from: str) -> None:
        """Writes days, soon."""
        ...


class DayEnd:
    """Timers on the engine thread; the reckoning on the analytics thread, from the quotes as they were at the look.

    ``rate``: what is known of the interest rate. ``split``: new shares for one old of a symbol on a day. ``made_from``:
    what the record says it is made from.
    """

    def __init__(
        self, conductor: Conductor, table: InstrumentTable, state: MarketState, calendars: Calendars, worker: Worker,
        keeper: Keeper, *, rate: float | None, made_from: str, split: Callable[[str, date], float] = lambda *_: 1.0,
    ) -> None:  # fmt: skip
        self._conductor, self._table, self._state, self._calendars = conductor, table, state, calendars
        self._worker, self._keeper = worker, keeper
        self._rate, self._made_from, self._split = rate, made_from, split
        self._starts = 0
        self._looked: tuple[int, Rows] = (0, state.read(np.empty(0, np.int32)))
        self._waiting = 0
        self._lock = threading.Lock()

    def start(self, now_ns: int) -> None:
        """Schedules this session's end, or the next one's; called again when the market begins again."""
        self._starts += 1
        self._schedule(self._starts, from_ns(now_ns).date(), now_ns)

    def finish(self, timeout_s: float = 10.0) -> None:
        """Waits for what is being reckoned; before the analytics thread is stopped."""
        until = time.monotonic() + timeout_s
        while self._waiting and self._worker.is_ready and time.monotonic() < until:
            time.sleep(0.01)
        if self._waiting:
            log.warning("%d chains of the day's end were not reckoned; 'moneyness volatility' does it from the "
                        "recording", self._waiting)  # fmt: skip

    def _schedule(self, start: int, day: date, now_ns: int) -> None:
        session = self._calendars.session_on_or_after(day, SessionProduct.EQUITY)
        close_ns = self._calendars.session_hours(SessionProduct.EQUITY, session).close_ns
        if close_ns <= now_ns:
            session = self._calendars.next_session(session, SessionProduct.EQUITY)
            close_ns = self._calendars.session_hours(SessionProduct.EQUITY, session).close_ns
        if close_ns - LOOK_BEFORE_NS >= now_ns:
            self._conductor.at(close_ns - LOOK_BEFORE_NS, Rank.TIMER, partial(self._look, start))
        self._conductor.at(close_ns, Rank.TIMER, partial(self._close, start, session))

    def _look(self, start: int, ts_ns: int) -> None:
        if start == self._starts:
            self._looked = (ts_ns, self._state.read(np.arange(len(self._table), dtype=np.int32)))

    def _close(self, start: int, session: date, ts_ns: int) -> None:
        if start != self._starts:
            return
        looked = self._looked
        self._looked = (0, looked[1][:0])
        for underlying in sorted({row.option.underlying for row in self._table if row.option is not None}):
            row = self._day(self._table.get(underlying), session, ts_ns)
            if row is not None:
                with self._lock:
                    self._waiting += 1
                self._worker.submit(partial(self._reckon, underlying, row, *looked))
        self._schedule(start, session + timedelta(days=1), ts_ns)

    def _day(self, instrument: Instrument, session: date, ts_ns: int) -> VolDays | None:
        """The session's open, high, low and close; None where nothing was traded in it."""
        row = blank_days(1)
        open_ns = self._calendars.session_hours(SessionProduct.EQUITY, session).open_ns
        if not put_prices(row, self._state.bars, instrument, open_ns, ts_ns):
            return None
        row["day"], row["known_ns"] = np.datetime64(session), ts_ns
        row["split"] = self._split(instrument.symbol, session)
        return row

    def _reckon(self, underlying: int, row: VolDays, at_ns: int, quotes: Rows) -> None:
        try:
            if len(quotes):
                measured(self._table, underlying, row, at_ns, quotes, self._rate)
            self._keeper.add(self._table.get(underlying).symbol, row, self._made_from)
        finally:
            with self._lock:
                self._waiting -= 1


def put_prices(row: VolDays, bars: BarStore, instrument: Instrument, open_ns: int, close_ns: int) -> bool:
    """Open, high, low and close of the session, from its minutes: a price before the open can be of another world
    (on the day of a split, of before it). Where bars come no finer, those of the day; False without any."""
    minutes = bars.read(instrument.id, 60, _MINUTES_OF_A_DAY)
    found = minutes[(minutes["ts_ns"] >= open_ns) & (minutes["ts_ns"] < close_ns)]
    day_ns = bar_starts(np.array([close_ns]), DAY_S)[0]
    if not np.any(minutes["ts_ns"] >= day_ns):
        found = bars.read(instrument.id, DAY_S, 1)
        found = found[found["ts_ns"] == day_ns]
    if not len(found):
        return False
    prices = found["open"][0], found["high"].max(), found["low"].min(), found["close"][-1]
    for name, price in zip(("open", "high", "low", "close"), prices, strict=True):
        row[name] = price / instrument.price_scale
    return True


def measured(
    table: InstrumentTable, underlying: int, row: VolDays, at_ns: int, quotes: Rows, rate: float | None
) -> None:
    """Fills in what one cold look at a chain tells. ``quotes``: QUOTE_ROW of all instruments listed at ``at_ns``.

    The option models are imported here, so not before they are compiled.
    """
    models = importlib.import_module("terminal.market.analytics.chain_pass")
    days = importlib.import_module("terminal.market.analytics.vol_day")
    contracts = chain_contracts(table, underlying)
    listed = contracts.ids < len(quotes)
    board = quotes[np.where(listed, contracts.ids, 0)]
    # Listed since then: nobody quoted it.
    board["quality"][~listed] = Quality.NONE
    for side in ("bid_px", "ask_px"):
        board[side][~listed] = ABSENT_PX
    spot = models.spot_of(quotes[underlying], table.get(underlying).price_scale)
    values = models.ChainPass(contracts, rate=rate).run(board, spot, at_ns)
    if values.surface is None:
        return
    for name, value in days.measure(values, board).items():
        row[name] = value
    row["at_ns"] = at_ns
