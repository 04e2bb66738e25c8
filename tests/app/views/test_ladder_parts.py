"""The ladder's parts: rows of prices, the book in them, queue places, moves, fading trades, columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.freshness import FeedPulse
from terminal.app.views.ladder import LadderView
from terminal.app.views.ladder_axis import Follow, PriceAxis
from terminal.app.views.ladder_columns import DEFAULT, Choice, Zone, chosen_from, lay_out
from terminal.app.views.ladder_flow import RECENT_NS, LadderFlow
from terminal.app.views.ladder_keys import Doing, Wish, action_of_wish, ghost_words, wrong_with
from terminal.app.views.ladder_moves import PATIENCE_NS, OrderMoves
from terminal.app.views.ladder_queue import QueueWatch
from terminal.app.views.ladder_rows import changed_rows
from terminal.app.views.ladder_words import row_words
from terminal.core.instruments import InstrumentKind, SessionProduct
from terminal.core.messages import Flag, Kind
from terminal.core.orders import OrderState, Origin, Side
from terminal.core.ticks import TickClass
from terminal.market.rows import BookStatus
from tests.app.views.listed_prints import ListedPrints, One, rows_of
from tests.app.views.small_market import ORDER, SmallMarket, opened_market

LIVE = FeedPulse()
BUY, SELL = int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR)


def booked(market: SmallMarket) -> LadderView:
    for level in range(5):
        market.depth(market.acme.id, 1, 999_900 - 100 * level, 10 * (level + 1))
        market.depth(market.acme.id, -1, 1_000_100 + 100 * level, 7 * (level + 1))
    market.quote(market.acme.id, 999_900, 1_000_100, 10, 7)
    view = LadderView(market.state)
    view.show(market.acme)
    return view


def test_a_ladder_that_does_not_follow_stands_until_asked(small_market: SmallMarket) -> None:
    axis = PriceAxis()
    axis.show(small_market.acme)
    axis.follow = Follow.NEVER
    before = axis.place(1_000_000, 200, 21)
    assert axis.place(1_100_000, 200, 21).tolist() == before.tolist()
    axis.centre()
    assert axis.place(1_100_000, 200, 21)[10] == 1_100_000


def test_a_held_ladder_says_that_centring_waits(small_market: SmallMarket) -> None:
    axis = PriceAxis()
    axis.show(small_market.acme)
    before = axis.place(1_000_000, 200, 21)
    axis.is_held = True
    assert axis.place(1_100_000, 200, 21).tolist() == before.tolist()
    assert axis.waits
    axis.centre()
    assert axis.place(1_100_000, 200, 21)[10] == 1_100_000
    assert not axis.waits


def test_auto_rows_show_some_levels_of_a_sparse_book_and_stay(small_market: SmallMarket) -> None:
    acme = small_market.acme.id
    small_market.quote(acme, 999_900, 1_000_000)
    for level in range(6):
        small_market.depth(acme, 1, 999_900 - 700 * level, 10)
        small_market.depth(acme, -1, 1_000_000 + 700 * level, 10)
    view = LadderView(small_market.state)
    view.show(small_market.acme)
    rows = view.picture(21, (), LIVE)
    assert view.axis.step == 5
    assert [int(np.count_nonzero(each)) for each in (rows.bids, rows.asks)] == [6, 6]
    for level in range(1, 12):
        small_market.depth(acme, 1, 999_900 - 100 * level, 10)
        small_market.depth(acme, -1, 1_000_000 + 100 * level, 10)
    view.picture(21, (), LIVE)
    assert view.axis.step == 5, "rows stay as they are until the ladder centres anew"
    view.axis.centre()
    view.picture(21, (), LIVE)
    assert view.axis.step == 1


def test_where_the_market_went_is_said(small_market: SmallMarket) -> None:
    view = booked(small_market)
    assert view.picture(21, (), LIVE).away == 0
    view.axis.follow = Follow.NEVER
    view.axis.scroll(60)
    assert view.picture(21, (), LIVE).away == -1
    view.axis.scroll(-120)
    assert view.picture(21, (), LIVE).away == 1


def test_sums_count_what_is_off_the_screen(small_market: SmallMarket) -> None:
    view = booked(small_market)
    view.picture(7, (), LIVE)
    view.axis.follow = Follow.NEVER
    view.axis.scroll(-4)
    rows = view.picture(7, (), LIVE)
    sums = dict(zip(rows.prices.tolist(), rows.bid_sums.tolist(), strict=True))
    assert sums[999_700] == 10 + 20 + 30
    assert rows.best_bid_px == 999_900


LEVELS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 500)), max_size=12, unique_by=lambda each: each[0])


@settings(max_examples=60, deadline=None)
@given(
    bids=LEVELS, asks=LEVELS, step=st.sampled_from((1, 2, 5, 10, 25)), scroll=st.integers(-30, 30),
    count=st.integers(2, 40),
)  # fmt: skip
def test_rows_are_those_of_a_loop_over_the_levels(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], step: int, scroll: int, count: int
) -> None:
    market = opened_market()
    market.trade(market.acme.id, 1_000_000)
    for side, levels in ((1, bids), (-1, asks)):
        for away, size in levels:
            market.depth(market.acme.id, side, 1_000_000 - side * 100 * away, size)
    view = LadderView(market.state)
    view.show(market.acme)
    view.axis.set_step(step)
    view.picture(count, (), LIVE)
    view.axis.follow = Follow.NEVER
    view.axis.scroll(scroll)
    rows = view.picture(count, (), LIVE)
    if not bids and not asks:
        assert not rows.has_depth
        return
    height = 100 * step
    for px, bid, ask, bid_sum, ask_sum in zip(
        rows.prices.tolist(), rows.bids.tolist(), rows.asks.tolist(), rows.bid_sums.tolist(), rows.ask_sums.tolist(),
        strict=True,
    ):  # fmt: skip
        assert bid == sum(size for away, size in bids if px <= 1_000_000 - 100 * away < px + height)
        assert ask == sum(size for away, size in asks if px - height < 1_000_000 + 100 * away <= px)
        assert bid_sum == (sum(size for away, size in bids if 1_000_000 - 100 * away >= px) if bid else 0)
        assert ask_sum == (sum(size for away, size in asks if 1_000_000 + 100 * away <= px) if ask else 0)
    if bids:
        assert rows.best_bid_px == 1_000_000 - 100 * min(away for away, _ in bids)
    if asks:
        assert rows.best_ask_px == 1_000_000 + 100 * min(away for away, _ in asks)


def test_a_crossed_or_silent_book_has_its_word(small_market: SmallMarket) -> None:
    view = booked(small_market)
    assert view.picture(21, (), LIVE).warning == ""
    assert view.picture(21, (), FeedPulse(is_silent=True)).warning.startswith("STALE")
    small_market.depth(small_market.acme.id, 1, 1_000_300, 5)
    rows = view.picture(21, (), LIVE)
    assert (rows.status, rows.is_doubtful) == (BookStatus.CROSSED, True)
    assert rows.facts()["doubt"] == rows.warning


def test_session_marks_volume_and_newest_trades(small_market: SmallMarket) -> None:
    view = booked(small_market)
    acme = small_market.acme.id
    for px, size, side in ((1_000_000, 100, BUY), (1_000_400, 50, BUY), (999_800, 30, SELL), (1_000_000, 20, SELL)):
        small_market.trade(acme, px, size, flags=side, after_ns=1_000_000)
    rows = view.picture(21, (), LIVE, now_ns=small_market.ts_ns)
    marks = {letter: int(rows.prices[row]) for letter, row in rows.marks}
    assert (marks["O"], marks["H"], marks["L"]) == (1_000_000, 1_000_400, 999_800)
    vwap = (100 * 1_000_000 + 50 * 1_000_400 + 30 * 999_800 + 20 * 1_000_000) / 200
    assert marks["V"] == vwap // 100 * 100
    row = rows.prices.tolist().index(1_000_000)
    assert (rows.traded[row], rows.bought[row], rows.sold[row], rows.trades[row]) == (120, 100, 20, 2)
    assert (rows.recent[row], rows.recent_side[row], rows.fade[row]) == (20, -1, 1)
    assert (rows.last_tick, rows.last) == (1, row)
    assert "traded 120 in 2 (100 bought, 20 sold)" in row_words(rows, row, small_market.acme)
    later = view.picture(21, (), LIVE, now_ns=small_market.ts_ns + RECENT_NS)
    assert not later.fade.any()
    assert later.trades[row] == 2


def test_trades_fade_and_a_replay_that_goes_back_starts_again() -> None:
    market, flow = ListedPrints(), LadderFlow()
    market.trade(One(0, 100, 5), One(6_000, 101, 7, -1))
    flow.read(market, 0)
    recent = flow.recent(6_000_000_000)
    assert recent.prices.tolist() == [100, 101]
    assert recent.fades.tolist() == [4, 1]
    assert flow.recent(9_000_000_000).prices.tolist() == [101]
    market.clear()
    market.trade(One(1, 200, 5))
    flow.read(market, 0)
    assert [each.tolist() for each in flow.trades_at()] == [[200], [1]]


class NoQueues:
    """No book by order."""

    def has(self, instrument: int) -> bool:
        return False

    def queue(self, instrument: int, order_id: int) -> tuple[int, int] | None:
        return None


def test_a_queue_is_estimated_from_what_stood_and_what_traded() -> None:
    watch = QueueWatch()
    order = ORDER(0, Side.BUY, 5, 100)
    standing = {100: 500}

    def follow(*trades: One) -> int | None:
        watch.follow([order], rows_of(trades), lambda side, px: standing.get(px))
        return watch.ahead(order, None)[0]

    assert follow() == 500
    standing[100] = 900
    assert follow(One(1, 100, 120, -1), One(1, 100, 50, 1), One(1, 101, 60, -1)) == 380
    standing[100] = 200
    assert follow() == 200, "never more than what stands there"
    del standing[100]
    assert follow(One(2, 100, 30, -1)) == 170, "off the screen trades still work it off"
    assert follow(One(3, 99, 1, -1)) == 0, "traded through"
    order.limit_px = 101
    assert follow() is None
    order.limit_px, order.state = 100, OrderState.CANCELLED
    assert follow() is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 900), st.lists(st.tuples(st.integers(98, 102), st.integers(1, 200), st.sampled_from((-1, 0, 1)))))
def test_an_estimate_never_grows(first: int, trades: list[tuple[int, int, int]]) -> None:
    watch, order = QueueWatch(), ORDER(0, Side.BUY, 5, 100)
    watch.follow([order], rows_of([]), lambda side, px: first)
    before = first
    for px, size, side in trades:
        watch.follow([order], rows_of([One(0, px, size, side)]), lambda side, px: None)
        ahead = watch.ahead(order, None)[0]
        assert ahead is not None
        assert 0 <= ahead <= before
        before = ahead


def test_a_book_by_order_tells_the_queue_exactly(small_market: SmallMarket) -> None:
    acme = small_market.acme.id
    small_market.quote(acme, 999_900, 1_000_100)
    for number, size in ((11, 100), (12, 250), (13, 40)):
        small_market.send(Kind.ORDER_ADD, acme, 1, 999_900, size, number)
    small_market.send(Kind.ORDER_ADD, acme, -1, 1_000_100, 10, 14)
    view = LadderView(small_market.state)
    view.show(small_market.acme)
    mine, other = (ORDER(acme, Side.BUY, 40, 999_900, order_id=each) for each in ("13", "paper"))
    rows = view.picture(21, (mine, other), LIVE)
    exact, guess = rows.own[rows.best_bid]
    assert (exact.ahead, exact.is_exact) == (350, True)
    assert (guess.ahead, guess.is_exact) == (390, False)
    small_market.send(Kind.ORDER_CANCEL, acme, 0, 0, 0, 11)
    rows = view.picture(21, (mine, other), LIVE)
    assert rows.own[rows.best_bid][0].ahead == 250
    words = row_words(rows, rows.best_bid, small_market.acme)
    assert "my BUY 40, 250 before it" in words
    assert "about 290 before it (estimated)" in words


class HELD:
    """A position."""

    def __init__(self, instrument: int, quantity: int, average_px: int) -> None:
        self.instrument, self.quantity, self.average_px = instrument, quantity, average_px


def test_profit_at_each_price_in_money_and_ticks(small_market: SmallMarket) -> None:
    view = booked(small_market)
    rows = view.picture(21, (), LIVE, positions=[HELD(small_market.acme.id, -200, 1_000_300)])  # type: ignore[list-item]
    assert rows.position is not None
    row = rows.prices.tolist().index(1_000_000)
    assert rows.position.e4[row] == 200 * 300
    assert rows.position.ticks[row] == 3
    assert rows.prices[rows.position.row] == 1_000_300
    assert changed_rows(rows, view.picture(21, (), LIVE)) is None


def test_moves_wait_for_the_cancel_and_give_up() -> None:
    market = opened_market()
    market.quote(market.acme.id, 999_900, 1_000_100)
    quote = market.state.read_one(market.acme.id)
    order = ORDER(market.acme.id, Side.SELL, 10, 1_000_200)

    def begun() -> OrderMoves:
        moves = OrderMoves()
        step = moves.start(market.acme, [order], 1_000_500, quote, is_armed=True, wall_ns=0)
        assert step.cancels == ("o-1",)
        assert moves.are_waiting
        assert moves.step([order], quote, is_armed=True, wall_ns=1) == []
        return moves

    moves = begun()
    gone = replace(order, state=OrderState.CANCELLED, filled=4)
    (step,) = moves.step([gone], quote, is_armed=True, wall_ns=2)
    assert step.sends
    assert step.draft is not None
    assert (step.draft.quantity, step.draft.limit_px, step.draft.origin) == (6, 1_000_500, Origin.LADDER)
    assert not moves.are_waiting
    (step,) = begun().step([gone], quote, is_armed=False, wall_ns=2)
    assert (step.sends, step.draft is not None) == (False, True)
    market.quote(market.acme.id, 1_000_600, 1_000_700)
    (step,) = begun().step([gone], market.state.read_one(market.acme.id), is_armed=True, wall_ns=2)
    assert (step.sends, "would trade at once" in step.sentence) == (False, True)
    for late in (order, gone):
        (step,) = begun().step([late], quote, is_armed=True, wall_ns=PATIENCE_NS + 1)
        assert (step.draft, "nothing new was sent" in step.sentence) == (None, True)
    filled = replace(order, state=OrderState.FILLED, filled=10)
    (step,) = begun().step([filled], quote, is_armed=True, wall_ns=2)
    assert step.draft is None
    unsure = replace(order, state=OrderState.UNKNOWN)
    assert not OrderMoves().start(market.acme, [unsure], 1_000_500, quote, is_armed=True, wall_ns=0).cancels


def test_orders_in_coins_are_refused_in_a_sentence() -> None:
    market = opened_market()
    coin = market.table.add(
        "BTCUSDT", InstrumentKind.CRYPTO_PERPETUAL, SessionProduct.CRYPTO, TickClass.FINEST, currency="USDT",
        price_scale=10,
    )  # fmt: skip
    market.quote(coin.id, 600_000, 600_001)
    quote = market.state.read_one(coin.id)
    assert "crypto venue" in wrong_with(coin, 600_000)
    for wish in Wish:
        action = action_of_wish(coin, wish, Side.BUY, 600_000, 1, quote, is_armed=True)
        assert (action.doing, action.draft) == (Doing.SAY, None)
    assert ghost_words(coin, Side.BUY, 600_000, 1, quote, is_armed=True, alt=False) == ("", False)


@given(st.integers(100, 1200), st.integers(56, 110), st.frozensets(st.sampled_from(Choice)))
def test_columns_stand_side_by_side_whatever_is_chosen(width: int, price: int, chosen: frozenset[Choice]) -> None:
    columns = lay_out(width, price, chosen)
    assert {Zone.OWN_BUYS, Zone.BIDS, Zone.PRICE, Zone.ASKS, Zone.OWN_SELLS} <= set(columns)
    left = 0
    for start, taken in columns.values():
        assert start == left
        assert taken > 0
        left += taken
    if width >= 300:
        assert left <= width
    for choice in set(Choice) - chosen:
        assert not set(choice.zones) & set(columns)


@pytest.mark.parametrize(("saved", "wanted"), [(None, DEFAULT), ([], frozenset()), (["sums", 3, "x"], {Choice.SUMS})])
def test_saved_columns(saved: object, wanted: object) -> None:
    assert chosen_from(saved) == wanted


def test_only_the_rows_that_differ_are_named(small_market: SmallMarket) -> None:
    view = booked(small_market)
    before = view.picture(21, (), LIVE)
    small_market.depth(small_market.acme.id, -1, 1_000_500, 36)
    after = view.picture(21, (), LIVE)
    row = after.prices.tolist().index(1_000_500)
    assert changed_rows(before, after) == [row - 1, row, row + 1]
    assert np.array_equal(before.prices, after.prices)


def test_auto_looks_at_the_book_again_where_the_market_takes_it_to_an_edge(small_market: SmallMarket) -> None:
    axis = PriceAxis()
    axis.show(small_market.acme)
    axis.place(1_000_000, 100, 20, 0)
    assert axis.step == 1
    axis.place(1_000_100, 100, 20, 20_000)
    assert axis.step == 1, "rows do not come and go with every level"
    axis.is_held = True
    axis.place(1_003_000, 100, 20, 20_000)
    assert axis.step == 1, "nothing moves under the pointer"
    axis.is_held = False
    prices = axis.place(1_003_000, 100, 20, 20_000)
    assert axis.step == 10
    assert prices[-1] < 1_003_000 < prices[0]
