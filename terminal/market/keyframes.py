"""Copies of a whole market state at moments of the day, page by page and only what has changed, to go back to."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from terminal.market.page_kernel import PAGE_BYTES, hash_pages
from terminal.market.sequence_lock import SequenceLock
from terminal.market.state import MarketState

_Path = tuple[str, ...]
_Array = npt.NDArray[Any]
_Hashes = npt.NDArray[np.uint64]
_OWN = "terminal.market."
_PLAIN = (int, float, bool, str, type(None), np.generic)
_ENTRY_BYTES = 320
"""What a stored page costs beside its bytes: the key, the list and the objects."""


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


_Key = tuple[_Path, int]


@dataclass(slots=True)
class _Frame:
    number: int
    place: int
    ts_ns: int
    shapes: dict[_Path, tuple[tuple[int, ...], np.dtype[Any]]]
    links: dict[_Path, _Path]
    plain: dict[_Path, Any]
    hashes: dict[_Path, bytes]
    keys: list[_Key]


class Keyframes:
    """Frames of one state, ascending in their place; used by one thread. Older ones thin out at ``budget_bytes``.

    A place is a number of messages that were applied.
    """

    def __init__(self, budget_bytes: int = 40 << 20) -> None:
        self._budget_bytes = budget_bytes
        self._frames: list[_Frame] = []
        self._versions: dict[_Key, list[tuple[int, bytes]]] = {}
        self._newest: dict[_Path, _Hashes] = {}
        self._numbers = 0
        self.used_bytes = 0

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

    def take(self, state: MarketState, place: int, ts_ns: int) -> None:
        """Keeps ``state`` as it is after ``place`` messages; a place that is not after the newest does nothing."""
        if place <= self.last_place:
            return
        parts = _parts_of(state)
        number = self._numbers
        self._numbers += 1
        keys: list[_Key] = []
        packed: dict[_Path, bytes] = {}
        for path, array in parts.arrays.items():
            hashes = _hashes_of(array)
            before = self._newest.get(path)
            known = np.zeros(len(hashes), np.uint64)
            if before is not None:
                known[: len(before)] = before[: len(known)]
            raw = _bytes_of(array)
            for page in np.flatnonzero(hashes != known).tolist():
                body = zlib.compress(raw[page * PAGE_BYTES : (page + 1) * PAGE_BYTES].data, 1) if hashes[page] else b""
                self._versions.setdefault((path, page), []).append((number, body))
                self.used_bytes += len(body) + _ENTRY_BYTES
                keys.append((path, page))
            # Pages that a shrunken array lost are zeros if it ever grows again.
            self._newest[path] = hashes
            packed[path] = zlib.compress(hashes.data, 1)
            self.used_bytes += len(packed[path])
        for path in [each for each in self._newest if each not in parts.arrays]:
            del self._newest[path]
        shapes = {path: (array.shape, array.dtype) for path, array in parts.arrays.items()}
        self._frames.append(_Frame(number, place, ts_ns, shapes, parts.links, parts.plain, packed, keys))
        while self.used_bytes > self._budget_bytes and len(self._frames) > 2:
            self._drop(self._least_missed())

    def restore(self, state: MarketState, place: int) -> int | None:
        """Makes ``state`` what it was at the newest frame at or before ``place``; gives the frame's place.

        None, with nothing changed, when there is no such frame.
        """
        frame = next((each for each in reversed(self._frames) if each.place <= place), None)
        if frame is None:
            return None
        with ExitStack() as held:
            parts = _parts_of(state)
            for lock in parts.locks:
                held.enter_context(lock)
            self._put_back(state, _parts_of(state).arrays, frame)
        return frame.place

    def _put_back(self, state: MarketState, arrays: dict[_Path, _Array], frame: _Frame) -> None:
        changes: list[tuple[_Path, _Array]] = []
        pages: list[tuple[_Array, int, bytes]] = []
        for path, (shape, dtype) in frame.shapes.items():
            array = arrays.get(path)
            if array is None or array.shape != shape or array.dtype != dtype:
                array = np.zeros(shape, dtype)
                changes.append((path, array))
            wanted = np.frombuffer(zlib.decompress(frame.hashes[path]), np.uint64)
            pages += [
                (array, page, self._body((path, page), frame.number) if wanted[page] else b"")
                for page in np.flatnonzero(wanted != _hashes_of(array)).tolist()
            ]
        with state.writing():
            for path, array in changes:
                for each in (link for link, main in frame.links.items() if main == path):
                    _put(state, each, array)
            for array, page, body in pages:
                part = _bytes_of(array)[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]
                part[:] = np.frombuffer(zlib.decompress(body), np.uint8) if body else 0
            for path, value in frame.plain.items():
                _put(state, path, value.copy() if isinstance(value, dict | list | set) else value)

    def _body(self, key: _Key, number: int) -> bytes:
        return next(body for made, body in reversed(self._versions[key]) if made <= number)

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
        frame, after = self._frames[which], self._frames[which + 1]
        self.used_bytes -= sum(len(each) for each in frame.hashes.values())
        inherited = set(after.keys)
        for key in frame.keys:
            if key not in inherited:
                # The next frame still shows this page.
                after.keys.append(key)
                continue
            versions = self._versions[key]
            at = next(i for i, (made, _) in enumerate(versions) if made > frame.number) - 1
            self.used_bytes -= len(versions[at][1]) + _ENTRY_BYTES
            del versions[at]
        del self._frames[which]
