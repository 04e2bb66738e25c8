"""What stays of now while the past is shown, and why nothing is sent from there."""

from __future__ import annotations

from terminal.app import ages
from terminal.app.ports import DeskMode, Past

NO_ORDERS = "The past is shown, and its prices cannot be traded: NOW (Alt+Home) goes back."


def looks_back(past: Past | None) -> bool:
    """Whether the past is shown, or is about to be."""
    return past is not None and past.is_past


def now_words(mode: DeskMode) -> str:
    """What stands over a panel that goes on showing this moment: ``NOW · REPLAY · not the past that is shown``."""
    return f"NOW · {mode.word} · not the past that is shown"


class PastWords:
    """The moment that is looked at, for the strip: the one asked for and, after a while, what still stands."""

    _PATIENCE_NS = 300_000_000

    def __init__(self) -> None:
        self._behind_ns: int | None = None

    def say(self, past: Past | None, wall_ns: int) -> str:
        """``09:49:30``, ``09:49:30 on its way, still 10:29:00``; empty while the market of now is shown."""
        if past is None or not past.is_past:
            self._behind_ns = None
            return ""
        wanted_ns, shown_ns = past.wanted_ns, past.shown_ns
        text = ages.time_of_day(wanted_ns)
        if wanted_ns == shown_ns:
            self._behind_ns = None
        elif self._behind_ns is None:
            self._behind_ns = wall_ns
        elif wall_ns - self._behind_ns >= self._PATIENCE_NS:
            return f"{text} on its way, still {ages.time_of_day(shown_ns)}"
        return text
