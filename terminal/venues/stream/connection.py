"""One connection to a feed: its address, its hello, and the bytes that come."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from dataclasses import dataclass

from terminal import __version__
from terminal.core.clock import NS_PER_S
from terminal.infra.failures import UsageError
from terminal.venues.stream.decode import AHEAD_LIVE_NS
from terminal.venues.stream.protocol import (
    PROTOCOL,
    BadFrame,
    DeskFrame,
    FrameReader,
    Hello,
    Oversize,
    Subscribe,
    frame,
    parse_feed_frame,
)

CONNECT_S = 2.0
HELLO_S = 5.0
_RECEIVE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where a feed is served."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether it is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """``HOST:PORT``, ``[IPV6]:PORT`` or ``PORT`` alone; UsageError for anything else."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"{text!r} is not an address like localhost:9000.")
    return Address(host, int(port))


class Refused(ConnectionError):
    """What answers is not a feed that this desk can use; the text is a sentence."""


class Connection:
    """An open socket that has said hello; it belongs to no event loop."""

    def __init__(self, link: socket.socket, reader: FrameReader, hello: Hello) -> None:
        self._link = link
        self.reader = reader
        self.hello = hello

    @classmethod
    async def open(cls, address: Address) -> Connection:
        """Connects and hears the hello. Raises OSError, TimeoutError, or Refused when that is no feed."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_S):
            found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, place = found[0]
        link = socket.socket(family, kind, protocol)
        try:
            link.setblocking(False)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(CONNECT_S):
                await loop.sock_connect(link, place)
            reader = FrameReader()
            async with asyncio.timeout(HELLO_S):
                hello = await _hear_hello(link, reader)
        except BaseException:
            link.close()
            raise
        return cls(link, reader, hello)

    async def subscribe(self) -> None:
        """Asks the feed to begin."""
        await self.send(Subscribe(PROTOCOL, "moneyness", __version__))

    async def receive(self, timeout_s: float) -> int:
        """Reads what is there into the reader and gives when, in ``perf_counter_ns``.

        Raises TimeoutError when nothing comes in time, ConnectionError at the end of the stream.
        """
        loop = asyncio.get_running_loop()
        room = self.reader.room()
        try:
            # Most reads find bytes waiting; a timer for each would cost more than the read.
            count = self._link.recv_into(room)
        except (BlockingIOError, InterruptedError):
            async with asyncio.timeout(timeout_s):
                count = await loop.sock_recv_into(self._link, room)
        received_ns = time.perf_counter_ns()
        if count == 0:
            raise ConnectionResetError("the feed has closed the connection")
        self.reader.filled(count)
        return received_ns

    async def send(self, what: DeskFrame) -> None:
        """Says something to the feed; TimeoutError when it does not listen."""
        async with asyncio.timeout(CONNECT_S):
            await asyncio.get_running_loop().sock_sendall(self._link, frame(what))

    def close(self) -> None:
        """Ends it."""
        self._link.close()


async def _hear_hello(link: socket.socket, reader: FrameReader) -> Hello:
    loop = asyncio.get_running_loop()
    while True:
        count = await loop.sock_recv_into(link, reader.room())
        if count == 0:
            raise ConnectionResetError("it closed the connection before its hello")
        reader.filled(count)
        try:
            body = next(reader.frames(), None)
            said = None if body is None else parse_feed_frame(body)
        except Oversize as problem:
            raise Refused(f"what answers there speaks another protocol ({problem})") from None
        except BadFrame as problem:
            raise Refused(f"its first frame is not a hello: {problem}") from None
        if isinstance(said, Hello):
            if said.protocol != PROTOCOL:
                raise Refused(f"it speaks version {said.protocol} of the protocol, this desk version {PROTOCOL}")
            ahead_ns = said.ts_ns - time.time_ns() if said.mode == "live" else 0
            if ahead_ns > AHEAD_LIVE_NS:
                # Every later message would be held at that time.
                raise Refused(f"its clock is {ahead_ns / NS_PER_S:,.0f} s ahead of this machine's")
            return said
        if said is not None:
            raise Refused("its first frame is not a hello")
