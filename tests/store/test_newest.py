"""The newest messages in memory are the last ones that came, whatever came between and however it was cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.messages import MESSAGE, Batch, Kind, empty_batch
from terminal.store.newest import NewestMessages
from terminal.store.newest_kernel import PAGE_ROWS, PAGES_KEPT

_PAGE_BYTES = PAGE_ROWS * MESSAGE.itemsize
_NEVER_NS = 2**62


def _stream(count: int, instruments: int, seed: int) -> Batch:
    chance = np.random.default_rng(seed)
    batch = empty_batch(count)
    batch["ts_ns"] = np.cumsum(chance.integers(0, 3, count))
    batch["instrument"] = chance.integers(-1, instruments, count)
    batch["kind"] = chance.choice([Kind.QUOTE, Kind.TRADE, Kind.DEPTH, Kind.CLOCK], count)
    batch["v0"] = np.arange(count)
    return batch


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 3_000),
    instruments=st.integers(1, 4),
    pages=st.integers(1, 80),
    cuts=st.lists(st.integers(0, 3_000), max_size=6),
    wanted=st.integers(1, 700),
    until=st.integers(0, 3_500),
    seed=st.integers(0, 9),
)
def test_what_is_read_are_the_last_that_came(
    count: int, instruments: int, pages: int, cuts: list[int], wanted: int, until: int, seed: int
) -> None:
    stream = _stream(count, instruments, seed)
    newest = NewestMessages(pages * _PAGE_BYTES)
    *parts, rest = np.split(stream, sorted(min(each, count) for each in cuts))
    for part in parts:
        newest.take_in(part)
    for kind in (Kind.QUOTE, Kind.TRADE):
        for instrument in range(instruments):
            for until_ns in (_NEVER_NS, until):
                fresh = rest[rest["instrument"] == instrument]
                own = stream[(stream["kind"] == kind) & (stream["instrument"] == instrument)]
                true = own[own["ts_ns"] < until_ns][-wanted:]
                got = newest.read(kind, instrument, wanted, until_ns, is_all=True, fresh=fresh)
                if got is not None:
                    np.testing.assert_array_equal(got, true)
                since = newest.since(kind, instrument, until_ns, is_all=True, fresh=fresh)
                if since is not None:
                    np.testing.assert_array_equal(since, own[own["ts_ns"] >= until_ns])
                got = newest.read(kind, instrument, wanted, until_ns, is_all=False, fresh=fresh)
                if got is not None:
                    assert len(got) == wanted
                    np.testing.assert_array_equal(got, true)


def test_500_of_a_busy_instrument_are_always_there_while_pages_last() -> None:
    newest = NewestMessages(3 * PAGES_KEPT * _PAGE_BYTES)
    stream = _stream(40_000, 1, 1)
    for at in range(0, len(stream), 777):
        newest.take_in(stream[at : at + 777])
        if at > 10_000:
            assert newest.read(Kind.QUOTE, 0, 500, _NEVER_NS, is_all=False) is not None


def test_without_a_free_page_an_instrument_goes_on_with_those_it_has() -> None:
    newest = NewestMessages(2 * _PAGE_BYTES)
    for instrument in (0, 1, 2):
        batch = empty_batch(100)
        batch["kind"], batch["instrument"], batch["v0"] = Kind.QUOTE, instrument, np.arange(100)
        newest.take_in(batch)
    first = newest.read(Kind.QUOTE, 0, 30, _NEVER_NS, is_all=True)
    assert first is not None
    np.testing.assert_array_equal(first["v0"], np.arange(70, 100))
    assert newest.read(Kind.QUOTE, 0, 100, _NEVER_NS, is_all=True) is None
    assert newest.read(Kind.QUOTE, 2, 1, _NEVER_NS, is_all=True) is None
    assert newest.read(Kind.QUOTE, 7, 5, _NEVER_NS, is_all=True) is not None


def test_500_quotes_of_2000_instruments_find_room_beside_half_as_many_trades() -> None:
    newest, chance = NewestMessages(), np.random.default_rng(1)
    for _ in range(20):
        batch = empty_batch(100_000)
        batch["kind"] = chance.choice([Kind.QUOTE, Kind.QUOTE, Kind.TRADE], len(batch))
        batch["instrument"] = chance.integers(0, 2_000, len(batch))
        newest.take_in(batch)
    for instrument in range(2_000):
        assert newest.read(Kind.QUOTE, instrument, 500, _NEVER_NS, is_all=False) is not None
