"""Requests to the running desk from other processes of the same user: query, backup, raise the window.

A socket in a private folder carries frames of bytes, JSON or CSV, never pickles. Both sides prove that they know a
token from a file only this user can read (HMAC-SHA256 over two nonces, so that it is never sent). A frame is one letter
and its payload; an answer is any number of data frames and then an end or an error.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import os
import secrets
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Self

from terminal.infra import atomic_file
from terminal.infra.failures import UsageError, UserFacingError, WorkFailed

MAX_REQUEST_BYTES = 2**20
MAX_CHUNK_BYTES = 2**20
MAX_ANSWERS_AT_ONCE = 8
_NONCE_BYTES = 32
_HANDSHAKE_TIMEOUT_S = 5.0
_SEND_TIMEOUT_S = 60.0
_HELLO, _PROOF, _WELCOME, _REQUEST, _DATA, _END, _ERROR = b"H", b"P", b"W", b"Q", b"D", b"E", b"X"
_LINE_FAILURES = (OSError, EOFError)

log = logging.getLogger(__name__)


class NoDesk(UsageError):
    """No desk runs on this profile, or the one that did has died."""


class ChannelBroken(WorkFailed):
    """The desk did not answer, or not to the end."""


class DeskRefused(UserFacingError):
    """The desk answered with a failure; the message and exit code are its own."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Request:
    """What another process asks for; ``arguments`` are JSON values, to be checked by the handler."""

    verb: str
    arguments: Mapping[str, Any]


Handler = Callable[[Request], Iterable[bytes]]
"""Gives the answer in chunks; called on a thread of its own for each request. A UserFacingError becomes the caller's
sentence. When the caller goes away the iterable is closed, so a generator can stop its work in ``finally``."""


