"""Every way to fail leaves a report, also those that no Python code sees, and a clean end leaves none."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.infra import crash
from terminal.infra.crash import CrashReport, CrashReporter, acknowledge, last_crash
from terminal.infra.failures import UsageError
from terminal.infra.logs import LogRing

START = """
import logging, os, sys, threading
from pathlib import Path
from terminal.infra.crash import CrashReporter
reporter = CrashReporter(Path(sys.argv[1]))
reporter.install()
"""


@pytest.fixture
def reporter(tmp_path: Path) -> Iterator[CrashReporter]:
    found = CrashReporter(tmp_path)
    yield found
    found.uninstall()


def run(code: str, folder: Path, repository: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START + code, str(folder)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)


def the_last(folder: Path) -> CrashReport:
    found = last_crash(folder)
    assert found is not None
    return found


def test_an_exception_of_the_main_thread(tmp_path: Path, repository: Path) -> None:
    done = run("raise RuntimeError('boom token=PLANTED')", tmp_path, repository)
    assert done.returncode == 1
    report = the_last(tmp_path)
    assert (report.kind, report.summary) == ("main thread", "RuntimeError: boom token=[secret]")
    assert "Traceback" in report.trace
    assert report.python == sys.version.split()[0]
    assert not any("PLANTED" in path.read_text() for path in tmp_path.iterdir())


def test_an_exception_of_another_thread(tmp_path: Path, repository: Path) -> None:
    code = "t = threading.Thread(target=lambda: 1 / 0, name='orders'); t.start(); t.join()"
    assert run(code, tmp_path, repository).returncode == 0
    report = the_last(tmp_path)
    assert (report.kind, report.thread, report.summary) == ("thread", "orders", "ZeroDivisionError: division by zero")


def test_a_windowed_program_without_streams_reports_too(tmp_path: Path, repository: Path) -> None:
    assert run("sys.stdout = sys.stderr = None; raise RuntimeError('boom')", tmp_path, repository).returncode == 1
    assert the_last(tmp_path).summary == "RuntimeError: boom"


def test_a_native_fault_is_found_at_the_next_start(tmp_path: Path, repository: Path) -> None:
    done = run("import ctypes; ctypes.string_at(0)", tmp_path, repository)
    assert done.returncode == -signal.SIGSEGV
    report = the_last(tmp_path)
    assert report.kind == "native fault"
    assert "Segmentation fault" in report.summary
    assert "string_at" in report.trace
    assert not list(tmp_path.glob("fault-*"))
    assert the_last(tmp_path) == report


def test_kill_9_leaves_no_report_and_no_litter(tmp_path: Path, repository: Path) -> None:
    assert run("os.kill(os.getpid(), 9)", tmp_path, repository).returncode == -signal.SIGKILL
    assert last_crash(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_clean_end_leaves_nothing(tmp_path: Path, repository: Path) -> None:
    assert run("reporter.install(); reporter.uninstall(); reporter.uninstall()", tmp_path, repository).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_fault_log_of_a_running_desk_is_left_alone(reporter: CrashReporter, tmp_path: Path) -> None:
    reporter.install()
    assert last_crash(tmp_path) is None
    assert (tmp_path / f"fault-{os.getpid()}.log").exists()


def test_a_seen_crash_is_not_shown_again_and_is_kept(reporter: CrashReporter, tmp_path: Path) -> None:
    first = reporter.report("test", ValueError("one"))
    acknowledge(tmp_path)
    assert last_crash(tmp_path) is None
    assert first is not None
    assert json.loads(first.read_text())["seen"]
    reporter.report("test", ValueError("two"))
    assert the_last(tmp_path).summary == "ValueError: two"


def test_old_reports_go(reporter: CrashReporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "KEPT_REPORTS", 3)
    for number in range(6):
        reporter.report("test", ValueError(str(number)))
    kept = [json.loads(path.read_text())["summary"] for path in sorted(tmp_path.glob("crash-*"))]
    assert kept == ["ValueError: 3", "ValueError: 4", "ValueError: 5"]


def test_unreadable_reports_are_passed_over(reporter: CrashReporter, tmp_path: Path) -> None:
    reporter.report("test", ValueError("real"))
    (tmp_path / "crash-99990101T000000000000-1-1.json").write_text("{torn")
    (tmp_path / "fault-x.log").write_text("not ours")
    acknowledge(tmp_path)
    assert last_crash(tmp_path) is None
    assert last_crash(tmp_path / "nowhere") is None


def test_the_last_records_go_with_it(tmp_path: Path) -> None:
    ring = LogRing()
    ring.add(1, logging.WARNING, "engine", "feed is late", "", "engine")
    told: list[CrashReport] = []
    found = CrashReporter(tmp_path, recent=ring.snapshot, on_report=told.append)
    found.report("test", ValueError("x"))
    assert the_last(tmp_path).recent == ["WARNING engine: feed is late"]
    assert [report.summary for report in told] == ["ValueError: x"]


def test_a_coroutine_that_nobody_awaited_is_reported(reporter: CrashReporter, tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(reporter.asyncio_handler)
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert (the_last(tmp_path).kind, the_last(tmp_path).summary) == ("asyncio", "ZeroDivisionError: division by zero")
    acknowledge(tmp_path)
    with asyncio.Runner() as runner:
        reporter.asyncio_handler(runner.get_loop(), {"message": "a future was lost"})
    assert the_last(tmp_path).summary == "a future was lost"


def test_messages_of_qt_are_logged_and_fatal_ones_reported(
    reporter: CrashReporter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="qt"):
        reporter.qt_message("warning", "QPainter::begin failed", "paint.cpp:1")
        reporter.qt_message("strange", "x")
    assert [record.getMessage() for record in caplog.records] == ["QPainter::begin failed (paint.cpp:1)", "x"]
    assert last_crash(tmp_path) is None
    reporter.qt_message("fatal", "no platform plugin")
    assert (the_last(tmp_path).kind, the_last(tmp_path).summary) == ("qt", "no platform plugin")


def test_sentences_and_interrupts_are_no_crashes(
    reporter: CrashReporter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter.install()
    for error in (UsageError("Do it so."), KeyboardInterrupt()):
        sys.excepthook(type(error), error, None)
    assert last_crash(tmp_path) is None
    assert "Do it so." in capsys.readouterr().err


def test_a_report_that_cannot_be_written_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = CrashReporter(tmp_path / "file")
    found.install()
    found.uninstall()
    assert found.report("test", ValueError("x")) is None

    def fails(report: CrashReport) -> None:
        found_again.report("inner", ValueError("inner"))
        raise RuntimeError("the listener failed")

    found_again = CrashReporter(tmp_path, on_report=fails)
    assert found_again.report("test", ValueError("outer")) is None
    assert the_last(tmp_path).summary == "ValueError: outer"


def test_an_ignored_exception_is_logged(
    reporter: CrashReporter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reporter.install()

    class Bad:
        def __del__(self) -> None:
            raise ValueError("in a finalizer")

    bad = Bad()
    del bad
    assert "in a finalizer" in caplog.text
    assert last_crash(tmp_path) is None


def test_hooks_are_given_back(tmp_path: Path) -> None:
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    found = CrashReporter(tmp_path)
    found.install()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) != before
    found.uninstall()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
