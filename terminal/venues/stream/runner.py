"""Brings a stream feed to the tape: reads, decodes, waits for room, connects again. One asyncio task on the io thread.

The socket is not read while the tape has no room, so the feed's program feels the back-pressure and nothing is lost.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from terminal.core.messages import (
    FIRST_SEQUENCE,
    LAST_SEQUENCE,
    NO_SEQUENCE,
    PREVIOUS_SEQUENCE,
    Batch,
    Kind,
    clock_message,
    empty_batch,
)
from terminal.core.tape import Tape
from terminal.infra.calendars import Calendars
from terminal.venues.stream.connection import Address, Connection, Refused
from terminal.venues.stream.decode import Decoder
from terminal.venues.stream.listing import Listing
from terminal.venues.stream.phases import DayPhases
from terminal.venues.stream.protocol import (
    MOST_MESSAGES,
    BadFrame,
    Columns,
    End,
    FeedFrame,
    Heartbeat,
    Hello,
    Instruments,
    Rows,
    Snapshot,
    parse_feed_frame,
)

if TYPE_CHECKING:
    from terminal.venues.stream.feed import StreamFeed

log = logging.getLogger(__name__)
GATHER_S = 0.004
"""Bytes that come within this time travel together: one batch for the engine instead of one a frame."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 15.0
_LOOK_S = 0.05
MUTE_BEATS = 3.0
"""After so many heartbeats that did not come the feed is mute, and its prices are stale."""
DEAD_BEATS = 10.0
"""After so many the connection is given up and made anew."""
SNAPSHOT_EVERY_S = 1.0
"""A feed that loses frames all the time is not asked for snapshots all the time."""
MOST_BAD_FRAMES = 50
"""So many unreadable frames one after the other are no feed any more."""


