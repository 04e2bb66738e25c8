"""What an import read, kept and refused, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class FileReport:
    """One file, or the part of it that was asked for: always ``rows_read == rows_kept + sum(refused.values())``.

    ``kind``: the report's name of its rows, like ``option_quote``. ``members``: contracts in it. ``refused``: rows by
    reason; a contract file that cannot be read at all counts as one row. ``first_refused``: where each reason was met
    first. ``adjusted``: rows that are kept with a change, by what was changed. ``skipped``: nothing was read, since the
    very same content is in the database already.
    """

    name: str
    kind: str
    members: int = 0
    rows_read: int = 0
    rows_kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_refused: dict[str, str] = field(default_factory=dict)
    adjusted: Counter[str] = field(default_factory=Counter)
    skipped: bool = False

    def refuse(self, reason: str, where: str, rows: int = 1) -> None:
        """Counts ``rows`` that were read and not kept."""
        self.rows_read += rows
        self.refused[reason] += rows
        self.first_refused.setdefault(reason, where)


@dataclass(slots=True)
class ImportReport:
    """All files of an import. ``problems``: sentences about files that could not be opened at all."""

    files: list[FileReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    instruments: int = 0

    @property
    def rows_read(self) -> int:
        """Rows seen in all files."""
        return sum(each.rows_read for each in self.files)

    @property
    def rows_kept(self) -> int:
        """Rows that became messages."""
        return sum(each.rows_kept for each in self.files)

    @property
    def refused(self) -> dict[str, int]:
        """Rows that were not kept, by reason."""
        total: Counter[str] = Counter()
        for each in self.files:
            total.update(each.refused)
        return dict(sorted(total.items()))

    @property
    def adjusted(self) -> dict[str, int]:
        """Rows that were kept with a change, by what was changed."""
        total: Counter[str] = Counter()
        for each in self.files:
            total.update(each.adjusted)
        return dict(sorted(total.items()))

    @property
    def by_kind(self) -> dict[str, dict[str, int]]:
        """Files, contracts and rows by kind of row."""
        kinds: dict[str, Counter[str]] = {}
        for each in self.files:
            row = kinds.setdefault(each.kind, Counter())
            row["files"] += 1
            row["skipped"] += each.skipped
            row["read"] += each.rows_read
            row["kept"] += each.rows_kept
            row["refused"] += sum(each.refused.values())
        return {kind: dict(kinds[kind]) for kind in sorted(kinds)}

    def as_json(self) -> Mapping[str, object]:
        """The report as plain values for a JSON file."""
        return {
            "days": self.days,
            "instruments": self.instruments,
            "rows": {"read": self.rows_read, "kept": self.rows_kept, "refused": sum(self.refused.values())},
            "refused": self.refused,
            "adjusted": self.adjusted,
            "kinds": self.by_kind,
            "files": [
                {
                    "file": each.name,
                    "kind": each.kind,
                    "members": each.members,
                    "read": each.rows_read,
                    "kept": each.rows_kept,
                    "refused": dict(sorted(each.refused.items())),
                    "first_refused": dict(sorted(each.first_refused.items())),
                    "adjusted": dict(sorted(each.adjusted.items())),
                    "skipped": each.skipped,
                }
                for each in self.files
            ],
            "problems": self.problems,
        }
