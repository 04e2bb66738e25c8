"""A backup into an empty profile: checked as a whole before anything is put in its place.

Everything is unpacked beside the places where it will lie. The file ``restore-plan.json`` is the point of no return:
before it exists a restore that was cut short leaves nothing but a folder that the next start removes; once it exists
the next start finishes the moves.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from terminal.infra import atomic_file
from terminal.infra.disk import explain as explain_disk
from terminal.infra.disk import require_free
from terminal.infra.paths import Profile
from terminal.store.backup import FORMAT, MANIFEST, Member, Progress, place_of
from terminal.store.failures import BackupRefused

_STAGING = ".restoring"
_PLAN = "restore-plan.json"
_PART = 1 << 20
T = TypeVar("T")
_LARGEST_MANIFEST = 16 << 20


def restore(source: Path, profile: Profile, *, progress: Progress = lambda done, total: None) -> list[Member]:
    """Puts the backup ``source`` into ``profile``, which must be empty; gives the members.

    Raises BackupRefused for a backup that is torn or altered or from a newer version, and for a profile that holds
    anything; whatever is raised, the profile stays as it was.
    """
    finish_restore(profile)
    held = state_in(profile)
    if held:
        raise BackupRefused(f"The profile is not empty ({held[0]} exists); restore into a new one with --profile DIR.")
    made = _missing_folders(profile)
    staging = _staging(profile)
    try:
        with _open(source) as archive:
            members = _members(archive, source)
            for member in members:
                place_of(profile, member.name)
            require_free(staging, sum(member.size for member in members), "the restored profile")
            _unpack(archive, members, staging, source, progress)
        atomic_file.write_text(staging / _PLAN, json.dumps([member.name for member in members]))
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(made)
        if isinstance(error, OSError):
            raise explain_disk(error, "restoring the backup", source) from error
        raise
    finish_restore(profile)
    return members


def finish_restore(profile: Profile) -> bool:
    """Finishes a restore that was cut short after its point of no return, or removes what an earlier end left.

    To be called before a profile is used; True when there was something to do. Raises a UserFacingError.
    """
    staging = _staging(profile)
    if not staging.is_dir():
        return False
    try:
        if (staging / _PLAN).exists():
            for name in json.loads((staging / _PLAN).read_text(encoding="utf-8")):
                _move(staging / "members" / name, place_of(profile, name))
        shutil.rmtree(staging)
    except OSError as error:
        raise explain_disk(error, "finishing the restore of a backup", staging) from error
    return True


def state_in(profile: Profile) -> list[Path]:
    """Files of the profile that a restore would have to replace or mix with; logs and the lock are none."""
    files = [profile.settings_file, profile.journal_file, profile.journal_head_file, profile.database_file]
    folders = [*profile.handiwork().values(), profile.recordings_dir, profile.spill_dir]
    held = [path for path in files if path.exists()]
    for folder in folders:
        held += [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
    return held


def _staging(profile: Profile) -> Path:
    return profile.database_file.parent.parent / _STAGING


def _open(source: Path) -> zipfile.ZipFile:
    if not source.is_file():
        raise BackupRefused(f"There is no backup at {source}.")
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise _torn(source, "it is no whole archive") from error


def _torn(source: Path, why: str) -> BackupRefused:
    return BackupRefused(
        f"The backup {source} is damaged or was altered ({why}); nothing was restored, use another backup."
    )


def _members(archive: zipfile.ZipFile, source: Path) -> list[Member]:
    said = _checked(source, lambda: _manifest(archive, source))
    if said.get("format", 0) > FORMAT:
        raise BackupRefused(
            f"The backup {source} was made by a newer version of Moneyness ({said.get('program')}); update the program."
        )
    try:
        members = [Member(str(each["name"]), int(each["size"]), str(each["sha256"])) for each in said["members"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _torn(source, "its manifest cannot be read") from error
    names = [entry.filename for entry in archive.infolist()]
    if sorted(names) != sorted([MANIFEST, *(member.name for member in members)]):
        raise _torn(source, "its files are not those of its manifest")
    return members


def _manifest(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise _torn(source, "its manifest is too large")
    said = json.loads(archive.read(MANIFEST))
    if not isinstance(said, dict) or not isinstance(said.get("format"), int):
        raise _torn(source, "its manifest cannot be read")
    return said


def _unpack(archive: zipfile.ZipFile, members: list[Member], staging: Path, source: Path, progress: Progress) -> None:
    total = max(1, sum(member.size for member in members))
    done = 0
    for member in members:
        path = staging / "members" / member.name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        size, digest = _checked(
            source,
            lambda member=member, path=path: _unpack_one(archive, member, path),  # type: ignore[misc]
        )
        if size != member.size or digest != member.sha256:
            raise _torn(source, f"{member.name} is not what the manifest says")
        done += size
        progress(done, total)


def _unpack_one(archive: zipfile.ZipFile, member: Member, path: Path) -> tuple[int, str]:
    """Never more than the manifest says, so that an altered archive cannot fill the disk."""
    digest = hashlib.sha256()
    size = 0
    with archive.open(member.name) as entry, path.open("xb") as file:
        os.chmod(path, 0o600)  # noqa: PTH101
        while size <= member.size and (part := entry.read(_PART)):
            digest.update(part)
            size += len(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _checked(source: Path, work: Callable[[], T]) -> T:
    try:
        return work()
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _torn(source, "a part of it cannot be read") from error


def _move(staged: Path, place: Path) -> None:
    """Twice does nothing. Places may lie on another disk than the staging folder."""
    if not staged.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        staged.replace(place)
    except OSError:
        beside = place.with_name(f".{place.name}.restored")
        shutil.copyfile(staged, beside)
        os.chmod(beside, 0o600)  # noqa: PTH101
        beside.replace(place)
        staged.unlink()
    atomic_file.sync_folder(place.parent)


def _missing_folders(profile: Profile) -> list[Path]:
    staging = _staging(profile)
    return [folder for folder in staging.parents if not folder.exists()]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
