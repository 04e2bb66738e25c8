"""The pictures of a year: what they show, what they say when they cannot, and that nothing looks ahead."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from terminal.app.views.plots import Plot, XAxis, nice_ticks, x_ticks
from terminal.app.views.vol_history import VolChart, picture, with_now
from terminal.app.vol_history import VolSeries
from terminal.infra import calendars
from terminal.quant.vol_measures import TENORS_DAYS, SmilePoints
from terminal.store.vol_days import RECORDED, VolDays, blank_days, simulated, with_realised

DAYS = calendars.default().sessions(date(2025, 1, 2), date(2025, 12, 31))


def year(count: int = len(DAYS)) -> VolDays:
    random = np.random.default_rng(2)
    rows = blank_days(count)
    rows["day"] = np.array(DAYS[:count], "M8[D]")
    rows["known_ns"] = rows["at_ns"] = np.arange(1, count + 1)
    rows["close"] = 100.0 * np.exp(np.cumsum(0.01 * random.standard_normal(count)))
    rows["open"], rows["high"], rows["low"] = rows["close"], rows["close"] * 1.01, rows["close"] * 0.99
    for tenor in TENORS_DAYS:
        rows[f"atm_{tenor}"] = 0.2 + 0.05 * np.sin(np.arange(count) / 20.0) + tenor * 1e-5
        rows[f"skew_{tenor}"], rows[f"fly_{tenor}"] = 0.05, 0.01
    with_realised(rows)
    return rows


SERIES = VolSeries("XYZ", RECORDED, year())


@pytest.mark.parametrize("chart", list(VolChart))
def test_every_chart_of_a_year_has_lines_within_its_ranges(chart: VolChart) -> None:
    found = picture(SERIES, SERIES.rows, chart, 30)
    assert not found.plot.is_empty
    (low, high), (first, last) = found.plot.y_range(), found.plot.x_range()
    for line in found.plot.lines:
        known = np.isfinite(line.y)
        assert ((line.y[known] >= low) & (line.y[known] <= high)).all()
        assert ((line.x[known] >= first) & (line.x[known] <= last)).all()
    assert {fact.label for fact in found.facts} >= {"IV 30d", "Rank", "Pctl"}


def test_days_are_known_from_their_close_on() -> None:
    assert len(SERIES.known_at(0)) == 0
    assert len(SERIES.known_at(10)) == 10
    assert len(SERIES.known_at(2**62)) == len(SERIES.rows)


@pytest.mark.parametrize("chart", [VolChart.RANK, VolChart.CONE])
def test_too_few_days_say_how_many_are_needed(chart: VolChart) -> None:
    found = picture(SERIES, SERIES.rows[:15], chart, 30)
    assert found.plot.is_empty
    assert "20" in found.plot.reason
    rank = next(fact for fact in found.facts if fact.label == "Rank")
    assert rank.value == "\N{EN DASH}"
    assert "15 days are known" in rank.tip


def test_nothing_recorded_says_what_to_do_and_reading_says_so() -> None:
    assert "moneyness volatility" in picture(SERIES, blank_days(0), VolChart.VOLS, 30).plot.reason
    assert "being read" in picture(None, blank_days(0), VolChart.VOLS, 30).plot.reason


def test_the_note_says_simulated() -> None:
    made = VolSeries("XYZ", simulated(1, DAYS[0]), year())
    assert "simulated" in picture(made, made.rows, VolChart.VOLS, 30).note
    assert "recorded" in picture(SERIES, SERIES.rows, VolChart.VOLS, 30).note


def test_now_comes_at_the_end_once_and_never_over_a_recorded_day() -> None:
    rows = year(30)
    smile = SmilePoints(*(np.full(len(TENORS_DAYS), each) for each in (0.3, 0.33, 0.29)))
    today = rows["day"][-1] + 1
    joined = with_now(rows, today, smile, 101.0)
    assert len(joined) == 31
    assert joined["skew_30"][-1] == pytest.approx(0.04)
    assert joined["fly_30"][-1] == pytest.approx(0.01)
    assert len(with_now(rows, rows["day"][-1], smile, 101.0)) == 30
    assert len(with_now(rows, today, None, 101.0)) == 30
    iv = next(fact for fact in picture(SERIES, joined, VolChart.TERM, 30).facts if fact.label == "IV 30d")
    assert iv.value == "30.0"
    assert picture(SERIES, joined, VolChart.TERM, 30).plot.lines[0].label == "Now"


def test_ticks_are_round_and_inside() -> None:
    assert nice_ticks(0.0, 10.0, 5) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert nice_ticks(1.0, 1.0, 5) == []
    ticks = x_ticks(XAxis.DAY, float(20089), float(20453), 6)
    assert ticks
    assert all(20089 <= at <= 20453 for at, _ in ticks)
    assert next(words for _, words in x_ticks(XAxis.TENOR, 7.0, 365.0, 9)) == "7 d"
    assert Plot(XAxis.PRICE).is_empty


def test_what_was_known_before_a_hole_is_no_figure_of_now_and_no_week_ago() -> None:
    rows = np.concatenate((year()[:60], year()[150:155]))
    with_realised(rows)
    series = VolSeries("XYZ", RECORDED, rows)
    found = {each.label: each.value for each in picture(series, rows, VolChart.CONE, 30).facts}
    assert np.isfinite(rows["yz_20"]).any()
    assert found["HV 20d"] == "\N{EN DASH}"
    assert [each.label for each in picture(series, rows, VolChart.TERM, 30).plot.lines][1:] == ["1 d ago"]
    whole = picture(SERIES, SERIES.rows, VolChart.TERM, 30).plot.lines
    assert [each.label for each in whole][1:] == ["1 d ago", "1 w ago", "1 m ago"]
