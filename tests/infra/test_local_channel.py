"""The local channel over real sockets, threads and processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Client
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.infra import local_channel
from terminal.infra.failures import UsageError, WorkFailed
from terminal.infra.local_channel import ChannelBroken, ChannelServer, DeskRefused, NoDesk, Request, request

WAIT_S = 20.0


class Places:
    """File and socket of one channel."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.file = folder / "channel.json"
        self.socket = folder / "s"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "run")


def echo(asked: Request) -> Iterable[bytes]:
    if asked.verb == "usage":
        raise UsageError("That is not a query; write SELECT.")
    if asked.verb == "fails":
        raise WorkFailed("The disk is full.")
    if asked.verb == "bug":
        raise ZeroDivisionError("a secret detail")
    if asked.verb == "large":
        return [b"x" * int(asked.arguments["bytes"])]
    return [json.dumps(dict(asked.arguments)).encode(), b"", b"|", asked.verb.encode()]


def test_an_answer_comes_back_whole(places: Places) -> None:
    with ChannelServer(places.file, places.socket, echo):
        answer = b"".join(request(places.file, "query", {"sql": "select 1", "n": 3}))
    assert answer == b'{"sql": "select 1", "n": 3}|query'


def test_file_and_socket_are_private_and_gone_after_close(places: Places) -> None:
    server = ChannelServer(places.file, places.socket, echo)
    server.start()
    assert stat.S_IMODE(places.file.stat().st_mode) == 0o600
    assert stat.S_ISSOCK(places.socket.stat().st_mode)
    server.close()
    server.close()
    assert not places.file.exists()
    assert not places.socket.exists()


def test_closing_keeps_the_file_of_a_later_desk(places: Places) -> None:
    first = ChannelServer(places.file, places.socket, echo)
    first.start()
    second = ChannelServer(places.file, places.socket.with_name("t"), echo)
    second.start()
    first.close()
    assert b"|again" in b"".join(request(places.file, "again"))
    second.close()


def test_large_answers_are_cut_into_frames_and_arrive(places: Places) -> None:
    with ChannelServer(places.file, places.socket, echo):
        chunks = list(request(places.file, "large", {"bytes": 5_000_001}))
    assert sum(map(len, chunks)) == 5_000_001
    assert max(map(len, chunks)) <= local_channel.MAX_CHUNK_BYTES


@pytest.mark.parametrize(
    ("verb", "sentence", "exit_code"),
    [
        ("usage", "That is not a query; write SELECT.", 2),
        ("fails", "The disk is full.", 1),
        ("bug", "The desk failed on this request; its log says why.", 1),
    ],
)
def test_a_refusal_carries_sentence_and_exit_code(
    places: Places, verb: str, sentence: str, exit_code: int, caplog: pytest.LogCaptureFixture
) -> None:
    with ChannelServer(places.file, places.socket, echo), pytest.raises(DeskRefused) as refused:
        list(request(places.file, verb))
    assert str(refused.value) == sentence
    assert refused.value.exit_code == exit_code
    assert ("a secret detail" in caplog.text) == (verb == "bug")


def test_a_request_that_is_too_long_is_not_sent(places: Places) -> None:
    with ChannelServer(places.file, places.socket, echo), pytest.raises(UsageError, match="too long"):
        request(places.file, "query", {"sql": "x" * local_channel.MAX_REQUEST_BYTES})


def test_without_a_desk_one_sentence_says_so(places: Places) -> None:
    with pytest.raises(NoDesk, match="No desk runs on this profile"):
        request(places.file, "query")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"family": 1}', '{"family":"AF_INET","address":"x","token":"y"}'])
def test_an_unreadable_file_is_no_desk(places: Places, text: str) -> None:
    places.file.write_text(text)
    with pytest.raises(NoDesk):
        request(places.file, "query")


def test_a_wrong_token_gets_no_answer(places: Places) -> None:
    with ChannelServer(places.file, places.socket, echo):
        said = json.loads(places.file.read_text())
        said["token"] = "0" * 64
        places.file.write_text(json.dumps(said))
        with pytest.raises(ChannelBroken):
            list(request(places.file, "query"))
        said_again = Client(str(places.socket), family="AF_UNIX")
        said_again.recv_bytes(100)
        said_again.send_bytes(b"Q" + b'{"verb":"query","arguments":{}}')
        with pytest.raises((EOFError, OSError)):
            said_again.recv_bytes(100)


def test_what_is_not_the_desk_is_found_out(places: Places) -> None:
    """Somebody else listens on the address: the caller must not send it the request."""
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(str(places.socket))
        impostor.listen(1)
        places.file.write_text(json.dumps({"family": "AF_UNIX", "address": str(places.socket), "token": "t"}))
        got: list[bytes] = []

        def pretend() -> None:
            line, _ = impostor.accept()
            with line:
                for frame in (b"H" + b"n" * 32, b"W" + b"w" * 32):
                    line.sendall(len(frame).to_bytes(4, "big") + frame)
                while piece := line.recv(4096):
                    got.append(piece)

        thread = threading.Thread(target=pretend)
        thread.start()
        with pytest.raises(ChannelBroken, match="not the desk"):
            request(places.file, "secret-query")
        thread.join(WAIT_S)
    assert b"secret-query" not in b"".join(got)


