"""``moneyness query``: through the running desk when there is one, else on the database file itself."""

from __future__ import annotations

import sys
from typing import BinaryIO

from terminal.app.desk_channel import QUERY
from terminal.infra import local_channel, process_lock
from terminal.infra.failures import UsageError
from terminal.infra.paths import Profile
from terminal.store.query import TIME_LIMIT_S, query_file

_PATIENCE_S = TIME_LIMIT_S + 5.0


def _write(out: BinaryIO, piece: bytes) -> None:
    out.write(piece)


def query(profile: Profile, sql: str) -> int:
    """Writes the answer as CSV to standard output."""
    out = sys.stdout.buffer
    if process_lock.is_held(profile.lock_file):
        with local_channel.request(profile.channel_file, QUERY, {"sql": sql}, timeout_s=_PATIENCE_S) as answer:
            for chunk in answer:
                out.write(chunk)
    elif not profile.database_file.exists():
        raise UsageError(f"There is no market database at {profile.database_file} yet; open the desk or import data.")
    else:
        query_file(profile.database_file, sql, lambda piece: _write(out, piece))
    out.flush()
    return 0
