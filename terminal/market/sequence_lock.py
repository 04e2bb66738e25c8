"""One writer, many readers who copy: readers hold the writer up for a copy at the most, and never see half a batch.

A writer that goes from one change to the next would keep a waiting reader out for as long as it has work: Python's
locks know no queue. So a reader waits in a turnstile, through which the writer must pass before each change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_T = TypeVar("_T")
_OPTIMISTIC_TRIES = 4


class SequenceLock:
    """The counter is odd while the writer is at work; a reader whose copy saw it move tries again."""

    def __init__(self) -> None:
        self._sequence = 0
        self._lock = threading.Lock()
        self._turnstile = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around every change; one writer at a time."""
        with self._turnstile:
            self._lock.acquire()
        try:
            self._sequence += 1
            try:
                yield
            finally:
                self._sequence += 1
        finally:
            self._lock.release()

    def copy(self, read: Callable[[], _T]) -> _T:
        """What ``read`` returns, of a moment at which nothing was written; ``read`` must copy and may run again."""
        for _ in range(_OPTIMISTIC_TRIES):
            before = self._sequence
            if before % 2 == 0:
                result = read()
                if self._sequence == before:
                    return result
            time.sleep(0)
        with self._turnstile, self._lock:
            return read()
