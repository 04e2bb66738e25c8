"""Small pieces of bytes in a file without a name: written, read and given back one by one."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import IO

SLOT_BYTES = 512


class PageFile:
    """Used by one thread. The room of a piece that was given back is taken again by one of the same size in slots.

    What the disk does not take is held in memory, up to ``memory_bytes``.
    """

    def __init__(self, folder: Path, memory_bytes: int = 32 << 20) -> None:
        self.used_bytes = 0
        """Bytes of the slots in use."""
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._held: dict[int, bytes] = {}
        self._held_bytes = 0
        self._held_ever = 0
        self._file: IO[bytes] | None = None
        self._end = 0
        self._free: dict[int, list[int]] = {}

    def write(self, body: bytes) -> int:
        """Keeps ``body`` and gives its slot; raises OSError, with nothing kept, where nothing takes it."""
        try:
            slot = self._write(body)
        except OSError:
            if self._held_bytes + len(body) > self._memory_bytes:
                raise
            self._held_ever += 1
            slot = -self._held_ever
            self._held[slot] = body
            self._held_bytes += len(body)
        self.used_bytes += _slots(len(body)) * SLOT_BYTES
        return slot

    def _write(self, body: bytes) -> int:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - until close
        slots = _slots(len(body))
        free = self._free.get(slots)
        slot = free[-1] if free else self._end
        self._file.seek(slot * SLOT_BYTES)
        left = memoryview(body)
        while left:
            left = left[self._file.write(left) :]
        if free:
            free.pop()
        else:
            self._end += slots
        return slot

    def read(self, slot: int, size: int) -> bytes:
        """A piece that was written and not given back; raises OSError when it cannot be read whole."""
        if slot in self._held:
            return self._held[slot]
        if self._file is None:
            raise OSError("nothing was written")
        self._file.seek(slot * SLOT_BYTES)
        body = self._file.read(size)
        if len(body) != size:
            raise OSError("the file is shorter than what was written to it")
        return body

    def free(self, slot: int, size: int) -> None:
        """Gives a piece back."""
        self.used_bytes -= _slots(size) * SLOT_BYTES
        if slot in self._held:
            self._held_bytes -= len(self._held.pop(slot))
        else:
            self._free.setdefault(_slots(size), []).append(slot)

    def close(self) -> None:
        """Forgets everything and gives the file back."""
        file, self._file = self._file, None
        self._free.clear()
        self._held.clear()
        self._end = self._held_bytes = self.used_bytes = 0
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def _slots(size: int) -> int:
    return -(-size // SLOT_BYTES)