class ChannelServer:
    """The desk's end. Start it only while holding the profile's lock: it takes the socket's path over."""

    def __init__(self, channel_file: Path, socket_path: Path, handler: Handler) -> None:
        self._file = channel_file
        self._socket_path = socket_path
        self._handler = handler
        self._token = secrets.token_hex(32)
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_ANSWERS_AT_ONCE)
        self._lines: set[Connection[Any, Any]] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listens, then writes the file by which others find this desk. Raises WorkFailed when it cannot."""
        family, address = self._address()
        try:
            if family == "AF_UNIX":
                self._socket_path.unlink(missing_ok=True)
            self._listener = Listener(address, family, backlog=16)
            said = {"format": 1, "pid": os.getpid(), "family": family, "address": address, "token": self._token}
            atomic_file.write_text(self._file, json.dumps(said) + "\n")
        except OSError as error:
            self._close_listener()
            raise WorkFailed(f"The desk's local channel at {address} cannot be opened: {error}.") from error
        self._thread = threading.Thread(target=self._accept, name="channel", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = 1.0) -> None:
        """Takes no more requests, ends those that run, removes file and socket. A second call does nothing."""
        if self._listener is None or self._closing.is_set():
            return
        self._closing.set()
        self._remove_own_file()
        with contextlib.suppress(*_LINE_FAILURES):
            # The accept call cannot be interrupted, only answered.
            Client(self._listener.address, family=self._address()[0]).close()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._close_listener()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            _shut(line)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _address(self) -> tuple[str, str]:
        if sys.platform == "win32":
            return "AF_PIPE", rf"\\.\pipe\moneyness-{self._token[:16]}"
        return "AF_UNIX", str(self._socket_path)

    def _close_listener(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.close()

    def _remove_own_file(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if json.loads(self._file.read_text(encoding="utf-8"))["token"] == self._token:
                self._file.unlink()

    def _accept(self) -> None:
        assert self._listener is not None  # noqa: S101 - start() has set it
        while not self._closing.is_set():
            try:
                line = self._listener.accept()
            except _LINE_FAILURES as error:
                if not self._closing.wait(0.1):
                    log.warning("a local request was not accepted: %s", error)
                continue
            if self._closing.is_set():
                line.close()
                return
            threading.Thread(target=self._serve, args=(line,), name="channel-answer", daemon=True).start()

    def _serve(self, line: Connection[Any, Any]) -> None:
        with self._lock:
            self._lines.add(line)
        try:
            _set_timeouts(line, _HANDSHAKE_TIMEOUT_S, _SEND_TIMEOUT_S)
            if not _let_in(line, self._token):
                log.warning("a local request without the right token was turned away")
                return
            frame = line.recv_bytes(MAX_REQUEST_BYTES + 1)
            if not self._slots.acquire(blocking=False):
                _send_error(line, "The desk is busy with other requests; try again in a moment.", 1)
                return
            try:
                self._answer(line, frame)
            finally:
                self._slots.release()
        except _LINE_FAILURES as error:
            log.info("a local request ended early: %s", str(error) or type(error).__name__)
        finally:
            with self._lock:
                self._lines.discard(line)
            line.close()

    def _answer(self, line: Connection[Any, Any], frame: bytes) -> None:
        chunks: Iterable[bytes] = ()
        try:
            request = _parse_request(frame)
            chunks = self._handler(request)
            for chunk in chunks:
                for start in range(0, len(chunk), MAX_CHUNK_BYTES):
                    line.send_bytes(_DATA + chunk[start : start + MAX_CHUNK_BYTES])
            line.send_bytes(_END)
        except UserFacingError as error:
            _send_error(line, error.message, error.exit_code)
        except _LINE_FAILURES:
            raise
        except Exception:
            log.exception("a local request failed")
            _send_error(line, "The desk failed on this request; its log says why.", 1)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()


class Answer:
    """The chunks of an answer, as they come. Close it, or leave its ``with``, to stop early."""

    def __init__(self, line: Connection[Any, Any]) -> None:
        self._line = line

    def __iter__(self) -> Iterator[bytes]:
        """Raises DeskRefused with the desk's own sentence, ChannelBroken when it stops in the middle."""
        while True:
            kind, payload = self._next()
            if kind == _DATA:
                yield payload
            elif kind == _END:
                self.close()
                return
            else:
                self.close()
                raise _refusal(kind, payload)

    def close(self) -> None:
        """Ends the request; the desk stops working on it."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self) -> tuple[bytes, bytes]:
        try:
            frame = self._line.recv_bytes(MAX_CHUNK_BYTES + 1)
        except BlockingIOError as error:
            self.close()
            raise ChannelBroken("The desk did not answer in time; look at its log, or try again.") from error
        except _LINE_FAILURES as error:
            self.close()
            raise ChannelBroken("The desk stopped before the answer was complete; try again.") from error
        return frame[:1], frame[1:]


def request(
    channel_file: Path, verb: str, arguments: Mapping[str, Any] | None = None, *, timeout_s: float = 30.0
) -> Answer:
    """Asks the desk of the profile whose ``channel_file`` this is; ``timeout_s`` bounds each silence, not the whole.

    Raises NoDesk when none runs, also when a killed one left its file; ChannelBroken when it does not answer.
    """
    body = _REQUEST + json.dumps({"verb": verb, "arguments": dict(arguments or {})}).encode()
    if len(body) > MAX_REQUEST_BYTES:
        raise UsageError(f"The request is too long: {len(body):,} bytes, at most {MAX_REQUEST_BYTES:,}.")
    family, address, token = _find_desk(channel_file)
    try:
        line = Client(address, family=family)
    except OSError as error:
        raise NoDesk("No desk runs on this profile.") from error
    try:
        _set_timeouts(line, timeout_s, timeout_s)
        if not _introduce(line, token):
            raise ChannelBroken("What listens on the desk's channel is not the desk; restart the desk.")
        line.send_bytes(body)
    except _LINE_FAILURES as error:
        line.close()
        raise ChannelBroken("The desk did not take the request; look at its log, or try again.") from error
    except BaseException:
        line.close()
        raise
    return Answer(line)


def _find_desk(channel_file: Path) -> tuple[str, str, str]:
    try:
        said = json.loads(channel_file.read_text(encoding="utf-8"))
        family, address, token = str(said["family"]), str(said["address"]), str(said["token"])
    except FileNotFoundError as error:
        raise NoDesk("No desk runs on this profile.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoDesk(f"No desk can be reached: {channel_file} cannot be read; restart the desk.") from error
    if family not in {"AF_UNIX", "AF_PIPE"}:
        raise NoDesk(f"No desk can be reached: {channel_file} is not from this version; restart the desk.")
    return family, address, token


def _proof(token: str, side: str, *nonces: bytes) -> bytes:
    return hmac.digest(token.encode(), f"moneyness-1-{side}".encode() + b"".join(nonces), "sha256")


def _let_in(line: Connection[Any, Any], token: str) -> bool:
    """The desk's half of the handshake: whether the other side knows ``token``."""
    mine = secrets.token_bytes(_NONCE_BYTES)
    line.send_bytes(_HELLO + mine)
    frame = line.recv_bytes(1 + _NONCE_BYTES * 2)
    theirs, proof = frame[1 : 1 + _NONCE_BYTES], frame[1 + _NONCE_BYTES :]
    if frame[:1] != _PROOF or not hmac.compare_digest(proof, _proof(token, "asks", mine, theirs)):
        return False
    line.send_bytes(_WELCOME + _proof(token, "answers", theirs, mine))
    return True


