"""One writer, many readers who copy: readers never hold the writer up, and never see half a batch."""

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

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around every change; one writer at a time."""
        with self._lock:
            self._sequence += 1
            try:
                yield
            finally:
                self._sequence += 1

    def copy(self, read: Callable[[], _T]) -> _T:
        """What ``read`` returns, of a moment at which nothing was written; ``read`` must copy and may run again."""
        for _ in range(_OPTIMISTIC_TRIES):
            before = self._sequence
            if before % 2 == 0:
                result = read()
                if self._sequence == before:
                    return result
            time.sleep(0)
        with self._lock:
            return read()
