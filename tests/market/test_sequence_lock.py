"""The lock of the market state: no half batches, and no reader that waits for a writer who never rests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from terminal.market.sequence_lock import SequenceLock

_WORK = np.random.default_rng(1).random(100_000)


class BusyWriter:
    """Goes from one change to the next without a rest, as the engine does at the open."""

    def __init__(self, lock: SequenceLock) -> None:
        self.changes = 0
        self.pair = [0, 0]
        self._lock = lock
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def stop(self) -> None:
        self._stop.set()
        self.thread.join(10.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock.writing():
                self.pair[0] += 1
                np.sort(_WORK)  # without the interpreter, as kernels are
                self.pair[1] += 1
                self.changes += 1


@pytest.fixture
def writer() -> Iterator[BusyWriter]:
    found = BusyWriter(SequenceLock())
    found.thread.start()
    while not found.changes:
        time.sleep(0.001)
    yield found
    found.stop()


def test_a_waiting_reader_is_next_however_quick_the_writer() -> None:
    lock = SequenceLock()
    done = threading.Event()

    def read() -> None:
        lock.copy(lambda: 1)
        done.set()

    for _ in range(20):
        done.clear()
        reader = threading.Thread(target=read, daemon=True)
        with lock.writing():
            reader.start()
            while not lock._turnstile.locked():
                time.sleep(0)
        with lock.writing():
            read_before = not lock._turnstile.locked()
        assert read_before, "the next change began while a reader still waited"
        assert done.wait(10.0)
        reader.join(10.0)


def test_a_reader_never_sees_half_a_change(writer: BusyWriter) -> None:
    for _ in range(60):
        first, second = writer._lock.copy(lambda: tuple(writer.pair))
        assert first == second


def test_readers_do_not_keep_the_writer_out(writer: BusyWriter) -> None:
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            writer._lock.copy(lambda: time.sleep(0.001))

    readers = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for each in readers:
        each.start()
    before = writer.changes
    end = time.monotonic() + 20.0
    while writer.changes < before + 20:
        assert time.monotonic() < end, "the writer stands still"
        time.sleep(0.01)
    over.set()
    for each in readers:
        each.join(10.0)


def test_a_change_that_raises_leaves_the_lock_open() -> None:
    lock = SequenceLock()

    def fail() -> None:
        with lock.writing():
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert lock.copy(lambda: 7) == 7
    with lock.writing():
        pass