def test_silence_ends_with_a_sentence(places: Places) -> None:
    release = threading.Event()

    def slow(asked: Request) -> Iterable[bytes]:
        release.wait(WAIT_S)
        return [b"late"]

    with ChannelServer(places.file, places.socket, slow):
        with pytest.raises(ChannelBroken, match="did not answer in time"):
            list(request(places.file, "query", timeout_s=0.05))
        release.set()


def test_a_caller_that_leaves_stops_the_work(places: Places) -> None:
    stopped = threading.Event()

    def endless(asked: Request) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            stopped.set()

    with ChannelServer(places.file, places.socket, endless):
        with request(places.file, "query") as answer:
            assert next(iter(answer)) == b"x" * 100_000
        assert stopped.wait(WAIT_S)


def test_requests_run_side_by_side_and_too_many_are_told_to_wait(places: Places) -> None:
    entered = threading.Semaphore(0)
    release = threading.Event()

    def waits(asked: Request) -> Iterable[bytes]:
        entered.release()
        release.wait(WAIT_S)
        return [b"done"]

    with ChannelServer(places.file, places.socket, waits):
        answers = [request(places.file, "query", timeout_s=WAIT_S) for _ in range(local_channel.MAX_ANSWERS_AT_ONCE)]
        for _ in answers:
            assert entered.acquire(timeout=WAIT_S)
        with pytest.raises(DeskRefused, match="busy"):
            list(request(places.file, "query"))
        release.set()
        assert [b"".join(answer) for answer in answers] == [b"done"] * len(answers)


def test_closing_the_desk_ends_running_answers(places: Places) -> None:
    def endless(asked: Request) -> Iterator[bytes]:
        while True:
            yield b"."

    server = ChannelServer(places.file, places.socket, endless)
    server.start()
    answer = request(places.file, "query", timeout_s=WAIT_S)
    next(iter(answer))
    server.close()
    with pytest.raises(ChannelBroken, match="before the answer was complete"):
        list(answer)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(st.binary(max_size=200), max_size=4))
def test_garbage_never_stops_the_desk(places: Places, frames: list[bytes]) -> None:
    with ChannelServer(places.file, places.socket, echo):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(places.socket))
            try:
                for frame in frames:
                    line.sendall(frame)
            except OSError:
                pass
        assert b"".join(request(places.file, "v")) == b"{}|v"


@pytest.mark.parametrize("body", [b"Q{", b"Q[]", b'Q{"verb":1,"arguments":{}}', b"Q" + b"[" * 5000, b"Z{}", b"Q\xff"])
def test_a_request_that_is_none_is_refused(places: Places, body: bytes) -> None:

    with ChannelServer(places.file, places.socket, echo):
        said = json.loads(places.file.read_text())
        line = Client(said["address"], family="AF_UNIX")
        assert local_channel._introduce(line, said["token"])
        line.send_bytes(body)
        frame = line.recv_bytes()
        line.close()
    assert frame[:1] == b"X"
    assert json.loads(frame[1:])["exit_code"] == 2


DESK = """
import sys, threading
from pathlib import Path
from terminal.infra.local_channel import ChannelServer
ChannelServer(Path(sys.argv[1]), Path(sys.argv[2]), lambda asked: [b"from the child"]).start()
print("ready", flush=True)
threading.Event().wait()
"""


def test_a_killed_desk_is_no_desk_and_the_next_one_takes_over(places: Places, repository: Path) -> None:
    command = [sys.executable, "-c", DESK, str(places.file), str(places.socket)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert b"".join(request(places.file, "query")) == b"from the child"
        os.kill(child.pid, signal.SIGKILL)
        child.wait(WAIT_S)
    assert places.file.exists()
    with pytest.raises(NoDesk, match="No desk runs"):
        request(places.file, "query")
    with ChannelServer(places.file, places.socket, echo):
        assert b"".join(request(places.file, "v")) == b"{}|v"


def test_a_half_sent_greeting_does_not_hold_a_thread_for_ever(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_channel, "_HANDSHAKE_TIMEOUT_S", 0.05)
    with ChannelServer(places.file, places.socket, echo), socket.socket(socket.AF_UNIX) as line:
        line.connect(str(places.socket))
        line.sendall(b"\x00")
        line.settimeout(WAIT_S)
        while line.recv(4096):
            pass
        deadline = time.monotonic() + WAIT_S
        while any(thread.name == "channel-answer" for thread in threading.enumerate()):
            assert time.monotonic() < deadline, "the answering thread still waits"
            time.sleep(0.01)


def test_a_path_that_is_too_long_is_a_sentence(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(WorkFailed, match="local channel at"):
        ChannelServer(deep / "channel.json", deep / "s", echo).start()
