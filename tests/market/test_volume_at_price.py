"""Volume by price: nothing is lost whatever prices come, and every step holds what traded there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.core.instruments import CAPACITY
from terminal.core.messages import CLOSE, HIGH, LOW, OPEN, PRICE, SIZE, VOLUME, Flag, Kind
from terminal.market.sequence_lock import SequenceLock
from terminal.market.volume_at_price import VolumeStore
from terminal.market.volume_kernel import FIRST_STEPS, MOST_STEPS, add_volume
from tests.market.flow_messages import START_NS, Row, applied, cuts, flow, trade_row, trades_of

_near = st.integers(-40, 40)
_far = st.integers(-3_000, 3_000)
_wild = st.integers(0, 50)
_sides = st.sampled_from([Flag.BUYER_AGGRESSOR, Flag.SELLER_AGGRESSOR])


@st.composite
def wandering(draw: st.DrawFn) -> list[Row]:
    """Trades whose price wanders, jumps, and now and then is absurd."""
    px, rows = 1_000_000, []
    for _ in range(draw(st.integers(0, 60))):
        sort = draw(st.integers(0, 20))
        px = 1 << draw(_wild) if sort == 0 else max(0, px + 100 * draw(_far if sort < 6 else _near))
        rows.append({**trade_row(0, px, draw(st.integers(0, 1000)), draw(_sides)), "ts_ns": START_NS})
    return rows


@settings(max_examples=120, deadline=None)
@given(wandering(), cuts)
def test_every_step_holds_what_was_traded_there(rows: list[Row], at: list[int]) -> None:
    low_px, step_px, bought, sold, unsided = applied(rows, at).volume_at_price.read(0)
    traded = [row for row in rows if row[SIZE]]
    assert len(bought) == len(sold) == len(unsided) <= MOST_STEPS
    assert not unsided.any()
    for volumes, flag in ((bought, Flag.BUYER_AGGRESSOR), (sold, Flag.SELLER_AGGRESSOR)):
        expected = np.zeros(len(volumes), np.int64)
        for row in traded:
            if row["flags"] == flag:
                expected[(row[PRICE] - low_px) // step_px] += row[SIZE]
        assert np.array_equal(volumes, expected)
    if traded:
        assert low_px <= min(row[PRICE] for row in traded) < low_px + step_px
        highest = max(row[PRICE] for row in traded)
        assert low_px + (len(bought) - 1) * step_px <= highest < low_px + len(bought) * step_px


@settings(max_examples=60, deadline=None)
@given(flow, cuts)
def test_its_sums_are_those_of_the_statistics_and_of_the_bars(rows: list[Row], at: list[int]) -> None:
    state = applied(rows, at)
    statistics = state.statistics.read(np.arange(3, dtype=np.int32))
    for instrument in range(3):
        _, _, bought, sold, unsided = state.volume_at_price.read(instrument)
        found = statistics[instrument]
        assert (bought.sum(), sold.sum(), unsided.sum()) == (found["bought"], found["sold"], found["unsided"])
        total = sum(row[SIZE] for row in trades_of(rows, instrument))
        for seconds in (1, 7, 60, 300, 3600):
            assert state.bars.read(instrument, seconds)["volume"].sum() == total
        assert state.read_one(instrument)["volume"] == total + found["off_book_volume"]


@pytest.mark.parametrize("volume", [0, 1, 5, 1000])
def test_a_bar_is_spread_over_its_range(volume: int) -> None:
    bar = {
        "kind": Kind.BAR, "instrument": 0, "ts_ns": START_NS,
        OPEN: 1_000_000, HIGH: 1_000_900, LOW: 999_900, CLOSE: 1_000_100, VOLUME: volume,
    }  # fmt: skip
    low_px, step_px, bought, sold, unsided = applied([bar], []).volume_at_price.read(0)
    assert unsided.sum() == volume
    assert not bought.any()
    assert not sold.any()
    if volume == 1000:
        assert (low_px, step_px, len(unsided)) == (999_900, 100, 11)
        assert unsided.tolist() == [90, 90, 190 - 90, *[90] * 8]


def test_an_options_step_is_the_finer_one_where_the_price_may_fall_to_it() -> None:
    rows = [{**trade_row(0, 12_000, 1, 0), "ts_ns": START_NS}, {**trade_row(1, 2_000_000, 1, 0), "ts_ns": START_NS}]
    state = applied(rows, [])
    assert (state.volume_at_price.read(0)[1], state.volume_at_price.read(1)[1]) == (1, 100)


def test_volume_is_kept_where_the_pool_has_no_more_room() -> None:
    store = VolumeStore(SequenceLock(), CAPACITY * FIRST_STEPS + 1024)
    chance = np.random.default_rng(3)
    for instrument in range(40):
        for px in 1_000_000 + 100 * chance.integers(-800, 800, 40):
            add_volume(store.arrays, instrument, int(px), 1, 1)
    read = [store.read(instrument) for instrument in range(40)]
    assert all(bought.sum() == 40 for _, _, bought, _, _ in read)
    assert len({step_px for _, step_px, _, _, _ in read}) > 1
