"""Logs as JSON lines, one object a record, on top of the standard library's logging.

A record is taken on the thread that logs; it is redacted and written on a thread of its own, so that neither the window
nor the order road waits for a disk. The last records stay in memory for the log panel.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import logging.handlers
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from terminal.infra.redaction import REDACTOR, Redactor

ROTATE_BYTES = 8 * 2**20
KEPT_FILES = 5
RING_RECORDS = 2_000
_LONGEST_TEXT = 20_000
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "correlation"}
_CORRELATION: ContextVar[str] = ContextVar("correlation", default="")
_counter = itertools.count(1)
_process_mark = os.urandom(3).hex()


def new_correlation() -> str:
    """A fresh id for what starts now: a key press, an agent's proposal, a script line. Unique across processes."""
    return f"{_process_mark}-{next(_counter)}"


def current_correlation() -> str:
    """The id that records of this thread or task carry now; empty without one."""
    return _CORRELATION.get()


@contextlib.contextmanager
def correlated(correlation: str) -> Iterator[str]:
    """Records logged inside carry ``correlation``. Another thread does not inherit it: hand the id over with the work,
    as an event's field, and either enter this there too or log with ``extra={"correlation": ...}``."""
    mark = _CORRELATION.set(correlation)
    try:
        yield correlation
    finally:
        _CORRELATION.reset(mark)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record as the log panel shows it, redacted. ``sequence`` rises by one with each."""

    sequence: int
    ts_ns: int
    level: int
    logger: str
    message: str
    correlation: str
    thread: str


class LogRing:
    """The last records. One writer, any readers; reading again without news costs nothing."""

    def __init__(self, capacity: int = RING_RECORDS) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self._snapshot: tuple[LogEntry, ...] = ()
        self._sequence = 0
        self._snapshot_sequence = 0

    @property
    def sequence(self) -> int:
        """Number of the last record; compare it with the last one seen to know whether there is news."""
        return self._sequence

    def add(self, ts_ns: int, level: int, logger: str, message: str, correlation: str, thread: str) -> None:
        """Appends one record; the oldest goes when the ring is full."""
        with self._lock:
            self._sequence += 1
            self._entries.append(LogEntry(self._sequence, ts_ns, level, logger, message, correlation, thread))

    def snapshot(self) -> tuple[LogEntry, ...]:
        """All kept records, oldest first; the same tuple until a record comes."""
        with self._lock:
            if self._snapshot_sequence != self._sequence:
                self._snapshot = tuple(self._entries)
                self._snapshot_sequence = self._sequence
            return self._snapshot


class Logs:
    """The program's logging: started once by the process, stopped at its end."""

    def __init__(self, folder: Path | None, name: str = "desk", *, redactor: Redactor = REDACTOR) -> None:
        """``folder``: where ``NAME.jsonl`` is written, None for memory only."""
        self.ring = LogRing()
        self.file = folder / f"{name}.jsonl" if folder is not None else None
        self._redactor = redactor
        self._queue: queue.SimpleQueue[logging.LogRecord | threading.Event | None] = queue.SimpleQueue()
        self._input = _Intake(self._queue)
        self._console: IO[str] | None = None
        self._console_level = logging.CRITICAL + 1
        self._output: _JsonFile | None = None
        self._thread: threading.Thread | None = None
        self._root_level = logging.WARNING

    @property
    def problem(self) -> str | None:
        """Why records do not reach the file, in a sentence; None when they do."""
        return self._output.problem if self._output is not None else None

    def start(self, level: int = logging.INFO, *, console_level: int | None = None) -> None:
        """Begins to take records of ``level`` and above; ``console_level`` and above also go to standard error."""
        if self._thread is not None:
            return
        if self.file is not None:
            self._output = _JsonFile(self.file)
        if console_level is not None:
            # None in a windowed frozen program.
            self._console, self._console_level = sys.stderr, console_level
        root = logging.getLogger()
        self._root_level = root.level
        root.setLevel(level)
        root.addHandler(self._input)
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def flush(self, timeout_s: float = 2.0) -> bool:
        """Waits until every record logged before this call is written; whether that was so in time."""
        thread = self._thread
        if thread is None or not thread.is_alive():
            return True
        reached = threading.Event()
        self._queue.put(reached)
        return reached.wait(timeout_s)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Writes what is there and ends; a second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        root = logging.getLogger()
        root.removeHandler(self._input)
        root.setLevel(self._root_level)
        self._queue.put(None)
        thread.join(timeout_s)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._write(item)
        if self._output is not None:
            self._output.close()

    def _write(self, record: logging.LogRecord) -> None:
        fields = record_fields(record, self._redactor)
        ts_ns = int(record.created * 1e9)
        message = fields["message"] if "exception" not in fields else f"{fields['message']}\n{fields['exception']}"
        thread = record.threadName or ""
        self.ring.add(ts_ns, record.levelno, record.name, message, fields.get("correlation", ""), thread)
        if self._output is not None:
            self._output.write_line(json.dumps(fields, ensure_ascii=False))
        if self._console is not None and record.levelno >= self._console_level:
            with contextlib.suppress(OSError, ValueError):
                self._console.write(f"{record.levelname.lower()}: {fields['message']}\n")


