"""Trading days and hours against days that are known."""

from __future__ import annotations

import threading
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.clock import NEW_YORK, NS_PER_S, at_ns, to_ns
from terminal.core.instruments import SessionProduct, SettlementTime
from terminal.core.messages import Phase
from terminal.infra import calendars, session_table
from terminal.infra.calendars import Calendars, NoSession
from terminal.infra.session_table import CalendarRange, SessionTable, UnknownCalendar

EQUITY, OPTION, INDEX = SessionProduct.EQUITY, SessionProduct.EQUITY_OPTION, SessionProduct.INDEX_OPTION
UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Calendars:
    return Calendars(SessionTable(tmp_path_factory.mktemp("calendars")))


def ny(day: date, clock: str) -> int:
    hour, minute = clock.split(":")
    return at_ns(day, int(hour), int(minute))


@pytest.mark.parametrize(
    ("day", "close", "index_close", "late", "curb"),
    [
        (date(2015, 12, 24), "13:00", "13:15", "17:00", None),
        (date(2015, 12, 23), "16:00", "16:15", "20:00", None),
        (date(2021, 1, 4), "16:00", "16:15", "20:00", None),
        (date(2022, 4, 22), "16:00", "16:15", "20:00", None),
        (date(2022, 4, 25), "16:00", "16:15", "20:00", "17:00"),
        (date(2023, 6, 26), "16:00", "16:15", "20:00", "17:00"),
        (date(2026, 1, 5), "16:00", "16:15", "20:00", "17:00"),
        (date(2026, 11, 27), "13:00", "13:15", "17:00", None),
        (date(2017, 7, 3), "13:00", "13:15", "17:00", None),
    ],
)
def test_known_days(days: Calendars, day: date, close: str, index_close: str, late: str, curb: str | None) -> None:
    equity, option, index = (days.session_hours(product, day) for product in (EQUITY, OPTION, INDEX))
    expiring = days.session_hours(INDEX, day, expiring=True)
    assert {hours.open_ns for hours in (equity, option, index, expiring)} == {ny(day, "9:30")}
    assert {hours.close_ns for hours in (equity, option, expiring)} == {ny(day, close)}
    assert index.close_ns == ny(day, index_close)
    assert {hours.early_close for hours in (equity, option, index, expiring)} == {close == "13:00"}
    assert (equity.extended_open_ns, equity.extended_close_ns) == (ny(day, "4:00"), ny(day, late))
    assert (index.curb_open_ns, index.curb_close_ns) == ((ny(day, "16:15"), ny(day, "17:00")) if curb else (None, None))
    assert expiring.curb_open_ns is None
    assert index.last_ns == ny(day, curb or index_close)


@pytest.mark.parametrize(
    "day",
    [date(2015, 12, 25), date(2012, 10, 29), date(2012, 10, 30), date(2026, 1, 1), date(2026, 1, 3), date(2025, 1, 9)],
)
def test_closed_days(days: Calendars, day: date) -> None:
    assert not days.is_session(day)
    with pytest.raises(NoSession, match=str(day)):
        days.session_hours(INDEX, day)


def test_neighbours_and_ranges(days: Calendars) -> None:
    assert days.next_session(date(2015, 12, 24)) == date(2015, 12, 28)
    assert days.previous_session(date(2015, 12, 28)) == date(2015, 12, 24)
    assert days.next_session(date(2012, 10, 26)) == date(2012, 10, 31)
    assert days.session_on_or_after(date(2026, 1, 1)) == date(2026, 1, 2)
    assert days.session_on_or_after(date(2026, 1, 2)) == date(2026, 1, 2)
    assert days.session_on_or_before(date(2026, 1, 4)) == date(2026, 1, 2)
    assert days.next_session(date(2019, 12, 31)) == date(2020, 1, 2), "across the edge of a cached decade"
    assert len(days.sessions(date(2025, 1, 1), date(2025, 12, 31))) == 250
    assert days.sessions(date(2026, 1, 5), date(2026, 1, 4)) == []


def test_daylight_saving_moves_utc_and_not_new_york(days: Calendars) -> None:
    friday, monday = date(2026, 3, 6), date(2026, 3, 9)
    for product in (EQUITY, INDEX):
        before, after = days.session_hours(product, friday), days.session_hours(product, monday)
        assert after.open_ns - before.open_ns == (3 * 24 - 1) * 3600 * NS_PER_S
        assert after.close_ns == ny(monday, "16:00") + (900 * NS_PER_S if product is INDEX else 0)
    assert days.session_hours(EQUITY, monday).open_ns == to_ns(datetime(2026, 3, 9, 13, 30, tzinfo=UTC))


