"""The newest depth updates of one book, kept until a snapshot needs them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from terminal.core.messages import NO_SEQUENCE

_MOST_BYTES = 8 << 20
_MOST_UPDATES = 1 << 14


@dataclass(frozen=True, slots=True)
class DepthUpdate:
    """Sequence numbers of an update and its levels as JSON. ``previous``: of the one before, where the venue says."""

    first: int
    last: int
    previous: int
    bids: bytes
    asks: bytes


class RecentUpdates:
    """Updates in the order they came, a few seconds of a busy book (at most 8 MB)."""

    def __init__(self, is_spot: bool) -> None:
        self._is_spot = is_spot
        self._updates: deque[DepthUpdate] = deque(maxlen=_MOST_UPDATES)
        self._bytes = 0

    @property
    def last(self) -> int:
        """Sequence of the update that came last, -1 before the first."""
        return self._updates[-1].last if self._updates else NO_SEQUENCE

    def add(self, update: DepthUpdate) -> None:
        """Keeps an update; the oldest go when there are too many."""
        if len(self._updates) == self._updates.maxlen:
            self._drop()
        self._updates.append(update)
        self._bytes += len(update.bids) + len(update.asks)
        while self._bytes > _MOST_BYTES:
            self._drop()

    def after(self, sequence: int) -> list[DepthUpdate]:
        """What brings a snapshot that holds everything up to ``sequence`` up to date, as far as nothing is missing."""
        found: list[DepthUpdate] = []
        for update in self._updates:
            if update.last <= sequence:
                continue
            if found:
                follows = self._follows(update, found[-1].last)
            else:
                # Spot: U <= lastUpdateId + 1 <= u; futures: U <= lastUpdateId <= u, or it follows exactly.
                follows = update.first <= sequence + 1 or update.previous == sequence
            if not follows:
                break
            found.append(update)
        return found

    def _follows(self, update: DepthUpdate, last: int) -> bool:
        if self._is_spot or update.previous == NO_SEQUENCE:
            return update.first == last + 1
        return update.previous == last

    def _drop(self) -> None:
        gone = self._updates.popleft()
        self._bytes -= len(gone.bids) + len(gone.asks)
