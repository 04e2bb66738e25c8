"""The compiled order book against a slow one in plain Python, and its rules one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.exchange.book import ASK_SIDE, BID_SIDE, LimitOrderBook

BASE, SLOTS = 1_000, 40


@dataclass
class PlainOrder:
    id: int
    side: int
    ticks: int
    size: int
    owner: int


@dataclass
class PlainBook:
    """Price-time priority written down as a sort over a list."""

    orders: list[PlainOrder] = field(default_factory=list)

    def queue(self, side: int) -> list[PlainOrder]:
        return sorted((o for o in self.orders if o.side == side), key=lambda o: -o.ticks * side)

    def take(self, side: int, limit: int, size: int) -> list[tuple[int, int, int]]:
        fills = []
        for order in self.queue(-side):
            if size == 0 or (limit - order.ticks) * side < 0:
                break
            traded = min(size, order.size)
            fills.append((order.ticks, traded, order.id))
            order.size -= traded
            size -= traded
        self.orders = [o for o in self.orders if o.size > 0]
        return fills

    def depth(self, side: int) -> list[list[int]]:
        levels: dict[int, list[int]] = {}
        for order in self.queue(side):
            level = levels.setdefault(order.ticks, [order.ticks, 0, 0])
            level[1] += order.size
            level[2] += 1
        return list(levels.values())


sides = st.sampled_from([BID_SIDE, ASK_SIDE])
prices = st.integers(BASE - 3, BASE + SLOTS + 2)
sizes = st.integers(1, 20)
actions = st.one_of(
    st.tuples(st.just("submit"), sides, prices, sizes),
    st.tuples(st.just("post"), sides, prices, sizes),
    st.tuples(st.just("take"), sides, prices, sizes),
    st.tuples(st.just("cancel"), st.integers(0, 30), st.just(0), st.just(0)),
    st.tuples(st.just("reduce"), st.integers(0, 30), st.just(0), sizes),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(actions, max_size=80))
def test_agrees_with_the_plain_book(script: list[tuple[str, int, int, int]]) -> None:
    book, plain = LimitOrderBook(BASE, SLOTS, most_orders=128), PlainBook()
    ids = [0]
    entered = traded = removed = 0
    for step, (action, first, ticks, wish) in enumerate(script):
        size = wish
        inside = BASE <= ticks < BASE + SLOTS
        if action in {"submit", "take"}:
            before = len(plain.orders)
            wanted = plain.take(first, ticks, size)
            if action == "submit":
                order_id, fills = book.submit(first, ticks, size, owner=step)
            else:
                order_id, fills = 0, book.take(first, ticks, size)
            assert [(f["ticks"], f["size"], f["maker_id"]) for f in fills] == wanted
            assert sum(f["is_complete"] for f in fills) == before - len(plain.orders)
            filled = sum(f[1] for f in wanted)
            traded += filled
            assert (order_id != 0) == (action == "submit" and inside and size > filled)
            size -= filled
        elif action == "post":
            would_trade = any((ticks - o.ticks) * first >= 0 for o in plain.orders if o.side == -first)
            order_id = book.post(first, ticks, size, owner=step)
            assert (order_id != 0) == (inside and not would_trade)
        else:
            target = ids[first % len(ids)]
            known = next((o for o in plain.orders if o.id == target), None)
            had = known.size if known else 0
            taken = book.cancel(target) if action == "cancel" else book.reduce(target, size)
            left = 0 if action == "cancel" else min(size, had)
            assert taken == had - left
            removed += taken
            if known:
                known.size = left
            plain.orders = [o for o in plain.orders if o.size > 0]
            order_id = 0
        if order_id:
            assert order_id not in ids
            ids.append(order_id)
            plain.orders.append(PlainOrder(order_id, first, ticks, size, step))
            entered += size
        bid, ask = book.best(BID_SIDE), book.best(ASK_SIDE)
        assert bid is None or ask is None or bid < ask
        for side in (BID_SIDE, ASK_SIDE):
            assert book.depth(side, SLOTS).tolist() == plain.depth(side)
        assert book.live_orders == len(plain.orders)
    resting = sum(int(book.depth(side, SLOTS)[:, 1].sum()) for side in (BID_SIDE, ASK_SIDE))
    assert entered == resting + traded + removed


def test_oldest_first_at_a_price_and_a_cut_keeps_its_place() -> None:
    book = LimitOrderBook(BASE)
    first, second = book.post(ASK_SIDE, BASE + 5, 10, owner=1), book.post(ASK_SIDE, BASE + 5, 10, owner=2)
    assert book.reduce(first, 4) == 6
    assert book.reduce(first, 50) == 0
    fills = book.take(BID_SIDE, BASE + 9, 6)
    assert fills["maker"].tolist() == [1, 2]
    assert fills["size"].tolist() == [4, 2]
    assert fills["maker_id"].tolist() == [first, second]


def test_a_dead_id_cancels_nobody_else() -> None:
    book = LimitOrderBook(BASE, SLOTS, most_orders=1)
    old = book.post(BID_SIDE, BASE, 5)
    assert book.post(BID_SIDE, BASE, 5) == 0  # the pool is full
    assert book.cancel(old) == 5
    new = book.post(BID_SIDE, BASE, 7)
    assert book.cancel(old) == 0
    assert book.live_orders == 1
    book.clear(BASE)
    assert book.cancel(new) == 0
    assert book.best(BID_SIDE) is None


def test_sweeps_many_levels_and_stops_at_its_limit() -> None:
    book = LimitOrderBook(BASE)
    for step in range(10):
        book.post(BID_SIDE, BASE + 100 - step, 1)
    fills = book.take(ASK_SIDE, BASE + 95, 100)
    assert fills["ticks"].tolist() == list(range(BASE + 100, BASE + 94, -1))
    assert book.best(BID_SIDE) == BASE + 94
    assert book.depth(BID_SIDE, 2).tolist() == [[BASE + 94, 1, 1], [BASE + 93, 1, 1]]


@pytest.mark.parametrize("size", [0, -5])
def test_no_size_no_order(size: int) -> None:
    book = LimitOrderBook(BASE)
    book.post(ASK_SIDE, BASE + 5, 10)
    order_id, fills = book.submit(BID_SIDE, BASE + 9, size)
    assert order_id == 0
    assert len(fills) == 0
    assert np.array_equal(book.depth(ASK_SIDE), [[BASE + 5, 10, 1]])


def test_a_book_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        LimitOrderBook(BASE, 0)