def record_fields(record: logging.LogRecord, redactor: Redactor = REDACTOR) -> dict[str, str]:
    """What is written of a record: fixed fields first, then what ``extra`` gave; all values redacted text."""
    moment = datetime.fromtimestamp(record.created, UTC)
    fields = {
        "time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "level": record.levelname,
        "logger": record.name,
        "thread": record.threadName or "",
        "message": redactor.text(_cut(record.getMessage())),
    }
    if correlation := getattr(record, "correlation", "") or current_correlation():
        fields["correlation"] = str(correlation)
    for name, value in vars(record).items():
        if name not in _STANDARD and name not in fields:
            fields[name] = redactor.field(name, _cut(str(value)))
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    if record.exc_text:
        fields["exception"] = redactor.text(_cut(record.exc_text))
    return fields


class _Intake(logging.Handler):
    """Takes a record on the thread that logs: what may change later is turned into text here."""

    def __init__(self, target: queue.SimpleQueue[logging.LogRecord | threading.Event | None]) -> None:
        super().__init__()
        self._target = target

    def emit(self, record: logging.LogRecord) -> None:
        if not getattr(record, "correlation", ""):
            record.correlation = current_correlation()
        try:
            record.msg, record.args = record.getMessage(), None
        except Exception as error:  # noqa: BLE001 - a wrong format string must not take the caller down
            record.msg, record.args = f"{record.msg!r} (not formatted: {error})", None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        self._target.put(record)


class _JsonFile:
    """A file that is rotated by size and whose failures stay in it: a full disk must not stop the desk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[str] | None = None
        self._size = 0
        self._retry_at = 0.0
        self.problem: str | None = None

    def write_line(self, line: str) -> None:
        if self._stream is None and time.monotonic() < self._retry_at:
            return
        try:
            if self._stream is None:
                self._open()
            if self._size + len(line) > ROTATE_BYTES and self._size:
                self._rotate()
            assert self._stream is not None  # noqa: S101 - for the type checker: both ways above open it
            self._size += self._stream.write(line + "\n")
            self._stream.flush()
            self.problem = None
        except OSError as error:
            self.problem = f"The log {self._path} cannot be written: {error.strerror or error}."
            self._drop()

    def close(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            self._stream = None

    def _open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._stream = os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace")
        self._size = self._path.stat().st_size

    def _rotate(self) -> None:
        self.close()
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        self._open()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.stem}.{number}{self._path.suffix}")

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        self._retry_at = time.monotonic() + 1.0
        if stream is not None:
            # Closing flushes what did not fit, and fails again.
            with contextlib.suppress(OSError):
                stream.close()


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    # Up to a space: half a secret would no longer look like one.
    kept = text[:_LONGEST_TEXT].rpartition(" ")[0] or text[:_LONGEST_TEXT]
    return f"{kept} ... ({len(text) - len(kept)} more characters)"
