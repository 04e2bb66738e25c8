"""The journal: durable, chained, its end known outside, and a sentence for everything that can be wrong with it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.events import EventKind, JournalEvent
from terminal.store.journal import APPLICATION_ID, Journal, JournalBrokenError, JournalDownError, JournalError
from terminal.store.journal_chain import canonical_json


def note(number: int, session: str = "s") -> JournalEvent:
    return JournalEvent(EventKind.NOTE, session, number, {"n": number, "word": "é"})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "a folder?" / "journal.sqlite3", tmp_path / "state" / "head.json")
    journal.open()
    yield journal
    journal.close()


def again(journal: Journal) -> Journal:
    return Journal(journal.file, journal._head.file)


def edit(journal: Journal, *statements: str) -> None:
    """What somebody with an editor might do; the triggers are no obstacle to them."""
    journal.close()
    connection = sqlite3.connect(journal.file, isolation_level=None)
    connection.execute("DROP TRIGGER event_is_not_changed")
    connection.execute("DROP TRIGGER event_is_not_deleted")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_events_come_back_as_they_went_in(journal: Journal) -> None:
    journal.append([note(1), note(2)])
    journal.append([note(3, "other")])
    journal.append([])
    assert list(journal.read()) == [note(1), note(2), note(3, "other")]
    assert list(journal.read("other")) == [note(3, "other")]
    assert [record.seq for record in journal.records()] == [1, 2, 3]
    verification = journal.verify()
    assert (verification.ok, verification.events, verification.broken_seq) == (True, 3, None)


def test_it_goes_on_where_it_ended(journal: Journal) -> None:
    journal.append([note(1)])
    journal.close()
    journal.open()
    journal.append([note(2)])
    assert journal.last_seq == 2
    assert journal.verify().ok
    assert journal.warnings == []


def test_sessions_know_whether_they_were_closed(journal: Journal) -> None:
    def event(kind: EventKind, session: str, ts_ns: int) -> JournalEvent:
        return JournalEvent(kind, session, ts_ns, {"mode": session})

    journal.append([event(EventKind.SESSION_STARTED, "b", 5), event(EventKind.SESSION_CLOSED, "b", 9)])
    journal.append([event(EventKind.SESSION_STARTED, "a", 10), event(EventKind.SESSION_CLOSED, "a", 11)])
    journal.append([event(EventKind.SESSION_RESUMED, "a", 12)])
    first, second = journal.sessions()
    assert (first.session, first.first_ns, first.last_ns, first.events, first.is_closed) == ("b", 5, 9, 2, True)
    assert (second.session, second.is_closed, second.details) == ("a", False, {"mode": "a"})


def test_a_reader_sees_a_steady_picture_while_another_thread_writes(journal: Journal) -> None:
    journal.append([note(0)])
    stop = threading.Event()

    def write() -> None:
        number = 1
        while not stop.is_set():
            journal.append([note(number), note(number + 1)])
            number += 2

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            numbers = [event.ts_ns for event in again(journal).read()]
            assert numbers == list(range(len(numbers)))
            assert len(numbers) % 2 == 1, "a transaction is read whole or not at all"
            assert again(journal).verify().ok
    finally:
        stop.set()
        writer.join()


def test_the_table_only_grows(journal: Journal) -> None:
    journal.append([note(1)])
    connection = sqlite3.connect(journal.file)
    for statement in ("UPDATE event SET ts_ns = 9", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE event SET body = '{\"n\":99}' WHERE seq = 3", 3),
        ("UPDATE event SET ts_ns = 99 WHERE seq = 2", 2),
        ("UPDATE event SET kind = 'sent' WHERE seq = 1", 1),
        ("DELETE FROM event WHERE seq = 2", 2),
        ("UPDATE event SET previous = zeroblob(32) WHERE seq = 4", 4),
    ],
)
def test_a_changed_record_is_named(journal: Journal, statement: str, seq: int) -> None:
    journal.append([note(number) for number in range(5)])
    edit(journal, statement)
    verification = journal.verify()
    assert (verification.ok, verification.broken_seq) == (False, seq)
    assert f"event {seq}" in verification.sentence


def test_reading_stops_at_a_changed_record(journal: Journal) -> None:
    journal.append([note(number) for number in range(5)])
    edit(journal, "UPDATE event SET body = '{}' WHERE seq = 3")
    with pytest.raises(JournalBrokenError, match="changed at event 3"):
        list(journal.read("s"))


@pytest.mark.parametrize("keep", [0, 3])
def test_a_cut_off_end_is_found_by_the_head_outside(journal: Journal, keep: int) -> None:
    journal.append([note(number) for number in range(5)])
    edit(journal, f"DELETE FROM event WHERE seq > {keep}")
    verification = journal.verify()
    assert (verification.ok, verification.broken_seq) == (False, keep + 1)
    assert f"ends at event {keep}" in verification.sentence
    assert "knows event 5" in verification.sentence
    with pytest.raises(JournalBrokenError, match="cut off"):
        again(journal).open()


def test_a_removed_journal_is_no_new_journal(journal: Journal) -> None:
    journal.append([note(1)])
    journal.close()
    journal.file.unlink()
    assert not journal.verify().ok
    with pytest.raises(JournalBrokenError, match="cut off"):
        again(journal).open()


def test_another_journal_in_its_place_is_found(journal: Journal, tmp_path: Path) -> None:
    journal.append([note(1)])
    journal.close()
    other = Journal(tmp_path / "other.sqlite3", tmp_path / "other.json")
    other.open()
    other.append([note(7), note(8)])
    other.close()
    shutil.copy(other.file, journal.file)
    assert "replaced" in journal.verify().sentence
    with pytest.raises(JournalBrokenError, match="replaced"):
        journal.open()


def test_a_journal_ahead_of_its_head_is_a_crash_and_no_harm(journal: Journal) -> None:
    journal.append([note(1)])
    saved = journal._head.file.read_bytes()
    journal.append([note(2)])
    journal.append([note(3)])
    journal.close()
    journal._head.file.write_bytes(saved)
    assert journal.verify().ok
    journal.open()
    journal.append([note(4)])
    assert journal.verify().ok


@given(st.data())
@settings(deadline=None, max_examples=25)
def test_a_torn_slot_of_the_head_is_survived(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("torn")
    journal = Journal(folder / "j.sqlite3", folder / "head.json")
    journal.open()
    count = data.draw(st.integers(1, 6))
    for number in range(count):
        journal.append([note(number)])
    journal.close()
    head = bytearray(journal._head.file.read_bytes())
    half = len(head) // 2
    slot = data.draw(st.integers(0, len(head) // half - 1))
    at = data.draw(st.integers(0, half - 1))
    head[slot * half + at : (slot + 1) * half] = data.draw(st.binary(min_size=half - at, max_size=half - at))
    journal._head.file.write_bytes(head)
    journal.open()
    journal.append([note(99)])
    assert journal.verify().ok
    journal.close()


def test_a_missing_or_ruined_head_is_said(journal: Journal) -> None:
    journal.append([note(1)])
    journal.close()
    journal._head.file.unlink()
    assert "missing" in journal.verify().sentence
    assert not journal.verify().ok
    journal.open()
    assert "missing" in journal.warnings[0]
    journal.close()
    journal._head.file.write_bytes(b"\0" * 320)
    assert "damaged" in journal.verify().sentence
    fresh = again(journal)
    fresh.open()
    assert "damaged" in fresh.warnings[0]
    assert fresh.verify().ok
    fresh.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"this is a letter, not a journal" * 100)
    journal = Journal(tmp_path / "j", tmp_path / "head")
    for use in (journal.open, journal.verify, lambda: list(journal.read())):
        with pytest.raises(JournalError, match="is not a journal"):
            use()


def test_another_programs_database(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "j")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    journal = Journal(tmp_path / "j", tmp_path / "head")
    for use in (journal.open, journal.verify):
        with pytest.raises(JournalError, match="not a journal of this program"):
            use()


def test_a_journal_from_a_newer_version(journal: Journal) -> None:
    journal.append([note(1)])
    edit(journal, "PRAGMA user_version = 7")
    for use in (journal.open, journal.verify, journal.sessions):
        with pytest.raises(JournalError, match=r"newer version \(its format is 7"):
            use()


def test_the_file_says_what_it_is(journal: Journal) -> None:
    journal.append([note(1)])
    journal.checkpoint()
    header = journal.file.read_bytes()[:100]
    assert int.from_bytes(header[68:72]) == APPLICATION_ID
    assert int.from_bytes(header[60:64]) == 1


def test_a_damaged_page_is_said(journal: Journal) -> None:
    journal.append([note(number) for number in range(2000)])
    journal.checkpoint()
    journal.close()
    with journal.file.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 4096 * 3)
    with pytest.raises(JournalError, match=r"damaged|changed"):
        list(journal.read())


def test_a_missing_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "none", tmp_path / "head")
    assert journal.verify().ok
    with pytest.raises(JournalError, match="There is no journal"):
        journal.sessions()
    with pytest.raises(JournalDownError, match="not open"):
        journal.append([note(1)])


def test_a_folder_where_the_journal_should_be(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match=r"cannot be (opened|used)"):
        Journal(tmp_path / "folder", tmp_path / "head").open()


def test_sqlites_own_full_means_down_and_nothing_half_written_and_then_up_again(journal: Journal) -> None:
    journal.append([note(1)])
    connection = journal._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [JournalEvent(EventKind.NOTE, "s", number, {"text": "x" * 5000}) for number in range(50)]
    for _ in range(2):
        with pytest.raises(JournalDownError, match="disk is full"):
            journal.append(big)
    assert list(again(journal).read()) == [note(1)]
    connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    journal.append([note(2)])
    assert list(journal.read()) == [note(1), note(2)]
    assert journal.verify().ok


def test_a_second_writer_is_kept_out_and_named(journal: Journal) -> None:
    journal.append([note(1)])
    other = sqlite3.connect(journal.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalDownError, match="Another program"):
        journal.append([note(2)])
    other.execute("ROLLBACK")
    other.close()
    journal.append([note(2)])
    assert journal.verify().ok


def test_after_a_failed_disk_the_writer_stays_down(journal: Journal) -> None:
    class Broken:
        in_transaction = False

        def execute(self, statement: str) -> object:
            problem = sqlite3.OperationalError("disk I/O error")
            problem.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise problem

    real, journal._connection = journal._connection, Broken()  # type: ignore[assignment]
    with pytest.raises(JournalDownError, match="disk I/O error"):
        journal.append([note(1)])
    journal._connection = real
    with pytest.raises(JournalDownError, match="mend the disk"):
        journal.append([note(1)])


def test_a_head_that_cannot_be_written_stops_nothing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal._head.close()
    head = journal._head.file
    head.unlink()
    head.symlink_to("/dev/full")
    monkeypatch.setattr(type(journal._head), "_older_slot", lambda self: 0)
    journal.append([note(1)])
    head.unlink()
    assert list(journal.read()) == [note(1)]


def test_floats_are_not_exact_and_are_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match=r"1\.5 is a float"):
        journal.append([JournalEvent(EventKind.NOTE, "s", 1, {"a": [{"b": 1.5}]})])
    journal.append([note(1)])
    assert journal.last_seq == 1


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), _json, max_size=5))
def test_the_canonical_text_does_not_depend_on_the_order_of_keys(body: dict[str, object]) -> None:
    backwards = dict(reversed(list(body.items())))
    assert canonical_json(body) == canonical_json(backwards)
    assert canonical_json(body).isascii()


def test_checkpointing_folds_the_log_back(journal: Journal) -> None:
    log = journal.file.with_name(journal.file.name + "-wal")
    journal.append([JournalEvent(EventKind.NOTE, "s", 0, {"text": "x" * (5 << 20)})])
    before = journal.file.stat().st_size
    journal.checkpoint(only_if_long=True)
    assert journal.file.stat().st_size > before
    assert log.exists()
    journal.append([note(1)])
    assert journal.verify().ok
