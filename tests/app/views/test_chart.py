"""The chart's window on the bars."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.chart import FRAMES, KEPT, ChartView
from terminal.app.views.chart_frames import FrameError
from terminal.core.clock import NS_PER_S, at_ns
from terminal.market.rows import BAR_ROW
from tests.app.views.small_market import SmallMarket, opened_market


def view_of(market: SmallMarket, frame: str = "1m") -> ChartView:
    view = ChartView(market.state)
    view.set_frame(frame)
    view.show(market.acme)
    return view


def minutes(start_ns: int, count: int) -> np.ndarray:
    bars = np.zeros(count, BAR_ROW)
    bars["ts_ns"] = start_ns + np.arange(count) * 60 * NS_PER_S
    bars["open"] = bars["close"] = bars["low"] = 1_000_000
    bars["high"] = 1_000_000 + np.arange(count) * 100
    bars["volume"] = 100
    return bars


@settings(max_examples=25, deadline=None)
@given(
    frame=st.sampled_from(sorted(FRAMES)),
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(990_000, 1_010_000), st.booleans()), max_size=60),
)
def test_reading_the_tail_gives_what_reading_all_gives(frame: str, steps: list[tuple[int, int, bool]]) -> None:
    market = opened_market()
    view = view_of(market, frame)
    for seconds, px, looks in steps:
        market.trade(market.acme.id, px, 10, after_ns=seconds * NS_PER_S)
        if looks:
            view.refresh()
    view.refresh()
    whole = market.state.bars.read(market.acme.id, FRAMES[frame], KEPT)
    assert np.array_equal(view.bars, whole)


def test_only_the_growing_bar_is_new_after_a_tick(small_market: SmallMarket) -> None:
    view = view_of(small_market)
    for _ in range(5):
        small_market.trade(small_market.acme.id, 1_000_000, after_ns=60 * NS_PER_S)
    assert view.refresh()
    assert not view.refresh()
    small_market.trade(small_market.acme.id, 1_000_100)
    assert view.refresh()
    assert view.first_change == 4
    small_market.trade(small_market.acme.id, 1_000_100, after_ns=60 * NS_PER_S)
    assert view.refresh()
    assert view.first_change == 5


def test_time_that_went_back_is_read_anew(small_market: SmallMarket) -> None:
    view = view_of(small_market)
    small_market.state.bars.load(small_market.acme.id, minutes(at_ns(date(2026, 1, 5), 9, 30), 50))
    view.refresh()
    small_market.state.bars.clear()
    small_market.state.bars.load(small_market.acme.id, minutes(at_ns(date(2026, 1, 5), 9, 30), 20))
    assert view.refresh()
    assert len(view.bars) == 20


def test_it_follows_the_newest_bar_until_panned_away_and_again_when_back(small_market: SmallMarket) -> None:
    small_market.state.bars.load(small_market.acme.id, minutes(at_ns(date(2026, 1, 2), 9, 30), 390))
    view = view_of(small_market)
    view.refresh()
    newest = view.right
    view.pan(-50)
    assert not view.follows
    small_market.trade(small_market.acme.id, 1_000_000)
    view.refresh()
    assert view.right == newest - 50
    view.zoom_prices(2.0)
    view.pan(50)
    assert view.right == newest
    view.reset()
    assert view.fixed_prices is None


def test_prices_in_view_hold_every_bar_in_view(small_market: SmallMarket) -> None:
    small_market.state.bars.load(small_market.acme.id, minutes(at_ns(date(2026, 1, 2), 9, 30), 390))
    view = view_of(small_market)
    view.refresh()
    for pan in (0, -40, -300, 500):
        view.pan(pan)
        first, last = view.visible()
        low, high = view.prices()
        assert low < view.bars["low"][first:last].min()
        assert high > view.bars["high"][first:last].max()


def test_zoom_keeps_what_is_under_the_pointer(small_market: SmallMarket) -> None:
    small_market.state.bars.load(small_market.acme.id, minutes(at_ns(date(2026, 1, 2), 9, 30), 390))
    view = view_of(small_market)
    view.refresh()
    view.pan(-100)
    at = view.right - view.in_view / 3
    before = (at - (view.right - view.in_view)) / view.in_view
    view.zoom(0.5, at)
    assert (at - (view.right - view.in_view)) / view.in_view == pytest.approx(before)
    view.zoom(1e-9, at)
    assert view.in_view >= 10
    view.zoom(1e9, at)
    assert view.in_view <= KEPT


def test_days_begin_at_the_exchange_and_marks_are_in_its_time(small_market: SmallMarket) -> None:
    # Across the change to daylight-saving time (8 March 2026) the open stays 09:30 in New York.
    friday, monday = minutes(at_ns(date(2026, 3, 6), 9, 30), 390), minutes(at_ns(date(2026, 3, 9), 9, 30), 390)
    small_market.state.bars.load(small_market.acme.id, np.concatenate((friday, monday)))
    view = view_of(small_market)
    view.zoom(10, 0)
    view.refresh()
    assert view.day_breaks() == [390]
    marks = view.time_marks(12)
    texts = [mark.text for mark in marks]
    assert "09 Mar" in texts
    assert "12:00" in texts
    assert 2 <= len(marks) <= 16
    assert [mark.at for mark in marks] == sorted(mark.at for mark in marks)


@settings(max_examples=60, deadline=None)
@given(low=st.integers(1, 9_000_000), span=st.integers(1, 5_000_000), most=st.integers(1, 20))
def test_price_marks_are_on_the_tick_in_view_and_not_too_many(low: int, span: int, most: int) -> None:
    view = view_of(SHARED)
    view.fixed_prices = (float(low), float(low + span))
    marks = view.price_marks(most)
    assert len(marks) <= 2 * most + 1
    assert all(low <= mark <= low + span for mark in marks)
    assert all(mark % 1 == 0 for mark in marks)


@pytest.mark.parametrize(("volume", "top"), [(3, 10), (101, 120), (999, 1000), (1_116_097, 1_200_000)])
def test_the_volume_scale_is_round(small_market: SmallMarket, volume: int, top: int) -> None:
    small_market.trade(small_market.acme.id, 1_000_000, volume)
    view = view_of(small_market)
    view.refresh()
    assert view.most_volume() == top


def test_a_fill_finds_its_bar(small_market: SmallMarket) -> None:
    start = at_ns(date(2026, 1, 2), 9, 30)
    small_market.state.bars.load(small_market.acme.id, minutes(start, 10))
    view = view_of(small_market)
    view.refresh()
    assert view.place_of(start - 1) == -1
    assert view.place_of(start + 61 * NS_PER_S) == 1
    assert view.place_of(start + 10**15) == 9


def test_an_unknown_frame_is_refused(small_market: SmallMarket) -> None:
    with pytest.raises(FrameError, match="try 5, 30s"):
        view_of(small_market).set_frame("soon")


SHARED = opened_market()


@pytest.mark.parametrize("frame", ["1t", "3t", "25v", "100$"])
def test_bars_of_activity_read_bar_by_bar_are_those_read_at_once(frame: str) -> None:
    market = opened_market()
    view = view_of(market, frame)
    view.refresh()
    for number in range(80):
        # Several trades fall on one instant.
        market.trade(
            market.acme.id, 1_000_000 + 100 * (number // 7 % 3), 1 + number // 5 % 3, after_ns=1000 * (number % 4 == 0)
        )
        view.refresh()
    again = ChartView(market.state)
    again.set_frame(frame)
    again.show(market.acme)
    again.refresh()
    assert len(view.bars) > 1
    assert np.array_equal(view.bars, again.bars)
    if frame == "1t":
        assert len(view.bars) == 80
    assert view.ends_ns() is None
    assert view.has_activity_bars
