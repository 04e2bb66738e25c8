"""What other processes may ask of the running desk over its local channel."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from terminal.infra.failures import UsageError, UserFacingError, WorkFailed
from terminal.infra.local_channel import Request
from terminal.store.market_db import MarketDatabase
from terminal.store.query import run_query
from terminal.store.recorder import Recorder

QUERY = "query"
BACKUP = "backup"
RAISE = "raise"
_WAITING_CHUNKS = 16
_FLUSH_S = 2.0

Write = Callable[[bytes], None]


class _CallerGone(Exception):
    pass


class DeskChannel:
    """The channel's handler. ``backup``: writes a backup to a path; ``show``: brings the window to the front."""

    def __init__(
        self,
        database: MarketDatabase,
        recorder: Recorder,
        backup: Callable[[Path], str],
        show: Callable[[], None],
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._backup = backup
        self._show = show

    def __call__(self, request: Request) -> Iterable[bytes]:
        """Answers one request in chunks; UsageError for one that this version does not know."""
        if request.verb == QUERY:
            sql = request.arguments.get("sql")
            if not isinstance(sql, str):
                raise UsageError("A query needs its SQL as text.")
            return _chunks(lambda write: self._query(sql, write))
        if request.verb == BACKUP:
            path = request.arguments.get("path")
            if not isinstance(path, str) or not Path(path).is_absolute():
                raise UsageError("A backup needs the absolute path of its file.")
            return iter([self._backup(Path(path)).encode()])
        if request.verb == RAISE:
            self._show()
            return iter([b""])
        raise UsageError(f"This desk does not know the request {request.verb!r}; it is of another version.")

    def _query(self, sql: str, write: Write) -> None:
        # What was just recorded is part of the answer.
        self._recorder.flush(_FLUSH_S)
        run_query(self._database, sql, write)


def _chunks(work: Callable[[Write], object]) -> Iterator[bytes]:
    """Runs ``work`` on a thread and yields what it writes; it is stopped at its next write when nobody reads on."""
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_WAITING_CHUNKS)
    gone = threading.Event()

    def put(item: bytes | BaseException | None) -> None:
        while not gone.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return
        raise _CallerGone

    def run() -> None:
        try:
            work(put)
        except _CallerGone:
            return
        except UserFacingError as problem:
            _try(put, problem)
        except Exception as problem:  # noqa: BLE001 - told to the caller
            _try(put, WorkFailed(f"The desk could not answer: {problem}."))
        else:
            _try(put, None)

    thread = threading.Thread(target=run, name="channel-answer", daemon=True)
    thread.start()
    try:
        while True:
            item = waiting.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        gone.set()
        thread.join(15.0)


def _try(put: Callable[[bytes | BaseException | None], None], item: BaseException | None) -> None:
    try:
        put(item)
    except _CallerGone:
        return
