"""What the reading of a file of events gives, and what both of its forms need."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from terminal.store.events import MarketEvent

MOST_EVENTS = 100_000
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2199, 12, 31)


@dataclass(slots=True)
class EventsRead:
    """``events``: what was understood; ``problems``: sentences that name the line of what was not."""

    events: list[MarketEvent] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    read: int = 0

    def refuse(self, line: int, why: str) -> None:
        """Notes a line that was not taken."""
        self.problems.append(f"Line {line}: {why}.")


def parse_date(text: str) -> date | None:
    """``YYYY-MM-DD`` or ``YYYYMMDD`` between FIRST_DAY and LAST_DAY; None for anything else."""
    plain = text.strip()
    if not plain.isascii() or len(plain) not in {8, 10}:
        return None
    try:
        day = date.fromisoformat(plain)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None
