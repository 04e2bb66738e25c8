"""What goes over the wire, version 1: a frame is its length (4 bytes, big-endian) and one msgpack map with a ``type``.

The feed says ``hello`` as soon as a desk connects, waits for ``subscribe``, and then sends numbered frames: ``columns``
or ``rows`` of messages, ``heartbeat``, ``instruments``, ``end``. The desk may ask for a ``snapshot`` at any time.
Numbers in columns are little-endian. Prices and sizes are integers, as :mod:`terminal.core.messages` says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PROTOCOL = 1
MOST_FRAME_BYTES = 8 << 20
MOST_MESSAGES = 1 << 16
MOST_ID = 1 << 20
"""Ids that a feed may give its instruments: from 0 to below this."""
LENGTH = struct.Struct(">I")

Name = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[ -~]+\Z")]
VenueName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,8}\Z")]
Sequence = Annotated[int, Meta(ge=1, lt=2**62)]
MarketTime = Annotated[int, Meta(gt=0, lt=2**62)]


class ListedOption(msgspec.Struct, forbid_unknown_fields=True):
    """What makes an instrument an option; its ``symbol`` is the OSI form. ``underlying``: a symbol listed before it."""

    underlying: Name
    style: Literal["american", "european"] = "american"
    delivery: Literal["physical", "cash"] = "physical"
    settlement: Literal["am", "pm"] = "pm"


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    """One instrument of a feed. ``id`` is the feed's own number for it. ``tick`` and ``session`` follow from ``kind``
    where they are empty. ``size_scale``: parts of a coin that sizes are counted in. ``calendar``: exchange code of
    a foreign instrument."""

    id: Annotated[int, Meta(ge=0, lt=MOST_ID)]
    symbol: Name
    kind: Literal["equity", "etf", "index", "option", "future", "fx_pair", "crypto_spot", "crypto_perpetual"]
    tick: Literal["", "penny", "penny_program", "nickel_dime", "equity", "finest"] = ""
    session: Literal["", "equity", "equity_option", "index_option", "crypto", "fx", "foreign"] = ""
    price_scale: Annotated[int, Meta(ge=1, le=10**9)] = 10_000
    size_scale: Annotated[int, Meta(ge=1, le=10**8)] | None = None
    currency: Annotated[str, Meta(pattern=r"^[A-Z0-9]{3,5}\Z")] = "USD"
    multiplier: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    calendar: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{0,24}\Z")] = ""
    name: Annotated[str, Meta(max_length=120)] = ""
    option: ListedOption | None = None


class Hello(msgspec.Struct, tag_field="type", tag="hello", forbid_unknown_fields=True):
    """The feed's first word. ``mode``: whether its prices are those of a real market now. ``ts_ns``: its market time.
    ``heartbeat_s``: it says something at least this often. ``phases``: it sends the phases of the trading day itself;
    else the desk's calendars say them. ``venues``: names of the venue numbers in its messages."""

    protocol: int
    feed: Name
    mode: Literal["simulated", "live"]
    ts_ns: MarketTime
    instruments: Annotated[list[Listed], Meta(max_length=1 << 16)]
    heartbeat_s: Annotated[float, Meta(ge=0.05, le=60.0)] = 1.0
    phases: bool = False
    venues: Annotated[dict[Annotated[int, Meta(gt=0, lt=1 << 16)], VenueName], Meta(max_length=1024)] = {}


class Columns(msgspec.Struct, tag_field="type", tag="columns", forbid_unknown_fields=True):
    """``count`` messages by column: bytes of an array, or one integer for all. What is missing is 0. ``snapshot``: how
    things stand, not what has happened (a trade or a bar in it is refused); the books of a snapshot begin with
    BOOK_UPDATE and its flag or, where the feed sends no sequence numbers, BOOK_CLEAR."""

    seq: Sequence
    count: Annotated[int, Meta(ge=1, le=MOST_MESSAGES)]
    columns: dict[str, memoryview | int]
    snapshot: bool = False