def _introduce(line: Connection[Any, Any], token: str) -> bool:
    """The caller's half: whether the other side is the desk that wrote the token."""
    theirs = line.recv_bytes(1 + _NONCE_BYTES)[1:]
    mine = secrets.token_bytes(_NONCE_BYTES)
    line.send_bytes(_PROOF + mine + _proof(token, "asks", theirs, mine))
    frame = line.recv_bytes(1 + _NONCE_BYTES)
    return frame[:1] == _WELCOME and hmac.compare_digest(frame[1:], _proof(token, "answers", mine, theirs))


def _parse_request(frame: bytes) -> Request:
    try:
        body = json.loads(frame[1:]) if frame[:1] == _REQUEST else None
    except (ValueError, RecursionError):
        body = None
    if (
        not isinstance(body, dict)
        or not isinstance(body.get("verb"), str)
        or not isinstance(body.get("arguments"), dict)
    ):
        raise UsageError("The request is not one that this desk understands; use the same version of Moneyness.")
    return Request(body["verb"], body["arguments"])


def _send_error(line: Connection[Any, Any], message: str, exit_code: int) -> None:
    body = json.dumps({"message": message[: MAX_CHUNK_BYTES // 8], "exit_code": exit_code}).encode()
    line.send_bytes(_ERROR + body)


def _refusal(kind: bytes, payload: bytes) -> UserFacingError:
    if kind == _ERROR:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(payload)
            return DeskRefused(str(said["message"]), int(said["exit_code"]))
    return ChannelBroken("The desk's answer cannot be read; use the same version of Moneyness for both.")


def _set_timeouts(line: Connection[Any, Any], receive_s: float, send_s: float) -> None:
    """Bounds every read and write on the socket; named pipes of Windows have no such bound."""
    if sys.platform == "win32":
        return
    with socket.socket(socket.AF_UNIX, fileno=os.dup(line.fileno())) as same:
        for option, seconds in ((socket.SO_RCVTIMEO, receive_s), (socket.SO_SNDTIMEO, send_s)):
            whole = int(seconds)
            same.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", whole, int((seconds - whole) * 1e6)))


def _shut(line: Connection[Any, Any]) -> None:
    """Ends a line that another thread is using; closing it there would hand its number to the next file."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, fileno=os.dup(line.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
