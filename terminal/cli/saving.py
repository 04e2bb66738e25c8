"""``moneyness backup`` and ``restore``: while the desk runs, and into an empty profile."""

from __future__ import annotations

from pathlib import Path

from terminal.app.desk_channel import BACKUP
from terminal.cli.progress import ProgressLine
from terminal.infra import local_channel, process_lock
from terminal.infra.failures import UsageError
from terminal.infra.paths import Profile
from terminal.store.backup import backup
from terminal.store.restore import restore

_PATIENCE_S = 3600.0


def backup_profile(profile: Profile, file: Path) -> int:
    """Saves the profile to ``file``; a running desk does it itself and goes on meanwhile."""
    target = file.expanduser().absolute()
    if process_lock.is_held(profile.lock_file):
        arguments = {"path": str(target)}
        with local_channel.request(profile.channel_file, BACKUP, arguments, timeout_s=_PATIENCE_S) as answer:
            said = b"".join(answer).decode()
    elif not profile.journal_file.exists() and not profile.database_file.exists():
        raise UsageError("There is nothing to save in this profile yet.")
    else:
        with ProgressLine("Saving") as line:
            members = backup(profile, target, progress=line.show)
        said = f"{target} holds {len(members)} files."
    print(said)
    return 0


def restore_profile(profile: Profile, file: Path) -> int:
    """Fills an empty profile from ``file``, after checking all of it."""
    with ProgressLine("Restoring") as line:
        members = restore(file.expanduser(), profile, progress=line.show)
    print(f"{len(members)} files restored.")
    return 0