class Rows(msgspec.Struct, tag_field="type", tag="rows", forbid_unknown_fields=True):
    """Messages one by one: kind (number or name), instrument, ts_ns and then, as far as needed, v0 to v4 and flags."""

    seq: Sequence
    rows: Annotated[
        list[Annotated[list[int | str], Meta(min_length=3, max_length=9)]], Meta(min_length=1, max_length=MOST_MESSAGES)
    ]
    snapshot: bool = False


class Heartbeat(msgspec.Struct, tag_field="type", tag="heartbeat", forbid_unknown_fields=True):
    """Nothing happened up to ``ts_ns``."""

    seq: Sequence
    ts_ns: MarketTime


class Instruments(msgspec.Struct, tag_field="type", tag="instruments", forbid_unknown_fields=True):
    """More instruments."""

    seq: Sequence
    instruments: Annotated[list[Listed], Meta(max_length=1 << 16)]


class End(msgspec.Struct, tag_field="type", tag="end", forbid_unknown_fields=True):
    """The feed is over; the desk does not connect again."""

    seq: Sequence


class Subscribe(msgspec.Struct, tag_field="type", tag="subscribe", forbid_unknown_fields=True):
    """The desk's first word: begin, with a snapshot of everything if the market is running already."""

    protocol: int
    program: str
    version: str


class Snapshot(msgspec.Struct, tag_field="type", tag="snapshot", forbid_unknown_fields=True):
    """The desk has missed frames after ``last_seq``: please say how everything stands."""

    last_seq: int


FeedFrame = Hello | Columns | Rows | Heartbeat | Instruments | End
DeskFrame = Subscribe | Snapshot


class BadFrame(ValueError):
    """Bytes that are no frame of the protocol; the text says why, in few words."""


class Oversize(BadFrame):
    """A length that no frame may have: what follows cannot be told apart any more."""


_feed_frames = msgspec.msgpack.Decoder(FeedFrame)
_desk_frames = msgspec.msgpack.Decoder(DeskFrame)
_encoder = msgspec.msgpack.Encoder()


def frame(what: FeedFrame | DeskFrame) -> bytes:
    """The bytes of one frame, length first."""
    body = _encoder.encode(what)
    return LENGTH.pack(len(body)) + body


def parse_feed_frame(body: memoryview | bytes) -> FeedFrame:
    """What a feed said; columns are views into ``body``. Raises BadFrame."""
    try:
        said: FeedFrame = _feed_frames.decode(body)
    except msgspec.ValidationError as problem:
        raise BadFrame(f"wrong fields ({problem})") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadFrame("no msgpack") from None
    return said


def parse_desk_frame(body: memoryview | bytes) -> DeskFrame:
    """What a desk said, for programs that serve a feed. Raises BadFrame."""
    try:
        said: DeskFrame = _desk_frames.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadFrame(str(problem)) from None
    return said


class FrameReader:
    """Cuts what a socket gives into frames. Read into :meth:`room`, tell :meth:`filled`, then take :meth:`frames`."""

    def __init__(self, size: int = 1 << 18, most_bytes: int = MOST_FRAME_BYTES) -> None:
        self._buffer = bytearray(size)
        self._begin = 0
        self._end = 0
        self._most_bytes = most_bytes

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return self._end - self._begin

    def room(self) -> memoryview:
        """Where the next bytes go; never empty. What :meth:`frames` gave is no longer valid."""
        if self._begin:
            rest = self._buffer[self._begin : self._end]
            self._buffer[: len(rest)] = rest
            self._begin, self._end = 0, len(rest)
        if self._end == len(self._buffer):
            # A new one, since views of the old one may still be held.
            self._buffer = self._buffer + bytearray(len(self._buffer))
        return memoryview(self._buffer)[self._end :]

    def filled(self, count: int) -> None:
        """``count`` bytes were read into :meth:`room`."""
        self._end += count

    def frames(self) -> Iterator[memoryview]:
        """The whole frames that are here; raises Oversize at a length that none may have."""
        whole = memoryview(self._buffer)
        while self._end - self._begin >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, self._begin)
            if not 0 < length <= self._most_bytes:
                raise Oversize(f"a frame of {length:,} bytes")
            until = self._begin + LENGTH.size + length
            if until > self._end:
                return
            body = whole[self._begin + LENGTH.size : until]
            self._begin = until
            yield body
