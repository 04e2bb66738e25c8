"""Calendars in CSV and ICS: what is read, what is refused by line, and that nothing at all breaks the reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.clock import at_ns, midnight_ns
from terminal.infra.failures import UsageError
from terminal.market.importers.events import csv_events, ics_events
from terminal.market.importers.events.found import FIRST_DAY, LAST_DAY, EventsRead
from terminal.market.importers.events.reading import read_events_file, source_of
from terminal.store import schema
from terminal.store.events import EventHour, EventKind, read_events, replace_events

NOW_NS = at_ns(date(2026, 1, 5), 12)
CSV = """date,kind,symbol,time,amount,title,known,weight
2026-01-28,earnings,acme,amc,,Q4,2026-01-02,6.5
2026-02-11,macro,,08:30,,CPI,,
2026-02-30,macro,,,,Nonsense,,
2014-06-09,split,AAPL,,7:1,,,
2026-02-12,dividend,ACME,,-1,,,
2026-02-12,dividend,,,0.26,,,
2026-02-12,dividend,ACME,noonish,0.26,,,
"""
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a@x\r\nDTSTART;VALUE=DATE:20260128\r\n"
    "SUMMARY:ACME earn\r\n ings\\, Q4\r\nCREATED:20260101T120000Z\r\nBEGIN:VALARM\r\nDTSTART:19700101\r\nEND:VALARM\r\n"
    "END:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;TZID=America/Chicago:20260211T073000\r\nSUMMARY:CPI\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nDTSTART:20260301T000000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:Daily\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nSTATUS:CANCELLED\r\nDTSTART:20260301\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nDTSTART:20261399\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_csv_by_line() -> None:
    found = csv_events.parse(CSV, "mine", NOW_NS)
    earnings, release, split = found.events
    assert (earnings.symbol, earnings.kind, earnings.hour) == ("ACME", EventKind.EARNINGS, EventHour.AFTER_CLOSE)
    assert (earnings.known_ns, earnings.weight) == (midnight_ns(date(2026, 1, 2)), 6.5)
    assert release.at_ns == at_ns(date(2026, 2, 11), 8, 30)
    assert release.known_ns == NOW_NS, "known from the import on, since the file does not say"
    assert split.amount == 7.0
    assert split.known_ns == midnight_ns(date(2014, 6, 9)), "a replay of that day knows it on the day and not before"
    assert [each.split(":")[0] for each in found.problems] == ["Line 4", "Line 6", "Line 7", "Line 8"]
    assert "'2026-02-30' is not a date" in found.problems[0]


def test_ics_by_line() -> None:
    found = ics_events.parse(ICS, "mine", NOW_NS)
    earnings, release = found.events
    assert (earnings.uid, earnings.symbol, earnings.day) == ("a@x", "ACME", date(2026, 1, 28))
    assert earnings.title == "ACME earnings, Q4"
    assert earnings.known_ns == at_ns(date(2026, 1, 1), 7)
    assert (release.kind, release.symbol) == (EventKind.MACRO, "")
    assert release.at_ns == at_ns(date(2026, 2, 11), 8, 30)
    assert len(found.problems) == 2
    assert "Daily repeats" in found.problems[0]
    assert found.problems[1].startswith("Line 27: '20261399' is not a date")


@pytest.mark.parametrize(("name", "text"), [("a.txt", CSV), ("a.csv", "day,what\n"), ("a.ics", CSV), ("a.csv", "")])
def test_no_such_file_is_said_in_a_sentence(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError):
        read_events_file(tmp_path / name, NOW_NS)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"date,kind\n\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        read_events_file(tmp_path / "a.csv", NOW_NS)


def test_files_of_the_same_name_are_two_calendars_and_one_without_an_event_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    paths = tmp_path / "earnings.csv", tmp_path / "earnings.ics", tmp_path / "other" / "earnings.csv"
    for path in paths:
        path.write_text(ICS if path.suffix == ".ics" else CSV)
    sources = {each.source for path in paths for each in read_events_file(path, NOW_NS).events}
    assert sources == {source_of(path) for path in paths}
    assert len(sources) == 3
    paths[0].write_text("date,kind,symbol\n28.1.2026,earnings,ACME\n")
    with pytest.raises(UsageError, match="no event that is understood"):
        read_events_file(paths[0], NOW_NS)


def test_a_creation_that_no_calendar_can_mean_is_none() -> None:
    text = ICS.replace("20260101T120000Z", "19000101T120000Z")
    assert ics_events.parse(text, "mine", NOW_NS).events[0].known_ns == NOW_NS


def test_a_title_is_one_line_and_a_ratio_a_number() -> None:
    text = 'date,kind,symbol,amount,title\n2026-02-11,macro,,,"CPI\nand more"\n2026-02-11,split,XYZ,7:1e-320,\n'
    found = csv_events.parse(text, "mine", NOW_NS)
    assert [each.title for each in found.events] == ["CPI and more"]
    assert len(found.problems) == 1


def sound(found: EventsRead) -> None:
    for each in found.events:
        assert FIRST_DAY <= each.day <= LAST_DAY
        assert each.known_ns <= max(NOW_NS, midnight_ns(LAST_DAY))
        assert each.amount is None or each.amount > 0


@given(st.text(max_size=300), st.integers(0, len(ICS)), st.integers(0, len(ICS)))
def test_a_damaged_calendar_is_read_or_refused(dirt: str, at: int, skip: int) -> None:
    text = ICS[:at] + dirt + ICS[min(len(ICS), at + skip % 40) :]
    try:
        found = ics_events.parse(text, "mine", NOW_NS)
    except UsageError:
        return
    sound(found)


@given(st.text(max_size=300), st.integers(0, len(CSV)), st.integers(0, 40))
def test_a_damaged_table_is_read_or_refused(dirt: str, at: int, skip: int) -> None:
    try:
        found = csv_events.parse(CSV[:at] + dirt + CSV[at + skip :], "mine", NOW_NS)
    except UsageError:
        return
    sound(found)


def test_importing_again_adds_nothing_replaces_and_never_forgets_what_was_known(tmp_path: Path) -> None:
    connection = duckdb.connect()
    schema.migrate(connection, tmp_path)
    events = csv_events.parse(CSV, "mine", NOW_NS).events
    assert replace_events(connection, "mine", events, NOW_NS) == 3
    assert replace_events(connection, "mine", csv_events.parse(CSV, "mine", NOW_NS + 10**15).events, 1) == 0
    assert [each.known_ns for each in read_events(connection) if each.title == "CPI"] == [NOW_NS]
    assert replace_events(connection, "mine", events[:1], NOW_NS) == 0
    assert read_events(connection) == events[:1]
