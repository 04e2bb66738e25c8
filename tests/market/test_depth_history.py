"""Samples of watched books, at every multiple of the step and nowhere else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import Batch, clock_message
from terminal.core.ticks import TickClass
from terminal.market.book_pools import LEVELS_KEPT, SAMPLES, STEP
from terminal.market.book_rows import LONGEST_FILL
from terminal.market.depth_history import BOOK_BYTES, MOST_WATCHED
from terminal.market.rows import BookStatus
from terminal.market.state import MarketState
from tests.market.book_model import BookModel, Message, as_batch
from tests.market.test_books import depth, market, update

START_NS = 4_000_000_000 * STEP
Sample = tuple[int, int, list[tuple[int, int]], list[tuple[int, int]]]


def stamped(messages: list[Message], times_ns: list[int], instrument: int = 0) -> Batch:
    batch = as_batch(messages, instrument)
    batch["ts_ns"] = times_ns
    return batch


def samples(state: MarketState, instrument: int = 0, after_ns: int = 0, most: int = 10**6) -> list[Sample]:
    heads, levels = state.depth_history.read(instrument, after_ns, most)
    assert len(heads) == len(levels)
    found = []
    for head, sides in zip(heads, levels, strict=True):
        bids, asks = (side[:used].tolist() for side, used in zip(sides, (head["bids"], head["asks"]), strict=True))
        assert not sides["size"][0, head["bids"] :].any()
        found.append((int(head["ts_ns"]), int(head["status"]), bids, asks))
    return found


def expected(messages: list[Message], times_ns: list[int]) -> list[Sample]:
    model, found, due = BookModel(), [], None
    for message, ts_ns in zip(messages, times_ns, strict=True):
        if due is None:
            due = -(-ts_ns // STEP) * STEP
        while ts_ns > due:
            bids, asks = ([(px, size) for px, size, _ in side[:LEVELS_KEPT]] for side in model.sides())
            found.append((due, int(model.settled), bids, asks))
            due += STEP
        model.apply(*message)
    return found


steps = st.sampled_from([0, 1, STEP // 3, STEP // 2, STEP - 1, STEP, STEP + 1, 5 * STEP])
messages = st.one_of(
    st.builds(depth, st.sampled_from([1, -1]), st.integers(1, 300), st.integers(0, 9)),
    st.builds(lambda n, s: update(n, n, snapshot=s), st.integers(0, 9), st.booleans()),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(messages, steps), min_size=1, max_size=120),
    st.lists(st.integers(0, 120), max_size=6),
    st.integers(0, 2 * STEP),
)
def test_samples_are_the_book_at_every_step_however_batches_are_cut(
    told: list[tuple[Message, int]], cuts: list[int], begin: int
) -> None:
    times = (START_NS + begin + np.cumsum([step for _, step in told])).tolist()
    batch = stamped([message for message, _ in told], times)
    state = market()
    assert state.depth_history.watch(0)
    for part in np.split(batch, sorted(min(cut, len(batch)) for cut in cuts)):
        state.apply(part)
    assert samples(state) == expected([message for message, _ in told], times)


def test_time_goes_on_with_every_message_of_the_market() -> None:
    state = market()
    state.depth_history.watch(0)
    state.apply(stamped([depth(1, 100, 5)], [START_NS]))
    state.apply(stamped([depth(1, 100, 5)], [START_NS + 1], instrument=1))
    assert [ts_ns for ts_ns, *_ in samples(state)] == [START_NS]
    state.apply(clock_message(START_NS + 3 * STEP))
    assert [ts_ns for ts_ns, *_ in samples(state)] == [START_NS + n * STEP for n in range(3)]
    assert samples(state)[-1][1:] == (BookStatus.OK, [(100, 5)], [])


def test_a_clock_that_jumps_back_takes_no_sample_twice() -> None:
    state = market()
    state.depth_history.watch(0)
    times = [START_NS, START_NS + 2 * STEP + 1, START_NS - 9 * STEP, START_NS + STEP, START_NS + 3 * STEP + 1]
    state.apply(stamped([depth(1, 100, n) for n in range(1, 6)], times))
    found = samples(state)
    assert [ts_ns for ts_ns, *_ in found] == [START_NS + n * STEP for n in range(4)]
    assert [bids for _, _, bids, _ in found] == [[(100, 1)], [(100, 1)], [(100, 1)], [(100, 4)]]


def test_a_long_silence_is_not_filled() -> None:
    state = market()
    state.depth_history.watch(0)
    night = 10 * LONGEST_FILL * STEP
    state.apply(stamped([depth(1, 100, 5), depth(1, 101, 5)], [START_NS, START_NS + night + 1]))
    assert [ts_ns for ts_ns, *_ in samples(state)] == [START_NS, START_NS + night]


def test_the_ring_keeps_the_newest_and_a_reader_asks_for_what_is_new() -> None:
    state = market()
    state.depth_history.watch(0)
    count = SAMPLES + 100
    state.apply(stamped([depth(1, 100, 1 + n) for n in range(count)], [START_NS + n * STEP for n in range(count)]))
    heads, levels = state.depth_history.read(0, 0, 10**9)
    assert len(heads) == SAMPLES
    assert int(heads["ts_ns"][-1]) == START_NS + (count - 2) * STEP
    assert (np.diff(heads["ts_ns"]) == STEP).all()
    assert levels["size"][-1, 0, 0] == count - 1
    assert len(samples(state, after_ns=START_NS + (count - 5) * STEP)) == 3
    assert len(samples(state, most=7)) == 7


def test_a_seek_back_begins_anew_and_goes_on_watching() -> None:
    state = market()
    state.depth_history.watch(0)
    state.apply(stamped([depth(1, 100, 5), depth(1, 100, 6)], [START_NS, START_NS + 9 * STEP]))
    state.reset()
    assert samples(state) == []
    state.apply(stamped([depth(1, 90, 5), depth(1, 90, 6)], [START_NS - 5 * STEP, START_NS - 4 * STEP + 1]))
    assert [(ts_ns, bids) for ts_ns, _, bids, _ in samples(state)] == [
        (START_NS - 5 * STEP, [(90, 5)]),
        (START_NS - 4 * STEP, [(90, 5)]),
    ]


def all_sampled(state: MarketState, count: int) -> list[bool]:
    return [len(state.depth_history.read(n)[0]) > 0 for n in range(count)]


def tell(state: MarketState, count: int, ts_ns: int) -> None:
    for instrument in range(count):
        state.apply(as_batch([depth(1, 100, 5)], instrument, ts_ns))
    state.apply(as_batch([depth(1, 100, 5)], 0, ts_ns + 2 * STEP))


def test_the_book_read_longest_ago_gives_its_place_up() -> None:
    state = market(MOST_WATCHED + 1)
    assert all(state.depth_history.watch(n) for n in range(MOST_WATCHED))
    tell(state, MOST_WATCHED + 1, START_NS)
    assert all_sampled(state, MOST_WATCHED + 1) == [True] * MOST_WATCHED + [False]
    state.depth_history.read(0)
    assert state.depth_history.watch(MOST_WATCHED)
    heads, levels = state.depth_history.read(MOST_WATCHED)
    assert (len(heads), levels.shape) == (0, (0, 2, LEVELS_KEPT)), "nothing of the other book is shown as its own"
    tell(state, MOST_WATCHED + 1, START_NS + 5 * STEP)
    assert all_sampled(state, MOST_WATCHED + 1) == [True, False, True, True, True]


def test_every_book_is_sampled_without_being_asked_for_while_there_is_memory() -> None:
    table = InstrumentTable()
    for number in range(5):
        table.add(f"S{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    state = MarketState(table, "test", depth_bytes=3 * BOOK_BYTES)
    tell(state, 4, START_NS)
    assert all_sampled(state, 5) == [True, True, True, False, False]
    assert state.depth_history.watch(4), "what is shown comes before what nobody has looked at"
    state.reset()
    tell(state, 5, START_NS)
    assert sum(all_sampled(state, 5)) == 3
    assert all_sampled(state, 5)[4]


def test_a_ring_takes_what_its_memory_is_said_to_be() -> None:
    state = market()
    state.depth_history.watch(0)
    rings = state.book.arrays.history
    assert sum(ring.nbytes for ring in (rings.heads, rings.distances, rings.sizes)) == MOST_WATCHED * BOOK_BYTES


def test_a_gap_is_in_the_samples_too() -> None:
    state = market()
    state.depth_history.watch(0)
    told = [update(1, 1, snapshot=True), depth(1, 100, 5), update(9, 9), depth(1, 100, 6), depth(1, 99, 6)]
    state.apply(stamped(told, [START_NS, START_NS, START_NS + STEP, START_NS + STEP, START_NS + STEP + 1]))
    assert [status for _, status, *_ in samples(state)] == [BookStatus.OK, BookStatus.GAP]
