"""Whether prices may be trusted: a silent feed makes them stale; an unchanged contract or a closed market does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terminal.app.looking_back import looks_back
from terminal.app.ports import Health, HealthRow, HealthState, Past

FEED_KEY = "feed"


@dataclass(frozen=True, slots=True)
class FeedPulse:
    """Whether the feed is silent for too long, as the desk's health says."""

    is_silent: bool = False
    note: str = ""


def feed_pulse(rows: Iterable[HealthRow]) -> FeedPulse:
    """The pulse out of the health rows."""
    for row in rows:
        if row.key == FEED_KEY:
            return FeedPulse(row.state is HealthState.BAD, row.note or row.value)
    return FeedPulse()


class FeedWatch:
    """Asks for the pulse four times a second at most, for panels that refresh faster.

    ``past``: of a panel that shows it; what was quoted then does not age by the feed's silence now.
    """

    _EVERY_NS = 250_000_000

    def __init__(self, health: Health, past: Past | None = None) -> None:
        self._health, self._past = health, past
        self._pulse = FeedPulse()
        self._asked_ns: int | None = None

    def pulse(self, wall_ns: int) -> FeedPulse:
        """The pulse at most a quarter of a second old; ``wall_ns`` of any monotonic clock."""
        if looks_back(self._past):
            return FeedPulse()
        if self._asked_ns is None or wall_ns - self._asked_ns >= self._EVERY_NS:
            self._asked_ns = wall_ns
            self._pulse = feed_pulse(self._health.rows())
        return self._pulse
