"""Whether a book says that it cannot be believed: snapshots in part, and orders that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.messages import Kind, clock_message
from terminal.market.rows import BookStatus
from tests.market.book_model import BookModel, Message, as_batch, part
from tests.market.test_books import CLEAR, add, cancel, depth, market, near, shown, sides, told, update


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (cancel(9), "changes of unknown orders"),
        ((Kind.ORDER_FILL, 0, 0, 0, 3, 9), "changes of unknown orders"),
        ((Kind.ORDER_MODIFY, 0, 1, 100, 3, 9), "changes of unknown orders"),
        (cancel(1, 6), "cancels of too much"),
        ((Kind.ORDER_FILL, 0, 0, 0, 6, 1), "cancels of too much"),
        (add(1, 100, 5, 1), "orders added twice"),
        (add(1, 100, -5, 2), "impossible book messages"),
        ((Kind.ORDER_MODIFY, 0, 1, 100, -1, 1), "impossible book messages"),
    ],
)
def test_an_order_message_that_cannot_be_ends_belief_in_the_book_until_it_begins_anew(
    wrong: Message, reason: str
) -> None:
    state = told(CLEAR, add(1, 100, 5, 1))
    assert state.book.status(0) is BookStatus.OK
    state.apply(as_batch([wrong], start_ns=10**18 + 5))
    assert state.book.status(0) is BookStatus.GAP
    assert state.book.troubles() == {"gaps in books": 1, reason: 1}
    state.apply(as_batch([add(1, 101, 5, 3), wrong], start_ns=10**18 + 9))
    assert state.book.status(0) is BookStatus.GAP
    assert state.book.totals().gaps == 1, "one loss is one gap, whatever is found in it"
    state.apply(as_batch([CLEAR, add(1, 100, 5, 1)], start_ns=10**18 + 20))
    assert state.book.status(0) is BookStatus.OK


def test_a_book_that_began_in_the_middle_of_a_session_is_incomplete_and_has_lost_nothing() -> None:
    state = told(add(1, 100, 5, 1), cancel(77))
    assert state.book.status(0) is BookStatus.BUILDING
    assert state.book.totals().gaps == 0
    state.apply(as_batch([add(1, 100, 5, 1)], start_ns=10**18 + 5))
    assert state.book.status(0) is BookStatus.GAP, "twice the same order is no order of before"


snapshots = st.lists(st.tuples(sides, near, st.integers(1, 9)), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(snapshots, st.sampled_from(["flag", "time", "message"]), st.booleans()), min_size=1, max_size=5)
)
def test_no_part_of_a_snapshot_is_ever_shown_as_a_good_book(
    told: list[tuple[list[tuple[int, int, int]], str, bool]],
) -> None:
    """Cut after every single message: what is shown as good is the whole of the newest snapshot, however it says that
    it is over."""
    state, ts_ns = market(), 10**18
    whole: list[list[tuple[int, int, int]]] = [[], []]
    for number, (levels, ending, by_sequence) in enumerate(told, start=1):
        model = BookModel()
        messages = [update(number, number, snapshot=True) if by_sequence else part(CLEAR)]
        messages += [part(depth(*level)) for level in levels]
        for message in messages:
            model.apply(*message)
        if ending == "flag":
            messages[-1] = part(messages[-1], last=True)
        for place, message in enumerate(messages):
            state.apply(as_batch([message], start_ns=ts_ns))
            is_whole = ending == "flag" and place == len(messages) - 1
            if is_whole:
                whole = list(model.sides())
            status = state.book.status(0)
            assert not status.is_good or (is_whole and shown(state) == whole)
        whole = list(model.sides())
        if ending == "message":
            same = messages[-1]
            state.apply(as_batch([(same[0], 0, *same[2:])], start_ns=ts_ns))
        ts_ns += 10**9
        if ending == "time":
            state.apply(clock_message(ts_ns))
        assert state.book.status(0) in {BookStatus.OK, BookStatus.CROSSED}
        assert shown(state) == whole
        ts_ns += 1
