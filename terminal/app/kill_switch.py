"""The kill flag: a file that the gate reads before every send, so that it works when the desk hangs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from terminal.infra import atomic_file
from terminal.infra.failures import WorkFailed


@dataclass(frozen=True, slots=True)
class KillOrder:
    """What the flag asks for, and since when (UTC)."""

    flatten: bool
    since: datetime


class KillFlag:
    """One flag file. That it exists is what counts: a torn or empty one still stops everything."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_set(self) -> bool:
        """Whether nothing new may be sent. An error in looking counts as set: the careful side."""
        try:
            self._path.stat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def set(self, *, flatten: bool = False) -> None:
        """Stops everything; WorkFailed when the flag cannot be written."""
        said = {"flatten": flatten, "since": datetime.now(UTC).isoformat(timespec="milliseconds")}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(self._path, json.dumps(said) + "\n")
        except OSError as problem:
            raise WorkFailed(f"The kill flag {self._path} cannot be written: {problem.strerror}.") from problem

    def read(self) -> KillOrder | None:
        """What is asked for, or None without a flag."""
        if not self.is_set():
            return None
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            return KillOrder(bool(said["flatten"]), datetime.fromisoformat(said["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return KillOrder(flatten=False, since=datetime.now(UTC))

    def release(self) -> bool:
        """Takes the flag away; False when there was none."""
        was_set = self.is_set()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as problem:
            raise WorkFailed(f"The kill flag {self._path} cannot be removed: {problem.strerror}.") from problem
        return was_set
