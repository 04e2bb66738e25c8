"""Messages on their way from a thread that must not wait to one that may be late."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import IO

import numpy as np

from terminal.core.messages import MESSAGE, Batch

_PART = 1 << 15


class MessageInbox:
    """First in, first out; one thread puts, one takes. What is over ``memory_messages`` waits in a file in ``folder``
    that has no name."""

    def __init__(self, folder: Path, memory_messages: int = 1 << 18) -> None:
        self._folder = folder
        self._memory_messages = memory_messages
        self._lock = threading.Lock()
        self._held: deque[Batch] = deque()
        self._held_count = 0
        self._file: IO[bytes] | None = None
        self._written = 0
        self._read = 0

    @property
    def count(self) -> int:
        """Messages that were not taken."""
        return self._held_count + self._written - self._read

    def put(self, batch: Batch) -> None:
        """Keeps a copy: the caller's array may be used again. Raises OSError where the disk takes nothing, after which
        the messages are not in order any more."""
        with self._lock:
            if self._written == self._read and self._held_count + len(batch) <= self._memory_messages:
                self._held.append(batch.copy())
                self._held_count += len(batch)
            else:
                self._put_away(np.ascontiguousarray(batch))

    def take(self) -> Batch | None:
        """The oldest messages, as many as come at once; None when there are none."""
        with self._lock:
            if self._held:
                batch = self._held.popleft()
                self._held_count -= len(batch)
                return batch
            if self._file is None or self._written == self._read:
                return None
            part = np.empty(min(_PART, self._written - self._read), MESSAGE)
            self._file.seek(self._read * MESSAGE.itemsize)
            if self._file.readinto(part.view(np.uint8).data) != part.nbytes:  # type: ignore[attr-defined]
                raise OSError("the file of what waits is shorter than what was written to it")
            self._read += len(part)
            if self._read == self._written:
                self._read = self._written = 0
                self._file.truncate(0)
            return part

    def close(self) -> None:
        """Forgets everything and gives the file back."""
        with self._lock:
            self._held.clear()
            self._held_count = self._written = self._read = 0
            file, self._file = self._file, None
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()

    def _put_away(self, batch: Batch) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - it outlives the call
        self._file.seek(self._written * MESSAGE.itemsize)
        data = batch.view(np.uint8).data
        while len(data):
            data = data[self._file.write(data) :]
        self._written += len(batch)
