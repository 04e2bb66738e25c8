"""One desk a profile: a lock of the operating system, freed by any end of the process, ``kill -9`` too."""

from __future__ import annotations

import json
import os
import sys
import time
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from terminal.infra import atomic_file
from terminal.infra.failures import UsageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PROBE_RETRIES = 15
_PROBE_PAUSE_S = 0.02


class ProfileInUse(UsageError):
    """Another process holds the profile's lock."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds, or last held, a lock: process id and when it took it (UTC)."""

    pid: int
    since: datetime


class ProcessLock:
    """The lock of one file. Not re-entrant; not inherited by forked children."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock now."""
        return self._handle is not None

    def acquire(self) -> None:
        """Takes the lock and writes who has it; raises ProfileInUse when another process has it."""
        if self._handle is not None:
            raise RuntimeError("the lock is held already")
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock_with_retries(handle)
        except OSError as error:
            os.close(handle)
            raise ProfileInUse(_in_use_sentence(self._path)) from error
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        _HELD.add(self)
        said = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        atomic_file.write_text(_holder_file(self._path), json.dumps(said) + "\n")

    def release(self) -> None:
        """Gives the lock back; without one it does nothing."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        _HELD.discard(self)
        _holder_file(self._path).unlink(missing_ok=True)
        os.close(handle)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _forget_in_child(self) -> None:
        """A forked child shares the lock's open file and would keep it alive after its parent is killed."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock at ``path`` now."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        _try_lock(handle, shared=True)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def holder(path: Path) -> Holder | None:
    """Who holds the lock at ``path``; None when nobody does or the holder has not said so yet."""
    if not is_held(path):
        return None
    try:
        said = json.loads(_holder_file(path).read_text(encoding="utf-8"))
        return Holder(int(said["pid"]), datetime.fromisoformat(str(said["since"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lock_with_retries(handle: int) -> None:
    """A probe by :func:`is_held` holds the file for a moment, which must not refuse a desk."""
    for attempt in range(_PROBE_RETRIES):
        try:
            _try_lock(handle, shared=False)
        except OSError:
            if attempt == _PROBE_RETRIES - 1:
                raise
            time.sleep(_PROBE_PAUSE_S)
        else:
            return


if sys.platform == "win32":

    def _try_lock(handle: int, *, shared: bool) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _try_lock(handle: int, *, shared: bool) -> None:
        # Not a POSIX record lock: that is lost as soon as anyone in the process closes the same file.
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def _in_use_sentence(path: Path) -> str:
    who = holder(path)
    name = f"Another Moneyness (pid {who.pid})" if who else "Another Moneyness"
    return f"{name} uses this profile; close it or choose another with --profile DIR."


def _holder_file(path: Path) -> Path:
    # Beside the lock and not in it: Windows lets nobody read a locked region.
    return path.with_name(path.name + ".holder")


_HELD: weakref.WeakSet[ProcessLock] = weakref.WeakSet()


def _forget_all_in_child() -> None:
    for lock in list(_HELD):
        lock._forget_in_child()
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all_in_child)