def test_phases_through_a_day(days: Calendars) -> None:
    day = date(2026, 1, 5)
    phases = {
        EQUITY: [
            ("3:59", 0),
            ("4:00", 1),
            ("9:29", 1),
            ("9:30", 2),
            ("15:59", 2),
            ("16:00", 4),
            ("19:59", 4),
            ("20:00", 0),
        ],
        OPTION: [("9:29", 0), ("9:30", 2), ("15:59", 2), ("16:00", 0)],
        INDEX: [("9:29", 0), ("9:30", 2), ("16:14", 2), ("16:15", 3), ("16:59", 3), ("17:00", 0)],
    }
    for product, moments in phases.items():
        for clock, phase in moments:
            assert days.phase_at(product, ny(day, clock)) == Phase(phase), (product, clock)
    assert days.phase_at(INDEX, ny(day, "16:00"), expiring=True) == Phase.CLOSED
    assert days.phase_at(EQUITY, ny(date(2015, 12, 24), "13:00")) == Phase.AFTER_HOURS
    assert days.phase_at(OPTION, ny(date(2015, 12, 24), "13:00")) == Phase.CLOSED
    assert days.phase_at(EQUITY, ny(date(2026, 1, 4), "12:00")) == Phase.CLOSED


def test_countdowns(days: Calendars) -> None:
    day = date(2026, 1, 5)
    running = days.countdown(OPTION, ny(day, "15:00"))
    assert (running.phase, running.closes, running.remaining_ns) == (Phase.OPEN, True, 3600 * NS_PER_S)
    early = days.countdown(EQUITY, ny(day, "8:00"))
    assert (early.phase, early.closes, early.at_ns) == (Phase.PRE_MARKET, False, ny(day, "9:30"))
    closed = days.countdown(OPTION, ny(date(2015, 12, 24), "13:00"))
    assert (closed.phase, closed.closes, closed.at_ns) == (Phase.CLOSED, False, ny(date(2015, 12, 28), "9:30"))
    curb = days.countdown(INDEX, ny(day, "16:30"))
    assert (curb.phase, curb.closes, curb.at_ns) == (Phase.CURB, False, ny(date(2026, 1, 6), "9:30"))
    sunday = days.countdown(SessionProduct.FX, ny(date(2026, 1, 4), "16:59"))
    assert (sunday.closes, sunday.remaining_ns) == (False, 60 * NS_PER_S)
    crypto = days.countdown(SessionProduct.CRYPTO, to_ns(datetime(2026, 1, 4, 23, 0, tzinfo=UTC)))
    assert (crypto.phase, crypto.remaining_ns) == (Phase.OPEN, 3600 * NS_PER_S)


def test_crypto_never_closes_and_fx_has_weekends(days: Calendars) -> None:
    saturday = date(2026, 1, 3)
    assert days.is_session(saturday, SessionProduct.CRYPTO)
    assert days.phase_at(SessionProduct.CRYPTO, ny(date(2025, 12, 25), "3:00")) == Phase.OPEN
    hours = days.session_hours(SessionProduct.CRYPTO, saturday)
    assert hours.close_ns == days.session_hours(SessionProduct.CRYPTO, date(2026, 1, 4)).open_ns
    with pytest.raises(NoSession, match="FX"):
        days.session_hours(SessionProduct.FX, saturday)
    monday = days.session_hours(SessionProduct.FX, date(2026, 1, 5))
    assert (monday.open_ns, monday.close_ns) == (ny(date(2026, 1, 4), "17:00"), ny(date(2026, 1, 5), "17:00"))
    for clock, phase in (("16:59", Phase.CLOSED), ("17:00", Phase.OPEN)):
        assert days.phase_at(SessionProduct.FX, ny(date(2026, 1, 4), clock)) == phase
    assert days.phase_at(SessionProduct.FX, ny(date(2026, 1, 2), "17:00")) == Phase.CLOSED


def test_foreign_exchanges_have_their_own_days_and_lunch(days: Calendars) -> None:
    foreign = SessionProduct.FOREIGN
    london = days.session_hours(foreign, date(2026, 1, 5), calendar="XLON")
    assert london.open_ns == at_ns(date(2026, 1, 5), 8, zone=ZoneInfo("Europe/London"))
    assert days.is_session(date(2026, 7, 3), foreign, calendar="XLON")
    assert not days.is_session(date(2026, 5, 4), foreign, calendar="XLON")
    zone = ZoneInfo("Asia/Hong_Kong")
    day = date(2026, 1, 5)
    for hour, phase in ((9, Phase.CLOSED), (11, Phase.OPEN), (12, Phase.CLOSED), (13, Phase.OPEN), (16, Phase.CLOSED)):
        assert days.phase_at(foreign, at_ns(day, hour, zone=zone), calendar="XHKG") == phase
    lunch = days.countdown(foreign, at_ns(day, 12, 30, zone=zone), calendar="XHKG")
    assert (lunch.phase, lunch.closes, lunch.at_ns) == (Phase.CLOSED, True, at_ns(day, 16, zone=zone))


