"""The tape: a ring of messages from one writer thread to one reader thread, without loss.

The writer blocks (or is told that there is no room) instead of overwriting; lag is visible at all times.
"""

from __future__ import annotations

import threading

import numpy as np

from terminal.core.messages import MESSAGE, Batch

SPARE = 8_192
"""Messages behind the ring's end that are copies of those at its begin."""


class TapeClosedError(RuntimeError):
    """The other end has gone."""


class Tape:
    """Single producer, single consumer. ``capacity`` in messages, a power of two."""

    def __init__(self, capacity: int = 1 << 18) -> None:
        if capacity < 2 or capacity & (capacity - 1):
            raise ValueError(f"a tape's capacity is a power of two, was {capacity}")
        self.capacity = capacity
        self._spare = min(capacity, SPARE)
        self._ring = np.zeros(capacity + self._spare, MESSAGE)
        self._written = 0
        self._read = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def memory(self) -> Batch:
        """The ring itself, which any session fills."""
        return self._ring

    @property
    def lag(self) -> int:
        """Messages written and not yet read."""
        return self._written - self._read

    @property
    def written(self) -> int:
        """Messages ever written."""
        return self._written

    def has_room(self, count: int) -> bool:
        """Whether ``count`` messages fit now."""
        return self.capacity - self.lag >= count

    def write(self, batch: Batch, timeout_s: float | None = None) -> bool:
        """Copies ``batch`` in, in parts if it is larger than the ring; False when time ran out before all was in.

        Raises TapeClosedError when the tape is closed. A caller on an event loop asks :meth:`has_room` first.
        """
        done = 0
        while done < len(batch):
            with self._changed:
                if not self._changed.wait_for(lambda: self._closed or self.lag < self.capacity, timeout_s):
                    return False
                if self._closed:
                    raise TapeClosedError("the tape is closed")
                count = min(len(batch) - done, self.capacity - self.lag)
            start = self._written & (self.capacity - 1)
            first = min(count, self.capacity - start)
            self._ring[start : start + first] = batch[done : done + first]
            self._ring[: count - first] = batch[done + first : done + count]
            with self._changed:
                self._written += count
                self._changed.notify_all()
            done += count
        return True

    def peek(self, most: int = 1 << 16) -> Batch:
        """A view of the oldest unread messages, contiguous, perhaps empty; valid until :meth:`release`.

        Those at the ring's end come with up to SPARE of those at its begin, so that what belongs together need not be
        cut there.
        """
        start = self._read & (self.capacity - 1)
        count = min(self.lag, most, self.capacity + self._spare - start)
        over = start + count - self.capacity
        if over > 0:
            self._ring[self.capacity : self.capacity + over] = self._ring[:over]
        return self._ring[start : start + count]

    def unread(self) -> tuple[Batch, Batch]:
        """Views of all unread messages: up to the ring's end, and what has wrapped around, perhaps empty."""
        start, count = self._read & (self.capacity - 1), self.lag
        first = min(count, self.capacity - start)
        return self._ring[start : start + first], self._ring[: count - first]

    def release(self, count: int) -> None:
        """Gives the oldest ``count`` messages' room back to the writer."""
        if not 0 <= count <= self.lag:
            raise ValueError(f"cannot release {count} of {self.lag} messages")
        with self._changed:
            self._read += count
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is something to read, the tape closes or :meth:`wake` is called; True when readable."""
        with self._changed:
            if self.lag == 0 and not self._closed:
                self._changed.wait(timeout_s)
            return self.lag > 0

    def wake(self) -> None:
        """Ends a wait early: a command has come for the reader."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Ends both sides; what is in the ring can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed
