"""Files that are either wholly the old or wholly the new, whatever happens in between."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def write_bytes(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replaces ``path`` with ``data``: written beside it, synced to the disk, then renamed over it.

    Raises OSError and leaves the old file untouched when any step fails.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if sys.platform != "win32":
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str, mode: int = 0o600) -> None:
    """Replaces ``path`` with ``text`` in UTF-8 and line feeds; see :func:`write_bytes`."""
    write_bytes(path, text.encode("utf-8"), mode)


def sync_folder(folder: Path) -> None:
    """Makes a rename in ``folder`` survive a power cut; Windows does that by itself and opens no folders."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
