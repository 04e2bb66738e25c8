"""Where messages came from: one number a file and part of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Begin = Callable[[str, str, str, int], tuple[int, bool]]
"""Told of a new source (kind, name, sha256, interval_s); gives its number and whether it is stored completely."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or one day's part of a file that spans many days.

    ``id``: the number in the ``source`` column of messages. ``kind``: what it holds, like ``lean option_quote minute``.
    ``name``: its path inside the folder, with the part after ``#``. ``sha256``: hex digest of the file's bytes.
    ``interval_s``: length of its bars, 0 for none. ``is_stored``: the database has all of it.
    """

    id: int
    kind: str
    name: str
    sha256: str
    interval_s: int
    is_stored: bool = False


class SourceTable:
    """Sources by number; 0 means none: what the calendar added. Append-only; any thread.

    ``begin``: where numbers come from, such as the recorder; without it they count from 1. ``layout``: what the
    database calls files of this sort, imported or replayed: the same, so that neither is written twice.
    """

    def __init__(self, begin: Begin | None = None, *, layout: str = "lean") -> None:
        self.layout = layout
        self._begin = begin
        self._rows: dict[int, Source] = {}
        self._known: dict[tuple[str, str, str], Source] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Source]:
        return iter(tuple(self._rows.values()))

    def add(self, kind: str, name: str, sha256: str, interval_s: int, part: str = "") -> Source:
        """The row of this content, made if it is new. The same bytes under another name are another source."""
        shown = f"{name}#{part}" if part else name
        key = (kind, shown, sha256)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                number, is_stored = (
                    self._begin(kind, shown, sha256, interval_s) if self._begin else (len(self._rows) + 1, False)
                )
                known = Source(number, kind, shown, sha256, interval_s, is_stored)
                self._known[key] = self._rows[number] = known
            return known

    def get(self, number: int) -> Source:
        """The row of a number; LookupError when there is none."""
        try:
            return self._rows[number]
        except KeyError:
            raise LookupError(f"no source has the number {number}") from None
