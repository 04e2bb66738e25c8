"""The profile's lock, between real processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from terminal.infra.process_lock import ProcessLock, ProfileInUse, holder, is_held

WAIT_S = 20.0
HOLD = """
import sys, threading
from pathlib import Path
from terminal.infra.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1])); lock.acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""
HOLD_AND_FORK = """
import os, sys, threading
from pathlib import Path
from terminal.infra.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1])); lock.acquire()
child = os.fork()
if child == 0:
    threading.Event().wait()
print(child, flush=True)
threading.Event().wait()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.lock"


@contextmanager
def running(code: str, path: Path, repository: Path) -> Iterator[tuple[subprocess.Popen[bytes], bytes]]:
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=repository) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


def test_a_second_process_is_told_who_has_it(path: Path, repository: Path) -> None:
    with running(HOLD, path, repository) as (child, said):
        assert said == b"held"
        assert is_held(path)
        found = holder(path)
        assert found is not None
        assert found.pid == child.pid
        with pytest.raises(ProfileInUse) as refused:
            ProcessLock(path).acquire()
        expected = (
            f"Another Moneyness (pid {child.pid}) uses this profile; close it or choose another with --profile DIR."
        )
        assert str(refused.value) == expected
        assert refused.value.exit_code == 2
        child.communicate(timeout=WAIT_S)
    with ProcessLock(path) as lock:
        assert lock.held


def test_kill_9_frees_it(path: Path, repository: Path) -> None:
    with running(HOLD, path, repository) as (child, _):
        os.kill(child.pid, signal.SIGKILL)
        child.wait(WAIT_S)
    assert not is_held(path)
    assert holder(path) is None, "the dead holder is still named"
    with ProcessLock(path):
        found = holder(path)
        assert found is not None
        assert found.pid == os.getpid()


def test_a_forked_child_does_not_keep_a_killed_parents_lock(path: Path, repository: Path) -> None:
    with running(HOLD_AND_FORK, path, repository) as (parent, said):
        forked = int(said)
        try:
            assert is_held(path)
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait(WAIT_S)
            os.kill(forked, 0)
            with ProcessLock(path) as lock:
                assert lock.held
        finally:
            os.kill(forked, signal.SIGKILL)


def test_the_lock_is_exclusive_within_a_process_too(path: Path) -> None:
    with ProcessLock(path) as first:
        with pytest.raises(RuntimeError):
            first.acquire()
        with pytest.raises(ProfileInUse):
            ProcessLock(path).acquire()
    assert not is_held(path)


def test_release_twice_is_harmless_and_a_lock_can_be_taken_again(path: Path) -> None:
    lock = ProcessLock(path)
    for _ in range(2):
        lock.acquire()
        lock.release()
        lock.release()
    assert not lock.held
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_file_nobody_holds_it(path: Path) -> None:
    assert not is_held(path)
    assert holder(path) is None


@pytest.mark.parametrize("text", ["", "[]", '{"pid": "x"}', '{"pid": 1, "since": "yesterday"}'])
def test_an_unreadable_holder_is_not_named_but_still_refuses(path: Path, text: str) -> None:
    with ProcessLock(path):
        path.with_name("desk.lock.holder").write_text(text)
        assert holder(path) is None
        with pytest.raises(ProfileInUse, match=r"^Another Moneyness uses this profile"):
            ProcessLock(path).acquire()


def test_probing_does_not_refuse_a_desk_that_starts(path: Path) -> None:
    path.touch()
    stop = threading.Event()

    def probe() -> None:
        while not stop.wait(0.002):
            is_held(path)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        for _ in range(50):
            with ProcessLock(path):
                pass
    finally:
        stop.set()
        thread.join(WAIT_S)


def _try(path: Path, barrier: object, results: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    try:
        ProcessLock(path).acquire()
    except ProfileInUse:
        results.put(0)  # type: ignore[attr-defined]
    else:
        results.put(1)  # type: ignore[attr-defined]
        barrier.wait()  # type: ignore[attr-defined]


def test_of_several_that_start_together_one_wins(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    children = [context.Process(target=_try, args=(path, barrier, results), daemon=True) for _ in range(3)]
    for child in children:
        child.start()
    try:
        assert sorted(results.get(timeout=WAIT_S) for _ in children) == [0, 0, 1]
    finally:
        for child in children:
            child.kill()
            child.join(WAIT_S)
