"""The inbox: every message once, in order, whatever waits on the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.market.message_inbox import MessageInbox
from tests.store.market_messages import quote_batch


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.one_of(st.integers(1, 300), st.just(-1)), max_size=40), memory=st.integers(0, 400))
def test_everything_comes_out_once_and_in_order(
    steps: list[int], memory: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inbox = MessageInbox(tmp_path_factory.mktemp("inbox"), memory)
    source = quote_batch(sum(step for step in steps if step > 0), 0)
    tape = np.empty_like(source[:300])
    at, taken = 0, [source[:0]]
    for step in steps:
        if step > 0:
            tape[:step] = source[at : at + step]
            inbox.put(tape[:step])
            at += step
        elif (part := inbox.take()) is not None:
            taken.append(part)
    while (part := inbox.take()) is not None:
        taken.append(part)
    np.testing.assert_array_equal(np.concatenate(taken), source[:at])
    assert inbox.count == 0
    inbox.close()


def test_where_the_disk_takes_nothing_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inbox = MessageInbox(tmp_path / "file", 10)
    inbox.put(quote_batch(10, 0))
    with pytest.raises(OSError, match="file"):
        inbox.put(quote_batch(1, 0))
    inbox.close()
    assert inbox.take() is None
