"""What can go wrong with the market database, each in one sentence, and the reading of DuckDB's own messages."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import duckdb

from terminal.infra.disk import DiskFull, is_disk_full
from terminal.infra.failures import UsageError, WorkFailed

_NO_SPACE = ("no space left on device", "file too large", "disk quota exceeded", "not enough space")


class DatabaseNewer(WorkFailed):
    """The file was written by a newer version of the program; it was not touched."""


class DatabaseUnreadable(WorkFailed):
    """The file is no database, or it is damaged."""


class DatabaseInUse(UsageError):
    """Another process holds the file."""


class DatabaseMissing(UsageError):
    """There is no market database yet."""


class StoreFailed(WorkFailed):
    """Any other failure of the market database."""


class RecordingFailed(WorkFailed):
    """A recording cannot be given back as asked."""


class QueryRefused(UsageError):
    """The text is not one read-only query."""


class QueryError(WorkFailed):
    """The query could not be answered."""


class BackupRefused(WorkFailed):
    """A backup that cannot be made, or cannot be trusted, or has no place to go to."""


def no_space(error: BaseException) -> bool:
    """Whether ``error`` (DuckDB's or the system's) came from a full disk, a quota or a file size limit."""
    if is_disk_full(error) or (isinstance(error, OSError) and error.errno == errno.EFBIG):
        return True
    text = str(error).lower()
    return isinstance(error, duckdb.Error) and any(words in text for words in _NO_SPACE)


def explain(error: Exception, doing: str, path: Path) -> WorkFailed | UsageError:
    """The failure to raise for what DuckDB or the system said while ``doing`` something with the database ``path``."""
    if isinstance(error, WorkFailed | UsageError):
        return error
    text = str(error)
    if no_space(error):
        return DiskFull(f"The disk is full: {doing} at {path} found no room; free some space and try again.")
    if "could not set lock" in text.lower() or "used by another process" in text.lower():
        return DatabaseInUse(
            f"Another program uses the market database {path}{_holder(text)}; close it or choose another --profile DIR."
        )
    if "permission denied" in text.lower() or isinstance(error, PermissionError):
        return DatabaseUnreadable(f"No permission for {doing} at {path}; check who owns the file and its folder.")
    if _is_newer_storage(text):
        return newer(path)
    if _is_damaged(error, text):
        return DatabaseUnreadable(
            f"The market database {path} is damaged or is no DuckDB database; "
            "move it away to start an empty one, or restore a backup into an empty profile."
        )
    return StoreFailed(f"Failed {doing} at {path}: {first_line(text)}")


def newer(path: Path) -> DatabaseNewer:
    """The failure for a database that a newer version wrote."""
    return DatabaseNewer(
        f"The market database {path} was written by a newer version of Moneyness; "
        "update the program or choose another --profile DIR. The file was not changed."
    )


def first_line(text: str) -> str:
    """DuckDB's message without its class prefix, hints and position marks."""
    line = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return re.sub(r"^(?:[A-Z][A-Za-z ]*Error|Error): ", "", line)


def _holder(text: str) -> str:
    found = re.search(r"\(PID (\d+)\)", text)
    return f" (pid {found.group(1)})" if found else ""


def _is_newer_storage(text: str) -> bool:
    return ("version number" in text and "can only read" in text) or "newer version of DuckDB" in text


def _is_damaged(error: Exception, text: str) -> bool:
    words = ("not a valid DuckDB database", "Corrupt database", "checksum", "Could not read enough bytes",
             "Serialization Error", "INTERNAL Error", "WAL")  # fmt: skip
    return isinstance(error, duckdb.Error) and any(word in text for word in words)
