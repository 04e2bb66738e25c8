"""A trader's own program, as small as one may be: serves a feed on a socket of this machine and does as a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

from terminal.core.clock import at_ns
from terminal.core.messages import Batch, Kind
from terminal.venues.stream.protocol import (
    LENGTH,
    Columns,
    DeskFrame,
    FeedFrame,
    FrameReader,
    Hello,
    Listed,
    Rows,
    frame,
    parse_desk_frame,
)
from tests.app.small_desk import MONDAY

OPEN_NS = at_ns(MONDAY, 10)


def hello(count: int = 3, *, mode: str = "simulated", heartbeat_s: float = 5.0, phases: bool = False) -> Hello:
    """A feed of ``count`` shares T0, T1..., whose numbers are 10, 11..."""
    listed = [Listed(10 + each, f"T{each}", "equity") for each in range(count)]
    return Hello(1, "test-feed", mode, OPEN_NS, listed, heartbeat_s, phases)  # type: ignore[arg-type]


def quote(seq: int, *numbers: int, at_ms: int = 0, bid: int = 1_000_000, snapshot: bool = False) -> Rows:
    """Quotes of some instruments, by row."""
    ts_ns = OPEN_NS + at_ms * 1_000_000
    return Rows(seq, [["quote", each, ts_ns, bid, bid + 100, 5, 7] for each in numbers], snapshot)


def columns_of(batch: Batch, seq: int) -> Columns:
    """A batch whose instruments are the feed's numbers, by column."""
    names = ("ts_ns", "instrument", "kind", "flags", "v0", "v1", "v2", "v3", "v4")
    return Columns(seq, len(batch), {name: memoryview(batch[name].tobytes()) for name in names})


def trade(seq: int, number: int, *, at_ms: int = 0, px: int = 1_000_000, size: int = 1) -> Rows:
    """One trade."""
    return Rows(seq, [[int(Kind.TRADE), number, OPEN_NS + at_ms * 1_000_000, px, size]])


class Program:
    """Accepts desks one after the other; ``said`` is what they said, ``link`` the socket of the last one."""

    def __init__(self, first: Hello | bytes | None = None, port: int = 0) -> None:
        self.first = first if first is not None else hello()
        self.said: list[DeskFrame] = []
        self.accepted = 0
        self.link: socket.socket | None = None
        self._links: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, *frames: FeedFrame | bytes) -> None:
        """Sends frames, or bytes as they are."""
        assert self.link is not None
        for each in frames:
            self.link.sendall(each if isinstance(each, bytes) else frame(each))

    def send_some(self, what: FeedFrame) -> bytes:
        """Sends a frame as far as the other side takes it; what is left of it."""
        assert self.link is not None
        rest = frame(what)
        try:
            while rest:
                rest = rest[self.link.send(rest) :]
        except TimeoutError:
            return rest
        return b""

    def drop(self) -> None:
        """Ends the connection."""
        assert self.link is not None
        self.link.shutdown(socket.SHUT_RDWR)
        self.link.close()

    def close(self) -> None:
        """Ends the program."""
        self._server.close()
        for each in self._links:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Waits for something that another thread does."""
        give_up = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < give_up, "waited too long"
            time.sleep(0.002)

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            self.link = link
            self._links.append(link)
            self.accepted += 1
            try:
                link.sendall(self.first if isinstance(self.first, bytes) else frame(self.first))
                threading.Thread(target=self._hear, args=(link,), daemon=True).start()
            except OSError:
                continue

    def _hear(self, link: socket.socket) -> None:
        reader = FrameReader()
        try:
            while count := link.recv_into(reader.room()):
                reader.filled(count)
                self.said += [parse_desk_frame(body) for body in reader.frames()]
        except OSError:
            return


def garbage(text: bytes) -> bytes:
    """A frame of the right length with anything inside."""
    return LENGTH.pack(len(text)) + text
