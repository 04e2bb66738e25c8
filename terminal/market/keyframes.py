"""Copies of a whole market state at moments of the day, page by page and only what has changed, to go back to."""

from __future__ import annotations

import logging
import math
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.market.page_file import PageFile
from terminal.market.page_kernel import PAGE_BYTES, hash_pages
from terminal.market.sequence_lock import SequenceLock
from terminal.market.state import MarketState

_Path = tuple[str, ...]
_Array = npt.NDArray[Any]
_Hashes = npt.NDArray[np.uint64]
_OWN = "terminal.market."
_PLAIN = (int, float, bool, str, type(None), np.generic)
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Parts:
    """What makes up a state: its arrays (each once, ``links``: every way to it), its single values, and the locks that
    its readers take before they change something."""

    arrays: dict[_Path, _Array] = field(default_factory=dict)
    links: dict[_Path, _Path] = field(default_factory=dict)
    plain: dict[_Path, Any] = field(default_factory=dict)
    locks: list[Any] = field(default_factory=list)


_LOCKS = (type(threading.Lock()), type(threading.RLock()))


def _attributes(owner: object) -> Iterator[tuple[str, Any]]:
    if hasattr(owner, "__dict__"):
        yield from vars(owner).items()
    for name in getattr(type(owner), "__slots__", ()):
        if hasattr(owner, name):
            yield name, getattr(owner, name)


def _parts_of(state: MarketState) -> _Parts:
    """Arrays and values of a state and of the stores that it is made of; what lies inside a dictionary or a list is
    taken as it is, and so must not be changed in place."""
    parts = _Parts()
    known: dict[int, _Path] = {}
    seen: set[int] = set()
    # The table is everybody's, the live market's too: what was listed since must not be taken back.
    shared = {id(value) for _, value in _attributes(state.table) if isinstance(value, np.ndarray)}
    waiting: deque[tuple[_Path, object]] = deque([((), state)])
    while waiting:
        path, owner = waiting.popleft()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        fields = getattr(owner, "_fields", None)
        items = zip(fields, owner, strict=True) if fields is not None else _attributes(owner)  # type: ignore[call-overload]
        for name, value in items:
            here = (*path, name)
            if id(value) in shared:
                continue
            if isinstance(value, np.ndarray):
                parts.links[here] = known.setdefault(id(value), here)
                parts.arrays.setdefault(parts.links[here], value)
            elif isinstance(value, _PLAIN):
                parts.plain[here] = value
            elif isinstance(value, dict | list | set):
                parts.plain[here] = value.copy()
            elif isinstance(value, _LOCKS):
                parts.locks.append(value)
            elif isinstance(value, SequenceLock):
                continue
            elif hasattr(value, "_fields") or type(value).__module__.startswith(_OWN):
                waiting.append((here, value))
    return parts


def _put(state: MarketState, path: _Path, value: object) -> None:
    """Sets one part; a field of a named tuple is set by putting a new tuple in its place."""
    owners: list[Any] = [state]
    for name in path[:-1]:
        owners.append(getattr(owners[-1], name))
    for owner, name in zip(reversed(owners), reversed(path), strict=True):
        if not hasattr(owner, "_fields"):
            object.__setattr__(owner, name, value)
            return
        value = owner._replace(**{name: value})


def _bytes_of(array: _Array) -> npt.NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def _hashes_of(array: _Array) -> _Hashes:
    """One number a page, the last page filled up with zeros."""
    raw = _bytes_of(array)
    whole = len(raw) // PAGE_BYTES
    hashes = np.zeros(whole + (len(raw) % PAGE_BYTES > 0), np.uint64)
    hash_pages(raw[: whole * PAGE_BYTES].view(np.uint64), hashes[:whole])
    if len(hashes) > whole:
        rest = np.zeros(PAGE_BYTES, np.uint8)
        rest[: len(raw) % PAGE_BYTES] = raw[whole * PAGE_BYTES :]
        hash_pages(rest.view(np.uint64), hashes[whole:])
    return hashes


