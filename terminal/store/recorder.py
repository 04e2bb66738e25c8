"""The recorder: every message of the market into the database, without loss and without holding anybody up.

``offer`` copies into a ring. The writing thread empties it in large transactions. At half a ring of lag the recording
is degraded and a second thread moves what waits to a spill file, which is written to the database in order later, or at
the next start after a crash. At a full ring ``offer`` says no and the caller stops reading.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch, Kind
from terminal.store import retention, spill_recovery
from terminal.store.bar_rows import Bars
from terminal.store.batch_writer import BatchWriter, SessionRow
from terminal.store.connection import Connection
from terminal.store.failures import StoreFailed, explain, no_space
from terminal.store.market_db import MarketDatabase
from terminal.store.recorder_status import RecorderState, RecorderStatus
from terminal.store.sources import SourceHandle
from terminal.store.spill import SpillFile
from terminal.store.waiting import WaitingMessages

log = logging.getLogger(__name__)
T = TypeVar("T")
_POLL_S = 0.02
_MOST_IN_HAND = 1 << 18
"""A transaction of two row groups and more is compressed straight into the file, past the write-ahead log."""
_ROLL_UP_EVERY_S, _RETENTION_EVERY_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class RecorderLimits:
    """``spill``: False where the feed can wait (replay), so that a full ring holds it back instead."""

    ring_messages: int = 1 << 18
    flush_messages: int = 1 << 16
    flush_after_s: float = 0.25
    spill: bool = True
    disk_budget_bytes: int = 20 << 30
    retry_after_s: float = 1.0


class Recorder:
    """The only writer of the market database while it runs. Methods may be called from any thread."""

    def __init__(
        self,
        database: MarketDatabase,
        table: InstrumentTable,
        spill_dir: Path,
        session: SessionRow,
        settings: RecorderLimits | None = None,
    ) -> None:
        self.settings = settings or RecorderLimits()
        self.session = session
        self.problems: deque[str] = deque(maxlen=100)
        """Sentences for the desk, newest last."""
        self.rows = 0
        """Rows written in this run."""
        self.missing = 0
        """Messages that were lost because nothing could be written."""
        self._database = database
        self._table = table
        self._spill_dir = spill_dir
        self._writer = BatchWriter(database.connect(), table, session)
        self._is_first_run = True
        self._waiting: WaitingMessages | None = None
        self._commands: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._stopping = threading.Event()
        self._given_up = threading.Event()
        self._retry_at: float | None = None
        self._lossy = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._spiller = threading.Thread(target=self._run_spiller, name="recorder-spill", daemon=True)

    def start(self, *, go_on: bool = False) -> None:
        """Takes in what a crash left in spill files, makes the session's rows and starts the threads.

        ``go_on``: new messages follow those that an earlier run of this session recorded; False replaces them, which
        is right where a resumed feed begins again from its start. Raises a UserFacingError.
        """
        try:
            self.problems.extend(spill_recovery.recover(self._database, self._spill_dir))
            self._writer.open_session(go_on=go_on)
            self._is_first_run = not go_on
        except (duckdb.Error, OSError) as error:
            raise explain(error, "beginning the recording", self._database.path) from error
        spill = SpillFile(self._spill_dir, self.session.name, self._writer.session_source, self._table)
        self._waiting = WaitingMessages(self.settings.ring_messages, spill, self._writer.session_source)
        self._thread.start()
        self._spiller.start()

    @property
    def waiting(self) -> WaitingMessages:
        """The messages that are not in the database yet; RuntimeError before :meth:`start`."""
        if self._waiting is None:
            raise RuntimeError("the recorder is not started")
        return self._waiting

    @property
    def session_source(self) -> int:
        """The source row of messages that name no source."""
        return self._writer.session_source

    @property
    def lag(self) -> int:
        """Messages that are not in the database yet."""
        return self._waiting.lag if self._waiting else 0

    @property
    def state(self) -> RecorderState:
        """How the recording is doing now."""
        if self._lossy:
            return RecorderState.FAILING
        behind = self.waiting.spilled > 0 or (self.settings.spill and self.waiting.is_half_full)
        return RecorderState.DEGRADED if behind or self._retry_at is not None else RecorderState.OK

    def status(self) -> RecorderStatus:
        """One reading of everything that the desk shows."""
        state = self.state
        problem = self.problems[-1] if self.problems and state is not RecorderState.OK else ""
        return RecorderStatus(
            state, self.lag, self.waiting.spilled, self.rows, self._writer.refused, self.missing, problem
        )

    def offer(self, batch: Batch, timeout_s: float = 0.0) -> bool:
        """Copies ``batch`` in; False, with nothing taken, when there was no room for all of it within the time.

        One thread offers. Raises ValueError for a batch larger than the ring.
        """
        return self.waiting.offer(batch, timeout_s)

    def begin_source(self, kind: str, name: str, sha256: str, *, interval_s: int = 0) -> SourceHandle:
        """The row of a file, for ``message.source``. Waits for the writing thread; raises a UserFacingError.

        ``kind``: the layout, such as "lean". ``name``: path inside the layout, with what part of the file is read if
        not all. ``interval_s``: length of its bars, 0 for ticks. Rows of a file that is complete in the database are
        not written again; one that was cut short is deleted first. The same name with other content replaces the
        older content as soon as it is complete.
        """
        return self.call(lambda: self._writer.begin_source(kind, name, sha256, interval_s))

    def complete_source(self, source: int, rows: int) -> None:
        """Says that a file has ``rows`` messages in all (CLOCK apart); it is complete once they are all stored."""
        self._post(lambda: self._writer.expect(source, rows))

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Waits until everything offered so far is in the database; False when time ran out."""
        until = time.monotonic() + timeout_s
        while (self.lag or self._retry_at is not None) and time.monotonic() < until and self._thread.is_alive():
            self._hurry.set()
            self._wake.set()
            time.sleep(0.002)
        return self.lag == 0

    def call(self, work: Callable[[], T], timeout_s: float = 60.0) -> T:
        """Runs ``work`` on the writing thread between two transactions and gives its result.

        Raises a UserFacingError for a failure of the database, and whatever else ``work`` raises.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)

        self._post(run)
        until = time.monotonic() + timeout_s
        while not future.done() and self._thread.is_alive() and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                future.exception(timeout=0.1)
        if not future.done():
            raise StoreFailed("The recorder does not answer; look at the disk of the market database, then restart.")
        try:
            return future.result()
        except (duckdb.Error, OSError) as error:
            raise explain(error, "writing the market database", self._database.path) from error

    def write(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` on the writing thread in a transaction of its own; see :meth:`call`."""
        return self.call(lambda: self._writer.within(work))

    def paused(self, work: Callable[[], T], timeout_s: float = 600.0) -> T:
        """Writes what was offered, then runs ``work`` while nothing is written: for a backup; see :meth:`call`."""
        self.flush(timeout_s=5.0)
        return self.call(work, timeout_s)

    def keep_within_budget(self) -> list[int]:
        """Removes the oldest raw rows over the disk budget; gives the sources that lost some."""
        return self.call(self._keep_within_budget)

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the database file."""
        self.call(self._writer.checkpoint)

    def newest(self, kind: Kind, instrument: int, count: int, until_ns: int) -> Batch | None:
        """The newest quotes or trades out of memory, ascending; None when the database has to be asked as well.

        Where a file is replayed that is in the database already, the database knows what is still to come.
        """
        if self._writer.has_complete_source:
            return None
        is_all = self._is_first_run
        return self.waiting.read_newest(
            lambda kept, fresh: kept.read(kind, instrument, count, until_ns, is_all=is_all, fresh=fresh), instrument
        )

    def newest_since(self, kind: Kind, instrument: int, from_ns: int) -> Batch | None:
        """All quotes or trades from a time on out of memory, ascending; None when the database has to be asked."""
        if self._writer.has_complete_source:
            return None
        is_all = self._is_first_run
        return self.waiting.read_newest(
            lambda kept, fresh: kept.since(kind, instrument, from_ns, is_all=is_all, fresh=fresh), instrument
        )

    def minutes(self, instrument: int) -> Bars | None:
        """All minutes of the session out of memory, ascending; None when the database has to be asked as well.

        The session's alone: where it was fed from files as well, the database knows.
        """
        if not self._is_first_run or not self._writer.has_one_source:
            return None
        return self.waiting.read_minutes(instrument)

    def database_id(self, instrument: int) -> int | None:
        """The database's id of an instrument of this run; None while it is not known here."""
        return self._writer.database_id(instrument)

    def snapshot(self, connection: Connection, instrument: int) -> Batch:
        """See :meth:`WaitingMessages.snapshot`."""
        return self.waiting.snapshot(connection, instrument)

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Writes what is left, closes the session's rows and ends the threads; True when all is in the database.

        What cannot be written in time goes to spill files for the next start.
        """
        if self._waiting is None:
            self._writer.close()
            return True
        self._stopping.set()
        self._wake.set()
        self._waiting.half_full.set()
        self._thread.join(timeout_s)
        self._given_up.set()
        self._thread.join(5.0)
        self._spiller.join(1.0)
        return self.missing == 0 and not self._left

    _left = False

    def _post(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        self._wake.set()

    def _run(self) -> None:
        roll_up_at = retention_at = flushed_at = time.monotonic()
        while not self._given_up.is_set():
            while self._commands:
                self._guard(self._commands.popleft())
            now = time.monotonic()
            lag = self.waiting.lag
            if self._retry_at is not None and now < self._retry_at and not self._stopping.is_set():
                self._relieve()
            elif now >= roll_up_at and not self._stopping.is_set():
                # Not put off under load: hot reads make what is not rolled up from single trades.
                self._guard(self._writer.roll_up)
                roll_up_at = time.monotonic() + _ROLL_UP_EVERY_S
            elif lag and (self._urgent(lag) or now - flushed_at >= self.settings.flush_after_s):
                self._write_some()
                flushed_at = time.monotonic()
                continue
            elif self._stopping.is_set():
                break
            elif now >= retention_at:
                self._guard(self._keep_within_budget)
                retention_at = time.monotonic() + _RETENTION_EVERY_S
            if not lag:
                self._hurry.clear()
            self._wake.wait(_POLL_S)
            self._wake.clear()
        self._finish()

    def _urgent(self, lag: int) -> bool:
        return lag >= self.settings.flush_messages or self._stopping.is_set() or self._hurry.is_set()

    def _write_some(self) -> None:
        try:
            batch = self.waiting.take(max(self.settings.flush_messages, _MOST_IN_HAND))
            mark = self.waiting.spill_mark()
            self.rows += self._writer.write(
                batch,
                also=None if mark is None else lambda now: spill_recovery.set_mark(now, *mark),
                commit=self.waiting.commit,
            )
        except Exception as error:  # noqa: BLE001 - a thread that ends fills the ring, which holds the market
            self._failed(error)
        else:
            if self._retry_at is not None:
                self._note("The market database takes messages again.")
            self._retry_at, self._lossy = None, False

    def _failed(self, error: Exception) -> None:
        if self._retry_at is None:
            self._note(explain(error, "writing the market database", self._database.path).message)
        if isinstance(error, duckdb.FatalException):
            self._guard(self._reopen)
        # A query may have taken the memory for a moment, while a full disk stays full for a while.
        quick = isinstance(error, duckdb.OutOfMemoryException) and not no_space(error)
        self._retry_at = time.monotonic() + (0.05 if quick else self.settings.retry_after_s)
        if self._stopping.is_set():
            self._given_up.set()

    def _reopen(self) -> None:
        self._database.reopen()
        self._writer.reconnect(self._database.connect())

    def _relieve(self) -> None:
        """The database takes nothing: the ring goes to the spill file; if that fails as well, its messages are lost."""
        if not self.waiting.is_half_full:
            return
        try:
            self.waiting.spill_ring()
        except Exception as error:  # noqa: BLE001 - see _write_some
            lost = self._writer.lose(self.waiting.drop_ring())
            if lost and not self._lossy:
                self._note(
                    f"{explain(error, 'recording the market', self._spill_dir).message} "
                    "The market goes on, but it is not being recorded."
                )
            self._lossy = self._lossy or lost > 0
            self.missing += lost

    def _run_spiller(self) -> None:
        while not self._stopping.is_set():
            self.waiting.half_full.wait(_POLL_S)
            # The writing thread is busy for long with what it writes, and readers should find little left to do.
            self._guard(self.waiting.keep)
            if self.settings.spill and self.waiting.is_half_full and not self._stopping.is_set():
                try:
                    self.waiting.spill_ring()
                except Exception as error:  # noqa: BLE001 - the writing thread goes on alone, and it is said
                    self._note(explain(error, "recording the market", self._spill_dir).message)
                    time.sleep(self.settings.retry_after_s)
            else:
                self.waiting.half_full.clear()

    def _keep_within_budget(self) -> list[int]:
        growing = frozenset({self._writer.session_source, *self._writer.incomplete()})
        return retention.keep_within(self._writer.connection, self.settings.disk_budget_bytes, growing)

    def _guard(self, work: Callable[[], object]) -> None:
        """Keeps the thread alive whatever a side job does."""
        try:
            work()
        except Exception as error:
            log.exception("a side job of the recorder failed")
            self._note(explain(error, "writing the market database", self._database.path).message)

    def _note(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self.problems.append(sentence)

    def _finish(self) -> None:
        self._left = self.waiting.lag > 0
        try:
            self.waiting.leave()
        except Exception as error:  # noqa: BLE001 - what follows closes the session
            self.missing += self.waiting.lag
            self._note(explain(error, "keeping the last messages", self._spill_dir).message)
        unfinished = self._writer.incomplete()
        if unfinished:
            self._note(
                f"{len(unfinished)} files were not read to their end; reading them again will replace their rows."
            )
        self._guard(lambda: self._writer.close_session(all_there=not self._left and self.missing == 0))
        while self._commands:
            self._guard(self._commands.popleft())
        self._guard(self._writer.close)
