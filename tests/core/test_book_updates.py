"""Messages are cut between the updates of books and never within one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core import book_updates
from terminal.core.book_updates import begin_of_last_update, end_of_update
from terminal.core.messages import Batch, Kind, empty_batch
from terminal.core.tape import Tape

Wanted = list[tuple[int, int, bool]]
"""Of each update: instrument (-1: a quote instead), levels, whether it is announced; each at a time of its own."""


def updates(wanted: Wanted) -> tuple[Batch, list[int]]:
    """The messages, and the number of the update of each."""
    made, numbers = [], []
    for number, (instrument, levels, is_announced) in enumerate(wanted):
        kinds = [Kind.BOOK_UPDATE] * is_announced + [Kind.DEPTH] * levels if instrument >= 0 else [Kind.QUOTE]
        for kind in kinds:
            message = empty_batch(1)
            message["kind"], message["instrument"], message["ts_ns"] = kind, max(instrument, 0), number
            made.append(message)
            numbers.append(number)
    batch = np.concatenate([*made, empty_batch(0)])
    batch["v0"] = np.arange(len(batch))
    return batch, numbers


def test_levels_stay_with_their_update_and_with_nothing_else() -> None:
    batch, numbers = updates([(0, 3, True), (0, 2, True), (1, 2, False), (-1, 0, False), (1, 1, False)])
    assert numbers == [0] * 4 + [1] * 3 + [2] * 2 + [3, 4]
    assert [end_of_update(batch, at) for at in range(13)] == [0, 4, 4, 4, 4, 7, 7, 7, 9, 9, 10, 11, 12]
    assert [begin_of_last_update(batch[:until]) for until in range(12)] == [0, 1, 2, 3, 4, 4, 4, 4, 7, 7, 10, 10]


def test_one_instant_of_one_book_may_hold_two_updates() -> None:
    batch, _ = updates([(0, 2, True), (0, 2, True)])
    batch["ts_ns"] = 5
    assert [end_of_update(batch, at) for at in range(7)] == [0, 3, 3, 3, 6, 6, 6]


def test_an_update_that_is_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_updates, "MOST_OF_ONE", 4)
    batch, _ = updates([(0, 20, True)])
    assert end_of_update(batch, 3) == 7
    assert begin_of_last_update(batch) == len(batch)


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 5), st.booleans()), max_size=30), st.data())
def test_no_cut_is_within_an_update_and_each_goes_on(wanted: Wanted, data: st.DataObject) -> None:
    batch, numbers = updates(wanted)
    at = data.draw(st.integers(0, len(batch)))
    end = end_of_update(batch, at)
    assert end >= at
    assert end in {0, len(batch)} or numbers[end] != numbers[end - 1]
    begin = begin_of_last_update(batch[:at])
    assert 0 < begin <= at or at == 0
    assert begin in {0, at} or numbers[begin] != numbers[begin - 1]
    if begin < at:
        assert numbers[begin] == numbers[at - 1]


def test_what_a_tape_gives_does_not_end_where_its_ring_does() -> None:
    tape = Tape(16)
    tape.write(empty_batch(12))
    tape.release(12)
    batch, _ = updates([(0, 3, True), (1, 6, True)])
    tape.write(batch)
    assert tape.peek()["v0"].tolist() == list(range(11))
    tape.release(2)
    assert tape.peek()["v0"].tolist() == list(range(2, 11))
    tape.release(9)
    assert len(tape.peek()) == tape.lag == 0
