"""Bars older than memory: page by page out of the database, the same as if memory had held them."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terminal.app.market_port import Rows
from terminal.app.views import chart_history
from terminal.app.views.chart import FRAMES, ChartKind, ChartView
from terminal.app.views.chart_history import HistoryState, merge_weeks
from terminal.core.clock import NS_PER_S
from terminal.market.bars import bar_starts, merge_bars
from terminal.market.rows import BAR_ROW
from terminal.store.failures import StoreFailed
from tests.app.views.small_market import OPEN_NS, SmallMarket


class Stored:
    """Whole history as a database would give it: seconds, minutes or days."""

    def __init__(self, seconds: Rows) -> None:
        self.seconds = seconds
        self.asked: list[tuple[int, int, int]] = []
        self.failure: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()

    def bars(self, instrument: int, seconds: int, most: int, *, until_ns: int) -> Rows:
        self.may_answer.wait(20)
        self.asked.append((seconds, most, until_ns))
        if self.failure is not None:
            raise self.failure
        merged = merge_bars(self.seconds[self.seconds["ts_ns"] < until_ns], seconds)
        return merged[-most:]


def history(begin_ns: int, gaps_s: list[int]) -> Rows:
    bars = np.zeros(len(gaps_s), BAR_ROW)
    bars["ts_ns"] = begin_ns + np.cumsum(gaps_s) * NS_PER_S
    for name in ("open", "high", "low", "close"):
        bars[name] = 1_000_000 + 100 * (np.arange(len(gaps_s)) % 17)
    bars["volume"] = 1 + np.arange(len(gaps_s))
    return bars


def said(view: ChartView) -> HistoryState:
    """Asked anew each time, which a type checker cannot know."""
    return view.history.state


def come(view: ChartView) -> None:
    """Refreshes until nothing is on its way."""
    while True:
        view.refresh()
        if view.history._coming is None:
            return
        view.history._coming.exception(20)


@settings(max_examples=12, deadline=None)
@given(
    frame=st.sampled_from(["5s", "15s", "1m", "5m", "1h", "1d", "1w"]),
    gaps_s=st.lists(st.sampled_from([1, 7, 60, 61, 600, 40_000]), min_size=10, max_size=80),
    cut=st.integers(1, 40),
    page=st.integers(2, 9),
)
def test_pages_and_memory_together_are_the_whole_history(frame: str, gaps_s: list[int], cut: int, page: int) -> None:
    whole = history(OPEN_NS - 30 * 86_400 * NS_PER_S, gaps_s)
    cut = min(cut, len(whole) // 2)
    # Of a single bar, which still grows, nobody but memory can tell.
    assume(len(np.unique(bar_starts(whole["ts_ns"][cut:], min(FRAMES.get(frame, 7 * 86_400), 86_400)))) > 1)
    assume(frame != "1w" or whole["ts_ns"][-1] - whole["ts_ns"][cut] > 8 * 86_400 * NS_PER_S)
    market = SmallMarket()
    for bar in whole[cut:]:
        market.ts_ns = int(bar["ts_ns"])
        market.trade(market.acme.id, int(bar["close"]), int(bar["volume"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chart_history, "PAGE", page)
        view = ChartView(market.state, Stored(whole))
        view.set_frame(frame)
        view.show(market.acme)
        while view.history.state is not HistoryState.ENDED:
            come(view)
            view.pan(-1_000)
        view.history.close()
    seconds = view.seconds
    expected = merge_weeks(merge_bars(whole, 86_400)) if frame == "1w" else merge_bars(whole, seconds)
    assert np.array_equal(view.bars["ts_ns"], expected["ts_ns"])
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(view.bars[name], expected[name]), name


def test_what_is_in_view_stays_where_it_is_when_older_bars_come(small_market: SmallMarket) -> None:
    stored = Stored(history(OPEN_NS - 7_200 * NS_PER_S, [60] * 100))
    stored.may_answer.clear()
    view = ChartView(small_market.state, stored)
    view.set_frame("1m")
    view.set_kind(ChartKind.HEIKIN_ASHI)
    view.show(small_market.acme)
    for _ in range(30):
        small_market.trade(small_market.acme.id, 1_000_000, after_ns=60 * NS_PER_S)
    view.refresh()
    view.zoom(0.2, 0)
    view.pan(-5)
    ends_ns, newest = view.ts_at(view.right), view.bars[-1].copy()
    assert view.history.state is HistoryState.LOADING
    assert not view.refresh(), "nothing has changed while the page is on its way"
    stored.may_answer.set()
    come(view)
    assert len(view.bars) == len(view.shown) == 130
    assert view.ts_at(view.right) == ends_ns
    assert view.bars[-1] == newest
    assert said(view) is HistoryState.ENDED
    small_market.trade(small_market.acme.id, 1_000_100, after_ns=60 * NS_PER_S)
    assert view.refresh()
    assert len(view.bars) == 131
    assert len(stored.asked) == 1, "where history has ended nothing is asked again"
    view.history.close()


def test_a_market_that_goes_back_keeps_what_is_older(small_market: SmallMarket) -> None:
    view = ChartView(small_market.state, Stored(history(OPEN_NS - 7_200 * NS_PER_S, [60] * 100)))
    view.set_frame("1m")
    view.show(small_market.acme)
    for _ in range(5):
        small_market.trade(small_market.acme.id, 1_000_000, after_ns=60 * NS_PER_S)
    come(view)
    small_market.state.reset()
    small_market.ts_ns = OPEN_NS
    small_market.trade(small_market.acme.id, 1_000_000, after_ns=60 * NS_PER_S)
    view.refresh()
    assert len(view.bars) == 101
    view.show(small_market.acme)
    assert len(view.history.older) == 0
    view.history.close()


def test_a_database_that_fails_is_said_and_not_asked_again(small_market: SmallMarket) -> None:
    stored = Stored(history(OPEN_NS - 7_200 * NS_PER_S, [60]))
    stored.failure = StoreFailed("The disk is gone.")
    view = ChartView(small_market.state, stored)
    view.show(small_market.acme)
    small_market.trade(small_market.acme.id, 1_000_000)
    come(view)
    come(view)
    assert view.history.state is HistoryState.FAILED
    assert len(stored.asked) == 1
    view.set_frame("1h")
    come(view)
    assert len(stored.asked) == 2
    view.history.close()


def test_bars_of_trades_are_not_asked_for(small_market: SmallMarket) -> None:
    stored = Stored(history(OPEN_NS, [60]))
    view = ChartView(small_market.state, stored)
    view.set_frame("10t")
    view.show(small_market.acme)
    small_market.trade(small_market.acme.id, 1_000_000)
    come(view)
    assert stored.asked == []
