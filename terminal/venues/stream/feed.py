"""A stream feed: found, heard and listed before the desk opens."""

from __future__ import annotations

import asyncio
import time

from terminal.core.instruments import InstrumentTable
from terminal.core.tape import Tape
from terminal.infra.calendars import Calendars
from terminal.infra.failures import UsageError, WorkFailed
from terminal.market.feed import LiveFeed
from terminal.venues.stream.connection import Address, Connection, Refused
from terminal.venues.stream.listing import Listing
from terminal.venues.stream.runner import StreamRunner

PATIENCE_S = 10.0
_RETRY_S = 0.25


class StreamFeed(LiveFeed):
    """The feed at an address. Its instruments are in ``table`` from the start."""

    def __init__(
        self,
        address: Address,
        table: InstrumentTable,
        calendars: Calendars,
        *,
        allow_remote: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Waits for the feed's program for ``patience_s``.

        Raises UsageError when the address is not this machine's and ``allow_remote`` is not set, or when nobody answers
        there; WorkFailed when what answers is no feed.
        """
        if not address.is_local and not allow_remote:
            raise UsageError(
                f"{address} is not this machine; set allow_remote under [stream] in the settings if you trust it."
            )
        self.address = address
        self._connection = asyncio.run(_open(address, patience_s))
        hello = self._connection.hello
        self.name = hello.feed
        self.is_live = hello.mode == "live"
        self.listing = Listing(table, calendars)
        self._unlisted = self.listing.begin(hello.instruments)
        table.venue_names = dict(hello.venues)
        self._calendars = calendars

    def first_ns(self) -> int:
        """The market time of the feed's hello."""
        return self._connection.hello.ts_ns

    def make_runner(self, tape: Tape) -> StreamRunner:
        """The runner that goes on with the connection."""
        runner = StreamRunner(self, self.address, self._connection, self.listing, self._calendars, tape)
        runner.count("instrument not listed", self._unlisted)
        return runner

    def close(self) -> None:
        """Ends the connection of a feed that no runner took over."""
        self._connection.close()


async def _open(address: Address, patience_s: float) -> Connection:
    until = time.monotonic() + patience_s
    while True:
        try:
            return await Connection.open(address)
        except Refused as problem:
            raise WorkFailed(f"{address} is no feed for this desk: {problem}.") from problem
        except (OSError, TimeoutError) as problem:
            if time.monotonic() >= until:
                raise UsageError(
                    f"Nobody serves a feed at {address} ({_words(problem)}); start its program first."
                ) from problem
        await asyncio.sleep(_RETRY_S)


def _words(problem: BaseException) -> str:
    return "no answer in time" if isinstance(problem, TimeoutError) else str(problem) or type(problem).__name__
