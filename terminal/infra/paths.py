"""Where everything lies: under DIR with ``--profile DIR``, else in the platform's user folders."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

import platformdirs

from terminal import __version__
from terminal.infra.failures import UsageError

APP_NAME = "moneyness"
_CHOOSE = "choose another with --profile DIR"
_SOCKET_PATH_LIMIT_BYTES = 100
"""sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero among them."""
_MOST_TEMPORARY_BYTES = 48
"""Of a temporary folder that leaves room for ours in it."""


class Profile:
    """The places of one profile's state. Nothing is created before :meth:`ensure`."""

    __slots__ = ("_data", "_logs", "_settings", "_state", "root")

    def __init__(self, root: Path | None = None) -> None:
        """``root``: the folder of ``--profile``, or None for the user folders."""
        self.root = root.expanduser().absolute() if root is not None else None
        if self.root is not None:
            self._settings = self._data = self._state = self.root
            self._logs = self.root / "logs"
            return
        self._settings = platformdirs.user_config_path(APP_NAME, appauthor=False)
        self._data = platformdirs.user_data_path(APP_NAME, appauthor=False)
        self._state = platformdirs.user_state_path(APP_NAME, appauthor=False)
        self._logs = platformdirs.user_log_path(APP_NAME, appauthor=False)

    @property
    def settings_file(self) -> Path:
        """The TOML file that the user may read and edit."""
        return self._settings / "settings.toml"

    @property
    def workspaces_dir(self) -> Path:
        """Named workspaces, one JSON file each."""
        return self._settings / "workspaces"

    @property
    def drawings_dir(self) -> Path:
        """What was drawn on charts, one JSON file a symbol."""
        return self._settings / "drawings"

    @property
    def indicators_dir(self) -> Path:
        """The trader's own indicators, one Python file each."""
        return self._settings / "indicators"

    @property
    def watchlists_dir(self) -> Path:
        """Named lists of symbols, one JSON file each."""
        return self._settings / "watchlists"

    @property
    def flow_dir(self) -> Path:
        """Filters of the option flow, in one JSON file."""
        return self._settings / "flow"

    def handiwork(self) -> dict[str, Path]:
        """Folders of what the trader made by hand, by their name in a backup."""
        return {
            "workspaces": self.workspaces_dir,
            "drawings": self.drawings_dir,
            "indicators": self.indicators_dir,
            "watchlists": self.watchlists_dir,
            "flow": self.flow_dir,
        }

    @property
    def journal_file(self) -> Path:
        """The SQLite journal of orders and fills."""
        return self._data / "journal" / "journal.sqlite3"

    @property
    def journal_head_file(self) -> Path:
        """Head and length of the journal, in another folder so that a cut journal is found out."""
        return self._state / "journal-head" / "head.json"

    @property
    def database_file(self) -> Path:
        """The DuckDB market database."""
        return self._data / "market" / "market.duckdb"

    @property
    def recordings_dir(self) -> Path:
        """Recorded sessions that a replay can open."""
        return self._data / "recordings"

    @property
    def spill_dir(self) -> Path:
        """Raw batches that the recorder could not take in time."""
        return self._data / "spill"

    @property
    def logs_dir(self) -> Path:
        """JSON-lines logs."""
        return self._logs

    @property
    def crash_dir(self) -> Path:
        """Crash reports and fault logs."""
        return self._state / "crashes"

    @property
    def runtime_dir(self) -> Path:
        """The lock and the address of the running desk's local channel."""
        return self._state / "run"

    @property
    def lock_file(self) -> Path:
        """Locked by the desk or the import that owns this profile."""
        return self.runtime_dir / "desk.lock"

    @property
    def kill_flag_file(self) -> Path:
        """Its existence stops every send; set by the kill switch."""
        return self._state / "kill.flag"

    @property
    def channel_file(self) -> Path:
        """Address and token of the running desk's local channel."""
        return self.runtime_dir / "channel.json"

    @property
    def socket_path(self) -> Path:
        """Where the local channel's socket is bound.

        In :attr:`runtime_dir`, or, when that path is too long for the operating system, in a private temporary
        folder named after a hash of it.
        """
        wanted = self.runtime_dir / "desk.sock"
        if len(os.fsencode(wanted)) <= _SOCKET_PATH_LIMIT_BYTES:
            return wanted
        digest = hashlib.sha256(os.fsencode(self.runtime_dir)).hexdigest()[:16]
        base = Path(tempfile.gettempdir())
        if sys.platform != "win32" and len(os.fsencode(base)) > _MOST_TEMPORARY_BYTES:
            base = Path("/tmp")  # noqa: S108 - the folder in it is private and its owner is checked
        return base / f"{APP_NAME}-{_user_number()}-{digest}" / "desk.sock"

    def folders(self) -> tuple[Path, ...]:
        """All folders that hold state, each once."""
        places = (
            self._settings, self._data, self._state, *self.handiwork().values(), self.journal_file.parent,
            self.journal_head_file.parent, self.database_file.parent, self.recordings_dir, self.spill_dir,
            self.logs_dir, self.crash_dir, self.runtime_dir,
        )  # fmt: skip
        return tuple(dict.fromkeys(places))

    def ensure(self) -> None:
        """Creates the folders, readable by this user only; a folder that was there keeps its mode.

        Raises UsageError when one cannot be made or written.
        """
        for folder in self.folders():
            _make_private(folder)
        if self.socket_path.parent != self.runtime_dir:
            _make_private(self.socket_path.parent)
            _require_own(self.socket_path.parent)
        for folder in (self._settings, self._data, self._state):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise UsageError(f"The profile folder {folder} cannot be written; {_CHOOSE} or mend its permissions.")

    def __repr__(self) -> str:
        return f"Profile({str(self.root) if self.root else None!r})"


def kernel_cache_dir() -> Path:
    """Compiled kernels of this version, shared by all profiles: no state, safe to delete.

    Numba looks only at the file that a kernel stands in, not at those of the kernels and the constants that it uses.
    So the folder's name holds a hash of everything that machine code is made from: a stale kernel is a wrong number.
    """
    return platformdirs.user_cache_path(APP_NAME, appauthor=False) / "kernels" / f"{__version__}-{_kernel_sources()}"


@functools.cache
def _kernel_sources() -> str:
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    constants = (*(package / "core").glob("*.py"), *(package / "market").glob("rows.py"))
    for source in sorted((*package.rglob("*kernel.py"), *constants)):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def calendar_cache_dir() -> Path:
    """Exchange sessions computed once, shared by all profiles: no state, safe to delete."""
    return platformdirs.user_cache_path(APP_NAME, appauthor=False) / "calendars"


def _make_private(folder: Path) -> None:
    try:
        for parent in reversed(folder.parents):
            if not parent.exists():
                parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{folder} is a file where the profile needs a folder; {_CHOOSE}.") from error
    except NotADirectoryError as error:
        raise UsageError(f"{folder} cannot be a folder: a part of its path is a file; {_CHOOSE}.") from error
    except OSError as error:
        raise UsageError(f"The profile folder {folder} cannot be made ({error.strerror}); {_CHOOSE}.") from error


def _require_own(folder: Path) -> None:
    """A folder in the shared temporary folder may have been put there by somebody else."""
    if sys.platform == "win32":
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise UsageError(f"{folder} is open to others or not yours; remove it and start again.")


def _user_number() -> int:
    return os.getuid() if sys.platform != "win32" else 0
