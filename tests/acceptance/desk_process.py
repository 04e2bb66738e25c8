"""Desks in processes of their own, watched from outside as another program would."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb

PATIENCE_S = 120.0
"""How long anything may take on a busy machine before a test gives up on it."""

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    output: str
    errors: str


class DeskProcess:
    """``moneyness ARGUMENTS --profile PROFILE``, running. Kills the process when the ``with`` block is left."""

    def __init__(
        self, arguments: Sequence[str | Path], profile: Path, folder: Path, environment: dict[str, str]
    ) -> None:
        self.profile = profile
        command = [sys.executable, "-P", "-m", "terminal", *map(str, arguments), "--profile", str(profile)]
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Waits until ``condition`` holds; fails when the process ends before, or it takes too long."""
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if self._process.poll() is not None:
                output, errors = self._process.communicate()
                raise AssertionError(f"the desk ended before {what}: {self._process.returncode} {output} {errors}")
            assert time.monotonic() < until, f"waited too long for {what}"
            time.sleep(0.02)

    def ended(self) -> Ended:
        """Waits for the end."""
        output, errors = self._process.communicate(timeout=PATIENCE_S)
        return Ended(self._process.returncode, output, errors)


StartDesk = Callable[..., DeskProcess]
"""``start_desk(*arguments, profile=PROFILE, **environment)``."""


def read_report(file: Path) -> Report:
    """A report of ``--report FILE``."""
    found: Report = json.loads(file.read_text(encoding="utf-8"))
    return found


def journal_rows(profile: Path) -> list[tuple[int, bytes, str, str, str]]:
    """(seq, hash, session, kind, body) of every event, through a read-only connection as any outside program's."""
    file = profile / "journal" / "journal.sqlite3"
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute("SELECT seq, hash, session, kind, body FROM event ORDER BY seq").fetchall()
    except sqlite3.OperationalError as problem:
        # Between the making of the file and of its table.
        if "no such table" in str(problem) or "unable to open" in str(problem):
            return []
        raise


def kinds(profile: Path) -> list[str]:
    """The kinds of the journal's events."""
    return [row[3] for row in journal_rows(profile)]


def bodies(profile: Path, kind: str) -> list[dict[str, Any]]:
    """The bodies of the events of one kind."""
    return [json.loads(row[4]) for row in journal_rows(profile) if row[3] == kind]


def sql(profile: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the market database of a desk that has ended."""
    with duckdb.connect(str(profile / "market" / "market.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def one_sentence(errors: str) -> bool:
    """Whether standard error is one line that a person can read."""
    return errors.strip().count("\n") == 0 and len(errors.strip()) > 20 and "Traceback" not in errors


def normal(report: Report) -> Report:
    """What two runs of one market share: without ids, wall times and figures of speed."""
    kept = {name: report[name] for name in ("mode", "seed", "market", "digest", "positions", "cash", "equity")}
    kept["fills"] = [{key: value for key, value in fill.items() if key != "order_id"} for fill in report["fills"]]
    kept["orders"] = [
        {key: value for key, value in order.items() if key not in {"id", "order_id"}} for order in report["orders"]
    ]
    return kept
