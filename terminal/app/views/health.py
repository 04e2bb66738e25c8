"""How the desk is, in plain words: the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from terminal.app.ports import HealthRow, HealthState
from terminal.app.views.table_rows import TableRows

_WORDS = {
    HealthState.OK: "● good",
    HealthState.WARN: "▲ watch",
    HealthState.BAD: "■ bad",
    HealthState.OFF: "○ off",
}
_TONES = {HealthState.OK: "up", HealthState.WARN: "warn", HealthState.BAD: "critical", HealthState.OFF: "text2"}
_RANK = {HealthState.BAD: 0, HealthState.WARN: 1, HealthState.OK: 2, HealthState.OFF: 3}


def health_rows(rows: Sequence[HealthRow]) -> TableRows:
    """Rows by key; the shape of the mark says the state too, for those who do not see its colour."""
    ordered = sorted(rows, key=lambda row: _RANK[row.state])
    values = {
        "state": [_WORDS[row.state] for row in ordered],
        "part": [row.label for row in ordered],
        "value": [row.value for row in ordered],
        "note": [row.note for row in ordered],
    }
    tones = {"state": [_TONES[row.state] for row in ordered]}
    return TableRows([row.key for row in ordered], values, tones=tones, tips={"note": [row.note for row in ordered]})


def verdict(rows: Sequence[HealthRow]) -> str:
    """One line over the table: ``Everything is well.`` or what is not."""
    bad = [row.label for row in rows if row.state is HealthState.BAD]
    watch = [row.label for row in rows if row.state is HealthState.WARN]
    if bad:
        return f"Needs you now: {', '.join(bad)}."
    return f"Keep an eye on: {', '.join(watch)}." if watch else "Everything is well." if rows else ""
