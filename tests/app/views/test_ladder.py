"""The ladder on a real market state."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.freshness import FeedPulse
from terminal.app.views.ladder import LadderView
from terminal.app.views.ladder_keys import Doing, action_of_click, key_draft, moved, resized
from terminal.app.views.ladder_rows import LadderRows
from terminal.core.messages import Phase
from terminal.core.orders import OrderState, Side
from tests.app.views.small_market import ORDER, SmallMarket, opened_market

LIVE = FeedPulse()


def ladder_of(market: SmallMarket, instrument: int) -> LadderView:
    view = LadderView(market.state)
    view.show(market.table.get(instrument))
    return view


def booked(market: SmallMarket) -> SmallMarket:
    for level in range(5):
        market.depth(market.acme.id, 1, 999_900 - 100 * level, 10 * (level + 1))
        market.depth(market.acme.id, -1, 1_000_100 + 100 * level, 7 * (level + 1))
    market.quote(market.acme.id, 999_900, 1_000_100, 10, 7)
    return market


def test_shows_the_books_sizes_at_their_prices(small_market: SmallMarket) -> None:
    rows = ladder_of(booked(small_market), small_market.acme.id).picture(21, (), LIVE)
    sizes = dict(zip(rows.prices.tolist(), zip(rows.bids.tolist(), rows.asks.tolist(), strict=True), strict=True))
    assert rows.has_depth
    assert rows.note == ""
    assert sizes[999_900] == (10, 0)
    assert sizes[1_000_500] == (0, 35)
    assert rows.prices[rows.best_bid] == 999_900
    assert rows.prices[rows.best_ask] == 1_000_100
    assert rows.bid_sums[rows.best_bid + 4] == 10 + 20 + 30 + 40 + 50
    assert rows.prices.tolist() == sorted(rows.prices.tolist(), reverse=True)


def test_without_depth_it_shows_the_top_and_says_so(small_market: SmallMarket) -> None:
    small_market.quote(small_market.acme.id, 999_900, 1_000_100, 10, 7)
    rows = ladder_of(small_market, small_market.acme.id).picture(21, (), LIVE)
    assert not rows.has_depth
    assert "no depth" in rows.note
    assert rows.bids[rows.best_bid] == 10
    assert rows.asks.sum() == 7


def test_trades_only_says_that_the_spread_is_unknown(small_market: SmallMarket) -> None:
    small_market.trade(small_market.acme.id, 1_000_000)
    rows = ladder_of(small_market, small_market.acme.id).picture(21, (), LIVE)
    assert "spread unknown" in rows.note
    assert rows.prices[rows.last] == 1_000_000
    assert rows.best_bid == rows.best_ask == -1


def test_nothing_known_has_no_rows(small_market: SmallMarket) -> None:
    rows = ladder_of(small_market, small_market.acme.id).picture(21, (), LIVE)
    assert len(rows.prices) == 0
    assert rows.note


def test_rows_do_not_move_under_the_pointer(small_market: SmallMarket) -> None:
    view = ladder_of(booked(small_market), small_market.acme.id)
    before = view.picture(21, (), LIVE).prices
    view.axis.is_held = True
    small_market.quote(small_market.acme.id, 1_099_900, 1_100_100)
    for level in range(5):
        small_market.depth(small_market.acme.id, 1, 999_900 - 100 * level, 0)
        small_market.depth(small_market.acme.id, -1, 1_000_100 + 100 * level, 0)
    assert view.picture(21, (), LIVE).prices.tolist() == before.tolist()
    view.axis.is_held = False
    after = view.picture(21, (), LIVE).prices
    assert after[-1] < 1_100_000 < after[0]


def test_a_small_move_does_not_move_the_rows(small_market: SmallMarket) -> None:
    view = ladder_of(booked(small_market), small_market.acme.id)
    before = view.picture(21, (), LIVE).prices
    small_market.depth(small_market.acme.id, 1, 1_000_000, 5)
    assert view.picture(21, (), LIVE).prices.tolist() == before.tolist()
    view.axis.scroll(3)
    assert view.picture(21, (), LIVE).prices[0] == before[0] + 300
    view.axis.centre()
    assert abs(int(view.picture(21, (), LIVE).prices[10]) - 1_000_050) <= 100


def test_coarser_rows_add_their_levels(small_market: SmallMarket) -> None:
    view = ladder_of(booked(small_market), small_market.acme.id)
    view.axis.set_step(5)
    rows = view.picture(11, (), LIVE)
    assert rows.bids.sum() == 150
    assert rows.asks.sum() == 105
    assert np.all(rows.prices % 500 == 0)


def test_between_two_rows_no_side_looks_better_than_it_is(small_market: SmallMarket) -> None:
    small_market.quote(small_market.acme.id, 7_501_300, 7_502_700, 10, 7)
    view = ladder_of(small_market, small_market.acme.id)
    view.axis.set_step(5)
    rows = view.picture(21, (), LIVE)
    assert rows.prices[rows.best_bid] == 7_501_000
    assert rows.prices[rows.best_ask] == 7_503_000
    assert rows.asks[rows.best_ask] == 7
    sell = ORDER(small_market.acme.id, Side.SELL, 3, 7_502_700)
    rows = view.picture(21, (sell,), LIVE)
    assert rows.own[rows.best_ask][0].left == 3


def test_rows_follow_the_tick_table_of_an_option(small_market: SmallMarket) -> None:
    option = small_market.options[0]
    small_market.quote(option, 29_900, 30_500)
    prices = ladder_of(small_market, option).picture(9, (), LIVE).prices.tolist()
    assert prices == sorted(prices, reverse=True)
    assert 30_500 in prices
    assert 30_100 not in prices, "above 3 the tick is 5 cents"
    assert 29_900 in prices
    assert 29_800 in prices


def test_own_orders_stand_at_their_price_with_what_is_left(small_market: SmallMarket) -> None:
    view = ladder_of(booked(small_market), small_market.acme.id)
    mine = ORDER(small_market.acme.id, Side.BUY, 10, 999_900, filled=4, state=OrderState.PARTIALLY_FILLED)
    gone = ORDER(small_market.acme.id, Side.BUY, 10, 999_900, state=OrderState.CANCELLED)
    other = ORDER(small_market.options[0], Side.BUY, 10, 999_900)
    rows = view.picture(21, (mine, gone, other), LIVE)
    assert [(own.left, own.is_sure) for own in rows.own[rows.best_bid]] == [(6, True)]


def test_volume_at_price_counts_every_trade_once(small_market: SmallMarket) -> None:
    view = ladder_of(booked(small_market), small_market.acme.id)
    total = 0
    for second in range(5):
        for size in (100, 50):
            small_market.trade(small_market.acme.id, 1_000_000, size, after_ns=400_000_000 + second)
            total += size
            rows = view.picture(21, (), LIVE)
            assert rows.traded.sum() == total


def test_closed_is_not_stale(small_market: SmallMarket) -> None:
    view = ladder_of(booked(small_market), small_market.acme.id)
    assert view.picture(21, (), FeedPulse(is_silent=True)).is_stale
    small_market.phase(Phase.CLOSED)
    rows = view.picture(21, (), FeedPulse(is_silent=True))
    assert rows.is_closed
    assert not rows.is_stale


def test_a_resting_click_is_sent_only_when_armed(small_market: SmallMarket) -> None:
    booked(small_market)
    quote = small_market.state.read_one(small_market.acme.id)
    armed = action_of_click(small_market.acme, Side.BUY, 999_900, 5, quote, is_armed=True)
    assert armed.doing is Doing.SEND
    assert armed.draft is not None
    assert (armed.draft.side, armed.draft.limit_px, armed.draft.quantity) == (Side.BUY, 999_900, 5)
    disarmed = action_of_click(small_market.acme, Side.BUY, 999_900, 5, quote, is_armed=False)
    assert disarmed.doing is Doing.DRAFT


def test_a_click_that_would_trade_is_never_sent(small_market: SmallMarket) -> None:
    booked(small_market)
    quote = small_market.state.read_one(small_market.acme.id)
    for side, px in ((Side.BUY, 1_000_100), (Side.BUY, 1_000_300), (Side.SELL, 999_900), (Side.SELL, 999_000)):
        assert action_of_click(small_market.acme, side, px, 5, quote, is_armed=True).doing is Doing.DRAFT


def test_keys_join_and_take_and_refuse_what_is_not_there(small_market: SmallMarket) -> None:
    quote = small_market.state.read_one(small_market.acme.id)
    assert key_draft(small_market.acme, Side.BUY, 5, quote, takes=False).doing is Doing.SAY
    booked(small_market)
    quote = small_market.state.read_one(small_market.acme.id)
    join = key_draft(small_market.acme, Side.BUY, 5, quote, takes=False).draft
    take = key_draft(small_market.acme, Side.BUY, 5, quote, takes=True).draft
    assert join is not None
    assert take is not None
    assert (join.limit_px, take.limit_px) == (999_900, 1_000_100)
    assert moved(small_market.acme, join, 2).limit_px == 1_000_100
    assert resized(resized(join, -9), 1).quantity == 2
    assert key_draft(small_market.index, Side.BUY, 1, quote, takes=False).doing is Doing.SAY


@settings(max_examples=60, deadline=None)
@given(
    px=st.integers(1, 3_000_000),
    step=st.sampled_from((1, 2, 5, 10, 25)),
    count=st.integers(1, 60),
    scroll=st.integers(-20, 20),
)
def test_every_price_on_the_ladder_finds_its_own_row(px: int, step: int, count: int, scroll: int) -> None:
    market = SHARED
    market.trade(market.options[1], px)
    view = ladder_of(market, market.options[1])
    view.axis.set_step(step)
    rows: LadderRows = view.picture(count, (), LIVE)
    view.axis.is_held = True
    view.axis.scroll(scroll)
    rows = view.picture(count, (), LIVE)
    assert len(set(rows.prices.tolist())) == count
    for place, price in enumerate(rows.prices.tolist()):
        assert view.row_of(rows, price, Side.BUY) == place
        assert view.row_of(rows, price, Side.SELL) == place


SHARED = opened_market()


def test_auto_rows_are_as_coarse_as_the_spread_needs(small_market: SmallMarket) -> None:
    view = ladder_of(small_market, small_market.acme.id)
    small_market.quote(small_market.acme.id, 999_900, 1_000_100)
    view.picture(21, (), LIVE)
    assert view.axis.step == 1
    small_market.quote(small_market.acme.id, 995_000, 1_005_000)
    rows = view.picture(21, (), LIVE)
    assert view.axis.step == 10
    assert rows.best_bid >= 0
    assert rows.best_ask >= 0
    view.axis.is_held = True
    small_market.quote(small_market.acme.id, 999_900, 1_000_100)
    view.picture(21, (), LIVE)
    assert view.axis.step == 10, "rows hold still under the pointer"
    view.axis.is_held = False
    view.picture(21, (), LIVE)
    assert view.axis.step == 1
    small_market.quote(small_market.acme.id, 999_500, 1_000_500)
    view.picture(21, (), LIVE)
    assert view.axis.step == 1, "a spread that still fits changes nothing"
    view.axis.set_step(10)
    view.picture(21, (), LIVE)
    assert view.axis.step == 10
