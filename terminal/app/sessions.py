"""Which session a desk runs: a new one, or the last one gone on with; what a crash left open is closed and kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime

from terminal.app.ports import DeskMode
from terminal.core.clock import from_ns
from terminal.infra.failures import UsageError
from terminal.store.journal import Journal
from terminal.store.journal_chain import SessionRow
from terminal.trading.road import close_crashed


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """``resume_ns``: the last journaled market time of a session that is gone on with, else None."""

    name: str
    mode: DeskMode
    seed: int | None
    start_date: date
    resume_ns: int | None
    notes: tuple[str, ...]


def new_session_name(now: datetime) -> str:
    """Unique on any machine, sortable by time: ``20261121-072233-3f9a``."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def plan_session(journal: Journal, mode: DeskMode, seed: int | None, start_date: date, *, resume: bool) -> SessionPlan:
    """The session to run. Without ``resume`` crashed sessions are shown, closed and kept.

    Raises UsageError when there is nothing to go on with, or another seed was asked for.
    """
    rows = journal.sessions() if journal.file.exists() else []
    if resume:
        return _last(rows, seed)
    notes = tuple(
        f"Session {row.session} ended without being closed, at {from_ns(row.last_ns):%Y-%m-%d %H:%M:%S} New York; "
        "it is kept in the journal."
        for row in rows
        if not row.is_closed
    )
    if notes:
        close_crashed(journal)
    return SessionPlan(new_session_name(datetime.now(UTC)), mode, seed, start_date, None, notes)


def _last(rows: list[SessionRow], seed: int | None) -> SessionPlan:
    # A stream may be simulated too, but only the seed of our own market lets it run again.
    simulated = [
        row
        for row in rows
        if row.details.get("mode") == DeskMode.SIMULATED.value and row.details.get("seed") is not None
    ]
    if not simulated:
        raise UsageError("There is no simulated session to go on with; start without --resume.")
    row = simulated[-1]
    known_seed = int(row.details["seed"])
    if seed is not None and seed != known_seed:
        raise UsageError(f"The last session has the seed {known_seed}; leave --seed away or start without --resume.")
    start_date = date.fromisoformat(row.details["start_date"])
    note = f"Goes on with session {row.session} at {from_ns(row.last_ns):%Y-%m-%d %H:%M:%S} New York."
    return SessionPlan(row.session, DeskMode.SIMULATED, known_seed, start_date, row.last_ns, (note,))