def test_expiries(days: Calendars) -> None:
    pm, am = SettlementTime.PM, SettlementTime.AM
    assert days.expiry_ns(date(2015, 12, 24), pm) == ny(date(2015, 12, 24), "13:00")
    assert days.expiry_ns(date(2014, 6, 21), pm) == ny(date(2014, 6, 20), "16:00"), "a Saturday expiry"
    assert days.expiry_ns(date(2021, 1, 15), am) == ny(date(2021, 1, 15), "9:30")
    assert days.expiry_ns(date(2025, 4, 18), am) == ny(date(2025, 4, 17), "9:30"), "Good Friday"


def test_unknown_codes_and_years_are_sentences(days: Calendars) -> None:
    for code in ("XXXX", "../../etc/passwd", ""):
        with pytest.raises(UnknownCalendar, match="XNYS or XLON"):
            days.session_hours(SessionProduct.FOREIGN, date(2026, 1, 5), calendar=code)
    for day in (date(1969, 12, 31), date(2100, 1, 1)):
        with pytest.raises(CalendarRange, match=str(day.year)):
            days.is_session(day)
    with pytest.raises(CalendarRange, match="XHKG in 2060"):
        days.is_session(date(2060, 1, 5), SessionProduct.FOREIGN, calendar="XHKG")


@given(st.dates(date(2000, 1, 1), date(2039, 12, 31)))
def test_hours_are_in_order_and_neighbours_agree(day: date) -> None:
    found = calendars.default()
    following = found.next_session(day)
    assert following > day
    assert found.previous_session(following) <= day
    assert found.sessions(day, following)[-1] == following
    for product in (EQUITY, OPTION, INDEX):
        hours = found.session_hours(product, following)
        assert hours.extended_open_ns <= hours.open_ns < hours.close_ns <= hours.extended_close_ns
        assert hours.phase(hours.open_ns) == Phase.OPEN
        assert hours.phase(hours.close_ns) != Phase.OPEN
        assert hours.phase(hours.first_ns - 1) == hours.phase(hours.last_ns) == Phase.CLOSED
        assert datetime.fromtimestamp(hours.open_ns / 1e9, NEW_YORK).date() == following


def test_every_instant_has_the_phase_of_its_own_day(days: Calendars) -> None:
    """Across a weekend and a clock change, each quarter of an hour is in at most one day."""
    start = ny(date(2026, 3, 6), "0:00")
    for step in range(4 * 24 * 4):
        ts_ns = start + step * 900 * NS_PER_S
        hours = days.session_at(EQUITY, ts_ns)
        assert (hours is None) == (days.phase_at(EQUITY, ts_ns) == Phase.CLOSED)


def test_the_cache_answers_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Calendars(SessionTable(tmp_path)).is_session(date(2015, 12, 24))
    files = list(tmp_path.iterdir())
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600]

    def refuse(*_: object) -> None:
        raise AssertionError("the library was asked")

    monkeypatch.setattr(session_table, "_compute", refuse)
    again = Calendars(SessionTable(tmp_path))
    assert again.session_hours(EQUITY, date(2015, 12, 24)).close_ns == ny(date(2015, 12, 24), "13:00")
    assert not again.is_session(date(2012, 10, 29))


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b'{"library": "0", "years": [], "rows": []}'])
def test_a_damaged_or_foreign_cache_is_computed_anew(tmp_path: Path, damage: bytes) -> None:
    SessionTable(tmp_path).row("XNYS", date(2015, 12, 24))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage)
    assert SessionTable(tmp_path).row("XNYS", date(2015, 12, 24)) is not None
    assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", None):
        assert SessionTable(place).row("XNYS", date(2026, 1, 5)) is not None


def test_threads_share_one_computation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    compute = session_table._compute

    def count(code: str, year: int) -> session_table._CachedBlock:
        computed.append(code)
        return compute(code, year)

    monkeypatch.setattr(session_table, "_compute", count)
    table = SessionTable(tmp_path)
    threads = [threading.Thread(target=table.row, args=("XNYS", date(2026, 1, 5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert computed == ["XNYS"]


def test_the_shared_functions(tmp_path: Path) -> None:
    assert calendars.is_session(date(2026, 1, 5))
    assert calendars.sessions(date(2026, 1, 1), date(2026, 1, 6)) == [
        date(2026, 1, 2),
        date(2026, 1, 5),
        date(2026, 1, 6),
    ]
    assert calendars.session_hours(EQUITY, date(2026, 1, 5)).close_ns == ny(date(2026, 1, 5), "16:00")
