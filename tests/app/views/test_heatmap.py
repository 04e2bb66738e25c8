"""The heatmap's cells: size is conserved, a gap is no book, and moving the picture changes nothing in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.views.heatmap import HeatmapView
from terminal.app.views.heatmap_kernel import BOOK, EMPTY, NO_BOOK
from terminal.app.views.heatmap_scale import PRICE_ZOOMS, TIME_ZOOMS, ColourRange, PriceZoom, TimeZoom, price_step
from terminal.app.views.heatmap_text import describe, no_depth
from terminal.core.clock import NS_PER_S
from terminal.market.rows import BookStatus
from tests.app.views.depth_feed import START_NS, STEP_NS, TICK, DepthMarket

PALETTE = np.arange(257, dtype=np.uint32)
WIDTH, HEIGHT = 200, 160


def shown(market: DepthMarket, now_ns: int, width: int = WIDTH, height: int = HEIGHT) -> HeatmapView:
    view = HeatmapView(market.as_market())
    view.window.resize(width, height)
    view.show(market.acme)
    view.refresh(now_ns)
    return view


def columns_in_view(view: HeatmapView) -> np.ndarray:
    """Cells of the picture from left to right."""
    end = view.window.end_column
    return view.cells[np.arange(end - view.window.columns, end) % len(view.cells)]


_sides = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 10**12)), min_size=1, max_size=8, unique_by=lambda p: p[0]
)
_samples = st.lists(st.tuples(_sides, _sides, st.sampled_from([*BookStatus])), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(_samples, st.sampled_from(TIME_ZOOMS[6:12]), st.sampled_from(PRICE_ZOOMS[10:19]))
def test_a_cell_is_the_most_that_rested_in_its_row_at_one_moment(
    samples: list[tuple[list[tuple[int, int]], list[tuple[int, int]], BookStatus]], time: TimeZoom, price: PriceZoom
) -> None:
    market, middle = DepthMarket(), 10_000
    for number, (bids, asks, status) in enumerate(samples):
        market.depth_history.add(
            START_NS + number * STEP_NS,
            [((middle - off) * TICK, size) for off, size in sorted(bids)],
            [((middle + off) * TICK, size) for off, size in sorted(asks)],
            status,
        )
    view = shown(market, START_NS + (len(samples) - 1) * STEP_NS)
    view.window.choose_time(time)
    view.window.price_zoom = price
    view.window.put_middle(middle * TICK)
    view.refresh(view.window.now_ns)
    window, states, cells = view.window, view.states(), columns_in_view(view)
    first_column = window.end_column - window.columns
    for place in range(window.columns):
        start = (first_column + place) * window.column_ns
        mine = [n for n in range(len(samples)) if start <= START_NS + n * STEP_NS < start + window.column_ns]
        if not mine:
            assert states[place] == EMPTY or start > START_NS
            continue
        good = [n for n in mine if samples[n][2] is BookStatus.OK]
        lost = [n for n in mine if samples[n][2] not in {BookStatus.OK, BookStatus.CROSSED}]
        assert (states[place] == BOOK) == (bool(good) and not lost)
        if states[place] != BOOK:
            assert states[place] == NO_BOOK
            assert not cells[place].any(), "a lost book is not zero liquidity, and shows no size"
            continue
        wanted = np.zeros(window.rows, dtype=object)
        for number in good:
            sums = np.zeros(window.rows, dtype=object)
            for off, size in [(-o, s) for o, s in samples[number][0]] + [(o, s) for o, s in samples[number][1]]:
                row = (middle + off) * TICK // window.row_px - window.low_row
                if 0 <= row < window.rows:
                    sums[row] += size
            wanted = np.maximum(wanted, sums)
        assert cells[place].tolist() == wanted.tolist()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("pan"), st.integers(-40, 40), st.integers(-20, 20)),
            st.tuples(st.just("walk"), st.integers(1, 12), st.integers(0, 99)),
            st.tuples(st.just("time"), st.integers(-2, 2), st.integers(0, WIDTH - 1)),
            st.tuples(st.just("price"), st.integers(-2, 2), st.integers(0, HEIGHT - 1)),
            st.tuples(st.just("freeze"), st.just(0), st.just(0)),
            st.tuples(st.just("live"), st.just(0), st.just(0)),
            st.tuples(st.just("size"), st.integers(60, 260), st.integers(60, 200)),
        ),
        max_size=12,
    )
)
def test_however_the_picture_was_moved_it_is_that_of_a_fresh_one(steps: list[tuple[str, int, int]]) -> None:
    market = DepthMarket()
    now_ns = market.walk(120, gap=range(40, 46))
    view = shown(market, now_ns)
    view.paint(PALETTE)
    for what, one, two in steps:
        if what == "pan":
            view.pan(one, two)
        elif what == "walk":
            now_ns = market.walk(one, two)
        elif what == "time":
            view.window.zoom_time(one, two)
        elif what == "price":
            view.window.zoom_price(one, two)
        elif what == "freeze":
            view.window.freeze()
        elif what == "live":
            view.window.go_live()
        else:
            view.window.resize(one, two)
        view.refresh(now_ns)
        view.paint(PALETTE)
    fresh = HeatmapView(market.as_market())
    fresh.show(market.acme)
    fresh.window, fresh.colours, fresh._needs_zoom = view.window, view.colours, False
    fresh.window.is_dragged = True
    fresh.refresh(now_ns)
    fresh.colours = view.colours
    fresh.paint(PALETTE)
    assert np.array_equal(columns_in_view(fresh), columns_in_view(view))
    assert np.array_equal(fresh.states(), view.states())
    slots = np.arange(view.window.end_column - view.window.columns, view.window.end_column)
    assert np.array_equal(fresh.image[:, slots % fresh.image.shape[1]], view.image[:, slots % view.image.shape[1]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 50))
def test_the_batches_that_samples_come_in_do_not_matter(cuts: list[int], seed: int) -> None:
    market, whole = DepthMarket(), DepthMarket()
    view = HeatmapView(market.as_market())
    view.window.resize(WIDTH, HEIGHT)
    view.show(market.acme)
    now_ns = 0
    for number, cut in enumerate(cuts):
        now_ns = market.walk(cut, seed + number)
        whole.walk(cut, seed + number)
        view.refresh(now_ns)
    fresh = HeatmapView(whole.as_market())
    fresh.show(whole.acme)
    fresh.window, fresh._needs_zoom = view.window, False
    fresh.refresh(now_ns)
    assert np.array_equal(columns_in_view(fresh), columns_in_view(view))
    assert np.array_equal(fresh.dots(), view.dots())


def test_a_book_stands_until_the_next_sample_and_not_beyond_now() -> None:
    market = DepthMarket()
    market.depth_history.add(START_NS, [(999_900, 5)], [(1_000_100, 7)])
    view = shown(market, START_NS + 20 * STEP_NS)
    view.window.choose_time(TIME_ZOOMS[6])
    view.refresh(START_NS + 20 * STEP_NS)
    assert int((view.states() == BOOK).sum()) == 21
    assert columns_in_view(view)[-1].sum() == 12


def test_dots_hold_every_trade_s_size_and_side() -> None:
    market = DepthMarket()
    now_ns = market.walk(150, seed=3)
    view = shown(market, now_ns, width=2000)
    dots, trades = view.dots(), market.prints.rows
    assert int(dots["size"].sum()) == sum(row[2] for row in trades)
    for side in (1, -1):
        assert int(dots["size"][dots["side"] == side].sum()) == sum(row[2] for row in trades if row[4] == side)
    assert int(dots["trades"].sum()) == len(trades)
    market.walk(1, seed=4)
    view.refresh(now_ns + STEP_NS)
    assert int(view.dots()["size"].sum()) == sum(row[2] for row in market.prints.rows)


def test_a_frozen_picture_stands_while_the_market_goes_on() -> None:
    market = DepthMarket()
    view = shown(market, market.walk(200))
    view.window.freeze()
    before, book = columns_in_view(view).copy(), view.book()
    view.refresh(market.walk(60, seed=9))
    assert view.window.is_frozen
    assert np.array_equal(before, columns_in_view(view))
    assert np.array_equal(book[0], view.book()[0]), "the book beside it is of its moment too"
    assert view.window.behind_ns == 60 * STEP_NS
    view.window.freeze()
    assert view.window.behind_ns == 0


def test_scrolling_back_stops_at_the_first_sample_and_scrolling_on_becomes_live() -> None:
    market = DepthMarket()
    view = shown(market, market.walk(300))
    view.pan(30, 0)
    view.refresh(view.window.now_ns)
    assert view.window.behind_ns == 30 * view.window.column_ns
    view.pan(10_000, 0)
    assert view.window.end_column == START_NS // view.window.column_ns + 1
    view.pan(-10_000, 0)
    assert not view.window.is_frozen


def test_prices_follow_the_market_but_never_under_a_drag() -> None:
    market = DepthMarket()
    view = shown(market, market.walk(10))
    was = view.window.low_row
    far = 10_000 * TICK + view.window.rows * view.window.row_px
    ts_ns = START_NS + 10 * STEP_NS
    market.depth_history.add(ts_ns, [(far - TICK, 5)], [(far + TICK, 7)])
    view.window.is_dragged = True
    view.refresh(ts_ns)
    assert view.window.low_row == was
    view.window.is_dragged = False
    for _ in range(40):
        view.refresh(ts_ns)
    middle = view.window.low_row + view.window.rows // 2
    assert abs(middle - far // view.window.row_px) <= 1
    view.pan(0, 5)
    held = view.window.low_row
    view.refresh(ts_ns)
    assert view.window.low_row == held, "a person's prices stay"
    view.centre()
    for _ in range(40):
        view.refresh(ts_ns)
    assert abs(view.window.low_row - held) == 5


def test_a_market_that_goes_back_in_time_starts_again() -> None:
    market = DepthMarket()
    view = shown(market, market.walk(100))
    assert view.samples.count == 100
    market.depth_history.heads, market.depth_history.levels = [], []
    market.prints.rows = []
    view.refresh(market.walk(7, seed=5))
    assert view.samples.count == 7
    assert len(view.trades.trades) == len(market.prints.rows)


def test_the_crosshair_tells_what_rested_and_traded_there() -> None:
    market = DepthMarket()
    for number in range(4):
        market.depth_history.add(START_NS + number * STEP_NS, [(999_900, 500)], [(1_000_100, 700)])
    market.prints.add(START_NS + 2 * STEP_NS, market.acme.id, 1_000_100, 40, 1)
    view = shown(market, START_NS + 3 * STEP_NS)
    view.window.choose_time(TIME_ZOOMS[5])
    view.refresh(view.window.now_ns)
    x = view.window.x_at(START_NS + 2 * STEP_NS) + 0.5
    spot = view.spot(x, view.window.y_at(1_000_100))
    assert (spot.bids, spot.asks, spot.bought, spot.sold) == (0, 700, 40, 0)
    assert describe(spot, market.acme, view.window.column_ns) == ["09:30:00.500", "100.01", "700 ask", "bought 40"]
    assert view.spot(x, view.window.y_at(999_900)).bids == 500
    early = view.spot(0, view.window.y_at(999_900))
    assert early.status is None
    assert "not sampled" in describe(early, market.acme, view.window.column_ns)


def test_what_is_under_the_pointer_is_what_is_painted_there() -> None:
    market = DepthMarket()
    view = shown(market, market.walk(200))
    window = view.window
    for zoom in PRICE_ZOOMS[5:18]:
        window.price_zoom = zoom
        window.put_middle(1_000_000)
        for px in range(window.low_row * window.row_px, (window.low_row + window.rows) * window.row_px, window.row_px):
            y = window.y_at(px + (zoom.ticks - 1) * TICK / 2)
            if 0 <= y < HEIGHT:
                assert window.price_at(y) == px


def test_zooming_a_frozen_picture_keeps_the_instant_under_the_pointer() -> None:
    market = DepthMarket()
    view = shown(market, market.walk(2000))
    view.window.choose_time(TIME_ZOOMS[5])
    view.pan(400, 0)
    was = view.window.time_at(60.0)
    view.window.zoom_time(1, 60.0)
    assert abs(view.window.time_at(60.0) - was) <= view.window.column_ns


def test_a_held_range_stays_and_an_automatic_one_follows() -> None:
    cells = np.arange(1, 1001, dtype=np.int64)
    colours = ColourRange().follow(cells)
    assert colours.high == pytest.approx(980, abs=2)
    assert colours.follow(cells * 100 // 99) is colours, "small changes do not flicker"
    assert colours.follow(cells * 2).high == pytest.approx(1960, abs=4)
    fixed = colours.fixed(10, 50)
    assert fixed.follow(cells) is fixed
    assert fixed.automatic().percentile is not None
    with pytest.raises(ValueError, match="greater"):
        colours.fixed(5, 5)
    for is_log in (False, True):
        scale = ColourRange(10, 1000, is_log, None)
        assert [scale.place(size) for size in (1, 10, 1000, 5000)] == [0, 0, 1, 1]
        assert scale.place(scale.size_at(0.5)) == pytest.approx(0.5)


def test_zooms_go_from_near_to_wide_without_a_row_or_column_below_a_pixel() -> None:
    times = [zoom.steps / zoom.column_px for zoom in TIME_ZOOMS]
    prices = [zoom.ticks / zoom.row_px for zoom in PRICE_ZOOMS]
    assert times == sorted(set(times))
    assert prices == sorted(set(prices))
    assert min(zoom.column_px for zoom in TIME_ZOOMS) == min(zoom.row_px for zoom in PRICE_ZOOMS) == 1
    assert price_step(100, 20.0, 40) == 1000


def test_an_empty_heatmap_says_why() -> None:
    market = DepthMarket()
    market.depth_history.has_room = False
    view = shown(market, START_NS + NS_PER_S)
    assert not view.has_depth
    assert "too many books" in no_depth(market.acme, is_sampled=view.is_sampled)
    market.depth_history.add(START_NS, [], [], BookStatus.NONE)
    view.refresh(START_NS + NS_PER_S)
    assert not view.has_depth
