"""Time to expiry: settlement, half days, clock changes; and the trading-time clock."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.clock import NS_PER_DAY, NS_PER_S, at_ns
from terminal.quant import expiry_time
from terminal.quant.expiry_time import ClockWeights, Event, TradingClock
from tests.quant import real_chains

FIRST, LAST = date(2015, 1, 1), date(2017, 12, 31)
NFP = at_ns(date(2016, 1, 8), 8, 30)


@pytest.fixture(scope="module")
def clock() -> TradingClock:
    return TradingClock.over(FIRST, LAST)


def test_settlement_in_the_morning_and_in_the_evening() -> None:
    day = date(2021, 1, 15)
    assert expiry_time.expiry_ns(day) == at_ns(day, 16)
    assert expiry_time.expiry_ns(day, True) == at_ns(day, 9, 30)
    # Half days end at 13:00; Good Friday and the Saturday of old standard expiries mean the session before.
    assert expiry_time.expiry_ns(date(2015, 12, 24)) == at_ns(date(2015, 12, 24), 13)
    assert expiry_time.expiry_ns(date(2014, 4, 18)) == at_ns(date(2014, 4, 17), 16)
    assert expiry_time.expiry_ns(date(2014, 6, 21)) == at_ns(date(2014, 6, 20), 16)
    many = expiry_time.expiry_ns(np.array(["2015-12-24", "2021-01-15"], "datetime64[D]"), [[False], [True]])
    assert many.shape == (2, 2)
    assert many[0, 0] == at_ns(date(2015, 12, 24), 13)
    assert many[1, 1] == at_ns(day, 9, 30)
    assert expiry_time.expiry_ns(np.array([], "datetime64[D]")).shape == (0,)


def test_seconds_matter_on_the_last_day() -> None:
    day = date(2021, 1, 4)
    close = expiry_time.expiry_ns(day)
    now = at_ns(day, 15, 59, 59)
    assert expiry_time.seconds_to(close, now) == 1.0
    assert expiry_time.years_to(close, now) == 1.0 / (365.0 * 86_400.0)
    assert expiry_time.seconds_to(close, close) == 0.0
    assert expiry_time.seconds_to(close, close + NS_PER_S) == -1.0
    assert expiry_time.seconds_to(close, np.array([now, now - 1])).tolist() == [1.0, 1.000000001]


def test_clock_changes_count_as_what_passes() -> None:
    # From Friday's close to Monday's: 71 hours over the change of March, 73 over that of November.
    for friday, hours in ((date(2016, 3, 11), 71.0), (date(2016, 11, 4), 73.0), (date(2016, 6, 3), 72.0)):
        monday = friday + timedelta(days=3)
        passed = expiry_time.seconds_to(expiry_time.expiry_ns(monday), at_ns(friday, 16))
        assert passed == hours * 3600.0


def test_real_chains_have_their_time(shared_data: Path) -> None:
    for chain in (real_chains.spx(shared_data), real_chains.goog(shared_data)):
        ends = expiry_time.expiry_ns(chain.expiry, chain.is_am)
        assert np.array_equal(ends, chain.expires_ns)
        assert np.array_equal(expiry_time.years_to(ends, chain.now_ns), chain.time)


def test_weights_of_one_are_the_calendar() -> None:
    plain = TradingClock.over(FIRST, LAST, ClockWeights(1.0, 1.0, 1.0))
    moments = at_ns(FIRST, 0) + np.random.default_rng(5).integers(-(10**17), 2 * 10**17, 500)
    base = at_ns(date(2016, 5, 4), 12)
    assert plain.years_to(moments, base) == pytest.approx(expiry_time.years_to(moments, base), abs=1e-12)


def test_an_ordinary_week_is_a_week(clock: TradingClock) -> None:
    # 2016-06-06 to 06-10 are five sessions.
    week = clock.years_to(at_ns(date(2016, 6, 13), 0), at_ns(date(2016, 6, 6), 0))
    assert week == pytest.approx(7.0 / 365.0, rel=1e-12)
    # A year has nine holidays and a few half days, so it is a little shorter than one of ordinary weeks.
    year = clock.years_to(at_ns(date(2017, 1, 1), 0), at_ns(date(2016, 1, 1), 0))
    assert 0.96 < year < 0.98


def test_speeds_are_those_of_the_weights(clock: TradingClock) -> None:
    def speed(day: date, hour: int) -> float:
        at = at_ns(day, hour)
        return float(clock.years_to(at + 60 * NS_PER_S, at))

    session = speed(date(2015, 12, 23), 14)
    assert speed(date(2015, 12, 24), 12) == pytest.approx(session)
    # The afternoon of the half day is as slow as a night; then come a holiday and a weekend.
    assert speed(date(2015, 12, 24), 14) == pytest.approx(session / 13.0)
    assert speed(date(2015, 12, 25), 12) == pytest.approx(session / 70.0)
    assert speed(date(2015, 12, 26), 12) == pytest.approx(session / 70.0)
    assert speed(date(2015, 12, 28), 4) == pytest.approx(session / 13.0)


def test_events_add_their_days(clock: TradingClock) -> None:
    loud = TradingClock.over(FIRST, LAST, events=[Event(NFP, NFP + 60 * NS_PER_S, 1.5)])
    day = ClockWeights().trading_day / ClockWeights().year
    start, end = at_ns(date(2016, 1, 7), 16), at_ns(date(2016, 1, 8), 16)
    assert loud.years_to(end, start) - clock.years_to(end, start) == pytest.approx(1.5 * day, rel=1e-9)
    assert loud.years_to(NFP, start) == pytest.approx(clock.years_to(NFP, start), abs=1e-15)
    half = loud.years_to(NFP + 30 * NS_PER_S, NFP)
    assert half == pytest.approx(0.75 * day, rel=2e-3)
    both = TradingClock.over(FIRST, LAST, events=[Event(NFP, NFP + 60 * NS_PER_S, 1.5)] * 2)
    assert both.years_to(end, start) - clock.years_to(end, start) == pytest.approx(3.0 * day, rel=1e-9)


instants = st.integers(at_ns(date(2013, 1, 1), 0), at_ns(date(2020, 1, 1), 0))


@settings(max_examples=150, deadline=None)
@given(st.lists(instants, min_size=3, max_size=3), st.booleans())
def test_time_is_additive_monotone_and_turned_back(moments: list[int], with_event: bool) -> None:
    clock = LOUD if with_event else QUIET
    one, two, three = sorted(moments)
    whole = clock.years_to(three, one)
    assert clock.years_to(three, two) + clock.years_to(two, one) == pytest.approx(whole, abs=1e-14)
    assert clock.years_to(two, one) >= 0.0
    assert clock.years_to(one, three) == -whole
    # Back to within what double precision tells apart, in the slowest hours some microseconds.
    back = clock.instant(clock.passed_at(np.array(moments)))
    assert np.max(np.abs(back - np.array(moments))) < 5_000


QUIET = TradingClock.over(FIRST, LAST)
LOUD = TradingClock.over(FIRST, LAST, events=[Event(NFP, NFP + NS_PER_DAY, 2.0)])


def test_a_clock_that_stands_still_turns_back_to_the_first_instant() -> None:
    days = TradingClock.over(date(2016, 6, 6), date(2016, 6, 13), ClockWeights(0.0, 0.0, 0.0))
    friday, monday = at_ns(date(2016, 6, 10), 16), at_ns(date(2016, 6, 13), 9, 30)
    assert days.years_to(monday, friday) == 0.0
    assert abs(days.instant(days.passed_at(monday)) - friday) < 1_000
    open_ns = at_ns(date(2016, 6, 10), 9, 30)
    assert days.years_to(friday, open_ns) == pytest.approx(7 / 5 / 365)


def test_shapes_and_bad_input(clock: TradingClock) -> None:
    assert isinstance(clock.years_to(NFP, NFP), float)
    assert isinstance(clock.instant(0.5), int)
    assert clock.years_to(np.full((3, 1), NFP), np.full(4, NFP)).shape == (3, 4)
    assert clock.instant([np.nan, 0.0]).tolist() == [np.iinfo(np.int64).min, at_ns(FIRST, 0)]
    assert clock.passed_at(np.array([], np.int64)).shape == (0,)
    for weights in ((-0.1, 0.0, 0.0), (np.nan, 0.0, 0.0), (0.0, np.inf, 0.0)):
        with pytest.raises(ValueError, match="weights"):
            ClockWeights(*weights)
    with pytest.raises(ValueError, match="event"):
        Event(10, 10, 1.0)
    with pytest.raises(ValueError, match="event"):
        Event(10, 20, -1.0)
    with pytest.raises(ValueError, match="before"):
        TradingClock.over(LAST, FIRST)


def test_an_unknown_expiry_has_no_time(clock: TradingClock) -> None:
    known, unknown = expiry_time.expiry_ns(np.array(["2024-03-08", "NaT"], "datetime64[D]"))
    assert known == expiry_time.expiry_ns(date(2024, 3, 8))
    assert np.isnat(np.int64(unknown).view("datetime64[ns]"))
    for found in (expiry_time.seconds_to([known, unknown], known), expiry_time.years_to([known, unknown], known),
                  clock.years_to([known, unknown], known)):  # fmt: skip
        assert found[0] == 0.0
        assert np.isnan(found[1])