class StreamRunner:
    """Implements ``market.feed.Runner``. ``first``: the connection that the desk was opened with."""

    def __init__(
        self,
        feed: StreamFeed,
        address: Address,
        first: Connection,
        listing: Listing,
        calendars: Calendars,
        tape: Tape,
        *,
        seed: int | None = None,
    ) -> None:
        self.feed = feed
        self.paused = False
        self.ended = False
        self.finished = False
        self.failure: BaseException | None = None
        self._address = address
        self._connection: Connection | None = first
        self._mode = first.hello.mode
        self._heartbeat_s = first.hello.heartbeat_s
        self._listing = listing
        self._tape = tape
        self._decoder = Decoder(first.hello.ts_ns, is_live=feed.is_live)
        start_ns = first.hello.ts_ns
        self._phases = None if first.hello.phases else DayPhases(listing.table, calendars, listing.products, start_ns)
        self._scratch = empty_batch(2 * MOST_MESSAGES)
        self._used = 0
        self._last_seq = 0
        self._bad_in_a_row = 0
        self._trouble = ""
        self._counts: dict[str, int] = {}
        self._wants_snapshot = False
        self._has_missed = False
        """Frames are lost, and no snapshot has come since: any price may be an old one."""
        self._asked_at = -SNAPSHOT_EVERY_S
        self._chance = random.Random(seed)  # noqa: S311 - how long to wait is no secret
        self._stopping = threading.Event()

    # What the desk asks; any thread.

    def trouble(self) -> str:
        """Why the feed's prices cannot be trusted now, as a sentence; empty when they can."""
        return self._trouble

    def counts(self) -> Mapping[str, int]:
        """Everything that was refused or went wrong, by reason."""
        found = {**self._counts, **self._decoder.refused}
        if self._decoder.clock_back:
            found["clock back"] = self._decoder.clock_back
        return {reason: count for reason, count in found.items() if count}

    def count(self, reason: str, more: int = 1) -> None:
        """Counts something that went wrong."""
        if more:
            self._counts[reason] = self._counts.get(reason, 0) + more

    @property
    def furthest_back_ns(self) -> int:
        """By how much a message's time was behind one before it, at most."""
        return self._decoder.furthest_back_ns

    def stop(self) -> None:
        """Ends the task at the next occasion."""
        self._stopping.set()

    # The task.

    async def run(self) -> None:
        """Until the feed says that it is over, or :meth:`stop`; a fault of ours is kept in ``failure``."""
        try:
            pause_s = FIRST_PAUSE_S
            while not self._stopping.is_set() and not self.finished:
                if self._connection is None:
                    pause_s = await self._connect_again(pause_s)
                else:
                    pause_s = FIRST_PAUSE_S
                    await self._listen(self._connection)
        except Exception as problem:
            log.exception("the feed %s failed", self.feed.name)
            self.failure = problem
        finally:
            if self._connection is not None:
                self._connection.close()
        self.ended = True

    async def _listen(self, connection: Connection) -> None:
        try:
            if self._phases is not None:
                await self._write(self._phases.due(self._decoder.watermark_ns))
                await self._write(self._phases.joined(self._decoder.watermark_ns))
            await connection.subscribe()
            while not self._stopping.is_set() and not self.finished:
                await self._receive(connection)
        except (OSError, BadFrame, TimeoutError) as problem:
            if connection.reader.waiting:
                self.count("torn frame")
            await self._lost(str(problem) or "it does not answer")

    async def _receive(self, connection: Connection) -> None:
        """One read and all frames that it made whole."""
        try:
            received_ns = await connection.receive(self._heartbeat_s * MUTE_BEATS)
        except TimeoutError:
            self.count("mute")
            silent_s = self._heartbeat_s * MUTE_BEATS
            self._trouble = f"The feed {self.feed.name} is connected but has said nothing for {silent_s:.1f} s."
            received_ns = await connection.receive(self._heartbeat_s * (DEAD_BEATS - MUTE_BEATS))
        for body in connection.reader.frames():
            try:
                await self._take(parse_feed_frame(body), received_ns)
            except BadFrame as problem:
                self.count(f"bad frame: {str(problem).partition(' (')[0]}")
                self._bad_in_a_row += 1
                if self._bad_in_a_row >= MOST_BAD_FRAMES:
                    raise
            else:
                self._bad_in_a_row = 0
        await self._flush(received_ns)
        missed = f"The feed {self.feed.name} has missed something; its prices are stale until its snapshot."
        self._trouble = missed if self._has_missed else ""
        if self._wants_snapshot and time.monotonic() - self._asked_at >= SNAPSHOT_EVERY_S:
            self._wants_snapshot = False
            self._asked_at = time.monotonic()
            self.count("snapshot asked for")
            await connection.send(Snapshot(self._last_seq))
        await asyncio.sleep(GATHER_S)

    async def _take(self, said: FeedFrame, received_ns: int) -> None:
        """One frame. A frame that cannot be read leaves its number open, so that the next one shows the gap."""
        if isinstance(said, Hello):
            raise BadFrame("a second hello")
        if said.seq <= self._last_seq:
            self.count("frame twice")
            return
        missed = said.seq - self._last_seq - 1
        if missed:
            self.count("gap")
            self.count("frame missed", missed)
            self._has_missed = True
            self._last_seq = said.seq - 1
            await self._flush(received_ns)
            await self._forget_books(np.flatnonzero(self._decoder.books))
        if isinstance(said, Columns | Rows):
            if len(self._scratch) - self._used < MOST_MESSAGES:
                await self._flush(received_ns)
            room = self._scratch[self._used :]
            self._used += self._decoder.decode(said, self._listing.ids, room, time.time_ns())
            if said.snapshot:
                self._has_missed = False
            elif self._has_missed:
                self._wants_snapshot = True
            spoiled = self._decoder.take_spoiled()
            if spoiled:
                await self._flush(received_ns)
                await self._forget_books(np.array(spoiled))
        elif isinstance(said, Heartbeat):
            await self._flush(received_ns)
            ts_ns = self._decoder.advance(said.ts_ns, time.time_ns())
            if ts_ns is not None:
                await self._write(clock_message(ts_ns))
        elif isinstance(said, Instruments):
            self.count("instrument not listed", self._listing.add(said.instruments))
            await self._flush(received_ns)
            if self._phases is not None:
                await self._write(self._phases.joined(self._decoder.watermark_ns))
        elif isinstance(said, End):
            await self._flush(received_ns)
            self.finished = True
        self._last_seq = said.seq

    async def _connect_again(self, pause_s: float) -> float:
        """One attempt; gives how long to wait before the next one."""
        await self._rest(pause_s * self._chance.uniform(0.5, 1.0))
        if self._stopping.is_set():
            return pause_s
        try:
            connection = await Connection.open(self._address)
            if connection.hello.mode != self._mode or connection.hello.feed != self.feed.name:
                connection.close()
                raise Refused(f"it is now the {connection.hello.mode} feed {connection.hello.feed}")
        except (OSError, TimeoutError) as problem:
            self.count("connection refused")
            self._trouble = (
                f"The feed {self.feed.name} is gone: {str(problem) or 'no answer'}. The desk goes on trying."
            )
            return min(2 * pause_s, LONGEST_PAUSE_S)
        self._heartbeat_s = connection.hello.heartbeat_s
        self.count("instrument not listed", self._listing.begin(connection.hello.instruments))
        self._listing.table.venue_names = dict(connection.hello.venues)
        self._last_seq = 0
        self._bad_in_a_row = 0
        self._connection = connection
        self.count("connected again")
        log.info("the feed %s is connected again", self.feed.name)
        return FIRST_PAUSE_S

    async def _lost(self, why: str) -> None:
        """The connection is gone: prices are stale at once, and books are wrong until a snapshot."""
        log.warning("the connection to the feed %s is lost: %s", self.feed.name, why)
        self.count("connection lost")
        self._has_missed = True
        self._trouble = f"The connection to the feed {self.feed.name} is lost: {why}; its prices are stale."
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        await self._flush(time.perf_counter_ns())
        await self._forget_books(np.flatnonzero(self._decoder.books))
        self._wants_snapshot = False  # The feed begins with one when it is there again.

    async def _rest(self, seconds: float) -> None:
        for _ in range(round(seconds / _LOOK_S)):
            if self._stopping.is_set():
                return
            await asyncio.sleep(_LOOK_S)

    # Onto the tape.

    async def _forget_books(self, ids: npt.NDArray[np.int64]) -> None:
        """Books that have missed something are emptied, and in a gap until a snapshot: what comes before it is not the
        whole book, and must not be shown as good."""
        self._wants_snapshot = True
        lost = empty_batch(2 * len(ids))
        lost["kind"][: len(ids)], lost["kind"][len(ids) :] = Kind.BOOK_CLEAR, Kind.BOOK_UPDATE
        lost["instrument"] = np.concatenate((ids, ids))
        # Sequence numbers that cannot be put a book into a gap.
        updates = lost[len(ids) :]
        updates[FIRST_SEQUENCE], updates[LAST_SEQUENCE], updates[PREVIOUS_SEQUENCE] = 1, 0, NO_SEQUENCE
        lost["ts_ns"], lost["recv_ns"] = self._decoder.watermark_ns, time.perf_counter_ns()
        await self._write(lost)

    async def _flush(self, received_ns: int) -> None:
        """Writes what was decoded, with the phases of the day that are due in between."""
        batch = self._scratch[: self._used]
        self._used = 0
        batch["recv_ns"] = received_ns
        if self._phases is not None and self._phases.next_ns <= self._decoder.watermark_ns:
            due = self._phases.due(self._decoder.watermark_ns)
            if len(batch):
                due["ts_ns"] = np.maximum(due["ts_ns"], batch["ts_ns"][0])
                due["recv_ns"] = received_ns
            batch = np.concatenate((due, batch))
            batch = batch[np.argsort(batch["ts_ns"], kind="stable")]
        await self._write(batch)

    async def _write(self, batch: Batch) -> None:
        most = max(1, self._tape.capacity // 4)
        for start in range(0, len(batch), most):
            part = batch[start : start + most]
            while not self._tape.has_room(len(part)):
                if self._stopping.is_set():
                    return
                await asyncio.sleep(0.0005)
            self._tape.write(part)