_ENTRY = np.dtype([("page", "i4"), ("size", "i4"), ("slot", "i8"), ("hash", "u8")])
"""A page that is not as in the frame before: ``size`` bytes at ``slot`` of the file; a page of zeros has none."""

_Entries = npt.NDArray[np.void]
_Shape = tuple[tuple[int, ...], np.dtype[Any]]


@dataclass(slots=True)
class _Frame:
    place: int
    ts_ns: int
    shapes: dict[_Path, _Shape]
    links: dict[_Path, _Path]
    plain: dict[_Path, Any]
    entries: dict[_Path, _Entries]

    def pages_of(self, path: _Path) -> int:
        """How many pages an array has here; 0 where there is none."""
        if path not in self.shapes:
            return 0
        shape, dtype = self.shapes[path]
        return -(-math.prod(shape) * dtype.itemsize // PAGE_BYTES)


class Keyframes:
    """Frames of one state, ascending in their place; used by one thread. Older ones thin out at ``budget_bytes``.

    A place is a number of messages that were applied. What a frame holds lies in a file in ``folder`` that has no name;
    memory has only where.
    """

    def __init__(self, folder: Path, budget_bytes: int = 1 << 30) -> None:
        self._budget_bytes = budget_bytes
        self._frames: list[_Frame] = []
        self._newest: dict[_Path, _Hashes] = {}
        self._file = PageFile(folder)
        self._is_full = False

    @property
    def used_bytes(self) -> int:
        """Bytes of the file that hold pages."""
        return self._file.used_bytes

    @property
    def held_bytes(self) -> int:
        """Bytes of memory that say where they are."""
        frames = sum(entries.nbytes for frame in self._frames for entries in frame.entries.values())
        return frames + sum(hashes.nbytes for hashes in self._newest.values())

    @property
    def places(self) -> list[int]:
        """Places of all frames, ascending."""
        return [frame.place for frame in self._frames]

    def first_from(self, place: int) -> tuple[int, int] | None:
        """Place and time of the oldest frame at or after a place."""
        return next(((frame.place, frame.ts_ns) for frame in self._frames if frame.place >= place), None)

    @property
    def last_place(self) -> int:
        """Place of the newest frame; -1 before the first."""
        return self._frames[-1].place if self._frames else -1

    def take(self, state: MarketState, place: int, ts_ns: int) -> bool:
        """Keeps ``state`` as it is after ``place`` messages; False for a place that is not after the newest, and where
        the disk takes nothing."""
        if place <= self.last_place:
            return False
        parts = _parts_of(state)
        newest: dict[_Path, _Hashes] = {}
        entries: dict[_Path, _Entries] = {}
        try:
            for path, array in parts.arrays.items():
                newest[path] = _hashes_of(array)
                entries[path] = np.empty(0, _ENTRY)
                self._put_away(array, newest[path], self._newest.get(path), entries, path)
        except OSError as error:
            if not self._is_full:
                log.warning("the disk takes no keyframe: %s", error)
            self._is_full = True
            self._free(entries)
            # What an older one leaves can be written to, on a full disk too.
            if len(self._frames) > 2:
                self._drop(self._least_missed())
            return False
        self._is_full = False
        self._newest = newest
        shapes = {path: (array.shape, array.dtype) for path, array in parts.arrays.items()}
        self._frames.append(_Frame(place, ts_ns, shapes, parts.links, parts.plain, entries))
        while self.used_bytes > self._budget_bytes and len(self._frames) > 2:
            self._drop(self._least_missed())
        return True

    def _put_away(
        self, array: _Array, hashes: _Hashes, before: _Hashes | None, entries: dict[_Path, _Entries], path: _Path
    ) -> None:
        known = np.zeros(len(hashes), np.uint64)
        if before is not None:
            # Pages that a shrunken array lost are zeros if it ever grows again.
            known[: len(before)] = before[: len(known)]
        raw = _bytes_of(array)
        changed = np.flatnonzero(hashes != known)
        made = np.zeros(len(changed), _ENTRY)
        made["page"], made["hash"] = changed, hashes[changed]
        for number, page in enumerate(changed.tolist()):
            if hashes[page]:
                body = zlib.compress(raw[page * PAGE_BYTES : (page + 1) * PAGE_BYTES].data, 1)
                made["slot"][number] = self._file.write(body)
                made["size"][number] = len(body)
            entries[path] = made[: number + 1]

    def restore(self, state: MarketState, place: int) -> int | None:
        """Makes ``state`` what it was at the newest frame at or before ``place``; gives the frame's place.

        None, with nothing changed, when there is no such frame.
        """
        which = next((at for at in reversed(range(len(self._frames))) if self._frames[at].place <= place), None)
        if which is None:
            return None
        with ExitStack() as held:
            for lock in _parts_of(state).locks:
                held.enter_context(lock)
            self._put_back(state, _parts_of(state).arrays, which)
        return self._frames[which].place

    def _put_back(self, state: MarketState, arrays: dict[_Path, _Array], which: int) -> None:
        frame = self._frames[which]
        changes: list[tuple[_Path, _Array]] = []
        pages: list[tuple[_Array, int, bytes]] = []
        for path, (shape, dtype) in frame.shapes.items():
            array = arrays.get(path)
            if array is None or array.shape != shape or array.dtype != dtype:
                array = np.zeros(shape, dtype)
                changes.append((path, array))
            wanted = self._pages_at(path, which)
            for page in np.flatnonzero(wanted["hash"] != _hashes_of(array)).tolist():
                size, slot = int(wanted["size"][page]), int(wanted["slot"][page])
                pages.append((array, page, self._file.read(slot, size) if size else b""))
        with state.writing():
            for path, array in changes:
                for each in (link for link, main in frame.links.items() if main == path):
                    _put(state, each, array)
            for array, page, body in pages:
                part = _bytes_of(array)[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]
                part[:] = np.frombuffer(zlib.decompress(body), np.uint8) if body else 0
            for path, value in frame.plain.items():
                _put(state, path, value.copy() if isinstance(value, dict | list | set) else value)

    def _pages_at(self, path: _Path, which: int) -> _Entries:
        """All pages of an array as of a frame: the changes of every frame up to it, one over the other."""
        pages = np.zeros(max(frame.pages_of(path) for frame in self._frames[: which + 1]), _ENTRY)
        for frame in self._frames[: which + 1]:
            pages[frame.pages_of(path) :] = 0
            if path in frame.entries:
                entries = frame.entries[path]
                pages[entries["page"]] = entries
        return pages[: self._frames[which].pages_of(path)]

    def _least_missed(self) -> int:
        """The frame between whose neighbours the fewest messages lie, seen from now: older ones may lie further apart.

        The first and the newest stay.
        """
        newest = self._frames[-1].place
        gaps = [
            (self._frames[i + 1].place - self._frames[i - 1].place) / (1 + newest - self._frames[i].place)
            for i in range(1, len(self._frames) - 1)
        ]
        return 1 + int(np.argmin(gaps))

    def _drop(self, which: int) -> None:
        """Gives the next frame what it took over from this one, and frees the rest."""
        frame, after = self._frames[which], self._frames[which + 1]
        for path in after.shapes:
            own = after.entries[path]
            kept = frame.entries.get(path, own[:0])
            is_known = np.isin(kept["page"], own["page"])
            self._free({path: kept[is_known]})
            # What this frame did not have, or no more, were zeros for the next one.
            lost = np.setdiff1d(np.arange(frame.pages_of(path), after.pages_of(path)), own["page"])
            zeros = np.zeros(len(lost), _ENTRY)
            zeros["page"] = lost
            kept = kept[~is_known]
            inside = kept["page"] < after.pages_of(path)
            self._free({path: kept[~inside]})
            after.entries[path] = np.concatenate([own, kept[inside], zeros])
        self._free({path: entries for path, entries in frame.entries.items() if path not in after.shapes})
        del self._frames[which]

    def _free(self, entries: dict[_Path, _Entries]) -> None:
        for each in entries.values():
            for slot, size in zip(each["slot"].tolist(), each["size"].tolist(), strict=True):
                if size:
                    self._file.free(slot, size)

    def close(self) -> None:
        """Forgets all frames and gives the file back."""
        self._frames.clear()
        self._newest.clear()
        self._file.close()
