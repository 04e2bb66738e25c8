"""One archive of a profile: journal, market database, settings and workspaces, with a manifest of what is in it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from terminal import __version__
from terminal.infra import atomic_file
from terminal.infra.disk import explain as explain_disk
from terminal.infra.disk import require_free
from terminal.infra.paths import Profile
from terminal.store.failures import BackupRefused
from terminal.store.market_db import MarketDatabase, wal_of

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""

MANIFEST = "manifest.json"
FORMAT = 1
_PART = 1 << 20


class Pausable(Protocol):
    """The recorder of a running desk."""

    def paused(self, work: Callable[[], T], timeout_s: float = 600.0) -> T:
        """Runs ``work`` while nothing is written to the market database."""
        ...

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the database file."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup. ``name``: place and path inside it, such as ``market/market.duckdb``."""

    name: str
    size: int
    sha256: str


def place_of(profile: Profile, name: str) -> Path:
    """Where a member lies in a profile; BackupRefused for a name that is none of a backup's."""
    fixed = {
        "settings.toml": profile.settings_file,
        "keys.toml": profile.settings_file.with_name("keys.toml"),
        "journal/journal.sqlite3": profile.journal_file,
        "journal/head.json": profile.journal_head_file,
        "market/market.duckdb": profile.database_file,
        "market/market.duckdb.wal": wal_of(profile.database_file),
    }
    if name in fixed:
        return fixed[name]
    folders = {**profile.handiwork(), "recordings": profile.recordings_dir, "spill": profile.spill_dir}
    parts = name.split("/")
    safe = all(part not in {"", ".", ".."} and "\\" not in part and ":" not in part for part in parts)
    if parts[0] not in folders or len(parts) < 2 or not safe:
        raise BackupRefused(f"The backup holds {name!r}, which belongs to no profile; nothing was restored from it.")
    return folders[parts[0]].joinpath(*parts[1:])


def backup(
    profile: Profile,
    target: Path,
    *,
    database: MarketDatabase | None = None,
    recorder: Pausable | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Member]:
    """Writes a backup of ``profile`` to ``target``, replacing it only when the new one is whole; gives its members.

    ``database`` and ``recorder``: of the running desk, which goes on meanwhile; without them nothing else may have the
    profile open. Raises a UserFacingError and leaves ``target`` as it was.
    """
    target = target.expanduser().absolute()
    if not target.parent.is_dir():
        raise BackupRefused(f"The folder {target.parent} for the backup does not exist; make it or choose another.")
    if target.is_dir():
        raise BackupRefused(f"{target} is a folder; name a file for the backup.")
    try:
        require_free(target, _bytes_of(profile), "the backup")
        return _write(profile, target, database, recorder, progress)
    except (OSError, sqlite3.Error) as error:
        failed = error if isinstance(error, OSError) else OSError(None, str(error))
        raise explain_disk(failed, "writing the backup", target) from error


def _write(
    profile: Profile, target: Path, database: MarketDatabase | None, recorder: Pausable | None, progress: Progress
) -> list[Member]:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                pack = _Pack(archive, progress, _bytes_of(profile))
                _pack_journal(profile, pack)
                _pack_market(profile, pack, database, recorder)
                _pack_folders(profile, pack)
                archive.writestr(MANIFEST, _manifest(pack.members))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    atomic_file.sync_folder(target.parent)
    return pack.members


class _Pack:
    """Adds files to the archive and keeps what the manifest says about them."""

    def __init__(self, archive: zipfile.ZipFile, progress: Progress, total: int) -> None:
        self.members: list[Member] = []
        self._archive = archive
        self._progress = progress
        self._total = max(total, 1)
        self._done = 0

    def add(self, name: str, parts: Iterator[bytes]) -> None:
        digest = hashlib.sha256()
        size = 0
        with self._archive.open(name, "w", force_zip64=True) as entry:
            for part in parts:
                digest.update(part)
                size += len(part)
                entry.write(part)
                self._done += len(part)
                self._progress(min(self._done, self._total), self._total)
        self.members.append(Member(name, size, digest.hexdigest()))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self.add(name, _parts(file))


def _pack_journal(profile: Profile, pack: _Pack) -> None:
    if not profile.journal_file.exists():
        return
    # The head goes first: a journal that is ahead of its head is whole, one that is behind was cut.
    if profile.journal_head_file.exists():
        pack.add_file("journal/head.json", profile.journal_head_file)
    with tempfile.TemporaryDirectory(prefix="backup-", dir=profile.journal_file.parent) as folder:
        copy = Path(folder) / "journal.sqlite3"
        source = sqlite3.connect(f"{profile.journal_file.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)
        with contextlib.closing(source), contextlib.closing(sqlite3.connect(copy)) as destination:
            source.backup(destination)
            # Without a log beside it the copy is one whole file; the journal opens it in its own mode again.
            destination.execute("PRAGMA journal_mode = DELETE")
        pack.add_file("journal/journal.sqlite3", copy)


def _pack_market(profile: Profile, pack: _Pack, database: MarketDatabase | None, recorder: Pausable | None) -> None:
    if not profile.database_file.exists():
        return

    def copy(opened: MarketDatabase) -> None:
        pack.add("market/market.duckdb", _parts_of(opened.main_file()))
        wal = wal_of(opened.path)
        if wal.exists() and wal.stat().st_size:
            pack.add_file("market/market.duckdb.wal", wal)

    if database is None:
        database = MarketDatabase.open_read_only(profile.database_file)
        try:
            copy(database)
        finally:
            database.close()
    elif recorder is None:
        copy(database)
    else:
        opened = database
        recorder.checkpoint()
        recorder.paused(lambda: copy(opened))


def _pack_folders(profile: Profile, pack: _Pack) -> None:
    for name in ("settings.toml", "keys.toml"):
        if place_of(profile, name).exists():
            pack.add_file(name, place_of(profile, name))
    for name, folder in (*profile.handiwork().items(), ("recordings", profile.recordings_dir)):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                pack.add_file(f"{name}/{path.relative_to(folder).as_posix()}", path)


def _manifest(members: list[Member]) -> str:
    said = {
        "format": FORMAT,
        "program": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "members": [{"name": each.name, "size": each.size, "sha256": each.sha256} for each in members],
    }
    return json.dumps(said, indent=1, sort_keys=True)


def _parts(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(_PART):
        yield part


def _parts_of(handle: int) -> Iterator[bytes]:
    """The file behind a descriptor that stays open, from its start."""
    os.lseek(handle, 0, os.SEEK_SET)
    while part := os.read(handle, _PART):
        yield part


def _bytes_of(profile: Profile) -> int:
    files = [profile.journal_file, profile.settings_file, profile.database_file, wal_of(profile.database_file)]
    return sum(path.stat().st_size for path in files if path.exists())
