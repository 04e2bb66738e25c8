"""Recorded files that are one stream of messages each: what a feed and an import need of them, and their merging."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from terminal.core.messages import Batch, empty_batch
from terminal.infra.failures import UsageError, WorkFailed
from terminal.market.importers.report import FileReport


class NoSuchStream(UsageError):
    """The file or folder does not hold what was asked for."""


class UnreadableStream(WorkFailed):
    """A file that is not what its name or beginning says."""


class Refused(Exception):
    """A message or record that is not kept; ``reason`` is one of the texts of its importer's ``refusals``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CutOff(Exception):
    """The file ends in the middle of something or is damaged; everything before it was given."""


def content_sha256(path: Path) -> str:
    """Hex digest of a file's bytes; raises UnreadableStream."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise UnreadableStream(f"{path} cannot be read: {problem.strerror or problem}.") from problem


class RecordedStream(Protocol):
    """One file. Its instruments are in the table when it is made."""

    path: Path
    first_ns: int
    """Market time of its first message."""
    last_ns: int
    """Market time of its last one."""
    kind: str
    """The report's name of its rows, and the source's kind."""
    interval_s: int
    """Length of its bars, 0 when it has single trades or none."""

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes."""
        ...

    def batches(self, source: int, report: FileReport) -> Iterator[Batch]:
        """Its messages from the start, ascending in time, ``order`` set; rows are counted into ``report``."""
        ...


class InstantNumbers:
    """Sets ``order``, the rank inside an instant, over batches that follow each other in time."""

    def __init__(self) -> None:
        self._last_ns = -1
        self._next = 0

    def number(self, batch: Batch) -> Batch:
        """The batch itself, numbered."""
        if len(batch) == 0:
            return batch
        ts_ns = batch["ts_ns"]
        places = np.arange(len(batch))
        begins = np.flatnonzero(np.diff(ts_ns, prepend=ts_ns[0] - 1))
        lengths = np.diff(begins, append=len(batch))
        order = places - np.repeat(begins, lengths)
        if int(ts_ns[0]) == self._last_ns:
            order[: lengths[0]] += self._next
        batch["order"] = order
        self._last_ns = int(ts_ns[-1])
        self._next = int(order[-1]) + 1
        return batch


def merged(streams: Iterable[Iterator[Batch]]) -> Iterator[Batch]:
    """Batches of all streams in one order by time; at one instant those of the stream that is named first come first.

    How the streams cut their batches changes nothing.
    """
    heads = [_Head(each) for each in streams]
    if len(heads) == 1:
        yield from heads[0].rest()
        return
    numbers = InstantNumbers()
    while heads:
        for head in heads:
            head.fill()
        # Below the earliest end of a head nothing can come any more; at it, something still can.
        open_ends = [head.last_ns for head in heads if not head.is_over]
        safe_ns = min(open_ends) if open_ends else None
        parts = [head.before(safe_ns) for head in heads]
        whole = np.concatenate(parts)
        if len(whole):
            yield numbers.number(whole[np.argsort(whole["ts_ns"], kind="stable")])
        elif safe_ns is not None:
            next(head for head in heads if not head.is_over and head.last_ns == safe_ns).grow()
        heads = [head for head in heads if not head.is_empty]


class _Head:
    """What is known of a stream and not yet given on."""

    def __init__(self, stream: Iterator[Batch]) -> None:
        self._stream = stream
        self._batch = empty_batch(0)
        self.is_over = False

    @property
    def last_ns(self) -> int:
        """Time of the last message that is known."""
        return int(self._batch["ts_ns"][-1])

    @property
    def is_empty(self) -> bool:
        """True when nothing is left and nothing comes."""
        return self.is_over and len(self._batch) == 0

    def fill(self) -> None:
        """Has at least one message, unless the stream is over."""
        while not self.is_over and len(self._batch) == 0:
            self.grow()

    def grow(self) -> None:
        """Takes one more batch."""
        more = next(self._stream, None)
        if more is None:
            self.is_over = True
        else:
            self._batch = np.concatenate((self._batch, more)) if len(self._batch) else more

    def before(self, ts_ns: int | None) -> Batch:
        """Takes the messages before a time, all when it is None."""
        until = len(self._batch) if ts_ns is None else int(np.searchsorted(self._batch["ts_ns"], ts_ns, "left"))
        taken: Batch = self._batch[:until]
        self._batch = self._batch[until:]
        return taken

    def rest(self) -> Iterator[Batch]:
        """Everything, batch by batch."""
        yield from self._stream
