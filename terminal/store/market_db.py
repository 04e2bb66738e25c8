"""Opening the market database: checked before it is touched, locked down, and shared by the threads of one process."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import duckdb

from terminal.infra import disk
from terminal.store.connection import Connection, one_row
from terminal.store.failures import DatabaseMissing, StoreFailed, explain, newer
from terminal.store.schema import SCHEMA_VERSION, migrate, version_of


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """What one process gives to the database."""

    memory_mib: int = 128
    threads: int = 1
    """More would take the processors from the window at every flush; one writes a million rows a second."""
    temporary_mib: int = 2048
    """Most that queries too large for the memory may put on the disk."""
    write_ahead_mib: int = 32
    """The write-ahead log goes into the file when it is this large; a smaller one stops the recording more often."""


class MarketDatabase:
    """One open database file. Every thread works on a connection of its own from :meth:`connect`.

    SQL on any of its connections can read no file, write no file other than the database, and change no setting.
    """

    def __init__(self, path: Path, settings: DatabaseSettings, *, read_only: bool) -> None:
        """Opens ``path``; :meth:`open` and :meth:`open_read_only` are the ways in."""
        self.path = path
        self.read_only = read_only
        self.settings = settings
        self.generation = 0
        """Counts re-openings; connections of an earlier generation are dead."""
        self._lock = threading.Lock()
        self._handle: int | None = None
        self._base: Connection | None = self._open()

    @classmethod
    def open(cls, path: Path, settings: DatabaseSettings | None = None) -> MarketDatabase:
        """Opens or makes the database for writing and brings it to today's schema.

        Raises DatabaseNewer (the file stays untouched), DatabaseUnreadable, DatabaseInUse or DiskFull.
        """
        try:
            _refuse_newer(path)
            database = cls(path, settings or DatabaseSettings(), read_only=False)
        except (duckdb.Error, OSError) as error:
            raise explain(error, "opening the market database", path) from error
        try:
            connection = database.connect()
            migrate(connection, path)
            connection.close()
        except BaseException as error:
            database.close()
            if isinstance(error, duckdb.Error | OSError):
                raise explain(error, "bringing the market database to this version", path) from error
            raise
        return database

    @classmethod
    def open_read_only(cls, path: Path, settings: DatabaseSettings | None = None) -> MarketDatabase:
        """Opens an existing database for reading; several processes may do so at once. Raises as :meth:`open`."""
        if not path.exists():
            raise DatabaseMissing(
                f"There is no market database at {path} yet; run `moneyness desk` or `moneyness import lean` first."
            )
        try:
            _refuse_newer(path)
            return cls(path, settings or DatabaseSettings(), read_only=True)
        except (duckdb.Error, OSError) as error:
            raise explain(error, "opening the market database", path) from error

    def connect(self) -> Connection:
        """A new connection; it belongs to the thread that asked. Raises StoreFailed when the database is closed."""
        with self._lock:
            if self._base is None:
                raise StoreFailed(f"The market database {self.path} is closed; restart the desk.")
            return self._base.cursor()

    def reopen(self) -> None:
        """Closes and opens the file again after DuckDB gave the instance up; old connections are dead."""
        with self._lock:
            self._drop()
            self.generation += 1
            try:
                self._base = self._open()
            except (duckdb.Error, OSError) as error:
                raise explain(error, "opening the market database", self.path) from error

    def close(self) -> None:
        """Closes the file; twice does nothing.

        DuckDB complains on standard error about connections that are still referred to when the program ends, so
        they are dropped here and everybody who got one from :meth:`connect` drops it first.
        """
        with self._lock:
            self._drop()

    def used_bytes(self) -> int:
        """Bytes of the file that hold data; freed blocks inside it do not count."""
        connection = self.connect()
        try:
            row = one_row(connection, "SELECT block_size * used_blocks FROM pragma_database_size()")
        finally:
            connection.close()
        return int(row[0]) if row else 0

    def files(self) -> list[Path]:
        """The file and, when it exists, its write-ahead log."""
        return [path for path in (self.path, wal_of(self.path)) if path.exists()]

    def main_file(self) -> int:
        """A read-only descriptor of the database file, to be read from the start; the caller does not close it.

        POSIX drops a process's lock on a file as soon as the process closes any descriptor of it, so this one stays
        open as long as the database does.
        """
        with self._lock:
            if self._handle is None:
                self._handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            return self._handle

    def _open(self) -> Connection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{self.settings.memory_mib}MiB",
            "threads": self.settings.threads,
            "checkpoint_threshold": f"{self.settings.write_ahead_mib}MiB",
            "temp_directory": str(self.path.parent / "temporary"),
            "max_temp_directory_size": f"{self.settings.temporary_mib}MiB",
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "extension_directory": str(self.path.parent / "no-extensions"),
        }
        connection = duckdb.connect(str(self.path), read_only=self.read_only, config=config)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def _drop(self) -> None:
        base, self._base = self._base, None
        if base is not None:
            base.close()
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def wal_of(path: Path) -> Path:
    """The write-ahead log beside a database."""
    return path.with_name(path.name + ".wal")


def _refuse_newer(path: Path) -> None:
    """Looks with a read-only connection first, since a writing one may already change the file."""
    if not path.exists():
        return
    if sys.platform != "win32" and not os.access(path, os.R_OK):
        raise PermissionError(13, "Permission denied", str(path))
    connection = duckdb.connect(str(path), read_only=True)
    try:
        if version_of(connection) > SCHEMA_VERSION:
            raise newer(path)
    finally:
        connection.close()


def require_room(path: Path, needed_bytes: int = 16 << 20) -> None:
    """Raises DiskFull when the disk of the database has less than ``needed_bytes`` left."""
    disk.require_free(path, needed_bytes, "the market database")
