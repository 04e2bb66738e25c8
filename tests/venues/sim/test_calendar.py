"""Days, expiries, grids, events and the clock of variance."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from terminal.core.clock import NS_PER_DAY, NS_PER_S, at_ns
from terminal.core.instruments import SettlementTime
from terminal.infra import calendars
from terminal.venues.sim.calendar_events import EventKind, company_events, dividends, earnings
from terminal.venues.sim.listing import expiries, listed, monthly_expiries, strikes, third_friday
from terminal.venues.sim.seeds import stream
from terminal.venues.sim.session_plan import make_plan
from terminal.venues.sim.universe import INDEX, NAMES
from terminal.venues.sim.variance_clock import VarianceClock, activity, progress

DAYS = calendars.default()
MONDAY = date(2026, 1, 5)


def test_third_fridays_move_off_holidays() -> None:
    assert third_friday(2026, 1) == date(2026, 1, 16)
    # Juneteenth 2026 is the third Friday of June.
    assert third_friday(2026, 6) == date(2026, 6, 19)
    assert date(2026, 6, 18) in monthly_expiries(DAYS, MONDAY, 7)


def test_expiries_are_sessions_and_the_kinds_are_there() -> None:
    for name in NAMES:
        for dates in expiries(name, DAYS, MONDAY).values():
            assert dates == sorted(set(dates))
            assert all(DAYS.is_session(day) and day >= MONDAY for day in dates)
    index = expiries(INDEX, DAYS, MONDAY)
    pm = index["SIMXW", SettlementTime.PM]
    assert pm[:5] == [date(2026, 1, day) for day in (5, 6, 7, 8, 9)]
    assert date(2026, 1, 16) in index["SIMX", SettlementTime.AM]
    assert any((day - MONDAY).days > 700 for day in index["SIMX", SettlementTime.AM])
    echo = next(name for name in NAMES if name.symbol == "ECHO")
    assert all(
        DAYS.session_on_or_before(third_friday(d.year, d.month)) == d for d in _all(expiries(echo, DAYS, MONDAY))
    )


def _all(found: dict[tuple[str, SettlementTime], list[date]]) -> list[date]:
    return [day for dates in found.values() for day in dates]


def test_strikes_surround_the_price_and_widen_with_time() -> None:
    for name in NAMES:
        near, far = strikes(name, name.level, 0.02, name.vol), strikes(name, name.level, 1.0, name.vol)
        for grid in (near, far):
            assert list(grid) == sorted(set(grid))
            assert grid[0] / 1000 < name.level < grid[-1] / 1000
            assert all(mills % name.options.strike_step_mills == 0 for mills in grid)
        assert far[0] <= near[0]
        assert far[-1] >= near[-1]
        assert near[1] - near[0] <= far[1] - far[0]
    assert sum(len(row.strikes_mills) * 2 for n in NAMES for row in listed(n, DAYS, MONDAY, n.level)) >= 3_000


def test_events_are_sessions_inside_the_range_and_known_in_advance() -> None:
    rows = company_events(DAYS, date(2025, 1, 1), date(2026, 12, 31))
    assert rows == sorted(rows, key=lambda row: (row.day, row.symbol, row.kind.value))
    assert all(DAYS.is_session(row.day) for row in rows)
    acme = [row for row in rows if row.symbol == "ACME"]
    assert sum(row.kind is EventKind.EX_DIVIDEND for row in acme) == 8
    assert sum(row.kind is EventKind.EARNINGS_AFTER_CLOSE for row in acme) == 8
    assert not dividends(INDEX, DAYS, date(2025, 1, 1), date(2026, 12, 31))
    assert not earnings(INDEX, DAYS, date(2025, 1, 1), date(2026, 12, 31))


def test_the_variance_clock_never_stands_still_and_a_year_is_a_year() -> None:
    clock = VarianceClock(DAYS, MONDAY, date(2027, 1, 5))
    times = [at_ns(MONDAY, 9, 30) + hour * 3_600 * NS_PER_S for hour in range(0, 24 * 14, 2)]
    passed = np.diff([clock.at(ts) for ts in times])
    assert (passed > 0).all()
    assert clock.at(at_ns(date(2027, 1, 5), 9, 30)) - clock.at(at_ns(MONDAY, 9, 30)) == pytest.approx(1.0, abs=0.01)
    day = clock.at(at_ns(date(2026, 1, 6), 9, 30)) - clock.at(at_ns(MONDAY, 9, 30))
    weekend = clock.at(at_ns(date(2026, 1, 12), 9, 30)) - clock.at(at_ns(date(2026, 1, 9), 9, 30))
    assert 1.0 < weekend / day < 1.3
    with pytest.raises(ValueError, match="outside"):
        clock.at(at_ns(date(2035, 1, 5), 9, 30))


def test_the_day_is_a_u() -> None:
    fraction = np.linspace(0.0, 1.0, 101)
    assert progress(fraction)[0] == 0
    assert progress(fraction)[-1] == pytest.approx(1.0)
    assert (np.diff(progress(fraction)) > 0).all()
    assert activity(np.array([0.0]))[0] > 2 * activity(np.array([0.5]))[0]
    assert activity(np.array([1.0]))[0] > activity(np.array([0.5]))[0]
    slope = (progress(fraction + 1e-6) - progress(fraction)) / 1e-6
    assert slope == pytest.approx(activity(fraction), rel=1e-4)


def test_the_plan_agrees_with_the_clock_and_knows_half_days() -> None:
    clock = VarianceClock(DAYS, MONDAY, date(2026, 2, 1))
    plan = make_plan(DAYS, MONDAY, NS_PER_S)
    assert plan.end_ns - plan.close_ns == 900 * NS_PER_S
    for step in (0, 1_000, 23_400):
        wanted = clock.at(plan.open_ns + step * NS_PER_S) - clock.at(plan.open_ns)
        assert plan.consumed[step] == pytest.approx(wanted, abs=1e-12)
    assert (np.diff(plan.consumed) > 0).all()
    half = make_plan(DAYS, date(2026, 11, 27), NS_PER_S)
    assert half.close_ns == at_ns(date(2026, 11, 27), 13)
    assert half.close_step == 3.5 * 3_600
    with pytest.raises(calendars.NoSession):
        make_plan(DAYS, date(2026, 1, 1), NS_PER_S)
    assert plan.end_ns - plan.open_ns < NS_PER_DAY


def test_streams_are_their_own() -> None:
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random()
    different = {
        stream(1, "a", 2).random(),
        stream(2, "a", 2).random(),
        stream(1, "b", 2).random(),
        stream(1, "a").random(),
    }
    assert len(different) == 4
