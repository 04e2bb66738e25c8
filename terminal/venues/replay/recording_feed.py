"""An earlier recording of our own as a feed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from terminal.core.instruments import Instrument, InstrumentTable
from terminal.core.messages import Batch
from terminal.infra.failures import UsageError
from terminal.market.importers.lean.contracts import underlying_of_root
from terminal.store.connection import Connection
from terminal.store.market_db import MarketDatabase
from terminal.store.recordings import (
    Selection,
    SessionInfo,
    add_instruments,
    first_and_last_ns,
    instruments_of,
    list_sessions,
    list_sources,
    read_messages,
    vol_origin_of,
)
from terminal.venues.replay.waiting import empty_until


class NoSuchRecording(UsageError):
    """The database holds nothing of what was asked for."""


class RecordingFeed:
    """Replays what one session recorded of ``underlying`` and its options on the days from ``first`` to ``last``.

    ``session``: its name; the newest with such messages when None. The instruments go into ``table`` at construction.
    Messages carry the source numbers of ``database`` when ``keep_sources`` is set, which only makes sense when this
    run writes to the same database; else 0. Raises NoSuchRecording, and RecordingFailed where rows were removed.
    """

    name = "replay"

    def __init__(
        self,
        database: MarketDatabase,
        underlying: str,
        first: date,
        last: date,
        table: InstrumentTable,
        *,
        session: str | None = None,
        keep_sources: bool = False,
    ) -> None:
        self._database = database
        self._keep_sources = keep_sources
        symbol = underlying_of_root(underlying.strip())
        connection = database.connect()
        try:
            sessions = [each for each in list_sessions(connection) if session in {None, each.name}]
            found = _find(connection, sessions, symbol, first, last)
            if found is None:
                of_session = f" of the session {session}" if session is not None else ""
                span = f"on {first}" if first == last else f"from {first} to {last}"
                raise NoSuchRecording(
                    f"{database.path} has no recording{of_session} of {symbol} {span}; choose other days."
                )
            self.session, self._selection, (self._first_ns, self._last_ns) = found
            self._ids = add_instruments(connection, self._selection, table)
            chosen = set(self._selection.sources)
            every = list_sources(connection)
            infos = [info for info in every if info.id in chosen]
            self.vol_origin = next(vol_origin_of(each, every) for each in sessions if each.name == self.session)
            """Whose market a record of daily volatility tells of."""
        finally:
            connection.close()
        self.total_rows = sum(info.rows for info in infos)
        self.underlying: Instrument = table.find(symbol)

    def first_ns(self) -> int:
        """Market time of the first message."""
        return self._first_ns

    def end_ns(self) -> int | None:
        """Market time of the last message."""
        return self._last_ns

    def batches(self) -> Iterator[Batch]:
        """The messages, read one batch ahead in a thread; empty batches while the next one is not there yet."""
        with ThreadPoolExecutor(1, "recording") as pool:
            connection = self._database.connect()
            try:
                messages = read_messages(connection, self._selection, self._ids)
                while True:
                    ahead = pool.submit(next, messages, None)
                    yield from empty_until(ahead)
                    batch = ahead.result()
                    if batch is None:
                        return
                    if not self._keep_sources:
                        batch["source"] = 0
                    yield batch
            finally:
                pool.shutdown()
                connection.close()


def _find(
    connection: Connection, sessions: list[SessionInfo], symbol: str, first: date, last: date
) -> tuple[str, Selection, tuple[int, int]] | None:
    """The newest session with messages of ``symbol``: its name, what to read, and the first and last time."""
    for session in reversed(sessions):
        if not session.sources:
            continue
        selection = Selection(session.sources, (symbol,), first, last)
        # The phases of a day alone are no market.
        if instruments_of(connection, selection):
            span = first_and_last_ns(connection, selection)
            if span is not None:
                return session.name, selection, span
    return None
