"""One reporter for every way the program can fail: exceptions of the main thread, of others, of coroutines, of Qt, and
faults of native code. A report is a JSON file in the profile; nothing is sent anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import itertools
import logging
import os
import platform
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from terminal import __version__
from terminal.infra import atomic_file
from terminal.infra.failures import UserFacingError
from terminal.infra.logs import LogEntry
from terminal.infra.redaction import REDACTOR, Redactor

KEPT_REPORTS = 20
_RECENT_RECORDS = 200
_QT_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "critical": logging.ERROR,
    "fatal": logging.CRITICAL,
}
log = logging.getLogger(__name__)


class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one failure. ``time`` is ISO 8601 in UTC; texts are redacted."""

    time: str
    pid: int
    kind: str
    thread: str
    summary: str
    trace: str
    version: str = __version__
    python: str = ""
    system: str = ""
    seen: bool = False
    recent: list[str] = msgspec.field(default_factory=list)


class CrashReporter:
    """Installed once, as early as the profile's folders exist."""

    def __init__(
        self,
        crash_dir: Path,
        *,
        recent: Callable[[], tuple[LogEntry, ...]] | None = None,
        redactor: Redactor = REDACTOR,
        on_report: Callable[[CrashReport], None] | None = None,
    ) -> None:
        """``recent``: the last log records, to go with a report. ``on_report``: told of each, on the failing thread."""
        self._folder = crash_dir
        self._recent = recent
        self._redactor = redactor
        self._on_report = on_report
        self._fault_file: IO[str] | None = None
        self._previous: tuple[Any, Any, Any] | None = None
        self._numbers = itertools.count(1)
        self._busy = threading.local()

    def install(self) -> None:
        """Takes over the hooks of the interpreter and starts the log of native faults."""
        if self._previous is not None:
            return
        self._previous = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._main_hook
        threading.excepthook = self._thread_hook
        sys.unraisablehook = self._unraisable_hook
        with contextlib.suppress(OSError):
            # The file stays open for the whole run: a process that faults can open none.
            self._fault_file = self._own_fault_file().open("w", encoding="utf-8")
            faulthandler.enable(self._fault_file, all_threads=True)

    def uninstall(self) -> None:
        """Gives the hooks back at a clean end and removes the empty fault log."""
        if self._previous is None:
            return
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._previous
        self._previous = None
        if self._fault_file is not None:
            faulthandler.disable()
            self._fault_file.close()
            self._fault_file = None
            with contextlib.suppress(OSError):
                if self._own_fault_file().stat().st_size == 0:
                    self._own_fault_file().unlink()

    def report(self, kind: str, error: BaseException, *, thread: str | None = None) -> Path | None:
        """Writes a report of ``error``, which ``kind`` of place met; its path, or None when it cannot be written."""
        trace = "".join(traceback.format_exception(error))
        summary = "".join(traceback.format_exception_only(error)).strip()
        return self._write(kind, summary, trace, thread or threading.current_thread().name)

    def asyncio_handler(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """For ``loop.set_exception_handler``."""
        error = context.get("exception")
        message = str(context.get("message", "a coroutine failed"))
        log.error("%s", message, exc_info=error)
        if isinstance(error, BaseException):
            self.report("asyncio", error)
        else:
            self._write("asyncio", message, repr(dict(context)), threading.current_thread().name)

    def qt_message(self, level: str, message: str, where: str = "") -> None:
        """For ``qInstallMessageHandler``; ``level`` is debug, info, warning, critical or fatal. A fatal one aborts the
        process right after this call, so it is reported first."""
        logging.getLogger("qt").log(
            _QT_LEVELS.get(level, logging.WARNING), "%s%s", message, f" ({where})" if where else ""
        )
        if level == "fatal":
            trace = "".join(traceback.format_stack())
            self._write("qt", message, trace, threading.current_thread().name)

    def _write(self, kind: str, summary: str, trace: str, thread: str) -> Path | None:
        if getattr(self._busy, "here", False):
            # A report that fails while it is written would otherwise report itself.
            return None
        self._busy.here = True
        try:
            now = datetime.now(UTC)
            report = CrashReport(
                time=now.isoformat(timespec="milliseconds"),
                pid=os.getpid(),
                kind=kind,
                thread=thread,
                summary=self._redactor.text(summary),
                trace=self._redactor.text(trace),
                python=platform.python_version(),
                system=platform.platform(),
                recent=self._recent_records(),
            )
            name = f"crash-{now:%Y%m%dT%H%M%S%f}-{os.getpid()}-{next(self._numbers)}.json"
            path = self._folder / name
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_file.write_bytes(path, msgspec.json.format(msgspec.json.encode(report), indent=1))
            self._prune()
            if self._on_report is not None:
                self._on_report(report)
        except Exception:  # noqa: BLE001 - whatever fails here must not hide what failed before
            return None
        else:
            return path
        finally:
            self._busy.here = False

    def _recent_records(self) -> list[str]:
        if self._recent is None:
            return []
        entries = self._recent()[-_RECENT_RECORDS:]
        return [f"{logging.getLevelName(entry.level)} {entry.logger}: {entry.message}" for entry in entries]

    def _prune(self) -> None:
        for old in _report_files(self._folder)[:-KEPT_REPORTS]:
            with contextlib.suppress(OSError):
                old.unlink()

    def _own_fault_file(self) -> Path:
        return self._folder / f"fault-{os.getpid()}.log"

    def _main_hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt | UserFacingError):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("the program failed", exc_info=(kind, error, trace))
        self.report("main thread", error)
        if sys.stderr is not None:
            sys.__excepthook__(kind, error, trace)

    def _thread_hook(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is None or issubclass(arguments.exc_type, SystemExit):
            return
        name = arguments.thread.name if arguments.thread is not None else "unknown"
        log.critical("the thread %s failed", name, exc_info=arguments.exc_value)
        self.report("thread", arguments.exc_value, thread=name)

    def _unraisable_hook(self, arguments: Any) -> None:
        if arguments.exc_value is None:
            return
        log.error(
            "%s %r", arguments.err_msg or "an exception was ignored in", arguments.object, exc_info=arguments.exc_value
        )


def last_crash(crash_dir: Path) -> CrashReport | None:
    """The newest failure that :func:`acknowledge` has not marked, faults of native code among them; else None."""
    _turn_faults_into_reports(crash_dir)
    for path in reversed(_report_files(crash_dir)):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            report = msgspec.json.decode(path.read_bytes(), type=CrashReport)
            if not report.seen:
                return report
    return None


def acknowledge(crash_dir: Path) -> None:
    """Marks all reports as seen: the next start does not show them again. They are kept."""
    for path in _report_files(crash_dir):
        with contextlib.suppress(OSError, msgspec.DecodeError):
            report = msgspec.json.decode(path.read_bytes(), type=CrashReport)
            if not report.seen:
                seen = msgspec.structs.replace(report, seen=True)
                atomic_file.write_bytes(path, msgspec.json.format(msgspec.json.encode(seen), indent=1))


def _turn_faults_into_reports(crash_dir: Path) -> None:
    """What a dead process left in its fault log becomes a report; empty logs of dead processes go."""
    for path in sorted(crash_dir.glob("fault-*.log")):
        found = re.fullmatch(r"fault-(\d+)\.log", path.name)
        if found is None or _is_alive(int(found[1])):
            continue
        with contextlib.suppress(OSError):
            trace = REDACTOR.text(path.read_text(encoding="utf-8", errors="replace"))
            if trace.strip():
                moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                report = CrashReport(
                    time=moment.isoformat(timespec="milliseconds"),
                    pid=int(found[1]),
                    kind="native fault",
                    thread="",
                    summary=trace.strip().splitlines()[0],
                    trace=trace,
                    system=platform.platform(),
                )
                target = crash_dir / f"crash-{moment:%Y%m%dT%H%M%S%f}-{found[1]}-0.json"
                atomic_file.write_bytes(target, msgspec.json.format(msgspec.json.encode(report), indent=1))
            path.unlink()


def _report_files(crash_dir: Path) -> list[Path]:
    """Reports, oldest first: their names begin with the time."""
    return sorted(crash_dir.glob("crash-*.json"))


def _is_alive(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - 20 ms that only a start after a crash pays

    return bool(psutil.pid_exists(pid))
