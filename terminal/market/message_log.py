"""All messages of a run in the order in which they were applied, packed: to look back at any moment of it."""

from __future__ import annotations

import bisect
import contextlib
import logging
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from terminal.core.messages import MESSAGE, Batch

log = logging.getLogger(__name__)
CHUNK = 1 << 15
_UNPACKED_KEPT = 3
_FIELDS = [name for name in MESSAGE.names or () if name != "recv_ns"]


@dataclass(slots=True)
class _Chunk:
    """CHUNK messages; ``body`` None once they lie in the file at ``offset``. ``last_ns``: the latest time so far."""

    last_ns: int
    size: int
    body: bytes | None
    offset: int = -1


class MessageLog:
    """Appended to and read by one thread. Chunks over ``memory_bytes`` go to a file in ``folder`` that has no name.

    Where that file takes nothing more, the oldest messages are forgotten. ``recv_ns`` is not kept and reads as 0.
    """

    def __init__(self, folder: Path, memory_bytes: int = 8 << 20) -> None:
        self.count = 0
        """Messages ever appended."""
        self.first = 0
        """Place of the first message that is still known."""
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._held_bytes = 0
        self._chunks: list[_Chunk] = []
        self._open = np.empty(CHUNK, MESSAGE)
        self._last_ns = -(2**63)
        self._to_file = 0
        self._file: IO[bytes] | None = None
        self._file_end = 0
        self._unpacked: dict[int, Batch] = {}

    @property
    def last_ns(self) -> int:
        """The latest time so far."""
        return self._last_ns

    def append(self, batch: Batch) -> None:
        """Takes in messages."""
        done = 0
        while done < len(batch):
            filled = self.count % CHUNK
            part = batch[done : done + CHUNK - filled]
            self._open[filled : filled + len(part)] = part
            self._last_ns = max(self._last_ns, int(part["ts_ns"].max()))
            self.count += len(part)
            done += len(part)
            if self.count % CHUNK == 0:
                self._close_chunk()

    def place_of(self, ts_ns: int) -> int:
        """How many messages had been applied when everything stamped up to ``ts_ns`` was in: one that is stamped before
        an earlier one counts as of the time already reached."""
        chunk = bisect.bisect_right(self._chunks, ts_ns, key=lambda each: each.last_ns)
        before_ns = self._chunks[chunk - 1].last_ns if chunk else -(2**63)
        reached = np.maximum(np.maximum.accumulate(self._messages(chunk)["ts_ns"]), before_ns)
        return chunk * CHUNK + int(np.searchsorted(reached, ts_ns, "right"))

    def time_of(self, place: int) -> int | None:
        """Stamp of the message at a place; None at the end."""
        return int(self._messages(place // CHUNK)["ts_ns"][place % CHUNK]) if place < self.count else None

    def read(self, start: int, stop: int) -> Batch:
        """Messages from ``start`` on, up to ``stop`` or to where a chunk ends; not to be written to."""
        chunk = start // CHUNK
        return self._messages(chunk)[start % CHUNK : min(stop - chunk * CHUNK, CHUNK)]

    def close(self) -> None:
        """Forgets everything and gives the file back."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
        self._chunks.clear()
        self._unpacked.clear()
        self.first = self.count

    def _messages(self, chunk: int) -> Batch:
        if chunk >= len(self._chunks):
            return self._open[: self.count % CHUNK]
        if chunk not in self._unpacked:
            while len(self._unpacked) >= _UNPACKED_KEPT:
                del self._unpacked[next(iter(self._unpacked))]
            self._unpacked[chunk] = _unpack(self._body(self._chunks[chunk]))
        else:
            self._unpacked[chunk] = self._unpacked.pop(chunk)
        return self._unpacked[chunk]

    def _body(self, chunk: _Chunk) -> bytes:
        if chunk.body is not None:
            return chunk.body
        if self._file is None or chunk.offset < 0:
            raise ValueError("these messages are not known any more")
        self._file.seek(chunk.offset)
        return self._file.read(chunk.size)

    def _close_chunk(self) -> None:
        body = _pack(self._open)
        self._chunks.append(_Chunk(self._last_ns, len(body), body))
        self._held_bytes += len(body)
        while self._held_bytes > self._memory_bytes and self._to_file < len(self._chunks):
            self._put_away(self._chunks[self._to_file])
            self._to_file += 1

    def _put_away(self, chunk: _Chunk) -> None:
        body, chunk.body = chunk.body or b"", None
        self._held_bytes -= len(body)
        try:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                # Without a buffer: what a full disk did not take must not be tried again at every later call.
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - for the whole run
            offset, left = self._file_end, memoryview(body)
            self._file.seek(offset)
            while left:
                left = left[self._file.write(left) :]
            chunk.offset, self._file_end = offset, offset + len(body)
        except OSError as error:
            if self.first <= self._to_file * CHUNK:
                log.warning("messages to look back at are forgotten: %s", error)
            self.first = (self._to_file + 1) * CHUNK


def _pack(batch: Batch) -> bytes:
    """Column by column and byte by byte, times as differences: like stands beside like."""
    columns = []
    for name in _FIELDS:
        column = np.ascontiguousarray(batch[name])
        if name == "ts_ns":
            column = np.diff(column, prepend=np.int64(0))
        columns.append(np.ascontiguousarray(column.view(np.uint8).reshape(len(batch), -1).T).reshape(-1))
    return zlib.compress(np.concatenate(columns).data, 1)


def _unpack(body: bytes) -> Batch:
    raw = np.frombuffer(zlib.decompress(body), np.uint8)
    count = len(raw) // sum(MESSAGE[name].itemsize for name in _FIELDS)
    batch = np.zeros(count, MESSAGE)
    at = 0
    for name in _FIELDS:
        width = MESSAGE[name].itemsize
        planes = raw[at : at + width * count].reshape(width, count)
        column = np.ascontiguousarray(planes.T).reshape(-1).view(MESSAGE[name])
        batch[name] = np.cumsum(column) if name == "ts_ns" else column
        at += width * count
    return batch
