"""Logs: every record arrives once, in order, redacted, with its correlation; a bad disk stops nothing."""

from __future__ import annotations

import contextvars
import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from terminal.infra import logs
from terminal.infra.logs import LogRing, Logs, correlated, current_correlation, new_correlation

log = logging.getLogger("tests.logs")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Logs]:
    found = Logs(tmp_path / "logs", "desk")
    found.start(logging.DEBUG)
    yield found
    found.stop()


def lines(found: Logs) -> list[dict[str, Any]]:
    assert found.flush()
    assert found.file is not None
    return [json.loads(line) for line in found.file.read_text(encoding="utf-8").splitlines()]


def test_a_record_is_one_json_line(running: Logs) -> None:
    log.info("filled %d of %s", 3, "GOOG", extra={"order_id": "7", "price_ticks": 160})
    (line,) = lines(running)
    assert line["message"] == "filled 3 of GOOG"
    assert (line["level"], line["logger"], line["thread"]) == ("INFO", "tests.logs", threading.current_thread().name)
    assert (line["order_id"], line["price_ticks"]) == ("7", "160")
    assert line["time"].endswith("Z")
    assert "correlation" not in line
    assert running.file is not None
    assert running.file.stat().st_mode & 0o777 == 0o600
    assert running.problem is None


def test_one_id_goes_from_the_key_press_to_the_fill(running: Logs) -> None:
    correlation = new_correlation()

    def orders_thread() -> None:
        log.info("journaled", extra={"correlation": correlation})
        with correlated(correlation):
            log.info("sent")

    with correlated(correlation):
        log.info("key pressed")
        thread = threading.Thread(target=orders_thread)
        thread.start()
        thread.join()
        with correlated("inner"):
            log.info("another")
    log.info("nothing")
    found = {line["message"]: line.get("correlation") for line in lines(running)}
    assert found == {
        "key pressed": correlation, "journaled": correlation, "sent": correlation, "another": "inner", "nothing": None,
    }  # fmt: skip
    assert new_correlation() != correlation
    assert contextvars.copy_context().run(current_correlation) == ""


def test_secrets_are_not_written_nor_kept(running: Logs) -> None:
    log.warning("connecting with api_key=%s", "PLANTED1", extra={"token": "PLANTED 2", "account": "PLANTED3"})
    try:
        raise ValueError("password=PLANTED4")
    except ValueError:
        log.exception("failed")
    assert running.flush()
    assert running.file is not None
    assert "PLANTED" not in running.file.read_text()
    assert "PLANTED" not in str(running.ring.snapshot())
    assert "ValueError" in lines(running)[1]["exception"]


def test_a_wrong_format_string_is_logged_and_not_raised(running: Logs) -> None:
    log.info("%d pieces", "three")
    log.info("after")
    messages = [line["message"] for line in lines(running)]
    assert "three" in messages[0] or "%d pieces" in messages[0]
    assert messages[1] == "after"


def test_arguments_are_taken_when_logged(running: Logs) -> None:
    things = [1]
    log.info("things %s", things)
    things.append(2)
    assert lines(running)[0]["message"] == "things [1]"


def test_threads_lose_nothing_and_keep_their_own_order(running: Logs) -> None:
    def write(name: int) -> None:
        for number in range(200):
            log.info("%d %d", name, number)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = [line["message"].split() for line in lines(running)]
    assert len(messages) == 800
    for name in range(4):
        assert [int(number) for who, number in messages if who == str(name)] == list(range(200))
    assert [entry.sequence for entry in running.ring.snapshot()] == list(range(1, 801))


def test_a_giant_record_is_cut(running: Logs) -> None:
    log.info("x " * 50_000)
    message = lines(running)[0]["message"]
    assert len(message) < 21_000
    assert "more characters" in message


def test_files_rotate_and_the_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "ROTATE_BYTES", 2_000)
    monkeypatch.setattr(logs, "KEPT_FILES", 3)
    found = Logs(tmp_path)
    found.start()
    for number in range(100):
        log.warning("record %03d", number)
    found.stop()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["desk.1.jsonl", "desk.2.jsonl", "desk.3.jsonl", "desk.jsonl"]
    kept = "".join((tmp_path / name).read_text() for name in [*reversed(files[:3]), "desk.jsonl"])
    numbers = [int(json.loads(line)["message"].split()[1]) for line in kept.splitlines()]
    assert numbers == list(range(numbers[0], 100))
    assert numbers[0] > 0
    assert all(path.stat().st_size <= 2_300 for path in tmp_path.iterdir())


def test_a_second_run_appends(tmp_path: Path) -> None:
    for name in ("one", "two"):
        found = Logs(tmp_path)
        found.start()
        log.warning(name)
        found.stop()
        found.stop()
    assert [json.loads(line)["message"] for line in (tmp_path / "desk.jsonl").read_text().splitlines()] == [
        "one",
        "two",
    ]


def test_a_disk_that_refuses_is_a_problem_and_not_a_failure(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    found = Logs(tmp_path / "logs")
    found.start()
    log.warning("kept in memory")
    log.warning("and this")
    assert found.flush()
    assert found.problem is not None
    assert "cannot be written" in found.problem
    assert [entry.message for entry in found.ring.snapshot()] == ["kept in memory", "and this"]
    found.stop()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_a_problem_and_writing_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("terminal.infra.logs.time", SimpleNamespace(monotonic=lambda: now[0]))
    target = tmp_path / "desk.jsonl"
    target.symlink_to("/dev/full")
    file = logs._JsonFile(target)
    now[0] = 10.0
    file.write_line("lost")
    assert file.problem is not None
    assert "No space left" in file.problem
    target.unlink()
    file.write_line("lost too: not yet tried again")
    assert not target.exists()
    now[0] = 20.0
    file.write_line("kept")
    file.close()
    assert target.read_text() == "kept\n"
    assert file.problem is None


def test_without_standard_streams_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    found = Logs(tmp_path)
    found.start(console_level=logging.WARNING)
    log.warning("windowed")
    assert lines(found)[0]["message"] == "windowed"
    found.stop()


def test_the_console_gets_what_it_should(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Logs(None)
    found.start(logging.INFO, console_level=logging.WARNING)
    found.start()
    log.info("quiet")
    log.warning("loud token=abcdef")
    assert found.flush()
    found.stop()
    captured = capsys.readouterr()
    assert captured.err == "warning: loud token=[secret]\n"
    assert captured.out == ""
    assert found.problem is None
    assert found.flush()


def test_stopping_gives_the_root_logger_back(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    found = Logs(tmp_path)
    found.start(logging.DEBUG)
    assert (root.level, list(root.handlers)) != before
    found.stop()
    assert (root.level, list(root.handlers)) == before


def test_the_ring_keeps_the_last_and_a_snapshot_without_news_is_the_same() -> None:
    ring = LogRing(3)
    assert ring.snapshot() == ()
    for number in range(5):
        ring.add(number, logging.INFO, "x", str(number), "", "main")
    first = ring.snapshot()
    assert [entry.message for entry in first] == ["2", "3", "4"]
    assert ring.snapshot() is first
    assert ring.sequence == 5
    ring.add(9, logging.INFO, "x", "9", "", "main")
    assert [entry.sequence for entry in ring.snapshot()] == [4, 5, 6]
    assert [entry.message for entry in first] == ["2", "3", "4"]
