"""Books against plain dictionaries, and what they say of themselves."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import NO_SEQUENCE, PHASE, PHASE_SESSION, Flag, Kind, Phase, empty_batch
from terminal.core.ticks import TickClass
from terminal.market import book_pools
from terminal.market.rows import BookStatus
from terminal.market.state import MarketState
from tests.market.book_model import COUNTS, BookModel, Message, as_batch, part

NO = NO_SEQUENCE


def market(instruments: int = 2) -> MarketState:
    table = InstrumentTable()
    for number in range(instruments):
        table.add(f"S{number}", InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return MarketState(table, "test")


def depth(side: int, px: int, size: int, orders: int = 0) -> Message:
    return Kind.DEPTH, 0, side, px, size, orders


def change(side: int, px: int, size: int, orders: int = 0) -> Message:
    return Kind.DEPTH_CHANGE, 0, side, px, size, orders


def update(first: int, last: int, previous: int = NO, *, snapshot: bool = False) -> Message:
    return Kind.BOOK_UPDATE, Flag.SNAPSHOT if snapshot else 0, first, last, previous, 0


def add(side: int, px: int, size: int, order_id: int) -> Message:
    return Kind.ORDER_ADD, 0, side, px, size, order_id


def cancel(order_id: int, size: int = 0) -> Message:
    return Kind.ORDER_CANCEL, 0, 0, 0, size, order_id


CLEAR: Message = (Kind.BOOK_CLEAR, 0, 0, 0, 0, 0)


def told(*messages: Message) -> MarketState:
    state = market()
    state.apply(as_batch(messages))
    return state


def shown(state: MarketState, instrument: int = 0) -> list[list[tuple[int, int, int]]]:
    return [side.tolist() for side in state.book.read(instrument, 10**5)]


def check(state: MarketState, model: BookModel, instrument: int = 0) -> None:
    assert shown(state, instrument) == list(model.sides())
    health = state.book.health(instrument)
    assert health.status == model.status
    assert {name: getattr(health, name) for name in COUNTS} == model.counts
    for order_id in model.orders:
        assert state.orders.queue(instrument, order_id) == model.queue(order_id)


sides = st.sampled_from([1, -1])
near = st.integers(-40, 40).map(lambda tick: 1_000_000 + 100 * tick)
anywhere = st.one_of(
    near,
    st.integers(999_000, 1_001_000),
    st.integers(-(10**7), 10**7).map(lambda tick: 100 * tick),
    st.integers(-(2**61), 2**61),
)
sizes = st.one_of(st.integers(0, 5), st.integers(-3, 10**6), st.sampled_from([2**60, 2**61, -(2**63), 2**63 - 1]))
levels = st.builds(depth, sides, anywhere, sizes, st.integers(-1, 9))
changes = st.builds(change, sides, near, st.integers(-3, 6), st.integers(-2, 2))
numbers = st.one_of(st.just(NO), st.integers(-3, 30))
updates = st.builds(lambda a, b, c, d: update(a, b, c, snapshot=d), numbers, numbers, numbers, st.booleans())
order_ids = st.integers(0, 12)
orders = st.one_of(
    st.builds(add, st.sampled_from([1, -1, 0]), near, st.integers(-1, 9), order_ids),
    st.builds(
        lambda kind, px, size, order_id: (kind, 0, 0, px, size, order_id),
        st.sampled_from([Kind.ORDER_MODIFY, Kind.ORDER_CANCEL, Kind.ORDER_FILL]),
        near,
        st.integers(-1, 9),
        order_ids,
    ),
)
parts = st.builds(
    lambda message, last: part(message, last=last), st.one_of(levels, orders, st.just(CLEAR)), st.booleans()
)
anything = st.one_of(parts, levels, levels, changes, changes, updates, orders, orders, st.just(CLEAR))


def run_in_parts(messages: list[Message], cuts: list[int]) -> tuple[MarketState, BookModel]:
    state, model = market(), BookModel()
    batch = as_batch(messages)
    for piece in np.split(batch, sorted(min(cut, len(batch)) for cut in cuts)):
        state.apply(piece)
    for message in messages:
        model.apply(*message)
    return state, model


cuts = st.lists(st.integers(0, 200), max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.lists(levels, max_size=200), cuts)
def test_absolute_levels_are_those_of_a_dictionary(messages: list[Message], where: list[int]) -> None:
    check(*run_in_parts(messages, where))


@settings(max_examples=300, deadline=None)
@given(st.lists(orders, max_size=200), cuts)
def test_orders_and_their_queues_are_those_of_a_dictionary(messages: list[Message], where: list[int]) -> None:
    check(*run_in_parts(messages, where))


@settings(max_examples=300, deadline=None)
@given(st.lists(anything, max_size=200), cuts)
def test_any_mixture_of_messages_leaves_what_the_rules_say(messages: list[Message], where: list[int]) -> None:
    check(*run_in_parts(messages, where))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 5, 100]), st.integers(1, 3000))
def test_a_book_that_walks_far_loses_no_level(seed: int, step: int, reach: int) -> None:
    """Thousands of levels, the touch going far up and down: pages and lists come, go and change places."""
    chance = np.random.default_rng(seed)
    middle = np.cumsum(chance.integers(-reach, reach + 1, 3000)) * step * 20 + 10**9
    away = chance.geometric(0.01, 3000) * step
    side = chance.choice([1, -1], 3000)
    px = middle - side * away
    off = chance.random(3000) < 0.01
    px[off] += 1
    size = chance.integers(0, 4, 3000)
    messages = [depth(int(s), int(p), int(q)) for s, p, q in zip(side, px, size, strict=True)]
    check(*run_in_parts(messages, [1000, 2000]))


def test_levels_are_right_whatever_the_price_step_turns_out_to_be() -> None:
    messages = [depth(1, 1000 * n, n) for n in range(1, 40)]
    messages += [depth(1, 50 * n, n) for n in range(1, 2000)]
    messages += [depth(1, 50 * n + 7, 1) for n in range(1, 300)]
    messages += [depth(1, 50 * n, 0) for n in range(1, 2000, 2)]
    check(*run_in_parts(messages, [17, 500]))


def test_a_book_that_was_never_told_of_is_none_and_one_without_numbers_is_good() -> None:
    state = told(depth(1, 100, 5))
    assert state.book.status(1) is BookStatus.NONE
    assert state.book.status(0) is BookStatus.OK
    assert state.book.health(0).sequence == NO
    assert state.book.read(1) is not None


def test_changes_before_the_first_snapshot_are_building() -> None:
    state = told(update(5, 9), depth(1, 100, 5))
    assert state.book.status(0) is BookStatus.BUILDING
    state.apply(as_batch([update(NO, 20, snapshot=True), depth(1, 99, 7)]))
    assert state.book.status(0) is BookStatus.OK
    assert shown(state)[0] == [(99, 7, 0)], "the snapshot replaces what was built"
    assert state.book.health(0).healed == 0


def test_old_updates_are_ignored_with_their_levels() -> None:
    state = told(
        update(NO, 20, snapshot=True), depth(1, 99, 7), update(10, 20), depth(1, 99, 1), change(1, 99, 1), CLEAR,
        add(1, 5, 5, 5), update(15, 19), depth(1, 50, 1),
    )  # fmt: skip
    assert shown(state)[0] == [(99, 7, 0)]
    health = state.book.health(0)
    assert (health.status, health.duplicates, health.refused) == (BookStatus.OK, 2, 0)


def test_the_update_that_overlaps_the_snapshot_goes_on_and_those_after_it_name_the_one_before() -> None:
    state = told(
        update(NO, 20, snapshot=True), depth(1, 99, 7), update(15, 25, 14), depth(1, 98, 1), update(40, 45, 25),
        depth(1, 97, 1), update(46, 47), depth(1, 96, 1),
    )  # fmt: skip
    assert state.book.status(0) is BookStatus.OK
    assert len(shown(state)[0]) == 4
    assert state.book.health(0).sequence == 47


def test_a_gap_lasts_until_a_snapshot_and_takes_no_changes_by_amount() -> None:
    state = told(update(NO, 20, snapshot=True), depth(1, 99, 7), update(30, 31), depth(1, 98, 3), change(1, 99, 5))
    assert state.book.status(0) is BookStatus.GAP
    assert shown(state)[0] == [(99, 7, 0), (98, 3, 0)]
    state.apply(as_batch([update(32, 33), CLEAR]))
    assert state.book.status(0) is BookStatus.GAP, "a venue that sends numbers heals by a snapshot alone"
    state.apply(as_batch([update(NO, 40, snapshot=True), depth(-1, 101, 2)]))
    health = state.book.health(0)
    assert (health.status, health.gaps, health.healed) == (BookStatus.OK, 1, 1)
    assert shown(state) == [[], [(101, 2, 0)]]
    assert state.book.totals().in_gap == 0


def test_updates_that_come_in_the_wrong_order_are_a_gap() -> None:
    state = told(update(NO, 20, snapshot=True), update(31, 40), depth(1, 9, 9), update(21, 30), depth(1, 8, 8))
    health = state.book.health(0)
    assert (health.status, health.gaps, health.duplicates) == (BookStatus.GAP, 1, 1)


def test_amounts_in_an_update_that_overlaps_what_is_known_cannot_be_trusted() -> None:
    state = told(update(NO, 20, snapshot=True), depth(1, 99, 7), update(15, 25), change(1, 99, 1))
    assert state.book.status(0) is BookStatus.GAP
    assert shown(state)[0] == [(99, 7, 0)]


@pytest.mark.parametrize("wrong", [depth(1, 100, -5), depth(0, 100, 5), depth(1, 2**62, 5), depth(1, 100, 2**61)])
def test_levels_that_cannot_be_are_refused_and_leave_a_gap(wrong: Message) -> None:
    state = told(depth(1, 100, 5), wrong)
    assert shown(state)[0] == [(100, 5, 0)]
    assert state.book.troubles() == {"gaps in books": 1, "impossible book messages": 1}
    assert state.book.status(0) is BookStatus.GAP, "what the venue has there is not what stands there"
    state.apply(as_batch([CLEAR, depth(1, 100, 5)]))
    assert state.book.status(0) is BookStatus.OK


def test_taking_away_more_than_there_is_proves_the_book_wrong() -> None:
    state = told(depth(1, 100, 5), change(1, 100, -6))
    assert state.book.status(0) is BookStatus.GAP
    state.apply(as_batch([CLEAR, depth(1, 100, 5), change(1, 100, -5)]))
    assert state.book.status(0) is BookStatus.OK
    assert shown(state)[0] == []


def test_a_missed_delete_crosses_the_book_until_it_comes() -> None:
    state = told(depth(1, 100, 5), depth(-1, 101, 5), depth(1, 102, 1), depth(1, 101, 2))
    assert state.book.status(0) is BookStatus.CROSSED
    assert not state.book.status(0).is_good
    health = state.book.health(0)
    assert health.crossed == 1, "once, however many messages it stays so"
    assert state.book.totals().crossed_now == 1
    state.apply(as_batch([depth(-1, 101, 0), depth(-1, 102, 5)]))
    assert state.book.status(0) is BookStatus.OK, "locked is not crossed"
    assert state.book.totals().crossed_now == 0


def test_a_cross_that_is_gone_within_the_instant_is_not_counted() -> None:
    state = market()
    batch = as_batch([depth(1, 100, 5), depth(-1, 101, 5), depth(1, 102, 1), depth(-1, 101, 0), depth(1, 99, 1)])
    batch["ts_ns"] = 10**18
    state.apply(batch)
    assert state.book.health(0).crossed == 0
    assert state.book.status(0) is BookStatus.OK


def test_a_clock_that_jumps_back_changes_nothing_of_the_book() -> None:
    batch = as_batch([depth(1, 100, 5), depth(1, 101, 6), depth(1, 100, 7)])
    batch["ts_ns"] = [10**18, 10**17, 10**9]
    state = market()
    state.apply(batch)
    assert shown(state)[0] == [(101, 6, 0), (100, 7, 0)]
    assert state.book.status(0) is BookStatus.OK


def test_a_new_day_begins_with_empty_books_and_new_numbers() -> None:
    state = told(update(NO, 900, snapshot=True), depth(1, 100, 5), depth(-1, 101, 5))
    day = empty_batch(1)
    day["kind"], day["ts_ns"], day[PHASE], day[PHASE_SESSION] = Kind.PHASE_CHANGE, 2 * 10**18, Phase.PRE_MARKET, 0
    state.apply(day)
    assert shown(state) == [[], []]
    state.apply(as_batch([update(NO, 1, snapshot=True), depth(1, 100, 5)], start_ns=2 * 10**18 + 1))
    assert state.book.status(0) is BookStatus.OK
    assert shown(state)[0] == [(100, 5, 0)]


def test_a_strangers_cancel_leaves_my_place_in_the_queue() -> None:
    state = told(add(1, 100, 5, 1), add(1, 100, 7, 2), add(1, 100, 9, 3), cancel(77), cancel(78, 5))
    assert state.orders.queue(0, 3) == (12, 2)
    assert state.book.health(0).strangers == 2
    state.apply(as_batch([cancel(1)]))
    assert state.orders.queue(0, 3) == (7, 1)
    assert state.orders.queue(0, 77) is None
    assert state.orders.queue(1, 3) is None
    assert state.orders.at_price(0, 1, 100).tolist() == [(2, 7), (3, 9)]
    assert shown(state)[0] == [(100, 16, 2)]


def test_the_same_id_twice_and_cancels_of_too_much_are_counted() -> None:
    state = told(add(1, 100, 5, 1), add(-1, 200, 9, 1), cancel(1, 50))
    assert shown(state) == [[], []]
    health = state.book.health(0)
    assert (health.refused, health.doubled, health.overdone) == (0, 1, 1)
    assert health.status is BookStatus.GAP
    assert state.book.troubles() == {"gaps in books": 1, "orders added twice": 1, "cancels of too much": 1}


def test_one_instruments_orders_are_not_anothers() -> None:
    state = market()
    state.apply(as_batch([add(1, 100, 5, 1)], 0))
    state.apply(as_batch([add(1, 100, 7, 1), cancel(1, 3)], 1))
    assert (shown(state, 0)[0], shown(state, 1)[0]) == ([(100, 5, 1)], [(100, 4, 1)])
    assert state.orders.has(0)
    assert not told(depth(1, 100, 5)).orders.has(0)


def test_a_book_told_by_level_takes_no_orders_until_it_is_empty() -> None:
    state = told(depth(1, 100, 5), add(1, 100, 7, 1))
    assert state.book.health(0).refused == 1
    state.apply(as_batch([CLEAR, add(1, 100, 7, 1), depth(1, 100, 5)]))
    assert shown(state)[0] == [(100, 7, 1)]
    assert state.book.health(0).refused == 2


def test_a_window_adds_sizes_up_by_row() -> None:
    messages = [depth(side, px, px) for side in (1, -1) for px in range(1000, 5000, 7)]
    state = told(*messages)
    bids, asks = state.book.window(0, 1500, 50, 20)
    expected = [sum(px for px in range(1000, 5000, 7) if low <= px < low + 50) for low in range(1500, 2500, 50)]
    assert bids.tolist() == asks.tolist() == expected
    assert state.book.window(1, 0, 1, 3)[0].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="a window has"):
        state.book.window(0, 0, 0, 3)


@settings(max_examples=100, deadline=None)
@given(st.lists(levels, max_size=100), st.integers(-(10**6), 10**6), st.integers(1, 10**5), st.integers(0, 50))
def test_a_window_holds_what_the_levels_say(messages: list[Message], low: int, step: int, rows: int) -> None:
    state = told(*messages)
    for side, sizes in zip(state.book.read(0, 1000), state.book.window(0, low, step, rows), strict=True):
        expected = [0] * rows
        for px, size, _ in side.tolist():
            if 0 <= (px - low) // step < rows:
                expected[(px - low) // step] += size
        assert sizes.tolist() == expected


def test_thousands_of_books_at_once() -> None:
    count = 2500
    state = market(count)
    chance = np.random.default_rng(3)
    batch = as_batch([depth(1 if n % 2 else -1, 100 * (500 + n % 40), 1 + n % 9) for n in range(60_000)])
    batch["instrument"] = chance.integers(0, count, len(batch))
    state.apply(batch)
    for instrument in (0, 1, 777, count - 1):
        model = BookModel()
        for message in batch[batch["instrument"] == instrument]:
            model.apply(*(int(message[name]) for name in ("kind", "flags", "v0", "v1", "v2", "v3")))
        check(state, model, instrument)
    assert state.book.totals().books == len(np.unique(batch["instrument"]))


def test_what_finds_no_room_is_counted_and_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_pools, "MOST_ORDERS", 256)
    monkeypatch.setattr(book_pools, "MOST_BOOKS", 16)
    state = market(20)
    state.apply(as_batch([add(1, 100, 1, n) for n in range(300)]))
    health = state.book.health(0)
    assert (health.lost, health.status) == (44, BookStatus.GAP)
    assert shown(state)[0] == [(100, 256, 256)]
    batch = as_batch([depth(1, 100, 1)] * 20)
    batch["instrument"] = np.arange(20)
    state.apply(batch)
    assert (state.book.totals().books, state.book.totals().unhoused) == (16, 4)
    assert state.book.status(19) is BookStatus.NONE


def test_no_page_is_left_over_when_books_are_emptied() -> None:
    state = told(*(depth(1, 100 * n, 1) for n in range(1, 5000)), *(depth(1, 100 * n, 0) for n in range(1, 5000)))
    levels = state.book.arrays.levels
    assert shown(state)[0] == []
    assert levels.state[0] == len(levels.bits) - 1
    assert not levels.directory.any()


def test_readers_never_see_a_torn_book() -> None:
    """Every batch moves the whole book: a reader sees sizes of one batch only, and never a cross."""
    state = market()
    stop, wrong = threading.Event(), []

    def watch() -> None:
        while not stop.is_set():
            bids, asks = state.book.read(0, 50)
            told_sizes = set(bids["size"].tolist()) | set(asks["size"].tolist())
            if len(told_sizes) > 1 or (len(bids) and len(asks) and bids["px"][0] > asks["px"][0]):
                wrong.append((bids, asks))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(1, 400):
        middle = 1_000_000 + 100 * (number % 50)
        messages = [update(NO, number, snapshot=True)]
        messages += [depth(side, middle - side * 100 * n, number) for n in range(1, 40) for side in (1, -1)]
        state.apply(as_batch(messages))
    stop.set()
    watcher.join(10)
    assert not wrong
