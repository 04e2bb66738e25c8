"""Bars older than what the market keeps in memory: a chart asks the market database for them page by page."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum

import numpy as np

from terminal.app.market_port import Rows, StoredBars
from terminal.app.views.chart_axes import new_york_days
from terminal.app.views.chart_frames import DAY_S, WEEK_S, ChartFrame, FrameUnit
from terminal.core.clock import NS_PER_DAY
from terminal.core.instruments import Instrument
from terminal.infra.failures import UserFacingError
from terminal.market.bars import merge_bars
from terminal.market.rows import BAR_ROW

log = logging.getLogger(__name__)
PAGE = 4_096
"""Bars that are asked for at once."""
_MOST_FINER = 200_000
"""Seconds, minutes or days of one page at the most."""
_NONE: Rows = np.empty(0, BAR_ROW)


class HistoryState(Enum):
    """How it stands with what is older than the first bar."""

    UNASKED = "unasked"
    LOADING = "loading"
    ENDED = "ended"
    """The database has nothing older."""
    FAILED = "failed"
    """It could not be read; the log says why. Asked again with another symbol or frame."""


class ChartHistory:
    """Older bars of one instrument and frame. UI thread only; the reading is done by a thread of its own."""

    def __init__(self, store: StoredBars | None) -> None:
        self._store = store
        self._pool: ThreadPoolExecutor | None = None
        self._coming: Future[tuple[Rows, bool]] | None = None
        self.state = HistoryState.UNASKED
        self.older: Rows = _NONE
        """What came so far, ascending."""

    def forget(self) -> None:
        """Another instrument or frame: what is on its way is not wanted any more."""
        if self._coming is not None:
            self._coming.cancel()
        self._coming, self.state, self.older = None, HistoryState.UNASKED, _NONE

    def want(self, instrument: Instrument, frame: ChartFrame, bars: Rows) -> None:
        """Asks for a page before the first of ``bars``; nothing while one is on its way, or where there is none."""
        store = self._store
        if store is None or self.state is not HistoryState.UNASKED or frame.unit is not FrameUnit.TIME or not len(bars):
            return
        # The oldest bar in memory may have begun before memory does: the database may know all of it.
        until_ns = int(bars["ts_ns"][1 if len(bars) > 1 else 0])
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "chart-history")
        self.state = HistoryState.LOADING
        self._coming = self._pool.submit(older_bars, store, instrument.id, frame.seconds, until_ns)

    def take(self, bars: Rows) -> Rows | None:
        """A page that has come, for in front of ``bars``: its last bar may stand in place of the first of these."""
        if self._coming is None or not self._coming.done():
            return None
        coming, self._coming = self._coming, None
        try:
            found, is_all = coming.result()
        except (UserFacingError, ValueError) as problem:
            log.warning("older bars cannot be read: %s", problem)
            self.state = HistoryState.FAILED
            return None
        self.state = HistoryState.ENDED if is_all else HistoryState.UNASKED
        if not len(bars):
            return None
        page: Rows = found[found["ts_ns"] <= bars["ts_ns"][0]]
        if len(page) and page["ts_ns"][-1] == bars["ts_ns"][0] and page["volume"][-1] < bars["volume"][0]:
            page = page[:-1]
        if not len(page) or page["ts_ns"][0] == bars["ts_ns"][0]:
            self.state = HistoryState.ENDED  # Asking again would give the same.
        if not len(page):
            return None
        self.older = np.concatenate((page, self.older[self.older["ts_ns"] > page["ts_ns"][-1]]))
        return page

    def before(self, bars: Rows) -> Rows:
        """``bars`` out of memory with what is known before them."""
        if not len(self.older) or not len(bars):
            return bars
        bars = self.mended(bars)
        joined: Rows = np.concatenate((self.older[self.older["ts_ns"] < bars["ts_ns"][0]], bars))
        return joined

    def mended(self, bars: Rows) -> Rows:
        """``bars`` out of memory, where the oldest of memory is known as a whole."""
        if not len(self.older) or not len(bars):
            return bars
        whole = self.older[-1]
        place = int(np.searchsorted(bars["ts_ns"], whole["ts_ns"]))
        if place == len(bars) or bars["ts_ns"][place] != whole["ts_ns"] or bars["volume"][place] >= whole["volume"]:
            return bars
        mended = bars.copy()
        mended[place] = whole
        return mended

    def close(self) -> None:
        """Ends the thread, once the page on its way has come."""
        self.forget()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def older_bars(store: StoredBars, instrument: int, seconds: int, until_ns: int) -> tuple[Rows, bool]:
    """(the newest bars of ``seconds`` that begin before ``until_ns``, whether there is nothing before them)."""
    finer_s = DAY_S if seconds >= DAY_S else 60 if seconds % 60 == 0 else 1
    # The first and the last bar of a page may be parts, so a page has two more: each brings older ones.
    most = min((PAGE + 2) * (seconds // finer_s), _MOST_FINER)
    finer = store.bars(instrument, finer_s, most, until_ns=until_ns)
    bars = merge_weeks(finer) if seconds == WEEK_S else merge_bars(finer, seconds)
    is_all = len(finer) < most
    # The oldest may be a part of its bar.
    return (bars if is_all else bars[1:]), is_all


def merge_weeks(days: Rows) -> Rows:
    """Weeks from Monday, out of daily bars; the first of all may be a part of its week."""
    if not len(days):
        return days
    # Day 0 of the epoch was a Thursday.
    weeks = (new_york_days(days["ts_ns"]) + 3) // 7
    starts = np.flatnonzero(np.r_[True, weeks[1:] != weeks[:-1]])
    stamped = days.copy()
    stamped["ts_ns"] = weeks * 7 * NS_PER_DAY
    merged = merge_bars(stamped, 1)
    merged["ts_ns"] = days["ts_ns"][starts]
    return merged
