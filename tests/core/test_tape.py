"""The tape loses nothing, overwrites nothing and wakes both ends."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.messages import Batch, empty_batch
from terminal.core.tape import Tape, TapeClosedError


def numbered(start: int, count: int) -> Batch:
    batch = empty_batch(count)
    batch["ts_ns"] = np.arange(start, start + count)
    return batch


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=40), st.integers(1, 64))
def test_every_message_arrives_once_and_in_order_across_threads(sizes: list[int], most: int) -> None:
    tape = Tape(32)
    total = sum(sizes)
    seen: list[int] = []

    def write() -> None:
        start = 0
        for size in sizes:
            assert tape.write(numbered(start, size), timeout_s=10)
            start += size
        tape.close()

    writer = threading.Thread(target=write)
    writer.start()
    while tape.wait(5) or not tape.closed:
        view = tape.peek(most)
        seen += view["ts_ns"].tolist()
        tape.release(len(view))
    writer.join(10)
    assert seen == list(range(total))
    assert tape.lag == 0
    assert tape.written == total


def test_a_full_tape_holds_the_writer_back() -> None:
    tape = Tape(8)
    assert tape.write(numbered(0, 8), timeout_s=0)
    assert not tape.has_room(1)
    assert not tape.write(numbered(8, 1), timeout_s=0.01)
    assert tape.peek()["ts_ns"].tolist() == list(range(8))


def test_a_closed_tape_refuses_the_writer_but_can_be_read() -> None:
    tape = Tape(8)
    tape.write(numbered(0, 3))
    tape.close()
    with pytest.raises(TapeClosedError):
        tape.write(numbered(3, 1))
    assert len(tape.peek()) == 3


def test_a_waiting_reader_is_woken_without_a_message() -> None:
    tape = Tape(8)
    woken = threading.Event()

    def read() -> None:
        tape.wait(10)
        woken.set()

    reader = threading.Thread(target=read)
    reader.start()
    while not woken.is_set():
        tape.wake()
        woken.wait(0.01)
    reader.join(5)
    assert not reader.is_alive()


@pytest.mark.parametrize("capacity", [0, 1, 3, 100])
def test_a_capacity_that_is_no_power_of_two_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Tape(capacity)


def test_releasing_more_than_is_there_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot release"):
        Tape(8).release(1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 64)), min_size=1, max_size=30))
def test_all_that_is_unread_is_seen_wherever_the_ring_ends(steps: list[tuple[int, int, int]]) -> None:
    tape, written, read = Tape(64), 0, 0
    for wanted, taken, most in steps:
        more = min(wanted, tape.capacity - tape.lag)
        batch = empty_batch(more)
        batch["ts_ns"] = np.arange(written, written + more)
        tape.write(batch)
        written += more
        seen = tape.peek(most)
        assert seen["ts_ns"].tolist() == list(range(read, read + min(most, written - read)))
        assert np.concatenate(tape.unread())["ts_ns"].tolist() == list(range(read, written))
        less = min(taken, tape.lag)
        tape.release(less)
        read += less
