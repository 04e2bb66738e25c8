"""The shape of Binance's stream messages, and the buffer that decoded ones are written into.

Source of the fields: Binance, "Web Socket Streams for Binance" (spot) and "USDⓈ-M Futures, WebSocket Market Streams".
"""

from __future__ import annotations

import msgspec

from terminal.core.messages import Batch, empty_batch

MISSING_NUMBER = -1
_FIRST_ROOM = 1 << 12


class Event(msgspec.Struct, gc=False):
    """Any of the messages that are read, on its own or as ``data`` of a combined stream.

    Names are Binance's own, and their case matters. ``e`` kind, ``E`` event time (ms), ``T`` time of the match (ms),
    ``s`` symbol. Depth: ``U``, ``u``, ``pu`` sequence, ``b``, ``a`` levels. Best market (spot has no ``e``): ``u``,
    ``b``, ``B``, ``a``, ``A``. Trade: ``t`` id, ``p`` price, ``q`` size, ``m`` the buyer was the maker, ``X`` sort of
    order. Snapshot: ``lastUpdateId``, ``bids``, ``asks``.
    """

    e: str = ""
    E: int = 0
    T: int = 0
    s: str = ""
    U: int = MISSING_NUMBER
    u: int = MISSING_NUMBER
    pu: int = MISSING_NUMBER
    b: msgspec.Raw = msgspec.Raw()
    B: msgspec.Raw = msgspec.Raw()
    a: msgspec.Raw = msgspec.Raw()
    A: msgspec.Raw = msgspec.Raw()
    t: int = MISSING_NUMBER
    p: msgspec.Raw = msgspec.Raw()
    q: msgspec.Raw = msgspec.Raw()
    m: bool | None = None
    X: str = ""
    lastUpdateId: int = MISSING_NUMBER  # noqa: N815 - Binance's own name
    bids: msgspec.Raw = msgspec.Raw()
    asks: msgspec.Raw = msgspec.Raw()

    @property
    def is_snapshot(self) -> bool:
        """The answer of the REST endpoint ``depth``, which names no kind and no symbol."""
        return not self.e and self.lastUpdateId != MISSING_NUMBER

    @property
    def is_best(self) -> bool:
        """The best market; the spot stream's messages do not name their kind."""
        return self.e == "bookTicker" or (not self.e and self.lastUpdateId == MISSING_NUMBER and len(self.B) > 0)


class Envelope(Event, gc=False):
    """One message as it came: bare, or wrapped by a combined stream."""

    stream: str = ""
    data: Event | None = None


class MessageBuffer:
    """Records that grow at the end until they are taken."""

    def __init__(self) -> None:
        self.rows: Batch = empty_batch(_FIRST_ROOM)
        self.used = 0

    def room(self, count: int) -> None:
        """Makes room for ``count`` more records."""
        if self.used + count > len(self.rows):
            grown = empty_batch(max(2 * len(self.rows), self.used + count))
            grown[: self.used] = self.rows[: self.used]
            self.rows = grown

    def take(self) -> Batch:
        """A copy of what was written since the last call."""
        taken: Batch = self.rows[: self.used].copy()
        self.used = 0
        return taken
