"""The messages between the market and the database: a ring, the batch being written, and the spill file between."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from terminal.core.messages import MESSAGE, Batch
from terminal.core.tape import Tape
from terminal.store.bar_rows import Bars
from terminal.store.connection import Connection, one_row
from terminal.store.minutes import SessionMinutes
from terminal.store.newest import NewestMessages
from terminal.store.spill import SpillFile

log = logging.getLogger(__name__)
_NONE: Batch = np.empty(0, MESSAGE)
_PART = 1 << 18
_TAKEN_AT_ONCE = 1 << 13
_LET_READ_S = 0.00005
_KEPT_AT_ONCE = 1 << 12
T = TypeVar("T")


class WaitingMessages:
    """First in, first out: in hand, then spilled, then in the ring. One thread offers, one takes, one may spill."""

    def __init__(self, capacity: int, spill: SpillFile, session_source: int = 0) -> None:
        """``capacity`` of the ring in messages, a power of two. ``session_source``: what the session itself records."""
        self.half_full = threading.Event()
        """Set when the ring is half full or more."""
        self.newest = NewestMessages()
        """Of every instrument; see :meth:`read_newest`."""
        self.minutes = SessionMinutes()
        """Of every instrument; see :meth:`read_minutes`."""
        self._session_source = session_source
        self._ring = Tape(capacity)
        self._released = 0
        self._kept = 0
        self._in_minutes = 0
        self._spill = spill
        self._in_hand = _NONE
        self._in_hand_spilled = False
        # A reader takes both, in this order. The taking thread holds the first over a commit, the spilling one only
        # the second, so that a slow commit does not hold it up.
        self._hot = threading.Lock()
        self._consuming = threading.Lock()

    @property
    def memory(self) -> tuple[Batch, ...]:
        """What any session fills."""
        return self._ring.memory, self.newest.memory

    @property
    def capacity(self) -> int:
        """Messages that the ring holds."""
        return self._ring.capacity

    @property
    def ring_lag(self) -> int:
        """Messages in the ring."""
        return self._ring.lag

    @property
    def spilled(self) -> int:
        """Messages in the spill file."""
        return self._spill.pending

    @property
    def lag(self) -> int:
        """All messages that are not in the database."""
        return self._ring.lag + self._spill.pending + len(self._in_hand)

    @property
    def is_half_full(self) -> bool:
        """Whether the ring is half full or more."""
        return self._ring.lag * 2 >= self._ring.capacity

    def offer(self, batch: Batch, timeout_s: float) -> bool:
        """See :meth:`Recorder.offer`."""
        if len(batch) > self.capacity:
            raise ValueError(f"a batch of {len(batch)} messages is larger than the recorder's ring of {self.capacity}")
        until = time.monotonic() + timeout_s
        while not self._ring.has_room(len(batch)):
            self.half_full.set()
            if time.monotonic() >= until:
                return False
            time.sleep(0.0005)
        self._ring.write(batch)
        if self.is_half_full:
            self.half_full.set()
        return True

    def take(self, most: int) -> Batch:
        """The oldest messages, which are in hand until :meth:`commit`; the same again after a failed commit."""
        if len(self._in_hand):
            return self._in_hand
        with self._hot, self._consuming:
            self._in_hand = self._spill.take(most)
            self._in_hand_spilled = len(self._in_hand) > 0
        if not self._in_hand_spilled:
            self._take_ring(most)
        return self._in_hand

    def _take_ring(self, most: int) -> None:
        """Part by part, since a reader of the newest rows waits for the lock."""
        room = np.empty(min(most, self._ring.lag), MESSAGE)
        taken = 0
        while taken < len(room):
            with self._hot, self._consuming:
                view = self._ring.peek(min(_TAKEN_AT_ONCE, len(room) - taken))
                # What went to the spill file meanwhile is newer than what is in hand, and older than the ring.
                if len(view) == 0 or self._spill.pending:
                    break
                room[taken : taken + len(view)] = view
                taken += len(view)
                self._in_hand = room[:taken]
                self._release(len(view))
            time.sleep(_LET_READ_S)

    def spill_mark(self) -> tuple[str, int] | None:
        """Name of the spill file and messages of it that are stored once what is in hand is; None if not from it."""
        return (self._spill.name, self._spill.taken) if self._in_hand_spilled else None

    def commit(self, now: Callable[[], None]) -> None:
        """Calls ``now``, which makes what is in hand lasting, so that a reader sees it either here or there."""
        with self._hot:
            now()
            self._in_hand = _NONE
        with self._consuming:
            if self._in_hand_spilled and self._spill.pending == 0:
                self._spill.discard()
            self._in_hand_spilled = False

    def spill_ring(self) -> None:
        """Moves all that is in the ring to the spill file; raises OSError, and moves nothing more, when it cannot."""
        with self._consuming:
            while self._ring.lag:
                view = self._ring.peek(self._ring.capacity)
                self._spill.append(view)
                self._release(len(view))
        self.half_full.clear()

    def drop_ring(self) -> Batch:
        """Empties the ring, since nothing can be written anywhere; gives what was in it, to be counted as missing."""
        with self._hot, self._consuming:
            return self._empty_ring()

    def snapshot(self, connection: Connection, instrument: int) -> Batch:
        """Begins a reading transaction and gives the instrument's messages that it does not see, oldest first.

        Database and memory together hold every message offered, and each once.
        """
        with self._hot, self._consuming:
            connection.execute("BEGIN TRANSACTION READ ONLY")
            # DuckDB decides what a transaction sees at its first look at the tables.
            one_row(connection, "SELECT 1 FROM schema_version LIMIT 1")
            in_hand = self._in_hand
            ring = [part[part["instrument"] == instrument] for part in self._ring_parts()]
            spilled = self._spill.view()
        # What is in hand is never written to, and a spill file is only appended to: both can be read without locks.
        older = [in_hand[in_hand["instrument"] == instrument]]
        for at in range(0, len(spilled), _PART):
            part = spilled[at : at + _PART]
            older.append(part[part["instrument"] == instrument])
        return np.concatenate(older + ring)

    def leave(self) -> None:
        """Puts what is not in the database into spill files for the next start; raises OSError when it cannot."""
        with self._hot, self._consuming:
            rest = self._empty_ring()
            if len(rest):
                self._spill.append(rest)
            self._spill.leave(_NONE if self._in_hand_spilled else self._in_hand)
            self._in_hand = _NONE

    def keep(self) -> None:
        """Takes in what came, for :attr:`newest` and :attr:`minutes`; any thread but the offering one."""
        for _ in range(self.capacity // _KEPT_AT_ONCE + 1):
            with self._consuming:
                if not self._keep_some() + self._keep_some_minutes():
                    return

    def read_newest(self, read: Callable[[NewestMessages, Batch], T], instrument: int) -> T:
        """What ``read`` makes of the newest rows and of the instrument's messages that are not among them yet."""
        with self._consuming:
            self._keep_some()
            return read(self.newest, self._ring_of(instrument, self._kept))

    def read_minutes(self, instrument: int) -> Bars | None:
        """All minutes of the session; see :meth:`SessionMinutes.read`."""
        with self._consuming:
            self._keep_some_minutes()
            return self.minutes.read(instrument, self._ring_of(instrument, self._in_minutes), self._session_source)

    def _ring_of(self, instrument: int, after: int) -> Batch:
        parts = [part[part["instrument"] == instrument] for part in self._ring_parts(after)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _keep_some(self, most: int = _KEPT_AT_ONCE) -> int:
        """No more at once than a reader can wait for; gives how many."""
        part = next((each[:most] for each in self._ring_parts(self._kept) if len(each)), _NONE)
        self.newest.take_in(part)
        self._kept += len(part)
        return len(part)

    def _keep_some_minutes(self, most: int = _KEPT_AT_ONCE) -> int:
        part = next((each[:most] for each in self._ring_parts(self._in_minutes) if len(each)), _NONE)
        try:
            self.minutes.take_in(part, self._session_source)
        except Exception:
            # What is only there to answer faster must not stop the recording.
            log.exception("the session's minutes are read from the database from now on")
            self.minutes.give_up()
        self._in_minutes += len(part)
        return len(part)

    def _release(self, count: int) -> None:
        while self._kept < self._released + count:
            self._keep_some(self.capacity)
        while self._in_minutes < self._released + count:
            self._keep_some_minutes(self.capacity)
        self._released += count
        self._ring.release(count)

    def _empty_ring(self) -> Batch:
        parts = [_NONE]
        while self._ring.lag:
            view = self._ring.peek(self.capacity)
            parts.append(view.copy())
            self._release(len(view))
        return np.concatenate(parts)

    def _ring_parts(self, after: int = 0) -> list[Batch]:
        """Views of the unread messages of the ring, without the first ``after`` that were ever offered; the caller
        holds the lock of what consumes."""
        first, wrapped = self._ring.unread()
        skipped = max(0, after - self._released)
        return [first[skipped:], wrapped[max(0, skipped - len(first)) :]] if len(wrapped) else [first[skipped:]]
