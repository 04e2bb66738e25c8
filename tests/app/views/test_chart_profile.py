"""Volume by price, session shading, axes and frames of a chart."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.chart import ChartView
from terminal.app.views.chart_axes import day_breaks, log_marks, time_marks, value_marks, value_text
from terminal.app.views.chart_frames import FrameError, FrameUnit, frame
from terminal.app.views.chart_profile import row_step, session_profile, visible_profile
from terminal.app.views.chart_sessions import shaded
from terminal.core.clock import NS_PER_S, at_ns
from terminal.market.bar_series import KEPT, BarSeries
from terminal.market.heikin_ashi import HeikinAshi
from terminal.market.rows import BAR_ROW
from tests.app.views.small_market import SmallMarket
from tests.market.indicators.test_indicators import walk


def series(bars: np.ndarray) -> BarSeries:
    found = BarSeries()
    found.replace(bars)
    return found


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 400), rows=st.integers(1, 120), group=st.sampled_from([1, 2, 8]), seed=st.integers(0, 99))
def test_a_profile_holds_all_volume_at_prices_that_were_traded(count: int, rows: int, group: int, seed: int) -> None:
    bars = walk(count, seed)
    columns = series(bars).columns(0, count, group)
    profile = visible_profile(columns, rows, 100.0)
    if not bars["volume"].sum():
        assert profile is None
        return
    assert profile is not None
    assert profile.total.sum() == pytest.approx(bars["volume"].sum())
    assert len(profile.total) <= rows + 2
    assert profile.low_px <= bars["low"].min()
    assert profile.low_px + profile.step_px * len(profile.up) > bars["high"].max()
    assert profile.step_px % 100 == 0
    first, last = profile.value_area()
    assert first <= profile.busiest <= last
    assert profile.total[first : last + 1].sum() >= 0.7 * profile.total.sum() * (1 - 1e-9)


def test_the_session_s_volume_is_joined_without_loss() -> None:
    sides = [np.arange(1, 101, dtype=np.int64) * scale for scale in (1, 2, 3)]
    for rows in (1, 7, 33, 100, 1000):
        profile = session_profile((999_700, 100, sides[0], sides[1], sides[2]), rows)
        assert profile is not None
        assert profile.total.sum() == sum(side.sum() for side in sides)
        assert profile.low_px <= 999_700 < profile.low_px + profile.step_px
        assert profile.low_px + profile.step_px * len(profile.up) >= 999_700 + 100 * 100
    empty = np.empty(0, np.int64)
    assert session_profile((0, 1, empty, empty, empty), 10) is None
    assert row_step(0.0, 1000.0, 10, 30.0) == 120.0


def test_hours_without_regular_trading_are_shaded(small_market: SmallMarket) -> None:
    stamps = np.concatenate([
        at_ns(day, 8) + np.arange(10 * 12) * 300 * NS_PER_S
        for day in (date(2026, 7, 2), date(2026, 7, 3), date(2026, 7, 6))
    ])  # fmt: skip
    # 3 July 2026: the exchange is closed, Independence Day falls on a Saturday.
    runs = shaded(stamps, 0, len(stamps), 300, small_market.acme)
    assert runs == [(0, 18), (96, 258), (336, 360)]
    assert shaded(stamps, 20, 90, 300, small_market.acme) == []
    assert shaded(stamps, 0, len(stamps), 86_400, small_market.acme) == []
    assert shaded(stamps, 5, 5, 300, small_market.acme) == []


@pytest.mark.parametrize(
    ("text", "name", "unit", "size", "words"),
    [
        ("5", "5m", FrameUnit.TIME, 300, "5 minutes"),
        ("90s", "90s", FrameUnit.TIME, 90, "90 seconds"),
        ("60m", "1h", FrameUnit.TIME, 3600, "1 hour"),
        ("1D", "1d", FrameUnit.TIME, 86_400, "1 day"),
        ("1w", "1w", FrameUnit.TIME, 604_800, "1 week"),
        ("2H", "2h", FrameUnit.TIME, 7200, "2 hours"),
        ("233t", "233t", FrameUnit.TRADES, 233, "233 trades"),
        ("10kv", "10kv", FrameUnit.VOLUME, 10_000, "10,000 shares or contracts"),
        ("2M$", "2M$", FrameUnit.TURNOVER, 2_000_000, "2,000,000 of turnover"),
    ],
)
def test_frames_as_people_type_them(text: str, name: str, unit: FrameUnit, size: int, words: str) -> None:
    found = frame(text)
    assert (found.name, found.unit, found.size, found.words) == (name, unit, size, words)
    assert frame(found.name) == found


@pytest.mark.parametrize("text", ["", "0", "m5", "5x", "2w", "7h", "3d", "-5", "5 5", "1e3", "٣m", "99999999t", "5kd"])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(FrameError):
        frame(text)


def test_weeks_begin_on_monday(small_market: SmallMarket) -> None:
    days = np.zeros(15, BAR_ROW)
    days["ts_ns"] = [at_ns(date(2025, 12, 1 + n), 12) for n in range(15)]
    days["open"] = days["low"] = days["high"] = days["close"] = 1_000_000
    days["volume"] = 10
    small_market.state.bars.load(small_market.acme.id, np.empty(0, BAR_ROW), days)
    small_market.trade(small_market.acme.id, 1_000_000, 5)
    view = ChartView(small_market.state)
    view.set_frame("1w")
    view.show(small_market.acme)
    view.refresh()
    assert view.bars["volume"].tolist() == [70, 70, 10, 5]
    small_market.trade(small_market.acme.id, 1_000_100, 5)
    assert view.refresh()
    assert view.bars["volume"].tolist() == [70, 70, 10, 10]


@settings(max_examples=80, deadline=None)
@given(low=st.floats(1, 1e7), ratio=st.floats(1.0001, 1e4), most=st.integers(1, 20))
def test_marks_of_logarithms_are_in_view_ascending_and_not_too_many(low: float, ratio: float, most: int) -> None:
    marks = log_marks(low, low * ratio, most, 1.0)
    assert all(low <= mark <= low * ratio * (1 + 1e-9) for mark in marks)
    assert marks == sorted(set(marks))
    assert len(marks) <= 3 * most + 2


@settings(max_examples=60, deadline=None)
@given(low=st.floats(-1e9, 1e9), span=st.floats(1e-3, 1e9), most=st.integers(1, 12))
def test_marks_of_a_pane_are_in_view_and_read_differently(low: float, span: float, most: int) -> None:
    marks = value_marks(low, low + span, most)
    assert len(marks) <= 2 * most + 2
    if len(marks) > 1 and span > abs(low) * 1e-3:
        texts = [value_text(mark, marks[1] - marks[0]) for mark in marks]
        assert len(set(texts)) == len(texts)


def test_numbers_of_panes_are_short() -> None:
    assert value_text(-0.074, 0.001) == "−0.074"
    assert value_text(1_234_567, 100_000) == "1.2M"
    assert value_text(float("nan"), 1) == "–"
    assert value_text(-0.0001, 0.01) == "0.00"


def test_axes_of_a_million_bars_look_at_few_of_them() -> None:
    stamps = at_ns(date(2020, 1, 2), 9, 30) + np.arange(1_000_000) * 60 * NS_PER_S
    assert day_breaks(stamps, 0, len(stamps)) == []
    breaks = day_breaks(stamps, 500_000, 520_000)
    assert len(breaks) == 14
    assert all(np.diff(breaks) == 1440)
    marks = time_marks(stamps, 0, len(stamps), 12, 60)
    assert 2 <= len(marks) <= 24


def test_a_place_and_an_instant_are_two_words_for_one_thing(small_market: SmallMarket) -> None:
    small_market.state.bars.load(small_market.acme.id, walk(800))
    small_market.state.bars.clear()
    view = ChartView(small_market.state)
    view.set_frame("1m")
    view.show(small_market.acme)
    view.refresh()
    for place in (-5.0, 0.0, 0.25, 389.5, 390.0, 500.75, 799.0, 850.5):
        assert view.place_at(view.ts_at(place)) == pytest.approx(place, abs=1e-6)
    inside_night = int(view.bars["ts_ns"][389]) + 3600 * NS_PER_S
    assert 389 <= view.place_at(inside_night) <= 390


@settings(max_examples=40, deadline=None)
@given(begin=st.integers(0, 30), steps=st.lists(st.integers(0, 3), max_size=25))
def test_averaged_bars_are_the_same_however_they_came(begin: int, steps: list[int]) -> None:
    bars = walk(begin + sum(steps) + 1)
    source, followed = series(bars[:begin]), HeikinAshi()
    followed.follow(source)
    at = begin
    for step in steps:
        at += step
        if at < 1 or not source.join(bars[max(0, at - step - 1) : at]):
            source.replace(bars[:at])
        followed.follow(source)
    whole = HeikinAshi()
    whole.follow(series(bars[:at]))
    assert np.array_equal(followed.series.rows, whole.series.rows)
    if at:
        made, first = followed.series.rows, bars[0]
        assert made["close"][0] == round((first["open"] + first["high"] + first["low"] + first["close"]) / 4)
        assert np.all(made["high"] >= np.maximum(made["open"], made["close"]) - 1)
        assert np.array_equal(made["volume"], bars["volume"][:at])


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 3000), group=st.sampled_from([1, 2, 4, 8, 32, 1024]), data=st.data(), seed=st.integers(0, 9)
)
def test_columns_are_what_their_bars_are(count: int, group: int, data: st.DataObject, seed: int) -> None:
    bars = walk(count, seed)
    # Grown bar by bar at the end, so that the cells were touched and not only built.
    begin = max(1, count - 20)
    found = series(bars[:begin])
    for at in range(begin + 1, count + 1):
        assert found.join(bars[max(0, at - 3) : at])
    first = data.draw(st.integers(0, count - 1))
    last = data.draw(st.integers(first + 1, count))
    columns = found.columns(first, last, group)
    group = columns.group
    assert columns.first == first - first % group
    for place in range(len(columns)):
        part = bars[columns.first + place * group : columns.first + (place + 1) * group]
        assert columns.open[place] == part["open"][0]
        assert columns.high[place] == part["high"].max()
        assert columns.low[place] == part["low"].min()
        assert columns.close[place] == part["close"][-1]
        assert columns.volume[place] == part["volume"].sum()


def test_the_oldest_bars_go_when_there_are_too_many() -> None:
    bars = np.zeros(KEPT, BAR_ROW)
    bars["ts_ns"] = np.arange(KEPT) * NS_PER_S
    bars["high"] = np.arange(KEPT) % 1000
    found = series(bars)
    generation = found.generation
    more = np.zeros(KEPT // 16 + 10, BAR_ROW)
    more["ts_ns"] = (KEPT - 1 + np.arange(len(more))) * NS_PER_S
    more["high"] = 5000
    assert found.join(more)
    assert len(found) == KEPT
    assert found.dropped == len(more) - 1
    assert found.generation > generation
    assert found.rows["ts_ns"][-1] == more["ts_ns"][-1]
    assert found.columns(0, KEPT, 1 << 30).high.max() == 5000
