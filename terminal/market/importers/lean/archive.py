"""Zips of CSV files, read whole and checked: what cannot be read is named, never guessed."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terminal.infra.failures import WorkFailed
from terminal.market.importers.lean.refusals import MEMBER_TOO_LARGE, MEMBER_UNNAMED, MEMBER_UNREADABLE

_MOST_BYTES = 1 << 31
"""What one zip may unpack to; Lean's largest day of ticks is a twentieth of it."""

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    OverflowError, LookupError, NotImplementedError,
)  # fmt: skip
"""What the standard library raises on damaged, encrypted or oddly packed entries."""


class UnreadableFile(WorkFailed):
    """A data file that is not there or is no zip."""


@dataclass(slots=True)
class Archive:
    """The CSV files of one zip: ``text[bounds[i]:bounds[i + 1]]`` is the file ``names[i]``, names ascending.

    ``damaged``: (name, reason) of entries that cannot be read. ``sha256``: hex digest of the zip's bytes.
    """

    names: list[str]
    text: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]
    sha256: str
    damaged: list[tuple[str, str]] = field(default_factory=list)


def content_sha256(path: Path) -> str:
    """Hex digest of a file's bytes; UnreadableFile when it cannot be read."""
    return hashlib.sha256(_read(path)).hexdigest()


def read_archive(path: Path, is_wanted: Callable[[str], bool] = lambda name: True) -> Archive:
    """All files of the zip at ``path``; those that are not wanted by name count as damaged.

    Raises UnreadableFile when the zip is missing or no zip.
    """
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = sorted(archive.infolist(), key=lambda each: (each.filename, each.header_offset))
    except _DAMAGE as error:
        raise UnreadableFile(f"{path} is no zip file; fetch it again or remove it.") from error
    names: list[str] = []
    parts: list[bytes] = []
    damaged: list[tuple[str, str]] = []
    room = _MOST_BYTES
    for entry in entries:
        if entry.filename.endswith("/"):
            continue
        if not is_wanted(entry.filename):
            damaged.append((entry.filename, MEMBER_UNNAMED))
            continue
        if entry.file_size > room:
            damaged.append((entry.filename, MEMBER_TOO_LARGE))
            continue
        try:
            part = archive.read(entry)
        except _DAMAGE:
            damaged.append((entry.filename, MEMBER_UNREADABLE))
            continue
        room -= len(part)
        names.append(entry.filename)
        parts.append(part)
    bounds = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=bounds[1:])
    return Archive(names, np.frombuffer(b"".join(parts), np.uint8), bounds, digest, damaged)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableFile(f"{path} is not there; check the folder.") from error
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read ({error.strerror}); check who may read it.") from error
