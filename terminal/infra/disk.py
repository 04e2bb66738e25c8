"""Disk space: how much is left, how much a profile takes, and a sentence when there is none."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from terminal.infra.failures import WorkFailed

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_WINDOWS_DISK_FULL = {39, 112}  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


class DiskFull(WorkFailed):
    """A write found no space, or a check before a write found too little."""


def is_disk_full(error: BaseException) -> bool:
    """Whether ``error``, or what caused it, is a full disk or a used-up quota."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DiskFull):
            return True
        if isinstance(seen, OSError) and (seen.errno in _FULL or getattr(seen, "winerror", None) in _WINDOWS_DISK_FULL):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def explain(error: OSError, doing: str, path: Path) -> WorkFailed:
    """The failure to raise for ``error``, met while ``doing`` ("saving the settings") at ``path``."""
    if is_disk_full(error):
        return DiskFull(
            f"The disk is full: {doing} at {path} needs more room "
            f"({_mebibytes(free_bytes(path))} free); free some space and try again."
        )
    reason = error.strerror or type(error).__name__
    if isinstance(error, PermissionError):
        return WorkFailed(f"No permission for {doing} at {path} ({reason}); check who owns the folder.")
    return WorkFailed(f"Failed {doing} at {path}: {reason}.")


def free_bytes(path: Path) -> int:
    """Bytes that this user may still write where ``path`` lies or will lie; 0 when nothing of it exists."""
    probe = path.absolute()
    while True:
        try:
            return shutil.disk_usage(probe).free
        except OSError:
            if probe.parent == probe:
                return 0
            probe = probe.parent


def require_free(path: Path, needed_bytes: int, doing: str) -> None:
    """Raises DiskFull when fewer than ``needed_bytes`` are free at ``path``."""
    free = free_bytes(path)
    if free < needed_bytes:
        raise DiskFull(
            f"Too little disk space for {doing} at {path}: {_mebibytes(needed_bytes)} needed, {_mebibytes(free)} free."
        )


def tree_bytes(path: Path) -> int:
    """Bytes of all files under ``path``, links not followed; files that vanish meanwhile count 0."""
    if path.is_file() and not path.is_symlink():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path, followlinks=False):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
